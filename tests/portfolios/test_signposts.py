"""Signposts: triggers by hand and beside enumeration; alternatives worth preparing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji.portfolios import best_trigger, most_useful, worth_of_switching
from kachisuji.words import InputError


def test_a_level_that_parts_gains_from_losses_is_found():
    seen = np.arange(40.0)
    gain = np.where(seen < 12, 5.0, -3.0)
    post = best_trigger(seen, gain)
    assert post.side == "below"
    assert 11 <= post.level <= 12.5
    assert post.right == 1.0
    assert post.value == pytest.approx(5.0 * post.fired)
    other = best_trigger(-seen, gain)
    assert other.side == "above"
    assert other.level == pytest.approx(-post.level, abs=2.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_trigger_is_the_best_there_is_on_the_futures_it_was_found_on(seed):
    rng = np.random.default_rng(seed)
    seen, gain = rng.integers(0, 9, 30).astype(float), rng.normal(size=30)
    post = best_trigger(seen, gain, least=0.2)
    half = np.argsort(seen, kind="stable")[::2]
    x, g = seen[half], gain[half]
    cuts = [(a + b) / 2 for a, b in itertools.pairwise(np.unique(x))]
    sides = [fires for cut in cuts for fires in (x < cut, x > cut)]
    every = [g[fires].sum() / g.size for fires in sides if fires.sum() >= 3]
    assert post.promise == pytest.approx(max(every))


def test_noise_earns_nothing_on_other_futures():
    rng = np.random.default_rng(0)
    gain = rng.normal(size=(4000, 2)) - 0.5
    state = rng.normal(size=(4000, 3))
    assert worth_of_switching(state, gain).mean() < 0.02
    # and what is seen is worth what it tells: E max(0, s) = 1/sqrt(2π)
    told = state[:, 0] + 0.1 * rng.normal(size=4000)
    found = worth_of_switching(state, told[:, None]).mean()
    assert found == pytest.approx(1 / np.sqrt(2 * np.pi), abs=0.03)


def test_what_helps_where_nothing_else_does_is_prepared_first():
    worth = np.array([[3.0, 3, 0], [0, 0, 0], [2.9, 2.9, 0.1], [0, 0, 2], [0, 1, 2.0]])
    assert most_useful(worth, 3, (0, 1)) == [3]
    assert most_useful(worth[:3], 3, (0, 1)) == [2]
    assert most_useful(worth[:2], 3, (0, 1)) == []


def test_what_has_no_shape_is_refused():
    with pytest.raises(InputError):
        best_trigger(np.zeros(9), np.zeros(8))
