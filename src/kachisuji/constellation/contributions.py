"""What one node contributes to a question: a vector of whole numbers, bounded row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.constellation.joint import NOISY, Shared, moments, train_rows
from kachisuji.constellation.questions import (
    FINE,
    STEEPEST,
    YIELD,
    Part,
    Question,
    half_width,
    length,
    parts,
)

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

LONGEST_STOCK = 120.0
"""Days of stock beyond which more counts as so many: the fewer, the less noise hides them."""


def contribution(question: Question, table: pd.DataFrame) -> I8:
    """Return a node's vector for ``question`` from its ``table``.

    Rows beyond ``rows_most`` are left out, values are clamped to the question's bounds, rows of
    categories that the question does not list count nowhere. Each row is rounded to whole steps
    by itself, so that the sensitivity is exact in whole numbers.

    Returns
    -------
    ndarray
        (``length(question)``,) int64.
    """
    rows = table.iloc[: question.rows_most]
    cell = cell_of(question, rows)
    rows, cell = rows[cell >= 0], cell[cell >= 0]
    if question.kind == "learning" and question.unit == "node":
        return _own_slope(question, rows)
    if question.kind in ("linear", "logistic"):
        out = _regression(question, rows, cell)
    elif question.kind == "learning":
        out = _learning(question, rows, cell)
    elif question.kind == "pooling":
        sent = moments(Shared.of(question.prior), *trained(question, rows))
        if question.protection == "noise":
            sent = sent * NOISY
        return _clip(_steps(sent, 1.0 / FINE), parts(question))
    else:
        out = _grouped(question, rows, cell)
    if question.unit == "node":
        out = _clip(out, parts(question))
    if out.size != length(question):
        raise AssertionError("the vector does not fit the question")
    return out


def cell_of(q: Question, rows: pd.DataFrame) -> I8:
    """(rows,) index of the cell of each row, -1 where its categories are not listed."""
    import pandas as pd

    index = np.zeros(len(rows), dtype=np.int64)
    known = np.ones(len(rows), dtype=np.bool_)
    for column, categories in q.groups.items():
        codes = pd.Index(categories).get_indexer(pd.Index(rows[column].astype(str)))
        known &= codes >= 0
        index = index * len(categories) + codes
    return np.where(known, index, -1)


def _added(cell: I8, amounts: I8, size: int) -> I8:
    out = np.zeros(size, dtype=np.int64)
    np.add.at(out, cell, amounts)
    return out


def _bin(values: F8, low: float, high: float, bins: int) -> I8:
    place = np.floor((values - low) / (high - low) * bins).astype(np.int64)
    return np.clip(place, 0, bins - 1)


def _grouped(q: Question, rows: pd.DataFrame, cell: I8) -> I8:
    cells = q.cells()
    ones = np.ones(cell.size, dtype=np.int64)
    if q.kind == "count":
        return _added(cell, ones, cells)
    value = np.clip(rows[q.value].to_numpy(dtype=np.float64), q.low, q.high)
    if q.kind in ("histogram", "quantiles"):
        return _added(cell * q.bins + _bin(value, q.low, q.high, q.bins), ones, cells * q.bins)
    step = half_width(q) / FINE
    if q.kind == "mean":
        value = value - (q.low + q.high) / 2.0
    out = [_added(cell, ones, cells), _added(cell, _steps(value, step), cells)]
    if q.kind == "shares":
        days = np.clip(rows["stock_days"].to_numpy(dtype=np.float64), 0.0, LONGEST_STOCK)
        spare = np.clip(rows["spare_million_yen"].to_numpy(dtype=np.float64), 0.0, half_width(q))
        out.append(_added(cell, _steps(value * days / LONGEST_STOCK, step), cells))
        out.append(_added(cell, _steps(spare, step), cells))
    return np.concatenate(out)


def _steps(values: F8, step: float) -> I8:
    """Whole steps, never more than ``FINE`` of them."""
    return np.clip(np.rint(values / step), -FINE, FINE).astype(np.int64)


def unit_scale(values: F8, low: float, high: float) -> F8:
    """Clamp to the bounds and map them to [-1, 1]."""
    return np.asarray((2.0 * np.clip(values, low, high) - low - high) / (high - low))


def _regression(q: Question, rows: pd.DataFrame, cell: I8) -> I8:
    x = rows[q.x].to_numpy(dtype=np.float64)
    y = rows[q.value].to_numpy(dtype=np.float64)
    if q.kind == "logistic":  # (cell, bin of x, outcome): y in the upper half of its bounds
        place = _bin(np.clip(x, q.x_low, q.x_high), q.x_low, q.x_high, q.bins)
        outcome = (y >= (q.low + q.high) / 2.0).astype(np.int64)
        index = (cell * q.bins + place) * 2 + outcome
        return _added(index, np.ones(cell.size, dtype=np.int64), q.cells() * q.bins * 2)
    u, v = unit_scale(x, q.x_low, q.x_high), unit_scale(y, q.low, q.high)
    moments = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)
    index = cell[:, None] * 6 + np.arange(6)
    return _added(index.ravel(), _steps(moments, 1.0 / FINE).ravel(), q.cells() * 6)


def logs(q: Question, rows: pd.DataFrame) -> tuple[F8, F8]:
    """Logarithms of cumulative output and of unit cost, clamped and mapped to [-1, 1].

    A yield stands by its log odds, ``log(s/(1 − s))``, of which the bounds clamp 0 and 1.
    """
    x = np.log(rows["cumulative"].to_numpy(dtype=np.float64))
    y = rows[q.value].to_numpy(dtype=np.float64)
    if q.value == YIELD:
        inside = np.clip(y, 1e-6, 1.0 - 1e-6)
        y = np.log(inside / (1.0 - inside))
    else:
        y = np.log(y)
    return unit_scale(x, q.x_low, q.x_high), unit_scale(y, q.low, q.high)


def trained(q: Question, rows: pd.DataFrame) -> tuple[F8, F8]:
    """Months that a joint model may be made from; the latest are kept back by the node."""
    ordered = rows.sort_values("period")
    return logs(q, ordered.iloc[: train_rows(len(ordered))])


def _learning(q: Question, rows: pd.DataFrame, cell: I8) -> I8:
    """Moments about the node's own means: firms differ in level, the slope is what they share."""
    u, v = logs(q, rows)
    out = np.zeros((q.cells(), 4))
    for c in np.unique(cell):
        mine = cell == c
        du, dv = u[mine] - u[mine].mean(), v[mine] - v[mine].mean()
        out[c] = mine.sum() - 1, du @ du, du @ dv, dv @ dv
    return np.rint(out * FINE).astype(np.int64).ravel()


def _own_slope(q: Question, rows: pd.DataFrame) -> I8:
    """Return the node's own Wright exponent, clamped, counted from the middle; and its square."""
    u, v = logs(q, rows)
    flat = u.size < 2 or np.ptp(u) == 0
    slope = 0.0 if flat else float(np.polyfit(u, v, 1)[0])
    b = -slope * (q.high - q.low) / (q.x_high - q.x_low)
    half = STEEPEST / 2.0
    away = float(np.clip(b, 0.0, STEEPEST)) - half
    return _steps(np.array([away / half, (away / half) ** 2]), 1.0 / FINE)


def _clip(vector: I8, stretches: tuple[Part, ...]) -> I8:
    """Scale each stretch down to its sensitivity: the L1 norm of a whole node is bounded."""
    out, start = vector.copy(), 0
    for part in stretches:
        mine = out[start : start + part.size]
        norm = int(np.abs(mine).sum())
        if norm > part.sensitivity:
            mine[:] = np.fix(mine * (part.sensitivity / norm)).astype(np.int64)
        start += part.size
    return out
