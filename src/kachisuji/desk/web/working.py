"""The process of one job: does it, tells how far it is, and stops when asked or when time is up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kachisuji.desk.progress import Advance
from kachisuji.desk.web.jobs import SECONDS, hold
from kachisuji.ledger import unfinished, write_atomic
from kachisuji.words import KachisujiError, RunError

BEAT = 1.0  # seconds between two signs of life
AFRESH = ("desk.bad_plan", "desk.other_version", "desk.changed_plan")  # nothing to resume from
GRACE = 10.0  # seconds between asking the work to stop and ending the process


class Telling:
    """Writes how far the job is; a ``Teller`` of the pipeline.

    Parameters
    ----------
    folder
        The job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state: dict[str, Any] = {"status": "working", "stages": []}
        self.written = 0.0

    def write(self, **changed: Any) -> None:
        """Write the state, whole or not at all."""
        self.state |= changed
        write_atomic(self.folder / "state.json", json.dumps(self.state, ensure_ascii=False))
        self.written = time.monotonic()

    @contextmanager
    def stage(self, key: str, total: int = 1, **values: Any) -> Iterator[Advance]:
        """Tell one stage of the work."""
        self.write(stage=key, values={k: str(v) for k, v in values.items()}, done=0, total=total)

        def advance(count: int) -> None:
            self.state["done"] = min(total, self.state["done"] + count)
            if time.monotonic() - self.written > 0.5:
                self.write()

        yield advance
        self.write(done=total, stages=[*self.state["stages"], key])


class Watch(threading.Thread):
    """Shows signs of life, and ends the work when it is asked to or its time is up."""

    def __init__(self, folder: Path, limit: float) -> None:
        super().__init__(daemon=True)
        self.folder, self.limit = folder, limit
        self.why = ""
        self.over = threading.Event()  # the work has ended by itself

    def run(self) -> None:
        """Beat until the process ends."""
        begun, asked = time.monotonic(), 0.0
        while not self.over.is_set():
            if not self.folder.is_dir():
                os._exit(1)
            (self.folder / "pulse").touch()
            now = time.monotonic()
            late = now - begun > self.limit
            if not asked and (late or (self.folder / "stop").exists()):
                self.why, asked = "late" if late else "stopped", now
                os.kill(os.getpid(), signal.SIGINT)
            elif asked and now - asked > GRACE:
                told = {"status": "stopped" if self.why == "stopped" else "failed"}
                write_atomic(self.folder / "state.json", json.dumps(told))
                clean(self.folder)
                os._exit(130)
            self.over.wait(BEAT)


def clean(folder: Path) -> None:
    """Remove what a job has left half-made; finished chunks of a run stay to be resumed."""
    for path in folder.glob(".*.partial-*"):
        shutil.rmtree(path, ignore_errors=True)


def work(folder: Path, limit: float | None = None) -> int:
    """Do the job of a folder; return the exit code."""
    told = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    telling = Telling(folder)
    watch = Watch(folder, SECONDS[told["kind"]] if limit is None else limit)
    try:
        telling.write()
        watch.start()
        result = DOES[told["kind"]](folder, told["asked"], telling)
        telling.write(status="done", result=result)
        return 0
    except KeyboardInterrupt:
        if watch.why == "late":
            error = RunError("web.job_late", seconds=round(watch.limit))
            telling.write(status="failed", error=as_json(error))
        else:
            telling.write(status="stopped")
        return 130
    except KachisujiError as error:
        telling.write(status="failed", error=as_json(error))
        return 2
    except Exception as error:
        traceback.print_exc()  # into the job's log
        telling.write(
            status="failed", error=as_json(RunError("web.broken", what=repr(error)[:200]))
        )
        return 1
    finally:
        watch.over.set()
        clean(folder)


