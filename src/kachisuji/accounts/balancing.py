"""Balancing: RAS, GRAS (signs kept) and SUT-RAS, with how well they converged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.accounts.arguments import checked
from kachisuji.words import InfeasibleError, InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Balanced:
    """A balanced matrix and how it was reached.

    Attributes
    ----------
    matrix
        The result; for SUT-RAS the use table.
    make
        SUT-RAS: the make table (industries, products); else None.
    rounds
        Passes made.
    gap
        Largest miss of a row or column total, relative to the largest target.
    converged
        Whether the gap is within the tolerance.
    """

    matrix: Floats
    rounds: int
    gap: float
    converged: bool
    make: Floats | None = None


@checked
def ras(
    prior: ArrayLike,
    rows: ArrayLike,
    columns: ArrayLike,
    *,
    tolerance: float = 1e-10,
    most: int = 10_000,
) -> Balanced:
    """Return the matrix ``r A s`` nearest to a prior without negative cells, with given totals.

    Biproportional scaling (Stone 1961; Bacharach 1970); zeros stay zero. See :func:`gras`, of which
    it is the case without negative cells.

    Raises
    ------
    InputError
        When the prior has a negative cell or the totals of rows and columns differ.
    InfeasibleError
        When a row or column that is all zero should add up to something.
    """
    A = np.asarray(prior, dtype=float)
    if A.ndim == 2 and (A < 0.0).any():
        i, j = np.argwhere(A < 0.0)[0]
        raise InputError(
            "accounts.negative_prior", row=int(i) + 1, column=str(j + 1), value=float(A[i, j])
        )
    return gras(A, rows, columns, tolerance=tolerance, most=most)


@checked
def gras(
    prior: ArrayLike,
    rows: ArrayLike,
    columns: ArrayLike,
    *,
    tolerance: float = 1e-10,
    most: int = 10_000,
) -> Balanced:
    """Return the matrix nearest to a prior that may hold negative cells, with given totals.

    ``X = r P s - N / (r s)`` with ``P`` the positive and ``-N`` the negative cells of the prior
    (Junius and Oosterhaven 2003; Lenzen, Wood and Gallego 2007; Temurshoev, Miller and Bouwmeester
    2013 for rows without positive cells). Signs and zeros are kept.

    Parameters
    ----------
    prior
        (m, n).
    rows, columns
        (m,) and (n,) totals wanted; they must add up to the same.

    Raises
    ------
    InputError
        On shapes, numbers that are not finite, or totals that differ by more than 1e-9.
    InfeasibleError
        When a row or column cannot reach its total for its signs.
    """
    A, u, v = _checked(prior, rows, columns)
    P, N = np.maximum(A, 0.0), np.maximum(-A, 0.0)
    _refuse_impossible(A, u, 1)
    _refuse_impossible(A, v, 0)
    scale = max(float(np.abs(u).max(initial=0.0)), float(np.abs(v).max(initial=0.0)), 1e-300)
    r, s = np.ones(len(u)), np.ones(len(v))
    gap, rounds = np.inf, 0
    while rounds < most:
        rounds += 1
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            up = _multiplier(P @ s, N @ (1.0 / s), u)
            across = _multiplier(P.T @ up, N.T @ (1.0 / up), v)
            sums = up * (P @ across) - (N @ (1.0 / across)) / up
        miss = float(np.abs(sums - u).max(initial=0.0)) / scale
        if not np.isfinite(miss):  # without a solution the multipliers run away: the last stand
            break
        r, s, gap = up, across, miss
        if gap <= tolerance:
            break
    X = r[:, None] * P * s - N / r[:, None] / s
    return Balanced(X, rounds, gap, gap <= tolerance)


@checked
def sut_ras(
    use: ArrayLike,
    make: ArrayLike,
    use_columns: ArrayLike,
    industry_output: ArrayLike,
    *,
    tolerance: float = 1e-10,
    most: int = 10_000,
) -> Balanced:
    """Return use and make tables balanced together; product output follows and is not asked for.

    Every product's use equals its supply, use columns (industries' inputs and final demand) and
    industries' outputs have given totals (Temurshoev and Timmer 2011): with product multipliers
    ``r`` on use and ``1/r`` on supply, column multipliers ``s`` and ``t``,
    ``r_i = sqrt((supply_i + negative use_i) / (use_i + negative supply_i))``.

    Parameters
    ----------
    use
        (products, columns) prior, final demand included.
    make
        (industries, products) prior.
    use_columns
        (columns,) totals of the use table.
    industry_output
        (industries,) totals of the make table; together as much as ``use_columns``.
    """
    U, V = np.asarray(use, dtype=float), np.asarray(make, dtype=float).T
    u, g = np.asarray(use_columns, dtype=float), np.asarray(industry_output, dtype=float)
    _refuse("use", U)
    _refuse("make", V.T)
    _refuse("make", V.T, (V.shape[1], len(U)))
    _refuse("use_columns", u, (U.shape[1],))
    _refuse("industry_output", g, (V.shape[1],))
    _same_total(u, g)
    _refuse_impossible(U, u, 0)
    _refuse_impossible(V, g, 0)
    PU, NU, PV, NV = (np.maximum(x, 0.0) for x in (U, -U, V, -V))
    r, s, t = np.ones(len(U)), np.ones(len(u)), np.ones(len(g))
    scale = max(float(np.abs(u).max(initial=0.0)), float(np.abs(g).max(initial=0.0)), 1e-300)
    gap, rounds = np.inf, 0
    while rounds < most:
        rounds += 1
        above = PV @ t + NU @ (1.0 / s)
        below = PU @ s + NV @ (1.0 / t)
        r = np.sqrt(np.where(below > 0.0, above, 1.0) / np.where(below > 0.0, below, 1.0))
        r = np.where(r > 0.0, r, 1.0)
        s = _multiplier(PU.T @ r, NU.T @ (1.0 / r), u)
        t = _multiplier(PV.T @ (1.0 / r), NV.T @ r, g)
        used = r * (PU @ s) - (NU @ (1.0 / s)) / r
        made = (PV @ t) / r - r * (NV @ (1.0 / t))
        gap = float(np.abs(used - made).max(initial=0.0)) / scale
        if gap <= tolerance:
            break
    X = r[:, None] * PU * s - NU / r[:, None] / s
    M = PV * t / r[:, None] - r[:, None] * NV / t
    return Balanced(X, rounds, gap, gap <= tolerance, make=np.ascontiguousarray(M.T))


def _multiplier(positive: Floats, negative: Floats, total: Floats) -> Floats:
    """Solve ``m p - n / m = total`` for ``m > 0``; one where there is nothing to scale."""
    root = np.sqrt(total * total + 4.0 * positive * negative)
    some = positive > 0.0
    up = (total + root) / (2.0 * np.where(some, positive, 1.0))
    # without positive cells: -n / m = total
    down = np.where(total < 0.0, -negative / np.where(total < 0.0, total, -1.0), 1.0)
    result = np.where(some, up, down)
    return np.where(result > 0.0, result, np.where(some & (total == 0.0), 1e-300, 1.0))


def _checked(
    prior: ArrayLike, rows: ArrayLike, columns: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    A, u, v = (np.asarray(a, dtype=float) for a in (prior, rows, columns))
    _refuse("prior", A)
    _refuse("rows", u, (A.shape[0],))
    _refuse("columns", v, (A.shape[1],))
    _same_total(u, v)
    return A, u, v


def _refuse(what: str, values: Floats, want: tuple[int, ...] | None = None) -> None:
    """Refuse another shape (None: any matrix will do), and the first number that is not finite."""
    if values.ndim != 2 if want is None else values.shape != want:
        raise InputError("accounts.shape", what=what, got=values.shape, want=want or "(m, n)")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, *column = (int(k) + 1 for k in wrong[0])
        raise InputError(
            "accounts.not_finite",
            row=row,
            column=str(column[0]) if column else None,
            what=what,
            value=float(values[tuple(wrong[0])]),
        )


def _same_total(u: Floats, v: Floats) -> None:
    one, other = float(u.sum()), float(v.sum())
    if abs(one - other) > 1e-9 * max(float(np.abs(u).sum()), float(np.abs(v).sum())):
        raise InputError("accounts.totals_differ", one=one, other=other)


def _refuse_impossible(A: Floats, totals: Floats, axis: int) -> None:
    up, down = (A > 0.0).any(axis=axis), (A < 0.0).any(axis=axis)
    wrong = ((totals > 0.0) & ~up) | ((totals < 0.0) & ~down)
    if wrong.any():
        k = int(np.argmax(wrong))
        row, column = (k + 1, None) if axis == 1 else (None, str(k + 1))
        raise InfeasibleError("accounts.no_cell", row=row, column=column, total=float(totals[k]))
