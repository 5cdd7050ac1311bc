"""Designs: points of the unit cube at which a model is played, by one seed path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]


def latin_hypercube(n: int, d: int, seed: int) -> F8:
    """Latin hypercube of ``n`` points in ``d`` dimensions.

    Every margin has one point in each of n equal slices (McKay, Beckman and Conover 1979).

    Raises
    ------
    InputError
        If ``n`` or ``d`` is below one.
    """
    from scipy.stats import qmc

    _positive(n, d)
    return np.asarray(qmc.LatinHypercube(d, rng=np.random.default_rng(seed)).random(n))


def sobol(n: int, d: int, seed: int) -> F8:
    """Scrambled Sobol points; ``n`` must be a power of two for the balance to hold.

    Sobol (1967) with Owen's scrambling (1995), from scipy.

    Raises
    ------
    InputError
        If ``n`` is not a power of two, ``d`` is below one or beyond the tables.
    """
    from scipy.stats import qmc

    _positive(n, d)
    if n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        raise InputError("ensembles.power_of_two", got=n, below=below, above=2 * below)
    if d > qmc.Sobol.MAXDIM:
        raise InputError("ensembles.too_many_dimensions", got=d, most=qmc.Sobol.MAXDIM)
    engine = qmc.Sobol(d, scramble=True, rng=np.random.default_rng(seed))
    return np.asarray(engine.random_base2(n.bit_length() - 1))


def _positive(n: int, d: int) -> None:
    if n < 1 or d < 1:
        raise InputError("ensembles.empty_design", futures=n, quantities=d)
