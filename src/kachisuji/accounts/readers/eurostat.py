r"""Eurostat's symmetric tables (naio_10_cp1700, cp1750, cp1800 …) as long data.

Three forms of the same cells are read, plain or gzipped:

* SDMX-CSV: ``DATAFLOW, LAST UPDATE, freq, unit, stk_flow, prd_use, prd_ava, geo, TIME_PERIOD,
  OBS_VALUE, OBS_FLAG`` (``ind_use``, ``ind_ava`` in industry tables);
* the bulk TSV: the key ``freq,unit,stk_flow,prd_use,prd_ava,geo\TIME_PERIOD`` in the first column,
  one column a year, ``:`` for missing, flags behind the figures;
* CSV or Parquet with ``prod_na``/``t_rows2``, ``induse``/``t_cols2``, ``geo``, ``time``, ``values``
  (the older code lists).

Row codes may carry ``CPA_``. Totals are recognised and left out. A table of total use (domestic and
imported together, whose rows add up to supply) gets its imports, row ``P7``, as a negative category
of final demand; in a table of domestic use imports stay a primary input.
"""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import content, need_file
from kachisuji.accounts.sniffing import decoded, no_parquet, text_frame
from kachisuji.words import InputError

FORM = "Eurostat symmetric table"
_NAMES = {
    "use": ("prd_use", "ind_use", "induse", "t_cols2"),
    "made": ("prd_ava", "ind_ava", "prod_na", "t_rows2"),
    "value": ("OBS_VALUE", "values", "value"),
    "geo": ("geo",),
    "time": ("TIME_PERIOD", "time"),
    "flow": ("stk_flow",),
    "unit": ("unit",),
}
_CONSUMPTION = (("P3_S13", "P3_S14", "P3_S15"), ("P3_S14", "P3_S13"), ("P3",))
_INVESTMENT = (
    ("P51G", "P52", "P53"),
    ("P51G", "P52_P53"),
    ("P51G", "P5M"),
    ("P51", "P52", "P53"),
    ("P51", "P52_P53"),
    ("P5", "P52"),  # P5 without P52 in some older tables
    ("P5",),
)
_TOTAL_USE, _TOTAL = ("TFINU", "TFU"), ("TU", "TOTAL_USE")
_STOCKS = {"P52", "P53", "P5M", "P52_P53"}
_UNITS = {
    "MIO_EUR": ("million", "EUR"),
    "MIO_NAC": ("million", "national currency"),
    "T_NAC": ("thousand", "national currency"),
    "THS_NAC": ("thousand", "national currency"),
}


def looks_like(path: Path) -> bool:
    """Whether the file's first line has the dimensions of such a table."""
    if path.is_file() and path.suffix == ".parquet":
        return _known(set(_parquet_columns(path)))
    if not path.is_file() or not path.name.lower().endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz")):
        return False
    try:
        head = content(path)[:2000].split(b"\n")[0].decode("utf-8", "replace")
    except InputError:
        return False
    columns = {c.strip().strip('"') for c in head.replace("\\", ",").replace("\t", ",").split(",")}
    return _known(columns)


def _known(columns: set[str]) -> bool:
    return all(columns & set(_NAMES[k]) for k in ("use", "made", "geo"))


