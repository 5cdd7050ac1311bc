"""What must hold between the rows and tables of a case; every check returns all it finds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kachisuji.beliefs import Evidence
from kachisuji.cases.circles import spectral_radius, strongest_circle
from kachisuji.cases.problems import nearest
from kachisuji.cases.schema import (
    EVERY_COMPETITOR,
    global_symbols,
    layer_symbols,
    partner_symbols,
    symbols,
)
from kachisuji.cases.settings import Settings
from kachisuji.cases.sheets import Sheet
from kachisuji.words import InputError

TOLERANCE = 1e-6
"""How far a sum of shares may lie from one: the last decimal of a file with six."""

VALUE_ADDED = "value_added"


@dataclass
class World:
    """What the tables may refer to, and the tables that could be read."""

    sheets: dict[str, Sheet]
    settings: Settings | None
    table_regions: tuple[str, ...]
    sectors: tuple[str, ...]

    def records(self, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Iterate over line numbers and rows; nothing when the table is absent."""
        sheet = self.sheets.get(table)
        if sheet is not None:
            yield from zip(sheet.rows, sheet.records, strict=True)

    def names(self, table: str, column: str) -> list[str] | None:
        """Return the values of a column, None when the table is absent."""
        if table not in self.sheets:
            return None
        return [r[column] for r in self.sheets[table].records if r.get(column) is not None]

    def regions(self, role: str) -> list[str] | None:
        """Return regions that are ``competitor`` or ``market``."""
        if "regions" not in self.sheets:
            return None
        return [r["region"] for r in self.sheets["regions"].records if r[role] and r["region"]]

    def ranked(self) -> list[tuple[int, dict[str, Any]]]:
        """Return segments that are ranked and whose name can be read."""
        rows = self.records("segments")
        return [(n, r) for n, r in rows if r["status"] == "ranked" and r["segment"]]

    def base_year(self) -> int | None:
        """Return the base year, None without settings."""
        return None if self.settings is None else self.settings.base_year


Problems = Iterator[InputError]


def order(w: World) -> Problems:
    """Low ≤ mode ≤ high."""
    for sheet in w.sheets.values():
        for triple in sheet.schema.triples():
            for row, record in zip(sheet.rows, sheet.records, strict=True):
                low, mode, high = (record[c] for c in triple)
                if None not in (low, mode, high) and not low <= mode <= high:
                    yield sheet.problem(
                        "cases.not_ordered",
                        row,
                        ", ".join(triple),
                        low=f"{low:g}",
                        mode=f"{mode:g}",
                        high=f"{high:g}",
                    )


def keys(w: World) -> Problems:
    """Every row its own key."""
    for sheet in w.sheets.values():
        first: dict[tuple[Any, ...], int] = {}
        for row, record in zip(sheet.rows, sheet.records, strict=True):
            key = tuple(record[c] for c in sheet.schema.key)
            if None in key:
                continue
            if key in first:
                text = ", ".join(map(str, key))
                columns = ", ".join(sheet.schema.key)
                yield sheet.problem("cases.key_twice", row, columns, got=text, first=first[key])
            else:
                first[key] = row


def _known(w: World, table: str, column: str) -> tuple[Iterable[str] | None, str]:
    """Return the names a column may use (None: not checked) and the file that lists them."""
    if column == "evidence":
        return w.names("evidence", "id"), "evidence.csv"
    for other in ("segment", "product", "instrument", "field"):
        if column == other and table != f"{other}s":
            return w.names(f"{other}s", other), f"{other}s.csv"
    if (table, column) == ("interactions", "with"):
        return w.names("instruments", "instrument"), "instruments.csv"
    if table == "links" and column in ("from", "to"):
        return w.names("segments", "segment"), "segments.csv"
    if column == "partner" or (table, column) in (("rivals", "region"), ("origins", "region")):
        return w.regions("competitor"), "regions.csv"
    if (table, column) in (("markets", "region"), ("shares", "market")):
        return w.regions("market"), "regions.csv"
    if (table, column) == ("globals", "symbol"):
        return [s.symbol for s in global_symbols()], "schema/global_symbols.csv"
    if (table, column) == ("layers", "symbol"):
        return [s.symbol for s in layer_symbols()], "schema/layer_symbols.csv"
    if (table, column) == ("partner_terms", "symbol"):
        return [s.symbol for s in partner_symbols()], "schema/partner_symbols.csv"
    if column in ("table_sector", "users"):
        return w.sectors, "table"
    if column == "sector":
        return (*w.sectors, VALUE_ADDED), "table"
    if column in ("table_regions", "market_table_regions"):
        return w.table_regions, "table"
    return None, ""


