"""A finished run as it lies on the disk, read back for the report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kachisuji.ledger import Manifest, read_manifest
from kachisuji.words import RunError

if TYPE_CHECKING:
    from kachisuji.cases import Case

# tables of a run folder beside the outcomes themselves
TABLES = (
    "lines",
    "summary",
    "compared",
    "bought",
    "baseline",
    "tipping",
    "place",
    "influence",
    "portfolio",
    "use",
    "spread",
    "left_out",
    "front",
    "verdicts",
    "marginal",
    "stances",
    "near",
    "neighbours",
)


@dataclass(frozen=True, repr=False)
class StoredRun:
    """Everything the report shows.

    Attributes
    ----------
    lines
        Every candidate line (columns as in ``contest``), by row number.
    summary
        line, measure, mean, p10, p50, p90, positive on the reporting half of the futures.
    compared
        What each partner, scope, start, market group and package is worth by segment.
    bought
        What a unit of public money buys, by package.
    baseline
        segment, year, measure (share, sales), mean, p10, p50, p90 without any policy.
    tipping
        segment, p10, p50, p90 of the tipping number, above: share of futures above one.
    place
        segment and its place in the chain of the table sector that stands for it.
    influence
        scope (``portfolio`` or a segment), quantity, evidence, correlation, share.
    portfolio
        The chosen lines: line, bootstrap, beats, and their part of the joint simulation.
    use
        item (money, labour_…), year, mean, p10, p50, p90, limit_low, limit_mode, limit_high.
    spread
        One row a future of the reporting half: welfare, value_added and indispensability of the
        portfolio simulated jointly, welfare of its lines added up, and of the best credit.
    left_out
        segment, line, reason, mean, p10, p90, positive, loss when forced in.
    front
        growth, power of the portfolios on the Pareto front, and which is the chosen one.
    verdicts
        One row a segment: win, narrow, or do not enter, with the figures (``contest.verdicts``).
    marginal
        What each instrument buys alone in each segment (``contest.marginal``).
    stances, near, neighbours
        The trade stance of each segment, near-equal pairs, who loses sales (``contest.doctrine``).
    """

    folder: Path
    manifest: Manifest
    case: Case
    choice: dict[str, Any]
    lines: pd.DataFrame
    summary: pd.DataFrame
    compared: pd.DataFrame
    bought: pd.DataFrame
    baseline: pd.DataFrame
    tipping: pd.DataFrame
    place: pd.DataFrame
    influence: pd.DataFrame
    portfolio: pd.DataFrame
    use: pd.DataFrame
    spread: pd.DataFrame
    left_out: pd.DataFrame
    front: pd.DataFrame
    verdicts: pd.DataFrame
    marginal: pd.DataFrame
    stances: pd.DataFrame
    near: pd.DataFrame
    neighbours: pd.DataFrame
    paths: pd.DataFrame

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"

    @classmethod
    def open(cls, folder: Path) -> StoredRun:
        """Read a run folder.

        Raises
        ------
        RunError
            If it is no run folder, or a file is missing, empty or cut short.
        InputError
            If its copy of the case is broken.
        """
        from kachisuji.cases import load

        manifest = read_manifest(folder)
        case = load(folder / "case")
        tables = {name: read_table(folder / f"{name}.parquet") for name in TABLES}
        paths = read_paths(folder, case.settings.first_year)
        return cls(folder, manifest, case, read_choice(folder), **tables, paths=paths)

    @property
    def grade_shares(self) -> dict[str, float]:
        """Uncertainty by grade of evidence; zero for grades that a run from before did not know."""
        from kachisuji.desk.influence import WEAKEST_FIRST

        return {**dict.fromkeys(WEAKEST_FIRST, 0.0), **self.choice["by_grade"]}

    def of_line(self, measure: str) -> pd.DataFrame:
        """Summary of one measure, indexed by line."""
        return self.summary[self.summary["measure"] == measure].set_index("line")


def read_table(path: Path) -> pd.DataFrame:
    """Read one Parquet file of a run.

    Raises
    ------
    RunError
        If the file is missing, empty or cut short.
    """
    if not path.is_file():
        raise RunError("desk.no_table", file=path)
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises its own kinds, OSError and ValueError
        raise RunError("desk.bad_table", file=path, why=str(error).splitlines()[0]) from error


def read_paths(folder: Path, first_year: int) -> pd.DataFrame:
    """Read ``paths.parquet``; its years are counted from zero and become calendar years."""
    paths = read_table(folder / "paths.parquet")
    return paths.assign(year=paths["year"] + first_year)


def read_choice(folder: Path) -> dict[str, Any]:
    """Read ``choice.json`` of a run.

    Raises
    ------
    RunError
        If it is missing or damaged.
    """
    path = folder / "choice.json"
    if not path.is_file():
        raise RunError("desk.no_table", file=path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError("desk.bad_table", file=path, why=str(error)) from error
    if not isinstance(found, dict):
        raise RunError("desk.bad_table", file=path, why=type(found).__name__)
    return found
