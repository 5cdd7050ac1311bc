"""A document as PDF, set by Typst: every font embedded, tagged, the same bytes every time.

The template is fixed; the document reaches it as data (JSON), so no text of a case is ever read
as markup.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Literal

from kachisuji.desk.documents.blocks import Block, Document, Figure, Table
from kachisuji.desk.documents.fonts import FAMILY, font_folder
from kachisuji.desk.documents.rendering import svg
from kachisuji.words import RunError, say

STANDARD: Literal["ua-1"] = "ua-1"  # PDF/UA-1: accessible, tagged
GETA = "〓"  # what Japanese printers set for a letter that they lack
MOST_MISSING = 40  # different letters without a glyph that one document may hold


def write_pdf(document: Document) -> bytes:
    """Set a document as PDF.

    Parameters
    ----------
    document
        What to set.

    Returns
    -------
    bytes
        PDF 1.7 that conforms to PDF/UA-1.

    Raises
    ------
    RunError
        If the typesetting engine or the font is not installed, or the engine refuses.
    """
    try:
        import typst
    except ImportError as error:
        raise RunError("documents.no_engine", package="typst") from error
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(font_folder())]
    )
    template = resources.files("kachisuji.desk.documents") / "templates" / "document.typ"
    when = datetime.fromisoformat(document.date).replace(tzinfo=UTC)
    data = json.dumps(as_data(document), ensure_ascii=False)
    for attempt in range(MOST_MISSING + 1):
        try:
            return typst.compile(
                template.read_bytes(),
                format="pdf",
                font_paths=fonts,
                ignore_system_fonts=True,
                sys_inputs={"document": data},
                pdf_standards=[STANDARD],
                timestamp=int(when.timestamp()),
            )
        except typst.TypstError as error:
            missing = _missing(error.message)
            if not missing or attempt == MOST_MISSING:
                raise RunError("documents.engine_refused", why=error.message) from error
            for letter in missing:
                data = data.replace(letter, GETA)
    raise AssertionError


def _missing(message: str) -> set[str]:
    """Letters that the engine says no font has; it names them as they are or by their number."""
    found = re.search(r'the text `"(.*)"` could not be displayed', message)
    if not found:
        return set()
    numbered = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), found[1])
    return {letter for letter in numbered if not letter.isascii()}


def as_data(document: Document) -> dict[str, Any]:
    """Return a document as the template reads it."""
    known = document.cited()
    when = datetime.fromisoformat(document.date)
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "lang": document.lang,
        "region": "JP" if document.lang == "ja" else "GB",
        "fonts": [FAMILY] if document.lang == "ja" else ["Libertinus Serif", FAMILY],
        "facts": document.facts,
        "glance": document.glance,
        "date": [when.year, when.month, when.day],
        "contents": document.contents,
        "glance_heading": say("desk.h_glance", document.lang),
        "words": {
            name: say(f"documents.{name}", document.lang) for name in ("figure", "table", "page")
        },
        "blocks": [_block(block, known) for block in document.blocks],
    }


def _block(block: Block, known: set[str]) -> dict[str, Any]:
    data = {"kind": block.kind, **asdict(block)}
    if isinstance(block, Figure):
        data["chart"] = svg(block.chart)
    if isinstance(block, Table):
        data["widths"] = block.widths()
    if "cites" in data:
        data["cites"] = [i for i in data["cites"] if i in known]
    return data
