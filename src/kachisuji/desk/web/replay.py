"""What if: the stored futures weighed anew, and the best portfolio under what has changed.

Nothing is played again. Somebody who believes that a quantity lies elsewhere in its range changes
the odds of the futures: a future whose draw u lies near the position q that is believed in becomes
likelier by the density of Beta(1 + kq, 1 + k(1 − q)) at u, k = ``SHARPNESS`` (importance weights;
Kish 1965 for how many futures they are worth). Limits, weights and exclusions change the problem of
the choice itself. The portfolio is chosen on one half of the futures and told on the other.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.joint import value_of
from kachisuji.desk.web.events import NEVER, event_years, has_come, left_out_by
from kachisuji.desk.web.units import MEASURES
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.contest.quantities import Quantity
    from kachisuji.desk.stored import StoredRun
    from kachisuji.desk.web.place import Shown
    from kachisuji.portfolios import Chooser, Problem

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I8 = NDArray[np.int64]

STEPS = 20  # of a slider; the middle leaves a belief as it is
SHARPNESS = 6.0
LEAST = 16  # futures that a half must still be worth
KEPT = 6  # relaxations kept at hand, each for one set of limits and exclusions
QUICK_GAP = 1e-2
QUICK_SECONDS = 0.3  # for the bound of an answer at once
NEAREST = 10  # names told where one is not known
ANSWERS = 256  # answers of a run kept at hand


@dataclass(frozen=True)
class Question:
    """What has changed.

    Attributes
    ----------
    beliefs
        Quantity -> step of its slider, 0 to ``STEPS``.
    limits
        Item -> percent of the case's limit.
    fields
        Most fields that may be chosen; None leaves the case's.
    caution
        Weight of risk in percent; None leaves the case's.
    power, exposure
        Money units that a point of indispensability or exposure is worth; None leaves the case's.
    without
        Partners that are not to be had.
    unsold
        Markets that no line may sell in.
    events
        Border event (``web.events``) -> year by which it has come, ``NEVER`` for not at all.
    banned, held
        Segments that must not have a line, and segments that must.
    """

    beliefs: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    fields: int | None = None
    caution: int | None = None
    power: float | None = None
    exposure: float | None = None
    without: tuple[str, ...] = ()
    unsold: tuple[str, ...] = ()
    events: Mapping[str, int] = field(default_factory=dict)
    banned: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything differs from the case."""
        return self != Question()

    @classmethod
    def from_query(cls, pairs: list[tuple[str, str]], replay: Replay) -> Question:
        """Read a question out of the parts of an address; what is as in the case is left out.

        Raises
        ------
        InputError
            If a part names nothing known, or a value is out of its range.
        """
        settings = replay.run.case.settings
        given: dict[str, Any] = {"beliefs": {}, "limits": {}, "events": {}}
        lists: dict[str, list[str]] = {"without": [], "unsold": [], "ban": [], "hold": []}
        for name, value in pairs:
            if name.startswith("q."):
                step = _whole(name, value, 0, STEPS)
                _need("quantity", name[2:], replay.place)
                if step != STEPS // 2:
                    given["beliefs"][name[2:]] = step
            elif name.startswith("limit."):
                percent = _whole(name, value, 0, 300)
                _need("item", name[6:], replay.base.items)
                if percent != 100:
                    given["limits"][name[6:]] = percent
            elif name.startswith("event.") and value:
                _need("event", name[6:], replay.events)
                if value == "never":
                    given["events"][name[6:]] = NEVER
                else:
                    years = settings.first_year, settings.last_year
                    given["events"][name[6:]] = _whole(name, value, *years)
            elif name == "fields" and value:
                given["fields"] = _whole(name, value, 1, 99)
            elif name == "caution" and value:
                given["caution"] = _whole(name, value, 0, 100)
            elif name in ("power", "exposure") and value:
                given[name] = _number(name, value)
            elif name in lists and value:
                lists[name].append(value)
        given |= {"without": tuple(lists["without"]), "unsold": tuple(lists["unsold"]),
                  "banned": tuple(lists["ban"]), "held": tuple(lists["hold"])}  # fmt: skip
        known = {"without": ("partner", replay.partners),
                 "unsold": ("market", list(left_out_by(replay.run.case))),
                 "banned": ("segment", replay.segments),
                 "held": ("segment", replay.segments)}  # fmt: skip
        for name, (what, names) in known.items():
            for value in given[name]:
                _need(what, value, names)
        if both := sorted(set(given["banned"]) & set(given["held"])):
            raise InputError("web.held_and_banned", got=", ".join(both))
        same = {"fields": settings.max_fields, "caution": round(100 * settings.risk.weight),
                "power": settings.weights.indispensability,
                "exposure": settings.weights.exposure}  # fmt: skip
        kept: dict[str, Any] = {
            k: None if k in same and v == same[k] else v for k, v in given.items()
        }
        return cls(**kept)


