"""Models of others as ``(draws, lines) -> outcomes``: a plain function, an EMA Workbench model.

Nothing of EMA Workbench is imported here: a model is read through its public attributes only
(``function``, ``uncertainties``, ``levers``, ``constants``, ``outcomes``, their names and bounds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.words import InputError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class FunctionModel:
    """A function of named numbers, called once for every line and future.

    Attributes
    ----------
    function
        Takes every name as a keyword, returns {measure: number} (or a sequence of numbers a year,
        which becomes a path).
    uncertain
        Name -> (low, high) of each column of the draws, in order; or a function from a draw in
        [0, 1) to a value, such as a distribution's quantile function.
    lines
        Rows of the levers: a line is a dict of keywords.
    measures
        Which answers to keep; None keeps all.

    Calling it raises whatever the function raises: the runner then names the line and the future.
    """

    function: Callable[..., Mapping[str, Any]]
    uncertain: Mapping[str, tuple[float, float] | Callable[[float], Any]]
    lines: Sequence[Mapping[str, Any]]
    measures: tuple[str, ...] | None = None

    def __call__(self, draws: F8, lines: I8) -> dict[str, F8]:
        """Play lines (positions in ``lines``) in every future: {measure: (L, F) or (L, F, T)}."""
        if draws.shape[1] != len(self.uncertain):
            raise InputError(
                "ensembles.function_draws", got=draws.shape[1], want=len(self.uncertain)
            )
        for i in lines:
            if not 0 <= i < len(self.lines):
                raise InputError("ensembles.function_line", line=int(i), count=len(self.lines))
        rows = [self._future(u) for u in draws]
        answers = [[self.function(**self.lines[int(i)], **row) for row in rows] for i in lines]
        names = self._names(answers[0][0])
        table = [
            [self._values(a, names, int(i), f) for f, a in enumerate(line)]
            for i, line in zip(lines, answers, strict=True)
        ]
        shapes = [a.shape for a in table[0][0]]
        for i, line in zip(lines, table, strict=True):
            for f, row in enumerate(line):
                for name, shape, a in zip(names, shapes, row, strict=True):
                    if a.shape != shape:
                        raise InputError(
                            "ensembles.function_lengths", column=name, line=int(i), future=f,
                            got=a.size, want=int(np.prod(shape)),
                        )  # fmt: skip
        return {n: np.array([[row[k] for row in line] for line in table])
                for k, n in enumerate(names)}  # fmt: skip

    def _names(self, answer: Any) -> tuple[str, ...]:
        if self.measures is not None:
            return self.measures
        return tuple(answer) if isinstance(answer, Mapping) else ()

    def _values(self, answer: Any, names: tuple[str, ...], line: int, future: int) -> list[F8]:
        """One array a measure; the answer must be a mapping that holds them all, and no other."""
        place: dict[str, Any] = {"line": line, "future": future}
        if not isinstance(answer, Mapping):
            raise InputError("ensembles.function_answer", got=type(answer).__name__, **place)
        missing = [n for n in names if n not in answer]
        more = [] if self.measures is not None else [str(n) for n in answer if n not in names]
        if missing:
            raise InputError(
                "ensembles.function_measures", missing=", ".join(missing), got=", ".join(answer),
                **place,
            )  # fmt: skip
        if more:
            raise InputError("ensembles.function_more", more=", ".join(more), **place)
        return [np.asarray(answer[n], dtype=np.float64) for n in names]

    def _future(self, u: F8) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for x, (name, spread) in zip(u, self.uncertain.items(), strict=True):
            if callable(spread):
                out[name] = spread(float(x))
            else:
                out[name] = spread[0] + float(x) * (spread[1] - spread[0])
        return out


def from_ema(model: Any, lines: Sequence[Mapping[str, Any]]) -> FunctionModel:
    """Take a ``Model`` of EMA Workbench (2.x or 3.x) with a Python function.

    Parameters
    ----------
    model
        Has ``function``, ``uncertainties``, ``levers``, ``constants`` and ``outcomes``.
    lines
        Values of the levers, one mapping a line; every lever must be named.

    Returns
    -------
    FunctionModel
        Real, integer, boolean and categorical uncertainties are read from a draw in [0, 1) as the
        workbench reads them from its sampler: evenly over their range or categories.

    Raises
    ------
    InputError
        If it is no such model, or a line names other levers than the model has.
    """
    try:
        function = model.function
        uncertain = {u.name: _quantile(u) for u in model.uncertainties}
        levers = {lever.name for lever in model.levers}
        constants = {c.name: c.value for c in model.constants}
        measures = tuple(o.name for o in model.outcomes)
    except AttributeError as error:
        raise InputError("ensembles.not_ema", why=str(error)) from error
    for place, line in enumerate(lines):
        if set(line) != levers:
            raise InputError(
                "ensembles.ema_levers", place=place, got=", ".join(map(str, line)),
                want=", ".join(sorted(levers)),
            )  # fmt: skip
    return FunctionModel(_Bound(function, constants), uncertain, list(lines), measures)


@dataclass(frozen=True)
class _Bound:
    """A function with constants; a class, so that it can go to other processes."""

    function: Callable[..., Mapping[str, Any]]
    constants: Mapping[str, Any]

    def __call__(self, **given: Any) -> Mapping[str, Any]:
        return self.function(**self.constants, **given)


@dataclass(frozen=True)
class _Evenly:
    """Evenly over a range of numbers, whole numbers, or a list of values."""

    low: float
    high: float
    values: tuple[Any, ...] | None
    whole: bool

    def __call__(self, u: float) -> Any:
        if self.values is not None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        if self.whole:
            return int(min(self.low + np.floor(u * (self.high - self.low + 1)), self.high))
        return self.low + u * (self.high - self.low)


def _quantile(parameter: Any) -> _Evenly:
    kind = type(parameter).__name__
    categories = getattr(parameter, "categories", None)
    if kind == "BooleanParameter":
        return _Evenly(0, 1, (False, True), False)
    if categories is not None:
        values = tuple(getattr(c, "value", c) for c in categories)
        return _Evenly(0, 1, values, False)
    low, high = float(parameter.lower_bound), float(parameter.upper_bound)
    return _Evenly(low, high, None, kind == "IntegerParameter")
