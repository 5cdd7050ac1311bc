"""Readers on small files in their publishers' layouts, typed out here by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from kachisuji.accounts import convert, preflight, read
from kachisuji.accounts.readers.plain import write
from kachisuji.structure import footprint
from kachisuji.words import InputError
from tests.accounts.conftest import random_economy
from tests.accounts.sheets import write_xlsx

PLAIN = """region,sector,A:s1,A:s2,B:s1,B:s2,A:fd,B:fd,output
A,s1,1,2,3,4,5,6,21
A,s2,1,1,1,1,10,0,14.5
B,s1,0,0,2,2,1,20,25
B,s2,2.5,0,0,1,0,30,33.5
*,jobs,7,8,9,10,0,0,0
"""
ABOUT = """year = 2020
unit = "million"
currency = "EUR"
licence = "CC0"
account_units = { jobs = "persons" }
"""


def plain(folder, text=PLAIN, about=ABOUT, encoding="utf-8"):
    (folder / "t.csv").write_text(text, encoding=encoding)
    if about is not None:
        (folder / "t.toml").write_text(about, encoding="utf-8")
    return folder / "t.csv"


def test_plain(tmp_path):
    file = plain(tmp_path)
    table = read(None, file)
    assert (table.regions, table.sectors, table.categories) == (("A", "B"), ("s1", "s2"), ("fd",))
    np.testing.assert_array_equal(table.x, [21, 14, 25, 33.5])
    np.testing.assert_array_equal(table.output_gap, [0, 0.5, 0, 0])
    assert (table.year, table.currency, table.licence) == (2020, "EUR", "CC0")
    jobs = table.extensions["accounts"]
    assert (jobs.items, jobs.unit) == (("jobs",), "persons")
    np.testing.assert_array_equal(jobs.values, [[7, 8, 9, 10]])
    with_mark = plain(tmp_path, PLAIN.replace("\n", "\r\n"), encoding="utf-8-sig")
    assert read("csv", with_mark).checksum == table.checksum


def test_columns_in_any_order(tmp_path):
    head = "region,sector,B:fd,A:s2,A:s1,B:s1,B:s2,A:fd"
    rows = ["A,s1,6,2,1,3,4,5", "B,s1,20,0,0,2,2,1", "A,s2,0,1,1,1,1,10", "B,s2,30,0,2.5,0,1,0"]
    file = plain(tmp_path, "\n".join([head, *rows]) + "\n")
    table = read("csv", file)
    assert table.Z[table.row("A", "s1"), table.row("B", "s2")] == 4
    assert table.Y[table.row("B", "s1"), 1] == 20


def test_what_is_written_is_read_again(tmp_path):
    printed = random_economy(3).x + np.arange(6.0) / 10
    table = random_economy(3, published_output=printed, stock_changes=("f1",))
    write(table, tmp_path / "x.csv")
    again = read("csv", tmp_path / "x.csv")
    assert again.checksum == table.checksum
    assert again.stock_changes == ("f1",)


BROKEN = {
    "empty": ("", "accounts.unreadable"),
    "header only": (PLAIN.splitlines()[0] + "\n", "accounts.unreadable"),
    "thousands separators": (PLAIN.replace("14.5", '"14,500"'), "accounts.cell"),
    "decimal comma": (PLAIN.replace("14.5", '"14,5"'), "accounts.cell"),
    "text": (PLAIN.replace("14.5", "n.a."), "accounts.cell"),
    "underscores": (PLAIN.replace("14.5", "1_4"), "accounts.cell"),
    "empty cell": (PLAIN.replace("14.5", ""), "accounts.not_finite"),
    "nan": (PLAIN.replace("14.5", "nan"), "accounts.not_finite"),
    "inf": (PLAIN.replace(",14.5", ",inf"), "accounts.not_finite"),
    "minus inf in flows": (PLAIN.replace("B,s1,0", "B,s1,-inf"), "accounts.not_finite"),
    "short line": (PLAIN.replace(",14.5", ""), "accounts.layout"),
    "long line": (PLAIN.replace("14.5", "14.5,1"), "accounts.layout"),
    "semicolons": (PLAIN.replace(",", ";"), "accounts.separator"),
    "transposed": (
        "\n".join(
            ",".join(r) for r in zip(*(x.split(",") for x in PLAIN.splitlines()), strict=True)
        ),
        "accounts.layout",
    ),
    "row twice": (PLAIN + "A,s1,1,2,3,4,5,6,21\n", "accounts.label_twice"),
    "column twice": (PLAIN.replace("A:s2,B:s1", "A:s1,B:s1"), "accounts.label_twice"),
    "row missing": (PLAIN.replace("B,s2,2.5,0,0,1,0,30,33.5\n", ""), "accounts.label_missing"),
    "column missing": (
        "\n".join(",".join(r[:3] + r[4:]) for r in (x.split(",") for x in PLAIN.splitlines())),
        "accounts.label_missing",
    ),
    "column without region": (PLAIN.replace("A:s2", "s2"), "accounts.layout"),
    "column of no row": (PLAIN.replace("B:s2", "C:s2"), "accounts.layout"),
    "final demand of one region only": (PLAIN.replace("B:fd", "B:gg"), "accounts.label_missing"),
    "no label": (PLAIN.replace("A,s1", ",s1"), "accounts.label_empty"),
    "other header": (PLAIN.replace("region,", "country,"), "accounts.layout"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_plain_files(tmp_path, name):
    text, key = BROKEN[name]
    file = plain(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read("csv", file)
    assert caught.value.key == key
    assert "t.csv" in str(caught.value)


def test_faults_are_named_by_line_and_column(tmp_path):
    with pytest.raises(InputError) as caught:
        read("csv", plain(tmp_path, PLAIN.replace("B,s1,0,0", "B,s1,0,x")))
    assert (caught.value.row, caught.value.column) == (4, "A:s2")
    with pytest.raises(InputError) as caught:
        read("csv", plain(tmp_path, PLAIN.replace("B,s1,0,0", "B,s1,0,")))
    assert (caught.value.row, caught.value.column) == (4, "A:s2")


@pytest.mark.parametrize("encoding", ["utf-16", "cp932", "latin-1"])
def test_other_encodings_are_named(tmp_path, encoding):
    text = PLAIN.replace("s1", "é1" if encoding == "latin-1" else "農業")
    with pytest.raises(InputError) as caught:
        read("csv", plain(tmp_path, text, encoding=encoding))
    known = {"utf-16": "accounts.is_utf16"}
    assert caught.value.key == known.get(encoding, "accounts.encoding")
    assert caught.value.key == "accounts.encoding" or encoding == "utf-16"


@pytest.mark.parametrize(
    ("about", "key"),
    [
        (None, "accounts.no_about"),
        ("year = 'last'", "accounts.cell_kind"),
        ("unit = 'million'", "accounts.cell_kind"),
        ("year = 2020\nunit = 6", "accounts.cell_kind"),
        ("year = 2020\nunits = 'million'", "accounts.unknown_key"),
        ("year = ", "accounts.unreadable"),
        ("year = 2020\nstock_changes = ['inv']", "accounts.unknown_label"),
    ],
)
def test_what_the_figures_are(tmp_path, about, key):
    with pytest.raises(InputError) as caught:
        read("csv", plain(tmp_path, about=about))
    assert caught.value.key == key


# ---- pymrio ---------------------------------------------------------------------------------


def saved_by_pymrio(folder):
    """The files of pymrio 0.7's save_all, typed out."""
    entry = {"nr_index_col": "2", "nr_header": "2"}
    files = {n: {"name": f"{n}.txt", **entry} for n in ("Z", "Y")}
    (folder / "file_parameters.json").write_text(
        json.dumps({"files": files, "systemtype": "IOSystem"})
    )
    (folder / "metadata.json").write_text(json.dumps({"name": "small 2012"}))
    (folder / "unit.txt").write_text("region\tsector\tunit\nr\ta\tM EUR\nr\tb\tM EUR\n")
    (folder / "Z.txt").write_text(
        "region\t\tr\tr\nsector\t\ta\tb\nregion\tsector\t\t\nr\ta\t1.0\t2.0\nr\tb\t3.0\t4.0\n"
    )
    (folder / "Y.txt").write_text(
        "region\t\tr\ncategory\t\tfd\nregion\tsector\t\nr\ta\t5.0\nr\tb\t6.0\n"
    )
    return folder


