"""Readers on files built in the publishers' layouts, typed out from their documentation.

Layouts: OECD ICIO and FIGARO as the extract functions of the R package exvatools (CRAN) take them
apart; FIGARO's flat form from the notes of open-risk/leontief; ADB as ksreyes/mrio-processing
reads it; WIOD 2016 from its own header lines (codes, descriptions, regions, numbers); Eora26,
EXIOBASE 3 and GLORIA as the file names and label columns of pymrio 0.7's parsers say.
"""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from kachisuji.accounts import read
from kachisuji.accounts.reading import years_in
from kachisuji.structure import footprint
from kachisuji.words import InputError
from tests.accounts.sheets import write_xlsb, write_xlsx

# ---- OECD -----------------------------------------------------------------------------------

OECD_2021 = """,AUS_01T02,AUS_03,MEX_01T02,MEX_03,MX1_01T02,MX1_03,MX2_01T02,MX2_03,AUS_HFCE,AUS_INVNT,MEX_HFCE,MEX_INVNT,TOTAL
AUS_01T02,1,2,0,0,3,4,5,6,70,1,8,0,100
AUS_03,1,1,0,0,1,1,1,1,20,-1,5,0,30
MEX_01T02,0,0,0,0,0,0,0,0,0,0,0,0,0
MEX_03,0,0,0,0,0,0,0,0,0,0,0,0,0
MX1_01T02,2,0,0,0,1,1,1,1,3,0,11,0,20
MX1_03,0,2,0,0,1,1,1,1,2,0,2,0,10
MX2_01T02,4,0,0,0,2,2,2,2,0,0,20,0,32
MX2_03,0,0,0,0,0,0,1,1,0,0,10,1,13
AUS_TAXSUB,1,1,0,0,1,1,1,1,0,0,0,0,6
VALU,91,24,0,0,11,0,20,0,0,0,0,0,146
OUTPUT,100,30,0,0,20,10,32,13,95,0,56,1,357
"""  # noqa: E501


def test_oecd_with_split_mexico(tmp_path):
    (tmp_path / "ICIO2021_2018.csv").write_text(OECD_2021)
    table = read(None, tmp_path, year=2018)
    assert table.regions == ("AUS", "MEX")
    assert table.sectors == ("01T02", "03")
    assert table.categories == ("HFCE", "INVNT")
    assert table.stock_changes == ("INVNT",)
    np.testing.assert_array_equal(table.Z[table.row("AUS", "01T02")], [1, 2, 8, 10])
    np.testing.assert_array_equal(table.Z[table.row("MEX", "01T02")], [6, 0, 6, 6])
    np.testing.assert_array_equal(table.Y[table.row("MEX", "01T02")], [3, 0, 31, 0])
    np.testing.assert_array_equal(table.output_gap, 0)
    primary = table.extensions["primary"]
    assert primary.items == ("AUS_TAXSUB", "VALU")
    np.testing.assert_array_equal(primary.values[1], [91, 24, 31, 0])
    apart = read("oecd-icio", tmp_path / "ICIO2021_2018.csv", split="keep")
    assert apart.regions == ("AUS", "MEX", "MX1", "MX2")
    assert apart.x.sum() == table.x.sum()
    assert "2021 edition" in table.publisher


OECD_2023 = """V1,AUS_A01_02,AUS_A03,ROW_A01_02,ROW_A03,AUS_HFCE,AUS_NPISH,ROW_HFCE,ROW_NPISH,OUT
AUS_A01_02,1,2,3,4,5,0,6,0,21
AUS_A03,1,1,1,1,6,0,2,0,12
ROW_A01_02,0,0,2,2,1,0,15,0,20
ROW_A03,0,0,2,2,1,0,5,0,10
TLS,1,1,1,1,0,0,0,0,4
VA,18,8,11,0,0,0,0,0,37
OUT,21,12,20,10,13,0,28,0,104
"""


def test_oecd_2023_edition_in_its_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "2016-2020_SML.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2017_SML.csv", OECD_2023.replace("AUS_A03,1,1", "AUS_A03,0,2"))
        archive.writestr("2018_SML.csv", OECD_2023)
    table = read(None, tmp_path, year=2018)
    assert table.sectors == ("A01_02", "A03")
    assert table.extensions["primary"].items == ("TLS", "VA")
    np.testing.assert_array_equal(table.x, [21, 12, 20, 10])
    with pytest.raises(InputError, match="more than one file"):
        read("oecd-icio", tmp_path)
    with pytest.raises(InputError, match="no table for the year 2012"):
        read("oecd-icio", tmp_path, year=2012)


def test_oecd_2023_edition_as_it_came_at_first(tmp_path):
    """A zip in the zip and one column of final demand, as exvatools 0.8's extract_icio has it."""
    lines = [line.split(",") for line in OECD_2023.split()]
    head = ["V1", *lines[0][1:5], "AUS_FD", "ROW_FD", "OUT"]
    small = [head]
    for row in lines[1:]:
        first, *cells = row
        final = [int(cells[4]) + int(cells[5]), int(cells[6]) + int(cells[7])]
        small.append([first, *cells[:4], *map(str, final), cells[8]])
    text = "\n".join(map(",".join, small)) + "\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2018.SML.csv", text)
    file = tmp_path / "ICIO-2016-2020-small.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("2018.SML.zip", packed.getvalue())
        archive.writestr("2017.SML.zip", b"")
    table = read(None, file, year=2018)
    assert (table.categories, table.year) == (("FD",), 2018)
    np.testing.assert_array_equal(table.x, [21, 12, 20, 10])
    with pytest.raises(InputError, match="cannot be read as zip"):
        read("oecd-icio", file, year=2017)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("2016.SML.zip", packed.getvalue())
    with pytest.raises(InputError, match=r"holds no 2016.SML.csv\n.*2018.SML.csv"):
        read("oecd-icio", file, year=2016)


