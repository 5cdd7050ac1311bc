"""A hindcast of share dynamics: estimate on early years, restart, compare with what came.

The tables hold no spending, no instruments and no partners, so this tests only how shares move by
themselves in the contest: persistence, learning with leakage, reinvestment and the home market.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kachisuji.contest.hindcast_fit import (
    Drift,
    Effects,
    Linear,
    LinearDrift,
    Model,
    sample,
    simulate,
)
from kachisuji.contest.hindcast_panel import Bools, Floats, Outlook, Panel, extend, panel_from
from kachisuji.contest.hindcast_scores import BANDS, Scores, crps, difference
from kachisuji.contest.hindcast_terms import (
    Fading,
    GdpGrowth,
    HomeGrowth,
    HomeSize,
    Learning,
    Level,
    Reinvestment,
    Trend,
)
from kachisuji.words import InputError

__all__ = [
    "BANDS",
    "BASELINES",
    "CONTEST",
    "HELD_OUT",
    "Drift",
    "Effects",
    "Fold",
    "Linear",
    "LinearDrift",
    "Model",
    "Panel",
    "Scores",
    "Shrunk",
    "ablations",
    "crps",
    "difference",
    "folds",
    "forecast",
    "hindcast",
    "panel_from",
    "simulate",
]

KAPPAS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)
SPEEDS = (0.1, 0.2, 0.35, 0.6, 1.0)
BETAS = (0.2, 0.35, 0.5, 0.75, 1.0)

CONTEST = Linear(
    "contest",
    (
        tuple(Learning(k) for k in KAPPAS),
        tuple(Reinvestment(d) for d in SPEEDS),
        (Fading(),),
        (HomeGrowth(),),
        (HomeSize(),),
    ),
    span=3,
)
"""The contest in reduced form: every term of docs/hindcast.md. The span did best of 1, 2 and 3 in
restarts of 1999 to 2001 that ended in 2003; the baselines hardly depend on it and keep 1."""

BASELINES: tuple[Model, ...] = (
    Linear("no change"),
    Linear("logit AR(1)", ((Level(),),)),
    Linear("damped trend", (tuple(Trend(b) for b in BETAS),)),
    Linear("GDP growth only", ((GdpGrowth(),),)),
    Effects(),
)
"""What the contest has to beat; gradient-boosted trees join in benchmarks/hindcast.py."""

HELD_OUT = ("nothing", "countries", "sectors")
MIN_YEARS = 4  # to explain two changes after the first


def ablations() -> tuple[Linear, ...]:
    """Return the contest with each term left out, and with no leakage."""
    closed = Linear("without leakage", ((Learning(0.0),), *CONTEST.slots[1:]), CONTEST.span)
    return (*(CONTEST.without(s[0].slot) for s in CONTEST.slots), closed)


@dataclass(frozen=True)
class Shrunk:
    """A linear model whose coefficients are all cut by one factor, chosen on the training years.

    The factor is the one with the least mean CRPS in a hindcast inside the training years that
    restarts ``back`` years before their end; zero gives back no change.
    """

    model: Linear
    factors: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    back: int = 4
    draws: int = 100

    @property
    def name(self) -> str:
        """What it is called in the tables."""
        return f"{self.model.name}, shrunk"

    def fit(
        self, past: Panel, outlook: Outlook, train: Bools, rng: np.random.Generator
    ) -> LinearDrift:
        """Choose the factor, then estimate on all training years."""
        seed = int(rng.integers(2**31))
        inner = past.until(past.years[-1] - self.back)
        seen = past.share[-self.back :][:, train]
        ahead = extend(inner, train, self.back)
        whole = self.model.fit(inner, ahead, train, np.random.default_rng(seed))
        losses = []
        for factor in self.factors:
            drift = self._cut(whole, inner, train, factor)
            run_rng = np.random.default_rng(seed)  # the same shocks for each factor
            paths = simulate(inner, ahead, drift, train, self.back, self.draws, run_rng)
            losses.append(float(crps(paths[:, :, train], seen).mean()))
        factor = self.factors[int(np.argmin(losses))]
        return self._cut(self.model.fit(past, outlook, train, rng), past, train, factor)

    def _cut(self, drift: LinearDrift, past: Panel, train: Bools, factor: float) -> LinearDrift:
        change = sample(past, train).change
        return replace(
            drift,
            coef=factor * drift.coef,
            coefs=factor * drift.coefs,
            residual=(1.0 - factor) * change + factor * drift.residual,
        )


@dataclass(frozen=True)
class Fold:
    """Cells to estimate on and cells to score, both (R, G)."""

    train: Bools
    test: Bools


def folds(panel: Panel, held_out: str, parts: int = 6, seed: int = 0) -> list[Fold]:
    """Split the cells so that whole countries or whole sectors are never seen in estimating.

    Parameters
    ----------
    panel
        What is known at the start; cells that are not alive are neither trained nor scored.
    held_out
        ``"nothing"``: one fold, trained and scored on the same cells (in different years);
        ``"countries"`` or ``"sectors"``: that many ``parts``, dealt at random.

    Raises
    ------
    InputError
        If ``held_out`` is none of these, or there are fewer countries or sectors than parts.
    """
    alive = panel.alive
    if held_out == "nothing":
        return [Fold(alive, alive)]
    if held_out not in HELD_OUT:
        raise InputError("contest.hindcast_held_out", got=held_out, known=", ".join(HELD_OUT))
    labels = np.array(panel.regions if held_out == "countries" else panel.sectors)
    names = np.unique(labels)
    if not 2 <= parts <= len(names):
        raise InputError("contest.hindcast_parts", got=parts, have=len(names))
    deal = dict(zip(np.random.default_rng(seed).permutation(names), _round(parts), strict=False))
    number = np.array([deal[name] for name in labels])
    out = []
    for part in range(parts):
        here = (number == part)[:, None] if held_out == "countries" else (number == part)[None, :]
        out.append(Fold(alive & ~here, alive & here))
    return out


def _round(parts: int) -> Iterator[int]:
    """0, 1, … parts − 1, 0, 1, … without end."""
    while True:
        yield from range(parts)


def forecast(
    past: Panel, model: Model, train: Bools, horizon: int, draws: int = 400, seed: int = 0
) -> tuple[Floats, Drift]:
    """Estimate on ``past`` and simulate ``horizon`` years ahead: (D, H, R, G) shares, the fit.

    Only ``past`` is given: nothing after its last year can be used.
    """
    if len(past.years) < MIN_YEARS:
        raise InputError("contest.hindcast_years", got=len(past.years), want=MIN_YEARS)
    ahead = extend(past, train, horizon)
    fit_rng, run_rng = np.random.default_rng(seed).spawn(2)
    drift = model.fit(past, ahead, train, fit_rng)
    return simulate(past, ahead, drift, train, horizon, draws, run_rng), drift


def hindcast(
    panel: Panel,
    models: Sequence[Model],
    *,
    start: int,
    held_out: str = "nothing",
    parts: int = 6,
    draws: int = 400,
    seed: int = 0,
    scored: Sequence[str] | None = None,
) -> dict[str, Scores]:
    """Run every model from ``start`` to the last year and score it by cell.

    Parameters
    ----------
    panel
        All years; each model is given ``panel.until(start)``.
    models
        Anything with ``name`` and ``fit`` (see :class:`Model`).
    held_out, parts, seed
        See :func:`folds`. All models draw from the same seed, so that their differences are less
        noisy than the scores.
    scored
        Regions whose forecasts are scored; all when not given (the rest of the world competes
        but is no country).

    Returns
    -------
    dict of str to Scores
        By model name, in the order given.
    """
    past = panel.until(start)
    first = panel.number(start) + 1
    horizon = len(panel.years) - first
    if horizon < 1:
        raise InputError(
            "contest.hindcast_year", got=start, first=panel.years[0], last=panel.years[-2]
        )
    wanted = np.isin(panel.regions, panel.regions if scored is None else list(scored))
    result = {m.name: Scores(past.share.shape[1:]) for m in models}
    for number, fold in enumerate(folds(past, held_out, parts, seed)):
        cells = fold.test & wanted[:, None]
        if not cells.any():
            continue
        for model in models:
            paths, _ = forecast(past, model, fold.train, horizon, draws, seed + number)
            result[model.name].add(paths, past.share[-1], panel.share[first:], cells)
    return result
