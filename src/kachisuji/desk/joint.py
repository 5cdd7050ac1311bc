"""The best portfolios played jointly: the choice among them, and what the chosen one leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.comparing import interval
from kachisuji.desk.describing import SKILLS

if TYPE_CHECKING:
    from kachisuji.cases import Case, Settings
    from kachisuji.contest import Outcomes
    from kachisuji.desk.choosing import Chosen
    from kachisuji.desk.pipeline import Work

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

ITEMS = ("money", *(f"labour_{s}" for s in SKILLS))


def value_of(settings: Settings, scalars: dict[str, F8]) -> F8:
    """Value by the case's weights: welfare and, only if the case asks for it, power."""
    w = settings.weights
    value = w.welfare * scalars["welfare"]
    if w.indispensability:
        value = value + w.indispensability * scalars["indispensability"]
    if w.exposure:
        value = value - w.exposure * scalars["exposure"]
    return value


def risk_adjusted(settings: Settings, values: F8, rivals: F8) -> float:
    """``(1−λ)·mean + λ·risk`` of ``values`` (F,), as the choice counts it.

    The risk is the mean of the worst ``tail`` of the futures, or minus the greatest regret against
    ``rivals``, the best value in each future.
    """
    risk = settings.risk
    if risk.measure == "cvar":
        worst = np.sort(values)[: max(1, int(np.ceil(risk.tail * len(values))))]
        bad = float(worst.mean())
    else:
        bad = -float((rivals - values).max())
    return float((1 - risk.weight) * values.mean() + risk.weight * bad)


def used(outcome: Outcomes) -> dict[str, F8]:
    """Use of money and labour by the lines together: (F, T) by item."""
    return {i: outcome.paths[i].sum(axis=0, dtype=np.float64) for i in ITEMS}


def within_limits(case: Case, use: dict[str, F8], limits: pd.DataFrame) -> bool:
    """Whether use stays below the limits on average and with the stated probability."""
    for item, values in use.items():
        own = limits[limits["item"] == item]
        if not len(own):
            continue
        ceiling = own["mode"].to_numpy() * (1 + 1e-9)
        sure = np.quantile(values, case.settings.confidence, axis=0)
        if (values.mean(axis=0) > ceiling).any() or (sure > ceiling).any():
            return False
    return True


@dataclass(frozen=True)
class Together:
    """The chosen portfolio, described on the reporting half of the futures.

    Attributes
    ----------
    lines
        Rows of its lines.
    rank
        Its place among the candidates before the joint play (0 is first).
    within
        Whether its joint use stays within the limits on the choosing half.
    joint, separate, choosing
        Intervals by measure: played jointly, added up from lines played alone, and the same on the
        half that the choice was made on.
    by_line
        Measure -> (lines, futures) of the joint play.
    use
        Item -> (futures, years) of the joint play.
    wins
        Share of futures in which the portfolio, the best credit or doing nothing is best.
    spread
        One row a future of the reporting half.
    """

    lines: I8
    rank: int
    within: bool
    joint: dict[str, dict[str, float]]
    separate: dict[str, dict[str, float]]
    choosing: dict[str, dict[str, float]]
    by_line: dict[str, F8]
    use: dict[str, F8]
    wins: dict[str, float]
    spread: pd.DataFrame


def play_best(
    work: Work, chosen: Chosen, limits: pd.DataFrame, advance: Callable[[int], None]
) -> Together:
    """Play the candidates jointly on the choosing half, choose, and describe on the other.

    A candidate whose joint use breaks a limit yields to those that keep them; if all break one,
    the best of them is taken and the run says so.
    """
    case, half = work.case, work.halves
    cube = np.ascontiguousarray(work.draws[half.choose])
    values, kept = [], []
    for lines in chosen.candidates:
        outcome = work.model.joint(cube, lines)
        total = {k: v.sum(axis=0) for k, v in outcome.scalars.items()}
        values.append(value_of(case.settings, total))
        kept.append(within_limits(case, used(outcome), limits))
        advance(1)
    stacked = np.array(values)
    best = stacked.max(axis=0)
    scores = [risk_adjusted(case.settings, v, best) for v in stacked]
    allowed = [i for i, ok in enumerate(kept) if ok] or list(range(len(scores)))
    rank = max(allowed, key=lambda i: scores[i])
    together = _describe(work, chosen.candidates[rank], rank, kept[rank])
    advance(1)
    return together


def _describe(work: Work, lines: I8, rank: int, within: bool) -> Together:
    half = work.halves
    outcome = work.model.joint(np.ascontiguousarray(work.draws[half.report]), lines)
    total = {k: v.sum(axis=0) for k, v in outcome.scalars.items()}
    alone = {k: v[lines][:, half.report].sum(axis=0) for k, v in work.measures.items()}
    before = {k: v[lines][:, half.choose].sum(axis=0) for k, v in work.measures.items()}
    credit = work.measures["welfare"][best_credit(work)["row"], half.report]
    rivals = np.stack([np.zeros_like(credit), credit, total["welfare"]])
    first = rivals.argmax(axis=0)  # a tie goes to the simpler
    spread = pd.DataFrame(
        {
            "future": half.report,
            "welfare": total["welfare"],
            "value_added": total["value_added"],
            "indispensability": total["indispensability"],
            "welfare_alone": alone["welfare"],
            "credit": credit,
        }
    )
    return Together(
        lines=lines,
        rank=rank,
        within=within,
        joint={k: interval(v) for k, v in total.items()},
        separate={k: interval(v) for k, v in alone.items()},
        choosing={k: interval(v) for k, v in before.items()},
        by_line=dict(outcome.scalars),
        use=used(outcome),
        wins={
            name: float((first == k).mean())
            for k, name in enumerate(("nothing", "credit", "portfolio"))
        },
        spread=spread,
    )


def best_credit(work: Work) -> dict[str, Any]:
    """Return the horizontal R&D credit that is best on the choosing half, told on the other."""
    rows = np.flatnonzero((work.lines["kind"] == "credit").to_numpy())
    welfare = work.measures["welfare"]
    best = int(max(rows, key=lambda i: welfare[i, work.halves.choose].mean()))
    return {
        "row": best,
        "amount": float(work.lines["intensity"].iloc[best]),
        "welfare": interval(welfare[best, work.halves.report]),
    }


def use_table(work: Work, together: Together, limits: pd.DataFrame) -> pd.DataFrame:
    """Money and labour of the portfolio by year beside their limits (reporting half)."""
    parts = []
    for item, values in together.use.items():
        own = limits[limits["item"] == item]
        if not len(own):
            continue
        low, middle, high = np.percentile(values, [10, 50, 90], axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "item": item,
                    "year": work.model.years,
                    "mean": values.mean(axis=0),
                    "p10": low,
                    "p50": middle,
                    "p90": high,
                    "limit_low": own["low"].to_numpy(),
                    "limit_mode": own["mode"].to_numpy(),
                    "limit_high": own["high"].to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
