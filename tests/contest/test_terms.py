"""Every further term of the contest: its closed form, its direction, and its neutral value."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from worlds import make_lines, make_world, outcomes

from kachisuji.contest import symbols as sym
from kachisuji.contest.build import arenas, fewer_rivals
from kachisuji.contest.elementary import exp, log
from kachisuji.contest.kernel import look, play, scratch, set_levers
from kachisuji.contest.lifecycle import (
    FIRMS_T,
    MARGIN_T,
    REINVEST_T,
    STAGES,
    adoption,
    stage_codes,
)
from kachisuji.contest.ties import first_year_of
from kachisuji.contest.value import lerner
from kachisuji.contest.world import AFTER_END, NEVER, STATE_COST, STOPPED, TAKEN_BACK, TO_CAPABILITY

THREE = [[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]]


def run(line=None, **world):
    scalars, paths = outcomes(make_world(THREE, **world), line or make_lines())
    return {k: v[0, 0] for k, v in scalars.items()}, {k: v[0, 0] for k, v in paths.items()}


def played(world, start=1, intensity=1.0):
    w = scratch(world)
    set_levers(world, 0, 0, 0, start, intensity, w)
    play(look(world, 0, 0, 0), w, -1, -1, start)
    return w


@given(st.floats(-690, 690), st.floats(1e-300, 1e300))
def test_elementary_functions_are_those_of_the_library(x, y):
    assert exp(x) == pytest.approx(np.exp(x), rel=5e-16)
    assert log(y) == pytest.approx(np.log(y), rel=5e-16, abs=2e-16)


# --- life cycle


@given(st.floats(0.01, 0.9), st.floats(0.05, 0.8), st.floats(0.0, 0.1), st.floats(0.0, 25.0))
def test_adoption_solves_the_equation_of_bass(start, q, p, t):
    step = 1e-4
    level = adoption(start, q, p, t)
    slope = (adoption(start, q, p, t + step) - adoption(start, q, p, t - step)) / (2 * step)
    assert slope == pytest.approx((p + q * level) * (1 - level), rel=1e-5, abs=1e-9)
    assert adoption(start, q, p, 0.0) == pytest.approx(start, rel=1e-12)


def test_bass_peaks_where_bass_says():
    """Sales peak at F = ½ − p/(2q) (Bass 1969, equation 9)."""
    p, q = 0.02, 0.4
    level = np.array([adoption(0.005, q, p, t) for t in np.linspace(0, 25, 5001)])
    at = level[np.diff(level).argmax()]
    assert at == pytest.approx(0.5 - p / (2 * q), abs=2e-3)


def season_of(**kw):
    return make_world(THREE, **kw).season[0, 0]


def test_firms_follow_rents_up_and_then_leave():
    """Entry in a growing market, shake-out once adoption closes the room: one hump (Klepper)."""
    symbols = {
        sym.ENTRY_SPEED: 0.5,
        sym.EXIT_SPEED: 0.3,
        sym.ADOPTION: 0.1,
        sym.MARGIN_EROSION: 0.2,
    }
    symbols |= {sym.ADOPTION_SPEED: 0.3, sym.REINVESTMENT: 0.5}
    season = season_of(years=30, market_growth=0.1, symbols=symbols)
    firms = season[:, FIRMS_T]
    peak = firms.argmax()
    assert 2 < peak < 25
    assert (np.diff(firms[1 : peak + 1]) > 0).all()
    assert (np.diff(firms[peak:]) < 0).all()
    assert season[peak, MARGIN_T] < season[0, MARGIN_T]
    margin = season[:, MARGIN_T] / season[0, MARGIN_T]
    np.testing.assert_allclose(season[:, REINVEST_T], np.sqrt(margin), rtol=1e-12)
    assert {STAGES[c] for c in stage_codes(np.full(firms.shape, 0.5), firms)[1:]} == {
        "growth", "shakeout",
    }  # fmt: skip


def test_with_full_speed_firms_are_what_rents_carry():
    """Speeds of one: n[t+1] = X̂ (1 − a)/(1 − a₀), by hand."""
    symbols = {sym.ENTRY_SPEED: 1.0, sym.EXIT_SPEED: 1.0}
    season = season_of(market_growth=0.06, symbols=symbols)
    level = np.array([adoption(0.3, 0.2, 0.0, t) for t in range(15)])
    want = 1.06 ** np.arange(15) * (1 - level) / 0.7
    np.testing.assert_allclose(season[1:, FIRMS_T], want, rtol=1e-12)


def test_stages_by_adoption():
    level = np.array([0.05, 0.3, 0.5, 0.9])
    assert [STAGES[c] for c in stage_codes(level, np.ones(4))] == [
        "emergence", "growth", "growth", "maturity",
    ]  # fmt: skip
    assert STAGES[stage_codes(level, np.array([1.0, 1.2, 1.1, 1.0]))[2]] == "shakeout"


def test_reinvestment_of_a_falling_margin_makes_public_money_weigh_more():
    fall = {"cross": {sym.SATURATION_MARGIN: 0.5}}
    plain, _ = run(**fall)
    thin, _ = run(**fall, symbols={sym.REINVESTMENT: 1.0})
    assert thin["sales_last"] != plain["sales_last"]
    # with one margin for ever nothing depends on it
    same, _ = run(symbols={sym.REINVESTMENT: 1.0})
    none, _ = run()
    assert same == pytest.approx(none, rel=1e-12)


# --- craft


def test_handing_on_needs_someone_who_teaches():
    effect = {sym.LEVER_HANDOVER: 1.0}
    kw = {"symbols": {sym.CRAFT: 0.6, sym.CRAFT_DECAY: 0.1, sym.TRAINERS: 0.05}}
    none = played(make_world(THREE, **kw))

    def with_pool(people):
        world = make_world(THREE, effect=effect, **kw)
        world.pool[2] = people
        return played(world)

    nobody, few, enough = with_pool(0.0), with_pool(2.0), with_pool(1e6)
    np.testing.assert_array_equal(nobody.sales, none.sales)
    assert few.sales[0, -1] < enough.sales[0, -1]
    assert few.sales[0, -1] > nobody.sales[0, -1]
    # years 2 to 11 (a delay of one year, ten of duration)
    assert enough.teach[5] == pytest.approx(0.05 * enough.sales[:, 5].sum())
    assert few.teach[5] == pytest.approx(2.0)
    abroad = make_world(THREE, effect=effect | {sym.LEVER_TRAINERS: 1.0}, **kw)
    abroad.pool[2] = 0.0
    np.testing.assert_array_equal(played(abroad).sales, enough.sales)


# --- hazards and rules


def test_commitment_draws_in_firms_and_a_plan_that_can_be_withdrawn_draws_fewer():
    effect = {sym.LEVER_COMMITMENT: 1.0}
    cross = {sym.VISION: 0.1, sym.VISION_TALENT: 0.02, sym.WITHDRAWAL: 0.5}
    plain, _ = run(cross=cross)
    firm, _ = run(cross=cross, effect=effect)
    loose, _ = run(cross=cross, effect=effect, rules=(1.0, 0.0, 0.0, 1.0))
    assert plain["sales_last"] < loose["sales_last"] < firm["sales_last"]
    unmoved, _ = run(effect=effect)
    nothing, _ = run()
    assert unmoved == nothing
    drawn, _ = run(leverage=0.8)
    wary, _ = run(leverage=0.8, cross={sym.WITHDRAWAL: 0.5}, rules=(1.0, 0.0, 0.0, 1.0))
    assert wary["sales_last"] < drawn["sales_last"]


def test_what_is_captured_buys_nothing_and_is_lost():
    clean, _ = run()
    dirty, _ = run(cross={sym.CAPTURE: 0.2})
    assert dirty["sales_last"] < clean["sales_last"]
    assert dirty["welfare"] < clean["welfare"]
    assert dirty["public_cost"] == clean["public_cost"]
    want = sum(0.2 * 10.0 / 1.04**t for t in range(1, 9))
    assert dirty["hazard_cost"] == pytest.approx(want, rel=1e-12)


def test_spending_that_does_not_stop_costs_and_builds_nothing():
    kw = {"late": 3, "cross": {sym.PERSISTENCE: 0.5}}
    planned, _ = run()
    late, money = run(**kw)
    law, _ = run(**kw, rules=(1.0, 0.0, 1.0, 0.0))
    assert law == planned
    assert late["sales_last"] == planned["sales_last"]
    assert late["welfare"] < planned["welfare"]
    np.testing.assert_allclose(money["money"][8:11], 10.2, rtol=1e-6)
    assert (money["money"][11:] == 0).all()
    assert late["hazard_cost"] == pytest.approx(sum(10.0 / 1.04**t for t in (9, 10, 11)), rel=1e-12)


FAILING = {"reaction": 4.0, "windfall": 0.9}


def test_a_line_that_loses_share_is_ended_at_the_next_review():
    world = make_world(THREE, **FAILING, rules=(4.0, 0.0, 0.0, 0.0))
    w = played(world)
    assert w.terms[STOPPED] == 1.0
    spent = np.flatnonzero(w.money[TO_CAPABILITY] > 0)
    assert spent.max() in (2, 4, 6)  # eight years in four parts
    free = played(make_world(THREE, **FAILING))
    assert (free.money[TO_CAPABILITY] > 0).sum() == 8
    # one that gains share is left alone
    kept = played(make_world(THREE, rules=(4.0, 0.0, 0.0, 0.0)))
    assert kept.terms[STOPPED] == 0.0
    assert (kept.money[TO_CAPABILITY] > 0).sum() == 8


def test_money_is_taken_back_from_a_line_that_failed():
    w = played(make_world(THREE, **FAILING, rules=(1.0, 0.4, 0.0, 0.0)))
    assert w.money[TAKEN_BACK, 9] == pytest.approx(0.4 * 80.0)
    assert w.money[STATE_COST, 9] == pytest.approx(-0.4 * 80.0)
    lost, _ = run(**FAILING)
    back, _ = run(**FAILING, rules=(1.0, 0.4, 0.0, 0.0))
    assert back["public_cost"] == pytest.approx(lost["public_cost"] - 32.0 / 1.04**9, rel=1e-9)
    assert back["welfare"] > lost["welfare"]
    kept = played(make_world(THREE, rules=(1.0, 0.4, 0.0, 0.0)))
    assert (kept.money[TAKEN_BACK] == 0).all()
    assert (kept.money[AFTER_END] == 0).all()


def test_the_fixed_cost_of_a_scope_falls_on_small_efforts_and_merging_lowers_it():
    kw = {"symbols": {sym.FIXED_PART: 0.5, sym.SCALE: 8.0, sym.NICHE_SHARE: 0.25}}
    free, _ = run()
    whole, _ = run(**kw)
    niche, _ = run(make_lines(niche=1), **kw)
    merged, _ = run(**kw, effect={sym.LEVER_CONSOLIDATION: 0.5})
    assert whole["sales_last"] < merged["sales_last"] < free["sales_last"]
    assert whole["sales_last"] < niche["sales_last"]  # both arenas of this world are alike
    small, _ = run(make_lines(intensity=0.3), **kw)  # 3 a year against a fixed cost of 4
    assert small["sales_last"] == pytest.approx(0.0, abs=1e-9)


def test_a_niche_may_leak_less():
    plain, _ = run(make_lines(niche=1))
    tight, _ = run(make_lines(niche=1), symbols={sym.NICHE_LEAK: 0.3})
    whole, _ = run(symbols={sym.NICHE_LEAK: 0.3})
    assert tight["sales_last"] > plain["sales_last"]
    assert whole["sales_last"] == run()[0]["sales_last"]


# --- partners

POOLED = {"effect": {sym.LEVER_POOLING: 1.0}, "boost": (0.3, 0.3)}
SITED = {"effect": {sym.LEVER_SITE: 1.0}, "boost": (0.0, 0.0)}


def test_the_partner_has_its_contract_share():
    line = make_lines(partner=1)
    free, paths = run(line, **POOLED)
    shared, _ = run(line, **POOLED, terms={sym.CONTRACT_SHARE: 0.4})
    year = np.arange(1, 16)
    profit = 0.9 * 0.1 * paths["sales"].astype(float) * 0.9  # of which a tenth foreign-owned
    want = (0.4 * profit / 1.04**year).sum()
    assert shared["partner_rent"] == pytest.approx(want, rel=1e-5)
    assert free["gni"] - shared["gni"] == pytest.approx(want, rel=1e-5)
    assert free["welfare"] - shared["welfare"] == pytest.approx(want, rel=1e-5)
    assert free["value_added"] == shared["value_added"]


def margins(world, f=0):
    """(T1,) discounted margin of a unit of sales."""
    return world.discount[0] * world.season[0, f, :, MARGIN_T]


def test_a_line_without_a_partner_gives_no_partner_a_gain():
    assert run(**POOLED)[0]["partner_gain"] == 0.0
    # one that would sell no more takes no part, and gains nothing by the line
    declined = run(make_lines(partner=1), boost=(0.0, 0.0), effect={sym.LEVER_POOLING: 1.0})[0]
    assert declined["partner_gain"] == 0.0


def test_what_two_alone_in_a_market_win_they_take_from_each_other():
    """Sales over all regions are the market: one side's gain is the other's loss."""
    kw = {**POOLED, "terms": {sym.CONTRACT_SHARE: 0.3}}
    world = make_world([[0.6, 0.4], [0.4, 0.6]], **kw)
    out, paths = outcomes(world, make_lines(partner=1))
    home = (margins(world)[1:] * paths["sales"][0, 0].astype(float)).sum()
    gain, rent = out["partner_gain"][0, 0], out["partner_rent"][0, 0]
    assert rent > 0.0
    assert gain == pytest.approx(rent - home, rel=1e-5)


def test_the_gains_of_all_regions_add_up_to_a_market_that_is_given():
    world = make_world(THREE, **POOLED, market_growth=0.04)
    out, paths = outcomes(world, make_lines(partner=1))
    w = scratch(world)
    set_levers(world, 0, 0, 0, 1, 1.0, w)
    w.gain[:], w.deal[:], w.gone[0] = world.boost[0, 0], world.deal[0, 0], world.gone[0, 0]
    play(look(world, 0, 0, 0), w, 1, -1, 1)
    market = (margins(world)[1:] * world.size[0, 0, :, 1:].sum(axis=0)).sum()
    assert w.earned.sum() == pytest.approx(market, rel=1e-12)
    assert world.base_profit[0, 0].sum() == pytest.approx(market, rel=1e-12)
    change = w.earned - world.base_profit[0, 0]
    home = (margins(world)[1:] * paths["sales"][0, 0].astype(float)).sum()
    assert change[0] == pytest.approx(home, rel=1e-5)
    assert out["partner_gain"][0, 0] == pytest.approx(change[1], rel=1e-9)  # no contract's part
    assert change[2] < 0.0  # the two win it from the third


def test_a_partner_that_earns_nothing_before_a_market_is_born():
    late = {"unborn": 1, "symbols": {sym.BIRTH: 2036.0}}
    world = make_world(THREE, **POOLED, **late)
    outcomes(world, make_lines(partner=1))
    early = make_world(THREE, **POOLED)
    outcomes(early, make_lines(partner=1))
    years = margins(world) * world.size[0, 0].sum(axis=0)
    assert world.base_profit[0, 0].sum() == pytest.approx(years[11:].sum(), rel=1e-12)
    assert early.base_profit[0, 0].sum() == pytest.approx(years[1:].sum(), rel=1e-12)


def test_what_leaks_and_is_not_trusted_costs():
    line = make_lines(partner=1)
    best = run(line, **POOLED)[0]["sales_last"]
    assert run(line, **POOLED, terms={sym.LEAK: 0.5})[0]["sales_last"] < best
    slow = run(line, **POOLED, terms={sym.TRUST: 0.2})
    assert slow[1]["sales"][2] < run(line, **POOLED)[1]["sales"][2]


def test_a_partner_learns_nothing_before_the_line_begins():
    line = make_lines(partner=1, start=6)
    kept, told = (run(line, **POOLED, terms=t)[1]["sales"] for t in ({}, {sym.LEAK: 0.5}))
    np.testing.assert_array_equal(kept[:5], told[:5])  # years 1 to 5
    assert told[-1] < kept[-1]


def test_a_partner_that_is_lost_helps_no_more():
    line = make_lines(partner=1)
    alone, _ = run(make_lines(), **POOLED)
    early, late, never = (run(line, **POOLED, gone=g)[0] for g in (4, 10, NEVER))
    assert alone["sales_last"] < early["sales_last"] <= late["sales_last"] < never["sales_last"]
    before = run(line, **POOLED, gone=1)[0]
    assert before == alone


def test_a_site_is_cheaper_less_good_and_takes_work_from_suppliers():
    line = make_lines(partner=1)
    given = {sym.SITE_PART: 0.2, sym.SITE_SAVING: 0.3}

    # a partner that gains nothing by it takes no part
    assert run(line, **SITED)[0] == run(line, **SITED, terms=given)[0]
    kw = {"effect": {sym.LEVER_SITE: 1.0, sym.LEVER_POOLING: 1.0}, "boost": (0.0, 0.3)}
    plain, cheap, poor, kept = (
        run(line, **kw, terms=t)[0]
        for t in ({}, given, given | {sym.SITE_QUALITY: 0.5}, given | {sym.SITE_MAINTENANCE: 0.2})
    )
    assert cheap["sales_last"] > kept["sales_last"] > plain["sales_last"]
    assert cheap["sales_last"] > poor["sales_last"]
    assert cheap["spillover"] < plain["spillover"]


def test_a_market_that_closes_is_lost_with_and_without_the_line():
    open_ = make_world(THREE)
    shut = make_world(THREE)
    shut.closed[0, 0, 1], shut.tax[0, 0, 1] = 5, 0.3
    for start in (0, 1):
        a, b = (played(x, intensity=float(start)) for x in (open_, shut))
        np.testing.assert_array_equal(a.sales[:, :5], b.sales[:, :5])
        assert (b.sales[1, 5:] < a.sales[1, 5:]).all()


def test_years_of_events_are_geometric():
    u = (np.arange(20_000) + 0.5) / 20_000
    year = first_year_of(u, np.full(u.size, 0.1))
    for t in (1, 2, 5, 12):
        assert (year <= t).mean() == pytest.approx(1 - 0.9**t, abs=1e-4)
    assert (first_year_of(u, np.zeros(u.size)) == NEVER).all()


# --- ownership


def test_a_stake_sold_abroad_moves_gni_and_not_gdp():
    kept, _ = run()
    sold, _ = run(effect={sym.LEVER_FOREIGN_STAKE: 0.5})
    assert sold["value_added"] == kept["value_added"]
    assert sold["gni"] < kept["gni"]


def test_production_abroad_adds_to_gni_and_what_it_displaces_is_lost_to_gdp():
    home, _ = run()
    out, paths = run(effect={sym.LEVER_OUTWARD: 0.2})
    gone, _ = run(effect={sym.LEVER_OUTWARD: 0.2}, cross={sym.DISPLACEMENT: 0.5})
    assert out["value_added"] == home["value_added"]
    assert out["gni"] > home["gni"]
    assert gone["value_added"] < home["value_added"]
    assert gone["sales_last"] == home["sales_last"]  # home firms sell the same
    assert np.isfinite(paths["sales"]).all()


def test_markup_at_its_ends_and_between():
    def markup(share, epsilon, outer):
        return 1.0 / (1.0 - lerner(share, 1.0 / epsilon, 1.0 / outer))

    assert markup(0.0, 5.0, 1.5) == pytest.approx(5 / 4)
    assert markup(1.0, 5.0, 1.5) == pytest.approx(3.0)
    s = np.linspace(0, 1, 11)
    assert (np.diff([markup(x, 5.0, 1.5) for x in s]) > 0).all()


def test_being_needed_is_bounded_and_nothing_is_charged_unless_said():
    plain, _ = run()
    assert plain["markup"] == 0.0
    assert plain["markup_bound"] > 0.0
    charged, _ = run(symbols={sym.MARKUP_PASS: 0.5})
    assert charged["markup"] == pytest.approx(0.5 * plain["markup_bound"])
    for same in ("gni", "welfare", "value_added"):
        assert charged[same] == plain[same]
    world = make_world(THREE)._replace(loss=np.zeros((1, 3)))
    scalars, _ = outcomes(world, make_lines())
    assert scalars["markup_bound"][0, 0] == 0.0


def test_what_firms_buy_of_the_users_gain_is_a_part_of_it():
    scalars, _ = run()
    assert scalars["forward"] == pytest.approx(0.4 * scalars["user_surplus"])


def test_a_lever_without_its_term_does_nothing():
    plain, _ = run()
    for lever in (
        sym.LEVER_CONSOLIDATION,
        sym.LEVER_TRAINERS,
        sym.LEVER_SITE,
        sym.LEVER_COMMITMENT,
    ):
        assert run(effect={lever: 0.5})[0] == plain
    assert run(effect={sym.LEVER_COST: 0.05})[0]["sales_last"] > plain["sales_last"]


# --- recipes that are known with error


@given(st.floats(-0.3, 0.59))
def test_what_a_recipe_has_more_of_its_own_it_buys_less(more):
    """Own value added 0.4 and suppliers' 0.3 a unit of sales: inputs of 0.6 carry half a unit."""
    known, _ = run()
    found, _ = run(symbols={sym.RECIPE_OWN: more})
    own = known["value_added"] - known["spillover"]
    assert found["value_added"] - found["spillover"] == pytest.approx(own * (0.4 + more) / 0.4)
    assert found["spillover"] == pytest.approx(known["spillover"] * (0.6 - more) / 0.6)
    assert found["value_added"] == pytest.approx(known["value_added"] * (0.7 + more / 2) / 0.7)


