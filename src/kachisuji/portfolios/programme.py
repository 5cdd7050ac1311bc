"""The rows that every whole-number programme over lines shares: segments, fields, limits, rules."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.problem import Problem
from kachisuji.portfolios.relaxation import INF, limit_rows, quiet

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


def row(highs: Any, columns: NDArray[Any], values: F8, low: float, high: float) -> None:
    """Add one row."""
    highs.addRow(low, high, columns.size, columns.astype(np.int32), values)


class Programme:
    """Lines and fields as whole numbers, before any objective.

    Columns: n lines, then one for each field that counts, then those of the caller.

    Parameters
    ----------
    problem
        Only lines that may be chosen.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.fields = np.unique(problem.field[problem.field > 0])
        self.group = np.unique(problem.segment, return_inverse=True)[1]
        self.lines = problem.segment.size
        self.own = self.lines + self.fields.size  # first column of the caller

    def build(self, cost: F8, upper: F8, whole: NDArray[np.bool_]) -> Any:
        """Return HiGHS with the columns and all shared rows.

        Parameters
        ----------
        cost
            (own + caller's) to be minimised.
        upper, whole
            Of the caller's columns; their lower bound is nil.
        """
        highs, empty = quiet(), np.zeros(0, dtype=np.int32)
        most = np.concatenate([np.ones(self.own), upper])
        highs.addCols(cost.size, cost, np.zeros(cost.size), most, 0, empty, empty, np.zeros(0))
        integer, real = (
            int(k) for k in (highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous)
        )
        kinds = np.where(np.concatenate([np.ones(self.own, dtype=np.bool_), whole]), integer, real)
        columns = np.arange(cost.size, dtype=np.int32)
        highs.changeColsIntegrality(cost.size, columns, kinds.astype(np.uint8))
        self._groups(highs)
        limits, right, _ = limit_rows(self.problem)
        for k in range(limits.shape[1]):
            used = np.flatnonzero(limits[:, k])
            row(highs, used, limits[used, k], -INF, float(right[k]))
        for rule in self.problem.rules:
            some = np.flatnonzero(rule.weight)
            row(highs, some, rule.weight[some], rule.least, INF)
        return highs

    def _groups(self, highs: Any) -> None:
        """One line a segment, only in a field that is entered, and so many fields."""
        for g in range(int(self.group.max(initial=-1)) + 1):
            own = np.flatnonzero(self.group == g)
            field = int(self.problem.field[own[0]])
            if field > 0:
                place = self.lines + int(np.searchsorted(self.fields, field))
                row(highs, np.append(own, place), np.append(np.ones(own.size), -1.0), -INF, 0.0)
            else:
                row(highs, own, np.ones(own.size), -INF, 1.0)
        if self.fields.size:
            entered = self.lines + np.arange(self.fields.size)
            ones = np.ones(self.fields.size)
            row(highs, entered, ones, -INF, float(self.problem.max_fields))

    def chosen(self, highs: Any) -> I8 | None:
        """Lines of the solution found, None where there is none."""
        solution = highs.getSolution()
        if not solution.value_valid:
            return None
        return np.flatnonzero(np.asarray(solution.col_value)[: self.lines] > 0.5)


def infeasible(highs: Any) -> bool:
    """Whether HiGHS has proven that there is no solution."""
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible)


def optimal(highs: Any) -> bool:
    """Whether HiGHS has finished with a solution."""
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)
