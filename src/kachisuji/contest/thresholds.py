"""The win threshold: the least public spending, and the latest start, that reach a goal.

A segment and scope are *won* when home's share of its markets in one year passes a goal in at
least a stated part of the futures. The least constant intensity that does it is found by bisection
on the kernel that plays every line; the latest start by trying every year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest import symbols as sym
from kachisuji.contest.drivers import drivers
from kachisuji.contest.kernel import play_baseline, play_lines
from kachisuji.contest.lines import COLUMNS, encode
from kachisuji.contest.reach import share_reached
from kachisuji.contest.tipping import tipping_number
from kachisuji.contest.world import Lines, World
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.model import ContestModel

F8 = NDArray[np.float64]

CEILING = 4.0
"""Most public money a line may take, as a multiple of home firms' own spending: beyond it nothing
in the model has been compared with any programme."""
GAIN = 0.2
"""Goal unless given: home's share up by a fifth, or rivals' cut by a factor of 1.2."""
PROBABILITY = 0.5
"""Part of the futures in which the goal must be reached, unless given: more likely than not."""
_HALVINGS = 7

WIN, UNAIDED, NICHE, OUT, UNKNOWN = "win", "unaided", "niche", "do_not_enter", "unranked"


class Threshold(NamedTuple):
    """The win threshold of one segment, scope and package (see ``win_threshold``)."""

    start: int  # first year of spending
    goal: float  # share that counts as won
    base_share: float  # median share in the base year
    unaided: float  # part of the futures that reach the goal without policy
    ceiling: float  # most intensity allowed
    reached: float  # part of the futures that reach it at the threshold, else at the ceiling
    intensity: float  # least intensity that wins (0: none needed; NaN: none allowed wins)
    yearly: float  # public money in the dearest year of the path, mean of futures, money units
    public_cost: float  # discounted public cost, mean of futures, money units
    labour: float  # largest part of the labour allowed that the path takes, mean of futures
    limit: str  # what stands in the way where nothing wins: labour, money, contest; else ""
    latest_start: float  # last year of starting from which the ceiling still wins, NaN: none

    @property
    def wins(self) -> bool:
        """Whether some allowed spending wins."""
        return bool(np.isfinite(self.intensity))


def goal_from(share: float, gain: float = GAIN) -> float:
    """Return the goal ``min(s(1 + gain), 1 − (1 − s)/(1 + gain))`` from a base share s.

    A relative gain where the share is small, a relative cut of what rivals hold where it is large:
    always below one, and the same for a share as for its complement. ``gain = 0`` is *keep*.
    """
    return min(share * (1.0 + gain), 1.0 - (1.0 - share) / (1.0 + gain))


def _weights(model: ContestModel, markets: Sequence[str] | None) -> F8:
    chosen = model.markets if markets is None else list(markets)
    unknown = [m for m in chosen if m not in model.markets]
    if unknown or not chosen:
        got = unknown[0] if unknown else "—"
        raise InputError("contest.threshold_market", got=got, known=", ".join(model.markets))
    return np.array([float(m in chosen) for m in model.markets])


def _year(model: ContestModel, year: int | None) -> int:
    """Index of the year in which the share is measured."""
    settings = model.case.settings
    asked = settings.last_year if year is None else year
    if asked not in settings.years:
        raise InputError(
            "contest.threshold_year", got=asked, first=settings.first_year, last=settings.last_year
        )
    return asked - settings.base_year


def base_shares(world: World, arena: int, weight: F8) -> F8:
    """(F,) home's base-year share (the potential share of an unborn market)."""
    size = world.size[arena, :, :, 0] * weight
    sold = (world.share0[arena, :, world.home, :] * size).sum(axis=1)
    total = size.sum(axis=1)
    return np.asarray(np.divide(sold, total, out=np.zeros_like(sold), where=total > 0))


