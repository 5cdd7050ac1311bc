"""The structure explorer: figures against the rooms they come from, pictures and tables."""

import io
import json
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest

from kachisuji import structure
from kachisuji.accounts import reference
from kachisuji.accounts.commons import Commons
from kachisuji.accounts.readers.plain import write
from kachisuji.desk.web import library as library_room
from kachisuji.desk.web import structures
from kachisuji.desk.web.library import Library, series_of
from kachisuji.desk.web.views.structure import _rank as ranked
from tests.accounts.conftest import random_economy
from tests.accounts.test_readers_built import OECD_2023


def test_figures_are_those_of_the_room():
    economy = reference()
    table = structures.figures(economy)
    row = table[(table["region"] == "JPN") & (table["sector"] == "c15")].iloc[0]
    place = economy.row("JPN", "c15")
    assert row["upstreamness"] == structure.upstreamness(economy).loc[("JPN", "c15")]
    assert row["value_added_share"] == economy.v[place]
    assert np.isfinite(table["output_multiplier"]).all()


def test_the_multiplier_at_home_is_what_home_makes_of_the_whole():
    economy = random_economy(seed=5, R=3, S=4)
    table = structures.figures(economy)
    inverse = np.linalg.inv(np.eye(economy.n) - economy.Z / economy.x)
    home = [inverse[4 * (k // 4) : 4 * (k // 4) + 4, k].sum() for k in range(economy.n)]
    np.testing.assert_allclose(table["home_multiplier"], home, rtol=1e-9)
    assert (table["home_multiplier"] <= table["output_multiplier"] + 1e-12).all()
    # no figure of the explorer is the same for every sector of a world table
    world = structures.figures(reference())[list(structures.MEASURES)]
    assert (world.max() - world.min() > 0.01).all()


def test_figures_that_another_version_kept_are_worked_out_again(tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(library_room, "MEASURES", ("output",))
        before.setattr(
            library_room, "figures", lambda economy: structures.figures(economy)[["output"]]
        )
        assert list(Library(tmp_path).figures("reference")) == ["output"]
    assert {*structures.MEASURES} <= {*Library(tmp_path).figures("reference")}


def test_flows_of_a_sector_add_up_to_its_output():
    economy = reference()
    for region, sector in (("JPN", "c15"), ("USA", "c30")):
        found = structures.flows(economy, region, sector, "en")
        for side in ("before", "after"):
            assert sum(v for _, v in found[side]) == pytest.approx(1.0, abs=2e-3)


def test_ribbons_are_as_thick_as_what_flows():
    spec = structures.sankey(reference(), "JPN", "c15", "en")
    marks = spec["data"][0]["values"]
    assert len({m["y"] for m in marks}) > 10
    assert json.dumps(spec)


def test_the_explorer_shows_compares_and_sends(reader):
    page = reader.get("/structure?region=CHN&sector=c14&measure=backward_index&with=JPN").text
    assert "Electrical and optical equipment" in page
    chart = reader.get("/structure/chart.json?with=JPN&with=USA").json()
    assert {v["region"] for v in chart["data"]["values"]} == {"Japan", "United States"}
    csv = pd.read_csv(io.BytesIO(reader.get("/structure/table.csv").content))
    parquet = pd.read_parquet(io.BytesIO(reader.get("/structure/table.parquet").content))
    assert len(csv) == len(parquet) == reference().n
    svg = reader.get("/structure/chart.svg?kind=sankey&lang=ja").content
    assert "投入".encode() in svg or "付加価値".encode() in svg
    assert reader.get("/structure/chart.png").content.startswith(b"\x89PNG")
    reader.get("/jobs?lang=en")


def test_countries_that_do_not_differ_have_no_rank(reader):
    page = reader.get("/structure?lang=en").text
    assert "no. 1 of" in page
    assert "the same everywhere" not in page  # of a table whose countries differ
    alike = pd.DataFrame({"sector": ["a", "a", "b"], "share": [1.0, 1.0 + 1e-9, 0.5]})
    assert ranked(alike, "a", "share", 1.0) is None
    apart = alike.assign(share=[1.0, 2.0, 0.5])
    assert ranked(apart, "a", "share", 1.0) == 2


@pytest.mark.parametrize(
    "query",
    ["table=none", "region=X", "sector=X", "measure=X", "with=X", "table=../../etc", "region=%00"],
)
def test_what_no_table_holds(reader, query):
    assert reader.get(f"/structure?{query}").status_code == 404
    assert reader.get(f"/structure/chart.json?{query}").status_code == 404


@pytest.mark.data
@pytest.mark.slow
def test_years_of_a_data_folder_are_offered_and_compared(full_data, tmp_path, monkeypatch):
    monkeypatch.setenv("KACHISUJI_DATA", str(full_data))
    library = Library(tmp_path)
    assert "wiod13-2011" in library.known()
    before, after = library.figures("wiod13-1995"), library.figures("wiod13-2011")
    assert library.figures("wiod13-2011").equals(after)
    spec = structures.comparison(
        {1995: before, 2011: after}, ["JPN"], "c14", "upstreamness", "ja", reference()
    )
    assert [v["year"] for v in spec["data"]["values"]] == [1995, 2011]
    assert set(library.siblings("wiod13-2000")) == {f"wiod13-{y}" for y in range(1995, 2012)}


# ---- years of any stored table -------------------------------------------------------------------


@pytest.fixture
def commons(tmp_path, monkeypatch):
    monkeypatch.setenv("KACHISUJI_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("KACHISUJI_DATA", raising=False)
    return Commons()


def put(commons, tmp_path, name, seed=3):
    write(random_economy(seed), tmp_path / f"{name}.csv")
    commons.add(tmp_path / f"{name}.csv", name, kind="csv", licence="CC0")


@pytest.mark.parametrize(
    ("name", "series"),
    [("mine-2015", "mine"), ("mine2015", "mine"), ("oecd-icio-2023-1995-2000", "oecd-icio-2023"),
     ("oecd-icio-2023-2000", "oecd-icio-2023"), ("figaro-2025-ind-2021", "figaro-2025-ind"),
     ("2015", "2015"), ("mine", "mine"), ("mine-1899", "mine-1899")],
)  # fmt: skip
def test_names_that_differ_in_the_year_are_a_series(name, series):
    assert series_of(name) == series


def test_years_of_any_table_of_the_commons_are_compared(commons, tmp_path, visitor):
    for seed, year in ((3, 2010), (4, 2015), (5, 2020)):
        put(commons, tmp_path, f"mine-{year}", seed)
    put(commons, tmp_path, "other-2015")
    library = Library(tmp_path / "tables")
    names = [f"commons-mine-{y}" for y in (2010, 2015, 2020)]
    assert library.siblings("commons-mine-2015") == names
    found = library.series("commons-mine-2015")
    assert (list(found.by_year), found.waiting, found.failed) == ([2010, 2015, 2020], 0, {})
    for name, year in zip(names, found.by_year, strict=True):
        pd.testing.assert_frame_equal(found.by_year[year], structures.figures(library.table(name)))
    page = visitor.get("/structure?table=commons-mine-2015").text
    assert "all years at hand (3)" in page
    economy = library.table(names[0])
    query = f"table={names[0]}&region={economy.regions[0]}&sector={economy.sectors[0]}&years=1"
    csv = pd.read_csv(io.BytesIO(visitor.get(f"/structure/table.csv?{query}").content))
    assert set(csv["year"]) == {2010, 2015, 2020}
    chart = visitor.get(f"/structure/chart.json?{query}&with={economy.regions[0]}").json()
    assert [v["year"] for v in chart["data"]["values"]] == [2010, 2015, 2020]


def test_a_zip_of_several_years_is_offered_year_by_year(commons, tmp_path):
    with zipfile.ZipFile(tmp_path / "2016-2020_SML.zip", "w") as archive:
        for year in (2017, 2018):
            archive.writestr(f"{year}_SML.csv", OECD_2023)
    commons.add(tmp_path / "2016-2020_SML.zip", "oecd-icio-2023-2016-2020")
    library = Library(tmp_path / "tables")
    names = [f"commons-oecd-icio-2023-2016-2020@{y}" for y in (2017, 2018)]
    assert [n for n in library.known() if n.startswith("commons")] == names
    assert library.table(names[1]).year == 2018
    assert list(library.series(names[0]).by_year) == [2017, 2018]


def test_what_is_missing_for_years_is_said(commons, tmp_path, visitor):
    page = visitor.get("/structure?lang=ja").text
    assert "kachisuji data list" in page
    assert 'name="years"' not in page
    put(commons, tmp_path, "mine-2015")
    page = visitor.get("/structure?table=commons-mine-2015&lang=en").text
    assert "data add FILE NAME-2015" in page
    assert 'name="years"' not in page


def test_years_come_as_they_are_worked_out(commons, tmp_path, visitor, monkeypatch):
    for seed, year in ((3, 2010), (4, 2015)):
        put(commons, tmp_path, f"mine-{year}", seed)
    gate, own = threading.Event(), library_room.figures
    monkeypatch.setattr(library_room, "figures", lambda e: gate.wait(60) and own(e))
    library = Library(tmp_path / "tables")
    assert library.series("commons-mine-2015", 0.0).waiting == 2
    assert library.series("commons-mine-2015", 0.0).waiting == 2  # it is not begun twice
    gate.set()
    assert list(library.series("commons-mine-2015").by_year) == [2010, 2015]


def test_a_table_of_a_series_that_cannot_be_read_is_told(commons, tmp_path, visitor):
    put(commons, tmp_path, "mine-2015")
    (tmp_path / "bad.csv").write_text("no table")
    commons.add(tmp_path / "bad.csv", "mine-2020", kind="csv", licence="CC0")
    page = visitor.get("/structure?table=commons-mine-2015&years=1").text
    assert "commons-mine-2020 cannot be read" in page
    assert "data-poll" not in page


def test_output_is_told_and_drawn_in_the_money_of_the_table():
    economy = reference()
    made = float(economy.x[economy.row("JPN", "c15")])
    assert structures.shown("output", made, "en", economy).startswith("US$")
    table = {economy.year: structures.figures(economy)}
    spec = structures.comparison(table, ["JPN", "USA"], "c15", "output", "en", economy)
    title = spec["encoding"]["x"]["title"]
    assert title in ("Output (US$ billion)", "Output (US$ trillion)")
    by = 1e3 if "billion" in title else 1e6
    drawn = {v["region"]: v["value"] for v in spec["data"]["values"]}
    assert drawn["Japan"] == pytest.approx(made / by)


@pytest.mark.parametrize(("lang", "most"), [("en", 40), ("ja", 20)])
def test_no_label_of_the_flows_is_cut(lang, most):
    spec = structures.sankey(reference(), "JPN", "c12", lang)
    text = spec["marks"][-1]["encode"]["enter"]
    assert "limit" not in text
    for ribbon in spec["data"][0]["values"]:
        assert all(len(line) <= most for line in ribbon["label"])
        assert "".join(ribbon["label"]).replace(" ", "") == ribbon["told"].replace(" ", "")
