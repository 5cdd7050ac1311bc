"""Scores of simulated shares against what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kachisuji.contest.hindcast_panel import FLOOR, Bools, Floats

BANDS = (0.5, 0.8, 0.9)
GAIN = 0.01  # a gainer adds one point of the world's sales or more


def crps(draws: Floats, observed: Floats) -> Floats:
    """Continuous ranked probability score of draws along the first axis; smaller is better.

    ``E|X − y| − ½ E|X − X'|``, the second mean over different draws, so that the expected score
    does not depend on their number (Gneiting, Raftery 2007; Ferro 2014 for the correction).
    """
    ordered = np.sort(draws, axis=0)
    n = len(ordered)
    rank = (2.0 * np.arange(1, n + 1) - n - 1.0).reshape(-1, *[1] * (draws.ndim - 1))
    between = 2.0 * (rank * ordered).sum(axis=0) / (n * (n - 1))
    return np.asarray(np.abs(draws - observed).mean(axis=0) - 0.5 * between)


@dataclass
class Scores:
    """Scores of one model by cell (R, G), NaN where a cell was not forecast.

    Attributes
    ----------
    final, mean
        CRPS of the share in the last year, and its mean over all years, in points.
    log
        CRPS of the log share in the last year: small shares count as much as large ones.
    inside
        (bands, R, G) 1 where the last year lies in the central band.
    chance, gain
        Probability of a gain of one point or more, and the median gain in points.
    gained
        The gain that happened, in points.
    """

    shape: tuple[int, int]
    final: Floats = field(init=False)
    mean: Floats = field(init=False)
    log: Floats = field(init=False)
    inside: Floats = field(init=False)
    chance: Floats = field(init=False)
    gain: Floats = field(init=False)
    gained: Floats = field(init=False)

    def __post_init__(self) -> None:
        for name in ("final", "mean", "log", "chance", "gain", "gained"):
            setattr(self, name, np.full(self.shape, np.nan))
        self.inside = np.full((len(BANDS), *self.shape), np.nan)

    def add(self, paths: Floats, base: Floats, observed: Floats, cells: Bools) -> None:
        """Score simulated shares for some cells.

        Parameters
        ----------
        paths, base, observed
            (D, H, R, G) simulated, (R, G) in the start year, (H, R, G) what happened.
        cells
            (R, G) cells to score.
        """
        x, y, start = paths[:, :, cells], observed[:, cells], base[cells]
        by_year = 100.0 * crps(x, y)
        self.final[cells] = by_year[-1]
        self.mean[cells] = by_year.mean(axis=0)
        last, truth = x[:, -1], y[-1]
        self.log[cells] = crps(np.log(np.maximum(last, FLOOR)), np.log(np.maximum(truth, FLOOR)))
        for k, band in enumerate(BANDS):
            low, high = np.quantile(last, [0.5 - band / 2, 0.5 + band / 2], axis=0)
            self.inside[k][cells] = (truth >= low) & (truth <= high)
        self.chance[cells] = (last - start >= GAIN).mean(axis=0)
        self.gain[cells] = 100.0 * (np.median(last, axis=0) - start)
        self.gained[cells] = 100.0 * (truth - start)

    @property
    def cells(self) -> Bools:
        """(R, G) the cells scored."""
        return np.isfinite(self.final)

    def leaving(self, regions: Sequence[int]) -> Scores:
        """Return the scores with some regions left out (as if never forecast)."""
        other = Scores(self.shape)
        for name in ("final", "mean", "log", "chance", "gain", "gained", "inside"):
            values = getattr(self, name).copy()
            values[..., list(regions), :] = np.nan
            setattr(other, name, values)
        return other

    def coverage(self) -> Floats:
        """Part of the cells inside each band."""
        return np.asarray(np.nanmean(self.inside, axis=(1, 2)))

    def detection(self, threshold: float = 0.5) -> tuple[int, int, int]:
        """Gainers that happened, were called (chance ≥ threshold), and both."""
        happened = self.gained[self.cells] >= 100.0 * GAIN
        called = self.chance[self.cells] >= threshold
        return int(happened.sum()), int(called.sum()), int((happened & called).sum())

    def brier(self) -> float:
        """Mean squared error of the chance of gaining one point."""
        happened = self.gained[self.cells] >= 100.0 * GAIN
        return float(((self.chance[self.cells] - happened) ** 2).mean())

    def average_precision(self) -> float:
        """Mean, over the gainers, of the precision at their place in the ranking by chance.

        Cells with the same chance share one place; NaN where nothing gained.
        """
        happened = self.gained[self.cells] >= 100.0 * GAIN
        chance = self.chance[self.cells]
        if not happened.any():
            return float("nan")
        above = chance[None, :] >= chance[happened][:, None]
        return float(((above & happened).sum(axis=1) / above.sum(axis=1)).mean())


def difference(
    ours: Floats, theirs: Floats, rng: np.random.Generator, replicates: int = 2000
) -> tuple[float, float, float]:
    """Mean score difference by cell (negative: ours is better), with its 95 % interval.

    Whole countries are resampled (rows of the (R, G) scores): what happens to one country in all
    its sectors counts as one event (Cameron, Gelbach, Miller 2008, pairs cluster bootstrap).
    """
    gap = ours - theirs
    here = np.isfinite(gap).any(axis=1)
    total, count = np.nansum(gap[here], axis=1), np.isfinite(gap[here]).sum(axis=1)
    pick = rng.integers(0, len(total), (replicates, len(total)))
    means = total[pick].sum(axis=1) / count[pick].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(total.sum() / count.sum()), float(low), float(high)
