"""Rank correlations that experts state: what they ask of a copula, and when they cannot be.

They are given pair by pair, and pairs that nobody speaks of are independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
