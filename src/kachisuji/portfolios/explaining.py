"""Why a line is in or out, what limits cost, and how much freedom there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.choosing import Choice, Chooser, score
from kachisuji.portfolios.pool import best_portfolios
from kachisuji.portfolios.problem import Problem, needed
from kachisuji.words import InfeasibleError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Explained:
    """One line explained.

    Attributes
    ----------
    line
        Its row.
    chosen
        Whether the portfolio holds it.
    loss
        Exact, by choosing again: for a chosen line, what the objective falls by without it; for
        another, what it falls by when the line must be held. Because a sum added to a line's value
        in every future adds the same to mean, tail mean and minus regret, this is also how much
        more a left-out line would have to be worth in every future to get in. NaN where the line
        cannot be held at all.
    gap
        Gap of the re-solved choice: the loss is right to within it.
    charge
        (item, value) of what the line uses, at the shadow prices of the relaxation, dearest first.
    short
        (item, year, amount) of the limits that the line breaks by itself.
    efficient
        Whether it reaches its minimum efficient scale.
    """

    line: int
    chosen: bool
    loss: float
    gap: float
    charge: list[tuple[str, float]]
    short: list[tuple[str, int, float]]
    efficient: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        told = asdict(self)
        return {k: None if v != v else v for k, v in told.items()}


def explain(
    problem: Problem,
    choice: Choice,
    lines: Iterable[int],
    gap: float = 1e-3,
    seconds: float = 10.0,
) -> list[Explained]:
    """Explain lines by choosing again with each of them out (if chosen) or in (if not).

    Parameters
    ----------
    problem, choice
        The choice and what it was made from.
    lines
        Rows to explain.
    gap, seconds
        For each re-solve.

    Returns
    -------
    list of Explained
        In the order asked for.
    """
    benchmark = Chooser(problem).best
    return [_explain(problem, choice, int(i), benchmark, gap, seconds) for i in lines]


def _explain(
    problem: Problem, choice: Choice, line: int, best: F8 | None, gap: float, seconds: float
) -> Explained:
    inside = line in choice.lines
    over = np.argwhere(needed(problem)[line] > problem.limits * (1 + 1e-9))
    short = [
        (problem.items[k], problem.years[t],
         float(needed(problem)[line, k, t] - problem.limits[k, t]))
        for k, t in over
    ]  # fmt: skip
    other = None
    if inside or (problem.eligible[line] and not short):
        other = _without(problem, line, best, choice, gap, seconds) if inside else _with(
            problem, line, best, choice, gap, seconds)  # fmt: skip
    return Explained(
        line,
        inside,
        float("nan") if other is None else max(0.0, choice.objective - other.objective),
        float("nan") if other is None else other.gap,
        charges(problem, choice, line),
        short,
        bool(problem.eligible[line]),
    )


def charges(problem: Problem, choice: Choice, line: int) -> list[tuple[str, float]]:
    """Return what a line's use of each item costs at the relaxation's shadow prices."""
    totals: dict[str, float] = {}
    for item, year, kind, price in choice.binding:
        k, t = problem.items.index(item), problem.years.index(year)
        used = (problem.use if kind == "use" else problem.sure)[line, k, t]
        totals[item] = totals.get(item, 0.0) + price * float(used)
    return sorted(((k, v) for k, v in totals.items() if v), key=lambda c: -c[1])


def _without(
    problem: Problem, line: int, best: F8 | None, choice: Choice, gap: float, seconds: float
) -> Choice:
    eligible = problem.eligible.copy()
    eligible[line] = False
    start = choice.lines[choice.lines != line]
    rest = replace(problem, eligible=eligible)
    chooser = Chooser(rest, best=best)
    if not chooser.rows.size:
        value = score(problem, start[:0], best)
        return Choice(start[:0], value, value, 0.0)
    return chooser.choose(gap, seconds, start, kicks=10)


def _with(
    problem: Problem, line: int, best: F8 | None, choice: Choice, gap: float, seconds: float
) -> Choice | None:
    """Return the best portfolio that holds the line: its segment offers nothing else."""
    own = problem.segment == problem.segment[line]
    eligible = problem.eligible & ~own
    eligible[line] = True
    only = replace(problem, eligible=eligible)
    chooser = Chooser(only, best=best, always=np.array([line]))
    chooser.master.require((chooser.rows == line).astype(np.float64), 1.0)
    start = np.append(line, choice.lines[problem.segment[choice.lines] != problem.segment[line]])
    try:
        return chooser.choose(gap, seconds, start, kicks=10)
    except InfeasibleError:
        return None


@dataclass(frozen=True)
class Binding:
    """A limit that binds, and what more of it is worth.

    Attributes
    ----------
    item, year, kind
        Which limit, and whether it binds in expectation (``use``) or surely (``sure``).
    price
        What one more unit is worth at the margin of the relaxation (its shadow price).
    more, gain
        By how much the limit was raised, and by how much the objective then rose: exact, by
        choosing again. Lines are whole, so that it may be nothing until the next one fits.
    gap
        Gap of the choice made again: the gain is right to within it.
    """

    item: str
    year: int
    kind: str
    price: float
    more: float
    gain: float
    gap: float


def limit_values(
    problem: Problem,
    choice: Choice,
    *,
    share: float = 0.05,
    most: int = 5,
    gap: float = 1e-3,
    seconds: float = 10.0,
) -> list[Binding]:
    """Return what the limits that bind are worth: by shadow price, then exactly by choosing again.

    Parameters
    ----------
    problem, choice
        The choice and what it was made from.
    share
        Part of itself by which each limit is raised, the others staying as they are.
    most
        How many limits at most, of greatest shadow price times limit first.
    gap, seconds
        For each choice made again.

    Returns
    -------
    list of Binding
        Empty where no limit binds.
    """
    best = Chooser(problem).best
    place = {name: k for k, name in enumerate(problem.items)}
    cells = [
        (place[item], problem.years.index(year), kind, price)
        for item, year, kind, price in choice.binding
    ]
    cells.sort(key=lambda c: -c[3] * float(problem.limits[c[0], c[1]]))
    out = []
    for k, t, kind, price in cells[:most]:
        more = share * float(problem.limits[k, t])
        limits = problem.limits.copy()
        limits[k, t] += more
        wider = Chooser(replace(problem, limits=limits), best=best)
        found = wider.choose(gap, seconds, choice.lines, kicks=10)
        gain = max(0.0, found.objective - choice.objective)
        told = problem.items[k], problem.years[t], kind
        out.append(Binding(*told, price, more, gain, found.gap))
    return out


@dataclass(frozen=True)
class Freedom:
    """How different a portfolio may be and still be nearly as good.

    Attributes
    ----------
    within
        Share of the objective that may be given up.
    portfolios
        How many different portfolios inside it were found (at least this many exist).
    core
        Chosen lines that all of them hold.
    cheapest, different
        The one that uses least of the first item (public money), and the one that shares the
        fewest lines with the choice; empty arrays where there is none.
    saving
        What the cheapest saves of the first item over all years.
    """

    within: float
    portfolios: int
    core: I8
    cheapest: I8
    different: I8
    saving: float


def freedom(
    problem: Problem,
    choice: Choice,
    within: float = 0.01,
    count: int = 200,
    gap: float = 2e-3,
    seconds: float = 5.0,
) -> Freedom:
    """Look for portfolios within a share of the best that are cheaper or quite different.

    Candidates are the nearest portfolios by value (``best_portfolios``), and for every chosen line
    the best portfolio without it, by branch and bound for ``seconds`` each (0: by search alone,
    which is the same on every machine).
    """
    best = Chooser(problem).best
    pool = best_portfolios(problem, choice, count)
    pool += [_without(problem, int(i), best, choice, gap, seconds).lines for i in choice.lines]
    floor = choice.objective - within * abs(choice.objective)
    chosen = set(map(int, choice.lines))
    near = {tuple(map(int, p)) for p in pool if score(problem, p, best) >= floor} - {
        tuple(sorted(chosen))
    }
    money = problem.use[:, 0].sum(axis=1)
    core = chosen.intersection(*map(set, near)) if near else chosen
    none = np.zeros(0, dtype=np.int64)
    if not near:
        return Freedom(within, 0, np.array(sorted(core), dtype=np.int64), none, none, 0.0)
    ordered = sorted(near)
    cheapest = min(ordered, key=lambda p: float(money[list(p)].sum()))
    different = min(ordered, key=lambda p: len(chosen & set(p)))
    saving = float(money[choice.lines].sum() - money[list(cheapest)].sum())
    return Freedom(
        within, len(near), np.array(sorted(core), dtype=np.int64),
        np.array(cheapest, dtype=np.int64), np.array(different, dtype=np.int64), saving,
    )  # fmt: skip


def segment_losses(
    problem: Problem,
    choice: Choice,
    segments: Iterable[int],
    *,
    gap: float = 5e-3,
    seconds: float = 0.0,
) -> dict[int, tuple[float, float]]:
    """Fall of the objective when the portfolio must hold some line of a segment, for many segments.

    Quicker than ``explain``: one relaxation serves all of them, and without ``seconds`` each is
    answered by the search under the bound of its relaxation.

    Parameters
    ----------
    problem, choice
        The choice and what it was made from.
    segments
        Numbers of segments.
    gap, seconds
        For branch and bound on each.

    Returns
    -------
    dict
        segment -> (loss found, loss that is at least incurred); NaN for both where no line of the
        segment can be held.
    """
    base = Chooser(problem)
    if base.rows.size:
        base.master.solve()
    out = {}
    for segment in map(int, segments):
        own = base.problem.segment == segment
        if not own.any():
            out[segment] = (float("nan"), float("nan"))
            continue
        chooser = base.again(problem.probability)
        chooser.master.require(own.astype(np.float64), 1.0)
        try:
            forced = chooser.choose(gap, seconds, choice.lines, kicks=4)
        except InfeasibleError:
            out[segment] = (float("nan"), float("nan"))
            continue
        least = max(0.0, choice.objective - forced.bound)
        out[segment] = (max(0.0, choice.objective - forced.objective), least)
    return out
