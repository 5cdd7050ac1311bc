"""Tables that the tests of this room share: published ones and made ones."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

from kachisuji.accounts import Economy, Extension

GOLDEN = tomllib.loads((Path(__file__).parent / "golden" / "published.toml").read_text())


def random_economy(seed=0, R=3, S=2, F=2, density=1.0, **changes):
    """A productive table with stock changes (some negative) in its last category."""
    rng = np.random.default_rng(seed)
    n = R * S
    Z = rng.integers(0, 20, (n, n)) * (rng.random((n, n)) < density)
    Y = rng.integers(5, 60, (n, R, F)) + 20.0 * n / (R * F)
    Y[:, :, -1] = rng.integers(-3, 8, (n, R))
    parts = {
        "regions": tuple(f"R{r}" for r in range(R)),
        "sectors": tuple(f"s{s}" for s in range(S)),
        "categories": tuple(f"f{f}" for f in range(F)),
        "stock_changes": (f"f{F - 1}",),
        "Z": Z.astype(float),
        "Y": Y.reshape(n, R * F),
        "year": 2011,
    }
    return Economy(**(parts | changes))


def national(Z, Y, sectors, categories, extension=None):
    """A table of one region."""
    return Economy(
        regions=("X",),
        sectors=tuple(sectors),
        categories=tuple(categories),
        Z=np.asarray(Z, float),
        Y=np.asarray(Y, float),
        year=2000,
        extensions={} if extension is None else {extension.name: extension},
    )


def miller_blair(folder):
    """Chapter 2's table."""
    raw = pd.read_csv(folder / "textbook" / "miller_blair_2x2.csv")
    return national(raw[["1", "2"]], raw[["final"]], ("one", "two"), ("final",))


def germany(folder):
    """Germany 1995 in six sectors, with value added and persons as rows of their own."""
    raw = pd.read_parquet(folder / "iotables_eu" / "germany_1995.parquet")
    table = raw.pivot_table(index="prod_na", columns="induse", values="values", sort=False)
    sectors = ["CPA_A", "CPA_B-E", "CPA_F", "CPA_G-I", "CPA_J-N", "CPA_O-T"]
    final = ["P3_S14", "P3_S13", "P5", "P52", "P6"]
    rows = Extension(
        "rows", ("gva", "employment"), table.loc[["B1G", "EMP"], sectors].to_numpy(float), "mixed"
    )
    parts = table.loc[sectors, sectors], table.loc[sectors, final]
    return national(*parts, sectors, final, rows)


def netherlands(folder):
    """The Netherlands 2000 in six sectors; wages as a row. Household use is in private use."""
    raw = pd.read_parquet(folder / "iotables_eu" / "netherlands_2000.parquet")
    table = raw.set_index("prod_na").astype(float)
    sectors = [c for c in table.columns if c.endswith("_group")]
    final = ["final_consumption_private", "final_consumption_government"]
    final += ["gross_fixed_capital_formation", "exports"]
    parts = table.loc[sectors, sectors], table.loc[sectors, final]
    wages = table.loc[["compensation_employees"], sectors].to_numpy()
    return national(*parts, sectors, final, Extension("rows", ("wages",), wages, "million EUR"))


def leather(folder):
    """The example of the R package decompr: three regions, three sectors."""
    raw = pd.read_csv(folder / "textbook" / "leather.csv", index_col=[0, 1])
    regions = tuple(dict.fromkeys(raw.index.get_level_values(0)))
    sectors = tuple(dict.fromkeys(raw.index.get_level_values(1)))
    cells = raw.to_numpy(float)
    return Economy(regions, sectors, ("final",), cells[:, :9], cells[:, 9:12], 2011)


def icio_test_table(folder):
    """The test table of the R package exvatools, Mexico and China split by kind of firm."""
    cells = pd.read_csv(folder / "textbook" / "iciotest.csv", header=None).to_numpy(float)
    regions = ("ESP", "FRA", "MEX", "USA", "CHN", "ROW", "MX1", "MX2", "CN1", "CN2")
    Y = np.zeros((30, 20))
    Y[:, :12] = cells[:, 30:]
    return Economy(regions, ("a", "b", "c"), ("f1", "f2"), cells[:, :30], Y, 2011)
