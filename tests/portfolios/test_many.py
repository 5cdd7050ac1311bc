"""Many objectives against enumeration; goals in order; what contradicts what."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from problems import enumerate_all, make_problem

from kachisuji.portfolios import (
    at_least,
    at_most,
    augmecon,
    choose,
    conflict,
    exact_front,
    excludes,
    many,
    one_after_the_other,
)
from kachisuji.words import InfeasibleError, InputError, RunError


def front_of(problem, objectives):
    """Efficient values by trying every portfolio."""
    every = np.unique([objectives[:, rows].sum(axis=1) for rows in enumerate_all(problem)], axis=0)
    return np.array(
        [v for v in every if not ((every >= v).all(axis=1) & (every > v).any(axis=1)).any()]
    )


def same_rows(found, want):
    found = np.array([e.value for e in found])
    assert len(found) == len(want)
    order = np.lexsort(np.round(found, 6).T[::-1])
    ranked = np.lexsort(np.round(want, 6).T[::-1])
    np.testing.assert_allclose(found[order], want[ranked], atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_the_exact_front_is_that_of_enumeration(seed, count):
    problem = make_problem(seed, lines=6)
    objectives = np.random.default_rng(seed).integers(-5, 9, (count, 6)).astype(float)
    want = front_of(problem, objectives)
    found = exact_front(problem, objectives)
    same_rows(found, want)
    assert all(problem.fits(e.lines) for e in found)
    # a grid finds some of these points and no others
    for point in augmecon(problem, objectives, steps=3):
        assert min(np.abs(want - point.value).max(axis=1)) < 1e-6


def test_a_grid_of_unit_steps_is_exact_for_whole_numbers():
    problem = make_problem(11, lines=8)
    objectives = np.random.default_rng(1).integers(0, 6, (2, 8)).astype(float)
    want = front_of(problem, objectives)
    span = int(np.ptp(want[:, 1]))
    same_rows(augmecon(problem, objectives, steps=max(1, span)), want)


def test_a_long_front_is_said():
    problem = make_problem(4, lines=8)
    objectives = np.random.default_rng(4).normal(size=(3, 8))
    with pytest.raises(RunError) as caught:
        exact_front(problem, objectives, most=1)
    assert caught.value.key == "portfolios.long_front"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_goals_one_after_the_other(seed):
    problem = make_problem(seed, lines=8)
    objectives = np.random.default_rng(seed).integers(-4, 5, (3, 8)).astype(float)
    every = [objectives[:, rows].sum(axis=1) for rows in enumerate_all(problem)]
    found = one_after_the_other(problem, objectives)
    np.testing.assert_allclose(found.value, max(every, key=tuple), atol=1e-6)
    loose = one_after_the_other(problem, objectives, slack=(1.0,))
    assert loose.value[1] >= found.value[1] - 1e-6


@settings(max_examples=25, deadline=None)
# levels on what is reached or well between: nearer than the solver's tolerance both are right
@given(
    st.integers(0, 10_000),
    st.integers(-20, 32).map(lambda quarters: quarters / 4),
    st.sampled_from([1e-4, 1.0, 1e5]),
)
def test_a_goal_that_is_reached_makes_room_for_the_next(seed, level, scale):
    problem = make_problem(seed, lines=8)
    objectives = np.random.default_rng(seed).integers(-4, 5, (3, 8)) * scale
    every = np.array([objectives[:, rows].sum(axis=1) for rows in enumerate_all(problem)])
    left = every
    for k, enough in enumerate((level * scale, None, None)):
        best = left[:, k].max()
        least = best if enough is None else min(best, enough)
        left = left[left[:, k] >= least - 1e-6 * scale]
    found = one_after_the_other(problem, objectives, enough=(level * scale,))
    np.testing.assert_allclose(found.value[1:], left[0, 1:], atol=1e-5 * scale)
    assert found.value[0] >= min(every[:, 0].max(), level * scale) - 1e-5 * scale


def test_weights_give_efficient_points_before_the_search_of_all_is_over():
    problem = make_problem(4, lines=9)
    objectives = np.random.default_rng(4).normal(size=(4, 9)) * [[1e-4], [1.0], [1e3], [1.0]]
    every = np.array([objectives[:, rows].sum(axis=1) for rows in enumerate_all(problem)])
    front = many._Front(problem, objectives, 60.0)
    front.reach()
    found = [front.told(own).value for own in many._by_weights(front, time.monotonic() + 60)]
    assert len(np.unique(found, axis=0)) > 3
    slack = 1e-9 * np.ptp(every, axis=0)
    for value in found:
        assert not (
            (every >= value - slack).all(axis=1) & (every > value + slack).any(axis=1)
        ).any()
    whole, complete = many.front_within(problem, objectives, None, 60.0)
    assert complete
    want = [
        v
        for v in every
        if not ((every >= v - slack).all(axis=1) & (every > v + slack).any(axis=1)).any()
    ]
    assert len(whole) == len(np.unique(np.round(want, 12), axis=0))


def contradictory():
    plain = make_problem(1, lines=6)
    plain = replace(
        plain, segment=np.arange(6), field=np.zeros(6, dtype=np.int64),
        use=np.ones_like(plain.use), sure=np.ones_like(plain.use),
        limits=np.full_like(plain.limits, 9.0), eligible=np.ones(6, dtype=bool),
    )  # fmt: skip
    return plain


def test_the_minimal_contradiction_is_named():
    plain = contradictory()
    limits = plain.limits.copy()
    limits[0, 1] = 1.5
    problem = replace(
        plain,
        limits=limits,
        rules=(
            at_least(plain, np.arange(6), 3, "three lines"),
            at_most(plain, [0, 1], 2, "harmless"),
            at_least(plain, [2, 3], 1, "the north"),
        ),
    )
    assert conflict(problem) == ["three lines", f"{plain.items[0]} {plain.years[1]}"]
    assert conflict(plain) == []
    apart = replace(
        plain,
        rules=(
            at_least(plain, [0, 1], 2, "both"),
            excludes(plain, [0], [1], "never both"),
        ),
    )
    assert conflict(apart) == ["both", "never both"]
    with pytest.raises(InfeasibleError) as caught:
        choose(apart)
    assert caught.value.key == "portfolios.conflict"
    assert caught.value.values["names"] == "both, never both"


def test_every_member_of_a_contradiction_is_needed():
    plain = contradictory()
    problem = replace(
        plain,
        rules=(
            *(at_least(plain, [i, i + 1], 2, f"r{i}") for i in range(4)),
            at_most(plain, np.arange(6), 3, "few"),
        ),
    )
    names = conflict(problem)
    assert "few" in names
    for name in names:
        rest = replace(problem, rules=tuple(r for r in problem.rules if r.name != name))
        kept = replace(rest, rules=tuple(r for r in rest.rules if r.name in names))
        assert conflict(kept) == []


@pytest.mark.parametrize("objectives", [np.ones((1, 6)), np.ones((6, 6)), np.ones((2, 5))])
def test_objectives_that_make_no_sense_are_refused(objectives):
    with pytest.raises(InputError):
        augmecon(contradictory(), objectives)
