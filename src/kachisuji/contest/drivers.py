"""What a win threshold depends on: tipping, learning, rivals and their best reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest import symbols as sym
from kachisuji.contest import tullock

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.model import ContestModel

F8 = NDArray[np.float64]


def drivers(model: ContestModel, draws: F8) -> pd.DataFrame:
    """Return what a threshold depends on by segment, medians over the futures.

    Columns: ``tipping`` (R), ``above`` (part of the futures with R > 1), ``learning_rate``,
    ``rivals`` (rivals' own spending over home's), ``reaction`` (what rivals together add for each
    unit of home's public money, as the case assumes), ``best_reply`` (what they together would add
    if each chose best in Tullock's contest, ``tullock.observed_slopes``; below zero they back off),
    ``largest`` (share of the largest rival: only one above a half matches).
    """
    import pandas as pd

    world = model.prepare(draws)
    number = model.tipping(draws)
    spending, reaction = world.rivals[::2, :, :, 0], world.rivals[::2, :, :, 1]
    others = np.arange(spending.shape[2]) != world.home
    sells = (spending > 0.0) & (world.share0[::2].max(axis=3) > 0.0)
    own = spending[:, :, world.home]
    abroad = np.where(sells, spending, 0.0)[:, :, others].sum(axis=2)
    ratio = np.divide(abroad, own, out=np.full_like(own, np.nan), where=own > 0)
    sold = (world.share0[::2] * world.size[::2, :, None, :, 0]).sum(axis=3)
    share = np.divide(sold, sold.sum(axis=2, keepdims=True), out=np.zeros_like(sold),
                      where=sold.sum(axis=2, keepdims=True) > 0.0)  # fmt: skip
    alpha = world.symbols[::2, :, sym.ALPHA]
    reply = tullock.observed_slopes(share, spending, world.home, alpha).sum(axis=2)
    known = np.isfinite(reply).mean(axis=1) >= 0.5
    best = [float(np.nanmedian(r)) if k else np.nan for r, k in zip(reply, known, strict=True)]
    added = np.where(sells, reaction, 0.0)[:, :, others].sum(axis=2)
    return pd.DataFrame(
        {
            "tipping": np.median(number, axis=1),
            "above": (number > 1.0).mean(axis=1),
            "learning_rate": np.median(world.symbols[::2, :, sym.LEARNING_RATE], axis=1),
            "rivals": np.median(ratio, axis=1),
            "reaction": np.median(added, axis=1),
            "best_reply": best,
            "largest": np.median(share[:, :, others].max(axis=2), axis=1),
        },
        index=pd.Index(model.segments, name="segment"),
    )