def test_the_mix_of_inputs_moves_suppliers_only():
    known, _ = run()
    found, _ = run(symbols={sym.RECIPE_SUPPLIERS: 0.03})
    assert found["spillover"] == pytest.approx(1.1 * known["spillover"])
    gained = known["value_added"] + 0.1 * known["spillover"]
    assert found["value_added"] == pytest.approx(gained)


# --- niches

OWN = {sym.NICHE_SHARE: 0.25, sym.CRAFT: 0.3}


def niche(symbols=None, line=None):
    return run(line or make_lines(niche=1), symbols={**OWN, **(symbols or {})})


def test_a_niche_of_neutral_values_is_the_whole_made_small():
    world = make_world(THREE, symbols={sym.NICHE_LEAK: 0.7, sym.NICHE_SHARE: 0.25})
    whole, narrow = world.symbols[0, 0], world.symbols[1, 0].copy()
    assert narrow[sym.NICHE_LEAK] == 0.7
    assert narrow[sym.NICHE_FIXED] == 0.25
    assert whole[sym.NICHE_LEAK] == whole[sym.NICHE_FIXED] == whole[sym.NICHE_MARGIN] == 1.0
    narrow[[sym.NICHE_LEAK, sym.NICHE_FIXED]] = 1.0
    np.testing.assert_array_equal(narrow, whole)


