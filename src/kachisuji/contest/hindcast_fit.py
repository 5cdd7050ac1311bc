"""Estimating share dynamics on the training years and running them ahead by simulation."""

# every model is begun and asked in the same way, whether it needs all it is given or not
# ruff: noqa: ARG002, ARG005

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from scipy.optimize import lsq_linear

from kachisuji.contest.hindcast_panel import FLOOR, Bools, Floats, Outlook, Panel
from kachisuji.contest.hindcast_terms import Level, Term, log
from kachisuji.contest.tipping import containment

FIRST = 1  # the first year has no history: changes are explained from the second on
REPLICATES = 100

Step = Callable[[Floats, int], Floats]
"""(shares (D, R, G) of year i, i) -> expected change of log shares to year i + 1."""


class Drift(Protocol):
    """An estimated model: residuals of the training years, and the way ahead."""

    @property
    def residual(self) -> Floats:
        """(T − 2, R, G) change less expected change, less the group's mean of the year."""
        ...

    def begin(self, past: Panel, outlook: Outlook, draws: int, rng: np.random.Generator) -> Step:
        """Begin to simulate after the last year of ``past``."""
        ...


class Model(Protocol):
    """Something that can be estimated: one competitor of the hindcast."""

    @property
    def name(self) -> str:
        """What it is called in the tables."""
        ...

    def fit(self, past: Panel, outlook: Outlook, train: Bools, rng: np.random.Generator) -> Drift:
        """Estimate on the cells in ``train`` (R, G) of the years in ``past``."""
        ...


# ---- least squares within (year, group) ---------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """Changes of log shares with their weights, group means of each year taken out."""

    change: Floats
    weight: Floats

    def within(self, values: Floats) -> Floats:
        """Less the weighted mean over regions: it would cancel when shares are made to add up."""
        total = np.maximum(self.weight.sum(axis=-2, keepdims=True), FLOOR)
        return np.asarray(values - (self.weight * values).sum(axis=-2, keepdims=True) / total)


def sample(past: Panel, train: Bools) -> Sample:
    """Gather the changes to explain; weights are one over the variance fitted to the share.

    ``ln e² = c0 + c1 ln S`` by least squares on unweighted residuals: small shares are noisier.
    """
    change = np.diff(log(past.share), axis=0)[FIRST:]
    flat = Sample(change, np.broadcast_to(train.astype(float), change.shape))
    scale = spread_of(flat.within(change), past.share[FIRST:-1], train)
    weight = np.where(train, scale(past.share[FIRST:-1]) ** -2, 0.0)
    raw = Sample(change, weight)
    return Sample(raw.within(change), weight)


def spread_of(residual: Floats, share: Floats, train: Bools) -> Callable[[Floats], Floats]:
    """Fit the standard deviation of a residual as a power of the share."""
    e, s = residual[:, train], log(share[:, train])
    rough = np.log(np.maximum(e**2, FLOOR))
    slope = float(np.cov(rough.ravel(), s.ravel())[0, 1] / max(float(s.var()), FLOOR))
    slope = float(np.clip(slope, -1.0, 0.0))
    # the level from the squares, not from their logarithms, whose mean lies lower
    level = float(np.mean(e**2 * np.exp(-slope * s)))

    def scale(at: Floats) -> Floats:
        return np.asarray(np.sqrt(level) * np.exp(0.5 * slope * log(at)))

    return scale


@dataclass(frozen=True)
class Linear:
    """A model whose expected change is a sum of terms.

    Parameters
    ----------
    name
        What it is called in the tables.
    slots
        For each term the forms to choose from (they differ in what is not linear); the choice
        with the least squares in the training years is kept.
    span
        Years over which a change is averaged in estimating. Exchange rates and prices that turn
        round within that time then count less; the residuals, and so the shocks, stay yearly.
    """

    name: str
    slots: tuple[tuple[Term, ...], ...] = ()
    span: int = 1

    def without(self, slot: str) -> Linear:
        """Return the model with one term left out."""
        kept = tuple(s for s in self.slots if s[0].slot != slot)
        return Linear(f"without {slot}", kept, self.span)

    def fit(
        self, past: Panel, outlook: Outlook, train: Bools, rng: np.random.Generator
    ) -> LinearDrift:
        """Estimate by weighted least squares with bounds, and again on resampled countries."""
        yearly = sample(past, train)
        if not self.slots:
            empty = np.zeros((REPLICATES, 0))
            return LinearDrift((), empty[0], empty, np.where(train, yearly.change, np.nan))
        seen = {t: history(t, past, outlook) for slot in self.slots for t in slot}
        data = averaged(yearly, self.span)
        values = {t: data.within(v[: len(data.change)]) for t, v in seen.items()}
        terms = min(product(*self.slots), key=lambda these: _loss(data, values, these))
        gram, moment, _ = normal(data, [values[t] for t in terms])
        coef = solve(gram.sum(axis=0), moment.sum(axis=0), terms)
        countries = np.flatnonzero(train.any(axis=1))
        again = rng.choice(countries, (REPLICATES, len(countries)))
        coefs = np.array([solve(gram[a].sum(axis=0), moment[a].sum(axis=0), terms) for a in again])
        fitted = sum(c * yearly.within(seen[t]) for c, t in zip(coef, terms, strict=True))
        return LinearDrift(terms, coef, coefs, np.where(train, yearly.change - fitted, np.nan))


