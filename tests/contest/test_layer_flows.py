"""Payments between AI layers: what a layer receives less what it pays is the value it adds."""

import numpy as np
import pytest

from kachisuji import cases
from kachisuji.contest import layer_flows as lf
from kachisuji.contest import layers as ly


@pytest.fixture(scope="module")
def p():
    case = cases.load("japan17")
    return ly.figures(case, ly.layer_draws(case, 300))


@pytest.mark.parametrize("course", ly.COURSES)
@pytest.mark.parametrize("year", [2024, 2035])
def test_receipts_less_payments_are_the_value_added(p, course, year):
    path = ly.courses(p, 100.0)[course]
    table = lf.circulation(p, path, year)
    flows = ly.play_layers(p, path)
    t = year - ly.BASE_YEAR
    got = table.groupby(["payee", "payee_region"])["value"].sum()
    paid = table.groupby(["payer", "payer_region"])["value"].sum()
    for i, layer in enumerate(ly.LAYERS):
        for j, region in enumerate(ly.REGIONS):
            if layer == "user":
                continue
            net = got.get((layer, region), 0.0) - paid.get((layer, region), 0.0)
            # what home applications pay users for data is the users' value
            want = flows.value[:, t, i, j].mean()
            assert net == pytest.approx(want, rel=1e-9, abs=1e-6), (layer, region)
    assert got.get(("user", "home"), 0.0) == pytest.approx(flows.value[:, t, 3, 0].mean())
    assert paid["user", "home"] == pytest.approx(flows.spending[:, t].mean())
    inputs = flows.inputs[:, t].mean(axis=0)
    for j, region in enumerate(ly.REGIONS):
        assert got.get(("other_inputs", region), 0.0) == pytest.approx(inputs[j], abs=1e-6)
    abroad = table[(table["payer_region"] == "home") & (table["payee_region"] != "home")]
    back = table[(table["payer_region"] != "home") & (table["payee_region"] == "home")]
    net = flows.receipts[:, t].mean() - abroad["value"].sum() + back["value"].sum()
    assert net == pytest.approx(flows.balance[:, t].mean(), rel=1e-9)


def test_data_are_paid_for_by_home_applications_alone(p):
    table = lf.circulation(p, ly.course_domestic(p))
    data = table[table["kind"] == "data"]
    assert data[["payer", "payer_region", "payee", "payee_region"]].to_numpy().tolist() == [
        ["application", "home", "user", "home"]
    ]
    none = {**p, "data_rent": np.zeros_like(p["data_rent"])}
    assert "data" not in set(lf.circulation(none, ly.course_domestic(none))["kind"])


def test_rents_and_outside_options_add_up_to_what_is_kept(p):
    course = ly.course_as_is(p)
    table = lf.rents(p, course)
    flows = ly.play_layers(p, course)
    t = ly.RIPE_YEAR - ly.BASE_YEAR
    mean = flows.value[:, t].mean(axis=0)
    for i, layer in enumerate(("compute", "base_model", "application")):
        for j, region in enumerate(ly.REGIONS):
            data = mean[3, 0] if (layer, region) == ("application", "home") else 0.0
            assert table.loc[(layer, region), "value"] == pytest.approx(mean[i, j] + data, abs=1e-6)
    assert (table["rent"] >= 0).all()
    assert (table["outside"] >= -1e-9).all()


def test_no_rent_where_outside_options_exhaust_the_surplus(p):
    full = {**p, "model_outside": 1.0 - p["application_outside"]}
    table = lf.rents(full, ly.course_no_domestic(full))
    np.testing.assert_allclose(table["rent"], 0.0, atol=1e-9)


def test_what_meets_an_outlook_meets_it(p):
    table = lf.meets(p, -18000.0)
    growth = table.loc["growth", "value"]
    assert table.loc["growth", "low"] < growth < table.loc["growth", "high"]
    found = table["value"].dropna()
    assert "growth" in found.index
    for name, value in found.items():
        q = {**p, name: np.full_like(p[name], value)}
        got = np.median(ly.play_layers(q, ly.course_as_is(q)).balance[:, 11])
        assert got == pytest.approx(-18000.0, rel=2e-3), name
    hard = lf.meets(p, -28000.0)["value"]
    assert hard["growth"] > growth
