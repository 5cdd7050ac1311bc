"""Choosing a portfolio: exact within a stated gap."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.climbing import Board
from kachisuji.portfolios.dominance import dominated
from kachisuji.portfolios.elastic import cannot_require
from kachisuji.portfolios.exact import branch
from kachisuji.portfolios.objective import cvar_many, odds_of
from kachisuji.portfolios.problem import (
    Problem,
    admissible,
    check_any_fits,
    fits_alone,
    linked,
)
from kachisuji.portfolios.relaxation import Relaxation, Relaxed
from kachisuji.portfolios.search import KICKS, Search
from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
NOTHING: I8 = np.zeros(0, dtype=np.int64)


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

    @property
    def empty(self) -> bool:
        """Whether doing nothing is the choice."""
        return not self.lines.size

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "lines": [int(i) for i in self.lines],
            "empty": self.empty,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "binding": [list(b) for b in self.binding],
        }


def best_by_future(problem: Problem) -> F8:
    """(F,) an upper bound on what any portfolio reaches in each future (its relaxation).

    Regret measured against it is never too small. Rules that doing nothing keeps count in it.
    """
    problem = linked(problem)
    rows = np.flatnonzero(admissible(problem))
    out = np.zeros(problem.value.shape[1])
    if not rows.size:
        return out
    relaxation = Relaxation(problem.subset(rows), aim=problem.value[rows, 0])
    for rule in relaxation.problem.rules:
        if rule.least <= 0:
            relaxation.require(rule.weight, rule.least, rule.name)
    for f in range(out.size):
        relaxation.aim(problem.value[rows, f])
        out[f] = max(0.0, relaxation.solve().value)
    return out


def score_many(problem: Problem, totals: F8, best: F8 | None = None) -> F8:
    """(N,) objective of portfolios whose values in the futures are ``totals`` (N, F).

    Regret is taken over the futures that have weight.
    """
    p, risk = problem.probability, problem.risk
    if risk.measure == "odds":
        return odds_of(totals, risk.threshold, p)
    mean = totals @ p
    if risk.measure == "cvar":
        bad = cvar_many(totals, p, risk.tail)
    else:
        assert best is not None
        bad = -(best[None, :] - totals)[:, p > 0].max(axis=1)
    return np.asarray((1.0 - risk.weight) * mean + risk.weight * bad)


def score(problem: Problem, rows: I8, best: F8 | None = None) -> float:
    """Objective of one portfolio."""
    return float(score_many(problem, problem.totals(rows)[None, :], best)[0])


class Chooser:
    """Relaxation with risk cuts, a good portfolio by search, branch and bound on what is left.

    The risk of a portfolio is a minimum of linear functions of its lines (objective.tail_weights;
    for regret one function a future), so cuts overrate it and the relaxation bounds every
    portfolio.

    Pairs are written out as columns behind the lines (``problem.linked``), which no answer names.

    Parameters
    ----------
    problem
        What is to be chosen from.
    least
        Where given, expected power must reach this.
    best
        (F,) benchmark of regret where it is known already (``best_by_future``).
    always
        Lines that stay in question even where they could not be in the best portfolio.
    """

    def __init__(
        self,
        problem: Problem,
        least: float | None = None,
        best: F8 | None = None,
        always: I8 = NOTHING,
    ) -> None:
        if problem.risk.measure == "odds":
            raise InputError("portfolios.odds_only")
        self.asked, problem = problem, linked(problem)
        keep = admissible(problem)
        if least is not None:  # a losing line may still be worth its power
            keep |= problem.eligible & fits_alone(problem) & (problem.power > 0)
        self.whole = problem
        keep &= ~dominated(problem)
        keep[always] = True
        self.rows = np.flatnonzero(keep)
        self.problem = problem.subset(self.rows)
        self.best = best
        if problem.risk.measure == "regret" and best is None:
            self.best = best_by_future(problem)
        self.master = Relaxation(self.problem, self.best)
        self._require_rules()
        if least is not None:
            self.master.require(self.problem.power, least)

    def _require_rules(self) -> None:
        for rule in self.problem.rules:
            self.master.require(rule.weight, rule.least, rule.name)

    def again(self, weights: F8) -> Chooser:
        """Return a chooser for the same lines under other weights of the futures (F,).

        It begins where this one stands; requirements beside the problem's rules are not taken over.
        """
        other = object.__new__(Chooser)
        other.asked, other.whole = self.asked, replace(self.whole, weights=weights)
        other.rows, other.best = self.rows, self.best
        other.problem = replace(self.problem, weights=weights)
        other.master = Relaxation(other.problem, self.best, like=self.master)
        other._require_rules()
        return other

    def choose(
        self,
        gap: float = 1e-3,
        seconds: float = 60.0,
        start: I8 | None = None,
        kicks: int = KICKS,
    ) -> Choice:
        """Return the best portfolio within ``gap``, or what the time allows with its gap.

        Parameters
        ----------
        gap
            Relative gap between objective and bound.
        seconds
            Time for branch and bound; 0 for search alone, under the bound of the relaxation.
        start
            Rows of a portfolio to begin from.
        kicks
            How often the search starts over; 0 for a quick climb.

        Raises
        ------
        InfeasibleError
            If the limits admit not a single line, or what is required cannot be had.
        """
        check_any_fits(self.asked)
        if self.rows.size == 0:
            empty = score(self.problem, NOTHING, self.best)
            return Choice(NOTHING, empty, empty, 0.0)
        relaxed = self.master.solve(precision=min(1e-3, 0.2 * gap))
        search = Search(self._board(), relaxed.reduced)
        lines = self._begin(search, relaxed, start, kicks)
        proof = branch(
            self.master, relaxed, lines, self._worth, lambda s: search.run(s, 0),
            gap=gap, seconds=seconds,
        )  # fmt: skip
        if proof.value == -np.inf:
            raise cannot_require(self.master)
        return self._choice(relaxed, proof.lines, proof.value, proof.bound)

    def _begin(self, search: Search, relaxed: Relaxed, start: I8 | None, kicks: int) -> I8:
        """Return the best portfolio that search finds from what is at hand."""
        order = np.argsort(-relaxed.x, kind="stable")
        starts = [order[relaxed.x[order] > 1e-6]]
        if start is not None:
            starts.insert(0, np.flatnonzero(np.isin(self.rows, start)))
        found = [NOTHING, *starts[:-1]]
        if self._hard():
            found += self._toward(relaxed, starts[-1])
            starts = [max(found, key=self._worth)]
        found += [search.run(s, kicks) for s in starts]
        return max(found, key=self._worth)

    def _hard(self) -> list[int]:
        """Places of requirements that nothing chosen would break, but for one line of a set."""
        return [
            k
            for k, (w, least) in enumerate(self.master.extra)
            if least > 0 and not (least == 1.0 and np.isin(w, (0.0, 1.0)).all())
        ]

    def _toward(self, relaxed: Relaxed, start: I8) -> list[I8]:
        """Portfolios found with the requirements priced in instead of required."""
        board, found = self._board(hard=False), []
        scale = float(np.abs(self.master.linear).max(initial=0.0))
        for push in (1.0, 2.0, 4.0, 16.0, 256.0):
            value = board.value
            for k in self._hard():
                weight, price = self.master.extra[k][0], relaxed.extra[k]
                least = 1e-3 * scale / max(float(np.abs(weight).max()), 1e-12)
                value = value + push * max(price, least) * weight[:, None]
            search = Search(board._replace(value=value), relaxed.reduced)
            found.append(search.run(start, 0))
            if self._worth(found[-1]) > -np.inf:
                break
        return found

    def _choice(self, relaxed: Relaxed, lines: I8, value: float, bound: float) -> Choice:
        own = self.asked.segment.size
        reduced = np.full(self.whole.segment.size, np.nan)
        reduced[self.rows] = relaxed.reduced
        held = np.sort(self.rows[lines])
        relative = (bound - value) / max(1.0, abs(value))
        binding = shadow_prices(self.master, relaxed)
        return Choice(held[held < own], value, bound, relative, binding, reduced[:own])

    def _board(self, hard: bool = True) -> Board:
        """Return what the search needs; a required line earns a bonus that keeps it in.

        A bonus in every future shifts mean and risk alike, so it changes no comparison between
        portfolios that hold one required line; it is left out where values are told.
        """
        p, master = self.problem, self.master
        fields = np.full(master.segments.size, -1, dtype=np.int64)
        counted = np.where(p.field > 0, np.searchsorted(master.fields, p.field), -1)
        fields[master.group] = counted
        value, load, room = p.value, master.a, master.right
        for weight, least in master.extra:
            if least == 1.0 and np.isin(weight, (0.0, 1.0)).all():
                bonus = 10.0 * float(np.abs(p.value).max())
                value = value + bonus * weight[:, None]
            elif hard or least <= 0:
                load = np.column_stack([load, -weight])
                room = np.append(room, -least)
        best = np.zeros(0) if self.best is None else self.best
        return Board(
            value, np.ascontiguousarray(load), room, master.group.astype(np.int64), fields,
            p.max_fields, p.probability, best, p.risk.tail, p.risk.weight,
        )  # fmt: skip

    def _worth(self, lines: I8) -> float:
        for weight, least in self.master.extra:
            if weight[lines].sum() < least - 1e-9 * max(1.0, abs(least)):
                return -np.inf
        if not self.problem.fits(lines):
            return -np.inf
        return score(self.problem, lines, self.best)


def shadow_prices(master: Relaxation, relaxed: Relaxed) -> list[tuple[str, int, str, float]]:
    """(item, year, in expectation or surely, value of one more unit) of every limit that binds."""
    p, out = master.problem, []
    for (k, t, kind), price in zip(master.keys, relaxed.price, strict=True):
        if price > 1e-9:
            unit = float(p.limits[k, t]) if p.limits[k, t] > 0 else 1.0
            out.append((p.items[k], p.years[t], kind, float(price) / unit))
    return sorted(out, key=lambda r: -r[3])


def choose(problem: Problem, gap: float = 1e-3, seconds: float = 60.0) -> Choice:
    """Return the best portfolio within ``gap`` (see ``Chooser``; of odds ``satisficing``)."""
    if problem.risk.measure == "odds":
        from kachisuji.portfolios.satisficing import choose_satisficing  # it chooses by tails first

        return choose_satisficing(problem, gap)
    return Chooser(problem).choose(gap, seconds)
