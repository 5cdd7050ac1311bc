"""Back-casting a case: from a goal in words to the cheapest lines, their dates, or a proof of none.

Lines are found as they fare alone, on one half of the futures; what they reach is told on the other
half, played together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.ahead.goals import BY_YEAR, Asked, parse
from kachisuji.desk.choosing import posed
from kachisuji.desk.comparing import Halves
from kachisuji.desk.describing import limits_by_year
from kachisuji.desk.futures import draw
from kachisuji.desk.joint import ITEMS
from kachisuji.desk.progress import Silent, Teller
from kachisuji.desk.report.names import Names
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.contest import ContestModel, Outcomes
    from kachisuji.portfolios import Backcast, Goal, Pair, Problem

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

FUTURES = 128
AT_ONCE = 256  # lines played in one call: what they hold in memory is bounded
SECONDS = 60.0  # for each of the two questions; what it ran out of is told as not proven


@dataclass(frozen=True)
class Yardstick:
    """The measure of a goal in some futures.

    Attributes
    ----------
    asked
        The goal.
    base
        (F, T) its level by year without any line (one column for a measure of the whole horizon).
    market
        (F, T) what a share is a share of; one where no share is asked for.
    """

    asked: Asked
    base: F8
    market: F8

    @classmethod
    def of(cls, model: ContestModel, draws: F8, asked: Asked) -> Yardstick:
        """Take the level without any line from the contest."""
        if asked.measure not in BY_YEAR:
            return cls(asked, np.zeros((len(draws), 1)), np.ones((len(draws), 1)))
        shape = (len(draws), len(model.years))
        if asked.measure == "value_added":
            return cls(asked, np.zeros(shape), np.ones(shape))
        found = model.baseline(draws)
        own = [model.segments.index(s) for s in asked.segments] or list(range(len(model.segments)))
        sales = found["sales"][own, :, 1:].sum(axis=0)
        if asked.measure == "sales":
            return cls(asked, sales, np.ones(shape))
        market = np.maximum(found["market"][own, :, 1:].sum(axis=0), 1e-12)
        return cls(asked, sales / market, market)

    def gain(self, outcome: Outcomes, segments: pd.Series) -> F8:
        """(L, F, T) what each line adds to the level: nothing where it is of another segment."""
        measure = self.asked.measure
        if measure not in BY_YEAR:
            gain = outcome.scalars[measure][:, :, None].copy()
        else:
            path = outcome.paths["value_added" if measure == "value_added" else "sales"]
            gain = np.asarray(path, dtype=np.float64) / self.market[None]
        if self.asked.segments:
            gain[~segments.isin(self.asked.segments).to_numpy()] = 0.0
        return gain

    def place(self, years: I8) -> int:
        """Column of the goal's year."""
        whole = self.asked.measure not in BY_YEAR
        return 0 if whole else int(np.searchsorted(years, self.asked.year))

    def goal(self, gain: F8, at: int) -> Goal:
        """Return the goal as the choice reads it: a ceiling is a floor with the sign turned."""
        from kachisuji.portfolios import Goal

        sign = -1.0 if self.asked.at_most else 1.0
        return Goal(sign * self.base[:, at], sign * gain, sign * self.asked.target, self.asked.odds)


def back_from(
    case: str | Path | Case,
    goal: str,
    *,
    futures: int = FUTURES,
    seed: int = 0,
    teller: Teller | None = None,
) -> dict[str, Any]:
    """Reckon back from a goal.

    Parameters
    ----------
    case
        A case, its name or its folder.
    goal
        In words (see ``goals``).
    futures, seed
        A power of two, at least 32; half of them find the lines and half report.
    teller
        Shows the stages.

    Returns
    -------
    dict
        Plain values: ``goal``; ``reached``; ``proven``; ``lines`` with cost and last moment;
        ``cost`` and its ``bound``; ``odds`` where chosen and where reported; ``best_odds``;
        ``level`` reached with the odds asked for, ``short`` of the target; ``baseline``;
        ``milestones``.

    Raises
    ------
    InputError
        If the case or the goal is not understood, or no line can move the measure.
    """
    from kachisuji import contest
    from kachisuji.cases import load
    from kachisuji.portfolios import backcast

    show = teller or Silent()
    with show.stage("desk.stage_model"):
        loaded = load(case) if isinstance(case, (str, Path)) else case
        asked = parse(goal, loaded)
        model = contest.build(loaded, loaded.economy)
        draws = draw("sobol", futures, loaded, model.quantities, seed)
        half = Halves.of(futures)
        lines = _lines_of(model, asked)
        model = model.with_lines(lines)
        yard = Yardstick.of(model, draws[half.choose], asked)
    told = {"lines": f"{len(lines):,}", "futures": f"{len(half.choose):,}"}
    with show.stage("desk.stage_lines", len(lines), **told) as advance:
        gain, problem, cost = _play(model, draws[half.choose], yard, advance)
    with show.stage("ahead.stage_back"):
        at, sign = yard.place(model.years), -1.0 if asked.at_most else 1.0
        pairs = tuple(replace(p, value=sign * p.value) for p in problem.pairs)
        aim = yard.goal(gain, at)
        found = backcast(replace(problem, pairs=pairs), aim, cost, seconds=SECONDS)
    stated = float(problem.together(found.lines)[0])  # the same in every future
    with show.stage("ahead.stage_dates", max(1, found.lines.size)) as advance:
        last = _last_moments(model, draws[half.choose], yard, found, stated, advance)
        together = _together(model, draws, half, yard, found.lines, stated)
    return _told(model, asked, found, cost, last, together, [len(half.choose), len(half.report)])


