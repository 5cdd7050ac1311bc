"""Charts of a run as Vega-Lite specifications: for documents and slides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Money, t
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.words import Lang, money

if TYPE_CHECKING:
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun

INDIGO, VERMILION, SOFT, PALE, INK = "#1f3f77", "#c23b22", "#55606f", "#b9c4d6", "#1b2330"
SERIES = (
    "#1f3f77", "#c2562d", "#2c7a57", "#b08a1e", "#6b4a8f", "#3c8fa8", "#9c3f5d", "#7d8790",
)  # fmt: skip
GRADES = {
    "measured": "#1f5f4a", "protected": "#2f7f8f", "published": "#4b9a77", "carried": "#9db86a",
    "elicited": "#d2a93b", "assumed": "#c9673f", "rest": "#c9c6be",
}  # fmt: skip
WIDTH = 560
# years of a narrow axis: every other one is named
EVERY_OTHER = {"labelAngle": 0, "labelExpr": "datum.value % 2 == 0 ? datum.value : ''"}


@dataclass(frozen=True)
class Scale:
    """How amounts of money stand on an axis: divided by ``by``, in ``unit``."""

    by: float
    unit: str

    def __call__(self, value: float) -> float:
        """Return an amount of the case's money unit on the axis."""
        return float(value) / self.by


def scale_of(largest: float, names: Names, lang: Lang) -> Scale:
    """Choose the unit in which the largest amount of a chart of a case has one to three digits."""
    return money_scale(largest, names.money, lang)


def money_scale(largest: float, amounts: Money, lang: Lang) -> Scale:
    """Choose the unit in which the largest amount of a chart has one to three digits."""
    unit, currency = amounts.unit, amounts.currency
    whole = abs(largest) * unit or unit
    steps = (1e12, 1e8, 1e4, 1.0) if lang == "ja" else (1e12, 1e9, 1e6, 1.0)
    step = next((s for s in steps if whole >= s), 1.0)
    label = re.sub(r"\s*1(\.0+)?\s*", " ", money(step, currency, lang)).strip()
    return Scale(step / unit, label.replace("¥ ", "¥ "))


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "labelOverlap": True, **more}


def _in(key: str, scale: Scale, lang: Lang) -> str:
    """Title of an axis with its unit, in the brackets of the language."""
    return t("documents.aside", text=t(f"desk.{key}"), more=scale.unit).of(lang)


def _whisker(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """Draw the middle four fifths of futures over a bar, as the text beside the chart says."""
    return {
        "mark": {"type": "rule", "color": INK, "strokeWidth": 1},
        "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
    }


def _by_name(order: list[str] | None) -> dict[str, Any]:
    """Rows called by name, in this order (as they come without one)."""
    axis = {"labelLimit": 350, "labelFontSize": 12, "ticks": False}
    return {"field": "name", "type": "nominal", "sort": order, "title": None, "axis": axis}


def front(run: StoredRun, names: Names, lang: Lang) -> dict[str, Any]:
    """Growth against indispensability: portfolios, the front, the chosen one."""
    scale = scale_of(float(run.front["growth"].abs().max()), names, lang)
    rows = [
        {
            "x": scale(r["growth"]),
            "y": float(r["power"]),
            "on": bool(r["on_front"]),
            "chosen": bool(r["chosen"]),
        }
        for r in records(run.front.sort_values("growth"))
    ]
    x = {"field": "x", "type": "quantitative", "axis": _axis(_in("axis_growth", scale, lang))}
    y = {"field": "y", "type": "quantitative", "axis": _axis(t("desk.axis_power").of(lang))}
    point = {"type": "point", "filled": True, "opacity": 1}
    return {
        "width": WIDTH,
        "height": 260,
        "data": {"values": rows},
        "layer": [
            {
                "transform": [{"filter": "datum.on"}],
                "mark": {"type": "line", "color": INDIGO, "strokeWidth": 1.5},
                "encoding": {"x": x, "y": y},
            },
            {"mark": {**point, "color": INDIGO, "size": 45}, "encoding": {"x": x, "y": y}},
            {
                "transform": [{"filter": "datum.chosen"}],
                "mark": {**point, "color": VERMILION, "size": 170},
                "encoding": {"x": x, "y": y},
            },
            {
                "transform": [{"filter": "datum.chosen"}],
                "mark": {"type": "text", "color": VERMILION, "dy": -14, "fontSize": 12},
                "encoding": {"x": x, "y": y, "text": {"value": t("desk.chosen").of(lang)}},
            },
        ],
    }


def worth(run: StoredRun, names: Names, lang: Lang) -> dict[str, Any]:
    """Net benefit of every chosen line: mean and the middle four fifths of futures."""
    table = run.portfolio.set_index("line")
    ends = [*table["welfare_p10"].abs(), *table["welfare_p90"].abs()]
    scale = scale_of(float(max(ends, default=1.0)), names, lang)
    order, rows = [], []
    for line in chosen(run):
        own = row_of(table, line)
        name = names.segments[run.lines.loc[line, "segment"]].of(lang)
        order.append(name)
        rows.append(
            {
                "name": name,
                "low": scale(own["welfare_p10"]),
                "mean": scale(own["welfare"]),
                "high": scale(own["welfare_p90"]),
            }
        )
    y = _by_name(order)
    title = _in("head_welfare", scale, lang)
    return {
        "width": WIDTH - 220,
        "height": {"step": 30},
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "color": SOFT, "strokeDash": [3, 2]},
                "encoding": {"x": {"datum": 0}},
            },
            {
                "mark": {"type": "rule", "color": PALE, "strokeWidth": 7, "strokeCap": "round"},
                "encoding": {
                    "y": y,
                    "x": {"field": "low", "type": "quantitative", "axis": _axis(title)},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "opacity": 1,
                    "size": 80,
                    "color": INDIGO,
                },
                "encoding": {"y": y, "x": {"field": "mean", "type": "quantitative"}},
            },
        ],
    }


