"""Distributions as frozen values, each with a vectorised quantile function ``ppf(u)``.

Every figure of a case is a low, a mode (most likely) and a high value; ``distribution(kind, low,
mode, high)`` turns the three into a distribution, and into a constant when low equals high.
Draws come from outside as points of the unit cube, so that one design serves every quantity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]

# z of the 95 % quantile of the standard normal: Φ⁻¹(0.95)
_Z95 = 1.6448536269514722


class Distribution(Protocol):
    """What every distribution can do."""

    def ppf(self, u: ArrayLike) -> F8:
        """Quantile function: value below which the share ``u`` of the probability lies."""
        ...

    def mean(self) -> float:
        """Return the expected value."""
        ...


def _unit(u: ArrayLike) -> F8:
    points = np.asarray(u, dtype=np.float64)
    if not np.all((points >= 0.0) & (points <= 1.0)):  # also catches NaN
        raise InputError("beliefs.not_unit")
    return points


def _finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise InputError("beliefs.not_finite", name=name, got=value)


def _ordered(low: float, mode: float, high: float) -> None:
    _finite(low=low, mode=mode, high=high)
    if not low <= mode <= high:
        raise InputError("beliefs.not_ordered", low=low, mode=mode, high=high)
    if low == high:
        raise InputError("beliefs.no_width", low=low)


@dataclass(frozen=True)
class Constant:
    """A value known (or taken) without a range: ``ppf(u) = value``."""

    value: float
    kind: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        _finite(value=self.value)

    def ppf(self, u: ArrayLike) -> F8:
        """Return ``value`` for every ``u``; shape of ``u``."""
        return np.full(_unit(u).shape, self.value)

    def mean(self) -> float:
        """Return the value itself."""
        return self.value


@dataclass(frozen=True)
class Uniform:
    """Every value from ``low`` to ``high`` alike: ``ppf(u) = low + u (high − low)``."""

    low: float
    high: float
    kind: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        _ordered(self.low, self.low, self.high)

    def ppf(self, u: ArrayLike) -> F8:
        """Return quantiles; shape of ``u``."""
        return np.asarray(self.low + _unit(u) * (self.high - self.low))

    def mean(self) -> float:
        """Return ``(low + high)/2``."""
        return (self.low + self.high) / 2.0


def triangular_ppf(u: ArrayLike, low: ArrayLike, mode: ArrayLike, high: ArrayLike) -> F8:
    """Quantiles of triangular distributions; the four broadcast, constant where low equals high."""
    u, low, mode, high = (np.asarray(v, dtype=np.float64) for v in (u, low, mode, high))
    width = high - low
    split = np.divide(mode - low, width, out=np.zeros_like(width), where=width > 0.0)
    rising = low + np.sqrt(u * width * (mode - low))
    falling = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.asarray(np.where(u < split, rising, falling))


@dataclass(frozen=True)
class Triangular:
    """Density rising straight from ``low`` to ``mode`` and falling straight to ``high``.

    With ``w = high − low`` and ``s = (mode − low)/w``:
    ``ppf(u) = low + √(u·w·(mode−low))`` for ``u < s``, ``high − √((1−u)·w·(high−mode))`` above.
    """

    low: float
    mode: float
    high: float
    kind: ClassVar[str] = "triangular"

    def __post_init__(self) -> None:
        _ordered(self.low, self.mode, self.high)

    def ppf(self, u: ArrayLike) -> F8:
        """Return quantiles; shape of ``u``."""
        return triangular_ppf(_unit(u), self.low, self.mode, self.high)

    def mean(self) -> float:
        """Return ``(low + mode + high)/3``."""
        return (self.low + self.mode + self.high) / 3.0


@dataclass(frozen=True)
class Pert:
    """Beta-PERT: a beta on ``[low, high]`` whose mean weighs the mode four times.

    ``X = low + w·B``, ``w = high − low``, ``B ~ Beta(1 + 4(mode−low)/w, 1 + 4(high−mode)/w)``,
    so ``E X = (low + 4·mode + high)/6``. Smooth, and lighter in the tails than the triangular.

    Source: Malcolm, Roseboom, Clark and Fazar (1959), *Application of a technique for research
    and development program evaluation*, Operations Research 7.
    """

    low: float
    mode: float
    high: float
    kind: ClassVar[str] = "pert"

    def __post_init__(self) -> None:
        _ordered(self.low, self.mode, self.high)

    def ppf(self, u: ArrayLike) -> F8:
        """Return quantiles (inverse of the regularised incomplete beta function)."""
        from scipy.special import betaincinv

        width = self.high - self.low
        a = 1.0 + 4.0 * (self.mode - self.low) / width
        b = 1.0 + 4.0 * (self.high - self.mode) / width
        return np.asarray(self.low + width * betaincinv(a, b, _unit(u)), dtype=np.float64)

    def mean(self) -> float:
        """Return ``(low + 4·mode + high)/6``."""
        return (self.low + 4.0 * self.mode + self.high) / 6.0


@dataclass(frozen=True)
class Lognormal:
    """Shifted lognormal: 5 % quantile at ``low``, median at ``mode``, 95 % at ``high``.

    ``X = mode + a·(exp(g·z) − 1)/g`` with ``z`` standard normal,
    ``g = ln((high−mode)/(mode−low))/z95`` and ``a = (high−mode)·g/(exp(g·z95) − 1)``;
    ``g → 0`` gives the normal. The tails reach beyond ``low`` and ``high``: one draw in ten does.

    Source: the *g* part of the g-and-h family, Hoaglin (1985), *Summarizing shape numerically*,
    in Exploring Data Tables, Trends, and Shapes.
    """

    low: float
    mode: float
    high: float
    kind: ClassVar[str] = "lognormal"

    def __post_init__(self) -> None:
        _ordered(self.low, self.mode, self.high)
        if not self.low < self.mode < self.high:
            raise InputError("beliefs.on_edge", low=self.low, mode=self.mode, high=self.high)

    def _shape(self) -> tuple[float, float]:
        g = math.log((self.high - self.mode) / (self.mode - self.low)) / _Z95
        if abs(g) < 1e-9:  # the limit: a normal
            return 0.0, (self.high - self.mode) / _Z95
        return g, (self.high - self.mode) * g / math.expm1(g * _Z95)

    def ppf(self, u: ArrayLike) -> F8:
        """Return quantiles; ``u`` of 0 or 1 gives the end of the support, which may be infinite."""
        from scipy.special import ndtri

        z = ndtri(_unit(u))
        g, a = self._shape()
        return np.asarray(self.mode + a * (z if g == 0.0 else np.expm1(g * z) / g))

    def mean(self) -> float:
        """Return ``mode + a·(exp(g²/2) − 1)/g``."""
        g, a = self._shape()
        return self.mode if g == 0.0 else self.mode + a * math.expm1(g * g / 2.0) / g


@dataclass(frozen=True)
class Bernoulli:
    """An event with odds ``p``: ``ppf(u) = 1`` where ``u > 1 − p``, else 0."""

    p: float
    kind: ClassVar[str] = "bernoulli"

    def __post_init__(self) -> None:
        if not 0.0 <= self.p <= 1.0:
            raise InputError("beliefs.not_probability", got=self.p)

    def ppf(self, u: ArrayLike) -> F8:
        """Return 0 or 1; shape of ``u``."""
        return (_unit(u) > 1.0 - self.p).astype(np.float64)

    def mean(self) -> float:
        """Return ``p``."""
        return self.p


_THREE: dict[str, type[Pert] | type[Triangular] | type[Lognormal]] = {
    k.kind: k for k in (Pert, Triangular, Lognormal)
}
KINDS: tuple[str, ...] = (*_THREE, Uniform.kind)


def distribution(kind: str, low: float, mode: float, high: float) -> Distribution:
    """Return the distribution of ``kind`` through three values, a constant where low equals high.

    Parameters
    ----------
    kind
        One of :data:`KINDS`; ``uniform`` leaves the mode out of account.
    low, mode, high
        ``low ≤ mode ≤ high``.

    Raises
    ------
    InputError
        For an unknown kind, values out of order or not finite.
    """
    if kind not in KINDS:
        raise InputError("beliefs.unknown_kind", kind=kind, known=", ".join(KINDS))
    _finite(low=low, mode=mode, high=high)
    if not low <= mode <= high:
        raise InputError("beliefs.not_ordered", low=low, mode=mode, high=high)
    if low == high:
        return Constant(mode)
    return Uniform(low, high) if kind == Uniform.kind else _THREE[kind](low, mode, high)
