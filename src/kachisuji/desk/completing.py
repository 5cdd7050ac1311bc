"""``kachisuji completion``: commands and options complete in the shell."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App

from kachisuji.desk.helping import ALONE, Told
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, say

Shell = Literal["bash", "zsh", "fish", "powershell"]


def add_completion(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji completion`` to the commands."""

    @app.command(name="completion", help=say("commands.help_completion", lang))
    def completion(
        shell: Annotated[Shell | None, told("commands.arg_shell")] = None,
        /,
        *,
        install: Annotated[bool, told("commands.opt_install"), ALONE] = False,
        lang: Annotated[Literal["en", "ja"], told("desk.opt_lang")] = lang,
    ) -> int:
        return complete(app, shell or _in_use(), install, Telling(lang))


def _in_use() -> Shell:
    from cyclopts.completion.detect import ShellDetectionError, detect_shell

    try:
        return detect_shell()
    except ShellDetectionError as error:
        raise InputError("commands.no_shell") from error


def complete(app: App, shell: Shell, install: bool, telling: Telling) -> int:
    """Print the completion script of a shell, or write it where the shell looks for it."""
    script = app.generate_completion(shell=shell)
    if not install:
        print(script)  # as it is: a shell reads it, no console may wrap it
        return 0
    from cyclopts.completion.install import get_default_completion_path

    from kachisuji.ledger import disk_error, write_atomic

    path = Path(get_default_completion_path(shell, "kachisuji")).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, path.parent) from error
    write_atomic(path, script)
    telling.result(say("commands.completion_at", telling.lang, path=path), {"path": str(path)})
    if shell == "zsh":
        telling.say(say("commands.completion_zsh", telling.lang, folder=path.parent))
    return 0
