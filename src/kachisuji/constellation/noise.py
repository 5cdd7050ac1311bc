"""The noise that protects an answer, and the bound that it puts on the error.

Discrete Laplace noise by OpenDP: pure ε-differential privacy of a vector whose L1 sensitivity is
known exactly in whole numbers (Ghosh, Roughgarden and Sundararajan 2009). Each of the three
members of the committee adds the full noise, so that two of them who pool what they know still
face the third's. The error is then the sum of three.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.constellation.needs import need
from kachisuji.constellation.questions import Question, parts

if TYPE_CHECKING:
    from collections.abc import Callable

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
MEMBERS = 3


def scales(question: Question) -> tuple[float, ...]:
    """Scale of the Laplace noise of each part, in steps: ``b = Δ₁/(ε·share)``; 0 without noise."""
    if question.protection == "sums":
        return tuple(0.0 for _ in parts(question))
    return tuple(p.sensitivity / (question.epsilon * p.share) for p in parts(question))


def sampler() -> tuple[Any, Any, Any]:
    """Import the three modules of OpenDP that make noise: measurements, domains, metrics.

    Its ``prelude`` would bring scikit-learn, pandas and Arrow with it, three times the memory of a
    member and five times its start.
    """
    measurements, domains, metrics = (
        need(f"opendp.{name}") for name in ("measurements", "domains", "metrics")
    )
    # «contrib» is OpenDP's word for what its own reviewers have not signed off yet; the discrete
    # Laplace sampler (Canonne, Kamath and Steinke 2020) and its privacy map are its best-read part
    need("opendp.mod").enable_features("contrib")
    return measurements, domains, metrics


@cache
def _mechanism(scale: float) -> Callable[[list[int]], list[int]]:
    measurements, domains, metrics = sampler()
    # 64 bits: OpenDP's plain int is 32 bits wide, and noise beyond them would be cut off
    space = domains.vector_domain(domains.atom_domain(T="i64")), metrics.l1_distance(T="i64")
    return measurements.make_laplace(*space, scale=scale)  # type: ignore[no-any-return]


def privacy_loss(question: Question) -> float:
    """Return the ε that OpenDP's own privacy maps give for the whole vector."""
    total = 0.0
    for part, scale in zip(parts(question), scales(question), strict=True):
        if scale > 0:
            total += float(_mechanism(scale).map(part.sensitivity))  # type: ignore[attr-defined]
    return total


def draw(question: Question) -> I8:
    """Draw one member's noise from the operating system's randomness, (length,) int64."""
    out = []
    for part, scale in zip(parts(question), scales(question), strict=True):
        zeros = [0] * part.size
        out.append(_mechanism(scale)(zeros) if scale > 0 else zeros)
    return np.concatenate([np.asarray(v, dtype=np.int64) for v in out])


def deviations(question: Question) -> F8:
    """Return the standard deviation of the noise of every entry, in the answer's own units.

    Three independent Laplace draws of scale b have variance ``3·2b²``.
    """
    return np.concatenate(
        [
            np.full(p.size, math.sqrt(2.0 * MEMBERS) * b * p.step)
            for p, b in zip(parts(question), scales(question), strict=True)
        ]
    )


def tail(t: float) -> float:
    """Probability that the sum of three unit Laplace draws is beyond ±t: ``e⁻ᵗ(t²+5t+8)/8``."""
    return math.exp(-t) * (t * t + 5.0 * t + 8.0) / 8.0


def bound(confidence: float, draws: int = 1) -> float:
    """Return the bound, in scales b, that all of ``draws`` keep with at least ``confidence``."""
    from scipy.optimize import brentq

    wanted = (1.0 - confidence) / draws
    return float(brentq(lambda t: tail(t) - wanted, 0.0, 200.0))


def likely_success(epsilon: float, prior: float = 0.5) -> float:
    """Greatest chance to guess a protected bit right: ``e^ε p/(e^ε p + 1 − p)``."""
    grown = math.exp(epsilon) * prior
    return grown / (grown + 1.0 - prior)
