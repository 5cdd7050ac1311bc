"""Pages of the reference, made from the program itself when the documentation is built.

Commands come from the command line, settings and tables from the schema, errors and terms from the
catalogue, functions from their docstrings. So the reference cannot lag behind, and a test can ask
that nothing is missing from it.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kachisuji.cases import schema_markdown
from kachisuji.cases.settings import (
    Aim,
    Balance,
    Choosing,
    Joined,
    LineSpace,
    Package,
    Risk,
    Rule,
    Settings,
    Weights,
)
from kachisuji.desk.cli import build
from kachisuji.desk.helping import every_command, example_key
from kachisuji.words import Lang, entries, say

ROOMS = ("words", "accounts", "beliefs", "structure", "cases", "contest", "ensembles",
         "portfolios", "constellation", "ledger")  # fmt: skip
PAGES = ("commands", "case", "errors", "glossary", "functions")
MODELS = (
    ("case.toml", "case", Settings),
    ("case.toml `[weights]`", "case_weights", Weights),
    ("case.toml `[risk]`", "case_risk", Risk),
    ("case.toml `[choice]`", "case_choice", Choosing),
    ("case.toml `[[choice.rules]]`", "case_rule", Rule),
    ("case.toml `[[choice.balance]]`", "case_balance", Balance),
    ("case.toml `[[choice.goals]]`", "case_aim", Aim),
    ("case.toml `[[choice.together]]`", "case_together", Joined),
    ("lines.toml", "lines", LineSpace),
    ("lines.toml `[[packages]]`", "lines_packages", Package),
)


def cell(text: object) -> str:
    """Make a text fit for a cell of a Markdown table."""
    told = str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    return told.replace("<", "&lt;").replace("*", "\\*").replace("$", "\\$").replace("`", "\\`")


def pages(lang: Lang) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every page of the reference in one language."""
    for name in PAGES:
        head = f"# {say(f'docs.h_{name}', lang)}\n\n{say(f'docs.about_{name}', lang)}\n\n"
        yield name, head + globals()[name](lang) + "\n"


def write(docs: Path) -> None:
    """Write every page into ``reference/`` and ``ja/reference/`` where it has changed."""
    for lang, folder in (("en", docs / "reference"), ("ja", docs / "ja" / "reference")):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages(lang):
            path = folder / f"{name}.md"
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")


def commands(lang: Lang) -> str:
    """Tell every command: what it does, its arguments and options, examples."""
    out = []
    for path, command in every_command(build(lang)):
        out.append(f"## `kachisuji {' '.join(path)}`\n\n{command.help}\n")
        if command.default_command is not None:
            rows = []
            for argument in command.assemble_argument_collection():
                names = ", ".join(f"`{n}`" for n in argument.names)
                default = argument.field_info.default
                shown = "" if default in (inspect.Parameter.empty, None, False) else str(default)
                rows.append(f"| {names} | {cell(shown)} | {cell(argument.parameter.help)} |")
            if rows:
                out.append("\n".join([say("docs.head_options", lang), "|---|---|---|", *rows, ""]))
        if example_key(path) in entries():
            out.append(f"```text\n{say(example_key(path), lang)}\n```\n")
    return "\n".join(out)


def case(lang: Lang) -> str:
    """List settings, tables, columns and symbols of a case."""
    out = []
    for title, prefix, model in MODELS:
        rows = [
            f"| `{name}` | {cell(say(f'settings.{prefix}_{name}', lang))} |"
            for name in model.model_fields
        ]
        head = say("docs.head_settings", lang)
        out.append("\n".join([f"## {title}\n", head, "|---|---|", *rows, ""]))
    tables = schema_markdown(lang).replace("<", "&lt;").replace("$", "\\$")
    out.append(f"## {say('docs.h_tables', lang)}\n\n{tables}")
    return "\n".join(out)


