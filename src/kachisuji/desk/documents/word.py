"""A document as Word (DOCX): styles for headings, an East Asian font, words for each picture."""

from __future__ import annotations

import io
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
    LATIN,
    PALE,
    SOFT,
    cells,
    columns,
    describe,
    language,
    legal,
)
from kachisuji.desk.documents.rendering import png
from kachisuji.words import RunError, say

PICTURE = 15.5  # widest picture, cm
TEXT = 16.0  # width of the text, cm


def write_docx(document: Document) -> bytes:
    """Write a document as Word.

    Raises
    ------
    RunError
        If python-docx or the drawing engine is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise RunError("documents.no_engine", package="python-docx") from error
    made = _Word(docx.Document(), document)
    made.front()
    for block in document.blocks:
        made.put(block)
    out = io.BytesIO()
    made.word.save(out)
    return out.getvalue()


class _Word:
    """A Word file being written."""

    def __init__(self, word: Any, document: Document) -> None:
        self.word, self.document = word, document
        self.figures = self.tables = 0
        self._styles()
        describe(word.core_properties, document)

    def _styles(self) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt, RGBColor

        styles, lang = self.word.styles, language(self.document)
        sizes = {"Normal": 10.5, "Title": 26, "Subtitle": 11, "Heading 1": 17, "Heading 2": 13,
                 "Heading 3": 11.5, "Caption": 9, "List Bullet": 10.5, "Quote": 10}  # fmt: skip
        for name, size in sizes.items():
            style = styles[name]
            style.font.name, style.font.size = LATIN, Pt(size)
            if name not in ("Normal", "List Bullet"):
                style.font.color.rgb = RGBColor.from_string(
                    SOFT if name in ("Caption", "Quote", "Subtitle") else INDIGO
                )
            style.font.italic = False
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for key in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
                fonts.attrib.pop(qn(key), None)
            fonts.set(qn("w:eastAsia"), EAST_ASIAN)
        spoken = styles["Normal"].element.get_or_add_rPr()
        # figures and Latin words of a Japanese text are marked as English, as Word itself does:
        # marked as Japanese they may be broken inside
        latin = "en-US" if self.document.lang == "ja" else lang
        tag = spoken.makeelement(qn("w:lang"), {qn("w:val"): latin, qn("w:eastAsia"): lang})
        spoken.append(tag)
        styles["Normal"].paragraph_format.space_after = Pt(7)
        styles["Normal"].paragraph_format.line_spacing = 1.25
        section = self.word.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.5)
        self._page_number(section.footer.paragraphs[0])

    def _page_number(self, paragraph: Any) -> None:
        paragraph.alignment = 1
        self._field(paragraph, "PAGE", "1")

    def _field(self, paragraph: Any, code: str, shown: str) -> None:
        """Put a field with what it shows until Word works it out."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        parts = (("begin", ""), ("", code), ("separate", ""), ("shown", shown), ("end", ""))
        for kind, text in parts:
            run = paragraph.add_run()
            if kind == "shown":
                run.text = text
                continue
            tag = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                tag.set(qn("w:fldCharType"), kind)
                if kind == "begin":  # Word works it out when the file is opened
                    tag.set(qn("w:dirty"), "true")
            else:
                tag.text = text
            run._r.append(tag)

    def front(self) -> None:
        """Write the title, the facts of the run and the contents."""
        self.word.add_paragraph(legal(self.document.title), style="Title")
        self.word.add_paragraph(legal(self.document.subtitle), style="Subtitle")
        if self.document.glance:
            self.word.add_heading(say("desk.h_glance", self.document.lang), 1)
        for label, value in self.document.glance:
            line = self.word.add_paragraph(style="Normal")
            line.add_run(f"{legal(label)}  ").bold = True
            line.add_run(legal(value))
        for label, value in self.document.facts:
            line = self.word.add_paragraph(style="Normal")
            line.paragraph_format.space_after = 0
            line.add_run(f"{legal(label)}  ").bold = True
            line.add_run(legal(value))
        head = self.word.add_paragraph(style="Normal")
        head.paragraph_format.page_break_before = True
        head.add_run(legal(self.document.contents)).bold = True
        listed = "\n".join(p.text for p in self.word.paragraphs if p.style.name == "Heading 1")
        listed += "\n" + "\n".join(h.text for h, _ in self.document.sections())
        contents = self.word.add_paragraph(style="Normal")
        self._field(contents, 'TOC \\o "1-2" \\h \\z \\u', legal(listed))

    def put(self, block: Block) -> None:
        """Write one block."""
        if isinstance(block, Heading):
            heading = self.word.add_heading(legal(block.text), block.level)
            heading.paragraph_format.page_break_before = block.apart
        elif isinstance(block, Paragraph):
            style = "Quote" if block.style == "quote" else "Normal"
            self._text(self.word.add_paragraph(style=style), block)
        elif isinstance(block, Bullets):
            for item in block.items:
                self.word.add_paragraph(legal(item), style="List Bullet")
        elif isinstance(block, Card):
            line = self.word.add_paragraph(style="Normal")
            line.add_run(f"{legal(block.title)}  {legal(block.figure)}").bold = True
            self.word.add_paragraph(legal(block.text), style="Normal")
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Figure):
            self._figure(block)
        elif isinstance(block, Source):
            self._source(block)

    def _text(self, paragraph: Any, block: Paragraph) -> None:
        from docx.shared import Pt, RGBColor

        run = paragraph.add_run(legal(block.text))
        if block.style == "note":
            run.font.size = Pt(9)
        if block.style == "lead":
            run.font.size = Pt(11.5)
        known = self.document.cited()
        if ids := [i for i in block.cites if i in known]:
            marks = paragraph.add_run(f" [{', '.join(ids)}]")
            marks.font.size, marks.font.color.rgb = Pt(8), RGBColor.from_string(SOFT)

    def _caption(self, kind: str, number: int | str, text: str) -> None:
        label = say(f"documents.{kind}", self.document.lang)
        caption = self.word.add_paragraph(style="Caption")
        caption.add_run(f"{label} {number}  ").bold = True
        caption.add_run(legal(text)).bold = False
        caption.paragraph_format.keep_with_next = kind == "table"

    def _table(self, block: Table) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt

        self.tables += not block.number
        self._caption("table", block.number or self.tables, block.caption)
        rows, widths = len(block.rows) + 1, columns(block, TEXT)
        table = self.word.add_table(rows=rows, cols=len(block.head), style="Table Grid")
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        places = (cell for row in table.rows for cell in row.cells)  # looking each up is slow
        for place, told in zip(places, cells(block), strict=True):
            place.width = Cm(widths[told.column])
            paragraph = place.paragraphs[0]
            paragraph.paragraph_format.space_before = Pt(2)
            paragraph.paragraph_format.space_after = Pt(2)
            paragraph.paragraph_format.line_spacing = 1.1
            run = paragraph.add_run(told.text)
            run.font.size, run.bold = Pt(8.5), told.strong
            if told.right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if told.head:
                shade = OxmlElement("w:shd")
                shade.set(qn("w:val"), "clear")
                shade.set(qn("w:fill"), PALE)
                place._tc.get_or_add_tcPr().append(shade)
        for row in table.rows:  # a row stays on one page
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        head = OxmlElement("w:tblHeader")
        head.set(qn("w:val"), "true")
        table.rows[0]._tr.get_or_add_trPr().append(head)
        self.word.add_paragraph(style="Normal").paragraph_format.space_after = 0

    def _figure(self, block: Figure) -> None:
        from docx.shared import Cm

        self.figures += 1
        picture = self.word.add_picture(io.BytesIO(png(block.chart)))
        scale = min(1.0, Cm(PICTURE) / picture.width)
        picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
        named = picture._inline.docPr
        named.set("descr", legal(block.alt))
        named.set("title", legal(block.caption))
        self.word.paragraphs[-1].paragraph_format.keep_with_next = True
        self._caption("figure", self.figures, block.caption)

    def _source(self, block: Source) -> None:
        from docx.shared import Pt

        line = self.word.add_paragraph(style="Normal")
        line.paragraph_format.space_after = Pt(3)
        told = [f"[{block.grade}] {block.statement}", block.source, block.date, block.address]
        line.add_run(f"{legal(block.id)}  ").bold = True
        line.add_run(legal(" — ".join(part for part in told if part)))
        for run in line.runs:
            run.font.size = Pt(8.5)
