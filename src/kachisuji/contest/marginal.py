"""What a unit of money in each instrument buys in each segment, and which ones help each other.

Every instrument is played alone, as a package of one, through the same kernel as every line; pairs
are played against their parts. Nothing here is a second model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest import symbols as sym
from kachisuji.contest.instruments import (
    businesses,
    instrument_arrays,
    optional_records,
    package_code,
)
from kachisuji.contest.kernel import play_lines
from kachisuji.contest.lines import needs_partner
from kachisuji.contest.quantities import Draws
from kachisuji.contest.tables import records
from kachisuji.contest.world import LINE, Lines, World
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.model import ContestModel

F8 = NDArray[np.float64]

MEASURES = ("welfare", "value_added", "indispensability", "digital_balance")
SMALL = 0.1
"""Intensity at which what the next unit buys is read off, beside the case's own."""
PAIRED = 6
"""Instruments of which every pair is played, beside the pairs that the case declares."""
RULE = 0.1
"""Money share below which an instrument is a rule: hardly any public money to divide by."""
_CHUNK = 256  # lines played at a time: what the kernel writes by year is not kept

Play = tuple[tuple[str, ...], str, str, float]  # instruments, segment, partner, intensity
Best = dict[tuple[tuple[str, ...], str], str]  # instruments, segment -> partner


class _Contrast(NamedTuple):
    """A pair in a segment and the four plays behind its synergy: both, one, other, neither."""

    one: str
    other: str
    segment: str
    partner: str
    declared: bool
    plays: tuple[Play, Play, Play, Play]


class Marginal(NamedTuple):
    """What instruments buy and how they meet (see ``marginal``)."""

    table: pd.DataFrame
    pairs: pd.DataFrame
    played: dict[Play, F8]


def marginal(
    model: ContestModel,
    draws: F8,
    *,
    instruments: Sequence[str] | None = None,
    segments: Sequence[str] | None = None,
    intensities: Sequence[float] | None = None,
    start: int | None = None,
    partners: Mapping[str, Sequence[str]] | None = None,
    paired: int = PAIRED,
    progress: Callable[[int, int], None] | None = None,
) -> Marginal:
    """Play every instrument alone, and pairs, in every ranked segment.

    Parameters
    ----------
    model, draws
        The contest and its futures (F, D).
    instruments, segments
        Those asked for; by default all, in ranked segments.
    intensities
        Public money a year over home firms' own spending; by default 0.1 and the case's greatest.
        Pairs are played at the last.
    start
        Year in which spending starts; by default the case's first.
    partners
        Partners tried in each segment; by default all of the case.
    paired
        Every pair of so many instruments, best by mean welfare over segments, is played, and every
        pair with a row in ``interactions.csv``; zero for no pairs at all.
    progress
        Called with lines done and lines in all.

    Returns
    -------
    Marginal
        ``table``: one row an instrument, segment, intensity and measure. ``partner`` ("" none),
        ``per`` what the outcome is divided by (``public`` discounted public cost, or for rules
        that cost the treasury next to nothing ``own``, what home firms spend themselves over the
        same years), ``cost`` that amount, ``mean`` (ratio of means), ``p10``, ``p50``, ``p90`` of
        the ratio over the futures, ``positive`` part of the futures above zero, ``total`` the
        undivided mean. An instrument that works only with a partner is played with each partner
        of the segment and shown with the one of greatest mean welfare.

        ``pairs``: one row a pair and segment for welfare: ``synergy`` = pair − one − other +
        empty package, so that the cost of running a package is not counted as synergy; its
        ``p10``, ``p50``, ``p90``, ``positive``; ``relative`` to the parts' absolute sum; ``z`` of
        the mean over its standard error; ``significant`` after Bonferroni at 5 %; ``declared``.

        ``played``: outcomes (F, len(MEASURES) + 1) behind both, the last column public cost.

    Raises
    ------
    InputError
        When a name is unknown, a start lies outside the horizon, an intensity is not positive.
    """
    stage = Stage(model, draws, start, partners)
    names = _chosen(instruments, [r["instrument"] for r in records(model.case, "instruments")])
    where = _chosen(segments, stage.ranked)
    levels = _levels(model, intensities)
    joint = {n: needs_partner(model.case, (n,)) for n in names}
    alone: list[Play] = [
        ((n,), s, p, x)
        for n in names
        for s in where
        for p in (stage.partners.get(s, []) if joint[n] else [""])
        for x in levels
    ]
    singles = stage.play(alone, progress)
    best = _best_partner(alone, singles)
    table = _table(stage, [a for a in alone if best[a[0], a[1]] == a[2]], singles)
    wanted = _pairs(model, table, levels[-1], paired, names) if paired else {}
    contrasts = _contrasts(wanted, where, levels[-1], joint, best)
    plays = dict.fromkeys(p for c in contrasts for p in c.plays if p not in singles)
    known = singles | stage.play(list(plays), progress)
    return Marginal(table, _synergy(contrasts, known), known)


