"""Sections of the report that judge: what it takes to win, instruments, doctrine, history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kachisuji.desk.documents.blocks import Block, Bullets, Heading, Paragraph, Table
from kachisuji.desk.report.bilingual import Both, t
from kachisuji.desk.report.sections import (
    doctrine,
    hindcast,
    instruments,
    protected,
    robust,
    verdicts,
)

if TYPE_CHECKING:
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun
    from kachisuji.words import Lang


INSTRUMENTS = 6  # rows of each table of instruments in the body, best first


class Judged:
    """The sections in one language."""

    def __init__(self, run: StoredRun, names: Names, lang: Lang) -> None:
        self.run, self.names, self.lang = run, names, lang

    def say(self, key: str, **values: Any) -> str:
        """Take a text of the catalogue."""
        return t(key, **values).of(self.lang)

    def of(self, *values: Any) -> str:
        """Write values under each other, empty ones left out."""
        told = (v.of(self.lang) if isinstance(v, Both) else str(v) for v in values)
        return "\n".join(part for part in told if part)

    def table(
        self,
        caption: str,
        heads: Sequence[str],
        rows: Iterable[Sequence[str]],
        numeric: Sequence[int] = (),
        top: int | None = None,
    ) -> list[Block]:
        """Return a table with heads of the catalogue, or nothing where there is no row."""
        told = tuple(tuple(row) for row in rows)
        head = tuple(self.say(key) for key in heads)
        return [Table(caption, head, told, tuple(numeric), top)] if told else []

    def verdicts(self) -> list[Block]:
        """Win the whole, narrow, or do not enter."""
        found = verdicts.verdicts(self.run, self.names)
        heads = ["desk.head_segment", *(f"verdicts.head_{h}" for h in (
            "verdict", "money", "with", "latest", "reached", "tipping"))]  # fmt: skip
        rows = [
            (
                self.of(r["segment"], r["goal"]),
                self.of(r["verdict"]),
                self.of(r["money"], r["intensity"], r["sure"]),
                self.of(r["with"], r["whom"]),
                self.of(r["latest"], r["latest_sure"]),
                self.of(r["reached"]),
                self.of(r["tipping"], r["rivals"]),
            )
            for r in found["rows"]
        ]
        return [
            Heading(self.say("desk.h_verdicts")),
            Paragraph(self.of(found["text"])),
            Bullets(tuple(self.of(line) for line in found["named"])),
            *self.table(self.say("verdicts.caption"), heads, rows, (4, 6), top=0),
            *([Paragraph(self.of(found["rivals"]))] if self.of(found["rivals"]) else []),
            Paragraph(self.say("verdicts.note"), style="note"),
        ]

    def instruments(self) -> list[Block]:
        """Tell what each unit of money buys, instruments by fields (by their numbers)."""
        found = instruments.instruments(self.run, self.names)
        numbers = [str(number) for number, _ in found["fields"]]
        out: list[Block] = [
            Heading(self.say("desk.h_instruments")),
            Paragraph(self.of(found["text"])),
        ]
        head = (self.say("instruments.head_instrument"), *numbers)
        for part in found["parts"]:
            rows = tuple(
                (self.of(r["name"]), *("–" if c is None else self.of(c["value"])
                                       for c in r["cells"]))
                for r in part["rows"]
            )  # fmt: skip
            sure = tuple(
                (row, column)
                for row, r in enumerate(part["rows"])
                for column, c in enumerate(r["cells"], 1)
                if c is not None and c["sure"]
            )
            numeric = tuple(range(1, len(head)))
            out.append(Table(self.of(part["title"]), head, rows, numeric, INSTRUMENTS, strong=sure))
        comma = self.say("desk.list_separator")
        key = comma.join(f"{number} {self.of(name)}" for number, name in found["fields"])
        return [*out, Paragraph(key, style="note"),
                Paragraph(self.say("instruments.section_note"), style="note")]  # fmt: skip

    def doctrine(self) -> list[Block]:
        """One trade doctrine: stances, checks, what partners would say."""
        found = doctrine.doctrine(self.run, self.names)
        heads = ["desk.head_segment", *(f"doctrine.head_{h}" for h in (
            "stance", "holds", "means", "why", "partner"))]  # fmt: skip
        rows = [
            (
                self.of(r["segment"]),
                self.of(r["stance"], r["also"]),
                self.of(r["holds"]),
                self.of(r["means"], r["category"]),
                self.of(r["why"]),
                self.of(r["partner"]),
            )
            for r in found["rows"]
        ]
        partners = [
            (self.of(r["region"]), self.of(r["loss"]), self.of(r["segment"]), self.of(r["worst"]),
             self.of(r["part"]))
            for r in found["partners"]
        ]  # fmt: skip
        partner_heads = [f"doctrine.head_{h}" for h in ("region", "loss", "where", "loss", "part")]
        theirs: list[Block] = []
        if partners:
            caption = self.say("doctrine.partners_caption")
            theirs = [
                Heading(self.say("doctrine.h_partners"), 2),
                Paragraph(self.say("doctrine.partners_text")),
                *self.table(caption, partner_heads, partners, (1, 3, 4)),
            ]
        asked: list[Block] = []
        if found["asked"]:
            whom = ("region", "asked", "yes", "no", "aside", "segment", "gain", "span")
            answers = [tuple(self.of(r[k]) for k in whom) for r in found["asked"]["rows"]]
            answer_heads = [f"doctrine.head_{h}" for h in (
                "asked_whom", "asked", "yes", "no", "aside", "gains_where", "gain")]  # fmt: skip
            asked = [
                Heading(self.say("doctrine.h_asked"), 2),
                Paragraph(self.of(found["asked"]["text"], found["asked"]["no"])),
                *self.table(self.say("doctrine.asked_caption"),
                            [*answer_heads, "desk.head_interval"], answers, (1, 2, 3, 4, 6, 7)),
                Paragraph(self.say("doctrine.asked_note"), style="note"),
            ]  # fmt: skip
        return [
            Heading(self.say("desk.h_doctrine")),
            Paragraph(self.of(found["text"])),
            Paragraph(self.of(found["rule"]), style="note"),
            *self.table(self.say("doctrine.caption"), heads, rows, (2,), top=0),
            Heading(self.say("doctrine.h_checks"), 2),
            Bullets(tuple(self.of(c) for c in found["checks"])),
            *theirs,
            *asked,
            Paragraph(self.say("doctrine.note"), style="note"),
        ]

    def robust(self) -> list[Block]:
        """Tell where the portfolio fails, and what to find out first."""
        found = robust.robust(self.run, self.names)
        if found is None:
            return []
        heads = ("desk.head_quantity", "robust.head_knowing", "desk.head_grade")
        rows = [(self.of(r["name"]), self.of(r["value"]), self.of(r["grade"]))
                for r in found["knowing"]]  # fmt: skip
        boxes: list[Block] = []
        if found["boxes"]:
            note = Paragraph(self.say("robust.boxes_note"), style="quote")
            boxes = [Bullets(tuple(self.of(b) for b in found["boxes"])), note]
        room: list[Block] = []
        if found["room"] is not None:
            head = Heading(self.say("robust.room_heading"), 2)
            room = [head, Paragraph(self.of(found["room"]))]
        return [
            Heading(self.say("robust.heading")),
            Paragraph(self.of(found["fails"])),
            *boxes,
            Heading(self.say("robust.knowing_heading"), 2),
            Paragraph(self.of(found["all"])),
            *self.table(self.say("robust.knowing_caption"), heads, rows, (1,)),
            Heading(self.say("robust.halves_heading"), 2),
            Paragraph(self.of(found["halves"])),
            Heading(self.say("robust.gap_heading"), 2),
            Paragraph(self.of(found["gap"])),
            *room,
        ]

    def protected(self) -> list[Block]:
        """Tell what closed data changed; nothing where the run asked no nodes."""
        found = protected.protected(self.run, self.names)
        if found is None:
            return []
        keys = ("name", "quantity", "before", "after", "noise")
        changes = [tuple(self.of(c[k]) for k in keys) for c in found["changes"]]
        heads = [f"nodes.report_{h}" for h in ("what", "quantity", "before", "after", "noise")]
        sides = ("name", "holder", "share", "shortage", "loss", "noise")
        exposure = [tuple(self.of(e[k]) for k in sides) for e in found["exposure"]]
        exposed = [f"nodes.report_{h}" for h in (
            "product", "holder", "share", "shortage", "loss", "noise")]  # fmt: skip
        parts = ("name", "weight", "own", "deviation", "input")
        recipes = [tuple(self.of(r[k]) for k in parts) for r in found["recipes"]]
        made = [f"nodes.report_{h}" for h in ("segment", "weight", "own", "noise_sd", "moved")]
        return [
            Heading(self.say("nodes.h_protected")),
            Paragraph(self.of(found["text"])),
            Paragraph(self.of(found["cost"])),
            *self.table(self.say("nodes.report_changes"), heads, changes, (2, 3, 4)),
            *self.table(self.say("nodes.report_exposure"), exposed, exposure, (2, 3, 4, 5)),
            *([Paragraph(self.of(found["yearly"]))] if found["yearly"] else []),
            *self.table(self.say("nodes.report_recipes"), made, recipes, (1, 2, 3)),
            *([Paragraph(self.of(found["refused"]))] if found["refused"] else []),
            Paragraph(self.say("nodes.report_note"), style="note"),
        ]

    def hindcast(self) -> list[Block]:
        """Tell how the dynamics of shares did against history."""
        found = hindcast.hindcast()
        head = tuple(self.of(h) for h in found["head"])
        rows = tuple(tuple(self.of(c) for c in row) for row in found["rows"])
        numeric = tuple(range(1, len(head)))
        return [
            Heading(self.say("desk.h_hindcast")),
            Paragraph(self.of(found["text"])),
            Table(self.of(found["caption"]), head, rows, numeric),
        ]
