"""Texts, numbers and money in both languages at once, for a page that can switch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from kachisuji import words
from kachisuji.words import Lang, say


@dataclass(frozen=True)
class Both:
    """One text in both languages; ``html()`` shows the one the reader chose.

    Attributes
    ----------
    en, ja
        Plain text, not yet escaped.
    """

    en: str
    ja: str

    def __html__(self) -> str:
        """Both languages as markup; the style sheet hides one."""
        en, ja = (escape(words.unbroken(text)) for text in (self.en, self.ja))
        if self.en == self.ja:
            return str(en)
        return f'<span lang="en">{en}</span><span lang="ja">{ja}</span>'

    def __str__(self) -> str:
        """Refuse to become one language silently."""
        raise TypeError("choose .en or .ja, or print it as markup")

    def __add__(self, other: Both) -> Both:
        return Both(self.en + other.en, self.ja + other.ja)

    def of(self, lang: Lang) -> str:
        """Return the text in one language."""
        return self.en if lang == "en" else self.ja


def both(make: Callable[[Lang], str]) -> Both:
    """Make a text once in each language."""
    return Both(make("en"), make("ja"))


def plain(text: object) -> Both:
    """Use the same text in both languages: a code, a year, a name."""
    return Both(str(text), str(text))


def _of(value: Any, lang: Lang) -> Any:
    return value.of(lang) if isinstance(value, Both) else value


def t(key: str, **values: Any) -> Both:
    """Take a text from the catalogue in both languages; values may be ``Both`` too."""
    return both(lambda lang: say(key, lang, **{k: _of(v, lang) for k, v in values.items()}))


def number(value: float, digits: int = 3) -> Both:
    """Write a number with ``digits`` significant digits."""
    return both(lambda lang: words.number(float(value), lang, digits))


def estimate(value: float, digits: int = 3) -> Both:
    """Write an estimate, its whole part rounded as well (``words.estimate``)."""
    return both(lambda lang: words.estimate(float(value), lang, digits))


def tidy(text: Both) -> Both:
    """Drop the zeros after a decimal point that a tick of an axis does not need."""
    return both(
        lambda lang: re.sub(r"(\d)\.0+(?=\D|$)|(\.\d*?[1-9])0+(?=\D|$)", r"\1\2", text.of(lang))
    )


def points(value: float) -> Both:
    """Points of indispensability or exposure: two significant digits, small ones as below."""
    if math.isfinite(value) and 0 < abs(value) < 0.0005:
        return t("desk.tiny_below" if value < 0 else "desk.tiny", limit="0.0005")
    return number(value, 2)


def whole(value: float) -> Both:
    """Write a whole number with thousands separators."""
    if not math.isfinite(value):
        return number(value)
    return plain(f"{round(float(value)):,}".replace("-", "−"))


def fixed(value: float, decimals: int = 2) -> Both:
    """Write a number with a fixed count of decimals, for columns compared by eye."""
    if not math.isfinite(value):
        return number(value)
    text = f"{float(value):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return plain(text.replace("-", "−"))


def percent(share: float, decimals: int = 0) -> Both:
    """Write a share as percent; whole percent unless told otherwise."""
    if not math.isfinite(share):
        return number(share)
    return fixed(100 * float(share), decimals) + plain("%")


def people(count: float) -> Both:
    """Write a number of workers: 12,300 people, 1.23万人."""
    if not math.isfinite(count):
        return number(count)
    in_ten_thousands = abs(count) >= 1e4
    ja = words.number(count / 1e4 if in_ten_thousands else count, "ja", 3)
    if not in_ten_thousands:
        ja = whole(count).ja
    rounded = float(f"{count:.3g}") if in_ten_thousands else count
    return Both(
        say("desk.people", "en", count=whole(rounded).en),
        say("desk.people_ten_thousand" if in_ten_thousands else "desk.people", "ja", count=ja),
    )


@dataclass(frozen=True)
class Money:
    """Writes amounts of a case: in its currency, from its unit."""

    currency: str
    unit: float

    def __call__(self, value: float, digits: int = 2) -> Both:
        """Write an amount in the case's money unit, as words: ¥1.2 trillion, 1.2兆円."""
        if value == 0:
            return both(lambda lang: words.money(0.0, self.currency, lang))
        return both(lambda lang: words.money(value * self.unit, self.currency, lang, digits))

    def between(self, low: float, high: float, digits: int = 2) -> Both:
        """Join two amounts as an interval."""
        return t("desk.between", low=self(low, digits), high=self(high, digits))


def between(low: Both, high: Both) -> Both:
    """Join two texts as an interval."""
    return t("desk.between", low=low, high=high)


def listed(items: list[Both]) -> Both:
    """Join texts with the separator of each language."""
    return both(lambda lang: say("desk.list_separator", lang).join(i.of(lang) for i in items))


def markup(text: Both | str) -> Markup:
    """Escape a text and mark it safe."""
    return Markup(text.__html__()) if isinstance(text, Both) else Markup(escape(text))
