"""Rank correlations that experts state: draws that have them, and when they cannot be.

They are given pair by pair, and pairs that nobody speaks of are independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]
Pair = tuple[str, str]

LEAST = 1e-10
"""Smallest eigenvalue of a correlation matrix that a joint distribution is still drawn from."""
_HALVINGS = 40


def normal_correlations(ranks: F8) -> F8:
    """Return Pearson's correlations between normals that have these rank correlations.

    ``2·sin(π·ρ/6)``, ρ being Spearman's. Source: Kruskal (1958), *Ordinal measures of
    association*, JASA 53.
    """
    return np.asarray(2.0 * np.sin(np.pi * ranks / 6.0), dtype=np.float64)


def definite(ranks: F8) -> bool:
    """Whether a Gaussian copula has all of these rank correlations (D, D), ones on the diagonal."""
    return bool(np.linalg.eigvalsh(normal_correlations(ranks))[0] > LEAST)


def correlate(draws: F8, ranks: Mapping[tuple[int, int], float]) -> F8:
    """Give quantities the rank correlations that experts state, by a Gaussian copula.

    ``z = Φ⁻¹(u)``, ``z' = z·C'`` with ``C·C' = P``, ``u' = Φ(z')``; Spearman's ρ comes of Pearson's
    ``2·sin(π·ρ/6)`` between normals. Margins stay uniform; quantities that nobody speaks of keep
    their draws. Source: Kruskal (1958), *Ordinal measures of association*, JASA 53, for the sine.

    Parameters
    ----------
    draws
        (F, D) points of a design.
    ranks
        (i, j) -> Spearman's rank correlation between quantities i and j, −1 < ρ < 1.

    Returns
    -------
    ndarray
        (F, D).

    Raises
    ------
    InputError
        If a correlation is out of range, names no quantity, is given twice with two values, or no
        joint distribution has them all.
    """
    from scipy.special import ndtr, ndtri

    d = draws.shape[1]
    for (i, j), rho in ranks.items():
        twice = ranks.get((j, i), rho) != rho
        if twice or not (0 <= i < d and 0 <= j < d and i != j and -1.0 < rho < 1.0):
            raise InputError("beliefs.bad_correlation", one=i, other=j, rho=rho)
    some = sorted({k for pair in ranks for k in pair})
    if not some:
        return draws.copy()
    place = {k: n for n, k in enumerate(some)}  # of the few spoken of: all may be thousands
    stated = np.eye(len(some))
    for (i, j), rho in ranks.items():
        stated[place[i], place[j]] = stated[place[j], place[i]] = rho
    part = normal_correlations(stated)
    lowest = float(np.linalg.eigvalsh(part)[0])
    if lowest <= LEAST:
        raise InputError(
            "beliefs.not_definite", lowest=f"{lowest:.3g}", names=", ".join(map(str, some))
        )
    out = draws.copy()
    edge = np.finfo(np.float64).eps
    normal = ndtri(np.clip(draws[:, some], edge, 1.0 - edge)) @ np.linalg.cholesky(part).T
    out[:, some] = np.clip(ndtr(normal), 0.0, np.nextafter(1.0, 0.0))
    return out


@dataclass(frozen=True)
class Conflict:
    """Rank correlations that no Gaussian copula has together.

    ``pairs`` are those between the fewest quantities that already contradict one another;
    ``group`` all pairs that hang together with them; multiplied by ``scale``, the group is possible
    (the largest such number, rounded down to thousandths).
    """

    pairs: tuple[Pair, ...]
    group: tuple[Pair, ...]
    scale: float


def conflicts(ranks: Mapping[Pair, float]) -> list[Conflict]:
    """Return what cannot be, one for each group of quantities that hang together.

    Parameters
    ----------
    ranks
        Two different names -> Spearman's rank correlation, −1 < ρ < 1; each pair once.
    """
    out = []
    for names in _groups(ranks):
        within = tuple(p for p in ranks if p[0] in names)
        place = {name: k for k, name in enumerate(names)}
        matrix = np.eye(len(names))
        for one, other in within:
            i, j = place[one], place[other]
            matrix[i, j] = matrix[j, i] = ranks[one, other]
        if not definite(matrix):
            held = {names[k] for k in _fewest(matrix)}
            pairs = tuple(p for p in within if held.issuperset(p))
            out.append(Conflict(pairs, within, _scale(matrix)))
    return out


def _groups(ranks: Mapping[Pair, float]) -> list[list[str]]:
    """Quantities that hang together by stated pairs, in order of first mention."""
    group: dict[str, list[str]] = {}
    for one, other in ranks:
        mine, theirs = group.setdefault(one, [one]), group.setdefault(other, [other])
        if mine is not theirs:
            mine += theirs
            group |= dict.fromkeys(theirs, mine)
    return list({id(g): g for g in group.values()}.values())


def _fewest(matrix: F8) -> list[int]:
    """Places of quantities that contradict one another, none of whom can be left out."""
    kept = list(range(len(matrix)))
    for k in reversed(range(len(matrix))):
        rest = [j for j in kept if j != k]
        if not definite(matrix[np.ix_(rest, rest)]):
            kept = rest
    return kept


def _scale(matrix: F8) -> float:
    """Largest number by which all the correlations can be multiplied to become possible."""
    off = matrix - np.eye(len(matrix))
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if definite(np.eye(len(matrix)) + middle * off):
            low = middle
        else:
            high = middle
    short = math.floor(1000.0 * low) / 1000.0
    return short if short > 0.0 and definite(np.eye(len(matrix)) + short * off) else low
