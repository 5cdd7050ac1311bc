"""A table of 9800 rows (EXIOBASE's size): solving beside pymrio's way by the inverse, and memory.

Run in an environment that has pymrio beside this package's dependencies (takes a few minutes and
4 GB): PYTHONPATH=src python benchmarks/structure_large.py

Each side runs in a process of its own with the same BLAS threads. Ours: output and value-added
multipliers, linkages and the footprints of 49 regions. pymrio: A, the Leontief inverse, multipliers
of one row, footprints (calc_A, calc_L, S L, L Y). Writes results/structure_large.md.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

REGIONS, SECTORS = 49, 200


def cells() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    n = REGIONS * SECTORS
    Z = rng.random((n, n))
    Y = rng.random((n, REGIONS))
    Y *= Z.sum() / Y.sum()  # as much final demand as intermediate
    return Z, Y


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def ours() -> None:
    from kachisuji import structure
    from kachisuji.accounts import Economy

    Z, Y = cells()
    table = Economy(
        regions=tuple(f"R{k}" for k in range(REGIONS)),
        sectors=tuple(f"s{k}" for k in range(SECTORS)),
        categories=("final",),
        Z=Z,
        Y=Y,
        year=2011,
        copy=False,
    )
    structure.multipliers(structure_small(table))  # imports and caches, on a table of one row
    before = peak()
    start = time.perf_counter()
    structure.multipliers(table)
    structure.linkages(table)
    structure.footprint(table)
    print(time.perf_counter() - start, peak() - before, Z.nbytes / 2**20)


def structure_small(table: object) -> object:
    return table.aggregate(regions="total", sectors="total")  # type: ignore[attr-defined]


def theirs() -> None:
    import pandas as pd
    import pymrio

    Z, Y = cells()
    x = Z.sum(axis=1) + Y.sum(axis=1)
    added = x - Z.sum(axis=0)
    frame = pd.DataFrame(Z, copy=False)
    before = peak()
    start = time.perf_counter()
    A = pymrio.calc_A(frame, x)
    L = pymrio.calc_L(A)
    S = pd.DataFrame([added / x])
    _ = S @ L
    _ = L @ pd.DataFrame(Y)
    print(time.perf_counter() - start, peak() - before, Z.nbytes / 2**20)


def run(side: str) -> tuple[float, float, float]:
    answer = subprocess.run(
        [sys.executable, __file__, side], check=True, capture_output=True, text=True
    )
    seconds, memory, matrix = map(float, answer.stdout.split())
    return seconds, memory, matrix


def main() -> None:
    if len(sys.argv) > 1:
        {"ours": ours, "theirs": theirs}[sys.argv[1]]()
        return
    mine, peer = run("ours"), run("theirs")
    n = REGIONS * SECTORS
    text = "\n".join(
        [
            f"# {n} rows ({REGIONS} regions, {SECTORS} sectors)",
            "",
            "| | seconds | memory beyond the input, in matrices |",
            "|---|---|---|",
            f"| ours, by solving | {mine[0]:.1f} | {mine[1] / mine[2]:.2f} |",
            f"| pymrio, by the inverse | {peer[0]:.1f} | {peer[1] / peer[2]:.2f} |",
            "",
            f"**{peer[0] / mine[0]:.1f} times** as fast. One matrix is {mine[2]:.0f} MB.",
            "",
        ]
    )
    print(text)
    (Path(__file__).parent / "results" / "structure_large.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
