"""What instruments do in a package and a kind of business: effects, fit, synergy and clash.

The kernel reads rows of effects and packages as lists of rows. A row is one instrument as it works
for one business type beside the others of its package, so that fit and interactions are settled
here, once, and the kernel knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.cases import schema
from kachisuji.contest import symbols as sym
from kachisuji.contest.quantities import Draws
from kachisuji.contest.tables import figure, records

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]

MONEY = "money"
"""Lever of ``interactions.csv`` that stands for the additionality of the money itself."""


def businesses() -> tuple[str, ...]:
    """Return the business types of segments, in the order in which packages are laid out."""
    return next(a for a in schema("segments").attributes if a.name == "business").choices


def package_code(package: int | NDArray[Any], business: int | NDArray[Any]) -> Any:
    """Row of ``World.packages`` that holds a package as it works for a business type."""
    return package * len(businesses()) + business


def optional_records(case: Case, table: str) -> list[dict[str, Any]]:
    """Rows of a table that the case may do without."""
    return records(case, table) if table in case.tables else []


class _Workings:
    """Effects and money terms of instruments, and what fit and company make of them."""

    def __init__(self, case: Case, draws: Draws) -> None:
        self.table = records(case, "instruments")
        place = {row["instrument"]: i for i, row in enumerate(self.table)}
        self.effect = np.zeros((len(place), draws.futures, sym.N_LEVERS))
        for row in records(case, "effects"):
            key = (row["instrument"], row["lever"])
            value = draws.value("effects", key, *figure(row))
            self.effect[place[row["instrument"]], :, sym.LEVERS.index(row["lever"])] += value
        self.money = np.zeros((len(place), draws.futures, 3))
        for i, row in enumerate(self.table):
            for j, stem in enumerate(("windfall", "leverage", "retaliation")):
                name = (row["instrument"],)
                self.money[i, :, j] = draws.value(stem, name, *figure(row, f"{stem}_"))
        self.place = place
        self.fit: dict[tuple[str, str], F8] = {}
        for row in optional_records(case, "finance_fit"):
            own = (row["instrument"], row["business"])
            self.fit[own] = draws.value("finance_fit", own, *figure(row))
        self.meets: dict[tuple[str, str], list[tuple[str, F8]]] = {}
        for row in optional_records(case, "interactions"):
            full = (row["instrument"], row["with"], row["lever"])
            value = draws.value("interactions", full, *figure(row))
            self.meets.setdefault((full[0], full[1]), []).append((row["lever"], value))

    def row(self, instrument: str, business: str, others: tuple[str, ...]) -> tuple[F8, F8]:
        """Effects (F, N_LEVERS) and money terms (F, 3) in this business and company.

        Fit multiplies every effect and the additionality ``1 − w``; an interaction multiplies its
        lever, or additionality for the lever ``money``. Additionality stays at most one.
        """
        i = self.place[instrument]
        effect, money = self.effect[i].copy(), self.money[i].copy()
        additional = 1.0 - money[:, 0]
        fit = self.fit.get((instrument, business))
        if fit is not None:
            effect *= fit[:, None]
            additional *= fit
        for other in others:
            for lever, factor in self.meets.get((instrument, other), ()):
                if lever == MONEY:
                    additional *= factor
                else:
                    effect[:, sym.LEVERS.index(lever)] *= factor
        money[:, 0] = 1.0 - np.minimum(1.0, additional)
        return effect, money


def instrument_arrays(
    case: Case, draws: Draws, packages: Sequence[tuple[str, ...]] | None = None
) -> dict[str, Any]:
    """Effects, money terms and timing by row, and the packages as lists of rows.

    Parameters
    ----------
    case, draws
        Whose instruments, in which futures.
    packages
        Instruments of each package; by default those of ``lines.toml``.

    Returns
    -------
    dict
        Fields of ``World``: ``effect`` (I, F, N_LEVERS), ``money`` (I, F, 3), ``delay``,
        ``duration``, ``money_share``, ``firm_cost`` (I,), ``packages`` (P·B, K), B business types
        (see ``package_code``), −1 where empty, and ``rules`` (P·B, 4) of the case's packages; all
        others are unguarded.
    """
    own = case.lines.packages if packages is None else ()
    given = [p.instruments for p in own] if packages is None else packages
    rules = [(float(p.tranches), p.clawback, float(p.sunset), float(p.withdrawable)) for p in own]
    unguarded = [(1.0, 0.0, 0.0, 0.0)] * (len(given) - len(rules))
    workings = _Workings(case, draws)
    kinds = businesses()
    rows: dict[tuple[str, str, tuple[str, ...]], int] = {}
    width = max([1, *(len(p) for p in given)])
    out = np.full((len(given) * len(kinds), width), -1, dtype=np.int64)
    for p, instruments in enumerate(given):
        for b, business in enumerate(kinds):
            for k, name in enumerate(instruments):
                met = tuple(o for o in instruments if (name, o) in workings.meets)
                fitted = business if (name, business) in workings.fit else ""
                key = (name, fitted, met)
                out[package_code(p, b), k] = rows.setdefault(key, len(rows))
    made = [workings.row(*key) for key in rows]
    table = [workings.table[workings.place[name]] for name, _, _ in rows]
    empty = draws.futures
    return {
        "effect": np.array([e for e, _ in made]).reshape(-1, empty, sym.N_LEVERS),
        "money": np.array([m for _, m in made]).reshape(-1, empty, 3),
        "delay": np.array([row["delay"] for row in table], dtype=np.int64),
        "duration": np.array([row["duration"] for row in table], dtype=np.int64),
        "money_share": np.array([row["money_share"] for row in table], dtype=np.float64),
        "firm_cost": np.array([row["firm_cost"] for row in table], dtype=np.float64),
        "packages": out,
        "rules": np.repeat(np.array(rules + unguarded).reshape(-1, 4), len(kinds), axis=0),
    }
