"""Indispensability and exposure: what a dependent loses when a holder withholds a product.

One operator for both (docs/indispensability.md): a holder withholds a product for a time T; what a
dependent cannot replace caps its users of the product; the capped table gives the lost value added.
The slopes made here hold the loss of every dependent per unit of shortage; the kernel reads them
with the shares of each future.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.structure import leontief

F8 = NDArray[np.float64]
MONTHS = 12.0  # the time T over which supply is withheld


@dataclass(frozen=True)
class Product:
    """A product split from a table sector.

    Attributes
    ----------
    name
        Product id, or the segment's id for a proxy.
    segment
        Segment whose home sales move its supply, or "".
    sector
        Table sector it is split from.
    users
        Table sectors that need it.
    essentiality
        χ: share of the dependent part of users' output that stops per unit of shortage.
    user_share
        Share of the users' output that depends on the product.
    sales
        World sales a year, in the table's unit and price level.
    shares
        (R,) supply share by competitor region, sums to one.
    proxy
        True where the table's sector stands in for product data.
    """

    name: str
    segment: str
    sector: str
    users: tuple[str, ...]
    essentiality: float
    user_share: float
    sales: float
    shares: F8
    proxy: bool


def shortage(share: F8, cover: F8, cushion: F8) -> F8:
    """``z = max(0, d − cushion)``, ``d = share·(1 − cover)``.

    ``d`` is the holder's part of the dependent's use, ``cover`` the part the dependent makes
    itself. With ``q = min(1, (stock + T·spare)/(d·U·T))`` the substitutable part, use U of one a
    month and ``cushion = stock/T + spare``, the shortage ``d(1 − q)`` is this.
    """
    return np.asarray(np.maximum(0.0, share * (1.0 - cover) - cushion))


def home_uses(arrays: Mapping[str, Any], product: int, home: int) -> F8:
    """(F, R) part of home's use of a product that comes from each region, base year.

    ``d_r = share_r·(1 − cover)`` from world supply, or the origins that the case gives.

    Parameters
    ----------
    arrays
        Of ``build.product_arrays``, or a World as a dictionary.
    """
    row = arrays["origin"][product]
    if row >= 0:
        made = arrays["made"][row]
        out = arrays["bought"][row] * (1.0 - made)[:, None]
        out[:, home] = made
        return np.asarray(out)
    cover = arrays["cover"][product, home]
    out = np.tile(arrays["world_share0"][product] * (1.0 - cover), (arrays["cushion"].shape[1], 1))
    out[:, home] = cover
    return np.asarray(out)


def use_shares(economy: Economy, users: tuple[str, ...]) -> F8:
    """(R,) each region's part in the world output of the using sectors."""
    rows = [[economy.row(r, s) for s in users] for r in economy.regions]
    use = economy.x[np.asarray(rows)].sum(axis=1)
    return np.asarray(use / use.sum())


def own_cover(economy: Economy, product: Product) -> F8:
    """(R,) part of each region's use that its own supply covers, at most one."""
    return np.asarray(np.minimum(1.0, product.shares / use_shares(economy, product.users)))


def loss_slopes(economy: Economy, product: Product, inverse: F8, cache: dict[object, float]) -> F8:
    """(R,) value added that each region loses per unit of shortage, as a share of its GDP.

    Only the region itself is short: its users U produce ``x_U(1 − χ·u·z)``, all others what is
    ordered. With ``L = (I − A)⁻¹`` the fall is ``L[:, U] L[U, U]⁻¹ (χ·u·z·x_U)``: linear in z, so
    one number a region says all (a test compares it with ``structure.capped_output``). Losses
    further downstream are left out: a lower bound, stated in the documents.
    """
    out = np.zeros(economy.n_regions)
    for r, region in enumerate(economy.regions):
        key = (product.users, region)
        if key not in cache:
            rows = [economy.row(region, s) for s in product.users]
            own = economy.rows(region)
            fall = inverse[own][:, rows] @ np.linalg.solve(
                inverse[np.ix_(rows, rows)], economy.x[rows]
            )
            cache[key] = float(economy.v[own] @ fall / economy.value_added[own].sum())
        out[r] = cache[key]
    return np.asarray(product.essentiality * product.user_share * out)


def holder_cost(economy: Economy, product: Product, home: str) -> float:
    """Loss of the holder that withholds all it sells abroad for a year, as a share of its GDP.

    Lost exports of the product times the value added each unit carries at home.
    """
    h = economy.regions.index(home)
    abroad = 1.0 - use_shares(economy, product.users)[h]
    lost = product.sales * product.shares[h] * abroad
    own = economy.rows(home)
    A = leontief(economy).A
    carried = np.linalg.solve(np.eye(economy.n_sectors) - A[own, own].T, economy.v[own])
    unit = carried[economy.sectors.index(product.sector)]
    return float(lost * unit / economy.value_added[own].sum())


def main_users(economy: Economy, sector: str, least: float = 0.02) -> tuple[str, ...]:
    """Sectors that spend at least ``least`` of their output on ``sector`` in the world as a whole.

    Where none does (a good bought by households and the state), the sector itself stands for it.
    """
    world = economy.aggregate(regions="total")
    row = world.Z[world.sectors.index(sector)]
    share = np.divide(row, world.x, out=np.zeros_like(row), where=world.x > 0)
    found = tuple(s for s, a in zip(world.sectors, share, strict=True) if a >= least)
    return found or (sector,)
