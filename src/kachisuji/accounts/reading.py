"""One door to all publishers' tables: ``read(kind, path, year)``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from kachisuji.accounts.economy import Economy
from kachisuji.words import InputError

# kind -> module of kachisuji.accounts.readers; each has read(path, year, **options) and
# looks_like(path), which says whether a path is one of its own
_READERS = {
    "wiod13": "wiod13",
    "wiod16": "wiod16",
    "oecd-icio": "oecd",
    "figaro": "figaro",
    "exiobase3": "exiobase3",
    "eora26": "eora26",
    "gloria": "gloria",
    "adb-mrio": "adb",
    "bea": "bea",
    "pymrio": "pymrio_saved",
    "mic-japan": "mic_japan",
    "eurostat-iot": "eurostat",
    "csv": "plain",
}

KINDS: tuple[str, ...] = tuple(_READERS)


def _reader(kind: str) -> Any:
    return import_module(f"kachisuji.accounts.readers.{_READERS[kind]}")


def detect(path: str | Path) -> str:
    """Return the kind of table at ``path``.

    Raises
    ------
    InputError
        When nothing is there or no reader knows it.
    """
    place = Path(path)
    if not place.exists():
        raise InputError("accounts.no_file", file=place)
    for kind in KINDS:
        if _reader(kind).looks_like(place):
            return kind
    raise InputError("accounts.undetected", file=place, known=", ".join(KINDS))


def read(kind: str | None, path: str | Path, year: int | None = None, **options: Any) -> Economy:
    """Read a publisher's table.

    Parameters
    ----------
    kind
        One of :data:`KINDS`; None finds out from the files.
    path
        The file, or the folder that holds the publisher's files.
    year
        Which year, where the path holds several.
    options
        What the reader of that kind takes beside these (see docs/accounts.md).

    Raises
    ------
    InputError
        Naming file, row, column and remedy.
    """
    if kind is None:
        kind = detect(path)
    if kind not in _READERS:
        raise InputError("accounts.unknown_kind", kind=kind, known=", ".join(KINDS))
    return _reader(kind).read(Path(path), year, **options)
