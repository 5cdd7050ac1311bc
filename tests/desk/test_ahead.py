"""Looking ahead: goals in words, back from a goal, and what a person is told."""

import json
import shutil
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from kachisuji.cases import load
from kachisuji.desk import cli
from kachisuji.desk.ahead import metro
from kachisuji.desk.ahead.dividing import divide
from kachisuji.desk.ahead.goals import Asked, parse
from kachisuji.desk.ahead.mapping import flexibility, pathways
from kachisuji.desk.ahead.metro import metro_map
from kachisuji.desk.ahead.observing import COLUMNS, history_of, watch_run
from kachisuji.desk.ahead.prepared import prepare, shortened
from kachisuji.desk.ahead.reckoning import back_from
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.ahead.words import pathway_lines
from kachisuji.desk.report.names import Names
from kachisuji.desk.stored import StoredRun
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
    ("logic_chips.sales >= 1e999 JPY", "ahead.goal_number"),
    ("logic_chips.share >= 30 by 2040", "ahead.goal_share"),
    ("logic_chips.share >= 101 %", "ahead.goal_share"),
    ("logic_chips.share <= -0.1", "ahead.goal_share"),
    ("", "ahead.goal_form"),
    ("logic_chips.sales >= 4e12 JPY by 1990", "ahead.goal_year"),
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


def test_a_line_that_a_rule_asks_for_beside_is_bought_and_does_not_count(case_copy):
    free = back_from(str(case_copy), "parts.sales >= 900e12 JPY", futures=32)
    middle = 0.2 * free["baseline"]["level"] + 0.8 * free["best_level"]
    goal = f"parts.sales >= {middle} billion JPY with p >= 0.5"
    alone = back_from(str(case_copy), goal, futures=32)
    assert {r["segment"] for r in alone["lines"]} == {"parts"}
    text = (case_copy / "case.toml").read_text(encoding="utf-8")
    rule = '\n[[choice.rules]]\nkind = "needs"\nsegments = ["parts"]\nbeside = ["design"]\n'
    (case_copy / "case.toml").write_text(text + rule, encoding="utf-8")
    found = back_from(str(case_copy), goal, futures=32)
    assert found["reached"] == alone["reached"]
    assert {r["segment"] for r in found["lines"]} == {"parts", "design"}
    assert found["cost"] > alone["cost"]
    own = [r for r in found["lines"] if r["segment"] == "parts"]
    if own == alone["lines"]:  # the helper brings the goal nothing
        assert found["odds"]["choosing"] == alone["odds"]["choosing"]


def test_what_two_segments_are_worth_together_counts_towards_net_benefit(case_copy):
    """Where nothing pays, a goal within reach only by what two segments add takes both."""
    text = (case_copy / "case.toml").read_text(encoding="utf-8")
    goal = "{}.welfare >= 5000 billion JPY with p >= 0.5"
    for value, reached in ((1e4, True), (-1e4, False)):
        both = ('\n[[choice.together]]\nsegments = ["parts", "design"]\n'
                f'value = {value}\nevidence = "E00-001"\n')  # fmt: skip
        (case_copy / "case.toml").write_text(text + both, encoding="utf-8")
        found = back_from(str(case_copy), goal.format("all"), futures=32)
        assert found["reached"] == reached
        if reached:
            assert {r["segment"] for r in found["lines"]} >= {"parts", "design"}
            assert found["odds"]["reporting"] == 1.0
            assert found["level"]["choosing"] > 0.5 * value
            one = back_from(str(case_copy), goal.format("parts"), futures=32)
            assert not one["reached"]  # of one segment there is no pair


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


# ------------------------------------------------------------------- pathways and watching


def with_a_plan(source, target):
    """Copy a run and let its plan be two lines: the template's own plan is to do nothing."""
    run = shutil.copytree(source, target)
    choice = json.loads((run / "choice.json").read_text(encoding="utf-8"))
    lines = StoredRun.open(run).lines
    whole = lines[(lines["kind"] == "line") & (lines["start"] == lines["start"].max())]
    choice["lines"] = [int(own.index[0]) for _, own in whole.groupby("segment", sort=False)][:2]
    (run / "choice.json").write_text(json.dumps(choice), encoding="utf-8")
    return run


@pytest.fixture(scope="module")
def planned(small_run, tmp_path_factory):
    return with_a_plan(small_run, tmp_path_factory.mktemp("planned") / "run")


@pytest.fixture
def run_copy(planned, tmp_path):
    return shutil.copytree(planned, tmp_path / "run")


@pytest.fixture(scope="module")
def ready(planned):
    return prepare(planned, when=2034)


