"""Designs: which futures are played. Every design is a matrix of points in the unit cube."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]

# places of the tasks on the one seed path: a new task takes the next number, none is used twice
SEED_PATH = {"design": 0, "halves": 1, "resamples": 2, "search": 3, "sensitivity": 4, "events": 5}


def generator(seed: int, task: str, *place: int) -> np.random.Generator:
    """Return the generator of one task on the one seed path.

    ``SeedSequence(seed, spawn_key=(task, *place))``: the stream depends on the seed and on what it
    is for, never on who asks first or on how many workers there are. Zero is a seed.

    Parameters
    ----------
    seed
        Non-negative integer.
    task
        A key of ``SEED_PATH``.
    place
        Further numbers that tell apart the parts of a task (which resample, which repetition).

    Raises
    ------
    InputError
        If the seed is not a non-negative integer.
    """
    return np.random.default_rng(
        np.random.SeedSequence(_seed(seed), spawn_key=(SEED_PATH[task], *place))
    )


def _seed(seed: Any) -> int:
    if not whole_number(seed, 0):
        raise InputError("ensembles.bad_seed", got=repr(seed))
    return int(seed)


def _size(n: Any, d: Any) -> None:
    if not (whole_number(n, 1) and whole_number(d, 0)):
        raise InputError("ensembles.bad_size", n=n, d=d)


def whole_number(value: Any, least: int) -> bool:
    """Whether it is an integer (``True`` is none) of at least so much."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and int(value) >= least


def latin_hypercube(n: int, d: int, seed: int) -> F8:
    """Return a Latin hypercube: one point in each of ``n`` equal slices of every quantity.

    ``u[i, j] = (π_j(i) + v[i, j]) / n`` with independent random permutations ``π_j`` and uniform
    ``v``. Source: McKay, Beckman and Conover (1979), *A comparison of three methods for selecting
    values of input variables*, Technometrics 21.

    Parameters
    ----------
    n
        Futures, at least one.
    d
        Uncertain quantities.
    seed
        Non-negative integer; the same seed gives the same bits.

    Returns
    -------
    ndarray
        (n, d), each value in [0, 1).

    Raises
    ------
    InputError
        If the size or the seed is not sensible.
    """
    _size(n, d)
    rng = generator(seed, "design", 0)
    slices = rng.permuted(np.tile(np.arange(n, dtype=np.float64)[:, None], (1, d)), axis=0)
    return np.minimum((slices + rng.random((n, d))) / n, np.nextafter(1.0, 0.0))


def sobol(n: int, d: int, seed: int) -> F8:
    """Return the first ``n`` points of a scrambled Sobol sequence.

    ``n`` must be a power of two: only then is every quantity balanced. Scrambling is the left
    matrix scramble with a digital shift of scipy. Sources: Sobol' (1967), *On the distribution of
    points in a cube*; Joe and Kuo (2008), *Constructing Sobol sequences with better
    two-dimensional projections*, for the direction numbers (at most 21,201 quantities); Matoušek
    (1998), *On the L2-discrepancy for anchored boxes*, for the scramble.

    Parameters
    ----------
    n
        Futures: 1, 2, 4, 8, …
    d
        Uncertain quantities.
    seed
        Non-negative integer; the same seed gives the same bits.

    Returns
    -------
    ndarray
        (n, d), each value in [0, 1).

    Raises
    ------
    InputError
        If ``n`` is no power of two, there are too many quantities, or the seed is not sensible.
    """
    from scipy.stats import qmc

    _size(n, d)
    if n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        raise InputError("ensembles.not_power_of_two", n=n, below=below, above=2 * below)
    if d > qmc.Sobol.MAXDIM:
        raise InputError("ensembles.too_many_quantities", d=d, most=qmc.Sobol.MAXDIM)
    if d == 0:
        return np.zeros((n, 0))
    engine = qmc.Sobol(d, scramble=True, rng=generator(seed, "design", 1))
    return np.asarray(engine.random_base2(n.bit_length() - 1), dtype=np.float64)


