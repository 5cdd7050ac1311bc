"""Looking ahead: goals in words, back from a goal, and what a person is told."""

import json

import numpy as np
import pytest

from kachisuji.cases import load
from kachisuji.desk import cli
from kachisuji.desk.ahead.goals import Asked, parse
from kachisuji.desk.ahead.reckoning import back_from
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.words import EXIT_USER_ERROR, InputError, RunError


@pytest.fixture(scope="module")
def japan():
    return load("japan17")


@pytest.fixture(scope="module")
def template():
    return load("template")


def test_the_goal_of_the_issue_is_understood(japan):
    asked = parse("semiconductors.sales >= 40e12 JPY by 2040 with p >= 0.5", japan)
    assert asked.by_word  # the subject is a word of the name of field 1
    assert "logic_chips" in asked.segments
    assert (asked.measure, asked.year, asked.odds) == ("sales", 2040, 0.5)
    assert asked.target == pytest.approx(40_000)  # billion yen
    assert not asked.at_most


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("logic_chips + memory_chips . sales ≥ 1.5 trillion yen", {"target": 1500.0, "odds": 0.5}),
        ("logic_chips.sales>=40兆円 by 2040", {"target": 40_000.0}),
        ("logic_chips.sales >= 3,000億円 in 2030", {"target": 300.0, "year": 2030}),
        ("logic_chips.sales >= 10 billion USD", {"target": 1500.0}),
        ("field2.share >= 20% by 2035 with p > 60%", {"target": 0.2, "odds": 0.6}),
        ("shipbuilding.share >= 0.2", {"target": 0.2, "year": 2040}),
        ("造船.share >= 20percent", {"target": 0.2}),
        ("商船（ばら積み・コンテナ・タンカー・自動車運搬船）.share >= 20%", {"target": 0.2}),
        ("all.indispensability >= 0.1 points", {"target": 0.1, "segments": ()}),
        ("all.exposure <= -0.05", {"target": -0.05, "at_most": True}),
        ("ai_robot_sales_2040", {"target": 20_000.0, "measure": "sales"}),
    ],
)
def test_goals_are_written_in_many_ways(japan, text, want):
    asked = parse(text, japan)
    assert isinstance(asked, Asked)
    for name, value in want.items():
        assert getattr(asked, name) == (pytest.approx(value) if name == "target" else value)


BAD_GOALS = [
    ("more growth", "ahead.goal_form"),
    ("logic_chips.sales >= much JPY", "ahead.goal_form"),
    ("logic_chips.sales = 4e12 JPY", "ahead.goal_form"),
    ("chocolate.sales >= 4e12 JPY", "ahead.goal_subject"),
    ("and.sales >= 4e12 JPY", "ahead.goal_subject"),
    ("logic_chips.glory >= 4", "ahead.goal_measure"),
    ("logic_chips.sales >= 4e12", "ahead.goal_unit"),
    ("logic_chips.sales >= 40 %", "ahead.goal_unit"),
    ("logic_chips.share >= 4e12 JPY", "ahead.goal_unit"),
    ("logic_chips.sales >= 4e12 JPY by 2090", "ahead.goal_year"),
    ("logic_chips.sales >= 4e12 JPY by soon", "ahead.goal_year"),
    ("all.gni >= 4e12 JPY by 2030", "ahead.goal_whole"),
    ("logic_chips.sales >= 4e12 JPY with p >= 1.5", "ahead.goal_odds"),
    ("logic_chips.sales >= 4e12 JPY with p >= half", "ahead.goal_odds"),
    ("ship_capacity_2035", "ahead.goal_untestable"),
]


@pytest.mark.parametrize(("text", "key"), BAD_GOALS)
def test_what_is_wrong_with_a_goal_is_said(japan, text, key):
    with pytest.raises(InputError) as caught:
        parse(text, japan)
    assert caught.value.key == key
    assert caught.value.in_lang("ja")


def test_back_from_a_goal_that_no_line_reaches(template):
    found = back_from(template, "parts.share >= 90% by 2035", futures=32)
    assert not found["reached"]
    assert found["proven"]
    assert found["best_odds"] == 0
    assert found["short"] > 0
    assert found["best_level"] == pytest.approx(0.9 - found["short"])
    assert found["lines"]  # what comes nearest


def test_back_from_a_goal_within_reach(template):
    free = back_from(template, "parts.sales >= 1 JPY", futures=32)
    assert free["reached"]
    assert free["lines"] == []
    assert free["cost"] == 0
    # half-way between what comes by itself and the most there is: some line is needed
    far = back_from(template, "parts.sales >= 900e12 JPY", futures=32)
    assert far["baseline"]["level"] == free["baseline"]["level"]
    middle = 0.2 * free["baseline"]["level"] + 0.8 * far["best_level"]
    found = back_from(template, f"parts.sales >= {middle} billion JPY with p >= 0.5", futures=32)
    assert found["reached"]
    assert found["lines"]
    assert found["odds"]["choosing"] >= 0.5
    assert found["cost"] >= found["cost_bound"] * (1 - 1e-3)
    for row in found["lines"]:
        assert row["last_moment"] is None or row["last_moment"] >= row["start"]
    years = [m["year"] for m in found["milestones"]]
    assert years == sorted(years, reverse=True)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_ceiling_is_a_floor_turned_round(template):
    up = back_from(template, "all.exposure >= 0", futures=32)
    down = back_from(template, "all.exposure <= 0", futures=32)
    assert up["reached"]
    assert down["reached"]
    assert up["lines"] == down["lines"] == []


def test_a_run_reopened_is_as_it_was(stored, small_run):
    work = reopen(stored)
    again = reopen(small_run)
    rows = np.array([1, 5, 9])
    played = work.model(work.draws, rows)
    for name, values in played.scalars.items():
        np.testing.assert_allclose(work.measures[name][rows], values, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(work.measures[name], again.measures[name])


def test_a_run_of_other_lines_is_refused(run_copy):
    file = run_copy / "case" / "lines.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("credit_amounts = [", "credit_amounts = [7.0, "), encoding="utf-8")
    with pytest.raises(RunError) as caught:
        reopen(run_copy)
    assert caught.value.key == "ahead.other_lines"


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        cli.main([str(a) for a in arguments])
    out = capsys.readouterr()
    return left.value.code, out.out, out.err


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_backcast_tells_in_both_languages(capsys, lang):
    goal = "parts.share >= 90% by 2035"
    asked = ("backcast", "template", "--goal", goal, "--futures", "32", "--lang", lang)
    code, out, _ = call(capsys, *asked)
    assert code == 0
    assert ("proven" if lang == "en" else "証明") in out
    code, out, _ = call(capsys, *asked, "--json")
    assert code == 0
    assert json.loads(out)["proven"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backcast", "template"], "GOAL"),
        (["backcast", "template", "--goal", "parts.glory >= 3"], "glory"),
        (["backcast", "nowhere", "--goal", "parts.share >= 3%"], "nowhere"),
        (["backcast", "template", "--goal", "parts.share >= 3%", "--futures", "100"], "100"),
        (["backcast", "template", "--goal", "parts.share >= 3%", "--seed", "-1"], "--seed"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_a_wrong_question_is_answered_with_its_remedy(capsys, arguments, said):
    code, _, err = call(capsys, *arguments)
    assert code == EXIT_USER_ERROR
    assert said.lower() in err.lower()
    assert "How to mend it" in err
    assert "Traceback" not in err
