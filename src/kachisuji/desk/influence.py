"""Which uncertain numbers move the result, and how much of it hangs on assumed ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

F8 = NDArray[np.float64]

WEAKEST_FIRST = ("assumed", "elicited", "carried", "published", "protected", "measured")


def significance(quantities: int) -> float:
    """Size of a t statistic that chance alone exceeds once in twenty lists of ``quantities``.

    Normal quantile with Bonferroni's correction, so that a long list of quantities does not bring
    forth influences that are not there.
    """
    from scipy.stats import norm

    return float(norm.isf(0.025 / max(1, quantities)))


def coefficients(draws: F8, result: F8) -> F8:
    """Linear effect of each quantity on ``result``, zero where it is not beyond chance.

    Least squares of ``result`` (F,) on the standardised columns of ``draws`` (F, Q) and a constant;
    a coefficient is the change of the result for one standard deviation of the quantity. With too
    few futures for a regression (F < 2Q + 10) each quantity is taken alone.

    Returns
    -------
    ndarray
        (Q,) in the unit of ``result``.
    """
    spread = draws.std(axis=0)
    x = (draws - draws.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    y = result - result.mean()
    futures, count = x.shape
    if not count or not y.any():
        return np.zeros(count)
    if futures < 2 * count + 10:
        beta = x.T @ y / futures
        rest = np.maximum(0.0, y.var() - beta**2)
        error = np.sqrt(rest / max(1, futures - 2))
    else:
        beta, *_ = np.linalg.lstsq(x, y, rcond=None)
        left = float(((y - x @ beta) ** 2).sum()) / (futures - count - 1)
        error = np.sqrt(left * np.diag(np.linalg.pinv(x.T @ x)))
    least = np.maximum(significance(count) * error, 1e-9 * y.std())  # rounding is no influence
    return np.where(np.abs(beta) > least, beta, 0.0)


def influences(
    draws: F8,
    parts: F8,
    relevant: NDArray[np.bool_],
    names: Sequence[str],
    evidence: Sequence[Sequence[str]],
    grades: dict[str, str],
) -> pd.DataFrame:
    """Uncertain quantities that move the sum of ``parts`` beyond chance, strongest first.

    Every part (a line) is regressed on the quantities that can touch it, and effects on a quantity
    that several lines share are added before they are squared.

    Parameters
    ----------
    draws
        (F, Q) draws in the unit cube.
    parts
        (P, F) results whose sum is explained.
    relevant
        (P, Q) whether a quantity can touch a part.
    names, evidence
        Of each quantity: its name, the evidence ids behind it.
    grades
        Grade by evidence id.

    Returns
    -------
    DataFrame
        Columns quantity, evidence (ids joined by ``;``), grade (the weakest), correlation (signed),
        share (of the variance of the sum).
    """
    total = np.zeros(draws.shape[1])
    for part, touches in zip(parts, relevant, strict=True):
        columns = np.flatnonzero(touches)
        total[columns] += coefficients(draws[:, columns], part)
    spread = float(parts.sum(axis=0).std())
    signed = total / spread if spread > 0 else total
    keep = np.flatnonzero(signed)
    keep = keep[np.argsort(-np.abs(signed[keep]), kind="stable")]
    ids = [";".join(evidence[int(j)]) for j in keep]
    return pd.DataFrame(
        {
            "quantity": [names[int(j)] for j in keep],
            "evidence": ids,
            "grade": [weakest_grade(i, grades) for i in ids],
            "correlation": signed[keep],
            "share": signed[keep] ** 2,
        }
    )


def weakest_grade(ids: str, grades: dict[str, str]) -> str:
    """Weakest grade among evidence ids joined by ``;``: a chain holds as its weakest link."""
    found = [grades.get(i, WEAKEST_FIRST[0]) for i in ids.split(";")]
    return min(found, key=WEAKEST_FIRST.index)


def by_grade(table: pd.DataFrame) -> dict[str, float]:
    """Share of the result's variance by grade of the evidence; ``rest`` is not attributed."""
    out = dict.fromkeys((*WEAKEST_FIRST, "rest"), 0.0)
    for grade, share in zip(table["grade"], table["share"], strict=True):
        out[grade] += float(share)
    total = sum(out.values())
    if total > 1:
        return {k: v / total for k, v in out.items()}
    out["rest"] = 1 - total
    return out
