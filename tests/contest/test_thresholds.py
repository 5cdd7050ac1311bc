"""Win thresholds: the kernel agrees, the least is least, the latest is latest, verdicts."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import itertools

from worlds import baseline, make_lines, make_world, outcomes

from kachisuji import cases, contest
from kachisuji.contest import symbols as sym
from kachisuji.contest import thresholds as th
from kachisuji.contest.lines import encode
from kachisuji.contest.reach import share_reached
from kachisuji.words import InputError, say

ALL = np.array([1.0])


@pytest.fixture(scope="module")
def model():
    case = cases.load("template")
    return contest.build(case, case.economy)


@pytest.fixture(scope="module")
def draws(model):
    return np.random.default_rng(0).random((32, len(model.quantities)))


def share(world, lines, year=15, weight=ALL):
    out = np.empty((lines.segment.size, world.cross.shape[0]))
    share_reached(world, lines, weight, year, out)
    return out


def small(**changes):
    return make_world([[0.2], [0.5], [0.3]], **{"reaction": 0.1, **changes})


def least(world, goal, most=8.0, start=1, probability=1.0):
    args = (np.array([goal]), probability, np.array([most]), ALL, 15)
    return th.least_intensity(world, make_lines(start=start), *args)[0][0]


def test_shares_are_those_of_the_outcomes():
    world = small(retaliation=0.0)
    lines = make_lines(intensity=1.5)
    base = baseline(world).sales[:, -1].sum() / 100.0
    change = outcomes(world, lines)[0]["share_last"][0, 0]
    assert share(world, lines)[0, 0] == pytest.approx(base + change, rel=1e-12)


def test_intensity_zero_is_the_path_without_policy_even_where_rivals_retaliate():
    world = make_world([[0.3, 0.3], [0.7, 0.7]], retaliation=1.0, luck=0.0)
    got = share(world, make_lines(intensity=0.0), weight=np.ones(2))
    assert got[0, 0] == pytest.approx(baseline(world).sales[:, -1].sum() / 200.0, rel=1e-12)
    assert share(world, make_lines(intensity=1e-9), weight=np.ones(2))[0, 0] < got[0, 0]


def test_shares_of_single_markets_and_of_all():
    world = make_world([[0.4, 0.1], [0.6, 0.9]], size=[100.0, 300.0])
    lines = make_lines(intensity=1.0)
    home, abroad, both = (share(world, lines, weight=np.array(w, float))[0, 0]
                          for w in ((1, 0), (0, 1), (1, 1)))  # fmt: skip
    assert home > abroad
    assert both == pytest.approx((100 * home + 300 * abroad) / 400, rel=1e-12)


def test_the_least_intensity_wins_and_a_little_less_does_not():
    world = small()
    goal = share(world, make_lines(intensity=1.3))[0, 0]
    found = least(world, goal)
    assert found == pytest.approx(1.3, abs=8.0 / 128)
    assert share(world, make_lines(intensity=found))[0, 0] >= goal
    assert share(world, make_lines(intensity=found - 8.0 / 128))[0, 0] < goal


def test_no_spending_is_enough_for_a_goal_out_of_reach():
    assert np.isnan(least(small(), 0.9999))


def test_a_reaction_that_turns_the_share_down_does_not_hide_what_wins():
    """Quality grows up to an intensity of one; beyond it rivals answer with more than home adds."""
    world = small(reaction=2.0, effect={sym.LEVER_QUALITY: 0.3})
    none, one, far = (share(world, make_lines(intensity=i, start=5))[0, 0] for i in (0.0, 1.0, 8.0))
    assert max(none, far) < one
    goal = 0.5 * (max(none, far) + one)
    found = least(world, goal, start=5)
    assert 0 < found < 1
    assert share(world, make_lines(intensity=found, start=5))[0, 0] >= goal
    assert share(world, make_lines(intensity=found - 1 / 128, start=5))[0, 0] < goal


@pytest.mark.parametrize(
    ("harder", "easier"),
    [
        ({"reaction": 0.5}, {"reaction": 0.0}),
        ({"windfall": 0.6}, {"windfall": 0.0}),
        ({"leverage": 0.0}, {"leverage": 0.8}),
        ({"symbols": {sym.ALPHA: 0.4}}, {"symbols": {sym.ALPHA: 0.7}}),
        ({"symbols": {sym.LEARNING_RATE: 0.02}}, {"symbols": {sym.LEARNING_RATE: 0.25}}),
        ({"symbols": {sym.NU: 0.0}}, {"symbols": {sym.NU: 0.3}}),
    ],
)
def test_the_threshold_rises_with_what_makes_winning_hard(harder, easier):
    """Goal: a twentieth above the share without policy of each world."""
    found = []
    for changes in (harder, easier):
        world = small(**changes)
        found.append(least(world, 1.05 * share(world, make_lines(intensity=0.0))[0, 0]))
    assert found[0] > found[1] > 0


def test_latest_start_is_the_last_that_wins():
    world = small(symbols={sym.LAG: 3.0})
    args = (np.array([0.23]), 1.0, np.array([2.0]), ALL, 15)
    last = int(th.latest_start(world, make_lines(), *args)[0])
    by_start = [share(world, make_lines(intensity=2.0, start=s))[0, 0] for s in range(1, 16)]
    assert last == max(s for s, v in enumerate(by_start, 1) if v >= 0.23)
    assert 1 < last < 15 - 2  # spending acts three years later
    assert int(th.latest_start(world, make_lines(), np.array([0.999]), *args[1:])[0]) == 0


@given(s=st.floats(0.001, 0.999), gain=st.floats(0, 2))
def test_goals_stay_below_one_and_treat_a_share_as_its_complement(s, gain):
    goal = th.goal_from(s, gain)
    assert s - 1e-12 <= goal < 1
    assert th.goal_from(s, 0.0) == pytest.approx(s)
    # the other side's complement is cut by the same factor
    assert goal <= s * (1 + gain) + 1e-12
    assert (1 - goal) >= (1 - s) / (1 + gain) - 1e-12


def test_probability_is_the_part_of_the_futures_that_pass(model, draws):
    name = model.lines[model.lines["kind"] == "line"].iloc[0]
    keys = {"package": name["package"], "scope": name["scope"], "partner": name["partner"]}
    t = th.win_threshold(
        model,
        draws,
        name["segment"],
        gain=0.0,
        probability=0.25,
        budget=1e9,
        labour=float("inf"),
        **keys,
    )
    assert t.wins
    assert t.reached >= 0.25 > t.unaided
    line = th._candidate(model, name["segment"], keys["scope"], keys["package"], keys["partner"],
                         [int(t.start)])  # fmt: skip
    world = model.prepare(draws)
    coded = encode(model.case, line, model.competitors)
    weight = np.ones(len(model.markets))
    got = share(world, coded._replace(intensity=np.array([t.intensity])), len(model.years), weight)
    assert (got >= t.goal).mean() == pytest.approx(t.reached)
    below = coded._replace(intensity=np.array([t.intensity - t.ceiling / 128]))
    assert (share(world, below, len(model.years), weight) >= t.goal).mean() < 0.25


def test_money_of_a_threshold_is_that_of_the_line_and_within_the_budget(model, draws):
    table = th.by_scope(model, draws, gain=0.02, probability=0.2, budget=60.0)
    assert np.isfinite(table["intensity"]).any()
    paid = table[table["intensity"] > 0]
    # the ceiling holds at the median of the futures, the money shown is their mean
    assert (paid["yearly"] < 1.3 * 60.0).all()
    assert (paid["public_cost"] > paid["yearly"]).all()
    wide = th.by_scope(model, draws, gain=0.02, probability=0.2, budget=1e9)
    assert (wide["ceiling"] >= table["ceiling"]).all()
    assert wide["intensity"].notna().sum() >= table["intensity"].notna().sum()


def test_the_ceiling_of_the_budget_is_what_the_model_charges(model, draws):
    """Median public money of the model at the budget's ceiling is the budget."""
    world = model.prepare(draws)
    lines = model.lines[model.lines["kind"] == "line"].drop_duplicates(["segment", "package"])
    coded = encode(model.case, lines, model.competitors)
    for budget in (5.0, 40.0):
        most = th._most(world, coded, 1e9, budget)
        futures, years = draws.shape[0], len(model.years)
        scalars = np.zeros((len(lines), futures, len(sym.SCALARS)))
        paths = np.zeros((len(lines), futures, years, len(sym.PATHS)), dtype=np.float32)
        th.play_lines(world, coded._replace(intensity=most), 0, len(lines), scalars, paths)
        dearest = np.median(paths[..., 0].max(axis=2), axis=1)
        np.testing.assert_allclose(dearest, budget, rtol=0.05)


