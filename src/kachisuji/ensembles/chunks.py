"""One chunk of lines: play it, look at what came back, store it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.ensembles.store import OUTCOMES, part_name, path_table, scalar_table, write_table
from kachisuji.words import KachisujiError, RunError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# any callable (draws, lines) -> an object with .scalars and .paths, or a plain dict of arrays
Model = Callable[[F8, I8], Any]

WORK = ".unfinished"


class Done(NamedTuple):
    """What a finished chunk tells: its number, its lines, the measures it held."""

    number: int
    lines: int
    measures: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """Everything a worker needs to play any chunk.

    Attributes
    ----------
    model, draws, lines
        As given to ``run``.
    chunk
        Lines in a chunk.
    folder
        Where outcomes go.
    years
        Labels of the years of the paths, or None for 0, 1, 2 …
    """

    model: Model
    draws: F8
    lines: I8
    chunk: int
    folder: Path
    years: I8 | None

    @property
    def count(self) -> int:
        """Number of chunks."""
        return -(-self.lines.size // self.chunk)

    def rows(self, number: int) -> I8:
        """Lines of a chunk."""
        return self.lines[number * self.chunk : (number + 1) * self.chunk]


def split(outcome: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Separate an outcome into scalars (L, F) and paths (L, F, T).

    A plain dict is split by the number of dimensions.
    """
    if hasattr(outcome, "scalars"):
        return dict(outcome.scalars), dict(getattr(outcome, "paths", {}) or {})
    if not isinstance(outcome, dict):
        raise RunError("ensembles.not_outcomes", kind=type(outcome).__name__)
    arrays = {str(name): np.asarray(value) for name, value in outcome.items()}
    paths = {name: a for name, a in arrays.items() if a.ndim == 3}
    return {name: a for name, a in arrays.items() if name not in paths}, paths


def checked(outcome: Any, lines: I8, futures: int) -> tuple[dict[str, F8], dict[str, Any]]:
    """Return scalars and paths of the right shape and without a hole.

    Raises
    ------
    RunError
        Naming the measure, and for a value that is not finite the line and the future.
    """
    scalars, paths = split(outcome)
    if not scalars:
        raise RunError("ensembles.no_scalars")
    if kept := {"line", "future"} & scalars.keys():
        raise RunError("ensembles.kept_name", column=min(kept))
    want = (lines.size, futures)
    span: int | None = None
    for name, raw in (scalars | paths).items():
        values = np.asarray(raw)
        if name in paths and values.ndim == 3 and span is None:
            span = values.shape[2]
        expected = (*want, span) if name in paths else want
        if values.shape != expected or values.dtype.kind not in "fiub":
            raise RunError(
                "ensembles.wrong_shape",
                column=name,
                got=f"{values.shape} {values.dtype}",
                want=expected,
            )
        if not np.isfinite(values).all():
            at = np.argwhere(~np.isfinite(values))[0]
            raise RunError(
                "ensembles.not_finite",
                column=name,
                line=int(lines[at[0]]),
                future=int(at[1]),
                value=values[tuple(at)],
            )
    return {n: np.ascontiguousarray(v, dtype=np.float64) for n, v in scalars.items()}, paths


def play_chunk(job: Job, number: int) -> Done:
    """Play one chunk and store it; the outcome part, written last, marks the chunk as done."""
    lines = job.rows(number)
    scalars, paths = checked(_call(job, lines), lines, job.draws.shape[0])
    span = next(iter(paths.values())).shape[2] if paths else 0
    years = np.arange(span, dtype=np.int64) if job.years is None else job.years
    if paths and years.size != span:
        raise RunError("ensembles.wrong_years", got=span, want=years.size)
    write_table(path_table(lines, paths, years), job.folder / WORK / part_name(number))
    table = scalar_table(lines, scalars)
    write_table(table, job.folder / OUTCOMES / part_name(number), tuple(scalars))
    return Done(number, lines.size, tuple(scalars))


def _call(job: Job, lines: I8) -> Any:
    try:
        return job.model(job.draws, lines)
    except KachisujiError:
        raise
    except Exception as error:
        line, future = _culprit(job, lines)
        raise RunError(
            "ensembles.model_raised",
            line=line,
            future=future,
            kind=type(error).__name__,
            why=str(error) or type(error).__name__,
        ) from error


def _raises(job: Job, draws: F8, lines: I8) -> bool:
    try:
        job.model(draws, lines)
    except Exception:
        return True
    return False


def _culprit(job: Job, lines: I8) -> tuple[int | str, int | str]:
    """Find the line and the future at which the model raises, by halving; ``?`` if none alone."""
    line = next((i for i in lines if _raises(job, job.draws, np.array([i]))), None)
    if line is None:
        return f"{lines[0]}–{lines[-1]}", "?"
    low, high = 0, job.draws.shape[0]
    while high - low > 1:
        middle = (low + high) // 2
        if _raises(job, job.draws[low:middle], np.array([line])):
            high = middle
        elif _raises(job, job.draws[middle:high], np.array([line])):
            low = middle
        else:
            return int(line), "?"
    return int(line), low
