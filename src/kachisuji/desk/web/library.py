"""The tables that the structure explorer can look at, and what has been worked out of them."""

from __future__ import annotations

import os
import re
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from kachisuji.accounts import Economy, read, reference
from kachisuji.accounts.commons import Commons, Holding
from kachisuji.desk.web.structures import MEASURES, figures
from kachisuji.ledger import write_atomic
from kachisuji.words import InputError, KachisujiError, RunError

REFERENCE = "reference"
KEPT = 2  # tables kept in memory


@dataclass(frozen=True)
class Table:
    """A table at hand.

    Attributes
    ----------
    series
        What the tables of other years share with it; its own name where there are none.
    content
        Tells whether it is still the same table.
    read
        Reads it.
    """

    series: str
    content: str
    read: Callable[[], Economy]


_ENDS = re.compile(r"(?<=.)[-_.]?((?:19|20)\d\d)(?:[-_.]((?:19|20)\d\d))?$")


def series_of(name: str) -> str:
    """Return a name without the year, or the span of years, that it ends with.

    Examples
    --------
    >>> series_of("oecd-icio-2023-1995-2000"), series_of("oecd-icio-2023-2000"), series_of("mine")
    ('oecd-icio-2023', 'oecd-icio-2023', 'mine')
    """
    found = _ENDS.search(name)
    if found is None:
        return name
    if found[2] and found[1] > found[2]:  # an edition and a year, no span
        return name[: found.end(1)]
    return name[: found.start()]


def _from_commons(commons: Commons, name: str, year: int | None) -> Economy:
    """Read a holding; its name says the year where neither the file nor what is in it does."""
    try:
        return commons.table(name, year)
    except InputError:
        said = _ENDS.search(name)
        if year is not None or said is None:
            raise
        return commons.table(name, int(said[2] or said[1]))


@dataclass(frozen=True)
class Series:
    """Figures of a series of tables by year.

    Attributes
    ----------
    by_year
        Year -> figures.
    waiting
        How many tables are still being worked out.
    failed
        Table -> why it cannot be read.
    """

    by_year: dict[int, pd.DataFrame]
    waiting: int
    failed: dict[str, KachisujiError]


@dataclass
class Library:
    """Tables that can be looked at: the embedded one, those of the commons, those of a data folder.

    Parameters
    ----------
    folder
        Where what has been worked out is kept.
    """

    folder: Path
    _open: OrderedDict[str, Economy] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _years: dict[str, list[int]] = field(default_factory=dict)  # content -> years inside
    _read: dict[str, tuple[int, Path]] = field(default_factory=dict)  # content -> year, figures
    _failed: dict[str, KachisujiError] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)

    def known(self) -> dict[str, Table]:
        """Tables by name; nothing is read."""
        found = {REFERENCE: Table(REFERENCE, REFERENCE, reference)}
        commons = Commons()
        for name, held in sorted(commons.holdings().items()):
            if not held.kind:
                continue
            series, start = f"commons-{held.kind}-{series_of(name)}", f"commons-{name}"
            for year in self._inside(commons, held):
                own = start if year is None else f"{start}@{year}"
                opened = partial(_from_commons, commons, name, year)
                found[own] = Table(series, f"{held.sha256}-{year}", opened)
        data = os.environ.get("KACHISUJI_DATA", "")
        place = Path(data) / "wiod13"
        if data and place.is_dir():
            for path in sorted(place.glob("wiot_[0-9]*.parquet")):
                year = int(path.stem[-4:])
                stamp = f"{path}-{path.stat().st_mtime_ns}"
                given = partial(read, "wiod13", place, year)
                found[f"wiod13-{year}"] = Table("wiod13", stamp, given)
        return found

    def _inside(self, commons: Commons, held: Holding) -> list[int] | list[None]:
        """Years of a holding that holds several; None stands for the one of a file."""
        if held.sha256 not in self._years:
            try:
                self._years[held.sha256] = commons.years(held.name)
            except (KachisujiError, OSError):
                self._years[held.sha256] = []  # reading it will tell what is wrong
        years = self._years[held.sha256]
        return years if len(years) > 1 else [None]

    def entry(self, name: str) -> Table:
        """Return a table by its name.

        Raises
        ------
        RunError
            If there is none.
        """
        known = self.known()
        if name not in known:
            raise RunError("web.no_such", what=name[:80])
        return known[name]

    def table(self, name: str) -> Economy:
        """Read a table; the last few stay open."""
        found = self.entry(name)
        with self._lock:
            economy = self._open.pop(found.content, None) or found.read()
            self._open[found.content] = economy
            while len(self._open) > KEPT:
                self._open.popitem(last=False)
            return economy

    def figures(self, name: str) -> pd.DataFrame:
        """Return every measure of every country's sectors, worked out once."""
        return self._worked_out(name)[1]

    def _worked_out(self, name: str) -> tuple[int, pd.DataFrame]:
        """Return the year of a table and its figures."""
        content = self.entry(name).content
        kept = self._read.get(content)
        if kept is not None and kept[1].is_file():
            return kept[0], pd.read_parquet(kept[1])
        economy = self.table(name)
        # figures that a version with other measures kept are not these
        told = zlib.crc32(",".join(MEASURES).encode())
        path = self.folder / f"{economy.checksum[:24]}-{told:08x}.parquet"
        self._read[content] = economy.year, path
        if path.is_file():
            return economy.year, pd.read_parquet(path)
        found = figures(economy)
        from kachisuji.desk.web.exporting import as_parquet

        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, as_parquet(found))
        return economy.year, found

    def siblings(self, name: str) -> list[str]:
        """Names of the tables of a table's series, its own among them."""
        series = self.entry(name).series
        return [n for n, table in self.known().items() if table.series == series]

    def series(self, name: str, seconds: float | None = None) -> Series:
        """Return the figures of every year of a table's series.

        Parameters
        ----------
        name
            A table of the series.
        seconds
            How long to wait for those that have not been worked out yet: they go on in the
            background. None waits for all.
        """
        known = self.known()
        shown = self.entry(name)
        names = [n for n, table in known.items() if table.series == shown.series]
        begun = self._begin(shown.series, [n for n in names if not self._done(known[n])])
        if begun is not None:
            begun.join(seconds)
        while seconds is None and shown.series in self._busy:  # begun by somebody else
            time.sleep(0.05)
        done = [n for n in names if self._done(known[n])]
        failed = {n: self._failed[c] for n in done if (c := known[n].content) in self._failed}
        by_year: dict[int, pd.DataFrame] = {}
        for own in sorted(done, key=lambda n: n != name):  # of two of one year the one shown
            if own not in failed:
                year, found = self._worked_out(own)
                by_year.setdefault(year, found)
        return Series(dict(sorted(by_year.items())), len(names) - len(done), failed)

    def _done(self, table: Table) -> bool:
        kept = self._read.get(table.content)
        return table.content in self._failed or (kept is not None and kept[1].is_file())

    def _begin(self, series: str, names: list[str]) -> threading.Thread | None:
        """Work figures out in the background, one table after the other; None where it is done."""
        with self._starting:
            if not names or series in self._busy:
                return None
            self._busy.add(series)

        def work() -> None:
            try:
                for name in names:
                    try:
                        self._worked_out(name)
                    except KachisujiError as error:
                        self._failed[self.entry(name).content] = error
                    except Exception as error:  # of a file as nobody has met it
                        broken = RunError("web.broken", what=repr(error)[:200])
                        self._failed[self.entry(name).content] = broken
            finally:
                self._busy.discard(series)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread
