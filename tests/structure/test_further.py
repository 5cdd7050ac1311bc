"""Ghosh, prices, type II, propagation, paths, change between years, footprints."""

from dataclasses import replace
from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji.accounts import Extension, reference
from kachisuji.structure import (
    Households,
    average_propagation_lengths,
    decompose_change,
    footprint,
    ghosh,
    gvc_income,
    leontief,
    multipliers,
    paths,
    price_change,
)
from kachisuji.words import InputError
from tests.structure.tables import random_economy

SEEDS = st.integers(0, 10**6)


@given(seed=SEEDS)
def test_ghosh(seed):
    table = random_economy(seed)
    G = np.linalg.inv(np.eye(6) - table.Z / table.x[:, None])
    system = ghosh(table)
    np.testing.assert_allclose(system.B, table.Z / table.x[:, None])
    np.testing.assert_allclose(system.solve_transposed(table.value_added), table.x)
    np.testing.assert_allclose(system.solve(np.eye(6)), G)
    np.testing.assert_allclose(system.solve_transposed(np.arange(6.0)), np.arange(6.0) @ G)


@given(seed=SEEDS)
def test_prices(seed):
    table = random_economy(seed)
    # all primary costs up by a tenth: all prices up by a tenth
    np.testing.assert_allclose(price_change(table, table.v / 10), 0.1)
    # Ghosh and Leontief give the same change of value
    rise = np.zeros(6)
    rise[2] = 0.05
    value = ghosh(table).solve_transposed(rise * table.x)
    np.testing.assert_allclose(price_change(table, rise) * table.x, value)


@given(seed=SEEDS, outside=st.floats(1.0, 3.0))
def test_type_two_against_the_closed_table(seed, outside):
    table = random_economy(seed)
    wages = table.value_added * 0.6
    earned = wages.reshape(3, 2).sum(1)
    spent = table.Y.reshape(6, 3, 2)[:, :, 0]
    total = np.maximum(earned, spent.sum(0)) * 1.2 * outside
    closed = Households(wages, ("f0",), total)
    effects = multipliers(table, {"wages": wages}, households=closed)
    # three rows and columns for the households of the three regions
    whole = np.zeros((9, 9))
    whole[:6, :6] = table.Z / table.x
    whole[:6, 6:] = spent / total
    for r in range(3):
        whole[6 + r, 2 * r : 2 * r + 2] = (wages / table.x)[2 * r : 2 * r + 2]
    L = np.linalg.inv(np.eye(9) - whole)
    np.testing.assert_allclose(effects["output"], L[:6, :6].sum(0))
    np.testing.assert_allclose(effects["wages"], L[6:, :6].sum(0))
    np.testing.assert_allclose(effects["value_added"], table.v @ L[:6, :6])
    first = multipliers(table, {"wages": wages})
    assert (effects["wages"] > first["wages"]).all()


def test_type_two_refuses_what_has_no_solution():
    table = random_economy(1)
    wages = table.value_added
    with pytest.raises(InputError, match="category"):
        multipliers(table, households=Households(wages, ("c37",)))
    with pytest.raises(InputError, match="above zero"):
        multipliers(table, households=Households(wages, ("f0",), np.zeros(3)))
    with pytest.raises(InputError, match="spend more"):
        multipliers(table, households=Households(wages * 0.1, ("f0", "f1")))
    with pytest.raises(InputError, match="has 5 figures"):
        multipliers(table, households=Households(wages[:5], ("f0",)))
    with pytest.raises(InputError, match="households cannot be str"):
        multipliers(table, households="f0")
    with pytest.raises(InputError, match=r"rows of multipliers is Mapping\[str, Any\]"):
        multipliers(table, rows=[wages])
    for figure in (np.nan, np.inf):
        with pytest.raises(InputError, match=f"jobs is {figure} in this cell"):
            multipliers(table, rows={"jobs": np.full(table.n, figure)})


