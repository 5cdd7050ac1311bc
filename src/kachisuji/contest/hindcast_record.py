"""What the hindcast found, as shipped: shown beside every forecast (docs/hindcast.md)."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FILE = "hindcast.csv"


def record() -> pd.DataFrame:
    """Return scores of the contest and its baselines, written by ``benchmarks/hindcast.py``.

    Returns
    -------
    DataFrame
        Index held_out and model; ``crps`` in points of world output in 2011, ``crps_log`` of the
        log share, ``in50``, ``in80``, ``in90`` the part of cells inside each band, ``gained`` the
        gains of one point or more, ``called`` and ``right`` those called, ``average_precision``.
    """
    import pandas as pd

    with (resources.files("kachisuji.contest") / "data" / FILE).open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col=["held_out", "model"])
