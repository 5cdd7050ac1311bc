"""The runner on a compiled model: time an experiment, one and two workers, memory; EMA beside it.

    python benchmarks/ensembles_running.py [--peer /path/to/python/with/ema_workbench]

The model is a compiled loop that lets go of the GIL: a logistic path of fifteen years for every
line in every future, moved by 60 uncertain quantities. An experiment is one line in one future. The
overhead is what the runner adds to the bare model. The peer is EMA Workbench's sequential evaluator
on a function of 60 quantities that does nothing, so all of its time is overhead.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numba
import numpy as np

from kachisuji.ensembles import run, sobol

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


def timed(draws, lines, workers):
    folder = tempfile.mkdtemp()
    try:
        begun = time.perf_counter()
        run(Compiled(), draws, lines, folder=folder, workers=workers)
        return time.perf_counter() - begun
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=sys.executable)
    arguments = parser.parse_args()
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
        print("\nEMA Workbench is not installed there: no comparison.")
        return
    other = json.loads(peer.stdout.strip().splitlines()[-1])
    print(f"EMA Workbench, sequential: {other * 1e6:.0f} µs of overhead an experiment; "
          f"ratio {other / overhead:.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
