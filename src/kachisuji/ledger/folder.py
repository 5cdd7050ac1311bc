"""A run folder appears whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kachisuji.words import RunError

_KINDS = {
    errno.ENOSPC: "ledger.disk_full",
    errno.EDQUOT: "ledger.disk_full",
    errno.EACCES: "ledger.no_permission",
    errno.EPERM: "ledger.no_permission",
    errno.EROFS: "ledger.no_permission",
}


def disk_error(error: OSError, path: Path) -> RunError:
    """Say what the operating system said, in a person's words."""
    key = _KINDS.get(error.errno or 0, "ledger.disk")
    return RunError(key, file=error.filename or path, why=error.strerror or str(error))


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write ``content`` beside ``path`` and move it there, so that no reader sees half a file.

    Raises
    ------
    RunError
        If the disk is full or the folder may not be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        error.filename = str(path)  # not the file beside it
        raise disk_error(error, path) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def copy_into(source: Path, target: Path) -> None:
    """Copy a folder of inputs into the run, files only (no links, no caches)."""
    try:
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source)
            if path.is_file() and not any(p.startswith((".", "__")) for p in inside.parts):
                (target / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / inside)
    except OSError as error:
        raise disk_error(error, target) from error


@contextmanager
def run_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``target`` that becomes ``target`` when the block is done.

    Whatever goes wrong inside, an interruption too, the temporary folder is removed and ``target``
    and every earlier run stay as they were.

    Parameters
    ----------
    target
        Path of the run folder; it must not exist yet.

    Raises
    ------
    RunError
        If ``target`` exists, the disk is full, or the folder may not be written.
    """
    if target.exists() or target.is_symlink():
        raise RunError("ledger.exists", file=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-"))
    except OSError as error:
        raise disk_error(error, target) from error
    try:
        yield temporary
        temporary.chmod(0o755)
        os.rename(temporary, target)
    except OSError as error:
        raise disk_error(error, target) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def unfinished(target: Path) -> Path:
    """Folder in which an interrupted run waits to be resumed: ``TARGET.unfinished`` beside it."""
    return target.with_name(f"{target.name}.unfinished")


@contextmanager
def resumable_folder(
    target: Path, keep: Callable[[BaseException, Path], bool], *, resume: bool = False
) -> Iterator[Path]:
    """Give the folder in which a run is made; it becomes ``target`` when the block is done.

    It lies in ``unfinished(target)``, so that even a process that is killed leaves it there. When
    the block ends with an error, ``keep(error, folder)`` says whether it stays to be resumed (the
    error then carries its path as a note) or goes.

    Parameters
    ----------
    target
        Path of the run folder; it must not exist yet.
    keep
        Decides after an error.
    resume
        Go on in the folder that is there, instead of a fresh one.

    Raises
    ------
    RunError
        If ``target`` exists, or an unfinished run of that name where none was to be resumed; if the
        disk is full or the folder may not be written.
    """
    if target.exists() or target.is_symlink():
        raise RunError("ledger.exists", file=target)
    waiting = unfinished(target)
    if waiting.exists() and not resume:
        raise RunError("ledger.waiting", file=waiting)
    folder = waiting / "run"
    try:
        folder.mkdir(parents=True, exist_ok=resume)
    except OSError as error:
        shutil.rmtree(waiting, ignore_errors=True)
        raise disk_error(error, target) from error
    try:
        yield folder
        os.rename(folder, target)
    except BaseException as raised:
        said = disk_error(raised, target) if isinstance(raised, OSError) else raised
        if keep(said, folder):
            said.add_note(str(waiting))
        else:
            shutil.rmtree(waiting, ignore_errors=True)
        if said is raised:
            raise
        raise said from raised
    shutil.rmtree(waiting, ignore_errors=True)
