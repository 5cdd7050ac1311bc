"""The closed list, sensitivities as laws, and the noise."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kachisuji.constellation import KINDS, ask, warnings
from kachisuji.constellation.aggregation import Opened, modulus, pack, split, unpack
from kachisuji.constellation.answers import answer
from kachisuji.constellation.contributions import contribution
from kachisuji.constellation.member import largest, protected
from kachisuji.constellation.noise import bound, draw, privacy_loss, scales, tail
from kachisuji.constellation.questions import length, parts
from kachisuji.words import InputError
from tests.constellation.conftest import ORIGINS, PRODUCTS, production, purchases, seeded

GROUPS = {"product": PRODUCTS, "origin": ORIGINS}
QUESTIONS = {
    "count": {"table": "purchases", "groups": GROUPS},
    "sum": {"table": "purchases", "value": "stock_days", "high": 30.0, "groups": GROUPS},
    "mean": {"table": "purchases", "value": "stock_days", "low": 5.0, "high": 30.0},
    "histogram": {"table": "purchases", "value": "stock_days", "high": 60.0},
    "quantiles": {"table": "purchases", "value": "stock_days", "high": 60.0, "groups": GROUPS},
    "shares": {"groups": GROUPS, "high": 50.0},
    "linear": {"table": "purchases", "value": "stock_days", "high": 60.0, "x": "value_million_yen",
               "x_high": 100.0},
    "logistic": {"table": "purchases", "value": "stock_days", "high": 60.0,
                 "x": "value_million_yen", "x_high": 100.0},
    "learning": {"x_low": 5.0, "x_high": 9.0, "low": 5.0, "high": 8.0},
}  # fmt: skip


def made(kind, **changed):
    return ask(kind=kind, **({"epsilon": 0.5} | QUESTIONS[kind] | changed))


def length_within_bounds(question, vector):
    """Length of a vector's parts, none of which is larger than its sensitivity."""
    start = 0
    for part in parts(question):
        assert np.abs(vector[start : start + part.size]).sum() <= part.sensitivity
        start += part.size
    return start


@pytest.mark.parametrize("kind", QUESTIONS)
@given(seed=st.integers(0, 10_000), row=st.integers(0, 23))
def test_one_row_moves_a_vector_by_its_sensitivity_at_most(kind, seed, row):
    question = made(kind)
    table = (production if question.table == "production" else purchases)(seed % 50, 24)
    # values far out of bounds are clamped first
    table.loc[row, table.columns[-1]] = 1e6 if question.table == "purchases" else 1.0
    whole, less = (contribution(question, t) for t in (table, table.drop(index=row)))
    assert length_within_bounds(question, whole - less) == length(question) == whole.size


@pytest.mark.parametrize("kind", ["count", "sum", "shares"])
def test_a_whole_node_moves_a_vector_by_its_clip_at_most(kind):
    question = made(kind, unit="node", rows_most=7)
    vector = contribution(question, purchases(1, 60))
    length_within_bounds(question, vector)


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("unit", ["row", "node"])
def test_opendp_gives_the_stated_loss_for_the_whole_vector(kind, unit):
    assert privacy_loss(made(kind, unit=unit)) <= 0.5 * (1 + 1e-9)


@pytest.mark.parametrize("kind", QUESTIONS)
@given(seed=st.integers(0, 10_000), row=st.integers(0, 23), most=st.integers(1, 23))
def test_a_row_that_lets_another_in_is_counted_twice(kind, seed, row, most):
    """With fewer rows than a table may hold, leaving one out takes in the next."""
    question = made(kind, rows_most=most)
    table = (production if question.table == "production" else purchases)(seed % 50, 24)
    whole, less = (contribution(question, t) for t in (table, table.drop(index=row)))
    length_within_bounds(question, whole - less)
    assert scales(question)[0] == 2 * scales(made(kind))[0]
    node = np.abs(whole).sum()  # and a node's bound on what it sends is that of its rows
    assert node <= largest(question) == most * sum(p.sensitivity for p in parts(made(kind)))


@pytest.mark.parametrize("kind", QUESTIONS)
def test_cells_of_few_rows_are_left_out_whatever_is_asked(kind):
    """Also of sums without noise, where a lone row could be read from its cell."""
    column = "process" if kind == "learning" else "product"
    groups = {column: ("A", "B")} | ({"origin": ORIGINS} if kind == "shares" else {})
    question = made(kind, groups=groups, protection="sums", smallest=4)
    own = production(0, 24) if kind == "learning" else purchases(0, 24)
    lone, many = own.iloc[:1].assign(**{column: "A"}), own.assign(**{column: "B"})
    if kind == "shares":
        many = pd.concat([many.assign(origin=o) for o in ORIGINS])
    vector = contribution(question, pd.concat([lone, many])).astype(object)
    body = protected(question, Opened(vector, (True,)))
    table = answer("q", question, body).table
    assert table.loc[table[column] == "A", "estimate"].isna().all()
    assert table.loc[table[column] == "B", "estimate"].notna().all()
    values = body["values"]
    assert 0 < values.count(None) <= len(values) // 2 + (len(ORIGINS) if kind == "shares" else 0)