def test_what_a_niche_has_of_its_own_is_worked_into_its_symbols():
    apart = {sym.NICHE_LEARNING: 0.5, sym.NICHE_CLOSENESS: 2.0, sym.NICHE_MARGIN: 1.5,
             sym.NICHE_FIXED: 0.5, sym.NICHE_SHARE: 0.25, sym.CRAFT: 0.6, sym.PHI: 0.8}  # fmt: skip
    world = make_world(THREE, symbols=apart)
    whole, narrow = world.symbols[0, 0], world.symbols[1, 0]
    assert narrow[sym.LEARNING_RATE] == 0.5 * whole[sym.LEARNING_RATE]
    assert narrow[sym.CRAFT] == 1.0
    assert narrow[sym.PHI] == 1.5  # at most
    assert narrow[sym.RECIPE_OWN] == pytest.approx(0.5 * whole[sym.MARGIN])
    assert narrow[sym.NICHE_FIXED] == 0.5
    assert whole[sym.CRAFT] == 0.6


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=6), st.floats(1.0, 4.0))
def test_fewer_rivals_hold_the_same_part_in_larger_pieces(weights, theta):
    share = np.array(weights)[None, None, :, None] / sum(weights)
    got = fewer_rivals(share, 0, np.array([[theta]]))
    assert got[0, 0, 0, 0] == share[0, 0, 0, 0]
    assert got.sum() == pytest.approx(1.0, rel=1e-12)
    assert (got[0, 0, 1:] ** 2).sum() >= (share[0, 0, 1:] ** 2).sum() * (1 - 1e-12)
    order = np.argsort(share[0, 0, 1:, 0])
    assert (np.diff(got[0, 0, 1:, 0][order]) >= -1e-15).all()
    np.testing.assert_array_equal(fewer_rivals(share, 0, np.ones((1, 1))), share)