def _need(what: str, got: str, known: Iterable[str]) -> None:
    """Refuse a name that is not known, and tell the nearest that are."""
    names = list(known)
    if got not in names:
        near = get_close_matches(got, names, NEAREST, 0.5) or names[:NEAREST]
        told = ", ".join(near) + (" …" if len(names) > len(near) else "") if near else "–"
        raise InputError(f"web.unknown_{what}", got=got[:80], known=told)


def _whole(name: str, text: str, low: int, high: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else -1
    if not low <= value <= high:
        raise InputError("web.bad_value_of", names=name[:80], want=f"{low} – {high}")
    return value


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= 1e9:
        raise InputError("web.bad_value_of", names=name[:80], want=f"0 – {10**9:,}")
    return value


@dataclass(frozen=True)
class Replay:
    """A stored run with its futures at hand.

    Attributes
    ----------
    run, quantities, draws
        The run, its uncertain quantities, and their draws (F, Q) in the unit cube.
    measures
        Measure -> (L, F), in single precision: what is told of them has three digits, and a large
        run would take twice the memory. The choice as posed by the run is made in double.
    base
        The choice as the run posed it, on the choosing half.
    events
        Border event -> (F,) calendar year in which it comes.
    """

    run: StoredRun
    quantities: list[Quantity]
    draws: F8
    measures: dict[str, F4]
    choose_half: I8
    report_half: I8
    base: Problem
    place: dict[str, int]
    events: dict[str, I8]
    _ready: OrderedDict[Any, Chooser] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, run: StoredRun) -> Replay:
        """Take up a stored run; its draws come back from the seed.

        Raises
        ------
        RunError
            If its outcomes are missing or damaged, or are of other lines.
        """
        from kachisuji import ensembles
        from kachisuji.contest.quantities import collect
        from kachisuji.desk.choosing import posed
        from kachisuji.desk.comparing import Halves
        from kachisuji.desk.describing import limits_by_year
        from kachisuji.desk.futures import draw
        from kachisuji.desk.joint import ITEMS
        from kachisuji.words import RunError

        outcome = ensembles.OutcomeTable.open(run.folder)
        if outcome.lines.size != len(run.lines):
            raise RunError("ahead.other_lines", file=run.folder)
        options, futures = run.manifest.options, outcome.futures
        quantities = collect(run.case)
        draws = draw(str(options["design"]), futures, run.case, quantities, run.manifest.seed)
        halves, limits = Halves.of(futures), limits_by_year(run.case)
        items = [i for i in ITEMS if (limits["item"] == i).any()]
        measures: dict[str, F4] = {}
        half: dict[str, F8] = {}
        for name in MEASURES:
            played = outcome.measure(name)
            half[name] = played[:, halves.choose]
            measures[name] = played.astype(np.float32)
        base = posed(
            run.case,
            run.lines,
            limits,
            {i: outcome.path(i, "mean") for i in items},
            {i: outcome.path(i, "sd") for i in items},
            value_of(run.case.settings, half),
            half["indispensability"].mean(axis=1),
        )
        place = {q.name: k for k, q in enumerate(quantities)}
        events = event_years(run.case, quantities, draws)
        return cls(
            run, quantities, draws, measures, halves.choose, halves.report, base, place, events
        )

    @property
    def partners(self) -> list[str]:
        """Partners of any line."""
        return sorted({str(p) for p in self.run.lines["partner"] if p})

    @property
    def segments(self) -> list[str]:
        """Segments that have lines."""
        lines = self.run.lines
        return list(dict.fromkeys(map(str, lines.loc[lines["kind"] == "line", "segment"])))

    def likelihood(self, question: Question) -> F8:
        """(F,) how much likelier beliefs make each future; one without an asked event is out."""
        out = np.ones(self.draws.shape[0])
        for name, step in question.beliefs.items():
            q = step / STEPS
            out *= density(self.draws[:, self.place[name]], q)
        for name, by in question.events.items():
            out *= has_come(self.events[name], by, self.run.case.settings.last_year)
        return out

    def problem(self, question: Question) -> Problem:
        """Return the choice under what has changed, futures still weighed evenly."""
        from kachisuji.portfolios import Risk

        base, lines, settings = self.base, self.run.lines, self.run.case.settings
        factor = np.array([question.limits.get(i, 100) / 100 for i in base.items])
        weights = settings.weights.model_copy(
            update={
                k: v
                for k, v in (("indispensability", question.power), ("exposure", question.exposure))
                if v is not None
            }
        )
        value = base.value
        if weights != settings.weights:
            half = {k: v[:, self.choose_half].astype(np.float64) for k, v in self.measures.items()}
            value = value_of(settings.model_copy(update={"weights": weights}), half)
        selling = left_out_by(self.run.case)
        groups = [g for market in question.unsold for g in selling[market]]
        out = (
            lines["partner"].isin(question.without)
            | lines["segment"].isin(question.banned)
            | lines["markets"].isin(groups)
        )
        risk = base.risk
        if question.caution is not None:
            risk = Risk(risk.measure, risk.tail, question.caution / 100)
        return replace(
            base,
            value=value,
            limits=base.limits * factor[:, None],
            eligible=base.eligible & ~out.to_numpy(),
            max_fields=question.fields or base.max_fields,
            risk=risk,
        )

    def chooser(self, question: Question, weights: F8) -> Chooser:
        """Return what chooses: taken up from an earlier question where only beliefs differ."""
        from kachisuji.portfolios import Chooser

        key = replace(question, beliefs={})
        key = (tuple(sorted(key.limits.items())), key.fields, key.caution, key.power, key.exposure,
               key.without, key.unsold, key.banned)  # type: ignore[assignment]  # fmt: skip
        with self._lock:
            ready = self._ready.pop(key, None)
            if ready is None:
                ready = Chooser(self.problem(question))
                ready.master.solve(precision=1e-3)
            self._ready[key] = ready
            while len(self._ready) > KEPT:
                self._ready.popitem(last=False)
            chooser = ready.again(weights)
        numbers = {s: k for k, s in enumerate(dict.fromkeys(self.run.lines["segment"]))}
        for segment in question.held:
            own = chooser.problem.segment == numbers[segment]
            if own.any():
                chooser.master.require(own.astype(np.float64), 1.0)
        return chooser

    def weigh(self, question: Question) -> Weighed:
        """Weigh both halves of the futures.

        Raises
        ------
        InputError
            If the beliefs and events together leave no future of a half likely at all.
        """
        from kachisuji.ensembles import reweigh

        likely = self.likelihood(question)
        for half in (self.choose_half, self.report_half):
            if question.events and not likely[half].any():
                raise InputError("web.no_such_futures", count=half.size)
        choose, worth_choose = reweigh(likely[self.choose_half])
        report, worth_report = reweigh(likely[self.report_half])
        return Weighed(choose, report, worth_choose, worth_report)

    def answer(self, question: Question) -> dict[str, Any]:
        """Return the best portfolio known under a question, its bound, and what it leads to."""
        weighed = self.weigh(question)
        chooser = self.chooser(question, weighed.choose)
        choice = chooser.choose(QUICK_GAP, seconds=QUICK_SECONDS, kicks=6)
        return self._told(question, weighed, choice.lines, choice.objective, choice.bound)

    def prove(
        self, question: Question, gap: float, advance: Callable[[int], None]
    ) -> dict[str, Any]:
        """Return the best portfolio within ``gap``, each step of the proof told to ``advance``."""
        weighed = self.weigh(question)
        chooser, start = self.chooser(question, weighed.choose), None
        for step in (5e-2, 1e-2, max(gap, 3e-3), gap):
            choice = chooser.choose(step, seconds=240.0, start=start)
            start = choice.lines
            advance(1)
        return self._told(question, weighed, choice.lines, choice.objective, choice.bound)

    def _told(
        self, question: Question, weighed: Weighed, lines: I8, objective: float, bound: float
    ) -> dict[str, Any]:
        kept = np.array(self.run.choice["lines"], dtype=np.int64)
        problem = self.problem(question)
        return {
            "lines": [int(i) for i in lines],
            "objective": float(objective),
            "bound": float(max(bound, objective)),
            "gap": float(max(0.0, bound - objective) / max(1.0, abs(objective))),
            "worth": [weighed.worth_choose, weighed.worth_report],
            "half": [self.choose_half.size, self.report_half.size],
            "few": min(weighed.worth_choose, weighed.worth_report) < LEAST,
            "best": self.leads_to(lines, weighed.report),
            "kept": self.leads_to(kept, weighed.report),
            "kept_fits": bool(
                problem.fits(kept) and problem.eligible[kept].all()
                and self._holds(question, kept)
            ),
        }  # fmt: skip

    def _holds(self, question: Question, lines: I8) -> bool:
        return set(question.held) <= {str(self.run.lines["segment"].iloc[i]) for i in lines}

    def together(self, measure: str, lines: I8) -> F8:
        """(F,) a measure of lines in every future, played alone and added up."""
        return np.asarray(self.measures[measure][lines].sum(axis=0, dtype=np.float64))

    def leads_to(self, lines: I8, weights: F8) -> dict[str, dict[str, float]]:
        """Return what lines lead to on the reporting half, played alone and added up."""
        return {
            name: spread(self.together(name, lines)[self.report_half], weights)
            for name in self.measures
        }


