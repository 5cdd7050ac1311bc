"""Multipliers: what a unit of final demand sets in motion, in output, value added or any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.leontief import columns, in_order, leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Households:
    """What closes a table for type II multipliers.

    Attributes
    ----------
    income
        (n,) what each sector pays to the households of its region; an array or labelled Series.
    categories
        Which categories of final demand are their spending.
    total
        (R,) all income of the households of each region. None takes what the sectors pay: all that
        households spend is then spent out of it. Give the true total where they have other income.
    own
        (R,) what the households of each region pay to households: domestic staff, rents. It is
        earned and spent again. None takes nothing.
    """

    income: Any
    categories: tuple[str, ...]
    total: Any = None
    own: Any = None


@checked
def multipliers(
    economy: Economy,
    rows: Mapping[str, Any] | None = None,
    *,
    relative: bool = False,
    households: Households | None = None,
) -> pd.DataFrame:
    """Return multipliers of every (region, sector), of type I or (with households) type II.

    Type I: ``m' = c' (I - A)^-1`` with ``c`` the row per unit of output: 1 for output, ``v`` for
    value added, the extensions of the table and the ``rows`` given (Miller and Blair 2009, chapter
    6). Type II: ``m' = c' (I - A - C H)^-1``, ``H`` (R, n) income of each region's households per
    unit of output and ``C`` (n, R) their spending per unit of their income, divided by one less
    what they pay each other: the sectors' part of the table closed with respect to households
    (Miller and Blair 2009, section 2.5; output multipliers are their "truncated" ones, without the
    households' own row).

    Parameters
    ----------
    rows
        More rows by name, each (n,) totals for the year (not coefficients): wages, jobs, tonnes.
        A pandas Series is taken by its (region, sector) labels.
    households
        Whose income and spending close the table; None leaves it open (type I).
    relative
        Divide by the direct coefficient: the "type I (II) multiplier" of Eurostat and the ONS
        (output has none and stays as it is). A sector without a direct coefficient has no such
        figure: NaN.

    Returns
    -------
    DataFrame
        Columns ``output``, ``value_added``, then each item of each extension, then ``rows``; in
        units of the row for one unit of currency of final demand.
    """
    totals = _rows(economy, rows)
    direct = np.column_stack([per_unit(values, economy.x) for values in totals.values()])
    system = leontief(economy)
    effects = np.column_stack([system.output_multipliers(), system.solve_transposed(direct)])
    if households is not None:
        effects = effects + _induced(economy, households, effects)
    output, effects = effects[:, 0], effects[:, 1:]
    if relative:
        with np.errstate(divide="ignore", invalid="ignore"):
            effects = np.where(direct == 0.0, np.nan, effects / direct)
    parts = np.column_stack([output, effects])
    return economy.frame(parts, ["output", *totals])


def _induced(economy: Economy, households: Households, effects: Floats) -> Floats:
    """(n, k) what spending out of earned income adds: ``H L`` by ``(I - H L C)^-1`` by ``m C``.

    ``(I - A - C H)^-1 = L + L C (I - H L C)^-1 H L``.
    """
    if not isinstance(households, Households):
        raise InputError("structure.households_kind", kind=type(households).__name__)
    R, n = economy.n_regions, economy.n
    income = aligned(economy, households.income, "income")
    known = ", ".join(economy.categories)
    for category in households.categories:
        if category not in economy.categories:
            raise InputError("structure.choice", what="category", got=category, known=known)
    those = [k for k, c in enumerate(economy.categories) if c in households.categories]
    spending = economy.Y.reshape(n, R, -1)[:, :, those].sum(axis=2)
    earned = income.reshape(R, -1).sum(axis=1)
    total = earned if households.total is None else np.asarray(households.total, dtype=float)
    if total.shape != (R,) or not (total > 0.0).all():
        raise InputError("structure.household_income", got=total.shape, want=(R,))
    own = np.zeros(R) if households.own is None else np.asarray(households.own, dtype=float)
    if own.shape != (R,) or not ((own >= 0.0) & (own < total)).all():
        raise InputError("structure.household_own", got=own.shape, want=(R,))
    C = spending / (total - own)
    place = np.arange(n)
    H = np.zeros((n, R))
    H[place, place // economy.n_sectors] = per_unit(income, economy.x)
    reach = leontief(economy).solve_transposed(H)  # (n, R): (H L)'
    again = np.eye(R) - reach.T @ C
    if np.max(np.abs(np.linalg.eigvals(np.eye(R) - again))) >= 1.0:
        raise InputError("structure.households_unproductive")
    return np.asarray(reach @ np.linalg.solve(again.T, (effects.T @ C).T))


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
        values = in_order(values, economy.index, name)
    array = columns(values, economy.n, name)
    if array.ndim != 1:
        raise InputError("structure.row_length", name=name, got=array.size, want=economy.n)
    return array
