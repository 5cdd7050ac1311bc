"""What if: weights against their closed form, the choice against the run's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.desk.web.replay import STEPS, Question, Replay, density, spread
from kachisuji.portfolios import choose
from kachisuji.words import InfeasibleError, InputError


@pytest.fixture(scope="module")
def replay(stored):
    return Replay.of(stored)


@given(st.floats(0, 1), st.floats(0, 30))
def test_a_belief_is_a_density_with_its_mode_where_it_is_put(q, k):
    u = (np.arange(4000) + 0.5) / 4000
    values = density(u, q, k)
    assert values.mean() == pytest.approx(1.0, abs=2e-3)
    if k > 1:
        assert abs(u[values.argmax()] - q) < 1e-3


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40), st.data())
def test_weighed_spreads_equal_those_of_repeated_values(values, data):
    count = data.draw(st.lists(st.integers(0, 4), min_size=len(values), max_size=len(values)))
    if not sum(count):
        count[0] = 1
    array, times = np.array(values), np.array(count)
    got = spread(array, times / times.sum())
    every = np.sort(np.repeat(array, times))
    assert got["mean"] == pytest.approx(every.mean(), rel=1e-9, abs=1e-6)
    assert got["positive"] == pytest.approx((every > 0).mean())
    assert got["p50"] == every[max(0, int(np.ceil(0.5 * every.size - 1e-9)) - 1)]


def test_nothing_changed_is_the_choice_of_the_run(replay):
    answer = replay.prove(Question(), 1e-6, lambda _: None)
    own = choose(replay.base, gap=1e-6)
    assert answer["objective"] == pytest.approx(own.objective, rel=1e-6)
    assert answer["worth"] == pytest.approx([16, 16])


def test_a_quick_answer_lies_between_the_proven_one_and_its_bound(replay):
    name = replay.quantities[0].name
    for question in (
        Question(beliefs={name: 17}),
        Question(limits={"money": 40}),
        Question(caution=0, fields=1),
    ):
        quick, sure = replay.answer(question), replay.prove(question, 1e-6, lambda _: None)
        slack = 1e-6 * max(1.0, abs(sure["objective"]))
        assert quick["objective"] <= sure["objective"] + slack
        assert quick["bound"] >= sure["objective"] - slack


def test_what_is_excluded_or_required_is(replay):
    lines = replay.run.lines
    partner = replay.partners[0]
    for question, fits in (
        (Question(without=(partner,)), lambda s: partner not in set(lines.loc[s, "partner"])),
        (Question(banned=(replay.segments[0],)),
         lambda s: replay.segments[0] not in set(lines.loc[s, "segment"])),
        (Question(limits={"money": 0}), lambda s: lines.loc[s, "kind"].ne("line").all()),
    ):  # fmt: skip
        try:
            answer = replay.answer(question)
        except InfeasibleError:
            continue
        assert fits(answer["lines"])


def test_money_never_makes_the_choice_worse(replay):
    values = [
        replay.prove(Question(limits={"money": p}), 1e-6, lambda _: None)["objective"]
        for p in (60, 100, 150)
    ]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("q.none", "3"), ("limit.money", "-5"), ("limit.gold", "5"), ("fields", "0"),
        ("caution", "101"), ("power", "nan"), ("power", "-1"), ("without", "Atlantis"),
        ("hold", "x"), ("ban", "x"), ("fields", "１"), ("limit.money", "1e2"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(replay, name, value):
    with pytest.raises(InputError) as caught:
        Question.from_query([(name, value)], replay)
    assert caught.value.key == "web.bad_value_of" or caught.value.key.startswith("web.unknown_")
    assert caught.value.in_lang("ja")


def test_what_is_as_in_the_case_is_no_change(replay):
    settings = replay.run.case.settings
    pairs = [
        (f"q.{replay.quantities[0].name}", str(STEPS // 2)),
        ("limit.money", "100"),
        ("fields", str(settings.max_fields)),
        ("caution", str(round(100 * settings.risk.weight))),
        ("power", str(settings.weights.indispensability)),
        ("of", "anything"),
    ]
    assert not Question.from_query(pairs, replay).changed
