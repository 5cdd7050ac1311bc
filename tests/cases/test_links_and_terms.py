"""Links between segments and terms of partners: absent is fine, mistakes are named."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji import cases
from kachisuji.cases.circles import spectral_radius, strongest_circle

LINKS = ["from", "to", "kind", "low", "mode", "high", "evidence"]
TERMS = ["segment", "partner", "symbol", "low", "mode", "high", "evidence"]


def found(folder):
    return [(p.key, p.file.rsplit("/", 1)[-1], p.row, p.column) for p in folder.problems()]


def test_links_are_read_and_owned_by_where_they_start(tiny_case):
    row = ["parts", "design", "technology", "0.05", "0.1", "0.2", "E01-001"]
    tiny_case.write("links", [LINKS, row])
    case = cases.load(tiny_case.path)
    figures = case.figures().query("table == 'links'")
    assert list(figures["segment"]) == ["parts"]
    assert list(figures["number"]) == [1]


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        ("to", "machines", "cases.unknown_name"),
        ("to", "parts", "cases.link_to_itself"),
        ("kind", "goodwill", "cases.not_choice"),
        ("high", "1.2", "cases.above"),
        ("low", "-0.1", "cases.below"),
    ],
)
def test_mistakes_in_links_are_named(tiny_case, column, value, key):
    row = ["parts", "design", "technology", "0.05", "0.1", "0.2", "E01-001"]
    row[LINKS.index(column)] = value
    tiny_case.write("links", [LINKS, row])
    assert found(tiny_case) == [(key, "links.csv", 2, column)]


def test_a_circle_that_feeds_itself_is_named(tiny_case):
    there = ["parts", "design", "technology", "0.5", "1", "1", "E01-001"]
    back = ["design", "parts", "capability", "0.5", "1", "1", "E02-001"]
    tiny_case.write("links", [LINKS, there, back])
    (problem,) = tiny_case.problems()
    assert problem.key == "cases.circular_links"
    assert problem.row in (2, 3)
    assert problem.values["circle"] in ("design → parts → design", "parts → design → parts")
    for lang in ("en", "ja"):
        assert "parts" in problem.in_lang(lang)
    back[5], back[4] = "0.9", "0.9"
    tiny_case.write("links", [LINKS, there, back])
    assert tiny_case.problems() == []


def test_gain_of_a_circle_by_hand():
    gain = {("a", "b"): 0.5, ("b", "c"): 0.8, ("c", "a"): 2.7, ("c", "d"): 9.0}
    assert spectral_radius(gain) == pytest.approx((0.5 * 0.8 * 2.7) ** (1 / 3))
    circle = strongest_circle(gain)
    assert circle[0] == circle[-1]
    assert sorted(circle[:-1]) == ["a", "b", "c"]
    steps = pairwise(circle)
    assert np.prod([gain[s] for s in steps]) == pytest.approx(1.08)
    assert strongest_circle({("a", "b"): 5.0}) == []
    assert strongest_circle({}) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.6))
def test_circles_are_let_through_exactly_where_what_spills_adds_up(seed, strength):
    """The check on ``high`` holds for every draw below it: its sum is finite, and smaller."""
    rng = np.random.default_rng(seed)
    names, high = "abcd", rng.random((4, 4)) * (rng.random((4, 4)) < 0.6)
    np.fill_diagonal(high, 0.0)
    if high.any():
        high *= strength / max(np.abs(np.linalg.eigvals(high)).max(), 0.3)
    gain = {(names[i], names[j]): high[i, j] for i, j in np.argwhere(high > 0)}
    radius = spectral_radius(gain)
    if abs(radius - 1.0) < 0.01:
        return
    assert bool(strongest_circle(gain)) == (radius >= 1.0)
    drawn = high * rng.random((4, 4))

    def sums(links, rounds):
        total, power = np.zeros((4, 4)), np.eye(4)
        for _ in range(rounds):
            power = power @ links
            total += power
        return total

    if radius >= 1.0:
        assert sums(high, 200).max() > sums(high, 100).max() * 1.5
        return
    solved = high @ np.linalg.inv(np.eye(4) - high)
    np.testing.assert_allclose(sums(high, 3000), solved, rtol=1e-9, atol=1e-12)
    assert (sums(drawn, 3000) <= solved + 1e-12).all()


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        ("partner", "HOME", "cases.own_partner"),
        ("partner", "MARS", "cases.unknown_name"),
        ("symbol", "goodwill", "cases.unknown_name"),
        ("high", "1.5", "cases.above"),
    ],
)
def test_mistakes_in_terms_are_named(tiny_case, column, value, key):
    row = ["parts", "RIVAL", "leak", "0", "0.1", "0.2", "E01-001"]
    tiny_case.write("partner_terms", [TERMS, row])
    assert tiny_case.problems() == []
    row[TERMS.index(column)] = value
    tiny_case.write("partner_terms", [TERMS, row])
    assert found(tiny_case) == [(key, "partner_terms.csv", 2, column)]


def test_a_cross_cutting_quantity_with_a_default_may_be_left_out(tiny_case):
    given = set(cases.load(tiny_case.path).tables["globals"]["symbol"])
    left = [s for s in cases.global_symbols() if s.symbol not in given]
    assert left
    assert all(s.default is not None for s in left)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("tranches = 0", "cases.setting_bound"),
        ("clawback = 1.5", "cases.setting_bound"),
        ('sunset = "perhaps"', "cases.setting_type"),
    ],
)
def test_rules_of_a_package_are_checked(tiny_case, line, key):
    tiny_case.swap("lines.toml", 'id = "research"', f'id = "research"\n{line}')
    (problem,) = tiny_case.problems()
    assert problem.key == key
    assert problem.row
