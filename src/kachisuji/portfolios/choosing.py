"""Choosing a portfolio: exact within a stated gap, and the best others near it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.master import Master, Solved, shadow_prices
from kachisuji.portfolios.objective import cvar_many, tail_weights
from kachisuji.portfolios.problem import Problem, admissible, check_any_fits

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
    """Cutting planes for the risk term, then branch and bound, until the gap is closed.

    The risk of a portfolio is a minimum of linear functions of its lines (objective.tail_weights;
    for regret one function a future). Cuts are added where the current solution is overrated, first
    on the relaxation, then on whole solutions.
    """

    def __init__(self, problem: Problem) -> None:
        self.rows = np.flatnonzero(admissible(problem))
        self.whole = problem
        self.problem = problem.subset(self.rows)
        risk = problem.risk
        self.best = best_by_future(self.problem) if risk.measure == "regret" else None
        linear = (1.0 - risk.weight) * (self.problem.value @ problem.probability)
        self.master = Master(self.problem, linear, risk.weight)
        self._cut_at(np.zeros(self.rows.size))

    def _cut_at(self, x: F8) -> float:
        """Add the cut that is tight at ``x`` and return the risk there."""
        p = self.problem
        totals = x @ p.value
        if p.risk.measure == "cvar":
            weights = tail_weights(totals, p.probability, p.risk.tail)
            slope = p.value @ weights
            self.master.cut(slope)
            return float(x @ slope)
        assert self.best is not None
        worst = int((self.best - totals).argmax())
        self.master.cut(p.value[:, worst], -float(self.best[worst]))
        return float(totals[worst] - self.best[worst])

    def _refine(self, *, whole: bool, gap: float, seconds: float, rounds: int) -> Solved:
        """Solve and cut until the solution is no longer overrated by more than the gap."""
        weight = self.problem.risk.weight
        linear = (1.0 - weight) * (self.problem.value @ self.problem.probability)
        for _ in range(rounds):
            solved = self.master.solve(whole=whole, gap=gap / 2, seconds=seconds)
            x = np.round(solved.x) if whole else solved.x
            truth = float(linear @ x) + weight * self._cut_at(x)
            if solved.objective - truth <= gap / 2 * max(1.0, abs(truth)):
                break
        return solved

    def choose(self, gap: float = 1e-3, seconds: float = 60.0) -> Choice:
        """Return the best portfolio within ``gap``.

        Raises
        ------
        InfeasibleError
            If the limits admit not a single line.
        """
        check_any_fits(self.whole)
        if self.rows.size == 0:
            return Choice(np.zeros(0, dtype=np.int64), self._empty(), self._empty(), 0.0)
        relaxed = self._refine(whole=False, gap=gap, seconds=seconds, rounds=40)
        binding = shadow_prices(self.master, relaxed)
        solved = self._refine(whole=True, gap=gap, seconds=seconds, rounds=20)
        lines = np.flatnonzero(solved.x > 0.5)
        value = score(self.problem, lines, self.best)
        bound = max(value, solved.bound)
        reduced = np.full(self.whole.segment.size, np.nan)
        reduced[self.rows] = relaxed.reduced_cost
        relative = (bound - value) / max(1.0, abs(value))
        return Choice(self.rows[lines], value, bound, relative, binding, reduced)

    def _empty(self) -> float:
        return score(self.problem, np.zeros(0, dtype=np.int64), self.best)


def choose(problem: Problem, gap: float = 1e-3, seconds: float = 60.0) -> Choice:
    """Return the best portfolio within ``gap`` (see ``Chooser``)."""
    return Chooser(problem).choose(gap, seconds)


def neighbours(problem: Problem, lines: I8, pool: I8) -> list[I8]:
    """Portfolios one step away: a line dropped, added, or changed for another of its segment."""
    out = [np.delete(lines, i) for i in range(lines.size)]
    owner = {int(problem.segment[line]): i for i, line in enumerate(lines)}
    for line in pool:
        if line in lines:
            continue
        place = owner.get(int(problem.segment[line]))
        kept = lines if place is None else np.delete(lines, place)
        out.append(np.sort(np.append(kept, line)))
    return out


def best_portfolios(problem: Problem, choice: Choice, count: int = 50) -> list[I8]:
    """Up to ``count`` different portfolios, best first: the choice and what search finds near it.

    Best-first from the choice over ``neighbours``; each keeps the limits and is valued exactly.
    Doing nothing is always among them. No proof that none better was missed beyond the choice
    itself, whose gap is stated.
    """
    best = best_by_future(problem) if problem.risk.measure == "regret" else None
    pool = np.flatnonzero(admissible(problem))
    pool = pool[np.argsort(-(problem.value[pool] @ problem.probability), kind="stable")][:400]
    found: dict[tuple[int, ...], float] = {}
    opened: set[tuple[int, ...]] = set()

    def look(candidates: list[I8]) -> None:
        fresh = [c for c in candidates if tuple(map(int, c)) not in found and problem.fits(c)]
        if not fresh:
            return
        totals = np.array([problem.value[c].sum(axis=0) for c in fresh])
        for c, value in zip(fresh, score_many(problem, totals, best), strict=True):
            found[tuple(map(int, c))] = float(value)

    look([np.sort(choice.lines), np.zeros(0, dtype=np.int64)])
    for _ in range(8):
        ranked = sorted(found, key=lambda k: (-found[k], k))
        ahead = [k for k in ranked[:count] if k not in opened][:4]
        if not ahead:
            break
        for key in ahead:
            opened.add(key)
            look(neighbours(problem, np.array(key, dtype=np.int64), pool))
    ranked = sorted(found, key=lambda k: (-found[k], k))[:count]
    if () not in ranked:
        ranked[-1] = ()
    return [np.array(k, dtype=np.int64) for k in ranked]
