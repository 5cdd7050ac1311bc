"""Rules on lines together, pairs, carried-over money: all against enumeration."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from problems import enumerate_all, make_problem

from kachisuji.portfolios import (
    Pair,
    at_least,
    at_most,
    balanced,
    best_portfolios,
    carried_over,
    choose,
    choose_linked,
    excludes,
    linked,
    needs,
    score,
    survival,
)
from kachisuji.words import InfeasibleError, InputError


def best_of(problem, pairs=()):
    """The best objective by trying every portfolio."""
    top = -np.inf
    wide = linked(problem, pairs) if pairs else problem
    n = problem.segment.size
    for rows in enumerate_all(replace(problem, rules=())):
        if not problem.fits(rows):
            continue
        held = set(map(int, rows))
        made = [n + k for k, p in enumerate(pairs) if held & set(p.one) and held & set(p.other)]
        top = max(top, score(wide, np.append(rows, made).astype(np.int64)))
    return top


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_rules_are_kept_and_the_best_is_that_of_enumeration(seed):
    plain = make_problem(seed, lines=9)
    rng = np.random.default_rng(seed)
    some, others = rng.permutation(9)[:3], rng.permutation(9)[:3]
    money = plain.use[:, 0].sum(axis=1)
    problem = replace(
        plain,
        rules=(
            excludes(plain, [some[0]], [others[0]], "apart"),
            needs(plain, [some[1]], others[1:], "together"),
            at_most(plain, np.arange(0, 9, 2), 2, "partner"),
            balanced(plain, money, np.arange(5), 0.3, "region"),
        ),
    )
    found = choose(problem, gap=1e-9)
    assert problem.fits(found.lines)
    assert found.objective == pytest.approx(best_of(problem), abs=1e-7)
    assert found.bound >= found.objective - 1e-9
    for lines in best_portfolios(problem, found, 6):
        assert problem.fits(lines)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-4.0, 4.0))
def test_pairs_are_proven_against_enumeration(seed, lean):
    problem = make_problem(seed, lines=8)
    rng = np.random.default_rng(seed)
    names = np.unique(problem.segment)
    assume(names.size >= 3)
    sides = [np.flatnonzero(problem.segment == s) for s in names[:3]]
    pairs = [
        Pair(sides[a], sides[b], lean + rng.normal(size=problem.value.shape[1]))
        for a, b in ((0, 1), (1, 2))
    ]
    found = choose_linked(problem, pairs, gap=1e-9)
    assert found.gap <= 1e-8
    assert found.objective == pytest.approx(best_of(problem, pairs), abs=1e-7)
    assert (found.lines < 8).all()


def test_a_pair_may_let_losing_lines_in():
    problem = make_problem(3, lines=6)
    problem = replace(
        problem, value=-np.ones_like(problem.value), use=np.zeros_like(problem.use),
        sure=np.zeros_like(problem.sure), segment=np.arange(6), field=np.zeros(6, dtype=np.int64),
    )  # fmt: skip
    worth = np.full(problem.value.shape[1], 3.0)
    pair = Pair(np.array([1]), np.array([4]), worth)
    assert choose_linked(problem, [pair]).lines.tolist() == [1, 4]
    assert choose_linked(problem, [replace(pair, value=worth - 1.5)]).empty


@pytest.mark.parametrize(("one", "other"), [([0], [0]), ([0, 1, 2, 3, 4, 5], [1]), ([], [1])])
def test_a_pair_is_of_two_segments(one, other):
    problem = make_problem(0, lines=6)
    pair = Pair(np.array(one, dtype=int), np.array(other, dtype=int), problem.value[0])
    with pytest.raises(InputError) as caught:
        linked(problem, [pair])
    assert caught.value.key == "portfolios.bad_pair"


def test_a_rule_that_cannot_be_kept_is_said_by_name():
    plain = make_problem(1, lines=6)
    none = replace(plain, limits=np.zeros_like(plain.limits))
    problem = replace(none, rules=(at_least(none, [0, 1, 2], 2, "two of three"),))
    with pytest.raises(InfeasibleError):
        choose(problem)


def test_survival_keeps_the_rules():
    plain = make_problem(5, lines=8)
    best = choose(plain, gap=1e-9).lines
    problem = replace(plain, rules=(at_most(plain, best, 0, "without the best"),))
    found = survival(problem, 4)
    assert (found.chosen[best] == 0).all()


def test_money_carried_over_widens_only_later_years():
    problem = make_problem(2, lines=8)
    free = carried_over(problem, problem.items[0])
    rng = np.random.default_rng(0)
    for _ in range(200):
        rows = np.flatnonzero(rng.random(8) < 0.4)
        if problem.fits(rows):
            assert free.fits(rows)
    assert choose(free, gap=1e-9).objective >= choose(problem, gap=1e-9).objective - 1e-9
    assert choose(free, gap=1e-9).objective == pytest.approx(best_of(free), abs=1e-7)
    with pytest.raises(InputError) as caught:
        carried_over(problem, "cakes")
    assert caught.value.key == "portfolios.no_item"


def test_a_balance_is_a_share():
    problem = make_problem(2, lines=8)
    with pytest.raises(InputError) as caught:
        balanced(problem, np.ones(8), [1], 1.5, "region")
    assert caught.value.key == "portfolios.bad_balance"
