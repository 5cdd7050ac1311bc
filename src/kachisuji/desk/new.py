"""``kachisuji new``: a commented case that runs as it is."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from kachisuji.desk.helping import Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, RunError, entries, say

_KEY = re.compile(r"^(\w+) *= *")
_TABLE = re.compile(r"^\[+(\w+)\]+")


def add_new(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji new`` to the commands."""

    @app.command(name="new", help=say("commands.help_new", lang))
    @speaking(lang, told)
    def new(
        folder: Annotated[Path, told("commands.arg_new_folder")],
        /,
        *,
        source: Annotated[str, told("commands.opt_from"), Parameter(name="--from")] = "template",
        telling: Telling,
    ) -> int:
        return start(folder, source, telling)


def start(folder: Path, source: str, telling: Telling) -> int:
    """Make the case folder and say what to do next."""
    new_case(folder, source, telling.lang)
    told = say("commands.new_made", telling.lang, folder=shlex.quote(str(folder)))
    telling.result(told, {"case": str(folder), "source": source})
    return 0


def new_case(folder: Path, source: str = "template", lang: Lang = "en") -> Path:
    """Make a case of one's own from another: settings explained line by line, tables in a README.

    Parameters
    ----------
    folder
        Where; it must not exist yet. It appears whole or not at all.
    source
        Name of a shipped case, or a case folder; it must be sound.
    lang
        Language of the comments.

    Raises
    ------
    InputError
        If there is no such case, it has mistakes, or ``folder`` is the name of a shipped case.
    RunError
        If ``folder`` exists or may not be written.
    """
    from kachisuji.cases import available, load, schema_markdown
    from kachisuji.cases.case import CASE_FILE, LINES_FILE
    from kachisuji.ledger import copy_into, run_folder, write_atomic

    if str(folder) in available():  # commands would take the shipped case for it
        raise InputError("commands.new_shipped", got=folder)
    if folder.exists() or folder.is_symlink():
        raise RunError("commands.new_exists", file=folder)
    origin = load(source)
    name = folder.name or folder.resolve().name
    with run_folder(folder) as made:
        copy_into(origin.path, made)
        (made / "SOURCES.md").unlink(missing_ok=True)
        shutil.rmtree(made / "expected", ignore_errors=True)  # results of the case it comes from
        settings = (made / CASE_FILE).read_text(encoding="utf-8")
        settings = _renamed(settings, name, origin.settings.id)
        head = say("commands.new_head", lang, name=name)
        write_atomic(made / CASE_FILE, commented(settings, "case", head, lang))
        lines = (made / LINES_FILE).read_text(encoding="utf-8")
        head = say("commands.new_lines_head", lang)
        write_atomic(made / LINES_FILE, commented(lines, "lines", head, lang))
        told = say(
            "commands.new_readme",
            lang,
            name=name,
            source=origin.settings.id,
            folder=shlex.quote(folder.name),
        )
        write_atomic(made / "README.md", told + schema_markdown(lang) + "\n")
    load(folder)
    return folder


def _renamed(settings: str, name: str, source: str) -> str:
    """Give the settings an id and titles after the new folder."""
    title = {
        "title_en": say("commands.new_title", "en", name=name, source=source),
        "title_ja": say("commands.new_title", "ja", name=name, source=source),
    }
    ident = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "mine"
    for key, value in {"id": ident, **title}.items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        told = f'{key} = "{quoted}"'.replace("\\", "\\\\")  # re.sub reads backslashes itself
        settings = re.sub(rf"(?m)^{key} *=.*$", told, settings)
    return settings


def commented(text: str, kind: str, head: str, lang: Lang) -> str:
    """Put what each setting means above it; comments of the source give way, values stay.

    Parameters
    ----------
    text
        A TOML file whose settings stand one a line.
    kind
        ``case`` or ``lines``: the family of keys in the catalogue.
    head
        First line of comment.
    """
    known, out, table, said = entries(), [f"# {head}", ""], "", set[str]()
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        bare = _bare(line)
        opened, setting = _TABLE.match(bare), _KEY.match(bare)
        if opened:
            table = opened[1]
            key = f"settings.{kind}_{table}"
        elif setting and table != "market_groups":
            key = "_".join(p for p in (f"settings.{kind}", table, setting[1]) if p)
        else:
            key = ""
        if key in known and key not in said:
            out.append(f"# {say(key, lang)}")
            said.add(key)
        out.append(bare)
    made = "\n".join(out).rstrip() + "\n"
    assert tomllib.loads(made) == tomllib.loads(text)
    return made


def _bare(line: str) -> str:
    """Return a line without the comment at its end; a ``#`` inside quotes is none."""
    quoted = False
    for place, letter in enumerate(line):
        if letter == '"' and line[place - 1 : place] != "\\":
            quoted = not quoted
        elif letter == "#" and not quoted:
            return line[:place].rstrip()
    return line.rstrip()
