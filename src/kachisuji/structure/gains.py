"""Gains from trade: real income with trade against autarky, from trade shares and elasticities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

MODELS = ("one-sector", "multi-sector", "intermediates")
# spending on a sector, as a share of the region's, that is left out when none of it is made at
# home: tables of whole numbers hold many such cells, and they are worth next to nothing
_NEGLIGIBLE = 1e-4


@checked
def gains_from_trade(
    economy: Economy, model: str = "one-sector", theta: ArrayLike | Any = 5.0
) -> pd.Series[float]:
    """Return each region's gains from trade as a share of its real income.

    ``G_j = 1 - lambda_jj^(1/theta)`` and its kin (Arkolakis, Costinot and Rodríguez-Clare 2012;
    Costinot and Rodríguez-Clare 2014, sections 2 to 3), with ``lambda_jj`` the share of spending on
    the region's own goods, inputs and final use alike:

    * ``one-sector``: all sectors as one;
    * ``multi-sector``: ``1 - prod_s lambda_jj,s^(b_js / theta_s)``, ``b`` shares of final spending;
    * ``intermediates``: the same with ``b`` replaced by ``(I - a_j)^-1 b_j``, ``a_j`` (S, S) the
      region's input coefficients from all origins: cheaper inputs make inputs cheaper.

    Perfect competition, Cobb-Douglas across sectors, trade taken as balanced.

    Parameters
    ----------
    theta
        The trade elasticity, above zero: one number, or one a sector (an array in the table's
        order, a dict or a Series by sector; it may name more sectors than the table has). The
        one-sector model takes one number.

    Returns
    -------
    Series
        By region; 0.018 means 1.8 %. In a sector that is bought and not made at home autarky leaves
        nothing in these models, and the figure is 1: ``attrs["not_made_at_home"]`` lists such
        (region, sector), which are better added to a neighbouring sector first. Where the whole
        spending on such a sector is below a ten-thousandth of the region's (private households in
        Japan, car sales in China) it is left out. NaN for a region that has no final spending.

    Raises
    ------
    InputError
        For an elasticity that is not above zero, or not one for each sector.
    """
    if model not in MODELS:
        raise InputError("structure.choice", what="model", got=model, known=", ".join(MODELS))
    own, spent, final = _spending(economy)
    sectors = economy.sectors
    if model == "one-sector":
        own, spent, final = (part.sum(axis=1, keepdims=True) for part in (own, spent, final))
        sectors = ("TOTAL",)
    elasticity = _elasticities(sectors, theta)
    with np.errstate(divide="ignore"):
        real = spent > np.where(own > 0.0, 0.0, _NEGLIGIBLE * spent.sum(axis=1, keepdims=True))
        share = np.where(real, own / np.where(real, spent, 1.0), 1.0)
        logs = np.log(np.maximum(share, 0.0))
    whole = final.sum(axis=1, keepdims=True)
    weights = final / np.where(whole == 0.0, 1.0, whole)
    if model == "intermediates":
        weights = _with_inputs(economy, weights)
    # a weight of nil leaves a sector out even where nothing is bought at home
    exponent = np.where(weights == 0.0, 0.0, weights * np.where(weights == 0.0, 0.0, logs))
    gains = 1.0 - np.exp((exponent / elasticity).sum(axis=1))
    gains = np.where(whole[:, 0] == 0.0, np.nan, gains)
    return _by_region(economy, gains, (share <= 0.0) & (weights > 0.0))


def _by_region(economy: Economy, gains: Floats, nothing: NDArray[np.bool_]) -> pd.Series[float]:
    import pandas as pd

    index = pd.Index(economy.regions, name="region")
    result = pd.Series(gains, index=index, name="gains_from_trade")
    result.attrs["not_made_at_home"] = [
        (economy.regions[r], economy.sectors[s]) for r, s in zip(*np.nonzero(nothing), strict=True)
    ]
    return result


def _elasticities(sectors: tuple[str, ...], theta: Any) -> Floats:
    """(S,) or a number."""
    if hasattr(theta, "items"):
        by_sector = dict(theta.items())
        missing = [s for s in sectors if s not in by_sector]
        if missing:
            raise InputError("structure.theta_missing", row=missing[0])
        theta = [by_sector[s] for s in sectors]
    values = np.asarray(theta)
    if values.dtype.kind not in "fiu":
        raise InputError("structure.theta_value", value=repr(theta))
    values = values.astype(float)
    if values.shape not in ((), (len(sectors),)):
        raise InputError("structure.theta_length", got=values.size, want=len(sectors))
    if not (values > 0.0).all() or not np.isfinite(values).all():
        wrong = values[~((values > 0.0) & np.isfinite(values))]
        raise InputError("structure.theta_value", value=float(wrong.flat[0]))
    return values


def _spending(economy: Economy) -> tuple[Floats, Floats, Floats]:
    """(R, S) spending on own goods, on all goods, and final spending, by buyer and sector.

    Draws on stocks are no spending and are left out; additions to stocks are kept.
    """
    R, S = economy.n_regions, economy.n_sectors
    demand = economy.Y.reshape(R, S, R, -1)
    stocks = np.array([c in economy.stock_changes for c in economy.categories])
    final = np.where(stocks & (demand < 0.0), 0.0, demand).sum(axis=3)
    used = economy.Z.reshape(R, S, R, S).sum(axis=3) + final
    regions = np.arange(R)
    return used[regions, :, regions], used.sum(axis=0).T, final.sum(axis=0).T


def _with_inputs(economy: Economy, weights: Floats) -> Floats:
    """(R, S) ``(I - a_j)^-1 b_j``."""
    R, S = economy.n_regions, economy.n_sectors
    inputs = economy.Z.reshape(R, S, economy.n).sum(axis=0)
    shares = per_unit(inputs, economy.x).reshape(S, R, S).transpose(1, 0, 2)
    return np.asarray(np.linalg.solve(np.eye(S) - shares, weights[:, :, None])[:, :, 0])
