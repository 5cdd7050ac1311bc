"""Rules on lines together, linked segments, and money that may be carried over.

Every rule is ``Σ_l weight_l x_l ≥ least`` (``problem.Rule``); a term for two segments together is a
product of whole numbers, written out by a column of its own (Fortet 1960; Glover and Woolsey 1974,
Operations Research 22).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.portfolios.choosing import Choice, Chooser
from kachisuji.portfolios.problem import Problem, Rule
from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


def marks(problem: Problem, rows: ArrayLike) -> F8:
    """(L,) one for the given lines, zero for the others."""
    out = np.zeros(problem.segment.size)
    out[np.asarray(rows, dtype=np.int64)] = 1.0
    return out


def excludes(problem: Problem, one: ArrayLike, other: ArrayLike, name: str) -> Rule:
    """At most one line out of both sets."""
    return Rule(name, -np.maximum(marks(problem, one), marks(problem, other)), -1.0)


def needs(problem: Problem, lines: ArrayLike, helpers: ArrayLike, name: str) -> Rule:
    """Hold a line of the first set only beside one of the second (at most one of the first)."""
    return Rule(name, marks(problem, helpers) - marks(problem, lines), 0.0)


def at_most(problem: Problem, rows: ArrayLike, count: float, name: str) -> Rule:
    """At most so many of the given lines: a limit on a partner or on a kind of instrument."""
    return Rule(name, -marks(problem, rows), -float(count))


def at_least(problem: Problem, rows: ArrayLike, count: float, name: str) -> Rule:
    """At least so many of the given lines."""
    return Rule(name, marks(problem, rows), float(count))


def balanced(problem: Problem, amount: ArrayLike, rows: ArrayLike, share: float, name: str) -> Rule:
    """At least a share of an amount (money, jobs) goes to the given lines, say those of a region.

    ``Σ_{l in rows} a_l x_l ≥ share·Σ_l a_l x_l``; choosing nothing keeps it.

    Raises
    ------
    InputError
        If the share is not between 0 and 1 or an amount is below zero.
    """
    a = np.asarray(amount, dtype=np.float64)
    if not 0.0 <= share <= 1.0 or (a < 0).any():
        raise InputError("portfolios.bad_balance", share=share)
    return Rule(name, a * (marks(problem, rows) - share), 0.0)


def carried_over(problem: Problem, item: str) -> Problem:
    """Let what is not used of an item in one year be used later: limits on the sums up to a year.

    The sure use is added up as well, which is on the safe side.

    Raises
    ------
    InputError
        If there is no such item.
    """
    if item not in problem.items:
        raise InputError("portfolios.no_item", item=item, known=", ".join(problem.items))
    k = problem.items.index(item)
    use, sure, limits = problem.use.copy(), problem.sure.copy(), problem.limits.copy()
    for table in (use, sure):
        table[:, k] = np.cumsum(table[:, k], axis=1)
    limits[k] = np.cumsum(limits[k])
    return replace(problem, use=use, sure=sure, limits=limits)


@dataclass(frozen=True)
class Pair:
    """What two segments are worth together beyond the sum of both.

    Attributes
    ----------
    one, other
        Lines of one segment each: any of them makes the pair.
    value
        (F,) what is added in each future, or taken away, when a line of both is chosen.
    """

    one: I8
    other: I8
    value: F8


def linked(problem: Problem, pairs: Sequence[Pair]) -> Problem:
    """Add a column for every pair: ``z = x_one·x_other`` by ``z ≤ x`` and ``z ≥ x + x' − 1``.

    The columns come after the lines; they use nothing, belong to no field and may always be had.

    Raises
    ------
    InputError
        If the lines of one side of a pair are not of one segment, or both sides are of the same.
    """
    n, p = problem.segment.size, len(pairs)
    for k, pair in enumerate(pairs):
        sides = [np.unique(problem.segment[side]) for side in (pair.one, pair.other)]
        if any(s.size != 1 for s in sides) or sides[0][0] == sides[1][0]:
            raise InputError("portfolios.bad_pair", place=k)
    zeros = np.zeros((p, *problem.use.shape[1:]))
    first = int(problem.segment.max(initial=-1)) + 1
    wide = replace(
        problem,
        value=np.vstack([problem.value, *(pair.value[None, :] for pair in pairs)]),
        segment=np.append(problem.segment, first + np.arange(p)),
        field=np.append(problem.field, np.zeros(p, dtype=np.int64)),
        use=np.concatenate([problem.use, zeros]),
        sure=np.concatenate([problem.sure, zeros]),
        eligible=np.append(problem.eligible, np.ones(p, dtype=np.bool_)),
        power=np.append(problem.power, np.zeros(p)),
        rules=tuple(replace(r, weight=np.append(r.weight, np.zeros(p))) for r in problem.rules),
    )
    rules = list(wide.rules)
    for k, pair in enumerate(pairs):
        own, one, other = (marks(wide, rows) for rows in ([n + k], pair.one, pair.other))
        rules += [Rule(f"pair {k}", side - own, 0.0) for side in (one, other)]
        if (pair.value < 0).any():
            rules.append(Rule(f"pair {k}", own - one - other, -1.0))
    return replace(wide, rules=tuple(rules))


def choose_linked(
    problem: Problem, pairs: Sequence[Pair], gap: float = 1e-3, seconds: float = 60.0
) -> Choice:
    """Choose with pairwise terms; the lines of the choice are those of ``problem``.

    Objective, bound and gap count the pairs; reduced costs are those of the lines.
    """
    found = Chooser(linked(problem, pairs)).choose(gap, seconds)
    n = problem.segment.size
    return replace(found, lines=found.lines[found.lines < n], reduced_cost=found.reduced_cost[:n])
