"""Rank correlations that a case states between its uncertain quantities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kachisuji.beliefs import correlate
from kachisuji.cases.problems import nearest, raise_all
from kachisuji.contest.quantities import Quantity, collect
from kachisuji.contest.tables import records
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.cases import Case

F8 = NDArray[np.float64]

TABLE = "correlations"


def correlations(case: Case, quantities: Sequence[Quantity]) -> dict[tuple[int, int], float]:
    """Return the stated rank correlations: places of two quantities -> Spearman's ρ.

    ρ is between draws, and a figure with low, mode and high rises with its draw; where a draw
    decides whether or when an event comes, a high one means never or late. Empty where the case
    states none.

    Raises
    ------
    InputError
        If a row names what is no uncertain quantity of the case (several at once: ``CaseError``).
    """
    if TABLE not in case.tables:
        return {}
    place = {q.name: k for k, q in enumerate(quantities)}
    file = case.path / f"{TABLE}.csv"
    out: dict[tuple[int, int], float] = {}
    problems = []
    for row, r in zip(case.rows[TABLE], records(case, TABLE), strict=True):
        pair = str(r["quantity_a"]), str(r["quantity_b"])
        for column, name in zip(("quantity_a", "quantity_b"), pair, strict=True):
            if name not in place:
                problems.append(
                    InputError(
                        "contest.not_a_quantity", file=file, row=row, column=column,
                        got=name, known=nearest(name, place),
                    )
                )  # fmt: skip
        if all(name in place for name in pair):
            out[place[pair[0]], place[pair[1]]] = float(r["rank_correlation"])
    raise_all(file, problems)
    return out


def correlated(draws: F8, case: Case, quantities: Sequence[Quantity]) -> F8:
    """Give draws (F, Q) the correlations that the case states; without any they stay the same bits.

    Raises
    ------
    InputError
        As ``correlations``.
    """
    ranks = correlations(case, quantities)
    return correlate(draws, ranks) if ranks else draws


def check_correlated(case: Case) -> None:
    """Check that every quantity named in ``correlations.csv`` is one; cheap where there is none.

    Raises
    ------
    InputError
        As ``correlations``.
    """
    if TABLE in case.tables:
        correlations(case, collect(case))
