"""How far an impulse travels on average, and along which paths most of it goes."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.extraction import totals_of
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@checked
def average_propagation_lengths(economy: Economy) -> pd.DataFrame:
    """Return the average number of rounds in which a demand for j's output reaches i.

    ``APL_ij = (sum_k k A^k)_ij / (sum_k A^k)_ij = (L (L - I))_ij / (L - I)_ij`` with
    ``L = (I - A)^-1`` (Dietzenbacher, Romero and Bosma 2005, equation 8). NaN where i is never
    reached. An (n, n) table; the inverse is made for it.
    """
    inverse = leontief(economy).inverse()
    without = inverse - np.eye(economy.n)
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = (inverse @ without) / without
    reached = without > 1e-14 * np.abs(without).max()
    return economy.frame(np.where(reached, lengths, np.nan), economy.index)


class Path(NamedTuple):
    """One path: rows from the source to the product, and what flows along it."""

    rows: tuple[int, ...]
    value: float


class _Node(NamedTuple):
    bound: float  # less the most that any path on from here can carry (heapq takes the least)
    order: int
    weight: float
    rows: tuple[int, ...]


@checked
def paths(
    economy: Economy,
    region: str,
    sector: str,
    *,
    row: Any = "value_added",
    top: int = 20,
    depth: int = 12,
) -> pd.DataFrame:
    """Return the paths through which most of a row comes into a final product.

    ``c' L f = sum over paths c_i A_ij A_jk ... f_k`` (Treloar 1997; Lenzen 2003). The search always
    follows the branch whose whole content ``m_i``, times what is wanted of it, is largest. A path
    carries no more than the branch it is on, so once the ``top`` best found carry more than any
    branch left, they are the true best: nothing is cut off by a guess. Where the table or the row
    has negative cells (a sector at a loss), paths are ordered by size without sign, and the bound
    is ``|c|' (I - |A|)^-1``.

    Parameters
    ----------
    region, sector
        The final product: all final demand for this output.
    row
        ``value_added``, ``output``, an item of an extension, or (n,) totals.
    top
        How many paths.
    depth
        The longest path, in links.

    Returns
    -------
    DataFrame
        ``path`` (labels from the source to the product), ``links``, ``value``, ``share`` of the
        product's total content. ``attrs["total"]``, ``attrs["left_out"]`` (content that the listed
        paths do not carry) and ``attrs["largest_left_out"]`` (no unlisted path within the depth
        carries more, without sign).

    Raises
    ------
    InputError
        For an unknown label or row, or when ``I - |A|`` is not productive, so that no bound exists.
    """
    for what, got, least in (("top", top, 1), ("depth", depth, 0)):
        if got < least:
            raise InputError("structure.cap_value", what=what, value=got, low=least, high="…")
    c = per_unit(totals_of(economy, row), economy.x)
    A = leontief(economy).A
    product = economy.row(region, sector)
    final = float(economy.final_by_region[product].sum())
    m = leontief(economy).solve_transposed(c)
    found, largest = _best_paths(A, c, _bounds(economy, A, c, m), product, final, top, depth)
    return _listed(economy, found, largest, float(m[product] * final))


def _bounds(economy: Economy, A: Floats, c: Floats, m: Floats) -> Floats:
    """(n,) the most that the paths out of a unit of each output can carry, without sign."""
    if (A >= 0.0).all():
        return m if (c >= 0.0).all() else leontief(economy).solve_transposed(np.abs(c))
    sides = np.column_stack([np.abs(c), np.ones_like(c)])
    bounds = np.linalg.solve(np.eye(len(c)) - np.abs(A).T, sides)
    if not (np.isfinite(bounds).all() and (bounds[:, 1] > 0.0).all()):
        where = int(np.argmin(A.min(axis=0)))
        raise InputError("structure.negative_paths", column=" ".join(economy.label(where)))
    return np.asarray(bounds[:, 0])


def _listed(economy: Economy, found: list[Path], largest: float, total: float) -> pd.DataFrame:
    import pandas as pd

    lines = [
        {
            "path": " > ".join("/".join(economy.label(k)) for k in path.rows),
            "links": len(path.rows) - 1,
            "value": path.value,
            "share": path.value / total if total else np.nan,
        }
        for path in found
    ]
    frame = pd.DataFrame(lines, columns=["path", "links", "value", "share"])
    frame.attrs |= {
        "total": total,
        "left_out": total - sum(path.value for path in found),
        "largest_left_out": largest,
    }
    return frame


def _best_paths(
    A: Floats, c: Floats, most: Floats, product: int, final: float, top: int, depth: int
) -> tuple[list[Path], float]:
    """Best-first search by size; ``most`` (n,) bounds what the paths out of an output carry."""
    # a heap, the least of the best first: size, order found, rows, value
    best: list[tuple[float, int, tuple[int, ...], float]] = []
    heap = [_Node(-float(most[product]) * abs(final), 0, final, (product,))]
    count, largest_out = 0, 0.0
    floor = 0.0
    while heap:
        node = heapq.heappop(heap)
        if len(best) == top and -node.bound <= floor:
            largest_out = max(largest_out, -node.bound)
            break
        here = node.rows[0]
        value = float(c[here]) * node.weight
        count += 1
        entry = (abs(value), -count, node.rows, value)
        if len(best) < top:
            heapq.heappush(best, entry)
        else:
            dropped = heapq.heappushpop(best, entry)
            largest_out = max(largest_out, dropped[0])
        floor = best[0][0] if len(best) == top else 0.0
        if len(node.rows) > depth:
            continue
        weights = A[:, here] * node.weight
        bounds = np.abs(weights) * most
        worth = np.flatnonzero(bounds > floor)
        skipped = bounds[bounds <= floor]
        if len(skipped):
            largest_out = max(largest_out, float(skipped.max()))
        for k in worth:
            count += 1
            child = _Node(-float(bounds[k]), count, float(weights[k]), (int(k), *node.rows))
            heapq.heappush(heap, child)
    listed = sorted(best, reverse=True)
    return [Path(rows, value) for size, _, rows, value in listed if size > 0.0], largest_out
