"""What judging adds to a run: instruments, verdicts of a shortlist, doctrine; and past programmes.

    python benchmarks/judging.py [--case japan17] [--futures 32]

Seconds of one core beside those of playing every line of the case in the same futures, so that the
ratio can be read on a busy machine too.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from kachisuji import cases, contest


def timed(work):
    """CPU seconds of ``work`` and what it returned."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def main() -> None:
    """Print and write the table."""
    args = argparse.ArgumentParser()
    args.add_argument("--case", default="japan17")
    args.add_argument("--futures", type=int, default=32)
    asked = args.parse_args()
    case = cases.load(asked.case)
    model = contest.build(case, case.economy)
    draws = np.random.default_rng(0).random((asked.futures, len(model.quantities)))
    top = [max(case.lines.intensities)]
    whom = case.tables["partners"].groupby("segment")["partner"].first()
    partners = {s: [p] for s, p in whom.items()}
    ranked = [model.lines.loc[model.lines["kind"] == "line", "segment"].iloc[0]]
    contest.marginal(model, draws, segments=ranked, paired=0)  # compiled before it is timed
    lines, _ = timed(lambda: model(draws, np.arange(len(model.lines))))
    alone, played = timed(
        lambda: contest.marginal(model, draws, intensities=top, partners=partners, paired=0)
    )
    contest.doctrine(model, draws, played)
    stance, _ = timed(lambda: contest.doctrine(model, draws, played))
    full, _ = timed(lambda: contest.marginal(model, draws))
    past, _ = timed(lambda: contest.history(futures=asked.futures))
    rows = [
        ("every line of the case", lines),
        ("instruments alone, one partner, one intensity (in a run)", alone),
        ("doctrine (in a run)", stance),
        ("kachisuji marginal: all partners, two intensities, pairs", full),
        ("kachisuji history: eight programmes", past),
    ]
    text = [f"# Judging: {asked.case}, {asked.futures} futures, one core", ""]
    text += ["| task | CPU seconds | of every line |", "|---|---:|---:|"]
    text += [f"| {name} | {seconds:.2f} | {seconds / lines:.2f} |" for name, seconds in rows]
    place = Path(__file__).parent / "results" / "judging.md"
    place.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
