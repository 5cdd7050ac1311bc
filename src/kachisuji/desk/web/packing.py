"""A case as a zip, out and in: nothing in it is trusted, nothing of it is written outside."""

from __future__ import annotations

import csv
import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from kachisuji.desk.web.casebook import case_files
from kachisuji.desk.web.exporting import harmless
from kachisuji.words import InputError

MOST_FILES = 80
LARGEST_FILE = 8 * 2**20
LARGEST = 32 * 2**20
_DATE = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path) -> bytes:
    """Return the files of a case as a zip; cells that a spreadsheet would run are defused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in case_files():
            path = folder / name
            if path.is_file():
                data = path.read_bytes()
                if name.endswith(".csv"):
                    data = _each_cell(data, lambda c: str(harmless(c)))
                archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of a case out of a zip.

    Raises
    ------
    InputError
        If it is no zip, too large, or holds anything that is no file of a case.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise InputError("web.bad_zip", why=str(error)[:120]) from error


def _read(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [e for e in archive.infolist() if not e.is_dir() and not _noise(e.filename)]
    if len(entries) > MOST_FILES:
        raise InputError("web.zip_large", limit=LARGEST // 2**20, files=MOST_FILES)
    top = _common_folder([e.filename for e in entries])
    files: dict[str, bytes] = {}
    room = LARGEST
    for entry in entries:
        name = entry.filename.removeprefix(top)
        if name.startswith("expected/"):
            continue
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if name not in case_files() or name in files or kind not in (0, stat.S_IFREG):
            raise InputError("web.zip_stray", name=entry.filename[:120])
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError("web.zip_stray", name=entry.filename[:120])
        with archive.open(entry) as stream:  # what it says of its size is not believed
            limit = min(LARGEST_FILE, room)
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise InputError("web.zip_large", limit=LARGEST // 2**20, files=MOST_FILES)
        room -= len(content)
        files[name] = _each_cell(content, _restored) if name.endswith(".csv") else content
    if "case.toml" not in files:
        raise InputError("web.zip_no_case")
    return files


def _noise(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db")


def _common_folder(names: list[str]) -> str:
    """Return the one folder that everything lies in, as zips made of a folder have it."""
    tops = {n.split("/", 1)[0] for n in names if "/" in n}
    if len(tops) != 1 or any("/" not in n for n in names):
        return ""
    top = tops.pop()
    return "" if top in ("expected", "..", ".", "") else f"{top}/"


def _restored(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def _each_cell(data: bytes, change: Callable[[str], str]) -> bytes:
    """Change the cells of a CSV; what is no CSV in UTF-8 is left to the checks of the case."""
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return data
    changed = [[change(c) for c in row] for row in rows]
    if changed == rows:
        return data
    return written(changed)


def written(rows: list[list[str]]) -> bytes:
    """Return rows as the CSV of a case."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
