"""What is to be chosen from: values in futures, what each line uses, and the limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InfeasibleError, InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Risk:
    """``(1 − weight)·mean + weight·risk``, risk the mean of the worst ``tail`` or minus regret.

    With ``odds`` nothing but the odds that value reaches ``threshold`` counts (``satisficing``).
    """

    measure: Literal["cvar", "regret", "odds"] = "cvar"
    tail: float = 0.2
    weight: float = 0.5
    threshold: float = 0.0


@dataclass(frozen=True)
class Rule:
    """A requirement on the chosen lines: ``Σ_l weight_l x_l ≥ least``.

    Attributes
    ----------
    name
        For messages.
    weight
        (L,) of each line.
    least
        What the chosen weights must add up to.
    """

    name: str
    weight: F8
    least: float

    def kept(self, rows: I8) -> bool:
        """Whether the chosen lines keep it."""
        slack = 1e-9 * max(1.0, abs(self.least))
        return float(self.weight[rows].sum()) >= self.least - slack


@dataclass(frozen=True)
class Pair:
    """What two segments are worth together beyond the sum of both.

    Attributes
    ----------
    one, other
        Lines of one segment each: any of them makes the pair.
    value
        (F,) what is added in each future, or taken away, when a line of both is chosen.
    """

    one: I8
    other: I8
    value: F8

    def held(self, rows: I8) -> bool:
        """Whether the chosen lines make the pair."""
        return bool(np.isin(self.one, rows).any() and np.isin(self.other, rows).any())


@dataclass(frozen=True)
class Problem:
    """A choice of lines.

    Attributes
    ----------
    value
        (L, F) value of each line in each future (money).
    segment
        (L,) group of which at most one line is chosen.
    field
        (L,) field of a line; 0 does not count towards ``max_fields``.
    use
        (L, K, T) expected use of item k (money, labour by skill) in year t.
    sure
        (L, K, T) use not exceeded with the stated probability.
    limits
        (K, T) what there is.
    items, years
        Names of the K items and labels of the T years, for messages.
    max_fields
        The limit against scattering.
    eligible
        (L,) false where a line is below its minimum efficient scale.
    power
        (L,) expected indispensability, the second axis.
    risk
        How risk counts.
    weights
        (F,) weight of each future, adding to one; even by default.
    rules
        Further requirements on the lines together (see ``rules``).
    pairs
        What lines of two segments are worth together beyond their sum.
    """

    value: F8
    segment: I8
    field: I8
    use: F8
    sure: F8
    limits: F8
    items: tuple[str, ...]
    years: tuple[int, ...]
    max_fields: int
    eligible: NDArray[np.bool_]
    power: F8
    risk: Risk = Risk()
    weights: F8 | None = None
    rules: tuple[Rule, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def __post_init__(self) -> None:
        n, futures = self.value.shape
        k, t = self.limits.shape
        shapes = {
            "segment": (self.segment.shape, (n,)),
            "field": (self.field.shape, (n,)),
            "use": (self.use.shape, (n, k, t)),
            "sure": (self.sure.shape, (n, k, t)),
            "eligible": (self.eligible.shape, (n,)),
            "power": (self.power.shape, (n,)),
            "items": ((len(self.items),), (k,)),
            "years": ((len(self.years),), (t,)),
        } | {f"rule {r.name}": (r.weight.shape, (n,)) for r in self.rules}
        for name, (got, want) in shapes.items():
            if got != want:
                raise InputError("portfolios.shape", what=name, got=got, want=want)
        if self.weights is not None and self.weights.shape != (futures,):
            raise InputError(
                "portfolios.shape", what="weights", got=self.weights.shape, want=(futures,)
            )
        if not np.isfinite(self.value).all():
            raise InputError("portfolios.not_finite")
        self._check_pairs()

    def _check_pairs(self) -> None:
        for place, pair in enumerate(self.pairs):
            sides = [np.unique(self.segment[side]) for side in (pair.one, pair.other)]
            if any(s.size != 1 for s in sides) or sides[0][0] == sides[1][0]:
                raise InputError("portfolios.bad_pair", place=place)
            if pair.value.shape != (want := (self.value.shape[1],)):
                raise InputError(
                    "portfolios.shape", what=f"pair {place}", got=pair.value.shape, want=want
                )
            if not np.isfinite(pair.value).all():
                raise InputError("portfolios.not_finite")

    @property
    def probability(self) -> F8:
        """(F,) weight of each future."""
        futures = self.value.shape[1]
        return np.full(futures, 1.0 / futures) if self.weights is None else self.weights

    def subset(self, rows: I8) -> Problem:
        """Keep only the given lines."""
        return replace(
            self, value=self.value[rows], segment=self.segment[rows], field=self.field[rows],
            use=self.use[rows], sure=self.sure[rows], eligible=self.eligible[rows],
            power=self.power[rows],
            rules=tuple(replace(r, weight=r.weight[rows]) for r in self.rules),
            pairs=self._pairs_of(rows),
        )  # fmt: skip

    def _pairs_of(self, rows: I8) -> tuple[Pair, ...]:
        """Pairs that can still be made of the given lines, by their places among them."""
        out = []
        for pair in self.pairs:
            one, other = (np.flatnonzero(np.isin(rows, side)) for side in (pair.one, pair.other))
            if one.size and other.size:
                out.append(Pair(one, other, pair.value))
        return tuple(out)

    def totals(self, rows: I8) -> F8:
        """(F,) value of the chosen lines together, pairs counted."""
        return np.asarray(self.value[rows].sum(axis=0) + self.together(rows))

    def together(self, rows: I8) -> F8:
        """(F,) what the pairs that the chosen lines make add to the sum of their values."""
        out = np.zeros(self.probability.size)
        for pair in self.pairs:
            if pair.held(rows):
                out += pair.value
        return out

    def fits(self, rows: I8) -> bool:
        """Whether the chosen lines keep every limit and rule."""
        if not all(rule.kept(rows) for rule in self.rules):
            return False
        if rows.size == 0:
            return True
        if np.unique(self.segment[rows]).size < rows.size:
            return False
        counted = self.field[rows]
        if np.unique(counted[counted > 0]).size > self.max_fields:
            return False
        room = self.limits * (1 + 1e-9) + 1e-9
        return bool(
            (self.use[rows].sum(axis=0) <= room).all()
            and (self.sure[rows].sum(axis=0) <= room).all()
        )


def linked(problem: Problem) -> Problem:
    """Write every pair out as a column: ``z = x_one·x_other`` by ``z ≤ x`` and ``z ≥ x + x' − 1``.

    A product of whole numbers (Fortet 1960; Glover and Woolsey 1974, Operations Research 22). The
    columns come after the lines; they use nothing, belong to no field and may always be had. What
    comes back has no pairs; without any it is the problem itself.
    """
    if not problem.pairs:
        return problem
    n, p = problem.segment.size, len(problem.pairs)
    zeros = np.zeros((p, *problem.use.shape[1:]))
    first = int(problem.segment.max(initial=-1)) + 1
    rules = [replace(r, weight=np.append(r.weight, np.zeros(p))) for r in problem.rules]
    for k, pair in enumerate(problem.pairs):
        own, one, other = np.zeros((3, n + p))
        own[n + k], one[pair.one], other[pair.other] = 1.0, 1.0, 1.0
        rules += [Rule(f"pair {k}", side - own, 0.0) for side in (one, other)]
        if (pair.value < 0).any():
            rules.append(Rule(f"pair {k}", own - one - other, -1.0))
    return replace(
        problem,
        value=np.vstack([problem.value, *(pair.value[None, :] for pair in problem.pairs)]),
        segment=np.append(problem.segment, first + np.arange(p)),
        field=np.append(problem.field, np.zeros(p, dtype=np.int64)),
        use=np.concatenate([problem.use, zeros]),
        sure=np.concatenate([problem.sure, zeros]),
        eligible=np.append(problem.eligible, np.ones(p, dtype=np.bool_)),
        power=np.append(problem.power, np.zeros(p)),
        rules=tuple(rules),
        pairs=(),
    )


def needed(problem: Problem) -> F8:
    """(L, K, T) the larger of expected and sure use."""
    return np.maximum(problem.use, problem.sure)


def fits_alone(problem: Problem) -> NDArray[np.bool_]:
    """(L,) lines that keep every limit when chosen alone."""
    return np.asarray((needed(problem) <= problem.limits * (1 + 1e-9)).all(axis=(1, 2)))


def admissible(problem: Problem) -> NDArray[np.bool_]:
    """(L,) lines that are efficient, fit the limits alone and gain in some future.

    A line that gains in no future is dropped without loss: leaving it out is never worse, because
    what it uses is not returned (uses below zero are kept) and it helps no rule.
    """
    gains = (problem.value > 0).any(axis=1) | (problem.use < -1e-9).any(axis=(1, 2))
    for rule in problem.rules:
        gains |= rule.weight > 0
    return np.asarray(problem.eligible & fits_alone(problem) & gains)


def check_any_fits(problem: Problem) -> None:
    """Raise when the limits admit not a single efficient line, naming what binds and by how much.

    Raises
    ------
    InfeasibleError
        With the item and year that keep out the line that comes nearest.
    """
    if not problem.eligible.any():
        raise InfeasibleError("portfolios.none_efficient")
    need = needed(problem)[problem.eligible]
    active = need.max(axis=(1, 2)) > 0
    if not active.any():
        return
    need = need[active]
    over = need - problem.limits
    worst = (over / np.maximum(np.abs(problem.limits), 1e-9)).reshape(len(need), -1)
    nearest = int(worst.max(axis=1).argmin())
    if worst[nearest].max() <= 1e-9:
        return
    k, t = np.unravel_index(int(worst[nearest].argmax()), problem.limits.shape)
    raise InfeasibleError(
        "portfolios.nothing_fits", item=problem.items[k], year=problem.years[t],
        limit=f"{problem.limits[k, t]:,.6g}", need=f"{need[nearest][k, t]:,.6g}",
        short=f"{over[nearest][k, t]:,.6g}",
    )  # fmt: skip


def fits_jointly(
    joint: F8, limits: F8, items: tuple[str, ...], years: tuple[int, ...], odds: float
) -> list[tuple[str, int, float, float]]:
    """Limits that lines played together break, on the joint sample itself.

    Parameters
    ----------
    joint
        (F, K, T) use of the whole portfolio by future, item and year.
    limits
        (K, T).
    items, years
        Names of the items and labels of the years.
    odds
        Probability with which a limit must hold.

    Returns
    -------
    list of (item, year, mean excess, share of futures above)
        Empty where every limit holds in expectation and with these odds; worst first.
    """
    over = joint > limits * (1 + 1e-9) + 1e-9
    excess, above = joint.mean(axis=0) - limits, over.mean(axis=0)
    broken = (excess > 1e-9 * (1 + np.abs(limits))) | (above > 1 - odds + 1e-12)
    found = [
        (items[k], years[t], float(excess[k, t]), float(above[k, t]))
        for k, t in np.argwhere(broken)
    ]
    return sorted(found, key=lambda b: -b[3])


def sure_use(mean: F8, sd: F8, odds: float) -> F8:
    """Use that a sum of lines stays below with the odds stated, whatever its distribution.

    ``mean + sd·√(odds/(1 − odds))`` (Cantelli's inequality); adding it up over lines is on the safe
    side, because the standard deviation of a sum is at most the sum of the standard deviations.

    Raises
    ------
    InputError
        If the odds are not between 0 and 1.
    """
    if not 0.0 < odds < 1.0:
        raise InputError("portfolios.bad_odds", odds=odds)
    return np.asarray(mean + sd * np.sqrt(odds / (1.0 - odds)))
