"""World tables of WIOD as their publisher's workbooks hold them, both releases alike.

Six header lines: the third has industry codes, the fifth regions, the sixth numbers (c1 …), from
the fifth column on. Rows carry industry code, description, region and number; below the flows
come sums, taxes, margins and value added, at the right five categories of final use a region and
total output. The workbooks come one by one or all years in one zip (``WIOTS_in_EXCEL.zip``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from kachisuji.accounts.assembling import assemble
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import members, numbers, sheet_rows
from kachisuji.words import InputError

# total intermediate consumption and output, in the codes of the releases of 2016 and of 2013
_SUMS = {"II_fob", "GO", "r60", "r69"}


class Place(NamedTuple):
    """A file, or a member of a zip."""

    file: Path
    member: str | None = None

    def __str__(self) -> str:
        return str(self.file) if self.member is None else f"{self.file}/{self.member}"

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.file.name if self.member is None else PurePosixPath(self.member).name


def places(path: Path, name: re.Pattern[str]) -> dict[int, Place]:
    """Return the world tables at a file, folder or zip, by year; of two of one year the first.

    The first group of ``name`` is the year, in four digits or in two.
    """
    if path.suffix.lower() == ".zip" and path.is_file():
        found = [Place(path, member) for member in members(path)]
    else:
        found = [Place(f) for f in sorted(path.iterdir())] if path.is_dir() else [Place(path)]
    years: dict[int, Place] = {}
    for place in found:
        if named := name.fullmatch(place.name):
            year = int(named[1])
            year += 0 if year > 99 else 1900 if year > 50 else 2000
            years.setdefault(year, place)
    return years


def chosen(path: Path, found: Iterable[int], year: int | None) -> int:
    """Return which year of those found is meant; the only one where none was named."""
    years = sorted(found)
    known = ", ".join(map(str, years))
    if year is None:
        if len(years) != 1:
            raise InputError("accounts.year_needed", file=path, known=known)
        return years[0]
    if year not in years:
        raise InputError("accounts.no_year", file=path, year=year, known=known)
    return year


def inside(path: Path, name: re.Pattern[str]) -> dict[int, Place]:
    """Return :func:`places`, none for what is no archive after all: asked of files of any kind."""
    try:
        return places(path, name)
    except InputError:
        return {}


def workbook(
    place: Place, *, codes: tuple[int, int], categories: tuple[str, ...], form: str, **about: Any
) -> Economy:
    """Read a workbook.

    Parameters
    ----------
    codes
        Line and column, from nil, in which the codes of sectors and final uses stand.
    categories
        Codes of final use.
    about
        What else :class:`Economy` takes (year, unit, licence …).
    """
    file, (line, column) = str(place), codes
    rows = sheet_rows(place.file, None, form, place.member)
    if len(rows) < 8:
        got = f"{len(rows)} lines"
        raise InputError("accounts.layout", file=file, form=form, want="6 header lines", got=got)
    heads, regions = ([str(c).strip() for c in rows[k]] for k in (line, 4))
    body = []
    for row in rows[6:]:
        # what is below the flows belongs to no region, and its code is no buyer's
        if (
            len(row) < 5
            or str(row[2]).strip() in ("", "TOT")
            or str(row[column]).strip() not in heads
        ):
            break
        body.append(row)
    sectors = {str(row[column]).strip() for row in body}
    known = sectors | set(categories)
    width = next((k for k in range(4, len(heads)) if heads[k] not in known), 0)
    if not body or width <= 4:
        want = f"codes in line {line + 1}, regions in line 5"
        raise InputError("accounts.layout", file=file, form=form, want=want, got="none")
    labels = [(str(r[2]).strip(), str(r[column]).strip()) for r in body]
    columns = [(regions[k], heads[k]) for k in range(4, width)]
    names = [" ".join(c) for c in columns] + ["GO"]
    cells = numbers(body, range(4, width + 1), file, 7, names)
    economy = assemble(
        cells[:, :-1],
        labels,
        columns,
        categories=categories,
        file=file,
        form=form,
        published_output=cells[:, -1],
        **about,
    )
    return _with_primary(economy, rows, 6 + len(body), column, columns)


def _with_primary(
    economy: Economy,
    rows: list[list[Any]],
    first: int,
    column: int,
    columns: list[tuple[str, str]],
) -> Economy:
    """Attach taxes, margins and value added as printed below the flows, sums left out."""
    place = {label: 4 + k for k, label in enumerate(columns)}
    at = [place[economy.label(k)] for k in range(economy.n)]
    names = [" ".join(economy.label(k)) for k in range(economy.n)]
    items, parts = [], []
    for k, row in enumerate(rows[first:], start=first + 1):
        item = str(row[column]).strip() if len(row) > 4 else ""
        if not item or item in _SUMS:
            continue
        parts.append(numbers([row], at, economy.source or "", k, names)[0])
        items.append(item)
    if not items:
        return economy
    unit = f"{economy.unit} {economy.currency}"
    return economy.with_extension(Extension("primary", tuple(items), np.array(parts), unit))
