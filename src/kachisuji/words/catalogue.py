"""One catalogue for every text a person reads.

Each file ``texts/ROOM.toml`` holds the texts of one room; a key is ``ROOM.name``.
An entry has ``en`` and ``ja``; an error entry has ``remedy_en`` and ``remedy_ja`` beside them.
Placeholders are ``str.format`` fields and must be the same in both languages (a test holds this).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

Lang = Literal["en", "ja"]
LANGUAGES: tuple[Lang, ...] = ("en", "ja")


@cache
def _room(room: str) -> dict[str, dict[str, str]]:
    source = resources.files("kachisuji.words") / "texts" / f"{room}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def rooms() -> list[str]:
    """Names of the rooms that have texts."""
    folder = resources.files("kachisuji.words") / "texts"
    names = (f.name for f in folder.iterdir() if f.name.endswith(".toml"))
    return sorted(name.removesuffix(".toml") for name in names)


def entries() -> dict[str, dict[str, str]]:
    """Every entry of the catalogue by its full key."""
    return {f"{room}.{key}": entry for room in rooms() for key, entry in _room(room).items()}


def say(key: str, lang: Lang = "en", *, part: str = "", **values: Any) -> str:
    """Return the text ``key`` in ``lang`` with ``values`` filled in.

    Parameters
    ----------
    key
        ``"room.name"``.
    lang
        ``"en"`` or ``"ja"``.
    part
        ``""`` for the text itself, ``"remedy"`` for an error's remedy.
    values
        Placeholder values.

    Raises
    ------
    KeyError
        If the catalogue has no such key: a programming mistake, never a user's.
    """
    room, _, name = key.partition(".")
    entry = _room(room)[name]
    text = entry[f"{part}_{lang}" if part else lang]
    return text.format(**values) if values else text
