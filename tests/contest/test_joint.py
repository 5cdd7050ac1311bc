"""Lines played together: nothing shared gives the sum; each thing shared differs as it should."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from worlds import make_lines, make_world, outcomes

from kachisuji.contest import symbols as sym
from kachisuji.contest.joint import play_together
from kachisuji.contest.kernel import play_baseline

THREE = [[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]]
CALM = {sym.WAGE_RESPONSE: 0.0, sym.EXCHANGE_RESPONSE: 0.0, sym.PARTNER_CROWDING: 0.0}


def twins(**kw):
    """Two identical segments."""
    one = make_world(THREE, **kw)
    twice = {}
    for name in ("symbols", "season", "size", "share0", "rivals", "luck", "unborn", "pair"):
        twice[name] = np.concatenate([getattr(one, name)] * 2)
    for name in ("late", "closed", "tax", "shared", "forward"):
        twice[name] = np.concatenate([getattr(one, name)] * 2)
    for name in ("base_sales", "base_index", "base_power", "base_profit"):
        twice[name] = np.concatenate([getattr(one, name)] * 2)
    for name in ("recipe_value", "digital", "product"):
        twice[name] = np.concatenate([getattr(one, name)] * 2)
    return one._replace(**twice, link=np.zeros((2, 2)), spill_start=np.zeros(3, dtype=np.int64))


def lines_of_both(**kw):
    return make_lines(n=2, **kw)._replace(segment=np.array([0, 1]))


def together(world, lines):
    a, f, _, t1 = world.size.shape
    for arena in range(a):
        play_baseline(world, arena)
    n = lines.segment.size
    scalars = np.zeros((n, f, len(sym.SCALARS)))
    paths = np.zeros((n, f, t1 - 1, len(sym.PATHS)), dtype=np.float32)
    play_together(world, lines, scalars, paths)
    return {k: scalars[:, :, i] for i, k in enumerate(sym.SCALARS)}


def test_identical_segments_tie():
    """Neutral in, neutral out: the same figures and draws give the same outcomes."""
    world = twins(reaction=0.2)
    alone, _ = outcomes(world, lines_of_both())
    joint = together(world, lines_of_both())
    for found in (alone, joint):
        for k, v in found.items():
            np.testing.assert_array_equal(v[0], v[1], err_msg=k)


@pytest.mark.parametrize("partner", [-1, 1])
def test_sharing_nothing_is_the_sum(partner):
    kw = {"cross": CALM, "effect": {sym.LEVER_POOLING: 1.0}, "boost": (0.2, 0.1), "reaction": 0.2}
    world = twins(**kw)
    alone, _ = outcomes(world, lines_of_both(partner=partner))
    joint = together(world, lines_of_both(partner=partner))
    for k in alone:
        np.testing.assert_allclose(joint[k], alone[k], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "shared",
    [{sym.WAGE_RESPONSE: 1.0}, {sym.EXCHANGE_RESPONSE: 1.0, sym.EXPORTS_BASE: 1000.0}],
    ids=["labour", "currency"],
)
def test_what_is_shared_costs(shared):
    world = twins(cross={**CALM, **shared})
    world = world._replace(pool=np.full_like(world.pool, 2000.0))
    alone, _ = outcomes(world, lines_of_both())
    joint = together(world, lines_of_both())
    assert (joint["sales_last"] < alone["sales_last"]).all()


def test_workers_gain_what_dearer_labour_costs():
    """The wage rise alone, by hand: response × use over pool × cost share × sales, discounted."""
    from kachisuji.contest.joint import wage_rise

    world = twins(cross={**CALM, sym.WAGE_RESPONSE: 1.0})
    share = sum(
        world.symbols[0, 0, sym.LABOUR_RESEARCHER + k] * world.cross[0, sym.WAGE_RESEARCHER + k]
        for k in range(4)
    )
    assert wage_rise(world, lines_of_both(), 0, 0, np.full(5, 0.3)) == pytest.approx(0.3 * share)
    tight = world._replace(pool=np.full_like(world.pool, 2000.0))
    loose = world._replace(pool=np.full_like(world.pool, 1e12))
    a, b = together(tight, lines_of_both()), together(loose, lines_of_both())
    lost = b["value_added"] + b["user_surplus"] - a["value_added"] - a["user_surplus"]
    assert (lost > 0).all()
    # most of what users and suppliers lose stays at home with the workers
    assert (b["welfare"] - a["welfare"] < 0.8 * lost).all()


def test_a_shared_partner_helps_each_less():
    kw = {"effect": {sym.LEVER_POOLING: 1.0}, "boost": (0.3, 0.3)}
    free = together(twins(cross=CALM, **kw), lines_of_both(partner=1))
    crowd = together(
        twins(cross={**CALM, sym.PARTNER_CROWDING: 0.5}, **kw), lines_of_both(partner=1)
    )
    assert (crowd["sales_last"] < free["sales_last"]).all()


def test_a_supplier_that_gets_cheaper_helps_its_buyer():
    world = twins(cross=CALM)
    linked = world._replace(link=np.array([[0.0, 0.0], [0.2, 0.0]]))
    apart, joined = together(world, lines_of_both()), together(linked, lines_of_both())
    assert joined["sales_last"][1, 0] > apart["sales_last"][1, 0]
    assert joined["sales_last"][0, 0] == apart["sales_last"][0, 0]
