"""What to know about a table before use: nothing is repaired, everything is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import Economy
from kachisuji.words import Lang, say

if TYPE_CHECKING:
    import pandas as pd

_TINY = 1e-9
_LISTED = 100


@checked
def preflight(economy: Economy, lang: Lang = "en") -> pd.DataFrame:
    """Return what is unusual in a table, worst first within each kind; empty when nothing is.

    Kinds: ``negative_flow`` (intermediate flows below nil), ``negative_final`` (final demand below
    nil outside changes in stocks), ``negative_value_added``, ``no_output`` (nil or negative output,
    with inputs), ``idle`` (nothing made, nothing used), ``tiny`` (cells above nil and below 1e-9 of
    the largest), ``output_gap`` (row sums that miss the printed output by more than a thousandth),
    ``inputs_exceed`` (inputs at or above output), ``row_left_out`` (rows of an account that the
    source prints with empty cells, and how many are empty). At most a hundred of each are listed;
    ``count`` says how many there are.

    Returns
    -------
    DataFrame
        ``kind, row, column, value, count, meaning``, the meaning in ``lang``.
    """
    import pandas as pd

    found = [*_cells(economy), *_rows(economy), *_left_out(economy)]
    lines = []
    for kind, places, values in found:
        order = np.argsort(-np.abs(values), kind="stable")[:_LISTED]
        meaning = say(f"accounts.preflight_{kind}", lang)
        for k in order:
            row, column = places[k]
            lines.append((kind, row, column, float(values[k]), len(values), meaning))
    columns = ["kind", "row", "column", "value", "count", "meaning"]
    return pd.DataFrame(lines, columns=columns)


_Finding = tuple[str, list[tuple[str, str]], NDArray[np.float64]]


def _cells(economy: Economy) -> list[_Finding]:
    Z, Y = economy.Z, economy.Y
    stock = np.array([c in economy.stock_changes for c in economy.categories])
    stock = np.tile(stock, economy.n_regions)
    largest = max(float(np.abs(Z).max()), float(np.abs(Y).max()))
    tests = (
        ("negative_flow", Z, Z < 0.0, True),
        ("negative_final", Y, (Y < 0.0) & ~stock, False),
        ("tiny", Z, (Z != 0.0) & (np.abs(Z) < _TINY * largest), True),
    )
    found = []
    for kind, cells, wrong, inner in tests:
        where = np.argwhere(wrong)
        places = [_place(economy, int(i), int(j), inner) for i, j in where]
        if places:
            found.append((kind, places, cells[wrong]))
    return found


def _place(economy: Economy, row: int, column: int, inner: bool) -> tuple[str, str]:
    label = " ".join(economy.label(row))
    if inner:
        return label, " ".join(economy.label(column))
    region, category = divmod(column, economy.n_categories)
    return label, f"{economy.regions[region]} {economy.categories[category]}"


def _rows(economy: Economy) -> list[_Finding]:
    x, inputs = economy.x, economy.Z.sum(axis=0)
    gap = economy.output_gap
    tests = (
        ("negative_value_added", economy.value_added < 0.0, economy.value_added),
        ("no_output", (x <= 0.0) & (inputs != 0.0), x),
        ("idle", (x == 0.0) & (inputs == 0.0), x),
        ("inputs_exceed", (inputs >= x) & (x > 0.0), inputs - x),
        ("output_gap", np.abs(gap) > 1e-3 * np.abs(x), gap),
    )
    found = []
    for kind, wrong, values in tests:
        where = np.flatnonzero(wrong)
        if len(where):
            places = [(" ".join(economy.label(int(k))), "") for k in where]
            found.append((kind, places, values[where]))
    return found


def _left_out(economy: Economy) -> list[_Finding]:
    empty = {
        (name, item): cells
        for name, extension in economy.extensions.items()
        for item, cells in extension.left_out.items()
    }
    return [("row_left_out", list(empty), np.array([*empty.values()], float))] if empty else []
