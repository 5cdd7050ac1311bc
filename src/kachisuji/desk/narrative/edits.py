"""Edits of a narrative: a TOML file beside the run, and every earlier state of it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

from kachisuji.ledger import disk_error, write_atomic
from kachisuji.words import LANGUAGES, InputError, Lang, say

MOST_LETTERS = 20_000  # of one section


def edits_file(folder: Path) -> Path:
    """Return where the edits of a run's narrative lie: beside the run, which stays as it is."""
    return folder.parent / f"{folder.name}-narrative.toml"


def history_folder(folder: Path) -> Path:
    """Return where earlier states of the edits lie."""
    return folder.parent / f"{folder.name}-narrative-history"


def state(folder: Path) -> str:
    """Return a checksum of the present edits ("" where there are none), to save against."""
    path = edits_file(folder)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def read_edits(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the edits by language and section: ``title``, ``text``, ``hide``.

    Raises
    ------
    InputError
        If the file is no TOML, or not of this shape.
    """
    path = edits_file(folder)
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _bad(folder, str(error)) from error
    for lang, sections in found.items():
        if lang not in LANGUAGES or not isinstance(sections, dict):
            raise _bad(folder, f"[{lang}]")
        for name, section in sections.items():
            kinds = {"title": str, "text": str, "hide": bool}
            if not isinstance(section, dict) or any(
                k not in kinds or not isinstance(v, kinds[k]) for k, v in section.items()
            ):
                raise _bad(folder, f"[{lang}.{name}]")
    return found


def _bad(folder: Path, why: str) -> InputError:
    history = history_folder(folder)
    return InputError("narrative.bad_edits", file=edits_file(folder), why=why, history=history)


def save_edit(
    folder: Path,
    lang: Lang,
    section: str,
    edit: dict[str, Any] | None,
    *,
    since: str | None = None,
) -> str:
    """Keep an edit of one section, or take it back; the state before goes into the history.

    Parameters
    ----------
    folder
        Run folder.
    lang, section
        What is edited.
    edit
        ``title``, ``text``, ``hide``; None has the section as the run writes it again.
    since
        The :func:`state` that the editor saw; None saves whatever was there.

    Returns
    -------
    str
        The new state.

    Raises
    ------
    InputError
        If the file was changed since, the section is unknown, or the text is too long.
    RunError
        If it cannot be written.
    """
    from kachisuji.desk.narrative.sections import SECTIONS

    if section not in SECTIONS and not section.startswith("own_"):
        known = ", ".join(SECTIONS)
        raise InputError("narrative.unknown_section", got=section, known=known)
    if since is not None and since != state(folder):
        raise InputError("narrative.conflict", file=edits_file(folder))
    letters = len(str((edit or {}).get("text", "")))
    if letters > MOST_LETTERS:
        raise InputError("narrative.too_long", section=section, got=letters, want=MOST_LETTERS)
    edits = read_edits(folder)
    own = edits.setdefault(lang, {})
    if edit is None:
        own.pop(section, None)
    else:
        own[section] = edit
    return write_edits(folder, edits, lang)


def write_edits(folder: Path, edits: dict[str, dict[str, dict[str, Any]]], lang: Lang) -> str:
    """Write all edits, the state before into the history; return the new state.

    Raises
    ------
    RunError
        If a file cannot be written.
    """
    path, history = edits_file(folder), history_folder(folder)
    if path.is_file():
        try:
            history.mkdir(exist_ok=True)
        except OSError as error:
            raise disk_error(error, history) from error
        number = 1 + max((int(p.stem) for p in history.glob("[0-9]*.toml")), default=0)
        write_atomic(history / f"{number:04}.toml", path.read_bytes())
    write_atomic(path, as_toml(edits, lang))
    return state(folder)


def as_toml(edits: dict[str, dict[str, dict[str, Any]]], lang: Lang) -> str:
    """Write edits as TOML, long texts over several lines."""
    out = [f"# {say('narrative.edits_head', lang)}"]
    for language, sections in edits.items():
        for name, section in sections.items():
            out.append(f"\n[{language}.{_key(name)}]")
            out += [f"{key} = {_value(value)}" for key, value in section.items()]
    return "\n".join(out) + "\n"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if "\\n" not in text or "\\\\" in text:
        return text
    return '"""\n' + text[1:-1].replace("\\n", "\n") + '"""'
