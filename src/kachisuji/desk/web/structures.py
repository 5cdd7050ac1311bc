"""What tables say of every country's sectors, and pictures of it as Vega."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd

from kachisuji.accounts import Economy, region_name, sector_name
from kachisuji.desk.documents.charts import money_scale
from kachisuji.desk.report.bilingual import Both, Money, t
from kachisuji.words import InputError, Lang, estimate, number, say

MEASURES = (
    "output", "value_added_share", "export_share", "output_multiplier", "home_multiplier",
    "upstreamness", "downstreamness", "backward_index", "forward_index", "domestic_content",
)  # fmt: skip
NAMED = 7  # flows that the picture names on each side


def regions_of(economy: Economy) -> dict[str, Both]:
    """Names of a table's regions."""
    return {r: Both(region_name(r, "en"), region_name(r, "ja")) for r in economy.regions}


def sectors_of(economy: Economy) -> dict[str, Both]:
    """Names of a table's sectors."""
    return {s: Both(sector_name(s, "en"), sector_name(s, "ja")) for s in economy.sectors}


def figures(economy: Economy) -> pd.DataFrame:
    """Measures of every country's sectors.

    Returns
    -------
    DataFrame
        ``region``, ``sector`` and ``MEASURES``: output in the table's unit; shares of output;
        output made by a unit of final demand in all countries and in the sector's own (type I);
        positions after Antràs and Chor (2018); linkages relative to their mean; home's part of the
        value added in a unit of final output. The multiplier of value added is left out: in a world
        table it is one for every sector, for all that is paid is somebody's value added.
    """
    from kachisuji.structure import (
        downstreamness,
        linkages,
        multipliers,
        origin_of_value_added,
        upstreamness,
    )

    n, own = economy.n, np.arange(economy.n)
    made = np.where(economy.x > 0, economy.x, np.nan)
    country, linked = own // economy.n_sectors, linkages(economy)
    there = {
        f"output in {region}": economy.x * (country == r)
        for r, region in enumerate(economy.regions)
    }
    made_by = multipliers(economy, there)
    columns = {
        "output": economy.x,
        "value_added_share": economy.v,
        "export_share": economy.exports.sum(axis=1) / made,
        "output_multiplier": made_by["output"].to_numpy(),
        "home_multiplier": made_by[list(there)].to_numpy()[own, country],
        "upstreamness": np.asarray(upstreamness(economy)),
        "downstreamness": np.asarray(downstreamness(economy)),
        "backward_index": linked["backward_index"].to_numpy(),
        "forward_index": linked["forward_index"].to_numpy(),
        "domestic_content": origin_of_value_added(economy)[own, country],
    }
    labels = [economy.label(k) for k in range(n)]
    frame = pd.DataFrame(columns)
    frame.insert(0, "sector", [s for _, s in labels])
    frame.insert(0, "region", [r for r, _ in labels])
    return frame


UNITS = {"thousand": 1e3, "million": 1e6, "billion": 1e9}


def amounts(economy: Economy) -> Money | None:
    """Return what writes the amounts of a table; None where its unit is no round number."""
    unit = UNITS.get(economy.unit)
    return Money(economy.currency, unit) if unit else None


def shown(measure: str, value: float, lang: Lang, economy: Economy) -> str:
    """Write a measure with its unit."""
    if measure.endswith("_share") or measure == "domestic_content":
        return f"{number(100 * value, lang, 3)}%"
    if measure == "output":
        money = amounts(economy)
        if money is not None:
            return money(value, 3).of(lang)
        return f"{estimate(value, lang, 3)} {economy.unit} {economy.currency}"
    return estimate(value, lang, 3)


# ---- pictures ------------------------------------------------------------------------------------