def test_a_higher_goal_and_a_higher_probability_cost_more(model, draws):
    """In a search over the same candidates neither can make winning easier."""
    kinds = [
        {"gain": 0.0, "probability": 0.2},
        {"gain": 0.02, "probability": 0.2},
        {"gain": 0.02, "probability": 0.5},
    ]
    tables = [th.by_scope(model, draws, budget=1e9, **k) for k in kinds]
    for easy, hard in itertools.pairwise(tables):
        both = easy["intensity"].notna() & hard["intensity"].notna()
        assert set(hard.index[hard["intensity"].notna()]) <= set(
            easy.index[easy["intensity"].notna()]
        )
        dearer = hard.loc[both, "public_cost"] >= easy.loc[both, "public_cost"] * 0.97
        assert dearer.all()


def test_verdicts_follow_from_the_two_scopes():
    nan = float("nan")
    assert th._verdict({}) == ("unranked", "")
    assert th._verdict({"whole": 0.0, "niche": nan}) == ("unaided", "whole")
    assert th._verdict({"whole": 1.0, "niche": 0.0}) == ("win", "whole")
    assert th._verdict({"whole": nan, "niche": 0.5}) == ("niche", "niche")
    assert th._verdict({"whole": nan, "niche": nan}) == ("do_not_enter", "whole")
    assert th._verdict({"niche": nan}) == ("do_not_enter", "niche")


