"""One segment, one future, year by year: shares, learning, capability, reactions.

Pure numba kernels. Equations 1 to 7 of the model page (docs/contest.md); symbols in
docs/notation.md. ``t = 0`` is the base year, in which every hat is one and observed shares come
out exactly.
"""

from __future__ import annotations

import math

from kachisuji.contest.compiled import compiled
from kachisuji.contest.symbols import (
    ADOPTION,
    ADOPTION_SPEED,
    ALPHA,
    BIRTH,
    CRAFT,
    CRAFT_DECAY,
    DELTA,
    EPSILON,
    EXCHANGE,
    EXPERIENCE,
    GROWTH,
    IOTA,
    KAPPA,
    LAG,
    LEARNING_RATE,
    LEVER_ACCESS,
    LEVER_BARRIER,
    LEVER_BIRTH,
    LEVER_HANDOVER,
    LEVER_KAPPA,
    LEVER_LEARNING_RATE,
    LEVER_POOLING,
    LEVER_PRIVATE_INVESTMENT,
    LEVER_QUALITY,
    LEVER_STANDARDS,
    LEVERAGE_DECAY,
    MARGIN,
    NU,
    PHI,
    PRODUCTIVITY,
    RETALIATION_TARIFF,
    SATURATION_ADOPTION_EPSILON,
    SATURATION_ADOPTION_KAPPA,
    SATURATION_MARGIN,
)

# rows of the state array (each R long); LOG_LEAD is ln of world share over its base, PACE how far a
# region's own spending has run ahead of the common trend
(
    CAPABILITY,
    LOG_COST,
    EXPERIENCE_NOW,
    SALES_REAL,
    WORLD_SHARE,
    WORLD_SHARE0,
    LOG_LEAD,
    PACE,
) = range(8)
N_STATE = 8
# columns of a season: what depends on the year alone
EPSILON_T, KAPPA_T, MARGIN_T, FEWER, TREND = range(5)
N_SEASON = 5


@compiled
def adoption(start, speed, t):
    """Logistic adoption: level after ``t`` years from ``start`` (share of saturation)."""
    odds = start / (1.0 - start) * math.exp(speed * t)
    return odds / (1.0 + odds)


@compiled
def fill_seasons(symbols, cross, season):
    """Fill what ripens or grows with time alone (equation 7), (T1, N_SEASON).

    ε rises and κ rises to at most one as adoption gains on the base year, the margin falls; labour
    per unit falls with productivity; spending grows with the common trend.
    """
    start = symbols[ADOPTION]
    for t in range(season.shape[0]):
        ripe = adoption(start, symbols[ADOPTION_SPEED], t) - start
        season[t, EPSILON_T] = symbols[EPSILON] * (1.0 + cross[SATURATION_ADOPTION_EPSILON] * ripe)
        kappa = symbols[KAPPA] * (1.0 + cross[SATURATION_ADOPTION_KAPPA] * ripe)
        season[t, KAPPA_T] = min(1.0, kappa)
        season[t, MARGIN_T] = symbols[MARGIN] * (1.0 - cross[SATURATION_MARGIN] * ripe)
        season[t, FEWER] = (1.0 + symbols[PRODUCTIVITY]) ** (-t)
        season[t, TREND] = (1.0 + symbols[GROWTH]) ** t


@compiled
def leverage(ell, public, own, decay):
    """Private spending per unit of public money, falling in G/I0 (equation 4)."""
    return ell / (1.0 + decay * public / own)


@compiled
def hidden(symbols, skill):
    """How much of home's experience craft skill keeps from leaking (equation 2)."""
    return 1.0 - symbols[CRAFT] * skill


@compiled
def begin(state, spend, symbols, share0, size, is_open):
    """Set the base year: hats at one, experience in years of base sales."""
    n_regions, n_markets = share0.shape
    total = 0.0
    for m in range(n_markets):
        total += size[m, 0]
    for r in range(n_regions):
        sales = 0.0
        for m in range(n_markets):
            sales += share0[r, m] * size[m, 0]
        state[CAPABILITY, r] = 1.0
        state[LOG_COST, r] = 0.0
        state[EXPERIENCE_NOW, r] = sales * symbols[EXPERIENCE]
        state[SALES_REAL, r] = sales * is_open
        state[WORLD_SHARE, r] = sales / total
        state[WORLD_SHARE0, r] = sales / total
        state[LOG_LEAD, r] = 0.0
        state[PACE, r] = 1.0
        spend[0, r] = 1.0


