"""The second case: another country, currency, horizon and trade; nothing of the first is needed."""

import pytest

from kachisuji import cases


@pytest.fixture(scope="module")
def case():
    return cases.load("machines_de")


def test_it_differs_from_the_first_in_all_that_could_be_hard_wired(case):
    first, own = cases.load("japan17").settings, case.settings
    assert own.home != first.home
    assert own.currency != first.currency
    assert own.money_unit != first.money_unit
    assert own.last_year != first.last_year
    assert set(case.tables["regions"]["region"]) != {"JPN"}
    assert "JPN" not in set(case.tables["regions"]["region"])
    assert "layers" not in case.tables
    names = set(case.tables["segments"]["segment"])
    assert 3 <= len(names) <= 6
    assert not names & set(cases.load("japan17").tables["segments"]["segment"])


def test_sources_are_there_in_each_field(case):
    dated = cases.dated_sources(case).loc[1:]
    assert (dated["sources"] >= 5).all(), dated


def test_home_sales_meet_what_is_published(case):
    """Production of 13.6 billion euro of machine tools and 13.8 of robots and automation, 2025."""
    t = case.tables
    sizes = t["markets"].query("year == 2025").set_index(["segment", "region"])["mode"]
    shares = t["shares"].set_index(["segment", "market"])["DEU"]
    home = (sizes * shares.rename_axis(["segment", "region"])).groupby("segment").sum()
    assert home["machine_tools"] == pytest.approx(13600, rel=0.12)
    assert home["robot_cells"] == pytest.approx(13800, rel=0.05)
    china = sizes["machine_tools", "CHN"] * shares["machine_tools", "CHN"]
    assert china == pytest.approx(1600, rel=0.05)