def test_pymrio(tmp_path):
    table = read(None, saved_by_pymrio(tmp_path))
    assert (table.regions, table.sectors, table.year) == (("r",), ("a", "b"), 2012)
    np.testing.assert_array_equal(table.Z, [[1, 2], [3, 4]])
    assert table.unit == "M EUR"


def test_pymrio_with_what_final_users_cause(tmp_path):
    folder = saved_by_pymrio(tmp_path)
    (folder / "air").mkdir()
    files = {
        "F": {"name": "F.txt", "nr_index_col": "1", "nr_header": "2"},
        "F_Y": {"name": "F_Y.txt", "nr_index_col": "1", "nr_header": "2"},
    }
    (folder / "air" / "file_parameters.json").write_text(
        json.dumps({"files": files, "systemtype": "Extension"})
    )
    (folder / "air" / "F.txt").write_text(
        "region\tr\tr\nsector\ta\tb\nstressor\t\t\nCO2\t8.0\t13.0\nCH4\t1.0\t1.0\n"
    )
    (folder / "air" / "F_Y.txt").write_text("region\tr\ncategory\tfd\nstressor\t\nCO2\t4.0\n")
    (folder / "air" / "unit.txt").write_text("stressor\tunit\nCO2\tkg\nCH4\tkg\n")
    table = read(None, folder)
    assert table.extensions["air"].unit == "kg"
    np.testing.assert_array_equal(table.extensions["air"].final, [[4], [0]])
    carbon = footprint(table, "CO2")
    assert carbon.to_numpy().sum() == pytest.approx(21)
    assert carbon.attrs["direct"] == {"r": 4.0}
    dollars = convert(table, rate=2.0, currency="USD").extensions["air"]
    np.testing.assert_array_equal(dollars.final, [[4], [0]])


