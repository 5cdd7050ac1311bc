"""The uncertain quantities of a case: whatever has a range varies, each by its own draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.beliefs import triangular_ppf
from kachisuji.cases import global_symbols, partner_symbols, symbols
from kachisuji.contest.tables import figure, numbered, records

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """One uncertain quantity: a column of the draws.

    ``group`` and ``key`` say where it is used; ``low``, ``mode``, ``high`` describe it (for a
    quantile shared by many figures they are 0, ½, 1); ``evidence`` are the ids behind it.
    """

    name: str
    group: str
    key: tuple[str, ...]
    low: float
    mode: float
    high: float
    unit: str
    evidence: tuple[str, ...]


Row = dict[str, Any]
# optional tables of factors on what instruments do, and what makes a row of them
_FACTORS = {
    "interactions": ("instrument", "with", "lever"),
    "finance_fit": ("instrument", "business"),
}


def _own(
    group: str, rows: list[Row], keys: tuple[str, ...], stem: str = "", unit: str = ""
) -> list[Quantity]:
    """One quantity for each row whose low lies below its high."""
    out = []
    for row in rows:
        low, mode, high = figure(row, stem)
        if low < high:
            key = tuple(str(row[k]) for k in keys)
            name = ".".join((*key, stem.rstrip("_")) if stem else key)
            out.append(Quantity(name, group, key, low, mode, high, unit, (row["evidence"],)))
    return out


def _shared(group: str, key: tuple[str, ...], name: str, rows: list[Row]) -> Quantity:
    """One quantile for many figures that move together (a segment's market in every year)."""
    evidence = tuple(dict.fromkeys(str(row["evidence"]) for row in rows))
    return Quantity(name, group, key, 0.0, 0.5, 1.0, "quantile", evidence)


def _by_segment(rows: list[Row]) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = {}
    for row in rows:
        out.setdefault(str(row["segment"]), []).append(row)
    return out


def _of_segments(case: Case) -> list[Quantity]:
    """Market, rivals, home spending, luck with retaliation, and shares of the unborn."""
    markets, rivals, shares = (
        _by_segment(records(case, t)) for t in ("markets", "rivals", "shares")
    )
    home = case.settings.home
    out = []
    for segment in records(case, "segments"):
        name = str(segment["segment"])
        own = [r for r in rivals.get(name, []) if r["region"] == home]
        others = [r for r in rivals.get(name, []) if r["region"] != home]
        out.append(_shared("markets", (name,), f"{name}.market", markets.get(name, [])))
        spent = [("rivals", stem, others) for stem in ("spending", "reaction", "growth")]
        spent += [("home", stem, own) for stem in ("spending", "growth")]
        out += [_shared(f"{w}_{s}", (name,), f"{name}.{w}_{s}", rows) for w, s, rows in spent]
        out.append(_shared("luck", (name,), f"{name}.retaliation", own))
        if segment["stage"] == "unborn":
            for region in case.competitors:
                label = f"{name}.entry.{region}"
                out.append(_shared("entry", (name, region), label, shares.get(name, [])))
    return out


def collect(case: Case) -> list[Quantity]:
    """Every uncertain quantity of the case, in a fixed order (file order of the tables)."""
    units = {s.symbol: s.unit for s in (*symbols(), *global_symbols())}
    out = [
        replace(q, unit=units[q.key[1]])
        for q in _own("parameters", records(case, "parameters"), ("segment", "symbol"))
    ]
    out += _of_segments(case)
    instruments, products = records(case, "instruments"), records(case, "products")
    for stem in ("windfall", "leverage", "retaliation"):
        out += _own(stem, instruments, ("instrument",), f"{stem}_", "share")
    out += _own("effects", records(case, "effects"), ("instrument", "lever"))
    out += _own("stock", products, ("product",), "stock_", "months")
    out += _own("spare", products, ("product",), "spare_", "share")
    out += _of_origins(case)
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in records(case, "partners"):
        pairs.setdefault((str(row["segment"]), str(row["partner"])), []).append(row)
    out += [_shared("partners", k, f"{k[0]}.pooling.{k[1]}", rows) for k, rows in pairs.items()]
    out += _own("withhold", records(case, "regions"), ("region",), "withhold_", "a year")
    cross = _own("globals", records(case, "globals"), ("symbol",))
    out += [replace(q, unit=units[q.key[0]]) for q in cross]
    for table, keys in _FACTORS.items():
        if table in case.tables:
            out += _own(table, records(case, table), keys, "", "factor")
    return out + _of_ties(case)


def _of_origins(case: Case) -> list[Quantity]:
    """Where home's use of a product comes from; only where a case says so."""
    rows = records(case, "origins") if "origins" in case.tables else []
    named = _own("origins", rows, ("product", "region"), "", "share")
    return [replace(q, name=f"{q.key[0]}.origin.{q.key[1]}") for q in named]


def _of_ties(case: Case) -> list[Quantity]:
    """Links, terms of partners, and what decides when events come; only where a case says so."""
    units = {s.symbol: s.unit for s in partner_symbols()}
    out: list[Quantity] = []
    if "links" in case.tables:
        linked = records(case, "links")
        out += _own("links", linked, ("from", "to", "kind"), "", "share")
    terms = records(case, "partner_terms") if "partner_terms" in case.tables else []
    named = _own("partner_terms", terms, ("segment", "partner", "symbol"))
    out += [replace(q, unit=units[q.key[2]]) for q in named]
    events = ("break_odds", "closure_odds")
    border: dict[str, list[Row]] = {}
    for row in terms:
        if row["symbol"] in events and row["high"] > 0.0:
            border.setdefault(str(row["partner"]), []).append(row)
        if row["symbol"] == "usable" and row["low"] < 1.0:
            key = (str(row["segment"]), str(row["partner"]))
            out.append(_shared("usable", key, f"{key[0]}.allowed.{key[1]}", [row]))
    out += [_shared("border", (p,), f"border.{p}", rows) for p, rows in border.items()]
    goes_on = [r for r in records(case, "globals") if r["symbol"] == "persistence"]
    if goes_on and goes_on[0]["high"] > 0.0:
        for segment in numbered(case):
            out.append(_shared("late", (segment,), f"{segment}.late", goes_on))
    return out


class Draws:
    """Draws in the unit cube, read by group and key as values of the case's figures."""

    def __init__(self, quantities: list[Quantity], cube: F8) -> None:
        self.cube = cube
        self._place = {(q.group, q.key): j for j, q in enumerate(quantities)}

    @property
    def futures(self) -> int:
        """Number of futures."""
        return int(self.cube.shape[0])

    def column(self, group: str, key: tuple[str, ...]) -> F8:
        """Uniform draws of one quantity, one half where the quantity has no range."""
        j = self._place.get((group, key))
        return np.full(self.futures, 0.5) if j is None else self.cube[:, j]

    def value(self, group: str, key: tuple[str, ...], low: Any, mode: Any, high: Any) -> F8:
        """Values of a figure in every future; figures that broadcast share the draw."""
        u = self.column(group, key)
        shape = np.broadcast(low, mode, high).shape
        return triangular_ppf(u.reshape((-1,) + (1,) * len(shape)), low, mode, high)
