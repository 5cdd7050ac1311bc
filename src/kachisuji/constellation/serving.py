"""A node at work: asks the coordinator what waits, answers what its owner allows."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from kachisuji.constellation.client import CLOCK, Client
from kachisuji.constellation.node import Node, Refusal, read_place
from kachisuji.constellation.questions import Question, ask
from kachisuji.constellation.storage import write
from kachisuji.words import InputError, KachisujiError, RunError

PENDING = "pending.json"


class Worker:
    """Answers questions for a node.

    Parameters
    ----------
    node
        Opened.
    client
        Of the coordinator; made from the node's place when left out.
    clock
        Tells the time (tests set it wrong).
    """

    def __init__(
        self,
        node: Node,
        client: Client | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.node, self.clock = node, clock
        self.client = client or Client(node.folder, read_place(node.folder).url)
        self._told: dict[str, str] = {}

    def work(self, wait: float = 5.0) -> int:
        """Answer what waits; return how many questions were answered."""
        known = ",".join(k for k, reason in self._told.items() if reason != "waiting")
        pending = any(r == "waiting" for r in self._told.values())
        said = self.client.call("GET", "/open", wait=0.5 if pending else wait, known=known)
        asked = said["questions"]
        keep_pending(self.node, asked)
        done = 0
        for item in asked:
            try:
                ident, asker = str(item["id"]), str(item["asker"])
                key = f"{ident}.{int(item['attempt'])}"
                question = ask(**item["question"])
            except (KeyError, TypeError, ValueError, OverflowError, InputError):
                continue  # not of this protocol: neither answered nor charged
            if not (ident.isalnum() and len(ident) <= 64):
                continue  # it will name files here, and comes from outside
            done += self._one(key, question, asker, said)
        return done

    def _one(self, key: str, question: Question, asker: str, said: dict[str, Any]) -> int:
        path = "/".join(key.rsplit(".", 1))
        try:
            if abs(self.clock() - float(said["now"])) > CLOCK:
                raise Refusal("refused_clock")
            if not self.node.agrees_with((int(said["head"][0]), str(said["head"][1]))):
                raise Refusal("refused_log")
            if not self._knows(said["committee"]):
                raise Refusal("refused_committee")
            sent = self.node.answer(key, question, asker)
        except Refusal as refusal:
            if self._told.get(key) != refusal.reason:
                if refusal.reason != "waiting":
                    self.node.log.append("refused", key=key, asker=asker, reason=refusal.reason)
                self.client.call("POST", f"/refusals/{path}", {"reason": refusal.reason})
            self._told[key] = refusal.reason
            return 0
        state = self.client.call("POST", f"/submissions/{path}", sent.as_json())["state"]
        self._told[key] = "sent"
        self.node.log.append("sent", key=key, asker=asker, state=state)
        self.node.clear_outbox(key)
        return 1

    def _knows(self, committee: list[str]) -> bool:
        """Whether the members are those that the owner compared: no other key gets a share."""
        known = read_place(self.node.folder).committee
        return len(known) == 3 and [m.identity.fingerprint for m in known] == list(committee)

    def run(self, stop: threading.Event, wait: float = 5.0) -> None:
        """Work until told to stop; what fails is tried again, with pauses that grow."""
        try:
            repeat(lambda: self.work(wait), stop, "kachisuji.constellation.node")
        finally:
            self.client.close()


def repeat(work: Callable[[], object], stop: threading.Event, name: str) -> None:
    """Do a participant's work again and again; a coordinator that is away is waited for."""
    pause, last = 0.1, ""
    while not stop.is_set():
        try:
            work()
            pause, last = 0.1, ""
        except KachisujiError as error:
            if error.key != last:
                logging.getLogger(name).warning("%s", error.in_lang("en"))
            last = error.key
            stop.wait(pause)
            pause = min(2.0, 2 * pause)
        except Exception:  # a fault of ours must not take the participant off the line
            logging.getLogger(name).exception("unexpected")
            stop.wait(2.0)


def keep_pending(node: Node, asked: list[dict[str, Any]]) -> None:
    """Keep the questions that wait for the owner, for the screen and ``node check``."""
    waiting = []
    for item in asked:
        try:
            question = ask(**item["question"])
            ident, asker = str(item["id"]), str(item["asker"])
        except (KeyError, TypeError, InputError):
            continue
        state = node.approvals.state(ident, question, asker)
        if state == "waiting" and node.policy.ask_me:
            waiting.append(item)
    text = json.dumps(waiting, indent=1)
    file = node.folder / PENDING
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write(file, text)


def pending(node: Node) -> list[dict[str, Any]]:
    """Return the questions that wait for the owner.

    Raises
    ------
    InputError
        When their list or that of the approvals is damaged.
    """
    file = node.folder / PENDING
    if not file.exists():
        return []
    try:
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        asked = [(i, str(i["id"]), ask(**i["question"]), str(i["asker"])) for i in found]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("constellation.damaged", file=file) from error
    return [i for i, n, q, a in asked if node.approvals.state(n, q, a) == "waiting"]


def recover(node: Node, client: Client) -> dict[str, float]:
    """Begin a log anew after its disk was lost.

    What was spent, as the coordinator saw it, is carried over before anything is answered.

    Returns
    -------
    dict
        Asker -> ε carried over.

    Raises
    ------
    RunError
        When nothing was lost.
    """
    said = client.call("GET", "/open", wait=0)
    if node.agrees_with((int(said["head"][0]), str(said["head"][1]))):
        raise RunError("constellation.nothing_lost", file=node.log.file)
    carried: dict[str, float] = client.call("GET", "/spent")
    for asker, epsilon in carried.items():
        missing = float(epsilon) - node.log.spent(asker)
        if missing > 0:
            node.log.append("carried", asker=asker, epsilon=missing)
    client.call("POST", "/recovered", {"head": list(node.log.head())})
    return {k: float(v) for k, v in carried.items()}
