"""Small worlds written out in arrays, for tests of the kernel alone."""

import numpy as np

from kachisuji.contest import symbols as sym
from kachisuji.contest.build import symbols_by_scope
from kachisuji.contest.kernel import look, play, play_baseline, play_lines, scratch
from kachisuji.contest.lifecycle import N_SEASON, seasons
from kachisuji.contest.world import NEVER, Lines, World

DEFAULTS = {
    sym.EPSILON: 4.0,
    sym.ALPHA: 0.5,
    sym.IOTA: 0.5,
    sym.DELTA: 0.15,
    sym.PHI: 0.8,
    sym.LAG: 1.0,
    sym.GROWTH: 0.03,
    sym.LEARNING_RATE: 0.15,
    sym.KAPPA: 0.3,
    sym.EXPERIENCE: 8.0,
    sym.MARGIN: 0.1,
    sym.ADOPTION: 0.3,
    sym.ADOPTION_SPEED: 0.2,
    sym.BIRTH: 2020.0,
    sym.CRAFT: 0.2,
    sym.CRAFT_DECAY: 0.02,
    sym.SCALE: 1.0,
    sym.CAPITAL: 1.0,
    sym.FINAL_SHARE: 0.9,
    sym.FOREIGN_OWNED: 0.1,
    sym.OFFSHORE: 0.2,
    sym.NICHE_SHARE: 0.3,
    sym.NICHE_EDGE: 2.0,
    sym.USER_GAIN: 0.5,
    sym.KNOWLEDGE: 0.2,
    sym.LABOUR_RESEARCHER: 5.0,
    sym.LABOUR_DIGITAL: 3.0,
    sym.LABOUR_CRAFT: 8.0,
    sym.LABOUR_GENERAL: 12.0,
    sym.PRODUCTIVITY: 0.01,
    sym.NICHE_LEAK: 1.0,
    sym.NICHE_FIXED: 1.0,
    sym.NICHE_RIVALS: 1.0,
    sym.NICHE_CLOSENESS: 1.0,
    sym.NICHE_MARGIN: 1.0,
    sym.NICHE_LEARNING: 1.0,
}
CROSS = {
    sym.PUBLIC_FUNDS: 0.2,
    sym.INTEREST: 0.04,
    sym.CAPITAL_DECAY: 0.08,
    sym.EXCHANGE: 1.0,
    sym.WAGE_RESPONSE: 0.3,
    sym.EXCHANGE_RESPONSE: 0.2,
    sym.WAGE_RESEARCHER: 0.011,
    sym.WAGE_DIGITAL: 0.010,
    sym.WAGE_CRAFT: 0.008,
    sym.WAGE_GENERAL: 0.006,
    sym.RETALIATION_TARIFF: 0.2,
    sym.LEVERAGE_DECAY: 1.0,
    sym.NICHE_REACTION: 0.5,
    sym.CREDIT_ADDITIONALITY: 1.0,
    sym.CREDIT_RETURN: 0.4,
    sym.CREDIT_DECAY: 0.15,
    sym.CREDIT_LABOUR: 40.0,
    sym.SPILLOVER_RENT: 0.1,
    sym.ADMINISTRATION: 0.02,
    sym.ENTRY_CONCENTRATION: 20.0,
    sym.RESEARCH_PART: 0.4,
    sym.EXPORTS_BASE: 100_000.0,
    sym.OUTER_ELASTICITY: 1.01,
}


