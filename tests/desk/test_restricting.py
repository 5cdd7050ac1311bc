"""What ``[choice]`` of a case asks is kept by the choice, the joint play and the report."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kachisuji.cases.settings import Choosing
from kachisuji.desk import cli, pipeline
from kachisuji.desk.ahead.commands import check_futures
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.choosing import (
    Chosen,
    by_goals,
    choose_again,
    counted_by_odds,
    linked_pairs,
    pose,
    refuse_contradiction,
    with_asked,
)
from kachisuji.desk.describing import limits_by_year
from kachisuji.desk.joint import satisfied, stated_by_goal
from kachisuji.desk.limiting import InTime
from kachisuji.desk.pipeline import Work
from kachisuji.desk.progress import Silent
from kachisuji.desk.restricting import keeps, under_settings
from kachisuji.desk.verifying import verify_run
from kachisuji.portfolios import Problem, choose, survival
from kachisuji.words import InfeasibleError, InputError, RunError

LINES = pd.DataFrame(
    {"segment": ["", "a", "b", "c"], "partner": ["", "X", "X", ""], "field": [0, 1, 2, 3]}
)


def problem(money=(1.0, 1.0, 1.0, 1.0), limit=(9.0, 9.0)):
    use = np.zeros((4, 1, 2))
    use[:, 0, 1] = money
    return Problem(
        value=np.array([[1.0], [4.0], [3.0], [2.0]]) * np.ones((4, 8)),
        segment=np.arange(4),
        field=LINES["field"].to_numpy(np.int64),
        use=use,
        sure=use,
        limits=np.array([limit]),
        items=("money",),
        years=(2026, 2027),
        max_fields=9,
        eligible=np.ones(4, dtype=bool),
        power=np.zeros(4),
    )


def chosen(asked, **how):
    return list(choose(under_settings(problem(**how), Choosing(**asked), LINES)).lines)


def test_nothing_asked_changes_nothing():
    plain = problem()
    same = under_settings(plain, Choosing(), LINES)
    assert same.rules == ()
    assert same.limits is plain.limits
    assert chosen({}) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "want"),
    [
        ({"max_lines_per_partner": 1}, [0, 1, 3]),
        ({"max_lines_per_partner": 2, "partner_limits": {"X": 0}}, [0, 3]),
        ({"rules": [{"kind": "excludes", "segments": ["a", "b", "c"]}]}, [0, 1]),
        (
            {
                "rules": [
                    {"kind": "needs", "segments": ["a", "b"], "beside": ["c"]},
                    {"kind": "excludes", "segments": ["b", "c"]},
                ]
            },
            [0, 1, 3],
        ),
        ({"balance": [{"segments": ["c"], "share": 0.4}]}, [0, 1, 3]),
    ],
)
def test_each_rule_binds(asked, want):
    assert chosen(asked) == want


def test_money_is_carried_over_only_when_asked():
    assert chosen({}, limit=(2.0, 2.0)) == [1, 2]
    assert chosen({"carry_over": True}, limit=(2.0, 2.0)) == [0, 1, 2, 3]


def test_a_portfolio_that_breaks_a_rule_is_told_apart():
    asked = Choosing(rules=[{"kind": "needs", "segments": ["a"], "beside": ["c"]}])
    held = under_settings(problem(), asked, LINES)
    assert keeps(held, np.array([1, 3]))
    assert not keeps(held, np.array([1, 2]))


def goals_work(asked):
    """Return a work of four lines in eight futures with goals and a stated pair."""
    measures = {
        "value_added": np.array([0.0, 4.0, 3.0, 2.0])[:, None] * np.ones((4, 8)),
        "welfare": np.array([1.0, 4.0, 3.0, 2.0])[:, None] * np.ones((4, 8)),
    }
    return Work(
        case=SimpleNamespace(settings=SimpleNamespace(choice=Choosing(**asked))),
        model=None, draws=np.zeros((8, 1)), halves=SimpleNamespace(choose=np.arange(8)), seed=0,
        lines=LINES, measures=measures, paths=None,
    )  # fmt: skip


PAIRED = {
    "objective": "goals",
    "goals": [{"measure": "welfare"}, {"measure": "growth"}],
    "together": [{"segments": ["b", "c"], "value": 2.5, "evidence": "E"}],
}


def posed_two(asked):
    """Pose a choice in which two lines fit beside each other, under what is asked."""
    two = problem(money=(9.0, 1.0, 1.0, 1.0), limit=(2.0, 2.0))
    return under_settings(two, Choosing(**asked), LINES)


@pytest.mark.parametrize(("value", "want"), [(2.5, [2, 3]), (1.5, [1, 2]), (-9.0, [1, 2])])
def test_what_is_stated_of_a_pair_counts_in_the_goal_of_net_benefit(value, want):
    """Two lines fit; b and c are worth 5 alone, a and b 7."""
    asked = PAIRED | {"together": [PAIRED["together"][0] | {"value": value}]}
    work, two = goals_work(asked), posed_two(asked)
    found = by_goals(work, two)
    assert list(found.lines) == want
    assert found.objective == pytest.approx(max(7.0, 5.0 + value))
    assert list(stated_by_goal(work, np.array([2, 3]))) == [value, 0.0]
    assert not stated_by_goal(work, np.array([1, 3])).any()
    again = choose_again(work, SimpleNamespace(problem=two, candidates=[np.array([1, 2, 3])]))
    assert list(again(0, np.full(8, 0.125))[0]) == want


@pytest.mark.parametrize("how", [{"objective": "risk"}, {"objective": "satisficing",
                                                         "threshold": 7.2}])  # fmt: skip
def test_the_choice_its_survival_and_its_losses_count_what_is_stated_of_a_pair(how):
    asked = how | {"together": PAIRED["together"]}
    posed, work = posed_two(asked), goals_work(asked)
    assert choose_again(work, SimpleNamespace(problem=posed)) is None
    odds = how["objective"] == "satisficing"
    judged = counted_by_odds(posed, 7.2) if odds else posed
    assert list(choose(judged).lines) == [2, 3]
    assert list(survival(judged, 3).chosen) == [0, 0, 1, 1]
    valued = choose(posed)
    found = Chosen(posed, choose(judged), [], valued).losses_of_forcing([1])
    assert found[1] == pytest.approx(7.5 - 7.0)


def test_a_line_kept_out_by_its_risk_is_told_from_one_for_which_there_is_no_room():
    value = problem().value.copy()
    value[3] = np.where(np.arange(8) < 2, -9.0, 4.0)  # pays on average, loses in the worst fifth
    assert value[3].mean() > 0

    def left(money, limit, eligible=(True,) * 4):
        made = replace(problem(money, limit), value=value, eligible=np.array(eligible))
        found = choose(made)
        assert list(found.lines) == [0, 1, 2]
        return Chosen(made, found, [], found)

    four = (1.0, 1.0, 1.0, 1.0)
    roomy = left(four, (9.0, 9.0))
    assert roomy.kept_out_by(3) == "risk"
    assert roomy.losses_of_forcing([3])[3] > 0
    assert left(four, (9.0, 3.0)).kept_out_by(3) == "crowded"  # three use all there is
    assert left((1.0, 1.0, 1.0, 4.0), (9.0, 3.0)).kept_out_by(3) == "limits"
    assert left(four, (9.0, 9.0), (True, True, True, False)).kept_out_by(3) == "small"
    assert roomy.kept_out_by(2) == "crowded"  # its segment is taken


def test_goals_are_chosen_by_in_time_or_not_at_all(monkeypatch):
    work, two = goals_work(PAIRED), posed_two(PAIRED)
    limited = replace(work, in_time=InTime(120.0))
    try:
        assert list(by_goals(limited, two).lines) == list(by_goals(work, two).lines)
    finally:
        limited.in_time.close()
    limited = replace(work, in_time=InTime(1e-3))
    with pytest.raises(RunError) as caught:
        by_goals(limited, two)
    assert caught.value.key == "desk.goals_hangs"
    assert "--limit" in caught.value.in_lang("ja")
    assert limited.in_time._process is None


def test_a_call_that_takes_too_long_is_ended_and_what_it_raises_comes_back():
    calls = InTime(60.0)
    try:
        assert calls("joint", max, 1, 2) == 2
        with pytest.raises(InputError) as caught:
            calls("joint", check_futures, 3, 0)
        assert caught.value.key == "ahead.bad_futures"
        with pytest.raises(RunError) as caught:
            calls("joint", os._exit, 1)
        assert caught.value.key == "desk.apart_died"
        calls.limit = 0.2
        with pytest.raises(RunError) as caught:
            calls("joint", time.sleep, 60)
        assert caught.value.key == "desk.joint_hangs"
    finally:
        calls.close()


@pytest.mark.slow
def test_a_limit_changes_nothing_of_a_joint_play(rich_run):
    work = reopen(rich_run)
    lines = np.flatnonzero((work.lines["kind"] == "line").to_numpy())[[0, 7]]
    cube = np.ascontiguousarray(work.draws[work.halves.choose])
    limited = replace(work, folder=rich_run, in_time=InTime(600.0))
    try:
        plain, apart = work.joint(cube, lines), limited.joint(cube, lines)
    finally:
        limited.in_time.close()
    for name, values in plain.scalars.items():
        np.testing.assert_array_equal(values, apart.scalars[name])


def test_rules_that_leave_room_for_no_line_are_named_not_taken_for_a_finding():
    lines = LINES.assign(kind=["credit", "line", "line", "line"])
    work = replace(goals_work({}), lines=lines)
    halves = [{"segments": [s], "share": 0.6} for s in ("a", "b")]
    both = under_settings(problem(), Choosing(balance=halves), lines)
    with pytest.raises(InfeasibleError) as caught:
        refuse_contradiction(work, both, np.array([0]))
    assert caught.value.values["names"] == "≥ 60% a, ≥ 60% b"
    assert caught.value.exit_code == 2
    one = under_settings(problem(), Choosing(balance=halves[:1]), lines)
    refuse_contradiction(work, one, np.array([0]))  # lines of a alone would do: a finding
    refuse_contradiction(work, both, np.array([1]))  # something is chosen: no contradiction


@pytest.mark.slow
def test_a_run_with_rules_that_contradict_one_another_says_which(capsys, rich_run, tmp_path):
    case = Path(shutil.copytree(rich_run / "case", tmp_path / "case"))
    asked = "".join(
        f'\n[[choice.balance]]\nsegments = ["{s}"]\nshare = 0.6\n' for s in ("parts", "design")
    )
    text = (case / "case.toml").read_text(encoding="utf-8")
    (case / "case.toml").write_text(text + asked, encoding="utf-8")
    out = tmp_path / "run"
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", str(case), "--futures", "32", "--out", str(out), "--lang", "en"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert "≥ 60% parts, ≥ 60% design" in said.out + said.err
    assert not out.exists()


def test_satisficing_counts_odds_and_breaks_ties_by_the_mean():
    few, many = np.array([0.0, 0.0, 9.0, 90.0]), np.array([0.0, 5.0, 5.0, 5.0])
    assert satisfied(many, 5.0) > satisfied(few, 5.0)
    assert satisfied(few, 0.0) > satisfied(many, 0.0)
    assert satisfied(np.full(4, -1e9), -2e9) > satisfied(np.array([1e12, 0, 0, -3e9]), -2e9)


def linked_work(small_run, gain):
    """Return the small run with a link, and a model in which two lines gain beside each other."""
    work = reopen(small_run)
    links = pd.DataFrame({"from": ["parts"], "to": ["design"]})
    case = SimpleNamespace(settings=work.case.settings, tables={"links": links})

    def joint(cube, lines):
        alone = work.measures["welfare"][lines][:, work.halves.choose]
        return SimpleNamespace(scalars={"welfare": alone + gain / len(lines)})

    return replace(work, case=case, model=SimpleNamespace(joint=joint))


def test_linked_segments_are_worth_what_two_by_two_says(small_run):
    work = linked_work(small_run, 1e6)
    posed = pose(reopen(small_run), limits_by_year(reopen(small_run).case))
    value = posed.value.copy()
    value[posed.eligible] = np.abs(value[posed.eligible])  # every segment gains
    posed = replace(posed, value=value)
    (pair,) = linked_pairs(work, posed, [])
    before = work.measures["welfare"][[pair.one[0], pair.other[0]]][:, work.halves.choose]
    lines = [pair.one[0], pair.other[0]]
    want = before.sum(axis=0) + 1e6 - value[lines].sum(axis=0)
    np.testing.assert_allclose(pair.value, want)
    assert set(reopen(small_run).lines.loc[lines, "segment"]) == {"parts", "design"}
    settings = work.case.settings
    asked = settings.model_copy(update={"choice": Choosing(pairs=True)})
    found = with_asked(
        replace(work, case=SimpleNamespace(settings=asked, tables=work.case.tables)),
        posed, [np.zeros(0, dtype=np.int64)],
    )  # fmt: skip
    assert len(found) == 2
    assert posed.fits(found[1])


def test_what_is_not_asked_leaves_the_candidates_alone(small_run):
    work = reopen(small_run)
    posed = pose(work, limits_by_year(work.case))
    before = [np.array([3]), np.zeros(0, dtype=np.int64)]
    assert [list(c) for c in with_asked(work, posed, before)] == [[3], []]


@pytest.mark.slow
def test_a_run_keeps_and_tells_the_rules_and_verifies(rich_run, tmp_path, few_resamples):
    case = Path(shutil.copytree(rich_run / "case", tmp_path / "case"))
    text = (case / "case.toml").read_text(encoding="utf-8")
    asked = '\n[choice]\ncarry_over = true\nobjective = "satisficing"\nthreshold = 1.0\n'
    asked += "pairs = true\nmax_lines_per_partner = 1\n"
    asked += '[[choice.rules]]\nkind = "excludes"\nsegments = ["parts", "design"]\n'
    (case / "case.toml").write_text(text + asked, encoding="utf-8")
    options = pipeline.Options(futures=32, seed=0, workers=1)
    run = pipeline.run_case(str(case), tmp_path / "run", options, Silent(), "en")
    held = [s for s in run.lines.loc[run.choice["lines"], "segment"] if s]
    assert len(held) <= 1
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert page.count("Asked by the case") == page.count("ケースの指定") == 5
    assert verify_run(run.folder, Silent()) == []


@pytest.mark.slow
def test_a_run_by_goals_takes_the_first_in_their_order(rich_run, tmp_path, few_resamples):
    case = Path(shutil.copytree(rich_run / "case", tmp_path / "case"))
    text = (case / "case.toml").read_text(encoding="utf-8")
    source = pd.read_csv(case / "evidence.csv")["id"].iloc[0]
    asked = '\n[choice]\nobjective = "goals"\n[[choice.goals]]\nmeasure = "cost"\nenough = 40.0\n'
    asked += '[[choice.goals]]\nmeasure = "growth"\n[[choice.goals]]\nmeasure = "welfare"\n'
    asked += "[[choice.together]]\n"
    asked += f'segments = ["parts", "design"]\nvalue = 9.0\nevidence = "{source}"\n'
    (case / "case.toml").write_text(text + asked, encoding="utf-8")
    options = pipeline.Options(futures=32, seed=0, workers=1)
    run = pipeline.run_case(str(case), tmp_path / "run", options, Silent(), "en")
    work = reopen(run)
    found = by_goals(work, pose(work, limits_by_year(work.case)))
    cost = work.measures["public_cost"][:, work.halves.choose].mean(axis=1)
    assert found.objective == pytest.approx(cost[found.lines].sum())
    assert run.choice["objective"] == pytest.approx(found.objective)
    assert run.choice["choosing"]["public_cost"]["mean"] <= 40.0 * 1.25
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert page.count("Asked by the case") == 1
    assert page.count("Stated by the case") == 1
    assert verify_run(run.folder, Silent()) == []
