"""From outcomes to a choice: what each line is worth and uses, and the portfolios worth playing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.joint import ITEMS, stated_by_goal, value_of
from kachisuji.desk.measures import Part
from kachisuji.desk.objectives import OBJECTIVES, enough, in_order, sign, signed
from kachisuji.desk.restricting import under_settings
from kachisuji.desk.rows import records
from kachisuji.words import InfeasibleError

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.desk.joint import Together
    from kachisuji.desk.pipeline import Work
    from kachisuji.portfolios import Choice, Pair, Problem
    from kachisuji.portfolios.survival import Again

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

CANDIDATES = 50  # portfolios that are played jointly
FRONT_POINTS = 7
LEADING = 3  # lines of a segment by each standard that the front is drawn from
FRONT_GAP = 0.01  # of a point of the front: it is a picture
FRONT_SECONDS = 60.0  # never reached in practice: a time limit would make runs differ
GAP = 1e-3
MOST_PAIRS = 40  # of linked segments, played jointly two by two
NOTHING: I8 = np.zeros(0, dtype=np.int64)


def yearly(work: Work, measure: str, statistic: str) -> F8:
    """(L, T) a statistic of a path of every line, by year."""
    own = work.paths[work.paths["measure"] == measure].sort_values(["line", "year"])
    shape = (len(work.lines), len(work.model.years))
    return own[statistic].to_numpy(np.float64).reshape(shape)


def least_effort(case: Case, lines: pd.DataFrame) -> F8:
    """(L,) smallest yearly public effort with an effect: the segment's scale, in a niche its part.

    A niche that is a tenth of its segment's market is taken to need a tenth of the effort.
    """
    table = case.tables["parameters"]
    modes = {(r["segment"], r["symbol"]): float(r["mode"]) for r in records(table)}
    out = np.zeros(len(lines))
    for i, (segment, scope) in enumerate(zip(lines["segment"], lines["scope"], strict=True)):
        part = modes.get((segment, "niche_share"), 1.0) if scope == "niche" else 1.0
        out[i] = modes.get((segment, "scale"), 0.0) * part
    return out


def pose(work: Work, limits: pd.DataFrame) -> Problem:
    """Pose the choice on the choosing half of the futures."""
    half = Part(work.measures, np.s_[:, work.halves.choose])
    items = [i for i in ITEMS if (limits["item"] == i).any()]
    return posed(
        work.case,
        work.lines,
        limits,
        {i: yearly(work, i, "mean") for i in items},
        {i: yearly(work, i, "sd") for i in items},
        value_of(work.case.settings, half),
        half["indispensability"].mean(axis=1),
    )


def posed(
    case: Case,
    lines: pd.DataFrame,
    limits: pd.DataFrame,
    mean: dict[str, F8],
    spread: dict[str, F8],
    value: F8,
    power: F8,
) -> Problem:
    """Put a choice among ``lines`` under the limits of a case.

    A line's sure use is its mean plus z standard deviations, z the normal quantile of the stated
    probability; added up over lines this is on the safe side.

    Parameters
    ----------
    mean, spread
        Item -> (L, T) use of each line by year: mean and standard deviation over the futures.
    value, power
        (L, F) and (L,), as in ``Problem``.
    """
    from scipy.stats import norm

    from kachisuji.portfolios import Problem, Risk

    settings = case.settings
    use = np.stack(list(mean.values()), axis=1)
    ceiling = [limits.loc[limits["item"] == i, "mode"].to_numpy(np.float64) for i in mean]
    groups = {s: k for k, s in enumerate(dict.fromkeys(lines["segment"]))}
    playable = (lines["kind"] != "nothing").to_numpy()
    efficient = mean["money"].max(axis=1) >= least_effort(case, lines)
    problem = Problem(
        value=value,
        segment=lines["segment"].map(groups).to_numpy(np.int64),
        field=lines["field"].to_numpy(np.int64),
        use=use,
        sure=use + float(norm.ppf(settings.confidence)) * np.stack(list(spread.values()), axis=1),
        limits=np.array(ceiling),
        items=tuple(mean),
        years=tuple(settings.years),
        max_fields=settings.max_fields,
        eligible=playable & efficient,
        power=power,
        risk=Risk(settings.risk.measure, settings.risk.tail, settings.risk.weight),
    )
    return under_settings(problem, settings.choice, lines)


@dataclass(frozen=True)
class Chosen:
    """The choice before the joint play.

    Attributes
    ----------
    problem
        What was chosen from, by risk-adjusted value.
    choice
        The best portfolio of lines played alone by what ``[choice]`` asks for, with its bound.
    candidates
        Portfolios to play jointly, best first.
    valued
        The best by risk-adjusted value: the choice itself unless the case asks otherwise.
    """

    problem: Problem
    choice: Choice
    candidates: list[I8]
    valued: Choice

    def kept_out_by(self, line: int) -> str:
        """Say what keeps a line that pays on average out of the best by risk-adjusted value.

        ``small``: it stays below the least effort with an effect (``least_effort``). ``limits``: it
        breaks a limit or rule even alone. ``risk``: it could be added inside every limit and
        rule, and was not, so what it adds to the risk keeps it out. ``crowded``: there is no room
        beside the lines chosen.
        """
        alone = np.array([line], dtype=np.int64)
        if not self.problem.eligible[line]:
            return "small"
        if not self.problem.fits(alone):
            return "limits"
        both = np.concatenate([self.valued.lines, alone]).astype(np.int64)
        return "risk" if self.problem.fits(both) else "crowded"

    def losses_of_forcing(self, segments: Sequence[int]) -> dict[int, float]:
        """Fall of the objective when the portfolio must hold a line of a segment, by segment.

        By risk-adjusted value, stated pairs counted. One relaxation answers for all of them, each
        by search under its bound. NaN where no line of the segment fits the limits.
        """
        from kachisuji.portfolios import segment_losses

        found = segment_losses(self.problem, self.valued, segments)
        return {segment: loss for segment, (loss, _) in found.items()}


def choose(work: Work, limits: pd.DataFrame) -> Chosen:
    """Choose on the choosing half, and find the portfolios that are worth playing jointly.

    Raises
    ------
    InfeasibleError
        If not a single line fits the limits; the message names the limit and by how much.
    """
    from kachisuji import portfolios

    problem, asked = pose(work, limits), work.case.settings.choice
    valued = choice = portfolios.choose(problem, gap=GAP)
    if asked.objective == "satisficing":
        by_odds = counted_by_odds(problem, asked.threshold)
        choice = portfolios.choose_satisficing(by_odds, start=[valued.lines])
        candidates = portfolios.best_portfolios(by_odds, choice, CANDIDATES)
    elif asked.objective == "goals":
        choice = by_goals(work, problem)
        candidates = near_by_goals(work, problem, choice.lines)
    else:
        candidates = portfolios.best_portfolios(problem, choice, CANDIDATES)
    if problem.rules:
        refuse_contradiction(work, problem, choice.lines)
    if not any(np.array_equal(choice.lines, lines) for lines in candidates):
        candidates.insert(0, choice.lines)
    return Chosen(problem, choice, with_asked(work, problem, candidates), valued)


def refuse_contradiction(work: Work, problem: Problem, lines: I8) -> None:
    """Raise where the rules of ``[choice]`` leave room for no line at all.

    Doing nothing keeps every such rule, so rules that contradict one another would pass for a
    finding that nothing pays.

    Raises
    ------
    InfeasibleError
        Naming a minimal set of rules and limits that cannot hold together with any line.
    """
    from kachisuji.portfolios import at_least, conflict

    real = (work.lines["kind"] == "line").to_numpy()
    if real[lines].any():
        return
    some = at_least(problem, np.flatnonzero(real & problem.eligible), 1, "≥ 1")
    names = conflict(replace(problem, rules=(*problem.rules, some)))
    own = {rule.name for rule in problem.rules}
    if own.intersection(names):
        told = ", ".join(name for name in names if name != some.name)
        raise InfeasibleError("portfolios.conflict", names=told)


def with_asked(work: Work, problem: Problem, candidates: list[I8]) -> list[I8]:
    """Add the best portfolio when what linked segments are worth together is counted.

    Only where ``[choice]`` asks for pairs; the joint play decides among all.
    """
    from kachisuji import portfolios

    pairs = linked_pairs(work, problem, candidates) if work.case.settings.choice.pairs else []
    if not pairs:
        return candidates
    both = portfolios.choose(replace(problem, pairs=(*problem.pairs, *pairs)), GAP).lines
    known = any(np.array_equal(both, lines) for lines in candidates)
    return candidates if known else [*candidates, both]


def counted_by_odds(problem: Problem, threshold: float) -> Problem:
    """Return the problem with nothing counting but the odds of a threshold."""
    from kachisuji.portfolios import Risk

    return replace(problem, risk=Risk("odds", threshold=threshold))


def goal_values(work: Work, futures: I8 | None = None) -> F8:
    """(K, L) goals of ``[choice]`` of each line, all to be raised; the choosing half by default."""
    half = work.halves.choose if futures is None else futures
    names = [a.measure for a in work.case.settings.choice.goals]
    needed = {OBJECTIVES[n][0] for n in names}
    return signed(names, {m: work.measures[m][:, half] for m in needed})


def by_goals(work: Work, problem: Problem) -> Choice:
    """Choose by goals one after the other, proven; the objective is the value of the first."""
    from kachisuji.portfolios import Choice

    lines, reached = _goals_in_order(work, problem, goal_values(work))
    first = sign(work.case.settings.choice.goals[0].measure) * reached
    return Choice(lines, first, first, 0.0)


def _goals_in_order(work: Work, problem: Problem, values: F8) -> tuple[I8, float]:
    """Return lines chosen by goals ``values`` (K, L), and what they reach in the first goal.

    What linked segments are stated to be worth together counts in the goal of net benefit. Where a
    limit is set, no programme may take longer, and all of them are made in another process.
    """
    from kachisuji.portfolios import linked, one_after_the_other

    aims, n = work.case.settings.choice.goals, problem.segment.size
    both = np.array([pair.value @ problem.probability for pair in problem.pairs])
    added = [both * (a.measure == "welfare") for a in aims]
    asked = (linked(problem), np.hstack([values, np.array(added)]), [a.give for a in aims], np.inf)
    if work.in_time is None:
        found = one_after_the_other(*asked, enough=enough(aims))
    else:
        found = work.in_time("goals", one_after_the_other, *asked, enough=enough(aims))
    return found.lines[found.lines < n], float(found.value[0])


def near_by_goals(work: Work, problem: Problem, lines: I8) -> list[I8]:
    """Return the portfolios one step from one chosen by goals, best first, doing nothing last."""
    from kachisuji.portfolios import single_steps

    aims, values = work.case.settings.choice.goals, goal_values(work)
    pool = leading_lines(problem, values[0], values[1])
    near = [lines, *single_steps(problem, lines, pool)]
    totals = np.array([values[:, own].sum(axis=1) + stated_by_goal(work, own) for own in near])
    best = [near[i] for i in in_order(aims, totals)[:CANDIDATES]]
    if problem.fits(NOTHING) and all(own.size for own in best):
        best[-1] = NOTHING
    return best


def choose_again(work: Work, chosen: Chosen) -> Again | None:
    """Return how a choice by goals is made again on other weights; None where there are none.

    It is made among the lines that the candidates hold.
    """
    aims = work.case.settings.choice.goals
    if not aims:
        return None
    rows = np.unique(np.concatenate([NOTHING, *chosen.candidates])).astype(np.int64)
    problem, half = chosen.problem.subset(rows), work.halves.choose
    raw = np.array([
        sign(a.measure) * work.measures[OBJECTIVES[a.measure][0]][rows][:, half] for a in aims
    ])  # fmt: skip

    def again(number: int, weights: F8) -> tuple[I8, float | None]:
        del number
        weighed = replace(problem, weights=weights)
        return rows[_goals_in_order(work, weighed, raw @ weights)[0]], 0.0

    return again


def linked_pairs(work: Work, problem: Problem, candidates: list[I8]) -> list[Pair]:
    """Estimate what pairs of linked segments are worth together beyond the sum of both.

    Of each segment the line that most candidates hold, else its best by mean value, is played
    jointly with that of a segment linked to it in ``links.csv``, on the choosing half.
    """
    from kachisuji.portfolios import Pair

    links = work.case.tables.get("links")
    if links is None:
        return []
    segment = work.lines["segment"].to_numpy()
    counts = np.bincount(np.concatenate([NOTHING, *candidates]), minlength=len(segment))
    mean = problem.value.mean(axis=1)
    order = np.lexsort((-mean, -counts))
    lead: dict[str, int] = {}
    for i in order[problem.eligible[order] & (mean[order] > 0)]:
        lead.setdefault(str(segment[i]), int(i))
    both = {tuple(sorted(p)) for p in zip(links["from"], links["to"], strict=True)}
    known = sorted(p for p in both if p[0] != p[1] and p[0] in lead and p[1] in lead)
    known.sort(key=lambda p: -float(mean[lead[p[0]]] + mean[lead[p[1]]]))
    cube = np.ascontiguousarray(work.draws[work.halves.choose])
    out = []
    for one, other in known[:MOST_PAIRS]:
        lines = np.array(sorted((lead[one], lead[other])), dtype=np.int64)
        joint = value_of(work.case.settings, work.joint(cube, lines).scalars).sum(axis=0)
        beyond = joint - problem.value[lines].sum(axis=0)
        out.append(Pair(lines[:1], lines[1:], beyond))
    return out


def front_table(work: Work, chosen: Chosen, together: Together) -> pd.DataFrame:
    """Portfolios by growth and power (means over all futures, lines added up as played alone).

    ``kind`` is ``growth`` for the front of value added against indispensability inside the limits
    (whatever it costs), ``near`` for the candidates of the choice by net benefit, ``chosen``.
    """
    from kachisuji.portfolios import pareto_front

    means = {
        k: work.measures[k].mean(axis=1) for k in ("value_added", "indispensability", "welfare")
    }
    power = means["indispensability"]
    rows = leading_lines(chosen.problem, means["value_added"], power)
    by_growth = replace(
        chosen.problem.subset(rows),
        value=means["value_added"][rows, None],
        power=power[rows],
        weights=np.ones(1),
        pairs=(),  # they are worth net benefit
    )
    sets: dict[tuple[int, ...], str] = {tuple(map(int, together.lines)): "chosen"}
    for point in pareto_front(by_growth, FRONT_POINTS, gap=FRONT_GAP, seconds=FRONT_SECONDS):
        sets.setdefault(tuple(map(int, rows[point.lines])), "growth")
    for lines in chosen.candidates:
        sets.setdefault(tuple(map(int, lines)), "near")
    table = pd.DataFrame(
        {
            "kind": kind,
            "growth": float(means["value_added"][list(lines)].sum()),
            "power": float(power[list(lines)].sum()),
            "welfare": float(means["welfare"][list(lines)].sum()),
            "size": len(lines),
            "lines": ";".join(map(str, lines)),
            "segments": ";".join(str(work.lines["segment"].iloc[i]) for i in lines),
            "chosen": kind == "chosen",
        }
        for lines, kind in sets.items()
    )
    return table.assign(on_front=undominated(table["growth"], table["power"]))


def leading_lines(problem: Problem, growth: F8, power: F8) -> I8:
    """Rows of the lines that a front may hold: of each segment the best few by each standard.

    The standards are growth, power, and either per unit of public money.
    """
    money = np.maximum(problem.use[:, 0].sum(axis=1), 1e-9)
    scores = (growth, power, growth / money, power / money)
    kept: set[int] = set()
    for segment in np.unique(problem.segment[problem.eligible]):
        own = np.flatnonzero(problem.eligible & (problem.segment == segment))
        for score in scores:
            kept |= {int(i) for i in own[np.argsort(-score[own], kind="stable")[:LEADING]]}
    return np.array(sorted(kept), dtype=np.int64)


def undominated(across: pd.Series, up: pd.Series) -> list[bool]:
    """Whether no other point is at least as good in both and better in one."""
    x, y = across.to_numpy(), up.to_numpy()
    return [
        not bool((((x >= a) & (y >= b)) & ((x > a) | (y > b))).any())
        for a, b in zip(x, y, strict=True)
    ]