def _lines_of(model: ContestModel, asked: Asked) -> pd.DataFrame:
    """Lines that can move the measure, and those that rules may ask for beside them."""
    lines = model.lines
    real = lines["kind"] == "line"
    if asked.segments:
        if not (real & lines["segment"].isin(asked.segments)).any():
            raise InputError("ahead.goal_no_lines", got=asked.text)
        real &= lines["segment"].isin(asked.segments + beside(model.case, asked.segments))
    elif asked.measure not in ("sales", "share"):
        real |= lines["kind"] == "credit"
    if not real.any():
        raise InputError("ahead.goal_no_lines", got=asked.text)
    return lines[real].reset_index(drop=True)


def beside(case: Case, segments: tuple[str, ...]) -> tuple[str, ...]:
    """Return further segments without which rules of ``[choice]`` might bar lines of these."""
    asked, found = case.settings.choice, set(segments)
    for part in asked.balance:
        found.update(part.segments)
    needs = [r for r in asked.rules if r.kind == "needs"]
    for _ in needs:  # a helper may need a helper
        for rule in needs:
            if found.intersection(rule.segments):
                found.update(rule.beside)
    return tuple(sorted(found.difference(segments)))


def _play(model: ContestModel, draws: F8, yard: Yardstick, advance: Any) -> tuple[F8, Problem, F8]:
    """Play every line: gain in the goal's year (L, F), the choice's limits, cost (L,)."""
    at = yard.place(model.years)
    gains: list[F8] = []
    costs: list[F8] = []
    limits = limits_by_year(model.case)
    items = [i for i in ITEMS if (limits["item"] == i).any()]
    mean: dict[str, list[F8]] = {i: [] for i in items}
    spread: dict[str, list[F8]] = {i: [] for i in items}
    for first in range(0, len(model.lines), AT_ONCE):
        rows = np.arange(first, min(first + AT_ONCE, len(model.lines)))
        outcome = model(draws, rows)
        gains.append(yard.gain(outcome, model.lines["segment"].iloc[rows])[:, :, at])
        costs.append(outcome.scalars["public_cost"].mean(axis=1))
        for i in items:
            mean[i].append(outcome.paths[i].mean(axis=1, dtype=np.float64))
            spread[i].append(outcome.paths[i].std(axis=1, dtype=np.float64))
        advance(len(rows))
    gain, cost = np.concatenate(gains), np.maximum(0.0, np.concatenate(costs))
    problem = posed(
        model.case, model.lines, limits, {i: np.concatenate(v) for i, v in mean.items()},
        {i: np.concatenate(v) for i, v in spread.items()}, gain, -cost,
    )  # fmt: skip
    return gain, replace(problem, pairs=_counted(problem, model.lines["segment"], yard.asked)), cost


def _counted(problem: Problem, segments: pd.Series, asked: Asked) -> tuple[Pair, ...]:
    """Pairs of ``[[choice.together]]`` that a goal counts: one of net benefit, of both segments."""
    if asked.measure != "welfare":
        return ()
    sides = [{str(segments.iloc[int(s[0])]) for s in (p.one, p.other)} for p in problem.pairs]
    own = set(asked.segments)
    return tuple(p for p, s in zip(problem.pairs, sides, strict=True) if not own or s <= own)


