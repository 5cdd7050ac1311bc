"""PRIM and CART against EMA Workbench on the same data, and laws."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from kachisuji.ensembles import cart, prim
from kachisuji.words import InputError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "discovery.json").read_text())


def made():
    rng = np.random.default_rng(5)
    x = rng.random((400, 4))
    y = ((x[:, 0] > 0.6) & (x[:, 1] < 0.5)).astype(int) ^ (rng.random(400) < 0.05)
    return x, y, list("abcd")


def published(folder):
    table = pd.read_csv(folder / "textbook" / "bryant_lempert_2010.csv")
    x = table.iloc[:, 2:11]
    return x, table.iloc[:, -1].to_numpy(), list(x)


def compare(found, golden):
    told = [[b.coverage, b.density, b.mass, len(b.restricted)] for b in found.trajectory]
    np.testing.assert_allclose(told, golden["trajectory"], rtol=1e-12)
    np.testing.assert_allclose(found.box.limits, golden["limits"], rtol=1e-12)
    assert set(found.box.restricted) == set(golden["quasi_p"])
    for name, values in golden["quasi_p"].items():
        own = found.box.quasi_p[found.box.names.index(name)]
        np.testing.assert_allclose(own, np.array(values, dtype=float), rtol=1e-9)


def test_prim_is_that_of_ema_workbench():
    x, y, names = made()
    compare(prim(x, y, names), GOLDEN["made"]["0.05"])


def test_cart_is_that_of_ema_workbench():
    x, y, names = made()
    told = sorted([b.coverage, b.density, b.mass] for b in cart(x, y, names))
    np.testing.assert_allclose(told, GOLDEN["made"]["cart"], rtol=1e-12)


@pytest.mark.data
@pytest.mark.parametrize("peel", ["0.1", "0.05"])
def test_prim_on_bryant_and_lempert(full_data, peel):
    x, y, names = published(full_data)
    compare(prim(x, y, names, peel=float(peel)), GOLDEN["bryant_lempert"][peel])


@pytest.mark.data
def test_the_published_box_of_bryant_and_lempert(full_data):
    x, y, names = published(full_data)
    box = prim(x, y, names, peel=0.1).box
    assert (box.coverage, box.density, box.mass) == pytest.approx(
        (0.505618, 1.0, 0.0510204), abs=1e-6
    )
    assert len(box.restricted) == 6
    leaves = sorted([b.coverage, b.density, b.mass] for b in cart(x, y, names))
    np.testing.assert_allclose(leaves, GOLDEN["bryant_lempert"]["cart"], rtol=1e-12)


cases = st.integers(0, 10_000)


def drawn(seed, futures=120, quantities=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(futures, quantities))
    y = (x @ rng.normal(size=quantities) + 0.3 * rng.normal(size=futures) > 0.5).astype(float)
    y[0] = 1.0
    return x, y


@settings(max_examples=25)
@given(cases)
def test_a_box_is_what_it_says(seed):
    x, y = drawn(seed)
    before = 1.0
    for box in prim(x, y).trajectory:
        inside = box.inside(x)
        assert inside.sum() == box.count
        assert y[inside].sum() == box.cases
        assert box.mass >= 0.05
        assert box.mass <= max(before, box.mass)
        for j, side in np.argwhere(~np.isnan(box.quasi_p)):
            without = box.limits.copy()
            without[j, side] = box.whole[j, side]
            wide = ((x >= without[:, 0]) & (x <= without[:, 1])).all(axis=1)
            exact = binomtest(int(box.cases), box.count, y[wide].mean(), alternative="greater")
            assert box.quasi_p[j, side] == pytest.approx(exact.pvalue, rel=1e-9, abs=1e-300)


@settings(max_examples=25)
@given(cases)
def test_leaves_divide_the_futures(seed):
    x, y = drawn(seed)
    leaves = cart(x, y)
    assert sum(b.count for b in leaves) == y.size
    assert sum(b.coverage for b in leaves) == pytest.approx(1.0)
    assert min(b.count for b in leaves) >= int(0.05 * y.size)
    assert [b.density for b in leaves] == sorted((b.density for b in leaves), reverse=True)


@settings(max_examples=15)
@given(cases)
def test_order_and_units_change_nothing(seed):
    x, y = drawn(seed)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(y.size)
    scale = np.array([4.0, 0.5, 2.0])
    one, other = prim(x, y).box, prim(x[rows] * scale, y[rows]).box
    np.testing.assert_allclose(one.limits * scale[:, None], other.limits, rtol=1e-12)
    assert one.count == other.count


def test_a_second_box_covers_other_cases():
    rng = np.random.default_rng(0)
    x = rng.random((600, 2))
    y = ((x[:, 0] > 0.8) | ((x[:, 1] < 0.15) & (x[:, 0] < 0.5))).astype(float)
    first = prim(x, y)
    second = prim(x, y, without=[first.box])
    one, other = (b.inside(x) & (y > 0) for b in (first.box, second.box))
    assert (other & ~one).sum() == second.box.cases > 0
    assert first.box.coverage + second.box.coverage > 0.8


def test_the_density_of_a_measure_is_its_mean():
    x, _ = drawn(3)
    y = 2.0 + x[:, 0]
    found = prim(x, y)
    assert found.box.density > 2.5
    assert np.isnan(found.box.quasi_p).all()
    assert found.within(1).restricted == ("x0",)


def test_a_measure_below_zero_has_no_coverage():
    x, _ = drawn(3)
    found = prim(x, x[:, 0] - 5.0)
    assert np.isnan([b.coverage for b in found.trajectory]).all()
    assert found.within(1).restricted == ("x0",)


def test_the_columns_of_a_table_name_the_quantities():
    x, y, _ = made()
    table = pd.DataFrame(x, columns=["rivals", "partners", "c", "d"])
    assert prim(table, y).within(1).restricted[0] in table.columns
    assert prim(table, y).box.sentence() == prim(x, y, list(table.columns)).box.sentence()


def test_conditions_are_told_in_both_languages():
    x, y, _ = made()
    box = prim(x, y, ["rivals", "partners", "c", "d"]).within(2)
    assert "rivals is between 0.601 and" in box.sentence()
    assert " and partners is below" in box.sentence()
    assert "rivalsが" in box.sentence("ja")
    assert prim(x, y).trajectory[0].sentence() == "in all futures"


@pytest.mark.parametrize(
    ("x", "y", "options", "key"),
    [
        (np.ones(3), np.ones(3), {}, "discovery_shape"),
        (np.ones((3, 2)), np.ones(2), {}, "discovery_shape"),
        (np.ones((3, 2)), np.ones(3), {"names": ["a"]}, "discovery_shape"),
        (np.full((3, 2), np.nan), np.ones(3), {}, "discovery_holes"),
        (np.ones((3, 2)), np.zeros(3), {}, "no_cases"),
        (np.ones((3, 2)), ["1", "0", "1"], {}, "not_numbers"),
        (np.full((3, 2), "1"), np.ones(3), {}, "not_numbers"),
        ([[1, 2], [3], [4, 5]], np.ones(3), {}, "not_numbers"),
        (np.ones((3, 2)), np.ones(3), {"names": ["a", "a"]}, "bad_names"),
        (np.ones((3, 2)), np.ones(3), {"peel": 0.7}, "bad_share"),
    ],
)
def test_what_cannot_be_looked_at_is_said(x, y, options, key):
    with pytest.raises(InputError) as caught:
        prim(x, y, **options)
    assert caught.value.key == f"ensembles.{key}"


@pytest.mark.parametrize(
    ("options", "key"),
    [({"mass": -1}, "bad_share"), ({"mass": 1}, "bad_share"), ({"depth": 0}, "bad_setting")],
)
def test_a_tree_that_makes_no_sense_is_refused(options, key):
    x, y, _ = made()
    with pytest.raises(InputError) as caught:
        cart(x, y, **options)
    assert caught.value.key == f"ensembles.{key}"
