"""Candidate lines: segment × scope × partner × markets × package × start × intensity."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kachisuji.contest.instruments import businesses, package_code
from kachisuji.contest.world import CREDIT, LINE, NOTHING, Lines

if TYPE_CHECKING:
    from kachisuji.cases import Case

# levers that mean nothing without a partner
_JOINT = frozenset({"pooling", "standards", "site"})
COLUMNS = [
    "line",
    "kind",
    "segment",
    "field",
    "scope",
    "partner",
    "markets",
    "package",
    "start",
    "intensity",
]


def needs_partner(case: Case, instruments: tuple[str, ...]) -> bool:
    """Whether a package holds an instrument that works only together with a partner."""
    effects = case.tables["effects"]
    return any(
        row["instrument"] in instruments and row["lever"] in _JOINT
        for row in effects.to_dict("records")
    )


def enumerate_lines(case: Case) -> pd.DataFrame:
    """Return every candidate line of a case, *do nothing* and the horizontal credit first.

    Packages are offered to the business types they name; a package with pooling or a standards
    coalition is offered with each partner of the segment, the others without. Segments with
    insufficient evidence get no line.

    Returns
    -------
    DataFrame
        Columns ``line`` (readable id), ``kind`` (nothing, line, credit), ``segment``, ``field``,
        ``scope``, ``partner`` ("" none), ``markets``, ``package``, ``start`` (year),
        ``intensity`` (public money a year over home firms' own spending; money units a year for
        the credit).
    """
    space = case.lines
    first = case.settings.first_year
    rows: list[tuple[object, ...]] = [("nothing", "nothing", "", 0, "", "", "", "", first, 0.0)]
    rows += [
        (f"credit/{amount:g}", "credit", "", 0, "", "", "", "", first, amount)
        for amount in space.credit_amounts
    ]
    partners = case.tables["partners"].groupby("segment", sort=False)["partner"].unique()
    joint = {p.id: needs_partner(case, p.instruments) for p in space.packages}
    segments = case.tables["segments"]
    for segment in segments[segments["status"] == "ranked"].itertuples():
        with_whom = list(partners.get(segment.segment, ()))
        fitting = [p for p in space.packages if not p.business or segment.business in p.business]
        for package, scope in product(fitting, space.scopes):
            whom = with_whom if joint[package.id] else [""]
            # partners last: lines that differ by nothing else are played side by side
            for start, intensity, partner in product(space.starts, space.intensities, whom):
                name = f"{segment.segment}/{scope}/{package.id}/{partner or '-'}"
                rows.append(
                    (
                        f"{name}/{start}/{intensity:g}", "line", segment.segment, segment.field,
                        scope, partner, package.markets, package.id, start, intensity,
                    )
                )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def encode(case: Case, lines: pd.DataFrame, competitors: list[str]) -> Lines:
    """Turn a table of lines to the integers the kernel reads."""
    table = case.tables["segments"]
    segments = {s: i for i, s in enumerate(table["segment"])}
    business = np.array([businesses().index(b) for b in table["business"]], dtype=np.int64)
    packages = {p.id: i for i, p in enumerate(case.lines.packages)}
    groups = {g: i for i, g in enumerate(case.lines.market_groups)}
    regions = {r: i for i, r in enumerate(competitors)}
    kinds = {"nothing": NOTHING, "line": LINE, "credit": CREDIT}

    def codes(column: str, known: dict[str, int], missing: int) -> np.ndarray:
        return np.array([known.get(v, missing) for v in lines[column]], dtype=np.int64)

    own = codes("segment", segments, 0)
    return Lines(
        segment=own,
        niche=codes("scope", {"niche": 1}, 0),
        partner=codes("partner", regions, -1),
        group=codes("markets", groups, 0),
        package=package_code(codes("package", packages, 0), business[own]),
        start=lines["start"].to_numpy(np.int64) - case.settings.base_year,
        intensity=lines["intensity"].to_numpy(np.float64),
        kind=codes("kind", kinds, NOTHING),
    )
