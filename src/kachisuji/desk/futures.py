"""The futures of a case: points of a design, with the rank correlations that the case states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.contest import Quantity

F8 = NDArray[np.float64]


def draw(design: str, futures: int, case: Case, quantities: Sequence[Quantity], seed: int) -> F8:
    """(F, Q) draws of the quantities of a case, by the design that a run was told to use.

    Raises
    ------
    InputError
        If the design refuses the size, or the case correlates what is no quantity of it.
    """
    from kachisuji import ensembles

    make = ensembles.sobol if design == "sobol" else ensembles.latin_hypercube
    return together(make(futures, len(quantities), seed), case, quantities)


def together(draws: F8, case: Case, quantities: Sequence[Quantity]) -> F8:
    """Give draws the correlations of ``correlations.csv``; without it they stay the same bits."""
    from kachisuji import ensembles
    from kachisuji.contest import correlations

    ranks = correlations(case, quantities)
    return ensembles.correlate(draws, ranks) if ranks else draws
