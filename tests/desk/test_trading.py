"""The front of a stored run against enumeration, and the division of its plan as it is told."""

import itertools
import json
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from kachisuji.cases.settings import Choosing
from kachisuji.desk import choosing, cli
from kachisuji.desk.ahead import fronting
from kachisuji.desk.ahead import reasons as ahead_reasons
from kachisuji.desk.ahead.dividing import divide, plan_of
from kachisuji.desk.ahead.fronting import front, leading
from kachisuji.desk.ahead.reasons import reasons
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.ahead.words import reason_lines
from kachisuji.desk.choosing import pose
from kachisuji.desk.describing import limits_by_year
from kachisuji.desk.objectives import signed
from kachisuji.desk.stored import StoredRun
from kachisuji.portfolios import Pair, choose
from kachisuji.portfolios.many import Efficient
from kachisuji.words import EXIT_USER_ERROR, InputError


@pytest.fixture(scope="module")
def planned(small_run, tmp_path_factory):
    """Return a run whose plan holds a line of both segments."""
    run = shutil.copytree(small_run, tmp_path_factory.mktemp("traded") / "run")
    choice = json.loads((run / "choice.json").read_text(encoding="utf-8"))
    lines = StoredRun.open(run).lines
    own = lines[lines["kind"] == "line"].groupby("segment", sort=False)
    choice["lines"] = [int(rows.index[-1]) for _, rows in own]
    (run / "choice.json").write_text(json.dumps(choice), encoding="utf-8")
    return run


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        cli.main([str(a) for a in arguments])
    out = capsys.readouterr()
    return left.value.code, out.out, out.err


def enumerated(run, objectives, pairs=()):
    """Every efficient value of the lines considered, by trying all portfolios."""
    work = reopen(run)
    problem = pose(work, limits_by_year(work.case))
    net = np.array([o == "welfare" for o in objectives], dtype=float)
    table = signed(objectives, work.measures)
    rows = leading(problem, table, work.measures["public_cost"].mean(axis=1))
    groups = [[-1, *rows[problem.segment[rows] == s]] for s in np.unique(problem.segment[rows])]
    able = []
    for some in itertools.product(*groups):
        held = np.array([i for i in some if i >= 0], dtype=np.int64)
        if problem.fits(held):
            both = sum(p.value.mean() for p in pairs if p.held(held))
            able.append(table[:, held].sum(axis=1) + both * net)
    values = np.array(able)
    slack = 1e-6 * np.ptp(values, axis=0)
    kept = [
        v
        for v in values
        if not ((values >= v - 1e-9) & (values > v + slack).any(axis=1)[:, None]).all(axis=1).any()
    ]
    return np.unique(np.round(kept, 9), axis=0)


@pytest.mark.parametrize(
    "objectives", [("growth", "cost"), ("growth", "indispensability", "exposure", "cost")]
)
def test_the_front_is_the_one_that_enumeration_finds(small_run, objectives):
    found = front(small_run, objectives, step=0)
    assert found["complete"]
    assert all(point["proven"] for point in found["points"])
    sign = [-1.0 if o in ("cost", "exposure") else 1.0 for o in objectives]
    mine = np.array([[s * p["values"][o] for s, o in zip(sign, objectives, strict=True)]
                     for p in found["points"]])  # fmt: skip
    want = enumerated(small_run, objectives)
    assert len(mine) == len(want)
    for value in want:
        assert np.abs(mine - value).max(axis=1).min() < 1e-6


@pytest.mark.parametrize("share", [3.0, -3.0])
def test_what_two_segments_are_worth_together_counts_in_the_net_benefit(
    small_run, monkeypatch, share
):
    work = reopen(small_run)
    plain = pose(work, limits_by_year(work.case))
    names = [s for s in work.lines["segment"].unique() if s][:2]
    one, other = (np.flatnonzero(plain.eligible & (work.lines["segment"] == s)) for s in names)
    value = share * np.abs(plain.value.mean(axis=1)).max()
    pairs = (Pair(one, other, np.full(plain.value.shape[1], value)),)
    monkeypatch.setattr(choosing, "pose", lambda *a: replace(pose(*a), pairs=pairs))
    for objectives in (("welfare", "cost"), ("growth", "cost")):
        found = front(small_run, objectives, step=0)
        mine = np.array([[p["values"][objectives[0]], -p["values"]["cost"]]
                         for p in found["points"]])  # fmt: skip
        want = enumerated(small_run, objectives, pairs)
        assert len(mine) == len(want)
        assert max(np.abs(mine - v).max(axis=1).min() for v in want) < 1e-6
        both = [set(names) <= set(p["segments"]) for p in found["points"]]
        if objectives[0] == "welfare":
            assert any(both) == (share > 0)


