"""What to play, what is left out and why, and how often it survives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kachisuji.desk.findings import chosen
from kachisuji.desk.objectives import OBJECTIVES
from kachisuji.desk.report.bilingual import Both, fixed, listed, percent, plain, points, t, tidy
from kachisuji.desk.report.drawing import Plot, Scale, meter, pc, spanning, strip, whisker
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun

if TYPE_CHECKING:
    from kachisuji.cases.settings import Aim

SKILLS = ("researcher", "digital", "craft", "general")


def path_of(run: StoredRun, line: int, measure: str, column: str = "mean") -> dict[int, float]:
    """Values of one line's path by year."""
    part = run.paths[(run.paths["line"] == line) & (run.paths["measure"] == measure)]
    return dict(zip(part["year"].astype(int), part[column].astype(float), strict=True))


def peak(run: StoredRun, line: int, measure: str) -> float:
    """Largest yearly mean of a path."""
    return max(path_of(run, line, measure).values(), default=0.0)


def priorities(run: StoredRun, names: Names) -> dict[str, Any]:
    """One row a chosen line: what, when, with whom, where, with what, how much, how sure."""
    rows = []
    joint = run.portfolio.set_index("line")
    span = spanning([*joint["welfare_p10"], *joint["welfare_p90"]]) if len(joint) else Scale(0, 1)
    settings = run.case.settings
    for place, line in enumerate(chosen(run), 1):
        row = row_of(run.lines, line)
        money = path_of(run, line, "money")
        own = row_of(joint, line)
        rows.append(
            {
                "place": place,
                "field": names.fields[names.field_of[row["segment"]]],
                "field_number": names.field_of[row["segment"]],
                "segment": names.segments[row["segment"]],
                "scope": names.scope(row["segment"], row["scope"]),
                "start": row["start"],
                "years": _timeline(money, settings.first_year, settings.last_year),
                "span": _years(money),
                "partner": names.region(row["partner"]),
                "markets": names.markets(row["markets"]),
                "package": names.packages[row["package"]],
                "means": names.means(row["package"]),
                "yearly": names.money(max(money.values(), default=0.0)),
                "total": names.money(sum(money.values())),
                "skilled": plain(f"{sum(peak(run, line, f'labour_{s}') for s in SKILLS[:3]):,.0f}"),
                "welfare": names.money(own["welfare"]),
                "low": names.money(own["welfare_p10"]),
                "high": names.money(own["welfare_p90"]),
                "whisker": whisker(span, own["welfare_p10"], own["welfare"], own["welfare_p90"]),
                "bootstrap": percent(own["bootstrap"]),
                "beats": percent(own["beats"]),
            }
        )
    return {
        "rows": rows,
        "first_year": settings.first_year,
        "last_year": settings.last_year,
        "total": names.money(
            float(sum(sum(path_of(run, i, "money").values()) for i in chosen(run)))
        ),
    }


def _years(money: dict[int, float]) -> Both:
    spent = [y for y, v in money.items() if v > 0]
    return plain(f"{min(spent)}–{max(spent)}") if spent else plain("–")


def _timeline(money: dict[int, float], first: int, last: int) -> Any:
    most = max(money.values(), default=0.0) or 1.0
    width = 1.0 / (last - first + 1)
    parts = ['<rect x="0" y="0" width="100%" height="18" rx="2" class="empty"/>']
    for year, value in money.items():
        if value > 0:
            tall = max(2.0, 18 * value / most)
            parts.append(
                f'<rect x="{pc((year - first) * width)}" y="{18 - tall:.1f}" '
                f'width="{pc(width * 0.86)}" height="{tall:.1f}" class="full"/>'
            )
    return strip(parts)


def rules(run: StoredRun, names: Names) -> list[Both]:
    """Tell the rules of ``[choice]`` that are in force, one sentence each; none by default."""
    asked = run.case.settings.choice

    def of(segments: tuple[str, ...]) -> Both:
        return listed([names.segments[s] for s in segments])

    out = [t("desk.choice_carry")] if asked.carry_over else []
    if asked.objective == "satisficing":
        told = {k: percent(run.choice[s]) for k, s in (("odds", "objective"), ("bound", "bound"))}
        out.append(t("desk.choice_satisficing", threshold=names.money(asked.threshold), **told))
    if asked.goals:
        out.append(t("desk.choice_goals", goals=listed([_aim(a, names) for a in asked.goals])))
    for pair in asked.together:
        told = {"segments": of(pair.segments), "value": names.money(pair.value)}
        out.append(t("desk.choice_together", evidence=plain(pair.evidence), **told))
    if asked.pairs:
        out.append(t("desk.choice_pairs"))
    if asked.max_lines_per_partner is not None:
        out.append(t("desk.choice_partners", count=plain(asked.max_lines_per_partner)))
    for region, most in asked.partner_limits.items():
        out.append(t("desk.choice_partner", partner=names.region(region), count=plain(most)))
    for rule in asked.rules:
        told = {"segments": of(rule.segments)}
        told |= {"beside": of(rule.beside)} if rule.kind == "needs" else {}
        out.append(t(f"desk.choice_{rule.kind}", **told))
    for one in asked.balance:
        told = {"segments": of(one.segments), "share": percent(one.share)}
        out.append(t("desk.choice_balance", **told))
    return out


