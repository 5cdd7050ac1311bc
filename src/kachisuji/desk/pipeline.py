"""A run from end to end: case, contest, futures, choice, joint play, results, report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk import comparing, describing
from kachisuji.desk.choosing import Chosen, choose, choose_again, counted_by_odds, front_table
from kachisuji.desk.comparing import Halves
from kachisuji.desk.futures import draw
from kachisuji.desk.joint import Together, best_credit, play_best, use_table
from kachisuji.desk.judging import judge
from kachisuji.desk.layering import layers_of
from kachisuji.desk.limiting import InTime
from kachisuji.desk.measures import Measures
from kachisuji.desk.progress import Teller
from kachisuji.desk.resuming import CaseModel, read_plan, worth_keeping, write_plan
from kachisuji.desk.robustness import robustness
from kachisuji.desk.stored import StoredRun, read_paths
from kachisuji.desk.surviving import influence_table, left_out_table, portfolio_table
from kachisuji.ledger import (
    Manifest,
    copy_into,
    describe,
    disk_error,
    resumable_folder,
    write_atomic,
)
from kachisuji.words import InputError, Lang

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.contest import ContestModel, Outcomes
    from kachisuji.ensembles.runners import ExecutorName
    from kachisuji.portfolios import Survival

F8 = NDArray[np.float64]

RESAMPLES = 50  # of the futures, each re-optimised


@dataclass(frozen=True)
class Options:
    """How a case is run; futures, seed and design alone are part of the result.

    ``cluster`` is the address of a Dask scheduler, or ``local``; without it threads play the lines,
    or with a ``limit`` processes, which can be ended where the model hangs.
    """

    futures: int = 512
    seed: int = 0
    design: str = "sobol"
    workers: int = 1
    cluster: str = ""
    limit: float | None = None

    def kept(self) -> dict[str, Any]:
        """Options that the manifest keeps (the seed stands by itself)."""
        return {"futures": self.futures, "design": self.design}


@dataclass
class Work:
    """What is at hand while a run is made."""

    case: Case
    model: ContestModel
    draws: F8
    halves: Halves
    seed: int
    lines: pd.DataFrame
    measures: Mapping[str, F8]
    paths: pd.DataFrame
    seconds: dict[str, float] = field(default_factory=dict)
    folder: Path | None = None  # of the run, where it is being made
    in_time: InTime | None = None  # where a limit is set

    def joint(self, draws: F8, lines: NDArray[np.int64]) -> Outcomes:
        """Play lines together; where a limit is set, in a process that can be ended."""
        if self.in_time is None or self.folder is None:
            return self.model.joint(draws, lines)
        apart = CaseModel(self.folder / "case")
        found: Outcomes = self.in_time("joint", apart.joint, draws, lines)
        return found


def run_case(
    case: str, out: Path | None, options: Options, teller: Teller, lang: Lang = "en"
) -> StoredRun:
    """Run a case and write its run folder.

    Parameters
    ----------
    case
        Name of a shipped case, or a case folder.
    out
        Run folder to write; without it ``runs/CASE-DATE-TIME`` in the working folder.
    options
        Futures, seed, design, workers.
    teller
        Shows the stages.
    lang
        First language of the report.

    Raises
    ------
    InputError
        If the case is wrong.
    InfeasibleError
        If no choice fits the limits.
    RunError
        If the run folder cannot be written.
    """
    from kachisuji.cases import load
    from kachisuji.contest import check_correlated

    started = datetime.now(UTC).astimezone()
    with teller.stage("desk.stage_case"):
        loaded = load(case)
        check_correlated(loaded)
    name = f"{loaded.settings.id}-{started:%Y%m%d-%H%M%S}"
    target = Path("runs") / name if out is None else out
    when = started.isoformat(timespec="seconds")
    with resumable_folder(target, worth_keeping) as folder:
        copy_into(loaded.path, folder / "case")
        write_plan(folder, options, when, lang)
        make_run(folder, options, teller, when=when, lang=lang)
    return StoredRun.open(target)


def resume_run(
    place: Path, workers: int, cluster: str, teller: Teller, limit: float | None = None
) -> StoredRun:
    """Go on with an interrupted run from the chunks that are finished.

    Parameters
    ----------
    place
        The run, or the folder ``RUN.unfinished``.
    workers, cluster, limit
        Who plays what is left, and how long it may take; the result does not depend on it.

    Raises
    ------
    RunError
        If there is nothing to resume, or what is there is damaged or of another version.
    """
    target, plan = read_plan(place)
    options = Options(
        int(plan["futures"]), int(plan["seed"]), plan["design"], workers, cluster, limit
    )
    lang: Lang = "en" if plan["lang"] == "en" else "ja"
    with resumable_folder(target, worth_keeping, resume=True) as folder:
        make_run(folder, options, teller, when=str(plan["when"]), lang=lang)
    return StoredRun.open(target)


def make_run(folder: Path, options: Options, teller: Teller, *, when: str, lang: Lang) -> None:
    """Fill a folder that holds ``case/`` with everything a run leaves."""
    from kachisuji.desk.report.page import build_report

    work = simulate(folder, options, teller)
    try:
        results = decide(work, options, teller)
    finally:
        if work.in_time is not None:
            work.in_time.close()
    with teller.stage("desk.stage_report"):
        figures = {
            "lines": len(work.lines),
            "futures": options.futures,
            "quantities": len(work.model.quantities),
            "seconds": {k: round(v, 2) for k, v in work.seconds.items()},
        }
        try:
            for name, table in results.tables.items():
                table.to_parquet(folder / f"{name}.parquet", index=False)
        except OSError as error:
            raise disk_error(error, folder) from error
        write_atomic(folder / "choice.json", _json(results.choice))

        def told() -> Manifest:
            return describe(
                folder,
                case=work.case.settings.id,
                seed=options.seed,
                options=options.kept() | {"lang": lang},
                when=when,
                figures=figures,
            )

        told().write(folder)  # the report reads the run as it will lie there
        write_atomic(folder / "report.html", build_report(StoredRun.open(folder), lang))
        told().write(folder)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def simulate(folder: Path, options: Options, teller: Teller) -> Work:
    """Play every line alone in every future; outcomes go to Parquet in chunks as they come."""
    from kachisuji import contest, ensembles
    from kachisuji.cases import load

    seconds: dict[str, float] = {}
    begun = time.perf_counter()
    with teller.stage("desk.stage_model"):
        case = load(folder / "case")
        model = contest.build(case, case.economy)
        lines = model.lines.reset_index(drop=True)
        if not (lines["kind"] == "line").any():
            raise InputError("desk.no_lines", file=case.path / "segments.csv")
        draws = draw(options.design, options.futures, case, model.quantities, options.seed)
        model.prepare(draws)
    seconds["model"] = time.perf_counter() - begun
    begun = time.perf_counter()
    told = {"lines": f"{len(lines):,}", "futures": f"{options.futures:,}"}
    apart: ExecutorName = "threads" if options.limit is None else "processes"
    executor: ExecutorName = "dask" if options.cluster else apart
    with teller.stage("desk.stage_lines", len(lines), **told) as advance:
        outcome = ensembles.run(
            model if executor == "threads" else CaseModel(folder / "case"),
            draws,
            np.arange(len(lines)),
            folder=folder,
            workers=options.workers,
            executor=executor,
            limit=options.limit,
            cluster=None if options.cluster == "local" else options.cluster or None,
            progress=advance,
            resume=True,
        )
    seconds["lines"] = time.perf_counter() - begun
    return Work(
        case,
        model,
        draws,
        Halves.of(options.futures),
        options.seed,
        lines,
        Measures(outcome),
        read_paths(folder, case.settings.first_year),
        seconds,
        folder,
        None if options.limit is None else InTime(options.limit),
    )


@dataclass(frozen=True)
class Results:
    """Tables and the choice that a run leaves."""

    tables: dict[str, pd.DataFrame]
    choice: dict[str, Any]


def decide(work: Work, options: Options, teller: Teller) -> Results:
    """Compare, choose on one half, play jointly, and describe on the other."""
    halves = work.halves
    begun = time.perf_counter()
    with teller.stage("desk.stage_compare", 4) as advance:
        summary = comparing.summarise(work.measures, halves.report)
        advance(1)
        compared = comparing.compare_dimensions(work.lines, work.measures["welfare"], halves)
        bought = comparing.per_money(work.lines, work.measures, halves.report)
        advance(1)
        place = describing.place_table(work.model)
        limits = describing.limits_by_year(work.case)
    work.seconds["compare"] = time.perf_counter() - begun
    begun = time.perf_counter()
    with teller.stage("desk.stage_choose"):
        chosen = choose(work, limits)
    work.seconds["choose"] = time.perf_counter() - begun
    begun = time.perf_counter()
    with teller.stage("desk.stage_joint", len(chosen.candidates) + 1) as advance:
        together = play_best(work, chosen, limits, advance)
    work.seconds["joint"] = time.perf_counter() - begun
    begun = time.perf_counter()
    with teller.stage("desk.stage_survive", RESAMPLES) as advance:
        survival = survive(work, chosen, options.seed, advance)
        left_out = left_out_table(work, chosen, together)
        influence = influence_table(work, together)
        goals = describing.goals_table(
            work.model, work.draws, work.measures["public_cost"].mean(axis=1), halves.report
        )
        depends = describing.dependence(work.model, work.draws)
    work.seconds["survive"] = time.perf_counter() - begun
    tables = {
        "lines": work.lines,
        "summary": summary,
        "compared": compared,
        "bought": bought,
        "baseline": describing.baseline_table(work.model, work.draws),
        "tipping": describing.tipping_table(work.model, work.draws),
        "place": place,
        "influence": influence,
        "portfolio": portfolio_table(work, together, survival),
        "use": use_table(work, together, limits),
        "spread": together.spread,
        "left_out": left_out,
    }
    with teller.stage("desk.stage_front", 1):
        tables["front"] = front_table(work, chosen, together)
    begun = time.perf_counter()
    with teller.stage("desk.stage_robust"):
        robust = robustness(work, chosen, together, influence)
        layered = layers_of(work, together)
    work.seconds["robust"] = time.perf_counter() - begun
    begun = time.perf_counter()
    with teller.stage("desk.stage_judge", 3) as advance:
        tables |= judge(work, advance)
    work.seconds["judge"] = time.perf_counter() - begun
    choice = _choice(work, chosen, together, survival, influence, goals, depends)
    return Results(tables, choice | {"robust": robust, "layers": layered})


def survive(work: Work, chosen: Chosen, seed: int, advance: Callable[[int], None]) -> Survival:
    """Choose again on resampled futures, by what the case chooses by."""
    from kachisuji import portfolios

    asked, problem = work.case.settings.choice, chosen.problem
    if asked.objective == "satisficing":
        problem = counted_by_odds(problem, asked.threshold)
    again = choose_again(work, chosen)
    return portfolios.survival(problem, RESAMPLES, seed, advance=advance, again=again)


def _choice(
    work: Work,
    chosen: Chosen,
    together: Together,
    survival: Survival,
    influence: pd.DataFrame,
    goals: list[dict[str, Any]],
    depends: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    from kachisuji.desk.influence import by_grade

    economy = work.case.economy
    shares = influence[influence["scope"] == "portfolio"]
    return {
        "lines": [int(i) for i in together.lines],
        "names": [str(work.lines.loc[i, "line"]) for i in together.lines],
        "objective": chosen.choice.objective,
        "bound": chosen.choice.bound,
        "gap": chosen.choice.gap,
        "binding": [list(b) for b in chosen.choice.binding],
        "candidates": together.tried,
        "dropped": together.dropped,
        "rank_before_joint": together.rank + 1,
        "joint_within_limits": together.within,
        "halves": [len(work.halves.choose), len(work.halves.report)],
        "joint": together.joint,
        "separate": together.separate,
        "choosing": together.choosing,
        "credit": best_credit(work),
        "wins": together.wins,
        "empty_resamples": survival.empty,
        "resamples": survival.resamples,
        "by_grade": by_grade(shares),
        "goals": goals,
        "dependence": depends,
        "tables": [
            {
                "title": economy.title,
                "publisher": economy.publisher,
                "licence": economy.licence,
                "citation": economy.citation,
                "checksum": economy.checksum,
            }
        ],
    }
