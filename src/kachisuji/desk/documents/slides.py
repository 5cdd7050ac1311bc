"""A document as slides (PPTX): a claim, what shows it, its source and grade; all words in notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from kachisuji.desk.documents.blocks import (
    Block,
    Bullets,
    Card,
    Document,
    Figure,
    Heading,
    Paragraph,
    Source,
    Table,
)
from kachisuji.desk.documents.office import (
    EAST_ASIAN,
    INDIGO,
    INK,
    LATIN,
    SOFT,
    VERMILION,
    WHITE,
    cells,
    columns,
    describe,
    language,
    legal,
)
from kachisuji.desk.documents.rendering import png
from kachisuji.words import RunError, say

WIDE, TALL = 13.333, 7.5  # inches
MARGIN = 0.6
TOP, FOOT = 1.95, 6.85  # where what shows the claim begins, and where its source stands
SMALLEST = 0.36  # inches: a row of one line
# letters of a title -> its size in points; what is longer than the last is no title
SIZES = ((56, 30), (96, 26), (150, 20), (240, 16), (330, 14))
LETTERS = {"alone": 900, "beside": 430}  # that one slide holds, a Japanese one counted as two
ABOVE = 260  # letters that stand above a table on the same slide
TITLE_ONLY = 5  # the layout of the default template with a title and nothing else
NAMED = 900  # letters of the list of evidence on the last slide
SOURCES = 8  # pieces of evidence named below a slide; all stand in its notes


def write_pptx(document: Document) -> bytes:
    """Write a document as slides; the bibliography goes into the notes of the last one.

    Each section becomes a slide for each of its pictures (a table where it has none): the first
    sentence as its title, the next ones beside the picture, the evidence with its grade below, and
    every word of the section in the notes.

    Raises
    ------
    RunError
        If python-pptx or the drawing engine is not installed.
    """
    try:
        import pptx
    except ImportError as error:
        raise RunError("documents.no_engine", package="python-pptx") from error
    deck = _Deck(pptx.Presentation(), document)
    deck.front()
    if document.glance:
        glance = Table("", ("", ""), document.glance)
        deck.section(Heading(say("desk.h_glance", document.lang)), [glance])
    for heading, blocks in document.sections():
        deck.section(heading, blocks)
    out = io.BytesIO()
    deck.show.save(out)
    return out.getvalue()


def _weight(text: str) -> int:
    return sum(1 if ord(c) < 0x2E80 else 2 for c in text)


def portions(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Share texts out over slides; one that is too long for a slide is cut between sentences."""
    cut: list[str] = []
    for text in texts:
        cut += _cut(text, most)
    held: list[str] = []
    for text in cut:
        if held and sum(map(_weight, held)) + _weight(text) > most:
            yield held
            held = []
        held.append(text)
    if held:
        yield held


def _cut(text: str, most: int) -> list[str]:
    out, held = [], ""
    for sentence in _sentences(text):
        if held and _weight(held + sentence) > most:
            out.append(held.strip())
            held = ""
        held += sentence
    return [*out, held.strip()] if held.strip() else out


def _sentences(text: str) -> list[str]:
    return [s for s in text.replace("。", "。\0").replace(". ", ". \0").split("\0") if s]


def claim(texts: Sequence[str]) -> tuple[str, list[str]]:
    """Return the first sentence, which is what a slide claims, and what is left of the texts."""
    if not texts or not texts[0].strip():
        return "", list(texts)
    first, *more = _sentences(texts[0])
    rest = "".join(more).strip()
    title = re.sub(r"[.。:]$", "", first.strip())
    return title, [*([rest] if rest else []), *texts[1:]]


def letters_of(text: str) -> float:
    """Size of the letters of a cell, in points."""
    return 13.0 if _weight(text) < 90 else 11.5


def widths_of(table: Table, whole: float) -> list[float]:
    """Widths of the columns, together ``whole``; a table without a head holds labels and words."""
    return columns(table, whole) if any(table.head) else [0.24 * whole, 0.76 * whole]


