"""The coordinator's memory: questions, sealed shares it cannot read, protected answers.

Everything is in one SQLite file, written before it is acknowledged, so that a coordinator killed
at any point goes on where it was. A question is *collecting* until every node has answered or
time is up, then the set of nodes is fixed and it is *opening* until the three members report the
same protected sum: *answered*. An attempt that loses a member is made again as a whole, at a new
charge, with the same set of nodes or not at all.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kachisuji.constellation import certificates
from kachisuji.constellation.client import need_address
from kachisuji.constellation.node import Member, Submission
from kachisuji.constellation.questions import ATTEMPTS, Question, ask
from kachisuji.words import InputError

FILE = "coordinator.sqlite"
ALIVE, ABSENT = 15.0, 60.0
"""Seconds since it was last heard after which a member, or a node, counts as away."""

_SCHEMA = """
create table if not exists participants(
  name text primary key, role text, serial text, certificate text, host text, port integer,
  revoked integer default 0, place integer);
create table if not exists revoked(serial text primary key);
create table if not exists questions(
  id text primary key, asker text, body text, digest text, state text, attempt integer,
  patience real, deadline real, nodes text, answer text, why text, asked real);
create table if not exists submissions(
  id text, attempt integer, node text, content text, refusal text,
  primary key(id, attempt, node));
create table if not exists results(
  id text, attempt integer, member text, body text, failed text,
  primary key(id, attempt, member));
create table if not exists proofs(
  id text, attempt integer, member text, certificate text, signature text,
  primary key(id, attempt, member));
