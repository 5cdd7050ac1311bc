"""Outcomes of an ensemble as stored: one Parquet part a chunk of lines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import RunError

F8 = NDArray[np.float64]
STATISTICS = ("mean", "sd", "p10", "p50", "p90")


@dataclass(frozen=True)
class OutcomeTable:
    """Where the outcomes of a run are, and how to read them.

    Attributes
    ----------
    folder
        Holds ``outcomes/part-*.parquet`` (line, future, a column each measure) and, where the model
        gives paths, ``paths.parquet`` (line, measure, year index, mean, sd, p10, p50, p90).
    lines
        Line labels in the order played.
    futures
        Number of futures.
    measures
        Names of the scalar measures.
    """

    folder: Path
    lines: NDArray[np.int64]
    futures: int
    measures: tuple[str, ...]

    @property
    def parts(self) -> list[Path]:
        """The stored parts in order."""
        return sorted((self.folder / "outcomes").glob("part-*.parquet"))

    def measure(self, name: str) -> F8:
        """(L, F) one measure of every line in every future."""
        import pyarrow.parquet as pq

        columns = [pq.read_table(p, columns=[name])[name].to_numpy() for p in self.parts]
        values = np.concatenate(columns) if columns else np.zeros(0)
        return np.asarray(values, dtype=np.float64).reshape(self.lines.size, self.futures)


def statistics(values: NDArray[Any]) -> dict[str, F8]:
    """Mean, standard deviation and nearest-rank 10, 50, 90 % over futures (axis 1)."""
    futures = values.shape[1]
    ranks = [round(q * (futures - 1)) for q in (0.1, 0.5, 0.9)]
    sorted_ = np.partition(values, ranks, axis=1)
    out = {
        "mean": values.mean(axis=1, dtype=np.float64),
        "sd": values.std(axis=1, dtype=np.float64),
    }
    for name, rank in zip(STATISTICS[2:], ranks, strict=True):
        out[name] = sorted_[:, rank].astype(np.float64)
    return out


def summarise_paths(
    paths: Mapping[str, NDArray[Any]], lines: NDArray[np.int64]
) -> dict[str, NDArray[Any]] | None:
    """Columns of ``paths.parquet`` for one chunk of lines (measure, line, year)."""
    if not paths:
        return None
    columns: dict[str, list[NDArray[Any]]] = {
        k: [] for k in ("line", "measure", "year", *STATISTICS)
    }
    for name, values in paths.items():
        count, _, years = values.shape
        columns["line"].append(np.repeat(lines, years))
        columns["measure"].append(np.full(count * years, name, dtype=object))
        columns["year"].append(np.tile(np.arange(years), count))
        for key, table in statistics(values).items():
            columns[key].append(table.reshape(-1))
    return {k: np.concatenate(v) for k, v in columns.items()}


def write_table(columns: Mapping[str, NDArray[Any]], file: Path) -> None:
    """Write columns as Parquet: under a temporary name, then renamed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    temporary = file.with_name(f".{file.name}.part")
    try:
        pq.write_table(pa.table(dict(columns)), temporary, compression="zstd")
        os.replace(temporary, file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunError(
            "ensembles.cannot_write", file=file, why=error.strerror or str(error)
        ) from error
