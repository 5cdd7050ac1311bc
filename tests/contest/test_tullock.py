"""Best responses of the contest against Tullock's closed forms and against the kernel itself."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from worlds import make_world

from kachisuji.contest import symbols as sym
from kachisuji.contest.kernel import look, scratch, set_base
from kachisuji.contest.path import CAPABILITY, attraction, sell
from kachisuji.contest.tullock import (
    best_response,
    equilibrium,
    observed_slopes,
    reaction_slope,
    success,
)
from kachisuji.words import InputError


@given(st.integers(2, 9), st.floats(0.1, 1.0), st.floats(0.5, 500.0))
def test_symmetric_best_responses(n, alpha, prize):
    want = prize * alpha * (n - 1) / n**2
    np.testing.assert_allclose(equilibrium(np.full(n, prize), alpha), want, rtol=1e-6)


def test_two_unlike_by_hand():
    """Two contestants, prizes V and v, α = 1: x = V²v/(V + v)² (Nti 1999)."""
    big, small = 9.0, 3.0
    x = equilibrium(np.array([big, small]), 1.0)
    np.testing.assert_allclose(x, [big**2 * small / 144, small**2 * big / 144], rtol=1e-6)


@given(st.floats(0.2, 1.0), st.floats(0.05, 3.0), st.floats(0.5, 50.0))
def test_no_other_spending_pays_better(alpha, others, prize):
    x = best_response(others, prize, alpha)

    def gain(y):
        return prize * y**alpha / (y**alpha + others) - y

    grid = np.linspace(0.0, prize, 2001)
    assert gain(x) >= max(gain(y) for y in grid) - 1e-9 * prize


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.5), (3, 0.5), (5, 0.9)])
def test_the_kernel_is_this_contest(n, alpha):
    """At the symmetric equilibrium no region gains by moving, as the kernel sells."""
    prize = 100.0
    world = make_world(np.full((n, 1), 1 / n), symbols={sym.ALPHA: alpha, sym.CRAFT: 0.0})
    w, scene = scratch(world), look(world, 0, 0, 0)
    at = prize * alpha * (n - 1) / n**2

    def profit(x):
        set_base(scene, w)
        w.state[CAPABILITY, 0] = x / at
        attraction(w.state, scene.symbols, 4.0, 0, 0.0, -1, 0.0)
        sell(1, w.state, w.share, scene.size, 0, 0, 1.0, np.ones((1, 2)), w.unit, 0.0, 1.0, w.sales)
        return w.sales[0, 1] - x

    step = 1e-4 * at
    slope = (profit(at + step) - profit(at - step)) / (2 * step)
    assert abs(slope) < 1e-6
    assert profit(at) > max(profit(0.8 * at), profit(1.2 * at))


def test_slope_of_the_reaction_is_that_of_the_best_response():
    x, prize, alpha, step = np.array([2.0, 5.0, 3.0]), 40.0, 0.7, 1e-5
    x[1] = best_response(x[0] ** alpha + x[2] ** alpha, prize, alpha)
    moved = best_response((x[0] + step) ** alpha + x[2] ** alpha, prize, alpha)
    assert reaction_slope(x, prize, 1, 0, alpha) == pytest.approx((moved - x[1]) / step, rel=1e-3)
    assert reaction_slope(np.ones(2), 4.0, 1, 0, 1.0) == 0.0
    assert success([1.0, 3.0], 1.0)[1] == 0.75


@given(st.lists(st.floats(1.0, 9.0), min_size=2, max_size=5), st.floats(0.2, 0.95))
def test_slopes_from_what_is_observed_are_those_of_the_prize_behind_it(prizes, alpha):
    x = equilibrium(np.array(prizes), alpha)
    found = observed_slopes(success(x, alpha), x, 0, alpha)
    want = [reaction_slope(x, prize, r, 0, alpha) for r, prize in enumerate(prizes)]
    np.testing.assert_allclose(found[1:], want[1:], rtol=1e-5, atol=1e-9)
    assert found[0] == 0.0


def test_the_small_back_off_and_the_large_match():
    spending = np.array([[10.0, 10.0, 0.0], [10.0, 10.0, 5.0]])
    shares = np.array([[0.3, 0.7, 0.0], [0.6, 0.3, 0.1]])
    slopes = observed_slopes(shares, spending, 0, np.array([0.8, 0.8]))
    assert slopes[0, 1] > 0.0
    assert slopes[0, 2] == 0.0
    assert (slopes[1, 1:] < 0.0).all()
    assert np.isnan(observed_slopes(shares, spending, 0, np.array([0.8, 1.4]))[1, 2])
    assert np.isnan(observed_slopes(shares[1], [0.0, 10.0, 5.0], 0, 0.8)[1])


def test_what_has_no_best_response_is_named():
    for bad in ((0.0, 1.0, 0.5), (1.0, 1.0, 1.5), (1.0, -1.0, 0.5)):
        with pytest.raises(InputError, match="best answer"):
            best_response(*bad)
