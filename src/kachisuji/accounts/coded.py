"""Square tables whose rows and columns are named REGION_CODE in one cell (OECD, FIGARO)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kachisuji.accounts.assembling import assemble
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import Sheet
from kachisuji.words import InputError


def from_codes(
    sheet: Sheet,
    *,
    form: str,
    totals: frozenset[str],
    uses: tuple[str, ...],
    stocks: tuple[str, ...],
    joined: Mapping[str, str],
    **about: Any,
) -> Economy:
    """Return the table of a sheet with one label column and one header line.

    A code that is both a row's and a column's is a sector; other columns are final demand, other
    rows primary inputs. ``totals`` are columns and rows to leave out; the first of them that is a
    column is taken as the printed output; without one it is the sum of each column.

    Parameters
    ----------
    uses
        Codes of final use by households, in one edition or another: without any of them the file is
        another publisher's.
    stocks
        Codes of changes in stocks.
    joined
        Regions that a country is split over, to the country; empty keeps them apart.
    """
    names = sheet.head[-1][1:]
    labels = [row[0] or "" for row in sheet.labels]
    columns = [_split(name) for name in names]
    rows = [_split(label) for label in labels]
    sectors = {c for r, c in rows if r} & {c for r, c in columns if r} - totals
    if not sectors:
        got = f"{', '.join(labels[:3])} / {', '.join(names[:3])}"
        raise _other_layout(sheet, form, "REGION_CODE both ways", got)
    flow = np.array([bool(r) and c in sectors for r, c in rows])
    used = [k for k, (r, c) in enumerate(columns) if r and c not in totals]
    categories = list(dict.fromkeys(columns[k][1] for k in used if columns[k][1] not in sectors))
    if not set(uses) & set(categories):
        got = ", ".join(categories[:5]) or "none"
        raise _other_layout(sheet, form, f"final demand {' | '.join(uses)}", got)
    printed = next((k for k, name in enumerate(names) if name in totals), None)
    kept = [label for label, keep in zip(rows, flow, strict=True) if keep]
    values = sheet.values[_run(np.flatnonzero(flow))]
    economy = assemble(
        values[:, _run(np.array(used))],
        kept,
        [columns[k] for k in used],
        categories=categories,
        file=sheet.file,
        form=form,
        published_output=None if printed is None else values[:, printed],
        silent_regions=_silent(joined, {r for r, _ in kept}, {columns[k][0] for k in used}),
        stock_changes=tuple(c for c in stocks if c in categories),
        **about,
    )
    economy = _with_primary(economy, sheet, flow, columns, labels, totals)
    if printed is None:
        economy = _with_column_sums(economy)
    parts = {r: joined.get(r, r) for r in economy.regions}
    return economy if list(parts) == list(parts.values()) else economy.aggregate(regions=parts)


def _silent(joined: Mapping[str, str], kept: set[str], used: set[str]) -> list[str]:
    """Regions that are split: final demand (and at times rows) stands under the country's name."""
    split = set(joined) | {joined[r] for r in joined if r in kept}
    return sorted(split & (kept | used))


def _other_layout(sheet: Sheet, form: str, want: str, got: str) -> InputError:
    return InputError("accounts.layout", file=sheet.file, form=form, want=want, got=got)


def _with_column_sums(economy: Economy) -> Economy:
    """Where no output is printed: what a column pays for, inputs and primary inputs, is it."""
    if "primary" not in economy.extensions:
        return economy
    paid = economy.Z.sum(axis=0) + economy.extensions["primary"].values.sum(axis=0)
    return replace(economy, published_output=paid, copy=False)


def _run(places: np.ndarray) -> slice | np.ndarray:
    """Return a slice where the places are in a row: a view then, and no copy of a large table."""
    if len(places) and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _split(name: str) -> tuple[str, str]:
    region, bar, code = name.strip().partition("_")
    return (region, code) if bar and region and code else ("", name.strip())


def _with_primary(
    economy: Economy,
    sheet: Sheet,
    flow: np.ndarray,
    columns: list[tuple[str, str]],
    labels: list[str],
    totals: frozenset[str],
) -> Economy:
    rest = [k for k in np.flatnonzero(~flow) if labels[k] not in totals]
    if not rest:
        return economy
    at = {label: k for k, label in enumerate(columns)}
    order = [at.get(economy.label(k), -1) for k in range(economy.n)]
    values = sheet.values[rest][:, order]
    values[:, np.array(order) < 0] = 0.0
    items = tuple(labels[k] for k in rest)
    unit = f"{economy.unit} {economy.currency}"
    return economy.with_extension(Extension("primary", items, values, unit, source=sheet.file))
