"""Goals one after the other among portfolios that were played."""

import typing

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kachisuji.cases.settings import Aim
from kachisuji.desk.objectives import OBJECTIVES, in_order, signed


def test_a_case_may_ask_for_every_objective_and_no_other():
    known = typing.get_args(Aim.model_fields["measure"].annotation)
    assert set(known) == set(OBJECTIVES)


def test_what_is_to_be_kept_low_counts_turned():
    measures = {"welfare": np.array([[1.0, 3.0]]), "public_cost": np.array([[4.0, 6.0]])}
    np.testing.assert_array_equal(signed(["welfare", "cost"], measures), [[2.0], [-5.0]])


whole = st.integers(-3, 3).map(float)


@given(arrays(float, st.tuples(st.integers(1, 8), st.just(2)), elements=whole))
def test_without_slack_the_order_is_that_of_the_dictionary(values):
    order = in_order([Aim(measure="growth"), Aim(measure="welfare")], values)
    assert tuple(values[order[0]]) == max(map(tuple, values))
    firsts = values[order, 0]
    assert all(firsts[:-1] >= firsts[1:])


def test_what_is_enough_and_what_may_be_given_up_make_room():
    values = np.array([[10.0, 1.0], [9.0, 5.0], [5.0, 9.0]])
    second = Aim(measure="welfare")
    assert in_order([Aim(measure="growth"), second], values)[0] == 0
    assert list(in_order([Aim(measure="growth", give=0.1), second], values)) == [1, 0, 2]
    assert in_order([Aim(measure="growth", enough=5.0), second], values)[0] == 2
    costs = np.array([[-10.0, 9.0], [-3.0, 1.0], [-5.0, 4.0]])
    assert list(in_order([Aim(measure="cost", enough=5.0), second], costs)) == [2, 1, 0]
