"""Hypothetical extraction: what would be lost without a sector, a region or its exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.leontief import Leontief, leontief
from kachisuji.structure.multipliers import aligned
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

KINDS = ("total", "backward", "forward", "exports")


@checked
def extract(
    economy: Economy,
    region: str,
    sector: str | None = None,
    *,
    kind: str = "total",
    share: float = 1.0,
    row: Any = "value_added",
) -> pd.Series[float]:
    """Return what every (region, sector) loses when one is taken out.

    ``x - x*``, times the row per unit of output, with ``x*`` the solution of the table in which

    * ``total``: the sector's purchases, sales and final demand are gone (Miller and Blair 2009,
      section 12.2.6; Strassert 1968);
    * ``backward``: its purchases of inputs are gone (its column of ``A``);
    * ``forward``: its sales of inputs are gone (its row of Ghosh's ``B``; Dietzenbacher and van der
      Linden 1997), in Ghosh's supply-side reading;
    * ``exports``: its sales to other regions are gone, inputs and final demand alike: the domestic
      value added lost is that in exports (Los, Timmer and de Vries 2016),
      ``v_r (I - A_rr)^-1 e_r`` when a whole region's exports are taken.

    Parameters
    ----------
    sector
        None takes all sectors of the region.
    share
        How much of those flows is taken, from 0 to 1 (partial extraction, Dietzenbacher and Lahr
        2013).
    row
        ``value_added``, ``output``, an item of an extension, or (n,) totals.

    Notes
    -----
    This solves the changed table; :func:`extract_all` gets single sectors from one inverse.
    """
    _check(kind, share)
    place = np.arange(economy.n)
    out = place // economy.n_sectors == economy.region_number(region)
    if sector is not None:
        out &= place % economy.n_sectors == economy.sector_number(sector)
    c = per_unit(totals_of(economy, row), economy.x)
    if kind == "forward":
        lost = _forward(economy, out, share)
    else:
        lost = economy.x - _remaining(economy, out, kind, share)
    return economy.series(c * lost, f"{kind} extraction of {region} {sector or ''}".strip())


def _check(kind: str, share: float, kinds: tuple[str, ...] = KINDS) -> None:
    if kind not in kinds:
        raise InputError("structure.choice", what="kind", got=kind, known=", ".join(kinds))
    if not 0.0 <= share <= 1.0:
        raise InputError("structure.cap_value", what="share", value=share, low=0, high=1)


def totals_of(economy: Economy, row: Any) -> Floats:
    """Return (n,) totals of a row by its name, or the array or Series given."""
    if not isinstance(row, str):
        return aligned(economy, row, "row")
    if row == "value_added":
        return economy.value_added
    if row == "output":
        return economy.x
    items = {
        item: values
        for extension in economy.extensions.values()
        for item, values in zip(extension.items, extension.values, strict=True)
    }
    if row not in items:
        known = ", ".join(["value_added", "output", *items])
        raise InputError("structure.choice", what="row", got=row, known=known)
    return np.asarray(items[row])


def _remaining(economy: Economy, out: NDArray[np.bool_], kind: str, share: float) -> Floats:
    keep = 1.0 - share
    Z, final = np.array(economy.Z), np.array(economy.final_by_region)
    if kind == "exports":
        region = np.arange(economy.n) // economy.n_sectors
        abroad = region != region[out][0]
        Z[np.ix_(out, abroad)] *= keep
        final[out] *= np.where(np.arange(economy.n_regions) == region[out][0], 1.0, keep)
    elif kind == "backward":
        Z[:, out] *= keep
    else:
        Z[np.ix_(out, ~out)] *= keep
        Z[:, out] *= keep
        final[out] *= keep
    changed = Leontief(Z, economy.x, economy.v, lambda k: " ".join(economy.label(k)))
    return changed.solve(final.sum(axis=1))


def _forward(economy: Economy, out: NDArray[np.bool_], share: float) -> Floats:
    """Output lost when rows of Ghosh's B are cut: ``x = v (I - B)^-1``."""
    x = economy.x
    safe = np.where(x == 0.0, 1.0, x)
    B = economy.Z / safe[:, None]
    B[out] *= 1.0 - share
    return np.asarray(x - np.linalg.solve((np.eye(economy.n) - B).T, economy.value_added))


