"""A node: its folder, its store, and how it answers one question."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.constellation import certificates
from kachisuji.constellation.chain import LOG, Log
from kachisuji.constellation.policy import (
    POLICY,
    Approvals,
    Policy,
    Standing,
    read_policy,
    write_policy,
)
from kachisuji.constellation.questions import ATTEMPTS, YIELD, Question
from kachisuji.constellation.storage import write
from kachisuji.constellation.tables import TABLES, read_table
from kachisuji.words import InputError, RunError

if TYPE_CHECKING:
    import pandas as pd

PLACE = "constellation.json"
STORE, OUTBOX = "store", "outbox"


@dataclass(frozen=True)
class Member:
    """A member of the committee, as an invitation names it."""

    name: str
    host: str
    port: int
    certificate: str

    @property
    def identity(self) -> certificates.Identity:
        """What its certificate says."""
        return certificates.identity(self.certificate.encode())


@dataclass(frozen=True)
class Place:
    """Which constellation a folder belongs to: the coordinator's address and the committee."""

    url: str
    committee: tuple[Member, ...]


def make_folder(folder: Path, name: str, role: str = "node") -> Path:
    """Make a participant's folder with its keys; return the request to be signed.

    Raises
    ------
    InputError
        When the folder holds something already, or the name is no code.
    """
    certificates.need_name(name)
    if folder.exists() and any(folder.iterdir()):
        raise InputError("constellation.folder_used", file=folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError("constellation.disk", file=folder, why=why) from error
    request = certificates.make_request(folder, name, role)
    if role == "node":
        (folder / STORE).mkdir()
        (folder / OUTBOX).mkdir()
        write_policy(folder, Policy())
    Log(folder).append("made", name=name, role=role)
    return request


def renew(folder: Path) -> Path:
    """Make new keys and a request for them; the old ones serve until the answer is installed."""
    known = certificates.identity(_bytes(folder / certificates.CERTIFICATE))
    return certificates.make_request(folder, known.name, known.role)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError("constellation.not_invited", file=file.parent) from error


def accept(folder: Path, invitation: Path) -> tuple[certificates.Identity, Place]:
    """Install an invitation: certificate, authority, address and committee.

    A node that knew a committee keeps to it: another committee is refused, for whoever names the
    committee could name one of its own.

    Raises
    ------
    InputError
        When it is no invitation, is for other keys, or names another authority or committee.
    """
    try:
        given = json.loads(_bytes(invitation))
        certificate, authority = given["certificate"].encode(), given["authority"].encode()
        place = _place(given)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("constellation.bad_invitation", file=invitation) from error
    known = folder / certificates.AUTHORITY
    if known.exists() and known.read_bytes() != authority:
        raise InputError("constellation.foreign", file=invitation)
    signed = [certificate, *(m.certificate.encode() for m in place.committee)]
    if not all(certificates.issued_by(c, authority) for c in signed):
        raise InputError("constellation.foreign", file=invitation)
    if (folder / PLACE).exists():
        old, new = ([m.name for m in p.committee] for p in (read_place(folder), place))
        if old != new[: len(old)]:  # a committee may only grow to three
            raise InputError("constellation.other_committee", file=invitation)
    identity = certificates.install(folder, certificate)
    write(known, authority)
    keep_place(folder, place)
    Log(folder).append("invited", url=place.url, serial=identity.serial)
    return identity, place


def _place(given: dict[str, Any]) -> Place:
    members = tuple(
        Member(m["name"], m["host"], int(m["port"]), m["certificate"]) for m in given["committee"]
    )
    return Place(str(given["url"]), members)


def keep_place(folder: Path, place: Place) -> None:
    """Write where the folder belongs."""
    kept = {"url": place.url, "committee": [m.__dict__ for m in place.committee]}
    write(folder / PLACE, json.dumps(kept, indent=1))


def read_place(folder: Path) -> Place:
    """Return where the folder belongs.

    Raises
    ------
    InputError
        When it has accepted no invitation yet.
    """
    try:
        return _place(json.loads(_bytes(folder / PLACE)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("constellation.not_invited", file=folder / PLACE) from error


def about(digest: str, key: str, node: str, member: str) -> bytes:
    """Return what a sealed share is bound to: question, attempt, node and member."""
    return f"kachisuji:{digest}:{key}:{node}:{member}".encode()


@dataclass(frozen=True)
class Submission:
    """What a node sends: a sealed share for each member, signed; nobody else can read them."""

    key: str
    sealed: tuple[bytes, ...]
    signature: bytes
    head: tuple[int, str]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "key": self.key,
            "sealed": [base64.b64encode(b).decode() for b in self.sealed],
            "signature": base64.b64encode(self.signature).decode(),
            "head": list(self.head),
        }

    @staticmethod
    def of(given: dict[str, Any]) -> Submission:
        """Read it from plain values.

        ValueError, KeyError, TypeError or OverflowError say that they are none.
        """
        sealed = tuple(base64.b64decode(b, validate=True) for b in given["sealed"])
        signature = base64.b64decode(given["signature"], validate=True)
        number, last = given["head"]
        return Submission(str(given["key"]), sealed, signature, (line_number(number), str(last)))

    def signed(self, digest: str) -> bytes:
        """Return what the signature is over."""
        inside = b"".join(hashlib.sha256(b).digest() for b in self.sealed)
        return f"kachisuji:{digest}:{self.key}:".encode() + inside


def line_number(given: Any) -> int:
    """Return the number of a line of a log (ValueError or OverflowError where it is none)."""
    found = int(given)
    if not 0 <= found < 2**53:
        raise ValueError("no number of a line")
    return found


def _kept(file: Path) -> Submission | None:
    """Return what was kept for resending; None where there is nothing, or it is damaged."""
    try:
        return Submission.of(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None


class Refusal(Exception):  # noqa: N818 - an answer of its own, not a fault
    """The node does not answer; ``reason`` is a catalogue key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Node:
    """A node's folder, opened.

    Parameters
    ----------
    folder
        As made by :func:`make_folder`.

    Raises
    ------
    InputError
        When it is no node's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / POLICY).exists() or not (folder / LOG).exists():
            raise InputError("constellation.no_node", file=folder)
        self.log = Log(folder)
        self.approvals = Approvals(folder)

    @property
    def policy(self) -> Policy:
        """The owner's rules as they stand now."""
        return read_policy(self.folder)

    def add(self, file: Path, table: str) -> int:
        """Check a CSV file and put it in the store in place of the table's earlier rows.

        Returns
        -------
        int
            Rows taken.
        """
        found = read_table(file, table)
        content = found.to_parquet(index=False)
        write(self._table(table), content, mode=0o600)
        digest = hashlib.sha256(content).hexdigest()
        # hashes of the log leave the node: without salt, whoever knows all rows but one could try
        # what stands in that one until the hash fits
        salt = secrets.token_hex(16)
        self.log.append("table", table=table, rows=len(found), sha256=digest, salt=salt)
        return len(found)

    def _table(self, table: str) -> Path:
        return self.folder / STORE / f"{table}.parquet"

    def held(self) -> tuple[str, ...]:
        """Return names of the tables in the store."""
        return tuple(t for t in TABLES if self._table(t).exists())

    def table(self, name: str) -> pd.DataFrame:
        """Read a table from the store."""
        import pandas as pd

        try:
            return pd.read_parquet(self._table(name))
        except (OSError, ValueError) as error:
            raise InputError("constellation.bad_store", file=self._table(name)) from error

    def left(self, asker: str) -> float:
        """Return the ε that ``asker`` may still use."""
        return max(0.0, self.policy.budget.get(asker, 0.0) - self.log.spent(asker))

    def agrees_with(self, head: tuple[int, str]) -> bool:
        """Whether the log holds the line that the coordinator saw last."""
        number, last = head
        entries = self.log.entries()
        return number == 0 or (number <= len(entries) and entries[number - 1].hash == last)

    def answer(self, key: str, question: Question, asker: str) -> Submission:
        """Answer a question: policy, approval, debit, then shares, sealed and kept for resending.

        The debit is on the disk before anything can be sent; a key charged once is not charged
        again and gives the same bytes again.

        Parameters
        ----------
        key
            Question and attempt: ``ID.1`` to ``ID.3``; each attempt is charged. A fourth is
            refused here, so that a coordinator cannot stretch one approval over a whole budget.

        Raises
        ------
        Refusal
            With the reason; ``waiting`` when the owner has not decided.
        """
        kept = self.folder / OUTBOX / f"{key}.{question.digest()[:16]}.json"
        if (before := _kept(kept)) is not None:
            return before
        policy, (ident, _, attempt) = self.policy, key.rpartition(".")
        reason = policy.refusal(question, asker)
        if reason is None and not (attempt.isdecimal() and 1 <= int(attempt) <= ATTEMPTS):
            reason = "refused_attempts"
        if reason is None and question.table not in self.held():
            reason = "refused_table"
        if reason is None and policy.ask_me:
            state = self.approvals.state(ident, question, asker)
            reason = {"waiting": "waiting", "never": "refused_owner"}.get(state)
        if reason is None and not self._has_rows(question):  # told only of what was approved
            reason = "refused_rows"
        if reason is not None:
            raise Refusal(reason)
        epsilon = question.epsilon if question.protection == "noise" else 0.0
        charged = self.log.debit(
            f"{key}.{question.digest()}", asker, epsilon, policy.budget[asker],
            question=question.model_dump(mode="json", exclude_defaults=True),
        )  # fmt: skip
        if not charged:
            raise Refusal("refused_budget")
        sent = self._seal(key, question, policy)
        write(kept, json.dumps(sent.as_json()), mode=0o600)
        return sent

    def withdraw(self, ident: str) -> Standing:
        """Withdraw a standing approval and say so in the log.

        Raises
        ------
        InputError
            When no standing approval has this id.
        """
        gone = self.approvals.withdraw(ident)
        self.log.append("withdrawn", id=ident, asker=gone.asker)
        return gone

    def _has_rows(self, question: Question) -> bool:
        """Whether there is anything to fit; elsewhere an empty answer is a zero like any other."""
        from kachisuji.constellation.contributions import cell_of

        if question.unit != "node" or question.kind not in ("learning", "pooling"):
            return True
        return bool((cell_of(question, self.table(question.table)) >= 0).sum() >= 3)

    def _seal(self, key: str, question: Question, policy: Policy) -> Submission:
        from kachisuji.constellation.aggregation import pack, split
        from kachisuji.constellation.contributions import contribution

        me, digest = certificates.own(self.folder).name, question.digest()
        table = self.table(question.table)
        vector = contribution(question, table)
        if question.kind == "pooling":
            self._keep_refinement(question, table)
        head = struct.pack("<I", policy.minimum_nodes)
        members = read_place(self.folder).committee
        sealed = tuple(
            certificates.seal(head + pack(share), m.identity.seal, about(digest, key, me, m.name))
            for share, m in zip(split(vector), members, strict=True)
        )
        unsigned = Submission(key, sealed, b"", self.log.head())
        signature = certificates.sign(self.folder, unsigned.signed(digest))
        return Submission(key, sealed, signature, unsigned.head)

    def _keep_refinement(self, question: Question, table: pd.DataFrame) -> None:
        """Keep what the joint model makes of the node's own curve: it never leaves the node."""
        from kachisuji.constellation.contributions import cell_of, trained
        from kachisuji.constellation.joint import Shared, refine

        rows = table[cell_of(question, table) >= 0]
        if rows.empty:
            return
        mean, covariance = refine(Shared.of(question.prior), *trained(question, rows))
        kept = {"curve": mean.tolist(), "covariance": covariance.tolist(),
                "question": question.model_dump(mode="json")}  # fmt: skip
        (process,) = question.groups.get("process", ("all",))
        write(
            self.folder / f"refined-{process}{'-yield' if question.value == YIELD else ''}.json",
            json.dumps(kept, indent=1),
        )

    def clear_outbox(self, key: str) -> None:
        """Forget what was kept for resending once the coordinator has it."""
        for path in (self.folder / OUTBOX).glob(f"{key}.*.json"):
            path.unlink(missing_ok=True)
