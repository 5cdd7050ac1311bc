"""The figures of a run that a narrative may name, each with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Both, listed, people, percent, plain, points, t, whole
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.surviving import KEPT_OUT

if TYPE_CHECKING:
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun

NAMED = 3  # segments left out that are named
# what the partner of a line gains: name of the figure, column of portfolio.parquet
THEIRS = {
    "theirs": "partner_gain",
    "theirs_low": "partner_gain_p10",
    "theirs_high": "partner_gain_p90",
}
SKILLS = ("researcher", "digital", "craft", "general")


@dataclass(frozen=True)
class Figure:
    """One figure: as it is written, and where in the run it stands.

    Attributes
    ----------
    text
        In both languages.
    source
        File and place in the run folder.
    """

    text: Both
    source: str


def figures(run: StoredRun, names: Names) -> dict[str, Figure]:
    """Return every figure that a narrative of this run may name.

    Parameters
    ----------
    run
        The stored run.
    names
        Names of what its case holds.
    """
    out = _of_portfolio(run, names) | _of_means(run, names) | _of_rest(run, names)
    for place, line in enumerate(chosen(run), 1):
        told = _of_line(run, names, line)
        out |= {f"line{place}_{key}": figure for key, figure in told.items()}
    return out


def _of_portfolio(run: StoredRun, names: Names) -> dict[str, Figure]:
    settings, joint, money = run.case.settings, run.choice["joint"], names.money
    rows = [row_of(run.lines, line) for line in chosen(run)]
    segments = [names.segments[r["segment"]] for r in rows if r["segment"]]
    credit = [float(r["intensity"]) for r in rows if not r["segment"]]
    partners = list(dict.fromkeys(r["partner"] for r in rows if r["partner"]))
    spent = sum(sum(path_of(run, i, "money").values()) for i in chosen(run))

    def of(measure: str, column: str = "mean") -> Figure:
        return Figure(money(joint[measure][column]), f"choice.json: joint.{measure}.{column}")

    def pts(measure: str) -> Figure:
        return Figure(points(joint[measure]["mean"]), f"choice.json: joint.{measure}.mean")

    none = t("desk.none")
    return {
        "home": Figure(names.region(settings.home), "case.toml: home"),
        "first_year": Figure(plain(settings.first_year), "case.toml: first_year"),
        "last_year": Figure(plain(settings.last_year), "case.toml: last_year"),
        "candidates": Figure(whole(run.manifest.figures["lines"]), "manifest.json: figures.lines"),
        "lines": Figure(plain(len(rows)), "portfolio.parquet"),
        "fields": Figure(
            plain(len({names.field_of[r["segment"]] for r in rows if r["segment"]})),
            "portfolio.parquet",
        ),
        "segments": Figure(listed(segments) if segments else none, "portfolio.parquet"),
        "joint_lines": Figure(
            plain(sum(bool(r["partner"]) for r in rows)), "portfolio.parquet, lines.parquet"
        ),
        "partners": Figure(
            listed([names.region(p) for p in partners]) if partners else none, "lines.parquet"
        ),
        "credit_amount": Figure(money(sum(credit)), "lines.parquet: intensity"),
        "net_benefit": of("welfare"),
        "net_benefit_low": of("welfare", "p10"),
        "net_benefit_high": of("welfare", "p90"),
        "growth": of("value_added"),
        "gni": of("gni"),
        "spillover": of("spillover"),
        "user_gain": of("user_surplus"),
        "firm_cost": of("firm_cost"),
        "public_cost": of("public_cost"),
        "power": pts("indispensability"),
        "exposure": pts("exposure"),
        "public_money": Figure(money(spent), "paths.parquet: money, sum over the years"),
        **_years(run),
    }


def _years(run: StoredRun) -> dict[str, Figure]:
    """Return when lines start, from the first to the last, and when public money ends."""
    starts = sorted({int(row_of(run.lines, line)["start"]) for line in chosen(run)})
    told = "–" if not starts else f"{starts[0]}–{starts[-1]}" if starts[1:] else str(starts[0])
    spent = [y for line in chosen(run) for y, v in path_of(run, line, "money").items() if v > 0]
    return {
        "starts": Figure(plain(told), "lines.parquet: start"),
        "money_end": Figure(plain(max(spent, default="–")), "paths.parquet: money"),
    }


def _of_means(run: StoredRun, names: Names) -> dict[str, Figure]:
    use = run.use[run.use["item"] == "money"].sort_values("mean")
    top: Any = use.iloc[-1]
    part = percent(top["mean"] / top["limit_mode"]) if top["limit_mode"] else plain("–")
    out = {
        "money_peak": Figure(names.money(top["mean"]), "use.parquet: money"),
        "money_peak_year": Figure(plain(int(top["year"])), "use.parquet: money"),
        "money_peak_part": Figure(part, "use.parquet: money, mean over limit_mode"),
    }
    for skill in SKILLS:
        own = run.use[run.use["item"] == f"labour_{skill}"]
        own = own[own["limit_mode"] > 0]
        if not len(own):
            continue
        own = own.assign(part=own["mean"] / own["limit_mode"]).sort_values("part")
        tight: Any = own.iloc[-1]
        source = f"use.parquet: labour_{skill}"
        out |= {
            f"{skill}_peak": Figure(people(float(own["mean"].max())), source),
            f"{skill}_year": Figure(plain(int(tight["year"])), source),
            f"{skill}_part": Figure(percent(float(tight["part"])), source),
        }
    return out


def _of_rest(run: StoredRun, names: Names) -> dict[str, Figure]:
    choice, money = run.choice, names.money
    reasons = run.left_out["reason"].value_counts()
    ranked = run.left_out[run.left_out["reason"] != "evidence"]
    ranked = ranked.sort_values("mean", ascending=False)
    named = [names.segments[s] for s in ranked["segment"].head(NAMED)]
    strong = max(records(run.front), key=lambda r: (r["power"], r["growth"]))
    crowded = int(sum(reasons.get(k, 0) for k in (*KEPT_OUT, "together")))
    firm = int((run.portfolio["bootstrap"] >= 0.8).sum())
    wins = {k: Figure(percent(v), f"choice.json: wins.{k}") for k, v in choice["wins"].items()}
    return {
        "left_out": Figure(plain(len(ranked)), "left_out.parquet"),
        "left_out_named": Figure(listed(named) if named else t("desk.none"), "left_out.parquet"),
        "loses": Figure(plain(int(reasons.get("loses", 0))), "left_out.parquet: reason"),
        "crowded": Figure(plain(crowded), "left_out.parquet: reason"),
        "thin": Figure(plain(int(reasons.get("evidence", 0))), "left_out.parquet: reason"),
        "most_power": Figure(points(strong["power"]), "front.parquet"),
        "power_growth": Figure(money(strong["growth"]), "front.parquet"),
        "power_welfare": Figure(money(strong["welfare"]), "front.parquet"),
        "nothing_wins": wins["nothing"],
        "credit_wins": wins["credit"],
        "portfolio_wins": wins["portfolio"],
        "firm": Figure(plain(firm), "portfolio.parquet: bootstrap ≥ 0.8"),
        "assumed": Figure(percent(run.grade_shares["assumed"]), "choice.json: by_grade.assumed"),
        "carried": Figure(percent(run.grade_shares["carried"]), "choice.json: by_grade.carried"),
        "choosing": Figure(
            money(choice["choosing"]["welfare"]["mean"]), "choice.json: choosing.welfare.mean"
        ),
        "reporting": Figure(
            money(choice["separate"]["welfare"]["mean"]), "choice.json: separate.welfare.mean"
        ),
    }


def _of_line(run: StoredRun, names: Names, line: int) -> dict[str, Figure]:
    row = row_of(run.lines, line)
    own = row_of(run.portfolio.set_index("line"), line)
    money = path_of(run, line, "money")
    spent = [year for year, value in money.items() if value > 0]
    sales = path_of(run, line, "sales")
    last = sales[max(sales)] if sales else 0.0
    half = next((y for y, v in sorted(sales.items()) if last > 0 and v >= last / 2), None)
    partner = names.region(row["partner"])
    whom = t("narrative.together", partner=partner) if row["partner"] else t("narrative.alone")
    scope = names.scope(row["segment"], row["scope"])
    extent = t("narrative.extent_whole", scope=scope)
    if row["segment"] and row["scope"] == "niche":
        extent = t("narrative.extent_niche", niche=names.niches[row["segment"]])
    lines, joint, paths = "lines.parquet", "portfolio.parquet", "paths.parquet"
    theirs = {
        name: Figure(names.money(own[column]), f"{joint}: {column}")
        for name, column in THEIRS.items()
        if row["partner"] and column in own  # a run from before it was computed has none
    }
    return theirs | {
        "segment": Figure(names.segments[row["segment"]], lines),
        "scope": Figure(scope, lines),
        "extent": Figure(extent, lines),
        "partner": Figure(whom, lines),
        "start": Figure(plain(row["start"]), lines),
        "package": Figure(names.packages[row["package"]], lines),
        "means": Figure(names.means(row["package"]) if row["package"] else t("desk.scope_credit"),
                        "case/lines.toml"),
        "worth": Figure(names.money(own["welfare"]), joint),
        "low": Figure(names.money(own["welfare_p10"]), joint),
        "high": Figure(names.money(own["welfare_p90"]), joint),
        "beats": Figure(percent(own["beats"]), joint),
        "money": Figure(names.money(sum(money.values())), f"{paths}: money"),
        "end": Figure(plain(max(spent) if spent else row["start"]), f"{paths}: money"),
        "sales": Figure(names.money(last), f"{paths}: sales, last year"),
        "half": Figure(plain(half if half is not None else "–"), f"{paths}: sales"),
    }  # fmt: skip
