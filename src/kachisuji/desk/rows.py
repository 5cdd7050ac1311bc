"""Rows of tables as plain values."""

from __future__ import annotations

from typing import Any

import pandas as pd


def row(table: pd.DataFrame, label: Any) -> Any:
    """Return one row by its label; its columns are read as ``found["column"]``."""
    return table.loc[label]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return every row as a dict of its columns, in order."""
    return [{str(k): v for k, v in found.items()} for found in table.to_dict("records")]
