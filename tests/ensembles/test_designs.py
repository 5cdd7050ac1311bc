"""Designs fill the cube as they promise, from one seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from kachisuji.ensembles import generator, latin_hypercube, sobol
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
