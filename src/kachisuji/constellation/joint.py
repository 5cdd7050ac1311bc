"""A model of all nodes that none of them sees whole: learning curves with partial pooling.

Each node has its own curve, ``y = a_i + b_i·u + e`` with ``u`` and ``y`` the logarithms of
cumulative output and unit cost mapped to [-1, 1], and all curves come from one distribution,
``(a_i, b_i) ~ N(μ, Σ)``. In each round the asker sends (μ, Σ, σ²); each node works out what it
believes of its own curve and contributes eight numbers in [-1, 1]; their secure sum gives the next
(μ, Σ, σ²). What a node believes of its own curve stays with it: its refinement.

Source: expectation maximisation for random-effects models, Laird and Ware (1982), Biometrics 38.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

HELD_OUT = 0.5
"""Part of a node's latest months that it keeps back to test its own model."""

_SPAN = 2.0  # levels and slopes beyond this are clipped: in units of half the bounds
_LEAST = 1e-4


@dataclass(frozen=True)
class Shared:
    """What all nodes share: mean curve, spread of curves, spread of months about a curve."""

    mu: F8
    sigma: F8
    noise: float

    def as_prior(self) -> dict[str, float]:
        """Return it as a question carries it."""
        s = self.sigma
        return {"mu_a": float(self.mu[0]), "mu_b": float(self.mu[1]), "s_aa": float(s[0, 0]),
                "s_ab": float(s[0, 1]), "s_bb": float(s[1, 1]), "noise": self.noise}  # fmt: skip

    @staticmethod
    def of(prior: dict[str, float]) -> Shared:
        """Read it from a question; what is missing is vague."""
        given = VAGUE.as_prior() | prior
        cross = given["s_ab"]
        sigma = np.array([[given["s_aa"], cross], [cross, given["s_bb"]]])
        return Shared(np.array([given["mu_a"], given["mu_b"]]), sigma, given["noise"])


VAGUE = Shared(np.zeros(2), np.eye(2), 0.25)

START = Shared(np.zeros(2), np.eye(2), 0.01)
"""Where a round with noise begins: months lie about a curve by a tenth of half the bounds."""

NOISY = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0])
"""What a round with noise asks for: means and squares; how many nodes answer is no secret."""


def train_rows(rows: int) -> int:
    """Return how many of a node's first months its model is made from."""
    return max(2, round(rows * (1.0 - HELD_OUT))) if rows > 2 else rows


def refine(shared: Shared, u: F8, y: F8) -> tuple[F8, F8]:
    """Return what a node believes of its own curve: mean (2,) and covariance (2, 2)."""
    design = np.stack([np.ones_like(u), u], axis=1)
    inverse = np.linalg.inv(_sound(shared.sigma))
    covariance = np.linalg.inv(design.T @ design / shared.noise + inverse)
    mean = covariance @ (design.T @ y / shared.noise + inverse @ shared.mu)
    return mean, covariance


def _sound(sigma: F8) -> F8:
    """Nearest covariance that can be inverted."""
    values, vectors = np.linalg.eigh((sigma + sigma.T) / 2.0)
    return np.asarray((vectors * np.maximum(values, _LEAST)) @ vectors.T)


def moments(shared: Shared, u: F8, y: F8) -> F8:
    """Return a node's eight numbers of a round, each within [-1, 1].

    One, E a, E b, E a², E ab, E b², mean squared deviation, and zero.
    """
    if u.size == 0:
        return np.zeros(8)
    m, v = refine(shared, u, y)
    m = np.clip(m, -_SPAN, _SPAN)
    second = v + np.outer(m, m)
    rest = y - m[0] - m[1] * u
    spread = float((rest**2).mean() + v[0, 0] + 2 * v[0, 1] * u.mean() + v[1, 1] * (u**2).mean())
    raw = np.array([1.0, m[0] / _SPAN, m[1] / _SPAN, second[0, 0] / _SPAN**2,
                    second[0, 1] / _SPAN**2, second[1, 1] / _SPAN**2, spread, 0.0])  # fmt: skip
    return np.asarray(np.clip(raw, -1.0, 1.0))


def pool(total: F8, nodes: int = 0, deviation: float = 0.0) -> Shared:
    """Return the next round's shared parameters from the sum of all nodes' numbers.

    Parameters
    ----------
    total
        (8,) the opened sum.
    nodes
        How many are in it; needed with noise, for the sum then does not say it.
    deviation
        Of the noise of each number. It makes the shared curve vaguer, never surer: its variance is
        added to Σ, and Σ is taken at what one deviation of its own noise allows; σ² stays.
    """
    n = float(nodes) if nodes else max(float(total[0]), 1.0)
    mean, noise = total / n, deviation / n
    mu = mean[1:3] * _SPAN
    cross = mean[4] * _SPAN**2 - mu[0] * mu[1]
    spread = np.array([mean[3], mean[5]]) * _SPAN**2 - mu**2
    if noise > 0:
        spread = np.maximum(spread, 0.0) + (noise * _SPAN) ** 2 + noise * _SPAN**2
        cross = 0.0
    sigma = np.array([[spread[0], cross], [cross, spread[1]]])
    spread_of_months = START.noise if noise > 0 else float(np.clip(mean[6], _LEAST, 1.0))
    return Shared(mu, _sound(sigma), spread_of_months)


def rounds(
    total_of: Callable[[Shared], F8], many: int, nodes: int = 0, deviation: float = 0.0
) -> list[Shared]:
    """Run ``many`` rounds; ``total_of`` gives the (protected) sum of all nodes' numbers."""
    out = [START if deviation > 0 else VAGUE]
    for _ in range(many):
        out.append(pool(total_of(out[-1]), nodes, deviation))
    return out


def together(curves: Sequence[tuple[F8, F8]], many: int) -> Shared:
    """Run the rounds on curves in one place: for tests, and for what a coalition is worth."""
    return rounds(lambda s: np.sum([moments(s, u, y) for u, y in curves], axis=0), many)[-1]


def alone(u: F8, y: F8) -> F8:
    """Least-squares line of a node by itself."""
    design = np.stack([np.ones_like(u), u], axis=1)
    return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0])


def held_out_error(curve: F8, u: F8, y: F8) -> float:
    """Mean squared error of a curve on months that it was not made from."""
    return float(((y - curve[0] - curve[1] * u) ** 2).mean())
