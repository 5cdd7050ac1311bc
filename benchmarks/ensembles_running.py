"""The runner on a compiled model: time an experiment, one and two workers, memory; EMA beside it.

    python benchmarks/ensembles_running.py [--peer /path/to/python/with/ema_workbench]
    python benchmarks/ensembles_running.py --case japan17 --peer … [--futures 128] [--lines 1000]

An experiment is one line in one future (EMA Workbench's: one policy in one scenario). The overhead
is what the runner adds to the bare model.

Without a case the model is a compiled loop that lets go of the GIL: a logistic path of fifteen
years for every line in every future, moved by 60 uncertain quantities; the peer is EMA Workbench's
sequential evaluator on a function of 60 quantities that does nothing: all of its time is overhead.

With a case the model is its contest, with its real draws and its real lines (evenly over all of
them), and the peer calls the same compiled kernel, one line in one future at a time. The peer is
favoured: the futures are prepared and the lines encoded beforehand, and it keeps no paths. Both
are told on the clock and in CPU time, which other work on the machine moves less.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import numba
import numpy as np

from kachisuji.ensembles import chunk_lines, run, sobol

QUANTITIES, YEARS = 60, 15


@numba.njit(nogil=True, cache=False)
def play(draws, lines, growth, power, money):
    for n in range(lines.size):
        for f in range(draws.shape[0]):
            level, total = 0.01, 0.0
            for t in range(money.shape[2]):
                rate = 0.1 + 0.01 * (lines[n] % 7)
                for j in range(draws.shape[1]):
                    rate += 0.01 * draws[f, j] * np.exp(-level)
                rate = min(rate, 1.0)
                level += rate * level * (1.0 - level)
                money[n, f, t] = level
                total += level
            growth[n, f], power[n, f] = total, level


class Compiled:
    def __call__(self, draws, lines):
        shape = lines.size, draws.shape[0]
        growth, power = np.empty(shape), np.empty(shape)
        money = np.empty((*shape, YEARS), dtype=np.float32)
        play(draws, lines.astype(np.float64), growth, power, money)
        return {"growth": growth, "power": power, "money": money}


PEER = """
import json, time, warnings, logging
warnings.simplefilter("ignore")
import numpy as np
from ema_workbench import Model, RealParameter, ScalarOutcome, SequentialEvaluator, ema_logging
ema_logging.log_to_stderr(logging.CRITICAL)
names = [f"x{j}" for j in range(60)]
def plain(**values):
    return {"growth": 0.0, "power": 1.0}
model = Model("m", function=plain)
model.uncertainties = [RealParameter(n, 0, 1) for n in names]
model.outcomes = [ScalarOutcome("growth"), ScalarOutcome("power")]
values = dict.fromkeys(names, 0.5)
begun = time.perf_counter()
for _ in range(2000):
    plain(**values)
bare = time.perf_counter() - begun
with SequentialEvaluator(model) as evaluator:
    begun = time.perf_counter()
    evaluator.perform_experiments(scenarios=2000)
    spent = time.perf_counter() - begun
print(json.dumps((spent - bare) / 2000))
"""


def play_stored(model, draws, lines, workers):
    """Play and store everything in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        run(model, draws, lines, folder=folder, workers=workers)


def timed(draws, lines, workers):
    return clocked(lambda: play_stored(Compiled(), draws, lines, workers))[0]


def contest_of(case, futures):
    """The contest of a case and its draws, prepared and compiled."""
    from kachisuji import cases, contest

    loaded = cases.load(case)
    model = contest.build(loaded, loaded.economy)
    draws = sobol(futures, len(model.quantities), 0)
    model.prepare(draws)
    model(draws, np.arange(1))
    return model, draws


def some_lines(model, count):
    """Positions of ``count`` lines, evenly over all that are played."""
    real = np.flatnonzero((model.lines["kind"] != "nothing").to_numpy())
    return real[np.linspace(0, real.size - 1, min(count, real.size)).astype(int)]


