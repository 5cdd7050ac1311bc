"""The input-output table as a type: checked once, then never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.words import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

# what an account's part of final users is called in errors, after the account's own name
_F_Y = "/F_Y"


class Block(NamedTuple):
    """One region's own part of the table, as coefficients of its sectors' output.

    Attributes
    ----------
    A
        (S, S) domestic input coefficients, ``Z_rr / x_r``.
    v
        (S,) value added per unit of output.
    imports
        (R, S, S) input coefficients by source region; the region's own slice is zero.
    x
        (S,) output.
    """

    A: Floats
    v: Floats
    imports: Floats
    x: Floats


@dataclass(frozen=True)
class Extension:
    """An account beside the money flows: persons, energy, emissions.

    Attributes
    ----------
    values
        (k, n) one row an item, one column a (region, sector), in ``unit`` for the whole year.
    items
        k names of the rows.
    left_out
        Rows of the source that are not here, with the number of their empty cells.
    final
        (k, R F) what final users cause themselves, one column a (region, category): emissions of
        households' own cars and boilers (F_Y of EXIOBASE and pymrio). None where there is nothing.
    """

    name: str
    items: tuple[str, ...]
    values: Floats
    unit: str
    source: str = ""
    licence: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    final: Floats | None = None


@dataclass(frozen=True, eq=False)
class Economy:
    """A (multi-regional) input-output table.

    Rows and columns run region by region, each with all sectors: (region, sector).
    ``x = Z 1 + Y 1`` exactly, and value added is ``x - Z' 1``; the output that the publisher
    prints is kept beside it as ``published_output``, and ``output_gap`` states the difference.

    Parameters
    ----------
    regions, sectors, categories
        Labels: R regions, S sectors, F categories of final demand, each unique.
    Z
        (n, n) intermediate flows, n = R S, seller by buyer, in ``unit`` of ``currency`` a year.
    Y
        (n, R F) final demand, buyer region by category.
    year, unit, currency, publisher, licence, citation, title
        What the figures are and who made them; ``unit`` is e.g. ``"million"``.
    published_output
        (n,) output as the publisher prints it, where there is one.
    extensions
        Accounts beside the money flows.
    stock_changes
        Which of the categories are changes in stocks (they are not use by anyone).
    exports_categories
        Which of the categories are exports, in a table that does not hold the other regions.
    source
        The file it came from; used to say where an error is.
    copy
        False takes the arrays over as they are (and makes them read-only).

    Raises
    ------
    InputError
        Naming the cell, when a shape, a label or a number is not what it must be.
    """

    regions: tuple[str, ...]
    sectors: tuple[str, ...]
    categories: tuple[str, ...]
    Z: Floats
    Y: Floats
    year: int
    unit: str = "million"
    currency: str = "USD"
    publisher: str = ""
    licence: str = ""
    citation: str = ""
    title: str = ""
    published_output: Floats | None = None
    extensions: Mapping[str, Extension] = field(default_factory=dict)
    stock_changes: tuple[str, ...] = ()
    exports_categories: tuple[str, ...] = ()
    source: str | None = None
    copy: bool = field(default=True, repr=False)

    def __post_init__(self) -> None:
        put = object.__setattr__  # the dataclass is frozen for everyone else
        for what in ("regions", "sectors", "categories"):
            put(self, what, _labels(getattr(self, what), what, self.source))
        for category in (*self.stock_changes, *self.exports_categories):
            self.category_number(category)
        if isinstance(self.year, bool) or not isinstance(self.year, (int, np.integer)):
            raise InputError("accounts.year_kind", file=self.source, year=self.year)
        put(self, "Z", _matrix(self.Z, "Z", (self.n, self.n), self))
        put(self, "Y", _matrix(self.Y, "Y", (self.n, self.n_regions * self.n_categories), self))
        if self.published_output is not None:
            output = _matrix(self.published_output, "published_output", (self.n,), self)
            put(self, "published_output", output)
        for name, extension in self.extensions.items():
            want = (len(extension.items), self.n)
            values = _matrix(extension.values, name, want, self)
            put(extension, "values", values)
            if extension.final is not None:
                want = (len(extension.items), self.n_regions * self.n_categories)
                put(extension, "final", _matrix(extension.final, f"{name}{_F_Y}", want, self))
        put(self, "x", _frozen(self.Z.sum(axis=1) + self.Y.sum(axis=1)))
        put(self, "value_added", _frozen(self.x - self.Z.sum(axis=0)))

    # declared for readers and the type checker; set once in __post_init__
    x: Floats = field(init=False, repr=False)
    value_added: Floats = field(init=False, repr=False)

    def __repr__(self) -> str:
        size = f"{self.n_regions} regions x {self.n_sectors} sectors"
        return f"Economy({self.title!r}, {self.year}, {size}, {self.unit} {self.currency})"

    def __getstate__(self) -> dict[str, Any]:
        # what was worked out from the table (factorisations, labels) is not sent along
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for values in state.values():
            if isinstance(values, np.ndarray):
                _frozen(values)

    @property
    def n_regions(self) -> int:
        """R, the number of regions."""
        return len(self.regions)

    @property
    def n_sectors(self) -> int:
        """S, the number of sectors."""
        return len(self.sectors)

    @property
    def n_categories(self) -> int:
        """F, the number of final-demand categories."""
        return len(self.categories)

    @property
    def n(self) -> int:
        """R S, the number of rows."""
        return len(self.regions) * len(self.sectors)

    @property
    def gdp(self) -> Floats:
        """(R,) value added by region."""
        return self.value_added.reshape(self.n_regions, -1).sum(axis=1)

    @property
    def output_gap(self) -> Floats:
        """(n,) the publisher's output less the row sums; zero where none was printed."""
        if self.published_output is None:
            return np.zeros(self.n)
        return self.published_output - self.x

    @cached_property
    def v(self) -> Floats:
        """(n,) value added per unit of output; zero where there is no output."""
        return _frozen(per_unit(self.value_added, self.x))

    @cached_property
    def without_output(self) -> NDArray[np.intp]:
        """Rows of sectors that have inputs and no output (rounding leaves such in real tables)."""
        return np.flatnonzero((self.x == 0.0) & (self.value_added != 0.0))

    @cached_property
    def final_by_region(self) -> Floats:
        """(n, R) final demand by buying region, categories added up.

        Inputs of sectors without output are in it, as used up by their region: no product carries
        them on, and ``x = A x + f`` holds to the last digit.
        """
        final = self.Y.reshape(self.n, self.n_regions, -1).sum(axis=2)
        for k in self.without_output:
            final[:, k // self.n_sectors] += self.Z[:, k]
        return _frozen(final)

    @cached_property
    def stock_change(self) -> Floats:
        """(n,) sales that went into stocks, by seller; zero where the table does not tell."""
        those = [k for k, c in enumerate(self.categories) if c in self.stock_changes]
        parts = self.Y.reshape(self.n, self.n_regions, -1)[:, :, those]
        return _frozen(parts.sum(axis=(1, 2)))

    @cached_property
    def exports(self) -> Floats:
        """(n, R) sales of each (region, sector) to each other region; own region zero."""
        R, S = self.n_regions, self.n_sectors
        bought = self.Y.reshape(self.n, R, -1).sum(axis=2)
        sales = self.Z.reshape(self.n, R, S).sum(axis=2) + bought
        sales.reshape(R, S, R)[np.arange(R), :, np.arange(R)] = 0.0
        return _frozen(sales)

    @cached_property
    def checksum(self) -> str:
        """sha256 of the canonical bytes: labels and units as JSON, then Z, Y, published output."""
        head = {
            "regions": self.regions,
            "sectors": self.sectors,
            "categories": self.categories,
            "year": self.year,
            "unit": self.unit,
            "currency": self.currency,
        }
        digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
        for values in (self.Z, self.Y, self.published_output):
            if values is not None:
                digest.update(np.ascontiguousarray(values, dtype="<f8").data)
        return digest.hexdigest()

    # ---- places -------------------------------------------------------------------------

    def region_number(self, region: str) -> int:
        """Position of ``region`` among the regions."""
        return self._number("region", region, self.regions)

    def sector_number(self, sector: str) -> int:
        """Position of ``sector`` among the sectors."""
        return self._number("sector", sector, self.sectors)

    def category_number(self, category: str) -> int:
        """Position of ``category`` among the final-demand categories."""
        return self._number("category", category, self.categories)

    def rows(self, region: str) -> slice:
        """Return the rows (and columns of Z) of one region."""
        first = self.region_number(region) * self.n_sectors
        return slice(first, first + self.n_sectors)

    def row(self, region: str, sector: str) -> int:
        """Return the row of one (region, sector)."""
        return self.region_number(region) * self.n_sectors + self.sector_number(sector)

    def label(self, row: int) -> tuple[str, str]:
        """Return the (region, sector) of a row."""
        region, sector = divmod(row, self.n_sectors)
        return self.regions[region], self.sectors[sector]

    def _number(self, what: str, label: str, known: tuple[str, ...]) -> int:
        try:
            return known.index(label)
        except ValueError:
            raise InputError(
                "accounts.unknown_label",
                file=self.source,
                what=what,
                label=label,
                known=nearest(str(label), known),
            ) from None

    def block(self, region: str) -> Block:
        """One region's own coefficients, its value added and its imports by source region."""
        mine = self.rows(region)
        r = self.region_number(region)
        columns = per_unit(self.Z[:, mine], self.x[mine])
        imports = columns.reshape(self.n_regions, self.n_sectors, self.n_sectors).copy()
        imports[r] = 0.0
        return Block(columns[mine].copy(), self.v[mine].copy(), imports, self.x[mine].copy())

    # ---- labelled views -----------------------------------------------------------------

    @cached_property
    def index(self) -> pd.MultiIndex:
        """(region, sector) of every row."""
        return _product((self.regions, self.sectors), ("region", "sector"))

    @cached_property
    def final_index(self) -> pd.MultiIndex:
        """(region, category) of every column of final demand."""
        return _product((self.regions, self.categories), ("region", "category"))

    def series(self, values: ArrayLike, name: str | None = None) -> pd.Series[float]:
        """(n,) values with their (region, sector)."""
        import pandas as pd

        return pd.Series(np.asarray(values, dtype=float), index=self.index, name=name)

    def frame(self, values: ArrayLike, columns: Any) -> pd.DataFrame:
        """(n, k) values with (region, sector) rows and the columns given."""
        import pandas as pd

        return pd.DataFrame(np.asarray(values), index=self.index, columns=columns, copy=False)

    @property
    def flows(self) -> pd.DataFrame:
        """``Z`` with labels."""
        return self.frame(self.Z, self.index)

    @property
    def final_demand(self) -> pd.DataFrame:
        """``Y`` with labels."""
        return self.frame(self.Y, self.final_index)

    # ---- derived tables -----------------------------------------------------------------

    def aggregate(self, regions: Any = None, sectors: Any = None) -> Economy:
        """Add regions or sectors up; every total is kept.

        A mapping is a dict from old to new label, a
        :class:`~kachisuji.accounts.Concordance` or DataFrame of shares, or ``"total"``.
        See :func:`kachisuji.accounts.aggregating.aggregate`.
        """
        from kachisuji.accounts.aggregating import aggregate

        return aggregate(self, regions=regions, sectors=sectors)

    def with_extension(self, extension: Extension) -> Economy:
        """Return the same table with an account attached."""
        return replace(self, extensions={**self.extensions, extension.name: extension}, copy=False)


def per_unit(values: Floats, x: Floats) -> Floats:
    """``values / x`` column by column, zero where there is no output (never a division by it)."""
    safe = np.where(x == 0.0, 1.0, x)
    return np.where(x == 0.0, 0.0, values / safe)


def _frozen(values: Floats) -> Floats:
    values.flags.writeable = False
    return values


def _product(
    levels: tuple[tuple[str, ...], tuple[str, ...]], names: tuple[str, str]
) -> pd.MultiIndex:
    import pandas as pd

    outer, inner = (len(level) for level in levels)
    codes: Any = [np.repeat(np.arange(outer), inner), np.tile(np.arange(inner), outer)]
    # object labels: pandas' own string arrays take longer to make than a Leontief system to solve
    arrays: Any = [pd.Index(level, dtype=object) for level in levels]
    return pd.MultiIndex(levels=arrays, codes=codes, names=names, verify_integrity=False)


def _labels(given: Iterable[str], what: str, source: str | None) -> tuple[str, ...]:
    if isinstance(given, str):  # its letters would be taken one by one
        raise InputError("accounts.labels_text", file=source, what=what, got=given)
    labels = tuple(given)
    if not labels:
        raise InputError("accounts.no_labels", file=source, what=what)
    seen: set[str] = set()
    for label in labels:
        if not isinstance(label, str) or not label.strip():
            raise InputError("accounts.label_empty", file=source, what=what, label=label)
        if label in seen:
            raise InputError("accounts.label_twice", file=source, what=what, label=label)
        seen.add(label)
    return labels


def _matrix(given: Any, what: str, shape: tuple[int, ...], economy: Economy) -> Floats:
    raw = np.asarray(given)
    if raw.dtype.kind not in "fiu":
        kind = raw.dtype.name
        raise InputError("accounts.not_numbers", file=economy.source, what=what, kind=kind)
    if raw.shape != shape:
        raise InputError(
            "accounts.shape", file=economy.source, what=what, got=raw.shape, want=shape
        )
    copy = economy.copy and raw is given and raw.flags.writeable
    values = np.array(raw, dtype=np.float64, order="C", copy=True if copy else None)
    # a sum is finite only if every cell is, save for an overflow, which is no table either;
    # it costs one pass and no n by n array of booleans
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.isfinite(values.sum())
    if not whole:
        cell = np.argwhere(~np.isfinite(values))
        where = tuple(int(k) for k in cell[0]) if len(cell) else (0,) * values.ndim
        row, column = _place(where, what, economy)
        value = values[where]
        raise InputError(
            "accounts.not_finite",
            file=economy.source,
            row=row,
            column=column,
            what=what,
            value=value,
        )
    return _frozen(values)


def _place(where: tuple[int, ...], what: str, economy: Economy) -> tuple[str, str | None]:
    """Return the labels of a cell."""
    if len(where) == 1:
        return " ".join(economy.label(where[0])), None
    row, column = where
    if what == "Z":
        return " ".join(economy.label(row)), " ".join(economy.label(column))
    if what == "Y":
        region, category = divmod(column, economy.n_categories)
        return " ".join(economy.label(row)), (
            f"{economy.regions[region]} {economy.categories[category]}"
        )
    if what.endswith(_F_Y):
        region, category = divmod(column, economy.n_categories)
        user = f"{economy.regions[region]} {economy.categories[category]}"
        return economy.extensions[what.removesuffix(_F_Y)].items[row], user
    return economy.extensions[what].items[row], " ".join(economy.label(column))
