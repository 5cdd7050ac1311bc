"""Values of uncertain quantities carry their units, in both languages."""

import pytest

from kachisuji.cases import global_symbols, load, partner_symbols, resolve, symbols
from kachisuji.contest.quantities import Quantity, collect
from kachisuji.desk.report.bilingual import Money
from kachisuji.desk.web import units
from kachisuji.desk.web.units import valued

MONEY = Money("JPY", 1e9)


def quantity(unit, group="parameters"):
    return Quantity("a.b", group, ("a", "b"), 0.0, 0.5, 1.0, unit, ())


@pytest.mark.parametrize(
    ("unit", "value", "en", "ja"),
    [
        ("share", 0.128, "13%", "13%"),
        ("a year", 0.023, "2.3% a year", "年2.3%"),
        ("share a year", 0.0004, "0.040% a year", "年0.040%"),
        ("money unit a year", 1500.0, "¥1.5 trillion a year", "年1.5兆円"),
        ("year", 2031.4, "2031", "2031"),
        ("years", 3.0, "3.0 years", "3.0年"),
        ("ratio", 1.2, "1.2×", "1.2倍"),
        ("quantile", 0.63, "percentile 63 of its range", "幅の63パーセンタイル"),
        ("number", 4.0, "4.00", "4.00"),
    ],
)
def test_a_value_is_told_in_its_unit(unit, value, en, ja):
    told = valued(value, quantity(unit), MONEY)
    assert (told.en, told.ja) == (en, ja)


def test_an_effect_is_told_with_its_sign():
    assert valued(0.02, quantity("", "effects"), MONEY).en == "+0.020 at full intensity"
    assert valued(-0.02, quantity("", "effects"), MONEY).en == "−0.020 at full intensity"


def test_every_unit_of_an_uncertain_quantity_is_known():
    """A new unit in a schema file has to be given words; a bare number says nothing."""
    known = {*units._WORDED, *units._SHARES, *units._RATIOS, *units._PEOPLE, *units._MONEY}
    known |= {"year", "quantile", "number"}
    used = {s.unit for s in (*symbols(), *global_symbols(), *partner_symbols())}
    for case in ("template", "japan17"):
        used |= {q.unit for q in collect(load(resolve(case))) if q.group != "effects"}
    assert used - known == set()
