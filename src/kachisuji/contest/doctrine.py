"""One doctrine, checked across fields: a trade stance for each segment, and whether they agree.

The stance follows from what the model says of a segment by one written rule (``Rule``), the same
for all: what others need of us, what we need of others, whether public money pays, whether shelter
pays, how rivals' states answer. The checks ask whether near-equal segments got the same stance,
whether we ask others to stop what we do ourselves, what trade rules say of the means, and who loses
the sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest.instruments import optional_records
from kachisuji.contest.marginal import MEASURES, Marginal, Stage, rules_among
from kachisuji.contest.power import home_uses, shortage
from kachisuji.contest.reach import sales_by_seller
from kachisuji.contest.tables import records

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.contest.model import ContestModel

F8 = NDArray[np.float64]

CONTROL, SHORING, USE, PROTECT, DISCIPLINE, FREE = (
    "export_control", "friend_shoring", "use", "protect", "discipline", "free_trade",
)  # fmt: skip
STANCES = (CONTROL, SHORING, USE, PROTECT, DISCIPLINE, FREE)
"""In the order in which they are asked: the first that applies is the stance."""
YOUNG = ("unborn", "emergence", "growth")
RESAMPLES = 200
NEAR = 0.5
"""Root mean square distance, in standard deviations, within which two segments are near-equal."""


@dataclass(frozen=True)
class Rule:
    """The written rule. Every number is a choice, none an estimate.

    Attributes
    ----------
    held
        Loss of dependents if home withholds, percent of the GDP of each less home's own loss, by
        reliance added up over dependents, from which know-how is kept.
    share
        Home share from which keeping know-how has a point.
    exposed
        Home's loss, percent of GDP, if one holder withholds, from which supply is moved to friends.
    odds
        Part of the futures in which a means must have a positive net benefit to be used.
    tipping
        Tipping number from which a young segment may be sheltered.
    answer
        Yen that rivals together add for each yen of ours from which discipline is asked for.
    """

    held: float = 0.05
    share: float = 1.0 / 3.0
    exposed: float = 0.05
    odds: float = 0.6
    tipping: float = 0.5
    answer: float = 0.4


class Doctrine(NamedTuple):
    """Stances and their checks (see ``doctrine``)."""

    stances: pd.DataFrame
    near: pd.DataFrame
    contradictions: pd.DataFrame
    neighbours: pd.DataFrame


class _Situation(NamedTuple):
    """What the rule reads, future by future: (S, F) each."""

    held: F8
    exposed: F8
    share: F8
    tipping: F8
    answer: F8
    use: F8  # net benefit of the best means that spends
    protect: F8  # of the best barrier


def doctrine(
    model: ContestModel, draws: F8, played: Marginal, rule: Rule | None = None, seed: int = 0
) -> Doctrine:
    """Derive the stance of every ranked segment by one rule and check the stances.

    Parameters
    ----------
    model, draws
        The contest and its futures (F, D).
    played
        What instruments buy on the same draws (``marginal``).
    rule
        The written rule; the one above by default.
    seed
        Of the resamples that say how often a stance holds.

    Returns
    -------
    Doctrine
        ``stances``: segment, ``stance``, ``also`` (other stances whose condition holds, ;),
        ``holds`` (part of bootstrap resamples of the futures with this stance), ``means``
        (instrument of greatest mean net benefit among those that serve it), its ``category`` and
        ``article`` in trade rules where the case gives them, and the medians the rule reads.
        ``near``: near-equal pairs of segments with ``distance``, both stances, ``agree``.
        ``contradictions``: means used in a segment that are of a category which discipline is
        asked of others for in another. ``neighbours``: what each rival sells less (``loss``, last
        year, mean) of what it would (``part``), and its part of all that is lost (``of_losses``),
        when the best spending instrument is used alone at the case's greatest intensity.
    """
    rule = rule or Rule()
    names = [r["segment"] for r in records(model.case, "segments") if r["status"] == "ranked"]
    best = _best_means(model, played, names)
    situation = _situation(model, draws, names, best)
    young = _young(model, names)
    stances = _stances(model, names, situation, young, best, rule, seed)
    return Doctrine(
        stances,
        near_pairs(names, situation, stances["stance"].to_list()),
        contradictions(stances),
        _neighbours(model, draws, played, names),
    )


def _rules(model: ContestModel) -> dict[str, dict[str, Any]]:
    """Stance, category and article of each instrument; by its levers where the case says none."""
    given = {r["instrument"]: r for r in optional_records(model.case, "trade_rules")}
    effects, rules = records(model.case, "effects"), rules_among(model)
    barriers = {r["instrument"] for r in effects if r["lever"] in ("barrier", "duty")}
    out = {}
    for row in records(model.case, "instruments"):
        name = row["instrument"]
        plain = PROTECT if name in barriers else FREE if name in rules else USE
        out[name] = given.get(name, {"stance": plain, "category": "", "article": ""})
    return out


Means = dict[tuple[str, str], tuple[str, F8]]


def _best_means(model: ContestModel, played: Marginal, names: list[str]) -> Means:
    """Instrument of greatest mean net benefit by segment and the stance it serves, (F,) each."""
    rules = _rules(model)
    out: Means = {}
    for done, values in played.played.items():
        if len(done[0]) != 1 or done[1] not in names:
            continue
        name, welfare = done[0][0], values[:, MEASURES.index("welfare")]
        key = (done[1], str(rules[name]["stance"]))
        if key not in out or welfare.mean() > out[key][1].mean():
            out[key] = (name, welfare)
    return out


def _situation(model: ContestModel, draws: F8, names: list[str], best: Means) -> _Situation:
    world = model.prepare(draws)
    home = world.home
    place = {s: i for i, s in enumerate(model.segments)}
    rows = [place[n] for n in names]
    others = np.arange(world.rivals.shape[2]) != home
    sells = (world.rivals[::2, :, :, 0] > 0) & (world.share0[::2].max(axis=3) > 0)
    answer = np.where(sells, world.rivals[::2, :, :, 1], 0.0)[:, :, others].sum(axis=2)
    nothing = np.full(draws.shape[0], -np.inf)
    held, exposed = _power(model, draws)

    def served(stance: str) -> F8:
        return np.array([best.get((n, stance), ("", nothing))[1] for n in names])

    return _Situation(
        held[rows], exposed[rows], model.baseline(draws)["share"][rows, :, 0],
        model.tipping(draws)[rows], answer[rows], served(USE), served(PROTECT),
    )  # fmt: skip


def _power(model: ContestModel, draws: F8) -> tuple[F8, F8]:
    """(S, F) what dependents lose if home withholds, and home if its worst holder does."""
    world = model.prepare(draws)
    home, regions = world.home, range(world.withhold.shape[1])
    place = {s: i for i, s in enumerate(model.segments)}
    held = np.zeros((len(place), draws.shape[0]))
    exposed = np.zeros_like(held)
    for j, item in enumerate(model.supply.items):
        if item.segment not in place:
            continue
        s, uses = place[item.segment], home_uses(world._asdict(), j, home)
        for r in regions:
            if r == home:
                continue
            z = shortage(item.shares[home], world.cover[j, r], world.cushion[j])
            lost = np.maximum(0.0, world.loss[j, r] * z - world.holder_cost[j])
            held[s] += 100.0 * world.reliance[r] * lost
            z = np.maximum(0.0, uses[:, r] - world.cushion[j])
            exposed[s] = np.maximum(exposed[s], 100.0 * world.loss[j, home] * z)
    return held, exposed


def _young(model: ContestModel, names: list[str]) -> NDArray[np.bool_]:
    stage = {r["segment"]: r["stage"] for r in records(model.case, "segments")}
    return np.array([stage[n] in YOUNG for n in names])


def applies(situation: _Situation, young: NDArray[np.bool_], rule: Rule) -> NDArray[np.bool_]:
    """(len(STANCES), S) whose condition holds, on the futures given; free trade always."""

    def middle(values: F8) -> F8:
        return np.asarray(np.median(values, axis=1))

    def pays(values: F8) -> NDArray[np.bool_]:
        return np.asarray(((values > 0).mean(axis=1) >= rule.odds) & (values.mean(axis=1) > 0))

    control = (middle(situation.held) >= rule.held) & (middle(situation.share) >= rule.share)
    shoring = middle(situation.exposed) >= rule.exposed
    protect = young & (middle(situation.tipping) >= rule.tipping) & pays(situation.protect)
    discipline = middle(situation.answer) >= rule.answer
    always = np.ones(young.size, dtype=bool)
    return np.array([control, shoring, pays(situation.use), protect, discipline, always])


def _stances(
    model: ContestModel, names: list[str], situation: _Situation, young: NDArray[np.bool_],
    best: Means, rule: Rule, seed: int,
) -> pd.DataFrame:  # fmt: skip
    import pandas as pd

    now = applies(situation, young, rule)
    first = now.argmax(axis=0)
    draw = np.random.default_rng(seed)
    same = np.zeros(len(names))
    futures = situation.held.shape[1]
    for _ in range(RESAMPLES):
        pick = draw.integers(0, futures, futures)
        again = applies(_Situation(*(v[:, pick] for v in situation)), young, rule)
        same += again.argmax(axis=0) == first
    rules, rows = _rules(model), []
    for i, name in enumerate(names):
        stance = STANCES[first[i]]
        means = best.get((name, stance), ("", None))[0]
        told = rules.get(means, {"category": "", "article": ""})
        use = situation.use[i]
        rows.append(
            {
                "segment": name, "stance": stance,
                "also": ";".join(STANCES[k] for k in np.flatnonzero(now[:-1, i]) if k != first[i]),
                "holds": same[i] / RESAMPLES, "means": means,
                "category": told["category"], "article": told["article"],
                "use_odds": float((use > 0).mean()),
                **{k: float(np.median(getattr(situation, k)[i]))
                   for k in ("held", "exposed", "share", "tipping", "answer")},
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def near_pairs(names: list[str], situation: _Situation, stance: list[str]) -> pd.DataFrame:
    """Pairs of segments in near-equal situations, nearest first, and whether stances agree.

    Situations are compared by ranks of held, exposed, share, tipping number, answer, and the odds
    that spending pays, each scaled to a standard deviation of one.
    """
    import pandas as pd
    from scipy.stats import rankdata

    columns = [np.median(getattr(situation, f), axis=1)
               for f in ("held", "exposed", "share", "tipping", "answer")]  # fmt: skip
    columns.append((situation.use > 0).mean(axis=1))
    ranks = np.array([rankdata(c) for c in columns]).T
    spread = ranks.std(axis=0)
    scaled = ranks / np.where(spread > 0, spread, 1.0)
    rows = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            distance = float(np.sqrt(((scaled[i] - scaled[j]) ** 2).mean()))
            if distance < NEAR:
                same = stance[i] == stance[j]
                rows.append((names[i], names[j], distance, stance[i], stance[j], same))
    table = pd.DataFrame(
        rows, columns=["one", "other", "distance", "stance", "other_stance", "agree"]
    )
    return table.sort_values("distance", kind="stable").reset_index(drop=True)


def contradictions(stances: pd.DataFrame) -> pd.DataFrame:
    """Means we use that are of the kind we ask others to stop: subsidies, and barriers."""
    import pandas as pd

    asked = stances[stances["stance"] == DISCIPLINE]["segment"].to_list()
    ours = stances[stances["stance"].isin([USE, PROTECT]) & (stances["means"] != "")]
    subject = ours[ours["category"].isin(["prohibited", "actionable", "border"])]
    rows = [
        (row["segment"], row["means"], row["category"], ";".join(asked))
        for row in subject.to_dict("records")
        if asked
    ]
    return pd.DataFrame(rows, columns=["segment", "means", "category", "asked_in"])


def partners_say(lines: pd.DataFrame, welfare: pd.Series, gain: pd.DataFrame) -> pd.DataFrame:
    """Say what each partner would answer to the line that home would ask it to join.

    For every segment and partner the line of greatest mean net benefit is asked about. A partner
    takes part in a future where it sells more than if home played the line without it; whether the
    line leaves it better off than no line at all is another question, and the one answered here.

    Parameters
    ----------
    lines
        Lines (``segment``, ``partner``), by row number.
    welfare
        Mean net benefit to home by line, money units.
    gain
        ``mean``, ``p10``, ``p50``, ``p90``, ``positive`` of ``partner_gain`` by line.

    Returns
    -------
    DataFrame
        Columns segment, partner, line, ``welfare`` (home's), ``gain``, ``low``, ``high`` (money
        units, discounted), ``positive`` (part of the futures) and ``answer``: ``no`` where the
        median is below zero (it gains in fewer than half of the futures and loses in most others),
        ``aside`` where it is zero (in most futures it takes no part), else ``yes``.
    """
    import pandas as pd

    columns = ["segment", "partner", "line", "welfare", "gain", "low", "high", "positive", "answer"]
    if not len(gain):
        return pd.DataFrame(columns=columns)
    asked = lines[lines["partner"] != ""]
    score = welfare.reindex(asked.index)
    best = score.groupby([asked["segment"], asked["partner"]], sort=False).idxmax()
    rows = []
    for line in (int(i) for i in best):
        own: Any = gain.loc[line]
        answer = "no" if own["p50"] < 0 else "aside" if own["p50"] == 0 else "yes"
        row: Any = asked.loc[line]
        rows.append(
            (row["segment"], row["partner"], line, float(score[line]), float(own["mean"]),
             float(own["p10"]), float(own["p90"]), float(own["positive"]), answer)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _neighbours(model: ContestModel, draws: F8, played: Marginal, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    stage = Stage(model, draws, None, None)
    top, rules = max(p[3] for p in played.played), rules_among(model)
    plays = []
    for name in names:
        alone = [
            (p, v[:, 0].mean())
            for p, v in played.played.items()
            if p[1] == name and p[2] == "" and p[3] == top and len(p[0]) == 1
            and p[0][0] not in rules
        ]  # fmt: skip
        if alone:
            plays.append(max(alone, key=lambda a: a[1])[0])
    world, coded = stage.world_for(plays)
    out = np.zeros((len(plays), draws.shape[0], 2, len(model.competitors)))
    sales_by_seller(world, coded, out)
    rows = []
    for done, values in zip(plays, out, strict=True):
        before, change = values[:, 0].mean(axis=0), (values[:, 1] - values[:, 0]).mean(axis=0)
        lost = np.maximum(0.0, -change)
        lost[world.home] = 0.0
        for r, region in enumerate(model.competitors):
            if r != world.home and before[r] > 0:
                rows.append(
                    {
                        "segment": done[1], "means": done[0][0], "region": region,
                        "gain": float(change[world.home]), "loss": float(-change[r]),
                        "part": float(-change[r] / before[r]),
                        "of_losses": float(lost[r] / lost.sum()) if lost.sum() > 0 else 0.0,
                    }
                )  # fmt: skip
    columns = ["segment", "means", "region", "gain", "loss", "part", "of_losses"]
    return pd.DataFrame(rows, columns=columns)
