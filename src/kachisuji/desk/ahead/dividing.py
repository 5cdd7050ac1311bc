"""More than one decision-maker: how ministries or partners may share what a plan is worth."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.ahead.prepared import MOST_FUTURES, first_of, play
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.words import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case
    from kachisuji.desk.pipeline import Work
    from kachisuji.desk.stored import StoredRun

F8 = NDArray[np.float64]

MOST = 7  # players: every coalition is played jointly
BY = ("field", "partner", "segment")
NOBODY = "–"  # owns the lines that have no partner, or no segment


def divide(run: StoredRun | Path, by: str = "field") -> dict[str, Any]:
    """Divide the worth of a plan among those who play its lines.

    A player owns the lines of a field, of a partner, of a segment, or of what a CSV file gives it
    (``by`` ends in ``.csv``: columns ``segment`` or ``field``, and ``ministry``); a coalition is
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
        If the plan has fewer than two players or more than seven, ``by`` is none of these, or the
        file has a mistake.
    """
    if by not in BY and not by.lower().endswith(".csv"):
        raise InputError("desk.bad_option", option="--by", got=by, want=" / ".join((*BY, "*.csv")))
    from kachisuji.portfolios import least_core, nucleolus, shapley

    work = reopen(run)
    rows = [int(i) for i in plan_of(run)]
    lines = work.lines.loc[rows].reset_index(drop=True)
    owner = (
        lines[by].astype(str).replace("", NOBODY)
        if by in BY
        else owners(Path(by), work.case, lines)
    )
    players = list(dict.fromkeys(owner))
    if not 2 <= len(players) <= MOST:
        raise InputError("ahead.players", got=len(players), by=by, most=MOST)
    best = coalitions(work, lines, owner, players)
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


def coalitions(work: Work, lines: pd.DataFrame, owner: pd.Series, players: list[str]) -> F8:
    """(2ⁿ,) mean worth of each coalition by its bit mask, its lines played jointly.

    On futures that the plan was not chosen on. A coalition may always leave lines unplayed, so
    none is worth less than a part of it.
    """
    draws = first_of(work.draws, work.halves.report, MOST_FUTURES)
    work.model.prepare(draws)
    best = np.zeros(1 << len(players))
    for coalition in range(1, best.size):
        members = [k for k in range(len(players)) if coalition >> k & 1]
        own = lines[owner.isin([players[k] for k in members])].reset_index(drop=True)
        worth = float(play(work, "", own, draws).worth.mean())
        best[coalition] = max(worth, *(best[coalition ^ (1 << k)] for k in members))
    return best


def owners(file: Path, case: Case, lines: pd.DataFrame) -> pd.Series:
    """Who owns each line, by a table of ministries: columns ``segment`` or ``field``, ``ministry``.

    Lines without a segment (the horizontal credit) are nobody's.

    Raises
    ------
    InputError
        Naming the file, the row and the column that is wrong.
    """
    from kachisuji.cases.sheets import decode, read_bytes

    if not file.is_file():
        raise InputError("ahead.no_file", file=file)
    reader = csv.DictReader(io.StringIO(decode(read_bytes(file), file)))
    head = reader.fieldnames or []
    key = next((k for k in ("segment", "field") if k in head), None)
    if key is None or "ministry" not in head:
        raise InputError("ahead.owner_columns", file=file, row=1, got=", ".join(head))
    known = [str(v) for v in case.tables[f"{key}s"][key]]
    owner: dict[str, str] = {}
    for row in reader:
        name, ministry = ((row[k] or "").strip() for k in (key, "ministry"))
        line = reader.line_num
        if name not in known:
            found = nearest(name, known)
            raise InputError(
                "cases.unknown_name", file=file, row=line, column=key,
                got=name, where=f"{key}s.csv", known=found,
            )  # fmt: skip
        if not ministry:
            raise InputError("ahead.owner_empty", file=file, row=line, column="ministry", got=name)
        if name in owner:
            raise InputError("cases.listed_twice", file=file, row=line, column=key, got=name)
        owner[name] = ministry
    held = lines[key].astype(str).where(lines["segment"] != "", "")
    lacking = sorted(set(held) - set(owner) - {""})
    if lacking:
        raise InputError("ahead.owner_missing", file=file, column=key, got=", ".join(lacking))
    return held.map(owner | {"": NOBODY})


def plan_of(run: StoredRun | Path) -> list[int]:
    """Rows of the lines that a run chose."""
    from kachisuji.desk.stored import StoredRun

    stored = run if isinstance(run, StoredRun) else StoredRun.open(run)
    return list(stored.choice["lines"])
