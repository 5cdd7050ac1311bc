"""The structure explorer: figures against the rooms they come from, pictures and tables."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from kachisuji import structure
from kachisuji.accounts import reference
from kachisuji.desk.web import structures


def test_figures_are_those_of_the_room():
    economy = reference()
    table = structures.figures(economy)
    row = table[(table["region"] == "JPN") & (table["sector"] == "c15")].iloc[0]
    place = economy.row("JPN", "c15")
    assert row["upstreamness"] == structure.upstreamness(economy).loc[("JPN", "c15")]
    assert row["value_added_share"] == economy.v[place]
    assert np.isfinite(table["output_multiplier"]).all()


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
    library = structures.Library(tmp_path)
    assert "wiod13-2011" in library.known()
    before, after = library.figures("wiod13-1995"), library.figures("wiod13-2011")
    assert library.figures("wiod13-2011").equals(after)
    spec = structures.comparison(
        {1995: before, 2011: after}, ["JPN"], "c14", "upstreamness", "ja", reference()
    )
    assert [v["year"] for v in spec["data"]["values"]] == [1995, 2011]


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