def _chosen(asked: Sequence[str] | None, known: list[str]) -> list[str]:
    if asked is None:
        return known
    for name in asked:
        if name not in known:
            raise InputError("contest.marginal_name", got=name, known=", ".join(known))
    return list(dict.fromkeys(asked))


def _levels(model: ContestModel, asked: Sequence[float] | None) -> list[float]:
    levels = [SMALL, max(model.case.lines.intensities)] if asked is None else list(asked)
    bad = [x for x in levels if not 0.0 < x < float("inf")]
    if bad or not levels:
        raise InputError("contest.marginal_intensity", got=bad[0] if bad else "–")
    return sorted(dict.fromkeys(levels))


class Stage:
    """The world in which lines with packages of any instruments are played."""

    def __init__(
        self, model: ContestModel, draws: F8, start: int | None,
        partners: Mapping[str, Sequence[str]] | None,
    ) -> None:  # fmt: skip
        self.model, self.draws = model, draws
        self.world = model.prepare(draws)
        case = model.case
        first = case.lines.starts[0] if start is None else start
        if first not in case.settings.years:
            span = case.settings
            raise InputError(
                "contest.marginal_start", got=first, first=span.first_year, last=span.last_year
            )
        self.start = first - case.settings.base_year
        rows = records(case, "segments")
        self.place = {r["segment"]: i for i, r in enumerate(rows)}
        self.business = {r["segment"]: businesses().index(r["business"]) for r in rows}
        self.ranked = [r["segment"] for r in rows if r["status"] == "ranked"]
        self.partners: dict[str, list[str]] = {}
        for row in records(case, "partners"):
            own = self.partners.setdefault(row["segment"], [])
            if row["partner"] not in own:
                own.append(row["partner"])
        if partners is not None:
            self.partners = {s: [p for p in v if p in partners.get(s, ())]
                             for s, v in self.partners.items()}  # fmt: skip
        groups = list(case.lines.market_groups.values())
        self.group = max(range(len(groups)), key=lambda g: len(groups[g]))

    def play(
        self, plays: list[Play], progress: Callable[[int, int], None] | None = None
    ) -> dict[Play, F8]:
        """Outcomes (F, len(MEASURES) + 1) of each play, the last column its public cost."""
        if not plays:
            return {}
        world, coded = self.world_for(plays)
        columns = [sym.SCALARS.index(m) for m in (*MEASURES, "public_cost")]
        futures, years = world.cross.shape[0], world.size.shape[3] - 1
        out: dict[Play, F8] = {}
        for first in range(0, len(plays), _CHUNK):
            last = min(first + _CHUNK, len(plays))
            scalars = np.zeros((last - first, futures, len(sym.SCALARS)))
            paths = np.zeros((last - first, futures, years, len(sym.PATHS)), dtype=np.float32)
            play_lines(world, coded, first, last, scalars, paths)
            out |= dict(zip(plays[first:last], scalars[:, :, columns], strict=True))
            if progress is not None:
                progress(last, len(plays))
        return out

    def world_for(self, plays: list[Play]) -> tuple[World, Lines]:
        """Return the world whose packages are those of the plays, and the plays as its lines."""
        packages = list(dict.fromkeys(p[0] for p in plays))
        cube = np.ascontiguousarray(self.draws, dtype=np.float64)
        drawn = Draws(self.model.quantities, cube)
        world = self.world._replace(**instrument_arrays(self.model.case, drawn, packages))
        return world, self._encode(plays, {p: k for k, p in enumerate(packages)})

    def _encode(self, plays: list[Play], package: dict[tuple[str, ...], int]) -> Lines:
        count = len(plays)
        region = {r: i for i, r in enumerate(self.model.competitors)}

        def codes(values: Iterable[int]) -> NDArray[np.int64]:
            return np.fromiter(values, dtype=np.int64, count=count)

        return Lines(
            segment=codes(self.place[p[1]] for p in plays),
            niche=np.zeros(count, dtype=np.int64),
            partner=codes(region.get(p[2], -1) for p in plays),
            group=np.full(count, self.group, dtype=np.int64),
            package=codes(int(package_code(package[p[0]], self.business[p[1]])) for p in plays),
            start=np.full(count, self.start, dtype=np.int64),
            intensity=np.array([p[3] for p in plays]),
            kind=np.full(count, LINE, dtype=np.int64),
        )

    def own_spending(self, segment: str) -> F8:
        """(F,) discounted spending of home firms themselves over the spending years."""
        world = self.world
        years = slice(self.start, self.start + world.spend_years)
        yearly = world.rivals[2 * self.place[segment], :, world.home, 0]
        return np.asarray(yearly * world.discount[0, years].sum())


