"""What a case's ``[choice]`` asks of a portfolio: rules, stated pairs, carrying over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kachisuji.cases.settings import Choosing
    from kachisuji.portfolios import Pair, Problem, Rule

I8 = NDArray[np.int64]


def under_settings(problem: Problem, asked: Choosing, lines: pd.DataFrame) -> Problem:
    """Put the rules and pairs of ``[choice]`` on a choice among ``lines``; without any as it is.

    The balance counts the expected money of lines of segments, not of the horizontal credit.
    """
    from kachisuji.portfolios import carried_over

    problem = replace(
        problem,
        rules=(*problem.rules, *rules_of(problem, asked, lines)),
        pairs=stated_pairs(problem, asked, lines),
    )
    return carried_over(problem, "money") if asked.carry_over else problem


def rules_of(problem: Problem, asked: Choosing, lines: pd.DataFrame) -> tuple[Rule, ...]:
    """Return the rules of ``[choice]`` over the rows of ``lines``."""
    from kachisuji.portfolios import at_most, balanced, needs

    segment, partner = lines["segment"].to_numpy(), lines["partner"].to_numpy()

    def rows(names: tuple[str, ...]) -> I8:
        return np.flatnonzero(np.isin(segment, names))

    out = []
    for rule in asked.rules:
        if rule.kind == "excludes":
            name = " / ".join(rule.segments)
            out.append(at_most(problem, rows(rule.segments), 1, name))
            continue
        beside = rows(rule.beside)
        for one in rule.segments:
            name = f"{one} → {' / '.join(rule.beside)}"
            out.append(needs(problem, rows((one,)), beside, name))
    for region in dict.fromkeys(p for p in partner if p):
        most = asked.partner_limits.get(region, asked.max_lines_per_partner)
        if most is not None:
            out.append(at_most(problem, np.flatnonzero(partner == region), most, f"≤ {region}"))
    money = np.maximum(0.0, problem.use[:, problem.items.index("money")].sum(axis=1))
    money = np.where(segment == "", 0.0, money)
    for part in asked.balance:
        name = f"≥ {part.share:.0%} {' / '.join(part.segments)}"
        out.append(balanced(problem, money, rows(part.segments), part.share, name))
    return tuple(out)


def stated_pairs(problem: Problem, asked: Choosing, lines: pd.DataFrame) -> tuple[Pair, ...]:
    """Return the pairs of ``[[choice.together]]``: any eligible line of both segments makes one."""
    from kachisuji.portfolios import Pair

    segment, out = lines["segment"].to_numpy(), []
    for pair in asked.together:
        one, other = (np.flatnonzero(problem.eligible & (segment == s)) for s in pair.segments)
        if one.size and other.size:
            out.append(Pair(one, other, np.full(problem.value.shape[1], pair.value)))
    return tuple(out)


def keeps(problem: Problem, lines: I8) -> bool:
    """Whether a portfolio keeps every rule of the choice (limits are for ``within_limits``)."""
    return all(rule.kept(lines) for rule in problem.rules)
