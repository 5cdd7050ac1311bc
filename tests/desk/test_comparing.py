"""Comparisons, influences and both languages of numbers, on arrays small enough to see through."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.desk.comparing import (
    Halves,
    best_lines,
    compare_dimensions,
    interval,
    latest_start,
    per_money,
    summarise,
)
from kachisuji.desk.influence import by_grade, coefficients, influences, weakest_grade


def table(rows):
    names = ["kind", "segment", "partner", "scope", "start", "markets", "package"]
    return pd.DataFrame(rows, columns=names)


LINES = table(
    [
        ("nothing", "", "", "", 2026, "", ""),
        ("credit", "", "", "", 2026, "", ""),
        ("line", "ships", "", "whole", 2026, "all", "grant"),
        ("line", "ships", "KOR", "whole", 2026, "all", "joint"),
        ("line", "ships", "", "niche", 2030, "all", "grant"),
        ("line", "chips", "", "whole", 2030, "all", "grant"),
    ]
)


@given(st.integers(2, 500))
def test_halves_share_no_future_and_miss_none(futures):
    halves = Halves.of(futures)
    together = np.concatenate([halves.choose, halves.report])
    assert sorted(together) == list(range(futures))


def test_an_interval_by_hand():
    told = interval(np.array([-1.0, 0.0, 1.0, 2.0, 3.0]))
    assert told == pytest.approx({"mean": 1, "p10": -0.6, "p50": 1, "p90": 2.6, "positive": 0.6})


def test_lines_are_picked_on_one_half_and_told_on_the_other():
    halves = Halves.of(4)
    welfare = np.array(
        [[0, 0, 0, 0], [0, 0, 0, 0], [5, 5, 1, 1], [1, 1, 9, 9], [0, 0, 0, 0], [1, 1, -1, 3]],
        dtype=float,
    )
    compared = compare_dimensions(LINES, welfare, halves)
    partners = compared.query("dimension == 'partner' and segment == 'ships'").set_index("value")
    assert partners.loc["", "line"] == 2  # best on the first half, though worse on the second
    assert partners.loc["KOR", "gain"] == 8
    assert partners.loc["KOR", "better"] == 1
    assert bool(partners.loc["", "reference"])
    summary = summarise({"welfare": welfare}, halves.report).set_index("line")
    assert summary.loc[5, "mean"] == 1
    assert summary.loc[5, "positive"] == 0.5
    assert best_lines(LINES, welfare[:, :2].mean(axis=1)) == {"ships": 2, "chips": 5}


def test_the_latest_start_that_still_beats_doing_nothing():
    welfare = np.zeros((6, 4))
    welfare[2] = 1.0
    welfare[5] = -1.0
    compared = compare_dimensions(LINES, welfare, Halves.of(4))
    latest = latest_start(compared).set_index("segment")["start"]
    assert latest["ships"] == "2026"
    assert latest["chips"] == ""


def test_what_money_buys_by_hand():
    measures = {
        "public_cost": np.array([[0.0], [1.0], [2.0], [4.0], [1.0], [10.0]]),
        "welfare": np.array([[0.0], [1.0], [4.0], [2.0], [0.0], [5.0]]),
        "value_added": np.array([[0.0], [1.0], [6.0], [2.0], [0.0], [10.0]]),
        "spillover": np.zeros((6, 1)),
    }
    bought = per_money(LINES, measures, np.array([0])).set_index("package")
    assert bought.loc["grant", "segments"] == 2
    assert bought.loc["grant", "welfare"] == pytest.approx((4 / 2 + 5 / 10) / 2)
    assert bought.loc["joint", "value_added"] == pytest.approx(0.5)


def test_influences_find_what_moves_a_linear_result():
    rng = np.random.default_rng(1)
    draws = rng.random((400, 30))
    parts = np.stack([3 * draws[:, 4], 2 * draws[:, 4] - 1 * draws[:, 7]])
    touches = np.ones((2, 30), dtype=bool)
    grades = {"a": "assumed", "m": "measured"}
    evidence = [("m", "a") if j == 4 else ("m",) for j in range(30)]
    found = influences(draws, parts, touches, [f"q{j}" for j in range(30)], evidence, grades)
    assert list(found["quantity"]) == ["q4", "q7"]
    assert list(found["grade"]) == ["assumed", "measured"]
    # variances of 5·u and 1·u: 25 : 1
    assert found["share"].to_numpy() == pytest.approx([25 / 26, 1 / 26], abs=0.06)
    assert (np.sign(found["correlation"]) == [1, -1]).all()
    shares = by_grade(found)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["assumed"] == pytest.approx(25 / 26, abs=0.06)


@pytest.mark.parametrize("futures", [60, 400])
def test_noise_moves_nothing(futures):
    rng = np.random.default_rng(2)
    hits = [
        np.count_nonzero(coefficients(rng.random((futures, 50)), rng.random(futures)))
        for _ in range(40)
    ]
    assert np.mean(np.array(hits) > 0) < 0.2  # by construction about one list in twenty


def test_a_constant_result_and_a_constant_quantity_do_not_divide_by_zero():
    draws = np.ones((20, 3))
    assert not coefficients(draws, np.arange(20.0)).any()
    assert not coefficients(np.random.default_rng(0).random((20, 3)), np.full(20, 7.0)).any()


def test_the_weakest_grade_counts():
    grades = {"a": "measured", "b": "published"}
    assert weakest_grade("a;b", grades) == "published"
    assert weakest_grade("a;unknown", grades) == "assumed"