def as_json(error: KachisujiError) -> dict[str, Any]:
    """Keep an error, so that it can be told in either language."""
    problems = [as_json(p) for p in getattr(error, "problems", ())[:20]]
    values = {k: v if isinstance(v, int | float) else str(v) for k, v in error.values.items()}
    place = {"file": Path(error.file).name if error.file else None, "column": error.column}
    return {"key": error.key, "values": values, "row": error.row, **place, "problems": problems}


def do_run(folder: Path, asked: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Run a case from end to end, or go on with it where an earlier process of this job was killed.

    The run appears among the desk's runs when it is whole.
    """
    made, moved = folder / asked["name"], folder / "moved"
    if not made.is_dir():
        if moved.is_file() and (told := Path(moved.read_text(encoding="utf-8"))).is_dir():
            return {"run": told.name}  # killed after the last step
        _make(made, asked, telling)
    target, count = Path(asked["runs"]) / asked["name"], 2
    while target.exists():
        target, count = Path(asked["runs"]) / f"{asked['name']}-{count}", count + 1
    write_atomic(moved, str(target))
    os.rename(made, target)
    return {"run": target.name}


def _make(made: Path, asked: dict[str, Any], telling: Telling) -> None:
    """Make the run of a job, from its finished chunks where there are any."""
    from kachisuji.desk.pipeline import Options, resume_run, run_case

    workers, waiting = max(1, int(asked.get("workers", 1))), unfinished(made)
    if waiting.is_dir():
        try:
            resume_run(made, workers, "", telling)
            return
        except RunError as error:
            if error.key not in AFRESH:
                raise
            shutil.rmtree(waiting)  # killed before there was a plan, or the desk has been renewed
    options = Options(futures=int(asked["futures"]), seed=int(asked["seed"]), workers=workers)
    run_case(asked["case"], made, options, telling, asked.get("lang", "ja"))


def do_solve(folder: Path, asked: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Choose exactly under changed assumptions."""
    from kachisuji.desk.stored import StoredRun
    from kachisuji.desk.web.replay import Question, Replay

    del folder
    with telling.stage("web.stage_open"):
        replay = Replay.of(StoredRun.open(Path(asked["run"])))
    question = Question.from_query([(k, v) for k, v in asked["question"]], replay)
    with telling.stage("web.stage_solve", 4) as advance:
        answer = replay.prove(question, float(asked["gap"]), advance)
    return {"answer": answer}


def do_backcast(folder: Path, asked: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Reckon back from a goal."""
    from kachisuji.desk.ahead.reckoning import back_from

    del folder
    found = back_from(asked["case"], asked["goal"], seed=int(asked["seed"]), teller=telling)
    return {"found": found, "of": asked["name"], "page": "/back-casting"}


def do_pathways(folder: Path, asked: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Map the pathways of a run."""
    from kachisuji.desk.ahead.mapping import pathways

    del folder
    with telling.stage("ahead.stage_paths"):
        found = pathways(
            Path(asked["run"]), hold=asked["hold"], odds=asked["odds"], when=asked["when"]
        )
    return {"found": found, "of": asked["name"], "page": "/pathways"}


def do_watch(folder: Path, asked: dict[str, Any], telling: Telling) -> dict[str, Any]:
    """Weigh a run by what has been observed."""
    from kachisuji.desk.ahead.observing import watch_run

    del folder
    with telling.stage("ahead.stage_watch"):
        found = watch_run(Path(asked["run"]), asked["rows"], record=asked["record"])
    return {"found": found, "of": asked["name"], "page": "/watch"}


DOES = {
    "run": do_run,
    "solve": do_solve,
    "backcast": do_backcast,
    "pathways": do_pathways,
    "watch": do_watch,
}


def main() -> None:
    """Run as ``python -m kachisuji.desk.web.working FOLDER``."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(sys.argv[1])
    held = hold(folder)  # kept open until the process ends, however it ends
    sys.exit(0 if held is None else work(folder))


if __name__ == "__main__":
    main()
