"""OECD inter-country input-output tables, editions 2016 to 2025, CSV or the zip it comes in.

``ICIO2018_2015.CSV``, ``ICIO2021_2018.csv``, ``2018_SML.csv`` (2023 and 2025 editions, standard),
``2018.csv`` (extended); at first the 2023 edition came as ``2018.SML.csv`` in ``2018.SML.zip`` in a
zip of several years, with one column ``REG_FD`` of final demand a region. One header line and one
label column, both ``REG_CODE`` (``AUS_01T02``, ``AUS_A01_02``); final demand ``REG_HFCE``,
``NPISH``, ``GGFC``, ``GFCF``, ``INVNT`` and purchases abroad; columns ``OUT`` or ``TOTAL``, rows
``TLS``/``REG_TAXSUB``, ``VA``/``VALU``, ``OUT``/``OUTPUT``.

Extended editions split the industries of Mexico (MX1, MX2 …) and China (CN1, CN2 …) by kind of
firm while final demand stays under MEX and CHN; ``split="join"`` adds them up again.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from kachisuji.accounts.coded import from_codes
from kachisuji.accounts.economy import Economy
from kachisuji.accounts.files import Sheet, delimited, members
from kachisuji.words import InputError

FORM = "OECD ICIO"
_FILE = re.compile(r"(?:ICIO(20\d\d)_)?(\d{4})(?:[._](?:SML|EXT))?\.csv", re.IGNORECASE)
_SPLIT = {f"MX{k}": "MEX" for k in range(1, 5)} | {f"CN{k}": "CHN" for k in range(1, 5)}
TOTALS = frozenset({"OUT", "TOTAL", "OUTPUT"})


def looks_like(path: Path) -> bool:
    """Whether a file, or one in the folder or zip, has one of the names."""
    return bool(_candidates(path))


def years(path: Path) -> set[int]:
    """Years of a file, folder or zip, by the names."""
    return {year for year, _ in _candidates(path)}


def _candidates(path: Path) -> dict[tuple[int, str], tuple[Path, str | None]]:
    """(year, name) to file and member."""
    if path.is_dir():
        files = [f for f in sorted(path.iterdir()) if f.suffix.lower() in (".csv", ".zip")]
    else:
        files = [path]
    found: dict[tuple[int, str], tuple[Path, str | None]] = {}
    for file in files:
        if file.suffix.lower() == ".zip":
            try:
                inside = members(file)
            except InputError:
                if file == path:
                    raise
                continue
            for name in inside:
                if name.endswith(".zip"):  # a zip of one year's file of its own name
                    name += f"/{PurePosixPath(name).stem}.csv"
                if named := _FILE.fullmatch(PurePosixPath(name).name):
                    found[int(named[2]), name] = (file, name)
        elif named := _FILE.fullmatch(file.name):
            found[int(named[2]), file.name] = (file, None)
    return found


def read(path: Path, year: int | None = None, *, split: str = "join") -> Economy:
    """Read a year.

    Parameters
    ----------
    split
        ``join`` adds MX1, MX2 … to MEX and CN1, CN2 … to CHN; ``keep`` leaves them regions of
        their own, with the final demand under MEX and CHN.
    """
    if split not in ("join", "keep"):
        raise InputError("accounts.unknown_option", option="split", got=split, known="join, keep")
    file, member, year, edition = _choose(path, year)
    sheet = delimited(file, form=FORM, member=member)
    _refuse_transposed(sheet)
    return from_codes(
        sheet,
        form=FORM,
        totals=TOTALS,
        uses=("HFCE", "HC", "FD"),
        stocks=("INVNT",),
        joined=_SPLIT if split == "join" else _apart(sheet),
        year=year,
        unit="million",
        currency="USD",
        publisher=f"OECD, Inter-Country Input-Output tables{edition}",
        licence="OECD terms and conditions (CC BY 4.0 from July 2024)",
        citation=f"OECD, Inter-Country Input-Output (ICIO) Tables{edition}, oe.cd/icio",
        title=f"OECD ICIO {year}",
    )


def _apart(sheet: Sheet) -> dict[str, str]:
    """Each split region to itself."""
    regions = {row[0].partition("_")[0] for row in sheet.labels}
    return {r: r for r in _SPLIT if r in regions} | {
        country: country for part, country in _SPLIT.items() if part in regions
    }


def _refuse_transposed(sheet: Sheet) -> None:
    rows = (row[0] or "" for row in sheet.labels)
    wrong = next((r for r in rows if r.endswith(("_HFCE", "_GFCF"))), None)
    if wrong is not None:
        want, got = "final demand in columns", f"row {wrong}"
        raise InputError("accounts.layout", file=sheet.file, form=FORM, want=want, got=got)


def _choose(path: Path, year: int | None) -> tuple[Path, str | None, int, str]:
    if not path.exists():
        raise InputError("accounts.no_file", file=path)
    found = _candidates(path)
    if not found and path.is_file() and path.suffix.lower() != ".zip":
        if year is None:
            raise InputError("accounts.year_untold", file=path)
        return path, None, year, ""
    known = ", ".join(f"{y} ({name})" for y, name in found)
    if not found:
        raise InputError(
            "accounts.layout",
            file=path,
            form=FORM,
            want="ICIO2021_2018.csv, 2018_SML.csv",
            got="none",
        )
    fits = [key for key in found if year is None or key[0] == year]
    if not fits:
        raise InputError("accounts.no_year", file=path, year=year, known=known)
    if len(fits) > 1:
        raise InputError("accounts.several_files", file=path, known=known)
    file, member = found[fits[0]]
    named = _FILE.fullmatch(PurePosixPath(fits[0][1]).name)
    edition = f", {named[1]} edition" if named and named[1] else ""
    return file, member, fits[0][0], edition
