"""The futures of a case: points of a design, with the rank correlations that the case states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.contest import Quantity

F8 = NDArray[np.float64]

DESIGNS = ("sobol", "lhs", "halton")


def draw(design: str, futures: int, case: Case, quantities: Sequence[Quantity], seed: int) -> F8:
    """(F, Q) draws of the quantities of a case, by the design that a run was told to use.

    Raises
    ------
    InputError
        If the design is unknown or refuses the size, or the case correlates what is no quantity.
    """
    from kachisuji import ensembles
    from kachisuji.contest import correlated

    makers = (ensembles.sobol, ensembles.latin_hypercube, ensembles.halton)
    make = dict(zip(DESIGNS, makers, strict=True)).get(design)
    if make is None:
        raise InputError("desk.bad_option", option="--design", got=design, want=" / ".join(DESIGNS))
    return correlated(make(futures, len(quantities), seed), case, quantities)
