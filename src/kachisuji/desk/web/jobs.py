"""Work in the background: a process each, its state on the disk.

A job is a folder: ``job.json`` (what was asked, written once), ``state.json`` (how far it is,
written by the process alone), ``pulse`` (touched every second while it lives), ``stop`` (made by
whoever wants it stopped). The server holds nothing in memory: a job goes on when the
server is killed, and is seen again when it is back.
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
from typing import Any

from kachisuji.ledger import disk_error, write_atomic
from kachisuji.words import RunError

ENDED = ("done", "failed", "stopped", "lost")
AT_ONCE = 2  # jobs that work at the same time
WAITING = 20  # jobs that may wait behind them
SILENT = 20.0  # seconds without a pulse after which a process is taken for dead
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
        """Start waiting jobs for which there is room."""
        with self._lock:
            jobs = self.all()
            room = AT_ONCE - sum(j.status == "working" for j in jobs)
            for job in sorted((j for j in jobs if j.status == "waiting"), key=lambda j: j.made):
                if room <= 0:
                    break
                self._spawn(job)
                room -= 1

    def _spawn(self, job: Job) -> None:
        (job.folder / "pulse").touch()
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
            alive = time.time() - (folder / "pulse").stat().st_mtime < SILENT
            status = "working" if alive else "lost"
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

    def forget(self, name: str) -> None:
        """Remove a job that has ended; runs that it made stay."""
        job = self.get(name)
        if not job.ended:
            raise RunError("web.job_works", name=name)
        shutil.rmtree(job.folder, ignore_errors=True)
