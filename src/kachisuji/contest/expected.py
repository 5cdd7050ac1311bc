"""A small, fixed sample of a case's results, kept beside it and compared by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kachisuji.contest.model import build

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case

FUTURES = 16


def expected_results(case: Case) -> pd.DataFrame:
    """Return one row a segment from sixteen futures of the generator with seed 0.

    Columns: mean tipping number, home share in the base year and the last, number of lines, and
    the best mean welfare, its line, and the mean indispensability of that line.
    """
    import pandas as pd

    model = build(case, case.economy)
    draws = np.random.default_rng(0).random((FUTURES, len(model.quantities)))
    tipping, base = model.tipping(draws), model.baseline(draws)
    lines = model.lines
    out = model(draws, np.arange(len(lines)))
    welfare = out.scalars["welfare"].mean(axis=1)
    power = out.scalars["indispensability"].mean(axis=1)
    rows = []
    for s, segment in enumerate(model.segments):
        own = np.flatnonzero((lines["segment"] == segment).to_numpy())
        best = int(own[welfare[own].argmax()]) if own.size else -1
        rows.append(
            {
                "segment": segment,
                "tipping": tipping[s].mean(),
                "share_first": base["share"][s, :, 0].mean(),
                "share_last": base["share"][s, :, -1].mean(),
                "lines": own.size,
                "best_line": str(lines["line"].iloc[best]) if own.size else "",
                "best_welfare": welfare[best] if own.size else np.nan,
                "best_indispensability": power[best] if own.size else np.nan,
            }
        )
    return pd.DataFrame(rows)