def height_of(row: Sequence[str], widths: Sequence[float]) -> float:
    """Inches that a row of a table takes: its tallest cell, letters half as wide as they are high.

    Fonts differ from machine to machine, so that a little more is reckoned than Calibri takes.
    """
    tallest = 1.0
    for text, width in zip(row, widths, strict=True):
        size = letters_of(text) / 72
        lines = -(-_weight(text.replace("\n", " ")) * 0.56 * size // (width - 0.2))
        tallest = max(tallest, lines * 1.2 * size / (1.2 * 13 / 72))
    return max(SMALLEST, tallest * 1.2 * 13 / 72 + 0.08)


def shared_out(table: Table, room: float) -> list[Sequence[Sequence[str]]]:
    """Share the rows of a table out over slides with ``room`` inches each, about evenly."""
    widths = widths_of(table, WIDE - 2 * MARGIN)
    head = height_of(table.head, widths) if any(table.head) else 0.0
    heights = [height_of(row, widths) for row in table.rows]
    slides = max(1, -(-sum(heights) // (room - head)))
    fair = sum(heights) / slides
    out: list[list[Sequence[str]]] = [[]]
    used = 0.0
    for row, height in zip(table.rows, heights, strict=True):
        full = used + height > room - head or (used + height / 2 > fair and len(out) < slides)
        if out[-1] and full:
            out.append([])
            used = 0.0
        out[-1].append(row)
        used += height
    return list(out)


class _Deck:
    """A deck of slides being written."""

    def __init__(self, show: Any, document: Document) -> None:
        from pptx.util import Inches

        self.show, self.document = show, document
        self.inches = Inches
        self.grades = {b.id: b.grade for b in document.blocks if isinstance(b, Source)}
        show.slide_width, show.slide_height = Inches(WIDE), Inches(TALL)
        describe(show.core_properties, document)

    def _slide(self, title: str, over: str = "") -> Any:
        """Add a slide: what it is about, what it claims, a bar."""
        slide = self.show.slides.add_slide(self.show.slide_layouts[TITLE_ONLY])
        place = slide.shapes.title
        place.left, place.top = self.inches(MARGIN), self.inches(0.62 if over else 0.4)
        place.width, place.height = self.inches(WIDE - 2 * MARGIN), self.inches(1.05)
        place.text_frame.word_wrap = True
        place.text_frame.vertical_anchor = 3  # middle
        size = next((s for most, s in SIZES if _weight(title) <= most), SIZES[-1][1])
        self._write(place.text_frame.paragraphs[0], title, size, INDIGO, bold=True)
        if over:
            kicker = self._box(slide, MARGIN, 0.28, WIDE - 2 * MARGIN, 0.4)
            self._write(kicker.paragraphs[0], over, 13, VERMILION, bold=True)
        bar = slide.shapes.add_shape(1, self.inches(MARGIN), self.inches(1.72),
                                     self.inches(1.3), self.inches(0.06))  # fmt: skip
        bar.fill.solid()
        bar.fill.fore_color.rgb = self._colour(VERMILION)
        bar.line.fill.background()
        bar._element.nvSpPr.cNvPr.set("descr", "")
        return slide

    def _colour(self, text: str) -> Any:
        from pptx.dml.color import RGBColor

        return RGBColor(*bytes.fromhex(text))  # type: ignore[no-untyped-call]

    def _write(
        self, paragraph: Any, text: str, size: float, colour: str, *, bold: bool = False
    ) -> None:
        """Write a run of text in both fonts."""
        from pptx.oxml.ns import qn
        from pptx.util import Pt

        paragraph.alignment = 1  # left
        run = paragraph.add_run()
        run.text = legal(text)
        run.font.size, run.font.bold, run.font.name = Pt(size), bold, LATIN
        run.font.color.rgb = self._colour(colour)
        named = run._r.get_or_add_rPr()
        named.set("lang", language(self.document))
        east = named.makeelement(qn("a:ea"), {"typeface": EAST_ASIAN})
        latin = named.find(qn("a:latin"))
        latin.addnext(east)

    def _box(self, slide: Any, left: float, top: float, width: float, height: float) -> Any:
        box = slide.shapes.add_textbox(*(self.inches(v) for v in (left, top, width, height)))
        box.text_frame.word_wrap = True
        return box.text_frame

    def front(self) -> None:
        """Write the first slide: title, what it is, the facts of the run."""
        slide = self._slide(self.document.title)
        slide.shapes.title.top, slide.shapes.title.height = self.inches(1.9), self.inches(1.6)
        for shape in slide.shapes:
            if shape != slide.shapes.title:
                shape.top = self.inches(3.6)
        frame = self._box(slide, MARGIN, 3.8, WIDE - 2 * MARGIN, 2.8)
        self._write(frame.paragraphs[0], self.document.subtitle, 14, VERMILION)
        for label, value in self.document.facts:
            self._write(frame.add_paragraph(), f"{label}  {value}", 13, SOFT)

    def section(self, heading: Heading, blocks: list[Block]) -> None:
        """Write the slides of one section."""
        if any(isinstance(b, Source) for b in blocks):
            self._sources(heading, blocks)
            return
        texts = list(_texts(blocks))
        title, rest = claim(texts)
        if _weight(title) > SIZES[-1][0]:
            title, rest = "", texts
        figures = [b for b in blocks if isinstance(b, Figure)]
        tables = [b for b in blocks if isinstance(b, Table)]
        over = heading.text if title else ""
        title = title or heading.text
        notes = "\n\n".join([*texts, *(_told(t) for t in tables)])
        made = [self._shown(self._slide(title, over), f, rest) for f in figures]
        for table in [] if figures else tables:
            made += self._tables(title, over, table, rest)
        if not made:
            for portion in portions(rest, LETTERS["alone"]) if rest else ([],):
                made.append(self._slide(title, over))
                self._words(made[-1], portion, LETTERS["alone"], half=False)
        for slide in made:
            self._source(slide, blocks)
            slide.notes_slide.notes_text_frame.text = legal(notes)

    def _shown(self, slide: Any, figure: Figure, texts: list[str]) -> Any:
        """Put a picture on a slide, with the first words beside it where there are any."""
        beside = next(portions(texts, LETTERS["beside"]), []) if texts else []
        if beside:
            self._words(slide, beside, LETTERS["beside"], half=True)
        left = WIDE * 0.42 if beside else MARGIN
        self._picture(slide, figure, left, TOP, WIDE - MARGIN - left, FOOT - TOP - 0.15)
        return slide

    def _source(self, slide: Any, blocks: list[Block]) -> None:
        """Write below a slide the evidence that it rests on, with grades, or the run itself."""
        cited = dict.fromkeys(i for b in blocks if isinstance(b, Paragraph) for i in b.cites)
        known = [f"{i} ({self.grades[i]})" for i in cited if i in self.grades]
        shown = ", ".join(known[:SOURCES]) + (" …" if len(known) > SOURCES else "")
        key = "documents.slide_source" if known else "documents.slide_run"
        told = say(key, self.document.lang, ids=shown, date=self.document.date)
        frame = self._box(slide, MARGIN, FOOT, WIDE - 2 * MARGIN, 0.4)
        self._write(frame.paragraphs[0], told, 10.5, SOFT)

    def _words(self, slide: Any, texts: list[str], most: int, *, half: bool) -> None:
        """Write paragraphs; the fewer letters, the larger."""
        width = WIDE * 0.42 - MARGIN - 0.15 if half else WIDE - 2 * MARGIN
        frame = self._box(slide, MARGIN, TOP, width, FOOT - TOP)
        few = sum(map(_weight, texts)) < most / 2
        size = (20 if few else 16) if half else (24 if few else 19)
        for place, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after, paragraph.line_spacing = self.inches(0.14), 1.15
            self._write(paragraph, text, size, INK)

    def _sources(self, heading: Heading, blocks: list[Block]) -> None:
        """Write what the evidence is on one slide, and all of it in the notes."""
        slide = self._slide(heading.text)
        sources = [b for b in blocks if isinstance(b, Source)]
        tables = [" · ".join(row) for b in blocks if isinstance(b, Table) for row in b.rows]
        ids = ", ".join(f"{s.id} ({s.grade})" for s in sources)
        shown = next(portions([*_texts(blocks), *tables], LETTERS["alone"]), [])
        self._words(slide, shown, LETTERS["alone"], half=False)
        named = self._box(slide, MARGIN, 4.6, WIDE - 2 * MARGIN, FOOT - 4.6)
        self._write(named.paragraphs[0], ids[:NAMED] + ("…" if len(ids) > NAMED else ""), 12, SOFT)
        told = [*_texts(blocks), *tables]
        told += [
            f"{s.id} [{s.grade}] {s.statement} {s.source} {s.date} {s.address}" for s in sources
        ]
        slide.notes_slide.notes_text_frame.text = legal("\n".join(told))

    def _picture(
        self, slide: Any, figure: Figure, left: float, top: float, width: float, height: float
    ) -> None:
        picture = slide.shapes.add_picture(
            io.BytesIO(png(figure.chart)), self.inches(left), self.inches(top)
        )
        scale = min(self.inches(width) / picture.width, self.inches(height) / picture.height)
        picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
        picture.left += int((self.inches(width) - picture.width) / 2)
        picture.top += int((self.inches(height) - picture.height) / 2)
        picture._element.nvPicPr.cNvPr.set("descr", legal(figure.alt))
        picture.name = legal(figure.caption)

    def _tables(self, title: str, over: str, table: Table, texts: list[str]) -> list[Any]:
        """Write a table over as many slides as it needs, shared out evenly; return them."""
        above = next(portions(texts, ABOVE), []) if texts else []
        shares = shared_out(table, FOOT - TOP - 0.2 - (0.85 if above else 0.0))
        made = []
        for number, rows in enumerate(shares, 1):
            more = f" ({number}/{len(shares)})" if len(shares) > 1 else ""
            slide = self._slide(title, over + more)
            top = TOP
            if above:
                frame = self._box(slide, MARGIN, top, WIDE - 2 * MARGIN, 0.7)
                self._write(frame.paragraphs[0], " ".join(above), 15, SOFT)
                top += 0.85
            self._table(slide, table, rows, top)
            made.append(slide)
        return made

    def _table(self, slide: Any, table: Table, rows: Sequence[Sequence[str]], top: float) -> None:
        """Write rows of a table below its head; without one, labels and what they stand for."""
        bare = not any(table.head)
        height = max(SMALLEST, min(0.62, (FOOT - top - 0.2) / (len(rows) + (not bare))))
        shape = slide.shapes.add_table(
            len(rows) + (not bare), len(table.head), self.inches(MARGIN), self.inches(top),
            self.inches(WIDE - 2 * MARGIN), self.inches(height * (len(rows) + (not bare))),
        )  # fmt: skip
        shape._element.nvGraphicFramePr.cNvPr.set("descr", legal(table.caption or slide.name))
        shape.table.first_row = not bare
        whole = WIDE - 2 * MARGIN
        widths = widths_of(table, whole)
        for column, width in enumerate(widths):
            shape.table.columns[column].width = self.inches(width)
        for told in cells(table, rows):
            if bare and told.head:
                continue
            cell = shape.table.cell(told.row - bare, told.column)
            cell.vertical_anchor = 3  # middle
            cell.margin_top = cell.margin_bottom = self.inches(0.03)
            strong = told.head or (bare and told.column == 0)
            colour = WHITE if told.head else INDIGO if strong else INK
            paragraph = cell.text_frame.paragraphs[0]
            size = letters_of(told.text)
            self._write(paragraph, told.text.replace("\n", " "), size, colour, bold=strong)
            if told.right:
                paragraph.alignment = 3
            if told.head:
                cell.fill.solid()
                cell.fill.fore_color.rgb = self._colour(INDIGO)


def _texts(blocks: list[Block]) -> Iterator[str]:
    """Words of the blocks that are words."""
    for block in blocks:
        if isinstance(block, Paragraph | Heading):
            yield block.text
        elif isinstance(block, Bullets):
            yield from block.items
        elif isinstance(block, Card):
            yield f"{block.title}  {block.figure}"
            yield block.text


def _told(table: Table) -> str:
    """Write a table as lines, for the notes."""
    return "\n".join(" · ".join(c.replace("\n", " ") for c in row) for row in table.rows)