def _last_moments(
    model: ContestModel, draws: F8, yard: Yardstick, found: Backcast, stated: float, advance: Any
) -> list[int | None]:
    """Latest year in which each line may still begin, the others beginning when they do.

    ``stated`` is what the lines are worth together beyond their sum.

    None where the goal is not reached, or is reached without the line.
    """
    from kachisuji.portfolios import last_moments

    out: list[int | None] = []
    years = model.years
    if not found.reached:
        return [None] * found.lines.size
    weights = np.full(len(draws), 1.0 / len(draws))
    at = yard.place(years)
    segments = model.lines["segment"]
    alone = yard.gain(model(draws, found.lines), segments.iloc[found.lines])[:, :, at]
    for place, line in enumerate(found.lines):
        one = model.lines.loc[[line]]
        starts = [int(y) for y in years if y >= int(one["start"].iloc[0])]
        later = pd.concat([one.assign(start=y) for y in starts], ignore_index=True)
        outcome = model.with_lines(later)(draws, np.arange(len(later)))
        gain = yard.gain(outcome, later["segment"])[:, :, at]
        others = np.delete(alone, place, axis=0).sum(axis=0)
        goal = yard.goal(gain + others + stated, at)
        moment = last_moments(goal, ["line"] * len(starts), starts, weights)["line"]
        out.append(None if moment is None else moment[0])
        advance(1)
    return out


def _together(
    model: ContestModel, draws: F8, half: Halves, yard: Yardstick, lines: I8, stated: float
) -> dict[str, Any]:
    """Play the lines jointly on the reporting half: what they reach, and dated milestones."""
    from kachisuji.portfolios import milestones

    cube = draws[half.report]
    own = Yardstick.of(model, cube, yard.asked)
    path = own.base.copy()
    if lines.size:
        outcome = model.joint(np.ascontiguousarray(cube), lines)
        path = path + own.gain(outcome, model.lines["segment"].iloc[lines]).sum(axis=0) + stated
    at, years = own.place(model.years), model.years
    none = np.zeros(0, dtype=np.int64)
    weights = np.full(len(cube), 1.0 / len(cube))
    with_lines, without = (own.goal((p - own.base)[None, :, at], at) for p in (path, own.base))
    sign = -1.0 if own.asked.at_most else 1.0
    target = sign * own.asked.target
    only = np.zeros(1, dtype=np.int64)
    steps = milestones(sign * path[:, : at + 1], target) if lines.size and path.shape[1] > 1 else []
    return {
        "odds": with_lines.reached(only, weights),
        "level": sign * with_lines.level(only, weights),
        "baseline": {
            "odds": without.reached(none, weights),
            "level": sign * without.level(none, weights),
        },
        "milestones": [
            {"year": int(years[t]), "level": sign * level, "odds": odds} for t, level, odds in steps
        ],
    }


def _told(
    model: ContestModel,
    asked: Asked,
    found: Backcast,
    cost: F8,
    last: list[int | None],
    together: dict[str, Any],
    futures: list[int],
) -> dict[str, Any]:
    names = Names(model.case)
    lines = []
    for line, moment in zip(found.lines, last, strict=True):
        row: Any = model.lines.loc[int(line)]
        told = names.line(row)
        means = names.packages[row["package"]]
        lines.append(
            {
                **{k: str(row[k]) for k in ("line", "segment", "scope", "partner", "package")},
                "start": int(row["start"]),
                "intensity": float(row["intensity"]),
                "name_en": told.en,
                "name_ja": told.ja,
                "package_en": means.en,
                "package_ja": means.ja,
                "cost": float(cost[int(line)]),
                "last_moment": moment,
            }
        )
    sign = -1.0 if asked.at_most else 1.0
    return {
        "goal": {
            "text": asked.text,
            "segments": list(asked.segments),
            "by_word": asked.by_word,
            "measure": asked.measure,
            "at_most": asked.at_most,
            "target": asked.target,
            "kind": asked.kind,
            "year": asked.year,
            "odds": asked.odds,
        },
        "reached": found.reached,
        "proven": found.proven,
        "lines": sorted(lines, key=lambda r: (r["start"], -r["cost"])),
        "cost": found.cost,
        "cost_bound": found.bound if np.isfinite(found.bound) else None,
        "odds": {"choosing": found.odds, "reporting": together["odds"]},
        "best_odds": found.best_odds,
        "level": {"choosing": sign * found.level, "reporting": together["level"]},
        "best_level": asked.target - sign * found.short,
        "short": found.short,
        "baseline": together["baseline"],
        "milestones": together["milestones"],
        "futures": futures,
        "candidates": len(model.lines),
    }
