"""What a document is made of, whatever it is written as: blocks of plain text in one language.

Blocks hold text and never markup: each writer escapes in its own way, so nothing that stands in a
case can become a command of a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from kachisuji.words import Lang, unbroken


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

    A line break inside a cell stays one. ``numeric`` columns stand to the right; ``strong`` names
    cells in bold by row and column. ``top`` is how many rows a committee needs where the table
    stands; the whole of it then goes to the appendix, under a ``number`` of its own (see
    :mod:`kachisuji.desk.documents.appendix`).
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    top: int | None = None
    number: str = ""
    strong: tuple[tuple[int, int], ...] = ()

    def narrowed(self, interval: str) -> Table:
        """Return the table with each interval below the figure that it belongs to.

        Only where the page has no room for the amounts beside each other; ``interval`` is the head
        of such columns.
        """
        _, least, _ = self._limits()
        if interval not in self.head[1:] or sum(least) <= LETTERS:
            return self
        kept = [c for c, head in enumerate(self.head) if not c or head != interval]

        def join(row: Sequence[str], gap: str) -> tuple[str, ...]:
            ends = [*kept[1:], len(row)]
            return tuple(gap.join(row[a:b]) for a, b in zip(kept, ends, strict=True))

        rows = tuple(join(row, "\n") for row in self.rows)
        return replace(self, head=join(self.head, "\n"), rows=rows)

    def widths(self) -> list[float]:
        """Widths of the columns in letters: by their longest line, within limits.

        Where a page has room for it, no column is narrower than the longest amount or word in it.
        """
        wish, least, words = self._limits()
        return _filled(wish, least if sum(least) <= LETTERS else words, LETTERS)

    def _limits(self) -> tuple[list[float], list[float], list[float]]:
        """Return what each column wishes for, needs, and needs where its lines may break."""
        wish, least, words = [], [], []
        for column, head in enumerate(self.head):
            lines = [part for row in self.rows for part in row[column].split("\n")]
            longest = max([_width(p) for p in lines] + [min(_width(head), 12.0)], default=4.0)
            wish.append(min(56.0, max(5.0, longest) + 2.0) ** 0.75)
            named = max(min(longest, READABLE), 1.1 * _longest_part(head))
            least.append(2.0 + max([named, *map(_longest_part, lines)]))
            words.append(2.0 + max([named, *(_longest_part(w) for p in lines for w in p.split())]))
        return wish, least, words


LETTERS = 122.0  # of a table's type that a line of the narrowest page holds
READABLE = 12.0  # letters that a line of running text needs
LONGEST_WORD = 16.0  # letters; what is longer is an identifier, and may be broken
# letters and digits up to a gap, with the Japanese unit that is joined to them
_PART = re.compile(r"[^\s\u2e80-\uffff]*(?:\u2060.)+|[^\s\u2e80-\uffff]+")


def _longest_part(text: str) -> float:
    """Width of the longest part of a text in which no line may break."""
    whole = unbroken(text).replace("\u00a0", "_")
    parts = [part.replace("\u2060", "") for part in _PART.findall(whole)]
    return min(LONGEST_WORD, max((_width(p) for p in parts), default=2.0))


def _filled(wish: list[float], least: list[float], room: float) -> list[float]:
    """Share ``room`` as wished, but to each at least what it needs where there is room for all."""
    if sum(least) > room:
        return wish
    fixed: set[int] = set()
    while True:
        free = room - sum(least[k] for k in fixed)
        scale = free / (sum(w for k, w in enumerate(wish) if k not in fixed) or 1.0)
        short = {k for k, w in enumerate(wish) if k not in fixed and w * scale < least[k]}
        if not short:
            return [least[k] if k in fixed else w * scale for k, w in enumerate(wish)]
        fixed |= short


def _width(text: str) -> float:
    """Width of a text in letters; a Japanese one takes two, and so does its minus sign."""
    return sum(1.0 if ord(c) < 0x2E80 and c != "−" else 2.0 for c in text)


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