def test_every_segment_gets_a_verdict_with_figures(model, draws):
    table = th.verdicts(model, draws, budget=1e9, gain=0.02)
    assert list(table.index) == model.segments
    tipping = np.median(model.tipping(draws), axis=1)
    np.testing.assert_allclose(table["tipping"], tipping, rtol=1e-12)
    for verdict in (th.WIN, th.UNAIDED, th.NICHE, th.OUT, th.UNKNOWN):
        for lang in ("en", "ja"):
            assert say(f"contest.verdict_{verdict}", lang, niche="x")
    won = table["verdict"].isin([th.WIN, th.NICHE])
    assert (table.loc[won, "reached"] >= th.PROBABILITY).all()
    out = (table["verdict"] == th.OUT) & (table["limit"] != "labour")
    assert (table.loc[out, "reached"] < th.PROBABILITY).all()
    assert table.loc[table["verdict"] == th.OUT, "intensity"].isna().all()
    starts = table.loc[won, "latest_start"] - table.loc[won, "start"]
    assert (starts >= 0).all()


def test_relabelling_the_futures_changes_nothing(model, draws):
    a, b = (th.verdicts(model, d, gain=0.0, probability=0.3) for d in (draws, draws[::-1]))
    assert (a["verdict"] == b["verdict"]).all()
    np.testing.assert_allclose(a["intensity"], b["intensity"], rtol=1e-12)


def test_response_to_learning_rivals_and_reaction(model, draws):
    line = model.lines[model.lines["kind"] == "line"].iloc[0]
    keys = {"package": line["package"], "scope": line["scope"], "partner": line["partner"]}
    table = th.response(
        model, draws, line["segment"], gain=0.0, probability=0.25, factors=(0.5, 1.0, 1.5), **keys
    )
    now = table[table["factor"] == 1.0]["intensity"]
    assert now.nunique(dropna=False) == 1
    by = table.set_index(["quantity", "factor"])
    assert by.loc[("learning_rate", 1.5), "tipping"] > by.loc[("learning_rate", 0.5), "tipping"]
    filled = by["intensity"].fillna(np.inf)
    assert np.isfinite(now).all()
    assert filled["reaction", 1.5] > filled["reaction", 0.5]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"goal_share": 1.2}, "goal share"),
        ({"probability": 0.0}, "probability"),
        ({"year": 1999}, "cannot be measured"),
        ({"starts": [1999]}, "cannot start"),
        ({"starts": []}, "cannot start"),
        ({"markets": ["NOWHERE"]}, "no market"),
        ({"markets": []}, "no market"),
        ({"package": "nothing"}, "not known"),
        ({"scope": "all"}, "not known"),
        ({"partner": "HOME"}, "not known"),
        ({"ceiling": 0.0}, "no spending"),
        ({"budget": -1.0}, "no spending"),
    ],
)
def test_refusals(model, draws, change, word):
    line = model.lines[model.lines["kind"] == "line"].iloc[0]
    with pytest.raises(InputError, match=word):
        th.win_threshold(model, draws, line["segment"], **{"package": line["package"], **change})


