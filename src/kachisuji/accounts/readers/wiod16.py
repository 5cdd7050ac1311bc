"""WIOD, release of November 2016: world tables (44 regions) and national tables, 56 industries.

World (``WIOT2014_October16_ROW.RData``): a data frame ``wiot`` with IndustryCode,
IndustryDescription, Country, RNr, Year, then ``AUS1`` … ``AUS56`` (industries by RNr), ``AUS57`` …
``AUS61`` (final use) for each region, and TOT. Needs the package ``rdata``.

World (``WIOT2014_Nov16_ROW.xlsb`` or ``.xlsx``): six header lines, the third of them industry codes
and the fifth region codes from the fifth column on; rows carry industry code, description, region,
number; below the flows total intermediate consumption and the value-added block, at the right five
categories of final use a region and total output.

National (``niot_JPN_2000_2014.parquet``, ``niot_all43_2014.parquet``): ``country, year, code,
origin`` (Domestic, Imports, TOT), 56 industries, CONS_h, CONS_np, CONS_g, GFCF, INVEN, EXP, GO.
Imports are known by product and not by origin: they become the sales of a region ROW that makes
them from nothing, and exports are what it buys.

Source: Timmer, Los, Stehrer and de Vries (2016), GGDC research memorandum 162.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.assembling import assemble
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import need_file, numbers, sheet_rows
from kachisuji.words import InputError, nearest

FORM = "WIOD 2016"
CATEGORIES = ("CONS_h", "CONS_np", "CONS_g", "GFCF", "INVEN")
_NATIONAL = re.compile(r"niot_(\w+?)_(?:\d{4}_)?\d{4}\.parquet")
_WORLD = re.compile(r"WIOT(\d{4})_(?:Nov16|October16)_ROW\.(xlsb|xlsx|RData)")
_ABOUT: dict[str, Any] = {
    "unit": "million",
    "currency": "USD",
    "publisher": "WIOD, Groningen Growth and Development Centre (release of November 2016)",
    "licence": "CC BY 4.0",
    "citation": "Timmer, Los, Stehrer and de Vries (2016), An Anatomy of the Global Trade Slowdown "
    "based on the WIOD 2016 Release, GGDC Research Memorandum 162; Timmer et al. (2015), Review of "
    "International Economics 23, 575-605",
}


def looks_like(path: Path) -> bool:
    """Whether ``path`` is a file or folder of this release."""
    names = [f.name for f in path.iterdir()] if path.is_dir() else [path.name]
    return any(_NATIONAL.fullmatch(n) or _WORLD.fullmatch(n) for n in names)


def read(path: Path, year: int | None = None, *, region: str | None = None) -> Economy:
    """Read the world table of a year, or with ``region`` the national table of one country.

    A file says by its name which it is; in a folder, ``region`` chooses a national table.
    """
    if not path.exists():
        raise InputError("accounts.no_file", file=path)
    if path.is_file():
        if _WORLD.fullmatch(path.name):
            return _world(path)
        return _national(path, year, region)
    if region is None:
        worlds = {int(m[1]): f for f in sorted(path.iterdir()) if (m := _WORLD.fullmatch(f.name))}
        known = ", ".join(map(str, worlds))
        if year is None and len(worlds) == 1:
            year = next(iter(worlds))
        if year is None or year not in worlds:
            nations = ", ".join(
                m[1] for f in sorted(path.iterdir()) if (m := _NATIONAL.fullmatch(f.name))
            )
            raise InputError("accounts.world_or_region", file=path, years=known, regions=nations)
        return _world(worlds[year])
    countries: set[str] = set()
    years: set[int] = set()
    files = [f for f in sorted(path.iterdir()) if _NATIONAL.fullmatch(f.name)]
    own = [f for f in files if f.name.startswith(f"niot_{region}_")]
    for file in own + [f for f in files if f.name.startswith("niot_all")]:
        table = _national_rows(file)
        countries |= set(table["country"].tolist())
        years |= set(table["year"][table["country"] == region].tolist())
        if year in set(table["year"][table["country"] == region].tolist()):
            return _national(file, year, region)
    known = ", ".join(map(str, sorted(years))) or nearest(str(region), sorted(countries), 50)
    raise InputError("accounts.no_region_year", file=path, region=region, year=year, known=known)


# ---- national -------------------------------------------------------------------------------


def _national_rows(file: Path) -> dict[str, np.ndarray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0]
        raise InputError("accounts.unreadable", file=file, form="Parquet", why=why) from error
    want = ("country", "year", "code", "origin")
    if tuple(table.column_names[:4]) != want:
        got = ", ".join(table.column_names[:4])
        raise InputError("accounts.layout", file=file, form=FORM, want=", ".join(want), got=got)
    frame = table.to_pandas()
    parts = {name: frame[name].to_numpy() for name in want}
    parts["names"] = np.array(frame.columns[4:])
    parts["values"] = frame.iloc[:, 4:].to_numpy(float)
    return parts


def _national(file: Path, year: int | None, region: str | None) -> Economy:
    table = _national_rows(file)
    countries = sorted(set(table["country"].tolist()))
    if region is None:
        if len(countries) > 1:
            raise InputError("accounts.region_needed", file=file, known=", ".join(countries))
        region = countries[0]
    here = table["country"] == region
    years = sorted(set(table["year"][here].tolist()))
    known = ", ".join(map(str, years))
    if year is None:
        if len(years) != 1:
            raise InputError("accounts.year_needed", file=file, known=known)
        year = years[0]
    here &= table["year"] == year
    if not here.any():
        raise InputError("accounts.no_year", file=file, year=year, known=known)
    names = [str(n) for n in table["names"]]
    sectors = names[: names.index(CATEGORIES[0])]
    codes, origin, values = (table[k][here] for k in ("code", "origin", "values"))
    parts = {}
    for kind in ("Domestic", "Imports"):
        if codes[origin == kind].tolist() != sectors:
            got = f"{(origin == kind).sum()} rows"
            raise InputError("accounts.layout", file=file, form=FORM, want=f"{kind} rows", got=got)
        parts[kind] = values[origin == kind]
    return _with_rest_of_world(
        file, region, int(year), sectors, names, parts, codes, origin, values
    )


def _with_rest_of_world(
    file: Path,
    region: str,
    year: int,
    sectors: list[str],
    names: list[str],
    parts: dict[str, np.ndarray],
    codes: np.ndarray,
    origin: np.ndarray,
    values: np.ndarray,
) -> Economy:
    n = len(sectors)
    categories = (*CATEGORIES, "EXP")
    at = [names.index(c) for c in categories]
    F = len(categories)
    Z, Y = np.zeros((2 * n, 2 * n)), np.zeros((2 * n, 2 * F))
    for k, kind in enumerate(("Domestic", "Imports")):
        rows = slice(k * n, (k + 1) * n)
        Z[rows, :n] = parts[kind][:, :n]
        Y[rows, : F - 1] = parts[kind][:, at[:-1]]
        Y[rows, -1] = parts[kind][:, at[-1]]  # what leaves again was imported for that
    primary = [k for k in np.flatnonzero(origin == "TOT") if codes[k] not in ("II_fob", "GO")]
    items = tuple(str(codes[k]) for k in primary)
    account = np.hstack([values[primary][:, :n], np.zeros((len(items), n))])
    output = np.concatenate([parts["Domestic"][:, names.index("GO")], Z[n:].sum(1) + Y[n:].sum(1)])
    return Economy(
        regions=(region, "ROW" if region != "ROW" else "REST"),
        sectors=tuple(sectors),
        categories=categories,
        Z=Z,
        Y=Y,
        year=year,
        title=f"National input-output table {region} {year}",
        published_output=output,
        extensions={"primary": Extension("primary", items, account, "million USD")},
        stock_changes=("INVEN",),
        exports_categories=("EXP",),
        source=str(file),
        copy=False,
        **_ABOUT,
    )


# ---- world ----------------------------------------------------------------------------------


def _world(file: Path) -> Economy:
    named = _WORLD.fullmatch(file.name)
    year = int(named[1]) if named else 0
    if file.suffix == ".RData":
        return _rdata(file, year)
    rows = sheet_rows(file, None, FORM)
    if len(rows) < 8:
        got = f"{len(rows)} lines"
        raise InputError("accounts.layout", file=file, form=FORM, want="6 header lines", got=got)
    codes, regions = ([str(c).strip() for c in rows[k]] for k in (2, 4))
    body = []
    for row in rows[6:]:
        if len(row) < 5 or not str(row[2]).strip() or str(row[2]).strip() == "TOT":
            break
        body.append(row)
    width = next((k for k in range(4, len(codes)) if regions[k] == "TOT" or codes[k] == "GO"), 0)
    if not body or not width:
        raise InputError(
            "accounts.layout",
            file=file,
            form=FORM,
            want="codes in line 3, regions in line 5",
            got="none",
        )
    labels = [(str(r[2]).strip(), str(r[0]).strip()) for r in body]
    columns = [(regions[k], codes[k]) for k in range(4, width)]
    names = [" ".join(c) for c in columns] + ["GO"]
    cells = numbers(body, range(4, width + 1), str(file), 7, names)
    return assemble(
        cells[:, :-1],
        labels,
        columns,
        categories=CATEGORIES,
        file=str(file),
        form=FORM,
        published_output=cells[:, -1],
        year=year,
        title=f"World Input-Output Table {year}",
        stock_changes=("INVEN",),
        **_ABOUT,
    )


def _rdata(file: Path, year: int) -> Economy:
    frame = _frame(file)
    flow = frame["Country"].astype(str).to_numpy() != "TOT"
    body = frame[flow]
    codes = {int(n): str(c) for n, c in zip(body["RNr"], body["IndustryCode"], strict=True)}
    final = {57 + k: c for k, c in enumerate(CATEGORIES)}
    columns, names = [], [str(c) for c in frame.columns[5:]]
    for name in names:
        named = re.fullmatch(r"([A-Za-z]{3})(\d+)", name)
        if named is None:
            break
        number = int(named[2])
        code = codes.get(number) or final.get(number)
        if code is None:
            raise InputError(
                "accounts.layout", file=file, column=name, form=FORM, want="1 to 61", got=name
            )
        columns.append((named[1].upper(), code))
    values = body[names[: len(columns)]].to_numpy(float)
    printed = body["TOT"].to_numpy(float) if "TOT" in body else None
    rows = [
        (str(r).upper(), str(c)) for r, c in zip(body["Country"], body["IndustryCode"], strict=True)
    ]
    return assemble(
        values,
        rows,
        columns,
        categories=CATEGORIES,
        file=str(file),
        form=FORM,
        published_output=printed,
        year=year,
        title=f"World Input-Output Table {year}",
        stock_changes=("INVEN",),
        **_ABOUT,
    )


def _frame(file: Path) -> Any:
    try:
        import rdata
    except ImportError as error:
        raise InputError("accounts.needs_package", file=file, package="rdata") from error
    need_file(file)
    try:
        found = rdata.read_rda(file)
    except Exception as error:  # its parser meets damage with errors of many kinds
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError("accounts.unreadable", file=file, form="RData", why=why) from error
    frame = found.get("wiot")
    want = ["IndustryCode", "IndustryDescription", "Country", "RNr", "Year"]
    got = [str(c) for c in getattr(frame, "columns", [])[:5]]
    if got != want:
        raise InputError(
            "accounts.layout",
            file=file,
            form=FORM,
            want=", ".join(want),
            got=", ".join(got) or "none",
        )
    return frame
