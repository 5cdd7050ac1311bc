"""The life cycle of a segment: adoption, the number of firms, the margin, and its stage by year.

Everything here depends on time alone and is filled once for a set of draws (equation 7 of
docs/contest.md).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest.compiled import borrowed
from kachisuji.contest.symbols import (
    ADOPTION,
    ADOPTION_SPEED,
    BIRTH,
    ENTRY_SPEED,
    EPSILON,
    EXIT_SPEED,
    GROWTH,
    INNOVATION,
    KAPPA,
    MARGIN,
    MARGIN_EROSION,
    PRODUCTIVITY,
    REINVESTMENT,
    SATURATION_ADOPTION_EPSILON,
    SATURATION_ADOPTION_KAPPA,
    SATURATION_MARGIN,
)

if TYPE_CHECKING:
    from kachisuji.contest.model import ContestModel

# columns of a season: what depends on the year alone
EPSILON_T, KAPPA_T, MARGIN_T, FEWER, TREND, FIRMS_T, REINVEST_T = range(7)
N_SEASON = 7

STAGES = ("unborn", "emergence", "growth", "shakeout", "maturity")
TAKE_OFF, SATURATED = 0.16, 0.84
"""Adoption at which growth begins and ends: one standard deviation each side of the middle of the
adopters (Rogers 2003, Diffusion of Innovations, chapter 7: innovators and early adopters together
16 percent, laggards 16 percent)."""


@borrowed
def adoption(start, speed, innovation, t):
    """Adoption after ``t`` years from ``start`` (share of saturation), Bass with p and q.

    ``dF/dt = (p + qF)(1 − F)`` from F(0) = start: with ``u = (1 − F)/(p + qF)``,
    ``u(t) = u(0) e^{−(p+q)t}`` and ``F = (1 − pu)/(1 + qu)``. With p = 0 this is the logistic
    curve with speed q (Bass 1969, A new product growth model for consumer durables, equation 5).
    """
    u = (1.0 - start) / (innovation + speed * start)
    u *= math.exp(-(innovation + speed) * t)
    return (1.0 - innovation * u) / (1.0 + speed * u)


@borrowed
def fill_seasons(symbols, cross, market, season):
    """Fill what ripens or grows with time alone, (T1, N_SEASON); ``market`` (T1,) all buyers.

    ε rises and κ rises to at most one as adoption gains on the base year, the margin falls; labour
    per unit falls with productivity; spending grows with the common trend. The number of firms
    (base year 1) moves towards what rents can carry, ``n* = X̂·m̂·(1 − a)/(1 − a₀)``: entry while
    rents a firm exceed the cost of entry, exit after. Firms erode the margin by ``n^−erosion``.
    """
    start, firms = symbols[ADOPTION], 1.0
    for t in range(season.shape[0]):
        level = adoption(start, symbols[ADOPTION_SPEED], symbols[INNOVATION], t)
        ripe = level - start
        season[t, EPSILON_T] = symbols[EPSILON] * (1.0 + cross[SATURATION_ADOPTION_EPSILON] * ripe)
        kappa = symbols[KAPPA] * (1.0 + cross[SATURATION_ADOPTION_KAPPA] * ripe)
        season[t, KAPPA_T] = min(1.0, kappa)
        kept = (1.0 - cross[SATURATION_MARGIN] * ripe) * firms ** -symbols[MARGIN_EROSION]
        season[t, MARGIN_T] = symbols[MARGIN] * kept
        season[t, REINVEST_T] = max(0.0, kept) ** symbols[REINVESTMENT]
        season[t, FEWER] = (1.0 + symbols[PRODUCTIVITY]) ** (-t)
        season[t, TREND] = (1.0 + symbols[GROWTH]) ** t
        season[t, FIRMS_T] = firms
        size = market[t] / market[0] if market[0] > 0.0 else 1.0
        carried = size * kept * (1.0 - level) / (1.0 - start)
        firms += symbols[ENTRY_SPEED] * max(0.0, carried - firms)
        firms = max(0.01, firms - symbols[EXIT_SPEED] * max(0.0, firms - carried))


@borrowed
def seasons(symbols, cross, market, season):
    """Fill the seasons of every segment and future; ``market`` (S, F, T1) sizes summed."""
    for s in range(symbols.shape[0]):
        for f in range(symbols.shape[1]):
            fill_seasons(symbols[s, f], cross[f], market[s, f], season[s, f])


def stage_codes(level: NDArray[np.float64], firms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Stage by year, places in ``STAGES``, from adoption and the number of firms (…, T1).

    Emergence below the take-off and maturity beyond saturation; between them it is a shake-out
    once firms have begun to leave (they are fewer than a year before), else growth.
    """
    fewer = np.zeros(firms.shape, dtype=bool)
    fewer[..., 1:] = firms[..., 1:] < firms[..., :-1] * (1.0 - 1e-9)
    between = np.where(fewer, STAGES.index("shakeout"), STAGES.index("growth"))
    out = np.where(level < TAKE_OFF, STAGES.index("emergence"), between)
    return np.where(level > SATURATED, STAGES.index("maturity"), out).astype(np.int64)


def stages(model: ContestModel, draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of the futures in which each segment is in each stage by year, (S, T1, 5)."""
    world = model.prepare(draws)
    p = world.symbols[::2]
    years = np.arange(world.season.shape[2])
    start, speed, new = (p[:, :, j, None] for j in (ADOPTION, ADOPTION_SPEED, INNOVATION))
    u = (1.0 - start) / (new + speed * start) * np.exp(-(new + speed) * years)
    code = stage_codes((1.0 - new * u) / (1.0 + speed * u), world.season[..., FIRMS_T])
    for s in np.flatnonzero(world.unborn):
        opens = p[s, :, BIRTH, None]
        closed = world.first_year + years[None, :] - 1 < opens
        code[s] = np.where(closed, STAGES.index("unborn"), code[s])
    return np.stack([(code == k).mean(axis=1) for k in range(len(STAGES))], axis=2)