@checked
def extract_all(
    economy: Economy, *, kind: str = "total", share: float = 1.0, row: Any = "value_added"
) -> pd.DataFrame:
    """Return the loss to the whole table from each single (region, sector), taken out by turns.

    By the Sherman-Morrison-Woodbury formula all of them follow from the diagonal of
    ``L = (I - A)^-1``, with ``m' = c' L`` and ``c`` the row per unit of output:

    * total: ``m_k x_k / L_kk``;
    * backward: ``s (m_k - c_k) x_k / (1 + s (L_kk - 1))`` for the share ``s``;
    * forward: ``s ((L c x)_k - c_k x_k) / (1 + s (L_kk - 1))``.

    Returns
    -------
    DataFrame
        ``loss`` to the whole table, ``own`` (the sector's own part), ``others`` (the rest), in the
        unit of the row, and ``loss_share`` of the row's total.
    """
    _check(kind, share, KINDS[:3])
    totals = totals_of(economy, row)
    c, x = per_unit(totals, economy.x), economy.x
    system = leontief(economy)
    diagonal = system.inverse_diagonal()
    m = system.solve_transposed(c)
    if kind == "total":
        loss, own = _total(economy, share, c, m, diagonal)
    else:
        reach = 1.0 + share * (diagonal - 1.0)
        own = share * c * x * (diagonal - 1.0) / reach
        # forward: x_k (sum_j G_kj c_j - c_k), with Ghosh's G_kj = L_kj x_j / x_k
        pull = (m - c) * x if kind == "backward" else system.solve(c * x) - c * x
        loss = share * pull / reach
    whole = totals.sum()
    parts = np.column_stack([loss, own, loss - own, loss / whole if whole else loss])
    return economy.frame(parts, ["loss", "own", "others", "loss_share"])


def _total(
    economy: Economy, share: float, c: Floats, m: Floats, diagonal: Floats
) -> tuple[Floats, Floats]:
    """Row, column and final demand of k scaled by ``1 - share``: a change of rank two.

    ``A* = A - s (e r' + (a - a_kk e) e')`` with ``r`` the row, ``a`` the column and ``e`` the unit
    vector of k; for ``s = 1`` it comes down to ``m_k x_k / L_kk``.
    """
    x = economy.x
    own_loss = c * x * share
    if share == 1.0:
        return m * x / diagonal, own_loss
    if share == 0.0:
        return np.zeros_like(x), own_loss
    A_kk = per_unit(np.diag(economy.Z), x)
    f = economy.final_by_region.sum(axis=1)
    # V' L U and V' L f' of the Woodbury formula, two by two, for every k at once
    inner = np.empty((economy.n, 2, 2))
    inner[:, 0, 0] = diagonal - 1.0 + 1.0 / share
    inner[:, 0, 1] = (diagonal - 1.0) * (1.0 - A_kk) - A_kk
    inner[:, 1, 0] = diagonal
    inner[:, 1, 1] = diagonal * (1.0 - A_kk) - 1.0 + 1.0 / share
    right = np.column_stack([x - f - share * f * (diagonal - 1.0), x - share * f * diagonal])
    w = np.linalg.solve(inner, right[:, :, None])[:, :, 0]
    loss = share * f * m + m * w[:, 0] + (m * (1.0 - A_kk) - c) * w[:, 1]
    own = share * f * diagonal + diagonal * w[:, 0] + (diagonal * (1.0 - A_kk) - 1.0) * w[:, 1]
    return loss, c * own
