"""Answers as beliefs: figures with a range, and the evidence they stand on.

A protected answer is measured, on the nodes' own records, but nobody can look it up: its grade is
*measured (protected)*, and its range holds the noise of protection beside the error of sampling.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kachisuji.beliefs import Distribution, Evidence, distribution
from kachisuji.constellation.answers import Answer
from kachisuji.constellation.questions import Question, ask

Z = 1.96
DAYS_A_MONTH = 30.4375
LOGS = {"x_low": 5.0, "x_high": 9.5, "low": 6.5, "high": 10.0}
"""Public bounds of the logarithms of cumulative output and of unit cost in yen."""
ODDS = {"x_low": 5.0, "x_high": 9.5, "low": -1.0, "high": 5.0}
"""Public bounds of the logarithm of cumulative output and of the log odds of the yield."""


@dataclass(frozen=True)
class Figure:
    """One figure from a protected answer.

    Attributes
    ----------
    quantity, key
        ``stock`` (months), ``spare`` (share of use) or ``share`` of a product (and origin), or
        ``learning_rate`` of a process.
    low, mode, high
        Estimate and its 95 % range: noise and sampling together.
    noise, sampling
        Standard deviations; sampling is 0 where every node's whole record was counted.
    """

    quantity: str
    key: tuple[str, ...]
    low: float
    mode: float
    high: float
    noise: float
    sampling: float = 0.0

    def distribution(self) -> Distribution:
        """Return the figure as a distribution: PERT through the three values."""
        return distribution("pert", self.low, self.mode, self.high)

    def widened(self) -> float:
        """How much wider the range is for the noise: 1 where noise costs nothing."""
        if self.sampling <= 0:
            return math.inf if self.noise > 0 else 1.0
        return math.hypot(self.noise, self.sampling) / self.sampling


def _figure(
    quantity: str, key: tuple[str, ...], mode: float, noise: float, sampling: float,
    least: float, most: float,
) -> Figure:  # fmt: skip
    half = Z * math.hypot(noise, sampling)
    mode = min(max(mode, least), most)
    return Figure(quantity, key, max(least, mode - half), mode, min(most, mode + half), noise,
                  sampling)  # fmt: skip


def exposure_question(
    products: Sequence[str], origins: Sequence[str], epsilon: float = 1.0, most: float = 10.0
) -> Question:
    """Ask for share, stock and spare of each product and origin; ``most`` clamps a row's value."""
    groups = {"product": tuple(products), "origin": tuple(origins)}
    return ask(kind="shares", epsilon=epsilon, high=most, groups=groups)


def learning_question(process: str, epsilon: float = 1.0) -> Question:
    """Ask for the learning rate of a process; what is protected is a whole node."""
    return ask(
        kind="learning", unit="node", epsilon=epsilon, groups={"process": (process,)}, **LOGS
    )


def exposure_figures(answer: Answer) -> list[Figure]:
    """Return stock and spare of each product, and the share of each origin.

    Spare is what all origins but the greatest can deliver beyond their sales: the greatest is
    the one whose withholding is feared.
    """
    out = []
    records = answer.table.to_dict("records")
    for product in answer.question.groups["product"]:
        rows = [r for r in records if r["product"] == product]
        if all(r["suppressed"] for r in rows) or not all(math.isfinite(r["hhi"]) for r in rows):
            continue
        top = max(rows, key=lambda r: float(r["estimate"]))
        days, days_sd = (float(top[c]) / DAYS_A_MONTH for c in ("stock_days", "stock_days_sd"))
        spare, spare_sd = float(top["spare_others"]), float(top["spare_sd"])
        out.append(_figure("stock", (product,), days, days_sd, 0.0, 0.0, 60.0))
        out.append(_figure("spare", (product,), spare, spare_sd, 0.0, 0.0, 1.0))
        for row in rows:
            key, share = (product, str(row["origin"])), float(row["estimate"])
            out.append(_figure("share", key, share, float(row["deviation"]), 0.0, 0.0, 1.0))
    return out


def learning_figures(answer: Answer) -> list[Figure]:
    """Return the learning rate of each process that could be told from noise."""
    rows = answer.table[answer.table["parameter"] == "learning_rate"]
    out = []
    for _, row in rows.iterrows():
        if not math.isfinite(row["estimate"]) or not math.isfinite(row["sampling"]):
            continue
        key = (str(row["process"]),)
        out.append(_figure("learning_rate", key, float(row["estimate"]), float(row["deviation"]),
                           float(row["sampling"]), 0.0, 0.6))  # fmt: skip
    return out


def evidence(ident: str, answers: Iterable[Answer], date: str, url: str) -> Evidence:
    """Return the row of the register on which figures from ``answers`` stand."""
    made = list(answers)
    nodes = min(a.nodes for a in made)
    spent = sum(a.question.epsilon for a in made)
    return Evidence(
        ident, "protected",
        f"Answers of {nodes} nodes of a constellation, ε {spent:g}; "
        "the range holds the noise of protection",
        f"コンステレーションの{nodes}ノードによる回答、ε={spent:g}。"
        "範囲には保護の雑音を含む",
        "Constellation: " + ", ".join(a.ident for a in made), date, url,
    )  # fmt: skip
