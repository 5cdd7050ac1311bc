"""Who plays the chunks: this process, threads, processes, a cluster. The bits are the same."""

from __future__ import annotations

import logging
import pickle
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple

from kachisuji.ensembles.chunks import Done, Job, play_chunk
from kachisuji.ensembles.store import OUTCOMES, part_name
from kachisuji.words import RunError

ExecutorName = Literal["threads", "processes", "dask"]


class Team(NamedTuple):
    """Who is to play: how many workers, how long a chunk may take, and where a cluster is."""

    workers: int
    limit: float | None = None
    cluster: str | None = None


Runner = Callable[[Job, Sequence[int], Team], Iterator[Done]]

WORKERS_WITHIN = 10.0  # seconds in which a cluster must have a worker
LOOK = 2.0  # seconds after which it is looked whether a cluster still has workers
ALONE = 30.0  # seconds without any after which it is given up: nannies start new ones in a few
TRIES = 3  # how often chunks of workers that died are played again
_JOB: Job | None = None


def here(job: Job, numbers: Sequence[int], team: Team) -> Iterator[Done]:
    """Play the chunks one after the other in this process."""
    del team
    for number in numbers:
        yield play_chunk(job, number)


def _collect(futures: dict[Future[Done], int], limit: float | None = None) -> Iterator[Done]:
    """Hand chunks over as they end.

    Each future tells a queue: ``concurrent.futures.wait`` would lock every one of them at every
    chunk, and an interruption between two of those locks leaves workers waiting for ever.
    """
    ended: SimpleQueue[Future[Done]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    waiting = dict(futures)
    while waiting:
        try:
            future = ended.get(timeout=limit)
        except Empty:
            chunk = min(waiting.values())
            raise RunError("ensembles.hangs", seconds=limit, chunk=chunk) from None
        del waiting[future]
        yield future.result()


def threads(job: Job, numbers: Sequence[int], team: Team) -> Iterator[Done]:
    """Play chunks in threads: nothing is copied; pays where the model lets go of the GIL."""
    with ThreadPoolExecutor(team.workers) as pool:
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


def processes(job: Job, numbers: Sequence[int], team: Team) -> Iterator[Done]:
    """Play chunks in fresh processes; those of a worker that dies are played again.

    Processes are spawned, not forked: forking a process that has threads can lock up.
    """
    from concurrent.futures.process import BrokenProcessPool

    packed, left = pack(job), list(numbers)
    for attempt in range(TRIES):
        try:
            for done in _one_pool(packed, left, team):
                left.remove(done.number)
                yield done
            return
        except BrokenProcessPool as error:
            if attempt == TRIES - 1:
                raise RunError("ensembles.workers_died", tries=TRIES, chunks=len(left)) from error


def _one_pool(packed: bytes, numbers: Sequence[int], team: Team) -> Iterator[Done]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(team.workers, get_context("spawn"), _begin, (packed,))
    whole = False
    try:
        yield from _collect({pool.submit(_play, n): n for n in numbers}, team.limit)
        whole = True
    finally:
        if not whole:  # an interruption or an error: do not wait for chunks nobody wants
            for process in list((pool._processes or {}).values()):
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def dask(job: Job, numbers: Sequence[int], team: Team) -> Iterator[Done]:
    """Play chunks on a Dask cluster; its workers write into the same folder as everybody.

    Without an address a local cluster of processes is made for the run. The job goes once to every
    worker; what comes back is the number of a finished chunk only.
    """
    packed = pack(job)
    with _client(team) as client:
        from distributed import CancelledError, KilledWorker

        # a task, not scattered data: where the workers that hold it die, it is made again
        shared = client.submit(_same, packed, pure=False)
        pending = client.map(_play_on, [shared] * len(numbers), numbers, pure=False)
        left = dict(zip(pending, numbers, strict=True))
        try:
            for done in _ended(client, left, team.limit):
                if not (job.folder / OUTCOMES / part_name(done.number)).exists():
                    raise RunError("ensembles.not_shared", file=job.folder)
                yield done
        except KilledWorker as error:  # Dask has given the chunk to others before
            raise RunError("ensembles.workers_died", tries=TRIES, chunks=len(left)) from error
        except ImportError as error:  # what was sent cannot be unpacked there
            raise RunError("ensembles.other_install", why=str(error)) from error
        except (CancelledError, OSError) as error:
            raise RunError("ensembles.cluster_lost", chunks=len(left)) from error
        finally:
            with suppress(Exception):  # the scheduler may be gone
                client.cancel(pending)


def _ended(client: Any, left: dict[Any, int], limit: float | None) -> Iterator[Done]:
    """Hand over what the tasks bring as they end; what is handed over is no longer ``left``.

    Dask itself waits for ever where workers die and none comes back, also for the result of a task
    that had ended: it was held by the worker that died, and is to be made again.
    """
    from distributed import TimeoutError as TooLong
    from distributed import wait as first_of

    last = alive = time.monotonic()
    while left:
        ended: set[Any] = set()
        with suppress(TooLong):
            ended, _ = first_of(  # type: ignore[no-untyped-call]
                list(left), timeout=LOOK, return_when="FIRST_COMPLETED"
            )
        for task in sorted(ended, key=left.__getitem__):
            if (done := _brought(task)) is not None:
                del left[task]
                last = alive = time.monotonic()
                yield done
        now = time.monotonic()
        if limit is not None and now - last > limit:
            raise RunError("ensembles.hangs", seconds=limit, chunk=min(left.values()))
        if client.nthreads():
            alive = now
        elif now - alive > ALONE:
            raise RunError("ensembles.workers_gone", seconds=ALONE, chunks=len(left))


def _brought(task: Any) -> Done | None:
    """Return what a task that ended brings; None where its worker died and took it along."""
    from distributed import TimeoutError as TooLong

    try:
        done: Done = task.result(timeout=LOOK)
    except TooLong:
        return None
    return done


def _same(packed: bytes) -> bytes:
    return packed


def _play_on(packed: bytes, number: int) -> Done:
    """Play a chunk on a cluster's worker; the job is unpacked once in each."""
    global _JOB, _PACKED
    if packed != _PACKED:
        _JOB, _PACKED = pickle.loads(packed), packed
    return _play(number)


_PACKED = b""


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own words back: a traceback in its log, where we say a sentence."""
    known = [n for n in logging.root.manager.loggerDict if n.split(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in known}
    try:
        for name in known:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _client(team: Team) -> Iterator[Any]:
    try:
        import distributed
    except ImportError as error:
        raise RunError("ensembles.no_dask") from error
    with _quiet():
        yield from _connected(distributed, team)


def _connected(distributed: Any, team: Team) -> Iterator[Any]:
    if team.cluster is None:
        with (
            distributed.LocalCluster(
                n_workers=team.workers,
                threads_per_worker=1,
                dashboard_address=None,
                # its other pages would ask for a fixed port, which a second cluster finds taken
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(team.cluster, timeout="5s")
    except (OSError, ValueError, TimeoutError) as error:
        raise RunError("ensembles.no_cluster", address=team.cluster) from error
    try:
        _wait_for_a_worker(client, team.cluster)
        yield client
    finally:
        client.close()


def _wait_for_a_worker(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_WITHIN)
    except TimeoutError as error:
        raise RunError("ensembles.no_workers", address=address) from error


RUNNERS: dict[str, Runner] = {"threads": threads, "processes": processes, "dask": dask}
