"""Rank correlations that a case states: what contradicts is named with its rows and a way out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.beliefs import conflicts, definite
from kachisuji.contest import check_correlated, collect
from kachisuji.words import InputError

HEAD = ["quantity_a", "quantity_b", "rank_correlation", "evidence"]


@pytest.fixture
def state(tiny_case):
    """Return a function that writes correlations between the first quantities and loads."""
    from kachisuji import cases

    known = tiny_case.rows("evidence")[1][0]
    names = [q.name for q in collect(cases.load(tiny_case.path))]

    def stated(*rows):
        told = [[*(names[k] if isinstance(k, int) else k for k in r[:2]), r[2]] for r in rows]
        tiny_case.write("correlations", [HEAD, *([*r, known] for r in told)])
        return tiny_case

    return stated


def found(folder):
    return [(p.key, p.row, p.column) for p in folder.problems()]


def test_sound_ones_are_typed_and_count_as_figures(state):
    from kachisuji import cases

    case = cases.load(state((0, 1, "0.5"), (1, 2, "-0.25")).path)
    assert list(case.tables["correlations"]["rank_correlation"]) == [0.5, -0.25]
    assert "correlations.csv" in case.checksums
    assert case.figures().query("table == 'correlations'")["number"].sum() == 2
    check_correlated(case)


@pytest.mark.parametrize(
    ("rows", "key", "row", "column"),
    [
        (((0, 0, "0.5"),), "cases.correlated_with_itself", 2, "quantity_b"),
        (
            ((0, 1, "0.5"), (1, 0, "0.5")),
            "cases.correlated_twice",
            3,
            "quantity_a, quantity_b",
        ),
        (((0, 1, "0.5"), (0, 1, "0.4")), "cases.key_twice", 3, "quantity_a, quantity_b"),
        (((0, 1, "1"),), "cases.correlation_edge", 2, "rank_correlation"),
        (((0, 1, "-1.2"),), "cases.below", 2, "rank_correlation"),
        (((0, 1, ""),), "cases.missing_cell", 2, "rank_correlation"),
    ],
)
def test_mistakes_are_named(state, rows, key, row, column):
    assert found(state(*rows)) == [(key, row, column)]


def test_contradictions_name_their_rows_and_a_scale_that_is_accepted(state):
    rows = ((2, 3, "0.1"), (0, 1, "0.9"), (1, 2, "0.9"), (0, 2, "-0.9"))
    (problem,) = state(*rows).problems()
    assert (problem.key, problem.row) == ("cases.correlations_contradict", 3)
    assert problem.values["rows"] == "3, 4, 5"
    assert problem.values["group"] == "2, 3, 4, 5"
    scale = float(problem.values["scale"])
    for lang in ("en", "ja"):
        assert "correlations.csv" in problem.in_lang(lang)
        assert f"{scale:g}" in problem.in_lang(lang)
    assert found(state(*((a, b, str(float(r) * scale)) for a, b, r in rows))) == []
    over = scale + 0.002
    assert found(state(*((a, b, str(float(r) * over)) for a, b, r in rows))) != []


def test_what_is_no_quantity_is_named(state):
    from kachisuji import cases

    case = cases.load(state((0, "nowhere.market", "0.5")).path)
    with pytest.raises(InputError) as wrong:
        check_correlated(case)
    assert wrong.value.key == "contest.not_a_quantity"
    assert (wrong.value.row, wrong.value.column) == (2, "quantity_b")
    assert wrong.value.file.endswith("correlations.csv")


@given(st.lists(st.floats(-0.99, 0.99), min_size=6, max_size=6))
def test_a_conflict_is_found_where_the_whole_matrix_is_not_definite(values):
    names, matrix = "abcd", np.eye(4)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    for (i, j), rho in zip(pairs, values, strict=True):
        matrix[i, j] = matrix[j, i] = rho
    ranks = {(names[i], names[j]): matrix[i, j] for i, j in pairs}
    told = conflicts(ranks)
    assert bool(told) != definite(matrix)
    for one in told:
        assert definite(np.eye(4) + one.scale * (matrix - np.eye(4)))
        assert set(one.pairs) <= set(one.group)
