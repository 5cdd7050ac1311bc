"""The plan of a run and the alternatives prepared for it, played jointly in the same futures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.joint import value_of
from kachisuji.desk.rows import records
from kachisuji.words import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from kachisuji.cases import Case
    from kachisuji.contest import ContestModel
    from kachisuji.desk.pipeline import Work
    from kachisuji.desk.stored import StoredRun

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

MOST_FUTURES = 128  # joint plays of some dozens of portfolios
ALTERNATIVES = 3  # beside the plan and doing nothing
NEARBY = 12  # portfolios of the run's front that may become an alternative
PLAN, NOTHING = "plan", "nothing"


@dataclass(frozen=True)
class Played:
    """One portfolio in every future.

    Attributes
    ----------
    key
        ``plan``, ``nothing``, or ``A``, ``B`` …
    lines
        Its lines (columns as in ``contest``), with their starts.
    worth
        (F,) value by the case's weights, played jointly.
    added, money
        (F, T) value added and public money by year.
    sales
        Segment -> (F, T) home sales its line adds.
    """

    key: str
    lines: pd.DataFrame
    worth: F8
    added: F8
    money: F8
    sales: dict[str, F8]


@dataclass(frozen=True)
class Prepared:
    """The plan and its alternatives.

    Attributes
    ----------
    case, model
        Of the run.
    draws
        (F, D) the futures: of the reporting half.
    years
        (T,) of the paths.
    portfolios
        The plan first; doing nothing last.
    when
        Year in which one may change over.
    switched
        (N, F) value when the plan is played until ``when`` and then given up for each portfolio;
        the plan's own row is its worth.
    after
        (N, F, T) value added by year when the plan is given up for each portfolio.
    transfer
        (N, F) what changing over costs: what the lines that are given up leave, sign turned.
    base
        Without policy: ``sales`` and ``market`` (S, F, T).
    """

    case: Case
    model: ContestModel
    draws: F8
    years: I8
    portfolios: tuple[Played, ...]
    when: int
    switched: F8
    after: F8
    transfer: F8
    base: dict[str, F8]

    @property
    def plan(self) -> Played:
        """The chosen portfolio."""
        return self.portfolios[0]

    def observable(self, name: str, year: int) -> F8:
        """(F,) what would be seen under the plan: ``SEGMENT.sales``, ``.share`` or ``.market``."""
        segment, _, measure = name.rpartition(".")
        s, t = self.model.segments.index(segment), int(np.searchsorted(self.years, year))
        sales = self.base["sales"][s, :, t]
        if segment in self.plan.sales:
            sales = sales + self.plan.sales[segment][:, t]
        if measure == "market":
            return self.base["market"][s, :, t]
        if measure == "sales":
            return sales
        return np.asarray(sales / np.maximum(self.base["market"][s, :, t], 1e-12))


def play(
    work: Work | Prepared, key: str, lines: pd.DataFrame, draws: F8, model: Any = None
) -> Played:
    """Play lines jointly, whatever their starts."""
    model = (model or work.model).with_lines(lines)
    years = len(model.years)
    if not len(lines):
        none = np.zeros((len(draws), years))
        return Played(key, lines, np.zeros(len(draws)), none, none, {})
    outcome = model.joint(draws, np.arange(len(lines)))
    sales = {
        str(row["segment"]): outcome.paths["sales"][i].astype(np.float64)
        for i, row in enumerate(records(lines))
        if row["segment"]
    }
    return Played(
        key,
        lines,
        value_of(work.case.settings, outcome.scalars).sum(axis=0),
        outcome.paths["value_added"].sum(axis=0, dtype=np.float64),
        outcome.paths["money"].sum(axis=0, dtype=np.float64),
        sales,
    )


def prepare(
    run: StoredRun | Path,
    *,
    when: int | None = None,
    futures: int = MOST_FUTURES,
    alternatives: int = ALTERNATIVES,
) -> Prepared:
    """Find the alternatives of a run and play everything that the map and the watch need.

    Candidates are the portfolios near the choice and on the front of growth and power, the credit
    and doing nothing; those are prepared that add most to the best of what is at hand
    (``portfolios.most_useful``), on the half of the futures that the plan was chosen on. All that
    is told comes from the other half, on which neither has any luck by choice.

    Parameters
    ----------
    run
        A finished run.
    when
        Year of changing over; without it the fourth simulated year.
    futures
        At most so many futures of each half are played.
    alternatives
        How many to prepare.

    Raises
    ------
    InputError
        If one cannot change over in that year.
    """
    from kachisuji.portfolios.signposts import most_useful

    work = reopen(run)
    year = int(work.model.years[min(3, len(work.model.years) - 1)]) if when is None else when
    if not work.model.years[0] < year <= work.model.years[-1]:
        raise InputError(
            "ahead.bad_when", got=year, first=int(work.model.years[0]) + 1,
            last=int(work.model.years[-1]),
        )  # fmt: skip
    sets = _candidates(work, run)
    lines = [work.lines.loc[list(s)].reset_index(drop=True) for s in sets]
    draws = first_of(work.draws, work.halves.choose, futures)
    work.model.prepare(draws)  # once for every set of lines
    worth = np.stack([play(work, "", own, draws).worth for own in lines])
    empty = sets.index(())
    picked = most_useful(worth, alternatives, (0, empty))
    draws = first_of(work.draws, work.halves.report, futures)
    work.model.prepare(draws)
    kept = [play(work, PLAN, lines[0], draws)]
    kept += [play(work, chr(ord("A") + k), lines[i], draws) for k, i in enumerate(picked)]
    if sets[0]:
        kept.append(play(work, NOTHING, lines[empty], draws))
    switched, after, transfer = _switch(work, kept, draws, year)
    base = {k: v[:, :, 1:] for k, v in work.model.baseline(draws).items()}
    return Prepared(
        work.case, work.model, draws, work.model.years, tuple(kept), year, switched, after,
        transfer, base,
    )  # fmt: skip


def first_of(draws: F8, half: I8, most: int) -> F8:
    """Return the first futures of a half, of which a power of two is balanced as the half is."""
    return np.ascontiguousarray(draws[half[:most]])


def _candidates(work: Work, run: StoredRun | Path) -> list[tuple[int, ...]]:
    """Line rows of the plan first, then of what could stand in for it."""
    from kachisuji.desk.stored import StoredRun

    stored = run if isinstance(run, StoredRun) else StoredRun.open(run)
    plan = tuple(sorted(int(i) for i in stored.choice["lines"]))
    sets = [plan, ()]
    sets += [tuple(i for i in plan if i != line) for line in plan]
    sets += [(int(i),) for i in np.flatnonzero((work.lines["kind"] == "credit").to_numpy())]
    front = stored.front
    near = front[front["kind"] == "near"].sort_values("welfare", ascending=False)
    for text in [*front.loc[front["kind"] == "growth", "lines"], *near["lines"].head(NEARBY)]:
        sets.append(tuple(sorted(int(i) for i in str(text).split(";") if i)))
    return list(dict.fromkeys(sets))


def _switch(work: Work, kept: list[Played], draws: F8, year: int) -> tuple[F8, F8, F8]:
    """Value and value added by year of giving the plan up for each portfolio, and what that costs.

    Lines that both hold go on; new ones begin in ``year`` or later; those given up are played with
    their money and effects ended in ``year``: what that leaves, mostly a loss, is the transfer.
    """
    plan = kept[0]
    worth, path, cost = [plan.worth], [plan.added], [np.zeros(len(draws))]
    ended: dict[tuple[str, ...], tuple[F8, F8]] = {}
    for other in kept[1:]:
        held = other.lines["line"].isin(set(plan.lines["line"]))
        later = other.lines["start"].where(held, np.maximum(other.lines["start"], year))
        after = play(work, other.key, other.lines.assign(start=later), draws)
        gone = plan.lines[~plan.lines["line"].isin(set(other.lines["line"]))]
        key = tuple(gone["line"])
        if key not in ended:
            ended[key] = _given_up(work, gone, draws, year)
        left, left_path = ended[key]
        cost.append(-left)
        worth.append(after.worth + left)
        path.append(after.added + left_path)
    return np.stack(worth), np.stack(path), np.stack(cost)


def _given_up(work: Work, lines: pd.DataFrame, draws: F8, year: int) -> tuple[F8, F8]:
    """(F,) value and (F, T) value added of lines whose money and effects end in ``year``."""
    worth, path = np.zeros(len(draws)), np.zeros((len(draws), len(work.model.years)))
    for start in sorted({int(y) for y in lines["start"]}):
        own = lines[lines["start"] == start]
        if start < year:
            model = shortened(work.model, year - start)
            played = play(work, "", own.reset_index(drop=True), draws, model)
            worth, path = worth + played.worth, path + played.added
    return worth, path


def shortened(model: ContestModel, years: int) -> ContestModel:
    """Return the contest in which money and effects of a line last ``years`` at most."""
    from kachisuji.contest import build

    case = model.case
    instruments = case.tables["instruments"]
    left = np.maximum(0, years - instruments["delay"])
    ended = instruments.assign(duration=np.minimum(instruments["duration"], left))
    short = replace(
        case,
        lines=case.lines.model_copy(update={"spend_years": min(case.lines.spend_years, years)}),
        tables={**case.tables, "instruments": ended},
    )
    return build(short, model.table)
