"""Which language to speak: what was asked for, else the environment's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kachisuji.words.catalogue import LANGUAGES, Lang
from kachisuji.words.errors import InputError

# the order in which POSIX programs look for the language of messages
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language(arguments: Sequence[str], environment: Mapping[str, str]) -> Lang:
    """Return the language asked for by ``--lang``, ``KACHISUJI_LANG`` or the locale; else English.

    Raises
    ------
    InputError
        If ``--lang`` or ``KACHISUJI_LANG`` names another language.
    """
    asked = _option(arguments)
    if asked is not None:
        return _known(asked, "--lang")
    if environment.get("KACHISUJI_LANG"):
        return _known(environment["KACHISUJI_LANG"], "KACHISUJI_LANG")
    for name in _VARIABLES:
        if environment.get(name):
            return "ja" if environment[name].lower().startswith("ja") else "en"
    return "en"


def _option(arguments: Sequence[str]) -> str | None:
    for place, word in enumerate(arguments):
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
        if word == "--lang":
            return arguments[place + 1] if place + 1 < len(arguments) else ""
    return None


def _known(asked: str, option: str) -> Lang:
    for lang in LANGUAGES:
        if asked == lang:
            return lang
    raise InputError("desk.bad_option", option=option, got=repr(asked), want=" / ".join(LANGUAGES))
