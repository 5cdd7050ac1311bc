"""What a committee reads, and behind it the long tables that it looks things up in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kachisuji.desk.documents.blocks import Block, Heading, Paragraph, Table
from kachisuji.words import Lang, say


def with_appendix(blocks: Iterable[Block], lang: Lang) -> list[Block]:
    """Move tables with more rows than their ``top`` behind the other blocks.

    Parameters
    ----------
    blocks
        The body, sections in order.
    lang
        Language of the words that lead to a table.

    Returns
    -------
    list of Block
        The body, each long table cut to its first ``top`` rows and followed by words that lead to
        the whole; then the appendix: the whole tables, numbered A1, A2 …, under the headings of the
        sections that they come from.
    """
    body: list[Block] = []
    behind: list[Block] = []
    section, shown, count = "", "", 0
    for block in blocks:
        if isinstance(block, Heading) and block.level == 1:
            section = block.text
        if not isinstance(block, Table) or block.top is None or len(block.rows) <= block.top:
            body.append(block)
            continue
        count += 1
        number = f"A{count}"
        if section != shown:
            behind.append(Heading(section, 2))
            shown = section
        behind.append(replace(block, top=None, number=number))
        body += _cut(block, block.top, number, lang)
    if behind:
        note = Paragraph(say("documents.appendix_text", lang))
        body += [Heading(say("documents.h_appendix", lang), apart=True), note, *behind]
    return body


def _cut(table: Table, top: int, number: str, lang: Lang) -> list[Block]:
    """Return the first rows, where there are to be any, and where the others are."""
    told: dict[str, Any] = {
        "number": number,
        "rows": len(table.rows),
        "shown": top,
        "caption": table.caption,
    }
    if not top:
        return [Paragraph(say("documents.elsewhere", lang, **told), style="note", to=number)]
    first = replace(table, rows=table.rows[:top], top=None)
    return [first, Paragraph(say("documents.first_rows", lang, **told), style="note", to=number)]