def _parquet_columns(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (pa.ArrowException, OSError):
        return []


def read(
    path: Path, year: int | None = None, *, geo: str | None = None, flow: str | None = None
) -> Economy:
    """Read one country's table of one year.

    Parameters
    ----------
    geo
        Country code, where the file holds several.
    flow
        ``DOM`` or ``TOTAL``, where the file holds several.
    """
    frame = _long(need_file(path))
    for name, wanted, option in (
        ("geo", geo, "geo"),
        ("flow", flow, "flow"),
        ("time", year, "year"),
    ):
        frame = _one(frame, name, wanted, option, path)
    doubled = frame.duplicated(["made", "use"])
    if doubled.any():
        first = frame[doubled].iloc[0]
        label = f"{first['made']} / {first['use']}"
        raise InputError("accounts.label_twice", file=path, what="cells", label=label)
    wide = frame.pivot(index="made", columns="use", values="value")
    order = list(dict.fromkeys(frame["made"]))
    return _economy(wide.loc[order], frame, path)


def _one(frame: Any, name: str, wanted: Any, option: str, path: Path) -> Any:
    known = sorted(set(frame[name].tolist()))
    shown = ", ".join(map(str, known))
    if wanted is None:
        if len(known) > 1:
            raise InputError("accounts.choose", file=path, option=option, known=shown)
        return frame
    if wanted not in known:
        raise InputError(
            "accounts.unknown_option", file=path, option=option, got=wanted, known=shown
        )
    return frame[frame[name] == wanted]


def _long(path: Path) -> Any:
    """Return the cells as made, use, geo, time, flow, unit, value."""
    import pandas as pd

    if path.suffix == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise no_parquet(path, error) from error
    else:
        text = decoded(content(path), path, FORM)
        first = text.split("\n", 1)[0]
        frame = _bulk(text, path) if "\t" in first else text_frame(text, path, FORM)
    chosen = {}
    for name, options in _NAMES.items():
        found = [c for c in options if c in frame.columns]
        if not found and name in ("flow", "unit", "geo"):
            continue
        if not found:
            want, got = " | ".join(options), ", ".join(map(str, frame.columns[:12]))
            raise InputError("accounts.layout", file=path, row=1, form=FORM, want=want, got=got)
        chosen[name] = frame[found[0]]
    result = pd.DataFrame(chosen).reset_index(drop=True)
    for name in ("flow", "unit", "geo"):
        if name not in result:
            result[name] = ""
    result["made"] = result["made"].astype(str).str.removeprefix("CPA_")
    result["use"] = result["use"].astype(str).str.removeprefix("CPA_")
    result["time"] = [_year(t) for t in result["time"]]
    result["value"] = _figures(result["value"], path)
    return result.dropna(subset=["value"])


def _bulk(text: str, path: Path) -> Any:
    import pandas as pd

    frame = pd.read_csv(io.StringIO(text), sep="\t", dtype=str, keep_default_na=False)
    key = str(frame.columns[0])
    names = key.split("\\")[0].split(",")
    parts = frame.iloc[:, 0].str.split(",", expand=True)
    if parts.shape[1] != len(names):
        got = f"{parts.shape[1]} parts"
        raise InputError("accounts.layout", file=path, form=FORM, want=key, got=got)
    parts.columns = pd.Index([n.strip() for n in names])
    years = frame.columns[1:]
    pieces = []
    for year in years:
        piece = parts.copy()
        piece["TIME_PERIOD"] = year.strip()
        piece["OBS_VALUE"] = frame[year]
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)


def _year(value: Any) -> int:
    text = str(value).strip()
    if text[:4].isdigit() and (len(text) == 4 or text[4:5] == "-"):
        return int(text[:4])
    # a count of days since 1970, as R keeps dates
    return int(str(np.datetime64("1970-01-01") + np.timedelta64(int(float(text)), "D"))[:4])


def _figures(values: Any, path: Path) -> Any:
    """Numbers; flags behind a figure dropped, ``:`` is missing."""
    if values.dtype.kind in "fiu":
        return values.astype(float)
    figures = np.empty(len(values))
    for k, cell in enumerate(values):
        text = str(cell).strip()
        bare = text.split(" ")[0]
        if bare in ("", ":"):
            figures[k] = np.nan
            continue
        try:
            figures[k] = float(bare)
        except ValueError:
            raise InputError("accounts.cell", file=path, row=k + 2, value=text[:40]) from None
    return figures