def test_units_that_pymrio_saved_as_parquet(tmp_path):
    folder = saved_by_pymrio(tmp_path)
    (folder / "unit.txt").unlink()
    assert read("pymrio", folder).unit == "as saved"
    labels = pd.MultiIndex.from_tuples([("r", "a"), ("r", "b")], names=["region", "sector"])
    pd.DataFrame({"unit": ["M EUR", "M EUR"]}, index=labels).to_parquet(folder / "unit.parquet")
    assert read("pymrio", folder).unit == "M EUR"
    pd.DataFrame({"unit": ["M EUR", "kt"]}, index=labels).to_parquet(folder / "unit.parquet")
    with pytest.raises(InputError, match=r"unit\.parquet.*different units"):
        read("pymrio", folder)
    (folder / "unit.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read"):
        read("pymrio", folder)


def test_pymrio_in_mixed_units_or_cut_short(tmp_path):
    folder = saved_by_pymrio(tmp_path)
    (folder / "unit.txt").write_text("region\tsector\tunit\nr\ta\tM EUR\nr\tb\tkt\n")
    with pytest.raises(InputError, match="different units"):
        read("pymrio", folder)
    saved_by_pymrio(tmp_path)
    (folder / "Z.txt").write_text(
        "region\t\tr\tr\nsector\t\ta\tb\nregion\tsector\t\t\nr\ta\tx\t2.0\n"
    )
    with pytest.raises(InputError, match="cannot be read"):
        read("pymrio", folder)
    (folder / "Z.txt").unlink()
    with pytest.raises(InputError, match="no such file"):
        read("pymrio", folder)
    (folder / "file_parameters.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read("pymrio", folder)


# ---- Japan's ministry -----------------------------------------------------------------------

MIC = [
    ["平成27年（2015年）産業連関表"],
    ["取引基本表（生産者価格評価）", "", "", "", "", "", "", "", "", "(単位：百万円)"],
    ["", "", "01", "02", "70", "72", "76", "77", "81", "87", "97"],
    ["", "", "農林漁業", "鉱　業", "内生部門計", "民間消費支出", "在庫純増", "国内最終需要計",
     "輸出計", "（控除）輸入計", "国内生産額"],
    ["01", "農林漁業", 10, 5, 15, 60, -1, 59, 6, -10, 70],
    ["02", "鉱　業", 20, 2, 22, 3, 0, 3, 1, -16, 10],
    ["70", "内生部門計", 30, 7, 37, 63, -1, 62, 7, -26, 80],
    ["91", "雇用者所得", 25, 2, 27],
    ["92", "営業余剰", 15, 1, 16],
    ["96", "粗付加価値部門計", 40, 3, 43],
    ["97", "国内生産額", 70, 10, 80],
]  # fmt: skip


def test_ministrys_sheet(tmp_path):
    file = tmp_path / "io13.xlsx"
    write_xlsx(file, MIC)
    table = read(None, file, year=2015)
    assert table.sectors == ("農林漁業", "鉱業")
    assert table.categories == ("民間消費支出", "在庫純増", "輸出計", "(控除)輸入計")
    np.testing.assert_array_equal(table.x, [70, 10])
    np.testing.assert_array_equal(table.output_gap, 0)
    np.testing.assert_array_equal(table.value_added, [40, 3])
    assert table.extensions["primary"].items == ("雇用者所得", "営業余剰")
    assert table.stock_changes == ("在庫純増",)
    split = read("mic-japan", file, year=2015, imports="split")
    assert split.x[2:].sum() == 26
    np.testing.assert_allclose(split.value_added[:2], [40, 3])


def change(row, column, value):
    rows = [list(r) for r in MIC]
    rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (change(4, 2, "…"), "accounts.cell"),
        (change(4, 2, "1,234"), "accounts.cell"),
        (change(5, 1, "林業"), "accounts.layout"),
        (change(3, 4, "計"), "accounts.layout"),
        (change(10, 1, "生産額"), "accounts.layout"),
        ([["nothing"]], "accounts.layout"),
    ],
)
def test_broken_sheets_of_the_ministry(tmp_path, rows, key):
    file = tmp_path / "io13.xlsx"
    write_xlsx(file, rows)
    with pytest.raises(InputError) as caught:
        read("mic-japan", file, year=2015)
    assert caught.value.key == key


