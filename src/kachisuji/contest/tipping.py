"""The tipping number: whether a segment tends to one winner or to a balance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.words import InputError


def learning_exponent(learning_rate: ArrayLike) -> NDArray[np.float64]:
    """Wright's exponent ``b = −log2(1 − learning rate)``.

    Parameters
    ----------
    learning_rate
        Fall of unit cost at each doubling of cumulative output, in [0, 1).

    Raises
    ------
    InputError
        If a rate is outside [0, 1).

    Notes
    -----
    Wright (1936), Factors affecting the cost of airplanes: cost = a · Q^(−b), so a doubling
    multiplies cost by 2^(−b) = 1 − learning rate.
    """
    rate = np.asarray(learning_rate, dtype=np.float64)
    if np.any(rate < 0) or np.any(rate >= 1):
        bad = rate[(rate < 0) | (rate >= 1)].flat[0]
        raise InputError("contest.learning_rate", got=float(bad))
    return np.asarray(-np.log2(1.0 - rate))


def containment(kappa: ArrayLike, competitors: int) -> NDArray[np.float64]:
    """``ψ = (1 − κ) / (1 + κ(n − 1))``: how far experience stays with those who make it.

    At a symmetric point of ``Qeff_r = Q_r + κ Σ_q Q_q`` the elasticity of one competitor's
    effective experience relative to another's with respect to own relative output is ψ:
    1 without leakage, 0 when all is shared.
    """
    k = np.asarray(kappa, dtype=np.float64)
    return np.asarray((1.0 - k) / (1.0 + k * (competitors - 1)))


def tipping_number(
    epsilon: ArrayLike,
    learning_rate: ArrayLike,
    kappa: ArrayLike,
    nu: ArrayLike,
    alpha: ArrayLike,
    iota: ArrayLike,
    competitors: int,
) -> NDArray[np.float64]:
    """Tipping number ``R = ε·b·ψ + ν + α·ι`` (dimensionless).

    A lead of one percent in share returns as a lead of R percent through learning, installed base
    and reinvested revenue. Above one the lead feeds itself and the segment tips to one winner;
    below one it fades to a multiple 1/(1 − R) of what caused it.

    Parameters
    ----------
    epsilon, learning_rate, kappa, nu, alpha, iota
        Symbols of the contest (docs/notation.md), broadcast against each other.
    competitors
        Number n of competitor regions with a share.

    Returns
    -------
    ndarray
        R, broadcast shape.
    """
    eps, n_, a, i = (np.asarray(v, dtype=np.float64) for v in (epsilon, nu, alpha, iota))
    b = learning_exponent(learning_rate)
    return np.asarray(eps * b * containment(kappa, competitors) + n_ + a * i)
