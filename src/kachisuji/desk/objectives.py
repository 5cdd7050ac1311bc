"""What a portfolio may be judged by beside its value: goals of ``[choice]`` and axes of a front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kachisuji.cases.settings import Aim

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# objective -> measure of a line, whether more is better, how it is told
OBJECTIVES = {
    "growth": ("value_added", True, "money"),
    "welfare": ("welfare", True, "money"),
    "indispensability": ("indispensability", True, "points"),
    "exposure": ("exposure", False, "points"),
    "digital_balance": ("digital_balance", True, "money"),
    "cost": ("public_cost", False, "money"),
}
CLOSE = 1e-9  # share of a level within which it counts as reached


def signed(objectives: Sequence[str], measures: Mapping[str, F8]) -> F8:
    """(K, L) mean over the futures of each objective of each row, all to be raised."""
    out = []
    for name in objectives:
        measure, more, _ = OBJECTIVES[name]
        mean = measures[measure].mean(axis=1)
        out.append(mean if more else -mean)
    return np.array(out)


def sign(objective: str) -> float:
    """1 where more is better, else -1."""
    return 1.0 if OBJECTIVES[objective][1] else -1.0


def enough(aims: Sequence[Aim]) -> list[float | None]:
    """Return the level of each goal beyond which it no longer counts, as it is raised."""
    return [None if a.enough is None else sign(a.measure) * a.enough for a in aims]


def in_order(aims: Sequence[Aim], values: F8) -> I8:
    """Order portfolios with goals ``values`` (N, K), all to be raised: the best first.

    Of those that reach what the best of them reaches in the first goal (less what may be given up,
    or what is enough) the best by the second, and so on; the last decides by its own value. The
    others follow by how far they stay below, the first goal first.
    """
    left = np.arange(len(values))
    keys = []
    for k, (aim, level) in enumerate(zip(aims, enough(aims), strict=True)):
        best = float(values[left, k].max())
        least = best - max(aim.give, CLOSE) * abs(best)
        if level is not None and best >= level:
            least = level - CLOSE * abs(level)
        keys.append(np.maximum(0.0, least - values[:, k]))
        left = left[values[left, k] >= least]
    return np.lexsort((np.arange(len(values)), -values[:, -1], *reversed(keys)))
