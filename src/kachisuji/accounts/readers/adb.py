"""Asian Development Bank: multiregional tables, ``ADB-MRIO62-2023_September 2024.xlsx`` and kin.

Seven lines before the flows: the sixth with region codes, the seventh with sector codes ``c1`` …
``c35`` and final demand ``F1`` … ``F5``, both from the fifth column on; rows carry region and
sector
code in the third and fourth columns. Below the flows ``r60`` (intermediate total), taxes, purchases
and value added; at the right a total. Blank cells are nil. Million US dollars.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kachisuji.accounts.assembling import assemble
from kachisuji.accounts.economy import Economy
from kachisuji.accounts.files import find, no_such_year, numbers, sheet_rows
from kachisuji.words import InputError

FORM = "ADB MRIO"
_FILE = re.compile(r"ADB[- ]MRIO(?:\d\d)?[- ](\d{4}).*\.xlsx")


def looks_like(path: Path) -> bool:
    """Whether a file, or one in the folder, has such a name."""
    names = [f.name for f in path.iterdir()] if path.is_dir() else [path.name]
    return any(_FILE.fullmatch(n) for n in names)


def read(path: Path, year: int | None = None) -> Economy:
    """Read a year."""
    file = _choose(path, year)
    named = _FILE.fullmatch(file.name)
    if named is None and year is None:
        raise InputError("accounts.year_untold", file=file)
    year = int(named[1]) if named else year
    rows = sheet_rows(file, None, FORM)
    top = _codes_line(rows, file)
    regions, codes = ([str(c).strip() for c in rows[k]] for k in (top - 1, top))
    width = next(
        (k for k in range(4, len(codes)) if not re.fullmatch(r"[cC]\d+|F\d", codes[k])), len(codes)
    )
    body = []
    for row in rows[top + 1 :]:
        if len(row) < 4 or not re.fullmatch(r"[cC]\d+", str(row[3]).strip()):
            break
        body.append([_blank(c) for c in row])
    columns = [(regions[k], codes[k]) for k in range(4, width)]
    names = [" ".join(c) for c in columns]
    values = numbers(body, range(4, width), str(file), top + 2, names)
    constant = "constant" in file.name
    return assemble(
        values,
        [(str(r[2]).strip(), str(r[3]).strip()) for r in body],
        columns,
        categories=[f"F{k}" for k in range(1, 6)],
        file=str(file),
        form=FORM,
        year=year,
        unit="million",
        currency="USD (constant 2010 prices)" if constant else "USD",
        publisher="Asian Development Bank",
        licence="ADB terms of use",
        citation="Asian Development Bank, Multiregional Input-Output Tables, kidb.adb.org/mrio",
        title=file.stem,
        stock_changes=("F5",),
    )


def _blank(cell: Any) -> Any:
    return "" if isinstance(cell, str) and not cell.strip() else cell


def _codes_line(rows: list[list[Any]], file: Path) -> int:
    for k, row in enumerate(rows[:15]):
        if k and len(row) > 4 and re.fullmatch(r"[cC]1", str(row[4]).strip()):
            return k
    raise InputError(
        "accounts.layout", file=file, form=FORM, want="c1 in the fifth column", got="none"
    )


def _choose(path: Path, year: int | None) -> Path:
    if path.is_file() or not path.exists():
        return find(path, ["ADB*MRIO*.xlsx"], FORM)
    tables = [(int(m[1]), f) for f in sorted(path.iterdir()) if (m := _FILE.fullmatch(f.name))]
    fits = [f for y, f in tables if year in (None, y)]
    known = ", ".join(f.name for f in fits)
    if not fits:
        years = ", ".join(str(y) for y, _ in tables)
        raise no_such_year(path, year, years, FORM, "ADB*MRIO*.xlsx")
    if len(fits) > 1:
        raise InputError("accounts.several_files", file=path, known=known)
    return fits[0]
