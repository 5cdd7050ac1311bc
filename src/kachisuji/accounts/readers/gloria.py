"""GLORIA: 160 and more regions, 120 sectors, as supply and use, in the publisher's folder.

* ``GLORIA_MRIOs_59_2019.zip`` (or its folder) with numbers without labels, comma-separated:
  ``…_120secMother_AllCountries_002_T-Results_2019_059_Markup001(full).csv`` (supply and use in one
  square: for each region its industries, then its products), ``…_Y-Results_…`` (final demand),
  ``…_V-Results_…`` (value added). Markup001 is basic prices.
* ``GLORIA_SatelliteAccounts_059_2019.zip`` (or its folder), where it is there: ``…_TQ-Results_…``
  (accounts by the columns of T) and ``…_YQ-Results_…`` (of the final users).
* ``GLORIA_ReadMe_059.xlsx``: sheets ``Regions`` (``Region_acronyms``), ``Sectors``
  (``Sector_names``), ``Value added and final demand`` (``Final_demand_names``), ``Satellites``
  (``Sat_head_indicator``, ``Sat_indicator``, ``Sat_unit``).

Products are brought together by industry technology (model B) or industries by fixed sales (model
D), region by region. Regions without any flow are left out. Thousand US dollars.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.economy import Economy, Extension, per_unit
from kachisuji.accounts.files import content, members, need_folder, no_such_year, sheet_rows
from kachisuji.words import InputError

FORM = "GLORIA"


def looks_like(path: Path) -> bool:
    """Whether the folder holds GLORIA tables."""
    return path.is_dir() and any(path.glob("GLORIA_MRIOs_*"))


def read(
    path: Path,
    year: int | None = None,
    *,
    version: int | None = None,
    model: str = "B",
    accounts: bool = True,
) -> Economy:
    """Read a year.

    Parameters
    ----------
    version
        Release number, where the folder holds several.
    model
        ``B`` product by product, ``D`` industry by industry.
    accounts
        False leaves the satellite accounts out. What industries cause goes to products as their
        inputs do (model B); every total is kept.
    """
    if model not in ("B", "D"):
        raise InputError("accounts.unknown_option", option="model", got=model, known="B, D")
    source, year = _source(path, year, version)
    regions, sectors, categories = _labels(path)
    S = len(sectors)
    square = _matrix(source, "T", year)
    final = _matrix(source, "Y", year)
    n = len(regions) * S
    for name, got, want in (
        ("T", square.shape, (2 * n, 2 * n)),
        ("Y", final.shape, (2 * n, len(regions) * len(categories))),
    ):
        if got != want:
            raise InputError("accounts.shape", file=source, what=name, got=got, want=want)
    place = np.arange(2 * n).reshape(len(regions), 2, S)
    industries, products = place[:, 0].ravel(), place[:, 1].ravel()
    make = square[np.ix_(industries, products)]
    use = square[np.ix_(products, industries)]
    demand = final[products]
    q, g = make.sum(axis=0), make.sum(axis=1)
    if model == "B":
        T = per_unit(make.T, g).T
        Z, Y = use @ T, demand
    else:
        T = per_unit(make, q)
        Z, Y = T @ use, T @ demand
    table = _without_empty(regions, sectors, categories, Z, Y, year, model, source)
    beside = _satellites(path, source, year)
    if beside is None or not accounts:
        return table
    keep = np.isin(regions, table.regions)
    split = (industries, products, T, model)
    return table.with_extension(_satellite(path, beside, year, split, keep, len(categories)))


def _satellites(path: Path, source: Path, year: int) -> Path | None:
    """Find the satellite accounts of the same release and year (59 and 059 are one release)."""
    release = int(source.stem.split("_")[2])
    for file in sorted(path.glob("GLORIA_SatelliteAccounts_*")):
        parts = file.stem.split("_")
        if len(parts) < 4 or parts[3][:4] != str(year):
            continue
        if parts[2].isdigit() and int(parts[2]) == release:
            return file
    return None


def _satellite(
    path: Path,
    beside: Path,
    year: int,
    split: tuple[np.ndarray, np.ndarray, np.ndarray, str],
    keep: np.ndarray,
    n_categories: int,
) -> Extension:
    """Accounts by the sectors of the table: what either side of T causes, put on one."""
    industries, products, T, model = split
    by_column, final = _matrix(beside, "TQ", year), _matrix(beside, "YQ", year)
    items, unit = _items(path)
    for name, got, want in (
        ("TQ", by_column.shape, (len(items), 2 * len(industries))),
        ("YQ", final.shape, (len(items), len(keep) * n_categories)),
    ):
        if got != want:
            raise InputError("accounts.shape", file=beside, what=name, got=got, want=want)
    made, sold = by_column[:, industries], by_column[:, products]
    # an industry (a product) without output hands what it causes to its namesake: nothing is lost
    T = T + np.diag((T.sum(axis=1 if model == "B" else 0) == 0.0).astype(float))
    values = made @ T + sold if model == "B" else made + sold @ T.T
    return Extension(
        "satellite",
        items,
        np.ascontiguousarray(values[:, np.repeat(keep, len(industries) // len(keep))]),
        unit,
        source=str(beside),
        final=np.ascontiguousarray(final[:, np.repeat(keep, n_categories)]),
    )


def _items(path: Path) -> tuple[tuple[str, ...], str]:
    """Names of the satellite accounts and their units, each once."""
    book = sorted(path.glob("GLORIA_ReadMe_*.xlsx"))[-1]
    columns = ("Sat_head_indicator", "Sat_indicator", "Sat_unit")
    heads, names, units = (_column(book, "Satellites", column) for column in columns)
    items = tuple(" / ".join(pair) for pair in zip(heads, names, strict=True))
    return items, ", ".join(dict.fromkeys(units))


def _without_empty(
    regions: list[str],
    sectors: list[str],
    categories: list[str],
    Z: np.ndarray,
    Y: np.ndarray,
    year: int,
    model: str,
    source: Path,
) -> Economy:
    R, S, F = len(regions), len(sectors), len(categories)
    sold = (np.abs(Z).sum(axis=1) + np.abs(Y).sum(axis=1)).reshape(R, S).sum(axis=1)
    bought = np.abs(Z).sum(axis=0).reshape(R, S).sum(axis=1)
    spent = np.abs(Y).sum(axis=0).reshape(R, F).sum(axis=1)
    keep = (sold + bought + spent) > 0.0
    rows = np.repeat(keep, S)
    return Economy(
        regions=tuple(r for r, k in zip(regions, keep, strict=True) if k),
        sectors=tuple(sectors),
        categories=tuple(categories),
        Z=np.ascontiguousarray(Z[rows][:, rows]),
        Y=np.ascontiguousarray(Y[rows][:, np.repeat(keep, F)]),
        year=year,
        unit="thousand",
        currency="USD",
        publisher="GLORIA, Industrial Ecology Virtual Laboratory",
        licence="GLORIA terms: free for academic use",
        citation="Lenzen et al. (2022), Implementing the material footprint to measure progress "
        "towards SDGs 8 and 12, Nature Sustainability 5, 157-166",
        title=f"GLORIA {year}, model {model}",
        stock_changes=tuple(c for c in categories if "inventor" in c.lower()),
        source=str(source),
        copy=False,
    )


def _source(path: Path, year: int | None, version: int | None) -> tuple[Path, int]:
    need_folder(path, FORM)
    found = {}
    for file in sorted(path.glob("GLORIA_MRIOs_*")):
        parts = file.stem.split("_")
        if len(parts) >= 4 and parts[2].isdigit() and parts[3][:4].isdigit():
            found[int(parts[3][:4]), int(parts[2])] = file
    known = ", ".join(f"{y} (version {v})" for y, v in found)
    fits = [k for k in found if year in (None, k[0]) and version in (None, k[1])]
    if not fits:
        raise no_such_year(path, year, known, FORM, "GLORIA_MRIOs_*")
    if len(fits) > 1:
        raise InputError("accounts.several_files", file=path, known=known)
    return found[fits[0]], fits[0][0]


def _matrix(source: Path, which: str, year: int) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    pattern = f"*_120secMother_AllCountries_002_{which}-Results_{year}_*_Markup001(full).csv"
    names = [f.name for f in source.iterdir()] if source.is_dir() else members(source)
    fits = [n for n in names if fnmatch(n, pattern)]
    if len(fits) != 1:
        got = f"{len(fits)} files"
        raise InputError("accounts.layout", file=source, form=FORM, want=pattern, got=got)
    raw = content(source / fits[0]) if source.is_dir() else content(source, fits[0])
    width = raw.split(b"\n", 1)[0].count(b",") + 1
    columns = [f"f{k}" for k in range(width)]
    longest = max(2**20, 64 * len(raw.split(b"\n", 1)[0]))
    try:
        table: Any = pacsv.read_csv(
            pa.BufferReader(raw),
            read_options=pacsv.ReadOptions(column_names=columns, block_size=min(longest, 2**30)),
            convert_options=pacsv.ConvertOptions(
                column_types={n: pa.float64() for n in columns}, null_values=[]
            ),
        )
    except pa.ArrowException as error:
        why = str(error).splitlines()[0]
        raise InputError(
            "accounts.unreadable", file=f"{source}/{fits[0]}", form=FORM, why=why
        ) from error
    batch = table.combine_chunks().to_batches()[0]
    return np.ascontiguousarray(np.stack([c.to_numpy() for c in batch.columns]).T)


def _labels(path: Path) -> tuple[list[str], list[str], list[str]]:
    books = sorted(path.glob("GLORIA_ReadMe_*.xlsx"))
    if not books:
        raise InputError("accounts.no_file", file=path / "GLORIA_ReadMe_*.xlsx")
    return (
        _column(books[-1], "Regions", "Region_acronyms"),
        _column(books[-1], "Sectors", "Sector_names"),
        _column(books[-1], "Value added and final demand", "Final_demand_names"),
    )


def _column(book: Path, sheet: str, name: str) -> list[str]:
    rows = sheet_rows(book, sheet, FORM)
    head = [str(c).strip() for c in rows[0]] if rows else []
    if name not in head:
        raise InputError(
            "accounts.layout", file=book, row=sheet, form=FORM, want=name, got=", ".join(head[:6])
        )
    k = head.index(name)
    return [str(r[k]).strip() for r in rows[1:] if len(r) > k and str(r[k]).strip()]
