"""The tables a node may hold: their schemas, and reading a file with every mistake by its line."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.words import InputError, Lang, say

if TYPE_CHECKING:
    import pandas as pd

TABLES: tuple[str, ...] = ("purchases", "production", "skills", "recipe")
SHOWN = 20
"""How many mistakes one message lists."""

MOST_ROWS = 100_000
"""Rows of a table at most: public, so that no question need leave rows out to bound a node."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"\d+", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
_PERIOD = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])", re.ASCII)
# words of letters alone with a capital first, or letters outside ASCII: a name, not a code
_NAME = re.compile(r"[A-Z][a-z]+([ .,'-]+[A-Z][A-Za-z]*)+|.*[^\x00-\x7f].*", re.DOTALL)
_SUM = 1e-6


@dataclass(frozen=True)
class Attribute:
    """One column of a table: type, unit, bounds, meaning, and whether it belongs to the key."""

    name: str
    type: str
    choices: tuple[str, ...]
    unit: str
    minimum: float | None
    maximum: float | None
    key: bool
    meaning_en: str
    meaning_ja: str


class TableError(InputError):
    """Several mistakes of one table; ``problems`` holds each of them whole."""

    def __init__(self, file: str | Path, problems: tuple[InputError, ...]) -> None:
        self.problems = problems
        super().__init__("constellation.many", file=file, count=len(problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross a process border whole."""
        return type(self), (self.file, self.problems)

    def in_lang(self, lang: Lang) -> str:
        """Return the head and the first problems, each with its place and remedy."""
        lines = [super().in_lang(lang), *(p.in_lang(lang) for p in self.problems[:SHOWN])]
        return "\n".join(lines)


@cache
def schema(table: str) -> tuple[Attribute, ...]:
    """Return the columns of ``table`` in order.

    Raises
    ------
    InputError
        When there is no such table.
    """
    if table not in TABLES:
        raise InputError("constellation.unknown_table", got=table, known=", ".join(TABLES))
    source = resources.files("kachisuji.constellation") / "schema" / f"{table}.csv"
    out = []
    for row in csv.DictReader(source.read_text(encoding="utf-8").splitlines()):
        kind, _, choices = row["type"].partition(":")
        low, high = (float(row[k]) if row[k] else None for k in ("minimum", "maximum"))
        out.append(
            Attribute(
                row["attribute"], kind, tuple(choices.split("|")) if choices else (), row["unit"],
                low, high, row["key"] == "yes", row["meaning_en"], row["meaning_ja"],
            )
        )  # fmt: skip
    return tuple(out)


def schema_markdown(lang: Lang = "en") -> str:
    """Return the tables and their columns as Markdown, for the docs and the owner's screen."""
    parts = []
    for table in TABLES:
        parts += [f"### `{table}.csv`\n", say("constellation.doc_head", lang), "|---|---|---|---|"]
        for a in schema(table):
            kind = " ".join([a.type, ", ".join(a.choices)]).strip()
            bounds = "" if a.minimum is None else f"{a.minimum:g} … {a.maximum:g}"
            meaning = a.meaning_ja if lang == "ja" else a.meaning_en
            key = " 🔑" if a.key else ""
            parts.append(f"| `{a.name}`{key} | {kind} {a.unit} | {bounds} | {meaning} |")
        parts.append("")
    return "\n".join(parts)


def parse(text: str, a: Attribute) -> Any:
    """Return the value of one cell.

    Raises
    ------
    InputError
        Without a place: the caller knows it.
    """
    text = text.strip()
    if not text:
        raise InputError("constellation.missing_cell", unit=a.unit or a.type)
    if a.type in ("number", "integer"):
        pattern = _INTEGER if a.type == "integer" else _NUMBER
        value = float(text) if pattern.fullmatch(text) else math.nan
        if not math.isfinite(value):
            raise InputError("constellation.not_number", got=text, unit=a.unit)
        if a.minimum is not None and a.maximum is not None and not a.minimum <= value <= a.maximum:
            bounds = f"{a.minimum:g} … {a.maximum:g}"
            raise InputError("constellation.out_of_bounds", got=text, bounds=bounds, unit=a.unit)
        return int(value) if a.type == "integer" else value
    if a.type == "choice" and text not in a.choices:
        raise InputError("constellation.not_choice", got=text, known=", ".join(a.choices))
    if a.type == "period" and not _PERIOD.fullmatch(text):
        raise InputError("constellation.not_period", got=text)
    if a.type == "code" and _NAME.fullmatch(text):
        raise InputError("constellation.a_name", got=text)
    if a.name == "supplier" and not any(c.isdigit() for c in text):
        raise InputError("constellation.a_name", got=text)  # Yamada, ACME: names have no digit
    if a.type == "code" and not CODE.fullmatch(text):
        raise InputError("constellation.not_code", got=text)
    return text


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise InputError("constellation.no_file", file=file) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError("constellation.unreadable", file=file, why=why) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("constellation.encoding", file=file) from error


def _header(file: Path, names: list[str], columns: tuple[Attribute, ...]) -> list[InputError]:
    """Check the names of the columns; a wrong unit in a name is told as such."""
    known = [a.name for a in columns]
    out = []
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            out.append(InputError("constellation.column_twice", file=file, row=1, column=name))
        if name in known:
            continue
        stem = name.split("_")[0]
        near = [a for a in columns if a.unit and a.name.split("_")[0] == stem]
        if near:
            told = {"want": near[0].name, "unit": near[0].unit}
            out.append(
                InputError("constellation.wrong_unit", file=file, row=1, column=name, **told)
            )
        else:
            told = {"known": ", ".join(known)}
            out.append(
                InputError("constellation.wrong_column", file=file, row=1, column=name, **told)
            )
    missing = [n for n in known if n not in names]
    if missing and not out:
        what = ", ".join(missing)
        out.append(InputError("constellation.missing_column", file=file, row=1, what=what))
    return out


def read_table(file: Path, table: str) -> pd.DataFrame:
    """Read and check a CSV file against the schema of ``table``.

    Returns
    -------
    DataFrame
        Columns of the schema in order, rows in file order.

    Raises
    ------
    InputError
        One mistake as it is; several together as :class:`TableError`.
    """
    import pandas as pd

    columns = schema(table)
    rows = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    problems: list[InputError] = []
    records: list[dict[str, Any]] = []
    lines: list[int] = []
    names: list[str] = []
    try:
        for cells in rows:
            if not any(c.strip() for c in cells):
                continue
            if not names:
                names = [c.strip() for c in cells]
                problems += _header(file, names, columns)
                if problems:
                    break
                continue
            line = rows.line_num
            if len(cells) != len(names):
                problems.append(
                    InputError(
                        "constellation.row_length", file=file, row=line,
                        got=len(cells), want=len(names),
                    )
                )  # fmt: skip
                continue
            records.append(_record(file, line, dict(zip(names, cells, strict=True)), columns,
                                   problems))  # fmt: skip
            lines.append(line)
    except csv.Error as error:
        problems.append(
            InputError("constellation.not_csv", file=file, row=rows.line_num, why=str(error))
        )
    if not records and not problems:
        problems.append(InputError("constellation.no_rows", file=file))
    if len(records) > MOST_ROWS:
        problems.append(
            InputError("constellation.too_many_rows", file=file, got=len(records), most=MOST_ROWS)
        )
    if not problems:
        problems += _whole_table(file, table, records, lines)
    if problems:
        raise problems[0] if len(problems) == 1 else TableError(file, tuple(problems))
    return pd.DataFrame(records, columns=[a.name for a in columns])


def _record(
    file: Path,
    line: int,
    cells: dict[str, str],
    columns: tuple[Attribute, ...],
    problems: list[InputError],
) -> dict[str, Any]:
    out = {}
    for a in columns:
        try:
            out[a.name] = parse(cells[a.name], a)
        except InputError as error:
            problems.append(
                InputError(error.key, file=file, row=line, column=a.name, **error.values)
            )
    return out


def _whole_table(
    file: Path, table: str, records: list[dict[str, Any]], lines: list[int]
) -> list[InputError]:
    """Rows that stand twice; recipes that do not add up to one."""
    keys = [a.name for a in schema(table) if a.key]
    seen: dict[tuple[Any, ...], int] = {}
    out = []
    for record, line in zip(records, lines, strict=True):
        key = tuple(record[k] for k in keys)
        if key in seen:
            what = " / ".join(map(str, key))
            out.append(
                InputError(
                    "constellation.row_twice", file=file, row=line, what=what, first=seen[key]
                )
            )
        seen.setdefault(key, line)
    if table == "recipe":
        sums: dict[str, float] = {}
        for record in records:
            sums[record["product"]] = sums.get(record["product"], 0.0) + record["share"]
        for product, total in sums.items():
            if abs(total - 1.0) > _SUM:
                out.append(
                    InputError(
                        "constellation.recipe_sum", file=file, product=product, got=f"{total:.6g}"
                    )
                )
    return out
