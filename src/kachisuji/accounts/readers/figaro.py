"""Eurostat's FIGARO tables, industry by industry or product by product, editions 2022 to 2025.

* matrix CSV ``matrix_eu-ic-io_ind-by-ind_24ed_2022.csv``: first column ``rowLabels``, rows and
  columns
  ``AR_A01`` (two-letter country, FIGW1 for the rest of the world), final demand ``AR_P3_S13``,
  ``P3_S14``, ``P3_S15``, ``P51G``, ``P5M``, primary rows ``W2_D21X31`` … ``W2_B2A3G``;
* flat CSV ``flatfile_eu-ic-io_…``: ``refArea``, ``rowIi`` (``rowPi``), ``counterpartArea``,
  ``colIi``
  (``colPi``), ``obsValue``, one line a cell.

Million euro, current prices.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.coded import from_codes
from kachisuji.accounts.economy import Economy
from kachisuji.accounts.files import Sheet, content, delimited, find, no_such_year
from kachisuji.words import InputError

FORM = "FIGARO"
_FILE = re.compile(
    r"(matrix|flatfile)_eu-ic-io_(ind-by-ind|prod-by-prod)(?:_\d\ded)?_(\d{4})\.csv(\.gz)?"
)
_BY = {"industry": "ind-by-ind", "product": "prod-by-prod"}
_PATTERNS = ("matrix_eu-ic-io_*.csv*", "flatfile_eu-ic-io_*.csv*")


def looks_like(path: Path) -> bool:
    """Whether a file, or one in the folder, has one of the names."""
    names = [f.name for f in path.iterdir()] if path.is_dir() else [path.name]
    return any(_FILE.fullmatch(n) for n in names)


def read(path: Path, year: int | None = None, *, by: str | None = None) -> Economy:
    """Read a year.

    Parameters
    ----------
    by
        ``industry`` or ``product``, where the folder holds both.
    """
    if by not in (None, *_BY):
        raise InputError("accounts.unknown_option", option="by", got=by, known=", ".join(_BY))
    file = _choose(path, year, by)
    named = _FILE.fullmatch(file.name)
    if named is None and year is None:
        raise InputError("accounts.year_untold", file=file)
    year = int(named[3]) if named else year
    flat = named is not None and named[1] == "flatfile"
    sheet = _flat(file) if flat else delimited(file, form=FORM, starts=("rowLabels",))
    return from_codes(
        sheet,
        form=FORM,
        totals=frozenset(),
        uses=("P3_S14",),
        stocks=("P5M",),
        joined={},
        year=year,
        unit="million",
        currency="EUR",
        publisher="Eurostat and Joint Research Centre, FIGARO",
        licence="Eurostat: reuse with acknowledgement of the source",
        citation="Eurostat, FIGARO tables: EU inter-country input-output tables",
        title=f"FIGARO {named[2] if named else ''} {year}",
    )


def _choose(path: Path, year: int | None, by: str | None) -> Path:
    if path.is_file() or not path.exists():
        return find(path, _PATTERNS, FORM)
    fits, tables = [], []
    for file in sorted(path.iterdir()):
        named = _FILE.fullmatch(file.name)
        if named:
            tables.append(file.name)
        if (
            named
            and (year is None or int(named[3]) == year)
            and (by is None or _BY[by] == named[2])
        ):
            fits.append(file)
    known = ", ".join(f.name for f in fits)
    if not fits:
        raise no_such_year(path, year, ", ".join(tables), FORM, " | ".join(_PATTERNS))
    if len(fits) > 1:
        raise InputError("accounts.several_files", file=path, known=known)
    return fits[0]


def _flat(file: Path) -> Sheet:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    raw = content(file)
    head = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace")
    names = [n.strip().strip('"') for n in head.split(",")]
    row = next((n for n in names if n in ("rowIi", "rowPi")), "")
    column = next((n for n in names if n in ("colIi", "colPi")), "")
    needed = ("refArea", row, "counterpartArea", column, "obsValue")
    if not all(n in names and n for n in needed):
        raise InputError(
            "accounts.layout", file=file, row=1, form=FORM, want="refArea … obsValue", got=head[:80]
        )
    types = {n: pa.string() for n in needed[:4]} | {"obsValue": pa.float64()}
    try:
        table = pacsv.read_csv(
            io.BytesIO(raw),
            convert_options=pacsv.ConvertOptions(column_types=types, include_columns=list(needed)),
        )
    except pa.ArrowException as error:
        why = str(error).splitlines()[0]
        raise InputError("accounts.unreadable", file=file, form=FORM, why=why) from error
    parts = [table.column(n).combine_chunks().dictionary_encode() for n in needed[:4]]
    made = _pairs(parts[0], parts[1])
    used = _pairs(parts[2], parts[3])
    values = table.column("obsValue").to_numpy()
    if np.isnan(values).any():
        row_at = int(np.isnan(values).argmax()) + 2
        raise InputError(
            "accounts.not_finite",
            file=file,
            row=row_at,
            column="obsValue",
            what="obsValue",
            value="empty",
        )
    cells = np.zeros((len(made[1]), len(used[1])))
    place = made[0] * len(used[1]) + used[0]
    if len(np.unique(place)) != len(place):
        order = np.sort(place)
        twice = int(order[np.flatnonzero(np.diff(order) == 0)[0]])
        label = f"{made[1][twice // len(used[1])]} / {used[1][twice % len(used[1])]}"
        raise InputError("accounts.label_twice", file=file, what="cells", label=label)
    cells.ravel()[place] = values
    return Sheet([["rowLabels", *used[1]]], [[m] for m in made[1]], cells, str(file), 2)


def _pairs(area: Any, code: Any) -> tuple[np.ndarray, list[str]]:
    """Return the place of each AREA_CODE in order of first appearance, and the labels."""
    codes = code.dictionary.to_pylist()
    areas = area.dictionary.to_pylist()
    both = area.indices.to_numpy().astype(np.int64) * len(codes) + code.indices.to_numpy()
    unique, first, inverse = np.unique(both, return_index=True, return_inverse=True)
    rank = np.empty(len(unique), dtype=np.int64)
    order = np.argsort(first)
    rank[order] = np.arange(len(unique))
    labels = [f"{areas[u // len(codes)]}_{codes[u % len(codes)]}" for u in unique[order]]
    return rank[inverse], labels
