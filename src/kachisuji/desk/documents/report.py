"""The report of a run as a document: the sections of the HTML report, with real tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from kachisuji.desk.documents import charts
from kachisuji.desk.documents.appendix import with_appendix
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
from kachisuji.desk.documents.judged import Judged
from kachisuji.desk.findings import findings
from kachisuji.desk.report import page
from kachisuji.desk.report.bilingual import Both, percent, t, whole
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections import balance, choice, evidence, questions
from kachisuji.desk.report.sections.fields import cards
from kachisuji.desk.report.sections.glance import glance

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun
    from kachisuji.words import Lang

# heads of columns that the HTML report has not
_OWN = dict.fromkeys(("limit", "skill", "peak", "tightest", "any"), "documents")
# a cell of figures: an amount, a share, a year, an interval, or a dash
FIGURE = re.compile(r"[−+]?[¥$]?\d|–$")
DECIDING = 14  # quantities whose evidence stands in the bibliography
FIRST = 10  # of them that stand in the body
# rows of the tables of an answer that stand in the body, where not all do: 0 where the words of
# the answer name the segments, some where the rows are in the order of what they show
TOP = {3: (6,), 4: (5,), 5: (0,), 6: (5, 0), 7: (0,), 9: (6,), 10: (6,)}


def report_document(run: StoredRun, lang: Lang) -> Document:
    """Put the report of a stored run together as a document in one language.

    Parameters
    ----------
    run
        The stored run.
    lang
        Language of the document.
    """
    names = Names(run.case)
    made, judged = _Report(run, names, lang), Judged(run, names, lang)
    blocks = [
        *made.summary(),
        *made.priorities(),
        *made.left_out(),
        *judged.verdicts(),
        *made.balance(),
        *made.means(),
        *judged.instruments(),
        *judged.doctrine(),
        *made.survival(),
        *judged.robust(),
        *judged.protected(),
        *made.questions(),
        *made.assumptions(),
        *judged.hindcast(),
        *made.evidence(),
        *made.about(),
    ]
    fields = made.fields()  # cites: before the bibliography is made
    blocks = [*with_appendix(blocks, lang), *fields, *sources(run, lang, made.cited)]
    return Document(
        title=names.title.of(lang),
        subtitle=t("desk.eyebrow").of(lang),
        lang=lang,
        facts=facts(run, lang),
        date=str(run.manifest.made["when"])[:10],
        contents=t("desk.contents").of(lang),
        blocks=tuple(blocks),
        glance=told_at_a_glance(run, names, lang),
    )


def facts(run: StoredRun, lang: Lang) -> tuple[tuple[str, str], ...]:
    """Return what the first page says of a run."""
    return tuple((k.of(lang), v.of(lang)) for k, v in page.facts(run))


def told_at_a_glance(run: StoredRun, names: Names, lang: Lang) -> tuple[tuple[str, str], ...]:
    """Return what the first page answers, in one language."""
    return tuple((k.of(lang), v.of(lang)) for k, v in glance(run, names))


def sources(run: StoredRun, lang: Lang, cited: Iterable[str]) -> list[Block]:
    """Return the bibliography: the tables, and every piece of evidence that is cited."""
    out: list[Block] = [
        Heading(t("documents.h_bibliography").of(lang)),
        Paragraph(t("documents.bibliography_text").of(lang)),
    ]
    head = ("table", "publisher", "licence")
    rows = tuple(
        (str(r["title"]), str(r["publisher"]), str(r["licence"])) for r in run.choice["tables"]
    )
    if rows:
        caption = t("desk.tables_caption").of(lang)
        out.append(Table(caption, tuple(t(f"desk.head_{h}").of(lang) for h in head), rows))
    wanted = dict.fromkeys(cited)
    register = {row["id"]: row for row in evidence.sources(run)["rows"]}
    for key in wanted:
        if key in register:
            row = register[key]
            out.append(
                Source(
                    key,
                    row["grade"].of(lang),
                    row["statement"].of(lang),
                    row["source"],
                    row["date"],
                    row["address"],
                )
            )
    return out


def with_figures(table: Table) -> Table:
    """Set to the right the columns of figures; what stands where there is none is one text."""
    numeric = []
    for column, cells in enumerate(zip(*table.rows, strict=True)):
        others = {cell for cell in cells if not FIGURE.match(cell)}
        if column and len(others) <= 1 and not others.issuperset(cells):
            numeric.append(column)
    return replace(table, numeric=tuple(numeric))


class _Report:
    """The sections; ``cited`` gathers the ids of evidence as they are referred to."""

    def __init__(self, run: StoredRun, names: Names, lang: Lang) -> None:
        self.run, self.names, self.lang = run, names, lang
        self.cited: dict[str, None] = {}

    def say(self, key: str, **values: Any) -> str:
        return t(key, **values).of(self.lang)

    def of(self, value: Any) -> str:
        return value.of(self.lang) if isinstance(value, Both) else str(value)

    def cite(self, ids: Iterable[str]) -> tuple[str, ...]:
        known = tuple(dict.fromkeys(str(i) for i in ids))
        self.cited |= dict.fromkeys(known)
        return known

    def table(
        self,
        caption: str,
        head: Sequence[str],
        rows: Iterable[Sequence[Any]],
        numeric: Sequence[int] = (),
        top: int | None = None,
    ) -> list[Block]:
        """Return a table, or nothing where there is no row; ``top`` rows of it in the body."""
        told = tuple(tuple(self.of(cell) for cell in row) for row in rows)
        heads = tuple(self.say(f"{_OWN.get(h, 'desk')}.head_{h}") for h in head)
        return [Table(caption, heads, told, tuple(numeric), top)] if told else []

    def interval(self, low: Any, high: Any) -> Both:
        return t("desk.between", low=low, high=high)

    def summary(self) -> list[Block]:
        figures = self.run.manifest.figures
        lead = self.say(
            "desk.lead",
            lines=whole(figures["lines"]),
            futures=whole(figures["futures"]),
            fields=len(self.run.case.tables["fields"]),
            segments=len(self.run.case.tables["segments"]),
        )
        out: list[Block] = [Heading(self.say("desk.h_findings")), Paragraph(lead, style="lead")]
        out += [
            Card(*(self.of(x) for x in (found.title, found.figure, found.text)))
            for found in findings(self.run, self.names)
        ]
        out.append(Paragraph(self.say("desk.plainly"), style="quote"))
        return out

    def priorities(self) -> list[Block]:
        found = choice.priorities(self.run, self.names)
        rows, out = found["rows"], [Heading(self.say("desk.h_priorities"))]
        if not rows:
            return [*out, Paragraph(self.say("desk.finding_play_none"))]
        told = [
            (
                f"{self.of(r['segment'])}\n{self.of(r['scope'])}",
                r["span"],
                f"{self.of(r['partner'])}\n{self.say('desk.sold_in', where=r['markets'])}",
                f"{self.of(r['package'])}\n{self.of(r['means'])}",
                f"{self.of(r['total'])}\n{self.say('desk.a_year_at_most', amount=r['yearly'])}",
                f"{self.of(r['welfare'])}\n{self.of(self.interval(r['low'], r['high']))}",
                f"{self.of(r['bootstrap'])}\n{self.of(r['beats'])}",
            )
            for r in rows
        ]
        head = ("segment", "when", "whom", "means", "money", "worth", "survives")
        caption = self.say(
            "desk.priorities_caption", first=found["first_year"], last=found["last_year"]
        )
        worth = charts.worth(self.run, self.names, self.lang)
        return [
            *out,
            Paragraph(self.say("desk.priorities_text", count=len(rows), total=found["total"])),
            *self.table(self.say("documents.priorities_caption"), head, told, (4, 5, 6)),
            Figure(self.say("documents.worth_caption"), caption, worth),
            Paragraph(self.say("desk.priorities_note"), style="note"),
        ]

    def left_out(self) -> list[Block]:
        found = choice.left_out(self.run, self.names)
        text = self.say(
            "desk.left_out_text", count=len(found["rows"]), thin=len(found["insufficient"])
        )
        rows = [
            (
                r["segment"],
                f"{self.of(r['best'])}\n{self.of(r['package'])}",
                f"{self.of(r['welfare'])}\n{self.of(self.interval(r['low'], r['high']))}",
                r["positive"],
                r["reason"],
            )
            for r in found["rows"]
            if r["kind"] != "loses"
        ]
        losing = [  # one reason for all of them, so a line each
            (
                r["segment"],
                r["package"],
                r["welfare"],
                self.interval(r["low"], r["high"]),
                r["positive"],
            )
            for r in found["rows"]
            if r["kind"] == "loses"
        ]
        thin = [(r["segment"], r["reason"]) for r in found["insufficient"]]
        head = ("segment", "best", "worth", "beats", "why")
        return [
            Heading(self.say("desk.h_left_out")),
            Paragraph(text),
            *self.table(self.say("documents.left_out_caption"), head, rows, (2, 3)),
            *self.table(
                self.say("desk.left_out_losing", count=len(losing)),
                ("segment", "package", "worth", "interval", "beats"),
                losing,
                (2, 3, 4),
                top=0,
            ),
            *self.table(self.say("desk.insufficient_caption"), ("segment", "why"), thin),
        ]

    def balance(self) -> list[Block]:
        found = balance.front(self.run, self.names)
        order = self.run.front.sort_values("growth")  # as the rows found stand
        comma = self.say("desk.list_separator")
        rows = [
            (r["growth"], r["power"], r["lines"], comma.join(self.of(s) for s in r["segments"]))
            for r, on_front in zip(found["rows"], order["on_front"], strict=True)
            if on_front or r["chosen"]
        ]
        segments = [
            (
                r["segment"],
                r["growth"],
                self.interval(r["growth_low"], r["growth_high"]),
                r["power"],
                self.interval(r["power_low"], r["power_high"]),
            )
            for r in balance.segments_map(self.run, self.names)["rows"]
        ]
        measures = [
            (r["name"], r["mean"], self.interval(r["low"], r["high"]), r["positive"])
            for r in page.apart(self.run, self.names)
        ]
        note = page.apart_note(self.run)
        alt = self.say("desk.front_alt", count=len(found["rows"]))
        chart = charts.front(self.run, self.names, self.lang)
        return [
            Heading(self.say("desk.h_balance")),
            Paragraph(self.say("desk.balance_text")),
            Figure(self.say("desk.front_caption"), alt, chart),
            *self.table(self.say("documents.front_caption"),
                        ("growth", "power", "lines", "segments"), rows, (0, 1, 2)),
            *self.table(self.say("desk.apart_caption"), ("measure", "mean", "interval", "positive"),
                        measures, (1, 2, 3)),
            *([Paragraph(self.of(note))] if note else []),
            *self.table(self.say("documents.segments_caption"),
                        ("segment", "growth", "interval", "power", "interval"),
                        segments, (1, 2, 3, 4), top=0),
        ]  # fmt: skip

    def means(self) -> list[Block]:
        confidence = percent(self.run.case.settings.confidence)
        money = balance.money_by_year(self.run, self.names)["rows"]
        rows = [(r["year"], r["use"], r["high"], r["limit"], r["part"]) for r in money]
        labour = balance.labour_by_year(self.run)
        tight = [(s["skill"], s["peak"], s["tightest"], s["part"]) for s in labour]
        told = " ".join(
            self.say("desk.labour_alt", peak=s["peak"], portion=s["part"], year=s["tightest"])
            for s in labour
        )
        return [
            Heading(self.say("desk.h_means")),
            Paragraph(self.say("desk.means_text", confidence=confidence)),
            *(Paragraph(one.of(self.lang)) for one in choice.rules(self.run, self.names)),
            Figure(
                self.say("desk.money_caption"),
                self.say("desk.money_alt"),
                charts.money_by_year(self.run, self.names, self.lang),
            ),
            *self.table(self.say("desk.money_caption"), ("year", "use", "p90", "limit", "part"),
                        rows, (1, 2, 3, 4), top=0),
            Figure(
                self.say("documents.labour_caption"),
                told or self.say("desk.none"),
                charts.labour_by_year(self.run, self.lang),
            ),
            *self.table(self.say("documents.labour_table"), ("skill", "peak", "tightest", "part"),
                        tight, (1, 2, 3)),
        ]  # fmt: skip

    def survival(self) -> list[Block]:
        s = choice.survival(self.run, self.names)
        credit = self.say(
            "desk.wins_credit_text",
            amount=s["credit_amount"],
            welfare=s["credit_welfare"],
            positive=s["credit_positive"],
        )
        portfolio = self.say("desk.wins_portfolio_text", empty=s["empty"])
        joint = self.say(
            "desk.joint_text",
            **{k: s[k] for k in ("separate", "joint", "difference", "candidates", "rank")},
            dropped=s["dropped"],
        )
        curse = self.say(
            "desk.curse_text",
            choosing=s["on_choosing"],
            reporting=s["separate"],
            curse=s["curse"],
            gap=s["gap"],
        )
        rows = [(r["segment"], r["bootstrap"], r["segment_bootstrap"], r["beats"])
                for r in s["rows"]]  # fmt: skip
        rates = [(r["rate"], r["welfare"], r["positive"]) for r in s["discounts"]]
        shown = s["histogram"]
        wins, head = s["wins"], ("line", "bootstrap", "any", "beats")
        cards_ = [
            Card(self.say("desk.wins_nothing"), self.of(wins["nothing"]),
                 self.say("desk.wins_nothing_text")),
            Card(self.say("desk.wins_credit"), self.of(wins["credit"]), credit),
            Card(self.say("desk.wins_portfolio"), self.of(wins["portfolio"]), portfolio),
        ]  # fmt: skip
        over = [] if s["within"] else [Paragraph(self.say("desk.joint_over"))]
        return [
            Heading(self.say("desk.h_survival")),
            *cards_,
            Figure(
                self.say("desk.histogram_caption"),
                self.say("desk.histogram_alt", below=shown["below"]),
                charts.histogram(self.run, self.names, self.lang),
            ),
            *self.table(self.say("desk.histogram_caption"), ("percentile", "welfare"),
                        shown["rows"], (1,), top=0),
            *self.table(self.say("desk.survival_caption"), head, rows, (1, 2, 3)),
            Heading(self.say("desk.h_joint"), 2),
            Paragraph(joint),
            *over,
            Heading(self.say("desk.h_curse"), 2),
            Paragraph(curse),
            *self.table(self.say("desk.discount_caption"), ("rate", "welfare", "positive"),
                        rates, (1, 2)),
        ]  # fmt: skip

    def questions(self) -> list[Block]:
        out: list[Block] = [
            Heading(self.say("desk.h_questions")),
            Paragraph(self.say("desk.questions_text")),
        ]
        for q in questions.answers(self.run, self.names):
            title = f"{q['number']}. {self.of(q['title'])} [{self.of(q['badge'])}]"
            out.append(Heading(title, 2))
            out += [Paragraph(self.of(text)) for text in q["text"]]
            if q["why"]:
                out.append(Paragraph(self.of(q["why"]), style="quote"))
            for table, top in zip_longest(q["tables"], TOP.get(q["number"], ())):
                if table is None:
                    break
                head = tuple(self.of(h) for h in table["head"])
                rows = tuple(tuple(self.of(c) for c in row) for row in table["rows"])
                told = Table(self.of(table["caption"]), head, rows, top=top)
                out.append(with_figures(told.narrowed(self.say("desk.head_interval"))))
        return out

    def fields(self) -> list[Block]:
        out: list[Block] = [
            Heading(self.say("desk.h_fields")),
            Paragraph(self.say("documents.fields_text")),
        ]
        for card in cards(self.run, self.names):
            title = f"{card['number']}. {self.of(card['name'])} [{self.of(card['badge'])}]"
            out.append(Heading(title, 2))
            for segment in card["segments"]:
                out += self._segment(segment)
        return out

    def _segment(self, s: dict[str, Any]) -> list[Block]:
        out: list[Block] = [Heading(f"{self.of(s['name'])} [{self.of(s['badge'])}]", 3)]
        if s["reason"]:
            out.append(Paragraph(self.of(s["reason"]), style="quote"))
        points = [self.point("stage", self.aside(s["stage"], s["use"]))]
        if s["tipping"]:
            tip = s["tipping"]
            told = f"R = {self.of(tip['middle'])}"
            span = self.aside(told, self.interval(tip["low"], tip["high"]))
            points.append(self.point("tipping", self.say("documents.then", text=span,
                                                         more=tip["verdict"])))  # fmt: skip
        if s["rivals"]:
            shares = [f"{self.of(n)} {self.of(share)}" for _, n, share in s["rivals"]["legend"]]
            points.append(self.point("rivals", self.say("desk.list_separator").join(shares)))
        if s["line"]:
            line = s["line"]
            worth = self.aside(line["welfare"], self.interval(line["low"], line["high"]))
            parts = (self.of(line["package"]), f"{line['start']}", worth,
                     self.say("desk.beats_nothing", share=line["positive"]))  # fmt: skip
            points.append(self.point("line", self.say("desk.list_separator").join(parts)))
            spill = self.interval(line["spillover_low"], line["spillover_high"])
            points.append(self.point("spill", self.aside(line["spillover"], spill)))
        if s["deciding"]:
            told = self.say("desk.list_separator").join(
                f"{self.of(d['name'])} {'▲' if d['up'] else '▼'} {self.of(d['share'])} "
                f"[{self.of(d['grade'])}]"
                for d in s["deciding"]
            )
            points.append(self.point("deciding", told))
        out.append(Bullets(tuple(points)))
        for goal in s["goals"]:
            ids = self.cite([goal["evidence"]])
            out.append(Paragraph(self.point("goals", goal["text"]), ids, "note"))
        return out

    def point(self, facet: str, text: Any) -> str:
        """Return what a card says of one facet of a segment, under its name."""
        return self.say("documents.point", name=self.say(f"desk.facet_{facet}"), text=text)

    def aside(self, text: Any, more: Any) -> str:
        """Return a text with another in brackets."""
        return self.say("documents.aside", text=text, more=more)

    def assumptions(self) -> list[Block]:
        found = evidence.hanging(self.run, self.names)
        if not found["spreads"]:
            heading, none = self.say("desk.h_assumptions"), self.say("desk.assumptions_none")
            return [Heading(heading), Paragraph(none), *self.correlated()]
        rows = [
            (
                r["name"],
                r["share"],
                self.say("desk.effect_up" if r["up"] else "desk.effect_down"),
                f"{self.of(r['grade'])}\n{', '.join(r['evidence'])}",
            )
            for r in found["rows"]
        ]
        ids = self.cite(i for r in found["rows"][:DECIDING] for i in r["evidence"])
        told = ", ".join(f"{self.of(name)} {self.of(share)}" for _, name, share in found["legend"])
        return [
            Heading(self.say("desk.h_assumptions")),
            Paragraph(self.say("desk.assumptions_text"), ids),
            Figure(
                self.say("documents.grades_caption"), told, charts.grades(self.run, self.lang)
            ),
            *self.table(self.say("desk.influence_caption"),
                        ("quantity", "share", "effect", "grade"), rows, (1,), top=FIRST),
            *self.correlated(),
        ]  # fmt: skip

    def correlated(self) -> list[Block]:
        """Tell which numbers the case says move together; nothing where it says none."""
        rows = evidence.correlated(self.run, self.names)
        if not rows:
            return []
        ids = self.cite(r["evidence"] for r in rows)
        told = [(r["one"], r["other"], r["rank"], f"{self.of(r['grade'])}\n{r['evidence']}")
                for r in rows]  # fmt: skip
        return [
            Heading(self.say("desk.h_correlated"), 2),
            Paragraph(self.say("desk.correlated_text"), ids),
            *self.table(self.say("desk.correlated_caption", count=len(rows)),
                        ("quantity", "moves_with", "rank_correlation", "grade"), told, (2,)),
        ]  # fmt: skip

    def evidence(self) -> list[Block]:
        counts = [
            (r["name"], *r["counts"], r["total"])
            for r in evidence.grades_by_field(self.run, self.names)
        ]
        grades = tuple(self.say(f"desk.grade_{g}") for g in evidence.grades(self.run))
        heads = (self.say("desk.head_field"), *grades, self.say("desk.head_total"))
        told_counts = tuple(tuple(self.of(c) for c in row) for row in counts)
        return [
            Heading(self.say("desk.h_evidence")),
            Paragraph(self.say("desk.evidence_text")),
            Table(self.say("desk.grades_caption"), heads, told_counts,
                  tuple(range(1, len(heads)))),
        ]  # fmt: skip

    def about(self) -> list[Block]:
        return [
            Heading(self.say("desk.h_about")),
            Heading(self.say("desk.h_is"), 2),
            Bullets(tuple(self.say(f"desk.is_{k}") for k in range(1, 6))),
            Heading(self.say("desk.h_is_not"), 2),
            Bullets(tuple(self.say(f"desk.is_not_{k}") for k in range(1, 7))),
            Heading(self.say("desk.h_again"), 2),
            Paragraph(self.say("desk.again_text")),
        ]
