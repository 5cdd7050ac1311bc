"""Border events in the stored futures: when a partner becomes unavailable, when a market closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest.quantities import Draws, Quantity
from kachisuji.contest.tables import figure, records
from kachisuji.contest.ties import first_year_of

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

KINDS = {"break_odds": "break", "closure_odds": "closure"}
NEVER = 0  # in a question: the event does not come within the case's years


def event_years(case: Case, quantities: list[Quantity], draws: F8) -> dict[str, I8]:
    """When each border event comes in each future.

    The case gives odds by segment, and one draw a partner decides in all of them
    (``contest.ties``); a partner or market is taken for lost from the year in which it is lost to
    at least half of the segments that have odds.

    Returns
    -------
    dict
        ``break.PARTNER`` or ``closure.PARTNER`` -> (F,) calendar year.
    """
    found: dict[str, list[I8]] = {}
    dice = Draws(quantities, draws)
    for row in records(case, "partner_terms") if "partner_terms" in case.tables else []:
        if row["symbol"] not in KINDS or not row["high"] > 0.0:
            continue
        odds = dice.value("partner_terms", (row["segment"], row["partner"], row["symbol"]),
                          *figure(row))  # fmt: skip
        years = first_year_of(dice.column("border", (row["partner"],)), odds)
        found.setdefault(f"{KINDS[row['symbol']]}.{row['partner']}", []).append(years)
    return {
        name: case.settings.base_year + np.sort(np.stack(years), axis=0)[(len(years) - 1) // 2]
        for name, years in found.items()
    }


def has_come(years: I8, by: int, last: int) -> NDArray[np.bool_]:
    """(F,) futures in which an event has come by a year, or for ``NEVER`` those without it."""
    return np.asarray(years > last if by == NEVER else years <= by)


def years_asked(case: Case) -> list[int]:
    """Years by which an event may be asked to have come: soon, in the middle, at the end."""
    first, last = case.settings.first_year, case.settings.last_year
    return sorted({min(first + k, last) for k in (2, 5, 10)} | {last})


def left_out_by(case: Case) -> dict[str, tuple[str, ...]]:
    """Markets that some lines sell in and others leave out -> groups of markets that hold them."""
    groups = case.lines.market_groups
    return {
        market: held
        for market in dict.fromkeys(m for g in groups.values() for m in g)
        if 0 < len(held := tuple(k for k, g in groups.items() if market in g)) < len(groups)
    }
