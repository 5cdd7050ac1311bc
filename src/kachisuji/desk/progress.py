"""Telling a person what is going on: a bar for each stage, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from kachisuji.words import InputError, Lang, say

if TYPE_CHECKING:
    from rich.console import Console

Advance = Callable[[int], None]

PERIOD = 600.0  # seconds of work that the time left is reckoned from: chunks may take minutes


class Teller(Protocol):
    """Shows the stages of a run."""

    def stage(self, key: str, total: int = 1, **values: Any) -> Any:
        """Return a context that shows one stage; it gives a function to call with work done."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def stage(self, key: str, total: int = 1, **values: Any) -> Iterator[Advance]:
        """Show nothing."""
        del key, total, values
        yield lambda _: None


class Bars:
    """Shows a bar for each stage: what it is doing, the time left, in the end the time taken."""

    def __init__(
        self, console: Console, lang: Lang, clock: Callable[[], float] | None = None
    ) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        self.lang = lang
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            Remaining(elapsed_when_finished=True),
            console=console,
            get_time=clock,
            speed_estimate_period=PERIOD,
        )

    def __enter__(self) -> Bars:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    @contextmanager
    def stage(self, key: str, total: int = 1, **values: Any) -> Iterator[Advance]:
        """Show one stage; what is left of its bar is filled when it ends well.

        A mistake of input takes its bar away: nothing has begun, and the message stands alone.
        """
        task = self.progress.add_task(say(key, self.lang, **values), total=total)
        try:
            yield lambda done: self.progress.update(task, advance=done)
        except InputError:
            self.progress.remove_task(task)
            raise
        self.progress.update(task, completed=total)