create table if not exists heads(node text primary key, number integer, hash text);
create table if not exists spent(node text, asker text, epsilon real, primary key(node, asker));
"""


@dataclass(frozen=True)
class Asked:
    """A question on its way."""

    id: str
    asker: str
    question: Question
    state: str
    attempt: int
    nodes: tuple[str, ...] | None
    answer: dict[str, Any] | None
    why: str

    @property
    def key(self) -> str:
        """Name of the attempt."""
        return f"{self.id}.{self.attempt}"


class Coordinator:
    """The coordinator's state.

    Parameters
    ----------
    folder
        Made by :func:`found`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / certificates.AUTHORITY_KEY).exists():
            raise InputError("constellation.no_constellation", file=folder)
        self._db = sqlite3.connect(folder / FILE, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.executescript(_SCHEMA)
        self._lock = threading.RLock()
        self._seen: dict[str, tuple[float, str]] = {}  # when last, and with which certificate
        self._called: dict[str, float] = {}  # when the committee was called for an attempt

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(text, values).fetchall()

    # who takes part

    def invite(self, request: bytes, url: str, at: str = "", days: int = certificates.DAYS) -> str:
        """Sign a request; return the invitation as JSON.

        An older certificate stays valid until it is revoked: a participant can change over. The
        same request again gets the same certificate with the committee as it is now, so that three
        members who renew can be told of one another.

        Raises
        ------
        InputError
            When the request is none, its name belongs to another role, or a fourth member asks.
        """
        need_address(url)
        signed = self._signed_before(request) or certificates.sign_request(
            self.folder, request, days=days
        )
        identity = certificates.identity(signed)
        if identity.role == "coordinator":
            raise InputError(
                "constellation.bad_role", got=identity.role, known="node, member, asker"
            )
        host, port = _address(at) if identity.role == "member" else ("", 0)
        with self._lock:
            known = dict(self._rows("select name, role from participants"))
            if known.get(identity.name, identity.role) != identity.role:
                raise InputError("constellation.name_taken", got=identity.name)
            members = [n for n, r in known.items() if r == "member"]
            if identity.role == "member" and identity.name not in members and len(members) >= 3:
                raise InputError("constellation.committee_full", known=", ".join(members))
            self._db.execute(
                "insert into participants values(?,?,?,?,?,?,0,?) on conflict(name) do update set "
                "serial=excluded.serial, certificate=excluded.certificate, revoked=0, "
                "host=excluded.host, port=excluded.port",
                (identity.name, identity.role, identity.serial, signed.decode(), host, port,
                 len(known)),
            )  # fmt: skip
        return json.dumps({
            "url": url,
            "certificate": signed.decode(),
            "authority": (self.folder / certificates.AUTHORITY).read_text(),
            "committee": [m.__dict__ for m in self.committee()],
        }, indent=1)  # fmt: skip

    def _signed_before(self, request: bytes) -> bytes | None:
        """Return the certificate in force that was made from this very key, if there is one."""
        for (text,) in self._rows("select certificate from participants where revoked=0"):
            if certificates.made_for(text.encode(), request):
                return str(text).encode()
        return None

    def revoke(self, name: str, serial: str = "") -> None:
        """Refuse a participant from now on, or only its certificate ``serial``."""
        found = self._rows("select serial from participants where name=?", name)
        if not found:
            raise InputError("constellation.nobody", got=name)
        with self._lock:
            self._db.execute("insert or ignore into revoked values(?)", (serial or found[0][0],))
            if not serial or serial == found[0][0]:
                self._db.execute("update participants set revoked=1 where name=?", (name,))

    def admits(self, identity: certificates.Identity) -> bool:
        """Whether a certificate shown by a caller is known, in force and not revoked."""
        if identity.until <= datetime.now(UTC):  # since its connection was made
            return False
        if self._rows("select 1 from revoked where serial=?", identity.serial):
            return False
        found = self._rows("select role, revoked from participants where name=?", identity.name)
        return bool(found) and found[0] == (identity.role, 0)

    def committee(self) -> tuple[Member, ...]:
        """Return the members in order of their places."""
        rows = self._rows(
            "select name, host, port, certificate from participants where role='member' "
            "and revoked=0 order by place"
        )
        return tuple(Member(*r) for r in rows)

    def nodes(self) -> tuple[str, ...]:
        """Return the names of all nodes in force."""
        rows = self._rows(
            "select name from participants where role='node' and revoked=0 order by name"
        )
        return tuple(r[0] for r in rows)

    def participants(self) -> list[dict[str, str]]:
        """Return everybody who was ever invited: name, role, serial, and whether in force."""
        rows = self._rows("select name, role, serial, revoked from participants order by place")
        states = ("in force", "revoked")
        return [{"name": n, "role": r, "serial": s, "state": states[v]} for n, r, s, v in rows]

    def saw(self, identity: certificates.Identity) -> None:
        """Keep in mind that a participant was heard just now."""
        self._seen[identity.name] = time.monotonic(), identity.serial

    def hung_up(self, name: str, since: float) -> None:
        """Count a participant as away, unless it was heard again after ``since``."""
        if self._seen.get(name, (since, ""))[0] <= since:
            self._seen.pop(name, None)

    def _silent(self, name: str, serial: str = "") -> float | None:
        """Seconds since a participant was heard, with the certificate ``serial`` if given."""
        heard, shown = self._seen.get(name, (0.0, ""))
        return time.monotonic() - heard if shown and serial in ("", shown) else None

    def awake(self) -> int:
        """Return how many nodes were heard lately."""
        silent = [self._silent(n) for n in self.nodes()]
        return sum(s is not None and s < ALIVE for s in silent)

    def committee_is_there(self) -> bool:
        """Whether all three members were heard lately.

        A member that changes its keys counts only once it shows the new certificate, for whoever
        still holds the old one cannot open what nodes seal from now on.
        """
        return self._heard_within(ALIVE)

    def _heard_within(self, seconds: float) -> bool:
        members = self._rows(
            "select name, serial from participants where role='member' and revoked=0"
        )
        silent = [self._silent(*m) for m in members]
        return len(members) == 3 and all(s is not None and s < seconds for s in silent)

    def _since_called(self, asked: Asked) -> float:
        """Seconds since the committee was called for an attempt: now, the first time."""
        now = time.monotonic()
        return now - self._called.setdefault(asked.key, now)

    def all_came(self, asked: Asked) -> bool:
        """Whether every member has been heard since it was called for this very attempt.

        Before that no node is asked, so that nobody is charged for the sake of a committee of
        which one has fallen silent without a word.
        """
        return self._heard_within(self._since_called(asked))

    def calls(self, member: str) -> bool:
        """Whether a question waits for ``member`` to say that it is there."""
        silent = self._silent(member)
        return any(
            silent is None or silent >= self._since_called(asked)
            for asked in self._some("where state='collecting'")
        )

    # questions

    def put(self, ident: str, asker: str, question: Question, patience: float) -> Asked:
        """Take a question; the same id again is the same question, not a second one."""
        body = json.dumps(question.model_dump(mode="json"))
        with self._lock:
            self._db.execute(
                "insert or ignore into questions values(?,?,?,?,'collecting',1,?,?,null,null,'',?)",
                (ident, asker, body, question.digest(), patience, time.time() + patience,
                 time.time()),
            )  # fmt: skip
        found = self.get(ident)
        if found.asker != asker or found.question.digest() != question.digest():
            raise InputError("constellation.id_taken", got=ident)
        self.step()
        return self.get(ident)

    def get(self, ident: str) -> Asked:
        """Return a question by its id."""
        found = self._some("where id=?", ident)
        if not found:
            raise InputError("constellation.no_question", got=ident)
        return found[0]

    def _some(self, where: str, *values: Any) -> list[Asked]:
        rows = self._rows(
            f"select id, asker, body, state, attempt, nodes, answer, why from questions {where}",
            *values,
        )
        return [
            Asked(i, a, ask(**json.loads(b)), s, n, tuple(json.loads(ns)) if ns else None,
                  json.loads(an) if an else None, w)
            for i, a, b, s, n, ns, an, w in rows
        ]  # fmt: skip

    def open_for(self, node: str) -> list[Asked]:
        """Return the questions that wait for ``node``."""
        done = {
            (i, n)
            for i, n in self._rows(
                "select id, attempt from submissions where node=? and content is not null", node
            )
        }
        waiting = self._some("where state='collecting' order by asked")
        mine = [q for q in waiting if (q.id, q.attempt) not in done and node in (q.nodes or [node])]
        return [q for q in mine if self.all_came(q)]

    def submit(self, node: str, ident: str, attempt: int, sent: Submission) -> str:
        """Keep a node's sealed shares; return the state of the question after it.

        Kept once: what comes after the set of nodes was fixed is told so and changes nothing.
        """
        with self._lock:
            asked = self.get(ident)
            if asked.state != "collecting" or asked.attempt != attempt:
                return "late"
            self._db.execute("begin")
            before = self._db.execute(
                "select content from submissions where id=? and attempt=? and node=?",
                (ident, attempt, node),
            ).fetchone()
            if before is None or before[0] is None:
                self._db.execute(
                    "insert or replace into submissions values(?,?,?,?,null)",
                    (ident, attempt, node, json.dumps(sent.as_json())),
                )
                epsilon = asked.question.epsilon if asked.question.protection == "noise" else 0.0
                self._db.execute(
                    "insert into spent values(?,?,?) on conflict(node, asker) "
                    "do update set epsilon=epsilon+excluded.epsilon",
                    (node, asked.asker, epsilon),
                )
                self._db.execute("insert or replace into heads values(?,?,?)", (node, *sent.head))
            self._db.execute("commit")
        self.step()
        return "kept"

    def refuse(self, node: str, ident: str, attempt: int, reason: str) -> None:
        """Keep that a node does not answer; ``waiting`` may still turn into an answer."""
        if reason != "waiting":
            with self._lock:
                self._db.execute(
                    "insert or ignore into submissions values(?,?,?,null,?)",
                    (ident, attempt, node, reason),
                )
        self.step()

    def refusals(self, asked: Asked) -> dict[str, int]:
        """Return how many nodes did not answer the last attempt for each reason they gave."""
        return dict(self._rows(
            "select refusal, count(*) from submissions where id=? and attempt=? "
            "and refusal is not null group by refusal order by refusal",
            asked.id, asked.attempt,
        ))  # fmt: skip

    def head(self, node: str) -> tuple[int, str]:
        """Return what was last seen of a node's log."""
        found = self._rows("select number, hash from heads where node=?", node)
        return (int(found[0][0]), str(found[0][1])) if found else (0, "")

    def spent(self, node: str) -> dict[str, float]:
        """Return the ε that a node has spent on each asker, as far as seen here."""
        return dict(self._rows("select asker, epsilon from spent where node=?", node))

    def recovered(self, node: str, head: tuple[int, str]) -> None:
        """Take a node's new log in place of the one it lost."""
        with self._lock:
            self._db.execute("insert or replace into heads values(?,?,?)", (node, *head))

    # the committee

    def jobs_for(self, member: str) -> list[dict[str, Any]]:
        """Return the openings that wait for ``member``, with the shares sealed to it."""
        place = [m.name for m in self.committee()].index(member)
        out = []
        for asked in self._some("where state='opening' order by asked"):
            if self._rows(
                "select 1 from results where id=? and attempt=? and member=?",
                asked.id, asked.attempt, member,
            ):  # fmt: skip
                continue
            rows = self._rows(
                "select s.node, s.content, p.certificate from submissions s join participants p "
                "on p.name=s.node where s.id=? and s.attempt=? and s.content is not null "
                "order by s.node",
                asked.id, asked.attempt,
            )  # fmt: skip
            shares = []
            for node, content, certificate in rows:
                sent = json.loads(content)
                hashes = [hashlib.sha256(b).hexdigest()
                          for b in Submission.of(sent).sealed]  # fmt: skip
                shares.append({
                    "node": node, "certificate": certificate, "hashes": hashes,
                    "sealed": sent["sealed"][place], "signature": sent["signature"],
                })  # fmt: skip
            out.append({"id": asked.id, "attempt": asked.attempt, "shares": shares,
                        "question": asked.question.model_dump(mode="json")})  # fmt: skip
        return out

    def report(
        self, member: str, ident: str, attempt: int, body: dict[str, Any] | None, failed: str,
        signature: str = "",
    ) -> None:  # fmt: skip
        """Keep what a member reports of an opening: the protected sum, or why there is none."""
        with self._lock:
            self._db.execute(
                "insert or ignore into results values(?,?,?,?,?)",
                (ident, attempt, member, None if body is None else json.dumps(body, sort_keys=True),
                 failed),
            )  # fmt: skip
            self._db.execute(
                "insert or ignore into proofs select ?,?,name,certificate,? from participants "
                "where name=?",
                (ident, attempt, signature, member),
            )
        self.step()

    def proof(self, asked: Asked) -> list[dict[str, str]]:
        """Return the members' signatures of an answer, each with its certificate."""
        rows = self._rows(
            "select certificate, signature from proofs where id=? and attempt=? order by member",
            asked.id, asked.attempt,
        )  # fmt: skip
        return [{"certificate": c, "signature": s} for c, s in rows]

    # the steps

    def resume(self) -> None:
        """Give what was on its way the whole of its time again: nobody could answer meanwhile."""
        with self._lock:
            self._db.execute(
                "update questions set deadline=max(deadline, ?+patience) "
                "where state in ('collecting', 'opening')",
                (time.time(),),
            )

    def step(self) -> None:
        """Move every question on as far as it can go now."""
        with self._lock:
            now = time.time()
            for ident, deadline in self._rows(
                "select id, deadline from questions where state='collecting'"
            ):
                self._step_collecting(self.get(ident), deadline, now)
            for ident, deadline in self._rows(
                "select id, deadline from questions where state='opening'"
            ):
                self._step_opening(self.get(ident), deadline, now)

    def _set(self, asked: Asked, **values: Any) -> None:
        names = ", ".join(f"{k}=?" for k in values)
        self._db.execute(f"update questions set {names} where id=?", (*values.values(), asked.id))

    def _end(self, asked: Asked, state: str, why: str = "", answer: str | None = None) -> None:
        """End a question, and throw its sealed shares away: nobody needs them any more."""
        self._set(asked, state=state, why=why, answer=answer)
        self._db.execute(
            "update submissions set content='{}' where id=? and content is not null", (asked.id,)
        )

    def _step_collecting(self, asked: Asked, deadline: float, now: float) -> None:
        rows = self._rows(
            "select node, content is not null from submissions where id=? and attempt=?",
            asked.id, asked.attempt,
        )  # fmt: skip
        gave = sorted(n for n, sent in rows if sent)
        replied = {n for n, _ in rows}
        away = {n for n in self.nodes() if (self._silent(n) or 0.0) > ABSENT}
        wanted = set(asked.nodes) if asked.nodes else set(self.nodes()) - away
        if len(asked.nodes or self.nodes()) < asked.question.minimum_nodes:
            self._end(asked, "refused", "too_few")  # told before anybody is asked, and charged
            return
        if now < deadline and not wanted <= replied:
            return
        came = self.all_came(asked)
        self._called.pop(asked.key, None)
        if not came and not gave and now >= deadline:
            self._end(asked, "failed", "committee")
        elif asked.nodes and set(gave) != set(asked.nodes):
            self._end(asked, "failed", "set_changed")
        elif len(gave) < asked.question.minimum_nodes:
            self._end(asked, "refused", "too_few")
        else:
            later = now + self._patience(asked)
            self._set(asked, state="opening", nodes=json.dumps(gave), deadline=later)

    def _patience(self, asked: Asked) -> float:
        return float(self._rows("select patience from questions where id=?", asked.id)[0][0])

    def _step_opening(self, asked: Asked, deadline: float, now: float) -> None:
        rows = self._rows(
            "select body, failed from results where id=? and attempt=?", asked.id, asked.attempt
        )
        bodies = {body for body, failed in rows if not failed}
        if len(rows) == 3 and len(bodies) == 1 and not any(f for _, f in rows):
            (body,) = bodies
            if json.loads(body)["values"] is None:
                self._end(asked, "refused", "too_few")
            else:
                self._end(asked, "answered", answer=body)
        elif len(bodies) > 1 or any(f for _, f in rows) or now > deadline:
            if asked.attempt >= ATTEMPTS:
                self._end(asked, "failed", "committee")
                return
            later = now + self._patience(asked)
            self._set(asked, state="collecting", attempt=asked.attempt + 1, deadline=later)


def _address(at: str) -> tuple[str, int]:
    host, _, port = at.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError("constellation.bad_address", got=at)
    return host, int(port)


def renew(folder: Path, host: str = "") -> certificates.Identity:
    """Give a coordinator new keys and a new certificate, for ``host`` or the address it has.

    The authority stays as it is, so that nobody need be invited again; a coordinator that runs
    shows the new certificate after it was started again.

    Raises
    ------
    InputError
        When the folder is no coordinator's.
    """
    if not (folder / certificates.AUTHORITY_KEY).exists():
        raise InputError("constellation.no_constellation", file=folder)
    return certificates.certify_coordinator(folder, host or certificates.host_of(folder))


def found(folder: Path, host: str) -> None:
    """Make a coordinator's folder: authority, own certificate, empty memory.

    Raises
    ------
    InputError
        When the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError("constellation.folder_used", file=folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    certificates.make_authority(folder, host)
    Coordinator(folder).close()
