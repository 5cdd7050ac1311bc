"""Lines against futures: levers in time, the path of a line, its outcomes as differences.

The loops of the contest. Every line is played in every future beside the same future without it;
outcomes are the difference (docs/contest.md, equations 4, 6, 9 and 11).
"""

from __future__ import annotations

import numpy as np

from kachisuji.contest.compiled import compiled
from kachisuji.contest.path import (
    EPSILON_T,
    KAPPA_T,
    N_STATE,
    TREND,
    WORLD_SHARE,
    attraction,
    begin,
    born,
    build_capability,
    exchange_path,
    fill_seasons,
    hand_on,
    invest,
    learn,
    sell,
    trade_factors,
)
from kachisuji.contest.symbols import ADMINISTRATION, CRAFT, LEVER_PROCUREMENT, N_LEVERS
from kachisuji.contest.value import credit_line, value_line
from kachisuji.contest.world import (
    CREDIT,
    FIRMS,
    LEVERAGE,
    LINE,
    ODDS,
    PURCHASES,
    RUNNING,
    STATE_COST,
    TO_CAPABILITY,
    WINDFALL,
    Scene,
    Scratch,
)


@compiled
def desks(world, n):
    """Allocate work arrays for ``n`` lines played at a time, each with a leading axis."""
    n_markets, years = world.size.shape[2], world.size.shape[3]
    n_regions = world.share0.shape[2]
    return Scratch(
        np.zeros((n, N_LEVERS, years)),
        np.zeros((n, 4, years)),
        np.zeros((n, 4)),
        np.zeros((n, 2)),
        np.zeros((n, N_STATE, n_regions)),
        np.zeros((n, years, n_regions)),
        np.zeros((n, n_regions)),
        np.zeros((n, n_markets)),
        np.zeros((n, n_markets)),
        np.zeros((n, 2, n_markets, years)),
        np.zeros((n, 2, years)),
        np.zeros((n, 2, years)),
        np.zeros((n, 8)),
        np.zeros((n, years)),
    )


@compiled
def desk_of(all_, i):
    """Return the work arrays of line ``i`` (a list of tuples lost writes in numba 0.68)."""
    return Scratch(
        all_.lever[i], all_.money[i], all_.terms[i], all_.gain[i], all_.state[i], all_.spend[i],
        all_.weight[i], all_.reach[i], all_.unit[i], all_.sales[i], all_.price[i], all_.induced[i],
        all_.pieces[i], all_.wage[i],
    )  # fmt: skip


@compiled
def scratch(world):
    """Allocate the work arrays of one line."""
    return desk_of(desks(world, 1), 0)


@compiled
def set_terms(world, f, package, share, scale, w):
    """Windfall and leverage weighted by money, firms' yearly cost, the odds of retaliation.

    ``scale`` is intensity times home firms' own spending: what an instrument costs firms does not
    depend on the money that others in the package spend.
    """
    windfall, ell, firms, calm = 0.0, 0.0, 0.0, 1.0
    for k in range(world.packages.shape[1]):
        i = world.packages[package, k]
        if i < 0:
            break
        windfall += world.money_share[i] * world.money[i, f, 0]
        ell += world.money_share[i] * world.money[i, f, 1]
        firms += world.firm_cost[i]
        calm *= 1.0 - world.money[i, f, 2]
    w.terms[WINDFALL] = windfall / share if share > 0.0 else 0.0
    w.terms[LEVERAGE] = ell / share if share > 0.0 else 0.0
    w.terms[FIRMS] = firms * scale
    w.terms[ODDS] = 1.0 - calm


@compiled
def set_levers(world, f, package, start, intensity, own, w):
    """Fill the lever and money paths of a package started in year ``start``.

    An effect begins ``delay`` years after the start, lasts ``duration`` years and is proportional
    to intensity up to one. Public money runs ``spend_years`` from the start; ``own`` is what home
    firms spend themselves.
    """
    w.lever[:] = 0.0
    w.money[:] = 0.0
    years = w.lever.shape[1]
    share = 0.0
    for k in range(world.packages.shape[1]):
        i = world.packages[package, k]
        if i < 0:
            break
        share += world.money_share[i]
        begins = start + world.delay[i]
        for j in range(N_LEVERS):
            if world.effect[i, f, j] != 0.0:
                for t in range(max(1, begins), min(years, begins + world.duration[i])):
                    w.lever[j, t] += world.effect[i, f, j] * min(1.0, intensity)
    for t in range(start, min(years, start + world.spend_years)):
        w.money[TO_CAPABILITY, t] = intensity * own * share
        w.money[PURCHASES, t] = own * w.lever[LEVER_PROCUREMENT, t]
        w.money[RUNNING, t] = intensity * own * world.cross[f, ADMINISTRATION]
        w.money[STATE_COST, t] = w.money[:STATE_COST, t].sum() + w.money[RUNNING, t]
    set_terms(world, f, package, share, intensity * own, w)


@compiled
def look(world, arena, f, group):
    """Pick out what one arena is in one future: slices made once a line, not once a year."""
    s = arena // 2
    return Scene(
        world.symbols[s, f],
        world.cross[f],
        world.season[s, f],
        world.size[arena, f],
        world.share0[arena, f],
        world.rivals[arena, f],
        world.target[group],
        world.discount[0],
        world.home,
        world.home_market,
        world.first_year,
        world.unborn[s],
    )


