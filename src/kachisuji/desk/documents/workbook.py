"""Tables of a run as a workbook (XLSX): one sheet a table, units in its heads, sources beside it.

Amounts stay numbers in the case's own unit of money, shares are fractions shown as percent, and a
missing value is an empty cell. Text is written as text and marked so (``quotePrefix``): nothing
that stands in a case can become a formula or a link, not even when somebody edits the cell.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kachisuji.desk.documents.charts import scale_of
from kachisuji.desk.documents.office import legal
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Both, both, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections import evidence
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.words import RunError

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun
    from kachisuji.words import Lang

LONGEST = 32_000  # letters in a cell; a spreadsheet takes 32,767
WIDEST = 60  # letters that a column shows

# how a column is written: its number format, and its unit (None: the case's money)
FORMATS = {
    "text": ("", ""),
    "year": ("0", ""),
    "money": ("#,##0.0", None),
    "share": ("0.0%", "workbook.unit_share"),
    "points": ("0.0000", "workbook.unit_points"),
    "ratio": ("0.000", "workbook.unit_ratio"),
    "people": ("#,##0", "workbook.unit_people"),
}

# measures of a line that a sheet shows, and how they are written
MEASURES = {
    "welfare": "money",
    "value_added": "money",
    "gni": "money",
    "spillover": "money",
    "user_surplus": "money",
    "knowledge": "money",
    "public_cost": "money",
    "firm_cost": "money",
    "digital_balance": "money",
    "indispensability": "points",
    "exposure": "points",
}


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its key in the catalogue, and how it is written (``FORMATS``)."""

    key: str
    kind: str = "text"
    measure: str = ""

    def head(self) -> Both:
        """Name of the column."""
        if self.measure:
            return t(f"workbook.col_{self.key}", measure=t(f"desk.measure_{self.measure}"))
        return t(f"workbook.col_{self.key}")

    def unit(self, money: Both) -> Both:
        """Return the unit, or an empty text."""
        key = FORMATS[self.kind][1]
        if key is None:
            return money
        return t(key) if key else Both("", "")


@dataclass(frozen=True)
class Sheet:
    """A table to write: the key of its name, its columns, its rows."""

    key: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


def write_xlsx(run: StoredRun, lang: Lang) -> bytes:
    """Write the tables of a run as a workbook.

    Parameters
    ----------
    run
        The stored run.
    lang
        Language of the sheets.

    Returns
    -------
    bytes
        An XLSX file: contents, the portfolio, what is left out, every candidate line, verdicts,
        marginal values, money and labour by year, deciding assumptions, the rank correlations
        that the case states (where it states any), sources, units. The same run gives the same
        bytes.

    Raises
    ------
    RunError
        If XlsxWriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise RunError("documents.no_engine", package="XlsxWriter") from error
    names = Names(run.case)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    made = datetime.fromisoformat(str(run.manifest.made["when"])[:10])
    book.set_properties({"title": legal(names.title.of(lang)), "author": "Kachisuji",
                         "created": made})  # fmt: skip
    sheets = run_sheets(run, names)
    writer = _Writer(book, lang, money_unit(names))
    writer.contents(run, names, sheets)
    for sheet in sheets:
        writer.sheet(sheet)
    writer.units(sheets)
    book.close()
    return out.getvalue()


def money_unit(names: Names) -> Both:
    """Return the case's unit of money in words: ¥100 million, 億円."""

    def of(lang: Lang) -> str:
        scale = scale_of(1.0, names, lang)
        times = 1.0 / scale.by
        if math.isclose(times, 1.0):
            return scale.unit
        return f"{times:,.0f}{'' if lang == 'ja' else ' '}{scale.unit}"

    return both(of)


def run_sheets(run: StoredRun, names: Names) -> list[Sheet]:
    """Return every table of the workbook in order."""
    return [
        _portfolio(run, names),
        _left_out(run, names),
        _lines(run, names),
        _verdicts(run, names),
        _marginal(run, names),
        _use(run),
        _assumptions(run, names),
        *_correlations(run, names),
        _sources(run),
    ]


WHICH = ("field", "segment", "scope", "partner", "markets", "package", "means")


def _which(names: Names, row: Any) -> tuple[Any, ...]:
    """Tell a line by the columns ``WHICH``, then its start and intensity."""
    segment = str(row["segment"])
    if row["kind"] == "nothing":
        told: tuple[Any, ...] = (t("workbook.nothing"), *[""] * (len(WHICH) - 1))
    else:
        told = (
            names.fields[names.field_of[segment]],
            names.segments[segment],
            names.scope(segment, row["scope"]),
            names.region(row["partner"]),
            names.markets(row["markets"]),
            names.packages[row["package"]],
            names.means(row["package"]),
        )
    return (*told, row["start"], row["intensity"])


