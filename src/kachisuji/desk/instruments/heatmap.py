"""The heat map of instruments and segments: one page, both languages, no network."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kachisuji.desk.instruments.telling import PER
from kachisuji.desk.report.bilingual import Both, fixed, number, percent, plain, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.words import Lang

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case
    from kachisuji.contest import Marginal

HOLDS = 0.8
"""Part of the futures in which a sign must hold to be printed as sure."""
_STEPS = (0.02, 0.2, 0.5)  # of the greatest in its measure and unit: three tints each way


def heat_map(found: Marginal, case: Case, lang: Lang, *, futures: int, seed: int) -> str:
    """Make the page; the same figures give the same bytes."""
    from kachisuji import __version__
    from kachisuji.contest.marginal import MEASURES

    names = Names(case)
    pages = Environment(
        loader=PackageLoader("kachisuji.desk.instruments", "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    )  # fmt: skip
    pages.globals["t"] = t
    level = float(found.table["intensity"].max())
    maps = [grid(found.table, m, level, names) for m in MEASURES]
    return pages.get_template("marginal.html.j2").render(
        lang=lang, version=__version__, names=names, css=_asset("report.css"),
        js=_asset("report.js"), maps=maps, pairs=pair_rows(found.pairs, names),
        facts=[
            (t("instruments.fact_intensity"), number(level, 2)),
            (t("desk.fact_futures"), plain(futures)),
            (t("desk.fact_seed"), plain(seed)),
            (t("desk.fact_version"), plain(__version__)),
        ],
    )  # fmt: skip


def _asset(name: str) -> Markup:
    folder = resources.files("kachisuji.desk.report") / "templates"
    return Markup((folder / name).read_text(encoding="utf-8"))


def tint(value: float, top: float) -> str:
    """Class of a cell: three tints for gains, three for losses, none near zero."""
    share = abs(value) / top if top > 0 else 0.0
    step = sum(share > s for s in _STEPS)
    return "" if step == 0 else f"{'up' if value > 0 else 'down'}{step}"


def cell(row: dict[str, Any], top: float, scale: float) -> dict[str, Any]:
    """One cell: figure, tint, whether the sign is sure, and what is behind it."""
    sure = max(row["positive"], 1.0 - row["positive"]) >= HOLDS
    return {
        "value": fixed(scale * row["mean"], 2),
        "tint": tint(row["mean"], top),
        "sure": sure,
        "more": t(
            "instruments.cell", low=fixed(scale * row["p10"], 2), high=fixed(scale * row["p90"], 2),
            positive=percent(row["positive"]),
        ),
    }  # fmt: skip


def grid(table: pd.DataFrame, measure: str, intensity: float, names: Names) -> dict[str, Any]:
    """Segments by instruments for one measure, spending and rules apart.

    Tints are relative to the ninetieth percentile of absolute figures of the same unit, so that
    one outlier does not blank the rest.
    """
    own = table[(table["measure"] == measure) & (table["intensity"] == intensity)]
    scale = PER.get(measure, 1.0)
    parts = []
    for per in ("public", "own"):
        part = own[own["per"] == per]
        if not len(part):
            continue
        top = float(part["mean"].abs().quantile(0.9))
        found = {(r["segment"], r["instrument"]): r for r in records(part)}
        columns = list(dict.fromkeys(part["instrument"]))
        rows = [
            {
                "field": names.field_of[segment],
                "segment": names.segments[segment],
                "cells": [
                    cell(found[segment, c], top, scale) if (segment, c) in found else None
                    for c in columns
                ],
            }
            for segment in dict.fromkeys(own["segment"])
        ]
        title = t(f"instruments.grid_{per}", measure=t(f"desk.measure_{measure}"))
        parts.append(
            {"title": title, "columns": [names.instruments[c] for c in columns], "rows": rows}
        )
    per_thousand: Both = t("instruments.per_many", factor=number(scale))
    return {
        "id": measure, "title": t(f"desk.measure_{measure}"), "parts": parts,
        "unit": t("instruments.per_one") if scale == 1.0 else per_thousand,
    }  # fmt: skip


def pair_rows(pairs: pd.DataFrame, names: Names, most: int = 20) -> list[dict[str, Any]]:
    """List the pairs that matter, summed over segments."""
    from kachisuji.contest import by_pair

    return [
        {
            "one": names.instruments[row["instrument"]],
            "other": names.instruments[row["with"]],
            "synergy": names.money(row["synergy"]),
            "relative": percent(row["relative"]),
            "helps": row["helps"], "clashes": row["clashes"], "segments": row["segments"],
            "declared": t("instruments.declared" if row["declared"] else "instruments.found"),
        }
        for row in records(by_pair(pairs).head(most))
    ]  # fmt: skip
