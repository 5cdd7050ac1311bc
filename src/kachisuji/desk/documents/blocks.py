"""What a document is made of, whatever it is written as: blocks of plain text in one language.

Blocks hold text and never markup: each writer escapes in its own way, so nothing that stands in a
case can become a command of a document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kachisuji.words import Lang


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is a section of the document, ``apart`` one that begins a page."""

    kind: ClassVar[str] = "heading"
    text: str
    level: int = 1
    apart: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Running text, with the ids of the evidence it rests on.

    ``style`` is ``""``, ``lead`` (opens a section), ``note`` (small) or ``quote`` (set off);
    ``to`` is the number of the table of the appendix that it leads to.
    """

    kind: ClassVar[str] = "paragraph"
    text: str
    cites: tuple[str, ...] = ()
    style: str = ""
    to: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """A figure that carries a finding: title, the figure, what it says."""

    kind: ClassVar[str] = "card"
    title: str
    figure: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first column heads the rows.

    A line break inside a cell stays one. ``numeric`` columns stand to the right. ``top`` is how
    many rows a committee needs where the table stands; the whole of it then goes to the appendix,
    under a ``number`` of its own (see :mod:`kachisuji.desk.documents.appendix`).
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    top: int | None = None
    number: str = ""

    def widths(self) -> list[float]:
        """Relative widths of the columns: by their longest line, within limits."""
        out = []
        for column, head in enumerate(self.head):
            lines = [part for row in self.rows for part in row[column].split("\n")]
            longest = max([_width(p) for p in lines] + [min(_width(head), 12.0)], default=4.0)
            out.append(min(56.0, max(5.0, longest) + 2.0) ** 0.75)
        return out


def _width(text: str) -> float:
    """Width of a text in letters; a Japanese one takes two."""
    return sum(1.0 if ord(c) < 0x2E80 else 2.0 for c in text)


@dataclass(frozen=True)
class Figure:
    """A chart: its Vega-Lite specification, its caption, and words for who cannot see it."""

    kind: ClassVar[str] = "figure"
    caption: str
    alt: str
    chart: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Source:
    """A piece of evidence in the bibliography; paragraphs refer to it by its id."""

    kind: ClassVar[str] = "source"
    id: str
    grade: str
    statement: str
    source: str = ""
    date: str = ""
    address: str = ""


Block = Heading | Paragraph | Bullets | Card | Table | Figure | Source


@dataclass(frozen=True)
class Document:
    """A document in one language.

    Attributes
    ----------
    title, subtitle
        As they stand on the first page.
    lang
        Its language.
    facts
        Label and value of what the first page says of the run.
    glance
        Question and answer: what a reader asks first, on the first page.
    date
        ISO date on which the run was made.
    contents
        Heading of the table of contents.
    blocks
        Everything else, in order.
    """

    title: str
    subtitle: str
    lang: Lang
    facts: tuple[tuple[str, str], ...]
    date: str
    contents: str
    blocks: tuple[Block, ...]
    glance: tuple[tuple[str, str], ...] = ()

    def sections(self) -> Iterator[tuple[Heading, list[Block]]]:
        """Yield each heading of level 1 with the blocks below it."""
        current: tuple[Heading, list[Block]] | None = None
        for block in self.blocks:
            if isinstance(block, Heading) and block.level == 1:
                if current:
                    yield current
                current = (block, [])
            elif current:
                current[1].append(block)
        if current:
            yield current

    def cited(self) -> set[str]:
        """Ids of evidence in the bibliography."""
        return {b.id for b in self.blocks if isinstance(b, Source)}