def _economy(wide: Any, frame: Any, path: Path) -> Economy:
    totals = {"TOTAL", "TOT_CA"}
    sectors = [m for m in wide.index if m in wide.columns and m not in totals]
    if not sectors:
        got = ", ".join(map(str, wide.index[:5]))
        raise InputError(
            "accounts.layout",
            file=path,
            form=FORM,
            want="codes that are both row and column",
            got=got,
        )
    categories = _final_uses(wide, sectors, path)
    cells = wide.loc[sectors, [*sectors, *categories]].to_numpy(float)
    if np.isnan(cells).any():
        row, column = np.argwhere(np.isnan(cells))[0]
        label = f"{sectors[row]} / {[*sectors, *categories][column]}"
        raise InputError("accounts.label_missing", file=path, label=label, region=sectors[row])
    Z, Y = cells[:, : len(sectors)], cells[:, len(sectors) :]
    rows = [m for m in wide.index if m not in sectors and m not in totals]
    every = wide.loc[rows, sectors]
    primary = every.dropna()
    Y, categories = _imports(wide, sectors, Z, Y, categories)
    unit, currency = _UNITS.get(str(frame["unit"].iloc[0]), (str(frame["unit"].iloc[0]), "?"))
    output = wide.loc["P1", sectors].to_numpy(float) if "P1" in wide.index else None
    items = tuple(str(m) for m in primary.index)
    account = Extension(
        "primary",
        items,
        primary.to_numpy(float),
        f"{unit} {currency}",
        left_out={str(m): int(n) for m, n in every.isna().sum(axis=1).items() if n},
    )
    return Economy(
        regions=(str(frame["geo"].iloc[0]) or "HOME",),
        sectors=tuple(sectors),
        categories=tuple(categories),
        Z=Z,
        Y=Y,
        year=int(frame["time"].iloc[0]),
        unit=unit,
        currency=currency,
        publisher="Eurostat and national statistical institutes",
        licence="Eurostat: reuse with acknowledgement of the source",
        citation="Eurostat, Supply, use and input-output tables (naio_10)",
        title=f"Symmetric table {frame['geo'].iloc[0]} {frame['time'].iloc[0]}",
        published_output=output,
        extensions={"primary": account} if len(every) else {},
        stock_changes=tuple(c for c in categories if c in _STOCKS),
        exports_categories=tuple(c for c in categories if c.startswith("P6")),
        source=str(path),
    )


def _final_uses(wide: Any, sectors: list[str], path: Path) -> list[str]:
    """Codes of final use that together are the printed total, totals within it left out."""
    total = next((c for c in _TOTAL_USE if c in wide.columns), None)
    for consumption, investment in product(_CONSUMPTION, _INVESTMENT):
        codes = [*consumption, *investment, "P6"]
        if not all(c in wide.columns for c in codes):
            continue
        if total is None:
            return codes
        parts = wide.loc[sectors, codes].sum(axis=1)
        printed = wide.loc[sectors, total]
        inner = wide.loc[sectors, sectors].sum(axis=1)
        # some older tables print total use under the code of total final use
        gaps = [(parts + extra - printed).abs().max() for extra in (0.0, inner)]
        if min(gaps) <= 1e-3 * printed.abs().max():
            return codes
    got = ", ".join(map(str, wide.columns[-15:]))
    raise InputError("accounts.layout", file=path, form=FORM, want="final uses", got=got)


def _imports(
    wide: Any, sectors: list[str], Z: np.ndarray, Y: np.ndarray, categories: list[str]
) -> tuple[np.ndarray, list[str]]:
    """Add imports as a negative category where rows add up to supply and not to output."""
    if "P7" not in wide.index or "P1" not in wide.index:
        return Y, categories
    used = Z.sum(axis=1) + Y.sum(axis=1)
    output, imports = (wide.loc[k, sectors].to_numpy(float) for k in ("P1", "P7"))
    if np.abs(used - output).sum() <= np.abs(used - output - imports).sum():
        return Y, categories
    return np.column_stack([Y, -imports]), [*categories, "P7"]
