"""The page put together: sections, templates, style and script in one file."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kachisuji.desk.constellation.protected import FILE as ANSWERS
from kachisuji.desk.findings import findings
from kachisuji.desk.report.bilingual import Both, percent, plain, points, t, whole
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections import (
    balance,
    choice,
    doctrine,
    evidence,
    fields,
    hindcast,
    instruments,
    protected,
    questions,
    robust,
    verdicts,
)
from kachisuji.desk.report.sections.glance import glance
from kachisuji.desk.stored import StoredRun
from kachisuji.words import Lang

SECTIONS = (
    ("glance", "desk.h_glance"),
    ("findings", "desk.h_findings"),
    ("priorities", "desk.h_priorities"),
    ("left-out", "desk.h_left_out"),
    ("verdicts", "desk.h_verdicts"),
    ("balance", "desk.h_balance"),
    ("means", "desk.h_means"),
    ("instruments", "desk.h_instruments"),
    ("doctrine", "desk.h_doctrine"),
    ("survival", "desk.h_survival"),
    ("robust", "robust.heading"),
    ("questions", "desk.h_questions"),
    ("fields", "desk.h_fields"),
    ("assumptions", "desk.h_assumptions"),
    ("hindcast", "desk.h_hindcast"),
    ("evidence", "desk.h_evidence"),
    ("protected", "nodes.h_protected"),
    ("about", "desk.h_about"),
)
# measures kept apart: never added up silently
APART = (
    "value_added",
    "gni",
    "spillover",
    "user_surplus",
    "duties",
    "forward",
    "knowledge",
    "technology",
    "dual_use",
    "digital_balance",
    "public_cost",
    "hazard_cost",
    "firm_cost",
    "partner_rent",
    "partner_gain",
    "markup_bound",
    "markup",
    "indispensability",
    "exposure",
    "welfare",
)
POINTS = ("indispensability", "exposure")


def build_report(run: StoredRun, lang: Lang = "ja") -> str:
    """Make the whole report of a stored run.

    Parameters
    ----------
    run
        The run.
    lang
        Language shown first; the page holds both.

    Returns
    -------
    str
        One HTML document: no network, no other file; the same run gives the same bytes.
    """
    names = Names(run.case)
    loader = PackageLoader("kachisuji.desk.report", "templates")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    pages.globals["t"] = t
    return pages.get_template("report.html.j2").render(
        **_frame(run, names, lang), **_sections(run, names)
    )


def _asset(name: str) -> Markup:
    folder = resources.files("kachisuji.desk.report") / "templates"
    return Markup((folder / name).read_text(encoding="utf-8"))


def _frame(run: StoredRun, names: Names, lang: Lang) -> dict[str, Any]:
    figures, settings = run.manifest.figures, run.case.settings
    there = {
        "robust": bool(run.choice.get("robust")),
        "protected": (run.folder / "case" / ANSWERS).exists(),
    }
    absent = {anchor for anchor, held in there.items() if not held}
    return {
        "lang": lang,
        "version": run.manifest.version,
        "names": names,
        "css": _asset("report.css"),
        "js": _asset("report.js"),
        "contents": [(anchor, t(key)) for anchor, key in SECTIONS if anchor not in absent],
        "confidence": percent(settings.confidence),
        "rules": choice.rules(run, names),
        "lead": t(
            "desk.lead",
            lines=whole(figures["lines"]),
            futures=whole(figures["futures"]),
            fields=len(run.case.tables["fields"]),
            segments=len(run.case.tables["segments"]),
        ),
        "facts": facts(run),
        "made": [
            *((plain(k), plain(v)) for k, v in run.manifest.made["packages"].items()),
            (plain("Python"), plain(run.manifest.made["python"])),
            (t("desk.fact_platform"), plain(run.manifest.made["platform"])),
        ],
        "model_is": [t(f"desk.is_{k}") for k in range(1, 6)],
        "model_is_not": [t(f"desk.is_not_{k}") for k in range(1, 7)],
    }


def facts(run: StoredRun) -> list[tuple[Both, Both]]:
    """Return what stands under the title of a run: what each fact is called, and it."""
    figures, settings = run.manifest.figures, run.case.settings
    return [
        (t("desk.fact_made"), plain(str(run.manifest.made["when"])[:10])),
        (t("desk.fact_years"), plain(f"{settings.first_year}–{settings.last_year}")),
        (t("desk.fact_lines"), whole(figures["lines"])),
        (t("desk.fact_futures"), whole(figures["futures"])),
        (t("desk.fact_discount"), percent(settings.discount)),
        (t("desk.fact_seed"), plain(run.manifest.seed)),
        (t("desk.fact_version"), plain(run.manifest.version)),
    ]


def _sections(run: StoredRun, names: Names) -> dict[str, Any]:
    return {
        "glance": glance(run, names),
        "findings": findings(run, names),
        "priorities": choice.priorities(run, names),
        "left_out": choice.left_out(run, names),
        "verdicts": verdicts.verdicts(run, names),
        "instruments": instruments.instruments(run, names),
        "doctrine": doctrine.doctrine(run, names),
        "front": balance.front(run, names),
        "segments": balance.segments_map(run, names),
        "apart": apart(run, names),
        "apart_note": apart_note(run),
        "money": balance.money_by_year(run, names),
        "labour": balance.labour_by_year(run),
        "survival": choice.survival(run, names),
        "robust": robust.robust(run, names),
        "questions": questions.answers(run, names),
        "fields": fields.cards(run, names),
        "hanging": evidence.hanging(run, names),
        "correlated": evidence.correlated(run, names),
        "hindcast": hindcast.hindcast(),
        "grades": evidence.grades_by_field(run, names),
        "grade_names": [t(f"desk.grade_{g}") for g in evidence.grades(run)],
        "sources": evidence.sources(run),
        "protected": protected.protected(run, names),
    }


def apart(run: StoredRun, names: Names) -> list[dict[str, Both]]:
    """One row a measure of the portfolio played jointly: name, mean, low, high, positive."""
    out = []
    for measure in (m for m in APART if m in run.choice["joint"]):
        own = run.choice["joint"][measure]
        show = points if measure in POINTS else names.money
        out.append(
            {
                "name": t(f"desk.measure_{measure}"),
                "mean": show(own["mean"]),
                "low": show(own["p10"]),
                "high": show(own["p90"]),
                "positive": percent(own["positive"]),
            }
        )
    return out


def apart_note(run: StoredRun) -> Both | None:
    """Say why a markup may be possible without indispensability, where any is; else None."""
    bound = run.choice["joint"].get("markup_bound")
    return t("desk.apart_note") if bound and bound["mean"] > 0.0 else None
