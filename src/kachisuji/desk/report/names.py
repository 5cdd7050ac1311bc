"""What things are called, in both languages, and how amounts of the case are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from kachisuji.cases import global_symbols, partner_symbols, symbols
from kachisuji.contest.instruments import businesses
from kachisuji.desk.report.bilingual import Both, Money, listed, plain, t
from kachisuji.desk.rows import records

if TYPE_CHECKING:
    from kachisuji.cases import Case

# the named symbols of shared quantities (contest.quantities) that are rows of no schema file
_SHARED = {
    "market": "desk.quantity_market",
    "rivals_spending": "desk.quantity_rivals_spending",
    "rivals_reaction": "desk.quantity_rivals_reaction",
    "rivals_growth": "desk.quantity_rivals_growth",
    "home_spending": "desk.quantity_home_spending",
    "home_growth": "desk.quantity_home_growth",
    "retaliation": "desk.quantity_retaliation",
    "windfall": "desk.quantity_windfall",
    "leverage": "desk.quantity_leverage",
    "stock": "desk.quantity_stock",
    "spare": "desk.quantity_spare",
    "origin": "desk.quantity_origin",
    "withhold": "desk.quantity_withhold",
    "pooling": "desk.quantity_pooling",
    "entry": "desk.quantity_entry",
    "allowed": "desk.quantity_allowed",
    "late": "desk.quantity_late",
}


_OF_INSTRUMENT = ("windfall", "leverage", "retaliation")


def _named(table: pd.DataFrame, key: str, stem: str = "name") -> dict[Any, Both]:
    return {
        row[key]: Both(str(row[f"{stem}_en"]), str(row[f"{stem}_ja"])) for row in records(table)
    }


class Names:
    """Names of everything in a case."""

    def __init__(self, case: Case) -> None:
        tables = case.tables
        self.case = case
        self.fields = _named(tables["fields"], "field") | {0: t("desk.cross_cutting")}
        # the horizontal credit is a line of no segment, no field and no package
        self.segments = _named(tables["segments"], "segment") | {"": t("desk.credit_name")}
        self.niches = _named(tables["segments"], "segment", "niche")
        self.regions = _named(tables["regions"], "region")
        self.instruments = _named(tables["instruments"], "instrument")
        self.products = _named(tables["products"], "product")
        self.symbols = {
            s.symbol: Both(s.meaning_en, s.meaning_ja)
            for s in (*symbols(), *global_symbols(), *partner_symbols())
        }
        self.packages = {p.id: Both(p.name_en, p.name_ja) for p in case.lines.packages}
        self.packages[""] = t("desk.credit_name")
        self.with_instruments = {p.id: list(p.instruments) for p in case.lines.packages}
        self.field_of = dict(
            zip(tables["segments"]["segment"], tables["segments"]["field"], strict=True)
        ) | {"": 0}
        settings = case.settings
        self.money = Money(settings.currency, float(settings.money_unit))
        self.title = Both(settings.title_en, settings.title_ja)

    def region(self, code: str) -> Both:
        """Name of a region, or that there is none."""
        return self.regions.get(code, plain(code)) if code else t("desk.alone")

    def scope(self, segment: str, scope: str) -> Both:
        """Whole segment, or the name of its niche; the horizontal credit is for all firms."""
        if not segment:
            return t("desk.scope_credit")
        if scope == "niche":
            return t("desk.scope_niche", niche=self.niches[segment])
        return t("desk.scope_whole")

    def markets(self, group: str) -> Both:
        """Regions of a market group; all of them, or all but one or two, is said in a word."""
        groups = self.case.lines.market_groups
        if group not in groups or len(groups[group]) == len(groups.get("all", groups[group])):
            return t("desk.markets_all")
        without = [r for r in groups.get("all", ()) if r not in groups[group]]
        if 0 < len(without) <= 2 < len(groups[group]):
            return t("desk.markets_but", named=listed([self.region(r) for r in without]))
        return listed([self.region(r) for r in groups[group]])

    def means(self, package: str) -> Both:
        """Instruments of a package."""
        return listed([self.instruments[i] for i in self.with_instruments.get(package, ())])

    def value(self, dimension: str, segment: str, value: str) -> Both:
        """Name of a value of a line's dimension."""
        if dimension == "partner":
            return self.region(value)
        if dimension == "scope":
            return self.scope(segment, value)
        if dimension == "package":
            return self.packages.get(value, plain(value))
        if dimension == "markets":
            return self.markets(value)
        return plain(value)

    def line(self, row: Any) -> Both:
        """Tell a line in a few words: segment, scope, partner."""
        parts = [self.segments[row.segment]]
        if row.scope == "niche":
            parts.append(self.niches[row.segment])
        if row.partner:
            parts.append(t("desk.with_partner", partner=self.region(row.partner)))
        return listed(parts)

    def quantity(self, name: str, within: str = "") -> Both:
        """Say in words which uncertain number it is; its segment is left out in ``within``."""
        parts = name.split(".")
        if len(parts) == 1:
            return self.symbols.get(name, plain(name))
        owner, what = parts[0], parts[1]
        known = self.segments | self.instruments | self.regions | self.products
        if owner == "border":
            return t("desk.quantity_border", region=self.regions.get(what, plain(what)))
        tie = self._tie(owner, parts[1:])
        if tie is not None:
            return tie if owner == within else t("desk.of", owner=known[owner], what=tie)
        if owner in self.instruments and what not in _OF_INSTRUMENT:
            told = t(f"desk.lever_{what}")
        elif what in _SHARED:
            told = t(_SHARED[what])
        else:
            told = self.symbols.get(what, plain(what))
        if len(parts) > 2:
            told = t("desk.of", owner=told, what=self.regions.get(parts[2], plain(parts[2])))
        if owner == within:
            return told
        return t("desk.of", owner=known.get(owner, plain(owner)), what=told)

    def _tie(self, owner: str, parts: list[str]) -> Both | None:
        """Name what lies between two: instruments, segments, a segment and a partner."""
        what, last = parts[0], parts[-1]
        if owner in self.instruments and what in self.instruments and len(parts) > 1:
            lever = t("desk.lever_money" if last == "money" else f"desk.lever_{last}")
            return t("desk.quantity_meets", what=self.instruments[what], lever=lever)
        if owner in self.instruments and what in businesses():
            return t("desk.quantity_fit", business=t(f"instruments.business_{what}"))
        if owner in self.segments and what in self.segments and len(parts) > 1:
            return t("desk.quantity_link", to=self.segments[what])
        if owner in self.segments and what in self.regions and last in self.symbols:
            return t("desk.of", owner=self.regions[what], what=self.symbols[last])
        return None
