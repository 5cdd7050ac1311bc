"""Balancing, splitting, converting, and what is said before use."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kachisuji.accounts import Extension, reference
from kachisuji.accounts.balancing import gras, ras, sut_ras
from kachisuji.accounts.conversion import convert, deflate
from kachisuji.accounts.preflight import preflight
from kachisuji.accounts.splitting import disaggregate
from kachisuji.words import InfeasibleError, InputError
from tests.accounts.conftest import random_economy

SEEDS = st.integers(0, 10**6)


@given(seed=SEEDS)
def test_ras_meets_totals_and_is_biproportional(seed):
    rng = np.random.default_rng(seed)
    A = rng.random((4, 5)) * (rng.random((4, 5)) < 0.8)
    goal = A * rng.uniform(0.5, 2, (4, 5))
    assume((goal.sum(0) > 0).all() and (goal.sum(1) > 0).all())
    done = ras(A, goal.sum(1), goal.sum(0), tolerance=1e-12)
    assert done.converged
    np.testing.assert_allclose(done.matrix.sum(1), goal.sum(1), rtol=1e-9)
    np.testing.assert_allclose(done.matrix.sum(0), goal.sum(0), rtol=1e-9)
    assert ((done.matrix == 0) == (A == 0)).all()
    # r A s: every two by two minor of the ratios vanishes
    ratio = np.where(A > 0, done.matrix / np.where(A > 0, A, 1), np.nan)
    minor = ratio[:-1, :-1] * ratio[1:, 1:] - ratio[:-1, 1:] * ratio[1:, :-1]
    assert np.nanmax(np.abs(minor), initial=0) < 1e-8 * np.nanmax(ratio) ** 2


@given(seed=SEEDS)
def test_gras_keeps_signs_and_is_the_optimum(seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(3, 2, (4, 4))
    goal = A * rng.uniform(0.7, 1.4, (4, 4))
    done = gras(A, goal.sum(1), goal.sum(0), tolerance=1e-12)
    assume(done.converged)
    X = done.matrix
    np.testing.assert_allclose(X.sum(1), goal.sum(1), atol=1e-9)
    np.testing.assert_allclose(X.sum(0), goal.sum(0), atol=1e-9)
    assert (np.sign(X) == np.sign(A)).all()
    # first-order condition: sign times log of the ratio is a row term plus a column term
    gradient = np.sign(A) * np.log(X / A)
    left = gradient - gradient[:1] - gradient[:, :1] + gradient[0, 0]
    np.testing.assert_allclose(left, 0, atol=1e-6)


def test_gras_gives_the_published_example():
    golden = Path(__file__).parent / "golden" / "published.toml"
    example = tomllib.loads(golden.read_text(encoding="utf-8"))["gras"]
    done = gras(example["prior"], example["rows"], example["columns"])
    assert done.converged
    np.testing.assert_allclose(done.matrix, example["result"], atol=2e-6)


@given(seed=SEEDS)
def test_gras_without_negatives_is_ras(seed):
    rng = np.random.default_rng(seed)
    A = rng.random((3, 4)) + 0.1
    rows, columns = rng.random(3) + 1, rng.random(4) + 1
    columns *= rows.sum() / columns.sum()
    np.testing.assert_array_equal(gras(A, rows, columns).matrix, ras(A, rows, columns).matrix)


@given(seed=SEEDS)
@settings(max_examples=30)
def test_sut_ras_balances_both_tables(seed):
    rng = np.random.default_rng(seed)
    make = rng.random((3, 4)) * 5 + np.eye(3, 4) * 20
    use = rng.random((4, 5)) * 6
    g = make.sum(1) * rng.uniform(0.9, 1.2, 3)
    u = use.sum(0) * rng.uniform(0.9, 1.2, 5)
    u *= g.sum() / u.sum()
    done = sut_ras(use, make, u, g)
    assert done.converged
    np.testing.assert_allclose(done.matrix.sum(0), u, rtol=1e-7)
    np.testing.assert_allclose(done.make.sum(1), g, rtol=1e-7)
    np.testing.assert_allclose(done.matrix.sum(1), done.make.sum(0), rtol=1e-7)
    assert ((done.matrix >= 0) & ((done.matrix == 0) == (use == 0))).all()


def test_what_balancing_refuses():
    with pytest.raises(InputError, match="negative cell"):
        ras([[1.0, -1.0]], [1.0], [0.5, 0.5])
    with pytest.raises(InputError, match="differ"):
        gras(np.ones((2, 2)), [1.0, 1.0], [1.0, 2.0])
    with pytest.raises(InputError, match="shape"):
        gras(np.ones((2, 2)), [1.0], [1.0, 0.0])
    with pytest.raises(InputError, match="nan"):
        gras(np.ones((2, 2)), [np.nan, 1.0], [1.0, 1.0])
    with pytest.raises(InfeasibleError, match="row 1"):
        gras([[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(InfeasibleError, match="column 2"):
        gras([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0], [3.0, -1.0])
    stuck = gras([[1.0, 0.0], [1.0, 1.0]], [2.0, 1.0], [1.0, 2.0], most=50)
    assert not stuck.converged
    assert stuck.gap > 0.1
    # no solution has these zeros: multipliers run away until they leave the range of numbers
    away = ras([[1.0, 0.0], [1.0, 1.0]], [3.0, 1.0], [1.0, 3.0], most=3000)
    assert not away.converged
    assert np.isfinite(away.matrix).all()
    assert away.gap == pytest.approx(2 / 3)


def added_up(table, parts, old):
    return table.aggregate(sectors={s: old if s in parts else s for s in table.sectors})


@given(seed=SEEDS, share=st.floats(0.05, 0.95))
@settings(max_examples=30)
def test_splitting_and_adding_up_again(seed, share):
    base = random_economy(seed, S=3, published_output=np.arange(9.0))
    jobs = Extension("labour", ("jobs",), np.arange(1.0, 10.0)[None], "persons")
    table = base.with_extension(jobs)
    for recipes, sales in (
        (None, None),
        ({"chips": {"s0": 0.1, "s1": 0.2}}, None),
        (None, {"chips": {"s0": 3.0, "f0": 0.2}}),
        ({"chips": {"s0": 0.1, "s2": 0.05}, "other": {"s1": 0.3}}, {"other": {"f1": 2.0}}),
    ):
        split = disaggregate(table, "s1", {"chips": share, "other": 1 - share}, recipes, sales)
        assert split.sectors == ("s0", "chips", "other", "s2")
        again = added_up(split, ("chips", "other"), "s1")
        scale = 1e-8 * table.x.max()
        np.testing.assert_allclose(again.Z, table.Z, atol=scale)
        np.testing.assert_allclose(again.Y, table.Y, atol=scale)
        np.testing.assert_allclose(again.value_added, table.value_added, atol=scale)
        np.testing.assert_allclose(again.extensions["labour"].values, jobs.values)
        row = split.row("R1", "chips")
        assert split.x[row] == pytest.approx(share * table.x[table.row("R1", "s1")], rel=1e-8)


def test_a_recipe_shows():
    world = reference()
    share = 0.1
    split = disaggregate(
        world, "c14", {"chips": share, "other electronics": 1 - share}, {"chips": {"c9": 0.30}}
    )
    column = split.Z[:, split.row("JPN", "chips")] / split.x[split.row("JPN", "chips")]
    chemicals = column.reshape(17, -1)[:, split.sector_number("c9")].sum()
    old = world.Z[:, world.row("JPN", "c14")] / world.x[world.row("JPN", "c14")]
    before = old.reshape(17, -1)[:, world.sector_number("c9")].sum()
    # thirty per cent is more than the whole sector's chemicals allow; it goes as far as they do
    assert chemicals > 3 * before
    again = added_up(split, ("chips", "other electronics"), "c14")
    np.testing.assert_allclose(again.Z, world.Z, atol=1e-3)


def test_shares_by_region_and_refusals():
    table = random_economy(1)
    by_region = {"a": {"R0": 0.2, "R1": 0.5, "R2": 1.0}, "b": {"R0": 0.8, "R1": 0.5, "R2": 0.0}}
    split = disaggregate(table, "s0", by_region)
    assert split.x[split.row("R2", "b")] == 0
    for shares, options, said in (
        ({"a": 1.0}, {}, "two parts"),
        ({"a": 0.5, "b": 0.6}, {}, "add up to 1.1"),
        ({"a": -0.5, "b": 1.5}, {}, "share is"),
        ({"a": "0.5", "b": 0.5}, {}, "share is '0.5'"),
        ({"a": {**by_region["a"], "R9": 0.3}, "b": by_region["b"]}, {}, "no region 'R9'"),
        ({1: 0.5, "b": 0.5}, {}, "not dict with the label 1"),
        ({"a": 0.5, "b": 0.5}, {"recipes": {"a": {"s1": "much"}}}, "share is 'much'"),
        ({"a": 0.5, "b": 0.5}, {"recipes": {"a": 0.3}}, "recipes of disaggregate"),
        ({"a": 0.5, "b": 0.5}, {"sales": {"a": {"s1": "all"}}}, "share is 'all'"),
        ({"a": 0.5, "s1": 0.5}, {}, "more than once"),
        ({"a": {"R0": 1.0}, "b": 0.0}, {}, "nothing about 'R1'"),
        ({"a": 0.5, "b": 0.5}, {"recipes": {"c": {}}}, "no part 'c'"),
        ({"a": 0.5, "b": 0.5}, {"recipes": {"a": {"s1": 1.2}}}, "above 1"),
        ({"a": 0.5, "b": 0.5}, {"recipes": {"a": {"s9": 0.2}}}, "no sector 's9'"),
        ({"a": 0.5, "b": 0.5}, {"sales": {"a": {"s9": 0.2}}}, "no buyer 's9'"),
    ):
        with pytest.raises(InputError, match=said):
            disaggregate(table, "s0", shares, **options)


def test_currencies_and_prices():
    table = random_economy(2, published_output=np.arange(6.0))
    yen = convert(table, rate=110.0, currency="JPY")
    np.testing.assert_allclose(yen.x, table.x * 110)
    np.testing.assert_allclose(yen.output_gap, table.output_gap * 110)
    assert (yen.currency, yen.unit) == ("JPY", "million")
    prices = pd.Series(np.linspace(0.8, 1.4, 6), table.index)
    real = deflate(table, prices.sample(frac=1, random_state=0), 2005)
    np.testing.assert_allclose(real.x, table.x / prices)
    np.testing.assert_allclose(real.value_added, real.x - real.Z.sum(0))
    np.testing.assert_allclose(deflate(table, np.ones(6), 2011).Z, table.Z)
    assert "2005" in real.currency
    with pytest.raises(InputError, match="rate"):
        convert(table, rate=0.0)
    with pytest.raises(InputError, match="rate of convert is float, not str"):
        convert(table, rate="110 yen")
    pay = Extension("primary", ("pay",), np.ones((1, table.n)), "million USD")
    jobs = Extension("jobs", ("jobs",), np.ones((1, table.n)), "thousand persons")
    both = convert(
        table.with_extension(pay).with_extension(jobs), rate=0.11, currency="JPY", unit="billion"
    )
    assert both.extensions["primary"].unit == "billion JPY"
    np.testing.assert_allclose(both.extensions["primary"].values, 0.11)
    np.testing.assert_array_equal(both.extensions["jobs"].values, 1.0)
    with pytest.raises(InputError, match="R1 s0"):
        deflate(table, [1, 1, 0, 1, 1, 1], 2005)
    with pytest.raises(InputError, match="R2 s1"):
        deflate(table, prices.iloc[:5], 2005)


def test_preflight_names_and_does_not_mend():
    table = random_economy(4, stock_changes=("f1",))
    assert preflight(table).empty
    Z, Y = np.array(table.Z), np.array(table.Y)
    Z[0, 3] = -5.0
    Z[1, 2] = 1e-12
    Y[2, 1] = -4.0  # a change in stocks may be negative
    Y[2, 0] = -2.0
    Z[:, 4] += 500
    Z[5], Z[:, 5], Y[5] = 0, 0, 0
    strange = replace(table, Z=Z, Y=Y, published_output=table.x)
    report = preflight(strange)
    kinds = set(report["kind"])
    assert kinds >= {"negative_flow", "tiny", "negative_final", "negative_value_added", "idle",
                     "inputs_exceed", "output_gap"}  # fmt: skip
    line = report[report["kind"] == "negative_flow"].iloc[0]
    assert (line["row"], line["column"], line["value"]) == ("R0 s0", "R1 s1", -5.0)
    assert len(report[report["kind"] == "negative_final"]) == 1
    np.testing.assert_array_equal(strange.Z, Z)
    assert "負" in preflight(strange, "ja")["meaning"].iloc[0]
    Z[:5, 5] = 1.0
    assert "no_output" in set(preflight(replace(strange, Z=Z))["kind"])


def test_preflight_of_the_reference_is_short():
    report = preflight(reference())
    assert set(report["kind"]) <= {"idle", "negative_final", "output_gap"}
