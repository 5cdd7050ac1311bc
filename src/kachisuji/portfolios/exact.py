"""Branch and bound over the lines that could still be in a better portfolio.

A line whose reduced cost takes the bound of the relaxation below the best portfolio known is in no
better one and is left out: an optimum is kept. What remains goes to HiGHS with the risk cuts and
limits found so far; a solution that breaks a limit left out, or whose risk was overrated, brings
the missing row, and HiGHS starts again from the best portfolio known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kachisuji.portfolios.relaxation import INF, Relaxation, Relaxed, quiet
from kachisuji.portfolios.solving import solve

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Proof:
    """The best portfolio found and what no portfolio exceeds."""

    lines: I8
    value: float
    bound: float


def close(value: float, bound: float, gap: float) -> bool:
    """Whether a bound is within a relative gap of a value."""
    return value > -np.inf and bound - value <= gap * max(1.0, abs(value))


def branch(
    relaxation: Relaxation,
    relaxed: Relaxed,
    start: I8,
    worth: Callable[[I8], float],
    improve: Callable[[I8], I8],
    *,
    gap: float,
    seconds: float,
) -> Proof:
    """Close the gap between a portfolio and the bound, or do what the time allows.

    Parameters
    ----------
    relaxation, relaxed
        The relaxation and its optimum.
    start
        The best portfolio known, or one that breaks a requirement (its worth is −∞).
    worth
        Exact value of a portfolio, −∞ where it is not allowed.
    improve
        Local search from a portfolio.
    gap
        Relative gap to reach.
    seconds
        Time to spend.

    Returns
    -------
    Proof
        ``bound`` holds whether or not the gap was closed.
    """
    deadline = time.monotonic() + seconds
    lines, value, bound = start, worth(start), relaxed.value
    if value > -np.inf and not close(value, bound, gap):
        relaxation.learn(lines)  # most portfolios in question are near this one
    while not close(value, bound, gap):
        kept = np.flatnonzero(relaxed.value + relaxed.reduced > value)
        kept = np.union1d(kept, lines)
        out = np.setdiff1d(np.arange(relaxed.reduced.size), kept)
        rest = float((relaxed.value + relaxed.reduced[out]).max(initial=-np.inf))
        programme = Programme(relaxation, kept)
        left = deadline - time.monotonic()
        if left <= 0.1:
            break
        found, reached = programme.solve(lines if value > -np.inf else None, 0.5 * gap, left)
        bound = min(bound, max(reached, rest, value))
        if found is None:
            break
        news = relaxation.learn(found)
        for candidate in (found, improve(found)):
            now = worth(candidate)
            if now > value:
                lines, value = candidate, now
        if not news and not close(value, bound, gap):
            break  # nothing was overrated or left out: HiGHS itself had no more time
    return Proof(lines, value, max(bound, value))


class Programme:
    """The whole-number programme over some lines, as HiGHS sees it."""

    def __init__(self, relaxation: Relaxation, kept: I8) -> None:
        self.kept, self.relaxation = kept, relaxation
        r, p = relaxation, relaxation.problem
        fields, n = r.fields.size, kept.size
        self.first = fields + 1
        width = self.first + n
        rows: list[sparse.csr_matrix] = []
        low: list[float] = []
        high: list[float] = []
        groups = r.group[kept]
        present, place = np.unique(groups, return_inverse=True)
        owner = np.zeros(r.segments.size, dtype=np.int64)
        owner[r.group] = p.field
        grid = sparse.lil_matrix((present.size + 1, width))
        grid[place, self.first + np.arange(n)] = 1.0
        for i, g in enumerate(present):
            counted = owner[g] > 0
            if counted:
                grid[i, int(np.searchsorted(r.fields, owner[g]))] = -1.0
            low.append(-INF)
            high.append(0.0 if counted else 1.0)
        grid[present.size, :fields] = 1.0
        low.append(-INF)
        high.append(float(p.max_fields))
        rows.append(grid.tocsr())
        dense: list[F8] = []
        for k in r.limits_in:
            dense.append(np.concatenate([np.zeros(self.first), r.a[kept, k]]))
            low.append(-INF)
            high.append(float(r.right[k]))
        for weight, least in r.extra:
            dense.append(np.concatenate([np.zeros(self.first), weight[kept]]))
            low.append(least)
            high.append(INF)
        for slope, constant in zip(r.slopes, r.constants, strict=True):
            row = np.concatenate([np.zeros(self.first), -slope[kept]])
            row[fields] = 1.0
            dense.append(row)
            low.append(-INF)
            high.append(constant)
        if dense:
            rows.append(sparse.csr_matrix(np.array(dense)))
        self._pass(sparse.vstack(rows).tocsr(), np.array(low), np.array(high))

    def _pass(self, matrix: sparse.csr_matrix, low: F8, high: F8) -> None:
        r = self.relaxation
        fields, n = r.fields.size, self.kept.size
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
        free = (-INF, INF) if r.weight > 0 else (0.0, 0.0)
        self.cost = np.concatenate([np.zeros(fields), [-r.weight], -r.linear[self.kept]])
        lp.col_cost_ = self.cost
        lp.col_lower_ = np.concatenate([np.zeros(fields), [free[0]], np.zeros(n)])
        lp.col_upper_ = np.concatenate([np.ones(fields), [free[1]], np.ones(n)])
        lp.row_lower_, lp.row_upper_ = low, high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole] * fields + [part] + [whole] * n
        self.highs = quiet()
        self.highs.passModel(lp)

    def solve(self, start: I8 | None, gap: float, seconds: float) -> tuple[I8 | None, float]:
        """Return the lines of the best solution found and an upper bound."""
        if start is not None:
            self._offer(start)
        self.highs.setOptionValue("mip_rel_gap", gap)
        self.highs.setOptionValue("time_limit", seconds)
        solve(self.highs)
        info, solution = self.highs.getInfo(), self.highs.getSolution()
        bound = -float(info.mip_dual_bound)
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None, -np.inf
        if not solution.value_valid:
            return None, bound
        values, claimed = np.asarray(solution.col_value), float(info.objective_function_value)
        if start is not None and abs(self.cost @ values - claimed) > 1e-6 * max(1.0, abs(claimed)):
            # HiGHS 1.16 can hand back the start beside the objective of what it found itself
            self.highs.clearSolver()
            return self.solve(None, gap, seconds)
        return self.kept[values[self.first :] > 0.5], bound

    def _offer(self, lines: I8) -> None:
        """Tell HiGHS the best portfolio known."""
        r, p = self.relaxation, self.relaxation.problem
        x = np.zeros(self.first + self.kept.size)
        x[np.searchsorted(r.fields, np.unique(p.field[lines][p.field[lines] > 0]))] = 1.0
        x[self.first + np.searchsorted(self.kept, lines)] = 1.0
        if r.weight > 0:
            inside = [s[lines].sum() + c for s, c in zip(r.slopes, r.constants, strict=True)]
            x[r.fields.size] = min(inside)
        solution = highspy.HighsSolution()
        solution.col_value = list(x)
        self.highs.setSolution(solution)
