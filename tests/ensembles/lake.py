"""The shallow lake with four objectives over a hundred years, one line in one future.

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
