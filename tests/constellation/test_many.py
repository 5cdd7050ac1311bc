"""Many nodes through their own code: errors beside their bound, attacks, exact without noise."""

import numpy as np
import pytest

from kachisuji.constellation import ask
from kachisuji.constellation.local import Local
from kachisuji.constellation.noise import bound, likely_success, scales
from kachisuji.constellation.policy import Policy
from kachisuji.constellation.still import Still
from kachisuji.words import InputError
from tests.constellation.conftest import load, purchases

pytestmark = pytest.mark.slow

MANY, ROWS, TIMES = 30, 40, 25
SUPPLIERS = tuple(f"S{k:03d}" for k in range(ROWS))  # each firm buys from each, once
COUNT = {"kind": "count", "table": "purchases", "smallest": 0}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Thirty nodes' folders and the committee's; nothing runs."""
    policy = Policy(minimum_nodes=5, epsilon_most=5, sums_only=True, ask_me=False,
                    budget={"ministry": 60.0, "other": 0.5})  # fmt: skip
    names = [f"firm-{k:03d}" for k in range(MANY)]
    local = Local(tmp_path_factory.mktemp("many") / "all", names, policy, ("ministry", "other"))
    for k, name in enumerate(names):
        load(local.folder / name, purchases(k, ROWS), "purchases")
    yield Still(local)
    local.stop()


def test_without_noise_it_is_exact_and_with_noise_within_its_bound(many):
    question = ask(**COUNT, groups={"supplier": SUPPLIERS}, epsilon=1.0)
    exact = many.ask(question, quiet=True)
    assert exact.nodes == MANY
    np.testing.assert_array_equal(exact.values, MANY)
    before = many.nodes[0].log.spent("ministry")
    errors = np.array([many.ask(question).values - MANY for _ in range(TIMES)])
    (scale,) = scales(question)
    assert np.abs(errors).max() / scale <= bound(1 - 1e-8, errors.size) + 0.5
    one = np.exp(-1 / scale)  # the variance of a discrete Laplace is 2·one/(1 − one)²
    assert errors.std() == pytest.approx(np.sqrt(6 * one) / (1 - one), rel=0.2)
    assert many.nodes[0].log.spent("ministry") - before == pytest.approx(1.0 * TIMES)


def test_reconstruction_and_differencing_through_the_nodes_stay_within_their_bound(many):
    """The attacker knows all other rows, and asks until nothing is left of its budget."""
    victim = many.nodes[0]
    epsilon, times, rows = 0.5, 5, 100
    suppliers = tuple(f"S{k:03d}" for k in range(rows))
    question = ask(**COUNT, groups={"supplier": suppliers}, epsilon=epsilon / times)
    rng = np.random.default_rng(3)
    secret = rng.integers(0, 2, rows).astype(bool)
    load(victim.folder, purchases(0, rows)[secret], "purchases")
    known = (MANY - 1) * (np.arange(rows) < ROWS)  # the others' rows
    mean = np.mean([many.ask(question, "other").values for _ in range(times)], axis=0)
    limit = likely_success(epsilon)
    right = ((mean - known > 0.5) == secret).mean()
    assert right <= limit + 3.5 * np.sqrt(limit * (1 - limit) / rows)
    with pytest.raises(InputError):  # the budget is spent at every node
        many.ask(question, "other")
    exact = many.ask(question.model_copy(update={"epsilon": 1.0}), quiet=True).values
    assert ((exact - known > 0.5) == secret).all()  # the noise alone stood between
    load(victim.folder, purchases(0, ROWS), "purchases")


def test_two_answers_that_differ_by_a_node_tell_its_totals_where_rows_are_protected(many):
    """What the trust page says of whole organisations: rows are hidden, the firm's total is not.

    The coordinator leaves a node out, or a node is away when the question comes again.
    """
    question = ask(**COUNT, epsilon=1.0)
    whole = many.ask(question).values
    gone = many.nodes.pop(0)
    try:
        without = many.ask(question).values
    finally:
        many.nodes.insert(0, gone)
    (scale,) = scales(question)
    (seen,) = whole - without
    assert abs(seen - ROWS) <= 2 * (bound(1 - 1e-8) * scale + 0.5)
    protected = ask(**COUNT, epsilon=1.0, unit="node", rows_most=ROWS)
    (wide,) = scales(protected)
    assert wide == pytest.approx(ROWS * scale)  # as wide as all that the node could hold
    for lang, told in (("en", "with you and one without"), ("ja", "加わらない答え")):
        assert told in question.explain(lang)
        assert told not in protected.explain(lang)
