"""The relaxation: lines as fractions. Columns, limits and risk cuts enter only when they matter.

``max Σ_l c_l x_l + λθ`` subject to at most one line a segment and only in a field that is entered,
the number of fields, the limits, further rows, and ``θ ≤ k_j + Σ_l g_jl x_l`` for every cut. Of
20,000 lines a few hundred ever have a positive reduced cost, and of 150 limits a few bind: the
programme starts small and grows until no line, no limit and no cut is left that would change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.climbing import products
from kachisuji.portfolios.objective import tail_weights
from kachisuji.portfolios.problem import Problem, needed
from kachisuji.words import RunError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
INF = highspy.kHighsInf
TOLERANCE = 1e-7
CARRIED = 12  # cuts that a relaxation takes over from one like it


@dataclass(frozen=True)
class Relaxed:
    """An optimum of the relaxation.

    Attributes
    ----------
    x
        (L,) fractions.
    value
        Optimal value; no portfolio exceeds it.
    reduced
        (L,) reduced cost, at most zero: a portfolio that holds line l is worth at most
        ``value + reduced[l]``.
    price
        (R,) what a unit of each limit row is worth (in units of the scaled row).
    extra
        What a unit of each further requirement costs.
    """

    x: F8
    value: float
    reduced: F8
    price: F8
    extra: tuple[float, ...] = ()


def quiet(threads: int = 1) -> Any:
    """Return a HiGHS that prints nothing and does the same every time."""
    highs: Any = highspy._Highs()  # type: ignore[attr-defined]  # Highs prints a banner
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("log_to_console", False)
    highs.setOptionValue("threads", threads)
    highs.setOptionValue("random_seed", 0)
    return highs


def limit_rows(problem: Problem) -> tuple[F8, F8, list[tuple[int, int, str]]]:
    """Limits as rows ``a·x ≤ 1`` (``≤ 0`` where nothing may be used).

    A row in expectation is left out where the sure row implies it, and any row that no choice of
    one line a segment could break.

    Returns
    -------
    tuple
        ``a`` (L, R), right-hand sides (R,), and (item, year, "use" or "sure") of each row.
    """
    most = np.zeros(problem.limits.shape)
    need = needed(problem)
    for s in np.unique(problem.segment):
        most += np.maximum(0.0, need[problem.segment == s].max(axis=0))
    rows, keys, right = [], [], []
    for k, t in np.argwhere(most > problem.limits):
        scale = float(problem.limits[k, t]) if problem.limits[k, t] > 0 else 1.0
        use, sure = problem.use[:, k, t], problem.sure[:, k, t]
        kinds = ["sure"] if (use <= sure).all() else ["use"] if (sure <= use).all() else [
            "use", "sure"]  # fmt: skip
        for kind in kinds:
            rows.append((use if kind == "use" else sure) / scale)
            right.append(float(problem.limits[k, t]) / scale)
            keys.append((int(k), int(t), kind))
    a = np.array(rows).T if rows else np.zeros((problem.segment.size, 0))
    return np.ascontiguousarray(a), np.array(right), keys


class Relaxation:
    """A relaxation that can be solved again after rows or cuts were added.

    Parameters
    ----------
    problem
        Only lines that may be chosen.
    best
        (F,) benchmark of regret; None for CVaR.
    aim
        (L,) values of the lines to maximise instead, without any risk.
    like
        A relaxation of the same lines and limits under other weights, already solved: its lines,
        limits and the points of its cuts are where this one begins.
    """

    def __init__(
        self,
        problem: Problem,
        best: F8 | None = None,
        aim: F8 | None = None,
        like: Relaxation | None = None,
    ) -> None:
        self.problem, self.best = problem, best
        self.weight = problem.risk.weight if aim is None else 0.0
        self.value = np.ascontiguousarray(problem.value, dtype=np.float64)
        self.linear = (
            (1.0 - self.weight) * products(self.value, problem.probability) if aim is None else aim
        )
        rows = limit_rows(problem) if like is None else (like.a, like.right, like.keys)
        self.a: F8 = rows[0]
        self.right: F8 = rows[1]
        self.keys: list[tuple[int, int, str]] = rows[2]
        self.segments, self.group = np.unique(problem.segment, return_inverse=True)
        self.fields = np.unique(problem.field[problem.field > 0])
        self.slopes: list[F8] = []
        self.constants: list[float] = []
        self.points: list[F8] = []  # totals (F,) at which cuts were taken: they serve resamples
        self.extra: list[tuple[F8, float]] = []  # Σ w_l x_l ≥ least
        self.extra_names: list[str] = []
        self.active = np.zeros(0, dtype=np.int64)
        self.limits_in: list[int] = []
        self.row_of: list[tuple[str, int]] = []
        self.highs = quiet()
        self._begin()
        if like is not None:
            self._enter(np.setdiff1d(like.active, self.active))
            self._limit(like.limits_in)
            for totals in like.points[-CARRIED:] if self.weight > 0 else ():
                self.cut_at(totals)

    # -- building ---------------------------------------------------------------------------

    def _begin(self) -> None:
        fields = self.fields.size
        self.theta = fields
        for _ in range(fields):
            self.highs.addCol(0.0, 0.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        free = (-INF, INF) if self.weight > 0 else (0.0, 0.0)
        self.highs.addCol(-self.weight, *free, 0, np.zeros(0, np.int32), np.zeros(0))
        place = {int(f): i for i, f in enumerate(self.fields)}
        owner = np.zeros(self.segments.size, dtype=np.int64)
        owner[self.group] = self.problem.field
        for g, f in enumerate(owner):
            column = place.get(int(f))
            index = np.array([] if column is None else [column], dtype=np.int32)
            self.highs.addRow(-INF, float(column is None), index.size, index, -np.ones(index.size))
            self.row_of.append(("segment", g))
        everything = np.arange(fields, dtype=np.int32)
        self.highs.addRow(-INF, float(self.problem.max_fields), fields, everything, np.ones(fields))
        self.row_of.append(("fields", 0))
        self._enter(self._first_columns())
        if self.weight > 0:
            self.cut_at(np.zeros(self.problem.value.shape[1]))

    def _first_columns(self) -> I8:
        """Return the best few lines of each segment by value, and by value for what they use."""
        worth = products(self.value, self.problem.probability)
        load = self.a.max(axis=1) if self.a.shape[1] else np.ones(worth.size)
        picked: list[I8] = []
        for score in (worth, worth / np.maximum(load, 1e-3)):
            order = np.lexsort((-score, self.group))
            rank = np.arange(order.size) - np.searchsorted(self.group[order], self.group[order])
            picked.append(order[rank < 4])
        return np.unique(np.concatenate(picked))

    def _coefficient(self, row: tuple[str, int], lines: I8) -> F8:
        kind, k = row
        if kind == "segment":
            return (self.group[lines] == k).astype(np.float64)
        if kind == "fields":
            return np.zeros(lines.size)
        if kind == "limit":
            return self.a[lines, k]
        if kind == "cut":
            return -self.slopes[k][lines]
        return self.extra[k][0][lines]

    def _enter(self, lines: I8) -> None:
        """Add columns for lines."""
        if not lines.size:
            return
        block = np.array([self._coefficient(row, lines) for row in self.row_of]).T  # (n, rows)
        filled = block != 0.0
        starts = np.concatenate([[0], np.cumsum(filled.sum(axis=1))[:-1]]).astype(np.int32)
        index = np.nonzero(filled)[1].astype(np.int32)
        n = lines.size
        self.highs.addCols(
            n, -self.linear[lines], np.zeros(n), np.full(n, INF), index.size, starts, index,
            block[filled],
        )  # fmt: skip
        self.active = np.concatenate([self.active, lines])

    def _row(self, row: tuple[str, int], low: float, high: float, theta: float = 0.0) -> None:
        values = self._coefficient(row, self.active)
        index = np.flatnonzero(values)
        columns = (self.theta + 1 + index).astype(np.int32)
        values = values[index]
        if theta:
            columns = np.append(columns, np.int32(self.theta)).astype(np.int32)
            values = np.append(values, theta)
        self.highs.addRow(low, high, columns.size, columns, values)
        self.row_of.append(row)

    def require(self, weight: F8, least: float, name: str = "") -> None:
        """Add ``Σ weight_l x_l ≥ least``; the name is for messages."""
        self.extra.append((np.asarray(weight, dtype=np.float64), least))
        self.extra_names.append(name)
        self._row(("extra", len(self.extra) - 1), least, INF)

    def aim(self, linear: F8) -> None:
        """Maximise other values of the lines (only where no risk is counted)."""
        self.linear = linear
        columns = (self.theta + 1 + np.arange(self.active.size)).astype(np.int32)
        self.highs.changeColsCost(columns.size, columns, -linear[self.active])

    def risk_at(self, totals: F8) -> tuple[F8, float]:
        """Supergradient of the risk at ``totals`` (F,): weights of the futures, and a constant."""
        p = self.problem
        if self.best is None:
            return tail_weights(totals, p.probability, p.risk.tail), 0.0
        weights = np.zeros(totals.size)
        gap = np.where(p.probability > 0, self.best - totals, -np.inf)
        worst = int(gap.argmax())
        weights[worst] = 1.0
        return weights, -float(self.best[worst])

    def cut_at(self, totals: F8) -> None:
        """Add the cut that is tight at ``totals`` (F,)."""
        weights, constant = self.risk_at(totals)
        self.slopes.append(products(self.value, weights))
        self.constants.append(constant)
        self.points.append(totals)
        self._row(("cut", len(self.slopes) - 1), -INF, constant, theta=1.0)

    def learn(self, lines: I8) -> bool:
        """Add the limits that a portfolio breaks and the cut at its totals; whether any was new."""
        over = self.a[lines].sum(axis=0) - self.right
        over[self.limits_in] = -1.0
        broken = np.flatnonzero(over > 1e-9)
        self._limit(broken.tolist())
        if self.weight > 0:
            totals = self.problem.value[lines].sum(axis=0)
            weights, constant = self.risk_at(totals)
            inside = min(
                (s[lines].sum() + c for s, c in zip(self.slopes, self.constants, strict=True)),
                default=np.inf,
            )
            truth = float(weights @ totals) + constant
            if inside - truth > 1e-7 * max(1.0, abs(truth)):
                self.cut_at(totals)
                return True
        return bool(broken.size)

    # -- solving ----------------------------------------------------------------------------

    def solve(self, precision: float = 1e-4, rounds: int = 200) -> Relaxed:
        """Grow and solve until the optimum is that of the whole relaxation.

        The risk may stay overrated by ``precision`` of the value: the bound holds all the same.

        Raises
        ------
        InfeasibleError
            If the rows added by ``require`` cannot be met.
        RunError
            If HiGHS ends without a solution.
        """
        for _ in range(rounds):
            x, duals, value = self._solve_once()
            reduced = self._reduced(duals)
            grown = self._price(reduced, value) + self._separate_limits(x)
            if not grown and not self._separate_risk(x, value, precision):
                break
        price, extra = np.zeros(self.a.shape[1]), [0.0] * len(self.extra)
        for (kind, k), dual in zip(self.row_of, duals, strict=True):
            if kind == "limit":
                price[k] = max(0.0, -dual)
            elif kind == "extra":
                extra[k] = max(0.0, float(dual))
        # what pricing tolerates is added to the bound, so that the bound is one
        slack = float(np.maximum.reduceat(
            np.maximum(reduced, 0.0)[np.argsort(self.group, kind="stable")],
            np.searchsorted(np.sort(self.group), np.arange(self.segments.size)),
        ).sum()) if reduced.size else 0.0  # fmt: skip
        return Relaxed(x, value + slack, np.minimum(reduced, 0.0), price, tuple(extra))

    def _solve_once(self) -> tuple[F8, F8, float]:
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            if self._widen():
                return self._solve_once()
            from kachisuji.portfolios.elastic import cannot_require

            raise cannot_require(self)
        if status != highspy.HighsModelStatus.kOptimal:
            # numerical trouble after many changes: once more from nothing
            self.highs.clearSolver()
            self.highs.run()
            status = self.highs.getModelStatus()
            if status != highspy.HighsModelStatus.kOptimal:
                raise RunError("portfolios.no_solution", why=self.highs.modelStatusToString(status))
        solution = self.highs.getSolution()
        x = np.zeros(self.problem.segment.size)
        x[self.active] = np.asarray(solution.col_value)[self.theta + 1 :]
        value = -float(self.highs.getInfo().objective_function_value)
        return x, np.asarray(solution.row_dual), value

    def _widen(self) -> bool:
        """Let in the lines that help a requirement; whether there were any left."""
        out = np.setdiff1d(np.arange(self.problem.segment.size), self.active)
        if not out.size or not self.extra:
            return False
        self._enter(out)
        return True

    def _reduced(self, duals: F8) -> F8:
        """(L,) reduced costs of all lines, for maximisation: positive means worth letting in."""
        out = self.linear.copy()
        by_segment = np.zeros(self.segments.size)
        for (kind, k), dual in zip(self.row_of, duals, strict=True):
            if dual == 0.0:
                continue
            if kind == "segment":
                by_segment[k] = dual
            elif kind == "limit":
                out += dual * self.a[:, k]
            elif kind == "cut":
                out -= dual * self.slopes[k]
            elif kind == "extra":
                out += dual * self.extra[k][0]
        return out + by_segment[self.group]

    def _price(self, reduced: F8, value: float) -> int:
        """Let in the lines with the largest positive reduced cost, a few a segment."""
        limit = TOLERANCE * max(1.0, abs(value))
        score = reduced.copy()
        score[self.active] = -np.inf
        good = np.flatnonzero(score > limit)
        if not good.size:
            return 0
        order = good[np.lexsort((-score[good], self.group[good]))]
        rank = np.arange(order.size) - np.searchsorted(self.group[order], self.group[order])
        self._enter(order[rank < 6])
        return int(order.size)

    def _separate_limits(self, x: F8) -> int:
        over = x[self.active] @ self.a[self.active] - self.right
        over[self.limits_in] = -1.0
        broken = np.flatnonzero(over > 1e-7)
        self._limit(broken[np.argsort(-over[broken], kind="stable")][:8].tolist())
        return int(broken.size)

    def _limit(self, rows: list[int]) -> None:
        for k in rows:
            self.limits_in.append(k)
            self._row(("limit", k), -INF, float(self.right[k]))

    def _separate_risk(self, x: F8, value: float, precision: float) -> bool:
        if self.weight == 0.0:
            return False
        totals = x[self.active] @ self.problem.value[self.active]
        weights, constant = self.risk_at(totals)
        truth = float(self.linear @ x) + self.weight * (float(weights @ totals) + constant)
        if value - truth <= precision * max(abs(value), abs(truth)) + 1e-9:
            return False
        self.cut_at(totals)
        return True
