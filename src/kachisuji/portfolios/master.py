"""The mixed-integer programme in HiGHS: lines, fields, limits, and cuts for risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kachisuji.portfolios.problem import Problem, needed
from kachisuji.words import RunError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
INF = highspy.kHighsInf


@dataclass(frozen=True)
class Rows:
    """Where the rows of the programme are."""

    segments: range
    fields: int  # the row that limits the number of fields
    limits: list[tuple[int, int, str]]  # (item, year, "use" or "sure") of each limit row
    first_limit: int


@dataclass(frozen=True)
class Solved:
    """A solution: line fractions, objective, bound, and where asked duals."""

    x: F8
    objective: float
    bound: float
    row_dual: F8
    reduced_cost: F8


class Master:
    """Maximise ``Σ c_l x_l + λθ`` over lines, θ bounded by cuts.

    Columns: a line each, a field each, θ. Rows: at most one line a segment and only if its field
    is entered, the number of fields, every limit that can bind (in expectation and surely), cuts.
    """

    def __init__(self, problem: Problem, linear: F8, risk_weight: float) -> None:
        self.problem = problem
        self.n = problem.segment.size
        self.fields = np.unique(problem.field[problem.field > 0])
        self.width = self.n + self.fields.size + 1
        self.theta = self.width - 1
        self.highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("threads", 1)
        self.highs.setOptionValue("random_seed", 0)
        matrix, lower, upper, self.rows = self._constraints()
        cost = np.concatenate([linear, np.zeros(self.fields.size), [risk_weight]])
        self._pass(matrix, lower, upper, cost)

    def _constraints(self) -> tuple[sparse.csr_matrix, F8, F8, Rows]:
        p = self.problem
        blocks: list[sparse.spmatrix] = []
        upper: list[float] = []
        segments = np.unique(p.segment)
        place = {f: self.n + i for i, f in enumerate(self.fields)}
        grid = sparse.lil_matrix((segments.size + 1, self.width))
        for i, s in enumerate(segments):
            members = np.flatnonzero(p.segment == s)
            grid[i, members] = 1.0
            column = place.get(p.field[members[0]])
            if column is None:
                upper.append(1.0)
            else:
                grid[i, column] = -1.0
                upper.append(0.0)
        for column in place.values():
            grid[segments.size, column] = 1.0
        upper.append(float(p.max_fields))
        blocks.append(grid.tocsr())
        keys: list[tuple[int, int, str]] = []
        for kind, table in (("use", p.use), ("sure", p.sure)):
            for k, t in self._binding(table):
                row = sparse.csr_matrix(table[:, k, t])
                blocks.append(sparse.hstack([row, sparse.csr_matrix((1, self.width - self.n))]))
                upper.append(float(p.limits[k, t]))
                keys.append((k, t, kind))
        rows = Rows(range(segments.size), segments.size, keys, segments.size + 1)
        matrix = sparse.vstack(blocks).tocsr()
        return matrix, np.full(len(upper), -INF), np.array(upper), rows

    def _binding(self, table: F8) -> list[tuple[int, int]]:
        """Limits that some choice of one line a segment could break."""
        p = self.problem
        worst = np.zeros(p.limits.shape)
        for s in np.unique(p.segment):
            worst += np.maximum(0.0, table[p.segment == s].max(axis=0))
        return [(int(k), int(t)) for k, t in np.argwhere(worst > p.limits)]

    def _pass(self, matrix: sparse.csr_matrix, lower: F8, upper: F8, cost: F8) -> None:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.width, matrix.shape[0]
        lp.col_cost_ = cost
        lp.col_lower_ = np.concatenate([np.zeros(self.width - 1), [-INF]])
        lp.col_upper_ = np.concatenate([np.ones(self.width - 1), [INF]])
        lp.row_lower_, lp.row_upper_ = lower, upper
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = matrix.indptr
        lp.a_matrix_.index_ = matrix.indices
        lp.a_matrix_.value_ = matrix.data
        lp.integrality_ = [highspy.HighsVarType.kContinuous] * self.width
        self.highs.passModel(lp)

    def cut(self, slope: F8, constant: float = 0.0) -> None:
        """Add ``θ ≤ constant + Σ slope_l x_l``."""
        index = np.concatenate([np.flatnonzero(slope), [self.theta]]).astype(np.int32)
        value = np.concatenate([-slope[np.flatnonzero(slope)], [1.0]])
        self.highs.addRow(-INF, constant, index.size, index, value)

    def forbid(self, lines: I8) -> None:
        """Exclude exactly this set of lines (no-good cut)."""
        inside = np.zeros(self.n, dtype=bool)
        inside[lines] = True
        index = np.arange(self.n, dtype=np.int32)
        value = np.where(inside, 1.0, -1.0)
        self.highs.addRow(-INF, float(inside.sum()) - 1.0, self.n, index, value)

    def require(self, weight: F8, least: float) -> int:
        """Add ``Σ weight_l x_l ≥ least``; returns the row."""
        index = np.flatnonzero(weight).astype(np.int32)
        self.highs.addRow(least, INF, index.size, index, weight[index])
        return int(self.highs.getNumRow()) - 1

    def solve(self, *, whole: bool, gap: float = 1e-4, seconds: float = 60.0) -> Solved:
        """Solve the relaxation or the whole-number programme.

        Raises
        ------
        RunError
            If HiGHS ends without a solution.
        """
        kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
        columns = np.arange(self.width - 1, dtype=np.int32)
        kinds = np.full(columns.size, int(kind), dtype=np.uint8)
        self.highs.changeColsIntegrality(columns.size, columns, kinds)
        self.highs.setOptionValue("mip_rel_gap", gap)
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + seconds)
        self.highs.run()
        info = self.highs.getInfo()
        solution = self.highs.getSolution()
        if not solution.value_valid:
            status = self.highs.modelStatusToString(self.highs.getModelStatus())
            raise RunError("portfolios.no_solution", why=status)
        x = np.asarray(solution.col_value)[: self.n]
        objective = float(info.objective_function_value)
        bound = float(info.mip_dual_bound) if whole else objective
        return Solved(
            x,
            objective,
            bound,
            np.asarray(solution.row_dual),
            np.asarray(solution.col_dual)[: self.n],
        )


def shadow_prices(master: Master, solved: Solved) -> list[tuple[str, int, str, float]]:
    """(item, year, in expectation or surely, value of one more unit) of every limit that binds."""
    p, rows = master.problem, master.rows
    out = []
    for i, (k, t, kind) in enumerate(rows.limits):
        price = abs(float(solved.row_dual[rows.first_limit + i]))
        if price > 1e-9:
            out.append((p.items[k], p.years[t], kind, price))
    return sorted(out, key=lambda r: -r[3])


def total_need(problem: Problem, rows: I8) -> F8:
    """(K, T) use of a portfolio, the larger of expected and sure."""
    return np.asarray(needed(problem)[rows].sum(axis=0))
