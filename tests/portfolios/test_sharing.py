"""Splits against games with known answers, and axioms."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji.portfolios import least_core, nucleolus, shapley
from kachisuji.words import InputError


def game(n, worth):
    return [worth([i for i in range(n) if m >> i & 1]) for m in range(1 << n)]


def bankruptcy(estate, claims):
    """What others' claims leave over (O'Neill 1982)."""
    return game(
        len(claims),
        lambda s: max(0.0, estate - sum(c for i, c in enumerate(claims) if i not in s)),
    )


def gloves():
    """Two left gloves, one right: a pair is worth one."""
    return game(3, lambda s: float(min(sum(i < 2 for i in s), 2 in s)))


def test_the_glove_game():
    np.testing.assert_allclose(shapley(gloves()), [1 / 6, 1 / 6, 2 / 3])
    np.testing.assert_allclose(nucleolus(gloves()), [0, 0, 1], atol=1e-8)
    split, excess = least_core(gloves())
    np.testing.assert_allclose(split, [0, 0, 1], atol=1e-8)
    assert excess == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize(
    ("estate", "division"),
    [(100, [100 / 3] * 3), (200, [50, 75, 75]), (300, [50, 100, 150])],
)
def test_the_divisions_of_the_talmud(estate, division):
    """Claims of 100, 200, 300 (Kethubot 93a): the nucleolus (Aumann and Maschler 1985)."""
    found = nucleolus(bankruptcy(float(estate), [100, 200, 300]))
    np.testing.assert_allclose(found, division, atol=1e-6)


def test_a_majority_of_three_has_no_core():
    split, excess = least_core(game(3, lambda s: float(len(s) > 1)))
    assert excess == pytest.approx(1 / 3)
    np.testing.assert_allclose(split, 1 / 3)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_shapley_is_the_mean_over_orders(seed, n):
    v = np.random.default_rng(seed).normal(size=1 << n)
    v[0] = 0.0
    out = np.zeros(n)
    for order in itertools.permutations(range(n)):
        mask = 0
        for i in order:
            out[i] += v[mask | 1 << i] - v[mask]
            mask |= 1 << i
    count = len(list(itertools.permutations(range(n))))
    np.testing.assert_allclose(shapley(v), out / count, atol=1e-9)
    assert shapley(v).sum() == pytest.approx(v[-1])


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(3, 4))
def test_the_nucleolus_complains_least(seed, n):
    """No other split has lexicographically smaller complaints."""
    rng = np.random.default_rng(seed)
    v = rng.exponential(size=1 << n)
    v[0] = 0.0
    members = np.arange(1 << n)[:, None] >> np.arange(n) & 1

    def complaints(x):
        return np.sort((v - members @ x)[1:-1])[::-1]

    found = nucleolus(v)
    assert found.sum() == pytest.approx(v[-1])
    own = complaints(found)
    assert own[0] == pytest.approx(least_core(v)[1], abs=1e-7)
    for _ in range(50):
        step = rng.normal(size=n) * rng.choice([0.3, 0.01])
        other = complaints(found + step - step.mean())
        differ = np.flatnonzero(np.abs(other - own) > 1e-7)
        assert differ.size == 0 or other[differ[0]] > own[differ[0]]


@pytest.mark.parametrize("worth", [[0.0], [0, 1, 2], [1, 1, 1, 1], [0, 1, np.nan, 1]])
def test_what_is_no_game_is_refused(worth):
    with pytest.raises(InputError):
        shapley(worth)
