"""Mean, CVaR and regret of a portfolio's value, and the cuts that describe them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]


def tail_weights(values: F8, probability: F8, tail: float) -> F8:
    """(F,) weights whose scalar product with ``values`` is the CVaR: the worst ``tail`` of mass.

    ``CVaR_τ = min over W of Σ_f W_f V_f`` with ``0 ≤ W_f ≤ p_f/τ`` and ``Σ W = 1`` (Rockafellar and
    Uryasev 2000, dual form): the futures in order of value until the mass τ is used.
    """
    order = np.argsort(values, kind="stable")
    mass = np.minimum(np.cumsum(probability[order]), tail)
    out = np.zeros_like(values)
    out[order] = np.diff(mass, prepend=0.0) / tail
    return out


def cvar(values: F8, probability: F8, tail: float) -> float:
    """Mean of the worst ``tail`` of probability."""
    return float(tail_weights(values, probability, tail) @ values)


def cvar_many(values: F8, probability: F8, tail: float) -> F8:
    """(N,) CVaR of each row of ``values`` (N, F)."""
    order = np.argsort(values, axis=1, kind="stable")
    mass = np.minimum(np.cumsum(probability[order], axis=1), tail)
    steps = np.diff(mass, axis=1, prepend=0.0)
    return np.asarray((np.take_along_axis(values, order, axis=1) * steps).sum(axis=1) / tail)


def odds_of(values: F8, threshold: float, probability: F8) -> F8:
    """(N,) odds that each row of ``values`` (N, F) reaches a threshold."""
    reached = values >= threshold - 1e-9 * max(1.0, abs(threshold))
    return np.asarray(reached @ probability)
