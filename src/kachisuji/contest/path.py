"""One segment, one future, year by year: shares, learning, capability, reactions.

Pure numba kernels. Equations 1 to 7 of the model page (docs/contest.md); symbols in
docs/notation.md. ``t = 0`` is the base year, in which every hat is one and observed shares come
out exactly. Loops run over regions side by side, so that they compile to vectors.
"""

from __future__ import annotations

from kachisuji.contest.compiled import borrowed, inlined, summed
from kachisuji.contest.elementary import exp, log
from kachisuji.contest.lifecycle import EPSILON_T
from kachisuji.contest.symbols import (
    ALPHA,
    BIRTH,
    CAPTURE,
    CRAFT,
    CRAFT_DECAY,
    DELTA,
    EXPERIENCE,
    GROWTH,
    IOTA,
    LAG,
    LEVER_ACCESS,
    LEVER_BARRIER,
    LEVER_BIRTH,
    LEVER_COMMITMENT,
    LEVER_CONSOLIDATION,
    LEVER_DUTY,
    LEVER_HANDOVER,
    LEVER_PRIVATE_INVESTMENT,
    LEVER_TRAINERS,
    LEVERAGE_DECAY,
    NU,
    PHI,
    RETALIATION_TARIFF,
    TRAINERS,
    VISION,
)
from kachisuji.contest.world import CREDIBLE, FIXED, LEVERAGE, WINDFALL

# rows of the state array (each R long); LOG_LEAD is ln of world share over its base, PACE how far a
# region's own spending has run ahead of the common trend, CHEAPER the base year's cost over the
# present one; STEP, SPENDS, REACTS and ALIVE are fixed
(
    CAPABILITY,
    LOG_COST,
    EXPERIENCE_NOW,
    SALES_REAL,
    WORLD_SHARE,
    WORLD_SHARE0,
    LOG_LEAD,
    PACE,
    STEP,
    SPENDS,
    REACTS,
    ALIVE,
    WEIGHT,
    SOLD,
    CHEAPER,
) = range(15)
N_STATE = 15
# rows of the plan (each T1 long): what levers and terms come to in a year, known before it is
# played. Factor on rivals at home; log trade cost that access saves; what adds to the log weight of
# home alone, of home with its partner, and of the partner; −ε; what faster learning adds to home's
# Wright exponent
RISE, EASED, OURS, PAIRED, THEIRS, MINUS_EPSILON, FASTER = range(7)
N_PLAN = 7
LN2 = 0.6931471805599453


@inlined
def leverage(ell, public, own, decay):
    """Private spending per unit of public money, falling in G/I0 (equation 4)."""
    return ell / (1.0 + decay * public / own)


@inlined
def hidden(symbols, skill):
    """How much of home's experience craft skill keeps from leaking (equation 2)."""
    return 1.0 - symbols[CRAFT] * skill


@inlined
def begin(state, spend, share, symbols, share0, size, rivals, is_open):
    """Set the base year: hats at one, experience in years of base sales; ``share`` is (M, R)."""
    n_regions, n_markets = share0.shape
    total = 0.0
    for m in range(n_markets):
        total += size[m, 0]
    for r in range(n_regions):
        sales = 0.0
        for m in range(n_markets):
            share[m, r] = share0[r, m]
            sales += share0[r, m] * size[m, 0]
        state[CAPABILITY, r] = 1.0
        state[LOG_COST, r] = 0.0
        state[EXPERIENCE_NOW, r] = sales * symbols[EXPERIENCE]
        state[SALES_REAL, r] = sales * is_open
        state[WORLD_SHARE, r] = sales / total
        state[WORLD_SHARE0, r] = sales / total
        state[LOG_LEAD, r] = 0.0
        state[PACE, r] = 1.0
        alive = 1.0 if sales > 0.0 else 0.0
        spends = alive if rivals[r, 0] > 0.0 else 0.0
        state[ALIVE, r] = alive
        state[SPENDS, r] = spends
        state[STEP, r] = 1.0 + rivals[r, 2]
        state[REACTS, r] = rivals[r, 1] / rivals[r, 0] if spends > 0.0 else 0.0
        spend[0, r] = 1.0


@inlined
def invest(t, state, spend, symbols, reinvest, before):
    """Rivals' and home's own spending of year ``t`` relative to trend (equations 4 and 5).

    ``I0(revenue)`` everywhere, and what rivals add to answer ``before``, home's public money of
    the year before relative to trend.
    """
    iota = symbols[IOTA]
    for r in range(state.shape[1]):
        state[PACE, r] *= state[STEP, r]
        own = state[PACE, r] * reinvest * exp(iota * state[LOG_LEAD, r])
        own += state[REACTS, r] * before
        spend[t, r] = state[SPENDS, r] * own + (1.0 - state[SPENDS, r])