def averaged(yearly: Sample, span: int) -> Sample:
    """Mean changes over ``span`` years from each year on, with the weights of the first."""
    years = max(len(yearly.change) - span + 1, 1)
    span = len(yearly.change) - years + 1
    change = sum(yearly.change[k : k + years] for k in range(span)) / span
    first = Sample(np.asarray(change), yearly.weight[:years])
    return Sample(first.within(first.change), first.weight)


def _loss(data: Sample, values: Mapping[Term, Floats], terms: Sequence[Term]) -> float:
    """Least part of the weighted sum of squares that these terms leave unexplained."""
    by_country = normal(data, [values[t] for t in terms])
    gram, moment = by_country[0].sum(axis=0), by_country[1].sum(axis=0)
    coef = solve(gram, moment, terms)
    loss = 1.0 + (coef @ gram @ coef - 2.0 * coef @ moment) / max(by_country[2], FLOOR)
    return round(float(loss), 10)  # forms that differ by round-off only are tied: the first is kept


def history(term: Term, past: Panel, outlook: Outlook) -> Floats:
    """(T − 2, R, G) the term's values for each change that is explained."""
    see = term.track(outlook)
    seen = [see(share[None], i)[0] for i, share in enumerate(past.share[:-1])]
    return np.stack(seen[FIRST:])


def normal(data: Sample, values: Sequence[Floats]) -> tuple[Floats, Floats, float]:
    """Return the normal equations by country: (R, k, k), (R, k), and the sum of squares."""
    v = np.stack(values, axis=-1)
    weighted = v * data.weight[..., None]
    gram = np.einsum("trgj,trgk->rjk", weighted, v, optimize=True)
    moment = np.einsum("trgk,trg->rk", weighted, data.change, optimize=True)
    return gram, moment, float((data.weight * data.change**2).sum())


def solve(gram: Floats, moment: Floats, terms: Sequence[Term]) -> Floats:
    """Minimise ``c'Gc − 2c'm`` inside the bounds of the terms."""
    values, vectors = np.linalg.eigh(gram)
    root = np.sqrt(np.maximum(values, 1e-12 * max(float(values[-1]), FLOOR)))
    design = root[:, None] * vectors.T
    target = (vectors.T @ moment) / root
    low, high = zip(*(t.bounds for t in terms), strict=True)
    return np.asarray(lsq_linear(design, target, (low, high), method="bvls").x)


@dataclass(frozen=True)
class LinearDrift:
    """Terms with their coefficients; ``coefs`` (B, k) are those of the resampled countries."""

    terms: tuple[Term, ...]
    coef: Floats
    coefs: Floats
    residual: Floats

    def begin(self, past: Panel, outlook: Outlook, draws: int, rng: np.random.Generator) -> Step:
        """Run the terms through the history, then ahead; each draw has its own coefficients."""
        trackers = [t.track(outlook) for t in self.terms]
        for i, share in enumerate(past.share[:-1]):
            for see in trackers:
                see(share[None], i)
        coefs = self.coefs[np.arange(draws) % len(self.coefs)]

        def step(share: Floats, i: int) -> Floats:
            total = np.zeros_like(share)
            for k, see in enumerate(trackers):
                total += coefs[:, k, None, None] * see(share, i)
            return total

        return step

    def tipping(self, share: Floats) -> Floats:
        """(1 + B, G) tipping number ``R = ε b ψ + α ι`` of each group; estimate first.

        The number of competitors in ψ is one over the Herfindahl index of ``share`` (R, G).
        """
        at = {t.slot: k for k, t in enumerate(self.terms)}
        coefs = np.vstack([self.coef, self.coefs])
        number = np.zeros((len(coefs), share.shape[1]))
        if "learning" in at:
            kappa = getattr(self.terms[at["learning"]], "kappa", 0.0)
            rivals = np.maximum(np.rint(1.0 / (share**2).sum(axis=0)), 1).astype(int)
            psi = np.array([float(containment(kappa, int(n))) for n in rivals])
            number += coefs[:, at["learning"], None] * psi
        if "reinvestment" in at:
            number += coefs[:, at["reinvestment"], None]
        return number


