"""Quantile functions against scipy's own, means against quadrature, laws by property."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from kachisuji import beliefs
from kachisuji.beliefs import Bernoulli, Constant, Lognormal, Pert, Triangular, Uniform
from kachisuji.words import InputError

U = np.linspace(0.001, 0.999, 41)
values = st.floats(-1e3, 1e3)
# a mode share: where the mode lies between low and high; lognormals need it off the ends
inner = st.floats(0.05, 0.95)
width = st.floats(0.1, 1e3)


def twin(kind, low, mode, high):
    """The same distribution from scipy.stats."""
    w = high - low
    if kind == "triangular":
        return stats.triang((mode - low) / w, low, w)
    if kind == "pert":
        return stats.beta(1 + 4 * (mode - low) / w, 1 + 4 * (high - mode) / w, low, w)
    return stats.uniform(low, w)


@pytest.mark.parametrize("kind", ["triangular", "pert", "uniform"])
@given(low=values, width=width, part=st.floats(0, 1))
def test_quantiles_are_scipys(kind, low, width, part):
    mode, high = low + part * width, low + width
    ours = beliefs.distribution(kind, low, mode, high)
    other = twin(kind, low, mode, high)
    np.testing.assert_allclose(ours.ppf(U), other.ppf(U), rtol=1e-7, atol=1e-7 * width)
    assert ours.mean() == pytest.approx(other.mean(), rel=1e-9, abs=1e-9)


@given(low=values, width=width, part=inner)
def test_lognormal_goes_through_its_three_quantiles(low, width, part):
    mode, high = low + part * width, low + width
    got = Lognormal(low, mode, high).ppf([0.05, 0.5, 0.95])
    np.testing.assert_allclose(got, [low, mode, high], atol=1e-6 * width)


def test_lognormal_is_scipys_lognormal_when_unshifted():
    """Quantiles e^(−z), 1, e^z of the standard lognormal give back the standard lognormal."""
    z = stats.norm.ppf(0.95)
    ours = Lognormal(np.exp(-z), 1.0, np.exp(z))
    np.testing.assert_allclose(ours.ppf(U), stats.lognorm(1.0).ppf(U), rtol=1e-10)
    assert ours.mean() == pytest.approx(np.exp(0.5))


def test_lognormal_of_even_quantiles_is_normal():
    ours = Lognormal(-2.0, 1.0, 4.0)
    sd = 3.0 / stats.norm.ppf(0.95)
    np.testing.assert_allclose(ours.ppf(U), stats.norm(1.0, sd).ppf(U), rtol=1e-12)
    assert ours.mean() == 1.0


@pytest.mark.parametrize(
    "d",
    [
        Pert(1, 2, 7),
        Triangular(-3, -3, 5),
        Uniform(0, 4),
        Lognormal(1, 3, 9),
        Lognormal(-9, -3, -1),
        Constant(2.5),
    ],
)
def test_mean_is_the_integral_of_the_quantile_function(d):
    area, _ = integrate.quad(lambda u: float(d.ppf(u)), 0, 1, limit=200)
    assert d.mean() == pytest.approx(area, rel=1e-5)


@given(low=values, width=width, part=inner, kind=st.sampled_from(beliefs.KINDS))
def test_quantiles_never_fall_and_keep_their_shape(low, width, part, kind):
    d = beliefs.distribution(kind, low, low + part * width, low + width)
    q = d.ppf(U.reshape(1, -1))
    assert q.shape == (1, U.size)
    assert np.all(np.diff(q) >= 0)


@given(low=values, width=width, part=inner, shift=values, scale=st.floats(0.01, 100))
@pytest.mark.parametrize("kind", beliefs.KINDS)
def test_units_scale(kind, low, width, part, shift, scale):
    three = np.array([low, low + part * width, low + width])
    there = beliefs.distribution(kind, *(shift + scale * three)).ppf(U)
    here = shift + scale * beliefs.distribution(kind, *three).ppf(U)
    size = np.abs(there).max() + abs(shift) + scale * (abs(low) + width)
    np.testing.assert_allclose(there, here, atol=1e-6 * size)


def test_bounded_kinds_keep_their_ends():
    for d in (Pert(1, 2, 7), Triangular(1, 2, 7), Uniform(1, 7)):
        assert d.ppf([0.0, 1.0]).tolist() == [1.0, 7.0]


def test_bernoulli_has_its_odds():
    u = (np.arange(1000) + 0.5) / 1000
    assert Bernoulli(0.3).ppf(u).mean() == pytest.approx(0.3)
    assert Bernoulli(0.0).ppf([0.0, 1.0]).tolist() == [0.0, 0.0]
    assert Bernoulli(1.0).ppf([1e-9, 1.0]).tolist() == [1.0, 1.0]
    assert Bernoulli(0.3).mean() == 0.3


@pytest.mark.parametrize("kind", beliefs.KINDS)
def test_no_range_is_a_constant(kind):
    assert beliefs.distribution(kind, 3, 3, 3) == Constant(3)
    assert beliefs.distribution(kind, 3, 3, 3).ppf(np.zeros((2, 3))).tolist() == [[3.0] * 3] * 2


def test_values_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Pert(1, 2, 3).low = 0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: beliefs.distribution("pert", 3, 2, 4), "beliefs.not_ordered"),
        (lambda: beliefs.distribution("pert", 1, 2, float("nan")), "beliefs.not_finite"),
        (lambda: beliefs.distribution("cauchy", 1, 2, 3), "beliefs.unknown_kind"),
        (lambda: Pert(2, 2, 2), "beliefs.no_width"),
        (lambda: Lognormal(1, 1, 2), "beliefs.on_edge"),
        (lambda: Bernoulli(1.2), "beliefs.not_probability"),
        (lambda: Bernoulli(float("nan")), "beliefs.not_probability"),
        (lambda: Uniform(0, 1).ppf([0.5, 1.1]), "beliefs.not_unit"),
        (lambda: Uniform(0, 1).ppf([0.5, float("nan")]), "beliefs.not_unit"),
        (lambda: Constant(float("inf")), "beliefs.not_finite"),
    ],
)
def test_mistakes_are_named(make, key):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.key == key
    assert caught.value.in_lang("ja")
