"""What a barrier costs users, and what of it comes back as a duty."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from worlds import make_lines, make_world, outcomes

from kachisuji.contest import symbols as sym

THREE = [[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]]
QUIET = {sym.LEARNING_RATE: 0.0, sym.IOTA: 0.0, sym.NU: 0.0, sym.CRAFT: 0.0}


def barred(**levers):
    """Outcomes of a line that only raises a barrier: firms' own spending, no public money."""
    effect = {getattr(sym, f"LEVER_{k.upper()}"): v for k, v in levers.items() if k != "kept"}
    world = make_world(
        THREE, effect=effect, money_share=0.0, symbols={sym.USER_GAIN: levers.get("kept", 0.3)}
    )
    scalars, paths = outcomes(world, make_lines())
    return {k: v[0, 0] for k, v in scalars.items()}, paths["sales"][0, 0].astype(float)


def test_users_bear_a_barrier_whole_whatever_they_keep_of_a_fall():
    """One region makes all abroad, none learns: the index by hand."""
    lost = []
    for kept in (0.0, 0.5, 1.0):
        world = make_world(
            [[0.4], [0.6]], effect={sym.LEVER_BARRIER: 0.25}, money_share=0.0,
            symbols={**QUIET, sym.USER_GAIN: kept},
        )  # fmt: skip
        out, _ = outcomes(world, make_lines())
        lost.append(out["user_surplus"][0, 0])
    epsilon = world.season[0, 0, 1:, 0]
    on = np.arange(1, 16)
    on = (on >= 2) & (on < 12)  # a delay of a year, ten years long
    index = np.log(0.4 + 0.6 * 1.25**-epsilon)
    want = (world.discount[0, 1:] * on * index / epsilon * 100.0).sum()
    np.testing.assert_allclose(lost, want, rtol=1e-9)


def test_all_of_a_fall_kept_is_the_whole_change_of_the_index():
    """With user_gain of one nothing needs telling apart: surplus is the index, times the market."""
    out, _ = barred(barrier=0.2, quality=0.1, kept=1.0)
    whole = barred(barrier=0.2, quality=0.1, kept=0.0)[0]["user_surplus"]
    easy = barred(quality=0.1, kept=1.0)[0]["user_surplus"]
    assert whole < out["user_surplus"] < easy
    half = barred(barrier=0.2, quality=0.1, kept=0.5)[0]["user_surplus"]
    assert half == pytest.approx((whole + out["user_surplus"]) / 2, rel=1e-9)


def test_a_duty_is_a_barrier_that_pays():
    """Same path, same loss of users; the treasury has its part of what rivals sell."""
    duty, sold = barred(duty=0.2)
    ban, same = barred(barrier=0.2)
    np.testing.assert_array_equal(sold, same)
    assert duty["user_surplus"] == ban["user_surplus"]
    assert ban["duties"] == 0.0
    assert duty["welfare"] - ban["welfare"] == pytest.approx(duty["duties"], rel=1e-9)
    half = barred(barrier=0.1, duty=0.1)[0]
    assert half["duties"] == pytest.approx(duty["duties"] / 2, rel=1e-9)
    for other in ("value_added", "gni", "public_cost"):
        assert duty[other] == ban[other]


def test_a_small_duty_costs_users_what_it_brings_in():
    """To the first order a duty is a transfer; what is lost beside goes with its square."""
    beside = []
    for rate in (0.004, 0.002):
        world = make_world(
            [[0.4], [0.6]], effect={sym.LEVER_DUTY: rate}, money_share=0.0, symbols=QUIET,
        )  # fmt: skip
        out, _ = outcomes(world, make_lines())
        beside.append(out["user_surplus"][0, 0] + out["duties"][0, 0])
        assert out["duties"][0, 0] > 0.0
        assert abs(beside[-1]) < 0.02 * out["duties"][0, 0]
    assert beside[0] / beside[1] == pytest.approx(4.0, rel=0.02)


def test_a_barrier_before_a_market_is_born_costs_nobody():
    world = make_world(
        THREE, effect={sym.LEVER_DUTY: 0.2}, money_share=0.0, unborn=1,
        symbols={sym.BIRTH: 2100.0},
    )  # fmt: skip
    out, _ = outcomes(world, make_lines())
    assert out["user_surplus"][0, 0] == 0.0
    assert out["duties"][0, 0] == 0.0


def test_a_contract_can_bring_in_a_partner_that_sells_no_more():
    """What a partner keeps is its margin and its contract's part (equation 6)."""
    kw = {"effect": {sym.LEVER_POOLING: 1.0}, "boost": (0.4, 0.0)}
    line = make_lines(partner=1)
    for share, joins in ((0.0, False), (0.9, True)):
        out, _ = outcomes(make_world(THREE, terms={sym.CONTRACT_SHARE: share}, **kw), line)
        assert (out["partner_gain"][0, 0] != 0.0) == joins
        alone, _ = outcomes(make_world(THREE, **kw), make_lines())
        assert (out["sales_last"][0, 0] > alone["sales_last"][0, 0]) == joins
