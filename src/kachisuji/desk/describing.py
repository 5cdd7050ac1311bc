"""What a model says before any choice: baseline, tipping, place in the chain, dependence, goals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.rows import records

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.contest import ContestModel

F8 = NDArray[np.float64]

GOAL_FUTURES = 64  # futures on which goals are tested
SKILLS = ("researcher", "digital", "craft", "general")


def baseline_table(model: ContestModel, draws: F8) -> pd.DataFrame:
    """Home share and sales without policy: segment, year, measure, mean, p10, p50, p90."""
    base = model.baseline(draws)
    parts = []
    for measure in ("share", "sales"):
        values = base[measure][:, :, 1:]
        low, middle, high = np.percentile(values, [10, 50, 90], axis=1)
        mean = values.mean(axis=1)
        for s, segment in enumerate(model.segments):
            parts.append(
                pd.DataFrame(
                    {
                        "segment": segment,
                        "year": model.years,
                        "measure": measure,
                        "mean": mean[s],
                        "p10": low[s],
                        "p50": middle[s],
                        "p90": high[s],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def tipping_table(model: ContestModel, draws: F8) -> pd.DataFrame:
    """Tipping number of every segment: p10, p50, p90, and the share of futures above one."""
    values = model.tipping(draws)
    low, middle, high = np.percentile(values, [10, 50, 90], axis=1)
    return pd.DataFrame(
        {
            "segment": model.segments,
            "p10": low,
            "p50": middle,
            "p90": high,
            "above": (values > 1).mean(axis=1),
        }
    )


def place_table(model: ContestModel) -> pd.DataFrame:
    """Where each segment's table sector stands: upstreamness, multipliers, linkages at home.

    ``value_added`` is home value added in a unit of the home sector's final output; linkages are
    relative to the mean of all sectors (above one: above the mean).
    """
    from kachisuji.structure import linkages, multipliers, origin_of_value_added, upstreamness

    economy, home = model.economy, model.case.settings.home
    position, made = upstreamness(economy), multipliers(economy)["output"]
    linked = linkages(economy)
    content = origin_of_value_added(economy)[:, economy.regions.index(home)]
    rows = []
    for row in records(model.case.tables["segments"]):
        label = (home, row["table_sector"])
        rows.append(
            {
                "segment": row["segment"],
                "sector": row["table_sector"],
                "upstreamness": float(position.loc[label]),
                "multiplier": float(made.loc[label]),
                "value_added": float(content[economy.row(*label)]),
                "backward": float(linked.loc[label, "backward_index"]),
                "forward": float(linked.loc[label, "forward_index"]),
            }
        )
    return pd.DataFrame(rows)


def dependence(model: ContestModel, draws: F8) -> dict[str, list[dict[str, Any]]]:
    """Who could withhold what, without policy: losses as percent of GDP over a year.

    ``exposed``: what home loses for each product and foreign holder, largest first. ``held``: what
    dependents lose if home withholds, weighted by reliance, net of home's own loss.
    """
    from kachisuji.contest.power import home_uses, shortage

    world, home = model.prepare(draws), model.competitors.index(model.case.settings.home)
    exposed, held = [], []
    for j, item in enumerate(model.supply.items):
        basis, uses = "proxy" if item.proxy else "product", home_uses(world._asdict(), j, home)
        for h, holder in enumerate(model.competitors):
            if h == home or max(item.shares[h], uses[:, h].max()) <= 0:
                continue
            depth = np.maximum(0.0, uses[:, h] - world.cushion[j])
            loss = 100 * world.loss[j, home] * depth
            exposed.append(_row(item.name, holder, basis, loss))
        net = np.zeros(draws.shape[0])
        for d in range(len(model.competitors)):
            if d != home:
                depth = shortage(item.shares[home], world.cover[j, d], world.cushion[j])
                lost = world.loss[j, d] * depth
                net += world.reliance[d] * np.maximum(0.0, lost - world.holder_cost[j])
        held.append(_row(item.name, model.competitors[home], basis, 100 * net))
    return {name: _largest(rows) for name, rows in (("exposed", exposed), ("held", held))}


def _row(item: str, holder: str, basis: str, loss: F8) -> dict[str, Any]:
    low, high = np.percentile(loss, [10, 90])
    return {
        "item": item,
        "holder": holder,
        "basis": basis,
        "loss": float(loss.mean()),
        "low": float(low),
        "high": float(high),
    }


def _largest(rows: list[dict[str, Any]], count: int = 20) -> list[dict[str, Any]]:
    found = [r for r in rows if r["loss"] > 0]
    return sorted(found, key=lambda r: -float(r["loss"]))[:count]


def limits_by_year(case: Case) -> pd.DataFrame:
    """Money and labour limits of every simulated year: item, year, low, mode, high."""
    years = np.array(list(case.settings.years))
    parts = []
    for (kind, skill), rows in case.tables["limits"].groupby(["kind", "skill"], sort=False):
        item = "money" if kind == "money" else f"labour_{skill}"
        known = rows.sort_values("year")
        values = {
            k: np.interp(years, known["year"], known[k].astype(float))
            for k in ("low", "mode", "high")
        }
        parts.append(pd.DataFrame({"item": item, "year": years, **values}))
    return pd.concat(parts, ignore_index=True)


def goals_table(
    model: ContestModel, draws: F8, cost: F8, futures: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Which announced goals come about by themselves, and the cheapest single line to each.

    Only goals in sales or shares that fall into the simulated years and whose segment is ranked
    can be tested; every line of the segment is played again on some of the futures.

    Parameters
    ----------
    cost
        (L,) mean public cost of every line.
    futures
        Futures to test on; the first 64 are used.
    """
    goals = model.case.tables["goals"]
    cube = draws[futures[:GOAL_FUTURES]]
    base = model.baseline(cube)
    out: list[dict[str, Any]] = []
    for goal in records(goals):
        target = goal_value(goal, model.case)
        rows = np.flatnonzero((model.lines["segment"] == goal["segment"]).to_numpy())
        year = int(goal["year"]) - model.case.settings.first_year
        if target is None or not len(rows) or not 0 <= year < len(model.years):
            continue
        s = model.segments.index(goal["segment"])
        before, market = base["sales"][s, :, year + 1], base["market"][s, :, year + 1]
        size = np.maximum(market, 1e-12) if goal["measure"] == "share" else np.ones(len(cube))
        after = before + model(cube, rows).paths["sales"][:, :, year]
        odds = (after / size >= target).mean(axis=1)
        reach = rows[odds >= 0.5]
        cheapest = int(min(reach, key=lambda i: cost[i])) if len(reach) else None
        out.append(
            {
                **{k: goal[k] for k in ("goal", "segment", "statement_en", "statement_ja")},
                "year": int(goal["year"]),
                "target": target,
                "baseline_odds": float((before / size >= target).mean()),
                "best_odds": float(odds.max()),
                "cheapest": cheapest,
                "cost": None if cheapest is None else float(cost[cheapest]),
                "odds": None
                if cheapest is None
                else float(odds[np.flatnonzero(rows == cheapest)[0]]),
                "futures": len(cube),
            }
        )
    return out


# units in which a goal can be tested, as multiples of one yen or one share
_UNITS = {"billion": 1e9, "trillion": 1e12, "million": 1e6}


def goal_value(goal: dict[str, Any], case: Case) -> float | None:
    """Value of a goal in the case's money unit or as a share; None if it cannot be tested."""
    unit = str(goal["unit"]).lower()
    if goal["measure"] == "share":
        percent = "%" in unit or "percent" in unit or float(goal["value"]) > 1
        return float(goal["value"]) / (100 if percent else 1)
    if goal["measure"] != "sales":
        return None
    factor = next((f for word, f in _UNITS.items() if word in unit), None)
    if factor is None:
        return None
    return float(goal["value"]) * factor / float(case.settings.money_unit)
