"""Readers on real files of their publishers."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.accounts import read
from kachisuji.structure import multipliers
from kachisuji.words import InputError

pytestmark = pytest.mark.data


@pytest.mark.parametrize(
    ("year", "level", "gdp"),
    [
        (2017, "summary", 19_612_108),
        (2017, "detail", 19_612_107),
        (2021, "summary", 23_681_171),
        (2023, "summary", 27_720_706),
    ],
)
@pytest.mark.parametrize("model", ["B", "D"])
def test_united_states(full_data, year, level, gdp, model):
    folder = full_data / "us_bea_io"
    table = read("bea", folder, year=year, level=level, model=model)
    assert table.value_added.sum() == pytest.approx(gdp, abs=25)
    assert table.Y.sum() == pytest.approx(gdp, abs=25)
    # wages, taxes, surplus: what the publisher prints for value added, not our residual
    assert table.extensions["primary"].values.sum() == pytest.approx(gdp, abs=25)
    make = pd.read_parquet(next(folder.glob(f"{level}_make_{year}_*"))).set_index("code")
    assert table.x.sum() == pytest.approx(make.iloc[-1, -1], rel=2e-5)


def test_united_states_with_imports_split(full_data):
    whole = read(None, full_data / "us_bea_io", year=2017)
    table = read("bea", full_data / "us_bea_io", year=2017, imports="split")
    home = slice(0, whole.n)
    np.testing.assert_allclose(table.x[home], whole.x, rtol=1e-12)
    np.testing.assert_allclose(table.value_added[home], whole.value_added, rtol=1e-9)
    imports = -np.minimum(whole.Y[:, whole.category_number("F050")], 0).sum()
    assert table.x[whole.n :].sum() == pytest.approx(imports)


@pytest.mark.parametrize("region", ["JPN", "DEU", "CHE"])
def test_national_tables_of_wiod_2016(full_data, region):
    table = read("wiod16", full_data / "wiod16_niot", year=2014, region=region)
    checks = pd.read_csv(full_data / "wiod16_niot" / "checks.csv")
    assert table.regions == (region, "ROW")
    assert np.abs(table.output_gap).max() < 1e-6
    primary = table.extensions["primary"]
    at = dict(zip(primary.items, primary.values, strict=True))
    # output less all inputs is value added, taxes, margins and adjustments
    np.testing.assert_allclose(
        sum(at.values()), table.value_added * (table.index.codes[0] == 0), atol=0.02
    )
    line = checks[(checks.iloc[:, 0] == region) & (checks.iloc[:, 1] == 2014)]
    assert len(line) == 1


def test_what_a_national_folder_holds_is_said(full_data):
    folder = full_data / "wiod16_niot"
    with pytest.raises(InputError, match=r"Use one of: JPN, AUS, AUT"):
        read("wiod16", folder, year=2014, region="jpn")
    with pytest.raises(InputError, match=r"JPN in 1999\n.*2000, 2001, .*2014"):
        read("wiod16", folder, year=1999, region="JPN")


def test_japan_2011(full_data):
    file = full_data / "japan_io" / "japan_2011_13sector.csv"
    table = read(None, file, year=2011)
    assert table.x.sum() == 939_674_856
    assert table.value_added.sum() == pytest.approx(476_905_256, rel=1e-12)
    assert table.extensions["primary"].values.sum() == 476_905_256
    split = read("mic-japan", file, year=2011, imports="split")
    assert split.gdp[0] == pytest.approx(476_905_256, rel=1e-12)
    A, imports = table.Z / table.x, [c for c in table.categories if "(less)" in c]
    exports = table.Y[:, table.category_number("81_Exports total")]
    bought = -sum(table.Y[:, table.category_number(c)] for c in imports)
    M = bought / (table.x - exports + bought)
    want = np.linalg.inv(np.eye(13) - (1 - M)[:, None] * A)  # (I - (I - M)A)^-1
    home = want.sum(0) + ((M[:, None] * A) @ want).sum(0)
    np.testing.assert_allclose(multipliers(split).loc["JPN", "output"], home)


@pytest.mark.parametrize(
    ("name", "categories", "gap"),
    [("germany_1995", 5, 0), ("croatia_2010_1700", 8, 2), ("croatia_2010_1800", 7, 25)],
)
def test_eurostat_tables(full_data, name, categories, gap):
    table = read(None, full_data / "iotables_eu" / f"{name}.parquet")
    assert table.n_categories == categories
    assert np.abs(table.output_gap).max() <= gap
    primary = table.extensions["primary"]
    row = dict(zip(primary.items, primary.values, strict=True))
    residual = row["P1"] - table.Z.sum(0) - row["B1G"]
    if name == "croatia_2010_1700":  # inputs from everywhere: only taxes on products are left
        np.testing.assert_allclose(residual, row["D21_M_D31"], atol=1)
    if name == "germany_1995":
        np.testing.assert_allclose(residual, row["P7"] + row["D21X31"], atol=1)