def test_a_grid_finds_points_of_the_whole_front(small_run):
    whole = front(small_run, ("growth", "cost"), step=0)
    grid = front(small_run, ("growth", "cost"), levels=4)
    assert grid["method"] == "grid"
    assert not grid["complete"]
    values = [tuple(p["values"].values()) for p in whole["points"]]
    assert grid["points"]
    for point in grid["points"]:
        assert (
            min(np.abs(np.subtract(v, tuple(point["values"].values()))).max() for v in values)
            < 1e-6
        )


def test_a_coarser_front_is_part_of_the_whole_and_near_to_all_of_it(small_run):
    def values(step):
        points = front(small_run, ("growth", "cost"), step=step)["points"]
        return np.array([[p["values"]["growth"], -p["values"]["cost"]] for p in points])

    whole, coarse = values(0), values(0.1)
    assert len(coarse) < len(whole)
    for one in coarse:
        assert np.abs(whole - one).max(axis=1).min() < 1e-6
    size = np.ptp(whole, axis=0)
    for one in whole:  # some point is not exceeded by the step in any objective
        assert ((one - coarse) / size <= 0.1 + 1e-6).all(axis=1).any()


def test_a_front_without_time_says_that_it_is_not_whole(small_run):
    found = front(small_run, ("growth", "cost"), seconds=1e-6)
    assert not found["complete"]


def overrun(pipe, *_):
    pipe.send(None)
    pipe.send(Efficient(np.array([0]), np.array([1.0, 2.0])))
    time.sleep(60)


@pytest.mark.slow
def test_a_search_that_overruns_its_time_is_ended_and_what_it_found_is_kept(monkeypatch):
    monkeypatch.setattr(fronting, "GRACE", 1.0)
    monkeypatch.setattr(fronting, "_search", overrun)
    begun = time.monotonic()
    points, whole = fronting.front_in_time(None, np.zeros((2, 1)), None, 2.0, 0.01)
    assert time.monotonic() - begun < 50
    assert [list(p.value) for p in points] == [[1.0, 2.0]]
    assert not whole


def test_the_front_is_told(capsys, planned):
    asked = ("front", planned, "--objectives", "growth,cost", "--step", "0")
    code, out, _ = call(capsys, *asked, "--lang", "en")
    assert code == 0
    assert "whole front" in out
    assert "better than the plan" in out  # the plan's lines lose money
    code, out, _ = call(capsys, *asked, "--lang", "ja")
    assert code == 0
    assert "証明済み" in out
    code, out, _ = call(capsys, *asked, "--json")
    assert json.loads(out)["objectives"] == ["growth", "cost"]


@pytest.mark.parametrize(
    "asked",
    [
        {"objective": "satisficing", "threshold": -20.0},
        {"objective": "goals", "goals": [{"measure": "growth", "give": 0.2}, {"measure": "cost"}]},
    ],
    ids=["odds", "goals"],
)
def test_reasons_are_also_told_by_what_the_case_chooses_by(planned, monkeypatch, asked):
    work = reopen(planned)
    choice = Choosing.model_validate(asked)
    case = replace(work.case, settings=work.case.settings.model_copy(update={"choice": choice}))
    work = replace(work, case=case)
    monkeypatch.setattr(ahead_reasons, "reopen", lambda run: work)
    problem = pose(work, limits_by_year(case))
    row = {name: i for i, name in enumerate(work.lines["line"])}
    found = reasons(planned, ["parts", "design"])
    assert found["by"] == asked["objective"]
    if asked["objective"] == "goals":
        assert list(found["reached"]) == ["growth", "cost"]
    for line in found["lines"]:
        other, place = line["reached_otherwise"], row[line["line"]]
        if other is None:
            assert not problem.fits(np.array([place]))
        elif asked["objective"] == "satisficing":
            able = [p for p in every(problem) if problem.fits(p)
                    and (place in p) != line["chosen_so"]]  # fmt: skip
            odds = max((problem.totals(p) >= -20.0 - 1e-9).mean() for p in able)
            assert other["odds"] == pytest.approx(odds, abs=1e-3)
        else:
            assert other["growth"] <= found["reached"]["growth"] / 0.8 + 1e-6
    for lang in ("en", "ja"):
        told = "\n".join(reason_lines(found, case.settings, lang))
        assert ("the case chooses by" if lang == "en" else "選択の基準") in told


