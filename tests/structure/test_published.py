"""Published multipliers, inverses and linkages come out."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.structure import leontief, linkages, multipliers
from tests.structure.tables import GOLDEN, germany, miller_blair, national, netherlands

pytestmark = pytest.mark.data


def test_miller_and_blair(full_data):
    want = GOLDEN["miller_blair"]
    system = leontief(miller_blair(full_data))
    np.testing.assert_allclose(system.A, want["A"], rtol=1e-12)
    np.testing.assert_allclose(system.inverse(), want["L"], atol=5e-5)
    np.testing.assert_allclose(system.solve(want["f"]), want["x"], atol=0.06)


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