@dataclass(frozen=True)
class Effects:
    """Country effects on growth and sector effects on its dependence on size, both shrunk.

    A plain sector effect moves all competitors alike and cancels when shares add to one, so the
    sector's effect is on the slope of growth on the log share. Countries held out get a draw from
    the spread of the country effects, sectors held out the mean slope. The slope comes first and
    takes what of the country effects goes with size.
    """

    name: str = "country and sector effects"

    def fit(self, past: Panel, outlook: Outlook, train: Bools, rng: np.random.Generator) -> Drift:
        """Estimate by moments: an effect is shrunk by its sampling variance (Henderson 1953)."""
        data = sample(past, train)
        level = data.within(history(Level(), past, outlook))
        w = data.weight
        top = (w * level * data.change).sum(axis=(0, 1))
        base = (w * level**2).sum(axis=(0, 1))
        known = base > 0
        pooled = float(top.sum() / base.sum())
        slope, _ = _shrunk(np.where(known, top / np.maximum(base, FLOOR), pooled), base, pooled)
        rest = data.change - slope * level
        # a country's years and sectors move together: its effect is as sure as its spread by year
        by_year = (w * rest).sum(axis=2) / np.maximum(w.sum(axis=2), FLOOR)
        mean = by_year.mean(axis=0)
        sure = len(by_year) / np.maximum(by_year.var(axis=0, ddof=1), FLOOR)
        sure = np.where(train.any(axis=1), sure, 0.0)
        effect, spread = _shrunk(mean, sure, 0.0)
        residual = np.where(train, rest - effect[:, None], np.nan)
        return EffectsDrift(slope, effect, spread, residual)


def _shrunk(estimate: Floats, precision: Floats, centre: float) -> tuple[Floats, Floats]:
    """Posterior mean and standard deviation of effects around ``centre`` (precision 0: unknown)."""
    known = precision > 0
    noise = np.divide(1.0, precision, out=np.zeros_like(precision), where=known)
    var = float(((estimate[known] - centre) ** 2).mean() - noise[known].mean())
    var = max(var, 1e-8)
    keep = np.where(known, var / (var + noise), 0.0)
    return centre + keep * (estimate - centre), np.sqrt(var * (1.0 - keep))


@dataclass(frozen=True)
class EffectsDrift:
    """Country effects (R,) with their spread, and slopes (G,)."""

    slope: Floats
    effect: Floats
    spread: Floats
    residual: Floats

    def begin(self, past: Panel, outlook: Outlook, draws: int, rng: np.random.Generator) -> Step:
        """Draw the country effects once a draw."""
        effect = self.effect + self.spread * rng.standard_normal((draws, len(self.effect)))
        return lambda share, i: effect[:, :, None] + self.slope * log(share)


# ---- running ahead ------------------------------------------------------------------------


def simulate(
    past: Panel,
    outlook: Outlook,
    drift: Drift,
    train: Bools,
    horizon: int,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """(D, H, R, G) shares of the years after ``past``, adding to one over regions.

    Notes
    -----
    Shocks are lent: in each draw every country gets a *donor* among the trained countries and
    follows the donor's standardised residuals of all groups through consecutive years, from a
    random year and round to those before it. So shocks keep their tails, what sectors of a country
    share, and what stays from year to year (block bootstrap; Künsch 1989). They are scaled to the
    share's own noise. Groups that were not trained borrow from one that was.
    """
    scale = spread_of(drift.residual, past.share[FIRST:-1], train)
    lent = _lent(drift.residual, past, train, scale, horizon, draws, rng)
    noise = np.where(past.alive, scale(past.share[-1]), 0.0)
    step = drift.begin(past, outlook, draws, rng)
    share = np.broadcast_to(past.share[-1], (draws, *past.share[-1].shape)).copy()
    paths = np.empty((draws, horizon, *share.shape[1:]))
    first = len(past.years) - 1
    for h in range(horizon):
        push = np.where(past.alive, step(share, first + h), 0.0) + noise * lent(h)
        share = share * np.exp(np.clip(push, -5.0, 5.0))
        share /= share.sum(axis=1, keepdims=True)
        paths[:, h] = share
    return paths


def _lent(
    residual: Floats,
    past: Panel,
    train: Bools,
    scale: Callable[[Floats], Floats],
    horizon: int,
    draws: int,
    rng: np.random.Generator,
) -> Callable[[int], Floats]:
    """Return the donors' standardised residuals of step h, (D, R, G)."""
    z = residual / scale(past.share[FIRST:-1])
    z = z - np.nanmean(z)
    pool = z[np.isfinite(z)]
    z = np.where(np.isfinite(z), z, rng.choice(pool, z.shape))
    years, regions, groups = z.shape
    countries, sectors = np.flatnonzero(train.any(axis=1)), np.flatnonzero(train.any(axis=0))
    # a donor whose years are used up hands over: a year lent twice would widen the bands
    donor = rng.choice(countries, (-(-horizon // years), draws, regions))
    start = rng.integers(0, years, (draws, regions))
    lender = np.where(train.any(axis=0), np.arange(groups), rng.choice(sectors, (draws, groups)))

    def at(h: int) -> Floats:
        year = (start + h) % years
        return np.asarray(z[year[:, :, None], donor[h // years][:, :, None], lender[:, None, :]])

    return at
