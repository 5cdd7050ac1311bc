"""The joint model: rounds equal the fit in one place, and joining helps who has little."""

import numpy as np
import pytest

from kachisuji.constellation import ask
from kachisuji.constellation.contributions import contribution, logs, trained
from kachisuji.constellation.evidence import ODDS
from kachisuji.constellation.joint import (
    START,
    Shared,
    alone,
    held_out_error,
    moments,
    refine,
    rounds,
    together,
    train_rows,
)
from kachisuji.constellation.noise import deviations, draw, privacy_loss
from kachisuji.constellation.policy import Policy
from kachisuji.constellation.questions import FINE, parts
from kachisuji.constellation.synthetic import firms, import_shares

WIDE = {"x_low": 5.0, "x_high": 9.5, "low": 6.5, "high": 10.0}


def question(**changed):
    given = {"kind": "pooling", "unit": "node", "epsilon": 1.0, "protection": "sums"}
    return ask(**(given | WIDE | {"groups": {"process": ("WELD",)}} | changed))


@pytest.fixture(scope="module")
def tables():
    shares = {"CHN": 0.6, "JPN": 0.4}
    made = firms(12, {"M": shares}, {"WELD": 0.3}, {"N": {"c12": 0.6, "value_added": 0.4}}, seed=2)
    return [t["production"] for t in made]


def test_joining_helps_on_months_that_nobody_was_shown(tables):
    curves = [trained(question(), t) for t in tables]
    shared = together(curves, 40)
    single, pooled = [], []
    for table, (u, y) in zip(tables, curves, strict=True):
        late = table.sort_values("period").iloc[train_rows(len(table)) :]
        mean, _ = refine(shared, u, y)
        single.append(held_out_error(alone(u, y), *logs(question(), late)))
        pooled.append(held_out_error(mean, *logs(question(), late)))
    assert np.mean(pooled) < np.mean(single)
    slope = -shared.mu[1] * (WIDE["high"] - WIDE["low"]) / (WIDE["x_high"] - WIDE["x_low"])
    assert slope == pytest.approx(0.3, abs=0.06)


def test_the_secure_sum_is_the_sum_in_one_place(tables):
    def asked(shared):
        prior = question(prior=shared.as_prior())
        return np.sum([contribution(prior, t) for t in tables], axis=0) / FINE

    there = rounds(asked, 15)[-1]
    here = together([trained(question(), t) for t in tables], 15)
    np.testing.assert_allclose(there.mu, here.mu, atol=1e-4)
    np.testing.assert_allclose(there.sigma, here.sigma, atol=1e-4)


def test_a_node_sends_numbers_within_one_whatever_it_holds():
    rng = np.random.default_rng(0)
    for _ in range(50):
        n = int(rng.integers(0, 6))
        sent = moments(Shared(rng.normal(0, 5, 2), np.eye(2), 0.01), *rng.normal(0, 9, (2, n)))
        assert np.abs(sent).max(initial=0.0) <= 1


def test_far_more_spread_curves_pool_less():
    u = np.linspace(-1, 0, 8)
    close = [(u, 0.1 - 0.4 * u), (u, 0.1 - 0.42 * u), (u, 0.1 - 0.38 * u)]
    apart = [(u, -0.4 * u), (u, 0.9 * u), (u, 0.2 * u)]
    assert together(apart, 30).sigma[1, 1] > 10 * together(close, 30).sigma[1, 1]


YIELDS = ODDS | {"value": "yield_share"}


@pytest.mark.parametrize("protection", ["sums", "noise"])
def test_a_yield_model_gains_over_each_node_alone_also_under_noise(protection):
    """One noisy round at ε = 2 of fifty nodes; the gain over a vague prior alone is shown too."""
    made = firms(50, {"M": {"JPN": 1.0}}, {"WELD": 0.3}, {"N": {"c12": 1.0}}, seed=4)
    tables = [t["production"] for t in made]
    given = YIELDS | {"protection": protection, "epsilon": 2.0}
    deviation = float(deviations(question(**given))[0])
    assert (deviation > 0) == (protection == "noise")

    def asked(shared):
        one = question(prior=shared.as_prior(), **given)
        total = np.sum([contribution(one, t) for t in tables], axis=0)
        return (total + sum(draw(one) for _ in range(3))) / FINE

    many, times = (1, 5) if deviation else (20, 1)  # the mean of five is beyond luck
    errors = []
    for _ in range(times):
        shared = rounds(asked, many, len(tables), deviation)[-1]
        for table in tables:
            u, y = trained(question(**given), table)
            late = table.sort_values("period").iloc[train_rows(len(table)) :]
            test = logs(question(**given), late)
            curves = (refine(shared, u, y)[0], alone(u, y), refine(START, u, y)[0])
            errors.append([held_out_error(c, *test) for c in curves])
    joined, single, vague = np.mean(errors, axis=0)
    assert joined < single
    assert joined < vague


def test_a_round_with_noise_keeps_its_declared_norm(tables):
    noisy = question(protection="noise")
    (part,) = parts(noisy)
    for table in tables:
        assert np.abs(contribution(noisy, table)).sum() <= part.sensitivity
    assert privacy_loss(noisy) <= 1.0 + 1e-9


def test_owners_allow_rounds_without_noise_in_so_many_words():
    exact = question()
    assert Policy(budget={"m": 1.0}).refusal(exact, "m") == "refused_sums"
    joint_only = Policy(budget={"m": 1.0}, joint_sums=True)
    assert joint_only.refusal(exact, "m") is None
    counted = ask(kind="count", table="purchases", epsilon=1.0, protection="sums")
    assert joint_only.refusal(counted, "m") == "refused_sums"


def test_import_shares_come_from_the_world_table():
    from kachisuji.accounts import reference

    economy = reference()
    origins = {r: (r,) for r in economy.regions}
    shares = import_shares(economy, "JPN", "c14", origins)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["JPN"] == max(shares.values())
    foreign = {k: v for k, v in shares.items() if k != "JPN"}
    assert max(foreign, key=foreign.get) == "CHN"
