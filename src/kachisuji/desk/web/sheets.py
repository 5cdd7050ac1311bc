"""Editing a table: the rows of a version with changes put on, and what two people did to it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kachisuji.cases import Attribute, Schema, schema
from kachisuji.desk.web.packing import written
from kachisuji.words import InputError

Change = dict[str, Any]
MOST_CHANGES = 20_000
LONGEST = 20_000  # letters in a cell


@dataclass
class Grid:
    """A table as text: its columns, and rows by an id that outlives changes to other rows.

    Rows of the version have their place as id (``0``, ``1`` …), new ones ``n1``, ``n2`` …
    """

    header: list[str]
    rows: dict[str, list[str]]

    @classmethod
    def read(cls, data: bytes) -> Grid:
        """Read a CSV; a short row is filled up, a long one cut, so that every cell has a place.

        Raises
        ------
        InputError
            If it is no CSV in UTF-8.
        """
        try:
            text = data.decode("utf-8-sig")
            lines = [
                r for r in csv.reader(io.StringIO(text, newline="")) if any(c.strip() for c in r)
            ]
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError("web.not_editable", why=str(error)[:120]) from error
        if not lines:
            raise InputError("web.not_editable", why="0")
        header = [c.strip() for c in lines[0]]
        wide = len(header)
        rows = {str(k): [*r[:wide], *[""] * (wide - len(r))] for k, r in enumerate(lines[1:])}
        return cls(header, rows)

    def put(self, changes: list[Change]) -> Grid:
        """Put changes on, in their order; those that have lost their row do nothing."""
        for change in changes:
            row = change.get("row", "")
            if change["kind"] == "add":
                self.rows.setdefault(row, [""] * len(self.header))
            elif change["kind"] == "drop":
                self.rows.pop(row, None)
            elif row in self.rows and change["column"] in self.header:
                self.rows[row][self.header.index(change["column"])] = change["value"]
        return self

    def data(self) -> bytes:
        """Return the table as CSV."""
        return written([self.header, *self.rows.values()])

    def lines(self) -> dict[int, str]:
        """Line of the file -> id of the row that stands there."""
        found, line = {}, 2
        for row, cells in self.rows.items():
            found[line] = row
            line += 1 + sum(c.count("\n") for c in cells)
        return found

    def cell(self, row: str, column: str) -> str | None:
        """Return a cell, None where it is gone."""
        if row not in self.rows or column not in self.header:
            return None
        return self.rows[row][self.header.index(column)]

    def key(self, row: str, table: Schema) -> tuple[str, ...]:
        """Return what names a row, whatever its place."""
        return tuple(self.cell(row, c) or "" for c in table.key)


def grid_of(folder: Path, file: str) -> Grid:
    """Return a table of a version."""
    path = folder / file
    if not path.is_file():
        names = [a.name for a in schema(file.removesuffix(".csv")).attributes]
        return Grid([n for n in names if n != "*"], {})
    return Grid.read(path.read_bytes())


def add_change(changes: list[Change], change: Change) -> None:
    """Add a change; typing on in a cell is one change, so that undoing takes back the whole.

    Raises
    ------
    InputError
        If there are too many, or a cell is too long.
    """
    if len(str(change.get("value", ""))) > LONGEST or len(changes) >= MOST_CHANGES:
        raise InputError("web.too_large", limit=8)
    last = changes[-1] if changes else {}
    same = ("kind", "row", "column")
    if change["kind"] == "cell" and all(last.get(k) == change[k] for k in same):
        changes[-1] = change
    else:
        changes.append(change)


def columns(table: str, grid: Grid) -> list[tuple[str, Attribute | None]]:
    """Return the columns of a grid with what the schema says of each."""
    known = {a.name: a for a in schema(table).attributes}
    return [(name, known.get(name, known.get("*"))) for name in grid.header]


@dataclass(frozen=True)
class Clash:
    """A change of mine beside what stands there now.

    Attributes
    ----------
    change
        What I did.
    key, column
        Where.
    base, theirs, mine
        The three values; None for a row that is not there.
    clashes
        Whether somebody else changed the same place to something else.
    row
        Id of the row in the new version, empty where it is gone.
    """

    change: Change
    key: tuple[str, ...]
    column: str
    base: str | None
    theirs: str | None
    mine: str | None
    clashes: bool
    row: str


def compare(table: str, base: Grid, head: Grid, changes: list[Change]) -> list[Clash]:
    """Set my changes, made to ``base``, beside ``head``; rows are found again by their key."""
    shape = schema(table)
    places: dict[tuple[str, ...], str] = {}
    for row in head.rows:
        places.setdefault(head.key(row, shape), row)
    out = []
    for change in changes:
        row, column = change["row"], change.get("column", "")
        new = row.startswith("n")
        key = () if new else base.key(row, shape)
        there = row if new else places.get(key, "")
        was = None if new else base.cell(row, column)
        now = None if new else head.cell(there, column)
        mine = change.get("value") if change["kind"] == "cell" else None
        if change["kind"] == "drop" and not new:
            same = there and head.rows[there] == base.rows[row]
            out.append(Clash(change, key, "", "", "" if there else None, None, not same, there))
        elif change["kind"] == "cell":
            clash = not new and (not there or (now != was and now != mine))
            out.append(Clash(change, key, column, was, now, mine, clash, there))
        else:
            out.append(Clash(change, key, column, was, now, mine, False, there))
    return out


def carried(found: list[Clash], mine: set[int]) -> list[Change]:
    """Return my changes for the new version: those without a clash, and those I insist on."""
    out: list[Change] = []
    for k, clash in enumerate(found):
        if (clash.clashes and k not in mine) or not clash.row:
            continue
        out.append({**clash.change, "row": clash.row})
    return out


def differences(before: Path, after: Path, file: str) -> dict[str, Any]:
    """Return how a table differs between two cases: rows gone and new, cells changed, by key."""
    table = file.removesuffix(".csv")
    shape = schema(table)
    old, new = grid_of(before, file), grid_of(after, file)
    rows_old = {old.key(r, shape): r for r in old.rows}
    rows_new = {new.key(r, shape): r for r in new.rows}
    changed = []
    for key, row in rows_old.items():
        if key in rows_new:
            for column in dict.fromkeys((*old.header, *new.header)):
                a, b = old.cell(row, column), new.cell(rows_new[key], column)
                if (a or "").strip() != (b or "").strip():
                    changed.append({"key": key, "column": column, "before": a, "after": b})
    return {
        "table": table,
        "gone": [k for k in rows_old if k not in rows_new],
        "new": [k for k in rows_new if k not in rows_old],
        "changed": changed,
    }
