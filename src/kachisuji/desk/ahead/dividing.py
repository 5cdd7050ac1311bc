"""More than one decision-maker: how ministries or partners may share what a plan is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kachisuji.desk.ahead.prepared import MOST_FUTURES, play, spread_over
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun

MOST = 7  # players: every coalition is played jointly


def divide(
    run: StoredRun | Path, by: Literal["field", "partner", "segment"] = "field"
) -> dict[str, Any]:
    """Divide the worth of a plan among those who play its lines.

    A player owns the lines of a field (a ministry), of a partner, or of a segment; a coalition is
    worth what its lines are worth when they are played jointly without the others (negative worth
    is not played: doing nothing is always possible).

    Returns
    -------
    dict
        Plain values: ``players``; ``alone`` and ``together``; ``shapley`` and ``nucleolus`` by
        player; ``core``: whether no coalition does better alone, and by how much at the worst
        (``excess``).

    Raises
    ------
    InputError
        If the plan has fewer than two players or more than seven.
    """
    from kachisuji.portfolios import least_core, nucleolus, shapley

    work = reopen(run)
    rows = [int(i) for i in _plan(run)]
    lines = work.lines.loc[rows].reset_index(drop=True)
    owner = lines[by].astype(str).replace("", "–")
    players = list(dict.fromkeys(owner))
    if not 2 <= len(players) <= MOST:
        raise InputError("ahead.players", got=len(players), by=by, most=MOST)
    draws = np.ascontiguousarray(work.draws[spread_over(len(work.draws), MOST_FUTURES)])
    work.model.prepare(draws)
    worth = np.zeros(1 << len(players))
    for coalition in range(1, worth.size):
        members = {p for k, p in enumerate(players) if coalition >> k & 1}
        own = lines[owner.isin(members)].reset_index(drop=True)
        worth[coalition] = play(work, "", own, draws).worth.mean()
    best = worth.copy()  # a coalition may always leave lines unplayed
    for coalition in range(1, best.size):
        for k in range(len(players)):
            if coalition >> k & 1:
                best[coalition] = max(best[coalition], best[coalition ^ (1 << k)], 0.0)
    fair, stable = shapley(best), nucleolus(best)
    _, excess = least_core(best)
    return {
        "by": by,
        "players": players,
        "together": float(best[-1]),
        "alone": [float(best[1 << k]) for k in range(len(players))],
        "shapley": [float(v) for v in fair],
        "nucleolus": [float(v) for v in stable],
        "core": bool(excess <= 1e-9 * max(1.0, abs(float(best[-1])))),
        "excess": float(excess),
    }


def _plan(run: StoredRun | Path) -> list[int]:
    from kachisuji.desk.stored import StoredRun

    stored = run if isinstance(run, StoredRun) else StoredRun.open(run)
    return list(stored.choice["lines"])
