"""From a case and a table to the arrays of the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.contest import power
from kachisuji.contest import symbols as sym
from kachisuji.contest.quantities import Draws
from kachisuji.contest.world import World
from kachisuji.structure import domestic_leontief

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]
RANGE = ["low", "mode", "high"]


def competitors(case: Case) -> list[str]:
    """Codes of the regions that sell, in file order."""
    regions = case.tables["regions"]
    return list(regions.loc[regions["competitor"], "region"])


def markets(case: Case) -> list[str]:
    """Codes of the regions that buy, in file order."""
    regions = case.tables["regions"]
    return list(regions.loc[regions["market"], "region"])


def contest_economy(case: Case, economy: Economy) -> Economy:
    """The table with the case's competitor regions as its regions."""
    regions = case.tables["regions"]
    chosen = regions.loc[regions["competitor"]]
    mapping = {source: row.region for row in chosen.itertuples() for source in row.table_regions}
    merged = economy.aggregate(regions=mapping)
    return merged


def segment_symbols(case: Case, draws: Draws) -> F8:
    """(S, F, N_SYMBOLS) every segment symbol in every future; NaN where a segment gives none."""
    names = {s: i for i, s in enumerate(case.tables["segments"]["segment"])}
    known = case.symbols
    out = np.full((len(names), draws.futures, sym.N_SYMBOLS), np.nan)
    place = {name: j for j, name in enumerate(known["symbol"])}
    for row in known.itertuples():
        if pd.notna(row.default_mode):
            out[:, :, place[row.symbol]] = row.default_mode
    for row in case.tables["parameters"].itertuples():
        key = (row.segment, row.symbol)
        value = draws.value("parameters", key, row.low, row.mode, row.high)
        out[names[row.segment], :, place[row.symbol]] = value
    return out


def cross_symbols(case: Case, draws: Draws) -> F8:
    """(F, N_GLOBALS) cross-cutting quantities."""
    place = {name: j for j, name in enumerate(case.global_symbols["symbol"])}
    out = np.full((draws.futures, sym.N_GLOBALS), np.nan)
    for row in case.tables["globals"].itertuples():
        out[:, place[row.symbol]] = draws.value(
            "globals", (row.symbol,), row.low, row.mode, row.high
        )
    return out


def market_sizes(case: Case, draws: Draws, regions: list[str]) -> F8:
    """(S, F, M, T1) market size; one quantile a segment and future, years interpolated.

    Before an unborn market opens its first positive size counts as potential, so that shares are
    defined; nothing is sold until it opens.
    """
    settings = case.settings
    years = np.arange(settings.base_year, settings.last_year + 1)
    segments = list(case.tables["segments"]["segment"])
    out = np.zeros((len(segments), draws.futures, len(regions), years.size))
    given = {k: g for k, g in case.tables["markets"].groupby(["segment", "region"], sort=False)}
    for s, segment in enumerate(segments):
        for m, region in enumerate(regions):
            rows = given.get((segment, region))
            if rows is None:
                continue
            rows = rows.sort_values("year")
            knots = draws.value("markets", (segment,), *rows[RANGE].to_numpy(float).T)
            known = rows["year"].to_numpy(float)
            for f in range(draws.futures):
                out[s, f, m] = np.interp(years, known, knots[f])
    positive = np.maximum(out, 0.0)
    total = positive.sum(axis=2)
    for s, f in np.argwhere(total[:, :, 0] <= 0.0):
        opened = np.flatnonzero(total[s, f] > 0.0)
        if opened.size:
            positive[s, f, :, : opened[0]] = positive[s, f, :, opened[0], None]
    return positive


def base_shares(case: Case, draws: Draws, sellers: list[str], regions: list[str]) -> F8:
    """(S, F, R, M) base shares; for a market not yet born a Dirichlet belief around them."""
    from scipy.special import gammaincinv

    segments = list(case.tables["segments"]["segment"])
    stages = dict(zip(segments, case.tables["segments"]["stage"], strict=True))
    out = np.zeros((len(segments), draws.futures, len(sellers), len(regions)))
    place = {s: i for i, s in enumerate(segments)}
    for row in case.tables["shares"].to_dict("records"):
        s, m = place[row["segment"]], regions.index(row["market"])
        out[s, :, :, m] = np.array([row[r] for r in sellers], dtype=float)
    concentration = cross_symbols(case, draws)[:, sym.ENTRY_CONCENTRATION]
    for s, segment in enumerate(segments):
        if stages[segment] != "unborn":
            continue
        mean = out[s, 0].mean(axis=1)
        tilt = np.ones((draws.futures, len(sellers)))
        for r, region in enumerate(sellers):
            if mean[r] > 0:
                u = np.clip(draws.column("entry", (segment, region)), 1e-6, 1 - 1e-6)
                tilt[:, r] = gammaincinv(concentration * mean[r], u) / mean[r]
        out[s] *= np.maximum(tilt, 1e-12)[:, :, None]
        out[s] /= out[s].sum(axis=1, keepdims=True)
    return out


