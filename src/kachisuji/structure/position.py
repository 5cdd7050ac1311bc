"""Position in the chain: steps to final use, steps from primary factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.aggregating import TOTAL
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.leontief import Leontief, leontief, row_name
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

LEVELS = ("country-sector", "country", "sector", "world")


@checked
def upstreamness(
    economy: Economy,
    *,
    inventories: bool = True,
    level: str = "country-sector",
    trade: Sequence[str] = (),
) -> pd.Series[float]:
    """Return the average number of steps from a sector's output to final use, at least one.

    ``U = (I - B)^-1 1`` with ``B_ij = Z_ij / x_i`` (Antràs, Chor, Fally and Hillberry 2012,
    equation 1; Antràs and Chor 2018, section 2), worked out as ``x^-1 (I - A)^-1 x``.

    Parameters
    ----------
    inventories
        Net-inventory correction of Antràs and Chor (2018, section 3): sales that went into stocks
        are spread over the row's other uses, ``Z_ij x_i / (x_i - N_i)``.
    level
        ``country-sector``; or ``country`` or ``sector``: the table is first added up to that level
        and then measured, as those authors do for countries; or ``world``: their world average, the
        countries' figures weighted by output. In it upstreamness and downstreamness are one number.
    trade
        For a national table without the other regions: its categories of exports and of imports (as
        negative figures). Uses abroad are then taken to be like those at home,
        ``Z_ij x_i / (x_i - X_i + M_i - N_i)`` (Antràs, Chor, Fally and Hillberry 2012, equation 9);
        without it exports count as final use. A table of several regions knows who uses what and
        needs none.

    Returns
    -------
    Series
        By (region, sector), or by the label of the level. Without output: 1.

    Raises
    ------
    InputError
        For an unknown level or category, or ``trade`` in a table of several regions.
    """
    table = _at_level(economy, level)
    system = _open(table, inventories, trade) if trade else _corrected(table, inventories)
    steps = per_unit(system.solve(table.x), table.x)
    return _labelled(table, np.where(table.x == 0.0, 1.0, steps), level, "upstreamness")


@checked
def downstreamness(
    economy: Economy, *, inventories: bool = True, level: str = "country-sector"
) -> pd.Series[float]:
    """Return the average number of steps from primary factors to a sector's output, at least one.

    ``D = (I - A')^-1 1`` with ``A_ij = Z_ij / x_j`` (Antràs and Chor 2018, section 2; Fally 2012).
    Parameters as in :func:`upstreamness`; with the correction the inputs are the rescaled ones.
    """
    table = _at_level(economy, level)
    steps = _corrected(table, inventories).output_multipliers()
    return _labelled(table, steps, level, "downstreamness")


@checked
def positions(
    economy: Economy, *, inventories: bool = True, level: str = "country-sector"
) -> pd.DataFrame:
    """Return upstreamness, downstreamness and the two simple shares beside them.

    ``final_use_share = F_i / x_i`` and ``value_added_share = V_j / x_j`` (Antràs and Chor 2018,
    section 2): the crude counterparts of ``U`` and ``D``. With the correction they are of the
    rescaled table, whose value added is ``x`` less the rescaled inputs.
    """
    table = _at_level(economy, level)
    scale = _scale(table) if inventories else np.ones(table.n)
    final = table.x - table.Z.sum(axis=1) * scale
    added = table.x - scale @ table.Z
    parts = {
        "upstreamness": upstreamness(table, inventories=inventories),
        "downstreamness": downstreamness(table, inventories=inventories),
        "final_use_share": per_unit(final, table.x),
        "value_added_share": per_unit(added, table.x),
    }
    frame = table.frame(np.column_stack([np.asarray(p) for p in parts.values()]), list(parts))
    labelled: pd.DataFrame = _relabelled(table, frame, level)
    return labelled


def _at_level(economy: Economy, level: str) -> Economy:
    if level not in LEVELS:
        known = ", ".join(LEVELS)
        raise InputError("structure.choice", what="level", got=level, known=known)
    if level == "country-sector":
        return economy
    regions = "total" if level == "sector" else None
    sectors = "total" if level in ("country", "world") else None
    return economy.aggregate(regions=regions, sectors=sectors)


def _scale(table: Economy) -> Floats:
    """``x / (x - N)`` by row; one where all that is left of a row is its change in stocks."""
    used = table.x - table.stock_change
    return np.where(used <= 0.0, 1.0, table.x / np.where(used <= 0.0, 1.0, used))


def _open(table: Economy, inventories: bool, trade: Sequence[str]) -> Leontief:
    """Return the system in which net trade, too, is spread over a row's other uses."""
    if table.n_regions != 1:
        raise InputError("accounts.one_region", got=table.n_regions)
    names = (trade,) if isinstance(trade, str) else trade
    spread = [table.category_number(name) for name in names]
    if inventories:
        spread += [table.category_number(name) for name in table.stock_changes]
    used = table.x - table.Y[:, sorted(set(spread))].sum(axis=1)
    # used goods are sold on by those who bought them: nothing but the last digits is left of a row
    nothing = used <= 1e-9 * np.abs(table.Y).sum(axis=1)
    scale = np.where(nothing, 1.0, table.x / np.where(nothing, 1.0, used))
    return Leontief(table.Z, table.x, table.v, row_name(table), table.source, scale)


def _corrected(table: Economy, inventories: bool) -> Leontief:
    if not inventories or not table.stock_change.any():
        return leontief(table)
    known = table.__dict__.get("_leontief_without_stocks")
    if known is None:
        name = row_name(table)
        known = Leontief(table.Z, table.x, table.v, name, table.source, _scale(table))
        table.__dict__["_leontief_without_stocks"] = known
    return known


def _labelled(table: Economy, values: Floats, level: str, name: str) -> pd.Series[float]:
    labelled: pd.Series[float] = _relabelled(table, table.series(values, name), level)
    return labelled


def _relabelled(table: Economy, result: Any, level: str) -> Any:
    """Drop the part of the label that was added up; for the world, weight countries by output."""
    if level == "world":
        import pandas as pd

        average = table.x @ result.to_numpy() / table.x.sum()
        label = pd.Index([TOTAL], name="region")
        if average.ndim:
            return pd.DataFrame([average], index=label, columns=result.columns)
        return pd.Series([average], index=label, name=result.name)
    gone = {"country": "sector", "sector": "region"}.get(level)
    return result if gone is None else result.droplevel(gone)