def references(w: World) -> Problems:
    """Every name used is a name given."""
    for sheet in w.sheets.values():
        for column in sheet.columns:
            known, where = _known(w, sheet.table, column)
            if known is None:
                continue
            allowed = set(known)
            for row, record in zip(sheet.rows, sheet.records, strict=True):
                value = record[column]
                for name in value if isinstance(value, tuple) else (value,):
                    if name is not None and name != "" and name not in allowed:
                        yield sheet.problem(
                            "cases.unknown_name",
                            row,
                            column,
                            got=name,
                            where=where,
                            known=nearest(str(name), map(str, known)),
                        )


def bounds(w: World) -> Problems:
    """Values of symbols within the bounds of the symbol; a goal of share is a share."""
    every = {
        "parameters": symbols(),
        "globals": global_symbols(),
        "layers": layer_symbols(),
        "partner_terms": partner_symbols(),
    }
    for table, rows in every.items():
        by_name = {s.symbol: s for s in rows}
        for row, record in w.records(table):
            symbol = by_name.get(record["symbol"])
            if symbol is not None:
                yield from _within(w, table, row, record, symbol.minimum, symbol.maximum)
    for row, record in w.records("effects"):
        if record["lever"] is not None:
            yield from _within(w, "effects", row, record, *LEVERS.get(record["lever"], PART))
    for row, record in w.records("goals"):
        if record["measure"] == "share":
            yield from _within(w, "goals", row, record, 0.0, 1.0, columns=("value",))


PART = (-1.0, 1.0)
LEVERS = {
    "barrier": (0.0, 10.0),
    "duty": (0.0, 10.0),
    "procurement": (0.0, 10.0),
    "private_investment": (-1.0, 10.0),
    "kappa": (-1.0, 10.0),
    "birth": (-30.0, 30.0),
    "quality": (-2.0, 2.0),
    "cost": (-2.0, 2.0),
}
"""Least and greatest effect of a lever at an intensity of one; others are parts (PART)."""


def _within(
    w: World,
    table: str,
    row: int,
    record: dict[str, Any],
    least: float,
    greatest: float,
    columns: tuple[str, ...] = ("low", "mode", "high"),
) -> Problems:
    for column in columns:
        value = record[column]
        if value is None or least <= value <= greatest:
            continue
        key, bound = ("cases.below", least) if value < least else ("cases.above", greatest)
        yield w.sheets[table].problem(key, row, column, got=f"{value:g}", bound=f"{bound:g}")


def _groups(
    w: World, table: str, by: tuple[str, ...], number: str
) -> Iterator[tuple[str, int, float]]:
    """Yield name, first line and sum of each group whose numbers are all there."""
    total: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    first: dict[tuple[Any, ...], int] = {}
    for row, record in w.records(table):
        key = tuple(record[c] for c in by)
        first.setdefault(key, row)
        total[key].append(math.nan if record[number] is None else record[number])
    for key, values in total.items():
        if not math.isnan(sum(values)):
            yield ", ".join(map(str, key)), first[key], math.fsum(values)