def test_oecd_2018_edition_with_capital_ending(tmp_path):
    (tmp_path / "ICIO2018_2015.CSV").write_text(OECD_2023.replace("A01_02", "01T03"))
    assert read(None, tmp_path).year == 2015


def transposed(text):
    return "\n".join(",".join(r) for r in zip(*(x.split(",") for x in text.split()), strict=True))


OECD_BROKEN = {
    "transposed": (transposed(OECD_2023), "accounts.layout"),
    "region without rows": (OECD_2023.replace("ROW_A03,0", "RXW_A03,0"), "accounts.label_missing"),
    "row twice": (OECD_2023.replace("ROW_A03,0", "ROW_A01_02,0"), "accounts.label_twice"),
    "column twice": (OECD_2023.replace("ROW_A03,AUS", "ROW_A01_02,AUS"), "accounts.label_twice"),
    "final demand missing": (OECD_2023.replace("ROW_NPISH", "ROW_NPX"), "accounts.label_missing"),
    "text": (OECD_2023.replace("AUS_A03,1,1", "AUS_A03,1,.."), "accounts.cell"),
    "nan": (OECD_2023.replace("AUS_A03,1,1", "AUS_A03,1,NaN"), "accounts.not_finite"),
    "cut short": (OECD_2023[:200], "accounts.layout"),
    "labels without regions": (OECD_2023.replace("_", "-"), "accounts.layout"),
    "html": ("<!DOCTYPE html>\n<html>, moved</html>\n", "accounts.layout"),
}


