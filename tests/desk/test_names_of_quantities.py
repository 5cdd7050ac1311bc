"""Every uncertain quantity of a shipped case has a name a person can read, in both languages."""

import pytest

from kachisuji import cases
from kachisuji.contest import collect
from kachisuji.desk.report.names import Names


@pytest.mark.parametrize("name", cases.available())
def test_every_quantity_is_told(name):
    case = cases.load(name)
    names = Names(case)
    for quantity in collect(case):
        told = names.quantity(quantity.name)
        assert told.en
        assert told.ja
        assert quantity.name not in (told.en, told.ja)
