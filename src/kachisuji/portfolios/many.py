"""Many objectives: the front of two to five of them, and goals one after the other.

The augmented epsilon-constraint method: one objective is maximised while each other one must reach
a level ε, and a little of what they exceed it by is added, so that every answer is efficient:
Mavrotas (2009), Applied Mathematics and Computation 213 (AUGMECON); Mavrotas and Florios (2013),
Applied Mathematics and Computation 219 (AUGMECON2: slack tells which steps are skipped).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.portfolios.problem import Problem, fits_alone
from kachisuji.portfolios.programme import Programme, infeasible, optimal, row
from kachisuji.portfolios.relaxation import INF
from kachisuji.portfolios.solving import solve
from kachisuji.words import InfeasibleError, InputError, RunError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

AUGMENT = 1e-3  # weight of what other objectives exceed their level by
MOST = 5
WEIGHTS = 40  # weighted sums for each objective
STEP = 1e-6  # of an objective's range: closer values are the same


@dataclass(frozen=True)
class Efficient:
    """A portfolio of the front: its lines and its (K,) objectives."""

    lines: I8
    value: F8


class _Front:
    """The programme with K objectives, each in units of its largest coefficient.

    Tolerances of the solver are absolute: an objective of thousandths would pass for nothing.
    """

    def __init__(self, problem: Problem, objectives: F8, seconds: float) -> None:
        self.rows = np.flatnonzero(problem.eligible & fits_alone(problem))
        self.base = Programme(problem.subset(self.rows))
        self.objectives = objectives[:, self.rows]
        size = np.abs(self.objectives).max(axis=1, initial=0.0)
        self.unit = np.where(size > 0, size, 1.0)
        self.raw, self.seconds = self.objectives / self.unit[:, None], seconds
        self.until = np.inf  # of the monotonic clock, for all programmes together
        self.low = np.zeros(len(objectives))
        self.scale = np.ones(len(objectives))

    def best(self, weight: F8, floors: Sequence[tuple[F8, float]] = ()) -> I8 | None:
        """Lines that maximise ``weight·x`` over floors ``w·x ≥ least``; None if there are none."""
        cost = np.zeros(self.base.own)
        cost[: self.base.lines] = -weight
        highs = self.base.build(cost, np.zeros(0), np.zeros(0, dtype=np.bool_))
        for floor, least in floors:
            some = np.flatnonzero(floor)
            row(highs, some, floor[some], least, INF)
        return self._solved(highs)

    def beyond(self, known: Sequence[F8], step: float) -> I8 | None:
        """Lines with the largest sum of scaled objectives, each known value exceeded in one.

        ``step`` is by how much, as a share of the objective's range.
        """
        count, own = len(self.raw), self.base.own
        size = count * len(known)
        cost = np.zeros(own + size)
        cost[: self.base.lines] = -(self.raw / self.scale[:, None]).sum(axis=0)
        highs = self.base.build(cost, np.ones(size), np.ones(size, dtype=np.bool_))
        least = self._least()
        for i, value in enumerate(known):
            switches = own + count * i + np.arange(count)
            row(highs, switches, np.ones(count), 1.0, INF)
            for k in range(count):
                want = float(value[k] + step * self.scale[k])
                some = np.flatnonzero(self.raw[k])
                big = max(0.0, want - float(least[k]))
                columns = np.append(some, switches[k])
                row(highs, columns, np.append(self.raw[k, some], -big), want - big, INF)
        return self._solved(highs)

    def _least(self) -> F8:
        """(K,) what no portfolio stays below."""
        out = np.zeros(len(self.raw))
        for g in range(int(self.base.group.max(initial=-1)) + 1):
            out += np.minimum(0.0, self.raw[:, self.base.group == g].min(axis=1))
        return out

    def _solved(self, highs: Any) -> I8 | None:
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.setOptionValue("mip_abs_gap", 1e-9)
        highs.setOptionValue("mip_feasibility_tolerance", 1e-9)
        highs.setOptionValue("time_limit", max(0.0, self.left()))
        solve(highs)
        if infeasible(highs):
            return None
        lines = self.base.chosen(highs)
        if lines is None or not optimal(highs):
            why = highs.modelStatusToString(highs.getModelStatus())
            raise RunError("portfolios.no_solution", why=why)
        return lines

    def left(self) -> float:
        """Seconds that a programme may take now."""
        return min(self.seconds, self.until - time.monotonic())

    def value(self, lines: I8) -> F8:
        """(K,) objectives of a portfolio, in the programme's units."""
        return np.asarray(self.raw[:, lines].sum(axis=1))

    def told(self, lines: I8) -> Efficient:
        """Return the portfolio in rows and units of the caller."""
        return Efficient(np.sort(self.rows[lines]), self.objectives[:, lines].sum(axis=1))

    def pay_off(self) -> F8:
        """(K, K) objectives where each is best, ties broken in order: the lexicographic table."""
        table = []
        for first in range(len(self.raw)):
            order = [first, *(k for k in range(len(self.raw)) if k != first)]
            floors: list[tuple[F8, float]] = []
            lines: I8 | None = None
            for k in order:
                lines = self.best(self.raw[k], floors)
                if lines is None:
                    raise InfeasibleError("portfolios.cannot_require")
                reached = float(self.raw[k, lines].sum())
                floors.append((self.raw[k], reached - 1e-7 * max(1.0, abs(reached))))
            assert lines is not None
            table.append(self.value(lines))
        found = np.array(table)
        self.low = found.min(axis=0)
        spread = np.ptp(found, axis=0)
        self.scale = np.where(spread > 0, spread, 1.0)
        return found

    def reach(self) -> None:
        """Scale the objectives by their range over the portfolios that are best in one of them."""
        table = []
        for weight in self.raw:
            lines = self.best(weight)
            if lines is None:
                raise InfeasibleError("portfolios.cannot_require")
            table.append(self.value(lines))
        spread = np.ptp(np.array(table), axis=0)
        self.scale = np.where(spread > 0, spread, 1.0)

    def efficient(self, levels: Sequence[float]) -> I8 | None:
        """Maximise the first objective with the others at least at ``levels``, augmented."""
        # x ≥ level makes the slack linear in x: adding it to the aim is adding the objective
        aim = self.raw[0] / self.scale[0]
        for k in range(1, len(self.raw)):
            aim = aim + AUGMENT * 10.0 ** -(k - 1) * self.raw[k] / self.scale[k]
        floors = [(self.raw[k], level) for k, level in enumerate(levels, 1)]
        lines = self.best(aim, floors)
        if lines is None:
            return None
        # the augmentation may trade a little of the first objective: hold it, then raise the rest
        top = self.best(self.raw[0], floors)
        assert top is not None
        first = float(self.raw[0, top].sum())
        if self.raw[0, lines].sum() >= first - 1e-9 * max(1.0, abs(first)):
            return lines
        held = (self.raw[0], first - 1e-9 * max(1.0, abs(first)))
        rest = np.sum([self.raw[k] / self.scale[k] for k in range(1, len(self.raw))], axis=0)
        return self.best(rest, [*floors, held])


