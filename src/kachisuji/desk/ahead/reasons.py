"""Why the lines of a run are in or out, exactly: the choice made again with each of them out or in.

Lines as each fares alone, on the choosing half, by risk-adjusted value: the choice before the joint
play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kachisuji.desk.ahead.dividing import plan_of
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.report.names import Names
from kachisuji.desk.stored import StoredRun
from kachisuji.words import InputError, nearest

if TYPE_CHECKING:
    from kachisuji.desk.pipeline import Work
    from kachisuji.portfolios import Explained, Problem


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
        unit at the margin, ``gain`` by ``more`` of it).

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
    rows = asked or sorted({*map(int, choice.lines), *plan})
    told = portfolios.explain(problem, choice, rows, GAP)
    names = Names(work.case)
    return {
        "objective": choice.objective,
        "bound": choice.bound,
        "lines": [_told(one, work, names, set(plan)) for one in told],
        "limits": [asdict(b) for b in portfolios.limit_values(problem, choice, gap=GAP)],
    }


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