@compiled
def invest(t, state, spend, symbols, cross, rivals, home, lever, public, windfall, ell, trend):
    """Capability spending of year ``t`` relative to trend, and the policy-induced part in money.

    Equations 4 and 5: ``I = I0(revenue) + φ(1−w)(1+ℓ)G`` at home,
    ``I_q = I0_q(revenue) + β_q·G[t−1]`` abroad. Returns real policy-induced spending at home.
    """
    induced = 0.0
    before = public[t - 1] / trend
    for r in range(rivals.shape[0]):
        if state[WORLD_SHARE0, r] <= 0.0 or rivals[r, 0] <= 0.0:
            spend[t, r] = 1.0
            continue
        state[PACE, r] *= 1.0 + rivals[r, 2]
        own = state[PACE, r] * math.exp(symbols[IOTA] * state[LOG_LEAD, r])
        if r == home:
            drawn = leverage(ell, public[t], rivals[r, 0], cross[LEVERAGE_DECAY])
            money = (1.0 - windfall) * (1.0 + drawn) * public[t]
            forced = lever[LEVER_PRIVATE_INVESTMENT, t] * own
            spend[t, r] = own + symbols[PHI] * money / (rivals[r, 0] * trend) + forced
            induced = money + forced * rivals[r, 0] * trend
        else:
            spend[t, r] = own + rivals[r, 1] * before / rivals[r, 0]
    return induced


@compiled
def build_capability(t, state, spend, symbols):
    """``K[t] = ((1−δ)K[t−1] + (δ+g)I[t−lag]) / (1+g)`` in hats around the common trend."""
    keep = (1.0 - symbols[DELTA]) / (1.0 + symbols[GROWTH])
    add = (symbols[DELTA] + symbols[GROWTH]) / (1.0 + symbols[GROWTH])
    source = max(0, t - int(symbols[LAG] + 0.5))
    for r in range(state.shape[1]):
        state[CAPABILITY, r] = keep * state[CAPABILITY, r] + add * spend[source, r]


@compiled
def learn(t, state, symbols, kappa, home, lever, skill):
    """Wright's law on own experience plus what leaks from others (equation 2)."""
    n_regions = state.shape[1]
    from_home = kappa * hidden(symbols, skill) * max(0.0, 1.0 + lever[LEVER_KAPPA, t])
    old_total, new_total = 0.0, 0.0
    for r in range(n_regions):
        old_total += state[EXPERIENCE_NOW, r]
        new_total += state[EXPERIENCE_NOW, r] + state[SALES_REAL, r]
    old_home = state[EXPERIENCE_NOW, home]
    new_home = old_home + state[SALES_REAL, home]
    base = -math.log2(1.0 - symbols[LEARNING_RATE])
    for r in range(n_regions):
        old = state[EXPERIENCE_NOW, r]
        new = old + state[SALES_REAL, r]
        b = base
        if r == home:
            rate = min(0.9, symbols[LEARNING_RATE] + lever[LEVER_LEARNING_RATE, t])
            b = -math.log2(1.0 - rate)
            eff_old = old + kappa * (old_total - old)
            eff_new = new + kappa * (new_total - new)
        else:
            eff_old = old + kappa * (old_total - old - old_home) + from_home * old_home
            eff_new = new + kappa * (new_total - new - new_home) + from_home * new_home
        if eff_old > 0.0:
            state[LOG_COST, r] -= b * math.log(eff_new / eff_old)
        state[EXPERIENCE_NOW, r] = new