def halton(n: int, d: int, seed: int) -> F8:
    """Return ``n`` points of a scrambled Halton sequence; any number of futures is balanced.

    Sources: Halton (1960), Numerische Mathematik 2; Owen (2017), *A randomized Halton algorithm*,
    for the scramble.

    Raises
    ------
    InputError
        If the size or the seed is not sensible.
    """
    from scipy.stats import qmc

    _size(n, d)
    if d == 0:
        return np.zeros((n, 0))
    engine = qmc.Halton(d, scramble=True, rng=generator(seed, "design", 2))
    return np.asarray(engine.random(n), dtype=np.float64)


def factorial(levels: Sequence[int]) -> F8:
    """Return every combination of levels, the last quantity changing fastest.

    A quantity with k levels takes the middles of k equal slices, ``(i + ½)/k``.

    Parameters
    ----------
    levels
        Number of levels of each quantity, whole numbers of at least one.

    Returns
    -------
    ndarray
        (Π levels, len(levels)).

    Raises
    ------
    InputError
        If a quantity has no level, or no whole number of them.
    """
    for place, k in enumerate(levels):
        if not whole_number(k, 1):
            raise InputError("ensembles.bad_levels", place=place, got=k)
    grids = np.meshgrid(*[(np.arange(k) + 0.5) / k for k in levels], indexing="ij")
    return np.column_stack([g.ravel() for g in grids]) if grids else np.zeros((1, 0))


def event_year(u: F8, years: Sequence[int], odds: Sequence[float]) -> NDArray[np.float64]:
    """Return the year in which an event happens, infinity where it does not.

    A border closes, a technology arrives early: one quantity of the unit cube gives the date.
    ``P(year = y_k) = h_k·Π_{i<k}(1 − h_i)`` with h the odds in a year if it has not happened yet.

    Parameters
    ----------
    u
        (F,) draws.
    years
        (T,) ascending.
    odds
        (T,) odds of the event in each year, given that it has not happened.

    Raises
    ------
    InputError
        If lengths differ, years do not ascend or odds are no probabilities.
    """
    if any(later <= sooner for sooner, later in pairwise(years)):
        raise InputError("ensembles.years_order", years=", ".join(map(str, years)))
    hazard = np.asarray(odds, dtype=np.float64)
    if hazard.shape != (len(years),) or not ((hazard >= 0) & (hazard <= 1)).all():
        raise InputError("ensembles.bad_odds", years=len(years), odds=list(odds))
    reached = 1.0 - np.cumprod(1.0 - hazard)
    place = np.searchsorted(reached, u, side="right")
    return np.append(np.asarray(years, dtype=np.float64), np.inf)[place]


def numbers(name: str, values: ArrayLike) -> F8:
    """Return values as an array of numbers; text is refused, even where it could be read as one."""
    try:
        found = np.asarray(values)
        if found.dtype.kind == "O" and not any(isinstance(v, str) for v in found.flat):
            found = found.astype(np.float64)
    except (ValueError, TypeError) as error:  # rows of different lengths, objects
        raise InputError("ensembles.not_numbers", name=name) from error
    if found.dtype.kind not in "bifu":
        raise InputError("ensembles.not_numbers", name=name)
    return found.astype(np.float64, copy=False)


def reweigh(likelihood: F8) -> tuple[F8, float]:
    """Return weights of the futures when beliefs change, without playing any again.

    ``w_f = (new density / old density)(f) / Σ``, and the number of futures they are worth,
    ``1/Σ w²`` (Kish 1965): where that is small, few futures speak, and a new run is better.

    Parameters
    ----------
    likelihood
        (F,) how much likelier each future has become; not negative, not all zero.

    Raises
    ------
    InputError
        If a figure is negative or not finite, or all are zero.
    """
    ratio = np.asarray(likelihood, dtype=np.float64)
    if ratio.ndim != 1 or not np.isfinite(ratio).all() or (ratio < 0).any() or not ratio.any():
        raise InputError("ensembles.bad_likelihood")
    weights = ratio / ratio.sum()
    return weights, float(1.0 / (weights**2).sum())
