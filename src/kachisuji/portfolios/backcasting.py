"""Back-casting: from a goal to the cheapest lines that reach it, or a proof that none do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.dominance import dominated
from kachisuji.portfolios.problem import Problem, fits_alone, linked
from kachisuji.portfolios.programme import Programme, infeasible, optimal, row
from kachisuji.portfolios.relaxation import INF
from kachisuji.portfolios.solving import solve
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
        How far the highest level that any portfolio found reaches with these odds stays below the
        target (0 where it is reached).
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
    that is proven impossible, the odds are maximised instead, and the level that is reached with
    the odds asked for: how far the best falls short.

    Parameters
    ----------
    problem
        Limits and groups; its values are not used. Its ``pairs`` are what lines of two segments add
        together to the measure of the goal.
    goal
        What is to be reached.
    cost
        (L,) cost of each line, not negative.
    gap, seconds
        For HiGHS, once for each of the questions.

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
    if problem.pairs:
        return _with_pairs(problem, goal, cost, gap, seconds)
    moves = (goal.gain != 0).any(axis=1)
    for rule in problem.rules:
        moves |= rule.weight > 0  # without it another line might not be allowed
    able = problem.eligible & fits_alone(problem) & moves
    same = replace(problem, value=goal.gain, power=-cost, eligible=able)
    rows = np.flatnonzero(able & ~dominated(same))
    programme = GoalProgramme(problem, goal, cost, rows)
    lines, bound, proven = programme.solve("cost", gap, seconds)
    none = np.zeros(0, dtype=np.int64)
    if lines is not None:  # what the solver's tolerance let pass is no proof
        proven = proven and goal.reached(lines, problem.probability) >= goal.odds - 1e-9
        return _told(goal, problem, lines, cost, bound, 1.0, 0.0, proven)
    best, most, sure = programme.solve("odds", gap, seconds)
    highest, level, known = programme.solve("level", gap, seconds)
    held = none if best is None else best
    far = none if highest is None else highest
    if goal.reached(held, problem.probability) <= 1e-12:
        held = far  # nothing is ever reached: show what comes nearest
    short = max(0.0, goal.target - max(goal.level(p, problem.probability) for p in (held, far)))
    told = np.inf if proven else bound
    # with these odds no portfolio gets as high as the target: a second proof of the same
    proven = (proven and sure) or (known and level < goal.target)
    return _told(goal, problem, held, cost, told, most, short, proven)


def _with_pairs(problem: Problem, goal: Goal, cost: F8, gap: float, seconds: float) -> Backcast:
    """Answer with every pair written out as a column that costs nothing."""
    n, pairs = cost.size, problem.pairs
    gain = np.vstack([goal.gain, *(pair.value[None, :] for pair in pairs)])
    whole, costs = replace(goal, gain=gain), np.append(cost, np.zeros(len(pairs)))
    found = backcast(linked(problem), whole, costs, gap=gap, seconds=seconds)
    lines = found.lines[found.lines < n]
    # where it reaches the goal without, the programme may leave out what a pair adds
    held = np.append(lines, [n + k for k, pair in enumerate(pairs) if pair.held(lines)])
    rows = held.astype(np.int64)
    odds, level = (f(rows, problem.probability) for f in (whole.reached, whole.level))
    return replace(found, lines=lines, odds=odds, level=level)


def _told(
    goal: Goal,
    problem: Problem,
    lines: I8,
    cost: F8,
    bound: float,
    most: float,
    short: float,
    proven: bool,
) -> Backcast:
    weights = problem.probability
    odds, level = goal.reached(lines, weights), goal.level(lines, weights)
    return Backcast(
        odds >= goal.odds - 1e-9, lines, float(cost[lines].sum()), bound, odds, max(most, odds),
        level, short, proven,
    )  # fmt: skip


class GoalProgramme:
    """The programme of a goal as HiGHS sees it: lines, futures let go, the level.

    The columns after lines and fields: one switch a future (1: it need not reach the level), and by
    how much the level stays below the target.
    """

    def __init__(self, problem: Problem, goal: Goal, cost: F8, rows: I8) -> None:
        self.rows, self.goal, self.cost = rows, goal, cost[rows]
        self.base, self.weights = Programme(problem.subset(rows)), problem.probability
        self.gain = goal.gain[rows]
        self.lower = self.base.own + self.weights.size

    def solve(
        self, aim: str, gap: float, seconds: float, nodes: int | None = None
    ) -> tuple[I8 | None, float, bool]:
        """Return lines (or None), the bound, and whether HiGHS finished.

        ``aim``: ``cost`` (least, the goal being reached), ``odds`` (most) or ``level`` (highest);
        ``nodes`` limits the branching.
        """
        highs = self._columns(aim)
        self._futures(highs)
        if aim != "odds":
            switches = self.base.own + np.arange(self.weights.size)
            row(highs, switches, self.weights, -INF, 1.0 - self.goal.odds + 1e-9)
        highs.setOptionValue("mip_rel_gap", gap)
        highs.setOptionValue("mip_feasibility_tolerance", 1e-9)  # a billionth of a line is none
        highs.setOptionValue("time_limit", seconds)
        if nodes is not None:
            highs.setOptionValue("mip_max_nodes", nodes)
        solve(highs)
        if infeasible(highs):
            return None, np.inf, True
        bound = float(highs.getInfo().mip_dual_bound)
        if aim == "odds":
            bound = 1.0 - bound
        elif aim == "level":
            bound = self.goal.target - bound
        lines = self.base.chosen(highs)
        return (None if lines is None else self.rows[lines]), bound, optimal(highs)

    def _columns(self, aim: str) -> Any:
        futures, own = self.weights.size, self.base.own
        costs, upper = np.zeros(self.lower + 1), np.ones(futures + 1)
        upper[-1] = INF if aim == "level" else 0.0
        if aim == "cost":
            costs[: self.cost.size] = self.cost
        elif aim == "odds":
            costs[own : self.lower] = self.weights
        else:
            costs[self.lower] = 1.0
        return self.base.build(costs, upper, np.arange(futures + 1) < futures)

    def _futures(self, highs: Any) -> None:
        """Every future reaches the level, or its switch lets it go."""
        short = self.goal.target - self.goal.base
        # what is missing at worst in a future, for the switch that lets it go
        worst = np.zeros(short.size)
        for g in range(int(self.base.group.max(initial=-1)) + 1):
            worst += np.minimum(0.0, self.gain[self.base.group == g].min(axis=0))
        slack = np.maximum(0.0, short - worst)
        for f in range(short.size):
            own = np.flatnonzero(self.gain[:, f])
            largest = float(np.abs(self.gain[own, f]).max(initial=0.0))
            scale = max(1e-12, largest, float(slack[f]))
            columns = np.concatenate([own, [self.base.own + f, self.lower]])
            values = np.concatenate([self.gain[own, f], [slack[f], 1.0]]) / scale
            row(highs, columns, values, short[f] / scale, INF)


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
        if now is not None and year <= now[0]:
            continue
        if goal.reached(np.array([line]), w) >= goal.odds - 1e-9:
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
    wins = path[:, -1] >= target - 1e-9 * max(1.0, abs(target))
    if not w[wins].sum() > 0:
        return []
    steps = []
    for t in range(years - 1, -1, -1):
        order = np.argsort(-path[wins, t], kind="stable")
        mass = np.cumsum(w[wins][order]) / w[wins].sum()
        at = min(int(np.searchsorted(mass, share - 1e-12)), order.size - 1)
        level = float(path[wins, t][order][at]) if t < years - 1 else float(target)
        passed = path[:, t] >= level if t < years - 1 else wins
        steps.append((t, level, float(w[wins & passed].sum() / w[passed].sum())))
    return steps
