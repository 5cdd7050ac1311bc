"""Work in the background: a process each, its state on the disk.

A job is a folder: ``job.json`` (what was asked, written once), ``state.json`` (how far it is,
written by the process alone), ``pulse`` (touched every second while it lives), ``lock`` (held while
it lives), ``starts`` (a byte each time a process was set going), ``stop`` (made by whoever wants it
stopped). The server holds nothing in memory: a job goes on when the server is killed, and is seen
again when it is back. A job whose own process was killed is set going again, a run from the chunks
that it had finished.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from kachisuji.ledger import disk_error, unfinished, write_atomic
from kachisuji.words import RunError

ENDED = ("done", "failed", "stopped", "lost")
AT_ONCE = 2  # jobs that work at the same time
WAITING = 20  # jobs that may wait behind them
SILENT = 20.0  # seconds without a pulse after which a process that holds no lock is taken for dead
STARTS = 3  # processes that a job may use up before it is left as lost
# limits of time, in seconds
SECONDS = {
    "run": 6 * 3600.0,
    "solve": 900.0,
    "backcast": 3600.0,
    "pathways": 3600.0,
    "watch": 3600.0,
}
_NAME = re.compile(r"[a-z]+-\d{8}-\d{6}-[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True)
class Job:
    """One job as it stands.

    Attributes
    ----------
    status
        ``waiting``, ``working``, ``done``, ``failed``, ``stopped`` or ``lost`` (its process died).
    stage, values
        Catalogue key of what it is doing, and the placeholders of that text.
    done, total
        Progress of the stage.
    error
        The error that it ended with: key, values, place.
    result
        What it left: a run's name, or figures.
    """

    name: str
    kind: str
    asked: dict[str, Any]
    made: str
    folder: Path
    status: str = "waiting"
    stage: str = ""
    values: dict[str, Any] | None = None
    done: int = 0
    total: int = 1
    error: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    stages: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDED

    @property
    def begun(self) -> bool:
        """Whether finished chunks of a run are there to go on from."""
        return self.kind == "run" and unfinished(self.folder / self.asked["name"]).is_dir()

    @property
    def can_go_on(self) -> bool:
        """Whether somebody may set it going again."""
        return self.status == "lost" or (self.ended and self.status != "done" and self.begun)

    @property
    def goes_on(self) -> bool:
        """Whether it is set going again by itself: killed, and doing it twice does no harm."""
        return (
            self.status == "lost"
            and not self.asked.get("record")
            and starts(self.folder) < STARTS
            and not (self.folder / "stop").exists()
        )


def starts(folder: Path) -> int:
    """How many processes a job has had."""
    file = folder / "starts"
    return file.stat().st_size if file.is_file() else 0


def hold(folder: Path) -> IO[bytes] | None:
    """Take the lock of a job: an open file while the process lives; None where another has it."""
    import fcntl

    stream = (folder / "lock").open("ab")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        return None
    return stream


def lives(folder: Path) -> bool:
    """Whether the process of a job is at work (just set going, it has no lock yet)."""
    if not (folder / "lock").is_file():
        return time.time() - (folder / "pulse").stat().st_mtime < SILENT
    held = hold(folder)
    if held is not None:
        held.close()
    return held is None


class Jobs:
    """All jobs of a desk.

    Parameters
    ----------
    folder
        Holds one folder a job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def start(self, kind: str, asked: dict[str, Any]) -> Job:
        """Put a job on the list, and set it going when there is room.

        Raises
        ------
        RunError
            If too many jobs wait, or the disk is full.
        """
        with self._lock:
            if sum(not j.ended for j in self.all()) >= AT_ONCE + WAITING:
                raise RunError("web.too_many_jobs", count=AT_ONCE + WAITING)
            now = datetime.now(UTC).astimezone()
            name = f"{kind}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            hidden = self.folder / f".{name}"
            text = {"kind": kind, "asked": asked, "made": now.isoformat(timespec="seconds")}
            try:
                hidden.mkdir()
                write_atomic(hidden / "job.json", json.dumps(text, ensure_ascii=False))
                os.rename(hidden, self.folder / name)
            except OSError as error:
                raise disk_error(error, self.folder) from error
        self.tend()
        return self.get(name)

    def tend(self) -> None:
        """Start waiting jobs for which there is room, and those again that were killed."""
        with self._lock:
            for job in self.all():
                if job.goes_on:
                    _reset(job)
            jobs = self.all()
            room = AT_ONCE - sum(j.status == "working" for j in jobs)
            for job in sorted((j for j in jobs if j.status == "waiting"), key=lambda j: j.made):
                if room <= 0:
                    break
                self._spawn(job)
                room -= 1

    def _spawn(self, job: Job) -> None:
        (job.folder / "lock").unlink(missing_ok=True)
        (job.folder / "pulse").touch()
        with (job.folder / "starts").open("ab") as count:
            count.write(b".")
        with (job.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kachisuji.desk.web.working", str(job.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # it outlives the server
                close_fds=True,
            )
        threading.Thread(target=self._await, args=(process,), daemon=True).start()

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()  # leaves no zombie
        self.tend()

    def get(self, name: str) -> Job:
        """Return a job by its name.

        Raises
        ------
        RunError
            If there is none.
        """
        if not _NAME.fullmatch(name) or not (self.folder / name / "job.json").is_file():
            raise RunError("web.no_job", name=name[:80])
        folder = self.folder / name
        told = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        state: dict[str, Any] = {}
        if (folder / "state.json").is_file():
            state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            state["stages"] = tuple(state.get("stages", ()))
        job = Job(name, told["kind"], told["asked"], told["made"], folder, **state)
        if not job.ended and (folder / "pulse").is_file():
            status = "working" if lives(folder) else "lost"
            return Job(**{**job.__dict__, "status": status})
        return job

    def all(self) -> list[Job]:
        """Every job, newest first."""
        names = sorted(p.name for p in self.folder.iterdir() if _NAME.fullmatch(p.name))
        jobs = [self.get(n) for n in names]
        return sorted(jobs, key=lambda j: j.made, reverse=True)

    def stop(self, name: str) -> None:
        """Ask a job to stop; one that waits stops at once."""
        job = self.get(name)
        if job.ended:
            return
        (job.folder / "stop").touch()
        if job.status == "waiting":
            write_atomic(job.folder / "state.json", json.dumps({"status": "stopped"}))

    def go_on(self, name: str) -> None:
        """Set a job going again that was stopped, killed or hindered by its surroundings.

        Raises
        ------
        RunError
            If it is at work, done, or nothing of it is left to go on from.
        """
        with self._lock:
            job = self.get(name)
            if not job.can_go_on:
                raise RunError("web.job_whole", name=name)
            (job.folder / "starts").unlink(missing_ok=True)
            _reset(job)
        self.tend()

    def forget(self, name: str) -> None:
        """Remove a job that has ended; runs that it made stay."""
        job = self.get(name)
        if not job.ended:
            raise RunError("web.job_works", name=name)
        shutil.rmtree(job.folder, ignore_errors=True)


def _reset(job: Job) -> None:
    """Put a job back among those that wait."""
    for name in ("stop", "state.json", "pulse"):
        (job.folder / name).unlink(missing_ok=True)
