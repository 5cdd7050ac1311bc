"""Signposts: at which value of something observed a prepared alternative should take over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Signpost:
    """A trigger found in the futures, and what heeding it is worth.

    Attributes
    ----------
    side, level
        Change over when the observation is ``above`` or ``below`` the level.
    promise
        Mean gain over the futures that it was found on: it ranks triggers, and flatters.
    fired
        Share of the futures (not used to find it) in which it fires.
    value
        Mean gain over all of those futures; it may be below zero, and is then worth nothing.
    right
        Share of the futures in which it fires where changing over is indeed better.
    """

    side: Literal["above", "below"]
    level: float
    promise: float
    fired: float
    value: float
    right: float


def best_trigger(seen: F8, gain: F8, *, least: float = 0.05) -> Signpost:
    """Find the level of one observation beyond which changing over gains most.

    ``max over side and c of Σ_f gain_f·1[seen_f beyond c]``, the level half-way between two
    neighbouring futures. It is found on every second future in order of the observation and told on
    the others, so that a lucky level does not flatter itself.

    Parameters
    ----------
    seen
        (F,) what would be observed under the plan.
    gain
        (F,) value of changing over less value of staying, transfer paid.
    least
        Least share of the futures that a trigger must fire in to be told from chance.

    Raises
    ------
    InputError
        If shapes differ or there are fewer than eight futures.
    """
    if seen.shape != gain.shape or seen.ndim != 1 or seen.size < 8:
        raise InputError("portfolios.shape", what="gain", got=gain.shape, want=seen.shape)
    order = np.argsort(seen, kind="stable")
    finds, tells = order[::2], order[1::2]
    few = max(1, int(np.ceil(least * finds.size)))
    ordered, gains = seen[finds], gain[finds]
    below = np.cumsum(gains)[:-1]  # gain of firing in the first k + 1
    above = gains.sum() - below
    count = np.arange(1, finds.size)
    tied = ordered[1:] == ordered[:-1]
    low = np.where(tied | (count < few), -np.inf, below)
    high = np.where(tied | (finds.size - count < few), -np.inf, above)
    side: Literal["above", "below"] = "below" if low.max() >= high.max() else "above"
    at = int((low if side == "below" else high).argmax())
    level = float((ordered[at] + ordered[at + 1]) / 2.0)
    fires = seen[tells] < level if side == "below" else seen[tells] > level
    right = float((gain[tells][fires] > 0).mean()) if fires.any() else 0.0
    promise = float(max(low.max(), high.max())) / finds.size
    worth = float((gain[tells] * fires).mean())
    return Signpost(side, level, promise, float(fires.mean()), worth, right)


def most_useful(worth: F8, count: int, held: tuple[int, ...]) -> list[int]:
    """Choose alternatives to prepare: those that add most to the best of what is at hand.

    Greedily, ``max_n Σ_f max(best_f, V_nf)``: submodular, so within 1 − 1/e of the best set
    (Nemhauser, Wolsey and Fisher 1978, Mathematical Programming 14).

    Parameters
    ----------
    worth
        (N, F) value of every portfolio in every future.
    count
        How many to add at most.
    held
        Rows at hand already.

    Returns
    -------
    list of int
        Rows in order of usefulness; fewer where nothing more is added.
    """
    best = worth[list(held)].max(axis=0)
    out: list[int] = []
    for _ in range(count):
        adds = np.maximum(worth, best).mean(axis=1) - best.mean()
        row = int(adds.argmax())
        if adds[row] <= 1e-9 * max(1.0, float(np.abs(best).mean())):
            break
        out.append(row)
        best = np.maximum(best, worth[row])
    return out


def worth_of_switching(state: F8, gain: F8, *, folds: int = 4, seed: int = 0) -> F8:
    """(F,) gain of each future when one changes over as a regression on what is seen advises.

    The gain is regressed on the observations and their squares; each future is decided on by the
    futures of the other folds, so that noise earns nothing.

    Parameters
    ----------
    state
        (F, K) observations.
    gain
        (F, N) gain of changing over to each of N alternatives.
    """
    spread = state.std(axis=0)
    z = (state - state.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    basis = np.column_stack([np.ones(len(z)), z, z**2])
    fold = np.random.default_rng(seed).permutation(len(z)) % folds
    out = np.zeros(len(z))
    for k in range(folds):
        rest, own = fold != k, np.flatnonzero(fold == k)
        # ridge: with few futures a plain fit would follow its noise
        ridge = 1e-2 * rest.sum() * np.eye(basis.shape[1])
        ridge[0, 0] = 0.0
        weights = np.linalg.solve(basis[rest].T @ basis[rest] + ridge, basis[rest].T @ gain[rest])
        told = basis[own] @ weights
        best = told.argmax(axis=1)
        goes = told[np.arange(own.size), best] > 0
        out[own[goes]] = gain[own[goes], best[goes]]
    return out
