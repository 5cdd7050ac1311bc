"""Reading: a WIOD year from Parquet, the embedded table, and an OECD CSV beside pymrio's parser.

Run in an environment that has pymrio beside this package's dependencies:

    PYTHONPATH=src python benchmarks/accounts_reading.py FOLDER_OF_WIOD13

The OECD file is made for the test (45 sectors, 77 regions, 6 categories of final demand, seeded
figures with six digits), about the size of an edition. Both readers read it in the same process,
taking turns. Writes results/accounts_reading.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet

from kachisuji.accounts import read, reference

SECTORS, REGIONS, ROUNDS = 45, 77, 3
FINAL = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR")


def oecd_file(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    regions = [f"{chr(65 + k // 26)}{chr(65 + k % 26)}X" for k in range(REGIONS)]
    rows = [f"{r}_S{s:02d}" for r in regions for s in range(SECTORS)]
    columns = rows + [f"{r}_{f}" for r in regions for f in FINAL]
    cells = np.round(rng.lognormal(0, 3, (len(rows), len(columns))), 4)
    cells[rng.random(cells.shape) < 0.3] = 0.0
    output = cells.sum(axis=1)
    below = np.zeros((2, len(columns)))
    below[0, : len(rows)] = output - cells[:, : len(rows)].sum(axis=0)
    below[1, : len(rows)] = output
    body = np.hstack([np.vstack([cells, below]), np.append(output, [0.0, 0.0])[:, None]])
    names = ["V1", *columns, "OUT"]
    arrays = [pa.array([*rows, "VA", "OUT"]), *(pa.array(c) for c in body.T)]
    file = folder / "ICIO2021_2018.csv"
    pacsv.write_csv(pa.table(arrays, names=names), file, pacsv.WriteOptions(quoting_style="none"))
    return file


def best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def fresh_reference() -> object:
    reference.cache_clear()
    return reference()


def main() -> None:
    import pymrio

    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/wiod13")
    lines = ["# Reading", ""]
    small = best(fresh_reference, 15)
    lines += [f"Embedded table, checks and checksum included, once imported: {small * 1e3:.1f} ms."]
    if folder.is_dir():
        wiod = best(lambda: read("wiod13", folder, year=2011), 7)
        lines += [f"WIOD 2011 from Parquet, checks included: {wiod:.3f} s."]
    with tempfile.TemporaryDirectory() as place:
        file = oecd_file(Path(place))
        size = file.stat().st_size / 1e6
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(best(lambda: pymrio.parse_oecd(file), 1))
            ours.append(best(lambda: read("oecd-icio", file, year=2018), 1))
        peer = pymrio.parse_oecd(file)
        table = read("oecd-icio", file, year=2018)
        same = np.array_equal(peer.Z.loc[table.index, table.index].to_numpy(), table.Z)
    lines += [
        "",
        f"OECD layout, {SECTORS} sectors, {REGIONS} regions, {size:.0f} MB of CSV:",
        f"ours {min(ours):.2f} s, pymrio {pymrio.__version__} {min(theirs):.2f} s, "
        f"**{min(theirs) / min(ours):.1f} times** as fast; the same flows: {same}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    (Path(__file__).parent / "results" / "accounts_reading.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
