"""How often a choice survives: re-chosen on resampled futures, and against doing nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.choosing import Chooser, score
from kachisuji.portfolios.pool import step_scores
from kachisuji.portfolios.problem import Problem, admissible
from kachisuji.words import InputError

F8 = NDArray[np.float64]

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


def survival(
    problem: Problem,
    resamples: int = 50,
    seed: int = 0,
    gap: float = 5e-3,
    advance: Callable[[int], None] | None = None,
    prove: int | None = 10,
) -> Survival:
    """Re-optimise on bootstrap resamples of the futures.

    A resample draws as many futures as there are, with replacement (Efron 1979), and so gives each
    a weight. Each is solved from where the whole sample left off.

    Parameters
    ----------
    problem
        The choice.
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

    Returns
    -------
    Survival
        Both survival numbers of every line.
    """
    n, futures = problem.value.shape
    generators = np.random.default_rng(seed).spawn(resamples)
    chosen, by_segment, empty, worst, proven = np.zeros(n), np.zeros(n), 0, 0.0, 0
    base = Chooser(problem)
    found = base.choose(gap) if base.rows.size else None
    for number, generator in enumerate(generators):
        counts = np.bincount(generator.integers(0, futures, futures), minlength=futures)
        if found is None:
            empty += 1
            continue
        chooser = base.again(counts / futures)
        again = chooser.choose(gap, 0.0, found.lines, RESAMPLE_KICKS)
        if prove is None or number < prove:
            sure = chooser.choose(gap, 10.0, again.lines, 0)
            if sure.objective > again.objective + gap * max(1.0, abs(again.objective)):
                prove = None
            again = sure
        if again.gap <= gap:
            worst, proven = max(worst, again.gap), proven + 1
        chosen[again.lines] += 1
        by_segment[np.isin(problem.segment, problem.segment[again.lines])] += 1
        empty += again.lines.size == 0
        if advance is not None:
            advance(1)
    beats = np.asarray((problem.value > 0) @ problem.probability)
    part = 1.0 / resamples
    return Survival(chosen * part, by_segment * part, beats, empty * part, resamples, proven, worst)


def marginal_values(problem: Problem, lines: NDArray[np.int64]) -> F8:
    """(L,) change of the objective if one line is dropped (chosen) or let in (the others).

    For a chosen line: objective with it less without it. For another: the best objective with it,
    in place of its segment's line where there is one, less the present objective; it may break a
    limit, which is told apart by ``Problem.fits``. NaN where the line is not admissible.
    """
    base, none = score(problem, lines), np.array([-1])
    out = np.full(problem.segment.size, np.nan)
    owner = {int(problem.segment[line]): int(line) for line in lines}
    for line in lines:
        out[line] = base - step_scores(problem, lines, none, np.array([line]), None)[0]
    pool = np.flatnonzero(admissible(problem))
    pool = pool[~np.isin(pool, lines)]
    leaves = np.array([owner.get(int(problem.segment[i]), -1) for i in pool], dtype=np.int64)
    if pool.size:
        out[pool] = step_scores(problem, lines, pool, leaves, None) - base
    return out


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
    no less than the true gap on average; ``mean + t·s/√B`` bounds it with the odds stated. Source:
    Mak, Morton and Wood (1999), *Monte Carlo bounding techniques for determining solution quality
    in stochastic programs*, Operations Research Letters 24.

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
            weights = (owner == b) / (owner == b).sum()
            best = base.again(weights).choose(gap, 0.0, lines, RESAMPLE_KICKS)
            own = score(replace(problem, weights=weights), lines, base.best)
            losses[b] = max(0.0, best.objective - own)
    mean, spread = float(losses.mean()), float(losses.std(ddof=1))
    upper = mean + float(t.ppf(odds, batches - 1)) * spread / np.sqrt(batches)
    return GapInterval(mean, float(upper), batches)
