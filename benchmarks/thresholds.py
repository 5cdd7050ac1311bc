"""Win thresholds of every segment of a case: seconds on one core, and against trying every level.

    python benchmarks/thresholds.py [--case japan17] [--futures 128]

The comparison tries each of the 129 intensities that bisection can tell apart, for the candidates
of a few segments, with the same kernel in the same run.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from kachisuji import cases, contest
from kachisuji.contest import thresholds as th
from kachisuji.contest.lines import encode


def every_level(world, coded, goal, probability, most, weight, year):
    """Least winning intensity of each line among 129 even levels, none skipped."""
    found = np.full(coded.segment.size, np.nan)
    for k in range(128, -1, -1):
        won = th._part_won(world, coded._replace(intensity=most * k / 128), goal, weight, year)
        found[won >= probability] = (most * k / 128)[won >= probability]
    return found


def main() -> None:
    """Print and write the table."""
    args = argparse.ArgumentParser()
    args.add_argument("--case", default="japan17")
    args.add_argument("--futures", type=int, default=128)
    asked = args.parse_args()
    case = cases.load(asked.case)
    model = contest.build(case, case.economy)
    draws = np.random.default_rng(0).random((asked.futures, len(model.quantities)))
    world = model.prepare(draws)
    first = model.lines[model.lines["kind"] == "line"].iloc[0]
    keys = {"package": first["package"], "scope": first["scope"], "partner": first["partner"]}
    th.win_threshold(model, draws, first["segment"], **keys)  # compiled before it is timed
    cpu, wall = time.process_time(), time.perf_counter()
    table = th.verdicts(model, draws)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    lines = model.lines[model.lines["kind"] == "line"]
    lines = lines.drop_duplicates(["segment", "scope", "package", "partner"]).iloc[::13]
    coded = encode(case, lines, model.competitors)
    weight, year = np.ones(len(model.markets)), len(model.years)
    base = [
        float(np.median(th.base_shares(world, int(2 * s + n), weight)))
        for s, n in zip(coded.segment, coded.niche, strict=True)
    ]
    goal = np.array([th.goal_from(b) for b in base])
    task = (world, coded, goal, th.PROBABILITY, np.full(len(lines), th.CEILING), weight, year)
    t0 = time.process_time()
    quick, _ = th.least_intensity(*task)
    t1 = time.process_time()
    slow = every_level(*task)
    t2 = time.process_time()
    same = np.isnan(quick) == np.isnan(slow)
    off = np.nanmax(np.abs(quick - slow)) if np.isfinite(quick * slow).any() else 0.0
    text = (
        f"{asked.case}, {len(table)} segments, {asked.futures} futures, one core "
        f"(load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)\n\n"
        "| what | figure |\n|---|---|\n"
        f"| verdicts of every segment, CPU seconds | {cpu:.1f} |\n"
        f"| the same, seconds on the clock | {wall:.1f} |\n"
        f"| bisection against every level, {len(lines)} candidates, times faster "
        f"| {(t2 - t1) / (t1 - t0):.1f} |\n"
        f"| candidates on which both agree that it wins or not | {same.sum()} of {len(lines)} |\n"
        f"| greatest difference of the least intensity | {off:.4f} |\n"
    )
    print(text)
    place = Path(__file__).parent / "results" / "thresholds.md"
    place.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