# ---- Eurostat -------------------------------------------------------------------------------

SDMX = """DATAFLOW,LAST UPDATE,freq,unit,stk_flow,prd_use,prd_ava,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG
"""
CELLS = {
    ("CPA_A", "CPA_A"): 10, ("CPA_A", "CPA_B"): 5, ("CPA_B", "CPA_A"): 20, ("CPA_B", "CPA_B"): 2,
    ("CPA_A", "TOTAL"): 15, ("CPA_B", "TOTAL"): 22,
    ("CPA_A", "P3"): 40, ("CPA_A", "P5"): 5, ("CPA_A", "P6"): 10, ("CPA_A", "TFU"): 55,
    ("CPA_B", "P3"): 3, ("CPA_B", "P5"): 0, ("CPA_B", "P6"): 5, ("CPA_B", "TFU"): 8,
    ("TOTAL", "CPA_A"): 30, ("TOTAL", "CPA_B"): 7,
    ("B1G", "CPA_A"): 40, ("B1G", "CPA_B"): 23, ("P1", "CPA_A"): 70, ("P1", "CPA_B"): 30,
}  # fmt: skip


def test_eurostats_two_forms(tmp_path):
    lines = [
        f"ESTAT:NAIO_10_CP1700(1.0),01/01/24 11:00:00,A,MIO_EUR,DOM,{use},{made},AT,{year},{v},"
        for year in (2015, 2020)
        for (made, use), v in CELLS.items()
    ]
    (tmp_path / "a.csv").write_text(SDMX + "\n".join(lines) + "\n")
    bulk = "freq,unit,stk_flow,prd_use,prd_ava,geo\\TIME_PERIOD\t2015 \t2020 \n" + "".join(
        f"A,MIO_EUR,DOM,{use},{made},AT\t: \t{v} p\n" for (made, use), v in CELLS.items()
    )
    (tmp_path / "b.tsv").write_text(bulk)
    table = read(None, tmp_path / "a.csv", year=2020)
    assert table.sectors == ("A", "B")
    assert table.regions == ("AT",)
    np.testing.assert_array_equal(table.x, [70, 30])
    np.testing.assert_array_equal(table.output_gap, 0)
    assert (table.unit, table.currency) == ("million", "EUR")
    assert read(None, tmp_path / "b.tsv").checksum == table.checksum
    with pytest.raises(InputError, match="several values of year"):
        read("eurostat-iot", tmp_path / "a.csv")
    with pytest.raises(InputError, match="geo cannot be 'DE'"):
        read("eurostat-iot", tmp_path / "a.csv", year=2020, geo="DE")


