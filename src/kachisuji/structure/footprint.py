"""Footprints: what a region's use of final products takes, wherever it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.exports import output_by_user
from kachisuji.structure.extraction import totals_of
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@checked
def footprint(economy: Economy, row: Any = "value_added", by: str = "source") -> pd.DataFrame:
    """Return the footprint of every region's final demand in a row.

    Parameters
    ----------
    row
        ``value_added``, ``output``, an item of an extension, or (n,) totals.
    by
        ``source``: ``c (I - A)^-1 Y_l``, where it was taken (rows) for whom (columns);
        ``product``: ``(c' (I - A)^-1) Y_l``, in which final product of which origin it came.

    Returns
    -------
    DataFrame
        (region, sector) by using region, in the unit of the row; both ways add up to the row's
        total, and each column to what is embodied in the region's final demand. For an item that
        final users cause themselves as well (cars, boilers), ``attrs["direct"]`` holds that by
        region: a region's whole footprint is its column plus its direct part (EXIOBASE's and
        pymrio's ``D_cba`` is that sum).
    """
    c = per_unit(totals_of(economy, row), economy.x)
    if by == "source":
        values = c[:, None] * output_by_user(economy)
    elif by == "product":
        values = leontief(economy).solve_transposed(c)[:, None] * economy.final_by_region
    else:
        raise InputError("structure.choice", what="by", got=by, known="source, product")
    frame = economy.frame(values, list(economy.regions))
    frame.attrs["direct"] = _direct(economy, row)
    return frame


def _direct(economy: Economy, row: Any) -> dict[str, float]:
    """Return what final users of each region cause themselves of an item, nil where untold."""
    for extension in reversed(list(economy.extensions.values())):
        if extension.final is not None and isinstance(row, str) and row in extension.items:
            own = extension.final[extension.items.index(row)].reshape(economy.n_regions, -1)
            return dict(zip(economy.regions, own.sum(axis=1).tolist(), strict=True))
    return dict.fromkeys(economy.regions, 0.0)
