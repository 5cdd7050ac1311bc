"""Value chains: who earns in a final product, whose value added leaves, how deep in chains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.content import origin_of_value_added, value_added_shares
from kachisuji.structure.exports import _exporter, domestic_solutions, grouped, output_by_user
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_POSTS = ("exports", "output", "final_demand")


@checked
def gvc_income(
    economy: Economy, final_region: str | None = None, final_sector: str | None = None
) -> pd.Series[float]:
    """Return the value added of every (region, sector) in a final product.

    ``g = v (I - A)^-1 f`` with ``f`` all final demand, wherever it is bought, for the output of
    ``final_sector`` in ``final_region``: the last stage stands there (Timmer, Erumban, Los,
    Stehrer and de Vries 2014, section 2). Adds up to the final output.

    Parameters
    ----------
    final_region, final_sector
        None takes all regions, or all sectors.
    """
    keep = np.ones((economy.n_regions, economy.n_sectors), dtype=bool)
    if final_region is not None:
        keep &= (np.arange(economy.n_regions) == economy.region_number(final_region))[:, None]
    if final_sector is not None:
        keep &= np.arange(economy.n_sectors) == economy.sector_number(final_sector)
    final = np.where(keep.ravel(), economy.final_by_region.sum(axis=1), 0.0)
    made = leontief(economy).solve(final)
    return economy.series(value_added_shares(economy) * made, "gvc_income")


@checked
def gvc_income_by_product(economy: Economy) -> pd.DataFrame:
    """Return the value added of each region in the final products of each (region, sector).

    The whole table of :func:`gvc_income` with sources added up by region: ``M f`` row by row, see
    :func:`origin_of_value_added`. Rows are final products, columns the regions that earn.
    """
    final = economy.final_by_region.sum(axis=1)
    return economy.frame(origin_of_value_added(economy) * final[:, None], list(economy.regions))


@checked
def value_added_in(economy: Economy, post: str = "exports") -> pd.DataFrame:
    """Return ``V (I - A)^-1 P``: the value added of each (region, sector) in each ``P``.

    ``P`` is the diagonal of gross exports or of output (columns: who exports or makes), or final
    demand by buying region (columns: who uses). The first two are (n, n) tables: for large ones
    ask :func:`gvc_income`, :func:`value_added_content` or :func:`decompose_exports` instead.
    Compare the Leontief decomposition of Quast and Kummritz (2015), decompr.
    """
    if post not in _POSTS:
        raise InputError("structure.choice", what="post", got=post, known=", ".join(_POSTS))
    if post == "final_demand":
        values = value_added_shares(economy)[:, None] * output_by_user(economy)
        return economy.frame(values, list(economy.regions))
    amounts = economy.exports.sum(axis=1) if post == "exports" else economy.x
    values = leontief(economy).solve(np.diag(amounts))
    values *= value_added_shares(economy)[:, None]
    return economy.frame(values, economy.index)


@checked
def value_added_exports(economy: Economy) -> pd.DataFrame:
    """Return VAX: value added of each (region, sector) that ends in each other region's final use.

    ``VAX_(s i) l = v_si sum_k B_(s i) k Y_kl``, ``l`` not ``s`` (Johnson and Noguera 2012,
    equation 6). Columns are the regions of use; a region's own column is zero.
    """
    values = value_added_shares(economy)[:, None] * output_by_user(economy)
    rows = np.arange(economy.n)
    values[rows, rows // economy.n_sectors] = 0.0
    return economy.frame(values, list(economy.regions))


@checked
def vertical_specialisation(economy: Economy) -> pd.DataFrame:
    """Return VS and VS1 of Hummels, Ishii and Yi by exporting (region, sector).

    ``VS = (1 - v_r (I - A_rr)^-1) E_r``: imports (and what is in them) used to make exports, as
    those authors count it with one country's table (2001, equation 3). ``VS1 = v_s B_sr E_r*`` over
    all other exporters ``r``: own value added in the exports of others (their equation 2 as worked
    out by Koopman, Wang and Wei 2014), shown by the sector where the value was added.

    Returns
    -------
    DataFrame
        ``exports``, ``VS``, ``VS1``.
    """
    R, S = economy.n_regions, economy.n_sectors
    exports = economy.exports.sum(axis=1)
    domestic = np.empty(economy.n)
    abroad = np.zeros((economy.n, R))  # exports of each region, as final demand on the world
    rows = np.arange(economy.n)
    abroad[rows, rows // S] = exports
    for region in economy.regions:
        mine = economy.rows(region)
        own = np.eye(S) - per_unit(economy.Z[mine, mine], economy.x[mine])
        domestic[mine] = np.linalg.solve(own.T, value_added_shares(economy)[mine])
    vs1 = _in_exports_of_others(economy, abroad, rows // S)
    parts = np.column_stack([exports, (1.0 - domestic) * exports, vs1])
    return economy.frame(parts, ["exports", "VS", "VS1"])


def _in_exports_of_others(economy: Economy, sent: Floats, country: NDArray[np.int64]) -> Floats:
    """(n,) own value added in the exports of others, ``v_s B_sr E_r*`` over all ``r`` but s.

    ``sent`` (n, K) holds each country's exports as final demand on the world, ``country`` (n,) the
    number of each row's own.
    """
    made = value_added_shares(economy)[:, None] * leontief(economy).solve(sent)
    made[np.arange(economy.n), country] = 0.0
    return np.asarray(made.sum(axis=1))


@checked
def participation(economy: Economy, *, countries: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return how much of each country's exports moves in value chains, backward and forward.

    Borin and Mancini (2019, section 5): exports that cross one border only are
    ``DAVAX = v_s (I - A_ss)^-1 (Y_sr + A_sr (I - A_rr)^-1 Y_rr)``, the rest is chain trade. Of it
    ``backward = DDC + FC`` (made with what came over a border) and ``forward = DVA - DAVAX`` (value
    of the exporter's own that the importer sends on). Beside them the older measures of Koopman,
    Powers, Wang and Wei (2010): ``VS = FC`` and ``VS1``, value added in the exports of others.

    Parameters
    ----------
    countries
        Region to country, where a country is split (see :func:`decompose_exports`).

    Returns
    -------
    DataFrame
        By region or country: ``exports``, ``DAVAX``, ``backward``, ``forward`` in the table's unit;
        ``backward_share``, ``forward_share``, ``gvc_share``, ``FC_share`` and ``VS1_share``, each
        of exports.
    """
    import pandas as pd

    among = grouped(economy, countries)
    made = domestic_solutions(economy, among)[:, 0]
    rows = []
    country = np.repeat(among.of, economy.n_sectors)
    sent = np.zeros((economy.n, len(among.names)))  # exports of each, as final demand on the world
    for k, name in enumerate(among.names):
        sold = _exporter(economy, (name,), among)
        v = value_added_shares(economy)[sold.own]
        A = sold.A.reshape(len(v), -1)[:, sold.own]
        own = np.linalg.solve((np.eye(len(v)) - A).T, v)
        E = sold.E.sum(axis=1)
        sent[sold.own, k] = E
        direct = sold.Y_exports + sold.passed_on(made)
        davax = own @ direct[:, sold.away].sum(axis=1)
        dva, total = own @ E, E.sum()
        foreign = (1.0 - sold.domestic) @ E
        rows.append((total, davax, total - dva, dva - davax, foreign))
    vs1 = np.bincount(country, _in_exports_of_others(economy, sent, country), len(rows))
    values = np.column_stack([rows, vs1])
    shares = values[:, [2, 3, 4, 5]] / np.where(values[:, :1] == 0.0, np.nan, values[:, :1])
    frame = pd.DataFrame(values[:, :4], index=pd.Index(among.names, name="region"))
    frame.columns = pd.Index(["exports", "DAVAX", "backward", "forward"])
    frame["backward_share"], frame["forward_share"] = shares[:, 0], shares[:, 1]
    frame["gvc_share"] = shares[:, 0] + shares[:, 1]
    frame["FC_share"], frame["VS1_share"] = shares[:, 2], shares[:, 3]
    return frame
