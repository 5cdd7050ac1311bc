"""WIOD 2011 beside pymrio 0.7.0: coefficients, value-added multipliers, footprints; extractions.

Run in an environment that has pymrio beside this package's dependencies:

    PYTHONPATH=src python benchmarks/structure_peers.py FOLDER_OF_WIOD13

Both sides run in one process with the same BLAS threads, taking turns; the best of ROUNDS counts.
Ours starts from a table without anything worked out and ends with labelled results. Writes
results/structure_peers.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pymrio
from scipy.linalg import lu_factor, lu_solve

from kachisuji import structure
from kachisuji.accounts import Economy, read

ROUNDS = 5


def ours(economy: Economy) -> dict[str, pd.DataFrame]:
    """The same three things: A, value added per unit of final demand, footprints by region."""
    system = structure.leontief(economy)
    return {
        "A": economy.frame(system.A, economy.index),
        "M": structure.multipliers(economy),
        "footprint": structure.value_added_in(economy, "final_demand"),
    }


def theirs(economy: Economy) -> pymrio.IOSystem:
    Z = economy.flows
    Y = economy.final_demand
    added = pd.DataFrame([economy.value_added], index=["value added"], columns=economy.index)
    account = {"name": "va", "F": added}
    return pymrio.IOSystem(Z=Z, Y=Y, va=account)


def bare(economy: Economy) -> Callable[[], None]:
    """LAPACK's part: one factorisation, one solution per user region, two transposed."""
    x = np.where(economy.x == 0, 1, economy.x)
    system = np.asfortranarray((np.eye(economy.n) - economy.Z / x).T)
    ones, v, final = np.ones(economy.n), economy.v, np.array(economy.final_by_region)

    def run() -> None:
        factors = lu_factor(system, overwrite_a=True, check_finite=False)
        lu_solve(factors, ones)
        lu_solve(factors, v)
        lu_solve(factors, final, trans=1)

    return run


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(economy: Economy) -> list[str]:
    times: dict[str, list[float]] = {"ours": [], "pymrio": [], "LAPACK": []}
    for _ in range(ROUNDS):
        fresh, system, lapack = replace(economy, copy=False), theirs(economy), bare(economy)
        times["pymrio"].append(seconds(system.calc_all))
        times["LAPACK"].append(seconds(lapack))
        times["ours"].append(seconds(lambda table=fresh: ours(table)))
    difference = np.abs(np.asarray(system.va.M)[0] - ours(fresh)["M"]["value_added"])
    best = {k: min(v) for k, v in times.items()}
    return [
        "| A, value-added multipliers, footprints | seconds | ours takes |",
        "|---|---|---|",
        f"| ours, labels included | {best['ours']:.3f} | |",
        f"| bare LAPACK | {best['LAPACK']:.3f} | {best['ours'] / best['LAPACK']:.2f} x as long |",
        f"| pymrio {pymrio.__version__} calc_all | {best['pymrio']:.3f} | "
        f"1/{best['pymrio'] / best['ours']:.1f} of the time |",
        "",
        f"Largest difference of the value-added multipliers: {difference.max():.1e}.",
    ]


def extractions(economy: Economy) -> list[str]:
    fast = min(
        seconds(lambda: structure.extract_all(replace(economy, copy=False))) for _ in range(ROUNDS)
    )
    every = structure.extract_all(economy)["loss"].to_numpy()
    A = np.array(structure.leontief(economy).A)
    f, v = economy.Y.sum(axis=1), economy.v
    some = np.linspace(0, economy.n - 1, 6).astype(int)
    worst, slow = 0.0, []
    for k in some:
        start = time.perf_counter()
        cut, demand = A.copy(), f.copy()
        cut[k], cut[:, k], demand[k] = 0.0, 0.0, 0.0
        left = np.linalg.inv(np.eye(economy.n) - cut) @ demand
        slow.append(time.perf_counter() - start)
        lost = economy.value_added.sum() - v @ left
        worst = max(worst, abs(lost - every[k]) / economy.value_added.sum())
    each = float(np.median(slow))
    return [
        f"All {economy.n} extractions, factorisation included: {fast:.3f} s; inverting each time:",
        f"{each:.3f} s x {economy.n} = {each * economy.n:.0f} s (the median of {len(some)});",
        f"**{each * economy.n / fast:,.0f} times** as fast. Largest difference {worst:.1e} of GDP.",
    ]


def decompositions(economy: Economy) -> list[str]:
    fresh = replace(economy, copy=False)

    def run() -> None:
        for region in fresh.regions:
            structure.decompose_exports(fresh, region, method="wwz")

    return [
        "The sixteen terms of Wang, Wei and Zhu for every exporter, importer and sector, "
        f"factorisation included: {seconds(run):.2f} s."
    ]


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/wiod13")
    economy = read("wiod13", folder, year=2011)
    lines = ["# WIOD 2011 (1435 rows), beside pymrio and beside brute force", ""]
    lines += [*compare(economy), "", *extractions(economy), "", *decompositions(economy)]
    text = "\n".join(lines) + "\n"
    print(text)
    (Path(__file__).parent / "results" / "structure_peers.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
