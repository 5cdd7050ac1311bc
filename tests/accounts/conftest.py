"""Small tables that the tests of this room share."""

import numpy as np
import pytest

from kachisuji.accounts import Economy


def random_economy(seed=0, R=3, S=2, F=2, **changes):
    """A table of whole numbers with positive value added everywhere."""
    rng = np.random.default_rng(seed)
    n = R * S
    parts = {
        "regions": tuple(f"R{r}" for r in range(R)),
        "sectors": tuple(f"s{s}" for s in range(S)),
        "categories": tuple(f"f{f}" for f in range(F)),
        "Z": rng.integers(0, 20, (n, n)).astype(float),
        "Y": rng.integers(5, 60, (n, R * F)).astype(float) + 20 * n / (R * F),
        "year": 2011,
        "published_output": None,
    }
    return Economy(**(parts | changes))


@pytest.fixture
def economy():
    return random_economy()
