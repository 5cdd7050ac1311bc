"""Feature scores by a forest of extremely randomised trees, from any design.

Source: Geurts, Ernst and Wehenkel (2006), *Extremely randomized trees*, Machine Learning 63; used
for scoring uncertain quantities as in EMA Workbench (Jaxa-Rozen and Kwakkel 2018, Environmental
Modelling & Software 107).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.ensembles.designs import generator, numbers, whole_number
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]


def feature_scores(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    seed: int = 0,
    *,
    trees: int = 100,
    leaf: int = 5,
    tried: float = 1.0,
) -> pd.DataFrame:
    """Score quantities by how much of the outcome's variance their cuts take away.

    In every node each tried quantity is cut once at random between its least and largest value, and
    the cut that lowers the variance most is kept; what it takes away is the quantity's score. A
    quantity that moves the outcome only together with others is seen too.

    Parameters
    ----------
    x
        (F, D) quantities.
    y
        (F,) outcome.
    names
        Of the quantities.
    seed
        On the one seed path.
    trees, leaf, tried
        Number of trees, fewest futures in a leaf, share of the quantities tried in a node.

    Returns
    -------
    DataFrame
        name, score (adding to one), spread (standard deviation over the trees), largest first.

    Raises
    ------
    InputError
        If shapes differ, values are missing, the outcome does not vary, or a setting makes no
        sense.
    """
    import pandas as pd

    for name, value in (("trees", trees), ("leaf", leaf)):
        if not whole_number(value, 1):
            raise InputError("ensembles.bad_setting", name=name, got=value, least=1)
    if not 0.0 < tried <= 1.0:
        raise InputError("ensembles.bad_tried", got=tried)

    cube, values = numbers("x", x), numbers("y", y)
    if cube.ndim != 2 or cube.shape != (values.size, len(names)):
        raise InputError("ensembles.discovery_shape", x=cube.shape, y=values.shape)
    if not (np.isfinite(cube).all() and np.isfinite(values).all()):
        raise InputError("ensembles.discovery_holes")
    if not np.ptp(values) > 0:
        raise InputError("ensembles.no_spread")
    count = max(1, round(tried * cube.shape[1]))
    scores = np.zeros((trees, cube.shape[1]))
    for k in range(trees):
        _grow(cube, values, leaf, count, generator(seed, "sensitivity", 3, k), scores[k])
    total = scores.sum(axis=1, keepdims=True)
    share = np.divide(scores, total, out=np.zeros_like(scores), where=total > 0)
    table = pd.DataFrame(
        {"name": list(names), "score": share.mean(axis=0), "spread": share.std(axis=0)}
    )
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _grow(x: F8, y: F8, leaf: int, count: int, rng: np.random.Generator, scores: F8) -> None:
    """Grow one tree, adding to ``scores`` what each cut takes away of the squared error."""
    stack = [np.arange(y.size)]
    while stack:
        rows = stack.pop()
        own, target = x[rows], y[rows]
        if rows.size < 2 * leaf or np.ptp(target) == 0:
            continue
        low, high = own.min(axis=0), own.max(axis=0)
        able = np.flatnonzero(high > low)
        if not able.size:
            continue
        picked = rng.permutation(able)[:count]
        cuts = low[picked] + rng.random(picked.size) * (high - low)[picked]
        left = own[:, picked] < cuts
        size = left.sum(axis=0)
        centred = target - target.mean()
        part = centred @ left  # Σ of the left side; the right side is its negative
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = part**2 / size + part**2 / (rows.size - size)
        gain[(size < leaf) | (rows.size - size < leaf)] = -1.0
        best = int(gain.argmax())
        if gain[best] <= 0:
            continue
        scores[picked[best]] += gain[best]
        stack += [rows[left[:, best]], rows[~left[:, best]]]
