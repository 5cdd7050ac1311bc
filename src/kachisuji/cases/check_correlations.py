"""What must hold between the rank correlations of a case.

Whether their quantities are there is known where quantities are collected (``contest``).
"""

from __future__ import annotations

from kachisuji.beliefs import conflicts
from kachisuji.cases.checks import World
from kachisuji.words import InputError


def check_correlations(w: World) -> list[InputError]:
    """Return pairs of a quantity with itself, given twice, of one value, or contradictory."""
    if "correlations" not in w.sheets:
        return []
    problem = w.sheets["correlations"].problem
    out: list[InputError] = []
    ranks: dict[tuple[str, str], float] = {}
    rows: dict[tuple[str, str], int] = {}
    for row, r in w.records("correlations"):
        one, other, rho = r["quantity_a"], r["quantity_b"], r["rank_correlation"]
        if None in (one, other, rho):
            continue
        if one == other:
            out.append(problem("cases.correlated_with_itself", row, "quantity_b", got=one))
        elif (other, one) in rows:
            first, got = rows[other, one], f"{one}, {other}"
            columns = "quantity_a, quantity_b"
            out.append(problem("cases.correlated_twice", row, columns, got=got, first=first))
        elif abs(rho) >= 1.0:
            out.append(problem("cases.correlation_edge", row, "rank_correlation", got=f"{rho:g}"))
        elif (one, other) not in rows:
            ranks[one, other], rows[one, other] = rho, row
    for found in conflicts(ranks):
        told = ", ".join(str(rows[p]) for p in found.pairs)
        group = ", ".join(str(rows[p]) for p in found.group)
        out.append(
            problem(
                "cases.correlations_contradict", rows[found.pairs[0]], "rank_correlation",
                rows=told, names=", ".join(dict.fromkeys(n for p in found.pairs for n in p)),
                group=group, scale=f"{found.scale:g}",
            )
        )  # fmt: skip
    return out
