"""Why a requirement cannot be met: the least widening of the limits that would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InfeasibleError, say

if TYPE_CHECKING:
    from kachisuji.portfolios.relaxation import Relaxation

F8 = NDArray[np.float64]
SECONDS = 10.0


def widening(relaxation: Relaxation) -> list[tuple[str, int, float]] | None:
    """Limits to widen so that the requirements can be met: (item, year, by how much), most first.

    ``min Σ_r s_r`` over whole lines with every limit ``a_r·x ≤ right_r + s_r`` (limits scaled to
    one, so that a widening counts by its share), one line a segment and the number of fields kept.
    None where no widening helps. Source: elastic programming, Chinneck (2008), *Feasibility and
    Infeasibility in Optimization*, ch. 6.
    """
    from kachisuji.portfolios.relaxation import INF, quiet
    from kachisuji.portfolios.solving import solve

    r, p = relaxation, relaxation.problem
    n, fields, limits = p.segment.size, r.fields.size, r.a.shape[1]
    highs = quiet()
    cost = np.concatenate([np.zeros(n + fields), np.ones(limits)])
    upper = np.concatenate([np.ones(n + fields), np.full(limits, INF)])
    empty = np.zeros(0, dtype=np.int32)
    highs.addCols(cost.size, cost, np.zeros(cost.size), upper, 0, empty, empty, np.zeros(0))

    def row(columns: NDArray[np.int64], values: F8, low: float, high: float) -> None:
        highs.addRow(low, high, columns.size, columns.astype(np.int32), values)

    owner = np.zeros(r.segments.size, dtype=np.int64)
    owner[r.group] = p.field
    for g, f in enumerate(owner):
        own = np.flatnonzero(r.group == g)
        counted = f > 0
        columns = np.append(own, n + np.searchsorted(r.fields, f)) if counted else own
        values = np.append(np.ones(own.size), -1.0) if counted else np.ones(own.size)
        row(columns, values, -INF, 0.0 if counted else 1.0)
    row(n + np.arange(fields), np.ones(fields), -INF, float(p.max_fields))
    for k in range(limits):
        used = np.flatnonzero(r.a[:, k])
        row(np.append(used, n + fields + k), np.append(r.a[used, k], -1.0), -INF, r.right[k])
    for weight, least in r.extra:
        some = np.flatnonzero(weight)
        row(some, weight[some], least, INF)
    for c in range(n + fields):
        highs.changeColIntegrality(c, highspy.HighsVarType.kInteger)
    highs.setOptionValue("time_limit", SECONDS)
    solve(highs)
    solution = highs.getSolution()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible or not solution.value_valid:
        return None
    slack = np.asarray(solution.col_value)[n + fields :]
    found = []
    for k in np.argsort(-slack, kind="stable"):
        if slack[k] > 1e-7:
            item, year, _ = r.keys[k]
            scale = float(p.limits[item, year]) if p.limits[item, year] > 0 else 1.0
            found.append((p.items[item], p.years[year], float(slack[k]) * scale))
    return found


def cannot_require(relaxation: Relaxation) -> InfeasibleError:
    """Return the error that names what is in the way of a requirement.

    Where the rules of the problem contradict one another or its limits, their minimal conflicting
    set; else the limits, and by how much they would have to be wider.
    """
    if relaxation.problem.rules:
        from kachisuji.portfolios.many import conflict

        names = conflict(relaxation.problem)
        if names:
            return InfeasibleError("portfolios.conflict", names=", ".join(names))
    short = widening(relaxation)
    if not short:
        return InfeasibleError("portfolios.cannot_require")
    p = relaxation.problem
    item, year, amount = short[0]
    limit = p.limits[p.items.index(item), p.years.index(year)]
    rest = "".join(
        say("portfolios.and_short", item=i, year=t, short=f"{s:,.6g}") for i, t, s in short[1:4]
    )
    return InfeasibleError(
        "portfolios.short_of", item=item, year=year, short=f"{amount:,.6g}",
        limit=f"{limit:,.6g}", rest=rest,
    )  # fmt: skip