@pytest.mark.parametrize("name", OECD_BROKEN)
def test_broken_oecd_files(tmp_path, name):
    text, key = OECD_BROKEN[name]
    (tmp_path / "2018_SML.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read("oecd-icio", tmp_path)
    assert caught.value.key == key


# ---- archives that may not be trusted -------------------------------------------------------


def test_archives(tmp_path):
    def key(change):
        file = tmp_path / "2016-2020_SML.zip"
        change(file)
        with pytest.raises(InputError) as caught:
            read("oecd-icio", file)
        return caught.value.key

    def escaping(file):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("../2018_SML.csv", OECD_2023)

    def absolute(file):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("/etc/2018_SML.csv", OECD_2023)

    def bomb(file):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("2018_SML.csv", b"0" * (80 * 2**20))

    def whole(file):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("2018_SML.csv", OECD_2023)

    def cut(file):
        whole(file)
        file.write_bytes(file.read_bytes()[:-30])

    def flipped(file):
        whole(file)
        raw = bytearray(file.read_bytes())
        raw[60] ^= 0xFF
        file.write_bytes(raw)

    assert key(escaping) == "accounts.zip_escape"
    assert key(absolute) == "accounts.zip_escape"
    assert key(bomb) == "accounts.zip_bomb"
    assert key(cut) == "accounts.unreadable"
    assert key(flipped) == "accounts.unreadable"
    assert key(lambda f: f.write_bytes(b"")) in ("accounts.unreadable", "accounts.no_file")
    assert key(lambda f: f.write_text("not a zip")) == "accounts.unreadable"


# ---- FIGARO ---------------------------------------------------------------------------------

FIGARO = """rowLabels,AR_A01,AR_C10T12,FIGW1_A01,FIGW1_C10T12,AR_P3_S13,AR_P3_S14,AR_P5M,FIGW1_P3_S13,FIGW1_P3_S14,FIGW1_P5M
AR_A01,1,2,3,4,0,5,-1,0,6,1
AR_C10T12,1,1,1,1,6,0,0,2,0,0
FIGW1_A01,0,0,2,2,1,0,0,0,15,0
FIGW1_C10T12,0,0,2,2,1,0,0,0,5,0
W2_D21X31,1,1,1,1,0,0,0,0,0,0
W2_D1,8,4,5,0,0,0,0,0,0,0
W2_B2A3G,10,4,6,0,0,0,0,0,0,0
"""  # noqa: E501


def test_figaro_matrix_and_flat(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "f").mkdir()
    (tmp_path / "m" / "matrix_eu-ic-io_ind-by-ind_24ed_2022.csv").write_text(FIGARO)
    table = read(None, tmp_path / "m")
    assert (table.regions, table.sectors) == (("AR", "FIGW1"), ("A01", "C10T12"))
    assert table.categories == ("P3_S13", "P3_S14", "P5M")
    assert table.extensions["primary"].items == ("W2_D21X31", "W2_D1", "W2_B2A3G")
    np.testing.assert_array_equal(table.Y[0], [0, 5, -1, 0, 6, 1])
    assert (table.unit, table.currency, table.year) == ("million", "EUR", 2022)
    lines = [x.split(",") for x in FIGARO.split()]
    out = io.StringIO()
    out.write("icioiRow,icioiCol,refArea,rowIi,counterpartArea,colIi,obsValue\n")
    for row in lines[1:]:
        for name, value in zip(lines[0][1:], row[1:], strict=True):
            (a, r), (b, c) = row[0].split("_", 1), name.split("_", 1)
            out.write(f"{row[0]},{name},{a},{r},{b},{c},{value}\n")
    flat = tmp_path / "f" / "flatfile_eu-ic-io_ind-by-ind_24ed_2022.csv"
    flat.write_text(out.getvalue())
    assert read(None, tmp_path / "f").checksum == table.checksum
    flat.write_text(out.getvalue() + "AR_A01,AR_A01,AR,A01,AR,A01,1\n")
    with pytest.raises(InputError, match="more than once"):
        read("figaro", flat)
    flat.write_text(out.getvalue().replace("obsValue", "value"))
    with pytest.raises(InputError, match="not the layout"):
        read("figaro", flat)
    products = FIGARO.replace("A01", "CPA_A01").replace("C10T12", "CPA_C10T12")
    (tmp_path / "m" / "matrix_eu-ic-io_prod-by-prod_24ed_2022.csv").write_text(products)
    with pytest.raises(InputError, match="more than one file"):
        read("figaro", tmp_path / "m", year=2022)
    by_product = read("figaro", tmp_path / "m", year=2022, by="product")
    assert by_product.sectors == ("CPA_A01", "CPA_C10T12")
    assert read("figaro", tmp_path / "m", by="industry").checksum == table.checksum


# ---- ADB ------------------------------------------------------------------------------------

ADB = [
    ["Multi-regional input-output table"], ["Year 2023"], ["US$ million"], [], [],
    ["", "", "", "", "JPN", "JPN", "RoW", "RoW", *["JPN"] * 5, *["RoW"] * 5, "ToT"],
    ["", "", "", "", "c1", "c2", "c1", "c2", *(f"F{k}" for k in range(1, 6)),
     *(f"F{k}" for k in range(1, 6)), "r99"],
    ["Agriculture", "", "JPN", "c1", 1, 2, 3, 4, 5, 0, 0, 0, -1, 6, " ", 0, 0, 0, 20],
    ["Mining", "", "JPN", "c2", 1, 1, 1, 1, 6, 0, 0, 0, 0, 2, "", 0, 0, 0, 12],
    ["Agriculture", "", "RoW", "c1", " ", 0, 2, 2, 1, 0, 0, 0, 0, 15, 0, 0, 0, 0, 20],
    ["Mining", "", "RoW", "c2", 0, 0, 2, 2, 1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 10],
    ["Total", "", "ToT", "r60", 2, 3, 8, 9],
    ["Value added", "", "ToT", "r64", 18, 9, 12, 1],
]  # fmt: skip


def test_adb(tmp_path):
    file = tmp_path / "ADB-MRIO62-2023_September 2024.xlsx"
    write_xlsx(file, ADB)
    table = read(None, tmp_path)
    assert (table.regions, table.sectors, table.year) == (("JPN", "RoW"), ("c1", "c2"), 2023)
    np.testing.assert_array_equal(table.x, [20, 12, 20, 10])
    np.testing.assert_array_equal(table.value_added, [18, 9, 12, 1])
    assert table.stock_changes == ("F5",)
    rows = [list(r) for r in ADB]
    rows[8][5] = "#REF!"
    write_xlsx(file, rows)
    with pytest.raises(InputError) as caught:
        read("adb-mrio", file)
    assert (caught.value.key, caught.value.row, caught.value.column) == (
        "accounts.cell",
        9,
        "JPN c2",
    )
    write_xlsx(file, ADB[2:])
    assert read("adb-mrio", file).checksum == table.checksum  # found wherever the codes stand
    write_xlsx(file, ADB[7:])
    with pytest.raises(InputError, match="c1 in the fifth column"):
        read("adb-mrio", file)


# ---- WIOD 2016, world -----------------------------------------------------------------------

TEXTS = ("IndustryCode", "IndustryDescription", "Country")
FINAL_16 = ["CONS_h", "CONS_np", "CONS_g", "GFCF", "INVEN"]
WIOD_16 = [
    ["Intercountry Input-Output Table"], ["(industry-by-industry)"],
    ["", "", "", "", "A01", "B", "A01", "B", *FINAL_16, *FINAL_16, "GO"],
    ["(millions of US$)", "", "", "", *["Crop"] * 14, "Total output"],
    ["2014", "", "", "", "AUS", "AUS", "ROW", "ROW", *["AUS"] * 5, *["ROW"] * 5, "TOT"],
    ["", "", "", "", "c1", "c4", "c1", "c4", *["c57"] * 10, "c62"],
    ["A01", "Crop", "AUS", "r1", 1, 2, 3, 4, 5, 0, 0, 0, -1, 6, 0, 0, 0, 0, 20],
    ["B", "Mining", "AUS", "r4", 1, 1, 1, 1, 6, 0, 0, 0, 0, 2, 0, 0, 0, 0, 12],
    ["A01", "Crop", "ROW", "r1", 0, 0, 2, 2, 1, 0, 0, 0, 0, 15, 0, 0, 0, 0, 20],
    ["B", "Mining", "ROW", "r4", 0, 0, 2, 2, 1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 10],
    ["II_fob", "Total intermediate consumption", "TOT", "r65", 2, 3, 8, 9],
    ["VA", "Value added at basic prices", "TOT", "r70", 18, 9, 12, 1],
]  # fmt: skip


def holds_the_flows(table, value_added):
    """What both releases' workbooks hold here: outputs, and value added as printed."""
    np.testing.assert_array_equal(table.x, [20, 12, 20, 10])
    np.testing.assert_array_equal(table.output_gap, 0)
    primary = table.extensions["primary"]
    assert (primary.items, primary.unit) == ((value_added,), "million USD")
    np.testing.assert_array_equal(primary.values, [[18, 9, 12, 1]])


def test_world_table_of_wiod_2016(tmp_path):
    write_xlsx(tmp_path / "WIOT2014_Nov16_ROW.xlsx", WIOD_16)
    table = read(None, tmp_path, year=2014)
    assert (table.regions, table.sectors) == (("AUS", "ROW"), ("A01", "B"))
    holds_the_flows(table, "VA")
    np.testing.assert_array_equal(table.value_added, [18, 9, 12, 1])
    write_xlsx(tmp_path / "WIOT2014_Nov16_ROW.xlsx", WIOD_16[:6])
    with pytest.raises(InputError, match="not the layout"):
        read("wiod16", tmp_path, year=2014)
    with pytest.raises(InputError, match="for the year 2013"):
        read("wiod16", tmp_path, year=2013)


def test_all_years_in_the_publishers_zip(tmp_path):
    """WIOTS_in_EXCEL.zip as it is downloaded."""
    write_xlsb(tmp_path / "WIOT2014_Nov16_ROW.xlsb", WIOD_16)
    alone = read("wiod16", tmp_path / "WIOT2014_Nov16_ROW.xlsb")
    file = tmp_path / "WIOTS_in_EXCEL.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(tmp_path / "WIOT2014_Nov16_ROW.xlsb", "WIOT2014_Nov16_ROW.xlsb")
        archive.writestr("WIOT2013_Nov16_ROW.xlsb", b"no workbook")
    table = read(None, file, year=2014)
    assert (table.checksum, table.title) == (alone.checksum, "World Input-Output Table 2014")
    assert years_in("wiod16", file) == [2013, 2014]
    with pytest.raises(InputError, match="Name one of: 2013, 2014") as caught:
        read(None, file)
    assert caught.value.key == "accounts.year_needed"
    with pytest.raises(InputError) as caught:
        read(None, file, year=2000)
    assert caught.value.key == "accounts.no_year"
    with pytest.raises(InputError, match="cannot be read as zip"):
        read(None, file, year=2013)


def test_wiod_of_another_place(tmp_path):
    """A folder of neither kind, and a region that a national file does not hold."""
    with pytest.raises(InputError, match=r"WIOT2014_Nov16_ROW\.xlsb") as caught:
        read("wiod16", tmp_path, year=2014)
    assert caught.value.key == "accounts.layout"
    columns = ["JPN", 2014, "A", "Domestic"]
    names = ["country", "year", "code", "origin"]
    pd.DataFrame([columns], columns=names).to_parquet(tmp_path / "niot_JPN_2014.parquet")
    with pytest.raises(InputError, match=r"no table for KOR.*\n.*JPN"):
        read("wiod16", tmp_path / "niot_JPN_2014.parquet", region="KOR")
    for given in ({"year": True}, {"unbalanced": "no"}):
        with pytest.raises(InputError, match=r"True|unbalanced of read is bool, not str"):
            read("wiod16", tmp_path, **given)


WIOD_13 = [
    ["Intercountry Input-Output Table"], ["(industry-by-industry)"],
    ["", "", "", "", "AtB", "C", "AtB", "C", *[""] * 10, ""],
    ["(millions of US$)", "", "", "", *["Agriculture"] * 14, "Total output"],
    ["2008", "", "", "", "AUS", "AUS", "RoW", "RoW", *["AUS"] * 5, *["RoW"] * 5, "TOT"],
    ["", "", "", "", "c1", "c2", "c1", "c2",
     *["c37", "c38", "c39", "c41", "c42"] * 2, "c43"],
    ["AtB", "Agriculture", "AUS", "c1", 1, 2, 3, 4, 5, 0, 0, 0, -1, 6, 0, 0, 0, 0, 20],
    ["C", "Mining", "AUS", "c2", 1, 1, 1, 1, 6, 0, 0, 0, 0, 2, 0, 0, 0, 0, 12],
    ["AtB", "Agriculture", "RoW", "c1", 0, 0, 2, 2, 1, 0, 0, 0, 0, 15, 0, 0, 0, 0, 20],
    ["C", "Mining", "RoW", "c2", 0, 0, 2, 2, 1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 10],
    ["", "Total intermediate consumption", "TOT", "r60", 2, 3, 8, 9],
    ["", "Value added at basic prices", "TOT", "r64", 18, 9, 12, 1],
]  # fmt: skip


def test_the_workbooks_of_wiod_2013(tmp_path):
    """Layout: exvatools' extract_wiod (lines 7 to 1449, columns 5 to 1645) and pymrio's parser."""
    write_xlsx(tmp_path / "WIOT08_ROW_Sep12.xlsx", WIOD_13)
    for table in (read(None, tmp_path), read("wiod13", tmp_path / "WIOT08_ROW_Sep12.xlsx")):
        assert (table.regions, table.sectors, table.year) == (("AUS", "RoW"), ("c1", "c2"), 2008)
        holds_the_flows(table, "r64")
        np.testing.assert_array_equal(table.stock_change, [-1, 0, 0, 0])
    file = tmp_path / "WIOTS_in_EXCEL.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(tmp_path / "WIOT08_ROW_Sep12.xlsx", "WIOTS_in_EXCEL/WIOT08_ROW_Sep12.xlsx")
        archive.writestr("WIOTS_in_EXCEL/WIOT95_ROW_Apr12.xlsx", b"")
    assert read(None, file, year=2008).checksum == table.checksum
    assert years_in("wiod13", file) == [1995, 2008]
    with pytest.raises(InputError, match="Name one of: 1995, 2008"):
        read("wiod13", file, year=2009)
    rows = [list(row) for row in WIOD_13]
    rows[7][5] = "1 000"
    write_xlsx(tmp_path / "WIOT08_ROW_Sep12.xlsx", rows)
    with pytest.raises(InputError) as caught:
        read("wiod13", tmp_path, year=2008)
    assert (caught.value.row, caught.value.column) == (8, "AUS c2")
    write_xlsx(tmp_path / "WIOT08_ROW_Sep12.xlsx", [*WIOD_13[:6], *[["x"]] * 3])
    with pytest.raises(InputError, match="codes in line 6, regions in line 5"):
        read("wiod13", tmp_path, year=2008)


def test_the_publishers_binary_workbook(tmp_path):
    write_xlsx(tmp_path / "WIOT2014_Nov16_ROW.xlsx", WIOD_16)
    table = read("wiod16", tmp_path / "WIOT2014_Nov16_ROW.xlsx")
    write_xlsx(tmp_path / "by another name.xlsx", WIOD_16)
    renamed = read("wiod16", tmp_path / "by another name.xlsx", year=2014)
    assert renamed.checksum == table.checksum
    with pytest.raises(InputError, match="does not say its year"):
        read("wiod16", tmp_path / "by another name.xlsx")
    rows = [list(row) for row in WIOD_16]
    rows[6][12] = -1.25  # not a whole number: another kind of record
    rows[6][18] = 19.75
    write_xlsb(tmp_path / "WIOT2014_Nov16_ROW.xlsb", rows)
    binary = read(None, tmp_path / "WIOT2014_Nov16_ROW.xlsb")
    np.testing.assert_array_equal(binary.Z, table.Z)
    np.testing.assert_array_equal(binary.x, [19.75, 12, 20, 10])
    np.testing.assert_array_equal(binary.output_gap, 0)
    file = tmp_path / "WIOT2014_Nov16_ROW.xlsb"
    rows[7][5] = "n/a"
    write_xlsb(file, rows)
    with pytest.raises(InputError) as caught:
        read("wiod16", file)
    assert (caught.value.key, caught.value.row) == ("accounts.cell", 8)


def test_rdata_of_wiod_2016(tmp_path):
    rdata = pytest.importorskip("rdata", reason="RData needs the package rdata")
    codes, cells = ["A01", "B", "A01", "B", "VA"], [r[4:] for r in (*WIOD_16[6:10], WIOD_16[11])]
    cells[4] = cells[4] + [0] * 11
    frame = {
        "IndustryCode": codes,
        "IndustryDescription": ["Crop", "Mining", "Crop", "Mining", "Value added"],
        "Country": ["AUS", "AUS", "ROW", "ROW", "TOT"],
        "RNr": [1, 4, 1, 4, 70],
        "Year": [2014] * 5,
    }
    names = ["AUS1", "AUS4", "ROW1", "ROW4", *(f"AUS{k}" for k in range(57, 62))]
    names += [f"ROW{k}" for k in range(57, 62)] + ["TOT"]
    frame |= {n: [float(row[k]) for row in cells] for k, n in enumerate(names)}
    made = pd.DataFrame(
        {k: pd.Series(v, dtype=object if k in TEXTS else None) for k, v in frame.items()}
    )
    made.columns = pd.Index(list(frame), dtype=object)  # what the writer of rdata takes
    file = tmp_path / "WIOT2014_October16_ROW.RData"
    rdata.write_rda(file, {"wiot": made})
    table = read(None, tmp_path, year=2014)
    assert (table.regions, table.sectors) == (("AUS", "ROW"), ("A01", "B"))
    np.testing.assert_array_equal(table.x, [20, 12, 20, 10])
    np.testing.assert_array_equal(table.output_gap, 0)
    write_xlsx(tmp_path / "WIOT2013_Nov16_ROW.xlsx", WIOD_16)
    assert read("wiod16", tmp_path, year=2013).x.tolist() == table.x.tolist()
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(InputError, match="RData"):
        read("wiod16", file)
    rdata.write_rda(file, {"niot": made})
    with pytest.raises(InputError, match="IndustryCode"):
        read("wiod16", file)


# ---- Eora26 ---------------------------------------------------------------------------------

EORA = {
    "labels_T.txt": "Japan\tJPN\tIndustries\tAgriculture\t\nJapan\tJPN\tIndustries\tMining\t\n"
    "ROW\tROW\tIndustries\tTOTAL\t\n",
    "labels_FD.txt": "Japan\tJPN\tFinal demand\tHousehold final consumption P.3h\t\n"
    "Japan\tJPN\tFinal demand\tChanges in inventories P.52\t\n"
    "ROW\tROW\tFinal demand\tHousehold final consumption P.3h\t\n"
    "ROW\tROW\tFinal demand\tChanges in inventories P.52\t\n",
    "Eora26_2015_bp_T.txt": "1\t2\t3\n1\t1\t1\n0\t2\t4\n",
    "Eora26_2015_bp_FD.txt": "5\t-1\t6\t0\n6\t0\t2\t0\n1\t0\t15\t0\n",
}


@pytest.mark.parametrize("form", ["folder", "zip", "indices apart"])
def test_eora26(tmp_path, form):
    if form == "folder":
        for name, text in EORA.items():
            (tmp_path / name).write_text(text)
    else:
        labels = {n for n in EORA if n.startswith("labels")} if form != "zip" else set()
        with zipfile.ZipFile(tmp_path / "Eora26_2015_bp.zip", "w") as archive:
            for name in EORA.keys() - labels:
                archive.writestr(name, EORA[name])
        if labels:
            with zipfile.ZipFile(tmp_path / "indices.zip", "w") as archive:
                for name in labels:
                    archive.writestr(name, EORA[name])
    table = read(None, tmp_path)
    assert table.regions == ("JPN", "ROW")
    assert table.sectors == ("Agriculture", "Mining", "TOTAL")
    np.testing.assert_array_equal(table.x, [16, 11, 0, 0, 0, 22])
    assert table.Z[table.row("JPN", "Agriculture"), table.row("ROW", "TOTAL")] == 3
    assert (table.unit, table.stock_changes) == ("thousand", ("Changes in inventories P.52",))


# labels_VA and labels_Q as MARIO's, pymrio's and Krantz' programs take them apart
EORA_ACCOUNTS = {
    "labels_VA.txt": "Primary Inputs\tCompensation of employees D.1\t\n",
    "labels_Q.txt": "Total CO2 emissions (Gg) from EDGAR\tTotal\t\nLand (ha)\tWheat\t\n",
    "Eora26_2015_bp_VA.txt": "7\t5\t9\n",
    "Eora26_2015_bp_Q.txt": "1\t2\t3\n4\t5\t6\n",
    "Eora26_2015_bp_QY.txt": "10\t0\t20\t0\n0\t0\t0\t0\n",
}


def test_eora26_with_its_accounts(tmp_path):
    for name, text in (EORA | EORA_ACCOUNTS).items():
        (tmp_path / name).write_text(text)
    table = read(None, tmp_path)
    primary, satellite = table.extensions["primary"], table.extensions["satellite"]
    assert primary.items == ("Compensation of employees D.1",)
    np.testing.assert_array_equal(primary.values, [[7, 5, 0, 0, 0, 9]])
    carbon = "Total CO2 emissions (Gg) from EDGAR / Total"
    assert satellite.items == (carbon, "Land (ha) / Wheat")
    np.testing.assert_array_equal(satellite.values, [[1, 2, 0, 0, 0, 3], [4, 5, 0, 0, 0, 6]])
    assert footprint(table, carbon).attrs["direct"] == {"JPN": 10.0, "ROW": 20.0}
    assert not read("eora26", tmp_path, accounts=False).extensions
    (tmp_path / "Eora26_2015_bp_Q.txt").write_text("1\t2\t3\n")
    with pytest.raises(InputError, match=r"Eora26_2015_bp_Q\.txt"):
        read("eora26", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("Eora26_2015_bp_T.txt", "1\t2\n1\t1\n", "accounts.shape"),
        ("Eora26_2015_bp_T.txt", "1\t2\t3\n1\t1\tx\n0\t2\t4\n", "accounts.unreadable"),
        ("Eora26_2015_bp_T.txt", "1\t2\t3\n1\t1\tnan\n0\t2\t4\n", "accounts.not_finite"),
        ("labels_T.txt", "JPN\tAgriculture\n", "accounts.layout"),
        (
            "labels_T.txt",
            EORA["labels_T.txt"].replace("Mining", "Agriculture"),
            "accounts.label_twice",
        ),
        ("labels_FD.txt", EORA["labels_FD.txt"].replace("ROW", "USA"), "accounts.label_missing"),
    ],
)
def test_broken_eora26(tmp_path, name, text, key):
    for file, content in {**EORA, name: text}.items():
        (tmp_path / file).write_text(content)
    with pytest.raises(InputError) as caught:
        read("eora26", tmp_path)
    assert caught.value.key == key


