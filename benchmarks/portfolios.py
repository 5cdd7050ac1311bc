"""Time of the choice, beside one programme with a row a future; fifty best, front, survival.

    python benchmarks/portfolios.py [--peer-seconds 60] [--quick]

One thread throughout. The peer is the same choice written down plainly for the same HiGHS: every
line, every limit, one row and one shortfall a future (Rockafellar and Uryasev 2000). Its problem is
smaller, because the large one does not fit its time.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import highspy
import numpy as np
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "portfolios"))

from problems import country, national

from kachisuji.portfolios import (
    best_portfolios,
    choose,
    explain,
    pareto_front,
    segment_losses,
    survival,
)


def plain(problem, gap, seconds):
    """The choice with a row a future, handed to HiGHS whole; returns seconds, gap, value."""
    n, futures = problem.value.shape
    fields = np.unique(problem.field)
    p, risk = problem.probability, problem.risk
    width = n + fields.size + 1 + futures
    cost = np.concatenate([-(1 - risk.weight) * (problem.value @ p), np.zeros(fields.size),
                           [-risk.weight], risk.weight * p / risk.tail])  # fmt: skip
    segments, group = np.unique(problem.segment, return_inverse=True)
    at_most = sparse.hstack([
        sparse.csr_matrix((np.ones(n), (group, np.arange(n)))),
        sparse.csr_matrix((-np.ones(segments.size), (np.arange(segments.size),
            [np.searchsorted(fields, problem.field[group == g][0]) for g in range(segments.size)])),
            shape=(segments.size, fields.size)),
        sparse.csr_matrix((segments.size, 1 + futures))])  # fmt: skip
    few = sparse.csr_matrix(np.r_[np.zeros(n), np.ones(fields.size), np.zeros(1 + futures)])
    need = problem.sure.reshape(n, -1)
    limits = sparse.hstack([sparse.csr_matrix(need.T),
                            sparse.csr_matrix((need.shape[1], width - n))])  # fmt: skip
    risk_rows = sparse.hstack([
        sparse.csr_matrix(-problem.value.T), sparse.csr_matrix((futures, fields.size)),
        sparse.csr_matrix(np.ones((futures, 1))), -sparse.eye(futures)])  # fmt: skip
    matrix = sparse.vstack([at_most, few, limits, risk_rows]).tocsr()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = width, matrix.shape[0]
    lp.col_cost_ = cost
    lp.col_lower_ = np.r_[np.zeros(n + fields.size), -np.inf, np.zeros(futures)]
    lp.col_upper_ = np.r_[np.ones(n + fields.size), np.inf, np.full(futures, np.inf)]
    lp.row_lower_ = np.full(matrix.shape[0], -np.inf)
    lp.row_upper_ = np.r_[np.zeros(segments.size), problem.max_fields, problem.limits.reshape(-1),
                          np.zeros(futures)]  # fmt: skip
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * (n + fields.size) + [part] * (1 + futures)
    highs = highspy._Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", gap),
                        ("time_limit", seconds)):  # fmt: skip
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    begun = time.perf_counter()
    highs.run()
    info = highs.getInfo()
    return time.perf_counter() - begun, info.mip_gap, -info.objective_function_value


def timed(call):
    begun = time.perf_counter()
    got = call()
    return got, time.perf_counter() - begun


def beside(arguments):
    problem = country(lines=arguments.peer_lines, futures=256)
    choose(country(lines=600, futures=64))  # compile
    choice, own = timed(lambda: choose(problem, gap=1e-2))
    spent, gap, value = plain(problem, 1e-2, arguments.peer_seconds)
    print(f"\n{problem.segment.size:,} lines × 256 futures, 12 fields, gap of 1 % asked\n")
    print("| | seconds | gap | value |\n|---|---|---|---|")
    print(f"| kachisuji | {own:.1f} | {choice.gap:.2%} | {choice.objective:,.1f} |")
    print(f"| one row a future | {spent:.1f} | {gap:.2%} | {value:,.1f} |")
    print(
        f"\nratio of times: {spent / own:.0f}{' (the peer ran out of time)' if gap > 0.01 else ''}"
    )


def large():
    print("\n| problem | gap asked | seconds | gap reached | lines held |\n|---|---|---|---|---|")
    cases = [
        ("20,000 × 500, 15 money and 15 labour limits, 12 fields", country(), 0.02, 120.0),
        ("the same", country(), 0.01, 600.0),
        ("the same", country(), 0.001, 600.0),
        ("20,000 × 512, four skills (75 limits), 12 fields",
         country(1, futures=512, skills=4), 0.01, 600.0),
        ("2,000 × 500, 8 fields", country(2, 2000, max_fields=8), 0.001, 60.0),
        ("2,000 × 256, 75 unrelated random limits, 8 fields",
         national(lines=2000), 0.02, 60.0),
    ]  # fmt: skip
    for name, problem, gap, seconds in cases:
        choice, spent = timed(lambda p=problem, g=gap, s=seconds: choose(p, g, s))
        print(f"| {name} | {gap:.1%} | {spent:.1f} | {choice.gap:.2%} | {choice.lines.size} |",
              flush=True)  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB")


def rest():
    problem = country(3, 2000, 512, skills=4, max_fields=8)
    choice = choose(problem)
    print("\n2,000 lines × 512 futures, 75 limits, 8 fields\n")
    print("| step | seconds | result |\n|---|---|---|")
    found, spent = timed(lambda: best_portfolios(problem, choice, 50))
    print(f"| fifty best portfolios | {spent:.1f} | {len(found)} |")
    front, spent = timed(lambda: pareto_front(problem))
    print(
        f"| front of value and power, nine steps, gap 0.5 % | {spent:.1f} | {len(front)} points |"
    )
    told, spent = timed(lambda: explain(problem, choice, choice.lines))
    print(f"| explanation of the chosen lines, choosing again | {spent:.1f} | {len(told)} lines |")
    sure, spent = timed(lambda: survival(problem, 50, prove=None))
    print(
        f"| survival, 50 resamples, each proven within 0.5 % | {spent:.1f} | {sure.proven} proven |"
    )
    quick, spent = timed(lambda: survival(problem, 50, prove=0))
    losses, took = timed(lambda: segment_losses(problem, choice, np.unique(problem.segment)))
    off = float(np.abs(quick.chosen - sure.chosen).max())
    print(f"| survival, 50 resamples by search | {spent:.1f} | differs by at most {off:.2f} |")
    print(f"| loss from holding each segment, by search | {took:.1f} | {len(losses)} segments |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-lines", type=int, default=2000)
    parser.add_argument("--peer-seconds", type=float, default=60.0)
    parser.add_argument("--quick", action="store_true", help="leave out the large problems")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"# Portfolios: the choice, one thread\n\nLoad of the machine at the start: {load:.1f}.")
    beside(arguments)
    if not arguments.quick:
        large()
    rest()


if __name__ == "__main__":
    main()
