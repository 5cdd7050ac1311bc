"""The best portfolios played jointly: the choice among them, and what the chosen one leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.comparing import interval
from kachisuji.desk.describing import SKILLS
from kachisuji.desk.objectives import in_order, signed
from kachisuji.desk.restricting import keeps

if TYPE_CHECKING:
    from kachisuji.cases import Case, Settings
    from kachisuji.contest import Outcomes
    from kachisuji.desk.choosing import Chosen
    from kachisuji.desk.pipeline import Work

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

PRUNED = 5  # candidates from which lines are dropped
ITEMS = ("money", *(f"labour_{s}" for s in SKILLS))


def value_of(settings: Settings, scalars: Mapping[str, F8]) -> F8:
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
    from kachisuji.portfolios import cvar

    risk = settings.risk
    if risk.measure == "cvar":
        bad = cvar(values, np.full(values.size, 1.0 / values.size), risk.tail)
    else:
        bad = -float((rivals - values).max())
    return float((1 - risk.weight) * values.mean() + risk.weight * bad)


def satisfied(values: F8, threshold: float) -> float:
    """Odds that ``values`` (F,) reach a threshold; among equal odds the larger mean is ahead.

    The mean counts for less than one future, so that it only breaks ties.
    """
    mean = float(values.mean())
    nudge = mean / (abs(mean) + abs(threshold) + 1.0)  # between -1 and 1, growing with the mean
    return float((values >= threshold).mean()) + 0.25 * nudge / len(values)


def used(outcome: Outcomes) -> dict[str, F8]:
    """Use of money and labour by the lines together: (F, T) by item."""
    return {i: outcome.paths[i].sum(axis=0, dtype=np.float64) for i in ITEMS}


def within_limits(case: Case, use: dict[str, F8], limits: pd.DataFrame) -> bool:
    """Whether use stays below the limits on average and with the stated probability."""
    from kachisuji.portfolios import fits_jointly

    settings = case.settings
    items = tuple(i for i in use if (limits["item"] == i).any())
    joint = np.stack([use[i] for i in items], axis=1)
    ceiling = np.array([limits.loc[limits["item"] == i, "mode"].to_numpy() for i in items])
    if settings.choice.carry_over and "money" in items:
        k = items.index("money")
        joint[:, k], ceiling[k] = joint[:, k].cumsum(axis=1), ceiling[k].cumsum()
    years = tuple(settings.years)
    return not fits_jointly(joint, ceiling, items, years, settings.confidence)


@dataclass(frozen=True)
class Together:
    """The chosen portfolio, described on the reporting half of the futures.

    Attributes
    ----------
    lines
        Rows of its lines.
    rank, dropped
        Place before the joint play of the candidate it comes from (0 is first), and how many of
        that candidate's lines were dropped.
    tried
        Number of portfolios played jointly.
    within
        Whether its joint use stays within the limits on the choosing half.
    joint, separate, choosing
        Intervals by measure: played jointly, added up from lines played alone, and the same on the
        half that the choice was made on.
    by_line
        Measure -> (lines, futures) of the joint play.
    use
        Item -> (futures, years) of the joint play.
    sales
        (lines, futures, years) sales that each line adds in the joint play.
    wins
        Share of futures in which the portfolio, the best credit or doing nothing is best.
    spread
        One row a future of the reporting half.
    """

    lines: I8
    rank: int
    dropped: int
    tried: int
    within: bool
    joint: dict[str, dict[str, float]]
    separate: dict[str, dict[str, float]]
    choosing: dict[str, dict[str, float]]
    by_line: dict[str, F8]
    use: dict[str, F8]
    sales: F8
    wins: dict[str, float]
    spread: pd.DataFrame


@dataclass(frozen=True)
class Played:
    """A portfolio played jointly on the choosing half: its lines, parent, value and use."""

    lines: I8
    rank: int  # place of the candidate it comes from
    dropped: int  # lines dropped from that candidate
    value: F8  # (futures,) of the whole
    parts: F8  # (lines,) mean value of each line
    within: bool
    goals: F8  # (goals,) of [choice], all to be raised; empty without any


def play_best(
    work: Work, chosen: Chosen, limits: pd.DataFrame, advance: Callable[[int], None]
) -> Together:
    """Play the candidates jointly on the choosing half, choose, and describe on the other.

    Lines that pay alone can lose together. So from the best few candidates, as they fare jointly,
    the line that contributes least is dropped while that makes them better, and these smaller
    portfolios stand for choice too; then what was dropped is let back in where the smaller company
    makes it pay. A portfolio whose joint use breaks a limit yields to those
    that keep them; if all break one, the best of them is taken and the run says so.
    """
    played = []
    for rank, lines in enumerate(chosen.candidates):
        played.append(_play(work, lines, limits, rank, 0))
        advance(1)
    for first in _ranked(work, played, played)[:PRUNED]:
        played += _pruned(work, first, limits)
    played += _refilled(work, _ranked(work, played, played)[0], chosen, limits)
    lawful = [p for p in played if keeps(chosen.problem, p.lines)]
    allowed = [p for p in lawful if p.within] or lawful
    best = _ranked(work, allowed, played)[0]
    together = _describe(work, best, len(played))
    advance(1)
    return together


def _play(work: Work, lines: I8, limits: pd.DataFrame, rank: int, dropped: int) -> Played:
    cube = np.ascontiguousarray(work.draws[work.halves.choose])
    outcome = work.joint(cube, lines)
    by_line = value_of(work.case.settings, outcome.scalars)
    within = within_limits(work.case, used(outcome), limits)
    value = by_line.sum(axis=0) + stated(work, lines)
    aims = [a.measure for a in work.case.settings.choice.goals]
    goals = np.zeros(0)
    if aims:
        goals = signed(aims, outcome.scalars).sum(axis=1) + stated_by_goal(work, lines)
    return Played(lines, rank, dropped, value, by_line.mean(axis=1), within, goals)


def stated(work: Work, lines: I8) -> float:
    """Return what ``[[choice.together]]`` adds to a portfolio that holds both segments."""
    held = set(work.lines["segment"].to_numpy()[lines])
    return sum(p.value for p in work.case.settings.choice.together if held.issuperset(p.segments))


def stated_by_goal(work: Work, lines: I8) -> F8:
    """(K,) what ``[[choice.together]]`` adds to each goal of a portfolio: to net benefit alone."""
    aims = work.case.settings.choice.goals
    return np.array([stated(work, lines) * (a.measure == "welfare") for a in aims])


def _ranked(work: Work, some: list[Played], played: list[Played]) -> list[Played]:
    """Order some of the portfolios by what the case chooses by, best first; of equals the first."""
    aims = work.case.settings.choice.goals
    if aims:
        return [some[i] for i in in_order(aims, np.array([p.goals for p in some]))]
    return sorted(some, key=lambda p: -_score(work, p, played))


def _better(work: Work, after: Played, now: Played) -> bool:
    """Whether one portfolio beats another by what the case chooses by."""
    if work.case.settings.choice.goals:
        return _ranked(work, [now, after], [])[0] is after
    return _score(work, after, [now, after]) > _score(work, now, [now, after])


def _score(work: Work, one: Played, all_: list[Played]) -> float:
    settings = work.case.settings
    if settings.choice.objective == "satisficing":
        return satisfied(one.value, settings.choice.threshold)
    best = np.max([p.value for p in all_], axis=0) if settings.risk.measure == "regret" else None
    return risk_adjusted(settings, one.value, one.value if best is None else best)


def _refilled(work: Work, best: Played, chosen: Chosen, limits: pd.DataFrame) -> list[Played]:
    """Let lines of the choice back into the best portfolio, one by one, while it gets better."""
    out: list[Played] = []
    segment = work.lines["segment"].to_numpy()
    now = best
    outside = [i for i in chosen.candidates[0] if segment[i] not in set(segment[now.lines])]
    for line in sorted(outside, key=lambda i: -work.measures["welfare"][i].mean()):
        more = np.sort(np.append(now.lines, line))
        if not keeps(chosen.problem, more):
            continue
        after = _play(work, more, limits, now.rank, max(0, now.dropped - 1))
        out.append(after)
        if after.within and _better(work, after, now):
            now = after
    return out


def _pruned(work: Work, first: Played, limits: pd.DataFrame) -> list[Played]:
    """Drop the line that contributes least, again and again, while the rest gets better."""
    out: list[Played] = []
    now = first
    while now.lines.size > 1:
        fewer = np.delete(now.lines, int(now.parts.argmin()))
        after = _play(work, fewer, limits, now.rank, now.dropped + 1)
        if after.within == now.within and not _better(work, after, now):
            break
        out.append(after)
        now = after
    return out


def _describe(work: Work, best: Played, tried: int) -> Together:
    half, lines = work.halves, best.lines
    outcome = work.joint(np.ascontiguousarray(work.draws[half.report]), lines)
    total = {k: v.sum(axis=0) for k, v in outcome.scalars.items()}
    added = {k: v[lines].sum(axis=0) for k, v in work.measures.items()}
    alone = {k: v[half.report] for k, v in added.items()}
    before = {k: v[half.choose] for k, v in added.items()}
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
        rank=best.rank,
        dropped=best.dropped,
        tried=tried,
        within=best.within,
        joint={k: interval(v) for k, v in total.items()},
        separate={k: interval(v) for k, v in alone.items()},
        choosing={k: interval(v) for k, v in before.items()},
        by_line=dict(outcome.scalars),
        use=used(outcome),
        sales=np.asarray(outcome.paths["sales"], dtype=np.float64),
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
