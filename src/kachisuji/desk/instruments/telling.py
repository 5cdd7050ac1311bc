"""What instruments buy, told in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from kachisuji.desk.report.bilingual import listed
from kachisuji.desk.rows import records
from kachisuji.words import Lang, estimate, number, percent, say

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
    one = scale == 1.0
    unit = say("instruments.one_unit", lang) if one else names.money(scale).of(lang)
    yield say("instruments.how_to_read_marginal", lang)
    for intensity in sorted(found.table["intensity"].unique()):
        yield ""
        yield say(
            "instruments.head_marginal", lang, measure=say(f"desk.measure_{measure}", lang),
            intensity=number(float(intensity), lang, 2),
        )  # fmt: skip
        rows = records(by_instrument(found.table, measure, float(intensity)))
        for per in ("public", "own"):
            told_here = [r for r in rows if r["per"] == per]
            if told_here:
                yield "  " + say(f"instruments.head_{per}", lang, unit=unit)
            yield from ("    " + line for line in _rows(told_here, scale, names, lang))
    yield ""
    yield from pairs_told(found.pairs, names, lang)


def _rows(rows: list[dict[str, Any]], scale: float, names: Names, lang: Lang) -> Iterator[str]:
    """Tell instruments line by line; those that do nothing to the measure together in one."""
    idle = [r for r in rows if not any(r[k] for k in ("median", "mean", "p10", "p90"))]
    yield from (_row(r, scale, names, lang) for r in rows if r not in idle)
    if idle:
        called = listed([names.instruments[r["instrument"]] for r in idle])
        yield say("instruments.row_nothing", lang, names=called.of(lang))


def _row(row: dict[str, Any], scale: float, names: Names, lang: Lang) -> str:
    figure = {k: estimate(scale * row[k], lang, 2) for k in ("median", "mean", "p10", "p90")}
    return say(
        "instruments.row_marginal", lang, **figure, gains=row["gains"], segments=row["segments"],
        positive=percent(row["positive"], lang, 2),
        name=names.instruments[row["instrument"]].of(lang),
        best=names.segments[row["best"]].of(lang),
    )  # fmt: skip


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
