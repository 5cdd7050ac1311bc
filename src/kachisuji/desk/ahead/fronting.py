"""The front of two to five objectives of a stored run: what has to be given up for what."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.objectives import OBJECTIVES, sign, signed
from kachisuji.words import InputError, KachisujiError, nearest

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from kachisuji.desk.pipeline import Work
    from kachisuji.desk.stored import StoredRun
    from kachisuji.portfolios import Problem
    from kachisuji.portfolios.many import Efficient

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

LEAST, MOST = 2, 5
LEADING = 3  # lines of a segment by each objective, and by each per unit of money
STEP = 0.01  # of an objective's range, by which points of the front differ at the least
BEGINNING = 60.0  # seconds that a process may take to begin: they are no part of the search
GRACE = 5.0  # seconds beyond its time after which the search is ended from outside
SLACK = 1e-6  # of an objective's range: closer values are the same


def front(
    run: StoredRun | Path,
    objectives: Sequence[str],
    *,
    levels: int | None = None,
    step: float = STEP,
    seconds: float = 60.0,
) -> dict[str, Any]:
    """Find portfolios inside the limits and rules of a run that none is better than in every way.

    Objectives are means over all futures, lines added up as played alone, among the lines of each
    segment that lead by an objective or by one per unit of public money. What the case states that
    two segments are worth together counts in the net benefit.

    Parameters
    ----------
    run
        A finished run.
    objectives
        Names of ``OBJECTIVES``; the first is the one maximised over the grid.
    levels
        Of each other objective of a grid (AUGMECON2); without it the method of Sylva and Crema.
    step
        Of that method: a further portfolio must exceed each one found, in some objective, by this
        share of the objective's range; 0 for every efficient portfolio.
    seconds
        For the whole search; what is found by then is told.

    Returns
    -------
    dict
        Plain values: ``points`` (``lines``, ``segments``, ``values`` by objective; each proven
        efficient among the lines considered), ``complete`` (whether none exceeds them all by
        the step: never of a grid), ``considered`` lines, ``plan`` of the run by the same
        objectives, with ``better``, the place of a point that is better than the plan in every
        way, or None.

    Raises
    ------
    InputError
        If an objective is unknown or named twice, or there are too few or too many.
    """
    from kachisuji.desk.ahead.dividing import plan_of
    from kachisuji.desk.choosing import pose
    from kachisuji.desk.describing import limits_by_year

    check(objectives, levels, step, seconds)
    work = reopen(run)
    problem = pose(work, limits_by_year(work.case))
    table = signed(objectives, work.measures)
    rows = leading(problem, table, work.measures["public_cost"].mean(axis=1))
    own, values = with_pairs(problem.subset(rows), table[:, rows], objectives)
    found, complete = front_in_time(own, values, levels, seconds, max(step, SLACK))
    points = [rows[p.lines[p.lines < rows.size]] for p in found]
    plan = np.array(plan_of(run), dtype=np.int64)
    reached = partial(_reached, problem, table, objectives)
    told = partial(_told, work, reached, objectives)
    return {
        "objectives": list(objectives),
        "method": "exact" if levels is None else "grid",
        "points": [told(lines) | {"proven": True} for lines in points],
        "complete": complete,
        "step": step,
        "seconds": seconds,
        "considered": len(rows),
        "lines": int(problem.eligible.sum()),
        "plan": told(plan) | {"better": _better(reached(plan), [reached(p) for p in points])},
    }


def with_pairs(problem: Problem, table: F8, objectives: Sequence[str]) -> tuple[Problem, F8]:
    """Count in the net benefit what lines of two segments are stated to be worth together.

    Each pair becomes a column after the lines; where nobody asks for the net benefit, none does.
    """
    from kachisuji.portfolios import linked

    if "welfare" not in objectives:
        return replace(problem, pairs=()), table
    both = np.array([pair.value @ problem.probability for pair in problem.pairs])
    added = [both * (o == "welfare") for o in objectives]
    return linked(problem), np.hstack([table, np.array(added)])


def _reached(problem: Problem, table: F8, objectives: Sequence[str], lines: I8) -> F8:
    """(K,) objectives of a portfolio, all to be raised, stated pairs counted."""
    values = table[:, lines].sum(axis=1)
    both = float(problem.together(lines) @ problem.probability)
    return np.asarray(values + both * np.array([o == "welfare" for o in objectives]))


def _told(
    work: Work, reached: Callable[[I8], F8], objectives: Sequence[str], lines: I8
) -> dict[str, Any]:
    """Plain values of one portfolio: its lines, their segments, the objectives as they are said."""
    values = np.array([sign(o) for o in objectives]) * reached(lines) + 0.0
    return {
        "lines": [int(i) for i in lines],
        "segments": [str(s) for s in work.lines["segment"].to_numpy()[lines]],
        "values": dict(zip(objectives, map(float, values), strict=True)),
    }


def _search(
    pipe: Connection,
    problem: Problem,
    objectives: F8,
    levels: int | None,
    seconds: float,
    step: float,
) -> None:
    """Send that it begins, each point of ``front_within``, then all of them, or what went wrong."""
    from kachisuji.portfolios import front_within

    pipe.send(None)
    try:
        pipe.send(front_within(problem, objectives, levels, seconds, step, tell=pipe.send))
    except KachisujiError as error:
        pipe.send(error)


def front_in_time(
    problem: Problem, objectives: F8, levels: int | None, seconds: float, step: float
) -> tuple[list[Efficient], bool]:
    """``front_within`` in a process of its own, ended ``GRACE`` seconds after its time.

    HiGHS does not always keep its time limit, and nothing inside its process can stop it.
    """
    from kachisuji.portfolios.many import undominated

    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe(duplex=False)
    asked = (there, problem, objectives, levels, seconds, step)
    search = processes.Process(target=_search, args=asked, daemon=True)
    search.start()
    there.close()
    until = time.monotonic() + BEGINNING
    points: list[Efficient] = []
    try:
        while here.poll(max(0.0, until - time.monotonic())):
            got = here.recv()
            if got is None:
                until = time.monotonic() + seconds + GRACE
                continue
            if isinstance(got, KachisujiError):
                raise got
            if isinstance(got, tuple) and isinstance(got[0], list):
                return got[0], bool(got[1])
            points.append(got)
    except EOFError:  # the search died: what it found before stands
        pass
    finally:
        search.kill()
        search.join()
        here.close()
    return undominated(points), False


def check(objectives: Sequence[str], levels: int | None, step: float, seconds: float) -> None:
    """Refuse what cannot be asked of a front, before any file is read."""
    for name in objectives:
        if name not in OBJECTIVES:
            raise InputError("ahead.no_objective", got=name, known=nearest(name, OBJECTIVES))
    if len(set(objectives)) < len(objectives) or not LEAST <= len(objectives) <= MOST:
        known = ", ".join(OBJECTIVES)
        raise InputError("ahead.objectives", got=", ".join(objectives), known=known)
    if levels is not None and not 1 <= levels <= 100:
        raise InputError("desk.bad_option", option="--points", got=levels, want="1 – 100")
    if not 0.0 <= step <= 0.5:
        raise InputError("desk.bad_option", option="--step", got=step, want="0 – 0.5")
    if not 0.0 < seconds <= 86400.0:
        raise InputError("desk.bad_option", option="--seconds", got=seconds, want="1 – 86400")


def leading(problem: Problem, table: F8, cost: F8) -> I8:
    """Rows of the best few lines of each segment by each objective, and per unit of money."""
    money = np.maximum(cost, 1e-9)
    kept: set[int] = set()
    for segment in np.unique(problem.segment[problem.eligible]):
        own = np.flatnonzero(problem.eligible & (problem.segment == segment))
        for score in (*table, *(table / money)):
            kept |= {int(i) for i in own[np.argsort(-score[own], kind="stable")[:LEADING]]}
    return np.array(sorted(kept), dtype=np.int64)


def _better(own: F8, points: list[F8]) -> int | None:
    """Place of a point at least as good as the plan's ``own`` in every objective, better in one."""
    values = np.array(points).reshape(-1, own.size)
    slack = SLACK * np.maximum(np.ptp(np.vstack([values, own]), axis=0), 1e-12)
    for place, value in enumerate(values):
        if (value >= own - slack).all() and (value > own + slack).any():
            return place
    return None
