"""The run at a glance: what, when, with whom, how much, how many, given up, how sure."""

from __future__ import annotations

from collections.abc import Callable

from kachisuji.desk.findings import chosen, strongest, told_power
from kachisuji.desk.report.bilingual import Both, listed, percent, plain, points, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.balance import labour_by_year
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun


def glance(run: StoredRun, names: Names) -> list[tuple[Both, Both]]:
    """One row a question that a reader asks first: the question and its answer.

    Doing nothing stands beside the portfolio; where nothing is chosen only the rows that hold stay.
    """
    told = {
        "what": _what(run, names),
        "when": _when(run),
        "whom": _whom(run, names),
        "money": _money(run, names),
        "people": _people(run),
        "brings": _brings(run, names),
        "nothing": _nothing(run, names),
        "given_up": _given_up(run, names),
        "sure": _sure(run, names),
    }
    return [(t(f"desk.glance_{key}"), text) for key, text in told.items() if text is not None]


def _what(run: StoredRun, names: Names) -> Both:
    rows = chosen(run)
    if not rows:
        return t("desk.finding_play_none")
    segments = run.lines.loc[rows, "segment"]
    return t(
        "desk.glance_what_text",
        named=listed([names.segments[s] for s in segments]),
        fields=len({names.field_of[s] for s in segments}),
        lines=len(rows),
    )


def _when(run: StoredRun) -> Both | None:
    rows = chosen(run)
    spent = [y for i in rows for y, v in path_of(run, i, "money").items() if v > 0]
    if not spent:
        return None
    starts = sorted({int(row_of(run.lines, i)["start"]) for i in rows})
    first = plain(starts[0]) if len(starts) == 1 else plain(f"{starts[0]}–{starts[-1]}")
    return t("desk.glance_when_text", start=first, end=max(spent))


def _whom(run: StoredRun, names: Names) -> Both | None:
    rows = [row_of(run.lines, i) for i in chosen(run)]
    if not rows:
        return None
    markets = listed([names.markets(m) for m in dict.fromkeys(r["markets"] for r in rows)])
    partners = [names.region(p) for p in dict.fromkeys(r["partner"] for r in rows) if p]
    alone = sum(not r["partner"] for r in rows)
    if not partners:
        return t("desk.glance_whom_alone", markets=markets)
    key = "desk.glance_whom_text" if alone else "desk.glance_whom_all"
    return t(key, partners=listed(partners), alone=alone, markets=markets)


def _money(run: StoredRun, names: Names) -> Both | None:
    rows = chosen(run)
    use = run.use[run.use["item"] == "money"]
    if not rows or not len(use):
        return None
    top = row_of(use.set_index("year"), use.set_index("year")["mean"].idxmax())
    return t(
        "desk.glance_money_text",
        total=names.money(float(sum(sum(path_of(run, i, "money").values()) for i in rows))),
        peak=names.money(float(top["mean"])),
        year=int(top.name),
        portion=percent(float(top["mean"]) / float(top["limit_mode"])),
        firms=names.money(run.choice["joint"]["firm_cost"]["mean"]),
    )


def _people(run: StoredRun) -> Both | None:
    if not chosen(run):
        return None
    told = [
        t("desk.glance_people_text", skill=s["skill"], peak=s["peak"], portion=s["part"])
        for s in labour_by_year(run)
    ]
    return t("desk.glance_people_all", told=listed(told)) if told else None


def _brings(run: StoredRun, names: Names) -> Both | None:
    if not chosen(run):
        return None
    joint = run.choice["joint"]

    def span(measure: str, write: Callable[[float], Both]) -> dict[str, Both]:
        return {
            measure: write(joint[measure]["mean"]),
            f"{measure}_span": t("desk.between", low=write(joint[measure]["p10"]),
                                 high=write(joint[measure]["p90"])),
        }  # fmt: skip

    told = span("welfare", names.money) | span("value_added", names.money)
    return t("desk.glance_brings_text", **told, power=told_power(run))


def _nothing(run: StoredRun, names: Names) -> Both:
    wins, credit = run.choice["wins"], run.choice["credit"]
    return t(
        "desk.glance_nothing_text",
        nothing=percent(wins["nothing"]),
        credit=percent(wins["credit"]),
        credit_welfare=names.money(credit["welfare"]["mean"]),
    )


def _given_up(run: StoredRun, names: Names) -> Both:
    ranked = run.left_out[run.left_out["reason"] != "evidence"]
    told = {
        "count": len(ranked),
        "worth": int((ranked["reason"] != "loses").sum()),
        "thin": len(run.left_out) - len(ranked),
    }
    strong = strongest(run)
    if strong is None:
        return t("desk.glance_given_up_none", **told)
    return t(
        "desk.glance_given_up_text",
        **told,
        power=points(strong["power"]),
        welfare=names.money(strong["welfare"]),
    )


def _sure(run: StoredRun, names: Names) -> Both | None:
    if not chosen(run):
        return None
    top = run.influence[run.influence["scope"] == "portfolio"]
    return t(
        "desk.glance_sure_text",
        below=percent(float((run.spread["welfare"] <= 0).mean())),
        firm=int((run.portfolio["bootstrap"] >= 0.8).sum()),
        lines=len(run.portfolio),
        assumed=percent(run.grade_shares["assumed"]),
        carried=percent(run.grade_shares["carried"]),
        first=names.quantity(str(top.iloc[0]["quantity"])) if len(top) else plain("–"),
    )
