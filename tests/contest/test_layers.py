"""AI layers: accounts that add up, the bargain, calibration, what the courses change."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji import cases
from kachisuji.contest import layers as ly
from kachisuji.words import InputError


@pytest.fixture(scope="module")
def case():
    return cases.load("japan17")


@pytest.fixture(scope="module")
def p(case):
    return ly.figures(case, ly.layer_draws(case, 400))


def everything(flows):
    return flows.value.sum(axis=(2, 3)) + flows.inputs.sum(axis=2)


@given(seed=st.integers(0, 2**32 - 1), yearly=st.floats(0, 2000))
@settings(max_examples=25, deadline=None)
def test_accounts_add_up_over_layers_and_regions_anywhere_in_the_bounds(seed, yearly):
    rng = np.random.default_rng(seed)
    p = {s.symbol: rng.uniform(s.minimum, min(s.maximum, 1e6), 8) for s in cases.layer_symbols()}
    p["growth"] = rng.uniform(-0.1, 0.4, 8)
    p["fly_speed"] = rng.uniform(0, 2, 8)
    for course in ly.courses(p, yearly).values():
        flows = ly.play_layers(p, course, use=rng.uniform(0, 1e5, 8))
        np.testing.assert_allclose(flows.spending, everything(flows), rtol=1e-9, atol=1e-6)
        assert (flows.value >= 0).all()
        assert (flows.inputs >= 0).all()
        assert (course.home_share >= 0).all()
        assert (course.home_share <= 1 + 1e-12).all()


def test_the_balance_is_receipts_less_what_leaves_home(p):
    for course in ly.courses(p, 100.0).values():
        f = ly.play_layers(p, course)
        stays = f.value[..., 0].sum(axis=2) + f.inputs[..., 0]
        np.testing.assert_allclose(f.balance, f.receipts - (f.spending - stays), rtol=1e-9)


def test_the_balance_of_2024_is_calibrated_in_every_future_and_course(p):
    for name, course in ly.courses(p, 100.0).items():
        balance = ly.play_layers(p, course).balance[:, 0]
        np.testing.assert_allclose(balance, -p["deficit"], rtol=1e-12, err_msg=name)


@given(d3=st.floats(0, 1), d2=st.floats(0, 1))
def test_the_bargain_is_nash(d3, d2):
    """Brute force: the part that maximises (x − d3)(1 − x − d2) where both can be had."""
    kept = float(ly.bargain(d3, d2))
    assert 0 <= kept <= 1
    assert float(ly.bargain(d2, d3)) == pytest.approx(1 - kept)
    if d3 + d2 <= 0.999:
        assert d3 - 1e-12 <= kept <= 1 - d2 + 1e-12
        x = np.linspace(d3, 1 - d2, 2001)
        best = x[np.argmax((x - d3) * (1 - x - d2))]
        assert kept == pytest.approx(best, abs=1e-3)


def test_the_bargain_has_no_jump_where_outside_options_exhaust_the_surplus():
    assert float(ly.bargain(0.3, 0.7)) == pytest.approx(0.3)
    assert float(ly.bargain(0.3, 0.7 + 1e-9)) == pytest.approx(0.3, abs=1e-8)


@pytest.mark.parametrize("symbol", ["switching", "closed", "application_outside"])
def test_a_better_outside_option_keeps_more_at_home(p, symbol):
    course, use = ly.course_as_is(p), ly.calibrated_use(p)
    before = ly.play_layers(p, course, use=use)
    q = {**p, symbol: np.minimum(1.0, p[symbol] + 0.1)}
    after = ly.play_layers(q, ly.course_as_is(q), use=use)
    assert (after.kept > before.kept).all()
    assert (after.balance[:, 0] > before.balance[:, 0]).all()


def test_software_on_the_fly_lowers_rents_and_users_gain_what_applications_lose(p):
    still = {**p, "entry_gain": np.zeros_like(p["entry_gain"])}
    none = {**still, "rent_loss": np.zeros_like(p["rent_loss"])}
    a = ly.play_layers(none, ly.course_as_is(none))
    b = ly.play_layers(still, ly.course_as_is(still))
    lost = (a.value - b.value).sum(axis=3)
    np.testing.assert_allclose(lost[..., :2], 0.0, atol=1e-8)  # compute and models keep theirs
    assert (lost[:, -1, 2] > 0).all()
    gained = b.productivity - a.productivity
    np.testing.assert_allclose(gained, lost.sum(axis=2), rtol=1e-9, atol=1e-8)


def test_courses_stand_in_the_order_of_their_home_share(p):
    ends = {k: ly.play_layers(p, c).balance[:, -1] for k, c in ly.courses(p, 100.0).items()}
    assert (ends["no_domestic"] < ends["as_is"]).all()
    assert (ends["as_is"] <= ends["industry_os"]).all()
    assert np.median(ends["industry_os"]) < np.median(ends["domestic"])


def test_without_domestic_applications_only_compute_stays_at_home(p):
    f = ly.play_layers(p, ly.course_no_domestic(p))
    at_home = f.value[:, -1, :, 0]
    np.testing.assert_allclose(at_home[:, 1:], 0.0, atol=1e-9)
    assert (at_home[:, 0] > 0).all()


def test_entry_costs_fall_by_reuse_at_each_doubling(p):
    cost = ly.entry_costs(p, 8)
    for a, b in ((0, 1), (1, 3), (3, 7)):
        np.testing.assert_allclose(cost[:, b] / cost[:, a], 1 - p["os_reuse"], rtol=1e-12)


def test_the_industry_os_without_money_is_the_course_as_it_is(p):
    base, os_ = ly.course_as_is(p), ly.course_industry_os(p, 0.0)
    for a, b in zip(base, os_, strict=True):
        np.testing.assert_array_equal(a, b)
    more, less = (ly.course_industry_os(p, m).home_share for m in (200.0, 50.0))
    assert (more >= less).all()
    assert (more[:, -1] > base.home_share[:, -1]).any()


def test_two_routes_to_one_year_of_the_balance(case):
    """The most likely future written out by hand in scalars, without the arrays."""
    m = {k: float(v[0]) for k, v in ly.figures(case).items()}
    s = 1 - m["other_inputs"]
    ours = 0.5 * (
        1 + m["application_outside"] + m["switch_gain"] * m["switching"]
        + m["closed_gain"] * m["closed"] - m["model_outside"]
    )  # fmt: skip
    theirs = 0.5 * (1 + m["application_outside"] - m["model_outside"])

    def leaves(h, loss):
        foreign = (1 - h) * (m["other_inputs"] + s * theirs * (1 - loss))
        c = m["compute_part"]
        for part, home_model, near in (
            (h * s * (1 - ours), m["model_home"], m["compute_home_domestic"]),
            ((1 - h) * s * (1 - theirs), 0.0, m["compute_home_foreign"]),
        ):
            foreign += part * (c * (1 - near) + (1 - c) * (1 - home_model))
        return foreign

    use = (m["receipts"] + m["deficit"]) / leaves(m["home_share"], 0.0)

    def logistic(t):
        return 1 / (1 + np.exp(-m["fly_speed"] * (t - m["fly_middle"])))

    fly = m["fly_ceiling"] * (logistic(2035) - logistic(2024))
    h = m["home_share"] + 11 * m["home_drift"] + m["entry_gain"] * fly
    want = m["receipts"] * (1 + m["receipts_growth"]) ** 11
    want -= use * (1 + m["growth"]) ** 11 * leaves(h, fly * m["rent_loss"])
    p = ly.figures(case)
    assert ly.play_layers(p, ly.course_as_is(p)).balance[0, 11] == pytest.approx(want, rel=1e-12)


def test_growth_that_leads_to_the_published_outlooks(p):
    """Both can be reached by plausible growth, and the pessimistic one takes more of it."""
    rates = [ly.solve_for(p, "growth", b, 2035, 0.0, 0.4) for b in (-18000.0, -28000.0)]
    assert 0.0 < rates[0] < rates[1] < 0.2
    for rate, aim in zip(rates, (-18000.0, -28000.0), strict=True):
        q = {**p, "growth": np.full(400, rate)}
        got = np.median(ly.play_layers(q, ly.course_as_is(q)).balance[:, 11])
        assert got == pytest.approx(aim, rel=1e-3)
    assert np.isnan(ly.solve_for(p, "growth", -1e9, 2035, 0.0, 0.4))


def test_futures_near_the_pessimistic_outlook_grow_faster(p):
    far, close = ly.near(p, -28000.0), ly.near(p, -18000.0)
    assert far.index[0] == "growth"
    assert far.loc["growth", "near"] > close.loc["growth", "near"]
    assert 0 < far["futures"].iloc[0] < 400


def test_tables_of_results_agree_with_the_flows(p):
    table = ly.value_kept(p, 100.0)
    assert set(table["course"]) == set(ly.COURSES)
    np.testing.assert_allclose(table.groupby("course")["share"].sum(), 1.0, rtol=1e-9)
    b = ly.balances(p, 100.0)
    assert (b["low"] <= b["median"]).all()
    assert (b["median"] <= b["high"]).all()
    assert set(b["year"]) == set(range(2024, 2041))
    short = ly.compare(p, 100.0)
    ripe = b[b["year"] == 2035].set_index("course")["median"]
    np.testing.assert_allclose(short["balance"], ripe[short.index], rtol=1e-12)


def test_outlooks_may_be_left_out(case):
    table = case.tables["layers"]
    without = table[~table["symbol"].str.startswith("outlook")]
    bare = dataclasses.replace(case, tables={**case.tables, "layers": without})
    assert (ly.figures(bare)["outlook"] == 0).all()
    assert (ly.figures(case)["outlook"] == 18000).all()


def test_what_the_industry_os_needs(p):
    goal = float(ly.compare(p, 0.0).loc["as_is", "balance"]) + 2000.0
    needs = ly.industry_os_needs(p, goal, yearly=60.0)
    assert needs["fields"].is_monotonic_increasing
    least = needs["least"].dropna()
    assert least.size >= 2
    assert least.is_monotonic_decreasing  # reuse saves money
    for _, row in needs.dropna().iterrows():
        q = {**p, "os_reuse": np.full(400, row["reuse"])}
        f = ly.play_layers(q, ly.course_industry_os(q, row["least"]))
        assert np.median(f.balance[:, 11]) == pytest.approx(goal, abs=5.0)
    assert ly.industry_os_needs(p, 1e6)["least"].isna().all()


def test_the_same_futures_in_parts_give_the_same_bits(p):
    whole = ly.play_layers(p, ly.course_domestic(p)).balance
    half = {k: v[200:] for k, v in p.items()}
    np.testing.assert_array_equal(
        ly.play_layers(half, ly.course_domestic(half)).balance, whole[200:]
    )


def test_units_scale(p):
    money = ("deficit", "receipts", "os_entry_cost")
    q = {k: v * 1000 if k in money else v for k, v in p.items()}
    a = ly.play_layers(p, ly.course_industry_os(p, 50.0))
    b = ly.play_layers(q, ly.course_industry_os(q, 50_000.0))
    np.testing.assert_allclose(b.balance, 1000 * a.balance, rtol=1e-9)
    np.testing.assert_allclose(b.productivity, 1000 * a.productivity, rtol=1e-9)


def test_refusals(case, p):
    with pytest.raises(InputError, match="no table of AI layers"):
        ly.figures(cases.load("template"))
    with pytest.raises(InputError, match="no table of AI layers"):
        ly.layer_draws(cases.load("template"), 4)
    with pytest.raises(InputError, match=r"rows of layers\.csv"):
        ly.figures(case, np.zeros((4, 3)))
    with pytest.raises(InputError, match="no figure"):
        ly.solve_for(p, "growht", -1.0, 2035, 0.0, 1.0)
