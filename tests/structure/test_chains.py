"""Value chains, extraction and gains: published figures, second routes, laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.accounts import Extension, read
from kachisuji.structure import (
    extract,
    extract_all,
    gains_from_trade,
    gvc_income,
    gvc_income_by_product,
    value_added_content,
    value_added_in,
)
from kachisuji.words import InputError
from tests.structure.tables import GOLDEN, leather, random_economy

SEEDS = st.integers(0, 10**6)


@pytest.mark.data
def test_german_cars(full_data):
    for year in (1995, 2008):
        table = read("wiod13", full_data / "wiod13", year=year)
        income = gvc_income(table, final_region="DEU", final_sector="c15")
        share = income["DEU"].sum() / income.sum()
        assert share == pytest.approx(GOLDEN["german_cars"][f"share_{year}"], abs=0.005)


@pytest.mark.data
@pytest.mark.parametrize("post", ["exports", "output", "final_demand"])
def test_leather(full_data, post):
    cells = value_added_in(leather(full_data), post)
    first, other = GOLDEN["leather"][post]
    assert cells.iloc[0, 0] == pytest.approx(first, abs=1e-5)
    # the last line of the package's own long table; for final use that is (GER, agriculture; TUR)
    place = (-1, -1) if post != "final_demand" else (6, 1)
    assert cells.iloc[place] == pytest.approx(other, abs=1e-5)


def test_the_indicators_of_the_package_gvc(full_data):
    """Its three measures by their definitions, from the table of origins of exports."""
    table, want = leather(full_data), GOLDEN["gvc"]
    cells = value_added_in(table, "exports").to_numpy()
    home = np.kron(np.eye(3), np.ones((3, 3))) == 1
    exports = np.repeat(cells.sum(axis=0).reshape(3, 3).sum(axis=1), 3)
    abroad = np.where(home, 0.0, cells)
    kept = np.where(home, cells, 0.0).sum(axis=1).reshape(3, 3)
    shares = kept / kept.sum(axis=1, keepdims=True) / (kept.sum(axis=0) / kept.sum())
    got = {
        "e2r": abroad.sum(axis=1) / exports,
        "i2e": abroad.sum(axis=0) / exports,
        "nrca": shares.ravel(),
    }
    for name, values in got.items():
        assert values[[0, -1]] == pytest.approx(want[name], rel=1e-6)
    content = value_added_content(table)
    np.testing.assert_allclose(content["foreign"] / exports, got["i2e"])


@given(seed=SEEDS)
def test_income_adds_up(seed):
    table = random_economy(seed)
    final = table.final_by_region.sum(1)
    one = gvc_income(table, "R1", "s0")
    assert one.sum() == pytest.approx(final[2])
    np.testing.assert_allclose(gvc_income(table), table.value_added)
    by_product = gvc_income_by_product(table)
    np.testing.assert_allclose(by_product.loc[("R1", "s0")], one.groupby(level=0).sum())
    np.testing.assert_allclose(by_product.sum(), table.gdp)


# ---- extraction -----------------------------------------------------------------------------


@given(seed=SEEDS, share=st.sampled_from([0.0, 0.3, 0.9, 1.0]), k=st.integers(0, 5))
def test_closed_form_equals_solving_without_the_sector(seed, share, k):
    table = random_economy(seed)
    for kind in ("total", "backward", "forward"):
        for row in ("value_added", "output"):
            every = extract_all(table, kind=kind, share=share, row=row)
            one = extract(table, *table.label(k), kind=kind, share=share, row=row)
            got = every.iloc[k]
            scale = 1e-9 * table.x.sum()
            assert got["loss"] == pytest.approx(one.sum(), rel=1e-9, abs=scale)
            assert got["own"] == pytest.approx(one.iloc[k], rel=1e-9, abs=scale)
            assert got["loss_share"] * getattr(table, "x" if row == "output" else row).sum() == (
                pytest.approx(one.sum(), rel=1e-9, abs=scale)
            )


@given(seed=SEEDS)
def test_extraction_by_deleting_the_sector_outright(seed):
    table = random_economy(seed)
    keep = np.arange(6) != 3
    A = (table.Z / table.x)[np.ix_(keep, keep)]
    left = np.linalg.inv(np.eye(5) - A) @ table.Y.sum(1)[keep]
    lost = table.gdp.sum() - table.v[keep] @ left
    assert extract_all(table).iloc[3]["loss"] == pytest.approx(lost)


@given(seed=SEEDS)
def test_taking_out_all_exports_loses_what_they_carry(seed):
    table = random_economy(seed)
    block = table.block("R2")
    e = table.exports[table.rows("R2")].sum(1)
    want = block.v @ np.linalg.solve(np.eye(2) - block.A, e)
    assert extract(table, "R2", kind="exports")["R2"].sum() == pytest.approx(want)


def test_extraction_of_jobs_and_refusals():
    table = random_economy(3)
    jobs = Extension("labour", ("jobs",), np.arange(1.0, 7.0)[None], "persons")
    with_jobs = table.with_extension(jobs)
    by_item = extract(with_jobs, "R0", row="jobs")
    np.testing.assert_allclose(by_item, extract(table, "R0", row=np.arange(1.0, 7.0)))
    for options, said in (
        ({"kind": "sideways"}, "kind"),
        ({"share": 1.5}, "share"),
        ({"row": "jobs"}, "row"),
    ):
        with pytest.raises(InputError, match=said):
            extract(table, "R0", **options)
    with pytest.raises(InputError, match="kind"):
        extract_all(table, kind="exports")


# ---- gains ----------------------------------------------------------------------------------


@pytest.mark.data
def test_gains_as_published(full_data):
    want = GOLDEN["costinot_rodriguez_clare"]
    table = read("wiod13", full_data / "wiod13", year=2008)
    assert gains_from_trade(table, theta=5)["USA"] == pytest.approx(0.018, abs=5e-4)
    # the paper's countries, and sectors that hardly exist added to a neighbour
    few = ("BGR", "CYP", "EST", "LTU", "LUX", "LVA", "MLT")
    regions = {r: "RoW" if r in few else r for r in table.regions}
    sectors = {s: s for s in table.sectors}
    sectors |= {"c5": "c4", "c19": "c20", "c25": "c24", "c35": "c34"}
    table = table.aggregate(regions=regions, sectors=sectors)
    theta = dict.fromkeys(table.sectors, 5.0)
    theta |= {f"c{k}": t for k, t in enumerate(want["theta_goods"], start=1)}
    for model, key, within in (
        ("one-sector", "one_sector", 0.1),
        ("multi-sector", "multi_sector", 0.12),
        ("intermediates", "intermediates", 0.15),
    ):
        gains = gains_from_trade(table, model, 5.0 if model == "one-sector" else theta) * 100
        for region, percent in want[key].items():
            assert gains[region] == pytest.approx(percent, abs=within), (model, region)


def test_the_united_states_spend_on_imports_what_was_published(full_data):
    """Of the one-sector gain the share of spending on imports is ``1 - (1 - G)^theta``."""
    want = GOLDEN["import_share_usa"]["share"]
    for year in (2005, 2008, 2011):
        table = read("wiod13", full_data / "wiod13", year=year)
        gain = gains_from_trade(table, theta=5)["USA"]
        assert 1 - (1 - gain) ** 5 == pytest.approx(want, abs=0.01)


@pytest.mark.filterwarnings("error")
def test_a_region_without_spending_has_no_gain():
    table = random_economy(3)
    Z, Y = np.array(table.Z), np.array(table.Y)
    Z[:2], Z[:, :2], Y[:2], Y[:, :2] = 0, 0, 0, 0
    empty = replace(table, Z=Z, Y=Y)
    for model in ("one-sector", "multi-sector", "intermediates"):
        gains = gains_from_trade(empty, model)
        assert np.isnan(gains["R0"])
        assert np.isfinite(gains.drop("R0")).all()
        assert gains.attrs["not_made_at_home"] == []


def test_rounding_makes_no_gain_of_everything():
    table = random_economy(2)
    Z, Y = np.array(table.Z) * 1e7, np.array(table.Y) * 1e7
    Z[1], Z[:, 1], Y[1] = 0, 0, 0  # R0 makes nothing of s1 …
    Z[3::2, :2], Y[3::2, :2] = 0, 0
    Z[3, 0] = 1.0  # … and buys one unit of it
    tiny = replace(table, Z=Z, Y=Y)
    nothing = np.array(Z)
    nothing[3, 0] = 0.0
    for model in ("multi-sector", "intermediates"):
        got = gains_from_trade(tiny, model)
        assert got.attrs["not_made_at_home"] == []
        without = gains_from_trade(replace(table, Z=nothing, Y=Y), model)
        np.testing.assert_allclose(got, without, atol=1e-6)
    Z[3, 0] = 1e7
    large = gains_from_trade(replace(table, Z=Z, Y=Y), "intermediates")
    assert large["R0"] == 1
    assert large.attrs["not_made_at_home"] == [("R0", "s1")]


def plain_gains(table, j, theta):
    """The three formulas for region j, step by step."""
    R, S = table.n_regions, table.n_sectors
    final = table.Y.reshape(R, S, R, -1).copy()
    final[..., -1] = np.maximum(final[..., -1], 0)
    final = final.sum(-1)
    bought = table.Z.reshape(R, S, R, S).sum(3)[:, :, j] + final[:, :, j]
    lam, b = bought[j] / bought.sum(0), final[:, :, j].sum(0)
    b = b / b.sum()
    a = table.Z.reshape(R, S, R, S).sum(0)[:, j] / table.x.reshape(R, S)[j]
    weights = np.linalg.inv(np.eye(S) - a) @ b
    one = 1 - (bought[j].sum() / bought.sum()) ** (1 / np.mean(theta))
    return one, 1 - np.prod(lam ** (b / theta)), 1 - np.prod(lam ** (weights / theta))


@given(seed=SEEDS)
def test_gains_by_the_formulas(seed):
    table = random_economy(seed)
    theta = np.array([3.0, 8.0])
    one, multi, inputs = plain_gains(table, 1, theta)
    assert gains_from_trade(table, theta=5.5)["R1"] == pytest.approx(one)
    assert gains_from_trade(table, "multi-sector", theta)["R1"] == pytest.approx(multi)
    by_name = {"s0": 3.0, "s1": 8.0}
    assert gains_from_trade(table, "intermediates", by_name)["R1"] == pytest.approx(inputs)
    assert 0 < multi < inputs < 1


def test_no_trade_no_gains():
    table = random_economy(2, R=1)
    for model in ("one-sector", "multi-sector", "intermediates"):
        np.testing.assert_allclose(gains_from_trade(table, model), 0, atol=1e-12)


def test_a_sector_that_is_bought_and_not_made_is_named():
    table = random_economy(2)
    Z, Y = np.array(table.Z), np.array(table.Y)
    Z[2], Z[:, 2], Y[2] = 0, 0, 0
    table = replace(table, Z=Z, Y=Y)
    gains = gains_from_trade(table, "multi-sector")
    assert gains["R1"] == 1
    assert gains.attrs["not_made_at_home"] == [("R1", "s0")]
    assert gains["R0"] < 1


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"model": "two-sector"}, "structure.choice"),
        ({"theta": -5.0}, "structure.theta_value"),
        ({"theta": 0}, "structure.theta_value"),
        ({"theta": np.nan}, "structure.theta_value"),
        ({"model": "multi-sector", "theta": [1.0, 2, 3]}, "structure.theta_length"),
        ({"model": "multi-sector", "theta": {"s0": 4.0}}, "structure.theta_missing"),
    ],
)
def test_what_gains_refuse(options, key):
    with pytest.raises(InputError) as caught:
        gains_from_trade(random_economy(1), **options)
    assert caught.value.key == key
