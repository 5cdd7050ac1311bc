"""Explanations against enumeration, and what is said when a requirement cannot be met."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from problems import enumerate_all, make_problem

from kachisuji.portfolios import (
    Chooser,
    admissible,
    choose,
    explain,
    freedom,
    limit_values,
    score,
    segment_losses,
)
from kachisuji.words import InfeasibleError

pytestmark = pytest.mark.slow

seeds = st.integers(0, 10_000)


@settings(max_examples=15)
@given(seeds)
def test_losses_are_those_of_enumeration(seed):
    problem = make_problem(seed, lines=8)
    choice = choose(problem, 1e-7)
    everything = [(c, score(problem, c)) for c in enumerate_all(problem)]
    best = max(v for _, v in everything)
    for told in explain(problem, choice, range(8), gap=1e-7):
        held = [v for c, v in everything if (told.line in c) != told.chosen]
        if not held:
            assert np.isnan(told.loss)
        else:
            assert told.loss == pytest.approx(best - max(held), abs=1e-5)
        assert told.chosen == (told.line in choice.lines)
        assert told.efficient == problem.eligible[told.line]
        assert told.as_json()["line"] == told.line


def test_a_line_gets_in_when_it_is_worth_its_loss_more():
    problem = make_problem(12, lines=10)
    choice = choose(problem, 1e-7)
    outside = next(i for i in np.flatnonzero(admissible(problem)) if i not in choice.lines)
    told = explain(problem, choice, [outside], gap=1e-7)[0]
    for part, inside in ((0.95, False), (1.05, True)):
        value = problem.value.copy()
        value[outside] += part * told.loss
        again = choose(replace(problem, value=value), 1e-7)
        assert (outside in again.lines) == inside


def test_a_line_that_breaks_a_limit_alone_says_by_how_much():
    problem = make_problem(3, lines=6, room=10)
    use, sure = problem.use.copy(), problem.sure.copy()
    sure[2, 1, 0] = problem.limits[1, 0] + 7.0
    problem = replace(problem, use=use, sure=sure, eligible=np.ones(6, dtype=bool))
    told = explain(problem, choose(problem), [2])[0]
    assert told.short == [("item1", 2026, pytest.approx(7.0))]
    assert told.as_json()["loss"] is None


@settings(max_examples=15)
@given(seeds)
def test_what_more_of_a_limit_is_worth_is_what_enumeration_says(seed):
    problem = make_problem(seed, lines=9, room=0.25)
    choice = choose(problem, 1e-7)
    found = limit_values(problem, choice, share=0.3, most=9, gap=1e-7)
    assert {(b.item, b.year, b.kind) for b in found} == {b[:3] for b in choice.binding[:9]}
    for one in found:
        k, t = problem.items.index(one.item), problem.years.index(one.year)
        limits = problem.limits.copy()
        limits[k, t] *= 1.3
        wider = replace(problem, limits=limits)
        best = max(score(wider, c) for c in enumerate_all(wider))
        assert one.more == pytest.approx(0.3 * problem.limits[k, t])
        assert one.gain == pytest.approx(max(0.0, best - choice.objective), abs=1e-5)
        assert one.price > 0


@settings(max_examples=10)
@given(seeds)
def test_freedom_is_real(seed):
    problem = make_problem(seed, lines=10)
    choice = choose(problem, 1e-7)
    found = freedom(problem, choice, within=0.3)
    inside = [
        set(map(int, c)) for c in enumerate_all(problem)
        if score(problem, c) >= choice.objective - 0.3 * abs(choice.objective)
    ]  # fmt: skip
    assert found.portfolios <= len(inside) - 1
    assert set(inside[0]).intersection(*inside) <= set(map(int, found.core))
    if found.portfolios:
        for lines in (found.cheapest, found.different):
            assert set(map(int, lines)) in inside
        money = problem.use[:, 0].sum(axis=1)
        spared = money[choice.lines].sum() - money[found.cheapest].sum()
        assert found.saving == pytest.approx(spared)


def test_the_limit_in_the_way_is_named_with_the_least_widening():
    problem = make_problem(5, lines=6, segments=6, fields=6, max_fields=6, room=10)
    use = np.ones_like(problem.use)
    limits = np.full_like(problem.limits, 100.0)
    limits[0, 1] = 2.0  # item0 in 2027: two lines fit, power of three is asked for
    problem = replace(
        problem, use=use, sure=use, limits=limits, segment=np.arange(6), field=np.arange(6),
        eligible=np.ones(6, dtype=bool), power=np.ones(6),
    )  # fmt: skip
    with pytest.raises(InfeasibleError) as caught:
        Chooser(problem, least=3.0).choose()
    assert caught.value.key == "portfolios.short_of"
    assert caught.value.values["item"] == "item0"
    assert caught.value.values["year"] == 2027
    assert float(caught.value.values["short"]) == pytest.approx(1.0)
    assert "2027" in caught.value.in_lang("ja")
    assert Chooser(problem, least=2.0).choose().lines.size >= 2


@settings(max_examples=15)
@given(seeds)
def test_losses_of_segments_hold_the_true_ones_between_them(seed):
    problem = make_problem(seed, lines=10)
    choice = choose(problem, 1e-7)
    everything = [(c, score(problem, c)) for c in enumerate_all(problem)]
    found = segment_losses(problem, choice, range(4))
    proven = segment_losses(problem, choice, range(4), gap=1e-7, seconds=10.0)
    useful = admissible(problem)
    for segment in range(4):
        held = [v for c, v in everything if (problem.segment[c[useful[c]]] == segment).any()]
        if not held:
            continue
        true = max(v for _, v in everything) - max(held)
        if np.isnan(found[segment][0]):  # only dominated lines are left in the segment
            continue
        assert found[segment][1] - 1e-5 <= true <= found[segment][0] + 1e-5
        assert proven[segment][0] == pytest.approx(true, abs=1e-5)
