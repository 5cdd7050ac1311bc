"""Closed forms: the knapsack by dynamic programming, the newsvendor's CVaR."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji.portfolios import Problem, Risk, choose


def knapsack(value, weight, room):
    """Best value by Bellman's recursion over whole weights."""
    best = np.zeros(room + 1)
    for v, w in zip(value, weight, strict=True):
        best[w:] = np.maximum(best[w:], best[: room + 1 - w] + v)
    return float(best[room])


def problem_of(value, weight, room, risk):
    n = len(weight)
    use = np.asarray(weight, dtype=float)[:, None, None]
    return Problem(
        value=value, segment=np.arange(n), field=np.zeros(n, dtype=np.int64), use=use, sure=use,
        limits=np.array([[float(room)]]), items=("money",), years=(2026,), max_fields=1,
        eligible=np.ones(n, dtype=bool), power=np.zeros(n), risk=risk,
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_knapsack_is_that_of_bellman(seed):
    rng = np.random.default_rng(seed)
    value, weight = rng.integers(1, 60, 18), rng.integers(1, 30, 18)
    room = int(weight.sum() // 3)
    found = choose(
        problem_of(value[:, None].astype(float), weight, room, Risk("cvar", 1.0, 0.0)), gap=1e-9
    )
    assert found.objective == pytest.approx(knapsack(value, weight, room), abs=1e-6)


def test_the_newsvendor_who_fears_the_worst_orders_less():
    # demand even on 1 … 100, price 5, cost 3: the mean is best at the 40 % quantile, CVaR of the
    # worst half at half of it (Gotoh and Takano 2007, European Journal of Operational Research 179)
    demand = np.arange(1, 101.0)
    orders = np.arange(1, 100.0)
    value = 5 * np.minimum(orders[:, None], demand[None, :]) - 3 * orders[:, None]
    n = orders.size
    for weight, want in ((0.0, 40), (1.0, 20)):
        one = problem_of(value, np.ones(n), 1, Risk("cvar", 0.5, weight))
        found = choose(one, gap=1e-9)
        assert orders[found.lines[0]] == pytest.approx(want, abs=1)
