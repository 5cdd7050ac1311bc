"""What a command prints: words for people, JSON for machines; more or less of it as asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kachisuji.desk.progress import Bars, Silent, Teller
from kachisuji.words import Lang

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
        More words: how long each stage took.
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

    @contextmanager
    def stages(self) -> Iterator[Teller]:
        """Show a bar for each stage on standard error, unless quiet was asked for.

        With ``json`` a machine reads standard error too (an error is JSON there), so there are bars
        only where it is a screen.
        """
        if self.quiet or (self.json and not sys.stderr.isatty()):
            yield Silent()
            return
        with Bars(_console(stderr=True), self.lang) as bars:
            yield bars


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)