def every(problem):
    """Every portfolio of at most one line of each segment."""
    groups = [[-1, *np.flatnonzero(problem.eligible & (problem.segment == s))]
              for s in np.unique(problem.segment)]  # fmt: skip
    for some in itertools.product(*groups):
        yield np.array([i for i in some if i >= 0], dtype=np.int64)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_reasons_are_told_line_by_line(capsys, planned, lang):
    code, out, _ = call(capsys, "explain", planned, "--json", "--lang", lang)
    assert code == 0
    found = json.loads(out)
    plan = set(StoredRun.open(planned).lines.loc[plan_of(planned), "line"])
    told = {row["line"]: row for row in found["lines"]}
    assert plan <= set(told)
    assert all(told[name]["in_plan"] for name in plan)
    assert all(row["loss"] is None or row["loss"] >= 0 for row in told.values())
    assert found["bound"] >= found["objective"] - 1e-9
    code, out, _ = call(capsys, "explain", planned, "parts", "--lang", lang)
    assert code == 0
    (row,) = reasons(planned, ["parts"])["lines"]
    assert row[f"name_{lang}"] in out


def test_a_line_forced_in_costs_what_choosing_again_says(planned):
    work = reopen(planned)
    problem = pose(work, limits_by_year(work.case))
    found = reasons(planned, ["parts", "design"])
    best = choose(problem, gap=1e-3)
    for row, segment in zip(found["lines"], ("parts", "design"), strict=True):
        line = int(np.flatnonzero(work.lines["line"] == row["line"])[0])
        assert work.lines["segment"].iloc[line] == segment
        own = np.flatnonzero((work.lines["segment"] == segment).to_numpy() & problem.eligible)
        assert problem.value[line].mean() == problem.value[own].mean(axis=1).max()
        if not row["chosen"] and row["loss"] is not None:
            value = problem.value.copy()
            value[line] += 1.05 * row["loss"] + 1.0
            again = choose(replace(problem, value=value), gap=1e-3)
            assert line in again.lines
            assert line not in best.lines


def test_a_division_is_told(capsys, planned, tmp_path):
    code, out, _ = call(capsys, "divide", planned, "--by", "segment", "--lang", "en")
    assert code == 0
    assert "Shapley" in out
    table = tmp_path / "ministries.csv"
    table.write_text("segment,ministry\nparts,METI\ndesign,MIC\n", encoding="utf-8")
    code, out, _ = call(capsys, "divide", planned, "--by", table, "--lang", "ja")
    assert code == 0
    assert "METI" in out
    code, out, _ = call(capsys, "divide", planned, "--by", table, "--json")
    told, same = json.loads(out), divide(planned, "segment")
    assert told["players"] == ["METI", "MIC"]
    assert told["shapley"] == pytest.approx(same["shapley"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["front", "RUN", "--objectives", "growht,cost"], "growth"),
        (["front", "RUN", "--objectives", "growth"], "two to five"),
        (["front", "RUN", "--objectives", "growth,growth"], "different"),
        (["front", "RUN", "--points", "0"], "--points"),
        (["front", "RUN", "--seconds", "-1"], "--seconds"),
        (["front", "RUN", "--step", "2"], "--step"),
        (["front", "nowhere"], "nowhere"),
        (["divide", "RUN", "--by", "colour"], "--by"),
        (["divide", "RUN", "--by", "none.csv"], "none.csv"),
        (["divide", "nowhere"], "nowhere"),
        (["explain", "RUN", "prats"], "parts"),
        (["explain", "nowhere"], "nowhere"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_a_wrong_question_is_answered_with_its_remedy(capsys, planned, arguments, said):
    code, _, err = call(capsys, *(planned if a == "RUN" else a for a in arguments))
    assert code == EXIT_USER_ERROR
    assert said in err
    assert "How to mend it" in err


@pytest.mark.parametrize(
    ("text", "key", "row"),
    [
        ("a,b\n1,2\n", "ahead.owner_columns", 1),
        ("segment,ministry\nparts,METI\n", "ahead.owner_missing", None),
        ("segment,ministry\nparts,METI\ndesing,MIC\n", "cases.unknown_name", 3),
        ("segment,ministry\nparts,METI\ndesign,\n", "ahead.owner_empty", 3),
        ("field,ministry\n1,METI\n1,MIC\n", "cases.listed_twice", 3),
    ],
)
def test_a_mistake_in_a_table_of_ministries_is_named(planned, tmp_path, text, key, row):
    file = tmp_path / "ministries.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        divide(planned, str(file))
    assert (caught.value.key, caught.value.row) == (key, row)
    assert all("{" not in caught.value.in_lang(lang) for lang in ("en", "ja"))
