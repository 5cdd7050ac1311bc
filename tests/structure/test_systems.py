"""Solving, multipliers, linkages, position and content against a second route, and their laws."""

import copy
import inspect
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji import accounts, structure
from kachisuji.accounts import reference
from kachisuji.structure import (
    domestic_leontief,
    downstreamness,
    leontief,
    linkages,
    multipliers,
    origin_of_value_added,
    positions,
    upstreamness,
    value_added_content,
)
from kachisuji.words import InputError, KindError
from tests.structure.tables import national, random_economy

SEEDS = st.integers(0, 10**6)


def power_series(A, f, steps=400):
    """``f + A f + A A f + ...``: the route that no factorisation takes."""
    total, term = f.copy(), f
    for _ in range(steps):
        term = A @ term
        total = total + term
    return total


@given(seed=SEEDS, density=st.floats(0.1, 1))
def test_solving_agrees_with_the_power_series(seed, density):
    table = random_economy(seed, density=density)
    system = leontief(table)
    f = table.Y.sum(axis=1)
    np.testing.assert_allclose(system.solve(f), table.x, rtol=1e-10)
    np.testing.assert_allclose(system.solve(f), power_series(system.A, f), rtol=1e-8)
    want = power_series(system.A.T, table.v)
    np.testing.assert_allclose(system.value_added_multipliers(), want, rtol=1e-8)
    np.testing.assert_allclose(want, 1.0, rtol=1e-8)  # all income is from value added


def test_many_right_hand_sides_at_once():
    table = random_economy(5)
    system = leontief(table)
    np.testing.assert_allclose(
        system.solve(table.Y), np.linalg.solve(np.eye(6) - system.A, table.Y)
    )
    assert leontief(table) is system


def test_domestic_system():
    table = random_economy(2)
    block = table.block("R1")
    system = domestic_leontief(table, "R1")
    inverse = np.linalg.inv(np.eye(2) - block.A)
    np.testing.assert_allclose(system.value_added_multipliers(), block.v @ inverse)
    np.testing.assert_allclose(system.solve([1.0, 2.0]), inverse @ [1.0, 2.0])


def with_empty_sector(seed=3):
    table = random_economy(seed)
    Z, Y = np.array(table.Z), np.array(table.Y)
    Z[2], Z[:, 2], Y[2] = 0, 0, 0
    return replace(table, Z=Z, Y=Y)


def test_a_sector_without_output_harms_nobody():
    table = with_empty_sector()
    for result in (
        multipliers(table)["output"],
        linkages(table)["backward"],
        linkages(table)["forward"],
        upstreamness(table),
        downstreamness(table),
    ):
        assert np.isfinite(result).all()
        assert result["R1", "s0"] == 1
    assert multipliers(table).loc[("R1", "s0"), "value_added"] == 0
    assert np.isnan(multipliers(table, relative=True).loc[("R1", "s0"), "value_added"])
    assert np.isfinite(value_added_content(table)).all(axis=None)
    assert np.isfinite(positions(table)).all(axis=None)


def test_inputs_without_output_are_named():
    table = with_empty_sector()
    Z = np.array(table.Z)
    Z[0, 2] = 5.0
    with pytest.raises(InputError) as caught:
        leontief(replace(table, Z=Z))
    assert caught.value.key == "structure.no_output"
    assert caught.value.column == "R1 s0"


@pytest.mark.parametrize("greed", [1.0, 1.5])
def test_an_unproductive_table_is_named(greed):
    # sectors b and c use all that they make, or half as much again (paid out of stocks)
    Z = np.array([[1.0, 0, 0], [0, 0, 10 * greed], [0, 10 * greed, 0]])
    Y = np.array([[9.0], [10 - 10 * greed], [10 - 10 * greed]])
    with pytest.raises(InputError) as caught:
        leontief(national(Z, Y, ("a", "b", "c"), ("final",)))
    assert caught.value.key == "structure.unproductive"
    assert "X b" in str(caught.value)
    assert "X c" in str(caught.value)


def test_a_sector_with_negative_value_added_may_still_be_productive():
    # b runs at a loss, but the table as a whole has a surplus: spectral radius 0.33
    Z = np.array([[1.0, 6.0], [0.0, 0.0]])
    table = national(Z, [[13.0], [5.0]], ("a", "b"), ("final",))
    assert table.value_added[1] < 0
    np.testing.assert_allclose(leontief(table).solve([13.0, 5.0]), table.x)