def _aim(aim: Aim, names: Names) -> Both:
    """Name a goal of ``[choice]`` with what will do or may be given up."""
    measure = t(f"ahead.objective_{aim.measure}")
    if aim.enough is not None:
        in_money = OBJECTIVES[aim.measure][2] == "money"
        level = names.money(aim.enough) if in_money else points(aim.enough)
        return t("desk.choice_aim_enough", measure=measure, level=level)
    if aim.give:
        return t("desk.choice_aim_give", measure=measure, give=percent(aim.give))
    return t("desk.choice_aim", measure=measure)


def left_out(run: StoredRun, names: Names) -> dict[str, Any]:
    """One row a segment that was not chosen: its best line, what that is worth, and why not."""
    table = run.left_out
    ranked = table[table["reason"] != "evidence"]
    span = spanning([*ranked["p10"], *ranked["p90"]], root=True)
    rows = []
    for row in records(ranked.sort_values("mean", ascending=False)):
        line = row_of(run.lines, int(row["line"]))
        rows.append(
            {
                "field": names.fields[names.field_of[row["segment"]]],
                "segment": names.segments[row["segment"]],
                "best": names.line(line),
                "package": names.packages[line["package"]],
                "welfare": names.money(row["mean"]),
                "low": names.money(row["p10"]),
                "high": names.money(row["p90"]),
                "whisker": whisker(span, row["p10"], row["mean"], row["p90"]),
                "positive": percent(row["positive"]),
                "reason": t(
                    f"desk.reason_{row['reason']}",
                    loss=names.money(abs(row["loss"]))
                    if row["loss"] == row["loss"]
                    else plain("–"),
                    nothing=percent(1 - row["positive"]),
                ),
                "kind": row["reason"],
            }
        )
    return {"rows": rows, "insufficient": insufficient(run, names)}


def insufficient(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """Segments that the evidence is too thin to rank, and why."""
    table = run.case.tables["segments"]
    return [
        {
            "field": names.fields[row["field"]],
            "segment": names.segments[row["segment"]],
            "reason": Both(str(row["reason_en"]), str(row["reason_ja"])),
        }
        for row in records(table[table["status"] == "insufficient_evidence"])
    ]


def survival(run: StoredRun, names: Names) -> dict[str, Any]:
    """Both survival numbers of every chosen line, and how often something simpler is better."""
    choice = run.choice
    joint, separate = choice["joint"], choice["separate"]
    rows = [
        {
            "segment": names.segments[row_of(run.lines, line)["segment"]],
            "line": names.line(row_of(run.lines, line)),
            "bootstrap": percent(own["bootstrap"]),
            "bootstrap_meter": meter(own["bootstrap"]),
            "segment_bootstrap": percent(own["segment_bootstrap"]),
            "beats": percent(own["beats"]),
            "beats_meter": meter(own["beats"], "second"),
        }
        for line, own in ((i, row_of(run.portfolio.set_index("line"), i)) for i in chosen(run))
    ]
    return {
        "rows": rows,
        "wins": {k: percent(v) for k, v in choice["wins"].items()},
        "wins_bar": [(k, float(v)) for k, v in choice["wins"].items()],
        "credit": choice["credit"],
        "credit_amount": names.money(choice["credit"]["amount"]),
        "credit_welfare": names.money(choice["credit"]["welfare"]["mean"]),
        "credit_positive": percent(choice["credit"]["welfare"]["positive"]),
        "empty": percent(choice["empty_resamples"]),
        "histogram": _histogram(run, names),
        "joint": names.money(joint["welfare"]["mean"]),
        "separate": names.money(separate["welfare"]["mean"]),
        "difference": names.money(joint["welfare"]["mean"] - separate["welfare"]["mean"]),
        "on_choosing": names.money(choice["choosing"]["welfare"]["mean"]),
        "curse": names.money(separate["welfare"]["mean"] - choice["choosing"]["welfare"]["mean"]),
        "rank": choice["rank_before_joint"],
        "dropped": choice["dropped"],
        "within": choice["joint_within_limits"],
        "candidates": choice["candidates"],
        "gap": percent(choice["gap"], 2),
        "discounts": [
            {
                "rate": percent(rate),
                "welfare": names.money(joint[key]["mean"]),
                "positive": percent(joint[key]["positive"]),
            }
            for rate, key in zip(
                [run.case.settings.discount, *run.case.settings.discount_beside],
                ["welfare", "welfare_r1", "welfare_r2"],
                strict=False,
            )
            if key in joint
        ],
    }


def _histogram(run: StoredRun, names: Names) -> dict[str, Any]:
    values = run.spread["welfare"].to_numpy()
    span = spanning(list(np.percentile(values, [0.5, 99.5])))
    edges = np.linspace(span.low, span.high, 41)
    counts, _ = np.histogram(np.clip(values, span.low, span.high), edges)
    plot = Plot(span, Scale(0.0, float(counts.max()) * 1.18), height=230)
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        gap = 0.06 * (high - low)
        cls = "bar bad" if (low + high) / 2 < 0 else "bar good"
        plot.bar(low + gap, high - gap, 0.0, float(count), cls)
    plot.axes([(v, tidy(names.money(v))) for v in span.ticks(4)], [])
    plot.line(0.0, 0.0, 0.0, plot.y.high, "zero")
    mean = float(values.mean())
    plot.line(mean, 0.0, mean, plot.y.high * 0.93, "mean")
    plot.text(mean, plot.y.high * 0.93, t("desk.mean"), "note mid", dy=-4)
    return {
        "svg": plot.svg("cap-histogram"),
        "rows": [
            (percent(q / 100), names.money(float(np.percentile(values, q))))
            for q in (5, 10, 25, 50, 75, 90, 95)
        ],
        "below": percent(float((values <= 0).mean()), 1),
        "share_below": fixed(float((values <= 0).mean())),
    }
