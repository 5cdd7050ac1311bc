"""Choosing a portfolio: exact within a stated gap, and the best others near it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.master import Master, Solved, shadow_prices
from kachisuji.portfolios.objective import cvar_many, tail_weights
from kachisuji.portfolios.problem import Problem, admissible, check_any_fits, fits_alone

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Choice:
    """A chosen portfolio.

    Attributes
    ----------
    lines
        Rows of the chosen lines; empty means that doing nothing is best.
    objective
        ``(1−λ)·mean + λ·risk`` of the portfolio.
    bound
        No portfolio can exceed it.
    gap
        ``(bound − objective)/max(1, |objective|)``.
    binding
        (item, year, in expectation or surely, shadow price) of the relaxation.
    reduced_cost
        (L,) what forcing a line in costs at the margin of the relaxation (≤ 0; NaN where the line
        was ruled out beforehand).
    """

    lines: I8
    objective: float
    bound: float
    gap: float
    binding: list[tuple[str, int, str, float]] = field(default_factory=list)
    reduced_cost: F8 = field(default_factory=lambda: np.zeros(0))

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "lines": [int(i) for i in self.lines],
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "binding": [list(b) for b in self.binding],
        }


def best_by_future(problem: Problem) -> F8:
    """(F,) an upper bound on what any portfolio reaches in each future (its relaxation)."""
    out = np.zeros(problem.value.shape[1])
    for f in range(out.size):
        out[f] = Master(problem, problem.value[:, f], 0.0).solve(whole=False).objective
    return out


def score_many(problem: Problem, totals: F8, best: F8 | None = None) -> F8:
    """(N,) objective of portfolios whose values in the futures are ``totals`` (N, F)."""
    p, risk = problem.probability, problem.risk
    mean = totals @ p
    if risk.measure == "cvar":
        bad = cvar_many(totals, p, risk.tail)
    else:
        assert best is not None
        bad = -(best[None, :] - totals).max(axis=1)
    return np.asarray((1.0 - risk.weight) * mean + risk.weight * bad)


def score(problem: Problem, rows: I8, best: F8 | None = None) -> float:
    """Objective of one portfolio."""
    total = problem.value[rows].sum(axis=0)[None, :]
    return float(score_many(problem, total, best)[0])


class Chooser:
    """Relaxation with risk cuts, a good portfolio by search, and branch and bound on what is left.

    The risk of a portfolio is a minimum of linear functions of its lines (objective.tail_weights;
    for regret one function a future), so cuts overrate it and the relaxation bounds every
    portfolio. A line whose reduced cost would take the bound below the best portfolio known cannot
    be in a better one, and is dropped: an optimum is kept. Branch and bound sees only the rest.

    Parameters
    ----------
    problem
        What is to be chosen from.
    least
        Where given, expected power must reach this.
    """

    def __init__(self, problem: Problem, least: float | None = None) -> None:
        keep = admissible(problem)
        if least is not None:  # a losing line may still be worth its power
            keep |= problem.eligible & fits_alone(problem) & (problem.power > 0)
        self.rows = np.flatnonzero(keep)
        self.whole, self.least = problem, least
        self.problem = problem.subset(self.rows)
        risk = problem.risk
        self.best = best_by_future(self.problem) if risk.measure == "regret" else None
        self.linear = (1.0 - risk.weight) * (self.problem.value @ self.problem.probability)
        self.cuts: list[tuple[F8, float]] = []
        self.master = self._master(self.problem)
        self._cut_at(np.zeros(self.rows.size))

    def _master(self, problem: Problem, kept: I8 | None = None) -> Master:
        linear = self.linear if kept is None else self.linear[kept]
        master = Master(problem, linear, self.problem.risk.weight)
        if self.least is not None:
            master.require(problem.power, self.least)
        for slope, constant in self.cuts:
            master.cut(slope if kept is None else slope[kept], constant)
        return master

    def _slope(self, x: F8) -> tuple[F8, float]:
        """Slope and constant of the cut that is tight at ``x``."""
        p = self.problem
        totals = x @ p.value
        if p.risk.measure == "cvar":
            return p.value @ tail_weights(totals, p.probability, p.risk.tail), 0.0
        assert self.best is not None
        worst = int((self.best - totals).argmax())
        return p.value[:, worst], -float(self.best[worst])

    def _cut_at(self, x: F8) -> float:
        """Add the cut that is tight at ``x`` and return the risk there."""
        slope, constant = self._slope(x)
        self.cuts.append((slope, constant))
        self.master.cut(slope, constant)
        return float(x @ slope) + constant

    def _relax(self, gap: float, seconds: float, rounds: int = 60) -> Solved:
        weight = self.problem.risk.weight
        for _ in range(rounds):
            solved = self.master.solve(whole=False, seconds=seconds)
            truth = float(self.linear @ solved.x) + weight * self._cut_at(solved.x)
            if solved.objective - truth <= 0.2 * gap * max(1.0, abs(truth)):
                break
        return solved

    def _search(self, relaxed: Solved, start: I8 | None) -> I8:
        """Find a good portfolio: round the relaxation greedily, then climb."""
        p = self.problem
        chosen = np.zeros(0, dtype=np.int64)
        if start is not None:
            chosen = np.flatnonzero(np.isin(self.rows, start))
        else:
            for line in np.argsort(-relaxed.x, kind="stable"):
                if relaxed.x[line] <= 1e-6:
                    break
                trial = np.append(chosen, line)
                if p.fits(trial):
                    chosen = trial
        pool = np.flatnonzero(relaxed.reduced_cost > -0.05 * max(1.0, abs(relaxed.objective)))
        return climb(p, np.sort(chosen), pool, self.best, self.least)

    def choose(self, gap: float = 1e-3, seconds: float = 60.0, start: I8 | None = None) -> Choice:
        """Return the best portfolio within ``gap``.

        Raises
        ------
        InfeasibleError
            If the limits admit not a single line.
        """
        check_any_fits(self.whole)
        if self.rows.size == 0:
            empty = score(self.problem, np.zeros(0, dtype=np.int64), self.best)
            return Choice(np.zeros(0, dtype=np.int64), empty, empty, 0.0)
        relaxed = self._relax(gap, seconds)
        binding = shadow_prices(self.master, relaxed)
        lines = self._search(relaxed, start)
        value, bound = self._value(lines), relaxed.objective
        if bound - value > gap * max(1.0, abs(value)):
            lines, value, bound = self._branch(relaxed, lines, value, gap, seconds)
        reduced = np.full(self.whole.segment.size, np.nan)
        reduced[self.rows] = relaxed.reduced_cost
        bound = max(value, bound)
        relative = (bound - value) / max(1.0, abs(value))
        return Choice(self.rows[lines], value, bound, relative, binding, reduced)

    def _value(self, lines: I8) -> float:
        if self.least is not None and self.problem.power[lines].sum() < self.least - 1e-9:
            return -np.inf
        return score(self.problem, lines, self.best)

    def _branch(
        self, relaxed: Solved, lines: I8, value: float, gap: float, seconds: float
    ) -> tuple[I8, float, float]:
        """Branch and bound over the lines that reduced costs do not rule out."""
        able = relaxed.objective + relaxed.reduced_cost > value
        able[lines] = True
        kept = np.flatnonzero(able)
        small = self.problem.subset(kept)
        self.master = self._master(small, kept)
        bound = relaxed.objective
        deadline = time.monotonic() + seconds
        for _ in range(20):
            left = max(1.0, deadline - time.monotonic())
            solved = self.master.solve(whole=True, gap=0.5 * gap, seconds=left)
            found = kept[solved.x > 0.5]
            better = self._value(found)
            if better > value:
                lines, value = found, better
            bound = min(bound, max(solved.bound, value))
            if bound - value <= gap * max(1.0, abs(value)) or time.monotonic() > deadline:
                break
            x = np.zeros(self.rows.size)
            x[found] = 1.0
            slope, constant = self._slope(x)
            self.master.cut(slope[kept], constant)
        return lines, value, bound


def choose(problem: Problem, gap: float = 1e-3, seconds: float = 60.0) -> Choice:
    """Return the best portfolio within ``gap`` (see ``Chooser``)."""
    return Chooser(problem).choose(gap, seconds)


def _moves(problem: Problem, lines: I8, pool: I8) -> tuple[I8, I8]:
    """List the steps from a portfolio: (line in or −1, line out or −1).

    Every line dropped, and every line of the pool let in: alone, in place of its segment's line,
    or, where its segment is not held, in place of any one line.
    """
    owner = {int(problem.segment[line]): int(line) for line in lines}
    into, out = [-1] * lines.size, [int(i) for i in lines]
    inside = set(out)
    for line in pool:
        if int(line) in inside:
            continue
        own = owner.get(int(problem.segment[line]))
        for leaves in [own] if own is not None else [-1, *map(int, lines)]:
            into.append(int(line))
            out.append(leaves)
    return np.array(into, dtype=np.int64), np.array(out, dtype=np.int64)


def _padded(table: F8, rows: I8) -> F8:
    """Rows of a table, zero where the row is −1."""
    got = table[np.maximum(rows, 0)]
    got[rows < 0] = 0.0
    return got


def _allowed(problem: Problem, lines: I8, into: I8, out: I8, least: float | None) -> F8:
    """Which steps keep the limits, the number of fields and the least power."""
    room = problem.limits * (1 + 1e-9) + 1e-9
    good = np.ones(into.size, dtype=bool)
    for table in (problem.use, problem.sure):
        after = table[lines].sum(axis=0) + _padded(table, into) - _padded(table, out)
        good &= (after <= room).all(axis=(1, 2))
    held = problem.field[lines]
    names, counts = np.unique(held[held > 0], return_counts=True)
    number = dict(zip(names.tolist(), counts.tolist(), strict=True))
    for i in np.flatnonzero(good):
        came = int(problem.field[into[i]]) if into[i] >= 0 else 0
        left = int(problem.field[out[i]]) if out[i] >= 0 else 0
        fields = len(names) + (came > 0 and came not in number)
        fields -= left > 0 and left != came and number[left] == 1
        good[i] = fields <= problem.max_fields
    if least is not None:
        power = problem.power[lines].sum() + _padded(problem.power, into)
        good &= power - _padded(problem.power, out) >= least - 1e-9
    return good


def step_scores(problem: Problem, lines: I8, into: I8, out: I8, best: F8 | None) -> F8:
    """(N,) objective after each step (line in, line out; −1 for none)."""
    total = problem.value[lines].sum(axis=0)
    after = total + _padded(problem.value, into) - _padded(problem.value, out)
    return score_many(problem, after, best)


def _step(lines: I8, into: int, out: int) -> I8:
    kept = lines[lines != out] if out >= 0 else lines
    return np.sort(np.append(kept, into)) if into >= 0 else kept


def climb(
    problem: Problem, lines: I8, pool: I8, best: F8 | None = None, least: float | None = None
) -> I8:
    """Improve a portfolio step by step until no single step helps."""
    now = float(step_scores(problem, lines, np.array([-1]), np.array([-1]), best)[0])
    for _ in range(200):
        into, out = _moves(problem, lines, pool)
        good = np.flatnonzero(_allowed(problem, lines, into, out, least))
        if good.size == 0:
            break
        scores = step_scores(problem, lines, into[good], out[good], best)
        top = int(scores.argmax())
        if scores[top] <= now + 1e-9 * max(1.0, abs(now)):
            break
        lines, now = _step(lines, int(into[good[top]]), int(out[good[top]])), float(scores[top])
    return lines


def best_portfolios(problem: Problem, choice: Choice, count: int = 50) -> list[I8]:
    """Up to ``count`` different portfolios, best first: the choice and what search finds near it.

    Best-first from the choice over single steps; each keeps the limits and is valued exactly.
    Doing nothing is always among them. No proof that none better was missed beyond the choice
    itself, whose gap is stated.
    """
    best = best_by_future(problem) if problem.risk.measure == "regret" else None
    pool = np.flatnonzero(admissible(problem))
    pool = pool[np.argsort(-(problem.value[pool] @ problem.probability), kind="stable")][:400]
    start, none = tuple(map(int, np.sort(choice.lines))), np.array([-1])
    found = {
        start: float(step_scores(problem, np.array(start, dtype=np.int64), none, none, best)[0])
    }
    found[()] = score(problem, np.zeros(0, dtype=np.int64), best)
    opened: set[tuple[int, ...]] = set()
    for _ in range(24):
        ranked = sorted(found, key=lambda k: (-found[k], k))[:count]
        ahead = next((k for k in ranked if k not in opened), None)
        if ahead is None:
            break
        opened.add(ahead)
        lines = np.array(ahead, dtype=np.int64)
        into, out = _moves(problem, lines, pool)
        good = np.flatnonzero(_allowed(problem, lines, into, out, None))
        scores = step_scores(problem, lines, into[good], out[good], best)
        for i in np.argsort(-scores, kind="stable")[:count]:
            step = _step(lines, int(into[good[i]]), int(out[good[i]]))
            found.setdefault(tuple(map(int, step)), float(scores[i]))
    ranked = sorted(found, key=lambda k: (-found[k], k))[:count]
    if () not in ranked:
        ranked[-1] = ()
    return [np.array(k, dtype=np.int64) for k in ranked]
