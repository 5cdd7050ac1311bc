"""A protected recipe beside the one that a case has: the posterior of both.

The prior is the case's recipe with the covariance of a Dirichlet; the answer is a noisy mean of the
nodes' recipes. Both are normal to second order, so that the posterior is their precision-weighted
mean; because the prior's covariance has the simplex for its range, it adds up to one by itself.

Source: conditioning of the normal distribution, Gelman et al. (2013), *Bayesian data analysis*,
section 3.5; projection onto the simplex, Duchi et al. (2008), ICML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

_NOTHING = 1e3
"""Deviation that stands for a share that was not answered: against it a share is certain."""


@dataclass(frozen=True)
class Posterior:
    """A recipe after the answer.

    Attributes
    ----------
    shares
        (I,) shares of output, together one.
    covariance, noise
        (I, I) of the shares, and the part of it that is the noise of protection.
    weight
        Part of the prior's variance that the answer took away: 0 nothing, 1 all.
    """

    shares: F8
    covariance: F8
    noise: F8
    weight: float

    def deviation(self, per_unit: F8) -> tuple[float, float]:
        """Deviation of ``Σ_i per_unit_i·share_i``, and what of it is noise."""
        whole, noise = (float(per_unit @ m @ per_unit) for m in (self.covariance, self.noise))
        return max(whole, 0.0) ** 0.5, max(noise, 0.0) ** 0.5


def dispersion(recipes: F8, weights: F8) -> float:
    """How far recipes of one product differ: ``Σ_i var_i / Σ_i p_i(1 − p_i)``, 0 where all agree.

    It is ``1/(a + 1)`` of the Dirichlet with the same total variance.

    Parameters
    ----------
    recipes
        (R, I) shares of output; rows add up to one.
    weights
        (R,) of the rows.
    """
    part = weights / weights.sum()
    mean = part @ recipes
    spread = part @ (recipes - mean) ** 2
    return float(spread.sum() / (mean * (1.0 - mean)).sum())


def posterior(prior: F8, spread: float, found: F8, noise: F8, makers: float) -> Posterior:
    """Weigh a noisy recipe against the prior one.

    ``m = p + K(r − p)``, ``V = V₀ − KV₀``, ``K = V₀(V₀ + V₀/n + diag σ²)⁺``,
    ``V₀ = spread·(diag p − pp')``. A share that the prior has at zero stays there.

    Parameters
    ----------
    prior
        (I,) the case's shares, together one.
    spread
        Of :func:`dispersion`: how far recipes of one product differ.
    found, noise
        (I,) answer and deviation of its noise; not finite where a share was not answered.
    makers
        Nodes in the answer: they are a sample of those who make the product.
    """
    before = spread * (np.diag(prior) - np.outer(prior, prior))
    known = np.isfinite(found) & np.isfinite(noise)
    away = np.where(known, found - prior, 0.0)
    protect = np.diag(np.where(known, noise, _NOTHING) ** 2)
    sample = before / max(makers, 1.0)
    gain = before @ np.linalg.pinv(before + sample + protect, hermitian=True)
    after = before - gain @ before
    shares = onto_simplex(prior + gain @ away, prior > 0)
    weight = 1.0 - float(np.trace(after) / np.trace(before)) if spread > 0 else 0.0
    return Posterior(shares, after, gain @ np.where(known, protect, 0.0) @ gain.T, weight)


def onto_simplex(values: F8, support: NDArray[np.bool_]) -> F8:
    """Nearest shares that add up to one and are not negative, zero outside ``support``."""
    inside = values[support]
    ordered = np.sort(inside)[::-1]
    excess = (np.cumsum(ordered) - 1.0) / np.arange(1, ordered.size + 1)
    last = np.flatnonzero(ordered > excess)[-1]
    out = np.zeros_like(values)
    out[support] = np.maximum(inside - excess[last], 0.0)
    return out