def rival_figures(case: Case, draws: Draws, sellers: list[str]) -> F8:
    """(S, F, R, 3) spending, reaction and relative growth of spending."""
    place = {s: i for i, s in enumerate(case.tables["segments"]["segment"])}
    out = np.zeros((len(place), draws.futures, len(sellers), 3))
    home = case.settings.home
    for row in case.tables["rivals"].to_dict("records"):
        s, r = place[row["segment"]], sellers.index(row["region"])
        for j, stem in enumerate(("spending", "reaction", "growth")):
            group = f"home_{stem}" if row["region"] == home else f"rivals_{stem}"
            low, mode, high = (row[f"{stem}_{k}"] for k in RANGE)
            out[s, :, r, j] = draws.value(group, (row["segment"],), low, mode, high)
    return out


def arenas(
    symbols: F8, cross: F8, size: F8, share0: F8, rivals: F8, home: int
) -> tuple[F8, F8, F8]:
    """Split every segment into the whole (even rows) and its niche (odd rows).

    In the niche home's odds of a sale are ``niche_edge`` times as good; its share there cannot
    exceed all it sells of the segment. Spending is in proportion to what each sells in the niche.
    """
    part = symbols[:, :, sym.NICHE_SHARE]
    edge = symbols[:, :, sym.NICHE_EDGE, None]
    whole = share0[:, :, home, :]
    odds = whole / np.maximum(1e-12, 1.0 - whole) * edge
    inside = np.minimum(odds / (1.0 + odds), whole / part[:, :, None])
    inside = np.minimum(inside, 0.98)
    rest = (1.0 - inside) / np.maximum(1e-12, 1.0 - whole)
    niche_share = share0 * rest[:, :, None, :]
    niche_share[:, :, home, :] = inside
    niche_size = size * part[:, :, None, None]
    sold = (share0 * size[:, :, None, :, 0]).sum(axis=3)
    sold_niche = (niche_share * niche_size[:, :, None, :, 0]).sum(axis=3)
    ratio = np.divide(sold_niche, sold, out=np.zeros_like(sold), where=sold > 0)
    niche_rivals = rivals.copy()
    niche_rivals[..., 0] *= ratio
    niche_rivals[..., 1] *= cross[None, :, None, sym.NICHE_REACTION]

    def weave(even: F8, odd: F8) -> F8:
        return np.ascontiguousarray(np.stack([even, odd], axis=1).reshape((-1,) + even.shape[1:]))

    return weave(size, niche_size), weave(share0, niche_share), weave(rivals, niche_rivals)


def pooling(case: Case, draws: Draws, sellers: list[str]) -> tuple[F8, NDArray[np.int64]]:
    """Log gains of pooled tasks (B, F, 2) and the row of each segment and partner (S, R).

    ``K = (Σ_j ω_j k_j^ρ)^(1/ρ)`` with ``k_j = k0_j,home + η·k0_j,partner`` against η = 0.
    """
    place = {s: i for i, s in enumerate(case.tables["segments"]["segment"])}
    pair = np.full((len(place), len(sellers)), -1, dtype=np.int64)
    gains = []
    groups = case.tables["partners"].groupby(["segment", "partner"], sort=False)
    for (segment, partner), rows in groups:
        key = (str(segment), str(partner))
        low, mode, high = rows[["eta_low", "eta_mode", "eta_high"]].to_numpy(float).T
        eta = draws.value("partners", key, low, mode, high)
        home = np.maximum(rows["home_strength"].to_numpy(float), 0.01)
        other = np.maximum(rows["partner_strength"].to_numpy(float), 0.01)
        weight, rho = rows["weight"].to_numpy(float), float(rows["rho"].iloc[0])

        def mix(k: F8, weight: F8 = weight, rho: float = rho) -> F8:
            return np.asarray(np.log((weight * k**rho).sum(axis=-1)) / rho)

        ours = mix(home + eta * other) - mix(home)
        theirs = mix(other + eta * home) - mix(other)
        pair[place[key[0]], sellers.index(key[1])] = len(gains)
        gains.append(np.stack([ours, theirs], axis=1))
    boost = np.array(gains) if gains else np.zeros((1, draws.futures, 2))
    return np.ascontiguousarray(boost), pair