def money_by_year(run: StoredRun, names: Names, lang: Lang) -> dict[str, Any]:
    """Public money by year and field, stacked, under the limit of the case."""
    use = run.use[run.use["item"] == "money"].sort_values("year")
    top = float(max([*use["limit_mode"], *use["p90"]], default=1.0))
    scale = scale_of(top, names, lang)
    totals: dict[int, float] = {}
    rows = []
    for line in chosen(run):
        field = int(names.field_of[run.lines.loc[line, "segment"]])
        for year, value in path_of(run, line, "money").items():
            totals[field] = totals.get(field, 0.0) + value
            rows.append({"year": year, "field": names.fields[field].of(lang), "v": scale(value)})
    order = [names.fields[f].of(lang) for f in sorted(totals, key=lambda f: -totals[f])]
    limits = [
        {"year": int(r["year"]), "limit": scale(r["limit_mode"]), "low": scale(r["p10"]),
         "high": scale(r["p90"])}
        for r in records(use)
    ]  # fmt: skip
    x = {"field": "year", "type": "ordinal", "axis": _axis("", labelAngle=0)}
    y = {"type": "quantitative", "axis": _axis(scale.unit)}
    colours = {"domain": order, "range": [SERIES[k % len(SERIES)] for k in range(len(order))]}
    legend = {"orient": "bottom", "title": None, "columns": 2}
    bars = {
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.72}},
        "encoding": {
            "x": x,
            "y": {**y, "field": "v", "stack": True},
            "color": {
                "field": "field", "type": "nominal", "sort": order, "scale": colours,
                "legend": legend,
            },
            "order": {"field": "field", "sort": "descending"},
        },
    }  # fmt: skip
    ceiling = {
        "data": {"values": limits},
        "mark": {"type": "tick", "color": VERMILION, "thickness": 2.5, "width": {"band": 0.95}},
        "encoding": {"x": x, "y": {**y, "field": "limit"}},
    }
    spread = {"data": {"values": limits}, **_whisker(x, y)}
    layers = [bars, spread, ceiling] if rows else [ceiling]  # an empty legend has no size
    return {"width": WIDTH, "height": 230, "layer": layers}


def labour_by_year(run: StoredRun, lang: Lang) -> dict[str, Any]:
    """Workers of each skill by year, and what the case says can be spared."""
    rows = []
    for skill in ("researcher", "digital", "craft", "general"):
        use = run.use[run.use["item"] == f"labour_{skill}"]
        name = t(f"desk.skill_{skill}").of(lang)
        rows += [
            {"skill": name, "year": int(r["year"]), "v": r["mean"], "limit": r["limit_mode"],
             "low": r["p10"], "high": r["p90"]}
            for r in records(use)
        ]  # fmt: skip
    divide, unit = (1e4, "万人") if lang == "ja" else (1e3, t("documents.thousand_people").en)
    for row in rows:
        row |= {key: row[key] / divide for key in ("v", "limit", "low", "high")}
    x = {
        "field": "year",
        "type": "ordinal",
        "axis": _axis("", labelAngle=0, labelExpr="datum.value % 5 == 0 ? datum.value : ''"),
    }
    y = {"type": "quantitative", "axis": _axis(unit, tickCount=4)}
    return {
        "data": {"values": rows},
        "facet": {"field": "skill", "type": "nominal", "title": None, "sort": None},
        "columns": 2,
        "spec": {
            "width": 230,
            "height": 110,
            "layer": [
                {
                    "mark": {"type": "bar", "color": INDIGO, "width": {"band": 0.72}},
                    "encoding": {"x": x, "y": {**y, "field": "v"}},
                },
                _whisker(x, y),
                {
                    "mark": {"type": "tick", "color": VERMILION, "thickness": 2,
                             "width": {"band": 0.95}},
                    "encoding": {"x": x, "y": {**y, "field": "limit"}},
                },
            ],
        },
        "resolve": {"scale": {"y": "independent"}},
    }  # fmt: skip


