"""Instruments against history: what the model would have said of past programmes, and what was.

Each programme is a small case with the inputs known before it, played as its one line; every
published finding is judged by a rule written down before any result was seen (docs/history.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.cases.programme import Finding, load_programme, past_programmes
from kachisuji.contest.correlations import correlated
from kachisuji.contest.marginal import rules_among
from kachisuji.contest.model import build
from kachisuji.contest.reach import share_reached

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case
    from kachisuji.contest.model import ContestModel
    from kachisuji.contest.world import Lines, World

F8 = NDArray[np.float64]

SURE = 0.8
"""Part of the futures in which a sign counts as said by the model; below it is ambiguous."""
GOAL_ODDS = 0.1
"""Odds of a goal below which the model would have said that it would be missed."""


class Played(NamedTuple):
    """A past programme as played: all arrays over futures."""

    case: Case
    share: F8  # (F, T) home's share with the programme, by simulated year
    base: F8  # (F, T) without it
    welfare: F8  # (F,)
    knowledge: F8  # (F,)
    public_cost: F8  # (F,)
    own_spending: F8  # (F,) of home firms over the programme's years times its intensity
    rule: bool = False  # it costs the treasury next to nothing

    @property
    def per_money(self) -> float:
        """Mean net benefit for each unit of public money; of a rule, of firms' own spending."""
        cost = self.own_spending if self.rule else self.public_cost
        return float(self.welfare.mean() / max(float(cost.mean()), 1e-12))


def play_programme(case: Case, futures: int = 256, seed: int = 0) -> Played:
    """Play the case's one line in ``futures`` draws, and the path without it.

    Draws have the rank correlations that the case states (``correlations.csv``), as a run's have.
    """
    model = build(case, case.economy)
    draws = np.random.default_rng(seed).random((futures, len(model.quantities)))
    draws = correlated(draws, case, model.quantities)
    row = np.flatnonzero((model.lines["kind"] == "line").to_numpy())[:1]
    out = model(draws, row)
    world, line = model.prepare(draws), model.chosen(row)
    share, base = _shares(model, world, line)
    paid = slice(int(line.start[0]), int(line.start[0]) + world.spend_years)
    own = world.rivals[2 * line.segment[0], :, world.home, 0] * world.discount[0, paid].sum()
    used = next(p for p in case.lines.packages if p.id == model.lines["package"].iloc[row[0]])
    return Played(
        case, share, base, out.scalars["welfare"][0], out.scalars["knowledge"][0],
        out.scalars["public_cost"][0], np.asarray(own * line.intensity[0]),
        set(used.instruments) <= rules_among(model),
    )  # fmt: skip


def _shares(model: ContestModel, world: World, line: Lines) -> tuple[F8, F8]:
    """Home's share with and without the line, (F, T); purchases of the state not counted."""
    weight = np.ones(len(model.markets))
    years = world.size.shape[3] - 1
    out = np.zeros((2, years, 1, world.cross.shape[0]))
    for t in range(1, years + 1):
        for k, played in enumerate((line, line._replace(intensity=np.zeros(1)))):
            share_reached(world, played, weight, t, out[k, t - 1])
    return out[0, :, 0].T, out[1, :, 0].T


def judged(played: Played, finding: Finding) -> tuple[float, float, float, float, bool]:
    """Return the model's p10, p50, p90, odds, and whether it would have said what was found.

    Rules: a *share* is a hit when the published range meets p10 to p90 of the share with the
    programme. A *gain* is a hit when the median difference lies in the published range. A *goal*
    that was missed is a hit when the odds of reaching it were below a tenth. The sign of a
    *return* or of *knowledge* is a hit when it holds in at least 80 % of the futures; 0
    (ambiguous) when neither sign does.
    """
    first = played.case.settings.first_year
    if finding.kind in ("share", "gain", "goal"):
        assert finding.year is not None  # checked when it is read
        t = finding.year - first
        values = played.share[:, t]
        if finding.kind == "gain":
            values = values - played.base[:, t]
    else:
        values = played.welfare if finding.kind == "return" else played.knowledge
    low, middle, high = (float(v) for v in np.percentile(values, [10, 50, 90]))
    if finding.kind == "share":
        odds = float(((values >= finding.low) & (values <= finding.high)).mean())
        return low, middle, high, odds, low <= finding.high and finding.low <= high
    if finding.kind == "gain":
        odds = float(((values >= finding.low) & (values <= finding.high)).mean())
        return low, middle, high, odds, finding.low <= middle <= finding.high
    if finding.kind == "goal":
        odds = float((values >= finding.low).mean())
        return low, middle, high, odds, odds < GOAL_ODDS
    odds = float((values > 0.0).mean())
    says = 1 if odds >= SURE else -1 if odds <= 1.0 - SURE else 0
    return low, middle, high, odds, says == finding.sign


def naive(played: Played, finding: Finding) -> bool:
    """Whether "it changes nothing and loses its money" would have said what was found."""
    if finding.kind == "share":
        first = float(np.median(played.base[:, 0]))
        return finding.low <= first <= finding.high
    if finding.kind == "gain":
        return finding.low <= 0.0 <= finding.high
    return finding.kind == "goal" or (finding.kind == "return" and finding.sign == -1)


def history(
    names: tuple[str | Path, ...] | None = None, *, futures: int = 256, seed: int = 0
) -> pd.DataFrame:
    """Play past programmes and judge every published finding.

    Parameters
    ----------
    names
        Shipped programmes by name, or folders; by default all that are shipped.
    futures, seed
        Draws of the uncertain quantities.

    Returns
    -------
    DataFrame
        One row a finding: ``programme``, ``title_en``, ``title_ja``, ``outcome`` (success, mixed,
        failure), ``kind``, ``year``, ``low``, ``high``, ``sign`` (published), ``p10``, ``p50``,
        ``p90``, ``odds`` (model), ``hit``, ``naive`` (whether "no effect, money lost" would have
        hit), statements, ``evidence``, ``source``, ``address``, ``per_money`` (mean net benefit for
        each unit of what ``per`` names: ``public`` money, or for rules, which cost the treasury
        next to nothing, what home firms spend themselves over the same years, ``own``).

    Raises
    ------
    InputError
        When a programme is unknown or has a mistake.
    """
    import pandas as pd

    rows = []
    for name in past_programmes() if names is None else names:
        case, programme = load_programme(name)
        played = play_programme(case, futures, seed)
        for finding in programme.findings:
            low, middle, high, odds, hit = judged(played, finding)
            held = case.evidence[finding.evidence]
            rows.append(
                {
                    "programme": case.settings.id, "title_en": case.settings.title_en,
                    "title_ja": case.settings.title_ja, "outcome": programme.success,
                    **finding.model_dump(), "p10": low, "p50": middle, "p90": high, "odds": odds,
                    "hit": hit, "naive": naive(played, finding),
                    "source": held.source, "address": held.address,
                    "per_money": played.per_money, "per": "own" if played.rule else "public",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
