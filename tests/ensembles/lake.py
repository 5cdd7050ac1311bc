"""The shallow lake with four objectives over a hundred years.

``lake``: one line (a release and a cut) in one future. ``YearlyLake``: lines of a hundred yearly
releases each, with a sample of natural inflows, as in EMA Workbench's intertemporal example.

Carpenter, Ludwig and Brock (1999), Ecological Applications 9; the intertemporal form with four
objectives of Ward, Singh, Reed and Keller (2015), Environmental Modelling & Software 73. Inflows
are fixed quantiles instead of random draws, so that every runner plays the same lake.
"""

import numpy as np

YEARS = 100


def critical_phosphorus(b, q):
    """Level at which recycling and loss balance: ``x^q/(1 + x^q) = b·x``, the unstable root."""
    from scipy.optimize import brentq

    return brentq(lambda x: x**q / (1 + x**q) - b * x, 0.01, 1.5)


def lake(release, cut, b=0.42, q=2.0, mean=0.02, stdev=0.0017, delta=0.98):
    critical = critical_phosphorus(b, q)
    noise = np.sin(12.9898 * np.arange(1, YEARS + 1))
    shape = np.log(1 + stdev**2 / mean**2)
    inflow = np.exp(np.log(mean) - shape / 2 + np.sqrt(shape) * noise)
    path = release * (1 - cut) ** (np.arange(YEARS) // 25)
    level, state = 0.0, np.zeros(YEARS)
    for t in range(1, YEARS):
        level = (1 - b) * level + level**q / (1 + level**q) + path[t - 1] + inflow[t - 1]
        state[t] = level
    return {
        "max_p": float(state.max()),
        "utility": float(0.4 * (path * delta ** np.arange(YEARS)).sum()),
        "inertia": float((np.diff(path) > -0.02).mean()),
        "reliability": float((state < critical).mean()),
    }


class YearlyLake:
    """Policies of 100 yearly releases over a sample of natural inflows: ``(draws, lines)``.

    The four objectives are those of ``lake_problem`` in EMA Workbench 2.5.3,
    examples/optimization_lake_model_intertemporal.py, its 100 samples of inflows for every policy
    and future alike (``np.random.seed`` before each of its experiments).
    """

    def __init__(self, policies, uncertain, seed):
        self.policies = np.array(policies)
        self.low, self.high = np.array(list(uncertain.values())).T
        self.normal = np.random.RandomState(seed).standard_normal((100, YEARS))

    def __call__(self, draws, lines):
        found = [
            self.play(self.policies[i], *(self.low + u * (self.high - self.low)))
            for i in lines
            for u in draws
        ]
        table = np.array(found).reshape(len(lines), len(draws), 4)
        names = ("max_p", "utility", "inertia", "reliability")
        return {n: table[:, :, k] for k, n in enumerate(names)}

    def play(self, path, b, q, mean, stdev, delta):
        critical = critical_phosphorus(b, q)
        spread = np.sqrt(np.log(1 + stdev**2 / mean**2))
        inflow = np.exp(np.log(mean**2 / np.sqrt(stdev**2 + mean**2)) + spread * self.normal)
        state = np.zeros_like(inflow)
        for t in range(1, YEARS):
            x = state[:, t - 1]
            state[:, t] = (1 - b) * x + x**q / (1 + x**q) + path[t - 1] + inflow[:, t - 1]
        return (
            state.mean(axis=0).max(),
            (0.4 * path * delta ** np.arange(YEARS)).sum(),
            (np.abs(np.diff(path)) > 0.02).mean(),
            (state < critical).mean(),
        )
