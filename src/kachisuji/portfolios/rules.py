"""Rules on lines together, and money that may be carried over.

Every rule is ``Σ_l weight_l x_l ≥ least`` (``problem.Rule``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
