"""Outcomes on the disk: parts of lines, each with all futures, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kachisuji.words import InputError, RunError

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

OUTCOMES = "outcomes"
PATHS = "paths.parquet"
KEYS = ("line", "future")
STATISTICS = ("mean", "p10", "p50", "p90", "sd")


@contextmanager
def disk_words(path: Path) -> Iterator[None]:
    """Turn what the operating system says about ``path`` into a sentence."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error).splitlines()[0]
        raise RunError("ensembles.disk", file=path, why=why) from error


def write_table(table: pa.Table, path: Path, plain: Sequence[str] = ()) -> None:
    """Write a table beside ``path`` and move it there; ``plain`` columns skip the dictionary."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    coded = [name for name in table.column_names if name not in plain]
    with disk_words(path):
        try:
            pq.write_table(
                table, temporary, compression="zstd", compression_level=1, use_dictionary=coded
            )
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def part_name(number: int) -> str:
    """Name of a part."""
    return f"part-{number:05d}.parquet"


def scalar_table(lines: I8, scalars: dict[str, F8]) -> pa.Table:
    """Lay measures (L, F) out as rows line, future and measures."""
    count, futures = next(iter(scalars.values())).shape
    columns: dict[str, Any] = {
        "line": np.repeat(lines.astype(np.int32), futures),
        "future": np.tile(np.arange(futures, dtype=np.int32), count),
    }
    return pa.table(columns | {name: np.ravel(v) for name, v in scalars.items()})


def path_table(lines: I8, paths: dict[str, NDArray[Any]], years: I8) -> pa.Table:
    """Summarise paths (L, F, T) over the futures: line, measure, year, mean, p10, p50, p90, sd.

    Quantiles interpolate linearly between order statistics (type 7 of Hyndman and Fan, 1996);
    ``sd`` divides by F. Computed in double precision.
    """
    names = list(paths)
    blocks = []
    for name in names:
        series = np.ascontiguousarray(np.moveaxis(paths[name], 1, 2), dtype=np.float64)  # L, T, F
        low, mid, high = np.quantile(series, (0.1, 0.5, 0.9), axis=2)
        blocks.append(np.stack([series.mean(axis=2), low, mid, high, series.std(axis=2)]))
    stacked = np.stack(blocks, axis=2) if blocks else np.zeros((5, lines.size, 0, years.size))
    count, kinds, span = stacked.shape[1:]
    columns: dict[str, Any] = {
        "line": np.repeat(lines.astype(np.int32), kinds * span),
        "measure": pa.DictionaryArray.from_arrays(
            np.tile(np.repeat(np.arange(kinds, dtype=np.int32), span), count), pa.array(names)
        ).cast(pa.string()),
        "year": np.tile(years.astype(np.int32), count * kinds),
    }
    return pa.table(columns | {s: np.ravel(stacked[k]) for k, s in enumerate(STATISTICS)})


def merge_paths(parts: Sequence[Path], target: Path) -> None:
    """Put the summaries of all parts into one file, one part in memory at a time."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with disk_words(target), contextlib.ExitStack() as stack:
        stack.callback(lambda: temporary.unlink(missing_ok=True))
        writer: pq.ParquetWriter | None = None
        for part in parts:
            table = pq.read_table(part)
            if writer is None:
                writer = stack.enter_context(
                    pq.ParquetWriter(temporary, table.schema, compression="zstd")
                )
            writer.write_table(table)
        if writer is not None:
            writer.close()
            os.replace(temporary, target)


@dataclass(frozen=True)
class OutcomeTable:
    """Outcomes of lines in futures, as they lie in a folder.

    Attributes
    ----------
    folder
        Holds ``outcomes/part-*.parquet`` (line, future, measures) and ``paths.parquet``.
    lines
        Line numbers in the order of the parts (L,).
    futures
        Number of futures F.
    measures
        Names of the measures.
    """

    folder: Path
    lines: I8
    futures: int
    measures: tuple[str, ...]

    @property
    def parts(self) -> list[Path]:
        """The parts in order."""
        return sorted((self.folder / OUTCOMES).glob("part-*.parquet"))

    @classmethod
    def open(cls, folder: str | Path) -> OutcomeTable:
        """Read what is in a folder (only the keys are loaded).

        Raises
        ------
        RunError
            If there are no outcomes, or a part is empty or cut short.
        """
        found = sorted((Path(folder) / OUTCOMES).glob("part-*.parquet"))
        if not found:
            raise RunError("ensembles.no_outcomes", file=Path(folder) / OUTCOMES)
        lines, futures, names = [], 0, ()
        for part in found:
            keys = read_part(part, list(KEYS))
            futures = int(keys["future"].to_numpy().max(initial=-1)) + 1
            lines.append(keys["line"].to_numpy()[::futures])
            names = tuple(n for n in pq.read_schema(part).names if n not in KEYS)
        return cls(Path(folder), np.concatenate(lines).astype(np.int64), futures, names)

    def measure(self, name: str) -> F8:
        """Return one measure as (L, F), in the order of ``lines``.

        Raises
        ------
        InputError
            If there is no such measure.
        RunError
            If a part is missing, empty or cut short.
        """
        if name not in self.measures:
            known = ", ".join(self.measures)
            raise InputError("ensembles.no_measure", name=name, known=known)
        out = np.empty((self.lines.size, self.futures))
        flat, at = out.reshape(-1), 0
        for part in self.parts:
            column = read_part(part, [name])[name].to_numpy()
            flat[at : at + column.size] = column
            at += column.size
        if at != flat.size:
            raise RunError("ensembles.part_lost", file=self.folder / OUTCOMES)
        return out

    def path(self, measure: str, statistic: str = "mean") -> F8:
        """Return a summary of one path by line and year (L, T).

        Raises
        ------
        InputError
            If there is no such path or statistic.
        """
        if statistic not in STATISTICS:
            raise InputError("ensembles.no_measure", name=statistic, known=", ".join(STATISTICS))
        table = read_part(
            self.folder / PATHS, ["measure", statistic], filters=[("measure", "==", measure)]
        )
        if not table.num_rows:
            raise InputError("ensembles.no_measure", name=measure, known=PATHS)
        return np.asarray(table[statistic].to_numpy(), dtype=np.float64).reshape(
            self.lines.size, -1
        )

    def paths(self) -> pd.DataFrame:
        """Every path summary: line, measure, year, mean, p10, p50, p90, sd."""
        return read_part(self.folder / PATHS).to_pandas()


def read_part(path: Path, columns: list[str] | None = None, filters: Any = None) -> pa.Table:
    """Read a Parquet file of outcomes.

    Raises
    ------
    RunError
        If it is missing, empty, cut short or lacks a column.
    """
    try:
        # not memory-mapped: a file replaced while it is read must not change under our hands
        return (
            pq.ParquetFile(path).read(columns)
            if filters is None
            else pq.read_table(path, columns=columns, filters=filters)
        )
    except (OSError, ValueError, KeyError) as error:
        raise RunError("ensembles.bad_part", file=path, why=str(error).splitlines()[0]) from error
