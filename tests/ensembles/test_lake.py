"""The shallow lake beside EMA Workbench and Rhodium; the newsvendor and the knapsack by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from kachisuji.ensembles import FunctionModel, run, sobol

from .lake import critical_phosphorus, lake

GOLDEN = json.loads((Path(__file__).parent / "golden" / "lake.json").read_text(encoding="utf-8"))


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