def as_peer(case, told):
    """EMA Workbench's sequential evaluator on the contest's kernel; prints seconds as JSON.

    ``told`` quantities of each future are handed over by name, all of them or 60; the future itself
    is always the whole of its draws.
    """
    import logging
    import warnings

    warnings.simplefilter("ignore")
    from ema_workbench import (
        CategoricalParameter,
        Model,
        Policy,
        RealParameter,
        ScalarOutcome,
        Scenario,
        SequentialEvaluator,
        ema_logging,
    )

    from kachisuji.contest.model import _named, play_lines

    ema_logging.log_to_stderr(logging.CRITICAL)
    model, draws = contest_of(case, 8)
    rows = some_lines(model, 64)
    names = [f"x{j}" for j in range(told or draws.shape[1])]
    ready = {float(u[0]): model.prepare(u[None]) for u in draws}
    coded = {int(i): model.chosen(np.array([i])) for i in rows}

    def kernel(future, line):
        scalars, paths = model._results(1, 1)
        play_lines(future, coded[line], 0, 1, scalars, paths)
        return _named(scalars, paths).scalars

    def called(line, **values):
        return {k: float(v[0, 0]) for k, v in kernel(ready[values["x0"]], line).items()}

    ema = Model("contest", function=called)
    ema.uncertainties = [RealParameter(n, 0, 1) for n in names]
    ema.levers = [CategoricalParameter("line", [int(i) for i in rows])]
    ema.outcomes = [ScalarOutcome(n) for n in kernel(ready[float(draws[0, 0])], int(rows[0]))]
    scenarios = [
        Scenario(str(k), **dict(zip(names, map(float, u), strict=False)))
        for k, u in enumerate(draws)
    ]
    policies = [Policy(str(i), line=int(i)) for i in rows]

    def alone():
        for i in rows:
            for future in ready.values():
                kernel(future, int(i))

    def evaluated():
        with SequentialEvaluator(ema) as evaluator:
            evaluator.perform_experiments(scenarios, policies)

    found = np.min([[*clocked(alone), *clocked(evaluated)] for _ in range(3)], axis=0)
    print(json.dumps(list(found / (rows.size * len(draws)))))


def clocked(task):
    """Seconds on the clock and of CPU that a task takes."""
    begun, spent = time.perf_counter(), time.process_time()
    task()
    return time.perf_counter() - begun, time.process_time() - spent


def play_bare(model, draws, lines, workers):
    """The kernel alone on the runner's own chunks, nothing checked and nothing kept."""
    size = chunk_lines(lines.size, draws.shape[0])
    parts = [lines[k : k + size] for k in range(0, lines.size, size)]
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda part: model(draws, part) and None, parts):
            pass


