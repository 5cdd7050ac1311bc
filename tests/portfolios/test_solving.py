"""HiGHS in a thread of its own: the same answers, and a search that stops when told to."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import highspy
import numpy as np
import pytest

from kachisuji.portfolios.relaxation import quiet
from kachisuji.portfolios.solving import solve


def knapsack(items: int, rows: int) -> Any:
    """A knapsack with several limits; 60 items and 12 limits take HiGHS seconds."""
    rng = np.random.default_rng(1)
    highs, none = quiet(), np.zeros(0, dtype=np.int32)
    highs.addCols(
        items, -rng.uniform(50, 100, items), np.zeros(items), np.ones(items), 0, none, none,
        np.zeros(0),
    )  # fmt: skip
    for i in range(items):
        highs.changeColIntegrality(i, highspy.HighsVarType.kInteger)
    for _ in range(rows):
        weight = rng.uniform(10, 100, items)
        index = np.arange(items, dtype=np.int32)
        highs.addRow(-np.inf, weight.sum() / 2, items, index, weight)
    return highs


def answer(highs: Any) -> tuple[float, int, list[float]]:
    info = highs.getInfo()
    return (
        info.objective_function_value, info.mip_node_count, list(highs.getSolution().col_value),
    )  # fmt: skip


def test_the_same_search_as_without_a_thread():
    plain, threaded = knapsack(30, 5), knapsack(30, 5)
    plain.run()
    solve(threaded)
    assert answer(threaded) == answer(plain)
    elsewhere = knapsack(30, 5)
    other = threading.Thread(target=solve, args=(elsewhere,))
    other.start()
    other.join()
    assert answer(elsewhere) == answer(plain)


def test_a_signal_stops_the_search():
    def boom(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, boom)
    highs = knapsack(90, 20)  # minutes
    kill = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        kill.start()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            solve(highs)
        assert time.monotonic() - begun < 5.0
    finally:
        kill.cancel()
        signal.signal(signal.SIGUSR1, before)
    assert highs.getModelStatus() == highspy.HighsModelStatus.kInterrupt
