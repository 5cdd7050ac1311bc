"""From a case and a table to the arrays of the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.cases import global_symbols, symbols
from kachisuji.contest import power, ties
from kachisuji.contest import symbols as sym
from kachisuji.contest.instruments import instrument_arrays, optional_records
from kachisuji.contest.lifecycle import N_SEASON, seasons
from kachisuji.contest.quantities import Draws
from kachisuji.contest.tables import figure, numbered, records
from kachisuji.contest.world import World
from kachisuji.structure import domestic_leontief, leontief

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]


def contest_economy(case: Case, economy: Economy) -> Economy:
    """Merge the table's regions into the case's competitor regions."""
    mapping = {
        source: row["region"]
        for row in records(case, "regions")
        if row["competitor"]
        for source in row["table_regions"]
    }
    return economy.aggregate(regions=mapping)


def segment_symbols(case: Case, draws: Draws) -> F8:
    """(S, F, N_SYMBOLS) every segment symbol in every future; NaN where a segment gives none."""
    names = numbered(case)
    place = {s.symbol: j for j, s in enumerate(symbols())}
    out = np.full((len(names), draws.futures, sym.N_SYMBOLS), np.nan)
    for j, s in enumerate(symbols()):
        if s.default is not None:
            out[:, :, j] = s.default[1]
    for row in records(case, "parameters"):
        key = (row["segment"], row["symbol"])
        out[names[key[0]], :, place[key[1]]] = draws.value("parameters", key, *figure(row))
    return out


def cross_symbols(case: Case, draws: Draws) -> F8:
    """(F, N_GLOBALS) cross-cutting quantities."""
    place = {s.symbol: j for j, s in enumerate(global_symbols())}
    out = np.full((draws.futures, sym.N_GLOBALS), np.nan)
    for j, s in enumerate(global_symbols()):
        if s.default is not None:
            out[:, j] = s.default[1]
    for row in records(case, "globals"):
        key = (row["symbol"],)
        out[:, place[row["symbol"]]] = draws.value("globals", key, *figure(row))
    return out


def market_sizes(case: Case, draws: Draws, regions: list[str]) -> F8:
    """(S, F, M, T1) market size; one quantile a segment and future, years interpolated.

    Before an unborn market opens its first positive size counts as potential, so that shares are
    defined; nothing is sold until it opens.
    """
    settings = case.settings
    years = np.arange(settings.base_year, settings.last_year + 1)
    place = numbered(case)
    given: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in records(case, "markets"):
        given.setdefault((row["segment"], row["region"]), []).append(row)
    out = np.zeros((len(place), draws.futures, len(regions), years.size))
    for (segment, region), rows in given.items():
        rows.sort(key=lambda r: int(r["year"]))
        knots = draws.value("markets", (segment,), *np.array([figure(r) for r in rows]).T)
        known = [float(r["year"]) for r in rows]
        for f in range(draws.futures):
            out[place[segment], f, regions.index(region)] = np.interp(years, known, knots[f])
    positive = np.maximum(out, 0.0)
    total = positive.sum(axis=2)
    for s, f in np.argwhere(total[:, :, 0] <= 0.0):
        opened = np.flatnonzero(total[s, f] > 0.0)
        if opened.size:
            positive[s, f, :, : opened[0]] = positive[s, f, :, opened[0], None]
    return positive


def base_shares(case: Case, draws: Draws, cross: F8, sellers: list[str], regions: list[str]) -> F8:
    """(S, F, R, M) base shares; for a market not yet born a Dirichlet belief around them."""
    from scipy.special import gammaincinv

    place = numbered(case)
    stages = [row["stage"] for row in records(case, "segments")]
    out = np.zeros((len(place), draws.futures, len(sellers), len(regions)))
    for row in records(case, "shares"):
        s, m = place[row["segment"]], regions.index(row["market"])
        out[s, :, :, m] = np.array([row[r] for r in sellers], dtype=float)
    concentration = cross[:, sym.ENTRY_CONCENTRATION]
    for segment, s in place.items():
        if stages[s] != "unborn":
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
    place = numbered(case)
    out = np.zeros((len(place), draws.futures, len(sellers), 3))
    home = case.settings.home
    for row in records(case, "rivals"):
        s, r = place[row["segment"]], sellers.index(row["region"])
        for j, stem in enumerate(("spending", "reaction", "growth")):
            group = f"home_{stem}" if row["region"] == home else f"rivals_{stem}"
            out[s, :, r, j] = draws.value(group, (row["segment"],), *figure(row, f"{stem}_"))
    return out


def symbols_by_scope(values: F8) -> F8:
    """Return symbols of the whole (even rows) and of its niche (odd rows), (A, F, N_SYMBOLS).

    In the niche: learning rate times ``niche_learning``; weight of craft skill and φ times
    ``niche_closeness`` (craft at most 1, φ at most 1.5); margin times ``niche_margin``, what it is
    above the whole's being value added of its own; fixed cost times ``niche_share^niche_fixed``;
    leakage times ``niche_leak``. In the whole those ratios are 1, so that the kernel reads them
    in both.
    """
    whole, niche = values.copy(), values.copy()
    whole[:, :, [sym.NICHE_LEAK, sym.NICHE_FIXED, sym.NICHE_MARGIN]] = 1.0
    niche[:, :, sym.LEARNING_RATE] *= values[:, :, sym.NICHE_LEARNING]
    closeness = values[:, :, sym.NICHE_CLOSENESS]
    for symbol, most in ((sym.CRAFT, 1.0), (sym.PHI, 1.5)):
        niche[:, :, symbol] = np.minimum(most, values[:, :, symbol] * closeness)
    above = values[:, :, sym.NICHE_MARGIN] - 1.0
    niche[:, :, sym.RECIPE_OWN] += above * values[:, :, sym.MARGIN]
    part = values[:, :, sym.NICHE_SHARE]
    niche[:, :, sym.NICHE_FIXED] = part ** values[:, :, sym.NICHE_FIXED]
    return _weave(whole, niche)


def _weave(even: F8, odd: F8) -> F8:
    """(2·S, …) rows of both in turn."""
    return np.ascontiguousarray(np.stack([even, odd], axis=1).reshape((-1, *even.shape[1:])))


def fewer_rivals(share: F8, home: int, exponent: F8) -> F8:
    """(S, F, R, M) shares with rivals' part split by ``S_q^θ``, home's as it was.

    θ = 1 leaves everything as it is; above it the large rivals hold more of their common part.
    """
    rivals = share.copy()
    rivals[:, :, home, :] = 0.0
    theta = exponent[:, :, None, None]
    power = np.where(rivals > 0.0, np.maximum(rivals, 1e-300) ** theta, 0.0)
    total = np.maximum(power.sum(axis=2, keepdims=True), 1e-300)
    split = power / total * rivals.sum(axis=2, keepdims=True)
    split[:, :, home, :] = share[:, :, home, :]
    return np.asarray(np.where(theta == 1.0, share, split))


def arenas(values: F8, cross: F8, size: F8, share0: F8, rivals: F8, home: int) -> tuple[F8, F8, F8]:
    """Split every segment into the whole (even rows) and its niche (odd rows).

    In the niche home's odds of a sale are ``niche_edge`` times as good; its share there cannot
    exceed all it sells of the segment. Rivals are fewer by ``niche_rivals`` (``fewer_rivals``).
    Spending is in proportion to what each sells in the niche; what each adds to answer follows
    its weight among the rivals, times ``niche_reaction``.
    """
    part = values[:, :, sym.NICHE_SHARE]
    edge = values[:, :, sym.NICHE_EDGE, None]
    whole = share0[:, :, home, :]
    odds = whole / np.maximum(1e-12, 1.0 - whole) * edge
    inside = np.minimum(odds / (1.0 + odds), whole / part[:, :, None])
    inside = np.minimum(inside, 0.98)
    rest = (1.0 - inside) / np.maximum(1e-12, 1.0 - whole)
    alike = share0 * rest[:, :, None, :]
    alike[:, :, home, :] = inside
    exponent = values[:, :, sym.NICHE_RIVALS]
    niche_share = fewer_rivals(alike, home, exponent)
    niche_size = size * part[:, :, None, None]

    def sold(share: F8, market: F8) -> F8:
        return np.asarray((share * market[:, :, None, :, 0]).sum(axis=3))

    def over(part: F8, base: F8) -> F8:
        return np.divide(part, base, out=np.zeros_like(base), where=base > 0)

    in_niche = sold(niche_share, niche_size)
    niche_rivals = rivals.copy()
    niche_rivals[..., 0] *= over(in_niche, sold(share0, size))
    niche_rivals[..., 1] *= cross[None, :, None, sym.NICHE_REACTION]
    weight = over(in_niche, sold(alike, niche_size))
    niche_rivals[..., 1] *= np.where(exponent[:, :, None] == 1.0, 1.0, weight)
    return _weave(size, niche_size), _weave(share0, niche_share), _weave(rivals, niche_rivals)


def pooling(case: Case, draws: Draws, sellers: list[str]) -> tuple[F8, NDArray[np.int64]]:
    """Log gains of pooled tasks (B, F, 2) and the row of each segment and partner (S, R).

    ``K = (Σ_j ω_j k_j^ρ)^(1/ρ)`` with ``k_j = k0_j,home + η·k0_j,partner`` against η = 0.
    """
    place = numbered(case)
    pair = np.full((len(place), len(sellers)), -1, dtype=np.int64)
    gains: list[F8] = []
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in records(case, "partners"):
        groups.setdefault((row["segment"], row["partner"]), []).append(row)
    for key, rows in groups.items():
        eta = draws.value("partners", key, *np.array([figure(r, "eta_") for r in rows]).T)
        home = np.maximum([float(r["home_strength"]) for r in rows], 0.01)
        other = np.maximum([float(r["partner_strength"]) for r in rows], 0.01)
        weight, rho = np.array([float(r["weight"]) for r in rows]), float(rows[0]["rho"])

        def mix(k: F8, weight: F8 = weight, rho: float = rho) -> F8:
            return np.asarray(np.log((weight * k**rho).sum(axis=-1)) / rho)

        ours = mix(home + eta * other) - mix(home)
        theirs = mix(other + eta * home) - mix(other)
        pair[place[key[0]], sellers.index(key[1])] = len(gains)
        gains.append(np.stack([ours, theirs], axis=1))
    boost = np.array(gains) if gains else np.zeros((1, draws.futures, 2))
    return np.ascontiguousarray(boost), pair


def home_content(economy: Economy, home: str) -> dict[str, float]:
    """Sector -> value added that a unit bought of it carries at home: ``h_j·(v'(I − A_d)⁻¹)_j``."""
    own = economy.rows(home)
    bought = economy.Z[:, own].reshape(economy.n_regions, economy.n_sectors, -1).sum(axis=2)
    total = bought.sum(axis=0)
    h = economy.regions.index(home)
    at_home = np.divide(bought[h], total, out=np.zeros_like(total), where=total > 0)
    carried = np.asarray(domestic_leontief(economy, home).value_added_multipliers())
    return dict(zip(economy.sectors, (at_home * carried).tolist(), strict=True))


def recipe_value(case: Case, economy: Economy) -> F8:
    """(S, 2) own value added and home suppliers' value added per unit of home sales.

    ``Σ_j a_j·h_j·(v'(I − A_d)⁻¹)_j``: inputs by recipe, home's part h_j of what home buys of
    sector j, and the value added each unit of it carries at home.
    """
    content = home_content(economy, case.settings.home)
    place = numbered(case)
    out = np.zeros((len(place), 2))
    for row in records(case, "recipes"):
        s = place[row["segment"]]
        if row["sector"] == "value_added":
            out[s, 0] += row["share"]
        else:
            out[s, 1] += row["share"] * content[row["sector"]]
    return out


def to_table(case: Case) -> float:
    """Table units per money unit of the case: the one bridge between their levels.

    ``money_unit / usd_rate / 1e6 / table_scale``: to million dollars at the case's exchange rate,
    then to the size of the table's world.
    """
    scale = next(r["mode"] for r in records(case, "globals") if r["symbol"] == "table_scale")
    return float(case.settings.money_unit / case.settings.usd_rate / 1e6 / scale)


def base_markets(case: Case) -> dict[tuple[str, str], float]:
    """Most likely market size of the base year by segment and region, in the case's unit."""
    return {
        (r["segment"], r["region"]): float(r["mode"])
        for r in records(case, "markets")
        if r["year"] == case.settings.base_year
    }


def seller_shares(case: Case, sellers: list[str]) -> dict[str, tuple[float, F8]]:
    """World sales of the base year and each seller's share of them, by segment.

    Where nothing is sold yet the share is the mean over markets.
    """
    size = base_markets(case)
    sold = {s: np.zeros(len(sellers)) for s in numbered(case)}
    plain = {s: np.zeros(len(sellers)) for s in sold}
    for row in records(case, "shares"):
        shares = np.array([float(row[r]) for r in sellers])
        sold[row["segment"]] += shares * size.get((row["segment"], row["market"]), 0.0)
        plain[row["segment"]] += shares
    out = {}
    for s, amounts in sold.items():
        basis = amounts if amounts.sum() > 0 else plain[s]
        out[s] = float(amounts.sum()), basis / basis.sum()
    return out


def products(case: Case, economy: Economy, sellers: list[str]) -> list[power.Product]:
    """Chokepoint products with shares of their own, and a proxy for each segment without any."""
    bridge = to_table(case)
    shares = {row["product"]: row for row in records(case, "product_shares")}
    out = [
        power.Product(
            row["product"], row["segment"] or "", row["table_sector"], tuple(row["users"]),
            float(row["essentiality"]), float(row["user_share"]),
            float(row["world_sales"]) * bridge,
            np.array([float(shares[row["product"]][r]) for r in sellers]), False,
        )
        for row in records(case, "products")
    ]  # fmt: skip
    covered = {p.segment for p in out}
    world = economy.aggregate(regions="total")
    output = dict(zip(world.sectors, world.x, strict=True))
    sold = seller_shares(case, sellers)
    for row in records(case, "segments"):
        name, sector = row["segment"], row["table_sector"]
        if name in covered:
            continue
        sales = sold[name][0] * bridge
        part = min(1.0, sales / output[sector])
        users = power.main_users(economy, sector)
        out.append(power.Product(name, name, sector, users, 0.5, part, sales, sold[name][1], True))
    return out


def links(case: Case, economy: Economy) -> F8:
    """(S, S) how much a fall of segment A's home price cuts segment B's cost.

    ``link[B, A]`` = share of A's table sector in B's recipe × A's part of what home buys of that
    sector (its home market over the table's home purchases, at most one).
    """
    home = case.settings.home
    own = economy.rows(home)
    bought = economy.Z[:, own].sum(axis=1) + economy.final_by_region[:, economy.regions.index(home)]
    use = bought.reshape(economy.n_regions, economy.n_sectors).sum(axis=0)
    by_sector = dict(zip(economy.sectors, use, strict=True))
    size, bridge, place = base_markets(case), to_table(case), numbered(case)
    recipe = {(r["segment"], r["sector"]): float(r["share"]) for r in records(case, "recipes")}
    out = np.zeros((len(place), len(place)))
    for seller in records(case, "segments"):
        name, sector = seller["segment"], seller["table_sector"]
        part = min(1.0, size.get((name, home), 0.0) * bridge / by_sector[sector])
        for buyer, b in place.items():
            out[b, place[name]] = recipe.get((buyer, sector), 0.0) * part
    np.fill_diagonal(out, 0.0)
    return out


def labour_pool(case: Case) -> F8:
    """(4, T1) workers by skill that the case can move, most likely value, years interpolated."""
    settings = case.settings
    years = np.arange(settings.base_year, settings.last_year + 1)
    out = np.full((len(sym.SKILLS), years.size), np.inf)
    for k, skill in enumerate(sym.SKILLS):
        given = {
            int(r["year"]): float(r["mode"])
            for r in records(case, "limits")
            if r["kind"] == "labour" and r["skill"] == skill
        }
        if given:
            known = sorted(given)
            out[k] = np.interp(years, known, [given[y] for y in known])
    return out


@dataclass(frozen=True)
class Supply:
    """What the table says of every product, the same in all futures."""

    items: list[power.Product]
    cover: F8  # (J, D)
    loss: F8  # (J, D) per unit of shortage
    holder_cost: F8  # (J,)


def supply(case: Case, economy: Economy, sellers: list[str]) -> Supply:
    """Work the operator once for every product and dependent."""
    items = products(case, economy, sellers)
    cache: dict[object, float] = {}
    inverse = leontief(economy).inverse()
    return Supply(
        items,
        np.array([power.own_cover(economy, p) for p in items]),
        np.array([power.loss_slopes(economy, p, inverse, cache) for p in items]),
        np.array([power.holder_cost(economy, p, case.settings.home) for p in items]),
    )


def product_arrays(case: Case, draws: Draws, cross: F8, given_supply: Supply) -> dict[str, Any]:
    """Supply shares, covers, cushions and losses of every product."""
    cushion = np.zeros((len(given_supply.items), draws.futures))
    given = {row["product"]: row for row in records(case, "products")}
    for j, item in enumerate(given_supply.items):
        if item.proxy:
            stock, spare = cross[:, sym.PROXY_STOCK], cross[:, sym.PROXY_SPARE]
        else:
            row = given[item.name]
            stock = draws.value("stock", (item.name,), *figure(row, "stock_"))
            spare = draws.value("spare", (item.name,), *figure(row, "spare_"))
        cushion[j] = stock / power.MONTHS + spare
    origin, bought, made = origins(case, draws, given_supply.items)
    place = numbered(case)
    rows = np.full((len(place), 3), -1, dtype=np.int64)
    for segment, s in place.items():
        mine = [j for j, item in enumerate(given_supply.items) if item.segment == segment][:3]
        rows[s, : len(mine)] = mine
    return {
        "product": rows,
        "world_share0": np.array([item.shares for item in given_supply.items]),
        "cover": given_supply.cover,
        "origin": origin,
        "bought": bought,
        "made": made,
        "cushion": cushion,
        "loss": given_supply.loss,
        "holder_cost": given_supply.holder_cost,
    }


def origins(
    case: Case, draws: Draws, items: list[power.Product]
) -> tuple[NDArray[np.int64], F8, F8]:
    """Where home's use of a product comes from, where the case says so (table ``origins``).

    ``d_r``, drawn apart and then scaled to sum to one, is the part of home's use that comes from
    region r. Home makes ``d_home`` itself; of the rest r has the part ``d_r / (1 − d_home)``.

    Returns
    -------
    tuple of ndarray
        (J,) row of the product in the next two, −1 without; (N, F, R) parts of the rest, zero for
        home; (N, F) what home makes itself.
    """
    given: dict[str, list[dict[str, Any]]] = {}
    for row in optional_records(case, "origins"):
        given.setdefault(row["product"], []).append(row)
    sellers, home = list(case.competitors), list(case.competitors).index(case.settings.home)
    row_of = np.full(len(items), -1, dtype=np.int64)
    parts = np.zeros((len(given), draws.futures, len(sellers)))
    for n, (product, rows) in enumerate(given.items()):
        row_of[[item.name for item in items].index(product)] = n
        for row in rows:
            key = (product, row["region"])
            parts[n, :, sellers.index(row["region"])] = draws.value("origins", key, *figure(row))
    parts /= np.maximum(parts.sum(axis=2, keepdims=True), 1e-12)
    made = np.ascontiguousarray(parts[:, :, home])
    parts[:, :, home] = 0.0
    return row_of, parts / np.maximum(1.0 - made, 1e-12)[:, :, None], made


def regional_odds(case: Case, draws: Draws, sellers: list[str]) -> tuple[F8, F8]:
    """Reliance weights (R,) and yearly odds that each region withholds (F, R); home has none."""
    table = {row["region"]: row for row in records(case, "regions")}
    reliance, odds = np.zeros(len(sellers)), np.zeros((draws.futures, len(sellers)))
    for r, region in enumerate(sellers):
        if region != case.settings.home:
            reliance[r] = float(table[region]["reliance"])
            odds[:, r] = draws.value("withhold", (region,), *figure(table[region], "withhold_"))
    return reliance, odds


def discounts(case: Case) -> F8:
    """(3, T1) discount factors at the main rate and the two beside it."""
    settings = case.settings
    years = np.arange(settings.last_year - settings.base_year + 1)
    rates = np.array([settings.discount, *settings.discount_beside])[:3]
    return np.asarray((1.0 + rates[:, None]) ** -years[None, :].astype(float))


def world(case: Case, economy: Economy, given_supply: Supply, draws: Draws) -> World:
    """Every array of the kernel for one set of draws (``economy`` has the case's regions)."""
    sellers, buyers = list(case.competitors), list(case.markets)
    home = sellers.index(case.settings.home)
    segments = records(case, "segments")
    values, cross = segment_symbols(case, draws), cross_symbols(case, draws)
    size, share0, rivals = arenas(
        values,
        cross,
        market_sizes(case, draws, buyers),
        base_shares(case, draws, cross, sellers, buyers),
        rival_figures(case, draws, sellers),
        home,
    )
    season = np.empty((len(segments), draws.futures, size.shape[3], N_SEASON))
    seasons(values, cross, np.ascontiguousarray(size[::2].sum(axis=2)), season)
    boost, pair = pooling(case, draws, sellers)
    deal, gone = ties.partner_terms(case, draws, pair, sellers)
    closed, tax = ties.closures(case, draws, buyers)
    reliance, withhold = regional_odds(case, draws, sellers)
    groups = case.lines.market_groups.values()
    return World(
        symbols=symbols_by_scope(values),
        cross=cross,
        season=season,
        size=size,
        share0=share0,
        rivals=rivals,
        **instrument_arrays(case, draws),
        late=ties.late_years(case, draws, cross),
        boost=boost,
        pair=pair,
        deal=deal,
        gone=gone,
        closed=closed,
        tax=tax,
        target=np.array([[float(m in group) for m in buyers] for group in groups]),
        luck=np.array([draws.column("luck", (row["segment"],)) for row in segments]),
        unborn=np.array([row["stage"] == "unborn" for row in segments], dtype=np.int64),
        recipe_value=recipe_value(case, economy),
        digital=np.array([float(row["digital"]) for row in segments]),
        **product_arrays(case, draws, cross, given_supply),
        reliance=reliance,
        withhold=withhold,
        discount=discounts(case),
        forward=ties.forward_share(case, economy),
        gdp=ties.gdp(economy, sellers, to_table(case)),
        base_sales=np.zeros(size.shape),
        base_power=np.zeros((len(segments), 3, draws.futures, 3)),
        base_index=np.zeros((size.shape[0], draws.futures, size.shape[3])),
        base_profit=np.zeros((2 * len(segments), draws.futures, len(sellers))),
        **ties.spills(case, draws),
        link=links(case, economy),
        pool=labour_pool(case),
        home=home,
        home_market=buyers.index(case.settings.home),
        first_year=case.settings.first_year,
        spend_years=case.lines.spend_years,
    )
