"""The kernel against closed forms, and laws it must keep."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from worlds import baseline, make_lines, make_world, outcomes

from kachisuji.contest import containment, learning_exponent, tipping_number
from kachisuji.contest import symbols as sym
from kachisuji.contest.kernel import look, play, scratch, set_levers
from kachisuji.contest.lifecycle import adoption
from kachisuji.contest.path import (
    CAPABILITY,
    EXPERIENCE_NOW,
    LOG_COST,
    N_STATE,
    SALES_REAL,
    WORLD_SHARE,
    learn,
)
from kachisuji.words import InputError

TWO = [[0.5, 0.5], [0.5, 0.5]]
THREE = [[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]]


def shares(world, **line):
    """World share of home by year with a pulse of policy."""
    w = scratch(world)
    terms = {"start": 1, "intensity": 1.0, **line}
    set_levers(world, 0, 0, 0, terms["start"], terms["intensity"], w)
    play(look(world, 0, 0, 0), w, -1, -1, terms["start"])
    size = world.size[0, 0]
    return w.sales.sum(axis=0) / size.sum(axis=0)


def test_places_of_symbols_are_those_of_the_schema():
    folder = Path(__file__).parents[2] / "src/kachisuji/cases/schema"
    for file, count in (("symbols.csv", sym.N_SYMBOLS), ("global_symbols.csv", sym.N_GLOBALS)):
        names = [r.split(",")[0] for r in (folder / file).read_text("utf-8").splitlines()[1:]]
        assert len(names) == count
        for place, name in enumerate(names):
            assert getattr(sym, name.upper()) == place
    effects = (folder / "effects.csv").read_text("utf-8")
    assert "choice:" + "|".join(sym.LEVERS) in effects


def test_base_shares_come_out_exactly_in_every_market():
    world = make_world(THREE, symbols={sym.CRAFT: 0.0})
    w = baseline(world)
    for t in range(16):
        np.testing.assert_allclose(w.sales[:, t], np.array(THREE[0]) * 100, rtol=1e-12)


@given(
    st.lists(st.floats(0.05, 1.0), min_size=4, max_size=4),
    st.floats(1.0, 8.0),
    st.floats(0.7, 1.4),
)
def test_shares_are_ces_in_hats(raw, epsilon, exchange):
    """With learning, craft and feedback off, only the exchange rate moves: CES by hand."""
    s0 = np.array(raw).reshape(2, 2)
    s0 /= s0.sum(axis=0)
    off = {sym.LEARNING_RATE: 0.0, sym.CRAFT: 0.0, sym.IOTA: 0.0, sym.EPSILON: epsilon}
    world = make_world(s0, symbols=off, cross={sym.EXCHANGE: exchange})
    w = baseline(world)
    weight = exchange**-epsilon
    want = s0[0] * weight / (s0[0] * weight + s0[1])
    np.testing.assert_allclose(w.sales[:, -1], want * 100, rtol=1e-10)


def test_wright_each_doubling_cuts_cost_by_the_learning_rate():
    world = make_world(TWO, symbols={sym.KAPPA: 0.0, sym.CRAFT: 0.0, sym.LEARNING_RATE: 0.2})
    state = np.zeros((N_STATE, 2))
    state[EXPERIENCE_NOW] = (100.0, 50.0)
    state[SALES_REAL] = (100.0, 150.0)  # a doubling, and two doublings
    base = -np.log2(0.8)
    learn(state, world.symbols[0, 0], base, 0.0, 0.0, 0, 0.0, 1.0, -1, 0.0)
    np.testing.assert_allclose(np.exp(state[LOG_COST]), (0.8, 0.64), rtol=1e-12)


def test_full_leakage_gives_all_the_same_cost():
    world = make_world(THREE, symbols={sym.KAPPA: 1.0, sym.CRAFT: 0.0})
    w = baseline(world)
    np.testing.assert_allclose(w.state[LOG_COST], w.state[LOG_COST, 0], rtol=1e-12)


@given(st.floats(0.01, 0.9), st.floats(0.05, 1.0), st.floats(0.0, 30.0))
def test_adoption_is_logistic(start, speed, t):
    level = adoption(start, speed, 0.0, t)
    assert 0 < level <= 1
    odds = np.log(start / (1 - start)) + speed * t
    assert level == pytest.approx(1 / (1 + np.exp(-odds)), rel=1e-12)


def test_capability_holds_still_on_trend():
    world = make_world(TWO, symbols={sym.GROWTH: 0.08, sym.LAG: 3.0, sym.CRAFT: 0.0})
    w = baseline(world)
    np.testing.assert_allclose(w.state[CAPABILITY], 1.0, rtol=1e-12)


def test_containment_at_its_ends():
    assert containment(0.0, 5) == 1.0
    assert containment(1.0, 5) == 0.0
    assert containment(0.5, 2) == pytest.approx(1 / 3)
    assert learning_exponent(0.5) == 1.0


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_learning_rate_outside_its_range_is_named(rate):
    with pytest.raises(InputError, match="learning rate"):
        tipping_number(4, rate, 0.2, 0, 0.5, 0.5, 3)


@pytest.mark.parametrize(("iota", "nu", "tips"), [(0.4, 0.0, False), (0.5, 1.2, True)])
def test_two_identical_rivals_tip_above_one_and_converge_below(iota, nu, tips):
    """One burst of spending: above R = 1 the lead grows to the whole market, below it fades."""
    symbols = {
        sym.IOTA: iota, sym.NU: nu, sym.CRAFT: 0.0, sym.ALPHA: 0.5, sym.KAPPA: 0.5,
        sym.LEARNING_RATE: 0.05, sym.DELTA: 0.3, sym.EXPERIENCE: 3.0,
    }  # fmt: skip
    world = make_world(TWO, years=150, symbols=symbols, spend_years=2)
    r = tipping_number(4.0, 0.05, 0.5, nu, 0.5, iota, 2)
    assert (r > 1) is np.bool_(tips)
    path = shares(world)
    peak = path[1:10].max()
    assert peak > 0.52
    if tips:
        assert path[-1] > 0.99
    else:
        assert abs(path[-1] - 0.5) < 0.4 * (peak - 0.5)


def test_lead_returns_r_times_without_learning():
    """A lasting rise of quality by q raises log odds by q/(1 − R) in the long run."""
    symbols = {sym.IOTA: 0.6, sym.ALPHA: 0.5, sym.LEARNING_RATE: 0.0, sym.CRAFT: 0.0}
    symbols |= {sym.NU: 0.2, sym.DELTA: 0.4}
    effect = {sym.LEVER_QUALITY: 0.01}
    world = make_world(TWO, years=200, symbols=symbols, effect=effect, money_share=0.0)
    world = world._replace(duration=np.array([1000]))
    final = shares(world)[-1]
    lead = np.log(final / (1 - final))
    r = tipping_number(4.0, 0.0, 0.3, 0.2, 0.5, 0.6, 2)
    assert lead == pytest.approx(0.01 / (1 - r), rel=1e-3)


def test_nothing_done_changes_nothing():
    world = make_world(THREE, futures=3)
    scalars, paths = outcomes(world, make_lines(kind=0))
    assert all((v == 0).all() for v in scalars.values())
    assert all((v == 0).all() for v in paths.values())


def test_a_line_of_no_intensity_changes_nothing():
    scalars, paths = outcomes(make_world(THREE), make_lines(intensity=0.0))
    for values in (*scalars.values(), *paths.values()):
        np.testing.assert_allclose(values, 0.0, atol=1e-9)


MORE_IS_MORE = [
    ("leverage", {"leverage": 0.0}, {"leverage": 0.5}),
    ("windfall", {"windfall": 0.6}, {"windfall": 0.1}),
    ("rivals asleep", {"reaction": 0.5}, {"reaction": 0.0}),
    ("phi", {"symbols": {sym.PHI: 0.4}}, {"symbols": {sym.PHI: 0.9}}),
    ("quality", {}, {"effect": {sym.LEVER_QUALITY: 0.05}}),
    ("learning", {}, {"effect": {sym.LEVER_LEARNING_RATE: 0.05}}),
    ("secrecy", {}, {"effect": {sym.LEVER_KAPPA: -0.5}}),
    ("hand-over", {}, {"effect": {sym.LEVER_HANDOVER: 1.0}}),
    ("barrier", {}, {"effect": {sym.LEVER_BARRIER: 0.1}}),
    ("access", {}, {"effect": {sym.LEVER_ACCESS: 0.1}}),
    ("procurement", {}, {"effect": {sym.LEVER_PROCUREMENT: 1.0}}),
    ("levy", {}, {"effect": {sym.LEVER_PRIVATE_INVESTMENT: 0.2}}),
    ("calm", {"retaliation": 1.0, "luck": 0.5}, {"retaliation": 0.0, "luck": 0.5}),
    ("pooling", {"boost": (0.3, 0.3)},
     {"boost": (0.3, 0.3), "effect": {sym.LEVER_POOLING: 1.0}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "less", "more"), MORE_IS_MORE, ids=[m[0] for m in MORE_IS_MORE])
def test_every_lever_pulls_the_way_it_should(name, less, more):
    line = make_lines(partner=1 if name == "pooling" else -1)
    low, _ = outcomes(make_world(THREE, **less), line)
    high, _ = outcomes(make_world(THREE, **more), line)
    assert high["sales_last"][0, 0] > low["sales_last"][0, 0]


def test_labour_saving_needs_fewer_hands():
    plain, hands = outcomes(make_world(THREE), make_lines())
    saving, fewer = outcomes(make_world(THREE, effect={sym.LEVER_LABOUR_SAVING: 0.2}), make_lines())
    assert fewer["labour_general"][0, 0, 5] < hands["labour_general"][0, 0, 5]
    assert saving["sales_last"] == plain["sales_last"]


def test_an_earlier_birth_sells_earlier():
    kw = {"symbols": {sym.BIRTH: 2034.0}, "unborn": 1}
    w = baseline(make_world(THREE, **kw))
    sold = w.sales.sum(axis=0)
    assert (sold[:9] == 0).all()  # 2025 to 2033
    assert (sold[9:] > 0).all()
    early, _ = outcomes(make_world(THREE, effect={sym.LEVER_BIRTH: 3.0}, **kw), make_lines())
    late, _ = outcomes(make_world(THREE, **kw), make_lines())
    assert early["value_added"][0, 0] > late["value_added"][0, 0]


def test_a_partner_takes_part_only_if_it_gains():
    """Pooling that helps home and hurts the partner does not happen."""
    gain = {"effect": {sym.LEVER_POOLING: 1.0}, "boost": (0.3, -0.5)}
    alone, _ = outcomes(make_world(THREE, **gain), make_lines())
    asked, _ = outcomes(make_world(THREE, **gain), make_lines(partner=1))
    for k in alone:
        np.testing.assert_array_equal(alone[k], asked[k])


def test_pooling_of_nothing_gives_back_the_solo_case():
    effect = {sym.LEVER_POOLING: 1.0}
    solo, _ = outcomes(make_world(THREE, effect=effect), make_lines())
    pooled, _ = outcomes(make_world(THREE, effect=effect, boost=(0.0, 0.0)), make_lines(partner=2))
    for k in solo:
        np.testing.assert_allclose(solo[k], pooled[k], rtol=1e-12, atol=1e-12)


def test_windfall_is_paid_and_buys_nothing():
    wasted, paths = outcomes(make_world(THREE, windfall=1.0), make_lines())
    np.testing.assert_allclose(wasted["sales_last"], 0.0, atol=1e-9)
    assert wasted["public_cost"][0, 0] > 0
    assert wasted["welfare"][0, 0] < 0
    assert paths["money"][0, 0, 0] > 0


def test_public_cost_is_the_discounted_sum_of_the_money_path():
    world = make_world(THREE, symbols={sym.OVERRUN: 0.25})
    scalars, paths = outcomes(world, make_lines(start=3))
    want = (paths["money"][0, 0] * world.discount[0, 1:]).sum()
    assert scalars["public_cost"][0, 0] == pytest.approx(want, rel=1e-6)
    # 10 a year on capability and 2 % to run it, a quarter over, from the third year for eight
    np.testing.assert_allclose(paths["money"][0, 0, 2:10], 10 * 1.02 * 1.25, rtol=1e-6)
    assert (paths["money"][0, 0, :2] == 0).all()


def test_value_is_counted_through_the_table():
    """Value added: (own + suppliers) × final share × change of sales, discounted."""
    world = make_world(THREE)
    scalars, paths = outcomes(world, make_lines())
    change = paths["sales"][0, 0].astype(float)
    want = (0.7 * 0.9 * change * world.discount[0, 1:]).sum()
    assert scalars["value_added"][0, 0] == pytest.approx(want, rel=1e-5)
    assert scalars["spillover"][0, 0] == pytest.approx(want * 3 / 7, rel=1e-5)


def test_welfare_at_a_lower_rate_sees_more_of_what_comes_late():
    scalars, _ = outcomes(make_world(THREE, leverage=1.0), make_lines())
    assert len({float(scalars[k][0, 0]) for k in ("welfare", "welfare_r1", "welfare_r2")}) == 3


def test_horizontal_credit_by_hand():
    world = make_world(THREE)
    scalars, paths = outcomes(world, make_lines(kind=2, intensity=100.0, start=1))
    stock, want = 0.0, 0.0
    for t in range(1, 16):
        net = (0.4 - 0.04 - 0.15) * stock - 0.2 * 102.0 - 2.0
        want += net / 1.04**t
        stock = 0.85 * stock + 100.0
    assert scalars["welfare"][0, 0] == pytest.approx(want, rel=1e-12)
    np.testing.assert_allclose(paths["labour_researcher"], 4000.0)


def test_home_and_dependent_exchange_roles_in_the_operator():
    """With two alike regions, what home holds over the other is what the other holds over it."""
    from kachisuji.contest.value import power

    world = make_world(TWO)
    world = world._replace(
        holder_cost=np.zeros(1), reliance=np.array([0.0, 1.0]), withhold=np.array([[0.0, 1.0]])
    )
    needed, exposed, _ = power(world, 0, 0, 1.0)
    assert needed == pytest.approx(exposed, rel=1e-12)
    assert needed > 0


def test_scaling_money_scales_money_outcomes_only():
    """Units: all money ×1000 (labour per unit ÷1000) leaves shares and scales the rest."""
    small = make_world(THREE)
    p = small.symbols.copy()
    labour = slice(sym.LABOUR_RESEARCHER, sym.LABOUR_GENERAL + 1)
    p[:, :, labour] /= 1000
    g = small.cross.copy()
    g[:, sym.WAGE_RESEARCHER : sym.WAGE_GENERAL + 1] *= 1000
    g[:, sym.CREDIT_LABOUR] /= 1000
    r = small.rivals.copy()
    r[..., 0] *= 1000
    big = small._replace(symbols=p, cross=g, rivals=r, size=small.size * 1000)
    a, labour_a = outcomes(small, make_lines())
    b, labour_b = outcomes(big, make_lines())
    for k in ("value_added", "welfare", "public_cost", "gni", "sales_last"):
        np.testing.assert_allclose(b[k], 1000 * a[k], rtol=1e-9)
    for k in ("share_last", "indispensability", "exposure"):
        np.testing.assert_allclose(b[k], a[k], rtol=1e-9)
    np.testing.assert_allclose(labour_a["labour_craft"], labour_b["labour_craft"], rtol=1e-5)


def test_relabelling_rivals_and_markets_changes_nothing():
    world = make_world(THREE, reaction=0.2, growth=[0.0, 0.05, -0.02])
    swap = np.array([0, 2, 1])
    axes = {"share0": 2, "rivals": 2, "world_share0": 1, "cover": 1, "loss": 1, "withhold": 1}
    other = world._replace(
        **{name: getattr(world, name).take(swap, axis) for name, axis in axes.items()}
    )
    a, _ = outcomes(world, make_lines())
    b, _ = outcomes(other, make_lines())
    for k in a:
        np.testing.assert_allclose(a[k], b[k], rtol=1e-9, atol=1e-12)


def test_rivals_answer_a_year_later():
    quiet = shares(make_world(TWO, reaction=0.0))
    loud = shares(make_world(TWO, reaction=1.0))
    assert loud[1] == pytest.approx(quiet[1], rel=1e-12)
    assert loud[6] < quiet[6]


def test_a_stage_of_no_sales_keeps_shares_defined():
    world = make_world(THREE, symbols={sym.BIRTH: 2060.0}, unborn=1)
    w = baseline(world)
    assert np.isfinite(w.state[WORLD_SHARE]).all()
    assert (w.sales == 0).all()
