"""Designs fill the cube as they promise, from one seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, qmc, spearmanr

from kachisuji.ensembles import (
    correlate,
    event_year,
    factorial,
    generator,
    halton,
    latin_hypercube,
    reweigh,
    sobol,
)
from kachisuji.words import InputError

SEEDS = st.integers(0, 2**40)


@given(st.integers(1, 60), st.integers(0, 6), SEEDS)
def test_a_hypercube_has_one_point_in_every_slice(n, d, seed):
    u = latin_hypercube(n, d, seed)
    assert u.shape == (n, d)
    assert ((u >= 0) & (u < 1)).all()
    for column in u.T:
        assert sorted(np.floor(column * n).astype(int)) == list(range(n))


@given(st.integers(0, 7), st.integers(1, 9), SEEDS)
def test_sobol_is_balanced_in_every_quantity(power, d, seed):
    n = 2**power
    u = sobol(n, d, seed)
    assert u.shape == (n, d)
    for column in u.T:
        assert sorted(np.floor(column * n).astype(int)) == list(range(n))


@pytest.mark.parametrize("draw", [latin_hypercube, sobol])
def test_the_seed_decides_and_zero_is_a_seed(draw):
    assert (draw(16, 4, 0) == draw(16, 4, 0)).all()
    assert (draw(16, 4, 0) != draw(16, 4, 1)).any()


def test_sobol_spreads_better_than_chance():
    u = sobol(256, 5, 3)
    chance = generator(3, "search").random((256, 5))
    assert qmc.discrepancy(u) < 0.5 * qmc.discrepancy(chance)


def test_tasks_and_places_have_streams_of_their_own():
    streams = [generator(0, "design"), generator(0, "design", 0), generator(0, "resamples", 0),
               generator(0, "resamples", 1), generator(1, "design")]  # fmt: skip
    firsts = {s.integers(2**62) for s in streams}
    assert len(firsts) == len(streams)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: sobol(100, 3, 0), "ensembles.not_power_of_two"),
        (lambda: sobol(2, 30_000, 0), "ensembles.too_many_quantities"),
        (lambda: latin_hypercube(0, 3, 0), "ensembles.bad_size"),
        (lambda: latin_hypercube(4, 3, -1), "ensembles.bad_seed"),
        (lambda: latin_hypercube(4, 3, True), "ensembles.bad_seed"),
        (lambda: latin_hypercube(4, 3, 0.5), "ensembles.bad_seed"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, key):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.key == key


def test_the_powers_of_two_on_both_sides_are_named():
    with pytest.raises(InputError, match="64 or 128"):
        sobol(100, 3, 0)


def test_halton_is_balanced_for_any_number():
    u = halton(81, 4, 0)
    assert (u == halton(81, 4, 0)).all()
    assert sorted(np.floor(u[:, 1] * 81).astype(int)) == list(range(81))  # base 3
    assert qmc.discrepancy(u) < 0.5 * qmc.discrepancy(generator(0, "search").random((81, 4)))


def test_a_factorial_holds_every_combination_once():
    u = factorial([2, 3, 1])
    assert u.tolist() == [[a, b, 0.5] for a in (0.25, 0.75) for b in (1 / 6, 0.5, 5 / 6)]
    assert factorial([]).shape == (1, 0)


@given(st.floats(-0.95, 0.95), SEEDS)
def test_rank_correlations_are_those_asked_for(rho, seed):
    u = correlate(sobol(1024, 4, seed), {(0, 2): rho})
    assert spearmanr(u[:, 0], u[:, 2]).statistic == pytest.approx(rho, abs=0.05)
    assert abs(spearmanr(u[:, 0], u[:, 1]).statistic) < 0.1
    assert (u[:, [1, 3]] == sobol(1024, 4, seed)[:, [1, 3]]).all()
    for column in u.T:
        assert kstest(column, "uniform").pvalue > 1e-4


def test_three_correlations_that_contradict_one_another_are_refused():
    with pytest.raises(InputError) as caught:
        correlate(sobol(8, 3, 0), {(0, 1): 0.9, (1, 2): 0.9, (0, 2): -0.9})
    assert caught.value.key == "beliefs.not_definite"


@pytest.mark.parametrize("ranks", [{(0, 2): 0.5}, {(0, 1): 1.5}, {(0, 1): 0.5, (1, 0): 0.4}])
def test_a_correlation_that_cannot_be_is_refused(ranks):
    with pytest.raises(InputError) as caught:
        correlate(np.ones((2, 2)), ranks)
    assert caught.value.key == "beliefs.bad_correlation"


def test_an_event_comes_with_the_odds_of_its_years():
    u = (np.arange(10_000) + 0.5) / 10_000
    year = event_year(u, [2027, 2028, 2029], [0.1, 0.5, 0.0])
    assert (year == 2027).mean() == pytest.approx(0.1)
    assert (year == 2028).mean() == pytest.approx(0.45)
    assert (year == 2029).mean() == 0.0
    assert np.isinf(year).mean() == pytest.approx(0.45)


def test_new_beliefs_by_weights_are_those_of_new_draws():
    u = sobol(4096, 1, 0)[:, 0]
    weights, worth = reweigh(2 * u)  # the density 2u instead of 1
    assert weights @ u == pytest.approx(2 / 3, abs=1e-3)
    assert worth == pytest.approx(4096 * 3 / 4, rel=1e-3)
    assert reweigh(np.ones(16))[1] == pytest.approx(16)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: latin_hypercube(8.0, 2, 0), "bad_size"),
        (lambda: sobol(8, 2.5, 0), "bad_size"),
        (lambda: halton("8", 2, 0), "bad_size"),
        (lambda: factorial([2, 0]), "bad_levels"),
        (lambda: factorial([2, 2.5]), "bad_levels"),
        (lambda: event_year(np.ones(2), [2030, 2026], [0.1, 0.1]), "years_order"),
        (lambda: event_year(np.ones(2), [2026, 2026], [0.1, 0.1]), "years_order"),
        (lambda: event_year(np.ones(2), [2026], [0.1, 0.1]), "bad_odds"),
        (lambda: event_year(np.ones(2), [2026], [1.1]), "bad_odds"),
        (lambda: reweigh(np.zeros(3)), "bad_likelihood"),
        (lambda: reweigh(np.array([1.0, -1.0])), "bad_likelihood"),
        (lambda: reweigh(np.array([1.0, np.nan])), "bad_likelihood"),
    ],
)
def test_what_makes_no_sense_is_said(call, key):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.key == f"ensembles.{key}"
