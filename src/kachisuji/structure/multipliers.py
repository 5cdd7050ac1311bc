"""Multipliers: what a unit of final demand sets in motion, in output, value added or any row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def multipliers(
    economy: Economy, rows: Mapping[str, Any] | None = None, *, relative: bool = False
) -> pd.DataFrame:
    """Return type I multipliers of every (region, sector).

    ``m' = c' (I - A)^-1`` with ``c`` the row per unit of output: 1 for output, ``v`` for value
    added, the extensions of the table and the ``rows`` given (Miller and Blair 2009, chapter 6).

    Parameters
    ----------
    rows
        More rows by name, each (n,) totals for the year (not coefficients): wages, jobs, tonnes.
        A pandas Series is taken by its (region, sector) labels.
    relative
        Divide by the direct coefficient: the "type I multiplier" of Eurostat and the ONS (output
        has none and stays as it is). A sector without a direct coefficient has no such figure: NaN.

    Returns
    -------
    DataFrame
        Columns ``output``, ``value_added``, then each item of each extension, then ``rows``; in
        units of the row for one unit of currency of final demand.
    """
    totals = _rows(economy, rows)
    direct = np.column_stack([per_unit(values, economy.x) for values in totals.values()])
    system = leontief(economy)
    effects = system.solve_transposed(direct)
    if relative:
        with np.errstate(divide="ignore", invalid="ignore"):
            effects = np.where(direct == 0.0, np.nan, effects / direct)
    parts = np.column_stack([system.output_multipliers(), effects])
    return economy.frame(parts, ["output", *totals])


def _rows(economy: Economy, rows: Mapping[str, Any] | None) -> dict[str, Floats]:
    totals = {"value_added": economy.value_added}
    for extension in economy.extensions.values():
        totals |= dict(zip(extension.items, extension.values, strict=True))
    for name, values in (rows or {}).items():
        totals[name] = aligned(economy, values, name)
    return totals


def aligned(economy: Economy, values: Any, name: str) -> Floats:
    """Return (n,) values in the table's order; a labelled Series is put in order by its labels.

    Raises
    ------
    InputError
        When the length is wrong or a (region, sector) is missing: nothing is filled in.
    """
    if hasattr(values, "reindex"):
        values = values.reindex(economy.index)
        missing = np.flatnonzero(np.asarray(values.isna()))
        if len(missing):
            row = " ".join(economy.label(int(missing[0])))
            raise InputError("structure.row_labels", row=row, name=name)
    array = np.asarray(values, dtype=float)
    if array.shape != (economy.n,):
        raise InputError("structure.row_length", name=name, got=array.size, want=economy.n)
    return array
