"""What a file is that was taken for another: told by its first bytes, with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kachisuji.words import InputError

_FIRST_BYTES = (
    (b"PK\x03\x04", "accounts.is_archive"),
    (b"PK\x05\x06", "accounts.is_archive"),
    (b"PAR1", "accounts.is_parquet"),
    (b"\xff\xfe", "accounts.is_utf16"),
    (b"\xfe\xff", "accounts.is_utf16"),
)
# what a European spreadsheet, or a tab-separated export, puts between cells
_SEPARATORS = {",": "','", ";": "';'", "\t": "TAB", "|": "'|'"}


def other_format(raw: bytes, file: str | Path, form: str) -> InputError | None:
    """Return the error for a file that is of another kind than ``form``; None where unknown."""
    for start, key in _FIRST_BYTES:
        if raw.startswith(start):
            return InputError(key, file=file, form=form)
    if raw[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return InputError("accounts.is_page", file=file, form=form)
    return None


def decoded(raw: bytes, file: str | Path, form: str, row: int | None = None) -> str:
    """Return UTF-8 text (a byte-order mark may stand in front), or say what it is instead.

    Raises
    ------
    InputError
        Naming the kind of the file where its first bytes tell it, the byte otherwise.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        other = other_format(raw, file, form)
        if other is not None:
            raise other from error
        raise InputError("accounts.encoding", file=file, row=row, why=str(error)) from error


def no_parquet(file: Path, error: Exception) -> InputError:
    """Return the error for what cannot be read as Parquet."""
    try:
        with file.open("rb") as stream:
            start = stream.read(512)
    except OSError:
        start = b""
    other = None if start.startswith(b"PAR1") else other_format(start, file, "Parquet")
    why = str(error).splitlines()[0]
    return other or InputError("accounts.unreadable", file=file, form="Parquet", why=why)


def text_frame(text: str, file: Path, form: str) -> Any:
    """Return comma-separated text as a frame of text cells."""
    import io

    import pandas as pd

    try:
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:  # a quotation mark that is never closed, lines of other lengths
        why = str(error).splitlines()[0]
        raise InputError("accounts.unreadable", file=file, form=form, why=why) from error


def refuse_separator(line: str, separator: str, file: str, row: int, form: str) -> None:
    """Refuse a header line whose cells stand between other separators than the layout's."""
    counts = {other: line.count(other) for other in _SEPARATORS if other != separator}
    most = max(counts, key=lambda other: counts[other])
    if counts[most] > line.count(separator):
        want, got = _SEPARATORS.get(separator, separator), _SEPARATORS[most]
        raise InputError("accounts.separator", file=file, row=row, form=form, want=want, got=got)
