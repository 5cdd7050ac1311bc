"""Where the portfolio fails, the worth of knowing, other halves, the gap: by construction."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kachisuji import portfolios as pf
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.choosing import choose
from kachisuji.desk.describing import limits_by_year
from kachisuji.desk.report.bilingual import percent
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.robust import robust
from kachisuji.desk.robustness import (
    gap_to_the_best,
    other_halves,
    room_to_choose,
    where_it_fails,
    worth_of_knowing,
)


class Together:
    """Only what is asked of a joint play."""

    def __init__(self, futures, welfare):
        self.lines = np.array([1])
        self.spread = pd.DataFrame({"future": futures, "welfare": welfare})


@pytest.fixture(scope="module")
def made(small_run):
    """A run whose lines pay when its first quantity is high, in many futures."""
    work = reopen(small_run)
    rng = np.random.default_rng(0)
    draws = rng.random((256, work.draws.shape[1]))
    rows = len(work.lines)
    pays = (draws[:, 0] - 0.2)[None, :] * np.ones((rows, 1))
    pays[0] = 0.0
    measures = {k: np.zeros((rows, 256)) for k in work.measures} | {"welfare": 100.0 * pays}
    halves = replace(work.halves, choose=np.arange(128), report=np.arange(128, 256))
    work = replace(work, draws=draws, measures=measures, halves=halves)
    names = [q.name for q in work.model.quantities]
    influence = pd.DataFrame(
        {"scope": "portfolio", "quantity": names[:5], "share": [0.5, 0.1, 0.1, 0.1, 0.1]}
    )
    return work, influence, choose(work, limits_by_year(work.case))


def test_the_box_of_failure_is_found_and_told(made, stored):
    work, influence, _ = made
    worth = work.draws[128:, 0] - 0.3
    found = where_it_fails(work, Together(np.arange(128, 256), worth), influence)
    assert found["kind"] == "fails"
    box = found["boxes"][0]
    first = next(c for c in box["conditions"] if c["quantity"] == work.model.quantities[0].name)
    assert first["low"] == 0
    assert first["high"] == pytest.approx(0.3, abs=0.06)
    assert box["density"] > 0.9
    # hardly any failure: the worst tenth is told instead; none that varies: nothing
    good = where_it_fails(work, Together(np.arange(128, 256), worth + 1), influence)
    assert good["kind"] == "worst"
    flat = where_it_fails(work, Together(np.arange(128, 256), 0 * worth), influence)
    assert flat["kind"] == "never"
    told = {
        "fails": found, "halves": {"count": 6, "common": 1.0, "least": 1.0},
        "knowing": {"all": 1.0, "rows": []},
        "gap": {"mean": 0.0, "upper": 1.0, "odds": 0.95, "batches": 8},
    }  # fmt: skip
    section = robust(replace(stored, choice=stored.choice | {"robust": told}), Names(work.case))
    share = percent(found["share"])
    assert f"({share.en} of all futures)" in section["boxes"][0].en
    assert f"（全体では{share.ja}）" in section["boxes"][0].ja
    assert "hardly narrow" not in section["boxes"][0].en
    # a box that most futures are in is told to be none
    wide = told | {"fails": {**found, "boxes": [{**box, "mass": 0.8}]}}
    section = robust(replace(stored, choice=stored.choice | {"robust": wide}), Names(work.case))
    assert "hardly narrow" in section["boxes"][0].en
    assert "絞り込めていない" in section["boxes"][0].ja


def test_what_decides_is_worth_knowing_and_nothing_else(made):
    work, influence, chosen = made
    found = worth_of_knowing(work, chosen, influence)
    assert found["rows"][0]["quantity"] == work.model.quantities[0].name
    assert found["rows"][0]["value"] == pytest.approx(found["all"], rel=0.1)
    assert all(r["value"] < 0.05 * found["all"] for r in found["rows"][1:])


def test_halves_of_equal_lines_choose_alike_and_leave_a_small_gap(made):
    work, _, chosen = made
    halves = other_halves(work, chosen)
    assert 0 <= halves["least"] <= halves["common"] <= 1
    gap = gap_to_the_best(work, chosen)
    assert 0 <= gap["mean"] <= gap["upper"]
    assert gap["objective"] > 0
    assert gap["upper"] < 2 * gap["objective"]


def test_a_run_holds_the_section(stored):
    assert set(stored.choice["robust"]) == {"fails", "knowing", "halves", "gap", "room"}
    page = (stored.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="robust"' in page


def test_an_older_run_has_no_such_section(stored):
    choice = {k: v for k, v in stored.choice.items() if k != "robust"}
    assert robust(replace(stored, choice=choice), Names(stored.case)) is None


def test_the_room_to_choose_is_told_with_its_cheapest_portfolio(made, stored):
    """Two lines of different cost and the same worth: the dearer is chosen, the cheaper saves."""
    work, _, chosen = made
    (row,) = np.flatnonzero((work.lines["kind"] == "line").to_numpy() & chosen.problem.eligible)[:1]
    segment = chosen.problem.segment
    twin = next(i for i in np.flatnonzero(chosen.problem.eligible)
                if segment[i] != segment[row] and work.lines["kind"][i] == "line")  # fmt: skip
    value, use = np.full_like(chosen.problem.value, -1.0), np.zeros_like(chosen.problem.use)
    value[row], value[twin] = 100.0, 99.5
    use[row, 0], use[twin, 0] = chosen.problem.limits[0] * 0.9, chosen.problem.limits[0] * 0.6
    posed = replace(chosen.problem, value=value, use=use, sure=use)
    valued = pf.choose(posed)
    assert list(valued.lines) == [row]
    found = room_to_choose(work, replace(chosen, problem=posed, valued=valued))
    assert found["count"] == 1
    assert found["saving"] == pytest.approx(0.3 * chosen.problem.limits[0].sum())
    assert (found["out"], found["into"]) == (
        [work.lines["segment"][row]], [work.lines["segment"][twin]])  # fmt: skip
    assert (found["core"], found["shared"], found["lines"]) == ([], 0, 1)
    none = replace(chosen, problem=posed, valued=replace(valued, lines=valued.lines[:0]))
    assert room_to_choose(work, none)["count"] == 0
    names, whole = Names(work.case), stored.choice["robust"]
    for room, said in ((found, "saves"), (found | {"saving": -1.0}, "more"), (none, "no other")):
        own = room if isinstance(room, dict) else {"within": 0.01, "count": 0}
        choice = stored.choice | {"robust": whole | {"room": own}}
        told = robust(replace(stored, choice=choice), names)["room"]
        assert said in told.en
        assert "{" not in told.ja
    older = {k: v for k, v in whole.items() if k != "room"}
    assert robust(replace(stored, choice=stored.choice | {"robust": older}), names)["room"] is None
