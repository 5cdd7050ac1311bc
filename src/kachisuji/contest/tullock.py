"""What rivals would spend if they chose best: the contest as Tullock's.

With capability in proportion to spending and nothing fed back, the share of equation 1 is
``S_r = w_r x_r^α / Σ_q w_q x_q^α``: Tullock's contest with decisiveness α. The reactions β of a
case are assumed; what a rival's best answer would be is worked out here to hold beside them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]
_HALVINGS = 80


def success(spending: ArrayLike, alpha: float, weight: ArrayLike = 1.0) -> F8:
    """Shares ``w_r x_r^α / Σ w_q x_q^α`` of each contestant (R,)."""
    power = np.asarray(weight) * np.asarray(spending, dtype=np.float64) ** alpha
    return np.asarray(power / power.sum())


def best_response(others: float, prize: float, alpha: float, weight: float = 1.0) -> float:
    """Spending x that maximises ``prize·S(x) − x`` against ``others = Σ w_q x_q^α`` of all others.

    The first-order condition ``prize·α·S(1 − S) = x`` has one root above the maximum of its left
    side in logs; it is bisected. Zero where even the best answer would not pay.

    Raises
    ------
    InputError
        When α is not in (0, 1], where the best response is unique, or others do not compete.
    """
    if not 0.0 < alpha <= 1.0 or others <= 0.0 or prize < 0.0:
        raise InputError("contest.tullock", alpha=alpha, others=others, prize=prize)

    def share(x: float) -> float:
        own = weight * x**alpha
        return own / (own + others)

    low, high = 0.0, prize * alpha / 4.0
    if alpha == 1.0 and prize * weight <= others:
        return 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        s = share(middle)
        if middle > 0.0 and prize * alpha * s * (1.0 - s) >= middle:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def equilibrium(
    prize: ArrayLike, alpha: float, weight: ArrayLike | None = None, rounds: int = 500
) -> F8:
    """Spending of each contestant from which none would move (R,), by damped best responses.

    For n alike it is ``prize·α(n − 1)/n²`` (Tullock 1980, Efficient rent seeking; a test
    holds it to 1e-6).
    """
    prizes = np.asarray(prize, dtype=np.float64)
    w = np.ones_like(prizes) if weight is None else np.asarray(weight, dtype=np.float64)
    x = prizes * alpha / (4.0 * prizes.size)
    for _ in range(rounds):
        before = x.copy()
        for r in range(x.size):
            power = w * x**alpha
            answer = best_response(float(power.sum() - power[r]), float(prizes[r]), alpha, w[r])
            x[r] = 0.5 * x[r] + 0.5 * answer
        if np.abs(x - before).max() <= 1e-13 * prizes.max():
            break
    return x


def reaction_slope(spending: ArrayLike, prize: float, rival: int, home: int, alpha: float) -> float:
    """Return what a rival would best add, yen for yen, to a small rise of home's spending: β.

    By the implicit function theorem on ``prize·α·S(1 − S) = x``; zero between two alike, below zero
    for the smaller side (it gives way), above zero for the larger (it answers).
    """
    x = np.asarray(spending, dtype=np.float64)
    s = success(x, alpha)
    d = prize * alpha * (1.0 - 2.0 * s[rival])
    by_own = d * s[rival] * (1.0 - s[rival]) * alpha / x[rival]
    by_home = -d * s[rival] * s[home] * alpha / x[home]
    return float(by_home / (1.0 - by_own))


def observed_slopes(shares: ArrayLike, spending: ArrayLike, home: int, alpha: ArrayLike) -> F8:
    """Return what each region would best add to a small rise of home's spending, as observed.

    Where observed spending is a best answer the prize follows from it, ``x = prize·αS(1 − S)``, and
    ``reaction_slope`` becomes

        β_r = −α(1 − 2S_r) · S_h/(1 − S_r) · (x_r/x_h) / (1 − α(1 − 2S_r)),

    each region moving by itself. Below zero it backs off, above zero it matches.

    Parameters
    ----------
    shares, spending
        (…, R) shares of the market, and spending in one unit of money.
    home
        Place of home.
    alpha
        (…,) decisiveness.

    Returns
    -------
    ndarray
        (…, R) yen for yen; zero for home and for those who do not sell or spend, NaN where home
        does not spend or no single best answer exists (``α(1 − 2S) ≥ 1``).
    """
    s, x = np.asarray(shares, dtype=np.float64), np.asarray(spending, dtype=np.float64)
    a = np.asarray(alpha, dtype=np.float64)[..., None]
    own = a * (1.0 - 2.0 * s)
    base = (1.0 - s) * (1.0 - own) * x[..., home, None]
    fits = (own < 1.0) & (base > 0.0)
    slope = np.divide(
        -own * s[..., home, None] * x, base, out=np.full(np.broadcast(own, x).shape, np.nan),
        where=fits,
    )  # fmt: skip
    slope = np.where((s > 0.0) & (x > 0.0), slope, 0.0)
    slope[..., home] = 0.0
    return np.asarray(slope)
