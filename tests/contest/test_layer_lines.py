"""Lines move the AI layers: nothing without them, accounts that add up with them; conditions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji import cases, contest
from kachisuji.contest import layer_conditions as lc
from kachisuji.contest import layer_flows as lf
from kachisuji.contest import layer_lines as ll
from kachisuji.contest import layers as ly

T = ly.YEARS.size
AT = ly.RIPE_YEAR - ly.BASE_YEAR


@pytest.fixture(scope="module")
def p():
    case = cases.load("japan17")
    return ly.figures(case, ly.layer_draws(case, 64))


def line(layer, home=1000.0, abroad=0.0, base=1500.0, closes=False, futures=64):
    ramp = np.broadcast_to(np.clip((np.arange(T) - 2) / 10, 0, 1), (futures, T))
    return ll.LineInLayers(layer, home * ramp, abroad * ramp, np.full((futures, T), base), closes)


def test_without_lines_the_course_is_that_as_it_is(p):
    moved, as_is = ll.course_with_lines(p, []), ly.course_as_is(p)
    a, b = ly.play_layers(p, moved), ly.play_layers(p, as_is)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(*np.broadcast_arrays(one, other))
    found = ll.compared(p, [])
    assert found["difference"]["p90"] == [0.0] * T


amounts = st.floats(-3000, 6000)


@given(st.lists(st.tuples(st.sampled_from(ll.MOVED), amounts, amounts, st.booleans()), max_size=4))
@settings(max_examples=30, deadline=None)
def test_accounts_add_up_over_layers_and_regions_whatever_lines_add(p, drawn):
    lines = [line(k, home, abroad, closes=c) for k, home, abroad, c in drawn]
    course = ll.course_with_lines(p, lines)
    f = ly.play_layers(p, course)
    everything = f.value.sum(axis=(2, 3)) + f.inputs.sum(axis=2)
    np.testing.assert_allclose(everything, f.spending, rtol=1e-9)
    assert (f.value >= -1e-9).all()
    assert (course.home_share >= 0).all()
    assert (course.home_share <= 1).all()
    stays = f.value[..., 0].sum(axis=2) + f.inputs[..., 0]
    np.testing.assert_allclose(f.balance, f.receipts - (f.spending - stays), rtol=1e-9)


@pytest.mark.parametrize("layer", ll.MOVED)
def test_payments_between_the_layers_are_the_value_added_with_lines_too(p, layer):
    course = ll.course_with_lines(p, [line(layer, 3000.0, closes=True)])
    paid = lf.circulation(p, course)
    value = ly.play_layers(p, course).value[:, AT].mean(axis=0)
    for i, name in enumerate(("compute", "base_model", "application")):
        for j, region in enumerate(ly.REGIONS):
            own = paid[(paid["payee"] == name) & (paid["payee_region"] == region)]["value"].sum()
            out = paid[(paid["payer"] == name) & (paid["payer_region"] == region)]["value"].sum()
            assert own - out == pytest.approx(value[i, j], rel=1e-9, abs=1e-9)
    rents = lf.rents(p, course)
    assert rents.loc[("compute", "home"), "value"] == pytest.approx(value[0, 0], rel=1e-9)


@pytest.mark.parametrize("layer", ll.MOVED)
def test_what_a_line_brings_home_improves_the_balance_by_no_more_than_it_sells(p, layer):
    gain = np.array(ll.compared(p, [line(layer)])["difference"]["p50"])
    assert gain[0] == 0.0
    assert gain[AT] > 0.0
    if layer != "application":  # paid to home in place of abroad, yen for yen
        assert gain[AT] == pytest.approx(900.0, rel=1e-9)


def test_what_is_sold_abroad_is_received(p):
    gain = ll.compared(p, [line("compute", 0.0, 500.0)])["difference"]
    assert gain["p10"][AT] == pytest.approx(450.0, rel=1e-9)
    assert gain["p90"][AT] == pytest.approx(450.0, rel=1e-9)


def test_closed_data_keep_more_and_only_where_the_means_join_them(p):
    plain = ll.compared(p, [line("application")])["medians"]
    joined = ll.compared(p, [line("application", closes=True)])["medians"]
    assert plain["portfolio"]["closed"] == plain["nothing"]["closed"]
    assert joined["portfolio"]["closed"] > plain["portfolio"]["closed"]
    assert joined["portfolio"]["kept"] > plain["portfolio"]["kept"] > plain["nothing"]["kept"]


def test_the_tables_of_values_add_up_to_users_spending(p):
    found = ll.compared(p, [line("application", 2000.0), line("base_model", 100.0)])
    for course in ("nothing", "portfolio"):
        total = sum(r["value"] for r in found["value"] if r["course"] == course)
        assert total == pytest.approx(found["spending"][course], rel=1e-12)


def test_lines_of_the_layers_are_picked_out_of_a_portfolio():
    """Only the digital sales of segments that belong to a layer, split as home sells."""
    model = contest.build(case := cases.load("japan17"), case.economy)
    draws = np.random.default_rng(0).random((2, len(model.quantities)))
    table = model.lines
    wanted = ("ai_applications", "ai_compute", "cloud_services", "games", "digital_industry")
    rows = [0, *(int((table["segment"] == s).to_numpy().argmax()) for s in wanted)]
    sales = np.ones((len(rows), 2, model.years.size))
    found = ll.lines_in_layers(model, draws, rows, sales)
    assert [x.layer for x in found] == ["application", "compute", "compute"]
    digital = case.tables["segments"].set_index("segment")["digital"]
    for x, name in zip(found, wanted[:3], strict=True):
        assert (x.added_home[:, :2] == 0.0).all()  # 2024 and 2025
        np.testing.assert_allclose((x.added_home + x.added_abroad)[:, 2:], float(digital[name]))


# --- conditions of the industry OS


def test_the_least_that_is_enough_is_enough_and_a_little_less_is_not(p):
    table = lc.conditions(p, keep=0.18, yearly=200.0)
    least = lc._least(p, "os_reuse", 0.18, 200.0, ly.RIPE_YEAR)
    between = np.isfinite(least) & (least > 0.0)
    assert between.any()

    def kept(reuse):
        q = {**p, "os_reuse": reuse}
        return lc.kept_share(q, ly.course_industry_os(q, 200.0))

    shown = np.where(between, least, 0.5)
    assert (kept(shown)[between] >= 0.18).all()
    assert (kept(np.maximum(0.0, shown - 1e-3))[between] < 0.18).all()
    assert table.loc["os_reuse", "low"] <= table.loc["os_reuse", "median"]
    assert table.loc["fields", "high"] <= 10 or np.isinf(table.loc["fields", "high"])


def test_a_higher_aim_and_less_money_ask_for_more(p):
    def median(keep, yearly):
        return lc.conditions(p, keep=keep, yearly=yearly)["median"]

    assert (median(0.2, 300.0) >= median(0.17, 300.0)).all()
    assert median(0.18, 100.0)["os_reuse"] >= median(0.18, 300.0)["os_reuse"]
    assert median(0.18, 100.0)["fields"] == median(0.18, 300.0)["fields"]  # money no object


def test_more_reuse_enters_more_fields_and_needs_less_of_closed_data(p):
    table = lc.together(p, keep=0.18, yearly=100.0)
    assert table["fields"].is_monotonic_increasing
    assert table["odds"].is_monotonic_increasing
    assert table["median"].is_monotonic_decreasing
