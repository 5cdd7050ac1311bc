"""Gross exports taken apart: Borin-Mancini (source, sink), Wang-Wei-Zhu, Koopman-Wang-Wei.

Every method answers from one factorisation of ``I - A``: the inverse without the perimeter's own
exports follows by the Woodbury formula from the exporter's columns of the inverse alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.structure.content import origin_of_value_added, value_added_shares
from kachisuji.structure.leontief import leontief
from kachisuji.words import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

METHODS = ("bm-source", "bm-sink", "wwz", "kww")
PERIMETERS = ("exporter", "bilateral", "sectoral", "sectoral-bilateral", "world")

BM_TERMS = ("VAX", "REF", "DDC", "FVA", "FDC")
KWW_TERMS = tuple(f"T{k}" for k in range(1, 10))
WWZ_TERMS = (
    "DVA_FIN",
    "DVA_INT",
    "DVA_INTrexI1",
    "DVA_INTrexF",
    "DVA_INTrexI2",
    "RDV_FIN",
    "RDV_FIN2",
    "RDV_INT",
    "DDC_FIN",
    "DDC_INT",
    "MVA_FIN",
    "MVA_INT",
    "MDC",
    "OVA_FIN",
    "OVA_INT",
    "ODC",
)


@checked
def decompose_exports(
    economy: Economy,
    exporter: str | Sequence[str],
    importer: str | None = None,
    sector: str | None = None,
    method: str = "bm-source",
    *,
    perimeter: str = "exporter",
    countries: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    r"""Return the value-added terms of gross exports.

    With ``B = (I - A)^-1``, ``L_rr = (I - A_rr)^-1``, ``E_sr`` exports of s to r, ``Y`` final
    demand, and ``B/`` the inverse with the perimeter's intermediate exports taken out of ``A``:

    * ``bm-source`` (Borin and Mancini 2019, source-based): value counts the first time it leaves.
      ``DVA = v_s B/_ss E``, ``DDC = v_s (B - B/)_ss E``, ``FVA = sum_t v_t B/_ts E``,
      ``FDC = sum_t v_t (B - B/)_ts E``.
    * ``bm-sink`` (the same, sink-based): it counts the last time it leaves. With
      ``D = A_sr (B/ E_perimeter)_r``, the part of E that comes to leave again:
      ``DVA = v_s B_ss (E - D)``, ``DDC = v_s B_ss D``, and so for the foreign part.
    * ``wwz`` (Wang, Wei and Zhu 2013, equation 22): sixteen terms by importer and sector, in the
      paper's order. Of own value that comes home, ``RDV_FIN`` does so in the importer's final
      goods, ``RDV_FIN2`` in those of third countries, ``RDV_INT`` in inputs finished at home.
    * ``kww`` (Koopman, Wang and Wei 2014, equation 36): nine terms ``T1`` … ``T9`` of a country's
      total exports.

    Parameters
    ----------
    exporter
        A region, or several taken as one (an economy split by kind of firm, a union).
    importer, sector
        Keep one importing region, one exporting sector; None keeps all, row by row.
    perimeter
        For the Borin-Mancini methods: whose border is meant when something is called counted
        twice. ``exporter`` (all exports of s), ``bilateral`` (E_sr), ``sectoral`` (of s's sector),
        ``sectoral-bilateral``, or ``world``, where a value counts once in all exports of the world:
        the first crossing is the one out of its origin (so by source all foreign value is double
        counted), the last is the one into the country that finishes and uses it. It has no meaning
        for the other methods.
    countries
        Region to country, where the table splits a country by kind of firm (``{"CN1": "CHN", "CN2":
        "CHN"}``): what its parts sell to each other is no trade, and exporter and importer are
        named by country. Regions left out are countries of their own.

    Returns
    -------
    DataFrame
        Rows (importing region or country, exporting sector); for ``kww`` the one row (TOTAL,
        TOTAL). Columns ``EXGR`` (gross exports) and the terms, in the table's unit. For
        Borin-Mancini also the sums ``DC = DVA + DDC``, ``DVA = VAX + REF`` and ``FC = FVA + FDC``.
        The terms that add up to ``EXGR`` are listed in ``result.attrs["terms"]``.
    """
    _choose("method", method, METHODS)
    _choose("perimeter", perimeter, PERIMETERS)
    sold = _exporter(economy, _named(exporter), grouped(economy, countries))
    if method == "kww":
        if importer is not None or sector is not None:
            raise InputError("structure.kww_total")
        return _frame(sold, _kww(sold), KWW_TERMS, None, None)
    if method == "wwz":
        return _frame(sold, _wwz(sold), WWZ_TERMS, importer, sector)
    return _frame(sold, _borin_mancini(sold, method, perimeter), BM_TERMS, importer, sector)


def _named(exporter: str | Sequence[str]) -> tuple[str, ...]:
    """Return the exporter's regions, each once."""
    if isinstance(exporter, str):
        return (exporter,)
    return tuple(dict.fromkeys(exporter)) or ("",)


def _choose(what: str, got: str, known: Sequence[str]) -> None:
    if got not in known:
        raise InputError("structure.choice", what=what, got=got, known=", ".join(known))


@dataclass(frozen=True)
class Countries:
    """The K countries of a table's R regions: as a rule each is one of its own."""

    names: tuple[str, ...]
    of: NDArray[np.intp]  # (R,) number of each region's country

    def add(self, values: Floats) -> Floats:
        """(…, K) sums over the regions (…, R) of each country."""
        if len(self.names) == len(self.of):
            return values
        result = np.zeros((*values.shape[:-1], len(self.names)))
        for region, country in enumerate(self.of):
            result[..., country] += values[..., region]
        return result


def grouped(economy: Economy, countries: Mapping[str, str] | None) -> Countries:
    """Return the countries of a table; regions that the mapping leaves out stand for themselves."""
    mapping = dict(countries or {})
    for region in mapping:
        economy.region_number(region)
    names = [mapping.get(region, region) for region in economy.regions]
    order = tuple(dict.fromkeys(names))
    return Countries(order, np.array([order.index(name) for name in names]))


@dataclass
class _Exporter:
    """What all methods need of one exporter (a country or several taken as one)."""

    economy: Economy
    countries: Countries
    at_home: NDArray[np.intp]  # numbers of its countries
    home: NDArray[np.intp]  # numbers of its regions
    own: NDArray[np.intp]  # its m rows

    @cached_property
    def abroad(self) -> NDArray[np.intp]:
        """Numbers of the importing countries."""
        return np.setdiff1d(np.arange(len(self.countries.names)), self.at_home)

    @cached_property
    def away(self) -> NDArray[np.intp]:
        """Numbers of the importing regions."""
        return np.setdiff1d(np.arange(self.economy.n_regions), self.home)

    @cached_property
    def A(self) -> Floats:
        """(m, R, S) own input coefficients in every user."""
        rows = per_unit(self.economy.Z[self.own], self.economy.x)
        return rows.reshape(len(self.own), self.economy.n_regions, self.economy.n_sectors)

    @cached_property
    def A_exports(self) -> Floats:
        """(m, n) the same, at home taken out."""
        rows = self.A.copy()
        rows[:, self.home] = 0.0
        return rows.reshape(len(self.own), -1)

    @cached_property
    def Y_exports(self) -> Floats:
        """(m, R) sales to final users abroad."""
        final = self.economy.final_by_region[self.own].copy()
        final[:, self.home] = 0.0
        return final

    @cached_property
    def E(self) -> Floats:
        """(m, R) gross exports."""
        x = self.economy.x
        inputs = (self.A_exports * x).reshape(len(self.own), self.economy.n_regions, -1).sum(axis=2)
        return self.Y_exports + inputs

    @cached_property
    def B(self) -> Floats:
        """(n, m) the exporter's columns of the inverse."""
        units = np.zeros((self.economy.n, len(self.own)))
        units[self.own, np.arange(len(self.own))] = 1.0
        return leontief(self.economy).solve(units)

    @cached_property
    def domestic(self) -> Floats:
        """(m,) ``v_s B_ss``: own value added in a unit of own final output."""
        return origin_of_value_added(self.economy)[self.own][:, self.home].sum(axis=1)

    def by_country(self, values: Floats) -> Floats:
        """(m, R) for every region the sum over the regions (m, R) of its country."""
        return self.countries.add(values)[:, self.countries.of]

    def passed_on(self, values: Floats) -> Floats:
        """(m, R) ``A_sr q_r`` for output ``q`` (n,)."""
        return np.einsum("irj,rj->ir", self.A, values.reshape(self.economy.n_regions, -1))


def _exporter(economy: Economy, names: tuple[str, ...], countries: Countries) -> _Exporter:
    at_home = np.array([_country_number(economy, countries, name) for name in names])
    home = np.flatnonzero(np.isin(countries.of, at_home))
    own = (home[:, None] * economy.n_sectors + np.arange(economy.n_sectors)).ravel()
    if len(home) == economy.n_regions:
        raise InputError("structure.no_exports", region=", ".join(names))
    return _Exporter(economy, countries, at_home, home, own)


def _country_number(economy: Economy, countries: Countries, name: str) -> int:
    if name in countries.names:
        return countries.names.index(name)
    raise InputError(
        "accounts.unknown_label",
        file=economy.source,
        what="region",
        label=name,
        known=nearest(str(name), countries.names),
    )


def output_by_user(economy: Economy) -> Floats:
    """(n, R) ``(I - A)^-1 Y_l``: output that ends in the final demand of each region."""
    known = economy.__dict__.get("_output_by_user")
    if known is None:
        known = leontief(economy).solve(economy.final_by_region)
        known.flags.writeable = False
        economy.__dict__["_output_by_user"] = known
    return np.asarray(known)


# ---- Borin and Mancini ----------------------------------------------------------------------


def _borin_mancini(sold: _Exporter, method: str, perimeter: str) -> dict[str, Floats]:
    """(m, R) arrays by term."""
    E, dc = sold.E, sold.domestic[:, None]
    back = output_by_user(sold.economy)[:, sold.home].sum(axis=1)  # what ends at home
    if perimeter == "world":
        return _world(sold, method, back)
    # share of B's columns that is left without the perimeter's exports, and what that leaves
    unit, q, q_back = _without(sold, perimeter, back)
    if method == "bm-source":
        DVA, FVA = unit[0] * E, unit[1] * E
        REF = unit[0] * sold.passed_on(back)
    else:
        once = E - q
        DVA, FVA = dc * once, (1.0 - dc) * once
        REF = dc * (sold.passed_on(back) - q_back)
    return _bm_terms(E, dc, DVA, REF, FVA)


def _bm_terms(E: Floats, dc: Floats, DVA: Floats, REF: Floats, FVA: Floats) -> dict[str, Floats]:
    DC, FC = dc * E, (1.0 - dc) * E
    REF = np.where(E == 0.0, 0.0, REF)
    return {
        "EXGR": E,
        "DC": DC,
        "DVA": DVA,
        "VAX": DVA - REF,
        "REF": REF,
        "DDC": DC - DVA,
        "FC": FC,
        "FVA": FVA,
        "FDC": FC - FVA,
    }


def _without(
    sold: _Exporter, perimeter: str, back: Floats
) -> tuple[tuple[Floats, Floats], Floats, Floats]:
    """Work out what the inverse without the perimeter's exports gives.

    Woodbury: ``B/ U = B U (I + K)^-1`` with ``U`` the exporter's unit columns and
    ``K = A_perimeter B U``.

    Returns
    -------
    unit
        Own and foreign value added in a unit of exports, (m, R) each: ``v B/``.
    q, q_back
        (m, R) the part of exports that comes to leave again, of all and of what ends at home.
    """
    m, own = len(sold.own), sold.domestic
    if perimeter == "exporter":
        left = np.linalg.inv(np.eye(m) + sold.A_exports @ sold.B)
        unit = np.vstack([own, 1.0 - own]) @ left
        parts = sold.B @ (left @ np.column_stack([sold.E.sum(1), sold.A_exports @ back]))
        q, q_back = (sold.passed_on(p) for p in parts.T)
        return (unit[0][:, None], unit[1][:, None]), q, q_back
    flows = sold.passed_on(back)
    if perimeter == "bilateral" or len(sold.home) > 1:
        return _border_by_border(sold, perimeter, flows)
    # a sector of one region is one row: the inverse of I + K is a division
    B = sold.B.reshape(sold.economy.n_regions, -1, m)
    again = np.einsum("irj,rji->ir", sold.A, B)  # A_(s i) r B_r (s i)
    again[:, sold.home] = 0.0
    if perimeter == "sectoral":
        left = 1.0 / (1.0 + again.sum(axis=1))[:, None]
        whole, whole_back = sold.E.sum(1, keepdims=True), flows[:, sold.away].sum(1, keepdims=True)
    else:
        left = 1.0 / (1.0 + sold.by_country(again))
        whole, whole_back = sold.by_country(sold.E), sold.by_country(flows)
    unit_own, unit_other = own[:, None] * left, (1.0 - own)[:, None] * left
    return (unit_own, unit_other), again * left * whole, again * left * whole_back


def _border_by_border(
    sold: _Exporter, perimeter: str, flows: Floats
) -> tuple[tuple[Floats, Floats], Floats, Floats]:
    """Answer :func:`_without` for one perimeter after the other: some rows, some importers."""
    m, R = sold.E.shape
    S = sold.economy.n_sectors
    B, own = sold.B.reshape(R, S, m), np.vstack([sold.domestic, 1.0 - sold.domestic])
    unit, q = np.zeros((2, m, R)), np.zeros((2, m, R))
    sectors = [np.arange(sector, m, S) for sector in range(S)]
    makers = [np.arange(m)] if perimeter == "bilateral" else sectors
    of = sold.countries.of
    buyers = (
        [sold.away] if perimeter == "sectoral" else [np.flatnonzero(of == k) for k in sold.abroad]
    )
    for rows, there in product(makers, buyers):
        place = np.ix_(rows, there)
        back = B[there][:, :, rows]
        passed = sold.A[place].reshape(len(rows), -1) @ back.reshape(-1, len(rows))
        left = np.linalg.inv(np.eye(len(rows)) + passed)
        whole = left @ np.column_stack([sold.E[place].sum(1), flows[place].sum(1)])
        for r, made in zip(there, back, strict=True):
            unit[:, rows, r] = own[:, rows] @ left
            q[:, rows, r] = (sold.A[rows, r] @ (made @ whole)).T
    return (unit[0], unit[1]), q[0], q[1]


def _world(sold: _Exporter, method: str, back: Floats) -> dict[str, Floats]:
    """Count every value once in all exports of the world."""
    E, dc = sold.E, sold.domestic[:, None]
    if method == "bm-source":
        unit, _, _ = _without(sold, "exporter", back)
        REF = unit[0] * sold.passed_on(back)
        return _bm_terms(E, dc, unit[0] * E, REF, np.zeros_like(E))
    made = domestic_solutions(sold.economy, sold.countries)[:, 0]
    finished = sold.Y_exports + sold.passed_on(made)
    finished[:, sold.home] = 0.0
    return _bm_terms(E, dc, dc * finished, np.zeros_like(E), (1.0 - dc) * finished)


def domestic_solutions(economy: Economy, countries: Countries) -> Floats:
    """(n, 2) ``L_rr Y_rr`` and ``L_rr E_r*`` of every country; together they are x.

    The first is output that it makes for itself without a border in between.
    """
    result = np.empty((economy.n, 2))
    final, exports = countries.add(economy.final_by_region), economy.exports
    country = np.repeat(countries.of, economy.n_sectors)
    for k in range(len(countries.names)):
        mine = np.flatnonzero(country == k)
        own = np.eye(len(mine)) - per_unit(economy.Z[np.ix_(mine, mine)], economy.x[mine])
        sold = exports[mine][:, countries.of != k].sum(axis=1)
        result[mine] = np.linalg.solve(own, np.column_stack([final[mine, k], sold]))
    return result


# ---- Wang, Wei and Zhu ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Flows:
    """Parts of output by how it ends, for all countries: the stuff of the sixteen terms."""

    own_final: Floats  # (n, K) B_rr Y_rl by user l
    at_maker: Floats  # (n, K) B_rt Y_tt by finishing country t
    by_maker: Floats  # (n, K) B_rt Y_t by finishing country t, wherever used
    domestic: Floats  # (n, 2) L_rr Y_rr, L_rr E_r


def _flows(economy: Economy, countries: Countries) -> _Flows:
    grouping = countries.of.tobytes()
    kept, known = economy.__dict__.get("_wwz_flows", (None, None))
    if kept == grouping:
        flows: _Flows = known
        return flows
    K, n = len(countries.names), economy.n
    final = countries.add(economy.final_by_region)
    rows, country = np.arange(n), np.repeat(countries.of, economy.n_sectors)
    at_home, whole, own = np.zeros((n, K)), np.zeros((n, K)), np.empty((n, K))
    at_home[rows, country] = final[rows, country]
    whole[rows, country] = final.sum(axis=1)
    system = leontief(economy)
    both = system.solve(np.hstack([at_home, whole]))
    for k in range(K):
        mine = np.flatnonzero(country == k)
        units = np.zeros((n, len(mine)))
        units[mine, np.arange(len(mine))] = 1.0
        own[mine] = system.solve(units)[mine] @ final[mine]
    flows = _Flows(own, both[:, :K], both[:, K:], domestic_solutions(economy, countries))
    economy.__dict__["_wwz_flows"] = (grouping, flows)
    return flows


def _wwz(sold: _Exporter) -> dict[str, Floats]:
    """(m, R) arrays by term, numbered as in the paper's equation 22."""
    economy = sold.economy
    R, S = economy.n_regions, economy.n_sectors
    flows, home, away = _flows(economy, sold.countries), sold.at_home, sold.abroad
    reg, mine = np.arange(R), sold.countries.of
    users = flows.own_final.reshape(R, S, -1)  # B_rr Y_rl
    makers = flows.at_maker.reshape(R, S, -1)  # B_rt Y_tt
    wholes = flows.by_maker.reshape(R, S, -1)  # B_rt Y_t
    back = output_by_user(economy)[:, sold.home].sum(axis=1).reshape(R, S)  # sum_t B_rt Y_ts
    own_back = users[:, :, home].sum(axis=2)
    home_back = _home_use(sold).reshape(R, S)  # B_rs Y_ss
    own_here = users[reg, :, mine]
    own_others = users[:, :, away].sum(axis=2) - own_here
    other_made = makers[:, :, away].sum(axis=2) - makers[reg, :, mine]
    third_back = back - own_back - home_back
    third = wholes[:, :, away].sum(axis=2) - wholes[reg, :, mine]  # third parties' B_rt Y_t
    home_made = wholes[:, :, home].sum(axis=2)
    parts = np.stack(
        [
            own_here,
            other_made,
            own_others,
            third - other_made - third_back,
            own_back,
            third_back,
            home_back,
            home_made - home_back,
            economy.x.reshape(R, S),
            *flows.domestic.T.reshape(2, R, S),
        ],
        axis=2,
    )
    passed = np.einsum("irj,rjk->kir", sold.A, parts)
    passed[:, :, sold.home] = 0.0
    b, m = sold.domestic[:, None], sold.by_country(origin_of_value_added(economy)[sold.own])
    m[:, sold.home] = 0.0
    o = 1.0 - b - m
    L = np.linalg.solve(
        (np.eye(len(sold.own)) - _home_block(sold)).T, value_added_shares(economy)[sold.own]
    )[:, None]
    Y = sold.Y_exports
    terms = [b * Y, *(L * passed[:8]), (b - L) * passed[8]]
    terms += [m * Y, m * passed[9], m * passed[10], o * Y, o * passed[9], o * passed[10]]
    return {"EXGR": sold.E, **dict(zip(WWZ_TERMS, terms, strict=True))}


def _home_block(sold: _Exporter) -> Floats:
    """(m, m) ``A_ss``."""
    return sold.A.reshape(len(sold.own), -1)[:, sold.own]


def _home_use(sold: _Exporter) -> Floats:
    """(n,) ``B_rs Y_ss``: output everywhere for what the exporter finishes and uses itself."""
    final = sold.economy.final_by_region[sold.own][:, sold.home].sum(axis=1)
    return sold.B @ final


# ---- Koopman, Wang and Wei ------------------------------------------------------------------


def _kww(sold: _Exporter) -> dict[str, Floats]:
    """(1, 1) arrays by term of the paper's equation 36."""
    economy = sold.economy
    final = economy.final_by_region
    inside = np.zeros(economy.n, dtype=bool)
    inside[sold.own] = True
    v = np.where(inside, value_added_shares(economy), 0.0)
    row = leontief(economy).solve_transposed(v)  # v_s B_s.
    abroad = np.where(inside, 0.0, row)
    country = np.repeat(sold.countries.of, economy.n_sectors)
    at_maker = sold.countries.add(final)[np.arange(economy.n), country]
    at_home = final[:, sold.home].sum(axis=1)
    home_users = final[sold.own][:, sold.home].sum(axis=1)
    imports = per_unit(economy.Z[:, sold.own], economy.x[sold.own])
    imports[sold.own] = 0.0
    returned = (row @ imports) @ np.linalg.inv(np.eye(len(sold.own)) - _home_block(sold))
    foreign = 1.0 - sold.domestic
    made, sent = domestic_solutions(economy, sold.countries).T
    Y = sold.Y_exports.sum(axis=1)
    others = np.where(inside, 0.0, final.sum(axis=1) - at_maker - at_home)
    values = (
        sold.domestic @ Y,
        abroad @ at_maker,
        abroad @ others,
        abroad @ at_home,
        returned @ home_users,
        returned @ sold.E.sum(axis=1),
        foreign @ Y,
        foreign @ sold.passed_on(made)[:, sold.away].sum(axis=1),
        foreign @ sold.passed_on(sent)[:, sold.away].sum(axis=1),
    )
    terms = {name: np.array([[value]]) for name, value in zip(KWW_TERMS, values, strict=True)}
    return {"EXGR": np.array([[sold.E.sum()]]), **terms}


# ---- labels ---------------------------------------------------------------------------------


def _frame(
    sold: _Exporter,
    terms: dict[str, Floats],
    additive: Sequence[str],
    importer: str | None,
    sector: str | None,
) -> pd.DataFrame:
    import pandas as pd

    economy = sold.economy
    if terms["EXGR"].size == 1:  # of all importers and sectors together
        index = pd.MultiIndex.from_tuples([("TOTAL", "TOTAL")], names=("region", "sector"))
        frame = pd.DataFrame({k: t.ravel() for k, t in terms.items()}, index=index)
    else:
        members, countries = len(sold.home), sold.countries
        columns = {
            name: countries.add(t.reshape(members, economy.n_sectors, -1).sum(axis=0)).T.ravel()
            for name, t in terms.items()
        }
        whole = economy.index
        if countries.names != economy.regions:
            levels = (countries.names, economy.sectors)
            whole = pd.MultiIndex.from_product(levels, names=("region", "sector"))
        frame = pd.DataFrame(columns, index=whole)
        place, made = np.divmod(np.arange(len(frame)), economy.n_sectors)
        keep = ~np.isin(place, sold.at_home)
        if importer is not None:
            number = _country_number(economy, countries, importer)
            if number in sold.at_home:
                raise InputError("structure.own_importer", region=importer)
            keep &= place == number
        if sector is not None:
            keep &= made == economy.sector_number(sector)
        frame = frame[keep]
    frame.attrs["terms"] = tuple(additive)
    return frame
