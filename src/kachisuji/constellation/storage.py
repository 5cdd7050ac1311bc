"""Writing files of a participant's folder: whole or not at all, secrets for their owner only."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kachisuji.words import RunError


def write(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write ``content`` beside ``path``, to the disk, and move it there.

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
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError("constellation.disk", file=path, why=why) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write in ``folder``."""
    try:
        with (folder / ".lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError("constellation.disk", file=folder, why=why) from error