def sums(w: World) -> Problems:
    """Recipes, shares, supply shares, origins and weights of tasks sum to one."""
    for table, by, number in (
        ("recipes", ("segment",), "share"),
        ("partners", ("segment", "partner"), "weight"),
        ("origins", ("product",), "mode"),
    ):
        for name, row, total in _groups(w, table, by, number):
            if abs(total - 1.0) > TOLERANCE:
                problem = w.sheets[table].problem
                yield problem("cases.sum", row, number, name=name, got=f"{total:.7g}")
    for table in ("shares", "product_shares"):
        if table not in w.sheets:
            continue
        sheet = w.sheets[table]
        columns = [c for c, a in sheet.columns.items() if a.name == EVERY_COMPETITOR]
        for row, record in w.records(table):
            values = [record[c] for c in columns]
            if None not in values and abs(math.fsum(values) - 1.0) > TOLERANCE:
                yield sheet.problem(
                    "cases.sum",
                    row,
                    ", ".join(columns),
                    name=", ".join(str(record[k]) for k in sheet.schema.key),
                    got=f"{math.fsum(values):.7g}",
                )


def years(w: World) -> Problems:
    """Years within the horizon, and the first and the last of them given."""
    s = w.settings
    if s is None:
        return
    for row, record in w.records("markets"):
        year = record["year"]
        if year is not None and not s.base_year <= year <= s.last_year:
            yield w.sheets["markets"].problem(
                "cases.year_outside", row, "year", got=year, first=s.base_year, last=s.last_year
            )
    for row, record in w.records("goals"):
        year = record["year"]
        if year is not None and not s.first_year <= year <= s.last_year:  # could never be tested
            yield w.sheets["goals"].problem(
                "cases.year_outside", row, "year", got=year, first=s.first_year, last=s.last_year
            )
    covered: dict[tuple[Any, Any], list[int]] = defaultdict(list)
    for row, record in w.records("limits"):
        year = record["year"]
        if year is None:
            continue
        covered[record["kind"], record["skill"]].append(year)
        if not s.base_year <= year <= s.last_year:
            yield w.sheets["limits"].problem(
                "cases.year_outside", row, "year", got=year, first=s.base_year, last=s.last_year
            )
        if (record["kind"] == "money") != (record["skill"] == "all"):
            yield w.sheets["limits"].problem("cases.limit_skill", row, "skill", got=record["skill"])
    if "limits" not in w.sheets:
        return
    labour = [("labour", k) for k in ("researcher", "digital", "craft", "general")]
    for kind, skill in [("money", "all"), *labour]:
        given = covered.get((kind, skill), [])
        if not given or min(given) > s.first_year or max(given) < s.last_year:
            yield w.sheets["limits"].problem(
                "cases.limit_years",
                None,
                None,
                kind=kind,
                skill=skill,
                first=s.first_year,
                last=s.last_year,
            )


def regions(w: World) -> Problems:
    """Home is there, and competitors and markets divide up the table's regions."""
    if "regions" not in w.sheets:
        return
    sheet = w.sheets["regions"]
    if w.settings is not None:
        for role in ("competitor", "market"):
            names = w.regions(role) or []
            if w.settings.home not in names:
                yield sheet.problem(
                    "cases.home_absent", None, role, home=w.settings.home, known=", ".join(names)
                )
    for role, column in (("competitor", "table_regions"), ("market", "market_table_regions")):
        taken: dict[str, int] = {}
        for row, record in w.records("regions"):
            if record[role] and record[column] == ():
                yield sheet.problem("cases.region_stands_for_none", row, column, role=role)
            for name in record[column] or ():
                if not record[role]:
                    yield sheet.problem("cases.region_no_role", row, column, role=role)
                    break
                if name in taken:
                    yield sheet.problem(
                        "cases.region_twice", row, column, got=name, first=taken[name]
                    )
                taken.setdefault(name, row)
        left = [r for r in w.table_regions if r not in taken]
        if left:
            yield sheet.problem("cases.region_left", None, column, got=", ".join(left))


def segments(w: World) -> Problems:
    """Niche named where ranked, reason where the evidence is insufficient."""
    for row, record in w.records("segments"):
        wanted = (
            ("niche_en", "niche_ja")
            if record["status"] == "ranked"
            else (
                "reason_en",
                "reason_ja",
            )
        )
        for column in wanted:
            if record[column] == "":
                yield w.sheets["segments"].problem("cases.segment_words", row, column)