@inlined
def invest_home(t, state, spend, symbols, cross, own0, home, lever, public, terms, trend, gift):
    """Add policy to home's spending: ``I = I0(revenue) + φ(1−w)(1+ℓ)G`` (equation 4).

    Of public money the part that seeking it uses up and the fixed cost of covering the scope build
    nothing. Levies and a credible commitment raise firms' own spending; ``gift`` is what spending
    in linked segments does here, at nobody's cost. Returns real policy-induced spending at home.
    """
    if state[SPENDS, home] == 0.0:
        return 0.0
    own, money = spend[t, home], 0.0
    if public[t] > 0.0:
        fixed = terms[FIXED] * (1.0 - min(1.0, lever[LEVER_CONSOLIDATION, t]))
        building = max(0.0, public[t] * (1.0 - cross[CAPTURE]) - fixed)
        ell = terms[LEVERAGE] * terms[CREDIBLE]
        drawn = leverage(ell, building, own0, cross[LEVERAGE_DECAY])
        money = (1.0 - terms[WINDFALL]) * (1.0 + drawn) * building
    forced = lever[LEVER_PRIVATE_INVESTMENT, t]
    forced += cross[VISION] * terms[CREDIBLE] * lever[LEVER_COMMITMENT, t]
    spend[t, home] = own + symbols[PHI] * (money + gift) / (own0 * trend) + forced * own
    return money + forced * own * own0 * trend


@inlined
def build_capability(t, state, spend, symbols):
    """``K[t] = ((1−δ)K[t−1] + (δ+g)I[t−lag]) / (1+g)`` in hats around the common trend."""
    keep = (1.0 - symbols[DELTA]) / (1.0 + symbols[GROWTH])
    add = (symbols[DELTA] + symbols[GROWTH]) / (1.0 + symbols[GROWTH])
    source = max(0, t - int(symbols[LAG] + 0.5))
    for r in range(state.shape[1]):
        state[CAPABILITY, r] = keep * state[CAPABILITY, r] + add * spend[source, r]


@inlined
def learn(state, symbols, base, faster, kappa, home, shown, skill, partner, leak):
    """Wright's law on own experience plus what leaks from others (equation 2).

    ``base`` is Wright's exponent without policy, ``faster`` what policy adds to home's; ``shown``
    by which part more (or less) of home's experience leaks, ``leak`` the part of it that a partner
    gets besides.
    """
    n_regions = state.shape[1]
    from_home = kappa * hidden(symbols, skill) * max(0.0, 1.0 + shown)
    old_total, new_total = 0.0, 0.0
    for r in range(n_regions):
        old_total += state[EXPERIENCE_NOW, r]
        new_total += state[EXPERIENCE_NOW, r] + state[SALES_REAL, r]
    old_home = state[EXPERIENCE_NOW, home]
    new_home = old_home + state[SALES_REAL, home]
    alone = 1.0 - kappa
    leaks_old = kappa * (old_total - old_home) + from_home * old_home
    leaks_new = kappa * (new_total - new_home) + from_home * new_home
    spared = 1e-300  # a region that neither has nor gains experience keeps its cost
    ratio_home = alone * new_home + kappa * new_total + spared
    ratio_home /= alone * old_home + kappa * old_total + spared
    ratio_partner = 1.0
    if partner >= 0:
        besides = min(1.0, from_home + leak) - from_home
        old = state[EXPERIENCE_NOW, partner]
        new = old + state[SALES_REAL, partner]
        ratio_partner = alone * new + leaks_new + besides * new_home + spared
        ratio_partner /= alone * old + leaks_old + besides * old_home + spared
    for r in range(n_regions):
        old = state[EXPERIENCE_NOW, r]
        new = old + state[SALES_REAL, r]
        state[SOLD, r] = (alone * new + leaks_new + spared) / (alone * old + leaks_old + spared)
        state[EXPERIENCE_NOW, r] = new
    state[SOLD, home] = ratio_home
    if partner >= 0:
        state[SOLD, partner] = ratio_partner
    for r in range(n_regions):
        state[SOLD, r] = log(state[SOLD, r])
    for r in range(n_regions):
        state[LOG_COST, r] -= base * state[SOLD, r]
    state[LOG_COST, home] -= faster * state[SOLD, home]


@inlined
def attraction(state, symbols, epsilon, home, home_extra, partner, partner_extra):
    """Weight of every region in every market: ``K^α N^ν (c·e)^(−ε)`` (equation 1).

    ``home_extra`` and ``partner_extra`` add to the logarithm.
    """
    alpha, nu = symbols[ALPHA], symbols[NU]
    for r in range(state.shape[1]):
        own = alpha * log(state[CAPABILITY, r]) + nu * state[LOG_LEAD, r]
        state[WEIGHT, r] = own - epsilon * state[LOG_COST, r]
    state[WEIGHT, home] += home_extra
    if partner >= 0:
        state[WEIGHT, partner] += partner_extra
    for r in range(state.shape[1]):
        state[WEIGHT, r] = state[ALIVE, r] * exp(state[WEIGHT, r])
        state[CHEAPER, r] = exp(-state[LOG_COST, r])


@summed
def weigh(share, state, unit):
    """``Σ_r S0·A`` by market."""
    for m in range(share.shape[0]):
        total = 0.0
        for r in range(share.shape[1]):
            total += share[m, r] * state[WEIGHT, r]
        unit[m] = total


