"""The help of the commands: in two columns, in either language, with examples."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from kachisuji.desk.telling import Telling
from kachisuji.words import Lang, entries, say

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions


class HelpLayout:
    """A formatter for cyclopts: headings, names, what they mean, no boxes."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one group of commands or parameters."""
        del options
        if not panel.entries:
            return
        from rich.table import Table
        from rich.text import Text

        console.print(Text(str(panel.title), style="bold"))
        table = Table.grid(padding=(0, 3))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")  # Japanese has no spaces to break at
        for entry in panel.entries:
            name = "  " + ", ".join(entry.display_labels_with_metavar or entry.display_labels)
            table.add_row(Text(name, style="cyan"), self._meaning(entry))
        console.print(table)
        console.print()

    def _meaning(self, entry: HelpEntry) -> Any:
        from rich.text import Text

        notes = []
        if entry.choices:
            notes.append(say("desk.choices", self.lang, values=", ".join(entry.choices)))
        if entry.default not in (None, "False"):  # a flag is off until it is given
            notes.append(say("desk.default", self.lang, value=entry.default))
        if entry.required:
            notes.append(say("desk.required", self.lang))
        text = Text(_plain(entry.description))
        for note in notes:
            text.append(f" [{note}]", style="dim")
        return text

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print how a command is called."""
        del options
        from rich.text import Text

        console.print(Text(f"{say('desk.usage', self.lang)}: {self._called(_plain(usage))}\n"))

    def _called(self, usage: str) -> str:
        """Say in the language what cyclopts says in English."""
        usage = usage.removeprefix("Usage: ").strip()
        for word in ("options", "command", "args"):
            told = say(f"commands.word_{word}", self.lang)
            for before in "[ ":
                usage = usage.replace(before + word.upper(), before + told)
        return usage

    def render_description(
        self, console: Console, options: ConsoleOptions, description: Any
    ) -> None:
        """Print what a command does."""
        del options
        from rich.text import Text

        if description:
            console.print(Text(_plain(description) + "\n"))


def _plain(text: Any) -> str:
    return str(getattr(text, "plain", None) or getattr(text, "primary_renderable", None) or text)


Told = Callable[[str], Parameter]
"""Makes the description of an option from its key in the catalogue."""

ALONE = Parameter(negative="")
"""For a flag that has no counterpart ``--no-…``."""

Command = Callable[..., int]


def speaking(lang: Lang, told: Told) -> Callable[[Command], Command]:
    """Give a command the options by which it speaks: it takes ``telling``, made from them.

    They are ``--json``, ``--quiet``, ``--verbose`` and ``--lang``, the same for every command that
    has a result.
    """

    def flag(name: str, key: str) -> inspect.Parameter:
        made = Annotated[bool, told(key), ALONE]
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=made
        )

    asked = Annotated[Literal["en", "ja"], told("desk.opt_lang")]
    flags = [
        flag("json", "commands.opt_json"),
        flag("quiet", "commands.opt_quiet"),
        flag("verbose", "commands.opt_verbose"),
    ]
    which = inspect.Parameter(
        "lang", inspect.Parameter.KEYWORD_ONLY, default=lang, annotation=asked
    )

    def spoken(command: Command) -> Command:
        @functools.wraps(command)
        def call(*given: Any, **options: Any) -> int:
            how = {p.name: options.pop(p.name, p.default) for p in (*flags, which)}
            with Telling(**how).timed() as telling:
                return command(*given, **options, telling=telling)

        own = inspect.signature(command)
        kept = [p for p in own.parameters.values() if p.name != "telling"]
        whole = [*kept, *flags, which]
        call.__signature__ = own.replace(parameters=whole)  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in whole} | {"return": int}
        return call

    return spoken


def every_command(app: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    """Walk the commands and groups of commands below ``app``, each with its path."""
    for name in app:
        if not name.startswith("-"):
            yield (*path, name), app[name]
            yield from every_command(app[name], (*path, name))


def called(app: App | None, words: Sequence[str]) -> tuple[str, ...]:
    """Return the path of the command that ``words`` call, as far as there is one."""
    path: tuple[str, ...] = ()
    for word in words:
        if app is None or word.startswith("-") or word not in list(app):
            break
        path, app = (*path, word), app[word]
    return path


def with_examples(app: App, lang: Lang) -> None:
    """Put the examples of the catalogue below the help of every command."""
    known = entries()
    for path, command in every_command(app):
        key = example_key(path)
        command.help_epilogue = say(key, lang) if key in known else ""


def example_key(path: Sequence[str]) -> str:
    """Key of a command's examples in the catalogue."""
    return "commands.example_" + "_".join(path).replace("-", "_")