def flows(economy: Economy, region: str, sector: str, lang: Lang) -> dict[str, Any]:
    """Return what goes into a sector and where its output goes, largest first, as shares."""
    place = economy.row(region, sector)
    made = float(economy.x[place])
    if made <= 0:
        raise InputError("web.no_output", region=region_name(region, lang),
                         sector=sector_name(sector, lang))  # fmt: skip
    here = economy.regions.index(region)

    def named(values: Any, rest: str, more: list[tuple[str, float]]) -> list[tuple[str, float]]:
        order = np.argsort(-values)[:NAMED]
        parts = []
        for k in order:
            r, s = economy.label(int(k))
            text = sector_name(s, lang)
            if r != region:
                text = say("documents.aside", lang, text=text, more=region_name(r, lang))
            parts.append((text, float(values[k])))
        left = float(values.sum()) - sum(v for _, v in parts)
        return [
            (x, v / made) for x, v in (*parts, (say(rest, lang), left), *more) if v / made > 1e-4
        ]

    inputs, sold = economy.Z[:, place], economy.Z[place]
    final = economy.final_by_region[place]
    added = (say("web.chain_value_added", lang), made - float(inputs.sum()))
    home = (say("web.chain_final", lang), float(final[here]))
    abroad = (say("web.final_abroad", lang), float(final.sum() - final[here]))
    return {
        "before": named(inputs, "web.chain_other", [added]),
        "after": named(sold, "web.chain_other", [home, abroad]),
    }


WIDE, TALL, BAR = 860, 480, 220.0  # of the picture, and of the sector in its middle
LINE = 14.0  # height of a line of a label
BLUE, RED, GREY = "#1f3f77", "#c2562d", "#7d8790"


def folded(text: str, most: int) -> list[str]:
    """Break a label into lines, so that nothing of it is cut; texts without spaces anywhere."""
    lines = textwrap.wrap(text, most)
    return lines or [text]


def ribbons(parts: list[tuple[str, float]], left: bool, lang: Lang) -> list[dict[str, Any]]:
    """Return the ribbons of one side: as thick as what flows, stacked inside, apart outside."""
    total = sum(v for _, v in parts) or 1.0
    x0, x1 = (250, 400) if left else (WIDE - 250, WIDE - 400)
    middle = (x0 + x1) / 2
    inner, outer = (TALL - BAR) / 2, 0.0
    gap = (TALL - BAR) / max(1, len(parts) - 1)
    out = []
    for k, (name, value) in enumerate(parts):
        thick = max(1.0, BAR * value / total)
        path = (
            f"M{x0},{outer:.1f}C{middle},{outer:.1f},{middle},{inner:.1f},{x1},{inner:.1f}"
            f"L{x1},{inner + thick:.1f}C{middle},{inner + thick:.1f},{middle},"
            f"{outer + thick:.1f},{x0},{outer + thick:.1f}Z"
        )
        share = f"{number(100 * value, lang, 3)}%"
        lines = folded(f"{name}  {share}", 20 if lang == "ja" else 40)
        out.append(
            {
                "path": path,
                "side": "rest" if k >= NAMED else "in" if left else "out",
                "told": f"{name}  {share}",
                "label": lines,
                "x": x0 - 8 if left else x0 + 8,
                "y": outer + thick / 2 - LINE * (len(lines) - 1) / 2,
                "align": "right" if left else "left",
            }
        )
        inner, outer = inner + thick, outer + thick + gap
    return out


def sankey(economy: Economy, region: str, sector: str, lang: Lang) -> dict[str, Any]:
    """Return the flows of a sector as a Vega picture: ribbons into it and out of it."""
    found = flows(economy, region, sector, lang)
    marks = ribbons(found["before"], True, lang) + ribbons(found["after"], False, lang)
    of = say("desk.list_separator", lang).join([region_name(region, lang), str(economy.year)])
    title = say("documents.aside", lang, text=sector_name(sector, lang), more=of)
    fixed = {k: {"field": k} for k in ("x", "y", "align")}

    def mark(kind: str, data: bool, **enter: Any) -> dict[str, Any]:
        made = {"type": kind, "encode": {"enter": enter}}
        return made | {"from": {"data": "flows"}} if data else made

    sector_bar = {
        "x": {"value": 400},
        "width": {"value": WIDE - 800},
        "y": {"value": (TALL - BAR) / 2},
        "height": {"value": BAR},
        "fill": {"scale": "colours", "value": "in"},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "description": title,
        "width": WIDE,
        "height": TALL,
        "padding": 4,
        "title": {"text": title, "fontSize": 15, "anchor": "middle"},
        "data": [{"name": "flows", "values": marks}],
        # the workbench puts those of its light or dark style in their place
        "scales": [{"name": "colours", "type": "ordinal", "domain": ["in", "out", "rest"],
                    "range": [BLUE, RED, GREY]}],
        "marks": [
            mark("path", True, path={"field": "path"}, fill={"scale": "colours", "field": "side"},
                 fillOpacity={"value": 0.55}, tooltip={"field": "told"}),
            mark("rect", False, **sector_bar),
            mark("text", True, **fixed, baseline={"value": "middle"}, text={"field": "label"},
                 lineHeight={"value": LINE}, fontSize={"value": 12}),
        ],
    }  # fmt: skip


