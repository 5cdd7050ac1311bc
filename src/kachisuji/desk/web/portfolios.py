"""A portfolio on the page: the chosen one, or another that somebody points at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Both, number, percent, plain, points, t, tidy
from kachisuji.desk.report.drawing import Plot, spanning, whisker
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun

MEASURES = ("welfare", "value_added", "indispensability", "public_cost")


def fronts(run: StoredRun) -> list[dict[str, Any]]:
    """Portfolios that a run knows: number, lines, growth, power, net benefit; chosen ones first."""
    out = []
    for number_, row in enumerate(records(run.front)):
        lines = [int(i) for i in str(row["lines"]).split(";") if i]
        out.append({**row, "number": number_, "lines": lines})
    return out


def as_if(run: StoredRun, lines: list[int]) -> StoredRun:
    """Return the run as though these lines had been chosen: their effects added up as played alone.

    Spreads over the futures do not add up, so that use is told by its mean alone.
    """
    run = narrowed(run, lines)
    parts = {m: run.of_line(m) for m in MEASURES}
    table = pd.DataFrame(
        {
            "line": lines,
            "welfare": [parts["welfare"]["mean"].loc[i] for i in lines],
            "welfare_p10": [parts["welfare"]["p10"].loc[i] for i in lines],
            "welfare_p90": [parts["welfare"]["p90"].loc[i] for i in lines],
            "beats": [parts["welfare"]["positive"].loc[i] for i in lines],
        }
    )
    use = run.use.copy()
    for item, own in use.groupby("item"):
        total = sum((np.array(list(path_of(run, i, str(item)).values())) for i in lines), 0.0)
        for column in ("mean", "p10", "p50", "p90"):
            use.loc[own.index, column] = total
    return replace(run, portfolio=table, use=use)


def narrowed(run: StoredRun, lines: list[int]) -> StoredRun:
    """Return the run with the paths of some lines only, so that looking them up is quick."""
    return replace(run, paths=run.paths[run.paths["line"].isin(lines)])


def table_of(run: StoredRun, names: Names) -> dict[str, Any]:
    """Rows of a portfolio's lines, largest net benefit first, and what they cost together."""
    own = run.portfolio.set_index("line")
    order = chosen(run)
    span = spanning([*own["welfare_p10"], *own["welfare_p90"]]) if len(own) else None
    rows = []
    for line in order:
        row, worth = row_of(run.lines, line), row_of(own, line)
        money = path_of(run, line, "money")
        spent = [y for y, v in money.items() if v > 0]
        rows.append(
            {
                "segment_id": row["segment"],
                "segment": names.segments[row["segment"]],
                "field": names.fields[names.field_of[row["segment"]]],
                "scope": names.scope(row["segment"], row["scope"]),
                "partner": names.region(row["partner"]),
                "markets": names.markets(row["markets"]),
                "package": names.packages[row["package"]],
                "years": plain(f"{min(spent)}–{max(spent)}") if spent else plain("–"),
                "money": names.money(sum(money.values())),
                "welfare": names.money(worth["welfare"]),
                "low": names.money(worth["welfare_p10"]),
                "high": names.money(worth["welfare_p90"]),
                "whisker": whisker(
                    span, worth["welfare_p10"], worth["welfare"], worth["welfare_p90"]
                )
                if span
                else "",
                "beats": percent(worth["beats"]),
                "bootstrap": percent(worth["bootstrap"]) if "bootstrap" in own else None,
            }
        )
    total = sum(sum(path_of(run, i, "money").values()) for i in order)
    return {"rows": rows, "total": names.money(float(total)), "count": len(rows)}