@given(seed=SEEDS)
def test_propagation_lengths_round_by_round(seed):
    table = random_economy(seed)
    A = table.Z / table.x
    power, total, weighted = A.copy(), np.zeros((6, 6)), np.zeros((6, 6))
    for k in range(1, 300):
        total += power
        weighted += k * power
        power = power @ A
    np.testing.assert_allclose(average_propagation_lengths(table), weighted / total, rtol=1e-8)


def every_path(table, c, final, depth):
    """All paths into product 3 by brute force."""
    A, found = table.Z / table.x, []
    for links in range(depth + 1):
        for rows in product(range(6), repeat=links):
            chain = (*rows, 3)
            value = final
            for i, j in pairwise(chain):
                value *= A[i, j]
            found.append((c[chain[0]] * value, chain))
    return sorted(found, reverse=True)


@given(seed=SEEDS, top=st.integers(1, 30))
@settings(max_examples=15)
def test_paths_are_the_true_best(seed, top):
    table = random_economy(seed, density=0.7)
    final = table.Y[3].sum()
    brute = every_path(table, table.v, final, 4)
    got = paths(table, "R1", "s1", top=top, depth=4)
    want = [value for value, _ in brute[:top] if value > 0]
    np.testing.assert_allclose(got["value"], want)
    total = gvc_income(table, "R1", "s1").sum()
    assert got.attrs["total"] == pytest.approx(total)
    assert got.attrs["left_out"] == pytest.approx(total - sum(want))
    if len(brute) > top:
        assert got.attrs["largest_left_out"] >= brute[top][0] * (1 - 1e-9)
    assert got.attrs["largest_left_out"] <= got["value"].iloc[-1] * (1 + 1e-9) or len(want) < top


def test_paths_of_a_real_product():
    got = paths(reference(), "JPN", "c15", top=10)
    assert got["path"].iloc[0] == "JPN/c15"
    assert got["links"].iloc[0] == 0
    assert got["value"].is_monotonic_decreasing
    assert got["share"].sum() + got.attrs["left_out"] / got.attrs["total"] == pytest.approx(1)


def test_paths_refuse():
    table = random_economy(1)
    with pytest.raises(InputError, match="top"):
        paths(table, "R1", "s1", top=0)
    with pytest.raises(InputError, match="depth of paths is int, not str"):
        paths(table, "R1", "s1", depth="three")
    # a table that is productive, while |A| is not: by-products as negative inputs
    Z = np.array(table.Z)
    Y = np.array(table.Y)
    Y[3, 0] += Z[3, 3]
    Y[0, 0] += Z[0, 3] + 1.5 * table.x[3]
    Z[0, 3], Z[3, 3] = -1.5 * table.x[3], 0.0
    Y[3, 0] -= table.x[0] - Z[3, 0]
    Z[3, 0] = table.x[0]
    with pytest.raises(InputError, match="negative"):
        paths(replace(table, Z=Z, Y=Y), "R1", "s1")


@given(seed=SEEDS, top=st.integers(1, 12))
@settings(max_examples=15)
def test_paths_with_negative_cells_are_ordered_by_size(seed, top):
    table = random_economy(seed)
    Z = np.array(table.Z)
    Z[0, 3] = -Z[0, 3] / 4
    table = replace(table, Z=Z)
    c = table.v * np.where(np.arange(6) % 2 == 0, -1.0, 1.0)  # every other sector at a loss
    final = table.Y[3].sum()
    brute = sorted(every_path(table, c, final, 4), key=lambda p: -abs(p[0]))
    got = paths(table, "R1", "s1", row=c * table.x, top=top, depth=4)
    want = [value for value, _ in brute[:top] if value != 0]
    np.testing.assert_allclose(np.abs(got["value"]), np.abs(want))
    total = (c @ np.linalg.inv(np.eye(6) - table.Z / table.x))[3] * final
    assert got.attrs["total"] == pytest.approx(total)
    assert got.attrs["largest_left_out"] >= abs(brute[top][0]) * (1 - 1e-9)


