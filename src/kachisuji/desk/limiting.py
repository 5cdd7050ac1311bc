"""Calls that may take no longer than ``--limit``: in a process of their own, ended where they do.

Neither a compiled kernel nor HiGHS can be stopped from inside its process. Results are those of a
call made here; a limit ends a run, it never changes what it finds.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from kachisuji.words import RunError


def _serve(pipe: Connection) -> None:
    """Answer calls (function, arguments) one after the other until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption ends
    while True:
        try:
            function, arguments, named = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(function(*arguments, **named))
        except Exception as error:
            pipe.send(error)


class InTime:
    """Makes calls in a worker process; it is started with the first and ended by ``close``.

    Parameters
    ----------
    limit
        Seconds that one call may take.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def __call__(self, what: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Return ``function(*given, **named)``; function and arguments must be picklable.

        Raises
        ------
        RunError
            ``desk.WHAT_hangs`` if it takes longer than the limit; ``desk.apart_died`` if the
            process dies; what the call itself raises.
        """
        if self._pipe is None:
            processes = multiprocessing.get_context("spawn")
            self._pipe, there = processes.Pipe()
            self._process = processes.Process(target=_serve, args=(there,), daemon=True)
            self._process.start()
            there.close()
        try:
            self._pipe.send((function, given, named))
            if not self._pipe.poll(self.limit):
                self.close()
                raise RunError(f"desk.{what}_hangs", seconds=f"{self.limit:g}")
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise RunError("desk.apart_died") from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the worker process."""
        if self._process is not None and self._pipe is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = self._pipe = None
