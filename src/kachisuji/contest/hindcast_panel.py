"""What a hindcast of share dynamics may see: shares, home markets and GDP, year by year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.words import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FLOOR = 1e-9  # below this a share has no meaningful logarithm
ALIVE = 1e-6  # a competitor whose share was ever lower before the start is left as it is
TRAILING = 3  # years over which growth known in the start year is measured


@dataclass(frozen=True)
class Panel:
    """Shares of T years, R regions and G groups (a sector, or a sector in one market).

    Attributes
    ----------
    share
        (T, R, G) part of the group's world sales, each (year, group) adding to one.
    total
        (T, G) the group's world sales, current prices of the table's currency.
    home
        (T, R, G) the region's part of the world's use of the group's sector.
    home_part
        (T, R, G) part of the region's output of that sector sold at home.
    gdp
        (T, R) the region's part of world value added.
    sectors
        The sector of each group.
    """

    years: tuple[int, ...]
    regions: tuple[str, ...]
    groups: tuple[str, ...]
    sectors: tuple[str, ...]
    share: Floats
    total: Floats
    home: Floats
    home_part: Floats
    gdp: Floats

    def until(self, year: int) -> Panel:
        """Return the panel as it stood at the end of ``year``: what a forecaster could know."""
        last = self.number(year) + 1
        return replace(
            self,
            years=self.years[:last],
            share=self.share[:last],
            total=self.total[:last],
            home=self.home[:last],
            home_part=self.home_part[:last],
            gdp=self.gdp[:last],
        )

    def only(self, groups: Sequence[int]) -> Panel:
        """Return some of the groups, by position."""
        g = list(groups)
        return replace(
            self,
            groups=tuple(self.groups[i] for i in g),
            sectors=tuple(self.sectors[i] for i in g),
            share=self.share[:, :, g],
            total=self.total[:, g],
            home=self.home[:, :, g],
            home_part=self.home_part[:, :, g],
        )

    def number(self, year: int) -> int:
        """Position of ``year``."""
        if year not in self.years:
            raise InputError(
                "contest.hindcast_year", got=year, first=self.years[0], last=self.years[-1]
            )
        return self.years.index(year)

    @property
    def alive(self) -> Bools:
        """(R, G) cells with a share above one in a million in every year of this panel."""
        return np.asarray((self.share > ALIVE).all(axis=0))


def panel_from(
    economies: Iterable[Economy],
    sectors: Sequence[str],
    *,
    of: str = "output",
    markets: Sequence[str] = (),
) -> Panel:
    """Read shares out of one table a year.

    Parameters
    ----------
    economies
        Tables of consecutive years with the same regions; read one at a time.
    sectors
        Sectors to follow.
    of
        ``"output"``: shares of world output; ``"exports"``: shares of world exports; with
        ``markets``, shares of the imports of each market named (its own region left out).
    markets
        Regions whose imports are split by origin; empty for the world as one market.

    Raises
    ------
    InputError
        If years are not consecutive, or a sector or market is not in the tables.

    Notes
    -----
    Changes in stocks are counted with the sales; a cell they make negative is set to zero.
    """
    years: list[int] = []
    flows, gdps = [], []
    regions: tuple[str, ...] = ()
    for economy in economies:
        if years and economy.year != years[-1] + 1:
            raise InputError("contest.hindcast_gap", got=economy.year, before=years[-1])
        years.append(economy.year)
        regions = economy.regions
        those = [economy.sector_number(s) for s in sectors]
        flows.append(_sales(economy)[:, those])
        gdps.append(economy.gdp)
        columns = [economy.region_number(m) for m in markets]
    if not years:
        raise InputError("contest.hindcast_years", got=0, want=4)
    f, gdp = np.stack(flows), np.stack(gdps)
    return _assemble(f, gdp, years, regions, sectors, of, markets, columns)


def _sales(economy: Economy) -> Floats:
    """(R, S, R) sales of each sector by buying region, intermediate and final."""
    shape = (economy.n_regions, economy.n_sectors, economy.n_regions)
    between = economy.Z.reshape(*shape, economy.n_sectors).sum(axis=3)
    return np.maximum(between + economy.final_by_region.reshape(shape), 0.0)


def _assemble(
    f: Floats,
    gdp: Floats,
    years: Sequence[int],
    regions: tuple[str, ...],
    sectors: Sequence[str],
    of: str,
    markets: Sequence[str],
    columns: Sequence[int],
) -> Panel:
    every = np.arange(len(regions))
    at_home = f[:, every, :, every].transpose(1, 0, 2)  # numpy puts the indexed axis first
    output = f.sum(axis=3)
    use = f.sum(axis=1).transpose(0, 2, 1)
    home = use / np.maximum(use.sum(axis=1, keepdims=True), FLOOR)
    home_part = at_home / np.maximum(output, FLOOR)
    groups = tuple(sectors)
    sector_of = tuple(sectors)
    if of == "output":
        sales = output
    elif not columns:
        sales = output - at_home
    else:
        abroad = f[:, :, :, columns].copy()
        for k, m in enumerate(columns):
            abroad[:, m, :, k] = 0.0
        sales = abroad.reshape(*abroad.shape[:2], -1)
        groups = tuple(f"{s}>{m}" for s in sectors for m in markets)
        sector_of = tuple(s for s in sectors for _ in markets)
        home, home_part = (np.repeat(a, len(columns), axis=2) for a in (home, home_part))
    total = sales.sum(axis=1)
    share = sales / np.maximum(total, FLOOR)[:, None, :]
    gdp_share = gdp / gdp.sum(axis=1, keepdims=True)
    return Panel(tuple(years), regions, groups, sector_of, share, total, home, home_part, gdp_share)


@dataclass(frozen=True)
class Outlook:
    """What moves outside the shares: observed up to the start, then as expected at the start.

    Growth known at the start dies out by ``damping`` a year; nothing later is used.

    Attributes
    ----------
    world
        (T + H, G) world sales over the first year's.
    home
        (T + H, R, G) home market's part of the world market.
    home_growth, home_part
        (T + H, R, G) trailing yearly log growth of that part; part of output sold at home.
    gdp_growth
        (T + H, R) trailing yearly log growth of the region's part of world GDP.
    """

    world: Floats
    home: Floats
    home_growth: Floats
    home_part: Floats
    gdp_growth: Floats
    damping: float


def extend(past: Panel, train: Bools, horizon: int) -> Outlook:
    """Extend what is known at the end of ``past`` by ``horizon`` years.

    Parameters
    ----------
    past
        ``panel.until(start)``.
    train
        (R, G) cells whose history may be used to estimate the damping of growth.

    Notes
    -----
    The damping φ is the pooled regression of the home market's relative growth on its trailing
    growth the year before, held in [0, 1]. World sales grow at their mean rate up to the start.
    """
    log_home = np.log(np.maximum(past.home, FLOOR))
    home_growth = _trailing(log_home)
    gdp_growth = _trailing(np.log(np.maximum(past.gdp, FLOOR)))
    known, next_ = home_growth[1:-1][:, train], np.diff(log_home, axis=0)[1:][:, train]
    damping = float(np.clip((known * next_).sum() / max((known**2).sum(), FLOOR), 0.0, 1.0))
    fade = damping ** np.arange(1, horizon + 1)
    path = log_home[-1] + home_growth[-1] * np.cumsum(fade)[:, None, None]
    world = past.total / past.total[0]
    rate = (world[-1]) ** (1.0 / (len(past.years) - 1))
    ahead = world[-1] * rate ** np.arange(1, horizon + 1)[:, None]
    part = np.broadcast_to(past.home_part[-1], (horizon, *past.home_part.shape[1:]))
    return Outlook(
        world=np.concatenate([world, ahead]),
        home=np.exp(np.concatenate([log_home, path])),
        home_growth=np.concatenate([home_growth, fade[:, None, None] * home_growth[-1]]),
        home_part=np.concatenate([past.home_part, part]),
        gdp_growth=np.concatenate([gdp_growth, fade[:, None] * gdp_growth[-1]]),
        damping=damping,
    )


def _trailing(log_level: Floats) -> Floats:
    """Mean yearly growth over the last years there are, at most ``TRAILING``."""
    growth = np.zeros_like(log_level)
    for i in range(1, len(log_level)):
        back = min(i, TRAILING)
        growth[i] = (log_level[i] - log_level[i - back]) / back
    return growth