def parameters(w: World) -> Problems:
    """Every ranked segment gives every symbol, and no two give the same."""
    if not {"segments", "parameters"} <= set(w.sheets):
        return
    sheet = w.sheets["parameters"]
    given: dict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    rows: dict[tuple[str, str], int] = {}
    for row, r in w.records("parameters"):
        if r["segment"] and r["symbol"]:
            given[r["segment"]][r["symbol"]] = (r["low"], r["mode"], r["high"])
            rows[r["segment"], r["symbol"]] = row
    for line, segment in w.ranked():
        name, unborn = segment["segment"], segment["stage"] == "unborn"
        needed = {
            s.symbol for s in symbols() if s.default is None and (s.symbol != "birth" or unborn)
        }
        missing = [s.symbol for s in symbols() if s.symbol in needed - set(given[name])]
        if missing:
            yield sheet.problem(
                "cases.symbols_missing",
                None,
                "symbol",
                segment=name,
                missing=", ".join(missing),
                line=line,
            )
        if "birth" in given[name] and segment["stage"] not in (None, "unborn"):
            yield sheet.problem("cases.birth", rows[name, "birth"], "symbol", segment=name)
    if w.settings is not None and w.settings.identical_segments:
        return
    seen: dict[tuple[Any, ...], str] = {}
    for name, values in ((n, v) for n, v in given.items() if v):
        key = tuple(sorted(values.items()))
        if key in seen:
            yield sheet.problem(
                "cases.copied",
                min(n for (s, _), n in rows.items() if s == name),
                "segment",
                segment=name,
                other=seen[key],
            )
        seen.setdefault(key, name)


def markets(w: World) -> Problems:
    """Every ranked segment has every market in the base and in the last year, and shares in it."""
    regions = w.regions("market")
    s = w.settings
    if regions is None or s is None or "segments" not in w.sheets:
        return
    found: dict[tuple[Any, Any], dict[Any, Any]] = defaultdict(dict)
    first: dict[tuple[Any, Any], int] = {}
    for row, r in w.records("markets"):
        found[r["segment"], r["region"]][r["year"]] = r["low"]
        first.setdefault((r["segment"], r["year"]), row)
    shares = {(r["segment"], r["market"]) for _, r in w.records("shares")}
    for _, segment in w.ranked():
        name = segment["segment"]
        for region in regions:
            lacking = [y for y in (s.base_year, s.last_year) if y not in found[name, region]]
            if lacking and "markets" in w.sheets:
                yield w.sheets["markets"].problem(
                    "cases.market_missing",
                    None,
                    "year",
                    segment=name,
                    region=region,
                    years=", ".join(map(str, lacking)),
                )
            if "shares" in w.sheets and (name, region) not in shares:
                yield w.sheets["shares"].problem(
                    "cases.shares_missing", None, "market", segment=name, region=region
                )
        if "markets" not in w.sheets:
            continue
        year = s.last_year if segment["stage"] == "unborn" else s.base_year
        lows = [found[name, region].get(year) for region in regions]
        if None not in lows and not any(lows):
            yield w.sheets["markets"].problem(
                "cases.no_market", first[name, year], "low", segment=name, year=year
            )


def rivals(w: World) -> Problems:
    """Every region that sells has a row of spending, home above all; home sells somewhere."""
    competitors = w.regions("competitor")
    if competitors is None or not {"segments", "shares", "rivals"} <= set(w.sheets):
        return
    sells: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for _, r in w.records("shares"):
        for region in competitors:
            sells[r["segment"]][region] += r.get(region) or 0.0
    spending = {(r["segment"], r["region"]): (n, r["spending_low"]) for n, r in w.records("rivals")}
    home = None if w.settings is None else w.settings.home
    for _, segment in w.ranked():
        name = segment["segment"]
        for region in competitors:
            if (sells[name][region] > 0 or region == home) and (name, region) not in spending:
                yield w.sheets["rivals"].problem(
                    "cases.rival_missing", None, "region", segment=name, region=region
                )
        if home is None:
            continue
        row, low = spending.get((name, home), (0, None))
        if low == 0.0:
            yield w.sheets["rivals"].problem("cases.home_spends_nothing", row, "spending_low")
        if name in sells and sells[name][home] == 0.0:
            yield w.sheets["shares"].problem("cases.home_sells_nothing", None, home, segment=name)


