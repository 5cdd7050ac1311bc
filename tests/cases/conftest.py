"""A tiny complete case to break: the shipped template, copied, with rows that can be edited."""

import csv
import shutil
from pathlib import Path

import pytest

from kachisuji import cases
from kachisuji.words import InputError


class Folder:
    """A case folder whose cells can be changed by line number."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, table: str) -> Path:
        return self.path / (table if "." in table else f"{table}.csv")

    def rows(self, table: str) -> list[list[str]]:
        with self.file(table).open(encoding="utf-8", newline="") as f:
            return list(csv.reader(f))

    def write(self, table: str, rows: list[list[str]]) -> None:
        with self.file(table).open("w", encoding="utf-8", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows(rows)

    def line(self, table: str, **where: str) -> int:
        """Line number of the first row whose named columns hold these values."""
        head, *body = self.rows(table)
        for number, row in enumerate(body, 2):
            if all(row[head.index(k)] == v for k, v in where.items()):
                return number
        raise LookupError(where)

    def put(self, table: str, line: int, column: str, value: str) -> None:
        rows = self.rows(table)
        rows[line - 1][rows[0].index(column)] = value
        self.write(table, rows)

    def drop(self, table: str, line: int) -> None:
        rows = self.rows(table)
        del rows[line - 1]
        self.write(table, rows)

    def add(self, table: str, row: list[str]) -> int:
        rows = [*self.rows(table), row]
        self.write(table, rows)
        return len(rows)

    def swap(self, name: str, old: str, new: str) -> None:
        text = self.file(name).read_text(encoding="utf-8")
        assert old in text
        self.file(name).write_text(text.replace(old, new, 1), encoding="utf-8")

    def problems(self) -> list[InputError]:
        """Every mistake that loading finds."""
        try:
            cases.load(self.path)
        except cases.CaseError as error:
            return list(error.problems)
        except InputError as error:
            return [error]
        return []


@pytest.fixture
def tiny_case(tmp_path) -> Folder:
    """Return a complete case of two segments, three sellers, two markets."""
    shutil.copytree(cases.resolve("template"), tmp_path / "tiny")
    return Folder(tmp_path / "tiny")
