"""The shallow lake beside EMA Workbench and Rhodium; the newsvendor and the knapsack by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from kachisuji.ensembles import FunctionModel, run, sobol
from kachisuji.portfolios import Problem, exact_front

from .lake import YEARS, YearlyLake, critical_phosphorus, lake


def golden(name):
    return json.loads((Path(__file__).parent / "golden" / name).read_text(encoding="utf-8"))


GOLDEN, YEARLY = golden("lake.json"), golden("lake_yearly.json")


def test_the_critical_phosphorus():
    assert critical_phosphorus(0.42, 2.0) == pytest.approx(0.5445, abs=5e-5)


def test_the_lake_is_that_of_ema_workbench_and_rhodium(tmp_path):
    lines = [{"release": r, "cut": c} for r, c in GOLDEN["levers"]]
    uncertain = {name: tuple(spread) for name, spread in GOLDEN["uncertain"].items()}
    model = FunctionModel(lake, uncertain, lines)
    table = run(model, np.array(GOLDEN["draws"]), range(len(lines)), folder=tmp_path, workers=2)
    assert set(table.measures) == {"max_p", "utility", "inertia", "reliability"}
    for name, want in GOLDEN["outcomes"].items():
        np.testing.assert_allclose(table.measure(name), want, rtol=1e-12, atol=1e-12)
    # the four objectives are at odds: what is released is gained and what is kept clear is lost
    assert (np.diff(table.measure("utility").mean(axis=1))[:2] > 0).all()
    assert table.measure("reliability")[0].min() >= table.measure("reliability")[1].min()


def test_a_hundred_yearly_decisions_give_the_objectives_of_ema_workbench(tmp_path):
    model = YearlyLake(YEARLY["policies"], YEARLY["uncertain"], YEARLY["seed"])
    assert model.policies.shape == (7, YEARS)
    draws, lines = np.array(YEARLY["draws"]), range(len(model.policies))
    table = run(model, draws, lines, folder=tmp_path, workers=2)
    for name, want in YEARLY["outcomes"].items():
        np.testing.assert_allclose(table.measure(name.lower()), want, rtol=1e-12, atol=1e-12)


def test_the_front_of_lake_policies_is_that_of_comparing_each_with_each(tmp_path):
    """Policies are lines of one segment: releases that change in four steps, a menu of 54."""
    steps = np.array(
        np.meshgrid([0.0, 0.02, 0.05], [0.0, 0.03], [0.0, 0.02, 0.05], [0.0, 0.02, 0.1])
    )
    menu = steps.reshape(4, -1).T
    model = YearlyLake(np.repeat(menu, YEARS // 4, axis=1), YEARLY["uncertain"], YEARLY["seed"])
    table = run(model, np.array(YEARLY["draws"])[:3], range(len(menu)), folder=tmp_path)
    sign = {"max_p": -1, "utility": 1, "inertia": -1, "reliability": 1}
    goals = np.array([s * table.measure(n).mean(axis=1) for n, s in sign.items()])
    ahead = (goals[:, None, :] >= goals[:, :, None]).all(axis=0)
    better = ahead & (goals[:, None, :] > goals[:, :, None]).any(axis=0)
    best = {tuple(np.round(goals[:, i], 9)) for i in np.flatnonzero(~better.any(axis=1))}
    n = len(menu)
    problem = Problem(
        value=goals[1][:, None], segment=np.zeros(n, dtype=np.int64),
        field=np.zeros(n, dtype=np.int64), use=np.zeros((n, 1, 1)), sure=np.zeros((n, 1, 1)),
        limits=np.ones((1, 1)), items=("money",), years=(0,), max_fields=1,
        eligible=np.ones(n, dtype=np.bool_), power=np.zeros(n),
    )  # fmt: skip
    # a portfolio may be empty: no policy at all, which every reliability would tell as nothing
    shifted = goals - goals.min(axis=1, keepdims=True) + 1.0
    found = exact_front(problem, shifted, 60.0)
    assert {tuple(np.round(goals[:, p.lines[0]], 9)) for p in found} == best
    assert 5 < len(best) < n


def test_the_newsvendor_orders_the_critical_quantile(tmp_path):
    price, cost = 5.0, 3.0
    orders = [{"papers": float(n)} for n in range(101)]

    def profit(papers, demand):
        return {"profit": price * min(papers, demand) - cost * papers}

    model = FunctionModel(profit, {"demand": (0.0, 100.0)}, orders)
    table = run(model, sobol(1024, 1, 0), range(101), folder=tmp_path)
    # F(papers) = (price − cost)/price, demand even on 0 … 100 (Arrow, Harris and Marschak 1951)
    best = int(table.measure("profit").mean(axis=1).argmax())
    assert best == pytest.approx(100 * (price - cost) / price, abs=1)
