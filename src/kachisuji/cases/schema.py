"""The schema companions: one place that feeds the validator, the documentation and the glossary.

``schema/TABLE.csv`` has one row an attribute (column) of ``TABLE.csv``; ``schema/symbols.csv``,
``schema/global_symbols.csv``, ``schema/partner_symbols.csv`` and ``schema/layer_symbols.csv`` name
the quantities of the contest model.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from kachisuji.words import InputError, Lang, say

# file order is reading order: what others refer to comes first
_TABLES: dict[str, tuple[str, ...]] = {
    "evidence": ("id",),
    "regions": ("region",),
    "fields": ("field",),
    "segments": ("segment",),
    "parameters": ("segment", "symbol"),
    "recipes": ("segment", "sector"),
    "markets": ("segment", "region", "year"),
    "shares": ("segment", "market"),
    "rivals": ("segment", "region"),
    "products": ("product",),
    "product_shares": ("product",),
    "partners": ("segment", "partner", "task"),
    "goals": ("goal",),
    "instruments": ("instrument",),
    "effects": ("instrument", "lever"),
    "limits": ("kind", "skill", "year"),
    "globals": ("symbol",),
}
# tables that a case may do without; what they serve is then left out
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "layers": ("symbol",),
    "interactions": ("instrument", "with", "lever"),
    "finance_fit": ("instrument", "business"),
    "origins": ("product", "region"),
    "trade_rules": ("instrument",),
    "links": ("from", "to", "kind"),
    "partner_terms": ("segment", "partner", "symbol"),
    "correlations": ("quantity_a", "quantity_b"),
}

EVERY_COMPETITOR = "*"
"""Name of the attribute that stands for one column each competitor region."""


@dataclass(frozen=True)
class Attribute:
    """One column of a table: its type, unit, bounds and meaning."""

    name: str
    type: str
    choices: tuple[str, ...]
    unit: str
    default: str
    may_be_empty: bool
    minimum: float | None
    maximum: float | None
    meaning_en: str
    meaning_ja: str


@dataclass(frozen=True)
class Schema:
    """The columns of one table, and which of them make up the key of a row."""

    table: str
    attributes: tuple[Attribute, ...]
    key: tuple[str, ...]

    def columns(self, competitors: tuple[str, ...]) -> dict[str, Attribute]:
        """Return attributes by column name, ``*`` spread over the competitor regions."""
        out: dict[str, Attribute] = {}
        for a in self.attributes:
            names = competitors if a.name == EVERY_COMPETITOR else (a.name,)
            out |= dict.fromkeys(names, a)
        return out

    def triples(self) -> tuple[tuple[str, str, str], ...]:
        """Return the columns that belong together as low, mode and high."""
        lows = [a.name for a in self.attributes if a.name == "low" or a.name.endswith("_low")]
        stems = [low.removesuffix("low") for low in lows]
        return tuple((f"{s}low", f"{s}mode", f"{s}high") for s in stems)

    def figures(self, competitors: int) -> int:
        """Return how many figures a row holds: numbers, a low/mode/high counted once."""
        numbers = [a.name for a in self.attributes if a.type == "number"]
        many = sum(competitors if n == EVERY_COMPETITOR else 1 for n in numbers)
        return many - 2 * len(self.triples())


@dataclass(frozen=True)
class Symbol:
    """A named quantity of the contest model."""

    symbol: str
    unit: str
    default: tuple[float, float, float] | None
    minimum: float
    maximum: float
    meaning_en: str
    meaning_ja: str


def tables() -> tuple[str, ...]:
    """Names of the tables that every case folder holds."""
    return tuple(_TABLES)


def optional_tables() -> tuple[str, ...]:
    """Names of the tables that a case folder may hold besides."""
    return tuple(_OPTIONAL)


def _rows(name: str) -> list[dict[str, str]]:
    source = resources.files("kachisuji.cases") / "schema" / f"{name}.csv"
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))


def _bound(text: str) -> float | None:
    return float(text) if text else None


@cache
def schema(table: str) -> Schema:
    """Return the schema of ``table``.

    Raises
    ------
    InputError
        When there is no such table.
    """
    every = _TABLES | _OPTIONAL
    if table not in every:
        raise InputError("cases.unknown_table", table=table, known=", ".join(every))
    attributes = []
    for row in _rows(table):
        kind, _, choices = row["type"].partition(":")
        attributes.append(
            Attribute(
                name=row["attribute"],
                type=kind,
                choices=tuple(choices.split("|")) if choices else (),
                unit=row["unit"],
                default=row["default"],
                may_be_empty=row["empty"] == "allowed",
                minimum=_bound(row["minimum"]),
                maximum=_bound(row["maximum"]),
                meaning_en=row["meaning_en"],
                meaning_ja=row["meaning_ja"],
            )
        )
    return Schema(table, tuple(attributes), every[table])


@cache
def _symbols(name: str) -> tuple[Symbol, ...]:
    out = []
    for row in _rows(name):
        default = None
        if row.get("default_mode"):
            low, mode, high = (float(row[f"default_{k}"]) for k in ("low", "mode", "high"))
            default = (low, mode, high)
        out.append(
            Symbol(
                symbol=row["symbol"],
                unit=row["unit"],
                default=default,
                minimum=float(row["minimum"]),
                maximum=float(row["maximum"]),
                meaning_en=row["meaning_en"],
                meaning_ja=row["meaning_ja"],
            )
        )
    return tuple(out)


def symbols() -> tuple[Symbol, ...]:
    """Symbols of a segment (column ``symbol`` of parameters.csv), in order."""
    return _symbols("symbols")


def global_symbols() -> tuple[Symbol, ...]:
    """Cross-cutting symbols (column ``symbol`` of globals.csv), in order."""
    return _symbols("global_symbols")


def layer_symbols() -> tuple[Symbol, ...]:
    """Symbols of the AI layers (column ``symbol`` of layers.csv), in order."""
    return _symbols("layer_symbols")


def partner_symbols() -> tuple[Symbol, ...]:
    """Terms of a partnership (column ``symbol`` of partner_terms.csv), in order."""
    return _symbols("partner_symbols")


def schema_markdown(lang: Lang = "en") -> str:
    """Return the tables, columns and symbols of a case folder as Markdown, for the docs."""
    parts = []
    for table in (*_TABLES, *_OPTIONAL):
        parts.append(f"### `{table}.csv`\n")
        parts.append(say("cases.doc_head", lang))
        parts.append("|---|---|---|---|---|")
        for a in schema(table).attributes:
            kind = " ".join([a.type, ", ".join(a.choices)]).strip()
            bounds = f"{'' if a.minimum is None else f'{a.minimum:g}'} … "
            bounds += "" if a.maximum is None else f"{a.maximum:g}"
            meaning = a.meaning_ja if lang == "ja" else a.meaning_en
            limits = bounds.strip() if bounds.strip() != "…" else ""
            parts.append(f"| `{a.name}` | {kind} | {a.unit} | {limits} | {meaning} |")
        parts.append("")
    named = {
        "symbols": symbols(),
        "global_symbols": global_symbols(),
        "partner_symbols": partner_symbols(),
        "layer_symbols": layer_symbols(),
    }
    for name, rows in named.items():
        parts.append(f"### `schema/{name}.csv`\n")
        parts.append(say("cases.doc_symbols_head", lang))
        parts.append("|---|---|---|---|")
        for s in rows:
            meaning = s.meaning_ja if lang == "ja" else s.meaning_en
            parts.append(f"| `{s.symbol}` | {s.unit} | {s.minimum:g} … {s.maximum:g} | {meaning} |")
        parts.append("")
    return "\n".join(parts)
