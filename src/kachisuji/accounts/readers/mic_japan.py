"""Japan, Ministry of Internal Affairs and Communications: tables with competitive imports.

Two forms of the transaction table at producers' prices (取引基本表; 13, 37, 107 or 187 sectors;
million yen):

* the sheet (xlsx, xls): a line of column codes, under it a line of column names; code and name
  stand in the two columns before the figures. 内生部門計 closes the intermediate part in both
  directions, 国内生産額 the table; below the flows come rows of value added, to the right final
  demand with exports, and imports and duties as negative figures （控除）.
* long CSV: ``input_type, input_name, output_type, output_name, value_M``, names ``01_…``, types
  industry, valueadded, finaldemand, export, import (e-Stat's database form).

Sums (…計, 合計) are recognised and left out.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import content, need_file, numbers, sheet_rows
from kachisuji.accounts.sniffing import decoded, text_frame
from kachisuji.accounts.supply_use import split_imports
from kachisuji.words import InputError

FORM = "MIC input-output table"
_INNER, _OUTPUT, _ADDED = "内生部門計", "国内生産額", "粗付加価値部門計"
_LONG = ["input_type", "input_name", "output_type", "output_name", "value_M"]
_UNITS = {"十億": "billion", "百万": "million", "億": "hundred million", "千": "thousand"}
_SUM = re.compile(r"(計|合計)$")
_MINUS = re.compile(r"^\(控除\)")


def looks_like(path: Path) -> bool:
    """Whether the file is one of the two forms."""
    if not path.is_file():
        return False
    if path.suffix.lower() == ".csv":
        with path.open("rb") as stream:
            return (
                stream.read(200).removeprefix(b"\xef\xbb\xbf").startswith(",".join(_LONG).encode())
            )
    if path.suffix.lower() not in (".xlsx", ".xls"):
        return False
    try:
        rows = sheet_rows(path, None, FORM)[:12]
    except InputError:
        return False
    return any(_plain(cell) == _INNER for row in rows for cell in row)


def read(
    path: Path,
    year: int | None = None,
    *,
    imports: str = "competitive",
    sheet: str | int | None = None,
) -> Economy:
    """Read a table.

    Parameters
    ----------
    year
        The year of the table; not needed where the sheet's title tells one, and never another.
    imports
        ``competitive`` leaves imports as negative final demand; ``split`` makes the rest of the
        world a region (see :func:`~kachisuji.accounts.supply_use.split_imports`).
    sheet
        Name or number of the sheet.
    """
    need_file(path)
    long = path.suffix.lower() == ".csv"
    rows = [] if long else sheet_rows(path, sheet, FORM)
    years, unit = _told(rows)
    if year is None and len(years) != 1:
        raise InputError("accounts.year_untold", file=path)
    if years and year not in (None, *years):
        known = ", ".join(map(str, years))
        raise InputError("accounts.no_year", file=path, year=year, known=known)
    year = years[0] if year is None else year
    sectors, categories, Z, Y, items, primary, output = _long(path) if long else _sheet(path, rows)
    economy = Economy(
        regions=("JPN",),
        sectors=tuple(sectors),
        categories=tuple(categories),
        Z=Z,
        Y=Y,
        year=year,
        unit=unit,
        currency="JPY",
        publisher="総務省 (Ministry of Internal Affairs and Communications)",
        licence="政府標準利用規約 (Government of Japan Standard Terms of Use), CC BY compatible",
        citation=f"総務省「{year}年産業連関表」",
        title=f"Japan {year}, {len(sectors)} sectors",
        published_output=output,
        extensions={"primary": Extension("primary", tuple(items), primary, f"{unit} JPY")},
        stock_changes=tuple(c for c in categories if "在庫" in c or "stocks" in c),
        exports_categories=tuple(c for c in categories if _is_export(c)),
        source=str(path),
    )
    if imports == "competitive":
        return economy
    if imports != "split":
        known = "competitive, split"
        raise InputError("accounts.unknown_option", option="imports", got=imports, known=known)
    return split_imports(economy, tuple(c for c in categories if _is_import(c)))


def _is_export(name: str) -> bool:
    return not _is_import(name) and ("輸出" in name or "Exports" in name)


def _is_import(name: str) -> bool:
    return bool(_MINUS.search(name)) or "(less)" in name


def _plain(cell: Any) -> str:
    """Text without spaces, full-width forms made plain."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", str(cell)))


def _code(cell: Any) -> str:
    text = _plain(cell)
    return text[:-2] if text.endswith(".0") else text


# ---- sheet ----------------------------------------------------------------------------------


def _told(rows: list[list[Any]]) -> tuple[list[int], str]:
    """Years and unit that the cells above the names of the sectors tell; million where untold."""
    top = next((k for k, row in enumerate(rows) if _INNER in map(_plain, row)), 0)
    above = " ".join(_plain(cell) for row in rows[:top] for cell in row)
    years = sorted({int(found) for found in re.findall(r"(?<!\d)(\d{4})年(?!価格)", above)})
    money = re.search(r"単位[:：]?(十億|百万|億|千)円", above)
    return years, _UNITS[money[1]] if money else "million"


