"""A narrative as a document: its sections, the table of milestones, pictures, bibliography."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kachisuji.desk.documents import charts
from kachisuji.desk.documents.blocks import Block, Document, Figure, Heading, Paragraph, Table
from kachisuji.desk.documents.report import facts, sources, told_at_a_glance
from kachisuji.desk.findings import chosen
from kachisuji.desk.narrative.figures import figures
from kachisuji.desk.narrative.sections import Section, narrative
from kachisuji.desk.report.bilingual import Both, t, whole
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.words import Lang

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun


def narrative_document(run: StoredRun, lang: Lang) -> Document:
    """Put the narrative of a stored run together as a document in one language.

    Raises
    ------
    InputError
        If the file of edits is broken or names a figure that there is not.
    """
    names = Names(run.case)
    told = [s for s in narrative(run, lang, names) if not s.hidden]
    pictures = _pictures(run, names, lang)
    blocks: list[Block] = []
    for section in told:
        blocks.append(Heading(section.title))
        blocks += _paragraphs(section)
        blocks += pictures.get(section.id, [])
    blocks.append(Paragraph(_made_from(run, told, lang), style="note"))
    cited = [i for s in told for i in s.cites]
    return Document(
        title=t("narrative.title", title=names.title).of(lang),
        subtitle=t("narrative.subtitle").of(lang),
        lang=lang,
        facts=facts(run, lang),
        date=str(run.manifest.made["when"])[:10],
        contents=t("desk.contents").of(lang),
        blocks=(*blocks, *sources(run, lang, cited)),
        glance=told_at_a_glance(run, names, lang),
    )


def _paragraphs(section: Section) -> list[Block]:
    """Return the paragraphs; the first opens the section, the last carries the evidence."""
    texts = section.paragraphs()
    last, style = len(texts) - 1, "lead" if section.id == "vision" else ""
    return [
        Paragraph(text, section.cites if k == last else (), style) for k, text in enumerate(texts)
    ]


def _made_from(run: StoredRun, told: list[Section], lang: Lang) -> str:
    edited = [s.title for s in told if s.edited]
    joined = t("desk.list_separator").of(lang).join(edited)
    note = t("narrative.edited", sections=joined) if edited else t("narrative.not_edited")
    return t(
        "narrative.made_from",
        version=run.manifest.version,
        date=str(run.manifest.made["when"])[:10],
        seed=run.manifest.seed,
        futures=whole(run.manifest.figures["futures"]),
        edited=note,
    ).of(lang)


def milestones(run: StoredRun, names: Names, lang: Lang) -> list[tuple[str, str, str]]:
    """Return year, line and what happens, by year: starts, half-way, ends, announced goals."""
    known = figures(run, names)
    rows: list[tuple[str, str, str]] = []

    def told(key: str, place: int, *wanted: str) -> str:
        values: dict[str, Any] = {w: known[f"line{place}_{w}"].text for w in wanted}
        return t(f"narrative.milestone_{key}", **values).of(lang)

    for place in range(1, len(chosen(run)) + 1):
        name = known[f"line{place}_segment"].text.of(lang)
        years = {w: known[f"line{place}_{w}"].text.en for w in ("start", "half", "end")}
        rows.append((years["start"], name, told("start", place, "package")))
        if years["half"] != "–":
            rows.append((years["half"], name, told("half", place, "sales")))
        rows.append((years["end"], name, told("end", place, "money")))
    segments = {str(run.lines.loc[i, "segment"]) for i in chosen(run)}
    goals = run.case.tables["goals"]
    for goal in records(goals[goals["segment"].isin(segments)]):
        statement = Both(str(goal["statement_en"]), str(goal["statement_ja"]))
        name = names.segments[goal["segment"]].of(lang)
        told_goal = t("narrative.milestone_goal", statement=statement).of(lang)
        rows.append((str(goal["year"]), name, told_goal))
    return sorted(rows)


def _pictures(run: StoredRun, names: Names, lang: Lang) -> dict[str, list[Block]]:
    """Return the table and the charts that go with a section."""
    if not chosen(run):
        return {}
    head = tuple(t(f"narrative.head_{h}").of(lang) for h in ("year", "line", "milestone"))
    rows = tuple(milestones(run, names, lang))
    alts = {
        "worth": t("documents.worth_caption").of(lang),
        "money": t("desk.money_alt").of(lang),
        "people": t("documents.labour_caption").of(lang),
    }
    drawn = {
        "worth": charts.worth(run, names, lang),
        "money": charts.money_by_year(run, names, lang),
        "people": charts.labour_by_year(run, lang),
    }
    shown = {
        k: Figure(t(f"narrative.picture_{k}").of(lang), alts[k], chart)
        for k, chart in drawn.items()
    }
    return {
        "lines": [shown["worth"]],
        "milestones": [Table(t("narrative.milestones_caption").of(lang), head, rows)],
        "people": [shown["money"], shown["people"]],
    }
