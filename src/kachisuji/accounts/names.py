"""What regions, sectors and final-demand categories are called in each language."""

from __future__ import annotations

from kachisuji.words import Lang, say


def sector_name(code: str, lang: Lang = "en") -> str:
    """Name of a WIOD 2013 sector (``c1`` … ``c35``); a code without a name is its own name."""
    return _name("sector", code, lang)


def region_name(code: str, lang: Lang = "en") -> str:
    """Name of a region by its code; a code without a name is its own name."""
    return _name("region", code, lang)


def category_name(code: str, lang: Lang = "en") -> str:
    """Name of a final-demand category (``c37`` …); a code without a name is its own name."""
    return _name("category", code, lang)


def _name(what: str, code: str, lang: Lang) -> str:
    try:
        return say(f"accounts.{what}_{code}", lang)
    except KeyError:
        return code
