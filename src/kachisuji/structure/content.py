"""Whose value added is in exports and in final demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def value_added_shares(economy: Economy) -> Floats:
    """(n,) ``v``, one for a sector that makes nothing.

    Sales out of stocks, which a table of whole numbers may hold without output, are then its own
    value and not lost: what is sold is somebody's value added to the last unit.
    """
    return np.where(economy.x == 0.0, 1.0, economy.v)


@checked
def origin_of_value_added(economy: Economy) -> Floats:
    """(n, R) value added of each region in a unit of final output of each (region, sector).

    ``M' = V (I - A)^-1`` with ``V`` (R, n) holding ``v`` of the region's own sectors (see
    :func:`value_added_shares`). Rows add up to one.
    """
    known = economy.__dict__.get("_origin_of_value_added")
    if known is None:
        by_region = np.zeros((economy.n, economy.n_regions))
        rows = np.arange(economy.n)
        by_region[rows, rows // economy.n_sectors] = value_added_shares(economy)
        known = leontief(economy).solve_transposed(by_region)
        known.flags.writeable = False
        economy.__dict__["_origin_of_value_added"] = known  # small, and asked for often
    return np.asarray(known)


@checked
def value_added_content(economy: Economy, of: str = "exports") -> pd.DataFrame:
    """Return domestic and foreign value added in exports or in final demand, by country and sector.

    With ``M`` as in :func:`origin_of_value_added` (Koopman, Wang and Wei 2014, section 1; Johnson
    and Noguera 2012):

    * ``of="exports"``: exports of (r, k) times ``M[rk, r]`` are domestic, the rest is foreign.
      Gross exports include what crosses borders more than once; for terms without double counting
      see :func:`decompose_exports`.
    * ``of="final_demand"``: what region r buys for final use of sector k's products, from wherever;
      domestic is r's own value added in it.

    Returns
    -------
    DataFrame
        By (region, sector): ``total``, ``domestic``, ``foreign`` in the table's unit.
    """
    origin = origin_of_value_added(economy)
    R, S = economy.n_regions, economy.n_sectors
    if of == "exports":
        total = economy.exports.sum(axis=1)
        own = origin.reshape(R, S, R)[np.arange(R), :, np.arange(R)].ravel()
        domestic = total * own
    elif of == "final_demand":
        bought = economy.final_by_region
        total = bought.reshape(R, S, R).sum(axis=0).T.ravel()
        domestic = (bought * origin).reshape(R, S, R).sum(axis=0).T.ravel()
    else:
        known = "exports, final_demand"
        raise InputError("structure.choice", what="of", got=of, known=known)
    parts = np.column_stack([total, domestic, total - domestic])
    return economy.frame(parts, ["total", "domestic", "foreign"])
