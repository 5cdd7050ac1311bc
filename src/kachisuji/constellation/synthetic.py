"""Realistic synthetic firms whose true answer is known.

Origins follow the world table's import shares (or published shares of a product, where given);
firms differ in size, mix of suppliers, stocks, level of cost and speed of learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.accounts import Economy

F8 = NDArray[np.float64]

MONTHS = [f"{2025 + (m + 3) // 12}-{(m + 3) % 12 + 1:02d}" for m in range(12)]
AGES = ("under30", "30s", "40s", "50s", "60plus")


def import_shares(
    economy: Economy, home: str, sector: str, origins: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Share of each origin in what ``home``'s industries buy of ``sector``.

    Parameters
    ----------
    economy
        World table.
    home
        Region that buys.
    sector
        What is bought.
    origins
        Name of an origin -> regions of the table that it stands for.
    """
    own = economy.rows(home)
    bought = {
        name: sum(float(economy.Z[economy.row(r, sector)][own].sum()) for r in regions)
        for name, regions in origins.items()
    }
    total = sum(bought.values())
    return {name: value / total for name, value in bought.items()}


def purchases(
    rng: np.random.Generator, products: Mapping[str, Mapping[str, float]], size: float, firm: int
) -> pd.DataFrame:
    """Make a firm's purchases of a year: each product from a few suppliers of each origin."""
    rows = []
    for product, shares in products.items():
        origins, weights = list(shares), np.array(list(shares.values()))
        mix = rng.dirichlet(np.maximum(weights, 1e-3) * 30.0)
        for origin, share in zip(origins, mix, strict=True):
            suppliers = 1 + int(rng.integers(0, 3))
            for s, part in enumerate(rng.dirichlet(np.full(suppliers, 4.0))):
                value = size * share * part * rng.lognormal(0.0, 0.15, len(MONTHS))
                rows += [
                    (month, product, origin, f"S{firm:03d}-{origin}-{s}", round(float(v), 3),
                     round(float(np.clip(rng.gamma(4.0, 9.0), 1, 365)), 1),
                     round(float(v * rng.uniform(0.0, 0.15)), 3))
                    for month, v in zip(MONTHS, value, strict=True) if v >= 0.05
                ]  # fmt: skip
    names = ["period", "product", "origin", "supplier", "value_million_yen", "stock_days",
             "spare_million_yen"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def production(
    rng: np.random.Generator, processes: Mapping[str, float], months: int
) -> pd.DataFrame:
    """Make a firm's production: level and slope of its own, of Wright's law and of its yield."""
    rows = []
    for process, b in processes.items():
        slope = max(0.02, b + rng.normal(0.0, 0.05))
        output = np.maximum(rng.normal(120.0, 30.0, months), 10.0).round()
        cumulative = rng.uniform(150.0, 1500.0) + np.cumsum(output)
        level = 4000.0 * rng.lognormal(0.0, 0.25)
        cost = level * (cumulative / 1000.0) ** -slope * rng.lognormal(0.0, 0.12, months)
        own = rng.spawn(1)[0]  # level and slope of the firm's yield: draws apart from the rest
        odds = own.normal(1.5, 0.4) + own.normal(0.3, 0.08) * np.log(cumulative / 500.0)
        good = 1.0 / (1.0 + np.exp(-(odds + rng.normal(0.0, 0.25, months))))
        for m in range(months):
            period = f"{2022 + m // 12}-{m % 12 + 1:02d}"
            rows.append((process, period, output[m], round(cumulative[m], 1), round(cost[m], 3),
                         round(good[m], 4)))  # fmt: skip
    names = ["process", "period", "output", "cumulative", "unit_cost_yen", "yield_share"]
    return pd.DataFrame(rows, columns=names)


def skills(rng: np.random.Generator, crafts: Sequence[str], size: float) -> pd.DataFrame:
    """Make a firm's masters by age: old where a craft is dying out."""
    shape = np.array([0.06, 0.12, 0.22, 0.32, 0.28])
    rows = []
    for craft in crafts:
        people = rng.poisson(np.maximum(3.0 * size, 5.0) * shape * rng.uniform(0.5, 1.5))
        for age, n in zip(AGES, people, strict=True):
            rows.append((craft, age, int(n), int(rng.binomial(n, 0.35)) if n else 0))
    return pd.DataFrame(rows, columns=["craft", "age", "people", "apprentices"])


def recipe(rng: np.random.Generator, product: str, shares: Mapping[str, float]) -> pd.DataFrame:
    """Make a firm's input recipe of a new product, around a table's column."""
    mix = rng.dirichlet(np.maximum(np.array(list(shares.values())), 1e-3) * 60.0)
    rounded = np.round(mix, 6)
    rounded[np.argmax(rounded)] += 1.0 - rounded.sum()
    frame = pd.DataFrame({"product": product, "input": list(shares), "share": rounded.round(6)})
    return frame[frame["share"] > 0].reset_index(drop=True)


def firms(
    many: int,
    products: Mapping[str, Mapping[str, float]],
    processes: Mapping[str, float],
    recipes: Mapping[str, Mapping[str, float]],
    seed: int = 0,
) -> list[dict[str, pd.DataFrame]]:
    """Return the four tables of each firm; the truth is what they hold together.

    Parameters
    ----------
    many
        Firms.
    products
        Product -> origin -> share.
    processes
        Process -> Wright's exponent b.
    recipes
        New product -> input -> share of output.
    seed
        Of everything drawn.
    """
    out = []
    for k, child in enumerate(np.random.default_rng(seed).spawn(many)):
        size = float(child.lognormal(3.4, 0.5))
        crafts = [f"{p}-craft" for p in processes]
        out.append({
            "purchases": purchases(child, products, size, k),
            "production": production(child, processes, int(child.integers(6, 37))),
            "skills": skills(child, crafts, size),
            "recipe": pd.concat([recipe(child, p, s) for p, s in recipes.items()]),
        })  # fmt: skip
    return out
