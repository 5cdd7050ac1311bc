"""One door to all publishers' tables: ``read(kind, path, year)``."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.economy import Economy
from kachisuji.words import InputError, KindError, nearest

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

# printed output that the row sums miss, as a share of all output, above which a table is refused;
# the real tables at hand miss less than a thousandth
_UNBALANCED = 0.01

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


def years_in(kind: str, path: Path) -> list[int]:
    """Return the years that the names inside a file of several years tell; nothing is read.

    Empty for publishers whose files hold one year each.
    """
    named = getattr(_reader(kind), "years", None)
    return [] if named is None else sorted(named(path))


def read(
    kind: str | None,
    path: str | Path,
    year: int | None = None,
    *,
    unbalanced: bool = False,
    **options: Any,
) -> Economy:
    """Read a publisher's table.

    Parameters
    ----------
    kind
        One of :data:`KINDS`; None finds out from the files.
    path
        The file, or the folder that holds the publisher's files.
    year
        Which year, where the path holds several.
    unbalanced
        True takes a table whose row sums miss the printed output by more than one percent; the row
        sums are its output then.
    options
        What the reader of that kind takes beside these (see docs/accounts.md).

    Raises
    ------
    InputError
        Naming file, row, column and remedy.
    """
    if not isinstance(path, (str, Path)):
        raise InputError("accounts.path_kind", kind=type(path).__name__)
    if kind is None:
        kind = detect(path)
    if kind not in _READERS:
        raise InputError("accounts.unknown_kind", kind=kind, known=nearest(str(kind), KINDS, 20))
    reader = _reader(kind).read
    known = [name for name in inspect.signature(reader).parameters if name not in ("path", "year")]
    for option in options:
        if option not in known:
            listed = ", ".join([*known, "unbalanced"])
            raise InputError("accounts.no_option", kind=kind, option=option, known=listed)
    if year is not None and (isinstance(year, bool) or not isinstance(year, (int, np.integer))):
        raise InputError("accounts.year_kind", year=year)
    if not isinstance(unbalanced, bool):  # "no" would be true
        kind = type(unbalanced).__name__
        raise KindError(
            "accounts.argument_kind", function="read", name="unbalanced", wanted="bool", kind=kind
        )
    economy: Economy = reader(Path(path), None if year is None else int(year), **options)
    if year is not None and economy.year != year:  # a file that says by its name which year it is
        raise InputError("accounts.no_year", file=path, year=year, known=economy.year)
    if not unbalanced:
        _refuse_unbalanced(economy)
    return economy


def _refuse_unbalanced(economy: Economy) -> None:
    gap, whole = np.abs(economy.output_gap), float(np.abs(economy.x).sum())
    if gap.sum() <= _UNBALANCED * whole:
        return
    worst = int(gap.argmax())
    raise InputError(
        "accounts.unbalanced",
        file=economy.source,
        row=" ".join(economy.label(worst)),
        percent=f"{100 * float(gap.sum()) / whole:.1f}" if whole else "∞",
        sum=float(economy.x[worst]),
        printed=float(economy.x[worst] + economy.output_gap[worst]),
    )
