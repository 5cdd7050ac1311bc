"""The arrays in which the kernel reads a case: one named tuple, filled once per set of draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# rows of Scratch.money and places in Scratch.terms
TO_CAPABILITY, PURCHASES, STATE_COST, RUNNING, AFTER_END, TAKEN_BACK = range(6)
N_MONEY = 6
(
    WINDFALL,
    LEVERAGE,
    FIRMS,
    ODDS,
    FIXED,  # fixed cost of covering the scope, money a year
    CREDIBLE,  # part of commitment and leverage left where the plan can be withdrawn
    START,
    END,  # first year after the planned spending
    LEAD,  # home's log lead when the line began, against which it is reviewed
    STOPPED,  # 1 once a review has ended the line
    PARTS,  # tranches
    TAKE,  # part taken back on failure
    SHUT,  # market that retaliates, −1 none
) = range(13)
N_LINE_TERMS = 13
# columns of World.rules
TRANCHES, CLAWBACK, SUNSET, WITHDRAWABLE = range(4)
NEVER = 1_000_000
# Lines.kind
NOTHING, LINE, CREDIT = range(3)


class World(NamedTuple):
    """Everything a line needs to be played in every future.

    Axes: S segments, A = 2·S arenas (whole segment, niche), F futures, R competitor regions,
    M markets, T1 = years + 1 (index 0 is the base year), I instruments, B pairs of segment and
    partner, J products, D dependents (= R).
    """

    symbols: F8  # (A, F, N_SYMBOLS) those of niches relative to the whole are 1 in the whole
    cross: F8  # (F, N_GLOBALS)
    season: F8  # (S, F, T1, N_SEASON) what depends on the year alone
    size: F8  # (A, F, M, T1) market size before the market is born counts as potential
    share0: F8  # (A, F, R, M) base shares, columns sum to one
    rivals: F8  # (A, F, R, 3) spending, reaction, growth
    effect: F8  # (I, F, N_LEVERS)
    money: F8  # (I, F, 3) windfall, leverage, retaliation
    delay: I8  # (I,)
    duration: I8  # (I,)
    money_share: F8  # (I,)
    firm_cost: F8  # (I,)
    packages: I8  # (P, K) rows of instruments, −1 where empty
    rules: F8  # (P, 4) tranches, clawback, sunset, whether it can be withdrawn
    late: I8  # (S, F) years for which spending goes on after its planned end, without a sunset
    boost: F8  # (B, F, 2) log gain of home and of the partner when tasks are pooled
    pair: I8  # (S, R) row of boost, −1 where none
    deal: F8  # (B, F, N_TERMS) terms of the partnership
    gone: I8  # (B, F) year (index) from which the partner is unavailable
    closed: I8  # (S, F, M) year (index) from which a market is closed to home
    tax: F8  # (S, F, M) trade cost on home there from then on
    target: F8  # (G, M) 1 where a market group holds the market
    luck: F8  # (S, F) uniform draw against the odds of retaliation
    unborn: I8  # (S,)
    recipe_value: F8  # (S, 2) own value added and suppliers' per unit of home sales
    digital: F8  # (S,)
    product: I8  # (S, 3) rows of the product arrays, −1 where none
    world_share0: F8  # (J, R) supply share by region
    cover: F8  # (J, D) share of its use a dependent makes itself
    origin: I8  # (J,) row of the next two where origins of home's use are given, −1 where none
    bought: F8  # (N, F, R) part of what home does not make itself, by holder
    made: F8  # (N, F) part of home's use that it makes itself
    cushion: F8  # (J, F) stock over the time plus others' spare supply, share of use
    loss: F8  # (J, D) lost value added per unit of shortage, share of the dependent's GDP
    holder_cost: F8  # (J,) holder's own loss if it withholds all it sells, share of its GDP
    reliance: F8  # (R,)
    withhold: F8  # (F, R)
    discount: F8  # (3, T1)
    forward: F8  # (S,) part of home's use of the segment's sector that firms buy
    gdp: F8  # (R,) GDP in money of the case
    spill_start: I8  # (S + 1,) where the links of a segment begin in the next four
    spill_to: I8  # (N,)
    spill_kind: I8  # (N,) 0 technology and capability, 1 dual use
    spill: F8  # (N, F) part of capability spending that works there too, circles included
    shared: F8  # (S, F) part of capability spending that works in some named segment
    base_sales: F8  # (A, F, M, T1) home sales without policy
    base_index: F8  # (A, F, T1) log price index of the home market without policy
    base_power: F8  # (S, 3, F, 3) indispensability, exposure, loss in the last year without policy
    base_profit: F8  # (A, F, R) margin on each region's discounted sales without policy
    response: F8  # (S, F, 4, T1) value added and welfare (three rates) a unit of spending gives
    link: F8  # (S, S) cost of row segment saved per log fall of column segment's home price
    pool: F8  # (4, T1) workers by skill that can be moved
    home: int
    home_market: int
    first_year: int
    spend_years: int


class Lines(NamedTuple):
    """Lines as integers and intensities; one row a line (L)."""

    segment: I8
    niche: I8  # 0 whole, 1 niche
    partner: I8  # competitor region, −1 none
    group: I8  # market group
    package: I8
    start: I8  # index of the first year of spending (1 = first simulated year)
    intensity: F8
    kind: I8  # 0 nothing, 1 line, 2 horizontal credit


class Scene(NamedTuple):
    """One arena in one future, as slices of the World."""

    symbols: F8  # (N_SYMBOLS,)
    cross: F8  # (N_GLOBALS,)
    season: F8  # (T1, N_SEASON)
    size: F8  # (M, T1)
    share0: F8  # (R, M)
    rivals: F8  # (R, 3)
    target: F8  # (M,)
    discount: F8  # (T1,) main rate
    closed: I8  # (M,)
    tax: F8  # (M,)
    staff: F8  # (T1,) craft workers who could teach
    leak: float  # leakage relative to the whole segment
    base: float  # Wright's exponent without policy
    slide: float  # log real exchange rate a year
    home: int
    home_market: int
    first_year: int
    unborn: int


class Scratch(NamedTuple):
    """Work arrays of one thread, allocated once and reused for every line and future."""

    lever: F8  # (N_LEVERS, T1)
    money: F8  # (N_MONEY, T1) on capability, purchases, the state's cost, running the package,
    # after the planned end, taken back
    terms: F8  # (N_LINE_TERMS,) what holds for the line as a whole
    deal: F8  # (N_TERMS,) terms of the partnership, neutral when played alone
    gone: I8  # (1,) year from which the partner is unavailable
    gain: F8  # (2,) log gain of home and partner from pooling
    state: F8  # (N_STATE, R)
    spend: F8  # (T1, R)
    share: F8  # (M, R) base shares, regions side by side
    reach: F8  # (M, T1) trade-cost factor on home
    plan: F8  # (N_PLAN, T1) what levers and terms come to in a year (path.py)
    unit: F8  # (M,)
    sales: F8  # (M, T1) home sales
    price: F8  # (T1,) log Σ S0·A of the home market
    induced: F8  # (T1,)
    teach: F8  # (T1,) craft workers who hand on skill
    earned: F8  # (R,) margin on the discounted sales of each region
    pieces: F8  # (N_PIECES,) one year's value by kind
    wage: F8  # (T1,) rise of home cost by wages, share of sales (joint play; else zero)
