"""Good portfolios quickly: local search with exact values, from several starts.

Every portfolio it returns keeps the limits and is valued exactly; that none better exists is for
the bound of ``choosing`` to say. Moves change one segment's line (in, out, or for another) or two
segments' lines at once. Because the objective is concave in the lines, its tangent bounds the gain
of every move from above: moves whose bound is not positive are never looked at (the screening is
exact), and only the most promising of the others are valued over the futures.

Source of the scheme: iterated local search, Lourenço, Martin and Stützle (2003), in Handbook of
Metaheuristics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.climbing import Board, search_from

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NONE = -1
KICKS = 60
STARTERS = 6  # lines of each segment that a kick or the first half of a double move may take
WIDTH = 1500  # lines the search looks at


class Search:
    """Local search over the lines that the relaxation holds in reach.

    Parameters
    ----------
    board
        The problem with all lines.
    reduced
        (L,) reduced costs, by which lines are ranked.
    """

    def __init__(self, board: Board, reduced: F8) -> None:
        near = np.argsort(-reduced, kind="stable")[:WIDTH]
        self.rows = near[np.lexsort((-reduced[near], board.group[near]))]
        self.board = board._replace(
            value=np.ascontiguousarray(board.value[self.rows]),
            load=np.ascontiguousarray(board.load[self.rows]),
            group=np.ascontiguousarray(board.group[self.rows]),
        )
        group = self.board.group
        rank = np.arange(group.size) - np.searchsorted(group, group)
        self.first = np.full((board.field.size, STARTERS), NONE, dtype=np.int64)
        early = np.flatnonzero(rank < STARTERS)
        self.first[group[early], rank[early]] = early

    def run(self, start: I8, kicks: int = KICKS, seed: int = 0) -> I8:
        """Return the best portfolio found from ``start`` (lines in the order they are let in)."""
        place = np.full(int(self.rows.max(initial=0)) + 1, NONE, dtype=np.int64)
        place[self.rows] = np.arange(self.rows.size)
        inside = np.array([place[i] for i in start if i < place.size], dtype=np.int64)
        noise = np.random.default_rng(seed).random((kicks, self.board.field.size))
        held, _ = search_from(self.board, inside[inside >= 0], self.first, noise, kicks)
        return np.sort(self.rows[held[held >= 0]])