def _best_partner(plays: list[Play], outcome: dict[Play, F8]) -> Best:
    """Partner of greatest mean welfare at the greatest intensity, by instrument and segment."""
    best: dict[tuple[tuple[str, ...], str], tuple[float, str]] = {}
    top = max((p[3] for p in plays), default=0.0)
    for play in plays:
        if play[3] == top:
            value = float(outcome[play][:, 0].mean())
            key = (play[0], play[1])
            if key not in best or value > best[key][0]:
                best[key] = (value, play[2])
    return {key: partner for key, (_, partner) in best.items()}


def rules_among(model: ContestModel) -> frozenset[str]:
    """Instruments that cost the treasury next to nothing: rules, no spending."""
    spent = {r["instrument"]: float(r["money_share"]) for r in records(model.case, "instruments")}
    for row in records(model.case, "effects"):
        if row["lever"] == "procurement":
            spent[row["instrument"]] += float(row["mode"])
    return frozenset(name for name, share in spent.items() if share < RULE)


def _table(stage: Stage, plays: list[Play], outcome: dict[Play, F8]) -> pd.DataFrame:
    import pandas as pd

    rules = rules_among(stage.model)
    rows = []
    for play in plays:
        (name,), segment, partner, intensity = play
        values = outcome[play]
        cost = stage.own_spending(segment) * intensity if name in rules else values[:, -1]
        safe = np.maximum(cost, 1e-12)
        for j, measure in enumerate(MEASURES):
            low, middle, high = np.percentile(values[:, j] / safe, [10, 50, 90])
            total = float(values[:, j].mean())
            rows.append(
                {
                    "instrument": name, "segment": segment, "intensity": intensity,
                    "measure": measure, "partner": partner,
                    "per": "own" if name in rules else "public", "cost": float(cost.mean()),
                    "mean": total / max(float(cost.mean()), 1e-12), "p10": low, "p50": middle,
                    "p90": high, "positive": float((values[:, j] > 0.0).mean()), "total": total,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _pairs(
    model: ContestModel, table: pd.DataFrame, intensity: float, paired: int, names: list[str]
) -> dict[tuple[str, str], bool]:
    """Pairs to play, in file order, and whether the case declares an interaction."""
    order = {n: i for i, n in enumerate(names)}

    def pair(a: str, b: str) -> tuple[str, str]:
        return (a, b) if order[a] < order[b] else (b, a)

    own = table[(table["measure"] == "welfare") & (table["intensity"] == intensity)]
    top = own.groupby("instrument")["total"].mean().sort_values(ascending=False, kind="stable")
    out = {pair(str(a), str(b)): False for a, b in combinations(top.index[:paired], 2)}
    for row in optional_records(model.case, "interactions"):
        if row["instrument"] in order and row["with"] in order:
            out[pair(row["instrument"], row["with"])] = True
    return out


def _contrasts(
    pairs: dict[tuple[str, str], bool], segments: list[str], intensity: float,
    joint: dict[str, bool], best: Best,
) -> list[_Contrast]:  # fmt: skip
    """Every pair in every segment; all four plays of a contrast have the same partner."""
    out = []
    for (a, b), declared in pairs.items():
        needy = [name for name in (a, b) if joint[name]]
        for segment in segments:
            partner = best.get(((needy[0],), segment), "") if needy else ""
            if needy and not partner:
                continue
            both, one, other, empty = (
                (held, segment, partner, intensity) for held in ((a, b), (a,), (b,), ())
            )
            out.append(_Contrast(a, b, segment, partner, declared, (both, one, other, empty)))
    return out


def _synergy(contrasts: list[_Contrast], outcome: dict[Play, F8]) -> pd.DataFrame:
    import pandas as pd
    from scipy.stats import norm

    bound = float(norm.isf(0.025 / max(1, len(contrasts))))
    rows = []
    for c in contrasts:
        both, one, other, empty = (outcome[p][:, 0] for p in c.plays)
        extra = both - one - other + empty
        low, middle, high = np.percentile(extra, [10, 50, 90])
        mean, spread = float(extra.mean()), float(extra.std(ddof=1)) if extra.size > 1 else 0.0
        z = mean / (spread / np.sqrt(extra.size)) if spread > 0.0 else 0.0
        parts = abs(float(one.mean())) + abs(float(other.mean()))
        relative = mean / parts if parts > 0.0 else 0.0
        rows.append(
            (c.one, c.other, c.segment, c.partner, c.declared, mean, low, middle, high,
             float((extra > 0.0).mean()), relative, z, bool(abs(z) > bound))
        )  # fmt: skip
    columns = ["instrument", "with", "segment", "partner", "declared", "synergy", "p10", "p50",
               "p90", "positive", "relative", "z", "significant"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def by_pair(pairs: pd.DataFrame) -> pd.DataFrame:
    """Summarise synergies over segments: those that matter first.

    Returns
    -------
    DataFrame
        Columns ``instrument``, ``with``, ``declared``, ``segments``, ``helps`` and ``clashes``
        (segments with a significant sum above or below zero), ``synergy`` (sum of means),
        ``relative`` (median), by absolute ``synergy``.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for (a, b), part in pairs.groupby(["instrument", "with"], sort=False):
        sure = part[part["significant"]]
        rows.append(
            {
                "instrument": a, "with": b, "declared": bool(part["declared"].any()),
                "segments": len(part), "helps": int((sure["synergy"] > 0).sum()),
                "clashes": int((sure["synergy"] < 0).sum()),
                "synergy": float(part["synergy"].sum()),
                "relative": float(part["relative"].median()),
            }
        )  # fmt: skip
    columns = ["instrument", "with", "declared", "segments", "helps", "clashes", "synergy",
               "relative"]  # fmt: skip
    out = pd.DataFrame(rows, columns=columns)
    order = out["synergy"].abs().sort_values(ascending=False, kind="stable").index
    return out.loc[order].reset_index(drop=True)
