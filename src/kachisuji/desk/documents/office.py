"""What Word and slides share: fonts, colours, legal letters, properties, cells of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kachisuji.desk.documents.blocks import Document, Table

LATIN, EAST_ASIAN = "Calibri", "Yu Gothic"  # those that Office has; others take their place
INDIGO, VERMILION, INK = "1F3F77", "C23B22", "1B2330"
SOFT, PALE, WHITE = "55606F", "F3F1EA", "FFFFFF"


def legal(text: str) -> str:
    """Leave out control characters, which XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or (c >= " " and c not in "\x7f\ufffe\uffff"))


def language(document: Document) -> str:
    """Tag of a document's language, with the region that spelling follows."""
    return "ja-JP" if document.lang == "ja" else "en-GB"


def describe(core: Any, document: Document) -> None:
    """Write title, author, language and dates into the properties of a file."""
    core.title, core.author = legal(document.title), "Kachisuji"
    core.language, core.comments = language(document), ""
    core.created = core.modified = datetime.fromisoformat(document.date)


@dataclass(frozen=True)
class Cell:
    """One cell of a table as a writer sets it."""

    row: int
    column: int
    text: str
    head: bool
    right: bool
    strong: bool = False


def columns(table: Table, whole: float) -> list[float]:
    """Widths of the columns, together ``whole``."""
    widths = table.widths()
    return [whole * width / sum(widths) for width in widths]


def cells(table: Table, rows: Sequence[Sequence[str]] | None = None) -> Iterator[Cell]:
    """Every cell of the head and of ``rows`` (all of them by default), row by row."""
    shown = (table.head, *(table.rows if rows is None else rows))
    for r, row in enumerate(shown):
        for c, text in enumerate(row):
            strong = r == 0 or (r - 1, c) in table.strong
            yield Cell(r, c, legal(text), r == 0, c in table.numeric, strong)
