"""Exposure that nodes answered: origins of home's use for the futures, and what they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.constellation import Answer
    from kachisuji.constellation.evidence import Figure
    from kachisuji.contest.build import Supply

F8 = NDArray[np.float64]
DRAWS = 1024
"""Futures in which exposure is worked before and after; the same numbers each time."""

_MEASURED = ("origins", "stock", "spare")
_EDGES = (10.0, 50.0, 90.0)


def figures(
    competitors: Sequence[str], answer: Answer, clear: float
) -> dict[str, dict[str, Figure]]:
    """Product -> quantity (``share:REGION`` for shares) -> figure, for what is clear of noise."""
    from kachisuji.constellation import evidence

    whole = answer.table.groupby("product")["value"].sum()
    noise = float(answer.table["value_sd"].iloc[0]) * len(competitors) ** 0.5
    out: dict[str, dict[str, Figure]] = {}
    for figure in evidence.exposure_figures(answer):
        product = figure.key[0]
        if float(whole[product]) > clear * noise:
            name = ":".join((figure.quantity, *figure.key[1:]))
            out.setdefault(product, {})[name] = figure
    return out


def origins(shares: Mapping[str, Figure]) -> list[tuple[str, float, float, float]]:
    """Region, low, mode and high of its part in home's use of one product.

    Modes are put onto the simplex (clipping at zero made them add up to more than one); the range
    is that of the noise, and is drawn in every future.

    Parameters
    ----------
    shares
        Region -> figure of its share, for every region that sells.
    """
    from kachisuji.constellation.evidence import Z
    from kachisuji.constellation.recipes import onto_simplex

    given = np.array([f.mode for f in shares.values()])
    modes = np.round(onto_simplex(given, np.ones(given.size, dtype=np.bool_)), 6)
    modes[np.argmax(modes)] += 1.0 - modes.sum()
    out = []
    for region, mode, figure in zip(shares, modes.tolist(), shares.values(), strict=True):
        half = Z * figure.noise
        out.append((region, max(0.0, mode - half), mode, min(1.0, mode + half)))
    return out


def compared(before: Case, after: Case, products: Sequence[str]) -> dict[str, Any] | None:
    """Compare what home loses where a holder withholds for a year, before and after the answers.

    The operator of indispensability and exposure with the draws of each case: ``d`` from world
    shares and cover before, from the answers after; ``z = max(0, d − stock/12 − spare)``; the loss
    is ``z`` times the table's slope. ``yearly`` is ``Σ_h withhold_h·L_h`` over all holders.

    Returns
    -------
    dict or None
        ``rows``, one a product for its greatest foreign holder, and ``yearly`` over all products;
        None without products. Triples are the 10th, 50th and 90th percentile.
    """
    from kachisuji.contest.build import contest_economy, supply

    if not products:
        return None
    sellers, home = list(after.competitors), after.settings.home
    known = supply(after, contest_economy(after, after.economy), sellers)
    place = [item.name for item in known.items]
    old, new, quiet = (_Worked(c, known, q) for c, q in ((before, 0), (after, 0), (after, 1)))
    rows, yearly = [], np.zeros((3, DRAWS))
    for product in products:
        j = place.index(product)
        foreign = [r for r in range(len(sellers)) if sellers[r] != home]
        h = max(foreign, key=lambda r: float(np.median(new.uses(j)[:, r])))
        slope = float(known.loss[j, sellers.index(home)])
        rows.append({
            "product": product, "holder": sellers[h],
            "share_before": _spread(old.uses(j)[:, h]), "share": _spread(new.uses(j)[:, h]),
            "shortage_before": _spread(old.short(j)[:, h]), "shortage": _spread(new.short(j)[:, h]),
            "loss_before": _spread(slope * old.short(j)[:, h]),
            "loss": _spread(slope * new.short(j)[:, h]),
            "noise": _part(slope * new.short(j)[:, h], slope * quiet.short(j)[:, h]),
        })  # fmt: skip
        for k, worked in enumerate((old, new, quiet)):
            yearly[k] += (worked.withhold * slope * worked.short(j))[:, foreign].sum(axis=1)
    return {"rows": rows, "yearly_before": _spread(yearly[0]), "yearly": _spread(yearly[1]),
            "yearly_noise": _part(yearly[1], yearly[2])}  # fmt: skip


def _spread(values: F8) -> list[float]:
    return [float(v) for v in np.percentile(values, _EDGES)]


def _part(values: F8, quiet: F8) -> float:
    """Part of the variance that is gone where what the nodes measured has no noise."""
    whole = float(values.var())
    return max(0.0, 1.0 - float(quiet.var()) / whole) if whole > 0 else 0.0


class _Worked:
    """Uses and shortages of a case; ``quiet`` holds what protected answers say at its middle."""

    def __init__(self, case: Case, known: Supply, quiet: int) -> None:
        from kachisuji.contest import correlated, quantities
        from kachisuji.contest.build import cross_symbols, product_arrays, regional_odds

        named = quantities.collect(case)
        apart = np.random.default_rng(0).uniform(size=(DRAWS, len(named)))
        cube = correlated(apart, case, named)
        for k, q in enumerate(named):
            told = all(case.evidence[e].grade == "protected" for e in q.evidence)
            if quiet and told and q.group in _MEASURED:
                cube[:, k] = 0.5
        draws = quantities.Draws(named, cube)
        self.home = list(case.competitors).index(case.settings.home)
        self.arrays = product_arrays(case, draws, cross_symbols(case, draws), known)
        self.withhold = regional_odds(case, draws, list(case.competitors))[1]

    def uses(self, j: int) -> F8:
        from kachisuji.contest.power import home_uses

        return home_uses(self.arrays, j, self.home)

    def short(self, j: int) -> F8:
        return np.asarray(np.maximum(0.0, self.uses(j) - self.arrays["cushion"][j][:, None]))
