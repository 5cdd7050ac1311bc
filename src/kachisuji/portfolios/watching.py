"""Watching: what observations say about the futures, the triggers, and the plan.

Nothing is re-tuned: the futures stay as they were played, and only their weights change. Every
update is a step in a history that holds the checksum of the step before.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kachisuji.ensembles import reweigh
from kachisuji.words import InputError, RunError

F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Observation:
    """A figure that has been observed.

    Attributes
    ----------
    name
        Of the observable quantity.
    value, error
        What was seen, and the standard deviation of the measurement.
    low, high
        Range outside which the figure must be in a wrong unit.
    """

    name: str
    value: float
    error: float
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Trigger:
    """A value of an observable at which a prepared alternative takes over."""

    name: str
    observable: str
    side: Literal["above", "below"]
    level: float
    alternative: int

    def fired(self, value: float) -> bool:
        """Whether an observed value is beyond the level."""
        return value > self.level if self.side == "above" else value < self.level


@dataclass(frozen=True)
class Update:
    """What observations have changed.

    Attributes
    ----------
    weights
        (F,) of the futures.
    worth
        How many evenly weighted futures they stand for.
    surprise
        Observation -> smallest distance to any future, in standard deviations of the measurement.
    fired
        Names of the triggers that have fired.
    odds_before, odds_after
        Of the plan's success.
    value_before, value_after
        (N,) expected value of the plan (first) and of each prepared alternative, transfer paid.
    advice
        The alternative that is best now; 0 is the plan.
    """

    weights: F8
    worth: float
    surprise: dict[str, float]
    fired: tuple[str, ...]
    odds_before: float
    odds_after: float
    value_before: F8
    value_after: F8
    advice: int

    def as_json(self) -> dict[str, Any]:
        """Plain values; weights as their checksum, since they follow from the observations."""
        told = asdict(self)
        told["weights"] = hashlib.sha256(self.weights.tobytes()).hexdigest()
        for name in ("value_before", "value_after"):
            told[name] = [float(v) for v in told[name]]
        return told | {"fired": list(self.fired)}


def watch(
    simulated: dict[str, F8],
    observed: Sequence[Observation],
    success: F8,
    values: F8,
    *,
    transfer: F8 | None = None,
    triggers: Sequence[Trigger] = (),
    before: F8 | None = None,
) -> Update:
    """Weigh the futures by what has been observed.

    ``w_f ∝ w_f⁰·Π_k exp(−½((o_k − s_kf)/σ_k)²)``: a figure was measured with a normal error.
    Observations of one step count as independent.

    Parameters
    ----------
    simulated
        Observable -> (F,) what each future says.
    observed
        What was seen.
    success
        (F,) 1 where the plan succeeds.
    values
        (N, F) value of the plan (first row) and of the prepared alternatives.
    transfer
        (N,) cost of changing over to each; the plan's own is nil.
    triggers
        Signposts.
    before
        (F,) weights before; even by default.

    Raises
    ------
    InputError
        If an observable is unknown, a figure is out of its range or its error not positive, or no
        future fits what was seen.
    """
    futures = values.shape[1]
    weights = np.full(futures, 1.0 / futures) if before is None else before
    log = np.zeros(futures)
    surprise = {}
    for seen in observed:
        away = distance(simulated, seen)
        surprise[seen.name] = float(np.abs(away).min())
        log -= 0.5 * away**2
    with np.errstate(under="ignore"):
        after, worth = reweigh(weights * np.exp(log - log.max()))
    cost = np.zeros(values.shape[0]) if transfer is None else transfer
    told = {o.name: o.value for o in observed}
    fired = tuple(t.name for t in triggers if t.observable in told and t.fired(told[t.observable]))
    now = values @ after - cost
    return Update(
        after, worth, surprise, fired, float(success @ weights), float(success @ after),
        values @ weights - cost, now, int(now.argmax()),
    )  # fmt: skip


def distance(simulated: dict[str, F8], seen: Observation) -> F8:
    """(F,) distance between what was seen and what each future says, in measurement errors.

    Raises
    ------
    InputError
        If the observable is unknown, or the figure is out of its range or its error not positive.
    """
    if seen.name not in simulated:
        known = ", ".join(simulated)
        raise InputError("portfolios.unknown_observable", name=seen.name, known=known)
    if not np.isfinite(seen.value) or not seen.low <= seen.value <= seen.high:
        raise InputError(
            "portfolios.out_of_range", column="value", name=seen.name, value=f"{seen.value:g}",
            low=f"{seen.low:g}", high=f"{seen.high:g}",
        )  # fmt: skip
    if not (np.isfinite(seen.error) and seen.error > 0):
        raise InputError("portfolios.bad_error", column="error", name=seen.name, error=seen.error)
    return np.asarray((seen.value - simulated[seen.name]) / seen.error)


@dataclass
class History:
    """The recorded steps of a watch: a file of JSON lines, each sealed by the one before.

    Attributes
    ----------
    path
        Of the file.
    steps
        What is in it.
    """

    path: Path
    steps: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> History:
        """Read a history, or begin one where there is no file yet.

        Raises
        ------
        RunError
            If a line is damaged or was changed afterwards.
        """
        found = cls(path)
        if not path.exists():
            return found
        seal = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                step = json.loads(line)
                good = isinstance(step, dict) and step.get("seal") == _seal(seal, step)
            except ValueError:
                good = False
            if not good:
                raise RunError("portfolios.broken_history", file=path, row=number)
            seal = step["seal"]
            found.steps.append(step)
        return found

    def record(
        self,
        when: str,
        observed: Sequence[Observation],
        update: Update,
        note: dict[str, Any] | None = None,
    ) -> None:
        """Add a step, with a note of plain values if there is one; the file is replaced whole.

        Raises
        ------
        RunError
            If the disk refuses.
        """
        step: dict[str, Any] = {
            "when": when,
            "observed": [[o.name, o.value, o.error] for o in observed],
            "update": update.as_json(),
        } | ({} if note is None else {"note": note})
        step["seal"] = _seal(self.steps[-1]["seal"] if self.steps else "", step)
        lines = [json.dumps(s, ensure_ascii=False, sort_keys=True) for s in [*self.steps, step]]
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
            os.replace(fresh, self.path)
        except OSError as error:
            why = error.strerror or str(error)
            raise RunError("portfolios.disk", file=self.path, why=why) from error
        finally:
            fresh.unlink(missing_ok=True)
        self.steps.append(step)


def _seal(before: str, step: dict[str, Any]) -> str:
    """Checksum of a step and of the seal before it."""
    plain = {k: v for k, v in step.items() if k != "seal"}
    text = before + json.dumps(plain, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
