"""Multipliers, linkages, positions and content beside the bare LAPACK calls that they need.

Run: python benchmarks/structure_core.py [FOLDER_OF_WIOD13]. Same process, same BLAS threads; each
figure is the best of ROUNDS, the two sides taking turns. Writes results/structure_core.md.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from kachisuji import structure
from kachisuji.accounts import Economy, read, reference

ROUNDS = 15


def everything(economy: Economy) -> None:
    structure.multipliers(economy)
    structure.linkages(economy)
    structure.upstreamness(economy)
    structure.downstreamness(economy)
    structure.value_added_content(economy, "exports")
    structure.value_added_content(economy, "final_demand")


def bare_parts(economy: Economy) -> tuple[np.ndarray, ...]:
    """What LAPACK is given; making it is not timed."""
    x = np.where(economy.x == 0, 1, economy.x)
    eye = np.eye(economy.n)
    scale = x / np.where(x - economy.stock_change <= 0, x, x - economy.stock_change)
    origin = np.kron(np.eye(economy.n_regions), np.ones((economy.n_sectors, 1)))
    return (
        np.asfortranarray((eye - economy.Z / x).T),
        np.asfortranarray((eye - scale[:, None] * economy.Z / x).T),
        np.ones(economy.n),
        economy.v[:, None] * 1.0,
        origin * economy.v[:, None],
        np.column_stack([economy.x, np.ones(economy.n)]),
    )


def bare(parts: tuple[np.ndarray, ...]) -> None:
    system, corrected, ones, v, origin, two = parts
    factors = lu_factor(system, overwrite_a=True, check_finite=False)  # getrf
    lu_solve(factors, ones)  # output multipliers
    lu_solve(factors, v)  # value-added multipliers
    lu_solve(factors, two, trans=1)  # forward linkages, sensitivity
    lu_solve(factors, origin)  # content of exports and of final demand
    again = lu_factor(corrected, overwrite_a=True, check_finite=False)  # getrf, without stocks
    lu_solve(again, ones)  # downstreamness
    lu_solve(again, two[:, 0], trans=1)  # upstreamness


def best(label: str, economy: Economy) -> str:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        fresh = replace(economy, copy=False)  # nothing worked out before
        parts = bare_parts(economy)
        start = time.perf_counter()
        bare(parts)
        theirs.append(time.perf_counter() - start)
        start = time.perf_counter()
        everything(fresh)
        ours.append(time.perf_counter() - start)
    ratio = min(ours) / min(theirs)
    return (
        f"| {label} | {economy.n} | {min(theirs) * 1e3:.1f} | {min(ours) * 1e3:.1f} | {ratio:.2f} |"
    )


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/wiod13")
    lines = [
        "# All multipliers, linkages, positions and content against bare LAPACK",
        "",
        "LAPACK's part: two factorisations (with and without stocks) and the solutions listed in",
        "`benchmarks/structure_core.py`; ours adds making the systems, the checks and the labels.",
        "",
        "| table | n | LAPACK ms | ours ms | ratio |",
        "|---|---|---|---|---|",
        best("embedded 2011", reference()),
    ]
    if folder.is_dir():
        lines.append(best("WIOD 2011", read("wiod13", folder, year=2011)))
    text = "\n".join(lines) + "\n"
    print(text)
    (Path(__file__).parent / "results" / "structure_core.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
