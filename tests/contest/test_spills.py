"""Links between segments: what spills, what does not, and the joint play against the sum."""

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_joint import CALM, lines_of_both, together, twins
from worlds import make_lines

from kachisuji import cases, contest
from kachisuji.contest import symbols as sym
from kachisuji.contest.kernel import play_baseline, play_response
from kachisuji.contest.quantities import Draws, collect
from kachisuji.contest.ties import spills

HEAD = ["from", "to", "kind", "low", "mode", "high", "evidence"]


def linked(share, kind=0, **kw):
    """Two segments, the first spilling ``share`` of its capability spending to the second."""
    world = twins(cross=CALM, **kw)
    a, f, _, t1 = world.size.shape
    for arena in range(a):
        play_baseline(world, arena)
    response = np.zeros((2, f, 4, t1))
    play_response(world, 1, 0.01, response[1])
    return world._replace(
        spill_start=np.array([0, 1, 1]), spill_to=np.array([1]), spill_kind=np.array([kind]),
        spill=np.full((1, f), share), response=response,
    )  # fmt: skip


def first_alone(world):
    """The line of the first segment without one in the second."""
    return {
        k: v[0, 0]
        for k, v in together(world, lines_of_both()._replace(kind=np.array([1, 0]))).items()
    }


@pytest.mark.parametrize(("kind", "name"), [(0, "technology"), (1, "dual_use")])
def test_what_spills_is_an_outcome_of_its_own(kind, name):
    none, some = first_alone(linked(0.0)), first_alone(linked(0.1, kind))
    other = "dual_use" if name == "technology" else "technology"
    assert some[name] > 0
    assert some[other] == 0
    for same in ("value_added", "spillover", "forward", "sales_last", "gni", "knowledge"):
        assert some[same] == none[same]
    twice = first_alone(linked(0.2, kind))
    assert twice[name] == pytest.approx(2 * some[name], rel=1e-12)


def test_joint_play_differs_from_the_sum_by_what_spills():
    """A known difference: the line of the second segment gains what the first was credited with.

    Alone, the gain in the other segment is worked out as a response to a small gift; together it is
    simulated. The two agree for a small share, and the sum of lines would count it twice if the
    first kept it: it does not.
    """
    share = 0.002
    apart = together(linked(0.0), lines_of_both())
    joined = together(linked(share), lines_of_both())
    credited = first_alone(linked(share))["technology"]
    gained = joined["value_added"][1, 0] - apart["value_added"][1, 0]
    assert joined["technology"][0, 0] == 0.0
    np.testing.assert_array_equal(joined["value_added"][0], apart["value_added"][0])
    assert gained > 0
    # at the second line's own intensity a further yen does less than at none
    assert gained == pytest.approx(credited, rel=0.5)
    idle = lines_of_both()._replace(intensity=np.array([1.0, 1e-9]))
    calm = together(linked(share), idle)["value_added"][1, 0]
    calm -= together(linked(0.0), idle)["value_added"][1, 0]
    assert calm == pytest.approx(credited, rel=0.02)


def test_capability_is_shared_between_civil_and_defence_only_as_declared():
    """Merchant and naval ships: without a link nothing of one reaches the other."""
    world = linked(0.0, 1)
    alone = together(world, lines_of_both()._replace(kind=np.array([0, 1])))
    both = together(world, lines_of_both())
    for k in alone:
        np.testing.assert_array_equal(alone[k][1], both[k][1], err_msg=k)
    shared = together(linked(0.3, 1), lines_of_both())
    assert shared["sales_last"][1, 0] > both["sales_last"][1, 0]
    np.testing.assert_array_equal(shared["sales_last"][0], both["sales_last"][0])


def case_with(tmp_path, *rows):
    folder = tmp_path / "case"
    shutil.copytree(cases.resolve("template"), folder)
    with (folder / "links.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([HEAD, *rows])
    return cases.load(folder)


def test_what_arrives_spills_on(tmp_path):
    """``L (I − L)⁻¹`` by hand: a → b by x, b → a by y gives b x/(1 − xy)."""
    case = case_with(
        tmp_path,
        ["parts", "design", "technology", "0.4", "0.4", "0.4", "E01-001"],
        ["design", "parts", "dual_use", "0.5", "0.5", "0.5", "E02-001"],
    )
    quantities = collect(case)
    found = spills(case, Draws(quantities, np.full((3, len(quantities)), 0.5)))
    np.testing.assert_array_equal(found["spill_to"], [1, 0])
    np.testing.assert_array_equal(found["spill_kind"], [0, 1])
    np.testing.assert_allclose(found["spill"], np.array([[0.5], [0.625]]) * [1, 1, 1])
    np.testing.assert_allclose(found["shared"], np.array([[0.4], [0.5]]) * [1, 1, 1])


def test_a_link_of_a_case_is_drawn_and_valued(tmp_path):
    case = case_with(tmp_path, ["parts", "design", "technology", "0.1", "0.2", "0.3", "E01-001"])
    model = contest.build(case, case.economy)
    assert any(q.name == "parts.design.technology" for q in model.quantities)
    draws = np.random.default_rng(0).random((8, len(model.quantities)))
    out = model(draws, np.arange(len(model.lines)))
    own = (model.lines["segment"] == "parts").to_numpy()
    assert (out.scalars["technology"][own] > 0).all()
    assert (out.scalars["technology"][~own] == 0).all()
    assert (out.scalars["dual_use"] == 0).all()


def test_teachers_are_shared_by_the_lines_that_need_them():
    kw = {"symbols": {sym.CRAFT: 0.6, sym.CRAFT_DECAY: 0.1, sym.TRAINERS: 0.2}}
    world = twins(cross=CALM, effect={sym.LEVER_HANDOVER: 1.0}, **kw)
    world.pool[2] = 6.0
    alone = together(world, lines_of_both()._replace(kind=np.array([1, 0])))
    both = together(world, lines_of_both())
    assert both["sales_last"][0, 0] < alone["sales_last"][0, 0]
    world.pool[2] = 1e6
    alone = together(world, lines_of_both()._replace(kind=np.array([1, 0])))
    both = together(world, lines_of_both())
    assert both["sales_last"][0, 0] == alone["sales_last"][0, 0]


def test_a_line_alone_in_a_joint_play_is_the_line_alone():
    from worlds import outcomes

    world = linked(0.1)
    alone, _ = outcomes(world, make_lines())
    joint = first_alone(world)
    for k, v in alone.items():
        assert joint[k] == pytest.approx(v[0, 0], rel=1e-9, abs=1e-12), k
