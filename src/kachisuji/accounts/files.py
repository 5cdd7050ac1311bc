"""Opening publishers' files: plain, gzipped, or in a zip that may not be trusted; sheets."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts.sniffing import decoded as utf8
from kachisuji.accounts.sniffing import other_format, refuse_separator
from kachisuji.words import InputError

Floats = NDArray[np.float64]

# a member that unpacks to more than this many times its size, beyond a first 64 MB, is a bomb;
# number tables as text pack to a tenth or so
_RATIO, _FREE, _MOST = 200, 64 * 2**20, 16 * 2**30

# above this many bytes the compiled reader of numbers pays for loading its compiler
_LARGE = 4 * 2**20


def need_file(path: Path) -> Path:
    """Return ``path`` if it is a file that is not empty."""
    if path.is_dir():
        held = ", ".join(sorted(f.name for f in path.iterdir())[:8]) or "-"
        raise InputError("accounts.is_folder", file=path, known=held)
    if not path.is_file():
        raise InputError("accounts.no_file", file=path)
    if path.stat().st_size == 0:
        raise InputError("accounts.unreadable", file=path, form="table", why="0 bytes")
    return path


def find(path: Path, patterns: Sequence[str], form: str) -> Path:
    """Return ``path`` itself, or the one file in the folder ``path`` that fits a pattern.

    Raises
    ------
    InputError
        When there is none, or several fit.
    """
    if not path.exists():
        raise InputError("accounts.no_file", file=path)
    if path.is_file():
        return need_file(path)
    fits = sorted(f for f in path.iterdir() if any(fnmatch(f.name, p) for p in patterns))
    if len(fits) == 1:
        return need_file(fits[0])
    want = " | ".join(patterns)
    if not fits:
        raise InputError("accounts.layout", file=path, form=form, want=want, got="none")
    known = ", ".join(f.name for f in fits)
    raise InputError("accounts.several_files", file=path, known=known)


def need_folder(path: Path, form: str) -> Path:
    """Return ``path`` if it is a folder."""
    if path.is_file():
        raise InputError("accounts.not_a_folder", file=path, form=form)
    if not path.is_dir():
        raise InputError("accounts.no_folder", file=path)
    return path


def no_such_year(path: Path, year: int | None, known: str, form: str, want: str) -> InputError:
    """Return the error for a year that is not among the ``known``; another where none is at all."""
    if known:
        return InputError("accounts.no_year", file=path, year=year, known=known)
    return InputError("accounts.layout", file=path, form=form, want=want, got="none")


def members(path: Path) -> list[str]:
    """Names in a zip, refused when one would be written outside its folder."""
    with _zip(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    for name in names:
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or (pure.parts and ":" in pure.parts[0]):
            raise InputError("accounts.zip_escape", file=path, name=name)
    return names


def _zip(path: Path, packed: io.BytesIO | None = None) -> zipfile.ZipFile:
    """Open a zip, or the one in memory that came from ``path``."""
    try:
        return zipfile.ZipFile(packed or path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError("accounts.unreadable", file=path, form="zip", why=str(error)) from error


def content(path: Path, member: str | None = None) -> bytes:
    """Return the bytes of a file, of a gzipped file, or of one member of a zip.

    ``member`` may be a member of a zip in the zip: ``2018.zip/2018.csv``.

    Raises
    ------
    InputError
        When the archive is cut short, damaged, or unpacks to far more than a table could.
    """
    need_file(path)
    try:
        if member is not None:
            with _zip(path) as archive:
                outer, between, inner = member.partition(".zip/")
                if not between or member in archive.namelist():
                    return _member(path, archive, member)
                packed = io.BytesIO(_member(path, archive, f"{outer}.zip"))
            with _zip(path, packed) as archive:
                return _member(path, archive, inner)
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                limit = max(_FREE, _RATIO * path.stat().st_size)
                unpacked = stream.read(limit + 1)
            _refuse_bomb(path, path.name, len(unpacked), path.stat().st_size)
            return unpacked
        return path.read_bytes()
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        gzip.BadGzipFile,
        NotImplementedError,
    ) as error:
        raise InputError(
            "accounts.unreadable", file=path, form="archive", why=str(error)
        ) from error


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        held = ", ".join(archive.namelist()[:5])
        raise InputError("accounts.no_member", file=path, name=name, known=held) from None
    _refuse_bomb(path, name, info.file_size, info.compress_size)
    return archive.read(info)


def _refuse_bomb(path: Path, name: str, size: int, packed: int) -> None:
    if size > _MOST or size > max(_FREE, _RATIO * packed):
        raise InputError("accounts.zip_bomb", file=path, name=name, size=size, packed=packed)


@dataclass(frozen=True)
class Sheet:
    """A rectangle of text labels round a rectangle of numbers.

    Attributes
    ----------
    head
        The header rows as text, one list a row, label columns included.
    labels
        (rows, k) the label columns.
    values
        (rows, columns) the numbers.
    file, first_row
        Where it is from; ``first_row`` is the line number of the first row of numbers.
    """

    head: list[list[str]]
    labels: list[list[str]]
    values: Floats
    file: str
    first_row: int


def delimited(
    path: Path,
    *,
    form: str,
    member: str | None = None,
    separator: str = ",",
    head_rows: int = 1,
    label_columns: int = 1,
    empty_is_zero: bool = False,
    starts: Sequence[str] = (),
) -> Sheet:
    """Read delimited text in UTF-8 (a byte-order mark may stand in front).

    Parameters
    ----------
    form
        What the layout is called, for errors.
    empty_is_zero
        Whether the publisher leaves out zeros. False makes an empty cell an error.
    starts
        What the last header line must begin with.

    Raises
    ------
    InputError
        Naming line and column of a cell that is not a number.
    """
    raw = content(path, member)
    place = str(path) if member is None else f"{path}/{member}"
    text = raw[3:] if raw.startswith(b"\xef\xbb\xbf") else raw
    if b"\r" in text and b"\n" not in text:  # lines as old Macintosh programs end them
        text = text.replace(b"\r", b"\n")
    head = _head(text, head_rows, separator, place, form)
    width = len(head[-1])
    if width <= label_columns or list(starts) != head[-1][: len(starts)]:
        line = text[: _line_start(text, head_rows)] or text
        last = line.decode("utf-8").rstrip("\r\n").rpartition("\n")[2]
        refuse_separator(last, separator, place, head_rows, form)
    if width <= label_columns:
        raise InputError(
            "accounts.layout", file=place, row=1, form=form, want="a header of columns", got=width
        )
    if list(starts) != head[-1][: len(starts)]:
        want, got = separator.join(starts), separator.join(head[-1][: len(starts)])
        raise InputError(
            "accounts.layout", file=place, row=head_rows, form=form, want=want, got=got
        )
    if len(text) > _LARGE:
        from kachisuji.accounts import digits  # its compiler takes a while to load

        start = _line_start(text, head_rows)
        plain = digits.table(text, start, width, label_columns, separator, empty_is_zero)
        if plain is not None and len(plain[1]):
            return Sheet(head, *plain, place, head_rows + 1)
    return _careful(text, head, label_columns, separator, empty_is_zero, place, form)


def _line_start(text: bytes, lines: int) -> int:
    at = 0
    for _ in range(lines):
        at = text.find(b"\n", at) + 1
    return at


def _careful(
    text: bytes,
    head: list[list[str]],
    label_columns: int,
    separator: str,
    empty_is_zero: bool,
    place: str,
    form: str,
) -> Sheet:
    """Read anything that is delimited text, and say what is wrong where it is not."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    width, head_rows = len(head[-1]), len(head)
    names = [f"f{k}" for k in range(width)]
    types: dict[str, Any] = {n: pa.string() for n in names[:label_columns]}
    types |= {n: pa.float64() for n in names[label_columns:]}
    block = max(2**20, 64 * len(text.split(b"\n", head_rows + 1)[-2 if b"\n" in text else -1]))
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(
                column_names=names, skip_rows=head_rows, block_size=min(block, 2**30)
            ),
            parse_options=pacsv.ParseOptions(delimiter=separator),
            convert_options=pacsv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _first_fault(text, head, label_columns, separator, place, form, error) from error
    if not table.num_rows:
        raise InputError("accounts.unreadable", file=place, form=form, why="no rows")
    batch = table.combine_chunks().to_batches()[0]
    values = _stacked(batch, label_columns, empty_is_zero, head, place)
    labels = [batch.column(k).to_pylist() for k in range(label_columns)]
    rows = [list(row) for row in zip(*labels, strict=True)] if labels else [[]] * len(values)
    return Sheet(head, rows, values, place, head_rows + 1)


