"""EXIOBASE 3, industry by industry or product by product: ``IOT_2011_ixi.zip`` or its folder.

Tab-separated ``A.txt``, ``Z.txt``, ``Y.txt``, ``x.txt`` with two label columns and two header lines
(``x`` one header line, column ``indout``), ``unit.txt``, and satellite accounts in folders with
``F.txt`` and ``unit.txt``: one folder ``satellite`` (and ``impacts``) up to version 3.8, one
folder a
topic (``air_emissions``, ``employment``, ``energy``, ``factor_inputs`` …) from 3.9 on. Some
releases
lack ``Z``: it is then ``A x``. Million euro.

Some early ixi files name regions by three letters where others use two: they are brought to two.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from kachisuji.accounts.assembling import assemble, users
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import content, members
from kachisuji.accounts.sniffing import decoded
from kachisuji.words import InputError

FORM = "EXIOBASE 3"
_NAME = re.compile(r"IOT_(\d{4})_(ixi|pxp)")
_TWO = {
    "AUS": "AU", "AUT": "AT", "BEL": "BE", "BGR": "BG", "BRA": "BR", "CAN": "CA", "CHE": "CH",
    "CHN": "CN", "CYP": "CY", "CZE": "CZ", "DEU": "DE", "DNK": "DK", "ESP": "ES", "EST": "EE",
    "FIN": "FI", "FRA": "FR", "GBR": "GB", "GRC": "GR", "HRV": "HR", "HUN": "HU", "IDN": "ID",
    "IND": "IN", "IRL": "IE", "ITA": "IT", "JPN": "JP", "KOR": "KR", "LTU": "LT", "LUX": "LU",
    "LVA": "LV", "MEX": "MX", "MLT": "MT", "NLD": "NL", "NOR": "NO", "POL": "PL", "PRT": "PT",
    "ROM": "RO", "RUS": "RU", "SVK": "SK", "SVN": "SI", "SWE": "SE", "TUR": "TR", "TWN": "TW",
    "USA": "US", "ZAF": "ZA", "WWA": "WA", "WWE": "WE", "WWF": "WF", "WWL": "WL", "WWM": "WM",
}  # fmt: skip


def looks_like(path: Path) -> bool:
    """Whether the name is a release's and its tables are there."""
    if not _NAME.search(path.name):
        return False
    if path.is_dir():
        return (path / "Y.txt").is_file()
    return path.suffix.lower() == ".zip"


def read(path: Path, year: int | None = None, *, accounts: bool = True) -> Economy:
    """Read a release's year; ``accounts=False`` leaves the satellite accounts out."""
    if not path.exists():
        raise InputError("accounts.no_file", file=path)
    named = _NAME.search(path.name)
    if year is None and named is None:
        raise InputError("accounts.year_untold", file=path)
    store = _Files(path)
    final = store.table("Y.txt", 2, 2)
    if store.has("Z.txt"):
        flows = store.table("Z.txt", 2, 2)
        values = flows.values
    else:
        flows, output = store.table("A.txt", 2, 2), store.table("x.txt", 1, 2)
        values = flows.values * output.values[:, 0]
    if final.rows != flows.rows:
        want, got = "the rows of Z", "others"
        raise InputError("accounts.layout", file=f"{path}/Y.txt", form=FORM, want=want, got=got)
    unit = store.unit()
    rows, columns = _pairs(flows.rows), _pairs(flows.columns)
    economy = assemble(
        np.hstack([values, final.values]),
        rows,
        columns + _pairs(final.columns),
        categories=list(dict.fromkeys(c[1] for c in final.columns)),
        file=str(path),
        form=FORM,
        year=int(named[1]) if named else year or 0,
        unit="million" if unit.startswith("M") else unit,
        currency="EUR",
        publisher="EXIOBASE consortium",
        licence="CC BY-SA 4.0 (from version 3.8); see the release",
        citation="Stadler et al. (2018), EXIOBASE 3, Journal of Industrial Ecology 22, 502-515",
        title=path.stem,
        stock_changes=tuple(
            c for c in dict.fromkeys(c[1] for c in final.columns) if "inventor" in c.lower()
        ),
    )
    for name in store.folders() if accounts else []:
        economy = economy.with_extension(store.account(name, flows.columns, economy))
    return economy


def _pairs(labels: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(_TWO.get(region, region), code) for region, code in labels]


class _Text:
    """A text table: labels and numbers."""

    def __init__(
        self, rows: list[tuple[str, ...]], columns: list[tuple[str, ...]], values: np.ndarray
    ) -> None:
        self.rows, self.columns, self.values = rows, columns, values


