"""One million outcome rows analysed: seconds and peak memory, which must stay under 2 GB."""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from kachisuji import ensembles

LINES, FUTURES, QUANTITIES = 2_000, 500, 60
RESULT = Path(__file__).parent / "results" / "ensembles_analysis.md"


def model(draws, lines):
    """Fifteen measures by a formula."""
    x = draws[:, :15]
    scale = 1.0 + (np.asarray(lines)[:, None] % 97) / 97.0
    base = scale * x.sum(axis=1)[None, :]
    return {f"m{k}": base * (1 + 0.1 * k) - 3 * x[:, k][None, :] for k in range(15)}


def main():
    rows = []
    draws = ensembles.latin_hypercube(FUTURES, QUANTITIES, 0)
    names = [f"q{j}" for j in range(QUANTITIES)]
    with tempfile.TemporaryDirectory() as place:
        begun = time.perf_counter()
        table = ensembles.run(model, draws, np.arange(LINES), folder=place)
        rows.append(("play and store 15 measures", time.perf_counter() - begun))
        begun = time.perf_counter()
        measures = {m: table.measure(m) for m in table.measures}
        summary = {m: np.percentile(v, [10, 50, 90], axis=1) for m, v in measures.items()}
        rows.append(("read and summarise every measure", time.perf_counter() - begun))
        best = measures["m0"][:200]
        begun = time.perf_counter()
        ensembles.value_of_information(best, draws, names)
        rows.append(("value of information, 200 alternatives", time.perf_counter() - begun))
        # every row as a case: lines and futures together, a million points
        x = np.column_stack(
            [np.tile(draws[:, :9], (LINES, 1)), np.repeat(np.arange(LINES), FUTURES)]
        )
        y = (measures["m3"] > np.quantile(measures["m3"], 0.9)).ravel().astype(float)
        begun = time.perf_counter()
        box = ensembles.prim(x, y).box
        rows.append(("PRIM on 1,000,000 x 10", time.perf_counter() - begun))
        del summary
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    text = [
        "# One million outcome rows (2,000 lines x 500 futures, 15 measures), one thread", "",
        "| step | seconds |", "|---|---|", *(f"| {name} | {s:.1f} |" for name, s in rows), "",
        f"peak memory {peak:.2f} GB (limit 2 GB); last box density {box.density:.2f}", "",
    ]  # fmt: skip
    RESULT.write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
