"""Goals in words: ``semiconductors.sales >= 40e12 JPY by 2040 with p >= 0.5``.

``SUBJECT.MEASURE >= NUMBER UNIT by YEAR with p >= PROBABILITY``. The subject is a segment, several
joined by ``+``, a field (its number as ``field9``, its name in either language, or a word that only
its name has), or ``all``; instead of the whole, the id of a goal in ``goals.csv`` will do.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kachisuji.cases.problems import nearest
from kachisuji.contest.symbols import SCALARS
from kachisuji.desk.describing import goal_value
from kachisuji.desk.rows import records
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.cases import Case, Settings

BY_YEAR = ("sales", "share", "value_added")
# told for the whole horizon (money, discounted) or for its last year (power)
WHOLE = tuple(s for s in SCALARS if s not in BY_YEAR and not s.endswith(("_last", "_r1", "_r2")))
MEASURES = (*BY_YEAR, *WHOLE)
POWER = ("indispensability", "exposure")

_FORM = re.compile(r"^\s*(.+?)\s*\.\s*(\w+)\s*(>=|<=|≥|≤|>|<)\s*(.+?)\s*$")
_REST = re.compile(
    r"^(?P<number>[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?P<unit>.*?)\s*"
    r"(?:\b(?:by|in)\s+(?P<year>\S+))?\s*(?:\bwith\s+p\s*(?:>=|≥|>)\s*(?P<odds>\S+))?$",
    re.IGNORECASE,
)
_SCALES = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "万": 1e4, "億": 1e8,
    "兆": 1e12,
}  # fmt: skip
_MONEY = {
    "JPY": ("jpy", "yen", "円"),
    "USD": ("usd", "dollars", "dollar", "ドル"),
    "EUR": ("eur", "euro", "euros"),
}
_SHARE = {"": 1.0, "share": 1.0, "%": 0.01, "percent": 0.01, "パーセント": 0.01}
_POINTS = {"": 1.0, "points": 1.0, "point": 1.0, "%": 1.0, "percent": 1.0, "ポイント": 1.0}


@dataclass(frozen=True)
class Asked:
    """A goal that was asked for.

    Attributes
    ----------
    text
        As it was said.
    segments
        Whose measure is meant; empty for the whole case.
    by_word
        Whether the subject was read as a word of a field's name.
    measure
        One of ``MEASURES``.
    at_most
        Whether the level must not be exceeded.
    target
        In the case's money unit, as a share of one, or in points.
    year
        In which it must be reached.
    odds
        Share of the futures in which it must be.
    """

    text: str
    segments: tuple[str, ...]
    by_word: bool
    measure: str
    at_most: bool
    target: float
    year: int
    odds: float

    @property
    def kind(self) -> str:
        """Whether the level is ``money``, a ``share`` or ``points``."""
        if self.measure == "share":
            return "share"
        return "points" if self.measure in POWER else "money"


def parse(text: str, case: Case) -> Asked:
    """Read a goal.

    Raises
    ------
    InputError
        If the form, the subject, the measure, the unit, the year or the odds are not understood,
        the number is too large or a share lies outside 0 to 1; the message names what is known.
    """
    announced = [g for g in records(case.tables["goals"]) if g["goal"] == text.strip()]
    if announced:
        return _announced(announced[0], case)
    form = _FORM.match(text)
    rest = _REST.match(form[4]) if form else None
    if form is None or rest is None:
        raise InputError("ahead.goal_form", got=text)
    subject, measure = form[1], form[2].lower()
    segments, by_word = _subject(subject, case)
    if measure not in MEASURES:
        raise InputError("ahead.goal_measure", got=form[2], known=", ".join(MEASURES))
    number = float(rest["number"].replace(",", ""))
    target = number * unit_factor(rest["unit"], measure, case.settings)
    if not math.isfinite(target):  # 1e999
        raise InputError("ahead.goal_number", got=rest["number"])
    if measure == "share" and not 0.0 <= target <= 1.0:
        # 30 without a unit would be 3,000 %: the search would prove at length that nothing does it
        raise InputError("ahead.goal_share", got=f"{number:g} {rest['unit']}".strip())
    return Asked(
        text=text.strip(),
        segments=segments,
        by_word=by_word,
        measure=measure,
        at_most=form[3] in ("<=", "≤", "<"),
        target=target,
        year=_year(rest["year"], measure, case.settings),
        odds=_odds(rest["odds"]),
    )


def _announced(goal: dict[str, Any], case: Case) -> Asked:
    target = goal_value(goal, case)
    if target is None:
        raise InputError(
            "ahead.goal_untestable", got=goal["goal"], measure=goal["measure"], unit=goal["unit"]
        )
    year = _year(str(goal["year"]), goal["measure"], case.settings)
    return Asked(
        goal["goal"], (str(goal["segment"]),), False, str(goal["measure"]), False, target, year, 0.5
    )


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name.lower()).strip("_")


def _subject(subject: str, case: Case) -> tuple[tuple[str, ...], bool]:
    if subject.lower() == "all":
        return (), False
    table = records(case.tables["segments"])
    known: dict[str, tuple[str, ...]] = {s: (s,) for s in (str(r["segment"]) for r in table)}
    by_field: dict[int, tuple[str, ...]] = {}
    for row in table:
        by_field[row["field"]] = (*by_field.get(row["field"], ()), str(row["segment"]))
    words: dict[str, set[int]] = {}
    for row in records(case.tables["fields"]):
        inside = by_field.get(row["field"], ())
        for name in (f"field{row['field']}", _plain(row["name_en"]), row["name_ja"]):
            known.setdefault(name, inside)
        for word in re.split(r"\W+|・", f"{row['name_en'].lower()} {row['name_ja']}"):
            words.setdefault(word, set()).add(row["field"])
    names = {str(r["name_ja"]): (str(r["segment"]),) for r in table}
    found: list[str] = []
    by_word = False
    for part in (p.strip() for p in subject.split("+")):
        own: tuple[str, ...] | None = known.get(part) or known.get(_plain(part)) or names.get(part)
        fields = words.get(part.lower(), set())
        if own is None and len(fields) == 1:
            own, by_word = by_field.get(next(iter(fields))), True
        if not own:
            raise InputError("ahead.goal_subject", got=part, known=nearest(part, tuple(known)))
        found += own
    return tuple(dict.fromkeys(found)), by_word


def unit_factor(unit: str, measure: str, settings: Settings) -> float:
    """Return the factor from what was said to the case's own unit."""
    told = unit.strip().lower()
    if measure == "share" or measure in POWER:
        factors = _SHARE if measure == "share" else _POINTS
        if told not in factors:
            want = "%, share" if measure == "share" else "points"
            raise InputError("ahead.goal_unit", got=unit, measure=measure, want=want)
        return factors[told]
    scale = 1.0
    for word, factor in _SCALES.items():
        if word in told:
            scale, told = scale * factor, told.replace(word, "").strip()
    code = next((c for c, names in _MONEY.items() if told in names), told.upper())
    if code == settings.currency:
        rate = 1.0
    elif code == "USD":
        rate = settings.usd_rate
    else:
        raise InputError(
            "ahead.goal_unit", got=unit or "–", measure=measure, want=f"{settings.currency}, USD"
        )
    return scale * rate / settings.money_unit


def _year(told: str | None, measure: str, settings: Settings) -> int:
    if told is None:
        return settings.last_year
    year = int(told) if told.isdigit() else -1
    if measure in WHOLE and year != settings.last_year:
        raise InputError("ahead.goal_whole", got=told, measure=measure, last=settings.last_year)
    if year not in settings.years:
        raise InputError(
            "ahead.goal_year", got=told, first=settings.first_year, last=settings.last_year
        )
    return year


def _odds(told: str | None) -> float:
    if told is None:
        return 0.5
    try:
        odds = float(told.rstrip("%")) / (100.0 if told.endswith("%") else 1.0)
    except ValueError:
        odds = -1.0
    if not 0.0 < odds <= 1.0:
        raise InputError("ahead.goal_odds", got=told)
    return odds
