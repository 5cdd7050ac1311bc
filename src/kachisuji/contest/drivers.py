"""What a win threshold depends on: tipping, learning, rivals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest import symbols as sym

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.model import ContestModel

F8 = NDArray[np.float64]


def drivers(model: ContestModel, draws: F8) -> pd.DataFrame:
    """Return what a threshold depends on by segment, medians over the futures.

    Columns: ``tipping`` (R), ``above`` (part of the futures with R > 1), ``learning_rate``,
    ``rivals`` (rivals' own spending over home's), ``reaction`` (what rivals together add for each
    unit of home's public money).
    """
    import pandas as pd

    world = model.prepare(draws).world
    number = model.tipping(draws)
    spending, reaction = world.rivals[::2, :, :, 0], world.rivals[::2, :, :, 1]
    others = np.arange(spending.shape[2]) != world.home
    sells = (spending > 0.0) & (world.share0[::2].max(axis=3) > 0.0)
    own = spending[:, :, world.home]
    abroad = np.where(sells, spending, 0.0)[:, :, others].sum(axis=2)
    ratio = np.divide(abroad, own, out=np.full_like(own, np.nan), where=own > 0)
    added = np.where(sells, reaction, 0.0)[:, :, others].sum(axis=2)
    return pd.DataFrame(
        {
            "tipping": np.median(number, axis=1),
            "above": (number > 1.0).mean(axis=1),
            "learning_rate": np.median(world.symbols[:, :, sym.LEARNING_RATE], axis=1),
            "rivals": np.median(ratio, axis=1),
            "reaction": np.median(added, axis=1),
        },
        index=pd.Index(model.segments, name="segment"),
    )
