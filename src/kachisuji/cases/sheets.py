"""One CSV file of a case: bytes to text, text to cells, cells to values, each mistake by line.

A bad cell becomes None and a problem; the checks between tables go on with the rest.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kachisuji.cases.problems import nearest
from kachisuji.cases.schema import EVERY_COMPETITOR, Attribute, Schema, symbols
from kachisuji.words import InputError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
_TRUTH = {"true": True, "false": False}
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
# tables that may hold a header alone: the case then has none of these
MAY_HAVE_NO_ROWS = frozenset({"effects", "goals", "products", "product_shares", "partners"})


@dataclass
class Sheet:
    """Rows of one table as dicts (None where a cell is bad), and their line numbers."""

    table: str
    file: Path
    schema: Schema
    columns: dict[str, Attribute]
    records: list[dict[str, Any]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def problem(self, key: str, row: int | None, column: str | None, **values: Any) -> InputError:
        """Return an error at a place in this file."""
        return InputError(key, file=self.file, row=row, column=column, **values)


def read_bytes(file: Path) -> bytes:
    """Return the content of a file of the case.

    Raises
    ------
    InputError
        When it is missing, a folder, unreadable or has no bytes.
    """
    if not file.exists():
        raise InputError("cases.no_file", file=file, name=file.name)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError("cases.unreadable", file=file, why=error.strerror or str(error)) from error
    if not content.strip():
        key = "cases.empty_settings" if file.suffix == ".toml" else "cases.empty_file"
        raise InputError(key, file=file, name=file.name)
    return content


def decode(content: bytes, file: Path) -> str:
    """Return UTF-8 text (a byte-order mark is fine), or name the encoding that it seems to be."""
    try:
        if content[:2] not in _BOMS and b"\0" not in content:
            return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    guess = _BOMS.get(content[:2], "")
    # EUC-JP first: its bytes also pass as Shift_JIS (half-width kana), the other way hardly ever
    for name, codec in (("EUC-JP", "euc_jp"), ("Shift_JIS", "cp932")):
        if guess or b"\0" in content:
            break
        try:
            content.decode(codec)
        except UnicodeDecodeError:
            continue
        guess = name
    room = "cases.settings_" if file.suffix == ".toml" else "cases."  # no spreadsheet wrote TOML
    if not guess:
        raise InputError(f"{room}not_text", file=file)
    raise InputError(f"{room}encoding", file=file, got=guess)


def _number(text: str, a: Attribute) -> Any:
    if a.type == "integer" and not _INTEGER.fullmatch(text):
        raise InputError("cases.not_integer", got=text)
    if not _NUMBER.fullmatch(text):
        raise InputError("cases.not_number", got=text)
    value = int(text) if a.type == "integer" else float(text)
    if not math.isfinite(value):
        raise InputError("cases.not_number", got=text)
    if a.minimum is not None and value < a.minimum:
        raise InputError("cases.below", got=text, bound=f"{a.minimum:g}")
    if a.maximum is not None and value > a.maximum:
        raise InputError("cases.above", got=text, bound=f"{a.maximum:g}")
    return value


def _choice(text: str, a: Attribute) -> Any:
    if all(_NUMBER.fullmatch(c) for c in a.choices):  # 0.50 is 0.5
        value = float(text) if _NUMBER.fullmatch(text) else None
        if value in [float(c) for c in a.choices]:
            return value
    elif text in a.choices:
        return text
    raise InputError("cases.not_choice", got=text, known=nearest(text, a.choices))


def parse(text: str, a: Attribute) -> Any:
    """Return the value of one cell.

    Raises
    ------
    InputError
        Without a place: the caller knows it.
    """
    text = text.strip() or a.default
    if not text:
        if a.may_be_empty:
            return () if a.type == "list" else ""
        raise InputError("cases.missing_cell", unit=a.unit or a.type)
    if a.type in ("number", "integer"):
        return _number(text, a)
    if a.type == "choice":
        return _choice(text, a)
    if a.type == "boolean":
        if text.lower() not in _TRUTH:
            raise InputError("cases.not_choice", got=text, known="true, false")
        return _TRUTH[text.lower()]
    if a.type == "list":
        items = tuple(t.strip() for t in text.split(";") if t.strip())
        twice = sorted({t for t in items if items.count(t) > 1})
        if twice:
            raise InputError("cases.listed_twice", got=", ".join(twice))
        return items
    if a.type == "symbol":
        known = [s.symbol for s in symbols()]
        if text not in known:
            raise InputError("cases.unknown_symbol", got=text, known=nearest(text, known))
    elif a.type in ("identifier", "evidence id") and not _IDENTIFIER.fullmatch(text):
        raise InputError("cases.not_identifier", got=text)
    return text


def _header(sheet: Sheet, cells: list[str], problems: list[InputError]) -> list[str] | None:
    """Check the names of the columns; None when the rows cannot be read under them."""
    names = [c.strip() for c in cells]
    found = len(problems)
    for name in dict.fromkeys(names):
        if name not in sheet.columns:
            problems.append(
                sheet.problem("cases.wrong_column", 1, name, known=nearest(name, sheet.columns))
            )
        elif names.count(name) > 1:
            problems.append(sheet.problem("cases.column_twice", 1, name))
    for name, a in sheet.columns.items():
        if name not in names:
            key = "cases.missing_region" if a.name == EVERY_COMPETITOR else "cases.missing_column"
            problems.append(sheet.problem(key, 1, name, meaning=a.meaning_en))
    return names if len(problems) == found else None


def read_sheet(
    file: Path, content: bytes, schema: Schema, competitors: tuple[str, ...]
) -> tuple[Sheet, list[InputError]]:
    """Read one table; return its rows and every mistake inside it."""
    sheet = Sheet(schema.table, file, schema, schema.columns(competitors))
    problems: list[InputError] = []
    reader = csv.reader(io.StringIO(decode(content, file), newline=""), strict=True)
    names: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            row, line = line, reader.line_num + 1
            if not any(c.strip() for c in cells):
                continue
            if names is None:
                names = _header(sheet, cells, problems)
                if names is None:
                    return sheet, problems
                continue
            if len(cells) != len(names):
                problems.append(
                    sheet.problem("cases.row_length", row, None, got=len(cells), want=len(names))
                )
                continue
            sheet.rows.append(row)
            sheet.records.append(_record(sheet, row, names, cells, problems))
    except csv.Error as error:
        problems.append(sheet.problem("cases.not_csv", reader.line_num, None, why=str(error)))
    if not sheet.records and not problems and schema.table not in MAY_HAVE_NO_ROWS:
        problems.append(sheet.problem("cases.no_rows", None, None, name=file.name))
    return sheet, problems


def _record(
    sheet: Sheet, row: int, names: list[str], cells: list[str], problems: list[InputError]
) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            record[name] = parse(cell, sheet.columns[name])
        except InputError as error:
            record[name] = None
            problems.append(sheet.problem(error.key, row, name, **error.values))
    return record