@inlined
def sell(t, state, share, size, home, home_market, barrier, reach, unit, bought, is_open, sales):
    """Shares in hat form and sales by market; returns ``Σ S0·A`` of the home market.

    ``barrier`` is the factor (1+τ)^(−ε) on rivals in the home market, ``reach[m, t]`` the same on
    home in market m; ``unit`` is work space (M). What the state buys is revenue and experience,
    never counted in ``sales``.
    """
    n_markets, n_regions = share.shape
    weigh(share, state, unit)
    index, potential, all_home = 1.0, 0.0, 0.0
    for m in range(n_markets):
        rise = barrier if m == home_market else 1.0
        own = share[m, home] * state[WEIGHT, home]
        reached = own * reach[m, t]
        den = (unit[m] - own) * rise + reached
        price = size[m, t] / den
        sales[m, t] = reached * price * is_open
        all_home += reached * price
        unit[m] = price * rise
        potential += size[m, t]
        if m == home_market and is_open > 0.0:
            index = den
    for r in range(n_regions):
        state[SOLD, r] = share[0, r] * unit[0]
    for m in range(1, n_markets):
        for r in range(n_regions):
            state[SOLD, r] += share[m, r] * unit[m]
    for r in range(n_regions):
        state[SOLD, r] *= state[WEIGHT, r]
    state[SOLD, home] = all_home
    for r in range(n_regions):
        here = state[SOLD, r] / potential
        state[WORLD_SHARE, r] = here
        alive = state[ALIVE, r]
        ratio = alive * here / (state[WORLD_SHARE0, r] + 1.0 - alive) + 1.0 - alive
        state[LOG_LEAD, r] = log(ratio)
        state[SALES_REAL, r] = is_open * state[SOLD, r] * state[CHEAPER, r]
    if bought != 0.0:
        state[SALES_REAL, home] += is_open * bought * state[CHEAPER, home]
    return index


@inlined
def born(symbols, lever, t, first_year):
    """Whether a market not yet born in the base year is open in year ``t``."""
    return first_year + t - 1 >= symbols[BIRTH] - lever[LEVER_BIRTH, t]


@borrowed
def trade_factors(first, start, season, lever, cross, target, home_market, shut, closed, tax, plan,
                  reach):  # fmt: skip
    """Fill trade-cost factors of the years from ``first`` on (equation 1, τ̂).

    ``plan[RISE]`` becomes the factor (1+τ)^(−ε) on rivals in the home market, ``reach`` (M, T1) the
    same on home abroad. ``closed[m]`` is the year from which market m is closed to home by a border
    event, ``tax[m]`` the trade cost it then adds; ``shut`` the market that retaliates once the
    line has started. Years lie side by side, so that the loops compile to vectors.
    """
    years = reach.shape[1]
    eased = 0.0
    for t in range(first, years):
        plan[MINUS_EPSILON, t] = -season[t, EPSILON_T]
    for t in range(first, years):
        dearer = 1.0 + lever[LEVER_BARRIER, t] + lever[LEVER_DUTY, t]
        plan[RISE, t] = exp(plan[MINUS_EPSILON, t] * log(dearer))
    for t in range(first, years):
        plan[EASED, t] = log(1.0 - min(0.9, max(0.0, lever[LEVER_ACCESS, t])))
    for t in range(first, years):
        eased += plan[EASED, t]
    for m in range(reach.shape[0]):
        wanted = 1.0 if target[m] > 0.0 and m != home_market else 0.0
        ends = closed[m]
        if wanted * eased == 0.0 and ends >= years and m != shut:
            for t in range(first, years):
                reach[m, t] = 1.0
            continue
        added = log(1.0 + tax[m]) if ends < years else 0.0
        answer = log(1.0 + cross[RETALIATION_TARIFF]) if m == shut else 0.0
        for t in range(first, years):
            cost = wanted * plan[EASED, t]
            cost += added if t >= ends else 0.0
            reach[m, t] = cost + (answer if t > start else 0.0)
        for t in range(first, years):
            reach[m, t] = exp(plan[MINUS_EPSILON, t] * reach[m, t])


@inlined
def taught(symbols, lever, t, sales, staff):
    """Part of the craft skill that is handed on, and the craft workers who teach it.

    All of it needs ``trainers`` workers per unit of home sales: with fewer at hand, or none, the
    lever does not bite, however much money stands behind it. Training abroad or of newcomers
    (lever ``trainers``) adds to those at hand.
    """
    wish = min(1.0, max(0.0, lever[LEVER_HANDOVER, t]))
    needed = symbols[TRAINERS] * sales * wish
    if needed <= 0.0:
        return wish, 0.0
    found = min(1.0, staff / needed + lever[LEVER_TRAINERS, t])
    return wish * found, min(needed * found, staff)


@inlined
def hand_on(symbols, skill, kept):
    """Craft skill of the next year: decays unless handed on."""
    return skill * (1.0 - symbols[CRAFT_DECAY] * (1.0 - kept))
