"""Satisficing: the portfolio whose value most probably reaches a threshold, with a bound.

``max P(V(x) ≥ θ)`` (Simon 1956, Psychological Review 63; Charnes and Cooper 1959, the P-model of
chance-constrained programming). Search finds the portfolio; a whole-number programme with a switch
for every future proves it, or leaves a bound that no portfolio exceeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.backcasting import Goal, GoalProgramme
from kachisuji.portfolios.choosing import Choice, Chooser, best_by_future
from kachisuji.portfolios.dominance import dominated
from kachisuji.portfolios.objective import odds_of
from kachisuji.portfolios.pool import possible_steps, step, step_totals
from kachisuji.portfolios.problem import Problem, Risk, check_any_fits, fits_alone, linked
from kachisuji.words import InfeasibleError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NOTHING: I8 = np.zeros(0, dtype=np.int64)
TAILS = (0.1, 0.3, 0.5, 0.8, 1.0)  # worst shares of futures whose mean the first guesses raise
POOL = 300  # lines that a step may let in
ROUNDS = 60
CELLS = 250_000  # line-futures of one programme; more are split into batches of futures
BATCHES = 4  # solved; the futures of the others are bounded one by one
NODES = 300  # of branch and bound; a limit of time would make runs differ


def likelier(problem: Problem, lines: I8) -> I8:
    """Climb from a portfolio by single steps: to more odds, among equal odds to less shortfall."""
    p, threshold = problem.probability, problem.risk.threshold
    able = np.flatnonzero(problem.eligible & fits_alone(problem))
    pool = able[np.argsort(-(problem.value[able] @ p), kind="stable")[:POOL]]

    def keys(totals: F8) -> F8:
        short = np.minimum(0.0, totals - threshold) @ p
        scale = abs(threshold) + float(np.abs(totals).max(initial=1.0))
        return odds_of(totals, threshold, p) + 0.5 * float(p[p > 0].min()) * short / scale

    for _ in range(ROUNDS):
        into, out = possible_steps(problem, lines, pool)
        if not into.size:
            break
        # the first of all is standing still, in the same scale
        into, out = np.append(-1, into), np.append(-1, out)
        found = keys(step_totals(problem, lines, into, out))
        best = int(found.argmax())
        if best == 0 or found[best] <= found[0] + 1e-12:
            break
        lines = step(lines, int(into[best]), int(out[best]))
    return np.sort(lines)


def choose_satisficing(
    problem: Problem,
    gap: float = 1e-3,
    start: Iterable[I8] = (),
) -> Choice:
    """Choose the portfolio that most probably reaches the threshold of ``problem.risk``.

    Parameters
    ----------
    problem
        Its risk has the measure ``odds``.
    gap
        Odds within which branch and bound may stop.
    start
        Portfolios to begin from, besides those that are best by the mean of a worst tail.

    Returns
    -------
    Choice
        ``objective`` are the odds, ``bound`` odds that no portfolio exceeds, ``gap`` their
        difference.

    Raises
    ------
    InfeasibleError
        If not a single line fits the limits, or what is required cannot be had.
    """
    check_any_fits(problem)
    begun = [NOTHING, *start, *(_by_tail(problem, tail) for tail in TAILS)]
    found = [likelier(problem, lines) for lines in begun if problem.fits(lines)]

    threshold, p = problem.risk.threshold, problem.probability

    def odds_by(lines: I8) -> float:
        return float(odds_of(problem.totals(lines)[None], threshold, p)[0])

    ceiling = _ceiling(problem)
    bound = float(odds_of(ceiling[None], threshold, p)[0])
    if bound > max(map(odds_by, found), default=-1.0) + gap:
        within = ceiling >= threshold - 1e-9 * max(1.0, abs(threshold))
        better, most = _in_batches(linked(problem), within, gap)
        bound = min(bound, most)
        own = [lines[lines < problem.segment.size] for lines in better]
        found += [likelier(problem, lines) for lines in own if problem.fits(lines)]
    if not found:
        raise InfeasibleError("portfolios.cannot_require")
    lines = max(found, key=odds_by)
    odds = odds_by(lines)
    return Choice(lines, odds, max(bound, odds), max(bound, odds) - odds)


def _by_tail(problem: Problem, tail: float) -> I8:
    """Return what search finds for the mean of the worst ``tail`` of the futures."""
    try:
        chooser = Chooser(replace(problem, risk=Risk("cvar", tail, 1.0)))
        return chooser.choose(1e-2, 0.0, kicks=4).lines
    except InfeasibleError:
        return NOTHING


def _ceiling(problem: Problem) -> F8:
    """(F,) what no portfolio exceeds in a future; rules may force it below nothing."""
    if any(rule.least > 0 for rule in problem.rules):
        return np.full(problem.value.shape[1], np.inf)  # doing nothing is no portfolio then
    return best_by_future(problem)


def _in_batches(problem: Problem, within: NDArray[np.bool_], gap: float) -> tuple[list[I8], float]:
    """Return portfolios of branch and bound, and odds that no portfolio exceeds.

    Where all futures at once are too many, they are split into batches: what one portfolio reaches
    over all of them is at most the mean, by weight, of the best of each batch by itself,
    ``max_x Σ_b w_b·P_b(x) ≤ Σ_b w_b·max_x P_b(x)``. The first few batches are solved; of the others
    each future counts that some portfolio reaches the threshold in (``within``).
    """
    p, futures = problem.probability, problem.value.shape[1]
    able = problem.eligible & fits_alone(problem)
    rows = np.flatnonzero(able & ~dominated(replace(problem, eligible=able)))
    size = max(1, CELLS // max(1, rows.size))
    count = -(-futures // size)
    found: list[I8] = []
    bound = 0.0
    # by lot, always the same: designs have an order in which every batch could be of one kind
    lot = np.random.default_rng(0).permutation(futures)
    for k in range(count):
        own = np.sort(lot[k::count])
        weight = float(p[own].sum())
        most = float(p[own] @ within[own])
        if k < BATCHES and weight > 0 and most > 0:
            part = replace(problem, value=problem.value[:, own], weights=p[own] / weight)
            lines, odds = _programme(part, rows, gap)
            most = min(most, weight * odds)
            found += [] if lines is None else [lines]
        bound += most
    return found, bound


def _programme(problem: Problem, rows: I8, gap: float) -> tuple[I8 | None, float]:
    """Return a portfolio of branch and bound, None for none, and odds that none exceeds."""
    futures = problem.value.shape[1]
    goal = Goal(np.zeros(futures), problem.value, problem.risk.threshold, 1.0)
    programme = GoalProgramme(problem, goal, np.zeros(problem.segment.size), rows)
    found, most, _ = programme.solve("odds", gap, float("inf"), nodes=NODES)
    return found, min(1.0, most)
