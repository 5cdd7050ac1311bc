"""The help of the commands, laid out in two columns and in either language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kachisuji.words import Lang, say

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
        table.add_column()
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
        if entry.default is not None:
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

        console.print(Text(f"{say('desk.usage', self.lang)}: {_plain(usage)}\n"))

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
