"""Which uncertain numbers move the result, and how much of it hangs on assumed ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

F8 = NDArray[np.float64]

WEAKEST_FIRST = ("assumed", "elicited", "published", "measured")


def rank_correlations(draws: F8, result: F8) -> F8:
    """Spearman's rank correlation of every column of ``draws`` (F, Q) with ``result`` (F,)."""
    x = rankdata(draws, axis=0)
    y = rankdata(result)
    x = x - x.mean(axis=0)
    y = y - y.mean()
    scale = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 0, x.T @ y / scale, 0.0)


def noise_level(futures: int, quantities: int) -> float:
    """Correlation that chance alone exceeds once in twenty among ``quantities`` independent ones.

    Normal approximation ``z/√(F−1)`` with Bonferroni's correction, so that a long list of
    quantities does not bring forth influences that are not there.
    """
    from scipy.stats import norm

    return float(norm.isf(0.025 / max(1, quantities)) / np.sqrt(max(2, futures) - 1))


def influences(draws: F8, result: F8, quantities: list[dict[str, Any]]) -> pd.DataFrame:
    """Uncertain quantities that move ``result`` beyond chance, strongest first.

    ``share`` is the square of the rank correlation: the share of the result's variance (in ranks)
    that the quantity explains by itself; draws are independent, so shares add up to at most one
    but for noise, and what is missing are interactions and small influences.

    Returns
    -------
    DataFrame
        Columns quantity, evidence, correlation, share.
    """
    found = rank_correlations(draws, result)
    keep = np.flatnonzero(np.abs(found) > noise_level(*draws.shape))
    keep = keep[np.argsort(-np.abs(found[keep]), kind="stable")]
    return pd.DataFrame(
        {
            "quantity": [quantities[j]["name"] for j in keep],
            "evidence": [";".join(_ids(quantities[j])) for j in keep],
            "correlation": found[keep],
            "share": found[keep] ** 2,
        }
    )


def _ids(quantity: dict[str, Any]) -> list[str]:
    evidence = quantity["evidence"]
    return [evidence] if isinstance(evidence, str) else list(evidence)


def weakest_grade(ids: str, grades: dict[str, str]) -> str:
    """Return the weakest grade among evidence ids joined by ``;``: a chain holds as its weakest link."""
    found = [grades.get(i, "assumed") for i in ids.split(";")]
    return min(found, key=WEAKEST_FIRST.index)


def by_grade(table: pd.DataFrame, grades: dict[str, str]) -> dict[str, float]:
    """Share of the result's variance by grade of the evidence; ``rest`` is not attributed."""
    out = dict.fromkeys((*WEAKEST_FIRST, "rest"), 0.0)
    for row in table.itertuples():
        out[weakest_grade(str(row.evidence), grades)] += float(row.share)
    total = sum(out.values())
    if total > 1:
        return {k: v / total for k, v in out.items()}
    out["rest"] = 1 - total
    return out
