"""Many mistakes in one error: a case is read to its end, and everything found is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kachisuji.words import InputError, Lang, say
from kachisuji.words import nearest as nearest

SHOWN = 20
"""How many mistakes one message lists."""


class CaseError(InputError):
    """Several mistakes of one case folder; ``problems`` holds each of them whole."""

    def __init__(self, file: str | Path, problems: Sequence[InputError]) -> None:
        self.problems = tuple(problems)
        super().__init__("cases.many", file=file, count=len(problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross a process border whole."""
        return type(self), (self.file, self.problems)

    def in_lang(self, lang: Lang) -> str:
        """Return the head and up to twenty problems, each with its place and remedy."""
        lines = [super().in_lang(lang)]
        lines += [p.in_lang(lang) for p in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(say("cases.more", lang, count=len(self.problems) - SHOWN))
        return "\n".join(lines)


def raise_all(place: Path, problems: Sequence[InputError]) -> None:
    """Raise what was found, if anything: one as it is, several together."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise CaseError(place, problems)
