"""Ghosh's supply-side system, to be read as prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.leontief import leontief
from kachisuji.structure.multipliers import aligned

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class Ghosh:
    """``x' = v' (I - B)^-1`` with output coefficients ``B_ij = Z_ij / x_i``.

    Read it as prices, not as quantities (Dietzenbacher 1997): when primary costs change by ``dv``,
    with quantities as they are, the value of output changes by ``dv' (I - B)^-1``. Nothing is
    factorised here: ``(I - B)^-1 = x^-1 (I - A)^-1 x``, so the Leontief factors serve.
    """

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        self._system = leontief(economy)
        self._scale = np.where(economy.x == 0.0, 1.0, economy.x)

    @property
    def B(self) -> Floats:
        """(n, n) output coefficients; a row without output is zero."""
        return per_unit(self.economy.Z.T, self.economy.x).T

    def solve(self, w: ArrayLike) -> Floats:
        """``(I - B)^-1 w``, (n,) or (n, k)."""
        values = self._system.in_order(w, "w")
        scale = self._scale if values.ndim == 1 else self._scale[:, None]
        return self._system.solve(scale * values) / scale

    def solve_transposed(self, v: ArrayLike) -> Floats:
        """``(I - B')^-1 v``: value of output for primary costs ``v``, (n,) or (n, k)."""
        values = self._system.in_order(v, "v")
        scale = self._scale if values.ndim == 1 else self._scale[:, None]
        return self._system.solve_transposed(values / scale) * scale


@checked
def ghosh(economy: Economy) -> Ghosh:
    """Return Ghosh's system of the table (Ghosh 1958; Miller and Blair 2009, chapter 12)."""
    return Ghosh(economy)


@checked
def price_change(economy: Economy, cost_change: Any) -> pd.Series[float]:
    """Return how prices move when primary costs do, quantities and coefficients as they are.

    ``dp' = dc' (I - A)^-1`` (Leontief's price model; Miller and Blair 2009, section 2.6).

    Parameters
    ----------
    cost_change
        (n,) change of primary cost per unit of output: wages, taxes, a carbon price times tonnes
        per unit. A Series is taken by its labels.

    Returns
    -------
    Series
        Relative change of each price: 0.01 is one percent.
    """
    change = aligned(economy, cost_change, "cost_change")
    return economy.series(leontief(economy).solve_transposed(change), "price_change")
