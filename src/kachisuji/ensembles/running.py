"""Every line in every future: chunks of lines, to disk as they come, the same bits for anyone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.ensembles.chunks import WORK, Done, Job, Model
from kachisuji.ensembles.runners import RUNNERS, ExecutorName, Runner, Team, here
from kachisuji.ensembles.store import (
    OUTCOMES,
    PATHS,
    OutcomeTable,
    disk_words,
    merge_paths,
    part_name,
    read_part,
)
from kachisuji.words import InputError, RunError

CHUNK_CELLS = 65_536  # line-futures in a chunk: some 40 MB of outcomes of the contest
LEAST_CHUNKS = 16  # so that workers finish together

Progress = Callable[[int], None]


def chunk_lines(lines: int, futures: int) -> int:
    """Lines in a chunk; depends on the size of the task only, never on the workers."""
    return max(1, min(-(-CHUNK_CELLS // futures), -(-lines // LEAST_CHUNKS)))


def run(
    model: Model,
    draws: ArrayLike,
    lines: ArrayLike,
    *,
    folder: str | Path,
    workers: int = 1,
    chunk: int | None = None,
    executor: ExecutorName = "threads",
    progress: Progress | None = None,
    years: ArrayLike | None = None,
    resume: bool = False,
    stamp: str = "",
    limit: float | None = None,
    cluster: str | None = None,
) -> OutcomeTable:
    """Play every line in every future and store the outcomes.

    A chunk of lines is played in all futures, checked, written to
    ``folder/outcomes/part-00000.parquet`` (line, future, measures) and forgotten: at most
    ``workers`` chunks are in memory. Paths are summed up over the futures in ``paths.parquet``.
    Files are the same to the bit for any executor and number of workers.

    Parameters
    ----------
    model
        ``(draws, lines) -> outcomes``: an object with ``scalars`` {name: (L, F)} and ``paths``
        {name: (L, F, T)}, or a dict of such arrays. Lines must not depend on one another.
    draws, lines
        (F, D) points of the unit cube; (L,) line numbers, each once.
    folder
        Where outcomes go; made if it is not there.
    workers, chunk
        Threads or processes; lines in a chunk (None chooses from the size of the task).
    executor
        ``threads`` (nothing copied; for models that let go of the GIL), ``processes`` (spawned;
        the model must be picklable) or ``dask`` (the same, on a cluster that sees the folder).
    progress
        Told the number of lines finished since it was last called.
    years
        Labels of the years of the paths; None counts them from zero.
    resume, stamp
        Keep finished chunks if the run is interrupted, and go on from those already there; the
        stamp tells one model from another, so that a resumed run cannot mix two.
    limit
        Seconds without a finished chunk after which the model is taken to hang (processes and Dask;
        a thread cannot be stopped).
    cluster
        Address of a Dask scheduler, ``tcp://…``, for ``executor="dask"``; None makes a local one.

    Raises
    ------
    InputError
        If draws, lines or numbers of workers are not sensible.
    RunError
        If the model raises or returns what is not finite or of the wrong shape (naming line and
        future), workers die again and again, the disk refuses, or another run is in the folder.
    KeyboardInterrupt
        If interrupted: workers are stopped, and nothing half-written is left.
    """
    job = _job(model, draws, lines, Path(folder), chunk, years)
    runner = _runner(executor, workers, limit, cluster)
    parts = job.folder / OUTCOMES
    if not (job.folder / WORK).exists() and parts.exists() and any(parts.iterdir()):
        if resume:
            return OutcomeTable.open(job.folder)
        raise RunError("ensembles.exists", file=parts)
    finished = _begin(job, stamp, resume)
    measures = _played(job, finished, runner, Team(workers, limit, cluster), resume, progress)
    return OutcomeTable(job.folder, job.lines, job.draws.shape[0], measures)


def _runner(executor: str, workers: int, limit: float | None, cluster: str | None) -> Runner:
    if workers < 1 or executor not in RUNNERS:
        raise InputError("ensembles.bad_workers", workers=workers, executor=executor)
    if cluster is not None and executor != "dask":
        raise InputError("ensembles.cluster_unused", address=cluster, executor=executor)
    if limit is not None and (executor == "threads" or limit <= 0):
        raise InputError("ensembles.bad_limit", limit=limit)
    alone = workers == 1 and executor != "dask" and limit is None
    return here if alone else RUNNERS[executor]


def _played(
    job: Job,
    finished: dict[int, Done],
    runner: Runner,
    team: Team,
    keep: bool,
    progress: Progress | None,
) -> tuple[str, ...]:
    """Play the chunks that are left and put the paths together; returns the measures."""
    left = [n for n in range(job.count) if n not in finished]
    work = job.folder / WORK
    with _left_clean(job, keep):
        measures = _follow(runner(job, left, team), job, finished, progress)
        merge_paths([work / part_name(n) for n in range(job.count)], job.folder / PATHS)
        _sweep(job)  # a worker killed while it wrote could not do it
        shutil.rmtree(work)
    return measures


def _job(
    model: Model,
    draws: ArrayLike,
    lines: ArrayLike,
    folder: Path,
    chunk: int | None,
    years: ArrayLike | None,
) -> Job:
    cube = np.ascontiguousarray(draws, dtype=np.float64)
    rows = np.asarray(lines)
    if cube.ndim != 2 or not cube.shape[0] or not ((cube >= 0) & (cube <= 1)).all():
        raise InputError("ensembles.bad_draws", shape=cube.shape)
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
        raise InputError("ensembles.bad_lines", shape=rows.shape)
    values, counts = np.unique(rows, return_counts=True)
    if (counts > 1).any():
        raise InputError("ensembles.line_twice", line=int(values[counts > 1][0]))
    if chunk is not None and chunk < 1:
        raise InputError("ensembles.bad_chunk", chunk=chunk)
    return Job(
        model,
        cube,
        rows.astype(np.int64),
        chunk or chunk_lines(rows.size, cube.shape[0]),
        folder,
        None if years is None else np.asarray(years, dtype=np.int64),
    )


def _plan(job: Job, stamp: str) -> dict[str, Any]:
    def checksum(array: NDArray[Any]) -> str:
        return hashlib.sha256(array.tobytes()).hexdigest()

    return {
        "draws": checksum(job.draws),
        "lines": checksum(job.lines),
        "futures": int(job.draws.shape[0]),
        "chunk": job.chunk,
        "stamp": stamp,
    }


def _begin(job: Job, stamp: str, resume: bool) -> dict[int, Done]:
    """Prepare the folders; return the chunks that are already there."""
    work, plan = job.folder / WORK, _plan(job, stamp)
    told = work / "plan.json"
    if told.exists():
        try:
            same = json.loads(told.read_text(encoding="utf-8")) == plan
        except (OSError, ValueError):
            same = False
        if not (resume and same):
            raise RunError("ensembles.other_run", file=job.folder)
        _sweep(job)  # a process that was killed could not do it
        return {d.number: d for d in (_finished(job, n) for n in range(job.count)) if d}
    with disk_words(job.folder):
        work.mkdir(parents=True, exist_ok=True)
        (job.folder / OUTCOMES).mkdir(exist_ok=True)
        fresh = told.with_suffix(".tmp")
        fresh.write_text(json.dumps(plan), encoding="utf-8")
        os.replace(fresh, told)
    return {}


def _finished(job: Job, number: int) -> Done | None:
    """Say whether a chunk lies on the disk whole."""
    name = part_name(number)
    part, summary = job.folder / OUTCOMES / name, job.folder / WORK / name
    if not (part.exists() and summary.exists()):
        return None
    try:
        keys = read_part(part)
        read_part(summary)
    except RunError:  # damaged since: play it again
        return None
    rows = job.rows(number)
    if not np.array_equal(keys["line"].to_numpy(), np.repeat(rows, job.draws.shape[0])):
        return None
    return Done(number, rows.size, tuple(keys.column_names[2:]))


@contextmanager
def _left_clean(job: Job, keep: bool) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for folder in (job.folder / WORK, job.folder / OUTCOMES):
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)
        if keep:
            _sweep(job)
        else:
            (job.folder / PATHS).unlink(missing_ok=True)
        raise


def _sweep(job: Job) -> None:
    """Remove half-written files of workers that were stopped in the middle."""
    for folder in (job.folder / WORK, job.folder / OUTCOMES):
        for torn in folder.glob(".*.tmp"):
            torn.unlink(missing_ok=True)


def _follow(
    stream: Iterator[Done], job: Job, finished: dict[int, Done], progress: Progress | None
) -> tuple[str, ...]:
    """Take finished chunks as they come; all must hold the same measures."""
    names = next((d.measures for d in finished.values()), None)
    if progress and finished:
        progress(sum(d.lines for d in finished.values()))
    with closing(stream):  # type: ignore[type-var]  # every runner is a generator
        for chunk in stream:
            if names is not None and chunk.measures != names:
                row = int(job.rows(chunk.number)[0])
                raise RunError(
                    "ensembles.measures_differ",
                    line=row,
                    got=", ".join(chunk.measures),
                    want=", ".join(names),
                )
            names = chunk.measures
            if progress:
                progress(chunk.lines)
    assert names is not None
    return names