def wins(run: StoredRun, lang: Lang) -> dict[str, Any]:
    """Share of the futures in which the portfolio, the R&D credit or doing nothing is best."""
    told = run.choice["wins"]
    rows = [
        {"name": t(f"desk.wins_{key}").of(lang), "v": 100 * float(told[key])}
        for key in ("portfolio", "credit", "nothing")
    ]
    y = _by_name(None)
    x = {"field": "v", "type": "quantitative", "scale": {"domain": [0, 100]}, "axis": _axis("%")}
    return {
        "width": WIDTH - 220,
        "height": {"step": 44},
        "data": {"values": rows},
        "encoding": {"y": y, "x": x},
        "layer": [
            {"mark": {"type": "bar", "color": INDIGO, "height": {"band": 0.6}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 13},
                "encoding": {"text": {"field": "v", "format": ".0f"}},
            },
        ],
    }


def timeline(run: StoredRun, names: Names, lang: Lang) -> dict[str, Any]:
    """When each chosen line is paid for: years with public money, darker where there is more."""
    order, rows = [], []
    for line in chosen(run):
        name = names.segments[run.lines.loc[line, "segment"]].of(lang)
        order.append(name)
        path = path_of(run, line, "money")
        most = max(path.values(), default=0.0)
        rows += [
            {"name": name, "year": year, "part": value / most}
            for year, value in sorted(path.items())
            if value > 0
        ]
    y = _by_name(order)
    return {
        "width": WIDTH - 180,
        "height": {"step": 30},
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.96}, "height": {"band": 0.66},
                 "color": INDIGO},
        "encoding": {
            "y": y,
            "x": {"field": "year", "type": "ordinal", "axis": _axis("", **EVERY_OTHER)},
            "opacity": {"field": "part", "type": "quantitative", "legend": None,
                        "scale": {"domain": [0, 1], "range": [0.25, 1]}},
        },
    }  # fmt: skip


def histogram(run: StoredRun, names: Names, lang: Lang) -> dict[str, Any]:
    """Net benefit of the portfolio across the reporting half of the futures."""
    values = run.spread["welfare"].to_numpy()
    low, high = np.percentile(values, [0.5, 99.5])
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    if high <= low:
        high = low + 1.0
    scale = scale_of(max(abs(low), abs(high)), names, lang)
    counts, edges = np.histogram(np.clip(values, low, high), np.linspace(low, high, 31))
    rows = [
        {"a": scale(a), "b": scale(b), "n": int(n), "bad": bool((a + b) / 2 < 0)}
        for n, a, b in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    title = _in("axis_welfare", scale, lang)
    return {
        "width": WIDTH,
        "height": 170,
        "data": {"values": rows},
        "mark": {"type": "bar", "stroke": "#ffffff", "strokeWidth": 0.5},
        "encoding": {
            "x": {"field": "a", "type": "quantitative", "axis": _axis(title)},
            "x2": {"field": "b"},
            "y2": {"datum": 0},
            "y": {"field": "n", "type": "quantitative",
                  "axis": _axis(t("documents.count_futures").of(lang), tickMinStep=1)},
            "color": {"condition": {"test": "datum.bad", "value": VERMILION}, "value": INDIGO},
        },
    }  # fmt: skip


def grades(run: StoredRun, lang: Lang) -> dict[str, Any]:
    """Share of the result's uncertainty by grade of the evidence."""
    shares = run.grade_shares
    colours = {g: c for g, c in GRADES.items() if g != "protected" or shares.get(g)}
    names = [t(f"desk.grade_{g}").of(lang) for g in colours]
    rows = [
        {"grade": name, "share": 100 * shares[g], "order": k}
        for k, (g, name) in enumerate(zip(colours, names, strict=True))
    ]
    return {
        "width": WIDTH,
        "height": 34,
        "data": {"values": rows},
        "mark": "bar",
        "encoding": {
            "x": {
                "field": "share", "type": "quantitative", "stack": True,
                "scale": {"domain": [0, 100]}, "axis": _axis("%"),
            },
            "order": {"field": "order"},
            "color": {
                "field": "grade", "type": "nominal", "sort": names,
                "scale": {"domain": names, "range": list(colours.values())},
                "legend": {"orient": "bottom", "title": None},
            },
        },
    }  # fmt: skip
