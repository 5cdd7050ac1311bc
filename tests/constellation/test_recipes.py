"""A protected recipe against the case's own: laws of the posterior."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.constellation.recipes import dispersion, onto_simplex, posterior

PRIOR = np.array([0.5, 0.3, 0.15, 0.05, 0.0])
TOLD = np.array([0.3, 0.4, 0.2, 0.1, 0.0])


def test_no_noise_and_many_makers_give_the_answer_and_all_noise_the_prior():
    exact = posterior(PRIOR, 0.05, TOLD, np.full(5, 1e-9), 1e9)
    np.testing.assert_allclose(exact.shares, TOLD, atol=1e-6)
    assert exact.weight == pytest.approx(1.0, abs=1e-6)
    nothing = posterior(PRIOR, 0.05, TOLD, np.full(5, 1e6), 12)
    np.testing.assert_allclose(nothing.shares, PRIOR, atol=1e-6)
    assert nothing.weight == pytest.approx(0.0, abs=1e-6)
    silent = posterior(PRIOR, 0.05, np.full(5, np.nan), np.full(5, np.nan), 12)
    np.testing.assert_allclose(silent.shares, PRIOR, atol=1e-6)
    assert silent.noise.max() == 0


def test_two_inputs_are_weighed_by_their_precision():
    """With two inputs there is one number: the textbook's mean of two normals."""
    p, spread, sd, n = 0.6, 0.04, 0.1, 12
    before = spread * p * (1 - p)
    data = before / n + sd**2 / 2  # the difference of two shares, each with its noise
    after = posterior(np.array([p, 1 - p]), spread, np.array([0.5, 0.5]), np.full(2, sd), n)
    mean = (p / before + 0.5 / data) / (1 / before + 1 / data)
    assert after.shares[0] == pytest.approx(mean)
    assert after.covariance[0, 0] == pytest.approx(1 / (1 / before + 1 / data))
    assert after.weight == pytest.approx(before / (before + data))


@given(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=8),
    st.integers(0, 2**32 - 1),
    st.floats(0.01, 1.0),
)
def test_shares_stay_shares_and_the_answer_never_widens(raw, seed, sd):
    prior = np.array(raw) / sum(raw)
    rng = np.random.default_rng(seed)
    told = prior + rng.normal(0, sd, prior.size)
    after = posterior(prior, 0.05, told, np.full(prior.size, sd), 10)
    assert after.shares.min() >= 0
    assert after.shares.sum() == pytest.approx(1.0)
    assert 0 <= after.weight <= 1
    per_unit = rng.uniform(0, 1, prior.size)
    whole, noise = after.deviation(per_unit)
    before = 0.05 * (prior @ per_unit**2 - (prior @ per_unit) ** 2)
    assert noise <= whole + 1e-9
    assert whole**2 <= before + 1e-9


def test_dispersion_is_that_of_the_dirichlet_drawn_from():
    rng = np.random.default_rng(0)
    drawn = rng.dirichlet(PRIOR[:4] * 24.0, 4000)
    assert dispersion(drawn, np.ones(4000)) == pytest.approx(1 / 25, rel=0.05)


def test_the_projection_is_the_nearest_point():
    rng = np.random.default_rng(1)
    everywhere = np.ones(3, dtype=bool)
    for _ in range(20):
        values = rng.normal(0.3, 0.5, 3)
        mine = onto_simplex(values, everywhere)
        others = rng.dirichlet(np.ones(3), 400)
        assert np.linalg.norm(mine - values) <= np.linalg.norm(others - values, axis=1).min()
