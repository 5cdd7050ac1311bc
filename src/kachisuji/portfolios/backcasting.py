"""Back-casting: from a goal to the cheapest lines that reach it, or a proof that none do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.problem import Problem, fits_alone
from kachisuji.portfolios.relaxation import INF, limit_rows, quiet
from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Goal:
    """A level that a measure must reach with given odds.

    Attributes
    ----------
    base
        (F,) the measure without any line.
    gain
        (L, F) what each line adds to it.
    target
        The level.
    odds
        Share of futures in which it must be reached.
    """

    base: F8
    gain: F8
    target: float
    odds: float

    def reached(self, lines: I8, weights: F8) -> float:
        """Share of futures in which the lines together reach the target."""
        level = self.base + self.gain[lines].sum(axis=0)
        return float(weights[level >= self.target - 1e-9 * max(1.0, abs(self.target))].sum())

    def level(self, lines: I8, weights: F8) -> float:
        """Highest level that the lines reach with the odds asked for."""
        level = self.base + self.gain[lines].sum(axis=0)
        order = np.argsort(-level, kind="stable")
        mass = np.cumsum(weights[order])
        return float(level[order][int(np.searchsorted(mass, self.odds - 1e-12))])


@dataclass(frozen=True)
class Backcast:
    """What a goal takes.

    Attributes
    ----------
    reached
        Whether some portfolio reaches the goal.
    lines
        The cheapest that does; otherwise the one with the best odds found.
    cost, bound
        Its cost, and what no portfolio that reaches the goal stays below.
    odds, best_odds
        Its odds, and odds that no portfolio exceeds (a proof where it is below what was asked).
    level
        Level that it reaches with the odds asked for.
    short
        How far that stays below the target (0 where it is reached).
    proven
        Whether the answer is proven: the cost within the gap, or that no portfolio does it.
    """

    reached: bool
    lines: I8
    cost: float
    bound: float
    odds: float
    best_odds: float
    level: float
    short: float
    proven: bool


def backcast(
    problem: Problem, goal: Goal, cost: F8, *, gap: float = 1e-3, seconds: float = 60.0
) -> Backcast:
    """Find the cheapest portfolio that reaches a goal within the limits.

    ``min cost·x`` subject to the limits, one line a segment, the number of fields, and
    ``base_f + gain_f·x ≥ target`` in futures of weight at least ``odds`` (a whole-number variable a
    future; Luedtke, Ahmed and Nemhauser 2010, Mathematical Programming 122, for the setting). If
    that is proven impossible, the odds are maximised instead.

    Parameters
    ----------
    problem
        Limits and groups; its values are not used.
    goal
        What is to be reached.
    cost
        (L,) cost of each line, not negative.
    gap, seconds
        For HiGHS, once for each of the two questions.

    Raises
    ------
    InputError
        If shapes differ, or odds or costs are out of range.
    """
    n, futures = problem.value.shape
    if goal.gain.shape != (n, futures) or goal.base.shape != (futures,) or cost.shape != (n,):
        raise InputError("portfolios.shape", what="gain", got=goal.gain.shape, want=(n, futures))
    if not 0.0 < goal.odds <= 1.0 or (cost < 0).any():
        raise InputError("portfolios.bad_goal", odds=goal.odds)
    able = problem.eligible & fits_alone(problem) & (goal.gain != 0).any(axis=1)
    rows = np.flatnonzero(able)
    weights = problem.probability
    lines, bound, proven = _solve(problem, goal, cost, rows, "cost", gap, seconds)
    if lines is not None:
        return _told(goal, weights, lines, cost, bound, 1.0, proven)
    best, most, sure = _solve(problem, goal, cost, rows, "odds", gap, seconds)
    held = np.zeros(0, dtype=np.int64) if best is None else best
    return _told(goal, weights, held, cost, np.inf if proven else bound, most, proven and sure)


def _told(
    goal: Goal, weights: F8, lines: I8, cost: F8, bound: float, most: float, proven: bool
) -> Backcast:
    odds, level = goal.reached(lines, weights), goal.level(lines, weights)
    return Backcast(
        odds >= goal.odds - 1e-9, lines, float(cost[lines].sum()), bound, odds, max(most, odds),
        level, max(0.0, goal.target - level), proven,
    )  # fmt: skip


def _solve(
    problem: Problem, goal: Goal, cost: F8, rows: I8, aim: str, gap: float, seconds: float
) -> tuple[I8 | None, float, bool]:
    """Return lines (or None), the bound, and whether HiGHS finished."""
    part = problem.subset(rows)
    gain, weights = goal.gain[rows], problem.probability
    n, futures = gain.shape
    segments, group = np.unique(part.segment, return_inverse=True)
    fields = np.unique(part.field[part.field > 0])
    short = goal.target - goal.base
    # what is still missing in the worst case of a future, for the switch that lets it go
    worst = np.zeros(futures)
    for g in range(segments.size):
        worst += np.minimum(0.0, gain[group == g].min(axis=0))
    slack = np.maximum(0.0, short - worst)
    highs = quiet()
    if aim == "cost":
        objective = np.concatenate([cost[rows], np.zeros(fields.size + futures)])
    else:
        objective = np.concatenate([np.zeros(n + fields.size), -weights])
    width, empty = objective.size, np.zeros(0, dtype=np.int32)
    highs.addCols(width, objective, np.zeros(width), np.ones(width), 0, empty, empty, np.zeros(0))
    kinds = np.full(width, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
    highs.changeColsIntegrality(width, np.arange(width, dtype=np.int32), kinds)

    def row(columns: NDArray[np.int64], values: F8, low: float, high: float) -> None:
        highs.addRow(low, high, columns.size, columns.astype(np.int32), values)

    for g in range(segments.size):
        own = np.flatnonzero(group == g)
        f = int(part.field[own[0]])
        if f > 0:
            place = n + int(np.searchsorted(fields, f))
            row(np.append(own, place), np.append(np.ones(own.size), -1.0), -INF, 0.0)
        else:
            row(own, np.ones(own.size), -INF, 1.0)
    if fields.size:
        row(n + np.arange(fields.size), np.ones(fields.size), -INF, float(part.max_fields))
    limits, right, _ = limit_rows(part)
    for k in range(limits.shape[1]):
        used = np.flatnonzero(limits[:, k])
        row(used, limits[used, k], -INF, float(right[k]))
    for f in range(futures):
        own = np.flatnonzero(gain[:, f])
        scale = max(1e-12, float(np.abs(gain[own, f]).max(initial=0.0)), float(slack[f]))
        columns = np.append(own, n + fields.size + f)
        values = np.append(gain[own, f], -slack[f]) / scale
        row(columns, values, (short[f] - slack[f]) / scale, INF)
    if aim == "cost":
        row(n + fields.size + np.arange(futures), weights, goal.odds - 1e-9, INF)
    highs.setOptionValue("mip_rel_gap", gap)
    highs.setOptionValue("time_limit", seconds)
    highs.run()
    status, solution = highs.getModelStatus(), highs.getSolution()
    finished = status == highspy.HighsModelStatus.kOptimal
    if status == highspy.HighsModelStatus.kInfeasible:
        return None, np.inf, True
    bound = float(highs.getInfo().mip_dual_bound)
    bound = bound if aim == "cost" else min(1.0, -bound)
    if not solution.value_valid:
        return None, bound, False
    return rows[np.asarray(solution.col_value)[:n] > 0.5], bound, finished


def last_moments(
    goal: Goal, family: Sequence[object], start: Sequence[int], weights: F8 | None = None
) -> dict[object, tuple[int, int] | None]:
    """Latest start with which each family of lines reaches the goal by itself.

    Parameters
    ----------
    goal
        What is to be reached.
    family
        (L,) what the lines have in common but for their start and strength.
    start
        (L,) year in which each begins.
    weights
        (F,) of the futures; even by default.

    Returns
    -------
    dict
        family -> (latest year, line), or None where no start does.
    """
    futures = goal.base.size
    w = np.full(futures, 1.0 / futures) if weights is None else weights
    out: dict[object, tuple[int, int] | None] = dict.fromkeys(family)
    for line, (name, year) in enumerate(zip(family, start, strict=True)):
        now = out[name]
        if (now is None or year > now[0]) and goal.reached(np.array([line]), w) >= goal.odds:
            out[name] = (int(year), line)
    return out


def milestones(
    path: F8, target: float, weights: F8 | None = None, share: float = 0.9
) -> list[tuple[int, float, float]]:
    """Dated steps on the way to a goal, counted back from the last year.

    Parameters
    ----------
    path
        (F, T) the measure by year under the chosen lines.
    target
        To be reached in the last year.
    weights
        (F,) of the futures; even by default.
    share
        Share of the futures that succeed which had passed a step by its year.

    Returns
    -------
    list of (year index, level, odds)
        From the last year to the first: the level, and the odds of success of a future that has
        passed it. Empty where no future succeeds.
    """
    futures, years = path.shape
    w = np.full(futures, 1.0 / futures) if weights is None else weights
    wins = path[:, -1] >= target
    if not w[wins].sum() > 0:
        return []
    steps = []
    for t in range(years - 1, -1, -1):
        order = np.argsort(-path[wins, t], kind="stable")
        mass = np.cumsum(w[wins][order]) / w[wins].sum()
        at = min(int(np.searchsorted(mass, share - 1e-12)), order.size - 1)
        level = float(path[wins, t][order][at]) if t < years - 1 else float(target)
        passed = path[:, t] >= level
        steps.append((t, level, float(w[wins & passed].sum() / w[passed].sum())))
    return steps
