"""WIOD, release of November 2013: 41 regions, 35 sectors, a file a year.

The publisher's workbooks (``WIOT08_ROW_Sep12.xlsx``, or ``WIOTS_in_EXCEL.zip`` with all years):
see :mod:`kachisuji.accounts.readers.wiot`; codes (c1 …) stand in the sixth line and the fourth
column. Wide Parquet files:

Layout of ``wiot_YYYY.parquet``: 1435 rows, region by region, with columns ``region``, ``sector``,
1435 of intermediate use named ``REG_cN`` (buyer), 205 of final use named ``REG_c37 | c38 | c39 |
c41 | c42``, and ``output``. Cells are whole million US dollars, cut off and not rounded, so that
row sums fall a little short of the printed output; that gap is kept as ``output_gap``.

Source: Timmer, Dietzenbacher, Los, Stehrer and de Vries (2015), Review of International
Economics 23, 575-605.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.economy import Economy
from kachisuji.accounts.readers.wiot import Place, chosen, inside, places, workbook
from kachisuji.accounts.sniffing import no_parquet
from kachisuji.words import InputError

FORM = "WIOD 2013"
CITATION = (
    "Timmer, Dietzenbacher, Los, Stehrer and de Vries (2015), An Illustrated User Guide to the "
    "World Input-Output Database: the Case of Global Automotive Production, "
    "Review of International Economics 23, 575-605"
)
CATEGORIES = ("c37", "c38", "c39", "c41", "c42")
_ABOUT: dict[str, Any] = {
    "stock_changes": ("c42",),
    "unit": "million",
    "currency": "USD",
    "publisher": "WIOD, Groningen Growth and Development Centre (release of November 2013)",
    "licence": "CC BY 4.0",
    "citation": CITATION,
}
_FILE = re.compile(r"wiot_(\d{4})\.parquet")
_BOOK = re.compile(r"wiot(\d\d)_row_(?:apr12|sep12)\.xlsx", re.IGNORECASE)


def looks_like(path: Path) -> bool:
    """Whether ``path`` is a file or folder of this layout."""
    if path.is_dir() and _years(path):
        return True
    return _FILE.fullmatch(path.name) is not None or bool(inside(path, _BOOK))


def years(path: Path) -> set[int]:
    """Years of the tables at a file, folder or zip, by their names."""
    return set(_years(path) if path.is_dir() else ()) | set(inside(path, _BOOK))


def read(path: Path, year: int | None = None) -> Economy:
    """Read one year.

    Parameters
    ----------
    path
        The folder or zip, or one of its files.
    """
    file, year = _file(path, year)
    about = _ABOUT | {"year": year, "title": f"World Input-Output Table {year}"}
    if file.member is not None or file.name.lower().endswith(".xlsx"):
        return workbook(file, codes=(5, 3), categories=CATEGORIES, form=FORM, **about)
    return _parquet(file.file, about)


def _parquet(file: Path, about: dict[str, Any]) -> Economy:
    table = _table(file)
    regions, sectors = _labels(table, file)
    n, final = len(regions) * len(sectors), len(regions) * len(CATEGORIES)
    _check_columns(table.schema.names, regions, sectors, file)
    names = table.schema.names
    cells = np.stack([_numbers(table.column(k), names[k], file) for k in range(2, 2 + n + final)])
    flows = np.empty((n, n))
    demand = np.empty((n, final))
    flows[...] = cells[:n].T
    demand[...] = cells[n:].T
    return Economy(
        regions=regions,
        sectors=sectors,
        categories=CATEGORIES,
        Z=flows,
        Y=demand,
        published_output=_numbers(table.column("output"), "output", file).astype(float),
        source=str(file),
        copy=False,
        **about,
    )


def _years(folder: Path) -> dict[int, Path]:
    found = ((_FILE.fullmatch(f.name), f) for f in folder.iterdir())
    return {int(m[1]): f for m, f in sorted(found, key=lambda pair: pair[1].name) if m}


def _file(path: Path, year: int | None) -> tuple[Place, int]:
    if not path.exists():
        raise InputError("accounts.no_folder", file=path)
    found = places(path, _BOOK)
    if path.is_file() and not found:
        named = _FILE.fullmatch(path.name)
        if year is None and named is None:
            raise InputError("accounts.year_untold", file=path)
        return Place(path), int(named[1]) if named else year or 0
    if path.is_dir():
        found |= {y: Place(file) for y, file in _years(path).items()}
    if not found:
        want = "wiot_YYYY.parquet, WIOTYY_ROW_Apr12.xlsx"
        raise InputError("accounts.layout", file=path, form=FORM, want=want, got="none")
    year = chosen(path, found, year)
    return found[year], year


def _table(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        raise no_parquet(file, error) from error
    if not table.num_rows:
        raise InputError("accounts.unreadable", file=file, form="Parquet", why="no rows")
    # plain arrays convert to numpy hundreds of times faster than chunked ones
    return table.combine_chunks().to_batches()[0]


def _labels(table: Any, file: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = table.schema.names
    for place, want in ((0, "region"), (1, "sector"), (-1, "output")):
        got = names[place] if len(names) > 2 else "nothing"
        if got != want:
            raise InputError("accounts.layout", file=file, form=FORM, want=want, got=got)
    pairs = list(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))
    regions = tuple(dict.fromkeys(r for r, _ in pairs))
    sectors = tuple(dict.fromkeys(s for _, s in pairs))
    want_pairs = [(r, s) for r in regions for s in sectors]
    if pairs != want_pairs:
        wrong = next(
            (k for k, (a, b) in enumerate(zip(pairs, want_pairs, strict=False)) if a != b),
            min(len(pairs), len(want_pairs)),
        )
        want, got = (
            " ".join(map(str, p[wrong])) if wrong < len(p) else "nothing"
            for p in (want_pairs, pairs)
        )
        raise InputError("accounts.layout", file=file, row=wrong + 1, form=FORM, want=want, got=got)
    return regions, sectors


def _check_columns(
    names: list[str], regions: tuple[str, ...], sectors: tuple[str, ...], file: Path
) -> None:
    want = ["region", "sector"]
    want += [f"{r}_{s}" for r in regions for s in sectors]
    want += [f"{r}_{c}" for r in regions for c in CATEGORIES]
    want.append("output")
    if names == want:
        return
    k = next(
        (k for k, (a, b) in enumerate(zip(names, want, strict=False)) if a != b),
        min(len(names), len(want)),
    )
    expected, got = (p[k] if k < len(p) else "nothing" for p in (want, names))
    raise InputError(
        "accounts.layout", file=file, column=str(k + 1), form=FORM, want=expected, got=got
    )


def _numbers(column: Any, name: str, file: Path) -> np.ndarray:
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise InputError("accounts.not_numbers", file=file, column=name, what=name, kind=str(kind))
    if column.null_count:
        row = column.is_null().to_pylist().index(True) + 1
        raise InputError(
            "accounts.not_finite", file=file, row=row, column=name, what=name, value="missing"
        )
    values: np.ndarray = column.to_numpy()
    return values
