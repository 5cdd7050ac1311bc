"""Instruments as data: those a strategy is made of are there, and mistakes in them are named."""

import pytest

from kachisuji import cases

WANTED = [
    "production_subsidy",
    "investment_tax_credit",
    "patient_capital",
    "venture_money",
    "procurement",
    "advance_purchase",
    "proving_ground",
    "rd_grant",
    "dual_use_research",
    "dual_use_open_research",
    "talent_attraction",
    "researcher_screening",
    "global_south_training",
    "data_commons",
    "private_data_constellation",
    "fast_deployment",
    "levy_on_not_investing",
    "merger_easing",
    "manager_treatment",
    "takeover_constraints",
    "standards_coalition",
    "trade_agreement",
    "tariff",
    "subsidy_discipline",
    "export_control",
    "friend_shoring",
    "stockpile",
    "infrastructure",
    "regulation_sandbox",
    "labour_saving_measures",
    "wage_and_hours",
]


@pytest.fixture(scope="module")
def japan():
    return cases.load("japan17")


def test_every_wanted_instrument_is_there_and_named_in_both_languages(japan):
    table = japan.tables["instruments"].set_index("instrument")
    assert set(WANTED) <= set(table.index)
    for column in ("name_en", "name_ja", "side_en", "side_ja"):
        assert table[column].str.strip().all()


def test_every_instrument_acts_on_something(japan):
    """By an effect, or by the money it puts into capability."""
    moved = set(japan.tables["effects"]["instrument"])
    for row in japan.tables["instruments"].to_dict("records"):
        assert row["instrument"] in moved or row["money_share"] > 0, row["instrument"]


def test_an_interaction_may_change_every_lever_and_the_money():
    def levers(table):
        return next(a for a in cases.schema(table).attributes if a.name == "lever").choices

    assert levers("interactions") == ("money", *levers("effects"))


HEAD = ["instrument", "with", "lever", "low", "mode", "high", "evidence"]


@pytest.mark.parametrize(
    ("row", "key", "column"),
    [
        (["rd_grant", "procurment", "quality", "1", "1", "1"], "unknown_name", "with"),
        (["rd_grants", "procurement", "money", "1", "1", "1"], "unknown_name", "instrument"),
        (["rd_grant", "rd_grant", "quality", "1", "1", "1"], "meets_itself", "with"),
        (["rd_grant", "procurement", "birth", "1", "1", "1"], "moves_not", "lever"),
        (["rd_grant", "procurement", "growth", "1", "1", "1"], "not_choice", "lever"),
        (["rd_grant", "procurement", "money", "-1", "1", "1"], "below", "low"),
        (["rd_grant", "procurement", "money", "2", "1", "1"], "not_ordered", "low, mode, high"),
    ],
)
def test_mistakes_in_interactions_are_named(tiny_case, row, key, column):
    tiny_case.write("interactions", [HEAD, [*row, "E00-001"]])
    (problem,) = tiny_case.problems()
    assert (problem.key, problem.column, problem.row) == (f"cases.{key}", column, 2)
    assert problem.file.endswith("interactions.csv")
    for lang in ("en", "ja"):
        assert problem.in_lang(lang)


@pytest.mark.parametrize(
    ("row", "key", "column"),
    [
        (["rd_grant", "bank"], "not_choice", "business"),
        (["rd_grant", "craft", "0", "1", "11"], "above", "high"),
        (["grant", "craft"], "unknown_name", "instrument"),
    ],
)
def test_mistakes_in_the_fit_of_finance_are_named(tiny_case, row, key, column):
    cells = [*row, *["0.5", "1", "2"][len(row) - 2 :], "E00-001"]
    tiny_case.write(
        "finance_fit", [["instrument", "business", "low", "mode", "high", "evidence"], cells]
    )
    (problem,) = tiny_case.problems()
    assert (problem.key, problem.column, problem.row) == (f"cases.{key}", column, 2)
