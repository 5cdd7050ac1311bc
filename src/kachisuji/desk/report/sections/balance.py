"""Growth against indispensability, and money and labour by year against their limits."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kachisuji.desk.comparing import best_lines
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import number as number_of
from kachisuji.desk.report.bilingual import people, percent, plain, t, tidy
from kachisuji.desk.report.bilingual import points as points_of
from kachisuji.desk.report.drawing import Plot, Scale, spanning
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
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
        [(v, tidy(names.money(v))) for v in x.ticks(4)],
        [(v, tidy(number_of(v))) for v in y.ticks(5)],
    )
    on_front = table[table["on_front"]]
    plot.path(list(on_front["growth"]), list(on_front["power"]), "front")
    for row in records(table):
        place, chosen_one = (row["growth"], row["power"]), bool(row["chosen"])
        plot.dot(*place, "dot picked" if chosen_one else "dot", 9 if chosen_one else 5)
        if chosen_one:
            plot.text(*place, t("desk.chosen"), "note strong mid", dy=-16)
    return {
        "svg": plot.svg("cap-front"),
        "rows": [
            {
                "growth": names.money(row["growth"]),
                "power": points_of(row["power"]),
                "lines": int(row["size"]),
                "named": str(row["lines"]),
                "chosen": bool(row["chosen"]),
                "segments": [
                    names.segments[s]
                    for s in str(row["segments"]).split(";")
                    if s in names.segments
                ],
            }
            for row in records(table)
        ],
    }


def segments_map(run: StoredRun, names: Names) -> dict[str, Any]:
    """Show the best line of every ranked segment: growth across, indispensability up, numbered."""
    growth, power = run.of_line("value_added"), run.of_line("indispensability")
    welfare = run.of_line("welfare")["mean"]
    best = best_lines(run.lines, welfare.to_numpy())
    picked = {run.lines.loc[i, "segment"]: i for i in chosen(run)}
    points = []
    for segment, line in best.items():
        row = picked.get(segment, line)
        points.append((segment, row_of(growth, row), row_of(power, row), segment in picked))
    points.sort(key=lambda p: -p[1]["mean"])
    x = spanning([p[1]["mean"] for p in points], room=0.08, root=True)
    y = spanning([p[2]["mean"] for p in points], room=0.2, root=True)
    plot = Plot(x, y, height=380)
    plot.axes(
        [(v, tidy(names.money(v))) for v in x.ticks(4)],
        [(v, tidy(number_of(v))) for v in y.ticks(5)],
    )
    rows: list[dict[str, Any]] = []
    taken: list[tuple[float, float]] = []
    numbered = list(enumerate(points, 1))
    shown = {
        number
        for number, (_, gain, held, is_in) in sorted(numbered, key=lambda p: not p[1][3])
        if plot.free(gain["mean"], held["mean"], taken, 19)
    }
    for number, (_, gain, held, is_in) in reversed(numbered):
        cls = "dot picked" if is_in else "dot faint"
        plot.dot(gain["mean"], held["mean"], cls, 9 if number in shown else 4)
        if number in shown:
            plot.text(gain["mean"], held["mean"], str(number), "label mid" + " on" * is_in, dy=3.5)
    for number, (segment, gain, held, is_in) in numbered:
        rows.append(
            {
                "number": number,
                "segment": names.segments[segment],
                "chosen": is_in,
                "growth": names.money(gain["mean"]),
                "growth_low": names.money(gain["p10"]),
                "growth_high": names.money(gain["p90"]),
                "power": points_of(held["mean"]),
                "power_low": points_of(held["p10"]),
                "power_high": points_of(held["p90"]),
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
        [(v, tidy(names.money(v))) for v in plot.y.ticks(4)],
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
                "part": percent(row["mean"] / row["limit_mode"])
                if row["limit_mode"]
                else plain("–"),
            }
            for row in records(use)
        ],
    }


def _limit(plot: Plot, use: pd.DataFrame) -> None:
    for row in records(use):
        year, limit = row["year"], row["limit_mode"]
        plot.line(year - 0.5, limit, year + 0.5, limit, "limit")
        plot.line(year, row["p10"], year, row["p90"], "spread")
    # above the end at which no other step of the limit stands in its way
    rising = bool(use["limit_mode"].iloc[-1] > use["limit_mode"].iloc[0])
    year, limit = (float(use[c].iloc[-1 if rising else 0]) for c in ("year", "limit_mode"))
    place, cls = (year + 0.5, "note bad end") if rising else (year - 0.4, "note bad")
    plot.text(place, limit, t("desk.limit"), cls, dy=-7)


def labour_by_year(run: StoredRun) -> list[dict[str, Any]]:
    """Workers of each skill that the portfolio needs, by year, against what can be spared."""
    out = []
    for skill in ("researcher", "digital", "craft", "general"):
        use = run.use[run.use["item"] == f"labour_{skill}"].sort_values("year")
        if not len(use):
            continue
        years = [int(y) for y in use["year"]]
        top = max([*use["limit_mode"], *use["p90"]])
        low = min(0.0, float(use["p10"].min()))
        plot = Plot(
            Scale(years[0] - 0.5, years[-1] + 0.5), Scale(1.1 * low, 1.15 * top), height=170
        )
        plot.axes(
            [(float(y), str(y)) for y in (years[0], years[len(years) // 2], years[-1])],
            [(v, tidy(people(v))) for v in plot.y.ticks(3)],
        )
        for row in records(use):
            plot.bar(row["year"] - 0.34, row["year"] + 0.34, 0.0, row["mean"], "bar good")
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
                    for r in records(use)
                ],
            }
        )
    return out
