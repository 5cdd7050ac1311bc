"""A narrative as a document: its sections, the table of milestones, pictures, bibliography."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kachisuji.desk.documents import charts
from kachisuji.desk.documents.blocks import Block, Document, Figure, Heading, Paragraph, Table
from kachisuji.desk.documents.report import facts, sources, told_at_a_glance
from kachisuji.desk.findings import chosen
from kachisuji.desk.narrative.figures import figures
from kachisuji.desk.narrative.sections import Section, narrative, task_name
from kachisuji.desk.report.bilingual import Both, between, fixed, percent, t, whole
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections import choice, evidence
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.words import Lang

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun

SHOWN = 7  # rows of a table that is to be read on a slide
WORDY = 4  # of one that tells reasons


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
    wins = {k: percent(v) for k, v in run.choice["wins"].items()}
    spread = run.spread["welfare"]
    told_grades = ", ".join(
        f"{t(f'desk.grade_{g}').of(lang)} {percent(share).of(lang)}"
        for g, share in run.grade_shares.items()
    )
    alts = {
        "spread": t("desk.histogram_alt", below=percent(float((spread <= 0).mean()))).of(lang),
        "wins": t("narrative.picture_wins_alt", **wins).of(lang),
        "front": t("desk.front_alt", count=len(run.front)).of(lang),
        "worth": t("documents.worth_caption").of(lang),
        "timeline": t("narrative.picture_timeline_alt").of(lang),
        "money": t("desk.money_alt").of(lang),
        "people": t("documents.labour_caption").of(lang),
        "grades": told_grades,
    }
    drawn = {
        "spread": charts.histogram(run, names, lang),
        "wins": charts.wins(run, lang),
        "front": charts.front(run, names, lang),
        "worth": charts.worth(run, names, lang),
        "timeline": charts.timeline(run, names, lang),
        "money": charts.money_by_year(run, names, lang),
        "people": charts.labour_by_year(run, lang),
        "grades": charts.grades(run, lang),
    }
    shown = {
        k: Figure(t(f"narrative.picture_{k}").of(lang), alts[k], chart)
        for k, chart in drawn.items()
    }
    blocks: dict[str, list[Block]] = {
        "vision": [shown["spread"]],
        "inside": [shown["wins"]],
        "outside": [shown["front"]],
        "lines": [shown["worth"]],
        "milestones": [shown["timeline"], _table("milestones", milestones(run, names, lang), lang)],
        "partners": [_table("partners", _pooled(run, names, lang), lang)],
        "people": [shown["money"], shown["people"]],
        "given_up": [_table("given_up", _given_up(run, names, lang), lang)],
        "sure": [shown["grades"]],
        "watch": [_table("watch", _deciding(run, names, lang), lang)],
    }
    return {
        name: [b for b in own if not isinstance(b, Table) or b.rows] for name, own in blocks.items()
    }


# columns of the tables of a narrative, as heads of the catalogue
_HEADS = {
    "milestones": ("narrative.head_year", "narrative.head_line", "narrative.head_milestone"),
    "partners": (
        "desk.head_partner",
        "desk.head_segment",
        "narrative.head_task",
        "narrative.head_home",
        "narrative.head_other",
        "narrative.head_drawn",
    ),
    "given_up": ("desk.head_segment", "desk.head_worth", "desk.head_interval", "desk.head_why"),
    "watch": ("desk.head_quantity", "desk.head_share", "desk.head_effect", "desk.head_grade"),
}


def _table(name: str, rows: Sequence[tuple[str, ...]], lang: Lang) -> Table:
    head = tuple(t(key).of(lang) for key in _HEADS[name])
    return Table(t(f"narrative.picture_{name}").of(lang), head, tuple(rows))


def _pooled(run: StoredRun, names: Names, lang: Lang) -> list[tuple[str, ...]]:
    """Return what each chosen line pools with its partner: a row a task, as in partners.csv."""
    table = run.case.tables["partners"]
    out: list[tuple[str, ...]] = []
    for line in chosen(run):
        row = row_of(run.lines, line)
        own = table[(table["segment"] == row["segment"]) & (table["partner"] == row["partner"])]
        out += [
            (
                names.region(row["partner"]).of(lang),
                names.segments[row["segment"]].of(lang),
                task_name(str(task["task"])).of(lang),
                fixed(task["home_strength"], 2).of(lang),
                fixed(task["partner_strength"], 2).of(lang),
                t(
                    "documents.aside",
                    text=percent(task["eta_mode"]),
                    more=between(percent(task["eta_low"]), percent(task["eta_high"])),
                ).of(lang),
            )
            for task in records(own)
        ]
    return out


def _given_up(run: StoredRun, names: Names, lang: Lang) -> list[tuple[str, ...]]:
    """Return what is left out and worth most alone: its worth, the interval, why."""
    rows = choice.left_out(run, names)["rows"][:WORDY]
    return [
        (r["segment"].of(lang), r["welfare"].of(lang),
         t("desk.between", low=r["low"], high=r["high"]).of(lang), r["reason"].of(lang))
        for r in rows
    ]  # fmt: skip


def _deciding(run: StoredRun, names: Names, lang: Lang) -> list[tuple[str, ...]]:
    """Return the quantities that move the result most: share, direction, grade and evidence."""
    rows = evidence.hanging(run, names)["rows"][:SHOWN]
    return [
        (r["name"].of(lang), r["share"].of(lang),
         t("desk.effect_up" if r["up"] else "desk.effect_down").of(lang),
         t("documents.aside", text=r["grade"], more=", ".join(r["evidence"])).of(lang))
        for r in rows
    ]  # fmt: skip