@dataclass(frozen=True)
class Weighed:
    """Weights of both halves of the futures, and how many futures each is worth."""

    choose: F8
    report: F8
    worth_choose: float
    worth_report: float


def density(u: F8, q: float, k: float = SHARPNESS) -> F8:
    """(F,) density of ``Beta(1 + kq, 1 + k(1 − q))`` at ``u``: its mode is ``q``.

    Examples
    --------
    >>> import numpy as np
    >>> float(density(np.array([0.5]), 0.5, 0.0)[0])
    1.0
    """
    from scipy.special import betaln, xlog1py, xlogy

    a, b = k * q, k * (1.0 - q)
    return np.asarray(np.exp(xlogy(a, u) + xlog1py(b, -u) - betaln(1.0 + a, 1.0 + b)))


def spread(values: F8, weights: F8) -> dict[str, float]:
    """Mean, percentiles and share above zero of weighed values.

    A percentile p is the least value whose weight with all below it reaches p.
    """
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    found = {"mean": float(values @ weights), "positive": float(weights[values > 0].sum())}
    for name, p in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        place = min(int(np.searchsorted(mass, p - 1e-12)), values.size - 1)
        found[name] = float(values[order][place])
    return found


# ---- of a run that is open on the desk -----------------------------------------------------------


def replay_of(shown: Shown) -> Replay:
    """Take up the futures of a run, once."""
    return shown.once("replay", lambda: Replay.of(shown.run))


def answer_of(shown: Shown, question: Question) -> dict[str, Any]:
    """Answer a question, once."""
    key = repr(question)
    if key not in shown.answers:
        shown.answers[key] = replay_of(shown).answer(question)
        while len(shown.answers) > ANSWERS:
            shown.answers.popitem(last=False)
    return shown.answers[key]


def prepare(shown: Shown) -> None:
    """Do what the first question would wait for: the futures, the relaxed choice, the engine."""
    answer_of(shown, Question())