def test_unknown_segments_are_refused(model, draws):
    package = model.lines[model.lines["kind"] == "line"].iloc[0]["package"]
    with pytest.raises(InputError, match="not known"):
        th.win_threshold(model, draws, "shoes", package=package)
    with pytest.raises(InputError, match="not known"):
        th.by_scope(model, draws, goals={"shoes": 0.3})


def test_what_needs_more_hands_than_there_are_is_not_won(model, draws):
    """The same line with ever fewer workers: it wins while they suffice, and then says why not."""
    name = model.lines[model.lines["kind"] == "line"].iloc[0]
    keys = {"package": name["package"], "scope": name["scope"], "partner": name["partner"]}
    asked = {"gain": 0.0, "probability": 0.25, "budget": 1e9, "starts": [2026]} | keys
    free = th.win_threshold(model, draws, name["segment"], **asked, labour=float("inf"))
    assert free.wins
    assert free.labour == 0.0
    assert free.limit == ""
    tight = th.win_threshold(model, draws, name["segment"], **asked, labour=1e-6)
    assert not tight.wins
    assert tight.limit == "labour"
    enough = th.win_threshold(model, draws, name["segment"], **asked, labour=tight.labour * 1.1e-6)
    assert enough.wins
    assert enough.intensity == free.intensity
    assert enough.labour == pytest.approx(1 / 1.1)


def test_intervals_come_from_the_search_made_again_on_resamples(model, draws):
    asked = {"gain": 0.02, "probability": 0.1}
    table = th.verdicts(model, draws, labour=float("inf"), budget=1e9, **asked)
    won = table[table["verdict"].isin(("win", "niche"))]
    assert len(won)
    sure = contest.threshold_intervals(model, draws, table, seed=3, **asked)
    assert list(sure.index) == list(table.index)
    assert sure.loc[table["verdict"] == "unranked"].isna().all(axis=None)
    again = contest.threshold_intervals(model, draws, table, seed=3, **asked)
    assert sure.equals(again)
    # the other route: the bisection itself, asked of each resample's own draws
    segment, row = next(iter(won.iterrows()))
    few = contest.threshold_intervals(model, draws, table, seed=3, resamples=12, **asked)
    found = [
        th.win_threshold(
            model, draws[picks], segment, scope=row["scope"], package=row["package"],
            partner=row["partner"], starts=[int(row["start"])], ceiling=row["ceiling"],
            budget=1e9, labour=float("inf"), **asked,
        )
        for picks in np.random.default_rng(3).integers(len(draws), size=(12, len(draws)))
    ]  # fmt: skip
    ends = (0.1, 0.9)
    least = np.quantile([t.intensity if t.wins else np.inf for t in found], ends,
                        method="inverted_cdf")  # fmt: skip
    late = np.quantile(np.nan_to_num([t.latest_start for t in found]), ends, method="inverted_cdf")
    got = few.loc[segment]
    assert got["wins_again"] == pytest.approx(np.mean([t.wins for t in found]))
    step = row["ceiling"] / 128
    expected = np.where(np.isfinite(least), least, np.nan)
    np.testing.assert_allclose(got[["intensity_low", "intensity_high"]], expected, atol=1.01 * step)
    np.testing.assert_array_equal(
        got[["latest_low", "latest_high"]], np.where(late > 0, late, np.nan)
    )


def test_what_stands_in_the_way_is_told(model, draws):
    table = th.by_scope(model, draws, gain=3.0, labour=float("inf"))
    assert set(table.loc[table["intensity"].isna(), "limit"]) <= {"money", "contest"}
    assert (table.loc[table["intensity"].notna(), "limit"] == "").all()
    poor = th.by_scope(model, draws, gain=0.05, labour=float("inf"), budget=1e-3)
    rich = th.by_scope(model, draws, gain=0.05, labour=float("inf"), budget=1e9)
    for key in poor.index[poor["limit"] == "money"]:
        assert np.isfinite(rich.loc[key, "intensity"])


@pytest.mark.parametrize("quantity", ["learning_rate", "rivals", "reaction"])
def test_what_if_leaves_the_path_without_policy_of_the_model_alone(model, draws, quantity):
    world = model.prepare(draws)
    before = {k: getattr(world, k).tobytes() for k in world._fields if k.startswith("base_")}
    scaled = th._scaled(world, 0, quantity, 1.5)
    assert {k: getattr(world, k).tobytes() for k in before} == before
    moved = scaled.base_sales.tobytes() != before["base_sales"]
    assert moved == (quantity == "learning_rate")
