"""Pathways in time: how long a plan holds, which may follow which, and what waiting is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

FOLDS = 4


@dataclass(frozen=True)
class Exercise:
    """Value of acting at the best time.

    Attributes
    ----------
    value, error
        Mean over the futures, and its standard error.
    now
        Value of acting at the first time.
    waiting
        What being able to wait adds.
    share
        (T,) share of the futures that act at each time.
    """

    value: float
    error: float
    now: float
    waiting: float
    share: F8


def act_or_wait(
    payoff: F8, state: F8, discount: F8, *, powers: int = 3, known: bool = True
) -> Exercise:
    """Value of being free to act at the best time, by regression on the same draws.

    Backwards from the last time: what acting now is worth beyond waiting is regressed on powers of
    the state, and one acts where that is above zero (at the last time: where acting pays). Each
    future is decided by the regression on the futures of the other folds, so that neither what it
    will bring itself nor noise earns anything. Source: Longstaff and Schwartz (2001), *Valuing
    American options by simulation*, Review of Financial Studies 14.

    Parameters
    ----------
    payoff
        (F, T) worth of acting at each time, in money of that time.
    state
        (F, T) or (F, T, K) what is known at each time.
    discount
        (T,) factors back to the first time, falling.
    powers
        Of each state variable (cross products of pairs are added).
    known
        Whether the payoff is known when one acts, as a strike is: then only waiting is regressed,
        on the futures in which acting pays, and one acts where the payoff is worth more. A plan's
        worth comes out only years later: acting on it would be hindsight.

    Returns
    -------
    Exercise
        ``waiting`` is the value of the option over acting at once or never.

    Raises
    ------
    InputError
        If shapes differ or discount factors are not above zero.
    """
    futures, times = payoff.shape
    seen = state[:, :, None] if state.ndim == 2 else state
    if seen.shape[:2] != payoff.shape or discount.shape != (times,) or (discount <= 0).any():
        raise InputError("portfolios.shape", what="state", got=state.shape, want=payoff.shape)
    fold = np.random.default_rng(0).permutation(futures) % FOLDS
    now = payoff * discount
    when = np.full(futures, -1)
    held = np.zeros(futures)  # present value under the rule so far; never acting is worth nothing
    for t in range(times - 1, -1, -1):
        asked = np.flatnonzero(payoff[:, t] > 0) if known else np.arange(futures)
        beyond = now[asked, t] if known else np.zeros(asked.size)
        target = -held[asked] if known else now[asked, t] - held[asked]
        if t < times - 1 or not known:
            beyond = beyond + _fitted(seen[asked, t], target, powers, fold[asked])
        acts = asked[beyond > 0]
        held[acts], when[acts] = now[acts, t], t
    value, first = float(held.mean()), float(now[:, 0].mean())
    return Exercise(
        value,
        float(held.std(ddof=1) / np.sqrt(futures)) if futures > 1 else 0.0,
        first,
        value - max(0.0, first),
        np.array([(when == t).mean() for t in range(times)]),
    )


def _fitted(x: F8, y: F8, powers: int, fold: I8) -> F8:
    """Least-squares fit of ``y`` on powers of the columns of ``x`` and products of pairs.

    Each row by the rows of the other folds; where these are too few, by their mean.
    """
    out = np.zeros(len(y))
    if not len(y):
        return out
    spread = np.ptp(x, axis=0)
    z = (x - x.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    columns = [np.ones(len(y))]
    for j in range(z.shape[1]):
        columns += [z[:, j] ** k for k in range(1, powers + 1)]
        columns += [z[:, j] * z[:, i] for i in range(j)]
    basis = np.column_stack(columns)
    for k in np.unique(fold):
        own, rest = fold == k, fold != k
        if rest.sum() <= basis.shape[1]:
            out[own] = y[rest].mean() if rest.any() else 0.0
            continue
        weights, *_ = np.linalg.lstsq(basis[rest], y[rest], rcond=None)
        out[own] = basis[own] @ weights
    return out


def sell_by(met: NDArray[np.bool_], tolerance: float, weights: F8 | None = None) -> I8:
    """Year in which each portfolio stops meeting its condition often enough.

    Parameters
    ----------
    met
        (N, F, T) whether the condition is met.
    tolerance
        Share of futures that may fail.
    weights
        (F,) of the futures; even by default.

    Returns
    -------
    ndarray
        (N,) first year index with more failures than that; T where there is none. The term is that
        of dynamic adaptive policy pathways (Haasnoot et al. 2013, Global Environmental Change 23).
    """
    futures, times = met.shape[1:]
    w = np.full(futures, 1.0 / futures) if weights is None else weights
    fails = np.einsum("nft,f->nt", ~met, w)
    over = fails > tolerance + 1e-12
    return np.where(over.any(axis=1), over.argmax(axis=1), times)


@dataclass(frozen=True)
class Route:
    """One line of the map: portfolios in order, the year each takes over, and the cost."""

    portfolios: tuple[int, ...]
    years: tuple[int, ...]
    until: int
    cost: float


def routes(
    ends: I8, transfer: F8, lead: I8, horizon: int, *, cost: F8 | None = None, stages: int = 4
) -> list[Route]:
    """Ways through the horizon: each portfolio gives way, when its time is up, to one that lasts.

    Parameters
    ----------
    ends
        (N,) sell-by years.
    transfer
        (N, N) cost of changing from one to another; infinite where it cannot be done.
    lead
        (N,) years before a portfolio that is prepared takes effect: the change must be begun so
        much before the sell-by year, so it must not be longer than what is left.
    horizon
        Years to cover.
    cost
        (N,) cost of a portfolio by itself.
    stages
        Most portfolios on a way.

    Returns
    -------
    list of Route
        Those that reach the horizon, cheapest first; if none does, those that last longest. A way
        never visits a portfolio twice, and no route is listed whose last change buys no time.
    """
    own = np.zeros(ends.size) if cost is None else cost
    found: list[Route] = []

    def go(path: list[int], years: list[int], spent: float) -> None:
        end = int(ends[path[-1]])
        if end >= horizon or len(path) == stages:
            found.append(Route(tuple(path), tuple(years), min(end, horizon), spent))
            return
        ahead = [
            j for j in range(ends.size)
            if j not in path and ends[j] > end and np.isfinite(transfer[path[-1], j])
            and lead[j] <= end
        ]  # fmt: skip
        for j in ahead:
            go([*path, j], [*years, end], spent + float(transfer[path[-1], j]) + float(own[j]))
        if not ahead:
            found.append(Route(tuple(path), tuple(years), end, spent))

    for n in range(ends.size):
        if ends[n] > 0:
            go([n], [0], float(own[n]))
    longest = max((r.until for r in found), default=0)
    kept = [r for r in found if r.until == longest]
    return sorted(kept, key=lambda r: (r.cost, r.portfolios))
