"""``kachisuji mcp`` on the command line."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App

from kachisuji.desk.helping import ALONE, Told
from kachisuji.words import Lang, say


def add_mcp(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji mcp`` to the commands."""

    @app.command(name="mcp", help=say("mcp.help", lang), usage=say("mcp.usage", lang))
    def mcp(
        *,
        runs: Annotated[Path, told("mcp.opt_runs")] = Path("runs"),
        allow_run: Annotated[bool, told("mcp.opt_allow_run"), ALONE] = False,
        lang: Annotated[Literal["en", "ja"], told("desk.opt_lang")] = lang,
    ) -> int:
        from kachisuji.desk.mcp.server import serve

        serve(runs, lang, allow_run=allow_run)
        return 0
