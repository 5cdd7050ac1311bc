"""The odds of a threshold as what is chosen by: against enumeration, and with an honest bound."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problems import enumerate_all, make_problem

from kachisuji.portfolios import (
    Chooser,
    Pair,
    Risk,
    at_least,
    best_portfolios,
    choose,
    choose_satisficing,
    likelier,
    satisficing,
    survival,
)
from kachisuji.words import InputError


def by_odds(problem, threshold):
    return replace(problem, risk=Risk("odds", threshold=threshold))


def odds_of_all(problem, threshold):
    sums = np.array([problem.value[rows].sum(axis=0) for rows in enumerate_all(problem)])
    assume(np.abs(sums - threshold).min() > 1e-6)  # on the edge rounding decides
    return (sums >= threshold) @ problem.probability


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-2.0, 8.0), st.booleans())
def test_the_choice_is_that_of_enumeration(seed, threshold, ruled):
    problem = make_problem(seed, lines=8)
    if ruled:
        rows = np.flatnonzero(problem.eligible)[:3]
        assume(rows.size)
        problem = replace(problem, rules=(at_least(problem, rows, 1, "one of three"),))
        assume(any(True for _ in enumerate_all(problem)))
    want = odds_of_all(problem, threshold).max()
    found = choose(by_odds(problem, threshold), gap=0.0)
    assert found.objective == pytest.approx(want, abs=1e-9)
    assert found.bound == pytest.approx(want, abs=1e-6)
    assert problem.fits(found.lines)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1.0, 8.0), st.floats(-4.0, 4.0))
def test_pairs_count_in_the_odds_as_enumeration_says(seed, threshold, beyond):
    problem = make_problem(seed, lines=8)
    sides = [np.flatnonzero(problem.eligible & (problem.segment == s)) for s in (0, 1)]
    assume(all(side.size for side in sides))
    pair = Pair(*sides, np.full(problem.value.shape[1], beyond))

    def total(rows):
        both = all(np.isin(rows, side).any() for side in sides)
        return problem.value[rows].sum(axis=0) + beyond * both

    sums = np.array([total(rows) for rows in enumerate_all(problem)])
    assume(np.abs(sums - threshold).min() > 1e-6)
    want = ((sums >= threshold) @ problem.probability).max()
    asked = replace(by_odds(problem, threshold), pairs=(pair,))
    found = choose(asked, gap=0.0)
    assert found.objective == pytest.approx(want, abs=1e-9)
    assert found.bound == pytest.approx(want, abs=1e-6)
    assert (total(found.lines) >= threshold) @ problem.probability == pytest.approx(want)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 6.0))
def test_without_the_programme_the_bound_still_holds(seed, threshold):
    problem = make_problem(seed, lines=8)
    want = odds_of_all(problem, threshold).max()
    cells, satisficing.CELLS = satisficing.CELLS, 0
    try:
        found = choose_satisficing(by_odds(problem, threshold))
    finally:
        satisficing.CELLS = cells
    assert found.objective <= want + 1e-9
    assert found.bound >= want - 1e-9
    assert found.gap == pytest.approx(found.bound - found.objective)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 8.0), st.integers(1, 8))
def test_batches_of_futures_bound_no_worse_than_futures_one_by_one(seed, threshold, size):
    problem = by_odds(make_problem(seed, lines=8), threshold)
    want = odds_of_all(problem, threshold).max()
    within = satisficing._ceiling(problem) >= threshold
    cells, satisficing.CELLS = satisficing.CELLS, 8 * size
    try:
        lines, bound = satisficing._in_batches(problem, within, 0.0)
    finally:
        satisficing.CELLS = cells
    assert want - 1e-6 <= bound <= within @ problem.probability + 1e-9
    assert all(problem.fits(own) for own in lines)


def test_batches_tighten_the_bound_where_no_portfolio_serves_all_futures():
    """Two lines of one segment, each good in every other pair of futures: half is the most."""
    problem = make_problem(0, lines=2, futures=16, segments=1, room=1.0)
    good = np.arange(16) % 4 < 2
    problem = replace(problem, value=np.where([good, ~good], 5.0, -5.0), segment=np.zeros(2, int),
                      eligible=np.ones(2, bool), limits=problem.limits + 99.0)  # fmt: skip
    asked = by_odds(problem, 1.0)
    assert satisficing._ceiling(asked).min() >= 1.0  # one by one every future can be served
    cells, satisficing.CELLS = satisficing.CELLS, 2 * 4
    try:
        found = choose_satisficing(asked)
    finally:
        satisficing.CELLS = cells
    assert found.objective == pytest.approx(0.5)
    assert found.bound < 0.8


def test_a_climb_never_lowers_the_odds_and_keeps_the_limits():
    problem = by_odds(make_problem(3, lines=12), 3.0)
    for rows in list(enumerate_all(problem))[:40]:
        after = likelier(problem, rows)
        assert problem.fits(after)
        before, now = (problem.value[r].sum(axis=0) >= 3.0 for r in (rows, after))
        assert now.mean() >= before.mean()


def test_neighbours_and_survival_go_by_the_odds():
    problem = by_odds(make_problem(5, lines=10), 2.0)
    found = choose(problem)
    near = best_portfolios(problem, found, 5)
    odds = [float((problem.value[r].sum(axis=0) >= 2.0).mean()) for r in near]
    assert odds[:-1] == sorted(odds[:-1], reverse=True)
    assert odds[0] == pytest.approx(found.objective)
    sure = replace(problem, value=np.abs(problem.value) + 5.0)
    held = choose(sure)
    assert held.objective == 1.0
    lasting = survival(sure, 5)
    assert all(lasting.chosen[held.lines] == 1.0)


def test_what_has_no_relaxation_says_so():
    with pytest.raises(InputError) as caught:
        Chooser(by_odds(make_problem(1), 1.0))
    assert caught.value.key == "portfolios.odds_only"
