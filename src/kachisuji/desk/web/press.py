"""Files to take along, each made in a process of its own: its time and memory are not the server's.

A report as PDF takes 200 MB for Japan and seconds; one that takes too long, or dies, is told to who
asked for it, and nobody else notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from kachisuji.words import Lang, RunError

if TYPE_CHECKING:
    from kachisuji.desk.web.place import Shown

LONGEST = 300.0  # seconds that a file may take
WAITING = 8  # requests that may wait for the one that is being made
KEPT = 8  # files of a run kept at hand
NICE = 10  # pages come first


class Press:
    """Makes files one after the other; who waits for one holds no thread that answers pages."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="press")
        self._waiting = 0
        self._now: subprocess.Popen[bytes] | None = None

    async def made(self, shown: Shown, command: str, form: str, lang: Lang, of: str = "") -> bytes:
        """Return what ``kachisuji COMMAND RUN --out FILE.FORM`` writes.

        Parameters
        ----------
        of
            What the file is made from beside the run: another one is made when it changes.

        Raises
        ------
        RunError
            If too many wait, it is not done in time, or its process fails.
        """
        key = f"{command} {form} {lang} {of}"
        if key in shown.files:
            return shown.files[key]
        if self._waiting >= WAITING:
            raise RunError("web.too_many_files", count=WAITING)
        self._waiting += 1
        try:
            made = self._pool.submit(self._once, shown, key, (command, form, lang))
            return await asyncio.wrap_future(made)
        finally:
            self._waiting -= 1

    def _once(self, shown: Shown, key: str, asked: tuple[str, str, Lang]) -> bytes:
        if key not in shown.files:  # else who waited before wanted the same
            shown.files[key] = self._apart(shown.run.folder, *asked)
            while len(shown.files) > KEPT:
                shown.files.popitem(last=False)
        return shown.files[key]

    def _apart(self, folder: Path, command: str, form: str, lang: Lang) -> bytes:
        with tempfile.TemporaryDirectory() as hold:
            path = Path(hold) / f"made.{form}"
            call = [command, str(folder), "--out", str(path), "--lang", lang, "--json"]
            with subprocess.Popen(
                [sys.executable, "-m", "kachisuji", *call],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            ) as self._now:  # fmt: skip
                with contextlib.suppress(OSError):  # it may have ended already
                    os.setpriority(os.PRIO_PROCESS, self._now.pid, NICE)
                try:
                    _, told = self._now.communicate(timeout=LONGEST)
                except subprocess.TimeoutExpired as error:
                    self._now.kill()
                    raise RunError("web.file_late", seconds=round(LONGEST)) from error
            if self._now.returncode or not path.is_file():
                raise RunError("web.file_failed", why=_why(told, self._now.returncode))
            return path.read_bytes()

    def close(self) -> None:
        """End what is being made, and what waits for it: the server stops."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._now is not None and self._now.poll() is None:
            self._now.kill()


def _why(told: bytes, code: int) -> str:
    """Return what the process said of its failure."""
    text = told.decode("utf-8", "replace").strip()
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return (text.splitlines() or [f"exit code {code}"])[-1][:200]
