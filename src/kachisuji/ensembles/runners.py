"""Who plays the chunks: this process, threads, or processes. The bits are the same."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Literal

from kachisuji.ensembles.chunks import Done, Job, play_chunk
from kachisuji.words import RunError

ExecutorName = Literal["threads", "processes"]
Runner = Callable[[Job, Sequence[int], int], Iterator[Done]]

TRIES = 3  # how often chunks of workers that died are played again
_JOB: Job | None = None


def here(job: Job, numbers: Sequence[int], workers: int) -> Iterator[Done]:
    """Play the chunks one after the other in this process."""
    del workers
    for number in numbers:
        yield play_chunk(job, number)


def _collect(futures: dict[Future[Done], int]) -> Iterator[Done]:
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=futures.__getitem__):
            yield future.result()


def threads(job: Job, numbers: Sequence[int], workers: int) -> Iterator[Done]:
    """Play chunks in threads: nothing is copied; pays where the model lets go of the GIL."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from _collect({pool.submit(play_chunk, job, n): n for n in numbers})
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin(packed: bytes) -> None:
    """Start a worker: it holds the job for good, and leaves interruptions to its parent."""
    global _JOB
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _JOB = pickle.loads(packed)


def _play(number: int) -> Done:
    assert _JOB is not None
    return play_chunk(_JOB, number)


def pack(job: Job) -> bytes:
    """Pickle the job once for all workers.

    Raises
    ------
    RunError
        If the model cannot leave this process.
    """
    try:
        return pickle.dumps(job)
    except Exception as error:
        raise RunError("ensembles.not_picklable", why=str(error).splitlines()[0]) from error


def processes(job: Job, numbers: Sequence[int], workers: int) -> Iterator[Done]:
    """Play chunks in fresh processes; those of a worker that dies are played again.

    Processes are spawned, not forked: forking a process that has threads can lock up.
    """
    from concurrent.futures.process import BrokenProcessPool

    packed, left = pack(job), list(numbers)
    for attempt in range(TRIES):
        try:
            for done in _one_pool(packed, left, workers):
                left.remove(done.number)
                yield done
            return
        except BrokenProcessPool as error:
            if attempt == TRIES - 1:
                raise RunError("ensembles.workers_died", tries=TRIES, chunks=len(left)) from error


def _one_pool(packed: bytes, numbers: Sequence[int], workers: int) -> Iterator[Done]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (packed,))
    whole = False
    try:
        yield from _collect({pool.submit(_play, n): n for n in numbers})
        whole = True
    finally:
        if not whole:  # an interruption or an error: do not wait for chunks nobody wants
            for process in list((pool._processes or {}).values()):
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


RUNNERS: dict[str, Runner] = {"threads": threads, "processes": processes}