def make_world(
    shares, *, years=15, size=100.0, futures=1, symbols=None, cross=None, spending=10.0,
    reaction=0.0, growth=0.0, effect=None, windfall=0.0, leverage=0.0, retaliation=0.0,
    money_share=1.0, spend_years=8, boost=None, luck=1.0, unborn=0, market_growth=0.0,
    terms=None, rules=(1.0, 0.0, 0.0, 0.0), late=0, gone=NEVER,
):  # fmt: skip
    """One segment (both arenas alike); ``shares`` is (R, M), home is region 0 and market 0."""
    s0 = np.asarray(shares, dtype=float)
    n_r, n_m = s0.shape
    p = np.zeros((1, futures, sym.N_SYMBOLS))
    for k, v in {**DEFAULTS, **(symbols or {})}.items():
        p[0, :, k] = v
    g = np.zeros((futures, sym.N_GLOBALS))
    for k, v in {**CROSS, **(cross or {})}.items():
        g[:, k] = v
    t1 = years + 1
    trend = (1.0 + market_growth) ** np.arange(t1)
    market = np.broadcast_to(np.asarray(size, float), (n_m,))[:, None] * trend
    rivals = np.zeros((2, futures, n_r, 3))
    rivals[..., 0] = spending
    rivals[:, :, 1:, 1] = reaction
    rivals[..., 2] = growth
    levers = np.zeros((1, futures, sym.N_LEVERS))
    for k, v in (effect or {}).items():
        levers[0, :, k] = v
    money = np.zeros((1, futures, 3))
    money[...] = (windfall, leverage, retaliation)
    both = np.zeros((1, futures, 2))
    if boost is not None:
        both[:] = boost
    season = np.empty((1, futures, t1, N_SEASON))
    seasons(p, g, np.broadcast_to(market.sum(axis=0), (1, futures, t1)).copy(), season)
    deal = np.zeros((1, futures, sym.N_TERMS))
    for k, v in {sym.USABLE: 1.0, sym.TRUST: 1.0, **(terms or {})}.items():
        deal[:, :, k] = v
    return World(
        symbols=symbols_by_scope(p),
        cross=g,
        season=season,
        size=np.broadcast_to(market, (2, futures, n_m, t1)).copy(),
        share0=np.broadcast_to(s0, (2, futures, n_r, n_m)).copy(),
        rivals=rivals,
        effect=levers,
        money=money,
        delay=np.array([1]),
        duration=np.array([10]),
        money_share=np.array([float(money_share)]),
        firm_cost=np.array([0.0]),
        packages=np.array([[0]]),
        rules=np.array([rules], dtype=float),
        late=np.full((1, futures), late),
        boost=both,
        deal=deal,
        gone=np.full((1, futures), gone),
        closed=np.full((1, futures, n_m), NEVER),
        tax=np.zeros((1, futures, n_m)),
        pair=np.zeros((1, n_r), dtype=np.int64),
        target=np.ones((1, n_m)),
        luck=np.full((1, futures), luck),
        unborn=np.array([unborn]),
        recipe_value=np.array([[0.4, 0.3]]),
        digital=np.array([0.5]),
        product=np.array([[0, -1, -1]]),
        world_share0=(s0.mean(axis=1) / s0.mean(axis=1).sum())[None, :],
        cover=np.full((1, n_r), 0.1),
        origin=np.array([-1]),
        bought=np.zeros((0, futures, n_r)),
        made=np.zeros((0, futures)),
        cushion=np.full((1, futures), 0.05),
        loss=np.full((1, n_r), 0.02),
        holder_cost=np.array([0.0005]),
        reliance=np.array([0.0] + [1.0] * (n_r - 1)),
        withhold=np.array([[0.0] + [0.05] * (n_r - 1)] * futures),
        discount=(1 + np.array([[0.04], [0.01], [0.02]])) ** -np.arange(t1)[None, :].astype(float),
        forward=np.array([0.4]),
        gdp=np.full(n_r, 1e5),
        base_sales=np.zeros((2, futures, n_m, t1)),
        base_index=np.zeros((2, futures, t1)),
        base_power=np.zeros((1, 3, futures, 3)),
        base_profit=np.zeros((2, futures, n_r)),
        spill_start=np.zeros(2, dtype=np.int64),
        spill_to=np.zeros(0, dtype=np.int64),
        spill_kind=np.zeros(0, dtype=np.int64),
        spill=np.zeros((0, futures)),
        shared=np.zeros((1, futures)),
        response=np.zeros((0, futures, 4, t1)),
        link=np.zeros((1, 1)),
        pool=np.full((4, t1), 1e5),
        home=0,
        home_market=0,
        first_year=2026,
        spend_years=spend_years,
    )


def make_lines(*, intensity=1.0, start=1, partner=-1, niche=0, kind=1, n=1):
    def whole(v):
        return np.full(n, v, dtype=np.int64)

    return Lines(
        whole(0), whole(niche), whole(partner), whole(0), whole(0), whole(start),
        np.full(n, float(intensity)), whole(kind),
    )  # fmt: skip


def outcomes(world, lines):
    """Scalars by name (L, F) and paths by name (L, F, T)."""
    a, f, _, t1 = world.size.shape
    for arena in range(a):
        play_baseline(world, arena)
    n = lines.segment.size
    scalars = np.zeros((n, f, len(sym.SCALARS)))
    paths = np.zeros((n, f, t1 - 1, len(sym.PATHS)), dtype=np.float32)
    play_lines(world, lines, 0, n, scalars, paths)
    return (
        {k: scalars[:, :, i] for i, k in enumerate(sym.SCALARS)},
        {k: paths[:, :, :, i] for i, k in enumerate(sym.PATHS)},
    )


def baseline(world):
    w = scratch(world)
    play(look(world, 0, 0, 0), w, -1, -1, 0)
    return w