def test_a_primary_row_with_an_empty_cell_is_named(tmp_path):
    cells = CELLS | {("B1G", "CPA_B"): ":", ("D1", "CPA_A"): 9, ("D1", "CPA_B"): 4}
    lines = [f"X,Y,A,MIO_EUR,DOM,{use},{made},AT,2020,{v}," for (made, use), v in cells.items()]
    (tmp_path / "a.csv").write_text(SDMX + "\n".join(lines) + "\n")
    table = read("eurostat-iot", tmp_path / "a.csv")
    assert table.extensions["primary"].items == ("P1", "D1")
    report = preflight(table)
    left = report[report["kind"] == "row_left_out"].iloc[0]
    assert (left["row"], left["column"], left["value"]) == ("primary", "B1G", 1.0)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (",10,\n", ",ten,\n", "accounts.cell"),
        ("prd_ava", "made", "accounts.layout"),
        ("CPA_B,CPA_A,", "CPA_A,CPA_A,", "accounts.label_twice"),
        ("P6", "P9", "accounts.layout"),
    ],
)
def test_broken_eurostat_files(tmp_path, old, new, key):
    lines = [f"X,Y,A,MIO_EUR,DOM,{use},{made},AT,2020,{v}," for (made, use), v in CELLS.items()]
    text = SDMX + "\n".join(lines) + "\n"
    assert old in text
    (tmp_path / "a.csv").write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        read("eurostat-iot", tmp_path / "a.csv")
    assert caught.value.key == key


def test_old_line_ends_and_spaces_round_labels_read_as_the_same_table(tmp_path):
    want = read("csv", plain(tmp_path, PLAIN)).checksum
    for text in (PLAIN.replace("\n", "\r"), PLAIN.replace(",", " , ")):
        assert read("csv", plain(tmp_path, text)).checksum == want


def test_the_japanese_sheet_tells_its_year_and_unit(tmp_path):
    write_xlsx(tmp_path / "a.xlsx", MIC)
    assert read("mic-japan", tmp_path / "a.xlsx").year == 2015
    with pytest.raises(InputError, match="Name one of: 2015"):
        read("mic-japan", tmp_path / "a.xlsx", year=1999)
    several = [["平成23・27年接続（2011年、2015年）"], *MIC[1:]]
    write_xlsx(tmp_path / "b.xlsx", several)
    assert read("mic-japan", tmp_path / "b.xlsx", year=2011).year == 2011
    with pytest.raises(InputError, match="does not say its year"):
        read("mic-japan", tmp_path / "b.xlsx")
    for printed, unit in (("億円", "hundred million"), ("十億円", "billion"), ("千円", "thousand")):
        rows = [[str(c).replace("百万円", printed) for c in row] for row in MIC[:2]] + MIC[2:]
        write_xlsx(tmp_path / "c.xlsx", rows)
        assert read("mic-japan", tmp_path / "c.xlsx").unit == unit
