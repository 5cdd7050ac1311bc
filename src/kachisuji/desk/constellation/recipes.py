"""Recipes that nodes answered, weighed against the case's own, for a run with closed data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kachisuji.accounts import Economy
    from kachisuji.cases import Case
    from kachisuji.constellation import Answer, Question
    from kachisuji.constellation.recipes import Posterior

F8 = NDArray[np.float64]
OWN = "value_added"
CONTENTS = ("recipe_own", "recipe_suppliers")
"""Symbols that carry how far a recipe is known into the futures."""

LEAST = 0.05
"""A recipe of which an answer takes away less than so much of the variance is left as it is."""


@dataclass(frozen=True)
class Recipe:
    """A segment's recipe before and after, and what a sale carries of value added by it.

    Attributes
    ----------
    inputs, before, after
        Sectors, and their shares of output.
    makers
        How many nodes told theirs, as far as the noise lets see.
    contents
        Symbol -> (deviation, what of it is noise) of value added per unit of home sales.
    """

    segment: str
    inputs: tuple[str, ...]
    before: F8
    after: F8
    weight: float
    makers: float
    contents: dict[str, tuple[float, float]]


def question(case: Case, epsilon: float) -> Question:
    """Ask for the recipes of all segments at once: a row counts in one of them only."""
    from kachisuji.constellation import ask

    table = case.tables["recipes"]
    groups = {"product": tuple(case.tables["segments"]["segment"]),
              "input": tuple(sorted(set(table["sector"])))}  # fmt: skip
    return ask(kind="recipe", epsilon=epsilon, groups=groups, smallest=0)


def weighed(case: Case, answer: Answer, clear: float) -> list[Recipe]:
    """Weigh each recipe that stands ``clear`` deviations above noise against the case's own."""
    from kachisuji.contest.build import contest_economy, home_content

    economy = case.economy
    content = home_content(contest_economy(case, economy), case.settings.home)
    sector_of = dict(zip(*(case.tables["segments"][c] for c in ("segment", "table_sector")),
                         strict=True))  # fmt: skip
    rows = case.tables["recipes"]
    counts, count_sd = answer.part("count")
    sums, sum_sd = answer.part("sum")
    shape = tuple(len(c) for c in answer.question.groups.values())
    counts, sums = counts.reshape(shape), sums.reshape(shape)
    out = []
    for k, segment in enumerate(answer.question.groups["product"]):
        mine = rows[rows["segment"] == segment]
        inputs = tuple(str(s) for s in mine["sector"])
        at = [answer.question.groups["input"].index(s) for s in inputs]
        makers = float(np.nanmean(counts[k, at])) if np.isfinite(counts[k, at]).any() else 0.0
        if makers <= clear * float(count_sd[0]) / len(at) ** 0.5:
            continue
        found = _found(mine["share"].to_numpy(dtype=float), sums[k, at] / makers,
                       float(sum_sd[0]) / makers, makers,
                       _differ(economy, sector_of[segment]))  # fmt: skip
        if found.weight >= LEAST:
            out.append(_recipe(segment, inputs, mine["share"].to_numpy(dtype=float), found,
                               makers, content))  # fmt: skip
    return out


def _found(before: F8, told: F8, noise: float, makers: float, spread: float) -> Posterior:
    from kachisuji.constellation.recipes import posterior

    return posterior(before, spread, told, np.full(told.size, noise), makers)


def _differ(economy: Economy, sector: str) -> float:
    """How far the recipes of a table sector differ between the regions of the table."""
    from kachisuji.constellation.recipes import dispersion

    columns = [economy.row(r, sector) for r in economy.regions]
    output = economy.x[columns]
    used = [c for c, x in zip(columns, output, strict=True) if x > 0]
    bought = economy.Z[:, used].reshape(economy.n_regions, economy.n_sectors, -1).sum(axis=0)
    inputs = np.vstack([bought, np.maximum(economy.value_added[used], 0.0)])
    return dispersion((inputs / inputs.sum(axis=0)).T, economy.x[used])


def _recipe(
    segment: str, inputs: tuple[str, ...], before: F8, found: Posterior, makers: float,
    content: dict[str, float],
) -> Recipe:  # fmt: skip
    own = np.array([float(s == OWN) for s in inputs])
    bought = np.array([content.get(s, 0.0) for s in inputs])
    # what suppliers add moves against what is added here, as the kernel plays it: the rest is left
    left = max(1e-12, 1.0 - float(own @ found.shares))
    bought = bought + own * float(bought @ found.shares) / left
    contents = {n: found.deviation(v) for n, v in zip(CONTENTS, (own, bought), strict=True)}
    after = np.round(found.shares, 6)
    after[int(np.argmax(after))] += 1.0 - after.sum()
    return Recipe(segment, inputs, before, np.round(after, 6), found.weight, makers, contents)


def kept(recipe: Recipe, evidence: str) -> dict[str, Any]:
    """Return what the run keeps of a recipe: what changed, by how much, at which weight."""
    own = recipe.inputs.index(OWN)
    moved = np.abs(recipe.after - recipe.before)
    moved[own] = -1.0
    top = int(np.argmax(moved))
    deviation, noise = recipe.contents["recipe_own"]
    return {
        "segment": recipe.segment, "makers": recipe.makers, "weight": recipe.weight,
        "own": [float(recipe.before[own]), float(recipe.after[own])],
        "own_deviation": deviation, "own_noise": noise,
        "moved": recipe.inputs[top], "input": [float(recipe.before[top]), float(recipe.after[top])],
        "evidence": evidence,
    }  # fmt: skip