def test_an_empty_plan_has_no_path(small_run, stored):
    assert stored.choice["lines"] == []
    with pytest.raises(InputError) as caught:
        pathways(small_run)
    assert caught.value.key == "ahead.no_plan"


@pytest.fixture(scope="module")
def mapped(ready):
    return pathways(ready)


def test_the_plan_and_its_alternatives_are_played_as_the_contest_plays_them(ready, small_run):
    work = reopen(small_run)
    plan = ready.plan.lines["line"].tolist()
    rows = [work.lines.index[work.lines["line"] == name][0] for name in plan]
    joint = work.model.joint(ready.draws, np.array(rows))
    np.testing.assert_allclose(ready.plan.worth, joint.scalars["welfare"].sum(axis=0), rtol=1e-9)
    assert ready.portfolios[-1].key == "nothing"
    assert (ready.portfolios[-1].worth == 0).all()
    # giving up everything leaves what the ended lines leave, and that is the transfer
    np.testing.assert_allclose(ready.switched[-1], -ready.transfer[-1], rtol=1e-12)


def test_lines_given_up_at_the_horizon_are_lines_kept(ready, small_run):
    work = reopen(small_run)
    whole = shortened(work.model, 99)
    rows = np.arange(3, 9)
    np.testing.assert_allclose(
        whole(ready.draws, rows).scalars["welfare"],
        work.model(ready.draws, rows).scalars["welfare"],
        rtol=1e-12,
    )
    short = shortened(work.model, 2)(ready.draws, rows).scalars["public_cost"]
    assert (short <= work.model(ready.draws, rows).scalars["public_cost"] + 1e-9).all()


def test_a_map_has_sell_by_years_routes_and_signposts(mapped, ready):
    assert [p["key"] for p in mapped["portfolios"]] == [p.key for p in ready.portfolios]
    assert mapped["portfolios"][-1]["sell_by"] is not None  # doing nothing promises nothing
    assert mapped["routes"]
    assert all(r["portfolios"][0] == "plan" for r in mapped["routes"])
    assert {s["alternative"] for s in mapped["signposts"]} == {p.key for p in ready.portfolios[1:]}
    for post in mapped["signposts"]:
        assert post["heed"] == (post["value"] > 0)
    wait = mapped["waiting"]
    assert wait["free"] >= max(wait["mean"]) - 1e-9
    assert wait["waiting"] >= 0
    free = mapped["flexibility"]
    assert free["net"] == pytest.approx(free["worth"] - free["price"])
    assert json.loads(json.dumps(mapped, allow_nan=False)) == mapped


def test_a_plan_that_may_be_withdrawn_draws_less_private_money(mapped, ready):
    free = mapped["flexibility"]
    assert free["odds"] > 0
    assert free["price"] == 0  # the template states no withdrawal
    assert free["priced"] is False
    table = ready.case.tables["globals"]
    row = {**table.iloc[-1].to_dict(), "symbol": "withdrawal", "low": 0.5, "mode": 0.5, "high": 0.5}
    case = replace(
        ready.case,
        tables={**ready.case.tables, "globals": pd.concat([table, pd.DataFrame([row])])},
    )
    doubted = replace(ready, case=case)
    stated = flexibility(doubted, [{"fired": 0.4, "heed": True}])
    assert stated["price"] != 0
    certain = [{"fired": 0.0, "heed": True}]
    assert flexibility(doubted, certain)["price"] == pytest.approx(0, abs=1e-9)
    # a price of zero is told with its reason, one that was reckoned is not explained away
    settings, names = ready.case.settings, {s: s for s in ready.model.segments}
    for lang, one, other in (
        ("en", "globals.csv", "No trigger"),
        ("ja", "globals.csv", "どの将来像"),
    ):
        for own, said in ((free, one), (stated, None), (free | {"odds": 0.0}, other)):
            lines = pathway_lines(mapped | {"flexibility": own}, settings, names, lang)
            reasons = [k for k in (one, other) if k in lines[-1]]
            assert reasons == ([said] if said else [])


