"""The contest as others see it: ``(draws, lines) -> outcomes``."""

from __future__ import annotations

import hashlib
import threading
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kachisuji.contest import build as _build
from kachisuji.contest import lines as _lines
from kachisuji.contest import symbols as sym
from kachisuji.contest.joint import play_together
from kachisuji.contest.kernel import play_baseline, play_lines, play_response
from kachisuji.contest.quantities import Draws, Quantity, collect
from kachisuji.contest.tipping import tipping_number
from kachisuji.contest.world import Lines, World
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.accounts import Economy
    from kachisuji.cases import Case

F8 = NDArray[np.float64]


PULSE = 0.01
"""Part of home firms' own spending given to a linked segment, to see what a unit of it does."""


class Outcomes(NamedTuple):
    """Outcome differences of lines against the same futures without policy.

    ``scalars`` maps each measure of ``symbols.SCALARS`` to (L, F); ``paths`` each of
    ``symbols.PATHS`` to (L, F, T), T the simulated years.
    """

    scalars: dict[str, F8]
    paths: dict[str, NDArray[np.float32]]


def _named(scalars: F8, paths: NDArray[np.float32]) -> Outcomes:
    return Outcomes(
        {name: scalars[:, :, k] for k, name in enumerate(sym.SCALARS)},
        {name: paths[:, :, :, k] for k, name in enumerate(sym.PATHS)},
    )


class ContestModel:
    """A case and a table, ready to be played.

    Calling it plays lines in futures: ``model(draws, rows)`` with draws (F, D) in the unit cube,
    a column for each of ``quantities``, and ``rows`` the positions of lines in ``lines``.
    """

    def __init__(self, case: Case, economy: Economy) -> None:
        self.case = case
        self.table = economy
        self.economy = _build.contest_economy(case, economy)
        self.competitors = list(case.competitors)
        self.markets = list(case.markets)
        self.quantities: list[Quantity] = collect(case)
        self._lock = threading.Lock()
        self._last: tuple[str, World] | None = None

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Every candidate line (see ``enumerate_lines``)."""
        return _lines.enumerate_lines(self.case)

    @cached_property
    def coded(self) -> Lines:
        """The lines as integers, as the kernel reads them."""
        return _lines.encode(self.case, self.lines, self.competitors)

    @cached_property
    def supply(self) -> _build.Supply:
        """Products, who covers what of its use, and what a shortage costs, from the table."""
        return _build.supply(self.case, self.economy, self.competitors)

    @property
    def segments(self) -> list[str]:
        """Segment ids in file order."""
        return list(self.case.tables["segments"]["segment"])

    @property
    def years(self) -> NDArray[np.int64]:
        """Simulated years."""
        settings = self.case.settings
        return np.arange(settings.first_year, settings.last_year + 1)

    def with_lines(self, lines: pd.DataFrame) -> ContestModel:
        """Return the same contest for other lines (columns as in ``lines``)."""
        other = copy(self)
        other.__dict__.pop("coded", None)
        other.__dict__["lines"] = lines.reset_index(drop=True)
        other._lock = threading.Lock()
        return other

    def prepare(self, draws: F8) -> World:
        """Values of every figure in every future and the path without policy (kept once)."""
        cube = np.ascontiguousarray(draws, dtype=np.float64)
        if cube.ndim != 2 or cube.shape[1] != len(self.quantities):
            raise InputError("contest.draws_shape", got=str(cube.shape), want=len(self.quantities))
        key = hashlib.sha256(cube.tobytes()).hexdigest()
        with self._lock:
            if self._last is None or self._last[0] != key:
                self._last = (key, self._prepare(cube))
            return self._last[1]

    def _prepare(self, cube: F8) -> World:
        world = _build.world(self.case, self.economy, self.supply, Draws(self.quantities, cube))
        for arena in range(world.size.shape[0]):
            play_baseline(world, arena)
        for s in np.unique(world.spill_to):
            play_response(world, s, PULSE, world.response[s])
        return world

    def _results(self, count: int, futures: int) -> tuple[F8, NDArray[np.float32]]:
        scalars = np.zeros((count, futures, len(sym.SCALARS)))
        paths = np.zeros((count, futures, self.years.size, len(sym.PATHS)), dtype=np.float32)
        return scalars, paths

    def chosen(self, lines: NDArray[np.int64]) -> Lines:
        """Return the lines at these positions as the kernel reads them."""
        rows = np.asarray(lines, dtype=np.int64)
        return Lines(*(np.ascontiguousarray(field[rows]) for field in self.coded))  # type: ignore[arg-type]

    def __call__(self, draws: F8, lines: NDArray[np.int64]) -> Outcomes:
        """Play each of the lines at the given positions alone in every future."""
        world, chosen = self.prepare(draws), self.chosen(lines)
        count = chosen.segment.size
        scalars, paths = self._results(count, draws.shape[0])
        play_lines(world, chosen, 0, count, scalars, paths)
        return _named(scalars, paths)

    def joint(self, draws: F8, lines: NDArray[np.int64]) -> Outcomes:
        """Play the lines together; outcomes by line (their sum is the portfolio's)."""
        world, chosen = self.prepare(draws), self.chosen(lines)
        scalars, paths = self._results(chosen.segment.size, draws.shape[0])
        if chosen.segment.size:
            play_together(world, chosen, scalars, paths)
        return _named(scalars, paths)

    def baseline(self, draws: F8) -> dict[str, F8]:
        """Home side without policy: ``share`` and ``sales`` (S, F, T1), ``market`` (S, F, T1)."""
        world = self.prepare(draws)
        market = world.size[::2].sum(axis=2)
        sales = world.base_sales[::2].sum(axis=2)
        share = np.divide(sales, market, out=np.zeros_like(sales), where=market > 0)
        return {"share": share, "sales": sales, "market": market}

    def tipping(self, draws: F8) -> F8:
        """Tipping number R of every segment in every future (S, F)."""
        world = self.prepare(draws)
        p = world.symbols[::2]
        sellers = (world.share0[::2, 0].max(axis=2) > 0).sum(axis=1)
        return np.stack(
            [
                tipping_number(
                    p[s, :, sym.EPSILON],
                    p[s, :, sym.LEARNING_RATE],
                    p[s, :, sym.KAPPA],
                    p[s, :, sym.NU],
                    p[s, :, sym.ALPHA],
                    p[s, :, sym.IOTA],
                    int(sellers[s]),
                )
                for s in range(p.shape[0])
            ]
        )


def build(case: Case, economy: Economy) -> ContestModel:
    """Make the contest of a case on a table."""
    return ContestModel(case, economy)
