"""Growth against power: portfolios better in neither without being worse in the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.choosing import score
from kachisuji.portfolios.master import Master
from kachisuji.portfolios.problem import Problem, admissible

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Point:
    """A portfolio on the front: its lines, expected value and expected power."""

    lines: I8
    value: float
    power: float
    objective: float


def pareto_front(
    problem: Problem, points: int = 9, gap: float = 1e-3, seconds: float = 20.0
) -> list[Point]:
    """Return the front of expected value against expected power, from most value to most power.

    Augmented epsilon-constraint (Mavrotas 2009): maximise value plus a little power, subject to
    power at least ε, ε in even steps between the two ends; dominated points are dropped.
    """
    rows = np.flatnonzero(
        admissible(problem) | (problem.eligible & (problem.power > 0) & _fits_alone(problem))
    )
    if rows.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return [Point(nothing, 0.0, 0.0, score_or_zero(problem, nothing))]
    p = problem.subset(rows)
    value = p.value @ p.probability
    scale = np.abs(value).max() / max(1e-12, np.abs(p.power).max())

    def best(linear: F8, least: float | None) -> I8:
        master = Master(p, linear, 0.0)
        master.highs.changeColBounds(master.theta, 0.0, 0.0)
        if least is not None:
            master.require(p.power, least)
        return np.flatnonzero(master.solve(whole=True, gap=gap, seconds=seconds).x > 0.5)

    low = float(p.power[best(value + 1e-6 * scale * p.power, None)].sum())
    high = float(p.power[best(p.power + 1e-6 / scale * value, None)].sum())
    found: dict[tuple[int, ...], Point] = {}
    for least in np.linspace(low, high, points):
        slack = 1e-9 * max(1.0, abs(high))
        inside = best(value + 1e-6 * scale * p.power, float(least) - slack)
        lines = rows[inside]
        found[tuple(map(int, lines))] = Point(
            lines, float(value[inside].sum()), float(p.power[inside].sum()),
            score_or_zero(problem, lines),
        )  # fmt: skip
    return undominated(list(found.values()))


def score_or_zero(problem: Problem, lines: I8) -> float:
    """Objective under CVaR; expected value where risk is regret (which needs a benchmark)."""
    if problem.risk.measure == "cvar":
        return score(problem, lines)
    return float(problem.value[lines].sum(axis=0) @ problem.probability)


def _fits_alone(problem: Problem) -> NDArray[np.bool_]:
    need = np.maximum(problem.use, problem.sure)
    return np.asarray((need <= problem.limits * (1 + 1e-9)).all(axis=(1, 2)))


def undominated(points: list[Point]) -> list[Point]:
    """Keep points that no other matches in both and beats in one; ordered by falling value."""
    out: list[Point] = []
    for point in sorted(points, key=lambda q: (-q.value, -q.power)):
        if not out or point.power > out[-1].power + 1e-12:
            out.append(point)
    return out
