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
    exact_best,
    excludes,
    explain,
    needs,
    score,
    segment_losses,
    survival,
)
from kachisuji.words import InfeasibleError, InputError


def best_of(problem):
    """The best objective by trying every portfolio."""
    return max(score(problem, rows) for rows in enumerate_all(problem))


def paired(seed, lean, lines=8):
    """A problem with two pairs that share a segment, and what they add to a set of lines."""
    problem = make_problem(seed, lines=lines)
    rng = np.random.default_rng(seed)
    names = np.unique(problem.segment)
    assume(names.size >= 3)
    sides = [np.flatnonzero(problem.segment == s) for s in names[:3]]
    pairs = [
        Pair(sides[a], sides[b], lean + rng.normal(size=problem.value.shape[1]))
        for a, b in ((0, 1), (1, 2))
    ]
    return replace(problem, pairs=tuple(pairs))


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
    problem = paired(seed, lean)
    found = choose(problem, gap=1e-9)
    assert found.gap <= 1e-8
    assert found.objective == pytest.approx(best_of(problem), abs=1e-7)
    assert found.objective == pytest.approx(score(problem, found.lines), abs=1e-9)
    assert (found.lines < 8).all()
    assert found.reduced_cost.size == 8


def test_what_a_pair_adds_is_added_once_where_both_are_held():
    problem = make_problem(3, lines=6)
    problem = replace(problem, segment=np.arange(6), field=np.zeros(6, dtype=np.int64))
    pair = Pair(np.array([1]), np.array([4]), np.arange(16.0))
    both = replace(problem, pairs=(pair,))
    for rows in ([1, 4], [0, 1, 4]):
        added = both.totals(np.array(rows)) - problem.totals(np.array(rows))
        np.testing.assert_allclose(added, np.arange(16.0))
    for rows in ([1], [0, 4], []):
        lines = np.array(rows, dtype=np.int64)
        np.testing.assert_array_equal(both.totals(lines), problem.totals(lines))
    kept = both.subset(np.array([4, 1, 0]))
    assert [list(side) for side in (kept.pairs[0].one, kept.pairs[0].other)] == [[1], [0]]
    assert both.subset(np.array([0, 1])).pairs == ()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-4.0, 4.0))
def test_the_best_others_and_the_losses_count_pairs_as_enumeration_does(seed, lean):
    problem = paired(seed, lean, lines=7)
    everything = [(c, score(problem, c)) for c in enumerate_all(problem)]
    ranked = sorted((v for _, v in everything), reverse=True)
    choice = choose(problem, gap=1e-9)
    proven = exact_best(problem, 3, gap=1e-9)
    assert [c.objective for c in proven] == pytest.approx(ranked[: len(proven)], abs=1e-6)
    near = best_portfolios(problem, choice, len(everything))
    values = [score(problem, lines) for lines in near if lines.size]
    assert values == sorted(values, reverse=True)
    assert score(problem, near[0]) == pytest.approx(ranked[0], abs=1e-6)
    for told in explain(problem, choice, range(7), gap=1e-9):
        held = [v for c, v in everything if (told.line in c) != told.chosen]
        if held:
            assert told.loss == pytest.approx(ranked[0] - max(held), abs=1e-5)
    for segment, (found, least) in segment_losses(problem, choice, range(4)).items():
        held = [v for c, v in everything if (problem.segment[c] == segment).any()]
        if held and not np.isnan(found):
            assert least - 1e-5 <= ranked[0] - max(held) <= found + 1e-5


def test_survival_counts_pairs():
    problem = make_problem(3, lines=6)
    problem = replace(
        problem, value=-np.ones_like(problem.value), use=np.zeros_like(problem.use),
        sure=np.zeros_like(problem.sure), segment=np.arange(6), field=np.zeros(6, dtype=np.int64),
        eligible=np.ones(6, dtype=bool),
        pairs=(Pair(np.array([1]), np.array([4]), np.full(16, 3.0)),),
    )  # fmt: skip
    found = survival(problem, 3)
    assert found.chosen.tolist() == [0, 1, 0, 0, 1, 0]
    assert survival(replace(problem, pairs=()), 3).empty == 1.0


def test_a_pair_may_let_losing_lines_in():
    problem = make_problem(3, lines=6)
    problem = replace(
        problem, value=-np.ones_like(problem.value), use=np.zeros_like(problem.use),
        sure=np.zeros_like(problem.sure), segment=np.arange(6), field=np.zeros(6, dtype=np.int64),
    )  # fmt: skip
    worth = np.full(problem.value.shape[1], 3.0)
    pair = Pair(np.array([1]), np.array([4]), worth)
    assert choose(replace(problem, pairs=(pair,))).lines.tolist() == [1, 4]
    assert choose(replace(problem, pairs=(replace(pair, value=worth - 1.5),))).empty


@pytest.mark.parametrize(("one", "other"), [([0], [0]), ([0, 1, 2, 3, 4, 5], [1]), ([], [1])])
def test_a_pair_is_of_two_segments(one, other):
    problem = make_problem(0, lines=6)
    pair = Pair(np.array(one, dtype=int), np.array(other, dtype=int), problem.value[0])
    with pytest.raises(InputError) as caught:
        replace(problem, pairs=(pair,))
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