def _most(world: World, coded: Lines, ceiling: float, budget: float) -> F8:
    """(L,) most intensity that ceiling and yearly budget allow, at the median of the futures.

    A line costs ``own·(Σ money shares + administration)`` for each unit of intensity, and
    purchases up to an intensity of one; overrun comes on top.
    """
    out = np.empty(coded.segment.size)
    for n in range(out.size):
        arena = 2 * coded.segment[n] + coded.niche[n]
        items = world.packages[coded.package[n]]
        items = items[items >= 0]
        own = world.rivals[arena, :, world.home, 0] * (1.0 + world.symbols[arena, :, sym.OVERRUN])
        slope = own * (world.money_share[items].sum() + world.cross[:, sym.ADMINISTRATION])
        bought = own * world.effect[items, :, sym.LEVER_PROCUREMENT].sum(axis=0)
        to_one, beyond = float(np.median(slope + bought)), float(np.median(slope))
        most = budget / to_one if to_one > budget else ceiling
        if budget >= to_one and beyond > 0.0:
            most = 1.0 + (budget - to_one) / beyond
        out[n] = min(ceiling, most)
    return out


def _part_won(world: World, coded: Lines, goal: F8, weight: F8, year: int) -> F8:
    """(L,) part of the futures in which each line reaches its goal."""
    share = np.empty((coded.segment.size, world.cross.shape[0]))
    share_reached(world, coded, weight, year, share)
    return np.asarray((share >= goal[:, None]).mean(axis=1))


def take(coded: Lines, rows: Any, **changed: Any) -> Lines:
    """Return some of the lines, with other values where given."""
    picked = Lines(*(np.ascontiguousarray(field[rows]) for field in coded))
    return picked._replace(**changed)


def least_intensity(
    world: World, coded: Lines, goal: F8, probability: float, most: F8, weight: F8, year: int
) -> tuple[F8, F8]:
    """Least intensity of each line that reaches its goal with ``probability``.

    Levers grow with intensity up to one, and beyond it only money does, which rivals' reaction may
    outweigh: shares rise up to one and then rise or fall. So a line that wins at ``most`` is
    bisected below it, and one that does not is tried at an intensity of one.

    Parameters
    ----------
    world, coded
        Arrays of the kernel; the intensities of ``coded`` are not read.
    goal, most
        (L,) share that counts as won; most intensity allowed.
    weight, year
        (M,) one for each market counted; index of the year.

    Returns
    -------
    tuple of ndarray
        (L,) intensity (NaN where none is enough) to within ``most``/128 above the least, and part
        of the futures won there (at ``most`` where none is enough).
    """
    count = coded.segment.size
    low, high = np.zeros(count), np.full(count, np.nan)
    won = _part_won(world, coded._replace(intensity=most), goal, weight, year)
    at_most = won >= probability
    high[at_most] = most[at_most]
    over = np.flatnonzero(~at_most & (most > 1.0))
    one = np.ones(over.size)
    at_one = _part_won(world, take(coded, over, intensity=one), goal[over], weight, year)
    turned = over[at_one >= probability]
    high[turned], won[turned] = 1.0, at_one[at_one >= probability]
    open_ = np.flatnonzero(high > 0.0)
    for _ in range(_HALVINGS if open_.size else 0):
        middle = 0.5 * (low[open_] + high[open_])
        got = _part_won(world, take(coded, open_, intensity=middle), goal[open_], weight, year)
        wins = got >= probability
        high[open_[wins]], won[open_[wins]] = middle[wins], got[wins]
        low[open_[~wins]] = middle[~wins]
    return high, won


def latest_start(
    world: World, coded: Lines, goal: F8, probability: float, most: F8, weight: F8, year: int
) -> NDArray[np.int64]:
    """Return the last start (index of the year, 0 none) from which ``most`` wins, (L,)."""
    count = coded.segment.size
    rows = np.repeat(np.arange(count), year)
    starts = np.tile(np.arange(1, year + 1), count)
    every = take(coded, rows, start=starts, intensity=most[rows])
    won = _part_won(world, every, goal[rows], weight, year).reshape(count, year) >= probability
    return np.where(won, np.arange(1, year + 1), 0).max(axis=1, initial=0).astype(np.int64)