# ---- EXIOBASE -------------------------------------------------------------------------------

_HEAD = "region\t\tAT\tAT\tJP\tJP\nsector\t\tWheat\tCoal\tWheat\tCoal\nregion\tsector\t\t\t\t\n"
EXIO = {
    "Z.txt": _HEAD
    + "AT\tWheat\t1\t2\t3\t4\nAT\tCoal\t1\t1\t1\t1\nJP\tWheat\t0\t0\t2\t2\nJP\tCoal\t0\t0\t2\t2\n",
    "Y.txt": "region\t\tAT\tAT\tJP\tJP\n"
    "category\t\tHouseholds\tChanges in inventories\tHouseholds\tChanges in inventories\nregion\tsector\t\t\t\t\nAT\tWheat\t5\t-1\t6\t0\nAT\tCoal\t6\t0\t2\t0\n"  # noqa: E501
    "JP\tWheat\t1\t0\t15\t0\nJP\tCoal\t1\t0\t5\t0\n",
    "x.txt": "region\tsector\tindout\nAT\tWheat\t20\nAT\tCoal\t12\nJP\tWheat\t20\nJP\tCoal\t10\n",
    "A.txt": _HEAD + "AT\tWheat\t0.05\t0.16666666666666666\t0.15\t0.4\n"
    "AT\tCoal\t0.05\t0.08333333333333333\t0.05\t0.1\n"
    "JP\tWheat\t0\t0\t0.1\t0.2\nJP\tCoal\t0\t0\t0.1\t0.2\n",
    "unit.txt": "region\tsector\tunit\nAT\tWheat\tM.EUR\nAT\tCoal\tM.EUR\nJP\tWheat\tM.EUR\n",
    "satellite/F.txt": "region\tAT\tAT\tJP\tJP\nsector\tWheat\tCoal\tWheat\tCoal\nstressor\t\t\t\t\n"  # noqa: E501
    "CO2\t7\t8\t9\t10\n",
    "satellite/unit.txt": "stressor\tunit\nCO2\tkg\n",
}


