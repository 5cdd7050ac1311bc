"""How often a choice survives: re-chosen on resampled futures, and against doing nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.choosing import Chooser, choose, score
from kachisuji.portfolios.problem import Problem
from kachisuji.portfolios.satisficing import likelier
from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

RESAMPLE_KICKS = 15


@dataclass(frozen=True)
class Survival:
    """Two numbers for every line, always both.

    Attributes
    ----------
    chosen
        (L,) share of resamples whose re-optimised portfolio holds the line.
    segment_chosen
        Share of resamples whose portfolio holds any line of the line's segment, (L,).
    beats_nothing
        (L,) share of futures in which the line is worth more than doing nothing.
    empty
        Share of resamples in which doing nothing is best.
    resamples
        Number of resamples.
    proven
        How many of them were proven optimal within the gap; the others were found by search.
    gap
        Largest proven gap.
    """

    chosen: F8
    segment_chosen: F8
    beats_nothing: F8
    empty: float
    resamples: int
    proven: int = 0
    gap: float = 0.0


Again = Callable[[int, F8], tuple[I8, float | None]]
"""Number and weights of a resample -> lines chosen on it, and the gap where it was proven."""


def survival(
    problem: Problem,
    resamples: int = 50,
    seed: int = 0,
    gap: float = 5e-3,
    advance: Callable[[int], None] | None = None,
    prove: int | None = 10,
    again: Again | None = None,
) -> Survival:
    """Re-optimise on bootstrap resamples of the futures.

    A resample draws as many futures as there are, with replacement and by their weights (Efron
    1979), and so gives each a new weight. Each is solved from where the whole sample left off.

    Parameters
    ----------
    problem
        The choice. By the odds of a threshold (``Risk``) each resample is climbed from the choice.
    resamples
        How many.
    seed
        Of the resampling.
    gap
        Relative gap within which a resample is solved.
    advance
        Told 1 after each.
    prove
        How many resamples are solved by branch and bound as well; None for all. The others rest on
        the search, several times as fast. If a proof ever betters the search by more than the gap,
        all that follow are proven too.
    again
        Another way to choose under other weights of the futures.

    Returns
    -------
    Survival
        Both survival numbers of every line.
    """
    n = problem.segment.size
    chosen, by_segment, empty = np.zeros(n), np.zeros(n), 0
    if again is None:
        by_odds = problem.risk.measure == "odds"
        again = _again_by_odds(problem) if by_odds else _again_by_value(problem, gap, prove)
    gaps: list[float] = []
    for number, weights in enumerate(_resampled(problem, resamples, seed)):
        lines, proof = again(number, weights)
        chosen[lines] += 1
        by_segment[np.isin(problem.segment, problem.segment[lines])] += 1
        empty += int(lines.size == 0)
        if proof is not None and proof <= gap:
            gaps.append(proof)
        if advance is not None:
            advance(1)
    beats = np.asarray((problem.value > 0) @ problem.probability)
    part = 1.0 / resamples
    return Survival(
        chosen * part, by_segment * part, beats, empty * part, resamples, len(gaps),
        max(gaps, default=0.0),
    )  # fmt: skip


def _resampled(problem: Problem, resamples: int, seed: int) -> Iterator[F8]:
    """Weights (F,) of the futures in each resample."""
    futures = problem.value.shape[1]
    for generator in np.random.default_rng(seed).spawn(resamples):
        odds = problem.weights
        # numpy draws even futures by ``integers``: the same bits as ever where none has a weight
        drawn = np.asarray(
            generator.integers(0, futures, futures)
            if odds is None
            else generator.choice(futures, futures, p=odds)
        )
        yield np.bincount(drawn, minlength=futures) / futures


def _again_by_value(problem: Problem, gap: float, prove: int | None) -> Again:
    base = Chooser(problem)
    found = base.choose(gap) if base.rows.size else None
    left = np.inf if prove is None else prove

    def again(number: int, weights: F8) -> tuple[I8, float | None]:
        nonlocal left
        if found is None:
            return np.zeros(0, dtype=np.int64), None
        chooser = base.again(weights)
        best = chooser.choose(gap, 0.0, found.lines, RESAMPLE_KICKS)
        if number < left:
            sure = chooser.choose(gap, 10.0, best.lines, 0)
            if sure.objective > best.objective + gap * max(1.0, abs(best.objective)):
                left = np.inf
            best = sure
        return best.lines, best.gap

    return again


def _again_by_odds(problem: Problem) -> Again:
    found = choose(problem)

    def again(number: int, weights: F8) -> tuple[I8, float | None]:
        del number
        return likelier(replace(problem, weights=weights), found.lines), None

    return again


@dataclass(frozen=True)
class GapInterval:
    """How much better a portfolio there may be, over futures that were not drawn.

    Attributes
    ----------
    mean
        Estimated loss against the best portfolio (never too small on average).
    upper
        What the loss stays below with the odds asked for.
    batches
        Number of independent estimates.
    """

    mean: float
    upper: float
    batches: int


def gap_interval(
    problem: Problem,
    lines: NDArray[np.int64],
    *,
    batches: int = 10,
    odds: float = 0.95,
    seed: int = 0,
    gap: float = 5e-3,
) -> GapInterval:
    """Confidence interval on the optimality gap of a portfolio.

    The futures are dealt into batches; in each the best portfolio is chosen afresh and the present
    one falls short of it by ``G_b``. The best of a batch flatters itself, so the mean of ``G_b`` is
    no less than the true gap on average; ``mean + t·s/√B`` bounds it with the odds stated. So that
    the present portfolio does not flatter itself as well (a CVaR is a maximum over η, taken anew in
    each small batch), it is held to the η of all futures: ``(1−λ)·mean + λ·(η − E[(η−V)⁺]/τ)``.
    Under minimax regret no mean is maximised: the interval then compares the portfolios batch by
    batch and bounds nothing. Source: Mak, Morton and Wood (1999), *Monte Carlo bounding techniques
    for determining solution quality in stochastic programs*, Operations Research Letters 24.

    Parameters
    ----------
    problem
        The futures to deal out should not be those that the portfolio was chosen on.
    lines
        The portfolio.
    batches, odds, seed
        Number of batches (at least two), odds of the bound, seed of the dealing.
    gap
        Relative gap of the search in each batch; the bound of its relaxation is not used.

    Raises
    ------
    InputError
        If there are fewer than two batches or fewer than two futures in each.
    """
    from scipy.stats import t

    futures = problem.value.shape[1]
    if not 2 <= batches <= futures // 2:
        raise InputError("portfolios.bad_batches", batches=batches, futures=futures)
    owner = np.random.default_rng(seed).permutation(futures) % batches
    base, losses = Chooser(problem), np.zeros(batches)
    if base.rows.size:
        base.master.solve()
        for b in range(batches):
            weights = problem.probability * (owner == b)
            weights = weights / weights.sum()
            best = base.again(weights).choose(gap, 0.0, lines, RESAMPLE_KICKS)
            losses[b] = max(0.0, best.objective - _held_to(problem, lines, weights, base.best))
    mean, spread = float(losses.mean()), float(losses.std(ddof=1))
    upper = mean + float(t.ppf(odds, batches - 1)) * spread / np.sqrt(batches)
    return GapInterval(mean, float(upper), batches)


def _held_to(problem: Problem, lines: NDArray[np.int64], weights: F8, best: F8 | None) -> float:
    """Objective of a portfolio under weights of a batch, its tail cut where it is in all futures.

    No more than the objective with the batch's own tail, and over even batches its mean is the
    objective in all futures.
    """
    risk, totals = problem.risk, problem.totals(lines)
    if risk.measure != "cvar":
        return score(replace(problem, weights=weights), lines, best)
    order = np.argsort(totals, kind="stable")
    mass = np.cumsum(problem.probability[order])
    cut = float(totals[order][min(int(np.searchsorted(mass, risk.tail)), totals.size - 1)])
    bad = cut - float(np.maximum(0.0, cut - totals) @ weights) / risk.tail
    return float((1.0 - risk.weight) * (totals @ weights) + risk.weight * bad)
