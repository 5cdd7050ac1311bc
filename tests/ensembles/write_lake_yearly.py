"""EMA Workbench's own lake with a hundred yearly decisions, and what it says of seven policies.

    /python/with/ema_workbench==2.5.3 tests/ensembles/write_lake_yearly.py

writes ``golden/lake_yearly.json``.
"""

import json
import platform
from pathlib import Path

import ema_workbench
import numpy as np
from ema_workbench import Model, Policy, RealParameter, ScalarOutcome, Scenario, SequentialEvaluator
from ema_workbench.examples.optimization_lake_model_intertemporal import lake_problem

SEED = 7
UNCERTAIN = {
    "b": (0.1, 0.45), "q": (2.0, 4.5), "mean": (0.01, 0.05), "stdev": (0.001, 0.005),
    "delta": (0.93, 0.99),
}  # fmt: skip
OWN = {"b": 0.42, "q": 2.0, "mean": 0.02, "stdev": 0.0017, "delta": 0.98}  # of the example
MEASURES = ("max_P", "utility", "inertia", "reliability")


def seeded(**values):
    """The example draws its inflows from the global generator."""
    np.random.seed(SEED)  # noqa: NPY002
    return lake_problem(**values)


def main():
    """Play every policy in every future and keep the objectives."""
    t, rng = np.arange(100), np.random.default_rng(0)
    policies = [
        np.zeros(100), np.full(100, 0.02), np.full(100, 0.1), 0.1 * (t % 2), 0.1 * 0.97**t,
        np.round(rng.uniform(0, 0.1, 100), 4),
        np.round(np.clip(0.03 + np.cumsum(rng.normal(0, 0.01, 100)), 0, 0.1), 4),
    ]  # fmt: skip
    draws = np.round(rng.random((6, len(UNCERTAIN))), 6)
    draws[0] = [(OWN[n] - a) / (b - a) for n, (a, b) in UNCERTAIN.items()]
    model = Model("lake", function=seeded)
    model.uncertainties = [RealParameter(n, *spread) for n, spread in UNCERTAIN.items()]
    model.levers = [RealParameter(f"l{i}", 0, 0.1) for i in range(100)]
    model.outcomes = [ScalarOutcome(m) for m in MEASURES]
    futures = [
        Scenario(
            str(k),
            **{n: a + u * (b - a) for u, (n, (a, b)) in zip(row, UNCERTAIN.items(), strict=True)},
        )
        for k, row in enumerate(draws.tolist())
    ]
    lines = [
        Policy(str(k), **{f"l{i}": float(x) for i, x in enumerate(p)})
        for k, p in enumerate(policies)
    ]
    with SequentialEvaluator(model) as evaluator:
        _, outcomes = evaluator.perform_experiments(futures, lines)  # policies outside, in order
    shape = len(lines), len(futures)
    told = {
        "source": f"ema_workbench {ema_workbench.__version__}, "
        "examples/optimization_lake_model_intertemporal.py, lake_problem with its 100 decisions "
        f"and 100 samples, np.random.seed({SEED}) before each experiment, SequentialEvaluator; "
        f"Python {platform.python_version()}, numpy {np.__version__}; run 2026-11-30",
        "seed": SEED,
        "uncertain": UNCERTAIN,
        "draws": draws.tolist(),
        "policies": [p.tolist() for p in policies],
        "outcomes": {m: np.asarray(outcomes[m]).reshape(shape).tolist() for m in MEASURES},
    }
    file = Path(__file__).parent / "golden" / "lake_yearly.json"
    file.write_text(json.dumps(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