def test_shares_are_right_on_average_however_many_origins_sell_nothing():
    origins = tuple(f"O{k}" for k in range(12))
    table = pd.concat([purchases(s, 200) for s in range(3)])
    table = table.assign(product="A", origin=np.where(np.arange(600) < 420, "O0", "O1"))
    # at ε = 5 the bias of a ratio, which grows with the square of the noise, is nothing beside it
    question = ask(kind="shares", epsilon=5.0, high=100.0, smallest=0,
                   groups={"product": ("A",), "origin": origins})  # fmt: skip
    true = contribution(question, table)
    exact = answer("q", question, {"values": true.tolist(), "kept": [True]}).table.iloc[0]
    found = []
    for _ in range(120):
        values = true + sum(draw(question) for _ in range(3))
        row = answer("q", question, {"values": values.tolist(), "kept": [True]}).table.iloc[0]
        found.append(row[["estimate", "stock_days"]].to_numpy(dtype=float))
    error = np.mean(found, axis=0) - exact[["estimate", "stock_days"]].to_numpy(dtype=float)
    # were each clipped at zero, they would be off by more than twice as much
    assert (np.abs(error) <= 6.5 * np.std(found, axis=0) / np.sqrt(len(found))).all()
    assert (np.std(found, axis=0) > 0).all()


@pytest.mark.parametrize("draw", [draw, seeded(0)], ids=["opendp", "of tests"])
def test_noise_has_the_stated_law(draw):
    # a scale of fifty steps: whole numbers then follow the law of real ones
    question = ask(kind="count", table="purchases", epsilon=0.02,
                   groups={"supplier": tuple(f"S{k}" for k in range(4000))})  # fmt: skip
    three = sum(draw(question) for _ in range(3))
    scale = scales(question)[0]
    assert np.std(three) == pytest.approx(math.sqrt(6) * scale, rel=0.1)
    beyond = (np.abs(three) > bound(0.9) * scale).mean()
    assert beyond == pytest.approx(0.1, abs=0.03)


def test_the_tail_is_that_of_three_laplaces():
    rng = np.random.default_rng(3)
    drawn = np.abs(rng.laplace(size=(200_000, 3)).sum(axis=1))
    for t in (1.0, 3.0, 6.0):
        assert tail(t) == pytest.approx((drawn > t).mean(), abs=0.004)
    assert tail(0) == 1
    assert stats.laplace.sf(0) * 2 == 1


def test_any_two_shares_give_the_vector_back_and_one_says_nothing():
    vector = np.array([0, 5, -7, 2**40], dtype=np.int64)
    prime = modulus()
    for _ in range(3):
        one, two, three = split(vector)
        both = [(2 * a - b) % prime for a, b in zip(one, two, strict=True)]
        assert [v - prime if v > prime // 2 else v for v in both] == vector.tolist()
        assert [(3 * b - 2 * c) % prime for b, c in zip(two, three, strict=True)] == both
        assert (unpack(pack(one), 4) == one).all()
    assert unpack(b"garbage", 4) is None
    assert unpack(b"\xff" * len(pack(one)), 4) is None
    lone = np.array([split(vector)[0][0] / prime for _ in range(300)], dtype=float)
    assert stats.kstest(lone, "uniform").pvalue > 1e-9


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "everything"}, "not on the list"),
        ({"kind": "count", "epsilon": 0.0}, "ε"),
        ({"kind": "count", "epsilon": -1.0}, "ε"),
        ({"kind": "count", "epsilon": 100.0}, "ε"),
        ({"kind": "count", "epsilon": float("nan")}, "does not fit"),
        ({"kind": "sum", "value": "name"}, "no column"),
        ({"kind": "sum", "value": "stock_days", "low": 9.0, "high": 1.0}, "bound"),
        ({"kind": "count", "groups": {"value_million_yen": ("1",)}}, "group by"),
        ({"kind": "count", "groups": {"origin": ()}}, "categories"),
        ({"kind": "count", "groups": {"origin": ("A", "A")}}, "categories"),
        ({"kind": "count", "table": "salaries"}, "no table"),
        ({"kind": "shares", "groups": {"origin": ("A",)}}, "needs the groups"),
        ({"kind": "count", "code": "import os"}, "does not fit"),
        ({"kind": "histogram", "value": "stock_days", "bins": 1}, "does not fit"),
        ({"kind": "count", "prior": {"secret": 1.0}}, "joint model"),
        ({"kind": "count", "prior": {"noise": 0.0}}, "joint model"),
        ({"kind": "count", "rows_most": 200_000}, "does not fit"),
        (
            {
                "kind": "logistic",
                "value": "stock_days",
                "x": "value_million_yen",
                "bins": 1000,
                "groups": {"origin": tuple(map(str, range(100)))},
            },
            "more than",
        ),
        (
            {"kind": "count", "groups": {"supplier": tuple(map(str, range(110_000)))}},
            "more than",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(changed, said):
    with pytest.raises(InputError) as wrong:
        ask(**({"table": "purchases", "epsilon": 0.5} | changed))
    assert said in wrong.value.in_lang("en")
    assert "直し方" in wrong.value.in_lang("ja")
    assert "nput" not in wrong.value.in_lang("ja")  # pydantic's own words are English


def test_questions_explain_themselves_and_warn():
    for kind in KINDS:
        if kind in QUESTIONS:
            for lang in ("en", "ja"):
                text = made(kind).explain(lang)
                assert "ε" in text
                assert ("雑音" if lang == "ja" else "Noise") in text
    assert warnings(made("count", epsilon=5.0), "ja")
    assert not warnings(made("count"))
    assert "without noise" in warnings(made("count", protection="sums"))[0].lower()
    assert made("count").digest() != made("count", epsilon=0.6).digest()
    assert made("count").shape() == made("count", epsilon=0.6).shape()


def test_rows_outside_the_categories_and_beyond_the_cap_count_nowhere():
    table = pd.concat([purchases(0, 10), purchases(1, 10).assign(origin="ZZZ")])
    assert contribution(made("count"), table).sum() == 10
    assert contribution(made("count", rows_most=4), table).sum() == 4
