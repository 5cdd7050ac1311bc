"""The sources of a case as a page to read: figures by grade and field, then all evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kachisuji.beliefs import READ, SOURCED, Evidence, grades_in
from kachisuji.words import Lang, say

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases.case import Case


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _grades(case: Case, lang: Lang) -> list[str]:
    """Return the table of figures by field and grade."""
    fields = case.tables["fields"]
    name = dict(zip(fields["field"], fields[f"name_{lang}"], strict=True))
    grades = case.grades()
    total = grades.sum()
    columns = grades_in(total.to_dict())
    head = [say(f"beliefs.grade_{g}", lang) for g in columns]  # keys: see beliefs.toml, grade_*
    dated = dated_sources(case)["sources"]
    lines = [
        say("cases.sources_grades", lang, grades=" | ".join(head)),
        "|---|" + "---:|" * (len(columns) + 2),
    ]
    for field, row in grades.iterrows():
        label = name.get(field, say("cases.sources_cross", lang))
        cells = " | ".join(str(row[g]) for g in columns)
        part = f"{row['assumed'] / row.sum():.0%}"
        lines.append(f"| {field} {label} | {cells} | {part} | {dated.get(field, 0)} |")
    cells = " | ".join(str(total[g]) for g in columns)
    all_fields = say("cases.sources_all", lang)
    part = f"{total['assumed'] / total.sum():.0%}"
    lines.append(f"| {all_fields} | {cells} | {part} | {dated.sum()} |")
    return lines


def dated_sources(case: Case) -> pd.DataFrame:
    """Return, by field, what its figures rest on that anyone can look up.

    A source counts when it is measured or published, has an address and a date other than
    ``undated``, and a figure of the field other than an announced goal rests on it.

    Returns
    -------
    DataFrame
        Index field (0 for what is cross-cutting); columns sources (statements) and figures.
    """
    figures = case.figures()
    figures = figures[figures["table"] != "goals"]
    dated = {
        e.id
        for e in case.evidence.values()
        if e.grade in SOURCED and e.address and e.date and e.date != "undated"
    }
    found = figures[figures["evidence"].isin(dated)].groupby("field")
    table = found.agg(sources=("evidence", "nunique"), figures=("number", "sum"))
    return table.reindex(sorted(set(figures["field"])), fill_value=0)


def _assumed(case: Case, lang: Lang) -> list[str]:
    """Return the part of figures that is assumed, by quantity and field."""
    figures = case.figures()
    symbol = case.tables["parameters"]["symbol"]
    row = dict(zip(case.rows["parameters"], symbol, strict=True))
    pairs = zip(figures["table"], figures["row"], strict=True)
    figures = figures.assign(
        quantity=[row[r] if t == "parameters" else t for t, r in pairs],
        guessed=figures["number"].where(figures["grade"] == "assumed", 0),
    )
    both = figures.pivot_table(
        index="quantity", columns="field", values=["guessed", "number"], aggfunc="sum", sort=False
    )
    part = both["guessed"] / both["number"]
    head = " | ".join(str(f) for f in part.columns)
    lines = [say("cases.sources_by_quantity", lang), "", f"| | {head} |"]
    lines.append("|---|" + "---:|" * len(part.columns))
    for name, values in part.iterrows():
        shown = " | ".join("" if x != x else f"{x:.0%}" for x in values)
        lines.append(f"| `{name}` | {shown} |")
    return lines


def _row(e: Evidence, figures: int, lang: Lang) -> str:
    statement = _cell(e.statement_ja if lang == "ja" else e.statement_en)
    source = _cell(", ".join(p for p in (e.source, e.date) if p))
    if e.address:
        source = f"{source} <{e.address}>".strip()
    return f"| {e.id} | {statement} | {source} | {figures} |"


def sources_markdown(case: Case, lang: Lang = "en") -> str:
    """Return grades by field and all evidence of a case as Markdown.

    The evidence of a field is what its figures rest on; a row that no figure names is background.
    """
    figures = case.figures()
    weight = figures.groupby("evidence")["number"].sum()
    field_of = figures.groupby("evidence")["field"].min()
    fields = {0: say("cases.sources_cross", lang)}
    table = case.tables["fields"]
    fields |= dict(zip(table["field"], table[f"name_{lang}"], strict=True))
    title = case.settings.title_ja if lang == "ja" else case.settings.title_en
    lines = [
        say("cases.sources_title", lang, title=title),
        "",
        say("cases.sources_about", lang),
        "",
    ]
    lines += [*_grades(case, lang), "", *_assumed(case, lang), ""]
    for field, name in fields.items():
        rows = [e for e in case.evidence.values() if field_of.get(e.id, -1) == field]
        if rows:
            lines += _section(f"## {field} {name}", rows, weight, lang)
    rest = [e for e in case.evidence.values() if e.id not in field_of.index]
    if rest:
        lines += _section(say("cases.sources_background", lang), rest, weight, lang)
    return "\n".join(lines).rstrip() + "\n"


def _section(head: str, rows: list[Evidence], weight: object, lang: Lang) -> list[str]:
    """Return what is sourced, then what is assumed or elicited."""
    lines = [head, ""]
    for sourced in (True, False):
        part = [e for e in rows if (e.grade in READ) is sourced]
        if not part:
            continue
        title = say("cases.sources_sourced" if sourced else "cases.sources_assumed", lang)
        lines += [title, "", say("cases.sources_head", lang), "|---|---|---|---:|"]
        lines += [_row(e, int(weight.get(e.id, 0)), lang) for e in part]  # type: ignore[attr-defined]
        lines.append("")
    return lines
