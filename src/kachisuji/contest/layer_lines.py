"""What chosen lines do to the four AI layers: their added sales, read as shares of the accounts.

The contest says how much more home sells with a line than without; here the part of it that lies
in an AI layer moves that layer in ``contest.layers``. Everything else of the course as it is stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kachisuji.contest.layers import (
    LAYERS,
    REGIONS,
    RIPE_YEAR,
    YEARS,
    Course,
    Figures,
    course_as_is,
    play_layers,
    real_use,
    terms,
    towards,
)
from kachisuji.contest.layers import (
    on_the_fly as fly_of,
)

if TYPE_CHECKING:
    from kachisuji.contest.layers import F8
    from kachisuji.contest.model import ContestModel

MOVED = ("compute", "base_model", "application")
"""Layers that a line can move; a line of the user industry is a user."""


class LineInLayers(NamedTuple):
    """A line whose segment belongs to an AI layer, money units of sales that are digital."""

    layer: str
    added_home: F8  # (F, T) of YEARS: sold more to home users than without the line
    added_abroad: F8  # (F, T) sold more abroad
    base_home: F8  # (F, T) sold to home users without it
    closes: bool  # whether its means join closed data


def course_with_lines(p: Figures, lines: Sequence[LineInLayers]) -> Course:
    """Return the course as it is, moved by lines; without lines exactly that course.

    With U the real spending of home users and everything as shares of it:

    * application: home's share rises by ``added_home/U``, within 0 and 1; what is sold more abroad
      is received. The part of home applications that the line's segment is,
      ``(base + added)/(h·U)`` at most one, becomes free to change its base model as far as
      ``switching_aim``, and rests on closed data as far as ``closed_aim`` where the line's means
      join them.
    * base model, compute: ``added_home`` over what home users pay abroad for that layer as things
      go is the part brought home; sales abroad are received.
    """
    as_is = course_as_is(p)
    real = real_use(p)
    share, abroad = as_is.home_share, as_is.sold_abroad
    reached = {"switching": np.zeros_like(share), "closed": np.zeros_like(share)}
    lifts = {"compute": np.zeros_like(share), "base_model": np.zeros_like(share)}
    apps = [line for line in lines if line.layer == "application"]
    for line in apps:
        share = share + line.added_home / real
    share = np.clip(share, 0.0, 1.0)
    for line in lines:
        abroad = abroad + line.added_abroad
        if line.layer in lifts:
            lifts[line.layer] += line.added_home / np.maximum(_abroad(p, as_is)[line.layer], 1e-9)
    for line in apps:
        part = np.clip((line.base_home + line.added_home) / np.maximum(share * real, 1e-9), 0, 1)
        part = np.where(line.added_home != 0.0, part, 0.0)  # nothing changes before it works
        reached["switching"] = np.maximum(reached["switching"], part)
        if line.closes:
            reached["closed"] = np.maximum(reached["closed"], part)

    return Course(
        share,
        towards(as_is.switching, p["switching_aim"], reached["switching"]),
        towards(as_is.closed, p["closed_aim"], reached["closed"]),
        abroad,
        lifts["base_model"],
        lifts["compute"],
    )


def _abroad(p: Figures, course: Course) -> dict[str, F8]:
    """(F, T) what home users pay abroad for compute and, under home applications, base models."""
    flows = play_layers(p, course)
    d = terms(p, course, fly_of(p, YEARS))
    part = p["compute_part"][:, None]
    real = flows.spending / (1.0 - d.loss * d.surplus * (d.home * d.ours + (1 - d.home) * d.theirs))
    models = real * d.home * d.surplus * (1.0 - d.ours) * (1.0 - part)
    return {
        "compute": flows.value[:, :, LAYERS.index("compute"), 1:].sum(axis=2),
        "base_model": models * (1.0 - p["model_home"][:, None]),
    }


def lines_in_layers(
    model: ContestModel, draws: F8, rows: Sequence[int], sales: F8
) -> list[LineInLayers]:
    """Pick out the lines that lie in an AI layer, with their digital sales at home and abroad.

    Parameters
    ----------
    model, draws
        The contest and the futures (F, D) on which the lines were played.
    rows
        Positions of the lines in ``model.lines``.
    sales
        (L, F, T) sales that each adds in the simulated years. They are split between home and
        abroad as home's sales without policy are in that year.
    """
    case = model.case
    segments = case.tables["segments"].set_index("segment")
    joins = set(case.settings.closed_data)
    packages = {k.id: bool(joins & set(k.instruments)) for k in case.lines.packages}
    world, out = model.prepare(draws), []
    at = model.years - YEARS[0]
    inside = (at >= 0) & (at < YEARS.size)
    for row, added in zip(rows, sales, strict=True):
        line: Any = model.lines.iloc[row]
        if line["kind"] != "line" or segments.loc[line["segment"], "layer"] not in MOVED:
            continue
        segment: Any = segments.loc[line["segment"]]
        arena = 2 * model.segments.index(line["segment"])
        sold = world.base_sales[arena, :, :, 1:]
        home, total = sold[:, world.home_market], sold.sum(axis=1)
        near = np.divide(home, total, out=np.ones_like(home), where=total > 0.0)
        digital = float(segment["digital"])
        paths = np.zeros((3, draws.shape[0], YEARS.size))
        paths[:, :, at[inside]] = (
            digital * np.stack([added * near, added * (1.0 - near), home])[:, :, inside]
        )
        more, abroad, base = paths
        closes = packages[line["package"]]
        out.append(LineInLayers(segment["layer"], more, abroad, base, closes))
    return out


def compared(p: Figures, lines: Sequence[LineInLayers], year: int = RIPE_YEAR) -> dict[str, Any]:
    """Set the layers with lines beside the course as it is: balance by year, value by layer.

    Returns
    -------
    dict
        ``years``; ``balance`` and ``difference`` by year as p10, p50, p90 (money units) for
        ``nothing``, ``portfolio`` and their difference future by future; ``value``: mean value
        added by layer and region in ``year`` of both, other inputs as a layer; ``spending`` of both
        (what the values of each add up to); medians of ``home_share``, ``switching``, ``closed``
        and ``kept``. All plain numbers.
    """
    t = year - YEARS[0]
    courses = {"nothing": course_as_is(p), "portfolio": course_with_lines(p, lines)}
    flows = {name: play_layers(p, course) for name, course in courses.items()}

    def spread(values: F8) -> dict[str, list[float]]:
        rows = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
        return {q: rows[i].tolist() for i, q in enumerate(("p10", "p50", "p90"))}

    def middle(name: str, values: F8) -> float:
        wide = np.broadcast_to(values, flows[name].balance.shape)
        return float(np.median(wide[:, t]))

    value, medians = [], {}
    for name, f in flows.items():
        every = np.concatenate([f.value[:, t], f.inputs[:, t, None, :]], axis=1).mean(axis=0)
        value += [
            {"course": name, "layer": layer, "region": region, "value": float(every[i, j])}
            for i, layer in enumerate((*LAYERS, "other_inputs"))
            for j, region in enumerate(REGIONS)
        ]
        course = courses[name]
        medians[name] = {
            "home_share": middle(name, course.home_share), "kept": middle(name, f.kept),
            "switching": middle(name, course.switching), "closed": middle(name, course.closed),
        }  # fmt: skip
    gain = flows["portfolio"].balance - flows["nothing"].balance
    return {
        "year": year,
        "years": YEARS.tolist(),
        "balance": {name: spread(f.balance) for name, f in flows.items()},
        "difference": spread(gain) | {"positive": (gain > 0).mean(axis=0).tolist()},
        "value": value,
        "spending": {name: float(f.spending[:, t].mean()) for name, f in flows.items()},
        "medians": medians,
        "lines": len(lines),
    }