@compiled
def attraction(t, state, symbols, home, lever, skill, partner, gain, cost_home, epsilon, weight):
    """Log weight of every region in every market: ``α ln K + ν ln N − ε ln(c·e)`` (equation 1)."""
    pooled = lever[LEVER_POOLING, t]
    common = lever[LEVER_STANDARDS, t]
    for r in range(state.shape[1]):
        if state[WORLD_SHARE0, r] <= 0.0:
            weight[r] = 0.0
            continue
        log_k, lead = math.log(state[CAPABILITY, r]), state[LOG_LEAD, r]
        log_c, extra = state[LOG_COST, r], 0.0
        if r == home:
            log_c += cost_home
            extra = symbols[ALPHA] * symbols[CRAFT] * math.log(skill) + lever[LEVER_QUALITY, t]
        if partner >= 0 and r in (home, partner):
            other = partner if r == home else home
            log_k += pooled * gain[0 if r == home else 1]
            lead += math.log1p(common * state[WORLD_SHARE, other] / state[WORLD_SHARE, r])
        weight[r] = math.exp(symbols[ALPHA] * log_k + symbols[NU] * lead - epsilon * log_c + extra)


@compiled
def sell(
    t, state, share0, size, weight, home, home_market, barrier, reach, unit, bought, is_open, sales
):
    """Shares in hat form and sales by market; returns ``ln Σ S0·A`` of the home market.

    ``barrier`` is the factor (1+τ)^(−ε) on rivals in the home market, ``reach[m]`` the same on
    home in market m; ``unit`` is work space (M). What the state buys is revenue and experience,
    never counted in ``sales``.
    """
    n_regions, n_markets = share0.shape
    unit[:] = 0.0
    for r in range(n_regions):
        for m in range(n_markets):
            unit[m] += share0[r, m] * weight[r]
    home_index, potential, all_home = 0.0, 0.0, 0.0
    for m in range(n_markets):
        rise = barrier if m == home_market else 1.0
        own = share0[home, m] * weight[home]
        den = (unit[m] - own) * rise + own * reach[m]
        unit[m] = size[m, t] / den
        sales[m, t] = own * reach[m] * unit[m] * is_open
        all_home += own * reach[m] * unit[m]
        unit[m] *= rise
        potential += size[m, t]
        if m == home_market:
            home_index = is_open * math.log(den)
    for r in range(n_regions):
        sold = 0.0
        for m in range(n_markets):
            sold += share0[r, m] * unit[m]
        sold = all_home if r == home else sold * weight[r]
        total = sold + (bought if r == home else 0.0)
        state[SALES_REAL, r] = is_open * total * math.exp(-state[LOG_COST, r])
        state[WORLD_SHARE, r] = sold / potential
        if state[WORLD_SHARE0, r] > 0.0:
            state[LOG_LEAD, r] = math.log(sold / potential / state[WORLD_SHARE0, r])
    return home_index


@compiled
def born(symbols, lever, t, first_year):
    """Whether a market not yet born in the base year is open in year ``t``."""
    return first_year + t - 1 >= symbols[BIRTH] - lever[LEVER_BIRTH, t]


@compiled
def trade_factors(epsilon, lever, t, cross, target, home_market, shut_market, reach):
    """Trade-cost factors of the year (equation 1, τ̂); returns the factor on rivals at home."""
    opened = lever[LEVER_ACCESS, t]
    factor = (1.0 - min(0.9, opened)) ** (-epsilon) if opened > 0.0 else 1.0
    for m in range(reach.size):
        reach[m] = factor if target[m] > 0.0 and m != home_market else 1.0
    if shut_market >= 0:
        reach[shut_market] *= (1.0 + cross[RETALIATION_TARIFF]) ** (-epsilon)
    if lever[LEVER_BARRIER, t] == 0.0:
        return 1.0
    return (1.0 + lever[LEVER_BARRIER, t]) ** (-epsilon)


@compiled
def exchange_path(cross, t, years):
    """Log real exchange rate of home: from zero in the base year, even steps to the horizon."""
    return math.log(cross[EXCHANGE]) * t / years


@compiled
def hand_on(symbols, skill, lever, t):
    """Craft skill of the next year: decays unless handed on."""
    kept = min(1.0, max(0.0, lever[LEVER_HANDOVER, t]))
    return skill * (1.0 - symbols[CRAFT_DECAY] * (1.0 - kept))