def _head(text: bytes, rows: int, separator: str, place: str, form: str) -> list[list[str]]:
    end = _line_start(text, rows) if text.count(b"\n", 0, 2**24) >= rows else len(text)
    decoded = utf8(text[:end], place, form, row=1)
    if "\x00" in decoded:
        raise other_format(text, place, form) or InputError(
            "accounts.encoding", file=place, row=1, why="zero bytes (UTF-16?)"
        )
    head = list(_lines(decoded, separator, place, form))
    if len(head) < rows:
        got = f"{len(head)} lines"
        raise InputError(
            "accounts.layout", file=place, form=form, want=f"{rows} header lines", got=got
        )
    return [[cell.strip() for cell in line] for line in head]


def _stacked(
    batch: Any, label_columns: int, empty_is_zero: bool, head: list[list[str]], place: str
) -> Floats:
    columns = []
    for k in range(label_columns, batch.num_columns):
        column = batch.column(k)
        if column.null_count:
            if not empty_is_zero:
                row = column.is_null().to_pylist().index(True) + len(head) + 1
                name = head[-1][k] or str(k + 1)
                raise InputError(
                    "accounts.not_finite",
                    file=place,
                    row=row,
                    column=name,
                    what=name,
                    value="empty",
                )
            column = column.fill_null(0.0)
        columns.append(column.to_numpy())
    return np.ascontiguousarray(np.stack(columns).T)


