"""WIOD, release of November 2016: world tables (44 regions) and national tables, 56 industries.

World (``WIOT2014_Nov16_ROW.xlsb`` or ``.xlsx``, or ``WIOTS_in_EXCEL.zip`` with all years): see
:mod:`kachisuji.accounts.readers.wiot`; codes stand in the third line and the first column.

World (``WIOT2014_October16_ROW.RData``, or ``WIOTS_in_R.zip``): a data frame ``wiot`` with
IndustryCode, IndustryDescription, Country, RNr, Year, then ``AUS1`` … ``AUS56`` (industries by
RNr), ``AUS57`` … ``AUS61`` (final use) for each region, and TOT. Needs the package ``rdata``.

National (``niot_JPN_2000_2014.parquet``, ``niot_all43_2014.parquet``): ``country, year, code,
origin`` (Domestic, Imports, TOT), 56 industries, CONS_h, CONS_np, CONS_g, GFCF, INVEN, EXP, GO.
Imports are known by product and not by origin: they become the sales of a region ROW that makes
them from nothing, and exports are what it buys.

Source: Timmer, Los, Stehrer and de Vries (2016), GGDC research memorandum 162.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.assembling import assemble
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import content
from kachisuji.accounts.readers.wiot import Place, chosen, inside, places, workbook
from kachisuji.accounts.sniffing import no_parquet
from kachisuji.words import InputError, nearest

FORM = "WIOD 2016"
CATEGORIES = ("CONS_h", "CONS_np", "CONS_g", "GFCF", "INVEN")
_NATIONAL = re.compile(r"niot_(\w+?)_(?:\d{4}_)?\d{4}\.parquet")
_BOOKS = (".xlsb", ".xlsx", ".rdata")
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
    return any(_NATIONAL.fullmatch(n) for n in names) or bool(inside(path, _WORLD))


def years(path: Path) -> set[int]:
    """Years of the world tables at a file, folder or zip, by their names."""
    return set(inside(path, _WORLD))


def read(path: Path, year: int | None = None, *, region: str | None = None) -> Economy:
    """Read the world table of a year, or with ``region`` the national table of one country.

    A file says by its name which it is; in a folder, ``region`` chooses a national table.
    """
    if not path.exists():
        raise InputError("accounts.no_file", file=path)
    worlds = places(path, _WORLD)
    if path.is_file() and not worlds and path.suffix.lower() in _BOOKS:  # by another name
        if year is None:
            raise InputError("accounts.year_untold", file=path)
        return _world(Place(path), year)
    if path.is_file() and not worlds:
        return _national(path, year, region)
    files = []
    if path.is_dir():
        files = [f for f in sorted(path.iterdir()) if _NATIONAL.fullmatch(f.name)]
    if not worlds and not files:
        want = "WIOT2014_Nov16_ROW.xlsb, niot_JPN_2000_2014.parquet"
        raise InputError("accounts.layout", file=path, form=FORM, want=want, got="none")
    if region is None:
        if files and year not in worlds and not (year is None and len(worlds) == 1):
            years = ", ".join(map(str, sorted(worlds))) or "-"
            nations = ", ".join(m[1] for f in files if (m := _NATIONAL.fullmatch(f.name)))
            raise InputError("accounts.world_or_region", file=path, years=years, regions=nations)
        year = chosen(path, worlds, year)
        return _world(worlds[year], year)
    countries: set[str] = set()
    told: set[int] = set()
    own = [f for f in files if f.name.startswith(f"niot_{region}_")]
    for file in own + [f for f in files if f.name.startswith("niot_all")]:
        table = _national_rows(file)
        countries |= set(table["country"].tolist())
        here = set(table["year"][table["country"] == region].tolist())
        told |= here
        if year in here:
            return _national(file, year, region)
    known = ", ".join(map(str, sorted(told))) or nearest(str(region), sorted(countries), 50)
    raise InputError("accounts.no_region_year", file=path, region=region, year=year, known=known)


# ---- national -------------------------------------------------------------------------------


def _national_rows(file: Path) -> dict[str, np.ndarray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise no_parquet(file, error) from error
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
    if not here.any():
        known = nearest(str(region), countries, 50)
        raise InputError(
            "accounts.no_region_year", file=file, region=region, year=year, known=known
        )
    year = chosen(file, set(table["year"][here].tolist()), year)
    here &= table["year"] == year
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


def _world(place: Place, year: int) -> Economy:
    if place.name.lower().endswith(".rdata"):
        return _rdata(place, year)
    return workbook(
        place,
        codes=(2, 0),
        categories=CATEGORIES,
        form=FORM,
        year=year,
        title=f"World Input-Output Table {year}",
        stock_changes=("INVEN",),
        **_ABOUT,
    )


def _rdata(place: Place, year: int) -> Economy:
    file, frame = str(place), _frame(place)
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
        file=file,
        form=FORM,
        published_output=printed,
        year=year,
        title=f"World Input-Output Table {year}",
        stock_changes=("INVEN",),
        **_ABOUT,
    )


def _frame(place: Place) -> Any:
    file = str(place)
    try:
        import rdata
    except ImportError as error:
        raise InputError("accounts.needs_package", file=file, package="rdata") from error
    packed = io.BytesIO(content(place.file, place.member))
    try:
        found = rdata.read_rda(packed)
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
