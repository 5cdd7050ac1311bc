"""Numbers, money and shares as each language writes them."""

from __future__ import annotations

import math
import re

from kachisuji.words.catalogue import Lang, say


def number(value: float, lang: Lang = "en", digits: int = 3) -> str:
    """``value`` with ``digits`` significant digits and thousands separators.

    A whole part is told in full, for counts, years and ticks of an axis that are exact: see
    :func:`estimate` for what is estimated.
    """
    if not math.isfinite(value):
        return say("words.no_number", lang)
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")  # 0.9999 shows as 1.00, not 1.000
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{value:,.{decimals}f}".replace("-", "−")


def estimate(value: float, lang: Lang = "en", digits: int = 3) -> str:
    """Write an estimate: :func:`number`, the whole part rounded too, to three digits at least.

    ``estimate(123456.789)`` is 123,000, and ``estimate(1234.5, digits=2)`` is 1,230.
    """
    if math.isfinite(value):
        value = float(f"{value:.{max(3, digits)}g}")
    return number(value, lang, digits)


def percent(share: float, lang: Lang = "en", digits: int = 2) -> str:
    """Write a share (0.018) as percent (1.8%)."""
    if not math.isfinite(share):
        return say("words.no_number", lang)
    return f"{number(100 * share, lang, digits)}%"


def ratio(value: float, lang: Lang = "en", digits: int = 2) -> str:
    """Write a ratio: 1.3× in English, 1.3倍 in Japanese."""
    return say("words.ratio", lang, value=number(value, lang, digits))


# the four steps of size, in currency units: trillion, billion, million; 兆, 億, 万
_STEPS: dict[Lang, dict[str, float]] = {
    "en": {"big": 1e12, "mid": 1e9, "small": 1e6, "one": 1.0},
    "ja": {"big": 1e12, "mid": 1e8, "small": 1e4, "one": 1.0},
}


def money(value: float, currency: str = "JPY", lang: Lang = "en", digits: int = 3) -> str:
    """Write an amount in whole currency units as analysts of each language do.

    ``money(1.25e12, "JPY", "ja")`` is 1.25兆円 and in English ¥1.25 trillion.
    """
    if not math.isfinite(value):
        return say("words.no_number", lang)
    size = abs(float(f"{value:.{digits}g}"))
    step, unit = next((s for s in _STEPS[lang].items() if size >= s[1]), ("one", 1.0))
    amount = number(value / unit, lang, digits)
    symbol = currency.lower() if currency.lower() in ("jpy", "usd") else "other"
    sign = ""
    if amount.startswith("−"):
        sign, amount = "−", amount[1:]
    return sign + say(f"words.money_{symbol}_{step}", lang, amount=amount, currency=currency)


# units that stand apart from their number in English, and those that touch it in Japanese
_APART = re.compile(r"(?<=\d) (?=(?:trillion|billion|million|points?|people)\b)")
_TOUCHING = re.compile(r"(?<=\d)(?:[兆億万]?(?:円|ドル|人)|ポイント)")
_SIGN = re.compile(r"−(?=[^\d\s]{1,3}\d)")
_JOINER, _SPACE = "\u2060", "\u00a0"


def unbroken(text: str) -> str:
    """Return a text whose amounts stay whole where a page breaks its lines.

    Only invisible characters are put in: a no-break space, a word joiner (Unicode 16, UAX 14).
    """
    text = _APART.sub(_SPACE, _SIGN.sub("−" + _JOINER, text))
    return _TOUCHING.sub(lambda unit: _JOINER + _JOINER.join(unit[0]), text)
