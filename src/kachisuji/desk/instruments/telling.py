"""What instruments buy, told in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from kachisuji.desk.rows import records
from kachisuji.words import Lang, number, percent, say

if TYPE_CHECKING:
    from kachisuji.contest import Marginal
    from kachisuji.desk.report.names import Names

SHOWN = 10  # synergies and clashes told
# points of power for each unit of money are tiny: told for a thousand units
PER = {"indispensability": 1000.0}


def by_instrument(table: pd.DataFrame, measure: str, intensity: float) -> pd.DataFrame:
    """Summarise an instrument over its segments: median per unit, best segment, how many gain.

    Returns
    -------
    DataFrame
        Columns instrument, per, segments, gains (segments whose mean is above zero), median, and
        of the best segment: best, mean, p10, p90, positive. In descending order of the median.
    """
    own = table[(table["measure"] == measure) & (table["intensity"] == intensity)]
    rows: list[dict[str, Any]] = []
    for name, part in own.groupby("instrument", sort=False):
        best: Any = records(part.nlargest(1, "mean"))[0]
        rows.append(
            {
                "instrument": name, "per": best["per"], "segments": len(part),
                "gains": int((part["mean"] > 0).sum()), "median": float(part["mean"].median()),
                "best": best["segment"],
                **{k: float(best[k]) for k in ("mean", "p10", "p90", "positive")},
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("median", ascending=False, kind="stable")


def told(found: Marginal, measure: str, names: Names, lang: Lang) -> Iterator[str]:
    """Tell each instrument by its median and its best segment, then the pairs that matter."""
    scale = PER.get(measure, 1.0)
    for intensity in sorted(found.table["intensity"].unique()):
        yield say(
            "instruments.head_marginal", lang, measure=say(f"desk.measure_{measure}", lang),
            intensity=number(float(intensity), lang, 2), factor=number(scale, lang),
        )  # fmt: skip
        for row in records(by_instrument(found.table, measure, float(intensity))):
            figure = {k: number(scale * row[k], lang, 2) for k in ("median", "mean", "p10", "p90")}
            yield "  " + say(
                f"instruments.row_{row['per']}", lang, **figure, gains=row["gains"],
                segments=row["segments"], positive=percent(row["positive"], lang, 2),
                name=names.instruments[row["instrument"]].of(lang),
                best=names.segments[row["best"]].of(lang),
            )  # fmt: skip
        yield ""
    yield from pairs_told(found.pairs, names, lang)


def pairs_told(pairs: pd.DataFrame, names: Names, lang: Lang) -> Iterator[str]:
    """Tell the pairs with the largest synergy or clash."""
    from kachisuji.contest import by_pair

    yield say("instruments.head_pairs", lang)
    for row in records(by_pair(pairs).head(SHOWN)):
        yield "  " + say(
            "instruments.pair", lang, one=names.instruments[row["instrument"]].of(lang),
            other=names.instruments[row["with"]].of(lang),
            synergy=names.money(row["synergy"]).of(lang),
            relative=percent(row["relative"], lang, 2), helps=row["helps"],
            clashes=row["clashes"], segments=row["segments"],
        )  # fmt: skip
