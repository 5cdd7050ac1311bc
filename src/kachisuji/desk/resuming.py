"""Runs that were interrupted: what is kept of them, and how they go on."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji import __version__
from kachisuji.ledger import digest, unfinished, write_atomic
from kachisuji.words import KachisujiError, RunError

if TYPE_CHECKING:
    from kachisuji.contest import ContestModel, Outcomes
    from kachisuji.desk.pipeline import Options

PLAN = "plan.json"
# errors of the surroundings: the same run may well go on once they are mended
OF_SURROUNDINGS = (
    "ensembles.disk",
    "ensembles.workers_died",
    "ensembles.no_cluster",
    "ensembles.cluster_lost",
    "ensembles.workers_gone",
    "ensembles.no_workers",
    "ensembles.other_install",
    "ensembles.not_shared",
    "ensembles.hangs",
    "desk.joint_hangs",
    "desk.goals_hangs",
    "desk.apart_died",
)


def worth_keeping(error: BaseException, folder: Path) -> bool:
    """Whether a run that ended with ``error`` may be resumed and has anything to resume."""
    if isinstance(error, KachisujiError) and not (
        error.key in OF_SURROUNDINGS or error.key.startswith("ledger.")
    ):
        return False
    return any((folder / "outcomes").glob("part-*.parquet"))


def write_plan(folder: Path, options: Options, when: str, lang: str) -> None:
    """Write beside the folder of a run what is needed to go on with it."""
    plan = options.kept() | {
        "seed": options.seed, "when": when, "lang": lang, "version": __version__,
    }  # fmt: skip
    plan["seal"] = _seal(plan, folder)
    write_atomic(folder.parent / PLAN, json.dumps(plan, indent=1) + "\n")


def _seal(plan: dict[str, Any], folder: Path) -> str:
    """Checksum of the plan and of the case: finished chunks belong to these and to no others."""
    case = {p.name: digest(p) for p in sorted((folder / "case").rglob("*")) if p.is_file()}
    told = json.dumps([{k: v for k, v in plan.items() if k != "seal"}, case], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def read_plan(place: Path) -> tuple[Path, dict[str, Any]]:
    """Find an interrupted run: by its own folder, or by the name of the run that it was to become.

    Returns
    -------
    tuple
        Path of the run to be made, and the plan.

    Raises
    ------
    RunError
        If there is no such run, it is finished, its plan is damaged, or another version made it.
    """
    ending = unfinished(Path("x")).name.removeprefix("x")
    own = place.name.endswith(ending)
    target = place.with_name(place.name.removesuffix(ending)) if own else place
    waiting = unfinished(target)
    if not waiting.is_dir():
        raise RunError("desk.finished" if target.is_dir() else "desk.no_unfinished", file=place)
    file = waiting / PLAN
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        int(plan["futures"]), int(plan["seed"]), str(plan["design"]), str(plan["when"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError("desk.bad_plan", file=file, why=str(error)) from error
    if plan.get("version") != __version__:
        raise RunError("desk.other_version", file=file, got=plan.get("version"), want=__version__)
    if plan.get("seal") != _seal(plan, waiting / "run"):
        raise RunError("desk.changed_plan", file=file)
    for torn in (waiting / "run").rglob(".*"):  # of a process that was killed in the middle
        if torn.is_file():
            torn.unlink()
    return target, plan


class CaseModel:
    """The contest of a case folder, built where it is played: what goes to a cluster is a path."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve())

    def __call__(self, draws: NDArray[np.float64], lines: NDArray[np.int64]) -> Outcomes:
        """Play lines, as the contest does."""
        return _model(self.folder)(draws, lines)

    def joint(self, draws: NDArray[np.float64], lines: NDArray[np.int64]) -> Outcomes:
        """Play lines together, as the contest does."""
        return _model(self.folder).joint(draws, lines)


_LOCK = threading.Lock()
_MODELS: dict[str, ContestModel] = {}


def _model(folder: str) -> ContestModel:
    from kachisuji import contest
    from kachisuji.cases import load

    with _LOCK:
        if folder not in _MODELS:
            case = load(folder)
            _MODELS.clear()  # one case at a time
            _MODELS[folder] = contest.build(case, case.economy)
        return _MODELS[folder]
