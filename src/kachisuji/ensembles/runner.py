"""Playing many lines in many futures: the same bits whatever the workers, memory bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kachisuji.ensembles.outcomes import (
    OutcomeTable,
    summarise_paths,
    write_table,
)
from kachisuji.words import KachisujiError, RunError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Model = Callable[[F8, I8], Any]
"""``(draws, lines) -> outcomes``: an object with ``scalars`` and ``paths``, or a dict of arrays."""

# one chunk's arrays stay below this, whatever the number of lines
CHUNK_BYTES = 64_000_000
Chunk = tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]] | None]


def run(
    model: Model,
    draws: F8,
    lines: I8,
    *,
    folder: Path,
    workers: int = 1,
    chunk: int | None = None,
    executor: Literal["threads", "processes"] = "threads",
    progress: Callable[[int], None] | None = None,
) -> OutcomeTable:
    """Play ``lines`` in every future and stream the outcomes to ``folder``.

    Parameters
    ----------
    model
        ``(draws, lines) -> outcomes``; scalar measures (L, F), paths (L, F, T).
    draws
        (F, D) points of the unit cube.
    lines
        (L,) labels of the lines, handed to the model in chunks.
    folder
        Gets ``outcomes/part-*.parquet`` and ``paths.parquet``.
    workers
        Chunks played at a time. The chunks do not depend on it, so neither do the results.
    chunk
        Lines a chunk; by default as many as keep one chunk's arrays under 64 MB, found by playing
        the first line. At most ``workers + 1`` chunks are in memory.
    executor
        Threads suit kernels that release the GIL and share one copy of the inputs; processes suit
        a model in plain Python (it must pickle).
    progress
        Told the number of lines finished since the last call.

    Raises
    ------
    RunError
        If the model raises, returns the wrong shape or a value that is not finite (line and future
        named), or the disk refuses.
    """
    labels = np.asarray(lines, dtype=np.int64)
    place = folder / "outcomes"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError("ensembles.cannot_write", file=place, why=error.strerror or "") from error
    first = _play(model, draws, labels[:1])
    size = chunk or max(1, CHUNK_BYTES // max(1, _bytes(first)))
    pieces = [labels[i : i + size] for i in range(0, labels.size, size)]
    summaries: list[dict[str, NDArray[Any]]] = []
    for number, (scalars, summary) in enumerate(_played(model, draws, pieces, workers, executor)):
        write_table(scalars, place / f"part-{number:05d}.parquet")
        if summary is not None:
            summaries.append(summary)
        if progress is not None:
            progress(pieces[number].size)
    if summaries:
        whole = {k: np.concatenate([s[k] for s in summaries]) for k in summaries[0]}
        write_table(whole, folder / "paths.parquet")
    return OutcomeTable(folder, labels, draws.shape[0], tuple(first[0]))


def _bytes(outcomes: tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]) -> int:
    scalars, paths = outcomes
    return sum(v.nbytes for v in scalars.values()) + 2 * sum(v.nbytes for v in paths.values())


def _play(
    model: Model, draws: F8, lines: I8
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Call the model and check what it returns."""
    try:
        got = model(draws, lines)
    except KachisujiError:
        raise
    except Exception as error:
        raise RunError(
            "ensembles.model_raised", row=int(lines[0]), why=f"{type(error).__name__}: {error}"
        ) from error
    scalars = dict(got) if isinstance(got, Mapping) else dict(got.scalars)
    paths = {} if isinstance(got, Mapping) else dict(got.paths)
    want = (lines.size, draws.shape[0])
    for name, values in (*scalars.items(), *paths.items()):
        array = np.asarray(values)
        if array.shape[:2] != want or array.ndim != (2 if name in scalars else 3):
            raise RunError("ensembles.wrong_shape", measure=name, got=array.shape, want=want)
        if not np.isfinite(array).all():
            line, future = np.argwhere(~np.isfinite(array))[0][:2]
            raise RunError(
                "ensembles.not_finite", measure=name, line=int(lines[line]), future=int(future)
            )
    return scalars, paths


def _chunk(model: Model, draws: F8, lines: I8) -> Chunk:
    """Play a chunk; scalars as columns of 32-bit floats, paths as summaries over futures."""
    scalars, paths = _play(model, draws, lines)
    futures = draws.shape[0]
    columns: dict[str, NDArray[Any]] = {
        "line": np.repeat(lines, futures),
        "future": np.tile(np.arange(futures, dtype=np.int32), lines.size),
    }
    for name, values in scalars.items():
        columns[name] = np.asarray(values, dtype=np.float32).reshape(-1)
    return columns, summarise_paths(paths, lines)


_inherited: tuple[Model, F8] | None = None


def _inherit(model: Model, draws: F8) -> None:
    """Hand model and draws to a worker process once, not with every chunk."""
    global _inherited
    _inherited = (model, draws)


def _inherited_chunk(lines: I8) -> Chunk:
    assert _inherited is not None
    return _chunk(*_inherited, lines)


@contextmanager
def _pool(
    model: Model, draws: F8, workers: int, executor: str
) -> Iterator[Callable[[I8], Future[Chunk]]]:
    pool: Executor
    if executor == "processes":
        import multiprocessing

        pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), _inherit, (model, draws)
        )

        def submit(lines: I8) -> Future[Chunk]:
            return pool.submit(_inherited_chunk, lines)

    else:
        pool = ThreadPoolExecutor(workers)

        def submit(lines: I8) -> Future[Chunk]:
            return pool.submit(_chunk, model, draws, lines)

    try:
        yield submit
    finally:  # also after Ctrl-C: what has not begun never begins
        pool.shutdown(wait=True, cancel_futures=True)


def _played(
    model: Model, draws: F8, pieces: list[I8], workers: int, executor: str
) -> Iterator[Chunk]:
    """Results in the order of the pieces, at most ``workers + 1`` waiting."""
    if workers <= 1 and executor == "threads":
        for piece in pieces:
            yield _chunk(model, draws, piece)
        return
    with _pool(model, draws, max(1, workers), executor) as submit:
        waiting: list[Future[Chunk]] = []
        ahead = iter(pieces)
        for piece in ahead:
            waiting.append(submit(piece))
            if len(waiting) > workers:
                break
        while waiting:
            done = waiting.pop(0).result()
            piece_next = next(ahead, None)
            if piece_next is not None:
                waiting.append(submit(piece_next))
            yield done
