"""Enumerating candidate lines: segment × scope × partner × markets × package × start × intensity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kachisuji.contest.kernel import CREDIT, LINE, NOTHING
from kachisuji.contest.world import Lines

if TYPE_CHECKING:
    from kachisuji.cases import Case

# levers that mean nothing without a partner
_JOINT = frozenset({"pooling", "standards"})
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


def needs_partner(case: Case, instruments: list[str]) -> bool:
    """Whether a package holds an instrument that works only together with a partner."""
    effects = case.tables["effects"]
    moved = effects.loc[effects["instrument"].isin(instruments), "lever"]
    return bool(_JOINT & set(moved))


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
    rows: list[tuple[object, ...]] = [
        ("nothing", "nothing", "", 0, "", "", "", "", case.settings.first_year, 0.0)
    ]
    for amount in space.credit_amounts:
        rows.append(
            (
                f"credit/{amount:g}",
                "credit",
                "",
                0,
                "",
                "",
                "",
                "",
                case.settings.first_year,
                amount,
            )
        )
    partners = case.tables["partners"].groupby("segment", sort=False)["partner"].unique()
    joint = {p.id: needs_partner(case, p.instruments) for p in space.packages}
    ranked = case.tables["segments"].query("status == 'ranked'")
    for segment in ranked.itertuples():
        with_whom = list(partners.get(segment.segment, ()))
        for package in space.packages:
            if package.business and segment.business not in package.business:
                continue
            for partner in with_whom if joint[package.id] else [""]:
                for scope in space.scopes:
                    for start in space.starts:
                        for intensity in space.intensities:
                            name = f"{segment.segment}/{scope}/{package.id}/{partner or '-'}"
                            rows.append(
                                (
                                    f"{name}/{start}/{intensity:g}",
                                    "line",
                                    segment.segment,
                                    segment.field,
                                    scope,
                                    partner,
                                    package.markets,
                                    package.id,
                                    start,
                                    intensity,
                                )
                            )
    return pd.DataFrame(rows, columns=COLUMNS)


def encode(case: Case, lines: pd.DataFrame, competitors: list[str]) -> Lines:
    """Turn a table of lines to the integers the kernel reads."""
    segments = {s: i for i, s in enumerate(case.tables["segments"]["segment"])}
    packages = {p.id: i for i, p in enumerate(case.lines.packages)}
    groups = {g: i for i, g in enumerate(case.lines.market_groups)}
    regions = {r: i for i, r in enumerate(competitors)}
    kinds = {"nothing": NOTHING, "line": LINE, "credit": CREDIT}

    def codes(column: str, known: dict[str, int], missing: int) -> np.ndarray:
        return np.array([known.get(v, missing) for v in lines[column]], dtype=np.int64)

    return Lines(
        segment=codes("segment", segments, 0),
        niche=(lines["scope"] == "niche").to_numpy(np.int64),
        partner=codes("partner", regions, -1),
        group=codes("markets", groups, 0),
        package=codes("package", packages, 0),
        start=lines["start"].to_numpy(np.int64) - case.settings.base_year,
        intensity=lines["intensity"].to_numpy(np.float64),
        kind=codes("kind", kinds, NOTHING),
    )
