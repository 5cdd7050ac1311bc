"""From labelled cells to a table: order, completeness, duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts.economy import Economy
from kachisuji.words import InputError

Floats = NDArray[np.float64]
Label = tuple[str, str]


def assemble(
    values: Floats,
    rows: Sequence[Label],
    columns: Sequence[Label],
    *,
    categories: Sequence[str],
    file: str,
    form: str,
    published_output: Floats | None = None,
    silent_regions: Iterable[str] = (),
    **about: Any,
) -> Economy:
    """Return a table from rows (region, sector) and columns (region, sector or category).

    Every region must have every sector as row and as column, and every category of final demand;
    the order is free and nothing is filled in.

    Parameters
    ----------
    values
        (rows, columns) cells.
    categories
        Codes of the columns that are final demand, in the order wanted.
    published_output
        (rows,) output as printed, in the order of the rows.
    silent_regions
        Regions that may lack rows, columns or final demand (a country whose industries are split
        over others): theirs are nil.
    about
        What else :class:`Economy` takes (year, unit, licence …).

    Raises
    ------
    InputError
        Naming the label that is missing, unknown or there twice.
    """
    row_at, column_at = _places(rows, file, "row"), _places(columns, file, "column")
    regions = tuple(dict.fromkeys(r for r, _ in rows))
    silent = [r for r in silent_regions if r not in regions]
    regions += tuple(silent)
    sectors = tuple(dict.fromkeys(s for _, s in rows))
    _refuse_strangers(columns, regions, {*sectors, *categories}, file, form)
    quiet = set(silent_regions)
    take = _order(regions, sectors, row_at, file, quiet)
    inner = _order(regions, sectors, column_at, file, quiet)
    outer = _order(regions, categories, column_at, file, quiet)
    published = None
    if published_output is not None:
        published = _pick(published_output[:, None], take, np.array([0]))[:, 0]
    return Economy(
        regions=regions,
        sectors=sectors,
        categories=tuple(categories),
        Z=_pick(values, take, inner),
        Y=_pick(values, take, outer),
        published_output=published,
        source=file,
        copy=False,
        **about,
    )


def _refuse_strangers(
    columns: Sequence[Label], regions: Sequence[str], codes: set[str], file: str, form: str
) -> None:
    """Refuse columns of a region or code that has no row and is no final demand."""
    known = set(regions)
    for region, code in columns:
        if region not in known or code not in codes:
            raise InputError(
                "accounts.layout",
                file=file,
                column=f"{region} {code}",
                form=form,
                want="a region and sector of the rows, or final demand",
                got=f"{region} {code}",
            )


def _places(labels: Sequence[Label], file: str, what: str) -> dict[Label, int]:
    places: dict[Label, int] = {}
    for k, label in enumerate(labels):
        if not all(part.strip() for part in label):
            name = " ".join(label)
            raise InputError("accounts.label_empty", file=file, what=f"{what}s", label=name)
        if label in places:
            name = " ".join(label)
            raise InputError("accounts.label_twice", file=file, what=f"{what}s", label=name)
        places[label] = k
    return places


def _order(
    regions: Sequence[str],
    codes: Sequence[str],
    places: dict[Label, int],
    file: str,
    silent: set[str],
) -> NDArray[np.intp]:
    """Places in the wanted order; -1 where a silent region has none."""
    order = np.empty(len(regions) * len(codes), dtype=np.intp)
    for i, region in enumerate(regions):
        for j, code in enumerate(codes):
            place = places.get((region, code), -1)
            if place < 0 and region not in silent:
                raise InputError(
                    "accounts.label_missing", file=file, label=f"{region} {code}", region=region
                )
            order[i * len(codes) + j] = place
    return order


def _pick(values: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    if _is_run(rows) and _is_run(columns):
        # the usual case: the publisher's order is ours, and one copy is enough
        return np.ascontiguousarray(
            values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], dtype=float
        )
    picked = np.asarray(values, dtype=float)[np.ix_(rows, columns)]
    picked[rows < 0] = 0.0
    picked[:, columns < 0] = 0.0
    return np.ascontiguousarray(picked)


def _is_run(places: NDArray[np.intp]) -> bool:
    return bool(len(places)) and places[0] >= 0 and bool((np.diff(places) == 1).all())


def users(
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[tuple[str, str]],
    items: Sequence[str],
    economy: Economy,
    file: str,
) -> NDArray[np.float64]:
    """(k, R F) what final users cause themselves, by the items of an account.

    An item that the file has no row for is nothing that final users cause. Columns and rows that
    the table or the account does not know are refused.
    """
    want = [(r, c) for r in economy.regions for c in economy.categories]
    if sorted(columns) != sorted(want):
        odd = sorted(set(columns) ^ set(want))
        got = " ".join(odd[0]) if odd else "one of them twice"
        raise InputError("accounts.layout", file=file, form="F_Y", want="the columns of Y", got=got)
    place = {item: k for k, item in enumerate(items)}
    for row in rows:
        if row not in place:
            raise InputError("accounts.layout", file=file, form="F_Y", want="rows of F", got=row)
    at = {label: k for k, label in enumerate(columns)}
    result = np.zeros((len(items), len(want)))
    result[[place[row] for row in rows]] = values[:, [at[label] for label in want]]
    return result
