"""A small constellation on the loopback address, shared by the tests of this folder."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.constellation.aggregation import engine
from kachisuji.constellation.local import Local
from kachisuji.constellation.node import Node
from kachisuji.constellation.noise import scales
from kachisuji.constellation.policy import Policy
from kachisuji.constellation.questions import parts

PRODUCTS, ORIGINS = ("MAGNET", "CHIP"), ("CHN", "JPN", "USA")
NAMES = tuple(f"firm-{k}" for k in range(5))


def purchases(seed: int, rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "period": "2026-04",
            "product": rng.choice(PRODUCTS, rows),
            "origin": rng.choice(ORIGINS, rows, p=[0.6, 0.3, 0.1]),
            "supplier": [f"S{k:03d}" for k in range(rows)],
            "value_million_yen": rng.uniform(1, 100, rows).round(2),
            "stock_days": rng.uniform(5, 60, rows).round(1),
            "spare_million_yen": rng.uniform(0, 20, rows).round(2),
        }
    )


def production(seed: int, months: int = 24, b: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    output = rng.uniform(50, 150, months).round()
    cumulative = 500 * rng.uniform(0.5, 2) + np.cumsum(output)
    cost = 9000 * rng.uniform(0.7, 1.4) * cumulative**-b * rng.lognormal(0, 0.03, months)
    return pd.DataFrame(
        {
            "process": "WELD",
            "period": [f"{2024 + m // 12}-{m % 12 + 1:02d}" for m in range(months)],
            "output": output,
            "cumulative": cumulative.round(1),
            "unit_cost_yen": cost.round(3),
            "yield_share": rng.uniform(0.8, 0.99, months).round(4),
        }
    )


def seeded(seed: int):
    """``draw`` of the noise from a seed: the same law, where a test may not hang on chance.

    A discrete Laplace draw of scale b is the difference of two geometric ones of ``1 − e^(−1/b)``.
    """
    rng = np.random.default_rng(seed)

    def draw(question):
        out = []
        for part, scale in zip(parts(question), scales(question), strict=True):
            gone = -np.expm1(-1 / scale) if scale > 0 else 1.0
            out.append(np.subtract(*rng.geometric(gone, (2, part.size))))
        return np.concatenate(out)

    return draw


def load(folder, frame, table):
    file = folder.parent / f"{folder.name}-{table}.csv"
    frame.to_csv(file, index=False)
    return Node(folder).add(file, table)


@pytest.fixture(scope="package", autouse=True)
def imported():
    """Import MPyC before any thread does: threads share the filters of warnings."""
    engine()


@pytest.fixture(scope="package")  # ends with this folder: nothing runs on beside other tests
def folders(tmp_path_factory):
    """Folders of five nodes, three members and an asker; nothing runs yet."""
    policy = Policy(minimum_nodes=3, epsilon_most=20, sums_only=True, ask_me=False,
                    budget={"ministry": 500.0})  # fmt: skip
    local = Local(tmp_path_factory.mktemp("constellation") / "all", NAMES, policy)
    for seed, name in enumerate(NAMES):
        load(local.folder / name, purchases(seed), "purchases")
        load(local.folder / name, production(seed), "production")
    yield local
    local.stop()  # where nothing was started, its ports are given back


@pytest.fixture(scope="package")  # ends with this folder: nothing runs on beside other tests
def running(folders):
    """The same, running."""
    with folders:
        folders.start()
        yield folders