def test_neutral_rivals_leave_the_niche_as_it_was():
    """Shares and spending of a niche by the formula that held before rivals could be fewer."""
    rng = np.random.default_rng(1)
    values = np.ones((2, 3, sym.N_SYMBOLS))
    values[..., sym.NICHE_SHARE], values[..., sym.NICHE_EDGE] = 0.3, 2.0
    cross = np.full((3, sym.N_GLOBALS), 0.6)
    share = rng.dirichlet(np.ones(4), (2, 3, 2)).transpose(0, 1, 3, 2)
    size, rivals = rng.random((2, 3, 2, 5)) + 1.0, rng.random((2, 3, 4, 3))
    _, shares, money = arenas(values, cross, size, share, rivals, 0)
    whole = share[:, :, 0]
    odds = whole / (1 - whole) * 2.0
    inside = np.minimum(np.minimum(odds / (1 + odds), whole / 0.3), 0.98)
    want = share * ((1 - inside) / (1 - whole))[:, :, None]
    want[:, :, 0] = inside
    np.testing.assert_array_equal(shares[1::2], want)
    sold = (share * size[:, :, None, :, 0]).sum(axis=3)
    sold_niche = (want * (size * 0.3)[:, :, None, :, 0]).sum(axis=3)
    np.testing.assert_allclose(money[1::2, :, :, 0], rivals[..., 0] * sold_niche / sold, rtol=1e-14)
    np.testing.assert_array_equal(money[1::2, :, :, 1], rivals[..., 1] * 0.6)
    values[..., sym.NICHE_RIVALS] = 2.0
    _, fewer, answers = arenas(values, cross, size, share, rivals, 0)
    np.testing.assert_array_equal(fewer[1::2, :, 0], inside)
    assert not np.allclose(answers[1::2, :, :, 1], rivals[..., 1] * 0.6)


