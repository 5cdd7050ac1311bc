"""From a protected sum to what was asked: estimates, their deviation by noise, their bounds.

Everything here is post-processing of what the committee opened: it costs no privacy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.constellation.contributions import LONGEST_STOCK
from kachisuji.constellation.noise import bound, deviations
from kachisuji.constellation.questions import Question, parts

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Answer:
    """A protected answer.

    Attributes
    ----------
    ident, question, nodes
        Which question, and how many nodes are in it.
    values, deviation
        Every entry of the vector in its own units (NaN where suppressed), and the standard
        deviation of its noise.
    table
        One row a group (or parameter): ``estimate``, ``deviation``, ``low``, ``high`` (95 % bounds
        of the noise; for sums and counts exact, for what is derived to first order; cut to what
        the figure can be, see :func:`cut`). Estimates of sums and counts, and ``value`` of shares,
        are as they were opened, without bias: take these to calculate with.
    left_out
        How many nodes the committee found unsound and left out.
    opened, key, proof
        What the committee opened, the attempt, and its members' signatures (see ``proof``).
    """

    ident: str
    question: Question
    nodes: int
    values: F8
    deviation: F8
    table: pd.DataFrame = field(repr=False)
    left_out: int = 0
    opened: dict[str, Any] = field(default_factory=dict, repr=False)
    key: str = ""
    proof: tuple[dict[str, str], ...] = field(default=(), repr=False)

    def part(self, name: str) -> tuple[F8, F8]:
        """Return values and deviations of one stretch of the vector."""
        start = 0
        for p in parts(self.question):
            if p.name == name:
                return self.values[start : start + p.size], self.deviation[start : start + p.size]
            start += p.size
        raise KeyError(name)


def answer(
    ident: str, question: Question, said: dict[str, Any], key: str = "",
    proof: Sequence[dict[str, str]] = (),
) -> Answer:  # fmt: skip
    """Make an answer of what the committee reported."""
    kept = [bool(k) for k in said["kept"]]
    raw = np.array([np.nan if v is None else float(v) for v in said["values"]])
    steps = np.concatenate([np.full(p.size, p.step) for p in parts(question)])
    made = Answer(
        ident, question, sum(kept), raw * steps, deviations(question), _empty(),
        len(kept) - sum(kept), said, key, tuple(proof),
    )  # fmt: skip
    return replace(made, table=_table(made))


def _empty() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


def groups(question: Question) -> pd.DataFrame:
    """Return the categories of every cell, in the vector's order."""
    import pandas as pd

    rows = list(itertools.product(*question.groups.values()))
    return (
        pd.DataFrame(rows, columns=list(question.groups))
        if question.groups
        else pd.DataFrame(index=range(1))
    )


def cut(estimate: F8, half: F8, least: float, most: float) -> tuple[F8, F8]:
    """Return the range ``x ± half`` within ``[least, most]``, ``x`` the estimate moved into it.

    Where the truth lies in ``[least, most]``, moving the estimate there never takes it farther
    from the truth, so the range holds the truth no less often than the one that was not cut.
    """
    middle = np.clip(estimate, least, most)
    return np.maximum(least, middle - half), np.minimum(most, middle + half)


def _bounded(
    table: pd.DataFrame, estimate: F8, deviation: F8, *, exact: bool = True, step: float = 0.0,
    least: float = -np.inf, most: float = np.inf,
) -> pd.DataFrame:  # fmt: skip
    # the sum of three Laplace draws keeps t scales, whole numbers half a step more; a derived
    # figure is nearer to the normal
    wide = bound(CONFIDENCE) / np.sqrt(6.0) if exact else 1.96
    low, high = cut(estimate, wide * deviation + step / 2.0, least, most)
    return table.assign(estimate=estimate, deviation=deviation, low=low, high=high)


def _table(a: Answer) -> pd.DataFrame:
    q, table = a.question, groups(a.question)
    if q.kind == "count":
        return _bounded(table, *a.part("count"), step=1.0, least=0.0)
    if q.kind == "sum":
        least, most = 0.0 if q.low >= 0 else -np.inf, 0.0 if q.high <= 0 else np.inf
        return _bounded(table, *a.part("sum"), least=least, most=most)
    if q.kind in ("mean", "recipe"):
        return _means(a, table)
    if q.kind == "histogram":
        many = table.loc[table.index.repeat(q.bins)].reset_index(drop=True)
        edges = np.linspace(q.low, q.high, q.bins + 1)
        many = many.assign(bin_low=np.tile(edges[:-1], len(table)),
                           bin_high=np.tile(edges[1:], len(table)))  # fmt: skip
        return _bounded(many, *a.part("count"), step=1.0, least=0.0)
    if q.kind == "quantiles":
        return _quantiles(a, table)
    if q.kind == "shares":
        return _shares(a, table)
    from kachisuji.constellation.fitting import fitted

    return fitted(a, table)


