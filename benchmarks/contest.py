"""Line-futures a second of the contest kernel, beside the same kernel under EMA Workbench.

    python benchmarks/contest.py [--lines 400] [--futures 512]

Eight competitors, six markets, fifteen years, every part of the model on (PARTS below).
The peer comparison runs where ema_workbench 2.5.3 is installed
(a throw-away environment); it calls the same compiled kernel once an experiment.
"""

import argparse
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "contest"))

import numpy as np
from worlds import make_lines, make_world

from kachisuji.contest import symbols as sym
from kachisuji.contest.kernel import play_baseline, play_lines

PARTS = (
    "learning with leakage", "rivals' reactions", "retaliation",
    "a partner who may decline, be lost, learn, and has a contract share", "a site for suppliers",
    "standards", "trade costs", "a market that closes", "Bass adoption", "entry and exit of firms",
    "reinvested margin", "craft handed on by teachers", "procurement", "fixed cost of a scope",
    "commitment", "capture", "spending after the end", "review by tranches and clawback",
    "spills to a linked segment", "foreign stakes and production abroad", "bound of the markup",
    "power", "value",
)  # fmt: skip
WITH_WHOM = {
    "alone": (-1,),
    "with the only partner it could have (played twice)": (1,),
    "with one of three partners (played four times for three lines; japan17 has 3.02)": (1, 2, 3),
}
EVERY_SYMBOL = {
    sym.NU: 0.2, sym.CRAFT: 0.3, sym.INNOVATION: 0.01, sym.ENTRY_SPEED: 0.2, sym.EXIT_SPEED: 0.1,
    sym.MARGIN_EROSION: 0.2, sym.REINVESTMENT: 0.3, sym.TRAINERS: 0.05, sym.FIXED_PART: 0.2,
    sym.NICHE_LEAK: 0.8, sym.MARKUP_PASS: 0.2,
}  # fmt: skip
EVERY_CROSS = {
    sym.SATURATION_ADOPTION_EPSILON: 0.3, sym.SATURATION_ADOPTION_KAPPA: 0.3, sym.EXCHANGE: 1.1,
    sym.SATURATION_MARGIN: 0.3, sym.CAPTURE: 0.05, sym.PERSISTENCE: 0.2, sym.VISION: 0.05,
    sym.VISION_TALENT: 0.01, sym.WITHDRAWAL: 0.3, sym.DISPLACEMENT: 0.1,
}  # fmt: skip
EVERY_TERM = {
    sym.CONTRACT_SHARE: 0.2, sym.LEAK: 0.05, sym.TRUST: 0.6, sym.SITE_PART: 0.1,
    sym.SITE_SAVING: 0.3, sym.SITE_QUALITY: 0.1, sym.SITE_MAINTENANCE: 0.05,
}  # fmt: skip
EVERY_LEVER = {
    sym.LEVER_LEARNING_RATE: 0.01, sym.LEVER_KAPPA: -0.1, sym.LEVER_HANDOVER: 0.5,
    sym.LEVER_POOLING: 0.5, sym.LEVER_BARRIER: 0.03, sym.LEVER_ACCESS: 0.03,
    sym.LEVER_STANDARDS: 0.2, sym.LEVER_PROCUREMENT: 0.1, sym.LEVER_PRIVATE_INVESTMENT: 0.05,
    sym.LEVER_LABOUR_SAVING: 0.02, sym.LEVER_QUALITY: 0.02,
    sym.LEVER_COST: 0.01, sym.LEVER_CONSOLIDATION: 0.2, sym.LEVER_TRAINERS: 0.1,
    sym.LEVER_SITE: 0.5, sym.LEVER_COMMITMENT: 0.5, sym.LEVER_FOREIGN_STAKE: 0.05,
    sym.LEVER_OUTWARD: 0.05, sym.LEVER_DUTY: 0.02,
}  # fmt: skip