def _checked(problem: Problem, objectives: ArrayLike) -> F8:
    table = np.atleast_2d(np.asarray(objectives, dtype=np.float64))
    n = problem.segment.size
    if table.ndim != 2 or table.shape[1] != n or not 2 <= len(table) <= MOST:
        raise InputError("portfolios.shape", what="objectives", got=table.shape, want=(MOST, n))
    if not np.isfinite(table).all():
        raise InputError("portfolios.not_finite")
    return table


def augmecon(
    problem: Problem, objectives: ArrayLike, steps: int = 8, seconds: float = 60.0
) -> list[Efficient]:
    """Front of two to five linear objectives on a grid of levels (AUGMECON2).

    Parameters
    ----------
    problem
        Limits, segments, fields and rules; its values are not used.
    objectives
        (K, L) what a line adds to each objective, all to be maximised (cost and exposure with the
        sign turned).
    steps
        Levels between the worst and the best value of each objective but the first.
    seconds
        For each programme.

    Returns
    -------
    list of Efficient
        Efficient portfolios, by falling first objective; none dominated.

    Raises
    ------
    InputError
        If there are fewer than two objectives or more than five, or shapes differ.
    InfeasibleError
        If nothing keeps the limits and rules.
    RunError
        If a programme ran out of time.
    """
    front = _Front(problem, _checked(problem, objectives), seconds)
    return undominated(list(_on_grid(front, steps)))


