"""Growth against power: portfolios better in neither without being worse in the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.choosing import Chooser, choose, score
from kachisuji.portfolios.problem import Problem, Risk

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
    problem: Problem, points: int = 9, gap: float = 5e-3, seconds: float = 20.0
) -> list[Point]:
    """Return the front of expected value against expected power, from most value to most power.

    Epsilon-constraint (Haimes, Lasdon and Wismer 1971): the most value subject to power at least
    ε, in even steps between the two ends, each within ``gap``; dominated points are dropped.
    """
    # only means count here, so one column of them takes the place of all futures
    mean = problem.value @ problem.probability
    plain = Risk("cvar", 1.0, 0.0)
    pairs = tuple(replace(q, value=q.value @ problem.probability[:, None]) for q in problem.pairs)
    even = replace(problem, value=mean[:, None], weights=np.ones(1), risk=plain, pairs=pairs)
    growth = choose(even, gap, seconds)
    power = choose(replace(even, value=problem.power[:, None], pairs=()), gap, seconds)
    low, high = (float(problem.power[c.lines].sum()) for c in (growth, power))
    found: dict[tuple[int, ...], Point] = {}
    start = power.lines  # feasible at every lower step
    for least in np.linspace(high, low, points):
        slack = 1e-9 * max(1.0, abs(high))
        start = Chooser(even, float(least) - slack).choose(gap, seconds, start, kicks=20).lines
        for lines in (start, growth.lines, power.lines):
            found[tuple(map(int, lines))] = Point(
                lines,
                float(problem.totals(lines) @ problem.probability),
                float(problem.power[lines].sum()),
                score_or_zero(problem, lines),
            )
    return undominated(list(found.values()))


def score_or_zero(problem: Problem, lines: I8) -> float:
    """Objective under CVaR; expected value where risk is regret (which needs a benchmark)."""
    if problem.risk.measure == "cvar":
        return score(problem, lines)
    return float(problem.totals(lines) @ problem.probability)


def undominated(points: list[Point]) -> list[Point]:
    """Keep points that no other matches in both and beats in one; ordered by falling value."""
    out: list[Point] = []
    for point in sorted(points, key=lambda q: (-q.value, -q.power)):
        if not out or point.power > out[-1].power + 1e-12:
            out.append(point)
    return out