def pairs(w: World) -> Problems:
    """No partnership with oneself; recipes, products and globals complete."""
    home = None if w.settings is None else w.settings.home
    for table in ("partners", "partner_terms"):
        for row, r in w.records(table):
            if home is not None and r["partner"] == home:
                yield w.sheets[table].problem("cases.own_partner", row, "partner", home=home)
    if "recipes" in w.sheets:
        have = set(w.names("recipes", "segment") or ())
        for _, segment in w.ranked():
            if segment["segment"] not in have:
                problem = w.sheets["recipes"].problem
                yield problem("cases.recipe_missing", None, "segment", segment=segment["segment"])
    if {"products", "product_shares"} <= set(w.sheets):
        have = set(w.names("product_shares", "product") or ())
        for name in w.names("products", "product") or ():
            if name not in have:
                problem = w.sheets["product_shares"].problem
                yield problem("cases.supply_missing", None, "product", product=name)
    for table, known in (("globals", global_symbols()), ("layers", layer_symbols())):
        if table not in w.sheets:
            continue
        have = set(w.names(table, "symbol") or ())
        missing = [s.symbol for s in known if s.default is None and s.symbol not in have]
        if missing:
            key = "cases.globals_missing" if table == "globals" else "cases.layers_missing"
            yield w.sheets[table].problem(key, None, "symbol", missing=", ".join(missing))


def links(w: World) -> Problems:
    """No segment linked to itself, and no circle of links that feeds itself without end."""
    gain: dict[tuple[str, str], float] = defaultdict(float)
    first: dict[tuple[str, str], int] = {}
    for row, r in w.records("links"):
        pair = (r["from"], r["to"])
        if None in (*pair, r["high"]):
            continue
        if pair[0] == pair[1]:
            yield w.sheets["links"].problem("cases.link_to_itself", row, "to", segment=pair[0])
            continue
        gain[pair] += r["high"]
        first.setdefault(pair, row)
    circle = strongest_circle(gain)
    if circle:
        yield w.sheets["links"].problem(
            "cases.circular_links",
            first[circle[0], circle[1]],
            "from, to",
            circle=" → ".join(circle),
            gain=f"{spectral_radius(gain):.4g}",
        )


def evidence(w: World) -> Problems:
    """Source, date and address of what is measured or published."""
    for row, r in w.records("evidence"):
        if None in r.values():
            continue
        for column in Evidence(**r).missing():
            yield w.sheets["evidence"].problem(
                "cases.evidence_source", row, column, grade=r["grade"]
            )


def interactions(w: World) -> Problems:
    """No instrument meets itself, and what an interaction changes is something there."""
    moved = {(r["instrument"], r["lever"]) for _, r in w.records("effects")}
    for row, r in w.records("interactions"):
        if None in (r["instrument"], r["with"], r["lever"]):
            continue
        problem = w.sheets["interactions"].problem
        if r["instrument"] == r["with"]:
            yield problem("cases.meets_itself", row, "with", got=r["with"])
        if r["lever"] != "money" and moved and (r["instrument"], r["lever"]) not in moved:
            known = ", ".join(lever for i, lever in sorted(moved) if i == r["instrument"])
            yield problem(
                "cases.moves_not", row, "lever", instrument=r["instrument"], got=r["lever"],
                known=known or "–",
            )  # fmt: skip


CHECKS: tuple[Callable[[World], Problems], ...] = (
    order,
    keys,
    references,
    bounds,
    pairs,  # before the sums that a wrong partner upsets
    sums,
    years,
    regions,
    segments,
    parameters,
    markets,
    rivals,
    interactions,
    links,
    evidence,
)


def check_tables(w: World) -> list[InputError]:
    """Run every check; return all that was found, in order of file."""
    return [problem for check in CHECKS for problem in check(w)]