def world_of(futures):
    rng = np.random.default_rng(0)
    world = make_world(
        rng.dirichlet(np.ones(8), 6).T, futures=futures, reaction=0.1, leverage=0.3, windfall=0.3,
        retaliation=0.2, luck=0.1, growth=rng.normal(0, 0.02, 8), effect=EVERY_LEVER,
        boost=(0.2, 0.2), market_growth=0.04,
        symbols=EVERY_SYMBOL, cross=EVERY_CROSS, terms=EVERY_TERM, late=1, gone=12,
        rules=(2.0, 0.2, 0.0, 0.0),
    )  # fmt: skip
    world.closed[:, :, 2], world.tax[:, :, 2] = 10, 0.2
    years = world.size.shape[3]
    return world._replace(
        spill_start=np.array([0, 1]), spill_to=np.array([0]), spill_kind=np.array([0]),
        spill=np.full((1, futures), 0.1), response=np.full((1, futures, 4, years), 0.1),
    )  # fmt: skip


def bases(world):
    for arena in range(world.size.shape[0]):
        play_baseline(world, arena)


def block(world, lines, first, last):
    futures, years = world.size.shape[1], world.size.shape[3] - 1
    scalars = np.zeros((last - first, futures, len(sym.SCALARS)))
    paths = np.zeros((last - first, futures, years, len(sym.PATHS)), dtype=np.float32)
    play_lines(world, lines, first, last, scalars, paths)
    return scalars


def lines_with(partners, count):
    """Lines of different intensities, each with every one of the partners."""
    each = np.repeat(np.linspace(0.3, 1.2, count // len(partners)), len(partners))
    lines = make_lines(n=each.size)
    return lines._replace(partner=np.resize(np.array(partners), each.size), intensity=each)


def ours(world, partners, count, workers):
    lines = lines_with(partners, count)
    bases(world)
    block(world, lines, 0, 1)
    edges = np.arange(0, count + 1, 60)
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda k: block(world, lines, k, k + 60), edges[:-1]))
    return count * world.size.shape[1] / (time.perf_counter() - start)


def peer(experiments):
    """Experiments a second when EMA Workbench's sequential evaluator calls the kernel."""
    import warnings

    from ema_workbench import Model, RealParameter, ScalarOutcome, SequentialEvaluator, ema_logging

    warnings.simplefilter("ignore")
    ema_logging.log_to_stderr(50)
    world, lines = world_of(1), make_lines(n=1, partner=1)
    bases(world)
    names = ["epsilon", "alpha", "nu", "iota", "kappa", "learning_rate", "delta", "phi"]
    places = [getattr(sym, n.upper()) for n in names]
    block(world, lines, 0, 1)

    def once(**values):  # against the path without policy of the first values: for speed only
        for name, place in zip(names, places, strict=True):
            world.symbols[0, 0, place] = values[name]
        return {"welfare": block(world, lines, 0, 1)[0, 0, 5]}

    model = Model("contest", function=once)
    model.uncertainties = [
        RealParameter(n, 0.8 * world.symbols[0, 0, p], 1.2 * world.symbols[0, 0, p])
        for n, p in zip(names, places, strict=True)
    ]
    model.outcomes = [ScalarOutcome("welfare")]
    start = time.perf_counter()
    with SequentialEvaluator(model) as evaluator:
        evaluator.perform_experiments(experiments)
    return experiments / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=480)
    parser.add_argument("--futures", type=int, default=512)
    arguments = parser.parse_args()
    world = world_of(arguments.futures)
    print("Parts on: " + ", ".join(PARTS) + ".\n")
    print("| line | workers | line-futures a second |\n|---|---|---|")
    for name, partners in WITH_WHOM.items():
        for workers in (1, 2):
            rate = max(ours(world, partners, arguments.lines, workers) for _ in range(3))
            print(f"| {name} | {workers} | {rate:,.0f} |")
    try:
        rate = peer(5000)
        print(f"| with a partner, EMA Workbench sequential, 8 uncertainties | 1 | {rate:,.0f} |")
    except ImportError:
        print("| EMA Workbench | – | not installed here |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main()
