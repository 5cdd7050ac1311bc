"""Circles of links between segments: whether what spills comes back as much or more."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Gains = Mapping[tuple[str, str], float]


def _matrix(gain: Gains) -> tuple[list[str], NDArray[np.float64]]:
    names = sorted({name for pair in gain for name in pair})
    out = np.zeros((len(names), len(names)))
    for (source, target), value in gain.items():
        out[names.index(source), names.index(target)] = value
    return names, out


def spectral_radius(gain: Gains) -> float:
    """Return the long-run gain of a round through the links (0 where none closes a circle)."""
    names, matrix = _matrix(gain)
    return float(np.abs(np.linalg.eigvals(matrix)).max()) if names else 0.0


def strongest_circle(gain: Gains) -> list[str]:
    """Return one circle, its first name again at the end, where the links feed themselves.

    Spending that spills by shares ``L`` adds up to ``(I − L)⁻¹``, which is finite as long as the
    spectral radius of L is below one. At one or more the circle with the largest product of shares
    for its length (geometric mean) is named; otherwise the list is empty.
    """
    if spectral_radius(gain) < 1.0:
        return []
    names, matrix = _matrix(gain)
    n = len(names)
    # largest products of paths of each length, and where they came from
    best, came = [np.where(np.eye(n) > 0, 1.0, 0.0)], []
    circle: list[int] = []
    most = 0.0
    for length in range(1, n + 1):
        through = best[-1][:, :, None] * matrix[None, :, :]
        came.append(through.argmax(axis=1))
        best.append(through.max(axis=1))
        around = best[-1].diagonal() ** (1.0 / length)
        if around.max() > most * (1.0 + 1e-12):
            most, at = float(around.max()), int(around.argmax())
            circle = [at]
            for step in reversed(came):
                circle.append(int(step[at, circle[-1]]))
            circle.reverse()
    return [names[i] for i in circle]
