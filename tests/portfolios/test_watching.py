"""Updates against Bayes in closed form, the sealed history, options against a published table."""

import numpy as np
import pytest

from kachisuji.ensembles import generator
from kachisuji.portfolios import (
    History,
    Observation,
    Trigger,
    act_or_wait,
    routes,
    sell_by,
    watch,
)
from kachisuji.words import InputError, RunError


def step(value=1.0, error=0.5, **more):
    rng = np.random.default_rng(0)
    level = rng.normal(size=100_000)
    values = np.stack([level, -level - 0.5])
    return level, watch(
        {"sales": level}, [Observation("sales", value, error, -10, 10)],
        (level > 0).astype(float), values, **more,
    )  # fmt: skip


def test_the_update_is_that_of_a_normal_prior_and_a_normal_error():
    """Posterior of N(0, 1) after seeing 1 with error ½: N(0.8, 0.2) (Bayes)."""
    level, found = step()
    assert found.weights @ level == pytest.approx(0.8, abs=0.01)
    assert found.weights @ (level - 0.8) ** 2 == pytest.approx(0.2, abs=0.01)
    assert found.odds_before == pytest.approx(0.5, abs=0.005)
    assert found.odds_after == pytest.approx(0.963, abs=0.005)  # Φ(0.8/√0.2)
    assert found.advice == 0
    assert found.surprise["sales"] < 0.01


def test_two_steps_are_one_step_with_both_observations():
    level, first = step()
    _, second = step(0.2, 1.0, before=first.weights)
    both = watch(
        {"sales": level}, [Observation("sales", 1.0, 0.5), Observation("sales", 0.2, 1.0)],
        (level > 0).astype(float), np.stack([level]),
    )  # fmt: skip
    np.testing.assert_allclose(second.weights, both.weights, rtol=1e-9)


def test_bad_news_fires_the_trigger_and_moves_the_advice():
    fall = Trigger("sales fall", "sales", "below", 0.0, 1)
    rise = Trigger("sales rise", "sales", "above", 0.0, 1)
    _, found = step(-2.0, 0.5, triggers=[fall, rise], transfer=np.array([0.0, 0.3]))
    assert found.fired == ("sales fall",)
    assert found.advice == 1
    assert found.value_after[1] == pytest.approx(1.6 - 0.5 - 0.3, abs=0.02)
    _, dear = step(-2.0, 0.5, transfer=np.array([0.0, 9.0]))
    assert dear.advice == 0


@pytest.mark.parametrize(
    ("seen", "key"),
    [
        (Observation("sails", 1.0, 0.5), "unknown_observable"),
        (Observation("sales", 1e9, 0.5, -10, 10), "out_of_range"),
        (Observation("sales", np.nan, 0.5), "out_of_range"),
        (Observation("sales", 1.0, 0.0), "bad_error"),
    ],
)
def test_what_cannot_have_been_observed_is_said(seen, key):
    with pytest.raises(InputError) as caught:
        watch({"sales": np.zeros(3)}, [seen], np.ones(3), np.ones((1, 3)))
    assert caught.value.key == f"portfolios.{key}"


def test_a_far_observation_is_a_surprise_and_not_a_crash():
    _, found = step(9.0, 0.01)
    assert found.surprise["sales"] > 100
    assert found.worth < 3
    assert np.isfinite(found.weights).all()


def test_the_history_can_be_read_back_and_not_be_changed(tmp_path):
    file = tmp_path / "watch.jsonl"
    history = History.open(file)
    for when, value in (("2027-01-01", 1.0), ("2028-01-01", 0.5)):
        seen = [Observation("sales", value, 0.5)]
        history.record(when, seen, step(value)[1])
    again = History.open(file)
    assert [s["when"] for s in again.steps] == ["2027-01-01", "2028-01-01"]
    assert again.steps == history.steps
    assert [p.name for p in tmp_path.iterdir()] == ["watch.jsonl"]
    text = file.read_text()
    for damaged in (text.replace('"2027-01-01"', '"2026-01-01"'), text[:-20],
                    "\n".join(text.splitlines()[1:])):  # fmt: skip
        file.write_text(damaged)
        with pytest.raises(RunError) as caught:
            History.open(file)
        assert caught.value.key == "portfolios.broken_history"


