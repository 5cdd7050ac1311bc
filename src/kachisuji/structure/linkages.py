"""Linkages: how much a sector pulls on others and how much others draw on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.leontief import leontief

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@checked
def linkages(economy: Economy) -> pd.DataFrame:
    """Return backward and forward linkages after Rasmussen (1956) and Hirschman (1958).

    ``backward = 1' (I - A)^-1``: output of all sectors for a unit of a sector's final demand.
    ``forward = (I - B)^-1 1`` with Ghosh's output coefficients ``B = Z / x`` row by row: all output
    that a unit of the sector's value added goes into. The forward figure is Ghosh's and not the row
    sum of the Leontief inverse, which answers another question (what if every final demand rose by
    one) and stands beside it as ``sensitivity`` (Miller and Blair 2009, section 12.2; Beyers 1976,
    Jones 1976). No Ghosh matrix is made: ``(I - B)^-1 1 = x^-1 (I - A)^-1 x``.

    Returns
    -------
    DataFrame
        ``backward``, ``forward``, ``sensitivity``; each divided by its mean over all rows as
        ``*_index``; and ``key``, true where both the backward and the forward index are above one.
        A sector without output has 1 in all three (it moves itself alone).
    """
    system = leontief(economy)
    both = system.solve(np.column_stack([economy.x, np.ones(economy.n)]))
    forward = np.where(economy.x == 0.0, 1.0, per_unit(both[:, 0], economy.x))
    parts = {
        "backward": system.output_multipliers(),
        "forward": forward,
        "sensitivity": both[:, 1],
    }
    index = {f"{name}_index": values / values.mean() for name, values in parts.items()}
    columns = {**parts, **index}
    frame = economy.frame(np.column_stack(list(columns.values())), list(columns))
    frame["key"] = (index["backward_index"] > 1) & (index["forward_index"] > 1)
    return frame
