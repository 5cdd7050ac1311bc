"""A member of the committee: takes openings, checks them, opens with the two others, reports."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.constellation import certificates
from kachisuji.constellation.aggregation import Opened, Seat, engine, open_sum, unpack
from kachisuji.constellation.chain import Log
from kachisuji.constellation.client import Client
from kachisuji.constellation.node import Member, Place, about, keep_place, read_place
from kachisuji.constellation.noise import draw, sampler
from kachisuji.constellation.proof import statement
from kachisuji.constellation.questions import ATTEMPTS, FINE, Question, ask, length, parts
from kachisuji.constellation.storage import write
from kachisuji.constellation.tables import MOST_ROWS
from kachisuji.words import InputError, KachisujiError

PATIENCE = 20.0
"""Seconds that an opening may take before it is given up as a whole."""

RESULTS = "results"
_log = logging.getLogger("kachisuji.constellation.member")


class Refused(Exception):  # noqa: N818 - an answer of its own, not a fault
    """The member does not open; the coordinator is told why in a word."""


class CommitteeMember:
    """A member's folder, opened.

    Parameters
    ----------
    folder
        With certificate, seal key and place.
    patience
        Seconds an opening may take.
    """

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self.folder, self.patience = folder, patience
        self.me = certificates.own(folder)
        if self.me.role != "member":
            raise InputError("constellation.bad_role", got=self.me.role, known="member")
        self.log = Log(folder)
        engine(), sampler()  # the first opening need not wait for them
        (folder / RESULTS).mkdir(exist_ok=True)

    def committee(self, client: Client) -> tuple[Member, ...]:
        """Return the committee; fixed the first time that all three are there.

        Raises
        ------
        InputError
            When a member of it was not signed by the same authority.
        """
        place = read_place(self.folder)
        if len(place.committee) == 3:
            return place.committee
        said = client.call("GET", "/state")["committee"]
        members = tuple(Member(**m) for m in said)
        authority = (self.folder / certificates.AUTHORITY).read_bytes()
        if not all(certificates.issued_by(m.certificate.encode(), authority) for m in members):
            raise InputError("constellation.foreign", file=self.folder)
        if len(members) == 3:
            keep_place(self.folder, Place(place.url, members))
        return members

    def work(self, client: Client, wait: float = 5.0) -> None:
        """Take the openings that wait and report on each; one round of the member's loop."""
        members = self.committee(client)
        if len(members) < 3:
            time.sleep(min(wait, 0.2))
            client.call("GET", "/jobs", wait=0)
            return
        for job in client.call("GET", "/jobs", wait=wait)["jobs"]:
            path = f"/results/{job['id']}/{int(job['attempt'])}"
            try:
                body = self.open(job, members)
                key = f"{job['id']}.{int(job['attempt'])}"
                signed = certificates.sign(
                    self.folder, statement(ask(**job["question"]), key, body)
                )
                client.call("POST", path, {
                    "body": body, "signature": base64.b64encode(signed).decode()})  # fmt: skip
            except Refused as refusal:
                _log.warning("%s: %s", job["id"], refusal)
                client.call("POST", path, {"failed": str(refusal)})

    def open(self, job: dict[str, Any], members: tuple[Member, ...]) -> dict[str, Any]:
        """Open one attempt and return the protected sum, as kept or anew.

        Raises
        ------
        Refused
            When the same question was opened with other nodes, was begun before without an end,
            or the others did not come.
        """
        question, ident = ask(**job["question"]), str(job["id"])
        key = f"{ident}.{int(job['attempt'])}"
        if not ident.isalnum():
            raise Refused("id")
        file = self.folder / RESULTS / f"{key}.json"
        if file.exists():
            kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return kept
        names = [str(s["node"]) for s in job["shares"]]
        self._allow(ident, key, question, names)
        shares, fewest = self._unsealed(job, key, question)
        self.log.append("begun", key=key, digest=question.digest(), nodes=names)
        opened = self._opened(question, members, shares, fewest)
        body = protected(question, opened)
        write(file, json.dumps(body, sort_keys=True), mode=0o600)
        self.log.append("opened", key=key)
        return body

    def _allow(self, ident: str, key: str, question: Question, names: list[str]) -> None:
        if not 1 <= int(key.rpartition(".")[2]) <= ATTEMPTS:
            raise Refused("more attempts than there may be")
        begun = [e.values for e in self.log.entries() if e.event == "begun"]
        for earlier in begun:
            if earlier["key"] == key:
                raise Refused("begun before")
            same = earlier["key"].rpartition(".")[0] == ident
            if same and (earlier["nodes"] != names or earlier["digest"] != question.digest()):
                raise Refused("other nodes or another question under the same name")
        if len(set(names)) < len(names):
            raise Refused("a node twice")

    def _unsealed(self, job: dict[str, Any], key: str, question: Question) -> tuple[list[Any], int]:
        """Return own shares (None where unreadable) and the fewest nodes that any node asks for."""
        authority = (self.folder / certificates.AUTHORITY).read_bytes()
        names = [m.name for m in read_place(self.folder).committee]
        digest, place = question.digest(), names.index(self.me.name)
        shares: list[Any] = []
        fewest = question.minimum_nodes
        for sent in job["shares"]:
            content = self._one(sent, key, digest, place, authority)
            share = None
            if content is not None and len(content) > 4:
                share = unpack(content[4:], length(question))
                fewest = max(fewest, struct.unpack("<I", content[:4])[0])
            shares.append(share)
        return shares, fewest

    def _one(
        self, sent: dict[str, Any], key: str, digest: str, place: int, authority: bytes
    ) -> bytes | None:
        try:
            box = base64.b64decode(sent["sealed"], validate=True)
            hashes = [bytes.fromhex(h) for h in sent["hashes"]]
            signature = base64.b64decode(sent["signature"], validate=True)
            certificate = sent["certificate"].encode()
            node = certificates.identity(certificate)
        except (KeyError, ValueError, TypeError, AttributeError, KachisujiError):
            return None
        signed = f"kachisuji:{digest}:{key}:".encode() + b"".join(hashes)
        sound = (
            node.name == sent["node"]
            and node.role == "node"
            and hashes[place : place + 1] == [hashlib.sha256(box).digest()]
            and certificates.issued_by(certificate, authority)
            and certificates.signed_by(certificate, signature, signed)
        )
        if not sound:
            return None
        return certificates.unseal(box, self.folder, about(digest, key, node.name, self.me.name))

    def _opened(
        self, question: Question, members: tuple[Member, ...], shares: list[Any], fewest: int
    ) -> Opened | None:
        seats = [Seat(m.name, m.host, m.port, m.identity.fingerprint) for m in members]
        place = [m.name for m in members].index(self.me.name)
        contexts = certificates.server_context(self.folder), self._calling()
        opening = open_sum(
            place, seats, shares, draw(question), largest(question), fewest, contexts
        )
        try:
            return asyncio.run(asyncio.wait_for(opening, self.patience))
        except (TimeoutError, OSError, AssertionError) as error:
            raise Refused(
                f"the committee did not come together ({type(error).__name__})"
            ) from error

    def _calling(self) -> Any:
        return certificates.client_context(self.folder)