def on_case(arguments):
    """Time the runner on a case, with one and two workers, and the peer on the same kernel."""
    load = os.getloadavg()[0]
    model, draws = contest_of(arguments.case, arguments.futures)
    lines = some_lines(model, arguments.lines)
    cells = draws.shape[0] * lines.size
    rounds = [
        [
            clock
            for w in (1, 2)
            for clock in (*clocked(lambda w=w: play_bare(model, draws, lines, w)),
                          *clocked(lambda w=w: play_stored(model, draws, lines, w)))
        ]
        for _ in range(arguments.rounds)
    ]  # fmt: skip
    micro = np.min(rounds, axis=0) / cells * 1e6
    paired = np.median([r[2] / r[6] for r in rounds])
    print(
        f"# The runner on {arguments.case}: {lines.size:,} of {len(model.lines):,} lines × "
        f"{draws.shape[0]} futures × {draws.shape[1]:,} quantities\n\n"
        "An experiment is one line in one future; the futures are prepared beforehand. BLAS has "
        f"one thread. Load of the machine at the start: {load:.1f}.\n\n"
        "| µs an experiment | whole | kernel | CPU, whole | CPU, kernel | CPU, overhead |\n"
        "|---|---:|---:|---:|---:|---:|"
    )
    told_row("runner, one worker", micro[:4])
    told_row("runner, two threads", micro[4:])
    ratios = []
    for told in (0, 60):
        peer = subprocess.run(
            [arguments.peer, __file__, "--case", arguments.case, "--as-peer", str(told)],
            capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        )  # fmt: skip
        if peer.returncode:
            print(f"\nNo comparison, the peer ended with: {peer.stderr.strip().splitlines()[-1]}")
            break
        found = np.array(json.loads(peer.stdout.strip().splitlines()[-1])) * 1e6
        name = f"{told or draws.shape[1]:,} quantities by name"
        told_row(f"EMA Workbench, sequential, {name}", found)
        over = (found[3] - found[1]) / max(micro[3] - micro[1], 1e-3)
        ratios.append((name, found[3] / micro[3], over))
    print(
        f"\ntwo workers: {micro[2] / micro[6]:.2f} × one (quietest moments), {paired:.2f} × "
        f"(median of {arguments.rounds} pairs)"
    )
    for name, whole, over in ratios:
        print(f"EMA Workbench with {name}, CPU: {whole:,.0f} × the whole time, "
              f"{over:,.0f} × the overhead")  # fmt: skip


def told_row(name, micro):
    """Print a row: kernel and whole, each on the clock and of CPU, microseconds."""
    kernel, kernel_cpu, whole, whole_cpu = micro
    print(f"| {name} | {whole:,.1f} | {kernel:,.1f} | {whole_cpu:,.1f} | {kernel_cpu:,.1f} | "
          f"{whole_cpu - kernel_cpu:,.1f} |")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--case")
    parser.add_argument("--futures", type=int, default=128)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--as-peer", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_peer is not None:
        as_peer(arguments.case, arguments.as_peer)
    elif arguments.case:
        on_case(arguments)
    else:
        on_loop(arguments)


def on_loop(arguments):
    """Time the runner on the compiled loop, and the peer on nothing at all."""
    load = os.getloadavg()[0]
    draws, lines = sobol(512, QUANTITIES, 0), np.arange(2000)
    timed(draws[:8], lines[:8], 1)
    model = Compiled()
    begun = time.perf_counter()
    for part in np.array_split(lines, 16):
        model(draws, part)
    bare = time.perf_counter() - begun
    pairs = [[timed(draws, lines, w) for w in (1, 2)] for _ in range(6)]
    one, two = np.min(pairs, axis=0)  # the quietest moments of a machine that others use too
    cells = draws.shape[0] * lines.size
    overhead = max(0.0, one - bare) / cells
    print("# The runner, 2,000 lines × 512 futures × 60 quantities, 15 years\n")
    print(f"Load of the machine at the start: {load:.1f}.\n")
    print("| | seconds | µs an experiment |\n|---|---|---|")
    print(f"| the compiled model alone | {bare:.2f} | {bare / cells * 1e6:.2f} |")
    print(f"| runner, one worker | {one:.2f} | {one / cells * 1e6:.2f} |")
    print(f"| runner, two threads | {two:.2f} | {two / cells * 1e6:.2f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\ntwo workers: {one / two:.2f} × one; overhead {overhead * 1e6:.2f} µs an experiment "
          f"(checks, summaries, Parquet); peak memory {peak:,.0f} MB")  # fmt: skip
    peer = subprocess.run([arguments.peer, "-c", PEER], capture_output=True, text=True, check=False)
    if peer.returncode:
        print(f"\nNo comparison, the peer ended with: {peer.stderr.strip().splitlines()[-1]}")
        return
    other = json.loads(peer.stdout.strip().splitlines()[-1])
    print(f"EMA Workbench, sequential: {other * 1e6:.0f} µs of overhead an experiment; "
          f"ratio {other / overhead:.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