def _which_columns() -> tuple[Column, ...]:
    return (*(Column(k) for k in WHICH), Column("start", "year"), Column("intensity", "ratio"))


def _spread(measures: dict[str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(stem, kind, measure)
        for measure, kind in measures.items()
        for stem in ("mean", "p10", "p90")
    )


def _portfolio(run: StoredRun, names: Names) -> Sheet:
    table, rows = run.portfolio.set_index("line"), []
    for line in chosen(run):
        own, money = row_of(table, line), path_of(run, line, "money")
        rows.append(
            (
                str(run.lines.loc[line, "line"]),
                *_which(names, row_of(run.lines, line)),
                sum(money.values()),
                max(money.values(), default=0.0),
                *(own[c] for c in ("welfare", "welfare_p10", "welfare_p90", "value_added",
                                   "indispensability", "bootstrap", "segment_bootstrap", "beats")),
            )
        )  # fmt: skip
    columns = (
        Column("line"), *_which_columns(), Column("total", "money"), Column("yearly", "money"),
        *_spread({"welfare": "money"}), Column("mean", "money", "value_added"),
        Column("mean", "points", "indispensability"), Column("bootstrap", "share"),
        Column("segment_bootstrap", "share"), Column("beats", "share"),
    )  # fmt: skip
    return Sheet("portfolio", columns, tuple(rows))


def _left_out(run: StoredRun, names: Names) -> Sheet:
    rows = []
    for row in records(run.left_out.sort_values("mean", ascending=False, na_position="last")):
        if row["reason"] == "evidence":
            segment = str(row["segment"])
            which = (names.fields[names.field_of[segment]], names.segments[segment], *[""] * 7)
            figures: tuple[Any, ...] = ("", *which, None, None, None, None, None)
        else:
            line = row_of(run.lines, int(row["line"]))
            figures = (
                str(line["line"]), *_which(names, line),
                row["mean"], row["p10"], row["p90"], row["positive"], row["loss"],
            )  # fmt: skip
        rows.append((*figures, t(f"workbook.reason_{row['reason']}")))
    columns = (
        Column("line"), *_which_columns(), *_spread({"welfare": "money"}),
        Column("beats", "share"), Column("loss", "money"), Column("reason"),
    )  # fmt: skip
    return Sheet("left_out", columns, tuple(rows))


def _lines(run: StoredRun, names: Names) -> Sheet:
    wanted = run.summary[run.summary["measure"].isin(list(MEASURES))]
    found = {
        stem: wanted.pivot(index="line", columns="measure", values=stem)
        for stem in ("mean", "p10", "p90", "positive")
    }
    have = {m: kind for m, kind in MEASURES.items() if m in found["mean"].columns}
    figures = [
        found[stem][measure].reindex(run.lines.index)
        for measure in have
        for stem in ("mean", "p10", "p90")
    ]
    picked = set(chosen(run))
    rows = tuple(
        (
            str(row["line"]),
            *_which(names, row),
            t("workbook.yes") if place in picked else "",
            *values,
            beats,
        )
        for place, row, *values, beats in zip(
            run.lines.index,
            records(run.lines),
            *figures,
            found["positive"]["welfare"].reindex(run.lines.index),
            strict=True,
        )
    )
    columns = (
        Column("line"), *_which_columns(), Column("chosen"), *_spread(have),
        Column("beats", "share"),
    )  # fmt: skip
    return Sheet("lines", columns, rows)


# how sure the threshold is; a run from before it was told has none of them
_SURE = (
    ("wins_again", "share"), ("yearly_low", "money"), ("yearly_high", "money"),
    ("latest_low", "year"), ("latest_high", "year"),
)  # fmt: skip


def _verdicts(run: StoredRun, names: Names) -> Sheet:
    rows = tuple(
        (
            names.fields[r["field"]],
            names.segments[r["segment"]],
            t(f"workbook.verdict_{r['verdict']}"),
            r["base_share"],
            r["unaided"],
            r["reached"],
            r["goal"],
            r["yearly"],
            r["public_cost"],
            r["latest_start"],
            *(r.get(key, math.nan) for key, _ in _SURE),
            r["tipping"],
            r["above"],
        )
        for r in records(run.verdicts)
    )
    columns = (
        Column("field"), Column("segment"), Column("verdict"), Column("base_share", "share"),
        Column("unaided", "share"), Column("reached", "share"), Column("goal", "share"),
        Column("yearly_needed", "money"), Column("public_needed", "money"),
        Column("latest", "year"), *(Column(*c) for c in _SURE),
        Column("tipping", "ratio"), Column("above", "share"),
    )  # fmt: skip
    return Sheet("verdicts", columns, rows)


def _marginal(run: StoredRun, names: Names) -> Sheet:
    points = {"indispensability"}
    rows = tuple(
        (
            names.instruments[r["instrument"]],
            names.fields[names.field_of[r["segment"]]],
            names.segments[r["segment"]],
            names.region(r["partner"]),
            r["intensity"],
            t(f"desk.measure_{r['measure']}"),
            t(f"workbook.per_{r['per']}"),
            r["cost"],
            r["mean"],
            r["p10"],
            r["p90"],
            r["positive"],
            None if r["measure"] in points else r["total"],
            r["total"] if r["measure"] in points else None,
        )
        for r in records(run.marginal)
    )
    columns = (
        Column("instrument"), Column("field"), Column("segment"), Column("partner"),
        Column("intensity", "ratio"), Column("measure"), Column("per"), Column("cost", "money"),
        Column("per_mean", "ratio"), Column("per_p10", "ratio"), Column("per_p90", "ratio"),
        Column("positive", "share"), Column("total_money", "money"),
        Column("total_points", "points"),
    )  # fmt: skip
    return Sheet("marginal", columns, rows)


def _use(run: StoredRun) -> Sheet:
    limits = ("limit_low", "limit_mode", "limit_high")
    kinds = ("mean", "p10", "p90", *limits)
    by_year: dict[int, list[Any]] = {}
    items = [str(i) for i in dict.fromkeys(run.use["item"])]
    for item in items:
        for r in records(run.use[run.use["item"] == item].sort_values("year")):
            by_year.setdefault(int(r["year"]), []).extend(r[k] for k in kinds)
    names = {i: "money" if i == "money" else i.removeprefix("labour_") for i in items}
    columns = [Column("year", "year")]
    for item in items:
        kind = "money" if item == "money" else "people"
        columns += [Column(f"{names[item]}_{k}", kind) for k in kinds]
    return Sheet("use", tuple(columns), tuple((y, *v) for y, v in sorted(by_year.items())))


def _assumptions(run: StoredRun, names: Names) -> Sheet:
    rows = tuple(
        (
            t("workbook.scope_portfolio")
            if r["scope"] == "portfolio"
            else names.segments[str(r["scope"])],
            names.quantity(str(r["quantity"])),
            str(r["quantity"]),
            r["share"],
            r["correlation"],
            t(f"desk.grade_{r['grade']}"),
            str(r["evidence"]).replace(";", ", "),
        )
        for r in records(run.influence)
    )
    columns = (
        Column("of"), Column("quantity"), Column("symbol"), Column("explains", "share"),
        Column("correlation", "ratio"), Column("grade"), Column("evidence"),
    )  # fmt: skip
    return Sheet("assumptions", columns, rows)


def _correlations(run: StoredRun, names: Names) -> list[Sheet]:
    """Rank correlations that the futures were drawn with; no sheet where the case states none."""
    rows = tuple(
        (
            r["one"], r["names"][0], r["other"], r["names"][1], r["value"], r["grade"],
            r["evidence"],
        )
        for r in evidence.correlated(run, names)
    )  # fmt: skip
    columns = (
        Column("quantity"), Column("symbol"), Column("moves_with"), Column("symbol_with"),
        Column("rank_correlation", "ratio"), Column("grade"), Column("evidence"),
    )  # fmt: skip
    return [Sheet("correlations", columns, rows)] if rows else []


def _sources(run: StoredRun) -> Sheet:
    register = tuple(
        (r["id"], r["grade"], r["statement"], r["source"], r["date"], r["address"])
        for r in evidence.sources(run)["rows"]
    )
    tables = tuple(
        ("", t("desk.head_table"), str(r["title"]), str(r["publisher"]), "", str(r["licence"]))
        for r in run.choice["tables"]
    )
    keys = ("id", "grade", "statement", "source", "date", "address")
    return Sheet("sources", tuple(Column(k) for k in keys), (*tables, *register))


class _Writer:
    """A workbook being written in one language."""

    def __init__(self, book: Any, lang: Lang, money: Both) -> None:
        self.book, self.lang, self.money = book, lang, money
        font = {"font_name": "Yu Gothic" if lang == "ja" else "Calibri", "font_size": 10,
                "valign": "top"}  # fmt: skip
        self.formats = {
            kind: book.add_format(font | {"num_format": form})
            for kind, (form, _) in FORMATS.items()
        }
        self.formats["text"] = book.add_format(font | {"quote_prefix": True})
        self.bold = book.add_format(font | {"bold": True, "quote_prefix": True})
        self.title = book.add_format(font | {"bold": True, "font_size": 14, "quote_prefix": True})
        self.head = book.add_format(
            font | {"bold": True, "bg_color": "#1F3F77", "font_color": "#FFFFFF",
                    "text_wrap": True, "quote_prefix": True}
        )  # fmt: skip

    def of(self, value: Any) -> Any:
        """Return a value as a cell holds it: text in the language, a number, or nothing."""
        if isinstance(value, Both):
            value = value.of(self.lang)
        if isinstance(value, str):
            return legal(value)[:LONGEST]
        if value is None or not math.isfinite(value):
            return None
        return float(value)

    def sheet(self, sheet: Sheet) -> None:
        """Write one table: heads with units, frozen, filtered, columns as wide as their text."""
        heads = [self._head(column) for column in sheet.columns]
        rows = [[self.of(cell) for cell in row] for row in sheet.rows]
        kinds = [column.kind for column in sheet.columns]
        self._table(t(f"workbook.sheet_{sheet.key}"), heads, rows, kinds)

    def _head(self, column: Column) -> str:
        name, unit = column.head().of(self.lang), column.unit(self.money).of(self.lang)
        if column.kind not in ("money", "people"):  # others show theirs in the cells or the name
            return name
        return t("workbook.with_unit", name=name, unit=unit).of(self.lang)

    def _table(
        self, name: Both, heads: Sequence[str], rows: Sequence[Sequence[Any]], kinds: Sequence[str]
    ) -> None:
        page = self.book.add_worksheet(name.of(self.lang))
        page.freeze_panes(1, 2 if len(heads) > 6 else 0)
        page.autofilter(0, 0, max(len(rows), 1), len(heads) - 1)
        page.set_landscape()
        page.repeat_rows(0)
        page.fit_to_pages(1, 0)
        page.set_row(0, 45)
        for c, (head, kind) in enumerate(zip(heads, kinds, strict=True)):
            longest = max((_width(row[c]) for row in rows[:200] if isinstance(row[c], str)),
                          default=0)  # fmt: skip
            page.set_column(c, c, min(WIDEST, max(11, longest + 2, _width(head) / 3)))
            page.write_string(0, c, head, self.head)
            for r, row in enumerate(rows, 1):
                self._cell(page, r, c, row[c], kind)

    def _cell(self, page: Any, row: int, column: int, value: Any, kind: str) -> None:
        if isinstance(value, str):
            if value:
                page.write_string(row, column, value, self.formats["text"])
        elif value is not None:
            page.write_number(row, column, value, self.formats[kind])

    def contents(self, run: StoredRun, names: Names, sheets: Iterable[Sheet]) -> None:
        """Write the first sheet: which run this is, and what lies on which sheet."""
        from kachisuji.desk.documents.report import facts

        page = self.book.add_worksheet(t("workbook.sheet_contents").of(self.lang))
        page.set_column(0, 0, 26)
        page.set_column(1, 1, 90)
        page.write_string(0, 0, self.of(names.title), self.title)
        told = [*facts(run, self.lang), (self.of(t("workbook.money_unit")), self.of(self.money))]
        told += [("", ""), *((self.of(t(f"workbook.sheet_{s.key}")),
                              self.of(t(f"workbook.about_{s.key}"))) for s in sheets)]  # fmt: skip
        told += [(self.of(t("workbook.sheet_units")), self.of(t("workbook.about_units")))]
        told += [("", ""), ("", self.of(t("workbook.reading")))]
        for place, (label, text) in enumerate(told, 2):
            page.write_string(place, 0, legal(label), self.bold)
            page.write_string(place, 1, legal(text), self.formats["text"])

    def units(self, sheets: Iterable[Sheet]) -> None:
        """Write the last sheet: every column with its unit."""
        rows = [
            [
                self.of(t(f"workbook.sheet_{sheet.key}")),
                self.of(column.head()),
                self.of(column.unit(self.money)) or self.of(t(f"workbook.kind_{column.kind}")),
            ]
            for sheet in sheets
            for column in sheet.columns
        ]
        heads = [self.of(t(f"workbook.col_{k}")) for k in ("sheet", "column", "unit")]
        self._table(t("workbook.sheet_units"), heads, rows, ["text"] * 3)


def _width(text: str) -> float:
    return sum(1.0 if ord(c) < 0x2E80 else 2.0 for c in text)