class _Files:
    """Files of a folder or a zip, by the path below the release's own folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            self.names = [f.relative_to(path).as_posix() for f in path.rglob("*") if f.is_file()]
        else:
            self.names = members(path)
        roots = [PurePosixPath(n).parent for n in self.names if PurePosixPath(n).name == "Y.txt"]
        if not roots:
            raise InputError("accounts.layout", file=path, form=FORM, want="Y.txt", got="none")
        self.root = min(roots, key=lambda p: len(p.parts))

    def _full(self, name: str) -> str:
        return name if str(self.root) == "." else f"{self.root}/{name}"

    def has(self, name: str) -> bool:
        return self._full(name) in self.names

    def bytes(self, name: str) -> bytes:
        full = self._full(name)
        if full not in self.names:
            raise InputError("accounts.no_file", file=f"{self.path}/{full}")
        return content(self.path / full) if self.path.is_dir() else content(self.path, full)

    def table(self, name: str, heads: int, labels: int) -> _Text:
        """Header lines before the numbers may be followed by one with the names of the labels."""
        lines = self.bytes(name).decode("utf-8-sig").splitlines()
        place = f"{self.path}/{name}"
        if len(lines) <= heads:
            raise InputError("accounts.unreadable", file=place, form=FORM, why="no rows")
        head = [line.split("\t") for line in lines[:heads]]
        start = heads
        names = lines[heads].split("\t")
        if not any(cell.strip() for cell in names[labels:]):
            start += 1
        width = len(head[0])
        columns = list(zip(*(h[labels:] for h in head), strict=True))
        rows, values = [], np.empty((len(lines) - start, width - labels))
        for k, line in enumerate(lines[start:]):
            cells = line.split("\t")
            if len(cells) != width:
                got = f"{len(cells)} cells"
                raise InputError(
                    "accounts.layout", file=place, row=start + k + 1, form=FORM, want=width, got=got
                )
            rows.append(tuple(cells[:labels]))
            try:
                values[k] = cells[labels:]
            except ValueError:
                bad = next(j for j in range(labels, width) if not _is_number(cells[j]))
                raise InputError(
                    "accounts.cell",
                    file=place,
                    row=start + k + 1,
                    column=" ".join(columns[bad - labels]),
                    value=cells[bad][:40],
                ) from None
        return _Text(rows, columns, values)

    def unit(self) -> str:
        if not self.has("unit.txt"):
            return "million"
        lines = self.bytes("unit.txt").decode("utf-8-sig").splitlines()[1:]
        units = {line.split("\t")[-1].strip() for line in lines if line.strip()}
        if len(units) > 1:
            known = ", ".join(sorted(units))
            raise InputError("accounts.mixed_units", file=f"{self.path}/unit.txt", known=known)
        return next(iter(units), "million")

    def folders(self) -> list[str]:
        """Folders of satellite accounts."""
        found = []
        for name in self.names:
            pure = PurePosixPath(name)
            if pure.name == "F.txt" and pure.parent.parent == self.root:
                found.append(pure.parent.name)
        return sorted(found)

    def account(self, name: str, columns: list[tuple[str, ...]], economy: Economy) -> Extension:
        table = self.table(f"{name}/F.txt", 2, 1)
        if table.columns != columns:
            place = f"{self.path}/{name}/F.txt"
            raise InputError(
                "accounts.layout", file=place, form=FORM, want="the columns of Z", got="others"
            )
        items = tuple(row[0] for row in table.rows)
        unit = "see unit.txt"
        if self.has(f"{name}/unit.txt"):
            inner = f"{name}/unit.txt"
            lines = decoded(self.bytes(inner), f"{self.path}/{inner}", FORM).splitlines()[1:]
            units = dict.fromkeys(line.split("\t")[-1].strip() for line in lines if line.strip())
            unit = ", ".join(units)
        order = {label: k for k, label in enumerate(_pairs(columns))}
        take = [order[economy.label(k)] for k in range(economy.n)]
        values = np.ascontiguousarray(table.values[:, take])
        final = None
        for user in ("F_Y.txt", "F_hh.txt"):  # the name up to version 3.6
            if self.has(f"{name}/{user}"):
                own = self.table(f"{name}/{user}", 2, 1)
                rows, place = [row[0] for row in own.rows], f"{self.path}/{name}/{user}"
                final = users(own.values, rows, _pairs(own.columns), items, economy, place)
        source = f"{self.path}/{name}"
        return Extension(name, items, values, unit, source=source, final=final)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