def not_in(
    run: StoredRun, names: Names, lines: list[int], whole: StoredRun
) -> list[dict[str, Any]]:
    """Segments without a line in the portfolio, with the worth of their best line."""
    held = {str(run.lines["segment"].iloc[i]) for i in lines}
    reasons = {r["segment"]: r for r in records(whole.left_out)}
    welfare = whole.of_line("welfare")["mean"]
    best: dict[str, int] = {}
    for i in whole.lines.index[whole.lines["kind"] == "line"]:
        segment = str(whole.lines["segment"].iloc[i])
        if segment not in held and (segment not in best or welfare[i] > welfare[best[segment]]):
            best[segment] = int(i)
    rows = []
    for segment, line in sorted(best.items(), key=lambda p: -welfare[p[1]]):
        known = reasons.get(segment)
        if known is not None and known["line"] >= 0:
            reason = t(
                f"desk.reason_{known['reason']}",
                loss=names.money(abs(known["loss"]))
                if known["loss"] == known["loss"]
                else plain("–"),
                nothing=percent(1 - known["positive"]),
            )
        else:
            reason = t("web.reason_other")
        rows.append(
            {
                "segment_id": segment,
                "segment": names.segments[segment],
                "best": names.line(row_of(whole.lines, line)),
                "welfare": names.money(float(welfare[line])),
                "reason": reason,
            }
        )
    return rows


def front_picture(run: StoredRun, names: Names, picked: int, link: Any) -> Markup:
    """Draw growth against power; every portfolio is a link that puts it into the tables."""
    rows = sorted(fronts(run), key=lambda r: (r["number"] == picked, r["chosen"], r["on_front"]))
    x = spanning([r["growth"] for r in rows], zero=True)
    y = spanning([r["power"] for r in rows], zero=True, room=0.12)
    plot = Plot(x, y, height=340)
    plot.axes(
        [(v, tidy(names.money(v))) for v in x.ticks(4)],
        [(v, tidy(number(v))) for v in y.ticks(5)],
    )
    edge = sorted((r for r in rows if r["on_front"]), key=lambda r: r["growth"])
    plot.path([r["growth"] for r in edge], [r["power"] for r in edge], "front")
    for row in rows:
        cls = "dot picked" if row["chosen"] else "dot" if row["on_front"] else "dot faint"
        size = 9 if row["chosen"] else 7 if row["on_front"] else 5
        place = f'cx="{plot.at(row["growth"])}" cy="{plot.up(row["power"])}"'
        ring = f'<circle {place} r="{size + 5}" class="ring"/>' if row["number"] == picked else ""
        titles = "".join(
            f'<title lang="{lang}">{escape(_told(row, names).of(lang))}</title>'
            for lang in ("en", "ja")
        )
        plot.parts.append(
            f'<a href="{escape(link(row["number"]))}" data-swap="#picked" tabindex="-1" '
            f'data-n="{row["number"]}" data-x="{x(row["growth"]):.4f}" '
            f'data-y="{1 - y(row["power"]):.4f}">{ring}'
            f'<circle {place} r="{size}" class="{cls}"/>'
            f'<circle {place} r="14" class="hit"/>{titles}</a>'
        )
        if row["chosen"]:
            plot.text(row["growth"], row["power"], t("desk.chosen"), "note strong mid", dy=-18)
    # a picture with links inside is a group to those who hear it
    return Markup(str(plot.svg("cap-front")).replace('role="img"', 'role="group"', 1))


def _told(row: dict[str, Any], names: Names) -> Both:
    return t(
        "web.front_point",
        growth=names.money(row["growth"]),
        power=points(row["power"]),
        welfare=names.money(row["welfare"]),
        count=row["size"],
    )


def front_rows(run: StoredRun, names: Names, picked: int) -> list[dict[str, Any]]:
    """Known portfolios as a table, by falling growth; duplicates of the front come first."""
    rows = sorted(fronts(run), key=lambda r: (not r["chosen"], not r["on_front"], -r["growth"]))
    return [
        {
            "number": r["number"],
            "picked": r["number"] == picked,
            "chosen": bool(r["chosen"]),
            "on_front": bool(r["on_front"]),
            "growth": names.money(r["growth"]),
            "power": points(r["power"]),
            "welfare": names.money(r["welfare"]),
            "count": r["size"],
        }
        for r in rows
    ]