def exiobase(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_exiobase_up_to_38_and_from_39(tmp_path):
    old = exiobase(tmp_path / "IOT_2011_ixi", EXIO)
    table = read(None, old)
    assert (table.regions, table.sectors, table.year) == (("AT", "JP"), ("Wheat", "Coal"), 2011)
    np.testing.assert_array_equal(table.x, [20, 12, 20, 10])
    assert table.extensions["satellite"].items == ("CO2",)
    assert table.extensions["satellite"].unit == "kg"
    new = {k.replace("satellite", "air_emissions"): v for k, v in EXIO.items()} | {
        "employment/F.txt": EXIO["satellite/F.txt"].replace("CO2", "Low-skilled")
    }
    with zipfile.ZipFile(tmp_path / "IOT_2020_pxp.zip", "w") as archive:
        for name, text in new.items():
            archive.writestr(f"IOT_2020_pxp/{name}", text)
    zipped = read(None, tmp_path / "IOT_2020_pxp.zip")
    assert sorted(zipped.extensions) == ["air_emissions", "employment"]
    np.testing.assert_array_equal(zipped.Z, table.Z)
    without = exiobase(tmp_path / "IOT_2012_ixi", {k: v for k, v in EXIO.items() if k != "Z.txt"})
    np.testing.assert_allclose(read(None, without).Z, table.Z)
    three = {k: v.replace("AT\t", "AUT\t") for k, v in EXIO.items()}
    assert read(None, exiobase(tmp_path / "IOT_2013_ixi", three)).regions == ("AT", "JP")


EXIO_USERS = (
    "region\tAT\tAT\tJP\tJP\n"
    "category\tHouseholds\tChanges in inventories\tHouseholds\tChanges in inventories\n"
    "stressor\t\t\t\t\nCO2\t3\t0\t5\t0\n"
)


@pytest.mark.parametrize("name", ["F_Y.txt", "F_hh.txt"])
def test_what_households_emit_themselves_is_read_and_added_up(tmp_path, name):
    files = EXIO | {f"satellite/{name}": EXIO_USERS}
    table = read(None, exiobase(tmp_path / "IOT_2011_ixi", files))
    np.testing.assert_array_equal(table.extensions["satellite"].final, [[3, 0, 5, 0]])
    direct = footprint(table, "CO2").attrs["direct"]
    assert direct == {"AT": 3.0, "JP": 5.0}
    whole = table.aggregate(regions="total", sectors="total").extensions["satellite"]
    np.testing.assert_array_equal(whole.final, [[8, 0]])
    plain = read(None, exiobase(tmp_path / "IOT_2012_ixi", EXIO))
    assert plain.extensions["satellite"].final is None
    assert footprint(plain, "CO2").attrs["direct"] == {"AT": 0.0, "JP": 0.0}


@pytest.mark.parametrize(
    ("name", "old", "new", "key"),
    [
        ("Z.txt", "AT\tCoal\t1\t1", "AT\tCoal\t1\tx", "accounts.cell"),
        ("Z.txt", "AT\tCoal\t1\t1", "AT\tCoal\t1", "accounts.layout"),
        ("Z.txt", "AT\tCoal\t1\t1", "AT\tCoal\t1\tinf", "accounts.not_finite"),
        ("Y.txt", "JP\tCoal", "JP\tWheat", "accounts.layout"),
        ("unit.txt", "AT\tCoal\tM.EUR", "AT\tCoal\ttonnes", "accounts.mixed_units"),
        ("satellite/F.txt", "AT\tAT\tJP\tJP", "AT\tAT\tJP\tFR", "accounts.layout"),
        ("satellite/F_Y.txt", "AT\tAT\tJP\tJP", "AT\tAT\tJP\tFR", "accounts.layout"),
        ("satellite/F_Y.txt", "CO2", "CH4", "accounts.layout"),
        ("satellite/F_Y.txt", "CO2\t3", "CO2\tinf", "accounts.not_finite"),
    ],
)
def test_broken_exiobase(tmp_path, name, old, new, key):
    files = EXIO | {"satellite/F_Y.txt": EXIO_USERS}
    assert old in files[name]
    folder = exiobase(tmp_path / "IOT_2011_ixi", files | {name: files[name].replace(old, new)})
    with pytest.raises(InputError) as caught:
        read("exiobase3", folder)
    assert caught.value.key == key


# ---- GLORIA ---------------------------------------------------------------------------------


def gloria(folder, square, final):
    inner = folder / "GLORIA_MRIOs_59_2019"
    inner.mkdir(parents=True)
    name = "20240111_120secMother_AllCountries_002_{}-Results_2019_059_Markup001(full).csv"
    for which, values in (("T", square), ("Y", final)):
        text = "\n".join(",".join(map(str, row)) for row in values) + "\n"
        (inner / name.format(which)).write_text(text)
    rows = {
        "Regions": [["Lfd_Nr", "Region_acronyms", "Region_names"], [1, "JPN", "Japan"],
                    [2, "DYE", "nobody"], [3, "ROW", "Rest"]],
        "Sectors": [["Lfd_Nr", "Sector_names"], [1, "Wheat"], [2, "Coal"]],
        "Value added and final demand": [
            ["Lfd_Nr", "Value_added_names", "Final_demand_names"],
            [1, "Wages", "Household final consumption"], [2, "Surplus", "Changes in inventories"],
        ],
    }  # fmt: skip
    return inner, rows


def test_gloria(tmp_path, monkeypatch):
    # regions JPN, DYE (empty), ROW; each two industries, then two products
    square = np.zeros((12, 12))
    square[0, 2], square[0, 3], square[1, 3] = 30, 2, 18  # JPN make
    square[8, 10], square[9, 11] = 20, 10  # ROW make
    square[2, 0], square[2, 8], square[3, 1], square[10, 0] = 4, 6, 3, 5  # use
    final = np.zeros((12, 6))
    final[2, 0], final[3, 0], final[10, 4], final[11, 4] = 20, 17, 15, 10
    inner, books = gloria(tmp_path, square.tolist(), final.tolist())
    (tmp_path / "GLORIA_ReadMe_059.xlsx").write_bytes(b"x")
    from kachisuji.accounts.readers import gloria as reader

    # a workbook of several sheets is not what the small writer of these tests makes
    monkeypatch.setattr(reader, "sheet_rows", lambda book, sheet, form: books[sheet])
    table = read(None, tmp_path)
    assert table.regions == ("JPN", "ROW")
    np.testing.assert_allclose(table.x, [30, 20, 20, 10])
    np.testing.assert_allclose(table.value_added.sum(), final.sum())
    by_industry = read("gloria", tmp_path, model="D")
    np.testing.assert_allclose(by_industry.x, [32, 18, 20, 10])
    next(inner.glob("*_Y-*")).unlink()
    with pytest.raises(InputError, match="0 files"):
        read("gloria", tmp_path)


def test_gloria_with_its_satellite_accounts(tmp_path, monkeypatch):
    square = np.zeros((12, 12))
    square[0, 2], square[0, 3], square[1, 3] = 30, 2, 18
    square[8, 10] = 20  # the second industry of ROW makes nothing, and causes something
    final = np.zeros((12, 6))
    final[2, 0], final[3, 0], final[10, 4] = 30, 20, 20
    _, books = gloria(tmp_path, square.tolist(), final.tolist())
    books["Satellites"] = [["Sat_head_indicator", "Sat_indicator", "Sat_unit"],
                           ["Emissions", "CO2", "kt"], ["Land", "crops", "ha"]]  # fmt: skip
    (tmp_path / "GLORIA_ReadMe_059.xlsx").write_bytes(b"x")
    from kachisuji.accounts.readers import gloria as reader

    monkeypatch.setattr(reader, "sheet_rows", lambda book, sheet, form: books[sheet])
    beside = tmp_path / "GLORIA_SatelliteAccounts_059_2019"
    beside.mkdir()
    name = "20240111_120secMother_AllCountries_002_{}-Results_2019_059_Markup001(full).csv"
    caused = np.zeros((2, 12))
    caused[0, [0, 1, 8, 9]], caused[1, [0, 3]] = (32, 9, 5, 7), (16, 1)
    users = np.array([[4, 0, 0, 0, 6, 0], [0, 0, 0, 0, 0, 0]])
    np.savetxt(beside / name.format("TQ"), caused, delimiter=",")
    np.savetxt(beside / name.format("YQ"), users, delimiter=",")
    product, industry = (read("gloria", tmp_path, model=m).extensions["satellite"] for m in "BD")
    assert product.items == ("Emissions / CO2", "Land / crops")
    assert product.unit == "kt, ha"
    np.testing.assert_allclose(product.values, [[30, 11, 5, 7], [15, 2, 0, 0]])
    np.testing.assert_allclose(industry.values, [[32, 9, 5, 7], [16.1, 0.9, 0, 0]])
    np.testing.assert_allclose(product.final, [[4, 0, 6, 0], [0, 0, 0, 0]])
    assert not read("gloria", tmp_path, accounts=False).extensions
    np.savetxt(beside / name.format("YQ"), users[:1], delimiter=",")
    with pytest.raises(InputError, match="YQ"):
        read("gloria", tmp_path)