def _sheet(path: Path, rows: list[list[Any]]) -> tuple[Any, ...]:
    top, first, inner = _corner(rows, path)
    names = [_plain(c) for c in rows[top]]
    last = _where(names, _OUTPUT, path, f"row {top + 1}")
    down = [_plain(r[first - 1]) if len(r) >= first else "" for r in rows]
    below = _where(down, _INNER, path, f"column {first}", after=top)
    end = _where(down, _OUTPUT, path, f"column {first}", after=below)
    sectors = [names[k] for k in range(first, inner)]
    made = [down[k] for k in range(top + 1, below)]
    if made != sectors:
        k = next((k for k, (a, b) in enumerate(zip(made, sectors, strict=False)) if a != b), 0)
        want = sectors[k] if k < len(sectors) else "nothing"
        got = made[k] if k < len(made) else "nothing"
        raise InputError(
            "accounts.layout", file=path, row=top + k + 2, form=FORM, want=want, got=got
        )
    uses = _without_sums(names, range(inner + 1, last))
    inputs = _without_sums(down, range(below + 1, end))
    flows = rows[top + 1 : below]
    place, start = str(path), top + 2
    Z = numbers(flows, range(first, inner), place, start, sectors)
    Y = numbers(flows, uses, place, start, [names[k] for k in uses])
    output = numbers(flows, [last], place, start, [_OUTPUT])[:, 0]
    primary = np.vstack(
        [numbers([rows[k]], range(first, inner), place, k + 1, sectors) for k in inputs]
    )
    return sectors, [names[k] for k in uses], Z, Y, [down[k] for k in inputs], primary, output


def _corner(rows: list[list[Any]], path: Path) -> tuple[int, int, int]:
    """Find the line of names, the first column of figures and the column of 内生部門計."""
    for top, row in enumerate(rows[:40]):
        names = [_plain(c) for c in row]
        if _INNER in names:
            inner = names.index(_INNER)
            first = next((k for k, n in enumerate(names) if n and k > 0 and k < inner), 0)
            if first:
                return top, first, inner
    raise InputError("accounts.layout", file=path, form=FORM, want=_INNER, got="none in 40 lines")


def _where(names: list[str], name: str, path: Path, place: str, after: int = -1) -> int:
    for k in range(after + 1, len(names)):
        if names[k] == name:
            return k
    raise InputError("accounts.layout", file=path, row=place, form=FORM, want=name, got="none")


def _without_sums(names: list[str], places: range) -> list[int]:
    """Leave out sums; 輸出計 and （控除）輸入計 are kept where their parts are not printed."""
    kept = [k for k in places if names[k] and not _SUM.search(names[k])]
    for test in (_is_export, _is_import):
        sums = [k for k in places if _SUM.search(names[k]) and test(names[k])]
        if sums and not any(test(names[k]) for k in kept):
            kept.append(sums[-1])
    return sorted(kept)


# ---- long -----------------------------------------------------------------------------------


def _long(path: Path) -> tuple[Any, ...]:
    import pandas as pd

    frame = text_frame(decoded(content(path), path, FORM), path, FORM)
    if list(frame.columns) != _LONG:
        got = ", ".join(frame.columns)
        raise InputError(
            "accounts.layout", file=path, row=1, form=FORM, want=", ".join(_LONG), got=got
        )
    values = pd.to_numeric(frame["value_M"], errors="coerce")
    if values.isna().any():
        k = int(values.isna().to_numpy().argmax())
        cell = frame["value_M"][k][:40]
        raise InputError("accounts.cell", file=path, row=k + 2, column="value_M", value=cell)
    frame["value"] = values.astype(float)
    doubled = frame.duplicated(_LONG[:4])
    if doubled.any():
        row = int(doubled.to_numpy().argmax()) + 2
        label = frame["input_name"][row - 2]
        raise InputError("accounts.label_twice", file=path, row=row, what="cells", label=label)
    flows = frame[frame["input_type"] == "industry"]
    wide = flows.pivot_table(
        index="input_name", columns="output_name", values="value", aggfunc="sum"
    ).fillna(0.0)
    sectors = sorted(set(flows.loc[flows["output_type"] == "industry", "output_name"]))
    if sorted(wide.index) != sectors:
        raise InputError(
            "accounts.layout",
            file=path,
            form=FORM,
            want="each industry as input and output",
            got="not",
        )
    uses = flows[flows["output_type"] != "industry"]
    categories = sorted(set(uses["output_name"]))
    added = frame[(frame["input_type"] == "valueadded") & (frame["output_type"] == "industry")]
    primary = added.pivot_table(
        index="input_name", columns="output_name", values="value", aggfunc="sum"
    ).fillna(0.0)
    primary = primary.reindex(columns=sectors, fill_value=0.0)
    Z = wide.loc[sectors, sectors].to_numpy(float)
    Y = wide.loc[sectors, categories].to_numpy(float)
    items = list(primary.index)
    return sectors, categories, Z, Y, items, primary.to_numpy(float), None
