"""Asking: a question goes to the coordinator, the protected answer comes back."""

from __future__ import annotations

import hashlib
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kachisuji.constellation import certificates
from kachisuji.constellation.answers import Answer, answer
from kachisuji.constellation.client import Client
from kachisuji.constellation.node import Member, read_place
from kachisuji.constellation.proof import holds
from kachisuji.constellation.questions import Question
from kachisuji.words import InputError, Lang, RunError, entries, say

PATIENCE = 30.0


class TooFewError(InputError):
    """Too few nodes answered; ``refusals`` holds how many gave which reason."""

    def __init__(self, want: int, refusals: dict[str, int]) -> None:
        self.refusals = {
            str(k): int(n) for k, n in refusals.items() if f"constellation.{k}" in entries()
        }
        super().__init__("constellation.too_few", want=want)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross a process border whole."""
        return type(self), (self.values["want"], self.refusals)

    def in_lang(self, lang: Lang) -> str:
        """Return the message, and below it the reasons that nodes gave."""
        told = [
            say("constellation.why_not", lang, count=n, reason=say(f"constellation.{k}", lang))
            for k, n in self.refusals.items()
        ]
        return "\n".join([super().in_lang(lang), *(f"  {t}" for t in told)])


class Asker:
    """Asks questions with the certificate of a folder.

    Parameters
    ----------
    folder
        Of the asker.
    url
        Of the coordinator.
    patience
        Seconds in which nodes may answer, and again in which the committee may open.
    """

    def __init__(self, folder: Path, url: str, patience: float = PATIENCE) -> None:
        self.client = Client(folder, url)
        self.asker = certificates.own(folder).name
        self.authority = (folder / certificates.AUTHORITY).read_bytes()
        self.committee = tuple(m.identity.fingerprint for m in read_place(folder).committee)
        self.patience = patience
        self._compared = False

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def ready(self, seconds: float, nodes: int = 0) -> bool:
        """Wait until the coordinator answers, with its committee and so many nodes awake."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                said = self.client.call("GET", "/state")
                if said["ready"] and said["awake"] >= nodes:
                    return True
            except RunError:
                pass
            time.sleep(0.2)
        return False

    def put(self, question: Question, ident: str = "") -> str:
        """Send a question and return its id; sending the same id again asks nothing twice.

        Raises
        ------
        InputError
            When the committee is not the one that the asker's invitation named: nobody is asked.
        """
        self._compare()
        ident = ident or uuid.uuid4().hex
        self._put(question, ident)
        return ident

    def _put(self, question: Question, ident: str) -> str:
        content = {"id": ident, "patience": self.patience,
                   "question": question.model_dump(mode="json")}  # fmt: skip
        return str(self.client.call("POST", "/questions", content)["state"])

    def wait(self, ident: str, question: Question, seconds: float | None = None) -> Answer:
        """Return the answer when it is there; a coordinator that restarts meanwhile is waited for.

        Raises
        ------
        TooFewError
            When too few nodes answered.
        RunError
            When the committee did not come together, or time is up.
        """
        end = time.monotonic() + (8 * self.patience if seconds is None else seconds)
        while (left := end - time.monotonic()) > 0:
            try:
                said = self.client.call("GET", f"/questions/{ident}", wait=min(left, 20.0))
            except RunError:  # away for a moment: the question lies on its disk
                time.sleep(0.3)
                continue
            if said["state"] == "answered":
                return self._checked(ident, question, said)
            if said["state"] == "refused":
                raise TooFewError(question.minimum_nodes, said.get("refusals", {}))
            if said["state"] == "failed":
                raise RunError(f"constellation.failed_{said['why']}", got=ident)
        raise RunError("constellation.no_answer_yet", got=ident)

    def _checked(self, ident: str, question: Question, said: dict[str, Any]) -> Answer:
        """Take an answer only as the committee signed it: the coordinator cannot alter a sum."""
        key, proof = f"{ident}.{int(said['attempt'])}", said["proof"]
        if not holds(question, key, said["answer"], proof, self.authority, self.committee):
            raise RunError("constellation.forged", got=ident)
        return answer(ident, question, said["answer"], key, proof)

    def ask(self, question: Question, *, today: bool = False) -> Answer:
        """Ask and wait.

        With ``today``, the same question asked before on the same day is not asked, nor charged,
        again: its answer is taken. What came to nothing is asked anew.
        """
        if not today:
            return self.wait(self.put(question), question)
        day = datetime.now(UTC).date().isoformat()
        mark = f"{day}:{','.join(self.committee)}:{self.asker}:{question.digest()}"
        ident = hashlib.sha256(mark.encode()).hexdigest()[:32]
        self._compare()
        if self._put(question, ident) in ("refused", "failed"):
            ident = self.put(question)
        return self.wait(ident, question)

    def _compare(self) -> None:
        """Refuse, the first time, a committee that is not the one which was compared."""
        if self._compared:
            return
        said = [Member(**m) for m in self.client.call("GET", "/state")["committee"]]
        if len(said) == 3 and tuple(m.identity.fingerprint for m in said) != self.committee:
            raise InputError("constellation.other_keys", file=self.client.folder)
        self._compared = True
