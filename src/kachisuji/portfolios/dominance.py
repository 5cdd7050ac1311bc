"""Lines that another line of the same segment beats in every future for no more of anything.

If b is in the same segment as a, uses no more of any item in any year and is worth at least as much
in every future, then in any portfolio a may give way to b: the limits, the number of fields and
the rule of one line a segment still hold, and the value rises or stays in every future, so that no
mean, tail mean or regret gets worse. Dropping a therefore keeps an optimum. Of two equal lines the
first stays. A line worth nothing or less in every future that returns none of what it uses gives
way to no line in the same manner (``problem.admissible``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kachisuji.portfolios.compiling import compiled
from kachisuji.portfolios.problem import Problem

F8 = NDArray[np.float64]


@compiled
def _beats(value, load, b, a):
    """Whether b is at least as good as a everywhere; 2 if better somewhere, 1 if equal, else 0."""
    strict = False
    for r in range(load.shape[1]):
        if load[b, r] > load[a, r]:
            return 0
        if load[b, r] < load[a, r]:
            strict = True
    for f in range(value.shape[1]):
        if value[b, f] < value[a, f]:
            return 0
        if value[b, f] > value[a, f]:
            strict = True
    return 2 if strict else 1


@compiled
def _mark(value, load, order, segment, score, beaten):
    """Mark beaten lines; ``order`` sorts by segment, then by falling mean value."""
    n = order.size
    begin = 0
    while begin < n:
        end = begin
        while end < n and segment[order[end]] == segment[order[begin]]:
            end += 1
        for i in range(begin, end):
            a = order[i]
            for j in range(begin, end):
                b = order[j]
                if score[b] < score[a]:
                    break
                if b == a or beaten[b]:
                    continue
                got = _beats(value, load, b, a)
                if got == 2 or (got == 1 and b < a):
                    beaten[a] = True
                    break
        begin = end


def dominated(problem: Problem) -> NDArray[np.bool_]:
    """(L,) lines that another line of their segment makes superfluous.

    Only an eligible line can beat another; power and what rules count take part, so that a front
    and the rules are kept too.
    """
    n = problem.segment.size
    load = np.concatenate(
        [problem.use.reshape(n, -1), problem.sure.reshape(n, -1), -problem.power[:, None],
         problem.field[:, None], -problem.field[:, None],
         *(-rule.weight[:, None] for rule in problem.rules)], axis=1,
    ).astype(np.float64)  # fmt: skip
    beaten = np.zeros(n, dtype=np.bool_)
    score = problem.value.sum(axis=1)
    rows = np.flatnonzero(problem.eligible)
    order = rows[np.lexsort((rows, -score[rows], problem.segment[rows]))]
    _mark(np.ascontiguousarray(problem.value), load, order, problem.segment, score, beaten)
    return beaten