def _on_grid(front: _Front, steps: int) -> Iterator[Efficient]:
    """Efficient portfolios of a grid of levels, as they are found; some more than once."""
    table = front.pay_off()
    grids = [np.linspace(table[:, k].min(), table[:, k].max(), steps + 1)
             for k in range(1, len(table))]  # fmt: skip
    barred: list[tuple[int, ...]] = []
    for outer in product(*(range(g.size) for g in grids[:-1])):
        inner = 0
        while inner < grids[-1].size:
            place = (*outer, inner)
            if any(all(a >= b for a, b in zip(place, bar, strict=True)) for bar in barred):
                break  # a lower place had no solution, so neither has this one
            levels = [float(g[i]) for g, i in zip(grids, place, strict=True)]
            slack = [1e-9 * max(1.0, abs(v)) for v in levels]
            lines = front.efficient([v - s for v, s in zip(levels, slack, strict=True)])
            if lines is None:
                barred.append(place)
                break
            value = front.value(lines)
            yield front.told(lines)
            inner = max(inner + 1, int(np.searchsorted(grids[-1], value[-1] + slack[-1], "right")))


def exact_front(
    problem: Problem, objectives: ArrayLike, seconds: float = 60.0, most: int = 200
) -> list[Efficient]:
    """Every efficient value of two to five linear objectives, with proof; for small fronts.

    The sum of the scaled objectives is maximised again and again; of each value v found so far at
    least one objective must be exceeded (``f_k ≥ v_k + step − M_k(1 − y_k)``, ``Σ_k y_k ≥ 1``),
    until nothing is left. Source: Sylva and Crema (2004), European Journal of Operational
    Research 158.

    Parameters
    ----------
    problem, objectives, seconds
        As in ``augmecon``.
    most
        Values after which the search is given up.

    Raises
    ------
    RunError
        If there are more than ``most``; take ``augmecon`` then.
    """
    front = _Front(problem, _checked(problem, objectives), seconds)
    found: list[Efficient] = []
    for one in _one_by_one(front):
        if len(found) == most:
            raise RunError("portfolios.long_front", most=most)
        found.append(one)
    return undominated(found)


def _one_by_one(front: _Front, step: float = STEP, share: float = 0.0) -> Iterator[Efficient]:
    """Efficient portfolios of different value: by weights, then those that no weights reach.

    Programmes of weights are quick; those that exclude what is known get harder with every point.
    ``share`` of the time left may go to the weights.
    """
    front.reach()
    known: list[F8] = []
    if share:
        for own in _by_weights(front, time.monotonic() + share * front.left()):
            value = front.value(own)
            if all((value >= v + step * front.scale).any() for v in known):
                known.append(value)
                yield front.told(own)
    while (lines := front.beyond(known, step)) is not None:
        known.append(front.value(lines))
        yield front.told(lines)


def _by_weights(front: _Front, until: float) -> Iterator[I8]:
    """Portfolios that maximise a positive weighted sum of the scaled objectives, so are efficient.

    The weights are spread evenly over the simplex, the same at every call. A programme that takes
    longer than a tenth of the time is left for another.
    """
    count = len(front.raw)
    whole, cell = front.seconds, 0.1 * (until - time.monotonic())
    for weights in np.random.default_rng(0).dirichlet(np.ones(count), WEIGHTS * count):
        front.seconds = min(cell, until - time.monotonic())
        if front.seconds <= 0:
            break
        try:
            lines = front.best((weights / front.scale) @ front.raw)
        except RunError:  # out of its time
            continue
        if lines is not None:
            yield lines
    front.seconds = whole


def front_within(
    problem: Problem,
    objectives: ArrayLike,
    steps: int | None,
    seconds: float,
    step: float = STEP,
    tell: Callable[[Efficient], None] = lambda _: None,
) -> tuple[list[Efficient], bool]:
    """Efficient portfolios found within a time for the whole search, and whether they are all.

    Parameters
    ----------
    problem, objectives
        As in ``augmecon``.
    steps
        Of the grid (``augmecon``); without it the best by many weighted sums (of three objectives
        or more) and then the method of ``exact_front``: points are efficient one by one, so that
        those found before time runs out are proven as well.
    seconds
        For all programmes together.
    step
        Share of an objective's range: without ``steps`` and once complete, no portfolio exceeds
        each point in some objective by that much (a portfolio that dominates an answer would have
        been the answer, so each point is efficient whatever the step).
    tell
        Called with each portfolio when it is found: the solver may overrun its time.

    Raises
    ------
    InfeasibleError
        If nothing keeps the limits and rules.
    """
    front = _Front(problem, _checked(problem, objectives), seconds)
    front.until = time.monotonic() + seconds
    found: list[Efficient] = []
    try:
        share = 0.6 if len(front.raw) > 2 else 0.0
        search = _one_by_one(front, step, share) if steps is None else _on_grid(front, steps)
        for one in search:
            found.append(one)  # what came before time ran out is kept
            tell(one)
    except RunError:
        return undominated(found), False
    return undominated(found), steps is None


