"""Judging segments and instruments: what it takes to win, and what each unit of money buys.

Both play many more lines than the run itself; so they are asked of a few futures of the reporting
half, and thresholds of a shortlist of packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kachisuji.desk.progress import Advance
from kachisuji.desk.rows import records

if TYPE_CHECKING:
    from kachisuji.desk.pipeline import Work

FUTURES = 32  # most futures on which segments and instruments are judged
SHORT = 2  # packages of greatest share that are tried, beside the one of most share for its cost


def judge(work: Work, advance: Advance) -> dict[str, pd.DataFrame]:
    """Tables ``verdicts``, ``marginal``, ``stances``, ``near`` and ``neighbours`` of a run."""
    from kachisuji import contest

    draws = work.draws[work.halves.report[:FUTURES]]
    found = contest.verdicts(work.model, draws, lines=shortlist(work))
    found = found.assign(**{c: found[c].fillna("") for c in ("scope", "package", "partner")})
    sure = contest.threshold_intervals(work.model, draws, found, seed=work.seed)
    verdicts = found.join(sure).reset_index()
    advance(1)
    top = max(work.case.lines.intensities)
    marginal = contest.marginal(
        work.model, draws, intensities=[top], partners=best_partners(work), paired=0
    )
    advance(1)
    doctrine = contest.doctrine(work.model, draws, marginal, seed=work.seed)
    advance(1)
    return {
        "verdicts": verdicts,
        "marginal": marginal.table,
        "stances": doctrine.stances,
        "near": doctrine.near,
        "neighbours": doctrine.neighbours,
    }


def shortlist(work: Work) -> pd.DataFrame:
    """Lines whose package and partner gain most share in their segment and scope.

    The two of greatest mean share gained on the choosing half, and the one of most share gained
    for its public cost, at any start and the greatest intensity.
    """
    half = work.halves.choose
    lines = work.lines.assign(
        share=work.measures["share_last"][:, half].mean(axis=1),
        cost=np.maximum(work.measures["public_cost"][:, half].mean(axis=1), 1e-12),
    )
    lines = lines[lines["kind"] == "line"]
    lines = lines[lines["intensity"] == lines["intensity"].max()]
    keys = ["segment", "scope", "package", "partner"]
    lines = lines.assign(rate=lines["share"] / lines["cost"])
    best = lines.groupby(keys, sort=False)[["share", "rate"]].max().reset_index()
    kept = pd.concat(
        [
            best.sort_values(by, ascending=False, kind="stable").groupby(keys[:2]).head(count)
            for by, count in (("share", SHORT), ("rate", 1))
        ]
    ).drop_duplicates(keys)
    short: pd.DataFrame = lines.merge(kept[keys], on=keys)[list(work.lines.columns)]
    return short


def best_partners(work: Work) -> dict[str, list[str]]:
    """Partner of the line of greatest mean net benefit with one, by segment."""
    welfare = work.measures["welfare"][:, work.halves.choose].mean(axis=1)
    lines = work.lines.assign(welfare=welfare)
    lines = lines[(lines["kind"] == "line") & (lines["partner"] != "")]
    best = lines.sort_values("welfare", ascending=False, kind="stable").drop_duplicates("segment")
    return {str(row["segment"]): [str(row["partner"])] for row in records(best)}
