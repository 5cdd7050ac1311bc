"""Border events: years against the contest's own, futures that are left, a market closed anew."""

from dataclasses import replace

import numpy as np
import pytest

from kachisuji.cases import load, resolve
from kachisuji.contest.quantities import Draws, collect
from kachisuji.contest.tables import numbered
from kachisuji.contest.ties import closures
from kachisuji.desk.web.casebook import mistakes
from kachisuji.desk.web.events import NEVER, event_years, has_come, left_out_by, years_asked
from kachisuji.desk.web.jobs import Jobs
from kachisuji.desk.web.replay import Question, Replay
from kachisuji.words import InputError


@pytest.fixture(scope="module")
def japan():
    case = load(resolve("japan17"))
    quantities = collect(case)
    draws = np.random.default_rng(5).random((200, len(quantities)))
    return case, quantities, draws


def test_years_are_those_in_which_the_contest_closes_the_market(japan):
    case, quantities, draws = japan
    found = event_years(case, quantities, draws)["closure.CHN"]
    buyers = [r for r, m in zip(case.tables["regions"]["region"], case.tables["regions"]["market"],
                                strict=True) if m]  # fmt: skip
    closed, cost = closures(case, Draws(quantities, draws), buyers)
    m = buyers.index("CHN")
    named = [s for s in numbered(case).values() if cost[s, :, m].any()]
    for year in (2028, 2033, 2040):
        lost = closed[named, :, m] <= year - case.settings.base_year
        assert np.array_equal(found <= year, lost.mean(axis=0) >= 0.5)
    assert 0 < (found <= 2033).sum() < 200


def test_an_event_has_come_or_never_comes():
    years = np.array([2028, 2030, 2041, 2010_000])
    assert has_come(years, 2030, 2040).tolist() == [True, True, False, False]
    assert has_come(years, NEVER, 2040).tolist() == [False, False, True, True]


def test_years_asked_and_markets_left_out(japan):
    case = japan[0]
    years = years_asked(case)
    assert years == sorted(set(years))
    assert case.settings.first_year < years[0] <= years[-1] == case.settings.last_year
    assert left_out_by(case) == {"CHN": ("all",)}


@pytest.fixture(scope="module")
def replay(stored):
    plain = Replay.of(stored)
    years = np.full(32, 2010_000)
    years[::3] = 2030
    return replace(plain, events={"closure.ABROAD": years, "break.ABROAD": np.full(32, 2010_000)})


def test_only_futures_with_the_event_speak(replay):
    question = Question.from_query([("event.closure.ABROAD", "2030")], replay)
    weighed = replay.weigh(question)
    for half, weights in (
        (replay.choose_half, weighed.choose),
        (replay.report_half, weighed.report),
    ):
        assert np.array_equal(weights > 0, replay.events["closure.ABROAD"][half] == 2030)
    assert weighed.worth_choose + weighed.worth_report == pytest.approx(11)
    without = Question.from_query([("event.closure.ABROAD", "never")], replay)
    assert replay.weigh(without).worth_choose == pytest.approx(16 - weighed.worth_choose)
    assert replay.answer(question)["worth"][0] == pytest.approx(weighed.worth_choose)


def test_an_event_that_never_came_is_told(replay):
    with pytest.raises(InputError) as caught:
        replay.answer(Question(events={"break.ABROAD": 2030}))
    assert caught.value.key == "web.no_such_futures"


@pytest.mark.parametrize(
    ("name", "value"),
    [("event.closure.ABROAD", "1999"), ("event.closure.ABROAD", "x"), ("event.none", "2030"),
     ("event.closure.ABROAD", "0002030"), ("limit.money", "0000009999"), ("caution", "-1"),
     ("unsold", "HOME"), ("unsold", "Atlantis")],
)  # fmt: skip
def test_no_other_event_or_market_can_be_asked(replay, name, value):
    with pytest.raises(InputError) as caught:
        Question.from_query([(name, value)], replay)
    assert caught.value.key == "web.bad_value_of" or caught.value.key.startswith("web.unknown_")
    assert caught.value.in_lang("ja")


def test_no_line_sells_where_none_may(replay):
    problem = replay.problem(Question.from_query([("unsold", "ABROAD")], replay))
    sells = replay.run.lines["markets"].eq("all").to_numpy()
    assert not problem.eligible[sells].any()
    assert np.array_equal(problem.eligible[~sells], replay.base.eligible[~sells])


def test_a_market_closed_anew_is_a_sound_case_of_its_own(visitor, desk, monkeypatch):
    monkeypatch.setattr(Jobs, "_spawn", lambda self, job: None)
    assert "ABROAD" in visitor.get("/r/small/what-if").text
    answer = visitor.post("/r/small/what-if/close", {"market": "ABROAD", "cost": "150"},
                          follow_redirects=False)  # fmt: skip
    assert answer.status_code == 303
    (job,) = desk.jobs.all()
    head = desk.cases.head("template-no-abroad")
    assert job.asked["case"] == str(head.folder)
    assert mistakes(head.folder) == []
    case = load(head.folder)
    terms = case.tables["partner_terms"]
    assert set(terms.loc[terms["symbol"] == "closure_cost", "mode"]) == {1.5}
    quantities = collect(case)
    years = event_years(case, quantities, np.full((1, len(quantities)), 0.5))
    assert years["closure.RIVAL"].item() == case.settings.base_year + 1
    again = visitor.post("/r/small/what-if/close", {"market": "ABROAD"}, follow_redirects=False)
    assert again.status_code == 303
    assert "template-no-abroad-2" in desk.cases.names()


@pytest.mark.parametrize("market", ["HOME", "Atlantis", ""])
def test_only_markets_abroad_can_be_closed(visitor, market):
    assert visitor.post("/r/small/what-if/close", {"market": market}).status_code == 422
