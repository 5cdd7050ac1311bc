"""How sure a win threshold is: what other futures of the same kind would have said.

A threshold and a latest start are read off a number of futures, as a quantile is. Futures are drawn
anew with replacement (Efron 1979, Annals of Statistics 7, 1-26) and both are read off again, the
goal with them; the shares of every future are played once and used in each resample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest.lines import COLUMNS, encode
from kachisuji.contest.reach import share_reached
from kachisuji.contest.thresholds import (
    GAIN,
    NICHE,
    PROBABILITY,
    WIN,
    base_shares,
    goal_from,
    money_of,
    settings_of,
    take,
)
from kachisuji.contest.world import Lines, World

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.model import ContestModel

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

RESAMPLES = 500
LEVEL = 0.8
_STEPS = 128  # as fine as the bisection that found the threshold


class Resampled(NamedTuple):
    """(B,) least intensity and last start of each resample; infinite and 0 where nothing wins."""

    intensity: F8
    latest: I8


def read_off(
    shares: F8, grid: F8, at_most: F8, bases: F8, goal: float | None, gain: float, part: float,
    picks: I8,
) -> Resampled:  # fmt: skip
    """Read threshold and latest start off each resample of the futures.

    Parameters
    ----------
    shares
        (K, F) home's share at each intensity of ``grid`` (K), ascending.
    at_most
        (Y, F) home's share with the most allowed, begun in each year.
    bases
        (F,) home's share in the base year, from whose median the goal follows unless given.
    goal, gain, part
        Share that counts as won, or None; the gain asked for; part of the futures that must win.
    picks
        (B, F) numbers of the futures of each resample.
    """
    medians = np.median(bases[picks], axis=1)
    goals = np.array([goal_from(m, gain) if goal is None else goal for m in medians])
    wins = (shares[:, picks] >= goals[:, None]).mean(axis=2) >= part
    least = np.where(wins.any(axis=0), grid[wins.argmax(axis=0)], np.inf)
    in_time = (at_most[:, picks] >= goals[:, None]).mean(axis=2) >= part
    years = np.arange(1, len(at_most) + 1)[:, None]
    return Resampled(least, np.where(in_time, years, 0).max(axis=0))


def threshold_intervals(
    model: ContestModel,
    draws: F8,
    table: pd.DataFrame,
    *,
    goals: Mapping[str, float] | None = None,
    gain: float = GAIN,
    probability: float = PROBABILITY,
    year: int | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Return how thresholds and latest starts of ``verdicts`` vary over resamples of the futures.

    The line shown (package, partner, start) and the most it may spend are kept; the least intensity
    is sought among 128 steps up to that most. Where the line is not allowed for want of workers
    nothing is told.

    Parameters
    ----------
    model, draws
        The contest and the futures (F, D) that the verdicts were asked of.
    table
        What ``verdicts`` returned for them, with the same ``goals``, ``gain``, ``probability`` and
        ``year``.
    seed, resamples
        Of the resamples, and how many.

    Returns
    -------
    DataFrame
        Index segment. ``wins_again``: part of the resamples in which the line wins; of those to be
        won, limits of the middle four fifths of the resamples: ``intensity_low`` and
        ``intensity_high``, ``yearly_low`` and ``yearly_high`` (public money in the dearest year,
        mean of the futures), NaN where that many do not win at all; ``latest_low`` and
        ``latest_high``, years, NaN where no start wins any more.
    """
    import pandas as pd

    use = settings_of(model, probability, None, year, None, 1.0, None)
    shown = table[(table["package"].fillna("") != "") & (table["limit"] != "labour")]
    coded = encode(model.case, _lines(model, shown), model.competitors)
    world = model.prepare(draws)
    futures = len(draws)
    picks = np.random.default_rng(seed).integers(futures, size=(resamples, futures))
    first = model.case.settings.base_year
    ends = (0.5 - LEVEL / 2, 0.5 + LEVEL / 2)
    rows = []
    for n, (segment, row) in enumerate(shown.iterrows()):
        one, most = take(coded, [n]), float(row["ceiling"])
        full = row["verdict"] in (WIN, NICHE)
        grid = (
            np.linspace(0.0, most, _STEPS + 1) if full else np.unique([0.0, min(1.0, most), most])
        )
        shares = _played(world, one, grid, np.full(grid.size, one.start[0]), use.weight, use.year)
        starts = np.arange(1, use.year + 1)
        late = _played(world, one, np.full(starts.size, most), starts, use.weight, use.year)
        bases = base_shares(world, int(2 * one.segment[0] + one.niche[0]), use.weight)
        goal = (goals or {}).get(str(segment))
        found = read_off(shares, grid, late, bases, goal, gain, use.probability, picks)
        told: dict[str, object] = {
            "segment": segment,
            "wins_again": float(np.isfinite(found.intensity).mean()),
        }
        if full:
            least = np.quantile(found.intensity, ends, method="inverted_cdf")
            last = np.quantile(found.latest, ends, method="inverted_cdf")
            twice = np.where(np.isfinite(least), least, np.nan)
            yearly, _, _ = money_of(world, take(coded, [n, n]), twice, use.labour)
            for end, k in (("low", 0), ("high", 1)):
                told[f"intensity_{end}"] = twice[k]
                told[f"yearly_{end}"] = yearly[k]
                told[f"latest_{end}"] = first + last[k] if last[k] > 0 else np.nan
        rows.append(told)
    what = ("intensity", "yearly", "latest")
    columns = ["segment", "wins_again", *(f"{k}_{end}" for k in what for end in ("low", "high"))]
    return pd.DataFrame(rows, columns=columns).set_index("segment").reindex(table.index)


def _lines(model: ContestModel, shown: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    markets = {p.id: p.markets for p in model.case.lines.packages}
    rows = [
        ("", "line", segment, 0, row["scope"], row["partner"], markets[row["package"]],
         row["package"], int(row["start"]), 0.0)
        for segment, row in shown.iterrows()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _played(world: World, one: Lines, intensity: F8, start: I8, weight: F8, year: int) -> F8:
    """(K, F) share reached by one line at other intensities and starts."""
    every = take(one, np.zeros(intensity.size, dtype=int), intensity=intensity, start=start)
    out = np.empty((intensity.size, world.cross.shape[0]))
    share_reached(world, every, weight, year, out)
    return out