def largest(question: Question) -> int:
    """Greatest L1 norm of one node's vector, in steps."""
    whole = question
    if question.unit == "row":  # a node's rows together, each moving it by what one row can
        whole = question.model_copy(update={"rows_most": MOST_ROWS})
    one = sum(p.sensitivity for p in parts(whole))
    return one if question.unit == "node" else one * question.rows_most


def protected(question: Question, opened: Opened | None) -> dict[str, Any]:
    """Return what leaves the committee: sums with cells of small counts taken out.

    The counts are protected themselves, so that leaving cells out says nothing more of anyone;
    where an owner allows sums without noise, leaving them out is what protects a lone row.
    """
    if opened is None:
        return {"values": None, "kept": []}
    values: list[int | None] = [int(v) for v in opened.total]
    for place in _of_small_cells(question, opened.total):
        values[place] = None
    return {"values": values, "kept": list(opened.kept)}


def _of_small_cells(q: Question, total: Any) -> Any:
    """Return the places in the vector of all cells with fewer rows than ``smallest``."""
    if q.kind == "pooling" or (q.kind == "learning" and q.unit == "node"):
        return []  # one cell, of nodes: the minimum number of nodes stands for it
    places = np.arange(total.size)
    if q.kind in ("count", "sum", "mean", "shares", "recipe"):  # stretch after stretch
        of = places.reshape(-1, q.cells()).T
        rows = total[of[:, 0]]
    else:  # cell after cell
        of = places.reshape(q.cells(), -1)
        counted = q.kind in ("histogram", "quantiles", "logistic")
        rows = total[of].sum(axis=1) if counted else total[of[:, 0]] / FINE
    if q.kind == "learning":  # counts months less one for each node
        rows = rows + 1
    return of[np.asarray(rows < q.smallest, dtype=np.bool_)].ravel()