@compiled
def play_year(t, scene, w, partner, squeeze, shut, skill, k):
    """Advance one segment by one year; returns the craft skill of the next year.

    ``squeeze`` is the log rise of home cost that other lines cause through wages and the exchange
    rate (zero when a line is simulated alone); ``shut`` the market that has retaliated; ``k`` picks
    the result row of ``w``.
    """
    symbols, cross, home = scene.symbols, scene.cross, scene.home
    epsilon = scene.season[t, EPSILON_T]
    w.induced[k, t] = invest(
        t, w.state, w.spend, symbols, cross, scene.rivals, home, w.lever, w.money[TO_CAPABILITY],
        w.terms[WINDFALL], w.terms[LEVERAGE], scene.season[t, TREND],
    )  # fmt: skip
    build_capability(t, w.state, w.spend, symbols)
    learn(t, w.state, symbols, scene.season[t, KAPPA_T], home, w.lever, skill)
    cost = exchange_path(cross, t, w.lever.shape[1] - 1) + squeeze
    attraction(t, w.state, symbols, home, w.lever, skill, partner, w.gain, cost, epsilon, w.weight)
    barrier = trade_factors(
        epsilon, w.lever, t, cross, scene.target, scene.home_market, shut, w.reach
    )
    is_open = 1.0 if scene.unborn == 0 or born(symbols, w.lever, t, scene.first_year) else 0.0
    w.price[k, t] = sell(
        t, w.state, scene.share0, scene.size, w.weight, home, scene.home_market, barrier, w.reach,
        w.unit, w.money[PURCHASES, t], is_open, w.sales[k],
    )  # fmt: skip
    return hand_on(symbols, skill, w.lever, t) if symbols[CRAFT] > 0.0 else 1.0


@compiled
def set_base(scene, w, k):
    """Set the base year of one arena in the state and in result row ``k``."""
    is_open = 1.0 if scene.unborn == 0 else 0.0
    begin(w.state, w.spend, scene.symbols, scene.share0, scene.size, is_open)
    for m in range(scene.size.shape[0]):
        w.sales[k, m, 0] = scene.share0[scene.home, m] * scene.size[m, 0] * is_open
    w.price[k, 0], w.induced[k, 0] = 0.0, 0.0


@compiled
def play(scene, w, partner, watch, hit, start, k):
    """Play one segment through all years; returns the discounted sales of region ``watch``."""
    set_base(scene, w, k)
    skill, earned = 1.0, 0.0
    for t in range(1, scene.size.shape[1]):
        skill = play_year(t, scene, w, partner, 0.0, hit if t > start else -1, skill, k)
        if watch >= 0:
            earned += scene.discount[t] * w.state[WORLD_SHARE, watch] * scene.size[:, t].sum()
    return earned


@compiled
def target_market(world, arena, f):
    """Foreign market in which home sells most: where retaliation bites."""
    best, most = -1, 0.0
    for m in range(world.size.shape[2]):
        sold = world.share0[arena, f, world.home, m] * world.size[arena, f, m, 0]
        if m != world.home_market and sold > most:
            best, most = m, sold
    return best


@compiled
def seasons(symbols, cross, season):
    """Fill the seasons of every segment and future."""
    for s in range(symbols.shape[0]):
        for f in range(symbols.shape[1]):
            fill_seasons(symbols[s, f], cross[f], season[s, f])


@compiled
def play_baseline(world, arena, base_sales, base_index):
    """Fill home sales (F, M, T1) and home price index (F, T1) of an arena without policy."""
    w = scratch(world)
    for f in range(world.cross.shape[0]):
        play(look(world, arena, f, 0), w, -1, -1, -1, 0, 0)
        base_sales[f] = w.sales[0]
        base_index[f] = w.price[0]


@compiled
def play_line(world, lines, n, f, w):
    """Play line ``n`` in future ``f``; returns the row of ``w`` that holds the result.

    With a partner it is played alone and together: the partner takes part only if its own
    discounted sales are higher together (equation 6).
    """
    s = lines.segment[n]
    arena = 2 * s + lines.niche[n]
    start, partner = lines.start[n], lines.partner[n]
    scene = look(world, arena, f, lines.group[n])
    own = world.rivals[arena, f, world.home, 0]
    set_levers(world, f, lines.package[n], start, lines.intensity[n], own, w)
    hit = target_market(world, arena, f) if world.luck[s, f] < w.terms[ODDS] else -1
    alone = play(scene, w, -1, partner, hit, start, 0)
    pair = world.pair[s, partner] if partner >= 0 else -1
    if pair < 0:
        return 0
    w.gain[:] = world.boost[pair, f]
    together = play(scene, w, partner, partner, hit, start, 1)
    return 1 if together > alone else 0


@compiled
def play_lines(world, lines, first, last, base_sales, base_index, scalars, paths):
    """Play lines ``first`` to ``last`` in every future and write outcome differences.

    ``scalars`` is (last − first, F, len(SCALARS)), ``paths`` (last − first, F, T,
    len(PATHS)); both zero on entry.
    """
    w = scratch(world)
    for n in range(first, last):
        row = n - first
        for f in range(world.cross.shape[0]):
            if lines.kind[n] == LINE:
                k = play_line(world, lines, n, f, w)
                arena = 2 * lines.segment[n] + lines.niche[n]
                value_line(
                    world, arena, f, w, k, base_sales, base_index, scalars[row, f], paths[row, f]
                )
            elif lines.kind[n] == CREDIT:
                credit_line(
                    world, f, lines.intensity[n], lines.start[n], scalars[row, f], paths[row, f]
                )