@given(seed=SEEDS)
@settings(max_examples=30)
def test_change_adds_up_and_is_the_mean_of_all_orders(seed):
    before, after = random_economy(seed), random_economy(seed + 1)
    result = decompose_change(before, after)
    effects = result[["intensity", "technology", "mix", "level"]]
    np.testing.assert_allclose(effects.sum(axis=1), result["change"], atol=1e-9)
    np.testing.assert_allclose(result["change"], after.value_added - before.value_added, atol=1e-9)
    polar = decompose_change(before, after, method="polar")
    np.testing.assert_allclose(polar.iloc[:, :4].sum(axis=1), polar["change"], atol=1e-9)

    def outcome(which):
        c = (before, after)[which[0]].v
        L = np.linalg.inv(np.eye(6) - (before, after)[which[1]].Z / (before, after)[which[1]].x)
        final = (before, after)[which[2]].Y.sum(1)
        return c * (L @ (final / final.sum())) * (before, after)[which[3]].Y.sum()

    mean = np.zeros((4, 6))
    for order in permutations(range(4)):
        now = [0, 0, 0, 0]
        for factor in order:
            start = outcome(now)
            now[factor] = 1
            mean[factor] += (outcome(now) - start) / 24
    np.testing.assert_allclose(effects.T, mean, atol=1e-9)


def test_only_what_changed_has_an_effect():
    before = random_economy(3)
    bigger = replace(before, Z=before.Z * 2, Y=before.Y * 2)
    result = decompose_change(before, bigger, row="output")
    np.testing.assert_allclose(result["level"], before.x)
    np.testing.assert_allclose(result[["intensity", "technology", "mix"]], 0, atol=1e-9)
    with pytest.raises(InputError, match="differ in their currency"):
        decompose_change(before, replace(bigger, currency="EUR"))
    with pytest.raises(InputError, match="method"):
        decompose_change(before, bigger, method="guess")


@given(seed=SEEDS)
def test_the_polar_forms_of_output_are_the_split_in_two(seed):
    tables = random_economy(seed), random_economy(seed + 1)
    before, after = (np.linalg.inv(np.eye(t.n) - t.Z / t.x) for t in tables)
    f, g = (t.final_by_region.sum(1) for t in tables)
    split = decompose_change(*tables, row="output", method="polar")
    np.testing.assert_allclose(split["technology"], (after - before) @ (f + g) / 2, atol=1e-9)
    demand = split["mix"] + split["level"]
    np.testing.assert_allclose(demand, (before + after) @ (g - f) / 2, atol=1e-9)


@given(seed=SEEDS)
def test_footprints(seed):
    table = random_economy(seed)
    jobs = Extension("labour", ("jobs",), np.arange(1.0, 7.0)[None], "persons")
    table = table.with_extension(jobs)
    L = np.linalg.inv(np.eye(6) - table.Z / table.x)
    c = np.arange(1.0, 7.0) / table.x
    source = footprint(table, "jobs")
    np.testing.assert_allclose(source, c[:, None] * (L @ table.final_by_region))
    by_product = footprint(table, "jobs", by="product")
    np.testing.assert_allclose(by_product.sum(), source.sum())
    np.testing.assert_allclose(source.sum(axis=1), np.arange(1.0, 7.0))
    with pytest.raises(InputError, match="by"):
        footprint(table, by="colour")


@pytest.mark.parametrize("wrong", [np.ones(5), np.ones((5, 2)), np.float64(1.0), ["a"] * 6])
def test_a_vector_that_does_not_fit_is_told(wrong):
    table = random_economy(1)
    for system in (leontief(table), ghosh(table)):
        for solve in (system.solve, system.solve_transposed):
            with pytest.raises(InputError, match="6 sectors"):
                solve(wrong)


def test_leontief_system_is_shared():
    table = random_economy(1)
    ghosh(table).solve(np.ones(6))
    assert table.__dict__["_leontief"] is leontief(table)