def errors(lang: Lang) -> str:
    """List every error: its key, what is wrong, how to mend it."""
    out, room = [], ""
    for key, entry in sorted(entries().items()):
        if f"remedy_{lang}" not in entry:
            continue
        if key.split(".")[0] != room:
            room = key.split(".")[0]
            head = say("docs.head_errors", lang)
            out.append(f"\n## `{room}`\n\n{head}\n|---|---|---|")
        out.append(f"| `{key}` | {cell(entry[lang])} | {cell(entry[f'remedy_{lang}'])} |")
    return "\n".join(out) + "\n"


def glossary(lang: Lang) -> str:
    """List the vocabulary in both languages."""
    rows = []
    for key, entry in entries().items():
        room, _, name = key.partition(".")
        if room == "glossary" and not name.endswith("_is"):
            other = entry["ja" if lang == "en" else "en"]
            meaning = entries()[f"{key}_is"][lang]
            rows.append(f"| **{entry[lang]}** | {other} | {cell(meaning)} |")
    return "\n".join([say("docs.head_terms", lang), "|---|---|---|", *rows, ""])


def public(room: str) -> Iterator[tuple[str, Any]]:
    """Yield the public names of a room."""
    module = importlib.import_module(f"kachisuji.{room}" if room else "kachisuji")
    for name in getattr(module, "__all__", ()):
        if not name.startswith("__"):
            yield name, getattr(module, name)


def functions(lang: Lang) -> str:
    """Tell public functions and classes of every room, as their docstrings tell them.

    In Japanese a line on each comes first: the docstrings are English.
    """
    told = in_japanese() if lang == "ja" else {}
    out = []
    for room in ("", *ROOMS):
        module = importlib.import_module(f"kachisuji.{room}" if room else "kachisuji")
        lines = told.get(room or "kachisuji", {})
        about = lines.get("about") or (inspect.getdoc(module) or "").split("\n\n")[0]
        out.append(f"## `{module.__name__}`\n\n{about}\n")
        for name, thing in public(room):
            out.append(_thing(name, thing, lines.get(name, "")))
    return "\n".join(out)


def in_japanese() -> dict[str, dict[str, str]]:
    """Read a line on each public name in Japanese, by room and name (``docs/ja/functions.toml``)."""
    with (Path(__file__).parent / "ja" / "functions.toml").open("rb") as file:
        return tomllib.load(file)


def _thing(name: str, thing: Any, line: str) -> str:
    try:
        signature = str(inspect.signature(thing)) if callable(thing) else f" = {thing!r}"[:120]
    except (TypeError, ValueError):
        signature = ""
    told = inspect.getdoc(thing) if callable(thing) else ""
    text = f"{name}{signature}\n\n{told or ''}".rstrip()
    line = f"{line}\n\n" if line else ""
    return f"### `{name}`\n\n{line}````text\n{text}\n````\n"


def pages_of(folder: Path) -> set[str]:
    """Return the names of every page below a folder."""
    return {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.md")}


def listed(index: Path) -> list[str]:
    """Return the pages that an index lists, in order."""
    text = index.read_text(encoding="utf-8")
    blocks = re.findall(r"```\{toctree\}\n(.*?)```", text, re.S)
    return [line for b in blocks for line in b.splitlines() if line and not line.startswith(":")]


def title(page: Path) -> str:
    """Return the first heading of a page."""
    found = re.search(r"^# (.*)$", page.read_text(encoding="utf-8"), re.M)
    return found[1] if found else page.stem


def gallery_run() -> Path:
    """Make the run that pages of the gallery open, in a temporary folder; return where."""
    import tempfile

    import kachisuji

    place = Path(tempfile.mkdtemp()) / "first"
    kachisuji.run("template", futures=128, out=place, lang="en", progress=False)
    return place


def kernel_settings() -> Path:
    """Make settings for the kernels of the gallery: they speak over loopback, and need not say so.

    Errors are still told; a cell that fails still fails the build.
    """
    import tempfile

    place = Path(tempfile.mkdtemp())
    settings = place / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir()
    settings.write_text('c.IPKernelApp.log_level = "ERROR"\n', encoding="utf-8")
    return place
