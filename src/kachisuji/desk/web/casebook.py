"""Cases that people make: versions that are only ever added to, and drafts kept as they type.

``NAME/versions/000001/`` is a whole case folder, never changed once it is there;
``NAME/versions/000001.json`` says who made it of what, when and why, and is written last: a version
without it does not count. ``NAME/drafts/EDITOR/FILE.json`` holds changes that are not saved yet.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kachisuji.cases import available, load, optional_tables, resolve, tables
from kachisuji.contest import check_correlated
from kachisuji.ledger import copy_into, disk_error, write_atomic
from kachisuji.words import InputError, RunError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
EDITOR = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
TOML = ("case.toml", "lines.toml")


def case_files() -> tuple[str, ...]:
    """Names of the files that a case may hold."""
    return (*TOML, *(f"{t}.csv" for t in (*tables(), *optional_tables())), "SOURCES.md")


@dataclass(frozen=True)
class Version:
    """One version of a case."""

    number: int
    made: str
    by: str
    note: str
    parent: int
    folder: Path


class ConflictError(InputError):
    """Somebody else has saved in the meantime."""

    def __init__(self, name: str, base: int, head: int) -> None:
        self.base, self.head = base, head
        super().__init__("web.conflict", name=name, base=base, head=head)


class Casebook:
    """The desk's own cases.

    Parameters
    ----------
    folder
        Holds one folder a case.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self.drafting = threading.RLock()  # one change of a draft at a time, also from two windows

    def names(self) -> list[str]:
        """Names of the cases, sorted."""
        found = (p.name for p in self.folder.iterdir() if NAME.fullmatch(p.name))
        return sorted(n for n in found if self.versions(n))

    def place(self, name: str) -> Path:
        """Return the folder of a case.

        Raises
        ------
        RunError
            If there is none of this name.
        """
        if not NAME.fullmatch(name) or not (self.folder / name / "versions").is_dir():
            raise RunError("web.no_case", name=name[:80])
        return self.folder / name

    def versions(self, name: str) -> list[Version]:
        """Versions of a case, oldest first."""
        place = self.place(name) / "versions"
        out = []
        for path in sorted(place.glob("[0-9]*.json")):
            told = json.loads(path.read_text(encoding="utf-8"))
            out.append(Version(**told, folder=path.with_suffix("")))
        return out

    def head(self, name: str) -> Version:
        """Return the newest version."""
        return self.versions(name)[-1]

    def version(self, name: str, number: int) -> Version:
        """Return one version.

        Raises
        ------
        RunError
            If there is none of this number.
        """
        for version in self.versions(name):
            if version.number == number:
                return version
        raise RunError("web.no_such", what=f"{name} {number}")

    @contextmanager
    def changing(self, name: str) -> Iterator[None]:
        """Let one at a time change a case, in this process and in others."""
        import fcntl

        with self._lock, (self.folder / f".{name}.lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def create(self, name: str, source: Path, by: str, note: str) -> Version:
        """Make a case out of a folder of files.

        Raises
        ------
        InputError
            If the name is not of the form of a name, or is taken.
        """
        if not NAME.fullmatch(name):
            raise InputError("web.bad_case_name", got=name[:80])
        with self.changing(name):
            if (self.folder / name).exists() or name in available():
                raise InputError("web.case_taken", name=name)
            try:
                (self.folder / name / "versions").mkdir(parents=True)
            except OSError as error:
                raise disk_error(error, self.folder) from error
            return self._add(name, source, {}, by, note, 0)

    def from_shipped(self, name: str, shipped: str, by: str, note: str) -> Version:
        """Make a case out of one inside the package."""
        if shipped not in available():
            raise RunError("web.no_case", name=shipped[:80])
        return self.create(name, resolve(shipped), by, note)

    def save(self, name: str, base: int, files: dict[str, bytes], by: str, note: str) -> Version:
        """Add a version that differs from ``base`` in some files.

        Raises
        ------
        ConflictError
            If ``base`` is not the newest version any more.
        """
        with self.changing(name):
            head = self.head(name)
            if head.number != base:
                raise ConflictError(name, base, head.number)
            return self._add(name, head.folder, files, by, note, base)

    def restore(self, name: str, number: int, by: str, note: str) -> Version:
        """Add a version that is as an earlier one was."""
        with self.changing(name):
            old = self.version(name, number)
            return self._add(name, old.folder, {}, by, note, self.head(name).number)

    def _add(
        self, name: str, source: Path, files: dict[str, bytes], by: str, note: str, parent: int
    ) -> Version:
        place = self.folder / name / "versions"
        taken = [int(p.name) for p in place.glob("[0-9]*") if p.name.isdigit()]
        number = max(taken, default=0) + 1
        target = place / f"{number:06d}"
        try:
            hidden = Path(tempfile.mkdtemp(dir=place, prefix=".partial-"))
            copy_into(source, hidden)
            shutil.rmtree(hidden / "expected", ignore_errors=True)
            for file, data in files.items():
                if file not in case_files():
                    raise RunError("web.no_such", what=file)
                (hidden / file).write_bytes(data)
            _sync(hidden)
            hidden.chmod(0o755)
            os.rename(hidden, target)
        except OSError as error:
            raise disk_error(error, place) from error
        made = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
        told = {"number": number, "made": made, "by": by, "note": note[:300], "parent": parent}
        write_atomic(place / f"{number:06d}.json", json.dumps(told, ensure_ascii=False))
        return Version(**told, folder=target)  # type: ignore[arg-type]

    # ---- drafts ---------------------------------------------------------------------------------

    def draft(self, name: str, editor: str, file: str) -> dict[str, Any]:
        """Return unsaved changes: ``base`` and ``changes``, empty where there are none."""
        path = self._draft(name, editor, file)
        if not path.is_file():
            return {"base": self.head(name).number, "changes": []}
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def keep_draft(self, name: str, editor: str, file: str, draft: dict[str, Any]) -> None:
        """Keep unsaved changes, whole or not at all."""
        path = self._draft(name, editor, file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, path) from error
        write_atomic(path, json.dumps(draft, ensure_ascii=False))

    def drop_draft(self, name: str, editor: str, file: str) -> None:
        """Forget unsaved changes."""
        self._draft(name, editor, file).unlink(missing_ok=True)

    def drafts(self, name: str, editor: str) -> list[str]:
        """Files with unsaved changes of an editor."""
        place = self.place(name) / "drafts" / editor
        return sorted(p.name.removesuffix(".json") for p in place.glob("[!.]*.json"))

    def _draft(self, name: str, editor: str, file: str) -> Path:
        if not EDITOR.fullmatch(editor) or file not in case_files():
            raise RunError("web.no_such", what=file[:80])
        return self.place(name) / "drafts" / editor / f"{file}.json"


def _sync(folder: Path) -> None:
    """Have the disk hold the files before they count."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def mistakes(folder: Path, changed: dict[str, bytes] | None = None) -> list[InputError]:
    """Every mistake of a case folder, some of whose files may be taken from memory."""
    with tempfile.TemporaryDirectory() as hold:
        place = folder
        if changed:
            place = Path(hold)
            for path in folder.iterdir():
                if path.is_file() and path.name not in changed:
                    os.symlink(path, place / path.name)
            for name, data in changed.items():
                (place / name).write_bytes(data)
        try:
            check_correlated(load(place))
        except InputError as error:
            return list(getattr(error, "problems", (error,)))
    return []
