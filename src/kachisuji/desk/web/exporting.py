"""Tables to take away: CSV that a spreadsheet cannot be tricked by, and Parquet."""

from __future__ import annotations

import io
import re

import pandas as pd
from fastapi import Response

# a spreadsheet takes a cell that begins so for a formula
_FORMULA = re.compile(r"^[\s\x00]*[=+\-@\t\r\n|%]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def harmless(cell: object) -> object:
    """Return a cell with an apostrophe before what a spreadsheet would run; numbers stay."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell.strip()):
        return cell
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_csv(table: pd.DataFrame) -> bytes:
    """Return a table as UTF-8 CSV with a byte-order mark (spreadsheets in Japan need it)."""
    safe = table.rename(columns=lambda c: harmless(str(c)))
    for k, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(k, [harmless(v) for v in safe.iloc[:, k]])
    return b"\xef\xbb\xbf" + safe.to_csv(index=False, lineterminator="\r\n").encode()


def as_parquet(table: pd.DataFrame) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()


def download(body: bytes, kind: str, name: str) -> Response:
    """Return an answer that a browser saves under a name of plain letters."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:120]
    held = {"content-disposition": f'attachment; filename="{plain}"'}
    return Response(body, media_type=kind, headers=held)


def table_as(table: pd.DataFrame, form: str, name: str) -> Response:
    """Return a table to save as ``csv`` or ``parquet``."""
    if form == "parquet":
        return download(as_parquet(table), "application/vnd.apache.parquet", f"{name}.parquet")
    return download(as_csv(table), "text/csv; charset=utf-8", f"{name}.csv")
