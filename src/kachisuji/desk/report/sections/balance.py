"""Growth against indispensability, and money and labour by year against their limits."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kachisuji.desk.comparing import best_lines
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import fixed, people, percent, plain, t
from kachisuji.desk.report.drawing import Plot, Scale, spanning
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.stored import StoredRun

# colours of stacked series, as classes of the style sheet
SERIES = 8


def front(run: StoredRun, names: Names) -> dict[str, Any]:
    """Portfolios on the Pareto front, and the chosen one, as picture and table."""
    table = run.front.sort_values("growth").reset_index(drop=True)
    x = spanning(list(table["growth"]), zero=True)
    y = spanning(list(table["power"]), zero=True, room=0.12)
    plot = Plot(x, y, height=360)
    plot.axes(
        [(v, names.money(v)) for v in x.ticks(4)],
        [(v, fixed(v, _decimals(y))) for v in y.ticks(5)],
    )
    on_front = table[table["on_front"]]
    plot.path(list(on_front["growth"]), list(on_front["power"]), "front")
    for row in table.itertuples():
        plot.dot(row.growth, row.power, "dot picked" if row.chosen else "dot", 9 if row.chosen else 5)
        if row.chosen:
            plot.text(row.growth, row.power, t("desk.chosen"), "note strong mid", dy=-16)
    return {
        "svg": plot.svg("cap-front"),
        "rows": [
            {
                "growth": names.money(row["growth"]),
                "power": fixed(row["power"], 3),
                "lines": int(row["size"]),
                "named": str(row["lines"]),
                "chosen": bool(row["chosen"]),
                "segments": [
                    names.segments[s] for s in str(row["segments"]).split(";") if s in names.segments
                ],
            }
            for row in table.to_dict("records")
        ],
    }


def _decimals(scale: Scale) -> int:
    return 2 if scale.high - scale.low < 1 else 1 if scale.high - scale.low < 10 else 0


def segments_map(run: StoredRun, names: Names) -> dict[str, Any]:
    """The best line of every ranked segment: growth across, indispensability up, numbered."""
    growth, power = run.of_line("value_added"), run.of_line("indispensability")
    welfare = run.of_line("welfare")["mean"]
    best = best_lines(run.lines, welfare.to_numpy())
    picked = {run.lines.loc[i, "segment"]: i for i in chosen(run)}
    points = []
    for segment, line in best.items():
        row = picked.get(segment, line)
        points.append((segment, growth.loc[row], power.loc[row], segment in picked))
    points.sort(key=lambda p: -p[1]["mean"])
    x = spanning([p[1]["mean"] for p in points], room=0.08)
    y = spanning([p[2]["mean"] for p in points], room=0.12)
    plot = Plot(x, y, height=380)
    plot.axes(
        [(v, names.money(v)) for v in x.ticks(4)],
        [(v, fixed(v, _decimals(y))) for v in y.ticks(5)],
    )
    rows = []
    for number, (segment, gain, held, is_in) in enumerate(points, 1):
        plot.dot(gain["mean"], held["mean"], "dot picked" if is_in else "dot faint", 9)
        plot.text(gain["mean"], held["mean"], str(number), "label mid" + " on" * is_in, dy=3.5)
        rows.append(
            {
                "number": number,
                "segment": names.segments[segment],
                "chosen": is_in,
                "growth": names.money(gain["mean"]),
                "growth_low": names.money(gain["p10"]),
                "growth_high": names.money(gain["p90"]),
                "power": fixed(held["mean"], 3),
                "power_low": fixed(held["p10"], 3),
                "power_high": fixed(held["p90"], 3),
            }
        )
    return {"svg": plot.svg("cap-segments"), "rows": rows}


def money_by_year(run: StoredRun, names: Names) -> dict[str, Any]:
    """Public money of the portfolio by field and year, stacked, under the limit."""
    use = run.use[run.use["item"] == "money"].sort_values("year")
    years = [int(y) for y in use["year"]]
    by_field: dict[int, dict[int, float]] = {}
    for line in chosen(run):
        field = int(names.field_of[run.lines.loc[line, "segment"]])
        own = by_field.setdefault(field, {})
        for year, value in path_of(run, line, "money").items():
            own[year] = own.get(year, 0.0) + value
    order = sorted(by_field, key=lambda f: -sum(by_field[f].values()))
    top = max([*use["limit_mode"], *use["p90"]], default=1.0)
    plot = Plot(Scale(years[0] - 0.5, years[-1] + 0.5), Scale(0.0, 1.1 * top), height=300)
    plot.axes(
        [(float(y), str(y)) for y in years if (y - years[0]) % 2 == 0],
        [(v, names.money(v)) for v in plot.y.ticks(4)],
    )
    for year in years:
        base = 0.0
        for place, field in enumerate(order):
            value = by_field[field].get(year, 0.0)
            if value > 0:
                plot.bar(year - 0.36, year + 0.36, base, base + value, f"s{place % SERIES}")
            base += value
    _limit(plot, use)
    return {
        "svg": plot.svg("cap-money"),
        "legend": [(f"s{k % SERIES}", names.fields[f]) for k, f in enumerate(order)],
        "rows": [
            {
                "year": row["year"],
                "use": names.money(row["mean"]),
                "high": names.money(row["p90"]),
                "limit": names.money(row["limit_mode"]),
                "part": percent(row["mean"] / row["limit_mode"]) if row["limit_mode"] else plain("–"),
            }
            for row in use.to_dict("records")
        ],
    }


def _limit(plot: Plot, use: pd.DataFrame) -> None:
    for row in use.itertuples():
        plot.line(row.year - 0.5, row.limit_mode, row.year + 0.5, row.limit_mode, "limit")
        plot.line(row.year, row.p10, row.year, row.p90, "spread")
    first = use.iloc[0]
    plot.text(
        float(first["year"]) - 0.4, float(first["limit_mode"]), t("desk.limit"), "note bad", dy=-7
    )


def labour_by_year(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """Workers of each skill that the portfolio needs, by year, against what can be spared."""
    out = []
    for skill in ("researcher", "digital", "craft", "general"):
        use = run.use[run.use["item"] == f"labour_{skill}"].sort_values("year")
        if not len(use):
            continue
        years = [int(y) for y in use["year"]]
        top = max([*use["limit_mode"], *use["p90"]])
        low = min(0.0, float(use["p10"].min()))
        plot = Plot(Scale(years[0] - 0.5, years[-1] + 0.5), Scale(1.1 * low, 1.15 * top), height=170)
        plot.axes(
            [(float(y), str(y)) for y in (years[0], years[len(years) // 2], years[-1])],
            [(v, people(v)) for v in plot.y.ticks(3)],
        )
        for row in use.itertuples():
            plot.bar(row.year - 0.34, row.year + 0.34, 0.0, row.mean, "bar good")
        _limit(plot, use)
        tightest = use.assign(part=use["mean"] / use["limit_mode"]).sort_values("part").iloc[-1]
        out.append(
            {
                "skill": t(f"desk.skill_{skill}"),
                "id": f"cap-{skill}",
                "svg": plot.svg(f"cap-{skill}"),
                "peak": people(float(use["mean"].max())),
                "tightest": int(tightest["year"]),
                "part": percent(float(tightest["part"])),
                "rows": [
                    {
                        "year": r["year"],
                        "use": people(r["mean"]),
                        "high": people(r["p90"]),
                        "limit": people(r["limit_mode"]),
                    }
                    for r in use.to_dict("records")
                ],
            }
        )
    return out
