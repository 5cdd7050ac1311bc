"""Running HiGHS so that an interruption is answered at once, not when the programme is solved."""

from __future__ import annotations

import threading
from typing import Any

import highspy

LOOK = 0.1  # seconds between looks for a signal, which Python handles only in its main thread
LEAVE = 5.0  # seconds that HiGHS has to stop once it is asked to


def solve(highs: Any) -> None:
    """Solve the model that HiGHS holds; an exception raised by a signal stops the search.

    HiGHS works in a thread of its own, so that the main thread can see signals meanwhile. Results
    are those of ``highs.run()``. Outside the main thread no signal arrives: HiGHS runs there.
    """
    if threading.current_thread() is not threading.main_thread():
        highs.run()
        return
    stop, ended = threading.Event(), threading.Lock()

    def work() -> None:
        try:
            highs.run()
        finally:
            ended.release()

    def ask(*said: Any) -> None:  # kind, message, what HiGHS says, the answer to it, user data
        if stop.is_set():
            said[3].user_interrupt = True

    highs.setCallback(ask, None)
    for kind in ("kCallbackMipInterrupt", "kCallbackSimplexInterrupt"):
        highs.startCallback(getattr(highspy.cb.HighsCallbackType, kind))
    ended.acquire()
    threading.Thread(target=work, daemon=True).start()
    try:
        # a lock, not Thread.join: Python 3.11 takes an interrupted join for an ended thread
        while not ended.acquire(timeout=LOOK):
            pass
    except BaseException:
        stop.set()
        ended.acquire(timeout=LEAVE)
        raise
