"""What a command prints: words for people, JSON for machines; more or less of it as asked."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kachisuji.desk.progress import Advance, Bars, Silent, Teller
from kachisuji.words import Lang, number, say

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Telling:
    """How a command speaks.

    Attributes
    ----------
    lang
        Language of words.
    json
        Print the result as JSON on standard output, and nothing else there.
    quiet
        No bars and no words beside the result.
    verbose
        More words, on standard error: how long each stage and the whole took.
    """

    lang: Lang
    json: bool = False
    quiet: bool = False
    verbose: bool = False

    def say(self, text: str = "", *, strong: bool = False) -> None:
        """Print words that accompany a result."""
        if not (self.quiet or self.json):
            _console().print(text, markup=False, soft_wrap=True, style="bold" if strong else None)

    def detail(self, text: str) -> None:
        """Print words that are only wanted when more was asked for."""
        if self.verbose:
            _console(stderr=True).print(text, markup=False, soft_wrap=True)

    def result(self, text: str, value: Any) -> None:
        """Print the result itself: ``text`` for people, ``value`` for machines."""
        told = json.dumps(value, ensure_ascii=False, indent=1) if self.json else text
        _console().print(told, markup=False, soft_wrap=True)

    @property
    def bars(self) -> bool:
        """Whether bars are shown on standard error.

        With ``json`` a machine reads standard error too (an error is JSON there), so there are bars
        only where it is a screen.
        """
        return not (self.quiet or (self.json and not sys.stderr.isatty()))

    @contextmanager
    def stages(self) -> Iterator[Teller]:
        """Show a bar for each stage; afterwards, where more was asked for, how long each took."""
        clock = Clock(Silent())
        try:
            if self.bars:
                with Bars(_console(stderr=True), self.lang) as bars:
                    clock.teller = bars
                    yield clock
            else:
                yield clock
        finally:
            for (key, values), seconds in clock.taken:
                self._took(say(key, self.lang, **values), seconds)

    @contextmanager
    def timed(self) -> Iterator[Telling]:
        """Tell how long a command took, where more was asked for."""
        begun = time.perf_counter()
        try:
            yield self
        finally:
            self._took(say("commands.whole", self.lang), time.perf_counter() - begun)

    def _took(self, what: str, seconds: float) -> None:
        told = number(seconds, self.lang, 2) if seconds < 10 else f"{seconds:,.0f}"
        self.detail(say("commands.seconds", self.lang, stage=what, seconds=told))


class Clock:
    """A teller that remembers how long each stage of another took."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.taken: list[tuple[tuple[str, dict[str, Any]], float]] = []

    @contextmanager
    def stage(self, key: str, total: int = 1, **values: Any) -> Iterator[Advance]:
        """Show one stage, and time it."""
        begun = time.perf_counter()
        with self.teller.stage(key, total, **values) as advance:
            yield advance
        self.taken.append(((key, values), time.perf_counter() - begun))


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)
