"""Comparing lines over the same futures: summaries, and what each dimension of a line is worth.

A line is picked on one half of the futures and described on the other, so that the best of many
is not praised for its luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

F8 = NDArray[np.float64]

DIMENSIONS = ("partner", "scope", "start", "markets", "package")


@dataclass(frozen=True)
class Halves:
    """Futures to choose on and futures to report on, each as places in the draws."""

    choose: NDArray[np.int64]
    report: NDArray[np.int64]

    @classmethod
    def of(cls, futures: int) -> Halves:
        """Split ``futures`` in the middle: of a Sobol sequence both halves are balanced."""
        middle = futures // 2
        return cls(np.arange(middle), np.arange(middle, futures))


def interval(values: F8) -> dict[str, float]:
    """Mean, 10th, 50th and 90th percentile, and the share of futures above zero."""
    low, middle, high = np.percentile(values, [10, 50, 90])
    return {
        "mean": float(np.mean(values)),
        "p10": float(low),
        "p50": float(middle),
        "p90": float(high),
        "positive": float(np.mean(values > 0)),
    }


def summarise(measures: Mapping[str, F8], half: NDArray[np.int64]) -> pd.DataFrame:
    """Describe every line in every measure on the futures of ``half``.

    Parameters
    ----------
    measures
        Arrays (lines, futures) by name of the measure.
    half
        Places of the futures to describe on.

    Returns
    -------
    DataFrame
        Columns line (row number), measure, mean, p10, p50, p90, positive.
    """
    parts = []
    for name, values in measures.items():
        seen = values[:, half]
        low, middle, high = np.percentile(seen, [10, 50, 90], axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "line": np.arange(len(seen)),
                    "measure": name,
                    "mean": seen.mean(axis=1),
                    "p10": low,
                    "p50": middle,
                    "p90": high,
                    "positive": (seen > 0).mean(axis=1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def best_lines(lines: pd.DataFrame, score: F8) -> dict[str, int]:
    """Row number of the best line of each segment by ``score`` (one figure a line)."""
    rows = lines.index[lines["kind"] == "line"]
    ranked = pd.Series(score[rows], index=rows)
    best = ranked.groupby(lines.loc[rows, "segment"], sort=False).idxmax()
    return {str(segment): int(line) for segment, line in best.items()}


def compare_dimensions(lines: pd.DataFrame, welfare: F8, halves: Halves) -> pd.DataFrame:
    """Say what each partner, scope, start, market group and package is worth, by segment.

    For every segment and every value of a dimension the best line with that value (by mean
    welfare on the choosing half) is set against the best line with the segment's reference value:
    no partner, the whole segment, the earliest start; for markets and packages the second best
    value. Differences are taken future by future on the reporting half.

    Returns
    -------
    DataFrame
        Columns dimension, segment, value, line, mean, p10, p50, p90, positive (of the line's
        welfare), gain, gain_p10, gain_p90, better (share of futures in which it beats the
        reference), reference (True for the reference itself).
    """
    score = welfare[:, halves.choose].mean(axis=1)
    seen = welfare[:, halves.report]
    real = lines[lines["kind"] == "line"]
    rows = []
    for dimension in DIMENSIONS:
        for segment, group in real.groupby("segment", sort=False):
            best = {
                value: int(max(part.index, key=lambda i: score[i]))
                for value, part in group.groupby(dimension, sort=True)
            }
            base = _reference(dimension, best, score)
            for value, line in best.items():
                gain = seen[line] - seen[best[base]]
                low, high = np.percentile(gain, [10, 90])
                rows.append(
                    {
                        "dimension": dimension,
                        "segment": segment,
                        "value": str(value),
                        "line": line,
                        **interval(seen[line]),
                        "gain": float(gain.mean()),
                        "gain_p10": float(low),
                        "gain_p90": float(high),
                        "better": float((gain > 0).mean()),
                        "reference": value == base,
                    }
                )
    return pd.DataFrame(rows)


def _reference(dimension: str, best: dict[Any, int], score: F8) -> Any:
    fixed: dict[str, object] = {"partner": "", "scope": "whole"}
    for value in best:
        if value == fixed.get(dimension):
            return value
    if dimension == "start":
        return min(best, key=lambda v: str(v))
    ranked = sorted(best, key=lambda v: score[best[v]], reverse=True)
    return ranked[1] if len(ranked) > 1 else ranked[0]


def latest_start(compared: pd.DataFrame, enough: float = 0.5) -> pd.DataFrame:
    """Return for each segment the latest start at which a line still beats doing nothing.

    Returns
    -------
    DataFrame
        Columns segment, start (empty text when no start does), positive at that start.
    """
    starts = compared[compared["dimension"] == "start"]
    rows = []
    for segment, group in starts.groupby("segment", sort=False):
        good = group[group["positive"] > enough].sort_values("value")
        last = good.iloc[-1] if len(good) else None
        rows.append(
            {
                "segment": segment,
                "start": "" if last is None else last["value"],
                "positive": float("nan") if last is None else float(last["positive"]),
            }
        )
    return pd.DataFrame(rows)


def per_money(
    lines: pd.DataFrame,
    measures: Mapping[str, F8],
    half: NDArray[np.int64],
    column: str = "package",
) -> pd.DataFrame:
    """Return what a unit of public money buys, package by package.

    For each line the mean over futures of value added and of welfare is divided by the mean public
    cost; a package's figure is the median over its lines at their best intensity, with the tenth
    and ninetieth percentile over segments.

    Returns
    -------
    DataFrame
        Columns package, segments, and for value_added, welfare and spillover the median, p10, p90
        per unit of public cost.
    """
    real = lines[lines["kind"] == "line"]
    cost = measures["public_cost"][:, half].mean(axis=1)
    welfare = measures["welfare"][:, half].mean(axis=1)
    rows = []
    for package, group in real.groupby(column, sort=False):
        best = [
            int(max(part.index, key=lambda i: welfare[i] / max(cost[i], 1e-12)))
            for _, part in group.groupby("segment", sort=False)
        ]
        best = [i for i in best if cost[i] > 0]
        if not best:
            continue
        row: dict[str, object] = {column: package, "segments": len(best)}
        for name in ("value_added", "welfare", "spillover"):
            ratio = measures[name][best][:, half].mean(axis=1) / cost[best]
            low, middle, high = np.percentile(ratio, [10, 50, 90])
            row |= {name: float(middle), f"{name}_p10": float(low), f"{name}_p90": float(high)}
        rows.append(row)
    return pd.DataFrame(rows)