def money_of(world: World, coded: Lines, intensity: F8, part: float) -> tuple[F8, F8, F8]:
    """(L,) public money in the dearest year, discounted public cost, part of the labour allowed.

    Means of the futures; the last is the largest over years and skills of what is added over
    ``part`` of the workers that can be moved.
    """
    yearly = np.where(np.isfinite(intensity), 0.0, np.nan)
    cost, labour = yearly.copy(), yearly.copy()
    rows = np.flatnonzero(intensity > 0.0)
    futures, years = world.cross.shape[0], world.size.shape[3] - 1
    scalars = np.zeros((rows.size, futures, len(sym.SCALARS)))
    paths = np.zeros((rows.size, futures, years, len(sym.PATHS)), dtype=np.float32)
    played = take(coded, rows, intensity=intensity[rows])
    play_lines(world, played, 0, rows.size, scalars, paths)
    money = paths[..., sym.PATHS.index("money")].mean(axis=1, dtype=np.float64)
    yearly[rows] = money.max(axis=1)
    cost[rows] = scalars[..., sym.SCALARS.index("public_cost")].mean(axis=1)
    for k, skill in enumerate(sym.SKILLS):
        use = paths[..., sym.PATHS.index(f"labour_{skill}")].mean(axis=1, dtype=np.float64)
        share = use / np.maximum(part * world.pool[k, 1:], 1e-12)
        labour[rows] = np.maximum(labour[rows], share.max(axis=1))
    return yearly, cost, labour


def _default_budget(model: ContestModel, start: int) -> float:
    """Least yearly public money over the spending years, shared by as many fields as may be chosen.

    Infinite where the case sets no limit on money.
    """
    limits = model.case.tables["limits"]
    money = limits[limits["kind"] == "money"].sort_values("year")
    if money.empty:
        return float("inf")
    settings = model.case.settings
    last = min(settings.last_year, start + model.case.lines.spend_years - 1)
    spent = np.interp(np.arange(start, last + 1), money["year"], money["mode"])
    return float(spent.min()) / settings.max_fields


class Searched(NamedTuple):
    """What every search shares, checked."""

    probability: float
    starts: tuple[int, ...]
    year: int  # index
    weight: F8
    ceiling: float
    budget: float
    labour: float  # part of the workers that can be moved


def settings_of(
    model: ContestModel,
    probability: float,
    starts: Sequence[int] | None,
    year: int | None,
    markets: Sequence[str] | None,
    ceiling: float,
    budget: float | None,
    labour: float | None = None,
) -> Searched:
    """Check what every search shares, and fill in what the case says."""
    if not 0.0 < probability <= 1.0:
        raise InputError("contest.threshold_probability", got=probability)
    part = 1.0 / model.case.settings.max_fields if labour is None else labour
    for allowed in (ceiling, budget, part):
        if allowed is not None and allowed <= 0.0:
            raise InputError("contest.threshold_allowed", got=allowed)
    when = _year(model, year)
    settings = model.case.settings
    last = settings.base_year + when
    chosen = tuple(s for s in model.case.lines.starts if s <= last) if starts is None else starts
    for start in chosen:
        if not settings.first_year <= start <= last:
            raise InputError(
                "contest.threshold_start", got=start, first=settings.first_year, last=last
            )
    if not chosen:
        raise InputError("contest.threshold_start", got="—", first=settings.first_year, last=last)
    money = min(_default_budget(model, s) for s in chosen) if budget is None else budget
    return Searched(
        probability, tuple(chosen), when, _weights(model, markets), ceiling, money, part
    )


def _goal(share: float) -> float:
    if not 0.0 < share < 1.0:
        raise InputError("contest.threshold_goal", got=share)
    return share


def _one(value: str, known: Sequence[str], column: str) -> str:
    if value not in known:
        raise InputError("contest.threshold_name", column=column, got=value, known=", ".join(known))
    return value