def instrument_arrays(case: Case, draws: Draws) -> dict[str, Any]:
    """Effects, money terms and timing of the instruments, and the packages as rows of them."""
    table = case.tables["instruments"]
    place = {name: i for i, name in enumerate(table["instrument"])}
    effect = np.zeros((len(place), draws.futures, sym.N_LEVERS))
    for row in case.tables["effects"].itertuples():
        key = (row.instrument, row.lever)
        value = draws.value("effects", key, row.low, row.mode, row.high)
        effect[place[row.instrument], :, sym.LEVERS.index(row.lever)] += value
    money = np.zeros((len(place), draws.futures, 3))
    for row in table.to_dict("records"):
        for j, stem in enumerate(("windfall", "leverage", "retaliation")):
            low, mode, high = (row[f"{stem}_{k}"] for k in RANGE)
            money[place[row["instrument"]], :, j] = draws.value(
                stem, (row["instrument"],), low, mode, high
            )
    width = max(len(p.instruments) for p in case.lines.packages)
    packages = np.full((len(case.lines.packages), width), -1, dtype=np.int64)
    for p, package in enumerate(case.lines.packages):
        packages[p, : len(package.instruments)] = [place[i] for i in package.instruments]
    return {
        "effect": effect,
        "money": money,
        "delay": table["delay"].to_numpy(np.int64),
        "duration": table["duration"].to_numpy(np.int64),
        "money_share": table["money_share"].to_numpy(np.float64),
        "firm_cost": table["firm_cost"].to_numpy(np.float64),
        "packages": packages,
    }


def recipe_value(case: Case, economy: Economy) -> F8:
    """(S, 2) own value added and home suppliers' value added per unit of home sales.

    ``Σ_j a_j·h_j·(v'(I − A_d)⁻¹)_j``: inputs by recipe, home's part h_j of what home buys of
    sector j, and the value added each unit of it carries at home.
    """
    home = case.settings.home
    own = economy.rows(home)
    bought = economy.Z[:, own].reshape(economy.n_regions, economy.n_sectors, -1).sum(axis=2)
    total = bought.sum(axis=0)
    h = economy.regions.index(home)
    at_home = np.divide(bought[h], total, out=np.zeros_like(total), where=total > 0)
    carried = np.asarray(domestic_leontief(economy, home).value_added_multipliers())
    place = {s: i for i, s in enumerate(case.tables["segments"]["segment"])}
    sectors = {s: j for j, s in enumerate(economy.sectors)}
    out = np.zeros((len(place), 2))
    for row in case.tables["recipes"].itertuples():
        s = place[row.segment]
        if row.sector == "value_added":
            out[s, 0] += row.share
        else:
            j = sectors[row.sector]
            out[s, 1] += row.share * at_home[j] * carried[j]
    return out


def products(case: Case, economy: Economy, sellers: list[str]) -> list[power.Product]:
    """Chokepoint products with shares of their own, and a proxy for each segment without any."""
    settings = case.settings
    to_table = settings.money_unit / settings.usd_rate / 1e6 / settings.table_scale
    given = case.tables["products"]
    shares = case.tables["product_shares"].set_index("product")
    out = []
    for row in given.to_dict("records"):
        out.append(
            power.Product(
                row["product"], row["segment"] or "", row["table_sector"], tuple(row["users"]),
                float(row["essentiality"]), float(row["user_share"]),
                float(row["world_sales"]) * to_table,
                shares.loc[row["product"], sellers].to_numpy(float), False,
            )
        )  # fmt: skip
    covered = {p.segment for p in out}
    base = settings.base_year
    sizes = case.tables["markets"].query("year == @base")
    world = economy.aggregate(regions="total")
    output = dict(zip(world.sectors, world.x, strict=True))
    for segment in case.tables["segments"].itertuples():
        if segment.segment in covered:
            continue
        name = segment.segment
        rows = sizes.query("segment == @name").set_index("region")["mode"]
        table = case.tables["shares"].query("segment == @name").set_index("market")
        sold = (table[sellers].mul(rows, axis=0)).sum().to_numpy(float)
        total = sold.sum()
        share = sold / total if total > 0 else table[sellers].mean().to_numpy(float)
        sales = float(total) * to_table
        part = min(1.0, sales / output[segment.table_sector])
        users = power.main_users(economy, segment.table_sector)
        out.append(
            power.Product(name, name, segment.table_sector, users, 0.5, part, sales, share, True)
        )
    return out