def _ratio(top: F8, top_sd: F8, below: F8, below_sd: F8) -> tuple[F8, F8]:
    """Return top/below and its deviation to first order."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = top / below
        deviation = np.sqrt(top_sd**2 + (value * below_sd) ** 2) / np.abs(below)
    return value, deviation


def _means(a: Answer, table: pd.DataFrame) -> pd.DataFrame:
    q = a.question
    value, deviation = _ratio(*a.part("sum"), *a.part("count"))
    middle = (q.low + q.high) / 2.0 if q.kind == "mean" else 0.0
    made = _bounded(table, np.clip(value + middle, q.low, q.high), deviation, exact=False,
                    least=q.low, most=q.high)  # fmt: skip
    return made.assign(count=a.part("count")[0])


QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def _quantiles(a: Answer, table: pd.DataFrame) -> pd.DataFrame:
    """Quantiles from the protected histogram: monotone, a bin's width is part of the error."""
    import pandas as pd

    q = a.question
    counts, deviation = (v.reshape(-1, q.bins) for v in a.part("count"))
    edges = np.linspace(q.low, q.high, q.bins + 1)
    out = []
    for g in range(len(counts)):
        below = np.concatenate([[0.0], np.cumsum(np.maximum(counts[g], 0.0))])
        total = below[-1]
        spread = float(np.sqrt((deviation[g] ** 2).sum()))
        for level in QUANTILES:
            if not total >= max(q.smallest, 1.0):  # suppressed, or nobody there
                found = low = high = np.nan
            else:
                at = [level * total + d for d in (0.0, -1.96 * spread, 1.96 * spread)]
                found, low, high = np.interp(at, below, edges)
            row = {k: table.iloc[g][k] for k in table.columns} | {"quantile": level}
            row |= {"estimate": found, "deviation": (high - low) / 3.92, "low": low, "high": high}
            out.append(row)
    return pd.DataFrame(out)


def _shares(a: Answer, table: pd.DataFrame) -> pd.DataFrame:
    """Share of each origin in a product's purchases, with stock days and spare of the others.

    ``d = v_o/Σ v``; a suppressed origin counts as nothing. The table also holds the HHI of each
    product, its expected bias by noise taken off.
    """
    q = a.question
    value, deviation = a.part("value")
    table = table.assign(value=np.nan_to_num(value), value_sd=deviation, suppressed=np.isnan(value))
    stock, spare = np.nan_to_num(a.part("stock")[0]), np.nan_to_num(a.part("spare")[0])
    table = table.assign(stock=stock, spare=spare)
    # sums are taken of the values as they were opened: clipping each at zero would leave the
    # noise of the small ones above it, and so make every sum too great
    whole = table.groupby("product")["value"].transform("sum").to_numpy(dtype=float)
    many = len(q.groups["origin"])
    share, spread = _ratio(table["value"].to_numpy(), deviation, whole, deviation * np.sqrt(many))
    made = _bounded(table, np.clip(share, 0.0, 1.0), spread, exact=False, least=0.0, most=1.0)
    square = (share**2 - spread**2).clip(min=0.0)
    made["hhi"] = made.assign(square=square).groupby("product")["square"].transform("sum")
    held = made.groupby("product")["stock"].transform("sum").to_numpy(dtype=float)
    days, days_sd = _ratio(
        held, a.part("stock")[1] * np.sqrt(many), whole, deviation * np.sqrt(many)
    )
    made["stock_days"] = np.clip(days, 0.0, 1.0) * LONGEST_STOCK
    made["stock_days_sd"] = days_sd * LONGEST_STOCK
    others = (made.groupby("product")["spare"].transform("sum") - made["spare"]).to_numpy()
    spare_sd = a.part("spare")[1] * np.sqrt(many)
    spare_others, made["spare_sd"] = _ratio(others, spare_sd, whole, 0.0 * whole)
    made["spare_others"] = np.maximum(spare_others, 0.0)
    return made.drop(columns=["stock", "spare"])
