"""Outcomes of a run by measure, read from its folder as they are asked for.

All measures of many lines in many futures are gigabytes, and hardly any step needs more than two
at a time. The last ones read are kept as long as they take no more than ``KEPT`` bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kachisuji.ensembles.store import OutcomeTable

F8 = NDArray[np.float64]

KEPT = 1 << 29
"""Bytes of measures that stay in memory: all of a case of 5,000 lines in 512 futures."""


class Measures(Mapping[str, F8]):
    """Measures (lines, futures) by name, read when first asked for; not to be written to."""

    def __init__(self, outcome: OutcomeTable, kept: int = KEPT) -> None:
        self._outcome, self._most = outcome, kept
        self._held: OrderedDict[str, F8] = OrderedDict()

    def __getitem__(self, name: str) -> F8:
        if name not in self._outcome.measures:
            raise KeyError(name)
        if name not in self._held:
            size = 8 * self._outcome.lines.size * self._outcome.futures
            while self._held and (len(self._held) + 1) * size > self._most:
                self._held.popitem(last=False)
            values = self._outcome.measure(name)
            values.flags.writeable = False
            self._held[name] = values
        self._held.move_to_end(name)
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcome.measures)

    def __len__(self) -> int:
        return len(self._outcome.measures)


class Part(Mapping[str, F8]):
    """Measures at some lines or futures only: ``cut`` is made when a measure is asked for."""

    def __init__(self, whole: Mapping[str, F8], cut: Any) -> None:
        self._whole, self._cut = whole, cut

    def __getitem__(self, name: str) -> F8:
        return np.asarray(self._whole[name][self._cut])

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)