@dataclass(frozen=True)
class Curves:
    """What the table says of every product, the same in all futures."""

    items: list[power.Product]
    cover: F8  # (J, D)
    loss: F8  # (J, D, Z)
    holder_cost: F8  # (J,)


def product_curves(case: Case, economy: Economy, sellers: list[str]) -> Curves:
    """Work the operator once for every product and dependent."""
    items = products(case, economy, sellers)
    cache: dict[object, F8] = {}
    return Curves(
        items,
        np.array([power.own_cover(economy, p) for p in items]),
        np.array([power.loss_curves(economy, p, cache) for p in items]),
        np.array([power.holder_cost(economy, p, case.settings.home) for p in items]),
    )


def product_arrays(case: Case, draws: Draws, curves: Curves) -> dict[str, Any]:
    """Supply shares, covers, cushions and loss curves of every product."""
    cross = cross_symbols(case, draws)
    cushion = np.zeros((len(curves.items), draws.futures))
    given = {row["product"]: row for row in case.tables["products"].to_dict("records")}
    for j, item in enumerate(curves.items):
        if item.proxy:
            stock, spare = cross[:, sym.PROXY_STOCK], cross[:, sym.PROXY_SPARE]
        else:
            row = given[item.name]
            stock = draws.value("stock", (item.name,), *(row[f"stock_{k}"] for k in RANGE))
            spare = draws.value("spare", (item.name,), *(row[f"spare_{k}"] for k in RANGE))
        cushion[j] = stock / power.MONTHS + spare
    segments = list(case.tables["segments"]["segment"])
    rows = np.full((len(segments), 3), -1, dtype=np.int64)
    for s, segment in enumerate(segments):
        mine = [j for j, item in enumerate(curves.items) if item.segment == segment][:3]
        rows[s, : len(mine)] = mine
    return {
        "product": rows,
        "world_share0": np.array([item.shares for item in curves.items]),
        "cover": curves.cover,
        "cushion": cushion,
        "loss": curves.loss,
        "holder_cost": curves.holder_cost,
    }


def regional_odds(case: Case, draws: Draws, sellers: list[str]) -> tuple[F8, F8]:
    """Reliance weights (R,) and yearly odds that each region withholds (F, R); home has none."""
    table = case.tables["regions"].set_index("region")
    reliance = table.loc[sellers, "reliance"].to_numpy(np.float64).copy()
    odds = np.zeros((draws.futures, len(sellers)))
    for r, region in enumerate(sellers):
        if region == case.settings.home:
            reliance[r] = 0.0
            continue
        low, mode, high = (table.loc[region, f"withhold_{k}"] for k in RANGE)
        odds[:, r] = draws.value("withhold", (region,), low, mode, high)
    return reliance, odds


def discounts(case: Case) -> F8:
    """(3, T1) discount factors at the main rate and the two beside it."""
    settings = case.settings
    years = np.arange(settings.last_year - settings.base_year + 1)
    rates = np.array([settings.discount, *settings.discount_beside])[:3]
    return np.asarray((1.0 + rates[:, None]) ** -years[None, :])


def world(case: Case, economy: Economy, curves: Curves, draws: Draws) -> World:
    """Every array of the kernel for one set of draws (``economy`` has the case's regions)."""
    sellers, buyers = competitors(case), markets(case)
    home = sellers.index(case.settings.home)
    segments = case.tables["segments"]
    values, cross = segment_symbols(case, draws), cross_symbols(case, draws)
    size, share0, rivals = arenas(
        values,
        cross,
        market_sizes(case, draws, buyers),
        base_shares(case, draws, sellers, buyers),
        rival_figures(case, draws, sellers),
        home,
    )
    boost, pair = pooling(case, draws, sellers)
    reliance, withhold = regional_odds(case, draws, sellers)
    groups = case.lines.market_groups.values()
    return World(
        symbols=values,
        cross=cross,
        size=size,
        share0=share0,
        rivals=rivals,
        **instrument_arrays(case, draws),
        boost=boost,
        pair=pair,
        target=np.array([[float(m in group) for m in buyers] for group in groups]),
        luck=np.array([draws.column("luck", (s,)) for s in segments["segment"]]),
        unborn=(segments["stage"] == "unborn").to_numpy(np.int64),
        recipe_value=recipe_value(case, economy),
        digital=segments["digital"].to_numpy(np.float64),
        **product_arrays(case, draws, curves),
        reliance=reliance,
        withhold=withhold,
        discount=discounts(case),
        home=home,
        home_market=buyers.index(case.settings.home),
        first_year=case.settings.first_year,
        spend_years=case.lines.spend_years,
    )
