"""Watching a run: observations weigh its futures, fire its triggers, and may move the advice."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.ahead.goals import unit_factor
from kachisuji.desk.ahead.mapping import SEEN, signposts
from kachisuji.desk.ahead.prepared import Prepared, prepare
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.portfolios import History, Observation, Update

F8 = NDArray[np.float64]

COLUMNS = ("observable", "year", "value", "unit", "error")
WIDE = 10.0  # beyond so many times what any future says a figure is in a wrong unit


def history_of(run: Path) -> Path:
    """File beside a run in which its watch is recorded: a run itself is never changed."""
    return run.with_name(f"{run.name}-watch.jsonl")


def read_observations(file: Path) -> list[dict[str, Any]]:
    """Read a table of observations: observable, year, value, unit, error.

    Raises
    ------
    InputError
        Naming the file, the row and the column that is wrong.
    """
    from kachisuji.cases.sheets import decode

    try:
        text = decode(file.read_bytes(), file)
    except OSError as error:
        raise InputError(
            "ahead.no_observations", file=file, why=error.strerror or str(error)
        ) from error
    reader = csv.DictReader(io.StringIO(text))
    missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            "ahead.observation_columns", file=file, missing=", ".join(missing),
            want=",".join(COLUMNS),
        )  # fmt: skip
    rows, want = [], len(reader.fieldnames or ())
    for row in reader:
        beyond = row.get(None, ())  # where DictReader puts what the header has no name for
        got = sum(isinstance(cell, str) for cell in row.values()) + len(beyond)
        if got != want:
            raise InputError("cases.row_length", file=file, row=reader.line_num, got=got, want=want)
        rows.append(dict(row) | {"row": reader.line_num, "file": str(file)})
    if not rows:
        raise InputError("ahead.no_rows", file=file)
    return rows


def _number(row: dict[str, Any], column: str) -> float:
    try:
        value = float(str(row[column]).replace(",", ""))
    except (ValueError, KeyError):
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(
            "ahead.observation_number", file=row.get("file"), row=row.get("row"), column=column,
            got=repr(row.get(column)),
        )  # fmt: skip
    return value


def checked(row: dict[str, Any], case: Case, first: Sequence[str]) -> tuple[str, int, float, float]:
    """Return what a row says without asking the futures: observable, year, value and error.

    Parameters
    ----------
    first
        Segments that a remedy names first.

    Raises
    ------
    InputError
        If the observable, the year or the unit is unknown, or a number is none.
    """
    where = {"file": row.get("file"), "row": row.get("row")}
    segment, _, measure = str(row["observable"]).strip().rpartition(".")
    if segment not in set(case.tables["segments"]["segment"]) or measure not in SEEN:
        known = ", ".join(f"{s}.sales" for s in first[:3])
        raise InputError(
            "ahead.observation_name", **where, column="observable", got=row["observable"],
            known=known,
        )  # fmt: skip
    year, years = _number(row, "year"), case.settings.years
    if year not in years:  # nor is half a year one
        raise InputError(
            "ahead.goal_year", **where, column="year", got=f"{year:g}", first=years[0],
            last=years[-1],
        )  # fmt: skip
    try:
        unit = str(row.get("unit") or "")
        factor = unit_factor(unit, "share" if measure == "share" else "sales", case.settings)
    except InputError as error:
        raise InputError(error.key, **where, column="unit", **error.values) from error
    value, width = (_number(row, c) * factor for c in ("value", "error"))
    return f"{segment}.{measure}", int(year), value, width


def observation(row: dict[str, Any], ready: Prepared) -> tuple[Observation, F8]:
    """Return one observation, and what each future says of it under the plan.

    Raises
    ------
    InputError
        If the observable, the year or the unit is unknown, or a number is none, out of the range
        of the futures, or an error that is not positive.
    """
    from kachisuji.portfolios import Observation
    from kachisuji.portfolios.watching import distance

    where = {"file": row.get("file"), "row": row.get("row")}
    observable, year, value, error_of = checked(row, ready.case, list(ready.plan.lines["segment"]))
    said = ready.observable(observable, year)
    share = observable.endswith(".share")
    seen = Observation(
        f"{observable} {year}",
        value,
        error_of,
        0.0 if share else float(said.min()) / WIDE,
        1.0 if share else WIDE * float(said.max()),
    )
    if not seen.low <= value <= seen.high:  # told in the unit of the row
        unit = str(row.get("unit") or "")
        factor = unit_factor(unit, "share" if share else "sales", ready.case.settings)
        got, low, high = (f"{v / factor:g}" for v in (value, seen.low, seen.high))
        raise InputError(
            "ahead.observation_range", **where, column="value", name=seen.name, value=got, low=low,
            high=high, unit=unit,
        )  # fmt: skip
    try:
        distance({seen.name: said}, seen)
    except InputError as error:
        raise InputError(error.key, **where, column=error.column, **error.values) from error
    return seen, said


def watch_run(
    run: Path,
    observations: Path | list[dict[str, Any]],
    *,
    record: bool = True,
    now: str | None = None,
    ready: Prepared | None = None,
) -> dict[str, Any]:
    """Weigh the futures of a run by what has been observed, and say what follows.

    Earlier steps of the history are applied first; the futures are never re-tuned.

    Parameters
    ----------
    run
        Folder of a finished run.
    observations
        A CSV file, or rows with the same columns.
    record
        Whether to add this step to the history beside the run.
    now
        ISO date and time of the step; the clock's without it.
    ready
        What ``prepare`` made of the run, where it is at hand.

    Returns
    -------
    dict
        Plain values: ``observed``, ``fired``, ``odds`` and ``portfolios`` before and after,
        ``advice``, ``worth`` (how many futures still speak), ``surprise``, ``history``.

    Raises
    ------
    InputError
        If an observation is unknown, out of range, in a wrong unit, or recorded already.
    RunError
        If the history was changed afterwards or cannot be written.
    """
    from kachisuji.portfolios import History, watch

    rows = read_observations(observations) if isinstance(observations, Path) else observations
    history = History.open(history_of(run))
    ready = ready or prepare(run)
    found = _new_observations(rows, history, ready)
    signs = signposts(ready)
    update = watch(
        {seen.name: said for seen, said in found},
        [seen for seen, _ in found],
        (ready.plan.worth > 0).astype(np.float64),
        ready.switched,
        triggers=_triggers(signs, ready),
        before=_weights(history, ready),
    )
    seen = [one for one, _ in found]
    told = _told(seen, update, signs, ready)
    if record:
        moment = now or datetime.now(UTC).astimezone().isoformat(timespec="seconds")
        history.record(moment, seen, update, {k: told[k] for k in ("advice", "odds", "fired")})
    place = str(history_of(run)) if record else None
    return told | {"history": place, "steps": len(history.steps)}


def _new_observations(
    rows: list[dict[str, Any]], history: History, ready: Prepared
) -> list[tuple[Observation, F8]]:
    """Read rows, none of them recorded before or said twice; with what each future says of them."""
    known = {name for step in history.steps for name, _, _ in step["observed"]}
    found = [observation(row, ready) for row in rows]
    for (seen, _), row in zip(found, rows, strict=True):
        if seen.name in known:
            raise InputError(
                "ahead.observation_twice", file=row.get("file"), row=row.get("row"),
                got=seen.name,
            )  # fmt: skip
        known.add(seen.name)
    return found


def _triggers(signs: list[dict[str, Any]], ready: Prepared) -> list[Any]:
    from kachisuji.portfolios import Trigger

    keys = [p.key for p in ready.portfolios]
    return [
        Trigger(
            f"{s['observable']} {s['year']}→{s['alternative']}",
            f"{s['observable']} {s['year']}",
            s["side"],
            s["level"],
            keys.index(s["alternative"]),
        )
        for s in signs
    ]


def _weights(history: History, ready: Prepared) -> F8 | None:
    """Weights after all earlier steps: the same updates applied again."""
    from kachisuji.portfolios import Observation, watch

    weights: F8 | None = None
    for step in history.steps:
        seen, said = [], {}
        for name, value, error in step["observed"]:
            observable, _, year = str(name).rpartition(" ")
            seen.append(Observation(name, float(value), float(error)))
            said[name] = ready.observable(observable, int(year))
        none = np.zeros(len(ready.draws))
        weights = watch(said, seen, none, ready.switched, before=weights).weights
    return weights


def _told(
    seen: list[Observation], update: Update, signs: list[dict[str, Any]], ready: Prepared
) -> dict[str, Any]:
    heeded = {f"{s['observable']} {s['year']}→{s['alternative']}": bool(s["heed"]) for s in signs}
    return {
        "when": ready.when,
        "observed": [{"name": o.name, "value": o.value, "error": o.error} for o in seen],
        "fired": [{"trigger": name, "heed": heeded[name]} for name in update.fired],
        "odds": {"before": update.odds_before, "after": update.odds_after},
        "portfolios": [
            {"key": p.key, "before": float(b), "after": float(a)}
            for p, b, a in zip(
                ready.portfolios, update.value_before, update.value_after, strict=True
            )
        ],
        "advice": ready.portfolios[update.advice].key,
        "worth": update.worth,
        "futures": len(ready.draws),
        "surprise": update.surprise,
    }
