"""Eora26: 189 countries by 26 sectors, and the rest of the world; ``Eora26_2015_bp.zip``.

Tab-separated numbers without labels: ``Eora26_2015_bp_T.txt`` (flows), ``_FD.txt`` (six categories
of final demand a country), ``_VA.txt`` (primary inputs), ``_Q.txt`` and ``_QY.txt`` (satellite
accounts of the sectors and of the final users); labels apart in ``labels_T.txt`` and
``labels_FD.txt`` (country, code, kind, sector or category, tab-separated), ``labels_VA.txt`` (kind,
name) and ``labels_Q.txt`` (stressor, source), in the same place or in ``indices.zip``. Accounts are
read where their figures and their labels are there.

ROW has one sector, TOTAL, and the other countries have none of that name: those rows and columns
are
nil here. Thousand US dollars, ``bp`` basic or ``pp`` purchasers' prices.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import content, members, need_folder, no_such_year
from kachisuji.accounts.sniffing import decoded
from kachisuji.words import InputError

FORM = "Eora26"
_NAME = re.compile(r"Eora26_(\d{4})_(bp|pp)(?:_T\.txt|\.zip)")
CATEGORIES_STOCKS = "Changes in inventories"


def looks_like(path: Path) -> bool:
    """Whether the file, or one in the folder, has such a name."""
    names = [f.name for f in path.iterdir()] if path.is_dir() else [path.name]
    return any(_NAME.fullmatch(n) for n in names)


def read(
    path: Path, year: int | None = None, *, price: str = "bp", accounts: bool = True
) -> Economy:
    """Read a year at basic (``bp``) or purchasers' (``pp``) prices.

    ``accounts=False`` leaves primary inputs and satellite accounts out.
    """
    if not path.exists():
        raise InputError("accounts.no_file", file=path)
    store, year, price = _open(path, year, price)
    flows = store.numbers(f"Eora26_{year}_{price}_T.txt")
    final = store.numbers(f"Eora26_{year}_{price}_FD.txt")
    rows = store.labels("labels_T.txt")
    uses = store.labels("labels_FD.txt")
    for name, got, want in (
        ("T", flows.shape, (len(rows), len(rows))),
        ("FD", final.shape, (len(rows), len(uses))),
    ):
        if got != want:
            raise InputError("accounts.shape", file=path, what=name, got=got, want=want)
    regions = tuple(dict.fromkeys(r for r, _ in rows))
    sectors = tuple(dict.fromkeys(s for _, s in rows))
    categories = tuple(dict.fromkeys(c for _, c in uses))
    S, F = len(sectors), len(categories)
    at = _places(rows, regions, sectors, path)
    to = _places(uses, regions, categories, path)
    n = len(regions) * S
    Z, Y = np.zeros((n, n)), np.zeros((n, len(regions) * F))
    Z[np.ix_(at, at)] = flows
    Y[np.ix_(at, to)] = final
    stem = f"Eora26_{year}_{price}"
    return Economy(
        regions=regions,
        sectors=sectors,
        categories=categories,
        Z=Z,
        Y=Y,
        year=year,
        unit="thousand",
        currency="USD",
        publisher="Eora",
        licence="Eora: free for academic use, otherwise by licence (worldmrio.com)",
        citation="Lenzen, Kanemoto, Moran and Geschke (2012), Environmental Science and Technology "
        "46, 8374-8381; Lenzen, Moran, Kanemoto and Geschke (2013), Economic Systems Research 25, "
        "20-49",
        title=f"Eora26 {year}, {price}",
        stock_changes=tuple(c for c in categories if c.startswith(CATEGORIES_STOCKS)),
        source=str(path),
        extensions=_accounts(store, stem, (n, at), (Y.shape[1], to)) if accounts else {},
        copy=False,
    )


def _accounts(
    store: _Files,
    stem: str,
    made: tuple[int, np.ndarray],
    used: tuple[int, np.ndarray],
) -> dict[str, Extension]:
    """Primary inputs and satellite accounts; ``made`` and ``used``: how many columns, and where."""
    found = {}
    for key, name, unit in (("VA", "primary", "thousand USD"), ("Q", "satellite", "see items")):
        if not (store.has(f"{stem}_{key}.txt") and store.has(f"labels_{key}.txt")):
            continue
        lines = store.lines(f"labels_{key}.txt")
        items = tuple(
            cells[1] if key == "VA" and len(cells) > 1 else " / ".join(filter(None, cells))
            for cells in lines
        )
        values = store.account(f"{stem}_{key}.txt", len(items), *made)
        final = None
        if key == "Q" and store.has(f"{stem}_QY.txt"):
            final = store.account(f"{stem}_QY.txt", len(items), *used)
        found[name] = Extension(name, items, values, unit, source=str(store.path), final=final)
    return found


def _places(
    labels: list[tuple[str, str]], regions: tuple[str, ...], codes: tuple[str, ...], path: Path
) -> np.ndarray:
    region_at = {r: k for k, r in enumerate(regions)}
    code_at = {c: k for k, c in enumerate(codes)}
    for region, code in labels:
        if region not in region_at:
            raise InputError("accounts.label_missing", file=path, label=code, region=region)
    places = np.array([region_at[r] * len(codes) + code_at[c] for r, c in labels])
    unique, counts = np.unique(places, return_counts=True)
    if (counts > 1).any():
        twice = int(unique[counts > 1][0])
        label = f"{regions[twice // len(codes)]} {codes[twice % len(codes)]}"
        raise InputError("accounts.label_twice", file=path, what="labels", label=label)
    return places


def _open(path: Path, year: int | None, price: str) -> tuple[_Files, int, str]:
    if path.is_file():
        named = _NAME.fullmatch(path.name)
        if named is None:
            got = path.name
            raise InputError(
                "accounts.layout", file=path, form=FORM, want="Eora26_YYYY_bp.zip", got=got
            )
        return _Files(path, path.parent), int(named[1]), named[2]
    need_folder(path, FORM)
    found = {(int(m[1]), m[2]): f for f in sorted(path.iterdir()) if (m := _NAME.fullmatch(f.name))}
    known = ", ".join(f"{y} {p}" for y, p in found)
    fits = [key for key in found if (year is None or key[0] == year) and key[1] == price]
    if len(fits) != 1:
        if year is None and fits:
            raise InputError("accounts.year_needed", file=path, known=known)
        raise no_such_year(path, year, known, FORM, "Eora26_YYYY_bp.zip")
    file = found[fits[0]]
    return _Files(file if file.suffix == ".zip" else path, path), *fits[0]


class _Files:
    """Files of a folder or a zip; labels may be in ``indices.zip`` beside it."""

    def __init__(self, path: Path, beside: Path) -> None:
        self.path = path
        self.places: dict[str, tuple[Path, str | None]] = {}
        for archive in (beside / "indices.zip", path):
            if archive.suffix == ".zip" and archive.is_file():
                for name in members(archive):
                    self.places[PurePosixPath(name).name] = (archive, name)
        if path.is_dir():
            self.places |= {f.name: (f, None) for f in path.iterdir() if f.suffix == ".txt"}

    def bytes(self, name: str) -> bytes:
        if name not in self.places:
            raise InputError("accounts.no_file", file=f"{self.path}/{name}")
        return content(*self.places[name])

    def numbers(self, name: str) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        raw = self.bytes(name)
        width = raw.split(b"\n", 1)[0].count(b"\t") + 1
        names = [f"f{k}" for k in range(width)]
        longest = max(2**20, 64 * len(raw.split(b"\n", 1)[0]))
        place = f"{self.path}/{name}"
        try:
            table = pacsv.read_csv(
                pa.BufferReader(raw),
                read_options=pacsv.ReadOptions(column_names=names, block_size=min(longest, 2**30)),
                parse_options=pacsv.ParseOptions(delimiter="\t"),
                convert_options=pacsv.ConvertOptions(
                    column_types={n: pa.float64() for n in names}, null_values=[]
                ),
            )
        except pa.ArrowException as error:
            why = str(error).splitlines()[0]
            raise InputError("accounts.unreadable", file=place, form=FORM, why=why) from error
        batch = table.combine_chunks().to_batches()[0]
        return np.ascontiguousarray(np.stack([c.to_numpy() for c in batch.columns]).T)

    def has(self, name: str) -> bool:
        return name in self.places

    def account(self, name: str, items: int, width: int, at: np.ndarray) -> np.ndarray:
        """(items, width) figures of an account, put where the table has its columns."""
        values = self.numbers(name)
        if values.shape != (items, len(at)):
            want = (items, len(at))
            raise InputError(
                "accounts.shape", file=f"{self.path}/{name}", what=name, got=values.shape, want=want
            )
        result = np.zeros((items, width))
        result[:, at] = values
        return result

    def lines(self, name: str) -> list[list[str]]:
        """Cells of every line of a file of labels, the empty ones at the end left off."""
        text = decoded(self.bytes(name), f"{self.path}/{name}", FORM)
        return [
            [cell.strip() for cell in line.rstrip("\t").split("\t")] for line in text.splitlines()
        ]

    def labels(self, name: str) -> list[tuple[str, str]]:
        labels = []
        for k, cells in enumerate(self.lines(name), start=1):
            if len(cells) < 4:
                place, got = f"{self.path}/{name}", f"{len(cells)} cells"
                raise InputError(
                    "accounts.layout", file=place, row=k, form=FORM, want="4 cells", got=got
                )
            labels.append((cells[1], cells[3]))
        return labels