def test_each_thing_a_niche_has_moves_the_line_its_own_way():
    plain, _ = niche()
    assert niche({sym.NICHE_LEARNING: 0.5})[0]["sales_last"] < plain["sales_last"]
    assert niche({sym.NICHE_CLOSENESS: 1.5})[0]["sales_last"] > plain["sales_last"]
    cost = {sym.FIXED_PART: 0.5, sym.SCALE: 8.0}
    shared = niche(cost)[0]["sales_last"]
    assert niche({**cost, sym.NICHE_FIXED: 0.2})[0]["sales_last"] < shared
    rich, paths = niche({sym.NICHE_MARGIN: 2.0})
    year = np.arange(1, 16)
    # final share; the margin is value added of its own, and less of a sale is bought for it
    more = 0.9 * (0.1 - 0.3 * 0.1 / 0.6) * paths["sales"].astype(float) / 1.04**year
    assert rich["sales_last"] == plain["sales_last"]
    assert rich["value_added"] - plain["value_added"] == pytest.approx(more.sum(), rel=1e-5)
    # none of it reaches the whole
    every = {sym.NICHE_LEARNING: 0.5, sym.NICHE_CLOSENESS: 1.5, sym.NICHE_MARGIN: 2.0,
             sym.NICHE_FIXED: 0.2, sym.NICHE_LEAK: 0.5}  # fmt: skip
    assert niche(every, make_lines())[0] == niche(line=make_lines())[0]