def test_a_condition_out_of_reach_ends_every_portfolio(ready):
    found = pathways(ready, hold="all.value_added >= 900e12 JPY by 2030")
    assert {p["sell_by"] for p in found["portfolios"]} == {2030}
    own = pathways(ready, hold="all.value_added >= 1 JPY by 2030 with p >= 0.7", odds=0.9)
    silent = pathways(ready, hold="all.value_added >= 1 JPY by 2030", odds=0.9)
    assert (own["condition"]["odds"], silent["condition"]["odds"]) == (0.7, 0.9)
    for bad in ("all.gni >= 5 JPY", "parts.sales >= 5e12 JPY", "all.value_added <= 5e12 JPY"):
        with pytest.raises(InputError) as caught:
            pathways(ready, hold=bad)
        assert caught.value.key == "ahead.condition"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_map_is_a_picture_and_words(mapped, template, lang):
    picture = ElementTree.fromstring(metro_map(mapped, lang))
    assert picture.tag.endswith("svg")
    circles = [e for e in picture.iter() if e.tag.endswith("circle")]
    assert len(circles) == len(mapped["portfolios"])
    names = {s: both.of(lang) for s, both in Names(template).segments.items()}
    told = "\n".join(pathway_lines(mapped, template.settings, names, lang))
    assert ("Signposts" if lang == "en" else "兆候") in told
    assert ("firms follow less" in told) == (lang == "en")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_word_of_the_map_lies_under_a_station(mapped, lang):
    names = {"en": "Artificial intelligence in factories", "ja": "工場向けの人工知能の応用領域"}
    line = {f"name_{own}": told for own, told in names.items()}
    found = {**mapped, "portfolios": [
        {**row, "lines": [line] * (1 + 3 * (k % 2))} for k, row in enumerate(mapped["portfolios"])
    ]}  # fmt: skip
    picture = ElementTree.fromstring(metro_map(found, lang))
    first = min(float(e.get("cx")) for e in picture.iter() if e.tag.endswith("circle"))
    small = [e for e in picture.iter() if e.get("font-size") == str(metro.SMALL)]
    assert len(small) == len(found["portfolios"])
    for e in small:
        assert 12 + metro.SMALL * metro._wide(e.text) <= first - 16, e.text
    assert any(("…" in e.text and ("more" in e.text or "ほか2件" in e.text)) for e in small)
    # lines that cross rows are drawn before the lines and stations that they cross
    kinds = ["change" if e.get("stroke-width") == "3" else "station" for e in picture.iter()
             if e.tag.endswith("circle") or e.get("stroke-width") == "3"]  # fmt: skip
    assert kinds == sorted(kinds)


def seen_as(ready, future, year):
    """Observations that one future would bring, measured well."""
    rows = []
    for segment in dict.fromkeys(ready.plan.lines["segment"]):
        for measure, unit in (("share", "share"), ("sales", "billion JPY")):
            value = ready.observable(f"{segment}.{measure}", year)[future]
            told = (f"{segment}.{measure}", str(year), str(value), unit, str(1e-3 * value))
            rows.append(dict(zip(COLUMNS, told, strict=True)))
    return rows


def test_what_one_future_brings_singles_it_out(ready, run_copy):
    for future in (0, 7):
        found = watch_run(run_copy, seen_as(ready, future, 2028), record=False, ready=ready)
        assert found["worth"] < 3
        assert found["odds"]["after"] in (pytest.approx(0, abs=0.2), pytest.approx(1, abs=0.2))
        best = ready.portfolios[int(ready.switched[:, future].argmax())].key
        assert found["advice"] == best
    assert found["history"] is None
    assert not history_of(run_copy).exists()


def test_two_steps_are_one_and_the_history_keeps_both(ready, run_copy, capsys):
    rows = seen_as(ready, 3, 2028)
    for row in rows:
        row["error"] = str(float(row["error"]) * 200)
    whole = watch_run(run_copy, rows, record=False, ready=ready)
    watch_run(run_copy, rows[:1], ready=ready, now="2028-04-01")
    second = watch_run(run_copy, rows[1:], ready=ready, now="2029-04-01")
    assert second["odds"]["after"] == pytest.approx(whole["odds"]["after"])
    assert second["worth"] == pytest.approx(whole["worth"])
    with pytest.raises(InputError) as caught:
        watch_run(run_copy, rows[:1], ready=ready)
    assert caught.value.key == "ahead.observation_twice"
    code, out, _ = call(capsys, "watch", run_copy, "--history")
    assert code == 0
    assert "2028-04-01" in out
    assert "2029-04-01" in out
    kinds = {row["observable"].rpartition(".")[2] for row in rows}
    assert (" ± ¥" in out) == bool(kinds - {"share"})  # amounts in the case's currency
    assert ("%" in out.split(". Probability")[0]) == (rows[0]["observable"].endswith("share"))
    file = history_of(run_copy)
    file.write_text(file.read_text(encoding="utf-8").replace("2028-04-01", "2028-04-02"), "utf-8")
    with pytest.raises(RunError) as changed:
        watch_run(run_copy, rows[2:], ready=ready)
    assert changed.value.key == "portfolios.broken_history"


GOOD = "observable,year,value,unit,error\n"


