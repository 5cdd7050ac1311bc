"""A finer grid of lines of the Japan case: time and peak memory of a whole run, stage by stage.

    python benchmarks/large_case.py [--case japan17] [--lines 20000] [--futures 512] [--workers 2]

The case is copied and its starts and intensities are set closer, until there are about so many
lines. A child runs it as ``kachisuji run`` does and tells when a stage begins and ends; this one
process adds up the resident memory of the child and of all it starts, ten times a second. The issue
asks for 20,000 lines in 500 futures in under 120 s and 3 GB. The figures mean something on idle
cores only; memory does at any time.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from kachisuji import cases, contest

BEFORE = "import and load"


def finer(name: str, count: int, folder: Path) -> int:
    """Copy a case with so many starts and intensities that it has about ``count`` lines."""
    case = cases.load(name)
    shutil.copytree(case.path, folder, ignore=shutil.ignore_patterns("expected"))
    grid, lines = case.lines, len(contest.enumerate_lines(case))
    more = count / lines
    years = np.arange(case.settings.first_year, max(grid.starts) + 1)
    starts = max(len(grid.starts), min(years.size, round(len(grid.starts) * more**0.5)))
    levels = max(1, round(len(grid.intensities) * more * len(grid.starts) / starts))
    chosen = [int(years[k]) for k in np.linspace(0, years.size - 1, starts).round().astype(int)]
    steps = np.linspace(min(grid.intensities), max(grid.intensities), levels).round(6).tolist()
    file = folder / "lines.toml"
    text = file.read_text(encoding="utf-8")
    for key, values in (("starts", chosen), ("intensities", steps)):
        text, changed = re.subn(rf"(?m)^{key} = \[.*?\]", f"{key} = {values}", text)
        assert changed == 1, f"{key} stands {changed} times in {file}"
    file.write_text(text, encoding="utf-8")
    return len(contest.enumerate_lines(cases.load(str(folder))))


class Aloud:
    """Tells the parent where the run is."""

    @contextmanager
    def stage(self, key, total=1, **values):
        del total, values
        print("begin", key.removeprefix("desk.stage_"), flush=True)
        yield lambda _: None
        print("end", key.removeprefix("desk.stage_"), flush=True)


def child(case: str, out: str, futures: int, workers: int) -> None:
    """Run the case."""
    from kachisuji.desk.pipeline import Options, run_case

    run_case(case, Path(out), Options(futures=futures, workers=workers), Aloud())


def resident(root: int) -> int:
    """Resident memory of a process and of all its descendants, bytes."""
    parent, size = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue  # ended while we looked
            parent[int(entry.name)] = int(fields[1])
            size[int(entry.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    total, left = 0, [root]
    while left:
        one = left.pop()
        total += size.get(one, 0)
        left += [p for p, of in parent.items() if of == one]
    return total


def watch(process):
    """Rows (stage, seconds, peak bytes) of a child that tells its stages."""
    now, rows, order = [BEFORE], {BEFORE: [0.0, 0]}, [BEFORE]

    def listen():
        for line in process.stdout:
            what, _, stage = line.strip().partition(" ")
            now[0] = stage if what == "begin" else "between"
            if now[0] not in rows:
                rows[now[0]] = [0.0, 0]
                order.append(now[0])

    threading.Thread(target=listen, daemon=True).start()
    last = time.perf_counter()
    while process.poll() is None:
        row, used = rows[now[0]], resident(process.pid)
        time.sleep(0.1)
        row[1] = max(row[1], used)
        row[0] += time.perf_counter() - last
        last = time.perf_counter()
    return [(name, *rows[name]) for name in order]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", default="japan17")
    parser.add_argument("--lines", type=int, default=20000)
    parser.add_argument("--futures", type=int, default=512)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child, asked.futures, asked.workers)
        return
    with tempfile.TemporaryDirectory() as place:
        case, out = Path(place, "case"), Path(place, "run")
        count = finer(asked.case, asked.lines, case)
        print(f"{count:,} lines, {asked.futures} futures, {asked.workers} workers\n")
        begun = time.perf_counter()
        command = [
            sys.executable, __file__, "--child", str(case), str(out),
            "--futures", str(asked.futures), "--workers", str(asked.workers),
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        rows = watch(process)
        assert process.returncode == 0, f"the run ended with {process.returncode}"
        print("| stage | seconds | peak memory, GB |\n|---|---|---|")
        for name, seconds, peak in rows:
            print(f"| {name} | {seconds:.1f} | {peak / 1e9:.2f} |")
        peak = max(row[2] for row in rows)
        print(f"| whole run | {time.perf_counter() - begun:.1f} | {peak / 1e9:.2f} |")


if __name__ == "__main__":
    main()
