"""How much of the result hangs on assumed numbers, and where every number comes from."""

from __future__ import annotations

from typing import Any

from kachisuji.beliefs import Grade, grades_in
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Both, percent, t
from kachisuji.desk.report.drawing import meter, stack
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun


def grades(run: StoredRun) -> tuple[Grade, ...]:
    """Grades that the tables of the report have columns for."""
    return grades_in(run.case.grades().sum().to_dict())


def grades_by_field(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """Count of figures by grade, one row a field and one for what is cross-cutting."""
    order = grades(run)
    counts = run.case.grades()[list(order)]
    rows = []
    for field, row in counts.iterrows():
        total = int(row.sum())
        rows.append(
            {
                "name": names.fields.get(field, t("desk.cross_cutting")),
                "number": field,
                "counts": [int(row[g]) for g in order],
                "total": total,
                "bar": stack([(row[g] / total, f"g-{g}") for g in order]),
                "assumed": percent(row["assumed"] / total),
            }
        )
    return sorted(rows, key=lambda r: (r["number"] == 0, r["number"]))


def hanging(run: StoredRun, names: Names) -> dict[str, Any]:
    """Share of the portfolio's uncertainty by grade, and the numbers to find out first."""
    shares = run.grade_shares
    top = run.influence[run.influence["scope"] == "portfolio"]
    most = float(top["share"].max()) if len(top) else 1.0
    order = (*grades(run), "rest")
    return {
        "spreads": bool(chosen(run)),
        "bar": stack([(shares[g], f"g-{g}") for g in order], 26),
        "legend": [(f"g-{g}", t(f"desk.grade_{g}"), percent(shares[g])) for g in order],
        "rows": [
            {
                "name": names.quantity(str(row["quantity"])),
                "share": percent(row["share"], 1),
                "meter": meter(float(row["share"]) / most, f"g-{row['grade']}"),
                "up": row["correlation"] > 0,
                "grade": t(f"desk.grade_{row['grade']}"),
                "grade_id": row["grade"],
                "evidence": str(row["evidence"]).split(";")[:4],
            }
            for row in records(top.head(14))
        ],
        "first": [
            names.quantity(str(row["quantity"]))
            for row in records(top[top["grade"] == "assumed"].head(3))
        ],
    }


def correlated(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """Rank correlations that the case states; its futures were drawn with them."""
    if "correlations" not in run.case.tables:
        return []
    grade = {row["id"]: row["grade"] for row in records(run.case.tables["evidence"])}
    return [
        {
            "one": names.quantity(str(row["quantity_a"])),
            "other": names.quantity(str(row["quantity_b"])),
            "names": (str(row["quantity_a"]), str(row["quantity_b"])),
            "value": float(row["rank_correlation"]),
            "rank": f"{float(row['rank_correlation']):+.2f}".replace("-", "−"),
            "grade": t(f"desk.grade_{grade[row['evidence']]}"),
            "grade_id": grade[row["evidence"]],
            "evidence": str(row["evidence"]),
        }
        for row in records(run.case.tables["correlations"])
    ]


def sources(run: StoredRun) -> dict[str, Any]:
    """Every source of the case that a figure uses, with its address, and the tables' licences."""
    table = run.case.tables["evidence"]
    in_use = set(run.case.figures()["evidence"])
    rows = [
        {
            "id": row["id"],
            "grade": t(f"desk.grade_{row['grade']}"),
            "grade_id": row["grade"],
            "statement": Both(str(row["statement_en"]), str(row["statement_ja"])),
            "source": text_of(row["source"]),
            "date": text_of(row["date"]),
            "address": address_of(row["address"]),
        }
        for row in records(table)
        if row["id"] in in_use
    ]
    counts = table[table["id"].isin(in_use)]["grade"].value_counts()
    return {
        "rows": rows,
        "counts": [(g, t(f"desk.grade_{g}"), int(counts.get(g, 0))) for g in grades(run)],
        "tables": run.choice["tables"],
    }


def text_of(value: object) -> str:
    """Return the text of a cell, nothing where it is missing."""
    return "" if value is None or value != value else str(value)


def address_of(value: object) -> str:
    """Only web addresses become links."""
    text = text_of(value)
    return text if text.startswith(("https://", "http://")) else ""