@pytest.mark.parametrize(
    ("text", "key", "column"),
    [
        ("", "ahead.observation_columns", None),
        ("observable,year,value,unit\nparts.share,2028,3,%\n", "ahead.observation_columns", None),
        (GOOD, "ahead.no_rows", None),
        (GOOD + "parts.glory,2028,3,%,1\n", "ahead.observation_name", "observable"),
        (GOOD + "cakes.share,2028,3,%,1\n", "ahead.observation_name", "observable"),
        (GOOD + "parts.share,2090,3,%,1\n", "ahead.goal_year", "year"),
        (GOOD + "parts.share,2028.5,3,%,1\n", "ahead.goal_year", "year"),
        (GOOD + "parts.share,2028,much,%,1\n", "ahead.observation_number", "value"),
        (GOOD + "parts.share,2028,3,%,\n", "ahead.observation_number", "error"),
        (GOOD + "parts.share,2028,3,%\n", "cases.row_length", None),
        (GOOD + "parts.share,2028,3,%,1,2\n", "cases.row_length", None),
        (GOOD + "parts.share,2028,3,yen,1\n", "ahead.goal_unit", "unit"),
        (GOOD + "parts.sales,2028,3,%,1\n", "ahead.goal_unit", "unit"),
        (GOOD + "parts.share,2028,30,share,1\n", "ahead.observation_range", "value"),
        (GOOD + "parts.sales,2028,5,yen,1\n", "ahead.observation_range", "value"),
        (GOOD + "parts.share,2028,20,%,-1\n", "portfolios.bad_error", "error"),
    ],
)
def test_what_is_wrong_with_an_observation_is_said(ready, run_copy, tmp_path, text, key, column):
    file = tmp_path / "obs.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        watch_run(run_copy, file, ready=ready)
    assert caught.value.key == key
    assert caught.value.column == column
    assert (caught.value.row is None) == (column is None and key != "cases.row_length")
    assert caught.value.in_lang("ja")
    assert not history_of(run_copy).exists()


def test_observations_as_excel_saves_them_are_named_by_their_encoding(ready, run_copy, tmp_path):
    file = tmp_path / "obs.csv"
    file.write_text(GOOD + "parts.share,2028,3,パーセント,1\n", encoding="cp932")
    with pytest.raises(InputError) as caught:
        watch_run(run_copy, file, ready=ready)
    assert caught.value.key == "cases.encoding"
    assert "Shift_JIS" in caught.value.in_lang("ja")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_commands_tell_and_leave_a_map(capsys, run_copy, ready, lang, tmp_path):
    code, out, err = call(capsys, "pathways", run_copy, "--lang", lang)
    assert code == 0, err
    page = run_copy.with_name(f"{run_copy.name}-pathways.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    rows = seen_as(ready, 5, 2028)
    file = tmp_path / "obs.csv"
    lines = [",".join(r[c] for c in COLUMNS) for r in rows]
    file.write_text(GOOD + "\n".join(lines) + "\n", encoding="utf-8")
    code, out, err = call(capsys, "watch", run_copy, "--observations", file, "--lang", lang)
    assert code == 0, err
    assert ("Probability" if lang == "en" else "確率") in out
    code, out, _ = call(capsys, "watch", run_copy, "--history", "--json")
    assert len(json.loads(out)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pathways", "nowhere"], "nowhere"),
        (["pathways", "RUN", "--odds", "1.5"], "--odds"),
        (["pathways", "RUN", "--odds", "half"], "such as 0.5"),
        (["pathways", "RUN", "--out", "map.png"], ".html / .svg"),
        (["pathways", "RUN", "--out", "not-here/map.svg"], "not-here/map.svg"),
        (["pathways", "RUN", "--when", "2090"], "2090"),
        (["watch", "RUN"], "observations"),
        (["watch", "RUN", "--observations", "none.csv"], "none.csv"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_wrong_questions_about_a_run(capsys, run_copy, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, *[str(run_copy) if a == "RUN" else a for a in arguments])
    assert code == EXIT_USER_ERROR
    assert said in err
    assert "Traceback" not in err


def test_the_worth_of_a_plan_is_divided(planned, small_run):
    found = divide(planned, by="segment")
    assert len(found["players"]) == 2
    assert sum(found["shapley"]) == pytest.approx(found["together"], abs=1e-6)
    assert sum(found["nucleolus"]) == pytest.approx(found["together"], abs=1e-6)
    assert found["together"] >= max(found["alone"]) - 1e-9
    assert found["core"] == (found["excess"] <= 1e-9 * max(1.0, found["together"]))
    with pytest.raises(InputError) as caught:
        divide(small_run)
    assert caught.value.key == "ahead.players"
