"""The best portfolios beside the choice: different, feasible, exactly valued."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.choosing import Choice, Chooser, best_by_future, score, score_many
from kachisuji.portfolios.dominance import dominated
from kachisuji.portfolios.problem import Problem, admissible, linked, needed
from kachisuji.words import InfeasibleError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

POOL = 600  # lines that a step may let in
OPENED = 40  # portfolios whose neighbours are looked at


def steps(problem: Problem, lines: I8, pool: I8) -> tuple[I8, I8]:
    """List the steps from a portfolio: (line in or −1, line out or −1).

    Every line dropped, and every line of the pool let in: alone, in place of its segment's line,
    or, where its segment is not held, in place of any one line.
    """
    owner = {int(problem.segment[line]): int(line) for line in lines}
    pool = pool[~np.isin(pool, lines)]
    own = np.array([owner.get(int(s), -1) for s in problem.segment[pool]], dtype=np.int64)
    free = pool[own < 0]
    swaps = np.repeat(free, lines.size), np.tile(lines, free.size)
    none = np.full(lines.size, -1, dtype=np.int64)
    return np.concatenate([none, pool, swaps[0]]), np.concatenate([lines, own, swaps[1]])


def padded(table: F8, rows: I8) -> F8:
    """Rows of a table, zero where the row is −1."""
    got = table[np.maximum(rows, 0)]
    got[rows < 0] = 0.0
    return got


def allowed(problem: Problem, lines: I8, into: I8, out: I8) -> NDArray[np.bool_]:
    """(N,) which steps keep the limits, the number of fields and the rules."""
    n = problem.segment.size
    room = (problem.limits * (1 + 1e-9) + 1e-9).reshape(-1)
    need = needed(problem).reshape(n, -1)
    left = room - need[lines].sum(axis=0) if (problem.use <= problem.sure).all() else None
    good = _fields_after(problem, lines, into, out) <= problem.max_fields
    for rule in problem.rules:
        change = padded(rule.weight[:, None], into)[:, 0] - padded(rule.weight[:, None], out)[:, 0]
        slack = 1e-9 * max(1.0, abs(rule.least))
        good &= rule.weight[lines].sum() + change >= rule.least - slack
    at = np.flatnonzero(good)
    if left is not None:
        over = (padded(need, into[at]) - padded(need, out[at]) > left).any(axis=1)
        good[at[over]] = False
        return good
    for table in (problem.use, problem.sure):
        flat = table.reshape(n, -1)
        after = flat[lines].sum(axis=0) + padded(flat, into[at]) - padded(flat, out[at])
        good[at] &= (after <= room).all(axis=1)
    return good


def _fields_after(problem: Problem, lines: I8, into: I8, out: I8) -> I8:
    width = int(problem.field.max(initial=0)) + 1
    counts = np.bincount(problem.field[lines], minlength=width)
    counts[0] = 0
    came = np.where(into >= 0, problem.field[into], 0)
    left = np.where(out >= 0, problem.field[out], 0)
    new = (came > 0) & (counts[came] == 0)
    gone = (left > 0) & (left != came) & (counts[left] == 1)
    return np.asarray((counts > 0).sum() + new.astype(np.int64) - gone.astype(np.int64))


def step_scores(problem: Problem, lines: I8, into: I8, out: I8, best: F8 | None) -> F8:
    """(N,) objective after each step (line in, line out; −1 for none)."""
    return score_many(problem, step_totals(problem, lines, into, out), best)


def step_totals(problem: Problem, lines: I8, into: I8, out: I8) -> F8:
    """(N, F) value in each future after each step (line in, line out; −1 for none)."""
    total = problem.value[lines].sum(axis=0)
    after = total + padded(problem.value, into) - padded(problem.value, out)
    return after + pairs_after(problem, lines, into, out) if problem.pairs else np.asarray(after)


def pairs_after(problem: Problem, lines: I8, into: I8, out: I8) -> F8:
    """(N, F) what pairs add to a portfolio after each step (line in, line out; −1 for none)."""
    added: F8 = np.zeros((into.size, 1))
    for pair in problem.pairs:
        held = np.ones(into.size, dtype=np.bool_)
        for side in (pair.one, pair.other):
            count = int(np.isin(lines, side).sum())
            held &= count + np.isin(into, side).astype(np.int64) - np.isin(out, side) > 0
        added = added + held[:, None] * pair.value
    return added


def possible_steps(problem: Problem, lines: I8, pool: I8) -> tuple[I8, I8]:
    """List the steps that keep limits and rules: (line in or −1, line out or −1)."""
    into, out = steps(problem, lines, pool)
    good = np.flatnonzero(allowed(problem, lines, into, out))
    return into[good], out[good]


def step(lines: I8, into: int, out: int) -> I8:
    """Return the portfolio after a step, in order."""
    kept = lines[lines != out] if out >= 0 else lines
    return np.sort(np.append(kept, into)) if into >= 0 else kept


def single_steps(problem: Problem, lines: I8, pool: I8) -> list[I8]:
    """List the portfolios one step away that keep limits and rules, lines of the pool let in."""
    moves = zip(*possible_steps(problem, lines, pool), strict=True)
    return [step(lines, int(into), int(out)) for into, out in moves]


def _candidates(problem: Problem, choice: Choice) -> I8:
    """Lines that a step may let in: those nearest to getting in, by the relaxation."""
    whole = linked(problem)
    pool = np.flatnonzero((admissible(whole) & ~dominated(whole))[: problem.segment.size])
    rank = problem.value[pool] @ problem.probability
    if choice.reduced_cost.size == problem.segment.size:
        rank = np.nan_to_num(choice.reduced_cost[pool], nan=-np.inf)
    return pool[np.argsort(-rank, kind="stable")][:POOL]


def best_portfolios(problem: Problem, choice: Choice, count: int = 50) -> list[I8]:
    """Up to ``count`` different portfolios, best first: the choice and what search finds near it.

    Best-first from the choice over single steps (a line in, out, or for another); each keeps the
    limits and is valued exactly, pairs counted. Doing nothing is among them where it is allowed.
    No proof that none better was missed beyond the choice itself, whose gap is stated;
    ``exact_best`` gives one.
    """
    best = best_by_future(problem) if problem.risk.measure == "regret" else None
    pool = _candidates(problem, choice)
    begin = np.sort(choice.lines)
    found = {tuple(map(int, begin)): score(problem, begin, best)}
    if problem.fits(begin[:0]):
        found[()] = score(problem, begin[:0], best)
    opened: set[tuple[int, ...]] = set()
    for _ in range(OPENED):
        ranked = sorted(found, key=lambda k: (-found[k], k))[:count]
        ahead = next((k for k in ranked if k not in opened), None)
        if ahead is None:
            break
        opened.add(ahead)
        lines = np.array(ahead, dtype=np.int64)
        for after, value in _near(problem, lines, pool, best, count):
            found.setdefault(after, value)
    ranked = sorted(found, key=lambda k: (-found[k], k))[:count]
    if () in found and () not in ranked:
        ranked[-1] = ()
    return [np.array(k, dtype=np.int64) for k in ranked]


def _near(
    problem: Problem, lines: I8, pool: I8, best: F8 | None, count: int
) -> list[tuple[tuple[int, ...], float]]:
    """List the best portfolios one step away, with their values."""
    into, out = possible_steps(problem, lines, pool)
    # the mean of the change orders well; only the front of the order is valued over the futures
    mean = (problem.value @ problem.probability)[:, None]
    change = padded(mean, into)[:, 0] - padded(mean, out)[:, 0]
    if problem.pairs:
        change = change + pairs_after(problem, lines, into, out) @ problem.probability
    ahead = np.argsort(-change, kind="stable")[: 8 * count]
    into, out = into[ahead], out[ahead]
    scores = step_scores(problem, lines, into, out, best)
    top = np.argsort(-scores, kind="stable")[:count]
    return [
        (tuple(map(int, step(lines, int(into[i]), int(out[i])))), float(scores[i])) for i in top
    ]


def exact_best(problem: Problem, count: int = 10, gap: float = 1e-6) -> list[Choice]:
    """Return the ``count`` best portfolios with proof, best first; for small problems.

    After each choice exactly this set of lines is forbidden (a no-good cut,
    ``Σ_{l in} x_l − Σ_{l not in} x_l ≤ n − 1``) and the choice is made again. No line is ruled out
    by dominance here: a dominated line may be in the second-best portfolio.

    Raises
    ------
    InfeasibleError
        If the limits admit not a single line.
    """
    found: list[Choice] = []
    for _ in range(count):
        chooser = Chooser(problem, always=np.flatnonzero(admissible(problem)))
        own = chooser.rows < problem.segment.size  # columns of pairs make no other portfolio
        for earlier in found:
            inside = np.isin(chooser.rows, earlier.lines)
            other = np.where(inside, -1.0, 1.0) * own
            chooser.master.require(other, 1.0 - float(inside.sum()))
        try:
            found.append(chooser.choose(gap))
        except InfeasibleError:
            if not found:
                raise
            break
    return found
