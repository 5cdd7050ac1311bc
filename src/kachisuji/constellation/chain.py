"""The node's log: every line carries the hash of the line before, so no line changes unnoticed.

The log is the node's ledger too: a debit is written to the disk before an answer is sent. What
the coordinator last saw of it (its length and last hash) comes back with every request, so that
even a log cut short at its end, or an old copy put back, is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kachisuji.constellation.storage import locked
from kachisuji.words import RunError

LOG = "log.jsonl"
_START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    number: int
    when: str
    event: str
    values: dict[str, Any]
    hash: str


def _hash(previous: str, number: int, when: str, event: str, values: dict[str, Any]) -> str:
    text = json.dumps([previous, number, when, event, values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Log:
    """An append-only log in a folder; reading it checks every line.

    Parameters
    ----------
    folder
        The node's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / LOG
        self._read: tuple[int, int] | None = None
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        """Return every line, checked.

        Raises
        ------
        RunError
            When a line was altered, left out or cannot be read.
        """
        state = self._state()
        if state != self._read:
            self._entries = list(self._checked())
            self._read = state
        return self._entries

    def _state(self) -> tuple[int, int]:
        """Size and time of the last change, which no program can set back."""
        if not self.file.exists():
            return (0, 0)
        found = self.file.stat()
        return (found.st_size, found.st_ctime_ns)

    def _checked(self) -> Iterable[Entry]:
        if not self.file.exists():
            return
        previous = _START
        # by line feeds alone: what an asker wrote may hold other signs that end a line
        content = self.file.read_bytes().decode("utf-8", errors="replace")
        lines = content.rstrip("\n").split("\n")
        for number, line in enumerate(lines, 1):
            try:
                kept = json.loads(line)
                entry = Entry(int(kept["number"]), kept["when"], kept["event"], kept["values"],
                              kept["hash"])  # fmt: skip
            except (ValueError, KeyError, TypeError) as error:
                if number == len(lines) and not content.endswith("\n"):
                    return  # the machine stopped while writing it: never sent
                raise RunError("constellation.log_altered", file=self.file, row=number) from error
            want = _hash(previous, entry.number, entry.when, entry.event, entry.values)
            if entry.number != number or entry.hash != want:
                raise RunError("constellation.log_altered", file=self.file, row=number)
            previous = entry.hash
            yield entry

    def head(self) -> tuple[int, str]:
        """Return the number and hash of the last line (0 before the first)."""
        entries = self.entries()
        return (entries[-1].number, entries[-1].hash) if entries else (0, _START)

    def append(self, event: str, **values: Any) -> Entry:
        """Write a line to the disk before returning."""
        with locked(self.folder):
            return self._append(event, values)

    def _append(self, event: str, values: dict[str, Any]) -> Entry:
        number, previous = self.head()
        when = datetime.now(UTC).isoformat(timespec="seconds")
        digest = _hash(previous, number + 1, when, event, values)
        entry = Entry(number + 1, when, event, values, digest)
        line = json.dumps(entry.__dict__, ensure_ascii=False, sort_keys=True) + "\n"
        torn = self._torn()
        try:
            with self.file.open("r+b" if self.file.exists() else "wb") as stream:
                if torn is not None:
                    stream.truncate(torn)
                end = stream.seek(0, os.SEEK_END)
                if torn is None and end and not self._ends():
                    line = "\n" + line
                stream.write(line.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            why = error.strerror or str(error)
            raise RunError("constellation.disk", file=self.file, why=why) from error
        self._entries = [*self._entries, entry]
        self._read = self._state()
        return entry

    def _ends(self) -> bool:
        return self.file.read_bytes().endswith(b"\n")

    def _torn(self) -> int | None:
        """Return where a last line that was never finished begins, None when there is none.

        A line of which only the end of line is missing (an editor takes it away) is whole.
        """
        content = self.file.read_bytes() if self.file.exists() else b""
        if not content or content.endswith(b"\n"):
            return None
        begun = content.rfind(b"\n") + 1
        return begun if content.count(b"\n") == len(self.entries()) else None

    def debit(self, key: str, asker: str, epsilon: float, limit: float, **values: Any) -> bool:
        """Charge ``epsilon`` to ``asker`` once for ``key``; False when the budget does not allow.

        A key that was charged already costs nothing again: sending the same answer twice (after
        a crash, say) is one answer.
        """
        with locked(self.folder):
            if any(e.event == "debit" and e.values["key"] == key for e in self.entries()):
                return True
            if self.spent(asker) + epsilon > limit * (1 + 1e-12):
                return False
            self._append("debit", {"key": key, "asker": asker, "epsilon": epsilon, **values})
        return True

    def spent(self, asker: str) -> float:
        """Return the ε spent on ``asker`` so far."""
        return float(
            sum(
                e.values["epsilon"]
                for e in self.entries()
                if e.event in ("debit", "carried") and e.values["asker"] == asker
            )
        )
