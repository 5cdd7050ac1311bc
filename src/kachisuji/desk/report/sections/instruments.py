"""What each unit of money in each instrument buys, field by field: a compact heat map."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kachisuji.desk.instruments.heatmap import HOLDS, tint
from kachisuji.desk.judging import FUTURES
from kachisuji.desk.report.bilingual import fixed, listed, percent, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun


def instruments(run: StoredRun, names: Names) -> dict[str, Any]:
    """Instruments by fields: net benefit per unit over the field's segments, spenders, rules."""
    own = run.marginal[run.marginal["measure"] == "welfare"]
    own = own.assign(field=[names.field_of[s] for s in own["segment"]])
    fields = sorted(own["field"].unique())
    return {
        "parts": [_part(own[own["per"] == per], per, fields, names) for per in ("public", "own")
                  if (own["per"] == per).any()],
        "fields": [(int(f), names.fields[f]) for f in fields],
        "text": t("instruments.section_text", futures=min(FUTURES, len(run.spread)),
                  holds=percent(HOLDS)),
    }  # fmt: skip


def by_field(own: pd.DataFrame) -> pd.DataFrame:
    """Sum over the segments of each field: net benefit per unit, and how often its sign holds.

    ``holds`` is the mean over segments of the part of the futures with the sign of the sum.
    """
    grouped = own.groupby(["instrument", "field"], sort=False)
    out = grouped.agg(total=("total", "sum"), cost=("cost", "sum"), up=("positive", "mean"))
    out["value"] = out["total"] / out["cost"].clip(lower=1e-12)
    out["holds"] = out["up"].where(out["value"] > 0, 1.0 - out["up"])
    return out.reset_index()


def _part(own: pd.DataFrame, per: str, fields: list[int], names: Names) -> dict[str, Any]:
    table = by_field(own)
    top = float(table["value"].abs().quantile(0.9))
    found = {(r["instrument"], r["field"]): r for r in records(table)}
    order = own.groupby("instrument")[["total", "cost"]].sum()
    best = (order["total"] / order["cost"]).sort_values(ascending=False, kind="stable").index
    rows = []
    for name in best:
        cells = []
        for field in fields:
            row = found.get((name, field))
            cells.append(None if row is None else {
                "place": listed([names.instruments[str(name)], names.fields[field]]),
                "value": fixed(row["value"], 2), "tint": tint(row["value"], top),
                "sure": row["holds"] >= HOLDS,
                "more": t("instruments.holds", share=percent(row["holds"])),
            })  # fmt: skip
        rows.append({"name": names.instruments[str(name)], "cells": cells})
    measure = t("desk.measure_welfare")
    return {"title": t(f"instruments.grid_{per}", measure=measure), "rows": rows}
