"""One doctrine: the rule does what it says, the checks find what they are there to find."""

import numpy as np
import pandas as pd
import pytest

from kachisuji import cases, contest
from kachisuji.contest.doctrine import (
    CONTROL,
    DISCIPLINE,
    FREE,
    PROTECT,
    SHORING,
    STANCES,
    USE,
    Rule,
    _Situation,
    applies,
    contradictions,
    near_pairs,
    partners_say,
)

CALM = {"held": 0.0, "exposed": 0.0, "share": 0.1, "tipping": 0.3, "answer": 0.1,
        "use": -1.0, "protect": -1.0}  # fmt: skip


def situation(*segments):
    """One future-constant situation a segment: changes to a calm one."""
    full = [CALM | s for s in segments]
    return _Situation(*(np.array([[s[k]] * 8 for s in full]) for k in _Situation._fields))


@pytest.mark.parametrize(
    ("changes", "young", "stance"),
    [
        ({}, True, FREE),
        ({"held": 1.0, "share": 0.5}, False, CONTROL),
        ({"held": 1.0}, False, FREE),  # needed, but others make as much
        ({"exposed": 0.1, "use": 1.0}, False, SHORING),
        ({"use": 1.0, "answer": 0.9}, False, USE),
        ({"protect": 1.0, "tipping": 0.9}, True, PROTECT),
        ({"protect": 1.0, "tipping": 0.9}, False, FREE),  # no shelter for the mature
        ({"answer": 0.5}, False, DISCIPLINE),
    ],
)
def test_the_first_condition_that_holds_gives_the_stance(changes, young, stance):
    found = applies(situation(changes), np.array([young]), Rule())
    assert STANCES[found[:, 0].argmax()] == stance
    assert found[-1].all()  # free trade is always open


def test_money_that_pays_on_average_but_seldom_is_not_used():
    rare = situation({})._replace(use=np.array([[100.0] + [-1.0] * 7]))
    assert not applies(rare, np.array([False]), Rule())[STANCES.index(USE), 0]
    assert applies(rare, np.array([False]), Rule(odds=0.1))[STANCES.index(USE), 0]


def test_equal_situations_are_near_and_agree():
    both = situation({"answer": 0.3}, {"answer": 0.3}, {"held": 3.0, "use": 2.0, "share": 0.9})
    table = near_pairs(["a", "b", "c"], both, [FREE, FREE, CONTROL])
    assert table.iloc[0][["one", "other"]].tolist() == ["a", "b"]
    assert table.iloc[0]["distance"] == 0.0
    assert table["agree"].all()
    flipped = near_pairs(["a", "b", "c"], both, [FREE, DISCIPLINE, CONTROL])
    assert not flipped.iloc[0]["agree"]


def test_what_we_do_and_ask_others_to_stop_is_flagged():
    import pandas as pd

    table = pd.DataFrame(
        {
            "segment": ["a", "b", "c"], "stance": [USE, DISCIPLINE, USE],
            "means": ["x", "y", "z"], "category": ["actionable", "remedy", "no_subsidy"],
        }
    )  # fmt: skip
    found = contradictions(table)
    assert found["segment"].tolist() == ["a"]
    assert found["asked_in"].tolist() == ["b"]
    assert contradictions(table.assign(stance=USE)).empty


@pytest.fixture(scope="module")
def found():
    case = cases.load("template")
    model = contest.build(case, case.economy)
    draws = np.random.default_rng(0).random((16, len(model.quantities)))
    played = contest.marginal(model, draws, intensities=[1.0], paired=0)
    return model, contest.doctrine(model, draws, played)


def test_every_ranked_segment_has_a_stance_that_may_not_hold(found):
    model, doctrine = found
    assert doctrine.stances["segment"].tolist() == model.segments
    assert set(doctrine.stances["stance"]) <= set(STANCES)
    assert doctrine.stances["holds"].between(0, 1).all()


def test_what_home_wins_the_others_lose(found):
    """Markets are given: what all rivals lose together is what home gains."""
    model, doctrine = found
    for _, part in doctrine.neighbours.groupby("segment"):
        assert part["of_losses"].sum() == pytest.approx(1.0)
        assert part["loss"].sum() == pytest.approx(part["gain"].iloc[0], rel=1e-6)
    assert model.case.settings.home not in set(doctrine.neighbours["region"])


def test_rules_are_data_with_articles_for_every_instrument():
    case = cases.load("japan17")
    table = case.tables["trade_rules"]
    assert set(table["instrument"]) == set(case.tables["instruments"]["instrument"])
    assert table["article"].str.len().min() > 2
    assert all(case.evidence[e].grade == "published" for e in table["evidence"])


def test_a_partner_that_loses_in_most_futures_says_no():
    lines = pd.DataFrame(
        {"segment": ["a", "a", "a", "b", "a"], "partner": ["KOR", "KOR", "USA", "KOR", ""]}
    )
    welfare = pd.Series([1.0, 5.0, 2.0, -1.0, 9.0])
    gain = pd.DataFrame(
        {"mean": [9.0, 3.0, 0.1, 2.0, 0.0], "p10": -1.0, "p50": [9.0, -0.5, 0.0, 1.0, 0.0],
         "p90": 9.0, "positive": [1.0, 0.4, 0.2, 0.9, 0.0]}
    )  # fmt: skip
    said = partners_say(lines, welfare, gain).set_index(["segment", "partner"])
    # the line that is best for home is asked about, whatever another would give the partner
    assert said.loc[("a", "KOR"), "line"] == 1
    assert said["answer"].to_dict() == {
        ("a", "KOR"): "no", ("a", "USA"): "aside", ("b", "KOR"): "yes"
    }  # fmt: skip
    assert not len(partners_say(lines, welfare, gain.iloc[:0]))  # a run from before it was computed
