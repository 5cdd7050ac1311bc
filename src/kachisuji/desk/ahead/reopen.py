"""A stored run at work again: its model, its futures and its outcomes, nothing played anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kachisuji.desk.comparing import Halves
from kachisuji.desk.futures import draw
from kachisuji.desk.measures import Measures
from kachisuji.desk.stored import StoredRun
from kachisuji.words import RunError

if TYPE_CHECKING:
    from kachisuji.desk.pipeline import Work


def reopen(run: StoredRun | Path) -> Work:
    """Return what was at hand while a run was made, from what it left.

    The draws come back from the seed, the outcomes from their parts; only the model is built again.

    Raises
    ------
    RunError
        If a file of the run is missing or damaged, or its lines are no longer those of its case.
    """
    from kachisuji import contest, ensembles
    from kachisuji.desk.pipeline import Work

    stored = StoredRun.open(run) if isinstance(run, Path) else run
    options, case = stored.manifest.options, stored.case
    model = contest.build(case, case.economy)
    outcome = ensembles.OutcomeTable.open(stored.folder)
    if len(model.lines) != outcome.lines.size:
        raise RunError("ahead.other_lines", file=stored.folder)
    try:
        futures, design = int(options["futures"]), str(options["design"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError("ledger.bad_manifest", file=stored.folder, why=str(error)) from error
    return Work(
        case=case,
        model=model,
        draws=draw(design, futures, case, model.quantities, stored.manifest.seed),
        halves=Halves.of(futures),
        seed=stored.manifest.seed,
        lines=model.lines.reset_index(drop=True),
        measures=Measures(outcome),
        paths=stored.paths,
    )
