"""One trade doctrine: each segment's stance, whether stances agree, what partners would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kachisuji.contest.doctrine import STANCES, USE, Rule, contradictions, partners_say
from kachisuji.desk.report.bilingual import Both, between, fixed, listed, percent, plain, points, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 8  # near-equal pairs with different stances that are listed


def doctrine(run: StoredRun, names: Names) -> dict[str, Any]:
    """Stances in the order of the rule, then the checks and the partners."""
    table, rule = run.stances, Rule()
    worst = run.neighbours.sort_values("part", ascending=False, kind="stable")
    hit = {r["segment"]: r for r in reversed(records(worst))}
    rows = [
        _row(row, hit.get(row["segment"]), names)
        for stance in STANCES
        for row in records(table[table["stance"] == stance])
    ]
    counts = table["stance"].value_counts()
    summary = listed([t("doctrine.count", stance=t(f"doctrine.{s}"), count=int(counts[s]))
                      for s in STANCES if s in counts])  # fmt: skip
    return {
        "rows": rows,
        "text": t("doctrine.text", summary=summary),
        "rule": t(
            "doctrine.rule", held=points(rule.held), share=percent(rule.share),
            exposed=points(rule.exposed), odds=percent(rule.odds), tipping=fixed(rule.tipping, 1),
            answer=fixed(rule.answer, 1),
        ),
        "checks": _checks(run, names),
        "partners": _partners(run, names),
        "asked": _asked(run, names),
    }  # fmt: skip


def _row(row: dict[str, Any], hit: dict[str, Any] | None, names: Names) -> dict[str, Any]:
    means = names.instruments[row["means"]] if row["means"] else plain("–")
    category: Both = t(f"doctrine.rule_{row['category']}") if row["category"] else plain("–")
    also = [t(f"doctrine.{s}") for s in str(row["also"]).split(";") if s]
    return {
        "field": names.fields[names.field_of[row["segment"]]],
        "segment": names.segments[row["segment"]],
        "stance": t(f"doctrine.{row['stance']}"),
        "also": t("doctrine.also", others=listed(also)) if also else plain(""),
        "holds": percent(row["holds"]),
        "means": means, "category": category, "article": plain(row["article"]),
        "why": t(
            "doctrine.why", held=points(row["held"]), exposed=points(row["exposed"]),
            odds=percent(row["use_odds"]), answer=fixed(row["answer"], 2),
        ),
        "partner": plain("–") if hit is None else t(
            "doctrine.loses", region=names.region(hit["region"]), portion=percent(hit["part"], 1)
        ),
    }  # fmt: skip


def _checks(run: StoredRun, names: Names) -> list[Both]:
    """Tell in sentences what the tests of consistency found."""
    near = run.near
    apart = near[~near["agree"].astype(bool)] if len(near) else near
    pairs = [
        t("doctrine.pair", one=names.segments[r["one"]], other=names.segments[r["other"]],
          stance=t(f"doctrine.{r['stance']}"), other_stance=t(f"doctrine.{r['other_stance']}"))
        for r in records(apart.head(SHOWN))
    ]  # fmt: skip
    out = [t("doctrine.check_near", near=len(near), apart=len(apart))]
    if pairs:
        out.append(t("doctrine.check_pairs", pairs=listed(pairs)))
    against = contradictions(run.stances)
    if len(against):
        asked = str(against["asked_in"].iloc[0]).split(";")
        out.append(
            t("doctrine.check_own", count=len(against),
              ours=listed([names.segments[s] for s in against["segment"]]),
              asked=listed([names.segments[s] for s in asked]))
        )  # fmt: skip
    else:
        out.append(t("doctrine.check_own_none"))
    weak = run.stances[run.stances["holds"] < 0.8]
    out.append(t("doctrine.check_weak", count=len(weak),
                 named=listed([names.segments[s] for s in weak["segment"]])
                 if len(weak) else t("desk.none")))  # fmt: skip
    return out


def _partners(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """By region: what it loses where the stance is to use public money, and where most."""
    used = set(run.stances[run.stances["stance"] == USE]["segment"])
    table = run.neighbours[run.neighbours["segment"].isin(used) & (run.neighbours["loss"] > 0)]
    out = []
    for region, part in table.groupby("region", sort=False):
        worst = records(part.nlargest(1, "loss"))[0]
        out.append(
            {
                "region": names.region(str(region)),
                "loss": names.money(float(part["loss"].sum())), "sum": float(part["loss"].sum()),
                "segment": names.segments[worst["segment"]],
                "worst": names.money(worst["loss"]), "part": percent(worst["part"], 1),
            }
        )  # fmt: skip
    return sorted(out, key=lambda r: -r["sum"])


def said(run: StoredRun) -> pd.DataFrame:
    """Return what partners would answer (``contest.partners_say``), on the reporting futures."""
    means = run.of_line("welfare")["mean"]
    return partners_say(run.lines, means, run.of_line("partner_gain"))


def _asked(run: StoredRun, names: Names) -> dict[str, Any] | None:
    """By partner: lines that pay for home, what it would answer, and where it gains most."""
    table = said(run)
    table = table[table["welfare"] > 0]
    rows, refused = [], []
    for partner, own in table.groupby("partner", sort=False):
        counts = own["answer"].value_counts()
        best = records(own.nlargest(1, "gain"))[0]
        rows.append(
            {
                "region": names.region(str(partner)),
                "asked": plain(len(own)),
                **{a: plain(int(counts.get(a, 0))) for a in ("yes", "no", "aside")},
                "segment": names.segments[best["segment"]],
                "gain": names.money(best["gain"]),
                "span": between(names.money(best["low"]), names.money(best["high"])),
                "sum": len(own),
            }
        )
        refused += [
            t("doctrine.refuses", region=names.region(str(partner)),
              segment=names.segments[r["segment"]], gain=names.money(r["gain"]))
            for r in records(own[own["answer"] == "no"].nsmallest(SHOWN, "gain"))
        ]  # fmt: skip
    if not rows:
        return None
    say = table["answer"].value_counts()
    text = t("doctrine.asked_text", asked=len(table),
             **{a: int(say.get(a, 0)) for a in ("yes", "no", "aside")})  # fmt: skip
    named = t("doctrine.asked_no", named=listed(refused[:SHOWN])) if refused else plain("")
    return {"text": text, "no": named, "rows": sorted(rows, key=lambda r: -r["sum"])}
