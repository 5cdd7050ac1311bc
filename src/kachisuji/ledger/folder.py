"""A run folder appears whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
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
