"""The terms of share dynamics: each follows the shares year by year and says what they push.

A term is told the shares of year ``i`` and returns its value for the change of log shares from
``i`` to ``i + 1``, with the state it needs kept inside. The same code reads history (one draw) and
runs ahead (many draws), so what is estimated is what is simulated.
"""

# every term is asked in the same way, whether it needs the year and the outlook or not
# ruff: noqa: ARG001, ARG002, ARG005

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from kachisuji.contest.hindcast_panel import FLOOR, Floats, Outlook

Tracker = Callable[[Floats, int], Floats]
"""(shares (D, R, G) of year i, i) -> values (D, R, G) for the change to year i + 1."""


class Term(Protocol):
    """One term: its name, the bounds of its coefficient, and how it follows the shares."""

    slot: ClassVar[str]
    bounds: ClassVar[tuple[float, float]]

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""
        ...


def log(share: Floats) -> Floats:
    """Logarithm of a share, held above the floor."""
    return np.asarray(np.log(np.maximum(share, FLOOR)))


@dataclass(frozen=True)
class Learning:
    """Wright's law with leakage: ``Δ ln Qeff``, ``Qeff_r = Q_r + κ Σ_{q≠r} Q_q``.

    ``Q`` cumulates sales; in the first year it is ``experience`` years of that year's sales. The
    coefficient is ``ε b`` of the contest (docs/contest.md, 2), at most 3: an elasticity of 8 with a
    learning rate of 23 %, the upper end of what is published for both at once.
    """

    slot: ClassVar[str] = "learning"
    bounds: ClassVar[tuple[float, float]] = (0.0, 3.0)
    kappa: float = 0.0
    experience: float = 10.0

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""
        stock: Floats | None = None

        def effective(q: Floats) -> Floats:
            return (1.0 - self.kappa) * q + self.kappa * q.sum(axis=-2, keepdims=True)

        def see(share: Floats, i: int) -> Floats:
            nonlocal stock
            sold = np.maximum(share, FLOOR) * outlook.world[i]
            if stock is None:
                stock = self.experience * sold
                return np.zeros_like(share)
            before, stock = stock, stock + sold
            return np.asarray(np.log(effective(stock) / effective(before)))

        return see


@dataclass(frozen=True)
class Reinvestment:
    """Capability built from revenue: ``Δ ln K``, ``K[t] = (1 − d) K[t−1] + d S[t]``.

    ``d = (δ + g)/(1 + g)``; the coefficient is ``α ι`` (docs/contest.md, 4). An installed base ν
    that looks back one year is the case d = 1: the tables cannot tell the two apart. At most 1:
    capability in proportion to revenue, share in proportion to capability.
    """

    slot: ClassVar[str] = "reinvestment"
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    speed: float = 0.2

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""
        stock: Floats | None = None

        def see(share: Floats, i: int) -> Floats:
            nonlocal stock
            now = np.maximum(share, FLOOR)
            if stock is None:
                stock = now
                return np.zeros_like(share)
            before, stock = stock, (1.0 - self.speed) * stock + self.speed * now
            return np.asarray(np.log(stock / before))

        return see


@dataclass(frozen=True)
class Fading:
    """A burst that fades: the lead of the log share over its own mean so far.

    The coefficient is minus the part of a passing advantage lost in a year.
    """

    slot: ClassVar[str] = "fading"
    bounds: ClassVar[tuple[float, float]] = (-1.0, 0.0)

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""
        mean: Floats | None = None

        def see(share: Floats, i: int) -> Floats:
            nonlocal mean
            now = log(share)
            mean = now if mean is None else mean + (now - mean) / (i + 1)
            return np.asarray(now - mean)

        return see


@dataclass(frozen=True)
class HomeGrowth:
    """Growth of the home market relative to the world's, times the part of output sold there."""

    slot: ClassVar[str] = "home growth"
    bounds: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""

        def see(share: Floats, i: int) -> Floats:
            value = outlook.home_growth[i] * outlook.home_part[i]
            return np.broadcast_to(value, share.shape)

        return see


@dataclass(frozen=True)
class HomeSize:
    """Pull of a home market larger than the share: ``ln(home) − ln(S)`` (Krugman 1980, III)."""

    slot: ClassVar[str] = "home size"
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""

        def see(share: Floats, i: int) -> Floats:
            return np.asarray(log(outlook.home[i]) - log(share))

        return see


@dataclass(frozen=True)
class Level:
    """Log share itself: with a coefficient ρ − 1, a first-order autoregression."""

    slot: ClassVar[str] = "level"
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""
        return lambda share, i: log(share)


@dataclass(frozen=True)
class Trend:
    """Smoothed past growth ``b[t] = (1 − β) b[t−1] + β Δ ln S[t]`` (Gardner, McKenzie 1985).

    The coefficient is the damping of the trend.
    """

    slot: ClassVar[str] = "trend"
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    beta: float = 0.5

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""
        before: Floats | None = None
        trend: Floats | None = None

        def see(share: Floats, i: int) -> Floats:
            nonlocal before, trend
            now = log(share)
            if before is None:
                before = now
                return np.zeros_like(share)
            change, before = now - before, now
            trend = change if trend is None else trend + self.beta * (change - trend)
            return np.asarray(trend)

        return see


@dataclass(frozen=True)
class GdpGrowth:
    """Trailing growth of the region's part of world GDP, as known in the start year."""

    slot: ClassVar[str] = "gdp growth"
    bounds: ClassVar[tuple[float, float]] = (-np.inf, np.inf)

    def track(self, outlook: Outlook) -> Tracker:
        """Begin to follow the shares from the first year."""

        def see(share: Floats, i: int) -> Floats:
            return np.broadcast_to(outlook.gdp_growth[i][:, None], share.shape)

        return see
