"""Production under caps: the example of the documentation, feasibility and monotonicity."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.structure import capped_output, leontief
from kachisuji.words import InputError
from tests.structure.tables import random_economy

DOC = Path(__file__).parents[2] / "docs" / "indispensability.md"


def tables_of_the_page():
    """Every table of the page by its heading, as rows of numbers by row label."""
    found, heading = {}, ""
    for line in DOC.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("| ") and re.fullmatch(r"[HJR]\.[mgs]", cells[0]):
            numbers = [float(c) if c else 0.0 for c in cells[1:]]
            found.setdefault(heading, {})[cells[0]] = numbers
    return found


def page():
    table = tables_of_the_page()["The table"]
    cells = np.array(list(table.values()))
    Z, f, x0 = cells[:, :9], cells[:, 9], cells[:, 10]
    np.testing.assert_array_equal(Z.sum(1) + f, x0)
    return Z, f, x0


def test_the_worked_example():
    Z, f, x0 = page()
    A, v = Z / x0, 1 - Z.sum(0) / x0
    cap = x0.copy()
    cap[4] = 50.0
    # m essential, g half, s not at all
    essential = np.repeat([[1.0], [0.5], [0.0]], 9, axis=1)
    product = np.tile([0, 1, 2], 3)
    left = capped_output(A, f, x0, cap, product=product, essential=essential)
    want = np.array(list(tables_of_the_page()["What is left"].values()))
    np.testing.assert_allclose(left.supply, want[:, 0])
    np.testing.assert_allclose(left.output, want[:, 1])
    np.testing.assert_allclose(left.lost_value_added(v), want[:, 2])
    lost = left.lost_value_added(v).reshape(3, 3).sum(1)
    gdp = (v * x0).reshape(3, 3).sum(1)
    np.testing.assert_allclose(lost, [15, 69, 0])
    np.testing.assert_allclose(gdp, [190, 228, 244])
    text = DOC.read_text(encoding="utf-8")
    for share in (*(lost / gdp)[:2], lost[1] / gdp[1] - lost[0] / gdp[0]):
        assert f"{100 * share:.1f} %" in text


def case(seed):
    table = random_economy(seed)
    rng = np.random.default_rng(seed)
    cap = table.x * np.where(rng.random(6) < 0.4, rng.random(6), 1.2)
    return table, leontief(table).A, table.Y.sum(1), cap


SEEDS = st.integers(0, 10**6)


@given(seed=SEEDS)
def test_without_caps_nothing_is_lost(seed):
    table, A, f, _ = case(seed)
    left = capped_output(A, f, table.x, table.x)
    np.testing.assert_allclose(left.output, table.x)


@given(seed=SEEDS)
def test_strict_leontief_production_is_feasible(seed):
    table, A, f, cap = case(seed)
    left = capped_output(A, f, table.x, cap)
    slack = 1e-8 * table.x.max()
    assert (left.output <= np.minimum(cap, table.x) + slack).all()
    delivered = left.output - A @ left.output
    assert (delivered >= -slack).all()  # users get what they use
    assert (delivered <= f + slack).all()  # and nobody makes what no one orders


@given(seed=SEEDS, chi=st.floats(0, 1), sigma=st.floats(0, 1), cut=st.floats(0, 1))
def test_monotone_in_caps_need_and_substitution(seed, chi, sigma, cut):
    table, A, f, cap = case(seed)
    product = np.arange(6) % 2
    base = {"product": product, "essential": chi, "substitution": sigma}
    left = capped_output(A, f, table.x, cap, **base).output
    slack = 1e-8 * table.x.max()
    lower = cap.copy()
    lower[seed % 6] *= cut
    assert (capped_output(A, f, table.x, lower, **base).output <= left + slack).all()
    more = {**base, "essential": min(1.0, chi + 0.2)}
    assert (capped_output(A, f, table.x, cap, **more).output <= left + slack).all()
    other = {**base, "substitution": min(1.0, sigma + 0.2)}
    assert (capped_output(A, f, table.x, cap, **other).output >= left - slack).all()


@given(seed=SEEDS)
def test_nothing_essential_leaves_lost_orders_only(seed):
    table, A, f, cap = case(seed)
    left = capped_output(A, f, table.x, cap, essential=0.0)
    supply = np.minimum(cap, table.x)
    np.testing.assert_allclose(left.supply, supply)
    x = supply
    for _ in range(2000):
        x = np.minimum(supply, A @ x + f)
    np.testing.assert_allclose(left.output, x, rtol=1e-7, atol=1e-7)


def test_origins_of_one_product_share_a_shortage():
    # user 2 takes 30 from origin 0 and 10 from origin 1; origin 0 loses half: 3/8 is missing
    A = np.zeros((3, 3))
    A[0, 2], A[1, 2] = 0.3, 0.1
    x0, f = np.array([30.0, 10, 100]), np.array([0.0, 0, 100])
    cap = np.array([15.0, 10, 100])
    one = capped_output(A, f, x0, cap, product=[0, 0, 1])
    np.testing.assert_allclose(one.output, [15, 6.25, 62.5])
    apart = capped_output(A, f, x0, cap)
    np.testing.assert_allclose(apart.output, [15, 5, 50])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"cap": np.ones(5)}, "structure.cap_shape"),
        ({"A": np.ones((6, 5))}, "structure.cap_shape"),
        ({"cap": np.full(6, -1.0)}, "structure.cap_value"),
        ({"cap": np.full(6, np.nan)}, "structure.cap_value"),
        ({"essential": 1.1}, "structure.cap_value"),
        ({"essential": np.ones((2, 6))}, "structure.cap_shape"),
        ({"substitution": -0.1}, "structure.cap_value"),
        ({"product": [0, 1]}, "structure.cap_shape"),
    ],
)
def test_what_it_refuses(changes, key):
    table, A, f, cap = case(0)
    parts = {"A": A, "f": f, "x0": table.x, "cap": cap} | changes
    with pytest.raises(InputError) as caught:
        capped_output(**parts)
    assert caught.value.key == key
