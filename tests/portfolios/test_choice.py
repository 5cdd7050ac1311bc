"""The choice against enumeration; CVaR against its linear programme; laws and refusals."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

sys.path.insert(0, str(Path(__file__).parent))
import itertools

from problems import best_by_enumeration, enumerate_all, make_problem

from kachisuji.portfolios import (
    Risk,
    admissible,
    best_portfolios,
    choose,
    cvar,
    cvar_many,
    pareto_front,
    score,
    survival,
)
from kachisuji.portfolios.choosing import best_by_future
from kachisuji.words import InfeasibleError, InputError

seeds = st.integers(0, 10_000)


@given(seeds, st.sampled_from([0.1, 0.2, 0.33, 1.0]))
def test_cvar_is_that_of_rockafellar_and_uryasev(seed, tail):
    """max_η η − 1/τ E(η − V)⁺ as a linear programme, uneven weights included."""
    rng = np.random.default_rng(seed)
    values, p = rng.normal(size=12), rng.dirichlet(np.ones(12))
    a = np.hstack([np.ones((12, 1)), -np.eye(12)])
    found = linprog(
        np.concatenate([[-1.0], p / tail]), A_ub=a, b_ub=values,
        bounds=[(None, None)] + [(0, None)] * 12,
    )  # fmt: skip
    assert cvar(values, p, tail) == pytest.approx(-found.fun, abs=1e-9)
    np.testing.assert_allclose(cvar_many(values[None, :], p, tail), -found.fun, atol=1e-9)


@settings(max_examples=40)
@given(seeds, st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 3), st.floats(0.3, 1.0))
def test_choice_equals_enumeration(seed, weight, max_fields, room):
    problem = make_problem(seed, max_fields=max_fields, room=room, risk=Risk("cvar", 0.25, weight))
    choice = choose(problem, gap=1e-6)
    assert problem.fits(choice.lines)
    assert choice.objective == pytest.approx(best_by_enumeration(problem), abs=1e-5)
    assert choice.bound >= choice.objective
    assert choice.gap <= 1e-5


@pytest.mark.parametrize(
    ("seed", "max_fields", "room"), [(288, 1, 0.3), (7503, 1, 0.3), (8719, 3, 0.5)]
)
def test_a_solver_that_hands_back_its_start_is_asked_again(seed, max_fields, room):
    """HiGHS 1.16 gave the start as the solution beside the objective of another one."""
    problem = make_problem(seed, max_fields=max_fields, room=room, risk=Risk("cvar", 0.25, 0.0))
    choice = choose(problem, gap=1e-6)
    assert choice.objective == pytest.approx(best_by_enumeration(problem), abs=1e-5)
    assert choice.gap <= 1e-5


@settings(max_examples=15)
@given(seeds)
def test_choice_under_regret_equals_enumeration(seed):
    problem = make_problem(seed, risk=Risk("regret", 0.2, 0.5))
    best = best_by_future(problem.subset(np.flatnonzero(admissible(problem))))
    choice = choose(problem, gap=1e-6)
    assert choice.objective == pytest.approx(best_by_enumeration(problem, best), abs=1e-4)


@settings(max_examples=15)
@given(seeds)
def test_the_order_of_lines_changes_nothing(seed):
    problem = make_problem(seed)
    order = np.random.default_rng(seed).permutation(problem.segment.size)
    assert choose(problem.subset(order), 1e-6).objective == pytest.approx(
        choose(problem, 1e-6).objective, abs=1e-6
    )


def test_identical_lines_tie_and_any_of_them_is_chosen():
    problem = make_problem(3, lines=4, segments=4, max_fields=4, room=10)
    same = replace(
        problem, value=np.ones_like(problem.value), use=np.ones_like(problem.use),
        sure=np.ones_like(problem.sure), segment=np.arange(4), field=np.arange(1, 5),
        limits=np.full_like(problem.limits, 2.0), eligible=np.ones(4, dtype=bool),
    )  # fmt: skip
    choice = choose(same, 1e-6)
    assert choice.lines.size == 2
    assert choice.objective == pytest.approx(2.0)


def test_doing_nothing_is_best_where_all_lines_lose():
    problem = make_problem(0)
    losing = replace(problem, value=-np.abs(problem.value))
    choice = choose(losing)
    assert choice.lines.size == 0
    assert choice.objective == 0.0
    assert survival(losing, resamples=3).empty == 1.0


def test_a_line_below_its_efficient_scale_is_never_chosen():
    problem = make_problem(1)
    none = replace(problem, eligible=np.zeros_like(problem.eligible))
    with pytest.raises(InfeasibleError, match="efficient scale"):
        choose(none)


def test_limits_too_small_for_any_line_are_named_with_the_shortfall():
    problem = make_problem(2)
    limits = problem.limits.copy()
    limits[1, 2] = 1e-3
    with pytest.raises(InfeasibleError, match="item1 in 2028"):
        choose(replace(problem, limits=limits))


def test_shapes_that_do_not_fit_are_refused():
    problem = make_problem(0)
    with pytest.raises(InputError, match="power"):
        replace(problem, power=np.zeros(3))
    with pytest.raises(InputError, match="finite"):
        replace(problem, value=np.full_like(problem.value, np.nan))


@settings(max_examples=15)
@given(seeds)
def test_best_portfolios_are_different_feasible_and_in_order(seed):
    problem = make_problem(seed, lines=10)
    choice = choose(problem, 1e-6)
    found = best_portfolios(problem, choice, 12)
    scores = [score(problem, p) for p in found]
    assert len({tuple(p) for p in found}) == len(found)
    assert all(problem.fits(p) for p in found)
    assert any(p.size == 0 for p in found)
    ordered = [s for s, p in zip(scores, found, strict=True) if p.size]
    assert ordered == sorted(ordered, reverse=True)
    assert scores[0] >= choice.objective - 1e-9


@settings(max_examples=10)
@given(seeds)
def test_front_is_that_of_enumeration_at_its_ends_and_undominated(seed):
    problem = make_problem(seed)
    front = pareto_front(problem, points=7)
    everything = list(enumerate_all(problem))
    values = np.array([problem.value[c].sum(axis=0).mean() for c in everything])
    powers = np.array([problem.power[c].sum() for c in everything])
    assert front[0].value == pytest.approx(values.max(), rel=1e-3, abs=1e-3)
    assert front[-1].power == pytest.approx(powers.max(), rel=1e-3, abs=1e-3)
    for a, b in itertools.pairwise(front):
        assert a.value > b.value
        assert a.power < b.power
    for point in front:
        better = (values > point.value + 2e-3 * abs(point.value) + 1e-3) & (powers >= point.power)
        assert not better.any()


def test_survival_counts_both_numbers():
    problem = make_problem(5, lines=10)
    found = survival(problem, resamples=10, seed=0)
    again = survival(problem, resamples=10, seed=0)
    np.testing.assert_array_equal(found.chosen, again.chosen)
    assert ((found.chosen >= 0) & (found.chosen <= found.segment_chosen + 1e-12)).all()
    np.testing.assert_allclose(found.beats_nothing, (problem.value > 0).mean(axis=1))


def test_a_sure_winner_survives_every_resample():
    problem = make_problem(6, lines=6, room=10, max_fields=9)
    value = problem.value.copy()
    value[0] = 50.0
    sure = replace(problem, value=value, eligible=np.ones(6, dtype=bool))
    assert survival(sure, resamples=8).chosen[0] == 1.0


def test_shadow_prices_name_limits_that_bind():
    problem = make_problem(8, lines=12, room=0.2, risk=Risk("cvar", 0.2, 0.0))
    choice = choose(problem, 1e-6)
    assert choice.binding
    for item, year, kind, price in choice.binding:
        assert item in problem.items
        assert year in problem.years
        assert kind in ("use", "sure")
        assert price > 0
    assert choice.as_json()["lines"] == [int(i) for i in choice.lines]