@pytest.mark.parametrize(
    ("spot", "sigma", "years", "table"),
    [(36, 0.2, 1, 4.478), (36, 0.4, 1, 7.101), (40, 0.2, 1, 2.314), (44, 0.4, 2, 5.656)],
)
def test_the_american_put_of_longstaff_and_schwartz(spot, sigma, years, table):
    """Their table 1, finite differences: strike 40, rate 6 %, 50 dates a year."""
    rng = generator(0, "events")
    dates, paths = 50 * years, 8_000
    z = rng.normal(size=(paths // 2, dates))
    z = np.concatenate([z, -z])
    dt = 1 / 50
    growth = np.cumsum((0.06 - sigma**2 / 2) * dt + sigma * np.sqrt(dt) * z, axis=1)
    price = spot * np.exp(np.concatenate([np.zeros((paths, 1)), growth], axis=1))
    payoff = 40 - price
    payoff[:, 0] = 0.0  # the table's first date is one step ahead
    found = act_or_wait(payoff, price, np.exp(-0.06 * dt * np.arange(dates + 1)))
    assert found.value == pytest.approx(table, abs=0.02 + 3 * found.error)
    assert found.share.sum() <= 1.0


def test_waiting_is_worth_nothing_where_nothing_is_learnt():
    payoff = np.tile([2.0, 2.0, 2.0], (500, 1))
    found = act_or_wait(payoff, np.ones((500, 3)), np.array([1.0, 0.9, 0.8]))
    assert found.value == pytest.approx(2.0)
    assert found.waiting == pytest.approx(0.0)
    assert found.share[0] == 1.0


def test_waiting_for_news_by_hand():
    """Act at once: ½·3 − ½·1 = 1. Wait a year, act only on good news: 0.9·½·3 = 1.35."""
    good = np.arange(1000) % 2 == 0
    later = np.where(good, 3.0, -1.0)
    payoff = np.column_stack([np.ones(1000), later])
    state = np.column_stack([np.zeros(1000), later])
    found = act_or_wait(payoff, state, np.array([1.0, 0.9]))
    assert found.value == pytest.approx(1.35)
    assert found.waiting == pytest.approx(0.35)


def test_what_a_plan_will_be_worth_is_not_known_when_it_is_begun():
    """Worth is pure luck: knowing nothing of it, waiting is worth nothing; knowing it, 0.4 sd."""
    rng = np.random.default_rng(0)
    worth = np.repeat(rng.normal(size=(20_000, 1)), 3, axis=1)
    noise = rng.normal(size=(20_000, 3))
    blind = act_or_wait(worth, noise, np.ones(3), known=False)
    assert abs(blind.value) < 0.02
    told = act_or_wait(worth, noise, np.ones(3))
    assert told.value == pytest.approx(1 / np.sqrt(2 * np.pi), abs=0.02)
    news = act_or_wait(
        worth, np.stack([np.zeros(20_000), *worth.T[1:]], 1), np.ones(3), known=False
    )
    assert news.value == pytest.approx(1 / np.sqrt(2 * np.pi), abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_a_few_futures_makes_no_waiting_worth_while(seed):
    rng = np.random.default_rng(seed)
    few = [rng.normal(1.0, 1.0, (64, 4)) - 0.5 * np.arange(4) for _ in range(40)]
    found = [act_or_wait(p, rng.normal(size=(64, 4, 2)), np.ones(4), known=False) for p in few]
    assert np.mean([f.waiting for f in found]) < 0.02


def test_a_portfolio_is_sold_by_the_year_it_fails_too_often():
    met = np.ones((3, 10, 4), dtype=bool)
    met[0, :2, 1:] = False  # a fifth fails from the second year
    met[0, :5, 3] = False
    met[1, 0, 0] = False
    assert sell_by(met, 0.2).tolist() == [3, 4, 4]
    assert sell_by(met, 0.1).tolist() == [1, 4, 4]
    assert sell_by(met, 0.0).tolist() == [1, 0, 4]


def test_routes_run_through_the_horizon_cheapest_first():
    ends, lead = np.array([3, 6, 10]), np.array([0, 0, 4])
    transfer = np.array([[0, 1, 9], [9, 0, 2], [9, 9, 0.0]])
    found = routes(ends, transfer, lead, 10, cost=np.array([1.0, 2.0, 8.0]))
    told = [(r.portfolios, r.years, r.cost) for r in found]
    # from 0 straight to 2 is too late: 2 takes four years to prepare
    assert told == [((2,), (0,), 8.0), ((1, 2), (0, 6), 12.0), ((0, 1, 2), (0, 3, 6), 14.0)]
    assert {r.until for r in found} == {10}
