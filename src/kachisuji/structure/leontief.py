"""The Leontief system, factorised once and solved as often as wanted; never inverted."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kachisuji.accounts import Economy
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import per_unit
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

# (I - A) so near to singular that the last digits of a solution mean nothing
_SINGULAR = 1e12
# inputs of a sector without output, as a share of all output, that are taken for rounding
_ROUNDING = 1e-6


class Leontief:
    """``I - A`` factorised (LU with partial pivoting), with ``A = Z / x`` column by column.

    Parameters
    ----------
    Z
        (n, n) flows, seller by buyer.
    x
        (n,) output of the buyers, in the unit of ``Z``.
    v
        (n,) value added per unit of output.
    name
        Says what a row is called, for errors.
    source
        The file the table came from, for errors.
    scale
        (n,) multiplies the rows of ``Z``, where the flows are to be rescaled.
    index
        Gives the (region, sector) of the rows, for what is labelled on either side.

    Raises
    ------
    InputError
        When a sector has inputs and no output (beyond a millionth of all output, which is taken for
        rounding: see :attr:`Economy.final_by_region`), or the system is not productive (the
        spectral radius of ``A`` is one or above); the sectors are named.

    Notes
    -----
    For ``A >= 0`` the system is productive if and only if ``p' (I - A) = 1'`` has a solution
    ``p >= 0`` (Berman and Plemmons 1994, chapter 6: a nonsingular M-matrix); ``p`` are the output
    multipliers, so the test costs one solution. Memory beyond ``Z``: one matrix.
    """

    def __init__(
        self,
        Z: Floats,
        x: Floats,
        v: Floats,
        name: Callable[[int], str],
        source: str | None = None,
        scale: Floats | None = None,
        index: Callable[[], pd.MultiIndex] | None = None,
    ) -> None:
        from scipy.linalg import LinAlgWarning, lu_factor

        self.n = len(x)
        self.Z, self.x, self.v, self.scale = Z, x, v, scale
        self._name, self._source, self._index = name, source, index
        self._refuse_inputs_without_output()
        with np.errstate(divide="ignore"):
            less = np.where(x == 0.0, 0.0, -1.0 / x)
        system = Z * less
        if scale is not None:
            system *= scale[:, None]
        system.flat[:: self.n + 1] += 1.0
        # the transpose of a C-ordered matrix is what LAPACK takes in place
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinAlgWarning)  # answered below, with names
            self._factors = lu_factor(system.T, overwrite_a=True, check_finite=False)
        self._refuse_unproductive()

    @cached_property
    def A(self) -> Floats:
        """(n, n) input coefficients (made when asked for; solving does not need it)."""
        flows = self.Z if self.scale is None else self.Z * self.scale[:, None]
        return per_unit(flows, self.x)

    def solve(self, f: ArrayLike) -> Floats:
        """``(I - A)^-1 f``: output needed for final demand ``f``, (n,) or (n, k).

        What carries (region, sector) labels is put in the table's order by them first.
        """
        from scipy.linalg import lu_solve

        return np.asarray(lu_solve(self._factors, self.in_order(f, "f"), trans=1))

    def solve_transposed(self, g: ArrayLike) -> Floats:
        """``(I - A')^-1 g``: ``g`` embodied in a unit of final output, (n,) or (n, k)."""
        from scipy.linalg import lu_solve

        return np.asarray(lu_solve(self._factors, self.in_order(g, "g"), trans=0))

    def in_order(self, given: ArrayLike, name: str) -> Floats:
        """Return (n,) or (n, k) numbers in the table's order, by their labels if any."""
        if self._index is not None and getattr(getattr(given, "index", None), "nlevels", 1) == 2:
            given = in_order(given, self._index(), name)
        return columns(given, self.n, name)

    @cached_property
    def output_multipliers_array(self) -> Floats:
        """(n,) ``1' (I - A)^-1``."""
        return self.solve_transposed(np.ones(self.n))

    def output_multipliers(self) -> Floats:
        """(n,) ``1' (I - A)^-1``: output of all sectors for a unit of final demand."""
        return self.output_multipliers_array

    def value_added_multipliers(self) -> Floats:
        """(n,) ``v' (I - A)^-1``: value added of all sectors for a unit of final demand."""
        return self.solve_transposed(self.v)

    def inverse(self) -> Floats:
        """(n, n) the Leontief inverse, for those who want to look at it."""
        from scipy.linalg.lapack import dgetri

        factors, pivots = self._factors
        # getri knows the optimal block itself once it has room for it
        inverse, _ = dgetri(factors, pivots, lwork=64 * self.n)
        return np.asarray(inverse.T)

    # ---- the inverse as a labelled table: made when looked at, not kept -----------------------

    def frame(self) -> pd.DataFrame:
        """(n, n) the Leontief inverse by (region, sector): output of the row for the column."""
        import pandas as pd

        index = None if self._index is None else self._index()
        return pd.DataFrame(self.inverse(), index=index, columns=index, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        return np.asarray(self.inverse(), dtype=dtype)

    @property
    def index(self) -> pd.Index[Any]:
        """(region, sector) of the rows of the inverse; those of its columns are the same."""
        import pandas as pd

        return pd.RangeIndex(self.n) if self._index is None else self._index()

    columns = index

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n)."""
        return self.n, self.n

    def __getattr__(self, name: str) -> Any:
        """Whatever a DataFrame has (``loc``, ``values``, ``sum``), of the inverse."""
        if name.startswith("_"):  # protocols of numpy, pickle and copy ask for much
            raise AttributeError(name)
        return getattr(self.frame(), name)

    def __getitem__(self, column: Any) -> Any:
        return self.frame()[column]

    def __len__(self) -> int:
        return self.n

    def __matmul__(self, f: Any) -> Any:
        return self.frame() @ f

    def __rmatmul__(self, g: Any) -> Any:
        return g @ self.frame()

    @cached_property
    def inverse_diagonal_array(self) -> Floats:
        """(n,) diagonal of the inverse, kept; the inverse itself is not."""
        return np.diagonal(self.inverse()).copy()

    def inverse_diagonal(self) -> Floats:
        """(n,) ``L_kk``: output of k for a unit of k's own final demand."""
        return self.inverse_diagonal_array

    def _refuse_inputs_without_output(self) -> None:
        rounding = _ROUNDING * float(self.x.sum())
        for k in np.flatnonzero(self.x <= 0.0):
            small = self.x[k] == 0.0 and np.abs(self.Z[:, k]).sum() <= rounding
            if self.Z[:, k].any() and not small:
                raise InputError(
                    "structure.no_output",
                    file=self._source,
                    column=self._name(int(k)),
                    x=float(self.x[k]),
                    inputs=float(self.Z[:, k].sum()),
                )

    def _refuse_unproductive(self) -> None:
        with np.errstate(all="ignore"):
            p = self.output_multipliers_array
        wrong = ~((p > 0.0) & (p < _SINGULAR))
        if not wrong.any():
            return
        inputs = self.Z.sum(axis=0)
        suspects = np.flatnonzero((inputs >= self.x) & (self.x != 0.0))
        if not len(suspects):
            suspects = np.flatnonzero(wrong)
        shown = ", ".join(self._name(int(k)) for k in suspects[:5])
        raise InputError(
            "structure.unproductive", file=self._source, sectors=shown, count=len(suspects)
        )


def in_order(values: Any, index: pd.MultiIndex, name: str) -> Any:
    """Put a Series or DataFrame in the table's order by its (region, sector) labels.

    Raises
    ------
    InputError
        When a label is missing (nothing is filled in) or there twice.
    """
    if values.index.has_duplicates:
        label = values.index[values.index.duplicated()][0]
        row = " ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        raise InputError("structure.row_label_twice", row=row, name=name)
    ordered = values.reindex(index)
    missing = np.flatnonzero(np.asarray(ordered.isna()).reshape(len(index), -1).any(axis=1))
    if len(missing):
        row = " ".join(map(str, index[int(missing[0])]))
        raise InputError("structure.row_labels", row=row, name=name)
    return ordered


def columns(given: ArrayLike, n: int, name: str) -> Floats:
    """Return (n,) or (n, k) numbers, refused where there is not one a (region, sector)."""
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise InputError("structure.row_length", name=name, got=0, want=n) from None
    if values.ndim not in (1, 2) or len(values) != n:
        got = len(values) if values.ndim else 1
        raise InputError("structure.row_length", name=name, got=got, want=n)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        value = float(values[tuple(wrong[0])])
        row = int(wrong[0][0]) + 1
        raise InputError("accounts.not_finite", row=row, what=name, value=value)
    return values


def row_name(economy: Economy) -> Callable[[int], str]:
    """Return what says a row's region and sector."""
    return lambda row: " ".join(economy.label(row))


@checked
def leontief(economy: Economy) -> Leontief:
    """Return the Leontief system of the whole table; factorised once for each table.

    ``x = A x + f``, ``A = Z / x`` (Leontief 1936; Miller and Blair 2009, chapter 2). The result
    solves, and reads as the labelled inverse: ``.loc`` and what else a DataFrame has, ``@``,
    ``numpy.asarray``. The inverse is made at each look and not kept: take ``.frame()`` in a loop.
    """
    known = economy.__dict__.get("_leontief")
    if known is None:
        known = Leontief(
            economy.Z,
            economy.x,
            economy.v,
            row_name(economy),
            economy.source,
            index=lambda: economy.index,
        )
        economy.__dict__["_leontief"] = known  # goes with the table and is never pickled
    return known


@checked
def domestic_leontief(economy: Economy, region: str) -> Leontief:
    """Return the system of one region alone: ``I - A_rr``, imports left out.

    ``value_added_multipliers()`` is ``v_r' (I - A_rr)^-1``, (S,) over the sectors: the region's own
    value added in a unit of its final output, without what comes back by way of other regions.
    """
    mine = economy.rows(region)
    name = row_name(economy)
    Z = np.ascontiguousarray(economy.Z[mine, mine])
    return Leontief(
        Z,
        economy.x[mine],
        economy.v[mine],
        lambda k: name(mine.start + k),
        economy.source,
        index=lambda: economy.index[mine],
    )
