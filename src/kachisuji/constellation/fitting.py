"""Regressions from protected moments or counts: coefficients with sampling and noise error.

Source: linear regression from noisy sufficient statistics, Wang (2018), *Revisiting
differentially private linear regression*, UAI; the logistic fit is weighted maximum likelihood
on the protected histogram.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.constellation.questions import STEEPEST, Question

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.constellation.answers import Answer

F8 = NDArray[np.float64]
_NAMES = {"linear": ("slope", "intercept"), "logistic": ("slope", "intercept"),
          "learning": ("b", "learning_rate")}  # fmt: skip
_REPLICATES = 400
_ROUNDS = 60


def fitted(a: Answer, table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a group and coefficient: estimate, deviation by noise, sampling error."""
    import pandas as pd

    q = a.question
    if q.kind == "pooling":  # a round of a joint model: the sums themselves
        return pd.DataFrame({"entry": np.arange(a.values.size), "estimate": a.values,
                             "deviation": a.deviation})  # fmt: skip
    if q.kind == "learning" and q.unit == "node":
        return _own_slopes(a)
    one = {"linear": 6, "learning": 4, "logistic": 2 * q.bins}[q.kind]
    values, deviation = a.values.reshape(-1, one), a.deviation.reshape(-1, one)
    fit = {"linear": _linear, "learning": _learning, "logistic": _logistic}[q.kind]
    rng = np.random.default_rng(0)
    out = []
    for g in range(len(values)):
        if not np.isfinite(values[g]).all():  # a cell of few rows was left out by the committee
            nothing = dict.fromkeys(("estimate", "deviation", "sampling", "low", "high"), math.nan)
            own = {c: table.iloc[g][c] for c in table.columns}
            out += [own | {"parameter": n} | nothing for n in _NAMES[q.kind]]
            continue
        found, sampling = fit(q, values[g])
        # what the noise does to the fit, by drawing it again around what was opened
        shakes = rng.laplace(0.0, deviation[g] / math.sqrt(6.0), (_REPLICATES, 3, one)).sum(axis=1)
        shaken = np.array([list(fit(q, values[g] + s)[0].values()) for s in shakes])
        middle = np.nanmedian(shaken, axis=0) if np.isfinite(shaken).any() else np.nan
        spread = np.nanmedian(np.abs(shaken - middle), axis=0) * 1.4826
        for k, (name, value) in enumerate(found.items()):
            row = {c: table.iloc[g][c] for c in table.columns} | {"parameter": name}
            total = math.hypot(float(spread[k]), sampling.get(name, 0.0))
            most = 1.0 if name == "learning_rate" else math.inf  # no cost falls below nothing
            row |= {
                "estimate": value,
                "deviation": float(spread[k]),
                "sampling": sampling.get(name, math.nan),
                "low": value - 1.96 * total,
                "high": min(most, value + 1.96 * total),
            }
            out.append(row)
    return pd.DataFrame(out)


def _own_slopes(a: Answer) -> pd.DataFrame:
    """Mean of the nodes' own Wright exponents; how they differ is its sampling error.

    The number of nodes is public, so the mean needs no protected count.
    """
    import pandas as pd

    n, half = max(a.nodes, 1), STEEPEST / 2.0
    away, square = (float(v) / n for v in a.values)
    noise = float(a.deviation[0]) / n
    between = max(square - away * away, 0.01 * half * half)
    b, sampling = min(max(half + away, 0.0), STEEPEST), math.sqrt(between / n)
    fall = math.log(2.0) * 2.0**-b
    made = (("b", b, 1.0, STEEPEST), ("learning_rate", 1.0 - 2.0**-b, fall, 1.0 - 2.0**-STEEPEST))
    process = a.question.groups.get("process", ("",))[0]
    rows = []
    for name, value, scale, most in made:  # clamped by every node: neither can be beyond
        total = 1.96 * math.hypot(noise, sampling) * scale
        rows.append({"process": process, "parameter": name, "estimate": value,
                     "deviation": noise * scale, "sampling": sampling * scale,
                     "low": max(0.0, value - total), "high": min(most, value + total)})  # fmt: skip
    return pd.DataFrame(rows)


def _linear(q: Question, m: F8) -> tuple[dict[str, float], dict[str, float]]:
    n, x, y, xx, xy, yy = m
    n = max(n, 3.0)
    sxx, sxy, syy = xx - x * x / n, xy - x * y / n, yy - y * y / n
    nothing = {"slope": math.nan, "intercept": math.nan}
    if sxx <= 0:
        return nothing, {}
    slope = sxy / sxx
    error = math.sqrt(max(syy - slope * sxy, 0.0) / max(n - 2.0, 1.0) / sxx)
    # back from [-1, 1] to the columns' own units
    scale_x, scale_y = 2.0 / (q.x_high - q.x_low), 2.0 / (q.high - q.low)
    own = slope * scale_x / scale_y
    mean_x = (x / n) / scale_x + (q.x_low + q.x_high) / 2.0
    mean_y = (y / n) / scale_y + (q.low + q.high) / 2.0
    return {"slope": own, "intercept": mean_y - own * mean_x}, {"slope": error * scale_x / scale_y}


def _learning(q: Question, m: F8) -> tuple[dict[str, float], dict[str, float]]:
    """``log cost = a_node − b·log cumulative output``; learning rate ``1 − 2^(−b)`` (Wright)."""
    n, xx, xy, yy = m
    if xx <= 0:
        return {"b": math.nan, "learning_rate": math.nan}, {}
    slope = xy / xx
    error = math.sqrt(max(yy - slope * xy, 0.0) / max(n - 1.0, 1.0) / xx)
    ratio = (q.high - q.low) / (q.x_high - q.x_low)
    b, error = -slope * ratio, error * ratio
    rate = 1.0 - 2.0**-b
    return {"b": b, "learning_rate": rate}, {
        "b": error, "learning_rate": math.log(2.0) * 2.0**-b * error
    }  # fmt: skip


def _logistic(q: Question, m: F8) -> tuple[dict[str, float], dict[str, float]]:
    """``P(y in its upper half) = 1/(1+e^{−(c+s·x)})`` at the middles of the bins, by Newton."""
    counts = np.maximum(m.reshape(q.bins, 2), 0.0)
    edges = np.linspace(-1.0, 1.0, q.bins + 1)
    u = (edges[1:] + edges[:-1]) / 2.0
    total, ones = counts.sum(axis=1), counts[:, 1]
    design = np.stack([np.ones_like(u), u], axis=1)
    w = np.zeros(2)
    for _ in range(_ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ w, -30, 30)))
        # a weak ridge keeps separated groups finite
        hessian = (design * (total * p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (ones - total * p) - 1e-3 * w)
        w += np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            break
    error = float(np.sqrt(np.linalg.inv(hessian)[1, 1]))
    scale = 2.0 / (q.x_high - q.x_low)
    middle = (q.x_low + q.x_high) / 2.0
    slope = float(w[1]) * scale
    return {"slope": slope, "intercept": float(w[0]) - slope * middle}, {"slope": error * scale}
