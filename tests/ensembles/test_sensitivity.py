"""Indices against closed forms: Ishigami, the G-function, values of information."""

import numpy as np
import pytest
from scipy.stats import norm

from kachisuji.ensembles import (
    delta_indices,
    latin_hypercube,
    morris_design,
    morris_effects,
    sobol,
    sobol_design,
    sobol_indices,
    value_of_information,
)
from kachisuji.words import InputError

pytestmark = pytest.mark.slow

NAMES = ["a", "b", "c"]
WAYS = morris_design(8, NAMES, 0)
CUBE = latin_hypercube(32, 3, 0)


def ishigami(u):
    """Ishigami and Homma (1990) with a = 7, b = 0.1."""
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_sobol_indices_of_ishigami():
    """S1 .3139 .4424 0; ST .5576 .4424 .2437 (closed forms, Sobol' and Levitan 1999)."""
    y = ishigami(sobol_design(2**14, NAMES, 0))
    found = sobol_indices(y, NAMES).set_index("name")
    np.testing.assert_allclose(found.loc[NAMES, "s1"], [0.3139, 0.4424, 0.0], atol=0.01)
    np.testing.assert_allclose(found.loc[NAMES, "st"], [0.5576, 0.4424, 0.2437], atol=0.01)
    assert (found["st_interval"] < 0.06).all()
    assert found.equals(sobol_indices(y, NAMES).set_index("name"))


def test_sobol_indices_of_the_g_function():
    """``Π (|4u−2| + a)/(1 + a)``: V_j = 1/(3(1+a_j)²), closed form (Saltelli and Sobol' 1995)."""
    a = np.array([0.0, 1.0, 4.5, 9.0])
    names = [f"x{j}" for j in range(4)]
    y = np.prod((np.abs(4 * sobol_design(4096, names, 1) - 2) + a) / (1 + a), axis=1)
    part = 1 / (3 * (1 + a) ** 2)
    total = np.prod(1 + part) - 1
    found = sobol_indices(y, names).set_index("name").loc[names]
    np.testing.assert_allclose(found["s1"], part / total, atol=0.02)
    st = part * np.prod(1 + part) / (1 + part) / total
    np.testing.assert_allclose(found["st"], st, atol=0.02)


