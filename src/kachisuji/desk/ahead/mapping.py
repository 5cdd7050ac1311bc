"""Pathways of a run: how long the plan holds, what may follow it, and what waiting is worth."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.desk.ahead.goals import Asked, parse
from kachisuji.desk.ahead.prepared import PLAN, Prepared, play, prepare
from kachisuji.desk.report.names import Names
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kachisuji.cases import Case
    from kachisuji.desk.stored import StoredRun

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

PROMISE = 0.5  # part of its mean promise that the plan must keep, unless a condition is given
DELAYS = (0, 1, 2, 3, 5)  # years by which the whole plan may be put off
SEEN = ("sales", "share", "market")


def pathways(
    run: StoredRun | Path | Prepared,
    *,
    hold: str | None = None,
    odds: float = 0.5,
    when: int | None = None,
    alternatives: int = 3,
) -> dict[str, Any]:
    """Map the pathways of a run.

    Parameters
    ----------
    run
        A finished run, or what ``prepare`` made of it.
    hold
        Condition that must hold from its year on, as a goal in words over ``all.value_added``;
        without it the plan must keep half of its own mean promise of value added, year by year.
    odds
        Share of the futures in which the condition must hold, unless ``hold`` states its own.
    when
        Year in which one may change over.
    alternatives
        How many to prepare.

    Returns
    -------
    dict
        Plain values: ``portfolios`` with their sell-by years, ``routes``, ``signposts``,
        ``waiting``, ``flexibility``, and the condition.

    Raises
    ------
    InputError
        If the run's plan is empty, or the condition or the year makes no sense.
    """
    from kachisuji.portfolios import sell_by

    ready = run if isinstance(run, Prepared) else prepare(
        run, when=when, alternatives=alternatives)  # fmt: skip
    if not len(ready.plan.lines):
        raise InputError("ahead.no_plan")
    floor, condition = _condition(hold, odds, ready)
    ends = sell_by(ready.after >= floor, 1.0 - condition["odds"])
    n = len(ready.portfolios)
    lead = np.array([0, *(_lead(ready, i) for i in range(1, n))])
    signs = signposts(ready)
    names = Names(ready.case)
    return {
        "when": ready.when,
        "years": [int(y) for y in ready.years],
        "futures": len(ready.draws),
        "condition": condition,
        "portfolios": [_portfolio(ready, i, int(ends[i]), int(lead[i]), names) for i in range(n)],
        "routes": _routes(ready, ends, lead),
        "signposts": signs,
        "waiting": waiting(ready),
        "flexibility": flexibility(ready, signs),
    }


def _routes(ready: Prepared, ends: I8, lead: I8) -> list[dict[str, Any]]:
    """Ways through the map that begin with the plan: portfolios, years of change, how long."""
    from kachisuji.portfolios import routes

    years, n = ready.years, len(ready.portfolios)
    moved = np.full((n, n), np.inf)
    moved[0, 1:] = ready.transfer[1:].mean(axis=1)
    worth = ready.switched.mean(axis=1)
    return [
        {
            "portfolios": [ready.portfolios[p].key for p in r.portfolios],
            "years": [int(years[y]) for y in r.years],
            "until": int(years[min(r.until, len(years)) - 1]),
        }
        for r in routes(ends, moved, lead, len(years), cost=-worth)
        if r.portfolios[0] == 0
    ]


# a goal in words without odds of its own (the name of a row of goals.csv has them)
_SILENT = re.compile(r"^(?!.*\bwith\s+p\b).*(?:[<>]=?|[≤≥])")


def condition_of(text: str, case: Case) -> Asked:
    """Read a condition that is to be held by year.

    Raises
    ------
    InputError
        If it is no goal in words, or none over the value added of the whole case.
    """
    asked = parse(text, case)
    if asked.segments or asked.measure != "value_added" or asked.at_most:
        raise InputError("ahead.condition", got=text)
    return asked


def _condition(text: str | None, odds: float, ready: Prepared) -> tuple[F8, dict[str, Any]]:
    """(T,) value added to be reached in each year (−∞ where nothing is asked), and what is told.

    A condition that states odds keeps its own.
    """
    if text is None:
        mean = ready.plan.added.mean(axis=0)
        floor = np.where(mean > 0, PROMISE * mean, -np.inf)
    else:
        asked = condition_of(text, ready.case)
        floor = np.where(ready.years >= asked.year, asked.target, -np.inf)
        if not _SILENT.search(text):
            odds = asked.odds
    shown = [float(v) for v in np.where(np.isfinite(floor), floor, 0.0)]
    return floor, {"text": text, "promise": PROMISE, "odds": odds, "floor": shown}


def _lead(ready: Prepared, row: int) -> int:
    """Years from changing over until a portfolio gives a tenth of what it gives at its best."""
    mean = ready.after[row].mean(axis=0)
    from_when = np.flatnonzero((ready.years >= ready.when) & (mean >= 0.1 * mean.max()))
    if not mean.max() > 0 or not from_when.size:
        return 0
    return int(ready.years[from_when[0]] - ready.when)


def _lines(lines: pd.DataFrame, names: Names) -> list[dict[str, Any]]:
    out = []
    for row in lines.itertuples():
        told = names.line(row)
        out.append(
            {
                "line": str(row.line),
                "segment": str(row.segment),
                "start": int(str(row.start)),
                "name_en": told.en,
                "name_ja": told.ja,
            }
        )
    return out


def _portfolio(ready: Prepared, row: int, end: int, lead: int, names: Names) -> dict[str, Any]:
    one, years = ready.portfolios[row], ready.years
    low, high = np.percentile(one.worth, [10, 90])
    return {
        "key": one.key,
        "lines": _lines(one.lines, names),
        "worth": float(one.worth.mean()),
        "p10": float(low),
        "p90": float(high),
        "sell_by": int(years[end]) if end < len(years) else None,
        "after_switch": float(ready.switched[row].mean()),
        "transfer": float(ready.transfer[row].mean()),
        "better": float((ready.switched[row] > ready.switched[0]).mean()) if row else 0.0,
        "lead": lead,
    }


def observables(ready: Prepared) -> list[str]:
    """List what can be watched: sales, share and market of every segment of the plan."""
    return [f"{s}.{m}" for s in dict.fromkeys(ready.plan.lines["segment"]) if s for m in SEEN]


def signposts(ready: Prepared) -> list[dict[str, Any]]:
    """For each alternative the observation that best tells when to change over, best first.

    What is seen is last year's figure in the year of changing over. ``heed`` is false where the
    trigger earns nothing on futures that it was not found on: it is watched, not obeyed.
    """
    from kachisuji.portfolios import best_trigger

    year = max(int(ready.years[0]), ready.when - 1)
    seen = {name: ready.observable(name, year) for name in observables(ready)}
    out: list[dict[str, Any]] = []
    for row, other in enumerate(ready.portfolios):
        if row == 0 or not seen:
            continue
        gain = ready.switched[row] - ready.switched[0]
        found = {name: best_trigger(x, gain) for name, x in seen.items()}
        name = max(found, key=lambda k: found[k].promise)
        post = found[name]
        out.append(
            {
                "observable": name,
                "year": year,
                "alternative": other.key,
                **asdict(post),
                "heed": post.value > 0,
            }
        )
    return sorted(out, key=lambda s: -s["value"])


def waiting(ready: Prepared) -> dict[str, Any]:
    """Value of being free to put the whole plan off, by regression on what is seen meanwhile.

    At each possible start the plan's own sales without policy and the size of its markets are
    known, and not what the plan will be worth in that future. Source: Longstaff and Schwartz
    (2001).
    """
    from kachisuji.desk.joint import value_of
    from kachisuji.portfolios import act_or_wait

    last = int(ready.years[-1])
    lines = ready.plan.lines
    delays = [d for d in DELAYS if int(lines["start"].max()) + d <= last]
    payoff = [ready.plan.worth]
    for delay in delays[1:]:
        later = ready.model.with_lines(lines.assign(start=lines["start"] + delay))
        outcome = later.joint(ready.draws, np.arange(len(lines)))
        payoff.append(value_of(ready.case.settings, outcome.scalars).sum(axis=0))
    own = [ready.model.segments.index(s) for s in dict.fromkeys(lines["segment"]) if s]
    state = [
        np.stack([ready.base[k][own, :, d].sum(axis=0) for k in ("sales", "market")], axis=1)
        for d in delays
    ]
    found = act_or_wait(
        np.stack(payoff, axis=1), np.stack(state, axis=1), np.ones(len(delays)), powers=2,
        known=False,
    )  # fmt: skip
    mean = [float(p.mean()) for p in payoff]
    free = max(0.0, found.value, *mean)  # a fixed date, or never to act, may always be kept
    return {
        "delays": delays,
        "mean": mean,
        "now": found.now,
        "free": free,
        "error": found.error,
        "waiting": free - max(0.0, found.now),
        "share": [float(s) for s in found.share],
    }


def flexibility(ready: Prepared, signs: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what being free to change over is worth, and what announcing it costs.

    The gain is that of a regression on everything watched, decided on other futures than it was
    fitted on. The price: once triggers are announced, the state commits less and firms follow less,
    as the contest has it for ``withdrawable`` packages (its quantity ``withdrawal``); the plan is
    played again with every package so. Without a trigger that can fire nothing is announced.
    ``priced`` is whether the case says what firms withdraw at all: where it does not, a price of
    nothing is no finding.
    """
    from kachisuji.contest import build
    from kachisuji.portfolios import worth_of_switching

    names = observables(ready)
    year = max(int(ready.years[0]), ready.when - 1)
    gained = np.zeros(len(ready.draws))
    if names and len(ready.portfolios) > 1:
        state = np.stack([ready.observable(n, year) for n in names], axis=1)
        gained = worth_of_switching(state, (ready.switched[1:] - ready.switched[0]).T)
    odds = max([s["fired"] for s in signs], default=0.0)
    doubted = ready.plan
    if odds > 0:
        loose = tuple(
            p.model_copy(update={"withdrawable": True}) for p in ready.case.lines.packages
        )
        space = ready.case.lines.model_copy(update={"packages": loose})
        model = build(replace(ready.case, lines=space), ready.model.table)
        doubted = play(ready, PLAN, ready.plan.lines, ready.draws, model)
    # nobody is forced to change over: where the advice earns nothing, it is not taken
    free = max(0.0, float(gained.mean()))
    price = float((ready.plan.worth - doubted.worth).mean())
    said = ready.case.tables["globals"]
    priced = bool(((said["symbol"] == "withdrawal") & (said["high"] > 0)).any())
    return {"worth": free, "advised": float(gained.mean()), "odds": odds, "price": price,
            "net": free - price, "priced": priced}  # fmt: skip
