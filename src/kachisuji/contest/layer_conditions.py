"""What the industry OS needs for home applications to keep more than a part of users' spending.

The path starts in one hard field and expands sideways by reuse. Asked in every future, one
condition at a time and the others as drawn: the least rate of reuse, the least number of fields,
the least worth of closed data. The spread over the futures is the threshold's uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kachisuji.contest.layers import (
    RIPE_YEAR,
    YEARS,
    Course,
    Figures,
    course_industry_os,
    entry_costs,
    play_layers,
)

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.layers import F8

KEEP = 0.2
"""Part of home users' spending that home applications are to keep, unless given: a fifth."""
FIELDS = 10
AMPLE = 1e9  # money a year that enters every field at once
START = 2026
REUSE = (0.0, 0.1, 0.2, 0.3, 0.45)
_HALVINGS = 24
_TOP = {"os_reuse": 0.95, "closed_gain": 1.0}


def kept_share(p: Figures, course: Course, year: int = RIPE_YEAR) -> F8:
    """(F,) value added of home applications over home users' spending in one year.

    What they pay users for closed data is no longer theirs.
    """
    flows, t = play_layers(p, course), year - YEARS[0]
    return np.asarray(flows.value[:, t, 2, 0] / flows.spending[:, t])


def least_by_future(gives: Callable[[F8], F8], wanted: float, top: float, count: int) -> F8:
    """(F,) least argument in 0 … ``top`` at which a function rising in it gives ``wanted``.

    ``gives`` maps (F,) to (F,), future by future. Infinite where not even ``top`` does.
    """
    low, high = np.zeros(count), np.full(count, top)
    never = gives(high) < wanted
    at_once = gives(low) >= wanted
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        enough = gives(middle) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(never, np.inf, np.where(at_once, 0.0, high))


def _least(p: Figures, symbol: str, keep: float, yearly: float, year: int) -> F8:
    def gives(value: F8) -> F8:
        q = {**p, symbol: value}
        return kept_share(q, course_industry_os(q, yearly, start=START, fields=FIELDS), year)

    return least_by_future(gives, keep, _TOP[symbol], p["growth"].size)


def _fields(p: Figures, keep: float, year: int) -> F8:
    """(F,) least number of fields entered, money no object; infinite where all are too few."""
    out = np.full(p["growth"].size, np.inf)
    for count in range(FIELDS, -1, -1):
        course = course_industry_os(p, AMPLE, start=START, fields=FIELDS, most=count)
        out = np.where(kept_share(p, course, year) >= keep, float(count), out)
    return out


def _spread(values: F8) -> tuple[float, float, float, float]:
    """Quantiles 0.1, 0.5, 0.9 (infinite where no value is enough), part never enough."""
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), method="inverted_cdf")
    return float(low), float(middle), float(high), float(np.isinf(values).mean())


def conditions(
    p: Figures, *, keep: float = KEEP, yearly: float = 100.0, year: int = RIPE_YEAR
) -> pd.DataFrame:
    """Return what home applications need, each alone, to keep ``keep`` of users' spending.

    Parameters
    ----------
    p
        Figures by symbol, (F,) each.
    keep
        Part of home users' spending.
    yearly
        Money a year on the industry OS; the number of fields is asked with money no object.

    Returns
    -------
    DataFrame
        Index ``os_reuse`` (fall of the cost of entry at each doubling), ``fields`` (of ten, which
        share ``os_reach`` of spending), ``closed_gain`` (rise of the outside option where data are
        closed, share of the surplus); columns ``drawn`` (median of the case; fields: entered on the
        money), ``low``, ``median``, ``high`` (quantiles 0.1, 0.5, 0.9 of the least value that is
        enough, infinite where none is), ``never`` (part of the futures in which none is), ``met``
        (part in which what is drawn is enough).
    """
    import pandas as pd

    now = kept_share(p, course_industry_os(p, yearly, start=START, fields=FIELDS), year) >= keep
    entered = _entered(p, yearly, year)
    found = {
        "os_reuse": (p["os_reuse"], _least(p, "os_reuse", keep, yearly, year)),
        "fields": (entered, _fields(p, keep, year)),
        "closed_gain": (p["closed_gain"], _least(p, "closed_gain", keep, yearly, year)),
    }
    rows = {
        name: (float(np.median(drawn)), *_spread(least), float(now.mean()))
        for name, (drawn, least) in found.items()
    }
    columns = ["drawn", "low", "median", "high", "never", "met"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("condition")


def _entered(p: Figures, yearly: float, year: int) -> F8:
    """(F,) fields entered by a year on the money."""
    spent = np.cumsum(entry_costs(p, FIELDS), axis=1)
    return np.asarray((spent <= yearly * (year - START)).sum(axis=1), dtype=np.float64)


def together(
    p: Figures, *, keep: float = KEEP, yearly: float = 100.0, year: int = RIPE_YEAR
) -> pd.DataFrame:
    """Return the conditions together: at each rate of reuse, fields and closed data needed.

    Returns
    -------
    DataFrame
        A row for each rate of ``reuse``: ``fields`` entered on the money (median), ``odds`` (part
        of the futures that keep enough with closed data as drawn), and the worth of closed data
        needed: ``low``, ``median``, ``high``, ``never``.
    """
    import pandas as pd

    rows = []
    for reuse in REUSE:
        q = {**p, "os_reuse": np.full_like(p["os_reuse"], reuse)}
        kept = kept_share(q, course_industry_os(q, yearly, start=START, fields=FIELDS), year)
        need = _spread(_least(q, "closed_gain", keep, yearly, year))
        entered = float(np.median(_entered(q, yearly, year)))
        rows.append((reuse, entered, float((kept >= keep).mean()), *need))
    columns = ["reuse", "fields", "odds", "low", "median", "high", "never"]
    return pd.DataFrame(rows, columns=columns)