def _candidate(
    model: ContestModel, segment: str, scope: str, package: str, partner: str, starts: Sequence[int]
) -> pd.DataFrame:
    import pandas as pd

    packages = {p.id: p for p in model.case.lines.packages}
    _one(segment, model.segments, "segment")
    _one(scope, ("whole", "niche"), "scope")
    _one(package, list(packages), "package")
    if partner:
        _one(partner, [c for c in model.competitors if c != model.case.settings.home], "partner")
    markets = packages[package].markets
    rows = [
        ("", "line", segment, 0, scope, partner, markets, package, start, 0.0) for start in starts
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _search(
    model: ContestModel,
    draws: F8,
    lines: pd.DataFrame,
    goals: Mapping[str, float],
    gain: float,
    use: Searched,
) -> pd.DataFrame:
    """Cheapest winning candidate of every segment and scope among ``lines``, else the nearest."""
    world = model.prepare(draws)
    coded = encode(model.case, lines, model.competitors)
    arenas = 2 * coded.segment + coded.niche
    first: dict[int, int] = {}
    for n, a in enumerate(arenas):
        first.setdefault(int(a), n)
    shares = {a: float(np.median(base_shares(world, a, use.weight))) for a in first}
    base = np.array([shares[int(a)] for a in arenas])
    goal = np.array(
        [goals.get(s, goal_from(b, gain)) for s, b in zip(lines["segment"], base, strict=True)]
    )
    one = np.array(list(first.values()), dtype=np.int64)
    aims = (use.weight, use.year)
    alone = take(coded, one, intensity=np.zeros(one.size))
    kept = dict(zip(first, _part_won(world, alone, goal[one], *aims), strict=True))
    unaided = np.array([kept[int(a)] for a in arenas])
    most = _most(world, coded, use.ceiling, use.budget)
    least, won = least_intensity(world, coded, goal, use.probability, most, *aims)
    free = unaided >= use.probability
    least[free], won[free] = 0.0, unaided[free]
    yearly, cost, labour = money_of(world, coded, least, use.labour)
    short = labour > 1.0
    for column in (least, cost, yearly):
        column[short] = np.nan
    frame = lines[["segment", "scope", "package", "partner", "start"]].assign(
        goal=goal, base_share=base, unaided=unaided, ceiling=most, reached=won, intensity=least,
        yearly=yearly, public_cost=cost, labour=labour, limit=np.where(short, "labour", ""),
    )  # fmt: skip
    order = np.lexsort((-won, cost))  # NaN sorts last: cheapest that wins, else the nearest
    best = frame.iloc[order].drop_duplicates(["segment", "scope"]).sort_index()
    rows = best.index.to_numpy()
    lost = rows[~np.isfinite(least[rows]) & ~short[rows]]
    free_of_budget = np.full(lost.size, use.ceiling)
    could, _ = least_intensity(
        world, take(coded, lost), goal[lost], use.probability, free_of_budget, *aims
    )
    best.loc[lost, "limit"] = np.where(np.isfinite(could), "money", "contest")
    rows = rows[np.isfinite(least[rows])]
    last = latest_start(world, take(coded, rows), goal[rows], use.probability, most[rows], *aims)
    latest = np.full(len(lines), np.nan)
    latest[rows] = np.where(last > 0, model.case.settings.base_year + last, np.nan)
    return best.assign(latest_start=latest[best.index]).set_index(["segment", "scope"])


def win_threshold(
    model: ContestModel,
    draws: F8,
    segment: str,
    *,
    package: str,
    scope: str = "whole",
    partner: str = "",
    goal_share: float | None = None,
    gain: float = GAIN,
    probability: float = PROBABILITY,
    starts: Sequence[int] | None = None,
    year: int | None = None,
    markets: Sequence[str] | None = None,
    ceiling: float = CEILING,
    budget: float | None = None,
    labour: float | None = None,
) -> Threshold:
    """Least public spending path, and latest start, with which home reaches a share.

    The path is constant over the case's spending years: intensity times home firms' own spending.

    Parameters
    ----------
    model, draws
        The contest and its futures (F, D).
    segment, scope, package, partner
        What is played: scope ``whole`` or ``niche``; partner "" for none.
    goal_share
        Share that counts as won, in (0, 1); by default ``goal_from(base share, gain)``.
    probability
        Part of the futures in which it must be reached.
    starts, year
        First years of spending tried, the cheapest is taken (those of the case by default); year
        in which the share is measured (the last).
    markets
        Markets whose sales together are the share; all by default.
    ceiling, budget
        Most intensity; most yearly public money (money units), by default the case's limit over
        its greatest number of fields.
    labour
        Part of the workers of each skill that can be moved which the line may take; by default one
        over the greatest number of fields.

    Returns
    -------
    Threshold
        Share and money as in the attributes; the latest start is sought at the most allowed.

    Raises
    ------
    InputError
        When a name is unknown, or a year, share or probability is outside its range.
    """
    use = settings_of(model, probability, starts, year, markets, ceiling, budget, labour)
    goals = {} if goal_share is None else {segment: _goal(goal_share)}
    lines = _candidate(model, segment, scope, package, partner, use.starts)
    row = _search(model, draws, lines, goals, gain, use).iloc[0]
    return Threshold(**{name: row[name] for name in Threshold._fields})


def by_scope(
    model: ContestModel,
    draws: F8,
    *,
    goals: Mapping[str, float] | None = None,
    gain: float = GAIN,
    probability: float = PROBABILITY,
    starts: Sequence[int] | None = None,
    year: int | None = None,
    markets: Sequence[str] | None = None,
    ceiling: float = CEILING,
    budget: float | None = None,
    labour: float | None = None,
    lines: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Win threshold of every ranked segment and scope by its cheapest package, partner and start.

    ``goals`` gives shares for named segments, for the whole and the niche alike; the other
    parameters are those of ``win_threshold``. ``lines`` are those among which package and partner
    are sought (all of the case by default): a shortlist is quicker and may miss the cheapest. Where
    nothing wins, the candidate that comes nearest
    (reaches the goal in most futures at its ceiling) is shown.

    Returns
    -------
    DataFrame
        Index (segment, scope); columns ``package``, ``partner`` and those of ``Threshold``.
    """
    import pandas as pd

    use = settings_of(model, probability, starts, year, markets, ceiling, budget, labour)
    for name, share in (goals or {}).items():
        _one(name, model.segments, "segment")
        _goal(share)
    lines = model.lines if lines is None else lines
    lines = lines[lines["kind"] == "line"]
    lines = lines.drop_duplicates(["segment", "scope", "package", "partner"]).assign(intensity=0.0)
    every = pd.concat([lines.assign(start=s) for s in use.starts])
    every = every.sort_index(kind="stable").reset_index(drop=True)
    return _search(model, draws, every, goals or {}, gain, use)


def verdicts(model: ContestModel, draws: F8, **settings: Any) -> pd.DataFrame:
    """For every segment: win the whole, narrow to its niche, or do not enter, with the figures.

    ``settings`` are those of ``by_scope``. The verdict is ``unaided`` when the whole is won without
    policy, ``win`` when some allowed spending wins it, ``niche`` when none does but some wins the
    niche, ``do_not_enter`` when none wins either, ``unranked`` where evidence is not enough for
    lines at all. A goal defended by keeping what there is (``gain = 0``) gives other verdicts than
    a gain; both are worth a look.

    Returns
    -------
    DataFrame
        Index segment in file order. ``field``, ``verdict``, ``scope`` the figures are for, the
        columns of ``by_scope``, those of ``drivers``, and for comparison ``reached``, ``yearly``,
        ``labour`` and ``limit`` of both scopes (``whole_reached``, ``niche_reached`` …).
    """
    import pandas as pd

    table = by_scope(model, draws, **settings).to_dict("index")
    segments = model.case.tables["segments"]
    rows: list[dict[str, Any]] = []
    for name, field in zip(segments["segment"], segments["field"], strict=True):
        scopes = [k for k in ("whole", "niche") if (name, k) in table]
        found = {k: table[name, k] for k in scopes}
        verdict, scope = _verdict({k: float(v["intensity"]) for k, v in found.items()})
        row: dict[str, Any] = {"segment": name, "field": field}
        row |= {"verdict": verdict, "scope": scope}
        row |= {str(k): v for k, v in found[scope].items()} if scope else {}
        for k, v in found.items():
            row |= {f"{k}_{c}": v[c] for c in ("reached", "yearly", "labour", "limit")}
        rows.append(row)
    return pd.DataFrame(rows).set_index("segment").join(drivers(model, draws))


def _verdict(intensity: dict[str, float]) -> tuple[str, str]:
    """Verdict and the scope whose figures are shown, from the least intensities by scope."""
    if not intensity:
        return UNKNOWN, ""
    whole, niche = intensity.get("whole", np.nan), intensity.get("niche", np.nan)
    if whole == 0.0:
        return UNAIDED, "whole"
    if np.isfinite(whole):
        return WIN, "whole"
    if np.isfinite(niche):
        return NICHE, "niche"
    return OUT, "whole" if "whole" in intensity else "niche"


def response(
    model: ContestModel,
    draws: F8,
    segment: str,
    *,
    package: str,
    scope: str = "whole",
    partner: str = "",
    goal_share: float | None = None,
    gain: float = GAIN,
    probability: float = PROBABILITY,
    factors: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5),
    ceiling: float = CEILING,
) -> pd.DataFrame:
    """Win threshold as a function of learning, rivals' spending and their reaction.

    One of the three is multiplied by each factor in every future, the others kept; the learning
    rate stays below 0.9. The start is the case's first. No budget holds here, so that the function
    is seen and not the limit.

    Returns
    -------
    DataFrame
        Columns ``quantity`` (learning_rate, rivals, reaction), ``factor``, ``tipping`` (median R),
        ``intensity`` (NaN above the ceiling), ``reached``.
    """
    import pandas as pd

    use = settings_of(model, probability, None, None, None, ceiling, float("inf"))
    world, first = model.prepare(draws), use.starts[:1]
    chosen = _candidate(model, segment, scope, package, partner, first)
    coded = encode(model.case, chosen, model.competitors)
    s, arena = int(coded.segment[0]), int(2 * coded.segment[0] + coded.niche[0])
    base = float(np.median(base_shares(world, arena, use.weight)))
    goal = np.array([goal_from(base, gain) if goal_share is None else _goal(goal_share)])
    sellers = int((world.share0[2 * s, 0].max(axis=1) > 0).sum())
    rows = []
    for quantity in ("learning_rate", "rivals", "reaction"):
        for factor in factors:
            played = _scaled(world, arena, quantity, factor)
            most = np.array([use.ceiling])
            least, won = least_intensity(
                played, coded, goal, use.probability, most, use.weight, use.year
            )
            p = played.symbols[arena].T
            number = tipping_number(
                p[sym.EPSILON], p[sym.LEARNING_RATE], p[sym.KAPPA], p[sym.NU], p[sym.ALPHA],
                p[sym.IOTA], sellers,
            )  # fmt: skip
            rows.append((quantity, factor, float(np.median(number)), least[0], won[0]))
    return pd.DataFrame(rows, columns=["quantity", "factor", "tipping", "intensity", "reached"])


def _scaled(world: World, arena: int, quantity: str, factor: float) -> World:
    """Multiply one quantity of one segment and scope in every future.

    Learning moves the path without policy as well, which is played again in a copy.
    """
    if quantity == "learning_rate":
        symbols = world.symbols.copy()
        symbols[arena, :, sym.LEARNING_RATE] = np.minimum(
            0.9, factor * symbols[arena, :, sym.LEARNING_RATE]
        )
        kept = {k: getattr(world, k).copy() for k in world._fields if k.startswith("base_")}
        world = world._replace(symbols=symbols, **kept)
        play_baseline(world, arena)
        return world
    rivals = world.rivals.copy()
    others = np.arange(rivals.shape[2]) != world.home
    column = 0 if quantity == "rivals" else 1
    rivals[arena, :, others, column] *= factor
    return world._replace(rivals=rivals)
