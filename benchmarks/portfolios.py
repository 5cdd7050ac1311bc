"""Time of the choice, the fifty best, the front and survival on a problem of national size.

    python benchmarks/portfolios.py [--lines 5000] [--futures 256]
"""

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "portfolios"))

from problems import national

from kachisuji.portfolios import best_portfolios, choose, pareto_front, survival


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--futures", type=int, default=256)
    parser.add_argument("--resamples", type=int, default=50)
    arguments = parser.parse_args()
    problem = national(lines=arguments.lines, futures=arguments.futures)
    print("| step | seconds | result |\n|---|---|---|")
    begun = time.perf_counter()
    choice = choose(problem)
    spent = time.perf_counter() - begun
    print(f"| choice, CVaR, gap 0.1 % asked | {spent:.1f} | {choice.lines.size} lines, "
          f"gap {choice.gap:.2%} |")  # fmt: skip
    begun = time.perf_counter()
    found = best_portfolios(problem, choice, 50)
    print(f"| best portfolios | {time.perf_counter() - begun:.1f} | {len(found)} |")
    begun = time.perf_counter()
    front = pareto_front(problem)
    print(f"| front | {time.perf_counter() - begun:.1f} | {len(front)} points |")
    begun = time.perf_counter()
    survival(problem, arguments.resamples)
    print(f"| survival | {time.perf_counter() - begun:.1f} | {arguments.resamples} resamples |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{arguments.lines:,} lines, {arguments.futures} futures, one thread; "
          f"peak memory {peak:,.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
