"""The family of errors a user can meet: where, what is wrong, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kachisuji.words.catalogue import Lang, say

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class KachisujiError(Exception):
    """An error that a person can mend.

    Parameters
    ----------
    key
        Catalogue key; the entry has ``en``, ``ja``, ``remedy_en``, ``remedy_ja``.
    file, row, column
        Where it is: ``row`` is the line number in the file as an editor shows it, or a label.
    values
        Placeholders of the text and of the remedy.
    """

    exit_code = EXIT_USER_ERROR

    def __init__(
        self,
        key: str,
        *,
        file: str | Path | None = None,
        row: int | str | None = None,
        column: str | None = None,
        **values: Any,
    ) -> None:
        self.key = key
        self.file = None if file is None else str(file)
        self.row = row
        self.column = column
        self.values = values
        super().__init__(self.in_lang("en"))

    def __str__(self) -> str:
        """Return the whole message in the language of the environment; English where unknown."""
        import os

        from kachisuji.words.language import language

        try:
            return self.in_lang(language((), os.environ))
        except InputError:  # the language asked for is none: that is told elsewhere
            return self.in_lang("en")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross a process border whole."""
        return _rebuild, (type(self), self.key, self.file, self.row, self.column, self.values)

    def place(self, lang: Lang = "en") -> str:
        """Where the error is, in words (empty when it has no place)."""
        parts = []
        if self.file is not None:
            parts.append(self.file)
        if self.row is not None:
            parts.append(say("words.place_row", lang, row=self.row))
        if self.column is not None:
            parts.append(column_told(self.column, lang))
        return say("words.place_separator", lang).join(parts)

    def in_lang(self, lang: Lang) -> str:
        """Return the whole message: place, what is wrong, remedy."""
        place = self.place(lang)
        text = say(self.key, lang, **self.values)
        remedy = say(self.key, lang, part="remedy", **self.values)
        head = f"{place}: {text}" if place else text
        return f"{head}\n  {say('words.remedy', lang)}: {remedy}"


def column_told(column: str, lang: Lang) -> str:
    """Return "column x", or "columns x, y" where a mistake lies in several."""
    several = ", " in column
    return say("words.place_columns" if several else "words.place_column", lang, column=column)


def _rebuild(
    kind: type[KachisujiError],
    key: str,
    file: str | None,
    row: int | str | None,
    column: str | None,
    values: dict[str, Any],
) -> KachisujiError:
    return kind(key, file=file, row=row, column=column, **values)


class InputError(KachisujiError):
    """Something in a file or an argument is wrong."""


class KindError(InputError, TypeError):
    """An argument of a kind that the function does not take; a :class:`TypeError` as well."""


class InfeasibleError(KachisujiError):
    """No choice fits the limits; the text says which limit binds and by how much."""


class RunError(KachisujiError):
    """A run could not be done or read: disk, permission, interruption, difference."""


def nearest(got: str, known: Iterable[str], most: int = 12) -> str:
    """Return the allowed names for a remedy, those that look like ``got`` first, shortened."""
    import difflib

    names = list(known)
    # codes differ by case more often than by a letter: JPN for jpn comes first
    like = [n for n in names if n.casefold() == got.casefold()]
    close = [*like, *difflib.get_close_matches(got, names, n=3, cutoff=0.6)]
    ordered = list(dict.fromkeys([*close, *names]))
    return ", ".join(ordered[:most]) + (" …" if len(ordered) > most else "")