@given(seed=SEEDS)
def test_linkages_against_the_inverses(seed):
    table = random_economy(seed)
    A, B = table.Z / table.x, table.Z / table.x[:, None]
    L, G = np.linalg.inv(np.eye(6) - A), np.linalg.inv(np.eye(6) - B)
    links = linkages(table)
    np.testing.assert_allclose(links["backward"], L.sum(0))
    np.testing.assert_allclose(links["forward"], G.sum(1))
    np.testing.assert_allclose(links["sensitivity"], L.sum(1))
    np.testing.assert_allclose(links["backward_index"], 6 * L.sum(0) / L.sum())


@given(seed=SEEDS)
def test_position_against_steps_counted_one_by_one(seed):
    table = random_economy(seed)
    # upstreamness: 1 x share sold to final use + 2 x share that takes one step + ...
    B = table.Z / table.x[:, None]
    share, steps = (table.x - table.Z.sum(1)) / table.x, np.zeros(6)
    for k in range(1, 400):
        steps += k * share
        share = B @ share
    np.testing.assert_allclose(upstreamness(table, inventories=False), steps, rtol=1e-8)
    # downstreamness: the same from value added on
    A = table.Z / table.x
    share, steps = table.v.copy(), np.zeros(6)
    for k in range(1, 400):
        steps += k * share
        share = share @ A
    np.testing.assert_allclose(downstreamness(table, inventories=False), steps, rtol=1e-8)


@given(seed=SEEDS)
def test_the_inventory_correction_is_that_of_the_rescaled_table(seed):
    table = random_economy(seed)
    scale = table.x / (table.x - table.stock_change)
    flows = table.Z * scale[:, None]
    np.testing.assert_allclose(
        upstreamness(table), np.linalg.inv(np.eye(6) - flows / table.x[:, None]).sum(1)
    )
    np.testing.assert_allclose(
        downstreamness(table), np.linalg.inv(np.eye(6) - flows / table.x).sum(0)
    )


def test_position_by_country_and_world():
    table = reference()
    country = table.aggregate(sectors="total")
    B = country.Z / country.x[:, None]
    want = np.linalg.inv(np.eye(17) - B).sum(1)
    got = upstreamness(table, inventories=False, level="country")
    assert list(got.index) == list(table.regions)
    np.testing.assert_allclose(got, want)
    # the world's figure is the average of the countries', weighted by output: one number for both
    world = positions(table, inventories=False, level="world")
    assert list(world.index) == ["TOTAL"]
    world = world.iloc[0]
    assert world["upstreamness"] == pytest.approx(country.x @ want / country.x.sum())
    assert world["downstreamness"] == pytest.approx(world["upstreamness"])
    assert world["final_use_share"] == pytest.approx(table.Y.sum() / table.x.sum())
    assert world["value_added_share"] == pytest.approx(table.gdp.sum() / table.x.sum())
    for measure in (upstreamness, downstreamness):
        one = measure(table, level="world")
        assert one["TOTAL"] == pytest.approx(positions(table, level="world")[one.name].iloc[0])
    # added up to one sector before measuring: output over final use
    whole = positions(table.aggregate("total", "total"), inventories=False).iloc[0]
    assert whole["upstreamness"] == pytest.approx(table.x.sum() / table.Y.sum())
    with pytest.raises(InputError, match="level"):
        upstreamness(table, level="planet")


def test_world_averages_of_the_two_positions_agree():
    table = random_economy(11)
    up = upstreamness(table, inventories=False) @ (table.value_added) / table.gdp.sum()
    f = table.Y.sum(axis=1)
    down = downstreamness(table, inventories=False) @ f / f.sum()
    assert up == pytest.approx(down)  # Antràs and Chor 2018: the same chains counted from both ends


