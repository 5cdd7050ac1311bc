"""Answers of a running constellation against the truth, exact without noise, bounded with it."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.constellation import ask
from kachisuji.constellation.answers import answer as made
from kachisuji.constellation.node import Node
from kachisuji.constellation.noise import bound, deviations, scales
from kachisuji.constellation.questions import parts
from kachisuji.words import InputError
from tests.constellation.conftest import NAMES, ORIGINS, PRODUCTS, production, purchases

GROUPS = {"product": PRODUCTS, "origin": ORIGINS}
EVERY = pd.concat([purchases(s) for s in range(len(NAMES))])


@pytest.fixture(scope="module")
def asker(running):
    found = running.asker()
    yield found
    found.close()


def truth(column=None):
    grouped = EVERY.groupby(["product", "origin"])
    return (grouped.size() if column is None else grouped[column].sum()).reindex(
        pd.MultiIndex.from_product(GROUPS.values()), fill_value=0
    )


def test_without_noise_sums_and_counts_are_exact(asker):
    exact = {"protection": "sums", "epsilon": 1.0, "groups": GROUPS, "smallest": 0}
    counted = asker.ask(ask(kind="count", table="purchases", **exact))
    assert counted.nodes == len(NAMES)
    np.testing.assert_array_equal(counted.table["estimate"], truth())
    summed = asker.ask(
        ask(kind="sum", table="purchases", value="value_million_yen", high=100.0, **exact)
    )
    want = truth("value_million_yen")
    steps = 100.0 / 2**20 * truth()  # each row is rounded to whole steps
    assert (np.abs(summed.table["estimate"].to_numpy() - want) <= steps).all()


def test_noise_keeps_its_bound(asker):
    question = ask(kind="sum", table="purchases", value="value_million_yen", high=100.0,
                   epsilon=2.0, groups=GROUPS, smallest=0)  # fmt: skip
    found = asker.ask(question).table["estimate"].to_numpy()
    there = ~np.isnan(found)  # where the noise leaves fewer rows than none, nothing is told
    error = np.abs(found - truth("value_million_yen"))[there]
    scale = scales(question)[1] * 100.0 / 2**20  # 71 million yen: all within a tenth is no noise
    assert (error <= bound(1 - 1e-8, 6) * scale + 0.1).all()
    assert error.max() > 0.1


def test_shares_hhi_and_stock_are_those_of_all_firms_together(asker):
    exact = ask(kind="shares", high=100.0, epsilon=1.0, groups=GROUPS, protection="sums",
                smallest=0)  # fmt: skip
    table = asker.ask(exact).table
    values = truth("value_million_yen").to_numpy().reshape(2, 3)
    share = values / values.sum(axis=1, keepdims=True)
    got = table["estimate"].to_numpy().reshape(2, 3)
    assert np.abs(got - share).max() < 1e-4
    assert abs(table["hhi"].iloc[0] - (share[0] ** 2).sum()) < 1e-4
    weighted = EVERY[EVERY["product"] == "MAGNET"]
    days = np.average(weighted["stock_days"], weights=weighted["value_million_yen"])
    assert abs(table["stock_days"].iloc[0] - days) < 0.01


def test_the_learning_curve_is_that_within_nodes(asker):
    question = ask(kind="learning", epsilon=1.0, protection="sums", x_low=5.0, x_high=10.0,
                   low=5.0, high=8.0)  # fmt: skip
    table = asker.ask(question).table.set_index("parameter")
    top = below = 0.0
    for seed in range(len(NAMES)):
        frame = production(seed)
        x, y = np.log(frame["cumulative"]), np.log(frame["unit_cost_yen"])
        top += ((x - x.mean()) * (y - y.mean())).sum()
        below += ((x - x.mean()) ** 2).sum()
    assert table.loc["b", "estimate"] == pytest.approx(-top / below, abs=1e-4)
    assert table.loc["learning_rate", "low"] < 1 - 2**-0.3 < table.loc["learning_rate", "high"]


@pytest.mark.parametrize("kind", ["mean", "quantiles", "histogram", "linear", "logistic"])
def test_the_other_kinds_agree_with_pandas(asker, kind):
    every = pd.concat([production(s) for s in range(len(NAMES))])
    given = {"table": "production", "value": "yield_share", "low": 0.8, "high": 1.0}
    if kind in ("linear", "logistic"):
        given |= {"x": "output", "x_low": 50.0, "x_high": 150.0}
    answer = asker.ask(ask(kind=kind, epsilon=1.0, protection="sums", bins=40, **given))
    table, y = answer.table, every["yield_share"]
    if kind == "mean":
        assert table["estimate"].iloc[0] == pytest.approx(y.mean(), abs=1e-6)
    elif kind == "quantiles":
        want = y.quantile(table["quantile"].to_numpy())
        np.testing.assert_allclose(table["estimate"], want, atol=0.2 / 40 + 1e-9)
    elif kind == "histogram":
        want, _ = np.histogram(y, bins=40, range=(0.8, 1.0))
        assert table["estimate"].sum() == len(y)
        assert np.abs(table["estimate"].to_numpy() - want).sum() <= 4  # at the edges
    elif kind == "linear":
        slope, intercept = np.polyfit(every["output"], y, 1)
        found = table.set_index("parameter")["estimate"]
        assert found["slope"] == pytest.approx(slope, abs=1e-6)
        assert found["intercept"] == pytest.approx(intercept, abs=1e-4)
    else:
        from sklearn.linear_model import LogisticRegression

        high = (y >= 0.9).astype(int)
        fit = LogisticRegression(C=1e6).fit(every[["output"]], high)
        found = table.set_index("parameter")["estimate"]
        assert found["slope"] == pytest.approx(fit.coef_[0, 0], abs=0.002)


def test_small_cells_are_left_out(asker):
    rare = {"supplier": ("S001", "S002", "NOBODY")}
    answer = asker.ask(
        ask(kind="sum", table="purchases", value="value_million_yen", high=100.0, groups=rare,
            epsilon=20.0, smallest=30)
    )  # fmt: skip
    assert answer.table["estimate"].isna().all()


def test_too_few_nodes_open_nothing(asker):
    with pytest.raises(InputError) as wrong:
        asker.ask(ask(kind="count", table="purchases", epsilon=1.0, minimum_nodes=6))
    assert "fewer than 6" in wrong.value.in_lang("en")


def test_a_question_of_today_is_paid_for_once(asker, running):
    question = ask(kind="count", table="purchases", epsilon=0.37)
    first, again = (asker.ask(question, today=True) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    log = Node(running.folder / NAMES[0]).log
    assert sum(e.event == "debit" and e.values["epsilon"] == 0.37 for e in log.entries()) == 1
    nothing = question.model_copy(update={"minimum_nodes": 6})
    for _ in range(2):  # what came to nothing is asked anew: of five nodes, six are never asked
        with pytest.raises(InputError, match="fewer than 6"):
            asker.ask(nothing, today=True)
    assert sum(e.event == "debit" and e.values["epsilon"] == 0.37 for e in log.entries()) == 1


def test_the_same_id_is_the_same_question(asker):
    question = ask(kind="count", table="purchases", epsilon=0.5)
    ident = asker.put(question)
    first = asker.wait(ident, question)
    assert asker.put(question, ident) == ident
    again = asker.wait(ident, question)
    np.testing.assert_array_equal(first.values, again.values)
    with pytest.raises(InputError):
        asker.put(ask(kind="count", table="purchases", epsilon=0.6), ident)


@pytest.mark.parametrize("kind", ["shares", "count", "mean"])
def test_a_range_is_cut_to_what_can_be_and_still_holds_the_truth(kind):
    """A product with one seller: its share is at the edge, where a range would go beyond."""
    given = {"value": "stock_days", "low": 5.0, "high": 30.0} if kind == "mean" else {}
    table = {} if kind == "shares" else {"table": "purchases"}
    groups = {"product": ("MAGNET",), "origin": ORIGINS}
    question = ask(kind=kind, epsilon=0.5, groups=groups, smallest=0, **table, **given)
    only = np.zeros(len(ORIGINS))
    only[0] = 400.0
    truth = {"shares": only / 400.0, "count": only, "mean": np.array([5.0, np.nan, np.nan])}[kind]
    inside = {"shares": (0.0, 1.0), "count": (0.0, np.inf), "mean": (5.0, 30.0)}[kind]
    steps = np.concatenate([np.full(p.size, p.step) for p in parts(question)])
    scale = deviations(question) / np.sqrt(6.0)  # of one member of three
    sums = -12.5 * only if kind == "mean" else only  # a mean's count from the middle of its bounds
    whole = {"count": only, "value": only, "sum": sums}
    exact = np.concatenate([whole.get(p.name, np.zeros(p.size)) for p in parts(question)])
    rng, held, raw = np.random.default_rng(4), [], []
    for _ in range(120):
        noise = rng.laplace(0.0, scale, (3, steps.size)).sum(axis=0)
        said = {"kept": [True] * 5, "values": list(np.round((exact + noise) / steps))}
        found = made("q", question, said).table
        assert (found["low"] >= inside[0]).all()
        assert (found["high"] <= inside[1]).all()
        assert (found["low"] <= found["high"]).all()
        there = np.isfinite(truth)
        held.append(((found["low"] <= truth) & (truth <= found["high"]))[there].mean())
        raw.append(found["value" if kind == "shares" else "estimate"].to_numpy())
    assert np.mean(held) > 0.93
    if kind != "mean":  # what is calculated with has no bias: small cells are as often below zero
        error = np.abs(np.mean(raw, axis=0) - only) / (np.std(raw, axis=0) / np.sqrt(120))
        assert error.max() < 4.0
        assert np.min(raw) < 0.0