def undominated(points: list[Efficient]) -> list[Efficient]:
    """Keep what no other matches everywhere and beats somewhere; by falling first objective."""
    points = list({tuple(map(int, e.lines)): e for e in points}.values())
    kept = []
    for one in points:
        slack = 1e-9 * (1.0 + np.abs(one.value))
        beaten = any(
            (other.value >= one.value - slack).all() and (other.value > one.value + slack).any()
            for other in points
        )
        if not beaten:
            kept.append(one)
    return sorted(kept, key=lambda e: tuple(-e.value))


def one_after_the_other(
    problem: Problem,
    objectives: ArrayLike,
    slack: Sequence[float] = (),
    seconds: float = 60.0,
    *,
    enough: Sequence[float | None] = (),
) -> Efficient:
    """Lexicographic goals: the first as high as can be, then the second, and so on.

    Parameters
    ----------
    problem, objectives, seconds
        As in ``augmecon``; from the most to the least important.
    slack
        Share of each objective's best that may be given up for the later ones; nothing by default.
    enough
        Level of each objective beyond which it no longer counts (goal programming: Charnes and
        Cooper 1961, Management Models and Industrial Applications of Linear Programming, app. B).

    Raises
    ------
    InfeasibleError
        If nothing keeps the limits and rules.
    RunError
        If a programme ran out of time.
    """
    front = _Front(problem, _checked(problem, objectives), seconds)
    floors: list[tuple[F8, float]] = []
    lines: I8 | None = None
    for k in range(len(front.raw)):
        lines = front.best(front.raw[k], floors)
        if lines is None:
            raise InfeasibleError("portfolios.cannot_require")
        reached = float(front.raw[k, lines].sum())
        given = slack[k] if k < len(slack) else 0.0
        least = reached - max(given, 1e-9) * max(abs(reached), 1e-6)
        level = enough[k] if k < len(enough) else None
        if level is not None and reached >= level / front.unit[k]:
            least = level / front.unit[k] - 1e-9
        floors.append((front.raw[k], least))
    assert lines is not None
    return front.told(lines)


def conflict(problem: Problem) -> list[str]:
    """Name a minimal set of limits and rules that cannot hold together; empty if all can.

    The deletion filter: what can be left out without the rest becoming possible is left out; what
    remains is irreducible. First whole items, then their years. Source: Chinneck and Dravnieks
    (1991), ORSA Journal on Computing 3.
    """
    able = replace(problem, limits=np.where(problem.limits < 0, 0.0, problem.limits))

    def possible(items: set[tuple[int, int]], rules: set[int], fields: bool) -> bool:
        limits = np.full(able.limits.shape, np.inf)
        for k, t in items:
            limits[k, t] = able.limits[k, t]
        part = replace(
            able,
            limits=np.where(np.isfinite(limits), limits, _ample(able)),
            rules=tuple(r for i, r in enumerate(able.rules) if i in rules),
            max_fields=able.max_fields if fields else able.segment.size,
        )
        front = _Front(part, np.zeros((1, able.segment.size)), 60.0)
        return front.best(np.zeros(front.rows.size)) is not None

    count, years = able.limits.shape
    items = {(k, t) for k in range(count) for t in range(years)}
    rules, fields = set(range(len(able.rules))), True
    if possible(items, rules, fields):
        return []
    for i in sorted(rules):
        if not possible(items, rules - {i}, fields):
            rules.discard(i)
    if not possible(items, rules, False):
        fields = False
    for k in range(count):
        own = {c for c in items if c[0] == k}
        if not possible(items - own, rules, fields):
            items -= own
    for cell in sorted(items):
        if not possible(items - {cell}, rules, fields):
            items.discard(cell)
    told = [able.rules[i].name for i in sorted(rules)]
    told += [f"{able.items[k]} {able.years[t]}" for k, t in sorted(items)]
    return told + (["max_fields"] if fields else [])


def _ample(problem: Problem) -> F8:
    """(K, T) what all lines together could use: a limit that never binds."""
    need = np.maximum(problem.use, problem.sure)
    return np.asarray(np.maximum(0.0, need).sum(axis=0) + 1.0)