def test_morris_sees_a_linear_model_as_it_is():
    x = morris_design(20, NAMES, 0)
    found = morris_effects(x, x @ [3.0, -1.0, 0.0], NAMES).set_index("name")
    np.testing.assert_allclose(found.loc[NAMES, "mu"], [3.0, -1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.loc[NAMES, "mu_star"], [3.0, 1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found["sigma"], 0.0, atol=1e-9)


def test_morris_effects_of_ishigami():
    """Mean sizes by summing over the grid of four levels in hand, each start equally likely."""
    step = 2 / 3
    starts = np.array(np.meshgrid(*[[0.0, 1 / 3, 2 / 3, 1.0]] * 3)).reshape(3, -1).T
    exact = []
    for j in range(3):
        moved = starts.copy()
        moved[:, j] += np.where(starts[:, j] < 0.5, step, -step)
        exact.append(np.abs((ishigami(moved) - ishigami(starts)) / step).mean())
    x = morris_design(4000, NAMES, 0)
    found = morris_effects(x, ishigami(x), NAMES).set_index("name").loc[NAMES, "mu_star"]
    np.testing.assert_allclose(found, exact, rtol=0.03)
    assert exact[1] == pytest.approx(7.875)


def test_delta_of_what_decides_all_some_and_nothing():
    u = latin_hypercube(4000, 3, 0)
    found = delta_indices(u, u[:, 0], NAMES).set_index("name")
    assert found.loc["a", "delta"] > 0.9  # one class of sixteen is all that is left open
    assert (found.loc[["b", "c"], "delta"] <= 1.1 * found["chance"].iloc[0]).all()
    mixed = delta_indices(u, u @ [4.0, 1.0, 0.0], NAMES)
    assert mixed["name"].tolist() == NAMES
    assert mixed["delta"].iloc[1] > 1.2 * mixed["chance"].iloc[1]


def test_delta_of_two_equal_uniforms():
    """Y = a + b: f triangular, given a uniform on a + [0, 1]; δ by quadrature of its definition."""
    t = np.linspace(0, 2, 4001)
    f = np.minimum(t, 2 - t)
    exact = np.mean(
        [0.5 * np.abs(f - ((t >= a) & (t <= a + 1))).sum() * (t[1] - t[0])
         for a in np.linspace(0.0005, 0.9995, 1000)]
    )  # fmt: skip
    u = sobol(2**14, 2, 0)
    found = delta_indices(u, u.sum(axis=1), ["a", "b"])
    np.testing.assert_allclose(found["delta"], exact, atol=0.025)


def test_knowing_a_normal_worth_is_worth_its_density_at_zero():
    """Do it or not: E max(0, sX) − 0 = s·φ(0) for X standard normal (Raiffa and Schlaifer 1961)."""
    u = sobol(2048, 3, 0)
    worth = 3.0 * norm.ppf(np.clip(u[:, 0], 1e-9, 1)) + 4.0 * norm.ppf(np.clip(u[:, 1], 1e-9, 1))
    found = value_of_information(np.stack([0 * worth, worth]), u, NAMES)
    assert found.attrs["all"] == pytest.approx(5.0 * norm.pdf(0), rel=0.02)
    told = found.set_index("name")["value"]
    assert told["a"] == pytest.approx(3.0 * norm.pdf(0), rel=0.05)
    assert told["b"] == pytest.approx(4.0 * norm.pdf(0), rel=0.05)
    assert told["c"] < 0.1
    assert found["name"].tolist() == ["b", "a", "c"]


def test_knowing_is_worth_nothing_where_one_choice_is_always_best():
    u = latin_hypercube(256, 3, 0)
    totals = np.stack([u[:, 0], u[:, 0] + 1 + u[:, 1]])
    found = value_of_information(totals, u, NAMES)
    assert found.attrs["all"] == 0.0
    assert (found["value"] == 0.0).all()


def test_noise_earns_nothing():
    rng = np.random.default_rng(0)
    u = latin_hypercube(512, 30, 0)
    totals = rng.normal(0, 1, (20, 512))
    totals[0] += 0.3
    found = value_of_information(totals, u, [f"x{j}" for j in range(30)])
    assert found["share"].max() < 0.05


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: sobol_design(100, NAMES, 0), "not_power_of_two"),
        (lambda: sobol_indices(np.arange(7.0), NAMES), "indices_length"),
        (lambda: sobol_indices(np.arange(15.0), NAMES), "indices_length"),  # three points
        (lambda: sobol_indices(np.ones(10), NAMES), "no_spread"),
        (lambda: sobol_design(4, ["a", "a"], 0), "bad_names"),
        (lambda: sobol_design(4, [], 0), "bad_names"),
        (lambda: sobol_design(4.0, NAMES, 0), "bad_setting"),
        (lambda: morris_design(1, NAMES, 0), "bad_setting"),
        (lambda: morris_design(10, NAMES, 0, levels=3), "bad_grid"),
        (lambda: morris_effects(WAYS[:-1], WAYS[:-1, 0], NAMES), "morris_shape"),
        (lambda: morris_effects(WAYS, WAYS[:, 0], NAMES[:2]), "morris_shape"),
        (lambda: morris_effects(WAYS[::-1][1:], WAYS[1:, 0], NAMES), "morris_shape"),
        (lambda: morris_effects(WAYS, WAYS[:, 0], NAMES, levels=6), "morris_shape"),
        (lambda: morris_effects(CUBE, CUBE[:, 0], NAMES), "morris_shape"),
        (lambda: delta_indices(CUBE, CUBE[:, 0], NAMES, shuffles=0), "bad_setting"),
        (lambda: value_of_information(CUBE.T, CUBE, NAMES, folds=1), "bad_setting"),
        (lambda: value_of_information(CUBE.T, CUBE, NAMES, pieces=0), "bad_setting"),
        (lambda: value_of_information(CUBE.T[:1], CUBE, NAMES), "one_alternative"),
        (lambda: delta_indices(np.ones((2, 3)), [1, np.nan], NAMES), "discovery_holes"),
        (lambda: delta_indices(CUBE, CUBE[:, 0].astype(str), NAMES), "not_numbers"),
        (lambda: value_of_information(CUBE.T.astype(str), CUBE, NAMES), "not_numbers"),
        (lambda: value_of_information(np.ones((2, 3)), np.ones((4, 3)), NAMES), "discovery_shape"),
        (lambda: value_of_information(np.ones((2, 4)), np.ones((4, 2)), NAMES), "discovery_shape"),
    ],
)
def test_what_cannot_be_analysed_is_said(call, key):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.key == f"ensembles.{key}"
