"""Back-casting against enumeration; milestones and last moments by hand."""

import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from problems import enumerate_all, make_problem

from kachisuji.portfolios import Goal, Pair, backcast, last_moments, milestones, needs
from kachisuji.words import InputError


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.2, 1.0), st.floats(0.0, 8.0))
def test_the_cheapest_way_is_that_of_enumeration(seed, odds, target):
    problem = make_problem(seed, lines=8)
    rng = np.random.default_rng(seed)
    goal = Goal(rng.normal(size=16), problem.value, target, odds)
    cost = rng.exponential(size=8)
    weights = problem.probability
    everything = list(enumerate_all(problem))
    able = [c for c in everything if goal.reached(c, weights) >= odds - 1e-9]
    found = backcast(problem, goal, cost, gap=1e-9)
    assert found.proven
    assert found.reached == bool(able)
    assert problem.fits(found.lines)
    if able:
        assert found.cost == pytest.approx(min(cost[c].sum() for c in able), abs=1e-6)
        assert found.short == 0.0
        assert found.level >= target - 1e-6
    else:
        most = max(goal.reached(c, weights) for c in everything)
        assert found.odds == pytest.approx(most, abs=1e-9)
        assert found.best_odds == pytest.approx(most, abs=1e-6)
        assert found.best_odds < odds
        assert found.short > 0


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.2, 1.0), st.floats(0.0, 8.0), st.booleans())
def test_what_two_segments_add_together_counts_towards_the_goal(seed, odds, target, even):
    plain = make_problem(seed, lines=8)
    rng = np.random.default_rng(seed)
    groups = np.unique(plain.segment)
    sides = [np.flatnonzero(plain.segment == g) for g in groups[:3]]
    signs = (1.0, -1.0, rng.choice([-1.0, 1.0], 16))
    pairs = tuple(
        Pair(one, other, sign * rng.exponential(2.0, 16) if not even else np.full(16, 2.0) * sign)
        for (one, other), sign in zip(combinations(sides, 2), signs, strict=False)
    )
    problem = replace(plain, pairs=pairs)
    goal = Goal(rng.normal(size=16), plain.value, target, odds)
    cost = rng.exponential(size=8)

    def reached(c):
        level = goal.base + problem.totals(c)
        return problem.probability[level >= target - 1e-9 * max(1.0, target)].sum()

    everything = list(enumerate_all(plain))
    able = [c for c in everything if reached(c) >= odds - 1e-9]
    found = backcast(problem, goal, cost, gap=1e-9)
    assert found.proven
    assert found.reached == bool(able)
    assert found.odds == pytest.approx(reached(found.lines), abs=1e-9)
    if able:
        assert found.cost == pytest.approx(min(cost[c].sum() for c in able), abs=1e-6)
    else:
        assert found.odds == pytest.approx(max(map(reached, everything)), abs=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_line_that_only_lets_another_in_is_bought_with_it(seed):
    """The only line that moves the goal needs another beside it that does not."""
    problem = make_problem(seed, lines=8, segments=8, room=10, max_fields=9)
    one, other = np.flatnonzero(problem.eligible)[:2]
    gain = np.zeros_like(problem.value)
    gain[one] = 1.0
    ruled = replace(problem, rules=(needs(problem, [one], [other], "beside"),))
    cost = np.arange(1.0, 9.0)
    found = backcast(ruled, Goal(np.zeros(16), gain, 1.0, 0.9), cost)
    able = [c for c in enumerate_all(ruled) if one in c]
    assert found.reached == bool(able)
    if able:
        assert found.cost == pytest.approx(min(cost[c].sum() for c in able))
        assert set(found.lines) == {one, other}


def test_the_last_moment_is_the_latest_start_that_still_does():
    base = np.zeros(4)
    gain = np.array([[9, 9, 9, 9], [9, 9, 9, 1], [9, 9, 1, 1], [1, 1, 1, 1.0]])
    goal = Goal(base, gain, 5.0, 0.6)
    found = last_moments(goal, ["a", "a", "a", "b"], [2026, 2028, 2030, 2026])
    assert found == {"a": (2028, 1), "b": None}


def test_milestones_run_back_from_the_goal():
    path = np.array([[1.0, 4.0, 9.0], [2.0, 5.0, 10.0], [0.5, 4.5, 6.0], [0.4, 1.0, 2.0]])
    steps = milestones(path, 8.0, share=1.0)
    assert steps[0] == (2, 8.0, 1.0)
    assert steps[1] == (1, 4.0, pytest.approx(2 / 3))
    assert steps[2] == (0, 1.0, 1.0)
    assert milestones(path, 99.0) == []


def test_a_goal_that_makes_no_sense_is_refused():
    problem = make_problem(0)
    with pytest.raises(InputError) as caught:
        backcast(problem, Goal(np.zeros(16), problem.value, 1.0, 1.5), np.ones(8))
    assert caught.value.key == "portfolios.bad_goal"
    with pytest.raises(InputError) as caught:
        backcast(problem, Goal(np.zeros(3), problem.value, 1.0, 0.5), np.ones(8))
    assert caught.value.key == "portfolios.shape"
