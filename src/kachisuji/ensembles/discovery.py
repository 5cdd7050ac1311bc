"""Scenario discovery: in which part of the futures something happens, in few plain conditions.

PRIM (patient rule induction) peels a box around the cases of interest a little at a time; CART
cuts the futures by a tree. Both are written from the papers: Friedman and Fisher (1999), *Bump
hunting in high-dimensional data*, Statistics and Computing 9; Bryant and Lempert (2010), *Thinking
inside the box*, Technological Forecasting and Social Change 77 (quasi-p values); Breiman, Friedman,
Olshen and Stone (1984), *Classification and Regression Trees*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.ensembles.designs import numbers, whole_number
from kachisuji.words import InputError, Lang, number, say

F8 = NDArray[np.float64]
B1 = NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """A box in the space of the quantities.

    Attributes
    ----------
    names
        Of the quantities.
    limits
        (D, 2) lowest and highest value inside.
    whole
        (D, 2) the same for all futures.
    count, cases
        Futures inside, and how many of them are of interest.
    coverage, density, mass
        Share of all cases of interest that are inside (NaN for a measure that may be negative);
        share of the inside that is of interest; share of all futures that are inside.
    quasi_p
        (D, 2) odds of so high a density by chance if this one condition were dropped (one-sided
        binomial test; NaN where there is no condition).
    """

    names: tuple[str, ...]
    limits: F8
    whole: F8
    count: int
    cases: float
    coverage: float
    density: float
    mass: float
    quasi_p: F8

    @property
    def restricted(self) -> tuple[str, ...]:
        """Quantities with a condition."""
        some = (self.limits != self.whole).any(axis=1)
        return tuple(n for n, s in zip(self.names, some, strict=True) if s)

    def inside(self, x: ArrayLike) -> B1:
        """(F,) whether each row of ``x`` lies in the box."""
        return _inside(numbers("x", x), self.limits)

    def sentence(self, lang: Lang = "en", digits: int = 3) -> str:
        """Return the conditions in words: ``A is above 3 and B below 0.4``."""
        parts = []
        for name, (low, high), (least, most) in zip(
            self.names, self.limits, self.whole, strict=True
        ):
            kind = {(True, False): "above", (False, True): "below", (True, True): "between"}.get(
                (bool(low > least), bool(high < most))
            )
            if kind:
                told = {"low": number(float(low), lang, digits),
                        "high": number(float(high), lang, digits)}  # fmt: skip
                parts.append(say(f"ensembles.box_{kind}", lang, name=name, **told))
        if not parts:
            return say("ensembles.box_whole", lang)
        return say("ensembles.box_and", lang).join(parts)


@dataclass(frozen=True)
class Prim:
    """One run of PRIM: the boxes of the peeling trajectory, the last after pasting."""

    trajectory: tuple[Box, ...]

    @property
    def box(self) -> Box:
        """The last box."""
        return self.trajectory[-1]

    def within(self, conditions: int) -> Box:
        """Return the densest box of the trajectory with at most so many restricted quantities."""
        return max(
            (b for b in self.trajectory if len(b.restricted) <= conditions),
            key=lambda b: (b.density, b.coverage),
        )


def _inside(x: F8, limits: F8) -> B1:
    return np.asarray(((x >= limits[:, 0]) & (x <= limits[:, 1])).all(axis=1))


def _checked(x: ArrayLike, y: ArrayLike, names: Sequence[str] | None) -> tuple[F8, F8, list[str]]:
    points, values = numbers("x", x), numbers("y", y)
    if points.ndim != 2 or not points.shape[0] or values.shape != points.shape[:1]:
        raise InputError("ensembles.discovery_shape", x=points.shape, y=values.shape)
    if not (np.isfinite(points).all() and np.isfinite(values).all()):
        raise InputError("ensembles.discovery_holes")
    if not values.any():
        raise InputError("ensembles.no_cases")
    if names is None:  # a table of pandas knows its own
        names = [str(n) for n in getattr(x, "columns", [f"x{j}" for j in range(points.shape[1])])]
    labels = list(names)
    if len(labels) != points.shape[1]:
        raise InputError("ensembles.discovery_shape", x=points.shape, y=(len(labels),))
    if len(set(labels)) < len(labels):
        raise InputError("ensembles.bad_names", names=", ".join(map(str, labels)))
    return points, values, labels


def _share(name: str, share: float) -> None:
    if not 0.0 < share < 0.5:
        raise InputError("ensembles.bad_share", name=name, got=share)


def between(ordered: F8, share: float) -> float:
    """Cut of sorted values at ``share``: half-way to the next different value, tails inwards."""
    place = (ordered.size - 1) * share
    below, above = int(np.floor(place)), int(np.ceil(place))
    if ordered[below] == ordered[above]:
        if share > 0.5:
            below = max(0, int(np.searchsorted(ordered, ordered[above], "left")) - 1)
        else:
            after = int(np.searchsorted(ordered, ordered[below], "right"))
            above = min(ordered.size - 1, after)
    return float((ordered[below] + ordered[above]) / 2.0)


def _rise(old_mean: float, old: int, new_mean: float, new: int) -> float:
    """Rise of the mean for each case that comes or goes."""
    return (new_mean - old_mean) / abs(old - new) if old != new else 0.0


class _Peeler:
    """The state of one run."""

    def __init__(self, x: F8, y: F8, remaining: B1, peel: float, paste: float, mass: float) -> None:
        self.x, self.y, self.remaining = x, y, remaining
        self.peel_share, self.paste_share, self.least = peel, paste, mass
        self.whole = np.column_stack([x.min(axis=0), x.max(axis=0)])
        self.limits = self.whole.copy()
        self.rows = np.flatnonzero(remaining)
        self.orders = list(np.argsort(x, axis=0, kind="stable").T)

    def _best(self, found: list[tuple[float, int, F8, NDArray[np.int64]]]) -> int:
        """First of the candidates with the largest gain, then the fewest conditions."""
        return max(range(len(found)), key=lambda i: (found[i][0], found[i][1], -i))

    def _free(self, limits: F8) -> int:
        return int((limits == self.whole).all(axis=1).sum())

    def peel(self) -> bool:
        """Take off the best thin slice; whether one was worth it."""
        # orders of all rows by each quantity, thinned to those inside: never sorted again
        inside = np.zeros(self.y.size, dtype=np.bool_)
        inside[self.rows] = True
        size, total = self.rows.size, float(self.y[self.rows].sum())
        mean = total / size
        self.orders = [order[inside[order]] for order in self.orders]
        found = []
        for j, order in enumerate(self.orders):
            ordered, sums = self.x[order, j], np.cumsum(self.y[order])
            for side, share in ((1, 1.0 - self.peel_share), (0, self.peel_share)):
                cut = between(ordered, share)
                at = int(np.searchsorted(ordered, cut, "right" if side else "left"))
                kept = at if side else size - at
                inner = float(sums[at - 1]) if at else 0.0
                inner = inner if side else total - inner
                limits = self.limits.copy()
                limits[j, side] = cut
                gain = _rise(mean, size, inner / kept if kept else 0.0, kept)
                found.append((gain, self._free(limits), limits, order[:at] if side else order[at:]))
        gain, _, limits, rows = found[self._best(found)]
        if gain <= 0 or rows.size == size or rows.size < self.least * self.x.shape[0]:
            return False
        self.limits, self.rows = limits, np.sort(rows)
        return True

    def paste(self) -> bool:
        """Put the best thin slice back; whether one was worth it."""
        y = self.y[self.rows]
        mean, found = float(y.mean()), []
        for j in np.flatnonzero((self.limits != self.whole).any(axis=1)):
            for side in (0, 1):
                limits = self._widened(int(j), side)
                rows = np.flatnonzero(self.remaining & _inside(self.x, limits))
                gain = _rise(mean, y.size, float(self.y[rows].mean()), rows.size)
                found.append((gain, self._free(limits), limits, rows))
        if not found:
            return False
        gain, _, limits, rows = found[self._best(found)]
        if gain <= 0 or rows.size <= self.rows.size or float(self.y[rows].mean()) <= mean:
            return False
        self.limits, self.rows = limits, rows
        return True

    def _widened(self, j: int, side: int) -> F8:
        """Limits with one side moved out over the nearest share of what lies beyond it."""
        beyond = self.limits.copy()
        beyond[j] = (self.whole[j, 0], self.limits[j, 0]) if side == 0 else (
            self.limits[j, 1], self.whole[j, 1])  # fmt: skip
        values = np.sort(self.x[self.remaining & _inside(self.x, beyond), j])
        share = 1.0 - self.paste_share if side == 0 else self.paste_share
        limits = self.limits.copy()
        limits[j, side] = between(values, share) if values.size else self.whole[j, side]
        return limits

    def box(self, names: Sequence[str]) -> Box:
        """Describe the present box."""
        cases, count, total = float(self.y[self.rows].sum()), self.rows.size, float(self.y.sum())
        coverage = cases / total if (self.y >= 0).all() else float("nan")
        found = Box(
            tuple(names), self.limits.copy(), self.whole, count, cases, coverage,
            cases / count, count / self.x.shape[0], np.full((len(names), 2), np.nan),
        )  # fmt: skip
        return replace(found, quasi_p=self._quasi_p(cases, count))

    def _quasi_p(self, cases: float, count: int) -> F8:
        from scipy.stats import binom

        out = np.full(self.limits.shape, np.nan)
        if not np.isin(self.y, (0.0, 1.0)).all():
            return out
        broken = np.stack([self.x < self.limits[:, 0], self.x > self.limits[:, 1]], axis=2)
        count_broken = broken.sum(axis=(1, 2))
        near = self.remaining & (count_broken <= 1)
        broken, count_broken, y = broken[near], count_broken[near], self.y[near]
        for j, side in np.argwhere(self.limits != self.whole):
            inside = count_broken == broken[:, j, side]
            out[j, side] = binom.sf(cases - 1, count, y[inside].mean())
        return out


def prim(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str] | None = None,
    *,
    peel: float = 0.05,
    paste: float = 0.05,
    mass: float = 0.05,
    without: Sequence[Box] = (),
) -> Prim:
    """Peel a box around the cases of interest.

    Each step cuts off, from one side of one quantity, the share ``peel`` of what is inside, where
    the mean rises most for each case lost (of equal ones, the fewest conditions); it stops when
    nothing rises or less than ``mass`` of all futures would be left. Then slices are put back while
    that raises the mean.

    Parameters
    ----------
    x
        (F, D) quantities.
    y
        (F,) 1 for a case of interest, else 0; or a measure whose mean is to be high.
    names
        Of the quantities.
    peel, paste
        Share of the inside cut off, or of what lies beyond a side put back, in one step.
    mass
        Least share of all futures in a box.
    without
        Boxes found before, whose futures are left out (covering).

    Returns
    -------
    Prim
        The trajectory; its first box is the whole.

    Raises
    ------
    InputError
        If shapes differ, values are missing, or there is no case of interest.
    """
    points, values, labels = _checked(x, y, names)
    for name, share in (("peel", peel), ("paste", paste), ("mass", mass)):
        _share(name, share)
    remaining = np.ones(values.size, dtype=np.bool_)
    for box in without:
        remaining &= ~box.inside(points)
    if not values[remaining].any():
        raise InputError("ensembles.no_cases")
    state = _Peeler(points, values, remaining, peel, paste, mass)
    boxes = [state.box(labels)]
    while state.peel():
        boxes.append(state.box(labels))
    while state.paste():
        boxes.append(state.box(labels))
    return Prim(tuple(boxes))


def cart(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str] | None = None,
    *,
    mass: float = 0.05,
    depth: int = 20,
) -> list[Box]:
    """Cut the futures by a tree and return its leaves, densest first.

    Each cut is the one that lowers the squared error of the mean most (for 0 and 1 that is Gini's
    impurity), half-way between two neighbouring values, with at least ``mass`` of all futures on
    either side.

    Parameters
    ----------
    x, y, names
        As in ``prim``.
    mass
        Least share of all futures in a leaf.
    depth
        Most cuts on the way to a leaf.

    Returns
    -------
    list of Box
        Every future is in one leaf: lower limits are exclusive where a cut was made. No quasi-p.

    Raises
    ------
    InputError
        As ``prim``, or if ``depth`` is no whole number of at least one.
    """
    points, values, labels = _checked(x, y, names)
    _share("mass", mass)
    if not whole_number(depth, 1):
        raise InputError("ensembles.bad_setting", name="depth", got=depth, least=1)
    whole = np.column_stack([points.min(axis=0), points.max(axis=0)])
    least = max(1, int(mass * values.size))
    leaves: list[tuple[F8, NDArray[np.int64]]] = []

    def grow(rows: NDArray[np.int64], limits: F8, left: int) -> None:
        cut = _best_cut(points[rows], values[rows], least) if left else None
        if cut is None:
            leaves.append((limits, rows))
            return
        j, at = cut
        below, above = limits.copy(), limits.copy()
        below[j, 1] = above[j, 0] = at
        grow(rows[points[rows, j] <= at], below, left - 1)
        grow(rows[points[rows, j] > at], above, left - 1)

    grow(np.arange(values.size), whole, depth)
    total = float(values.sum())
    boxes = []
    for limits, rows in leaves:
        cases = float(values[rows].sum())
        boxes.append(
            Box(tuple(labels), limits, whole, rows.size, cases, cases / total, cases / rows.size,
                rows.size / values.size, np.full(limits.shape, np.nan))
        )  # fmt: skip
    return sorted(boxes, key=lambda b: (-b.density, -b.coverage))


def _best_cut(x: F8, y: F8, least: int) -> tuple[int, float] | None:
    """Return (quantity, value) of the cut that lowers the squared error most; None if none does."""
    n = y.size
    if n < 2 * least or (y == y[0]).all():
        return None
    order = np.argsort(x, axis=0, kind="stable")
    ordered = np.take_along_axis(x, order, axis=0)
    below = np.cumsum(y[order], axis=0)[:-1]
    count = np.arange(1, n, dtype=np.float64)[:, None]
    total = float(y.sum())
    # squared error falls by the rise of Σ (sum²/count) over the two sides
    score = below**2 / count + (total - below) ** 2 / (n - count)
    score[(ordered[1:] == ordered[:-1]) | (count < least) | (n - count < least)] = -np.inf
    i, j = np.unravel_index(int(np.argmax(score)), score.shape)
    if score[i, j] <= total**2 / n * (1 + 1e-12) + 1e-12:
        return None
    return int(j), float((ordered[i, j] + ordered[i + 1, j]) / 2.0)
