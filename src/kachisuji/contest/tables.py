"""Rows of a case's tables as the contest reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kachisuji.cases import Case


def records(case: Case, table: str) -> list[dict[str, Any]]:
    """Rows of a table of the case as plain dictionaries, in file order."""
    return [{str(k): v for k, v in row.items()} for row in case.tables[table].to_dict("records")]


def figure(row: dict[str, Any], stem: str = "") -> tuple[float, float, float]:
    """Low, mode and high of a row."""
    return float(row[f"{stem}low"]), float(row[f"{stem}mode"]), float(row[f"{stem}high"])


def numbered(case: Case) -> dict[str, int]:
    """Place of every segment, in file order."""
    return {r["segment"]: i for i, r in enumerate(records(case, "segments"))}
