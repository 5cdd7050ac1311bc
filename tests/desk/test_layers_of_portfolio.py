"""Question 8 with and without the portfolio: what is shown is what was computed."""

import numpy as np
import pytest

from kachisuji import cases
from kachisuji.contest import layer_lines as ll
from kachisuji.contest import layers as ly
from kachisuji.desk.report.bilingual import plain
from kachisuji.desk.report.sections.layers import SHOWN, _Moved


def money(value):
    return plain(f"{value:.6f}")


@pytest.fixture(scope="module")
def p():
    case = cases.load("japan17")
    return ly.figures(case, ly.layer_draws(case, 16))


def line(added=1000.0):
    shape = (16, ly.YEARS.size)
    base = np.full(shape, 500.0)
    return ll.LineInLayers("application", np.full(shape, added), 0 * base, base, True)


def test_both_sides_of_the_balance_are_told_and_values_add_up(p):
    found = ll.compared(p, [line()]) | {"other": 12.0}
    view = _Moved(found, money)
    balance, value = view.tables()
    assert [row[0].en for row in balance["rows"]] == [str(y) for y in SHOWN[1:]]
    for row in balance["rows"]:
        assert float(row[2].en) > float(row[1].en)
    sums = [float(cell.en) for cell in value["rows"][-1][1:]]
    assert sum(sums[:3]) == pytest.approx(found["spending"]["nothing"], rel=1e-6)
    assert sum(sums[3:]) == pytest.approx(found["spending"]["portfolio"], rel=1e-6)
    assert sums[3] > sums[0]  # more stays at home
    told, other = view.text()
    assert "that move the layers: 1." in told.en
    assert "12.000000" in other.en


def test_a_portfolio_outside_the_layers_leaves_them_and_says_so(p):
    view = _Moved(ll.compared(p, []) | {"other": 0.0}, money)
    assert view.tables() == []
    (told,) = view.text()
    assert "leaves the layers as they are" in told.en
    assert _Moved(None, money).text() == []  # a run from before it was computed
