"""Contention: splitting what ministries or partners gain together, stably and fairly.

A coalition is a set of players, written as a bit mask: player i is in mask m where ``m >> i & 1``.
The worth of each is had by choosing with the money, labour and lines of its members.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]
TOLERANCE = 1e-8


def _worths(worth: ArrayLike) -> tuple[F8, int]:
    v = np.asarray(worth, dtype=np.float64)
    n = int(v.size).bit_length() - 1
    if v.ndim != 1 or v.size < 2 or v.size != 1 << n or not np.isfinite(v).all() or v[0] != 0:
        raise InputError("portfolios.bad_coalitions", got=v.shape)
    return v, n


def _members(n: int) -> NDArray[np.bool_]:
    """(2ⁿ, n) who is in which coalition."""
    return (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.bool_)


def shapley(worth: ArrayLike) -> F8:
    """Fair split: each player's mean contribution over all orders of joining.

    ``φ_i = Σ_{S ∌ i} |S|!·(n−|S|−1)!/n! · (v(S ∪ i) − v(S))`` (Shapley 1953).

    Parameters
    ----------
    worth
        (2ⁿ,) worth of each coalition by its bit mask; nobody is worth 0.

    Returns
    -------
    ndarray
        (n,), adding up to the worth of all.

    Raises
    ------
    InputError
        If the number of coalitions is no power of two, one is missing, or nobody has a worth.
    """
    v, n = _worths(worth)
    members = _members(n)
    size = members.sum(axis=1)
    part = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    out = np.zeros(n)
    for i in range(n):
        without = np.flatnonzero(~members[:, i])
        out[i] = float((part[size[without]] * (v[without | (1 << i)] - v[without])).sum())
    return out


def least_core(worth: ArrayLike) -> tuple[F8, float]:
    """Return a split that leaves the worst-off coalition least short, and by how much it is.

    ``min e`` with ``Σ_{i∈S} x_i ≥ v(S) − e`` for every coalition but nobody and all,
    ``Σ x = v(all)``. Where ``e ≤ 0`` the split is in the core: no coalition does better alone.

    Returns
    -------
    tuple
        (n,) split and e.
    """
    v, n = _worths(worth)
    split, excess, _ = _level(v, _members(n), {})
    return split, excess


def nucleolus(worth: ArrayLike) -> F8:
    """Return the one split whose complaints, most first, are least (Schmeidler 1969).

    The complaint of S is ``v(S) − Σ_{i∈S} x_i``. The greatest is made as small as can be, the
    coalitions for which it cannot be smaller are held there, and so on (Kopelowitz 1967).

    Returns
    -------
    ndarray
        (n,), in the core where there is one.
    """
    v, n = _worths(worth)
    members = _members(n)
    held: dict[int, float] = {}
    while True:
        split, excess, tight = _level(v, members, held)
        fixed = [members[m] for m in held] + [np.ones(n, dtype=np.bool_)]
        for m in tight:
            held[m] = excess
            fixed.append(members[m])
        if not tight or np.linalg.matrix_rank(np.array(fixed, dtype=np.float64)) == n:
            return split


def _level(
    v: F8, members: NDArray[np.bool_], held: dict[int, float]
) -> tuple[F8, float, list[int]]:
    """One programme of the sequence: split, greatest complaint, coalitions tied to it."""
    from kachisuji.portfolios.relaxation import INF, quiet

    n = members.shape[1]
    everyone = v.size - 1
    highs = quiet()
    empty = np.zeros(0, dtype=np.int32)
    highs.addCols(
        n + 1, np.append(np.zeros(n), 1.0), np.full(n + 1, -INF), np.full(n + 1, INF), 0, empty,
        empty, np.zeros(0),
    )  # fmt: skip
    free = [m for m in range(1, everyone) if m not in held]
    for m in (*free, *held, everyone):
        inside = np.flatnonzero(members[m])
        loose = m not in held and m != everyone
        index = np.append(inside, n) if loose else inside
        low = v[m] - held.get(m, 0.0)
        highs.addRow(
            low, INF if loose else low, index.size, index.astype(np.int32), np.ones(index.size)
        )
    if not free:
        highs.changeColCost(n, 0.0)
        highs.changeColBounds(n, 0.0, 0.0)
    highs.run()
    solution = highs.getSolution()
    x = np.asarray(solution.col_value)
    dual = np.abs(np.asarray(solution.row_dual))[: len(free)]
    # a positive price proves that the complaint of a coalition cannot be smaller
    return x[:n], float(x[n]), [m for m, d in zip(free, dual, strict=True) if d > TOLERANCE]
