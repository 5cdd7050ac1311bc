"""What ties segments and partners together: links between segments, terms and border events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts import Economy
from kachisuji.cases import partner_symbols
from kachisuji.contest import symbols as sym
from kachisuji.contest.quantities import Draws
from kachisuji.contest.tables import figure, numbered, records
from kachisuji.contest.world import NEVER

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

KINDS = ("technology", "dual_use")
"""How a spill is counted; the kind ``capability`` counts as technology."""
_LEAST = 1e-6  # a spill below this part of the spending is left out


def _direct(case: Case, draws: Draws) -> F8:
    """(2, F, S, S) declared shares by kind, from row to column."""
    place = numbered(case)
    out = np.zeros((len(KINDS), draws.futures, len(place), len(place)))
    for row in records(case, "links") if "links" in case.tables else []:
        key = (row["from"], row["to"], row["kind"])
        kind = int(row["kind"] == "dual_use")
        out[kind, :, place[row["from"]], place[row["to"]]] += draws.value(
            "links", key, *figure(row)
        )
    return out


def spills(case: Case, draws: Draws) -> dict[str, Any]:
    """Links of every segment as rows of a sparse table, with what goes on through further links.

    What reaches a segment works there like spending and spills on: ``L_k (I − L)⁻¹`` for links of
    kind k and L all of them. What returns to where it came from is left out.

    Returns
    -------
    dict
        Fields of ``World``: ``spill_start``, ``spill_to``, ``spill_kind``, ``spill``, ``shared``,
        and ``response`` with zeros (see ``kernel.play_response``).
    """
    direct = _direct(case, draws)
    count, futures = direct.shape[2], draws.futures
    total = direct
    if direct.any():
        onward = np.linalg.inv(np.eye(count) - direct.sum(axis=0))
        total = direct @ onward
    start, to, kind, share = [0], [], [], []
    for s in range(count):
        for target in range(count):
            for k in range(len(KINDS)):
                values = total[k, :, s, target]
                if target != s and values.max(initial=0.0) > _LEAST:
                    to.append(target)
                    kind.append(k)
                    share.append(values)
        start.append(len(to))
    years = case.settings.last_year - case.settings.base_year + 1
    linked = count if to else 0
    return {
        "spill_start": np.array(start, dtype=np.int64),
        "spill_to": np.array(to, dtype=np.int64),
        "spill_kind": np.array(kind, dtype=np.int64),
        "spill": np.array(share).reshape(-1, futures),
        "shared": np.minimum(1.0, direct.sum(axis=(0, 3))).T.copy(),
        "response": np.zeros((linked, futures, 4, years)),
    }


def partner_terms(case: Case, draws: Draws, pair: I8, sellers: list[str]) -> tuple[F8, I8]:
    """Terms of every pair of segment and partner (B, F, N_TERMS), and when it ends (B, F).

    One draw a partner says how early a border event comes, so that one event ends its part in all
    segments whose odds are as high; where odds are zero it never comes. A pair that law or politics
    do not allow in a future is over before it begins.
    """
    place = numbered(case)
    count = max(1, int(pair.max(initial=-1)) + 1)
    deal = np.zeros((count, draws.futures, sym.N_TERMS))
    for j, s in enumerate(partner_symbols()):
        assert s.default is not None
        deal[:, :, j] = s.default[1]
    gone = np.full((count, draws.futures), NEVER, dtype=np.int64)
    names = [s.symbol for s in partner_symbols()]
    for row in records(case, "partner_terms") if "partner_terms" in case.tables else []:
        b = pair[place[row["segment"]], sellers.index(row["partner"])]
        if b >= 0:
            key = (row["segment"], row["partner"], row["symbol"])
            deal[b, :, names.index(row["symbol"])] = draws.value("partner_terms", key, *figure(row))
    for s, r in np.argwhere(pair >= 0):
        b, partner = pair[s, r], sellers[r]
        gone[b] = first_year_of(draws.column("border", (partner,)), deal[b, :, sym.BREAK_ODDS])
        allowed = draws.column("usable", (list(place)[s], partner)) < deal[b, :, sym.USABLE]
        gone[b] = np.where(allowed | (deal[b, :, sym.USABLE] >= 1.0), gone[b], 0)
    return deal, gone


def first_year_of(u: F8, odds: F8) -> I8:
    """Year (index) of an event with constant yearly odds, from a uniform draw; NEVER at zero.

    ``t = ⌈ln(1 − u)/ln(1 − p)⌉``: the geometric distribution by inversion.
    """
    safe = np.clip(odds, 1e-12, 1.0 - 1e-12)
    year = np.ceil(np.log1p(-np.clip(u, 0.0, 1.0 - 1e-12)) / np.log1p(-safe))
    return np.where(odds > 0.0, np.clip(year, 1, NEVER), NEVER).astype(np.int64)


def closures(case: Case, draws: Draws, buyers: list[str]) -> tuple[I8, F8]:
    """Year from which a market is closed to home (S, F, M), and the trade cost it then adds.

    It happens with and without the line. The market of a partner is the one of its name, else the
    one that holds its first table region.
    """
    place = numbered(case)
    shape = (len(place), draws.futures, len(buyers))
    closed, tax = np.full(shape, NEVER, dtype=np.int64), np.zeros(shape)
    terms: dict[tuple[str, str], dict[str, F8]] = {}
    for row in records(case, "partner_terms") if "partner_terms" in case.tables else []:
        if row["symbol"] in ("closure_odds", "closure_cost"):
            key = (row["segment"], row["partner"], row["symbol"])
            value = draws.value("partner_terms", key, *figure(row))
            terms.setdefault(key[:2], {})[row["symbol"]] = value
    nothing = np.zeros(draws.futures)
    for (segment, partner), given in terms.items():
        m = buyers.index(market_of(case, partner))
        odds = given.get("closure_odds", nothing)
        closed[place[segment], :, m] = first_year_of(draws.column("border", (partner,)), odds)
        tax[place[segment], :, m] = given.get("closure_cost", nothing)
    return closed, tax


def market_of(case: Case, partner: str) -> str:
    """Market region of a partner."""
    rows = {row["region"]: row for row in records(case, "regions")}
    if rows[partner]["market"]:
        return partner
    first = rows[partner]["table_regions"][0]
    return next(n for n, row in rows.items() if first in row["market_table_regions"])


def late_years(case: Case, draws: Draws, cross: F8) -> I8:
    """(S, F) years for which spending goes on after its planned end: odds again every year."""
    out = np.zeros((len(numbered(case)), draws.futures), dtype=np.int64)
    odds = cross[:, sym.PERSISTENCE]
    for segment, s in numbered(case).items():
        u = draws.column("late", (segment,))
        years = np.log(np.clip(u, 1e-12, 1.0)) / np.log(np.clip(odds, 1e-12, 1.0 - 1e-12))
        out[s] = np.where(odds > 0.0, np.floor(years), 0)
    return out


def forward_share(case: Case, economy: Economy) -> F8:
    """(S,) part of what home buys of the segment's table sector that firms use as an input."""
    home = case.settings.home
    own = economy.rows(home)
    by_firms = economy.Z[:, own].sum(axis=1)
    by_all = by_firms + economy.final_by_region[:, economy.regions.index(home)]
    shape = (economy.n_regions, economy.n_sectors)
    firms, every = by_firms.reshape(shape).sum(axis=0), by_all.reshape(shape).sum(axis=0)
    part = np.divide(firms, every, out=np.zeros_like(every), where=every > 0)
    sectors = list(economy.sectors)
    rows = records(case, "segments")
    return np.array([float(np.clip(part[sectors.index(r["table_sector"])], 0, 1)) for r in rows])


def gdp(economy: Economy, sellers: list[str], bridge: float) -> F8:
    """(R,) GDP of every competitor in money of the case (``bridge``: table units a money unit)."""
    total = economy.value_added.reshape(economy.n_regions, -1).sum(axis=1)
    place = {r: i for i, r in enumerate(economy.regions)}
    return np.array([float(total[place[r]]) / bridge for r in sellers])
