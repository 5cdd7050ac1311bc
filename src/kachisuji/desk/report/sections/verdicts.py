"""Win the whole, narrow to a niche, or do not enter: the figure behind each segment's verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kachisuji.contest.thresholds import CEILING, GAIN, NICHE, OUT, PROBABILITY, UNAIDED, WIN
from kachisuji.desk.judging import FUTURES
from kachisuji.desk.report.bilingual import Both, fixed, listed, percent, plain, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

ORDER = (WIN, UNAIDED, NICHE, OUT)
# badge of each verdict, as classes of the style sheet
_BADGES = {WIN: "in", UNAIDED: "in", NICHE: "thin", OUT: "out"}


def verdicts(run: StoredRun, names: Names) -> dict[str, Any]:
    """One row a ranked segment, those to win first, and how many there are of each verdict."""
    table = run.verdicts
    rows = [
        _row(row, names)
        for verdict in ORDER
        for row in records(table[table["verdict"] == verdict])
    ]  # fmt: skip
    counts = table["verdict"].value_counts()
    won = table.loc[table["verdict"].isin((WIN, NICHE)), "segment"]
    named = [
        t("verdicts.named", verdict=t(f"verdicts.all_{verdict}"), count=int(counts[verdict]),
          segments=listed([_named(row, names) for row in records(part)]))
        for verdict in ORDER
        if len(part := table[table["verdict"] == verdict])
    ]  # fmt: skip
    return {
        "rivals": _told_of_rivals(table),
        "rows": rows,
        "named": named,
        "text": t(
            "verdicts.text",
            **{v: int(counts.get(v, 0)) for v in ORDER},
            gain=percent(GAIN), probability=percent(PROBABILITY), ceiling=plain(f"{CEILING:g}"),
            futures=min(FUTURES, len(run.spread)), year=run.case.settings.last_year,
            won=len(won), paying=sum(paying(run, str(s)) for s in won),
        ),
    }  # fmt: skip


def paying(run: StoredRun, segment: str) -> bool:
    """Whether any line of a segment, played alone, has a positive net benefit on average."""
    own = run.lines.index[(run.lines["kind"] == "line") & (run.lines["segment"] == segment)]
    return bool((run.of_line("welfare")["mean"].reindex(own) > 0).any())


def _named(row: dict[str, Any], names: Names) -> Both:
    """Name of a segment, with the niche where the verdict is to narrow."""
    segment = str(row["segment"])
    if row["verdict"] != NICHE:
        return names.segments[segment]
    return t("verdicts.in_niche", segment=names.segments[segment], niche=names.niches[segment])


def _row(row: dict[str, Any], names: Names) -> dict[str, Any]:
    verdict, segment, money = str(row["verdict"]), str(row["segment"]), names.money
    badge: Both = (
        t("verdicts.niche", niche=names.niches[segment])
        if verdict == NICHE
        else t(f"verdicts.{verdict}")
    )
    out: dict[str, Any] = {
        "field": names.fields[names.field_of[segment]],
        "segment": names.segments[segment],
        "verdict": badge,
        "class": _BADGES[verdict],
        "reached": t(
            "verdicts.odds", unaided=percent(row["unaided"]), reached=percent(row["reached"])
        ),
        "goal": t(
            "verdicts.goal", base=percent(row["base_share"], 1), goal=percent(row["goal"], 1)
        ),
        "tipping": fixed(row["tipping"], 2),
        "above": percent(row["above"]),
        "rivals": _rivals(row),
        "with": names.packages[str(row["package"])],
        "whom": names.region(str(row["partner"])),
        "latest": plain("–"),
        "sure": sure(row, money),
        "latest_sure": latest_sure(row),
    }  # fmt: skip
    if verdict in (WIN, NICHE):
        out["money"] = t("verdicts.a_year", amount=money(row["yearly"]))
        out["intensity"] = t("verdicts.intensity", intensity=fixed(row["intensity"], 2))
        if np.isfinite(row["latest_start"]):
            out["latest"] = plain(int(row["latest_start"]))
    elif verdict == UNAIDED:
        out["money"], out["intensity"] = t("verdicts.no_money"), plain("")
        out["with"], out["whom"] = plain("–"), plain("")
    else:
        out["money"] = t("verdicts.none_wins")
        out["intensity"] = t("verdicts.at_most", intensity=fixed(row["ceiling"], 2))
    return out


def sure(row: dict[str, Any], money: Callable[[float], Both]) -> Both:
    """Tell what other futures of the same kind would have said of the money needed."""
    again = row.get("wins_again", np.nan)  # a run from before it was told, or barred by labour
    if np.isnan(again):
        return plain("")
    share = percent(again)
    if not np.isfinite(row["yearly_low"]):
        return t("verdicts.sure_share", share=share)
    low = money(row["yearly_low"])
    if not np.isfinite(row["yearly_high"]):
        return t("verdicts.sure_open", low=low, share=share)
    return t("verdicts.sure", low=low, high=money(row["yearly_high"]), share=share)


def latest_sure(row: dict[str, Any]) -> Both:
    """Tell the latest start's interval; without a low end no start wins in too many resamples."""
    low, high = (row.get(f"latest_{end}", np.nan) for end in ("low", "high"))
    if np.isnan(high):
        return plain("")
    if np.isnan(low):
        return t("verdicts.latest_open", high=plain(int(high)))
    return t("verdicts.latest_between", low=plain(int(low)), high=plain(int(high)))


def _signed(value: float) -> Both:
    return plain(f"{value:+.2f}".replace("-", "−"))


def _rivals(row: dict[str, Any]) -> Both:
    """Tell what rivals are taken to add for each unit of ours, and their best reply."""
    if "best_reply" not in row:  # a run from before it was told
        return plain("")
    best = row["best_reply"]
    told = t("verdicts.no_reply") if np.isnan(best) else _signed(best)
    return t("verdicts.rivals", reaction=_signed(row["reaction"]), reply=told)


def _told_of_rivals(table: pd.DataFrame) -> Both:
    """Tell in how many segments rivals would best back off or match, and how that compares."""
    if "best_reply" not in table:
        return plain("")
    known = table[table["verdict"].isin(ORDER) & table["best_reply"].notna()]
    return t(
        "verdicts.rivals_text",
        known=len(known), back=int((known["best_reply"] < 0).sum()),
        match=int((known["best_reply"] > 0).sum()),
        half=int((known["largest"] > 0.5).sum()),
        reply=_signed(known["best_reply"].median()) if len(known) else plain("–"),
        assumed=_signed(known["reaction"].median()) if len(known) else plain("–"),
    )  # fmt: skip