def comparison(
    tables: dict[int, pd.DataFrame],
    regions: list[str],
    sector: str,
    measure: str,
    lang: Lang,
    economy: Economy,
) -> dict[str, Any]:
    """Return one measure of a sector by country: bars for one year, lines for many (Vega-Lite).

    Output is drawn in the money of ``economy``, in steps that leave one to three digits.
    """
    values: list[dict[str, Any]] = []
    for year, table in tables.items():
        own = table[table["sector"] == sector].set_index("region")[measure]
        values += [
            {"region": region_name(r, lang), "year": year, "value": float(own[r])}
            for r in regions
            if r in own.index and np.isfinite(own[r])
        ]
    title = say(f"web.measure_{measure}", lang)
    if measure == "output":
        money, unit = amounts(economy), f"{economy.unit} {economy.currency}"
        if money is not None:
            scale = money_scale(max((v["value"] for v in values), default=0.0), money, lang)
            values = [{**v, "value": scale(v["value"])} for v in values]
            unit = scale.unit
        title = say("web.name_in_unit", lang, name=title, unit=unit)
    told = say("documents.point", lang, name=title, text=sector_name(sector, lang))
    percent = measure.endswith("_share") or measure == "domestic_content"
    axis = {"format": ".0%" if percent else ",~r"}
    one = len(tables) == 1
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": told,
        "title": folded(told, 18 if lang == "ja" else 36),
        "width": "container",
        "height": 24 * max(4, len(regions)) if one else 320,
        "data": {"values": values},
    }
    if one:
        spec["mark"] = {"type": "bar", "tooltip": True}
        spec["encoding"] = {
            "y": {"field": "region", "type": "nominal", "sort": "-x", "title": None},
            "x": {"field": "value", "type": "quantitative", "title": title, "axis": axis},
        }
    else:
        spec["mark"] = {"type": "line", "point": True, "tooltip": True}
        spec["encoding"] = {
            "x": {"field": "year", "type": "ordinal", "title": say("desk.head_year", lang)},
            "y": {"field": "value", "type": "quantitative", "title": title, "axis": axis,
                  "scale": {"zero": False}},
            "color": {"field": "region", "type": "nominal", "title": None,
                      "legend": {"orient": "bottom", "columns": 4}},
        }  # fmt: skip
    return spec


def picture(spec: dict[str, Any], form: str) -> bytes:
    """Return a picture as PNG or SVG, drawn on this machine, with a font that has Japanese."""
    from kachisuji.desk.documents import rendering
    from kachisuji.desk.documents.fonts import font_folder

    fixed = {**spec, "width": 640} if spec.get("width") == "container" else spec
    if "vega-lite" in str(spec["$schema"]):
        return rendering.svg(fixed).encode() if form == "svg" else rendering.png(fixed)
    import vl_convert

    makes: Any = vl_convert
    makes.register_font_directory(str(font_folder()))
    fixed = {**fixed, "config": rendering.THEME}
    if form == "svg":
        return str(makes.vega_to_svg(fixed, allowed_base_urls=[])).encode()
    return bytes(makes.vega_to_png(fixed, scale=2.0, allowed_base_urls=[]))


def measures() -> list[tuple[str, Both]]:
    """Names of the measures."""
    return [(m, t(f"web.measure_{m}")) for m in MEASURES]
