"""Why something changed between two years: structural decomposition."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.extraction import totals_of
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

EFFECTS = ("intensity", "technology", "mix", "level")
_METHODS = ("shapley", "polar")


@checked
def decompose_change(
    before: Economy, after: Economy, *, row: str = "value_added", method: str = "shapley"
) -> pd.DataFrame:
    """Return the change of a row between two tables, split by what changed.

    ``y = c (I - A)^-1 b l``: ``intensity`` c (the row per unit of output), ``technology`` A,
    ``mix`` b (shares of final demand by product and origin) and ``level`` l (its total). With
    ``row="output"`` c is one and the intensity has no effect.

    Parameters
    ----------
    before, after
        Tables with the same labels, unit and currency. In current prices the effects hold price
        changes as well: bring both to one year's prices first.
    row
        ``value_added``, ``output``, or an item of an extension that both tables have.
    method
        ``shapley``: the mean over all orders in which the four may change (Dietzenbacher and Los
        1998: all n! forms); ``polar``: the mean of one order and its reverse. With
        ``row="output"`` the latter is the split in two of Miller and Blair (2009, section 13.1):
        ``technology`` is ``(L1 - L0) (f0 + f1) / 2`` and ``mix`` plus ``level`` is
        ``(L0 + L1) (f1 - f0) / 2``; over all orders of three factors they differ a little.

    Returns
    -------
    DataFrame
        By (region, sector): the four effects, which add up to ``change``.
    """
    if method not in _METHODS:
        known = ", ".join(_METHODS)
        raise InputError("structure.choice", what="method", got=method, known=known)
    _same(before, after)
    outcomes = _outcomes((before, after), row)
    effects = _shapley(outcomes) if method == "shapley" else _polar(outcomes)
    columns = {name: effects[k] for k, name in enumerate(EFFECTS)}
    columns["change"] = outcomes[frozenset(range(4))] - outcomes[frozenset()]
    return before.frame(np.column_stack(list(columns.values())), list(columns))


def _same(before: Economy, after: Economy) -> None:
    for what in ("regions", "sectors", "unit", "currency"):
        one, other = getattr(before, what), getattr(after, what)
        if one != other:
            raise InputError("structure.tables_differ", what=what, one=one, other=other)


def _outcomes(tables: tuple[Economy, Economy], row: str) -> dict[frozenset[int], Floats]:
    """(n,) by the set of factors that have their later value."""
    c, mix, level = [], [], []
    for table in tables:
        if row == "output":
            c.append(np.ones(table.n))
        else:
            c.append(per_unit(totals_of(table, row), table.x))
        final = table.final_by_region.sum(axis=1)
        level.append(final.sum())
        mix.append(final / final.sum())
    solved = [leontief(table).solve(np.column_stack(mix)) for table in tables]
    result = {}
    for size in range(5):
        for those in combinations(range(4), size):
            i, t, b, k = (int(factor in those) for factor in range(4))
            result[frozenset(those)] = c[i] * solved[t][:, b] * level[k]
    return result


def _shapley(outcomes: dict[frozenset[int], Floats]) -> list[Floats]:
    effects = []
    for factor in range(4):
        others = [k for k in range(4) if k != factor]
        total = np.zeros_like(outcomes[frozenset()])
        for size in range(4):
            weight = factorial(size) * factorial(3 - size) / factorial(4)
            for those in combinations(others, size):
                step = outcomes[frozenset((*those, factor))] - outcomes[frozenset(those)]
                total += weight * step
        effects.append(total)
    return effects


def _polar(outcomes: dict[frozenset[int], Floats]) -> list[Floats]:
    effects = []
    for factor in range(4):
        first, last = frozenset(range(factor)), frozenset(range(factor + 1, 4))
        there = outcomes[first | {factor}] - outcomes[first]
        back = outcomes[last | {factor}] - outcomes[last]
        effects.append((there + back) / 2.0)
    return effects
