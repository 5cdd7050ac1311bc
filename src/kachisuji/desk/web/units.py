"""Values of uncertain quantities in their own units, in both languages."""

from __future__ import annotations

import math

from kachisuji.contest.quantities import Quantity
from kachisuji.desk.report.bilingual import Both, Money, both, estimate, percent, plain, points, t
from kachisuji.words import ratio

# units of the schema files (cases/schema/*symbols.csv) that are a number and a word
_WORDED = {
    "elasticity": "web.unit_elasticity",
    "exponent": "web.unit_exponent",
    "years": "web.unit_years",
    "months": "web.unit_months",
    "per unit": "web.unit_per_unit",
    "log": "web.unit_log",
}
# shares of something, written as percent
_SHARES = {
    "share": "",
    "share a year": "web.unit_odds",
    "a year": "web.unit_odds",
    "share a doubling": "web.unit_doubling",
    "share of sales": "web.unit_of_sales",
    "share of cost": "web.unit_of_cost",
    "share of scale": "web.unit_of_scale",
    "ad valorem": "web.unit_ad_valorem",
}
_RATIOS = ("ratio", "factor", "ratio to base", "ratio to home sales")
# counts of people for the case's unit of money, and money for a year
_PEOPLE = {
    "workers per money unit": "web.unit_workers",
    "workers per money unit of sales": "web.unit_workers_sales",
    "craft workers per money unit of home sales": "web.unit_workers_craft",
}
_MONEY = {
    "money unit a year": "web.unit_money_year",
    "money unit per worker a year": "web.unit_money_worker",
}


def valued(value: float, quantity: Quantity, money: Money) -> Both:
    """Write a value of a quantity with its unit.

    Parameters
    ----------
    value
        In the quantity's unit; for a quantile shared by many figures, between 0 and 1.
    quantity
        Which quantity.
    money
        Writes amounts of the case.
    """
    unit = quantity.unit
    if unit == "quantile":
        return t("web.percentile", at=round(100 * value))
    if unit == "year":
        return plain(round(value))
    if quantity.group == "effects":  # moves the symbol of its lever, in that symbol's unit
        return t("web.unit_effect", value=plain("+" if value > 0 else "") + estimate(value, 2))
    if unit in _SHARES:
        text = percent(value, _decimals(100 * value))
        return t(_SHARES[unit], value=text) if _SHARES[unit] else text
    if unit in _RATIOS:
        return both(lambda lang: ratio(value, lang))
    if unit in _MONEY:
        return t(_MONEY[unit], value=money(value))
    if unit in _PEOPLE:
        return t(_PEOPLE[unit], value=estimate(value, 2), money=money(1.0))
    return t(_WORDED[unit], value=estimate(value, 2)) if unit in _WORDED else estimate(value)


MEASURES = ("welfare", "value_added", "indispensability", "exposure", "public_cost")
POINTS = ("indispensability", "exposure")  # of them, those without money


def measured(measure: str, part: dict[str, float], money: Money) -> tuple[Both, Both]:
    """Write the mean of a measure and the middle four fifths of it (``mean``, ``p10``, ``p90``)."""
    show = points if measure in POINTS else money
    low, high = show(part["p10"]), show(part["p90"])
    return show(part["mean"]), t("desk.between", low=low, high=high)


def _decimals(value: float) -> int:
    """Decimals that leave two significant digits, at most three."""
    if value == 0 or not math.isfinite(value):
        return 0
    return min(3, max(0, 1 - math.floor(math.log10(abs(value)))))