@given(seed=SEEDS)
def test_content_adds_up_and_agrees_with_the_inverse(seed):
    table = random_economy(seed)
    L = np.linalg.inv(np.eye(6) - table.Z / table.x)
    VL = table.v[:, None] * L
    exports = table.exports.sum(1)
    content = value_added_content(table)
    np.testing.assert_allclose(content["total"], exports)
    own = [VL[2 * (k // 2) : 2 * (k // 2) + 2, k].sum() for k in range(6)]
    np.testing.assert_allclose(content["domestic"], exports * own)
    np.testing.assert_allclose(origin_of_value_added(table).sum(1), 1.0)
    final = value_added_content(table, "final_demand")
    assert final["total"].sum() == pytest.approx(table.Y.sum())
    # domestic content of what R1 buys of s0 anywhere
    bought = table.final_by_region[:, 1] * (np.arange(6) % 2 == 0)
    want = (VL @ bought)[2:4].sum()
    assert final.loc[("R1", "s0"), "domestic"] == pytest.approx(want)
    # a region's domestic content of its own final demand and its value-added exports are its GDP
    world = [(VL @ table.final_by_region[:, r]).reshape(3, 2).sum(1) for r in range(3)]
    np.testing.assert_allclose(np.sum(world, axis=0), table.gdp)
    with pytest.raises(InputError, match="cannot be 'imports'"):
        value_added_content(table, "imports")


def relabelled(table, order):
    """The same table with its regions in another order."""
    R, S, F = table.n_regions, table.n_sectors, table.n_categories
    Z = table.Z.reshape(R, S, R, S)[order][:, :, order].reshape(table.n, table.n)
    Y = table.Y.reshape(R, S, R, F)[order][:, :, order].reshape(table.n, R * F)
    return replace(table, regions=tuple(table.regions[k] for k in order), Z=Z, Y=Y)


@given(seed=SEEDS, order=st.permutations(range(3)), scale=st.sampled_from([1e-3, 7.0, 1e6]))
def test_labels_permute_and_units_scale(seed, order, scale):
    table = random_economy(seed)
    other = relabelled(table, list(order))
    bigger = replace(table, Z=table.Z * scale, Y=table.Y * scale)
    for measure in (multipliers, linkages, positions):
        want = measure(table)
        np.testing.assert_allclose(measure(other).loc[want.index].astype(float), want.astype(float))
        np.testing.assert_allclose(measure(bigger).astype(float), want.astype(float))
    np.testing.assert_allclose(
        value_added_content(bigger), value_added_content(table) * scale, rtol=1e-9
    )


def test_rows_of_ones_own():
    table = random_economy(4)
    jobs = table.series(np.arange(1.0, 7.0))
    effects = multipliers(table, {"jobs": jobs.sample(frac=1, random_state=0)})
    L = np.linalg.inv(np.eye(6) - table.Z / table.x)
    np.testing.assert_allclose(effects["jobs"], (np.arange(1.0, 7.0) / table.x) @ L)
    made = pd.Series(jobs.to_numpy(), pd.MultiIndex.from_tuples(list(jobs.index)))
    np.testing.assert_array_equal(multipliers(table, {"jobs": made}), effects)
    with pytest.raises(InputError, match="nothing about this sector"):
        multipliers(table, {"jobs": jobs.iloc[:5]})
    with pytest.raises(InputError, match="has 5 figures"):
        multipliers(table, {"jobs": np.ones(5)})


TAKING_TABLES = [
    (function, parameter.name)
    for room in (accounts, structure)
    for function in map(room.__dict__.get, room.__all__)
    if inspect.isfunction(function)
    for parameter in inspect.signature(function).parameters.values()
    if parameter.annotation == "Economy"
]


@pytest.mark.parametrize(
    ("function", "name"), TAKING_TABLES, ids=lambda v: getattr(v, "__name__", v)
)
@pytest.mark.parametrize("given", ["wiod13", None], ids=repr)
def test_what_is_no_table_is_named(function, name, given):
    asked = inspect.signature(function).parameters.values()
    needed = {p.name: reference() for p in asked if p.default is p.empty} | {name: given}
    with pytest.raises(TypeError) as told:
        function(**needed)
    assert isinstance(told.value, InputError)  # a sentence with its remedy, in both languages
    assert f"{name} of {function.__name__} is a table (Economy), not {type(given).__name__}" in str(
        told.value
    )


@pytest.mark.parametrize(
    ("function", "given", "sentence"),
    [
        (accounts.ras, {"prior": "a", "rows": [1], "columns": [1]}, "prior of ras is ArrayLike"),
        (accounts.gras, {"prior": 5, "rows": [1], "columns": [1]},
         "prior has shape (), the labels need (m, n)"),
        (accounts.sut_ras, {"use": [[1, np.nan]], "make": [[1]], "use_columns": [1, 1],
                            "industry_output": [2]}, "column 2: "),
        (accounts.deflate, {"prices": "dear", "price_year": 2010}, "is ArrayLike, not str"),
        (accounts.convert, {"rate": 2.0, "currency": 5}, r"is str | None, not int"),
        (accounts.disaggregate, {"sector": "c1", "shares": 5}, "is Mapping[str, Any], not int"),
        (accounts.disaggregate, {"sector": "c1", "shares": pd.Series([1, 2])}, "not Series"),
        (accounts.extension_from, {"values": [1], "name": "jobs", "unit": "persons"},
         "values of extension_from is pd.DataFrame, not list"),
        (upstreamness, {"inventories": "no"}, "is bool, not str"),
        (upstreamness, {"trade": None}, "is Sequence[str], not NoneType"),
        (structure.extract, {"region": "JPN", "share": True}, "is float, not bool"),
        (structure.paths, {"region": "JPN", "sector": "c1", "top": 2.5}, "is int, not float"),
        (structure.decompose_change, {"after": reference(), "row": np.ones(3)}, "is str, not"),
        (structure.capped_output, {"A": [[0]], "f": [1], "x0": 1, "cap": [1]}, "x0"),
    ],
)  # fmt: skip
def test_what_is_of_another_kind_is_named(function, given, sentence):
    table = {"before" if "after" in given else "economy": reference()}
    arrays = {"prior", "use", "A"} & set(given)
    with pytest.raises(InputError) as told:
        function(**({} if arrays else table), **given)
    assert sentence in str(told.value)


def test_kinds_that_fit_pass():
    table = reference()
    assert accounts.convert(table, rate=np.float32(2)).x.sum() == 2 * table.x.sum()
    assert accounts.ras(pd.DataFrame([[1, 1], [1, 1]]), [1, 3], (2, 2), most=np.int64(9)).converged
    # labels out of a numpy array are text as well
    pd.testing.assert_frame_equal(
        structure.decompose_exports(table, np.array(["JPN", "KOR"])),
        structure.decompose_exports(table, pd.Index(["JPN", "KOR"])),
    )


def test_a_table_is_asked_for_by_place_as_well():
    assert len(TAKING_TABLES) > 30
    with pytest.raises(KindError, match="after of decompose_change"):
        structure.decompose_change(reference(), "wiod13")


def test_the_leontief_system_reads_as_the_labelled_inverse():
    table = random_economy(seed=4)
    system = leontief(table)
    inverse = np.linalg.inv(np.eye(table.n) - system.A)
    frame = system.frame()
    assert frame.index.equals(table.index)
    assert frame.columns.names == ["region", "sector"]
    np.testing.assert_allclose(np.asarray(system), inverse, rtol=1e-12)
    assert system.loc[("R1", "s0"), ("R2", "s1")] == frame.iloc[2, 5]
    assert system.index.equals(system.columns)
    assert system.shape == (table.n, table.n)
    np.testing.assert_array_equal(system.values, frame.to_numpy())
    assert system.iloc[2, 5] == frame.iloc[2, 5]
    pd.testing.assert_series_equal(system[("R2", "s1")], frame[("R2", "s1")])
    pd.testing.assert_series_equal(system.sum(), frame.sum())
    f = table.series(np.arange(1.0, table.n + 1))
    pd.testing.assert_series_equal(system @ f, frame @ f)
    np.testing.assert_allclose(f @ system, (f @ frame).to_numpy())
    np.testing.assert_allclose(f.to_numpy() @ system, f.to_numpy() @ inverse)
    with pytest.raises(AttributeError):
        _ = system.nothing_of_the_kind
    assert copy.copy(system).n == system.n


@pytest.mark.parametrize("what", ["leontief", "ghosh"])
def test_labelled_right_hand_sides_are_put_in_order(what):
    table = random_economy(seed=5)
    system = {"leontief": leontief, "ghosh": structure.ghosh}[what](table)
    f = table.series(np.arange(1.0, table.n + 1))
    for solve in (system.solve, system.solve_transposed):
        np.testing.assert_array_equal(solve(f[::-1]), solve(f.to_numpy()))
        both = f.to_frame("a").assign(b=1.0)
        np.testing.assert_array_equal(solve(both[::-1]), solve(both.to_numpy()))
    with pytest.raises(InputError, match=r"R0 s1.*says nothing about this sector"):
        system.solve(f.drop([("R0", "s1")]))
    with pytest.raises(InputError, match=r"R0 s0.*twice"):
        system.solve(pd.concat([f, f.iloc[:1]]))
