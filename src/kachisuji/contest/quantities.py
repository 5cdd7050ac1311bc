"""The uncertain quantities of a case: whatever has a range varies, each by its own draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case

F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """One uncertain quantity: a column of the draws.

    ``group`` and ``key`` say where it is used; ``low``, ``mode``, ``high`` describe it (for a
    quantile shared by many figures they are 0, ½, 1); ``evidence`` are the ids behind it.
    """

    name: str
    group: str
    key: tuple[str, ...]
    low: float
    mode: float
    high: float
    unit: str
    evidence: tuple[str, ...]


def triangular(u: F8, low: Any, mode: Any, high: Any) -> F8:
    """Quantile function of the triangular distribution; constant where low equals high.

    ``x = low + √(u(high−low)(mode−low))`` below ``u = (mode−low)/(high−low)``, mirrored above.
    Shapes broadcast.
    """
    low, mode, high = (np.asarray(v, dtype=np.float64) for v in (low, mode, high))
    width = high - low
    with np.errstate(invalid="ignore", divide="ignore"):
        split = np.where(width > 0, (mode - low) / width, 0.0)
    left = low + np.sqrt(u * width * (mode - low))
    right = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.asarray(np.where(u < split, left, right))


def _ranges(table: pd.DataFrame, stem: str = "") -> list[tuple[float, float, float]]:
    names = [f"{stem}{k}" for k in ("low", "mode", "high")]
    return [tuple(map(float, row)) for row in table[names].to_numpy()]


def _own(
    group: str, table: pd.DataFrame, keys: list[str], unit: str | list[str], stem: str = ""
) -> list[Quantity]:
    """One quantity for each row whose low lies below its high."""
    out = []
    units = [unit] * len(table) if isinstance(unit, str) else unit
    labels = table[keys].astype(str).to_numpy()
    for key, (low, mode, high), unit_, evidence in zip(
        labels, _ranges(table, stem), units, table["evidence"], strict=True
    ):
        if low < high:
            parts = (*key, stem.rstrip("_")) if stem else tuple(key)
            out.append(
                Quantity(".".join(parts), group, tuple(key), low, mode, high, unit_, (evidence,))
            )
    return out


def _shared(group: str, name: str, key: tuple[str, ...], rows: pd.DataFrame) -> Quantity:
    """One quantile for many figures that move together (a segment's market in every year)."""
    evidence = tuple(dict.fromkeys(rows["evidence"]))
    return Quantity(name, group, key, 0.0, 0.5, 1.0, "quantile", evidence)


def collect(case: Case) -> list[Quantity]:
    """Every uncertain quantity of the case, in a fixed order (file order of the tables)."""
    t = case.tables
    out = _own("parameters", t["parameters"], ["segment", "symbol"], "see symbol")
    home = case.settings.home
    for segment in t["segments"].itertuples():
        name = segment.segment
        markets = t["markets"].query("segment == @name")
        rivals = t["rivals"].query("segment == @name and region != @home")
        own = t["rivals"].query("segment == @name and region == @home")
        out.append(_shared("markets", f"{name}.market", (name,), markets))
        for stem in ("spending", "reaction", "growth"):
            out.append(_shared(f"rivals_{stem}", f"{name}.rivals_{stem}", (name,), rivals))
            if stem != "reaction":
                out.append(_shared(f"home_{stem}", f"{name}.home_{stem}", (name,), own))
        out.append(_shared("luck", f"{name}.retaliation", (name,), own))
        if segment.stage == "unborn":
            shares = t["shares"].query("segment == @name")
            for region in case.competitors:
                key = (name, region)
                out.append(_shared("entry", f"{name}.entry.{region}", key, shares))
    for stem in ("windfall", "leverage", "retaliation"):
        out += _own(stem, t["instruments"], ["instrument"], "share", f"{stem}_")
    out += _own("effects", t["effects"], ["instrument", "lever"], "see lever")
    out += _own("stock", t["products"], ["product"], "months", "stock_")
    out += _own("spare", t["products"], ["product"], "share", "spare_")
    for (segment_, partner), rows in t["partners"].groupby(["segment", "partner"], sort=False):
        key = (str(segment_), str(partner))
        out.append(_shared("partners", f"{segment_}.pooling.{partner}", key, rows))
    out += _own("withhold", t["regions"], ["region"], "probability a year", "withhold_")
    out += _own("globals", t["globals"], ["symbol"], "see symbol")
    return out


class Draws:
    """Draws in the unit cube, read by group and key as values of the case's figures."""

    def __init__(self, quantities: list[Quantity], cube: F8) -> None:
        self.cube = cube
        self._place = {(q.group, q.key): j for j, q in enumerate(quantities)}

    @property
    def futures(self) -> int:
        """Number of futures."""
        return int(self.cube.shape[0])

    def column(self, group: str, key: tuple[str, ...]) -> F8:
        """Uniform draws of one quantity, one half where the quantity has no range."""
        j = self._place.get((group, key))
        return np.full(self.futures, 0.5) if j is None else self.cube[:, j]

    def value(self, group: str, key: tuple[str, ...], low: Any, mode: Any, high: Any) -> F8:
        """Values of a figure in every future; figures that broadcast share the draw."""
        u = self.column(group, key)
        shape = np.broadcast(low, mode, high).shape
        return triangular(u.reshape((-1,) + (1,) * len(shape)), low, mode, high)