def _first_fault(
    text: bytes,
    head: list[list[str]],
    label_columns: int,
    separator: str,
    place: str,
    form: str,
    error: Exception,
) -> InputError:
    """Read again, slowly, to say where the fault is."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as wrong:
        row = text[: wrong.start].count(b"\n") + 1
        return InputError("accounts.encoding", file=place, row=row, why=str(wrong))
    width = len(head[-1])
    for number, cells in enumerate(_lines(decoded, separator, place, form), start=1):
        if number <= len(head) or not cells:
            continue
        if len(cells) != width:
            want, got = f"{width} cells", f"{len(cells)}"
            return InputError(
                "accounts.layout", file=place, row=number, form=form, want=want, got=got
            )
        for k in range(label_columns, width):
            if not _is_number(cells[k]):
                return InputError(
                    "accounts.cell",
                    file=place,
                    row=number,
                    column=head[-1][k] or str(k + 1),
                    value=cells[k][:40],
                )
    return InputError("accounts.unreadable", file=place, form=form, why=str(error).splitlines()[0])


def _lines(text: str, separator: str, place: str, form: str) -> Iterator[list[str]]:
    """Lines of cells; a quotation mark that is never closed makes one too long to be a line."""
    try:
        yield from csv.reader(io.StringIO(text), delimiter=separator)
    except csv.Error as error:
        raise InputError("accounts.unreadable", file=place, form=form, why=str(error)) from error


def _is_number(cell: str) -> bool:
    if "_" in cell:  # float("1_000") is 1000 in Python and text everywhere else
        return False
    if not cell.isascii():  # Python reads full-width digits, the table reader does not
        return False
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True


def sheet_rows(
    path: Path, sheet: str | int | None, form: str, member: str | None = None
) -> list[list[Any]]:
    """Return the cells of a sheet of an xlsx, xlsb, xls or ods file, row by row.

    The file may be a member of a zip.

    Raises
    ------
    InputError
        When the file cannot be read or has no such sheet.
    """
    import python_calamine as calamine

    need_file(path)
    packed = None if member is None else io.BytesIO(content(path, member))
    if Path(member or path).suffix.lower() in (".xlsx", ".xlsb", ".ods"):
        with _zip(path, packed) as archive:  # these are zips themselves
            for info in archive.infolist():
                _refuse_bomb(path, info.filename, info.file_size, info.compress_size)
    try:
        if packed is None:
            book = calamine.CalamineWorkbook.from_path(str(path))
        else:
            packed.seek(0)
            book = calamine.CalamineWorkbook.from_filelike(packed)
        if isinstance(sheet, str):
            if sheet not in book.sheet_names:
                known = ", ".join(book.sheet_names)
                raise InputError("accounts.no_sheet", file=path, sheet=sheet, known=known)
            return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        return book.get_sheet_by_index(sheet or 0).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError) as error:
        raise InputError("accounts.unreadable", file=path, form=form, why=str(error)) from error


def numbers(
    rows: list[list[Any]],
    columns: Sequence[int],
    file: str,
    first_row: int,
    names: Sequence[str],
    *,
    empty_is_zero: bool = True,
) -> Floats:
    """Return the cells of some columns of a sheet as numbers.

    Raises
    ------
    InputError
        Naming row and column of a cell that is not a number.
    """
    values = np.empty((len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, k in enumerate(columns):
            cell = row[k] if k < len(row) else ""
            if cell in ("", None) and empty_is_zero:
                values[i, j] = 0.0
            elif isinstance(cell, bool) or not isinstance(cell, (int, float)):
                raise InputError(
                    "accounts.cell",
                    file=file,
                    row=first_row + i,
                    column=names[j],
                    value=str(cell)[:40],
                )
            else:
                values[i, j] = cell
    return values
