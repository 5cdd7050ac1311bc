"""Why the lines of a run are in or out, exactly: the choice made again with each of them out or in.

Lines as each fares alone, on the choosing half: the choice before the joint play. Losses are told
by risk-adjusted value, and where the case chooses by odds or by goals, by these as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.ahead.dividing import plan_of
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.objectives import sign
from kachisuji.desk.report.names import Names
from kachisuji.desk.stored import StoredRun
from kachisuji.words import InfeasibleError, InputError, nearest

if TYPE_CHECKING:
    from kachisuji.desk.pipeline import Work
    from kachisuji.portfolios import Explained, Problem

I8 = NDArray[np.int64]


def reasons(run: StoredRun | Path, lines: Sequence[str] = ()) -> dict[str, Any]:
    """Explain lines of a run, and the limits that bind.

    Parameters
    ----------
    run
        A finished run.
    lines
        Identifiers of lines, or segments for their best line by mean value; without any the lines
        of the choice and of the plan.

    Returns
    -------
    dict
        Plain values: ``objective``, ``bound``; ``lines`` (``chosen``, ``in_plan``, ``loss``,
        ``gap``, ``charge``, ``short``, ``efficient``); ``limits`` that bind (``price`` of one more
        unit at the margin, ``gain`` by ``more`` of it). Where ``[choice]`` asks for ``satisficing``
        or ``goals``, ``by`` (its name; None otherwise), ``reached`` by the choice made so, and in
        each line ``chosen_so`` and ``reached_otherwise``, with the line out or in (None where
        nothing holds it): the odds, or the level of each goal in order.

    Raises
    ------
    InputError
        If there is no such line or segment.
    """
    from kachisuji import portfolios
    from kachisuji.desk.choosing import GAP, pose
    from kachisuji.desk.describing import limits_by_year

    stored = run if isinstance(run, StoredRun) else StoredRun.open(run)
    work = reopen(stored)
    problem = pose(work, limits_by_year(work.case))
    asked = [_row(name, work, problem) for name in lines]
    choice, plan = portfolios.choose(problem, gap=GAP), plan_of(stored)
    so = _by_asked(work, problem, choice.lines)
    rows = asked or sorted({*map(int, choice.lines), *plan, *(so.lines if so else ())})
    told = portfolios.explain(problem, choice, rows, GAP)
    names = Names(work.case)
    explained = [_told(one, work, names, set(plan)) for one in told]
    if so:
        for line, row in zip(explained, rows, strict=True):
            line |= {"chosen_so": row in so.lines, "reached_otherwise": so.otherwise(row)}
    return {
        "objective": choice.objective,
        "bound": choice.bound,
        "by": work.case.settings.choice.objective if so else None,
        "reached": so.reached if so else None,
        "lines": explained,
        "limits": [asdict(b) for b in portfolios.limit_values(problem, choice, gap=GAP)],
    }


@dataclass(frozen=True)
class _So:
    """The choice by odds or by goals: its lines, what they reach, and how it is made again."""

    problem: Problem
    lines: tuple[int, ...]
    reached: dict[str, float]
    again: Callable[[Problem], tuple[I8, dict[str, float]]]

    def otherwise(self, row: int) -> dict[str, float] | None:
        """Return what the best portfolio reaches without a chosen line, or with one left out.

        None where no portfolio inside the limits and rules holds it.
        """
        from kachisuji.portfolios import at_least
        from kachisuji.portfolios.problem import fits_alone

        able = self.problem.eligible.copy()
        if row in self.lines:
            able[row] = False
            return self.again(replace(self.problem, eligible=able))[1]
        if not able[row] or not fits_alone(self.problem)[row]:
            return None
        held = at_least(self.problem, np.array([row]), 1, "≥ 1")
        try:
            return self.again(replace(self.problem, rules=(*self.problem.rules, held)))[1]
        except InfeasibleError:
            return None


def _by_asked(work: Work, problem: Problem, start: I8) -> _So | None:
    """Choose by what ``[choice]`` asks for; None where that is risk-adjusted value."""
    from kachisuji.desk.choosing import by_goals, counted_by_odds, goal_values
    from kachisuji.desk.joint import stated_by_goal
    from kachisuji.portfolios import choose_satisficing

    asked = work.case.settings.choice

    def by_odds(now: Problem) -> tuple[I8, dict[str, float]]:
        found = choose_satisficing(counted_by_odds(now, asked.threshold), start=[start])
        return found.lines, {"odds": found.objective}

    def in_turn(now: Problem) -> tuple[I8, dict[str, float]]:
        lines = by_goals(work, now).lines
        levels = goal_values(work)[:, lines].sum(axis=1) + stated_by_goal(work, lines)
        names: list[str] = [a.measure for a in asked.goals]
        told = {n: float(sign(n) * v) for n, v in zip(names, levels, strict=True)}
        return lines, told

    again = {"satisficing": by_odds, "goals": in_turn}.get(asked.objective)
    if again is None:
        return None
    lines, reached = again(problem)
    return _So(problem, tuple(map(int, lines)), reached, again)


def _row(name: str, work: Work, problem: Problem) -> int:
    """Row of a line by its identifier, or of a segment's best line by mean value."""
    own = np.flatnonzero((work.lines["line"] == name).to_numpy())
    if own.size:
        return int(own[0])
    own = np.flatnonzero((work.lines["segment"] == name).to_numpy() & problem.eligible)
    if not own.size or not name:
        known = nearest(name, [*work.model.segments, *work.lines["line"]])
        raise InputError("ahead.no_line", got=name, known=known)
    return int(own[problem.value[own].mean(axis=1).argmax()])


def _told(one: Explained, work: Work, names: Names, plan: set[int]) -> dict[str, Any]:
    row: Any = work.lines.loc[one.line]
    told, means = names.line(row), names.packages[row["package"]]
    return {
        **one.as_json(),
        "line": str(row["line"]),
        "name_en": told.en,
        "name_ja": told.ja,
        "package_en": means.en,
        "package_ja": means.ja,
        "start": int(row["start"]),
        "in_plan": one.line in plan,
    }
