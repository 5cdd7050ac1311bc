"""How far the choice can be trusted: where it fails, what knowing more is worth, other halves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.comparing import Halves
from kachisuji.desk.measures import Part

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.desk.choosing import Chosen
    from kachisuji.desk.joint import Together
    from kachisuji.desk.pipeline import Work
    from kachisuji.ensembles import Box

F8 = NDArray[np.float64]

LOOKED_AT = 24  # uncertain numbers that the boxes and the value of knowing are looked for in
CONDITIONS = 3  # of a box: more cannot be told in a sentence
BOXES = 2
HALVES = 6  # random halves of the futures on which the choice is made again
BATCHES = 8
WITHIN = 0.01  # of the objective that may be given up for freedom of choice
FEW_CASES = 8  # failures below which a box would describe chance


def robustness(work: Work, chosen: Chosen, together: Together, influence: pd.DataFrame) -> Any:
    """Return plain values for the report: ``fails``, ``knowing``, ``halves``, ``gap``, ``room``."""
    return {
        "fails": where_it_fails(work, together, influence),
        "knowing": worth_of_knowing(work, chosen, influence),
        "halves": other_halves(work, chosen),
        "gap": gap_to_the_best(work, chosen),
        "room": room_to_choose(work, chosen),
    }


def _moving(work: Work, influence: pd.DataFrame, scope: str = "portfolio") -> list[int]:
    """Columns of the draws that move the portfolio most, then those that move other lines."""
    names = {q.name: j for j, q in enumerate(work.model.quantities)}
    own = influence[influence["scope"] == scope]["quantity"]
    rest = influence.sort_values("share", ascending=False, kind="stable")["quantity"]
    ordered = dict.fromkeys([*own, *rest])
    return [names[n] for n in list(ordered)[:LOOKED_AT]]


def where_it_fails(work: Work, together: Together, influence: pd.DataFrame) -> dict[str, Any]:
    """Boxes of futures in which the portfolio, played jointly, is worth less than nothing.

    Where it hardly ever fails, the worst tenth of the futures is described instead (``kind``).
    Limits are quantiles of each number's own range.
    """
    from kachisuji.ensembles import prim

    spread = together.spread
    worth = spread["welfare"].to_numpy(np.float64)
    columns = _moving(work, influence)
    none: dict[str, Any] = {"kind": "never", "share": float((worth < 0).mean()), "boxes": []}
    if not together.lines.size or not columns or np.ptp(worth) == 0:
        return none
    bad, kind = worth < 0, "fails"
    if bad.sum() < FEW_CASES:
        bad, kind = worth <= np.quantile(worth, 0.1), "worst"
    if bad.sum() < FEW_CASES:
        return none
    x = work.draws[spread["future"].to_numpy(np.int64)][:, columns]
    names = [work.model.quantities[j].name for j in columns]
    boxes: list[Box] = []
    out = []
    left = bad
    while len(boxes) < BOXES and left.sum() >= FEW_CASES:
        box = prim(x, bad.astype(np.float64), names, without=boxes).within(CONDITIONS)
        if not box.restricted:
            break
        boxes.append(box)
        left = left & ~box.inside(x)
        out.append(
            {
                "conditions": [
                    {
                        "quantity": name,
                        "low": float(low) if low > least else 0.0,
                        "high": float(high) if high < most else 1.0,
                        "chance": _largest(p),
                    }
                    for name, (low, high), (least, most), p in zip(
                        box.names, box.limits, box.whole, box.quasi_p, strict=True
                    )
                    if low > least or high < most
                ],
                "coverage": box.coverage,
                "density": box.density,
                "mass": box.mass,
            }
        )
    return {"kind": kind, "share": float(bad.mean()), "boxes": out}


def _largest(quasi_p: F8) -> float | None:
    told = quasi_p[np.isfinite(quasi_p)]
    return float(told.max()) if told.size else None


def worth_of_knowing(work: Work, chosen: Chosen, influence: pd.DataFrame) -> dict[str, Any]:
    """Say what finding out a number before choosing would be worth, in money of the case.

    The alternatives are the candidates of the choice, the choice without each line or with the best
    line of another segment where that fits, and doing nothing, as lines fare alone, in all futures.
    """
    from kachisuji.desk.influence import weakest_grade
    from kachisuji.desk.joint import stated, value_of
    from kachisuji.ensembles import value_of_information

    columns = _moving(work, influence)
    sets = [lines for lines in (*chosen.candidates, *_one_step(work, chosen)) if len(lines)]
    if not (columns and sets):  # nothing varies, or there is only doing nothing
        return {"all": 0.0, "rows": []}
    value = value_of(work.case.settings, work.measures)
    each = [value[lines].sum(axis=0) + stated(work, lines) for lines in sets]
    totals = np.stack([np.zeros(value.shape[1]), *each])
    names = [work.model.quantities[j].name for j in columns]
    table = value_of_information(totals, work.draws[:, columns], names)
    register = work.case.tables["evidence"]
    grades = dict(zip(register["id"], register["grade"], strict=True))
    evidence = {work.model.quantities[j].name: work.model.quantities[j].evidence for j in columns}
    return {
        "all": float(table.attrs["all"]),
        "rows": [
            {
                "quantity": str(name),
                "value": float(worth),
                "grade": weakest_grade(";".join(evidence[str(name)]), grades),
            }
            for name, worth in zip(table["name"], table["value"], strict=True)
            if worth > 0
        ],
    }


def _one_step(work: Work, chosen: Chosen) -> list[NDArray[np.int64]]:
    """Portfolios one line away from the choice that keep the limits."""
    from kachisuji.desk.comparing import best_lines

    mine = chosen.choice.lines
    held = {int(s) for s in chosen.problem.segment[mine]}
    best = best_lines(work.lines, work.measures["welfare"].mean(axis=1))
    more = [np.sort(np.append(mine, i)) for i in best.values()
            if int(chosen.problem.segment[i]) not in held]  # fmt: skip
    fewer = [np.delete(mine, k) for k in range(mine.size)]
    return [lines for lines in (*fewer, *more) if chosen.problem.fits(lines)]


def _on(work: Work, futures: NDArray[np.int64], chosen: Chosen) -> Any:
    """Pose the same choice on other futures."""
    from kachisuji.desk.joint import value_of
    from kachisuji.desk.restricting import stated_pairs

    own = Part(work.measures, np.s_[:, futures])
    problem = replace(
        chosen.problem,
        value=value_of(work.case.settings, own),
        power=own["indispensability"].mean(axis=1),
        weights=None,
        pairs=(),
    )
    return replace(problem, pairs=stated_pairs(problem, work.case.settings.choice, work.lines))


def other_halves(work: Work, chosen: Chosen) -> dict[str, Any]:
    """Choose again on random halves of all futures, each from a seed of its own.

    ``common`` is the share of the segments of both choices that they have in common (Jaccard);
    ``segments`` how often each segment of the choice is chosen again.
    """
    from kachisuji.portfolios import Chooser

    count = work.draws.shape[0]
    problem = _on(work, np.arange(count), chosen)
    base = Chooser(problem)
    mine = {int(s) for s in problem.segment[chosen.valued.lines]}
    common, again = [], dict.fromkeys(mine, 0)
    if base.rows.size:
        base.master.solve()
    for seed in range(HALVES):
        half = np.random.default_rng([work.seed, seed]).permutation(count)[: count // 2]
        weights = np.zeros(count)
        weights[half] = 1.0 / half.size
        found = chosen.valued.lines[:0]
        if base.rows.size:
            found = base.again(weights).choose(5e-3, 0.0, chosen.valued.lines, 15).lines
        theirs = {int(s) for s in problem.segment[found]}
        union = mine | theirs
        common.append(len(mine & theirs) / len(union) if union else 1.0)
        for segment in mine & theirs:
            again[segment] += 1
    label = dict(zip(problem.segment.tolist(), work.lines["segment"], strict=True))
    return {
        "count": HALVES,
        "common": float(np.mean(common)),
        "least": float(np.min(common)),
        "segments": {str(label[s]): n / HALVES for s, n in sorted(again.items())},
    }


def gap_to_the_best(work: Work, chosen: Chosen) -> dict[str, Any]:
    """Confidence interval on how much better another portfolio could be, on the reporting half."""
    from kachisuji.portfolios import gap_interval

    report = Halves.of(work.draws.shape[0]).report
    batches = min(BATCHES, len(report) // 4)
    found = gap_interval(_on(work, report, chosen), chosen.valued.lines, batches=batches)
    return {
        "mean": found.mean,
        "upper": found.upper,
        "batches": found.batches,
        "odds": 0.95,
        "objective": chosen.valued.objective,
    }


def room_to_choose(work: Work, chosen: Chosen) -> dict[str, Any]:
    """Say how much freedom a committee has: what is nearly as good as the best portfolio.

    Lines as they fare alone, on the choosing half. ``saving`` is public money over all years that
    the cheapest of the others saves; ``out``, ``into`` and ``other`` are the segments that it
    leaves out, takes in, and plays by another line.
    """
    from kachisuji.portfolios import freedom

    if not chosen.valued.lines.size:
        return {"within": WITHIN, "count": 0}
    found = freedom(chosen.problem, chosen.valued, WITHIN, seconds=0.0)
    if not found.portfolios:
        return {"within": WITHIN, "count": 0}
    segment = work.lines["segment"].to_numpy()

    def of(lines: NDArray[np.int64]) -> set[str]:
        return {str(s) for s in segment[lines]}

    mine, cheap = chosen.valued.lines, found.cheapest
    moved = of(np.setdiff1d(mine, cheap)) & of(np.setdiff1d(cheap, mine))
    return {
        "within": WITHIN,
        "count": found.portfolios,
        "core": sorted(of(found.core)),
        "saving": found.saving,
        "out": sorted(of(mine) - of(cheap)),
        "into": sorted(of(cheap) - of(mine)),
        "other": sorted(moved),
        "shared": len(set(found.different.tolist()) & set(mine.tolist())),
        "lines": int(mine.size),
    }
