"""A table some of whose sectors cannot make what they made: the largest production left.

Pure functions on arrays; docs/indispensability.md works the example of the tests through by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.accounts.arguments import checked
from kachisuji.words import InputError

Floats = NDArray[np.float64]

_ROUNDS = 10_000
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Capped:
    """What is left of production under caps.

    Attributes
    ----------
    output
        (n,) production, after the users' shortages and the suppliers' lost orders.
    supply
        (n,) what each could still make; above ``output`` where only orders are missing.
    x0
        (n,) production before.
    rounds
        Passes over the table until nothing moved any more: (shortages, orders).
    """

    output: Floats
    supply: Floats
    x0: Floats
    rounds: tuple[int, int]

    def lost_value_added(self, v: ArrayLike) -> Floats:
        """(n,) ``v (x0 - output)``: value added lost by row, ``v`` being value added per unit."""
        return np.asarray(v, dtype=float) * (self.x0 - self.output)


@checked
def capped_output(
    A: ArrayLike,
    f: ArrayLike,
    x0: ArrayLike,
    cap: ArrayLike,
    *,
    product: ArrayLike | None = None,
    essential: ArrayLike = 1.0,
    substitution: float = 0.0,
) -> Capped:
    """Return the largest production that caps on some sectors leave possible.

    Shares of capacity lost, ``l``, run downstream; orders run upstream:

    1. *Shortages.* ``l_j = max(1 - cap_j / x0_j, max_p chi_pj (1 - sigma) sum_i w_ij l_i)``, the
       sum over the rows ``i`` that are origins of product ``p``: ``w_ij`` is origin ``i``'s share
       in ``j``'s use of it, ``chi`` says how essential the product is to ``j`` (0, 1/2, 1) and
       ``sigma`` which share of a shortage other sources make good. Each origin serves its buyers
       in proportion to what they bought. The least solution is found by going up from the caps.
    2. *Orders.* ``x = min((1 - l) x0, A x + f)``: nobody makes more than is ordered. The greatest
       solution is found by going down from ``min(x0, (1 - l) x0)``.

    Both steps are monotone in the caps: a lower cap never raises anyone's output. With ``chi = 1``,
    ``sigma = 0`` and one origin a product, the deliveries fit the production everywhere (the
    production is feasible in Leontief's sense). With ``chi`` or ``sigma`` below that, users go on
    with less of the input, from stocks or from sources outside the table.

    Parameters
    ----------
    A
        (n, n) input coefficients.
    f
        (n,) final demand before; ``x0 = A x0 + f``.
    x0
        (n,) production before.
    cap
        (n,) the most that each row can make; at or above ``x0`` means no cap.
    product
        (n,) whole numbers: rows with the same number are the same product from different origins.
        None: every row is a product of its own.
    essential
        ``chi``: a number, or (P, n) by product and user, between 0 and 1.
    substitution
        ``sigma``, between 0 and 1.

    Raises
    ------
    InputError
        On a wrong shape or a value out of range.
    """
    A, f, x0, cap = (np.asarray(a, dtype=float) for a in (A, f, x0, cap))
    groups = np.arange(x0.size) if product is None else np.asarray(product)
    _refuse_shapes(A, x0.size, x0=x0, f=f, cap=cap, product=groups)
    _within("cap", cap, 0.0, np.inf)
    members = [np.flatnonzero(groups == p) for p in np.unique(groups)]
    need = _needs(essential, substitution, (len(members), len(x0)))
    lost, first = _shortages(A, x0, cap, members, need)
    supply = (1.0 - lost) * x0
    output, second = _orders(A, f, np.minimum(x0, supply))
    return Capped(output, supply, x0, (first, second))


def _refuse_shapes(A: Floats, n: int, **rows: NDArray[Any]) -> None:
    for what, values in rows.items():
        if values.shape != (n,):
            raise InputError("structure.cap_shape", what=what, got=values.shape, want=(n,))
    if A.shape != (n, n):
        raise InputError("structure.cap_shape", what="A", got=A.shape, want=(n, n))


def _needs(essential: ArrayLike, substitution: float, shape: tuple[int, int]) -> Floats:
    """(P, n) ``chi (1 - sigma)``: output stopped per unit of a product's shortage."""
    _within("substitution", np.asarray(substitution), 0.0, 1.0)
    chi = np.asarray(essential, dtype=float)
    if chi.shape not in ((), shape):
        want = f"() or {shape}"
        raise InputError("structure.cap_shape", what="essential", got=chi.shape, want=want)
    _within("essential", chi, 0.0, 1.0)
    return np.broadcast_to(chi * (1.0 - substitution), shape)


def _within(what: str, values: Floats, low: float, high: float) -> None:
    wrong = ~((values >= low) & (values <= high))
    if wrong.any():
        value = float(values[wrong].flat[0])
        raise InputError("structure.cap_value", what=what, value=value, low=low, high=high)


def _shortages(
    A: Floats, x0: Floats, cap: Floats, members: list[NDArray[np.intp]], need: Floats
) -> tuple[Floats, int]:
    """Least fixed point of step 1, going up."""
    safe = np.where(x0 > 0.0, x0, 1.0)
    own = np.where(x0 > 0.0, np.clip(1.0 - cap / safe, 0.0, 1.0), 0.0)
    shares = []  # (users of the product by its origins) times how much they need it
    for rows, essential in zip(members, need, strict=True):
        used = A[rows]
        total = used.sum(axis=0)
        ok = total > 0.0
        shares.append(np.where(ok, used / np.where(ok, total, 1.0), 0.0) * essential)
    lost = own
    for k in range(1, _ROUNDS + 1):
        reach = own
        for rows, share in zip(members, shares, strict=True):
            if lost[rows].any():
                reach = np.maximum(reach, lost[rows] @ share)
        if np.max(reach - lost, initial=0.0) <= _TOLERANCE:
            return reach, k
        lost = reach
    return lost, _ROUNDS


def _orders(A: Floats, f: Floats, supply: Floats) -> tuple[Floats, int]:
    """Greatest fixed point of step 2, going down."""
    scale = max(float(np.max(supply, initial=0.0)), 1.0)
    x = supply
    for k in range(1, _ROUNDS + 1):
        lower = np.minimum(x, A @ x + f)
        if np.max(x - lower, initial=0.0) <= _TOLERANCE * scale:
            return lower, k
        x = lower
    return x, _ROUNDS
