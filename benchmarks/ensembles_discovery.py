"""PRIM on 10,000 futures x 10 quantities, beside EMA Workbench's where it is installed.

    python benchmarks/ensembles_discovery.py [--peer /path/to/python/with/ema_workbench]

Both runs use one BLAS thread and the same data; the boxes are compared.
"""

import argparse
import json
import os
import subprocess
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from kachisuji.ensembles import cart, prim

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from ema_workbench.analysis import prim
sys.path.insert(0, {folder!r})
rng = np.random.default_rng(0)
x = rng.random((10_000, 10))
y = ((x[:, 0] > 0.6) & (x[:, 1] < 0.5) & (x[:, 2] > 0.3)).astype(int)
y = (y ^ (rng.random(10_000) < 0.05)).astype(int)
begun = time.perf_counter()
box = prim.Prim(pd.DataFrame(x, columns=list("abcdefghij")), y, threshold=0.3).find_box()
print(json.dumps([time.perf_counter() - begun, box.box_lims[-1].values.T.tolist()]))
"""


def data(rows=10_000, columns=10):
    rng = np.random.default_rng(0)
    x = rng.random((rows, columns))
    y = ((x[:, 0] > 0.6) & (x[:, 1] < 0.5) & (x[:, 2] > 0.3)).astype(int)
    return x, (y ^ (rng.random(rows) < 0.05)).astype(int)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=sys.executable)
    arguments = parser.parse_args()
    x, y = data()
    prim(x[:500], y[:500])
    begun = time.perf_counter()
    found = prim(x, y)
    own = time.perf_counter() - begun
    begun = time.perf_counter()
    leaves = cart(x, y)
    tree = time.perf_counter() - begun
    print("# Scenario discovery, 10,000 futures × 10 quantities, one thread\n")
    print("| | seconds |\n|---|---|")
    print(f"| PRIM, {len(found.trajectory)} boxes with quasi-p values | {own:.2f} |")
    print(f"| CART, {len(leaves)} leaves | {tree:.2f} |")
    peer = subprocess.run(
        [arguments.peer, "-c", PEER.format(folder=".")], capture_output=True, text=True, check=False
    )
    if peer.returncode:
        print("\nEMA Workbench is not installed there: no comparison.")
        return
    seconds, limits = json.loads(peer.stdout.strip().splitlines()[-1])
    print(f"| PRIM of EMA Workbench | {seconds:.2f} |")
    off = float(np.abs(found.box.limits - np.array(limits)).max())
    print(f"\nratio {seconds / own:.1f}; limits of the last box differ by at most {off:.1e}")


if __name__ == "__main__":
    main()
