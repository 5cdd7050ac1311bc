"""The reader for WIOD 2013: the real files, and files with something wrong."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.accounts import read
from kachisuji.words import InputError


@pytest.mark.data
@pytest.mark.parametrize("year", [1995, 2008])
def test_against_the_folders_own_checks(full_data, year):
    table = read("wiod13", full_data / "wiod13", year=year)
    assert (table.n_regions, table.n_sectors, table.categories[-1]) == (41, 35, "c42")
    raw = pd.read_parquet(full_data / "wiod13" / f"wiot_{year}.parquet")
    np.testing.assert_array_equal(table.Z, raw.iloc[:, 2:1437].to_numpy())
    np.testing.assert_array_equal(table.Y, raw.iloc[:, 1437:1642].to_numpy())
    # cells are cut off, so row sums fall short of the printed output, by 113 at most
    assert np.abs(table.output_gap).max() <= 113
    assert (table.output_gap >= 0).mean() > 0.9
    # sectors that the publisher has at nil: what is left of them is a small change in stocks
    nil = table.published_output == 0
    assert nil.sum() in range(18, 23)
    assert (table.Z[:, nil] == 0).all()
    assert (np.abs(table.x[nil]) <= 2).all()
    assert read(None, full_data / "wiod13" / f"wiot_{year}.parquet").checksum == table.checksum


@pytest.fixture
def wide():
    """A file of the layout with two regions and two sectors."""
    pairs = [("A", "c1"), ("A", "c2"), ("B", "c1"), ("B", "c2")]
    frame = pd.DataFrame(pairs, columns=["region", "sector"])
    names = [f"{r}_{s}" for r, s in pairs]
    names += [f"{r}_{c}" for r in "AB" for c in ("c37", "c38", "c39", "c41", "c42")]
    for k, name in enumerate(names):
        frame[name] = np.arange(4) + k
    frame["output"] = frame[names].sum(axis=1)
    return frame


def test_a_small_file_of_the_layout(wide, tmp_path):
    wide.to_parquet(tmp_path / "wiot_2000.parquet")
    table = read("wiod13", tmp_path)
    assert table.year == 2000
    assert table.Z[1, 2] == 3
    assert table.Y[0, 5] == 9


BROKEN = {
    "transposed": (
        lambda f: f.T.astype(str).rename(columns=str),
        "accounts.layout",
    ),
    "rows in another order": (lambda f: f.iloc[[0, 2, 1, 3]], "accounts.layout"),
    "row twice": (lambda f: f.iloc[[0, 0, 1, 2, 3]], "accounts.layout"),
    "row missing": (lambda f: f.iloc[:3], "accounts.layout"),
    "no rows": (lambda f: f.iloc[:0], "accounts.unreadable"),
    "column twice swapped": (
        lambda f: f.rename(columns={"A_c1": "A_c2", "A_c2": "A_c1"}),
        "accounts.layout",
    ),
    "c40 for c41": (lambda f: f.rename(columns={"A_c41": "A_c40"}), "accounts.layout"),
    "no output": (lambda f: f.drop(columns="output"), "accounts.layout"),
    "text in a column": (lambda f: f.assign(A_c1="1,234"), "accounts.not_numbers"),
    "nan": (lambda f: f.assign(A_c2=[1.0, np.nan, 1, 1]), "accounts.not_finite"),
    "inf": (lambda f: f.assign(A_c2=[1.0, np.inf, 1, 1]), "accounts.not_finite"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files(wide, tmp_path, name):
    change, key = BROKEN[name]
    file = tmp_path / "wiot_2000.parquet"
    change(wide).to_parquet(file, index=False)
    with pytest.raises(InputError) as caught:
        read("wiod13", file)
    assert caught.value.key == key
    assert str(file) in str(caught.value)


def test_nan_names_row_and_column(wide, tmp_path):
    wide.assign(A_c2=[1.0, 1.0, np.nan, 1]).to_parquet(tmp_path / "wiot_2000.parquet")
    with pytest.raises(InputError) as caught:
        read("wiod13", tmp_path)
    assert (caught.value.row, caught.value.column) == (3, "A_c2")


def test_missing_and_unreadable_files(wide, tmp_path):
    def key(*args, **options):
        with pytest.raises(InputError) as caught:
            read(*args, **options)
        return caught.value.key

    assert key("wiod13", tmp_path / "nowhere", year=2008) == "accounts.no_folder"
    assert key("wiod13", tmp_path) == "accounts.layout"
    assert key(None, tmp_path / "nowhere") == "accounts.no_file"
    assert key(None, tmp_path) == "accounts.undetected"
    assert key("wiod12", tmp_path) == "accounts.unknown_kind"
    whole = tmp_path / "wiot_2001.parquet"
    wide.to_parquet(whole)
    content = whole.read_bytes()
    (tmp_path / "wiot_2000.parquet").write_bytes(b"")
    assert key("wiod13", tmp_path, year=1999) == "accounts.no_year"
    assert key("wiod13", tmp_path) == "accounts.year_needed"
    assert key("wiod13", tmp_path, year=2000) == "accounts.unreadable"
    assert key("wiod13", whole, year=2000) == "accounts.no_year"  # its name says 2001
    assert key("wiod13", None, year=2001) == "accounts.path_kind"
    whole.rename(tmp_path / "other.parquet")
    assert key("wiod13", tmp_path / "other.parquet") == "accounts.year_untold"
    (tmp_path / "other.parquet").rename(whole)
    whole.write_bytes(content[: len(content) // 2])
    assert key("wiod13", tmp_path, year=2001) == "accounts.unreadable"
