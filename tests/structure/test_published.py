"""Published multipliers, inverses and linkages come out."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.accounts import read
from kachisuji.structure import (
    Households,
    decompose_exports,
    leontief,
    linkages,
    multipliers,
    positions,
    upstreamness,
    value_added_exports,
)
from kachisuji.words import InputError
from tests.structure.tables import GOLDEN, germany, miller_blair, national, netherlands

pytestmark = pytest.mark.data


def test_miller_and_blair(full_data):
    want = GOLDEN["miller_blair"]
    system = leontief(miller_blair(full_data))
    np.testing.assert_allclose(system.A, want["A"], rtol=1e-12)
    np.testing.assert_allclose(system.inverse(), want["L"], atol=5e-5)
    np.testing.assert_allclose(system.solve(want["f"]), want["x"], atol=0.06)


def test_miller_and_blair_with_households(full_data):
    want = GOLDEN["miller_blair_households"]
    open_table = miller_blair(full_data)
    spent = np.array(want["household_column"])
    rest = open_table.Y[:, 0] - spent
    table = national(
        open_table.Z, np.column_stack([spent, rest]), open_table.sectors, ("households", "rest")
    )
    pay = np.array(want["household_row"])
    own, total = [want["household_own"]], [want["household_total"]]
    closed = Households(pay, ("households",), total, own)
    effects = multipliers(table, {"pay": pay}, households=closed)
    inverse = np.array(want["L_closed"])
    np.testing.assert_allclose(effects["output"], inverse[:2, :2].sum(0), atol=1.5e-4)
    # the households' own row of the closed inverse: income, and what it earns again at home
    np.testing.assert_allclose(effects["pay"] / (1 - 0.05), inverse[2, :2], atol=1e-4)
    ratio = effects["pay"] / multipliers(table, {"pay": pay})["pay"]
    assert ratio.iloc[0] == pytest.approx(ratio.iloc[1])  # type II over type I is one number


def test_germany_1995(full_data):
    want = GOLDEN["germany_1995"]
    table = germany(full_data)
    system = leontief(table)
    assert system.A[0, 0] == pytest.approx(want["A_agriculture_agriculture"], abs=5e-5)
    assert system.A[1, 1] == pytest.approx(want["A_industry_industry"], abs=5e-5)
    assert system.A[2, 2] == pytest.approx(want["A_construction_construction"], abs=5e-5)
    np.testing.assert_allclose(np.diag(system.inverse())[:3], want["L_diagonal"], atol=1e-4)
    links = linkages(table)
    np.testing.assert_allclose(links["backward"], want["backward"], atol=2e-4)
    # industry is quoted as 1.6691; the inverse of I - Z/x gives 1.6910, as do we (see the file)
    forward = links["forward"].to_numpy()
    np.testing.assert_allclose(np.delete(forward, 1), np.delete(want["forward"], 1), atol=6e-5)
    ghosh = np.linalg.inv(np.eye(6) - table.Z / table.x[:, None])
    np.testing.assert_allclose(forward, ghosh.sum(axis=1), rtol=1e-12)
    effects = multipliers(table)
    np.testing.assert_allclose(effects["gva"], want["gva"], atol=1e-4)
    np.testing.assert_allclose(effects["employment"], want["employment"], atol=5e-5)


def test_netherlands_2000_income(full_data):
    effects = multipliers(netherlands(full_data), relative=True)
    want = GOLDEN["netherlands_2000"]["income_type_1"]
    np.testing.assert_allclose(effects["wages"], want, atol=1e-3)


def test_uk_2010_against_the_ons(full_data):
    """127 products; output, GVA and employment-cost multipliers and effects of the ONS."""
    folder = full_data / "iotables_eu"
    raw = pd.read_parquet(folder / "uk_2010_data.parquet")
    want = pd.read_parquet(folder / "uk_test_results.parquet")
    use = raw[raw["indicator"].str.startswith("Input-Output table (domestic use")]
    table = use.pivot_table(index="uk_row", columns="uk_col", values="values", sort=False)
    products = [c for c in table.columns if c in table.index]
    final = list(table.columns[len(products) + 1 : -1])
    assert (len(products), final[0], final[-1]) == (127, "Households", "Exports of services")
    economy = national(table.loc[products, products], table.loc[products, final], products, final)
    pay = table.loc["Compensation of employees", products].to_numpy()
    other = table.loc[["Gross Operating Surplus", "Taxes less subsidies on production"], products]
    rows = {"gva": pay + other.sum().to_numpy(), "pay": pay}
    effects = multipliers(economy, rows)
    ratios = multipliers(economy, rows, relative=True)
    for mine, published in (
        (effects["output"], "Output multiplier"),
        (effects["gva"], "GVA effects"),
        (effects["pay"], "Employment cost effects"),
        (ratios["gva"], "GVA multiplier"),
        (ratios["pay"], "Employment cost multiplier"),
    ):
        # products without pay have no employment-cost multiplier; the ONS prints zero for them
        np.testing.assert_allclose(mine.fillna(0), want[published], atol=2e-5, err_msg=published)


def test_upstreamness_of_a_national_table_as_its_authors_work_it_out(full_data):
    """Antràs, Chor, Fally and Hillberry (2012): uses over absorption, without trade and stocks.

    Absorption is added up category by category here, as in the program that goes with the paper.
    """
    table = read("bea", full_data / "us_bea_io", year=2017, level="detail")
    got = upstreamness(table, trade=("F04000", "F05000"))
    kept = [k for k, c in enumerate(table.categories) if c not in ("F03000", "F04000", "F05000")]
    absorption = table.Z.sum(axis=1) + table.Y[:, kept].sum(axis=1)
    made = absorption > 1e-6  # all but used goods, which only change hands
    delta = table.Z / np.where(made, absorption, np.inf)[:, None]
    want = np.linalg.inv(np.eye(table.n) - delta).sum(axis=1)
    np.testing.assert_allclose(got[made], want[made], rtol=1e-9)
    # the ends of the paper's table 2 (2002): cars 1.00, petrochemicals 4.65
    assert got["USA", "336111"] < 1.1
    assert got["USA", "325110"] > 3.9
    with pytest.raises(InputError, match="no category 'imports'"):
        upstreamness(table, trade=("imports",))


@pytest.mark.slow
def test_positions_of_all_years_of_wiod(full_data):
    """All seventeen years can be read and measured; percentiles as Antràs and Chor's are known."""
    want = GOLDEN["antras_chor"]
    pooled = pd.concat(
        positions(read("wiod13", full_data / "wiod13", year=year)) for year in range(1995, 2012)
    )
    assert len(pooled) == 24395
    up, down = pooled["upstreamness"], pooled["downstreamness"]
    assert up.mean() == pytest.approx(want["U_mean"], abs=0.001)
    assert up.median() == pytest.approx(want["U_median"], abs=0.02)
    assert up.quantile(0.9) == pytest.approx(want["U_p90"], abs=0.003)
    assert down.mean() == pytest.approx(want["D_mean"], abs=0.005)
    assert down.quantile(0.9) == pytest.approx(want["D_p90"], abs=0.005)
    final = pooled["final_use_share"]
    assert final.mean() == pytest.approx(want["F_mean"], abs=0.008)
    assert final.median() == pytest.approx(want["F_median"], abs=0.01)
    assert final.quantile(0.9) == pytest.approx(want["F_p90"], abs=0.006)
    goods = pooled.index.get_level_values("sector").str.slice(1).astype(int) <= 16
    for name, rows in (("goods", goods), ("services", ~goods)):
        for measure, mean in want[name].items():
            assert pooled[rows][measure].mean() == pytest.approx(mean, abs=0.02), (name, measure)


def test_a_sector_whose_output_was_rounded_away(full_data):
    """Latvian water transport in 2002: one unit of inputs, an output of nil."""
    table = read("wiod13", full_data / "wiod13", year=2002)
    assert [table.label(k) for k in table.without_output] == [("LVA", "c24")]
    made = leontief(table).solve(table.final_by_region.sum(axis=1))
    np.testing.assert_allclose(made, table.x, atol=1e-6)
    for method in ("bm-source", "bm-sink", "wwz", "kww"):
        parts = decompose_exports(table, "LVA", method=method)
        gap = parts[list(parts.attrs["terms"])].sum(axis=1) - parts["EXGR"]
        assert np.abs(gap).max() < 1e-9 * parts["EXGR"].sum()
        assert parts["EXGR"].sum() == pytest.approx(table.exports[table.rows("LVA")].sum())
    vax = value_added_exports(table).loc["LVA"].to_numpy().sum()
    source = decompose_exports(table, "LVA")
    assert source["VAX"].sum() == pytest.approx(vax)
