"""A document as slides (PPTX): a slide a section, pictures beside the words, all words in notes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
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
from kachisuji.desk.documents.rendering import png
from kachisuji.desk.documents.word import EAST_ASIAN, INDIGO, LATIN, SOFT, legal
from kachisuji.words import RunError, say

WIDE, TALL = 13.333, 7.5  # inches
MARGIN = 0.6
ROWS = 10  # of a table on one slide
LETTERS = {"alone": 760, "beside": 480}  # that one slide holds, a Japanese one counted as two
ABOVE = 260  # letters that stand above a table on the same slide
TITLE_ONLY = 5  # the layout of the default template with a title and nothing else


def write_pptx(document: Document) -> bytes:
    """Write a document as slides; the bibliography goes into the notes of the last one.

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
        told = tuple(f"{question}  {answer}" for question, answer in document.glance)
        deck.section(Heading(say("desk.h_glance", document.lang)), [Bullets(told)])
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
    for sentence in text.replace("。", "。\0").replace(". ", ". \0").split("\0"):
        if held and _weight(held + sentence) > most:
            out.append(held.strip())
            held = ""
        held += sentence
    return [*out, held.strip()] if held.strip() else out


class _Deck:
    """A deck of slides being written."""

    def __init__(self, show: Any, document: Document) -> None:
        from pptx.util import Inches

        self.show, self.document = show, document
        self.inches = Inches
        show.slide_width, show.slide_height = Inches(WIDE), Inches(TALL)
        core = show.core_properties
        core.title, core.author = legal(document.title), "Kachisuji"
        core.language = "ja-JP" if document.lang == "ja" else "en-GB"
        core.created = core.modified = datetime.fromisoformat(document.date)

    def _slide(self, title: str, *, size: float = 28) -> Any:
        slide = self.show.slides.add_slide(self.show.slide_layouts[TITLE_ONLY])
        place = slide.shapes.title
        place.left, place.top = self.inches(MARGIN), self.inches(0.35)
        place.width, place.height = self.inches(WIDE - 2 * MARGIN), self.inches(0.95)
        place.text_frame.word_wrap = True
        place.text_frame.vertical_anchor = 3  # middle
        self._write(place.text_frame.paragraphs[0], title, size, INDIGO, bold=True)
        bar = slide.shapes.add_shape(1, self.inches(MARGIN), self.inches(1.32),
                                     self.inches(1.3), self.inches(0.06))  # fmt: skip
        bar.fill.solid()
        bar.fill.fore_color.rgb = self._colour("C23B22")
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
        named.set("lang", "ja-JP" if self.document.lang == "ja" else "en-GB")
        east = named.makeelement(qn("a:ea"), {"typeface": EAST_ASIAN})
        latin = named.find(qn("a:latin"))
        latin.addnext(east)

    def _box(self, slide: Any, left: float, top: float, width: float, height: float) -> Any:
        box = slide.shapes.add_textbox(*(self.inches(v) for v in (left, top, width, height)))
        box.text_frame.word_wrap = True
        return box.text_frame

    def front(self) -> None:
        """Write the first slide: title, what it is, the facts of the run."""
        slide = self._slide(self.document.title, size=36)
        slide.shapes.title.top, slide.shapes.title.height = self.inches(1.9), self.inches(1.6)
        for shape in slide.shapes:
            if shape != slide.shapes.title:
                shape.top = self.inches(3.6)
        frame = self._box(slide, MARGIN, 3.8, WIDE - 2 * MARGIN, 2.8)
        self._write(frame.paragraphs[0], self.document.subtitle, 14, "C23B22")
        for label, value in self.document.facts:
            self._write(frame.add_paragraph(), f"{label}  {value}", 13, SOFT)

    def section(self, heading: Heading, blocks: list[Block]) -> None:
        """Write the slides of one section: words beside the picture where both fit on one."""
        texts = list(_texts(blocks))
        figures = [b for b in blocks if isinstance(b, Figure)]
        tables = [b for b in blocks if isinstance(b, Table)]
        if any(isinstance(b, Source) for b in blocks):
            self._sources(heading, blocks)
            return
        whole = sum(map(_weight, texts))
        above = "\n".join(texts) if tables and not figures and whole <= ABOVE else ""
        beside = figures.pop(0) if figures and 0 < whole <= LETTERS["beside"] else None
        most = LETTERS["beside" if beside else "alone"]
        for number, portion in enumerate([] if above else portions(texts, most)):
            slide = self._slide(heading.text if number == 0 else f"{heading.text} ({number + 1})")
            self._words(slide, portion, most, half=beside is not None)
            if beside:
                self._picture(slide, beside, WIDE / 2 + 0.1, 1.7, WIDE / 2 - 0.1 - MARGIN, 4.9)
            slide.notes_slide.notes_text_frame.text = legal("\n\n".join(texts))
        for figure in figures:
            slide = self._slide(f"{heading.text}: {figure.caption}")
            self._picture(slide, figure, MARGIN, 1.6, WIDE - 2 * MARGIN, 5.3)
        for table in tables:
            self._tables(heading, table, above)

    def _words(self, slide: Any, texts: list[str], most: int, *, half: bool) -> None:
        """Write paragraphs; the fewer letters, the larger."""
        width = (WIDE - 2 * MARGIN) * (0.47 if half else 1.0)
        frame = self._box(slide, MARGIN, 1.6, width, TALL - 2.1)
        few = sum(map(_weight, texts)) < most / 2
        size = (22 if few else 17) if half else (24 if few else 20)
        for place, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after, paragraph.line_spacing = self.inches(0.14), 1.15
            self._write(paragraph, text, size, "1B2330")

    def _sources(self, heading: Heading, blocks: list[Block]) -> None:
        """Write what the evidence is on one slide, and all of it in the notes."""
        slide = self._slide(heading.text)
        sources = [b for b in blocks if isinstance(b, Source)]
        tables = [" · ".join(row) for b in blocks if isinstance(b, Table) for row in b.rows]
        ids = ", ".join(s.id for s in sources)
        self._words(slide, [*_texts(blocks), *tables, ids], LETTERS["alone"], half=False)
        told = (
            f"{s.id} [{s.grade}] {s.statement} {s.source} {s.date} {s.address}" for s in sources
        )
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
        picture._element.nvPicPr.cNvPr.set("descr", legal(figure.alt))
        picture.name = legal(figure.caption)

    def _tables(self, heading: Heading, table: Table, above: str) -> None:
        """Write a table over as many slides as it needs, shared out evenly."""
        slides = -(-len(table.rows) // ROWS)
        each = -(-len(table.rows) // slides) if slides else 1
        for start in range(0, len(table.rows), each):
            slide = self._slide(f"{heading.text}: {table.caption}".rstrip(".。"))
            rows = (table.head, *table.rows[start : start + each])
            if above:
                frame = self._box(slide, MARGIN, 1.5, WIDE - 2 * MARGIN, 0.7)
                self._write(frame.paragraphs[0], above, 15, SOFT)
            shape = slide.shapes.add_table(
                len(rows), len(table.head), self.inches(MARGIN), self.inches(2.3 if above else 1.6),
                self.inches(WIDE - 2 * MARGIN), self.inches(0.4 * len(rows)),
            )  # fmt: skip
            shape._element.nvGraphicFramePr.cNvPr.set("descr", legal(table.caption))
            widths = table.widths()
            for column, share in enumerate(widths):
                width = (WIDE - 2 * MARGIN) * share / sum(widths)
                shape.table.columns[column].width = self.inches(width)
            for r, row in enumerate(rows):
                for c, text in enumerate(row):
                    paragraph = shape.table.cell(r, c).text_frame.paragraphs[0]
                    colour = "FFFFFF" if r == 0 else "1B2330"
                    self._write(paragraph, text.replace("\n", " "), 13, colour, bold=r == 0)
                    if r == 0:
                        cell = shape.table.cell(r, c)
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
