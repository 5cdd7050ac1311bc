"""What each command of nodes and constellation does."""

from __future__ import annotations

import json
import threading
import tomllib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, number, say

if TYPE_CHECKING:
    from kachisuji.constellation import Answer
    from kachisuji.constellation.coordinator import Coordinator


def init(
    folder: Path, name: str, role: str, invitation: Path | None, renew: bool, telling: Telling
) -> int:
    """Make a participant's folder, renew its keys, or install its invitation."""
    from kachisuji.constellation import node

    lang = telling.lang
    if invitation is not None:
        identity, place = node.accept(folder, invitation)
        until = str(identity.until.date())
        committee = {m.name: m.identity.fingerprint for m in place.committee}
        lines = [say("nodes.invited", lang, name=identity.name, url=place.url, until=until)]
        lines += [f"  {member}: {fingerprint}" for member, fingerprint in committee.items()]
        lines += [say("nodes.compare", lang)] if committee else []
        telling.result("\n".join(lines), {
            "name": identity.name, "role": identity.role, "url": place.url, "until": until,
            "committee": committee})  # fmt: skip
        return 0
    if not renew and not name:
        raise InputError("nodes.no_name")
    request = node.renew(folder) if renew else node.make_folder(folder, name, role)
    telling.result(say("nodes.request_at", lang, file=request), {"request": str(request)})
    return 0


def add(folder: Path, file: Path, table: str, telling: Telling) -> int:
    """Load a table into a node."""
    from kachisuji.constellation.node import Node

    rows = Node(folder).add(file, table)
    text = say("nodes.added", telling.lang, rows=rows, table=table)
    telling.result(text, {"rows": rows, "table": table})
    return 0


def tables(telling: Telling) -> int:
    """Print the schema of every table that a node may hold."""
    from dataclasses import asdict

    from kachisuji.constellation import TABLES, schema, schema_markdown

    value = {t: [asdict(a) for a in schema(t)] for t in TABLES}
    telling.result(schema_markdown(telling.lang), value)
    return 0


def check(folder: Path, recover: bool, telling: Telling) -> int:
    """Check policy, log, tables and certificate; carry over what was spent if asked to."""
    from kachisuji.constellation import certificates, serving
    from kachisuji.constellation.client import Client
    from kachisuji.constellation.node import Node, read_place

    node, lang = Node(folder), telling.lang
    policy, entries = node.policy, node.log.entries()
    if recover:
        with Client(folder, read_place(folder).url) as client:
            carried = serving.recover(node, client)
        told = ", ".join(f"{k} {v:g}" for k, v in carried.items())
        telling.say(say("nodes.recovered", lang, told=told or "-"))
    tables = {t: len(node.table(t)) for t in node.held()}
    value: dict[str, Any] = {
        "tables": tables,
        "log": len(entries),
        "budget": {k: {"all": v, "left": node.left(k)} for k, v in policy.budget.items()},
        "waiting": [i["id"] for i in serving.pending(node)],
        "standing": [s.ident for s in node.approvals.standing()],
    }
    lines = [say("nodes.checked", lang, entries=len(entries))]
    lines += [say("nodes.table_rows", lang, table=t, rows=n) for t, n in tables.items()]
    for asker, kept in value["budget"].items():
        lines.append(say("nodes.budget_left", lang, asker=asker, left=number(kept["left"], lang),
                         all=number(kept["all"], lang)))  # fmt: skip
    if (folder / certificates.CERTIFICATE).exists():
        lines += _until(certificates.own(folder).until, value, lang)
    if value["waiting"]:
        lines.append(say("nodes.waiting", lang, count=len(value["waiting"])))
    if value["standing"]:
        lines.append(say("nodes.standing", lang, count=len(value["standing"])))
    telling.result("\n".join(lines), value)
    return 0


SOON = 30
"""Days before its end in which a certificate's end is announced."""


def _until(until: datetime, value: dict[str, Any], lang: Lang) -> list[str]:
    """Say how long a certificate is valid, and what to do where that is over or nearly so."""
    left = until - datetime.now(UTC)
    value |= {"until": str(until.date()), "expired": left < timedelta(0)}
    lines = [say("nodes.until", lang, until=value["until"])]
    if value["expired"]:
        lines.append(say("nodes.expired", lang))
    elif left < timedelta(days=SOON):
        lines.append(say("nodes.expires_soon", lang, days=left.days))
    return lines


def serve_node(folder: Path, port: int, telling: Telling) -> int:
    """Answer questions and show the owner's screen until interrupted."""
    from kachisuji.constellation.aggregation import engine
    from kachisuji.constellation.node import Node
    from kachisuji.constellation.serving import Worker
    from kachisuji.desk.constellation.screen import show

    node, stop = Node(folder), threading.Event()
    node.log.entries()
    engine()  # imported before there are threads, which share the filters of warnings
    worker = Worker(node)
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        show(node, port, telling.lang)
    finally:
        stop.set()
        thread.join(6.0)
    return 0


def approve(folder: Path, ident: str, how: str, telling: Telling) -> int:
    """Tell what waits, or decide on one question."""
    from kachisuji.constellation import ask as made
    from kachisuji.constellation import warnings
    from kachisuji.constellation.node import Node
    from kachisuji.constellation.serving import pending

    node, lang = Node(folder), telling.lang
    waiting = {str(i["id"]): i for i in pending(node)}
    if not ident:
        found, lines = [], []
        for key, item in waiting.items():
            question = made(**item["question"])
            reveals, doubts = question.explain(lang), warnings(question, lang)
            found.append({"id": key, "asker": str(item["asker"]), "epsilon": question.epsilon,
                          "reveals": reveals, "warnings": doubts})  # fmt: skip
            lines += [f"{key}  {item['asker']}", *(f"    {t}" for t in (reveals, *doubts))]
        lines.append(say("nodes.waiting", lang, count=len(waiting)))
        telling.result("\n".join(lines), found)
        return 0
    if ident not in waiting:
        raise InputError("nodes.not_waiting", got=ident)
    item = waiting[ident]
    node.approvals.decide(ident, made(**item["question"]), str(item["asker"]), how)
    node.log.append("decided", id=ident, how=how)
    telling.result(say(f"nodes.decided_{how}", lang, got=ident), {"id": ident, "decided": how})
    return 0


def withdraw(folder: Path, ident: str, telling: Telling) -> int:
    """Tell what is approved for good, or withdraw one of these approvals."""
    from kachisuji.constellation.node import Node

    node, lang = Node(folder), telling.lang
    if ident:
        gone = node.withdraw(ident)
        text = say("nodes.withdrawn", lang, got=ident, asker=gone.asker)
        telling.result(text, {"id": ident, "asker": gone.asker, "withdrawn": True})
        return 0
    found, lines = [], []
    for kept in node.approvals.standing():
        reveals = kept.question.explain(lang) if kept.question else say("nodes.not_kept", lang)
        found.append({"id": kept.ident, "asker": kept.asker, "epsilon": kept.epsilon,
                      "since": kept.since, "reveals": reveals})  # fmt: skip
        most = say("nodes.standing_most", lang, epsilon=number(kept.epsilon, lang))
        lines += [f"{kept.ident}  {kept.asker}  {most}  {kept.since}".rstrip(), f"    {reveals}"]
    lines.append(say("nodes.standing", lang, count=len(found)))
    telling.result("\n".join(lines), found)
    return 0


def log(folder: Path, telling: Telling) -> int:
    """Print the log, checked."""
    from kachisuji.constellation.chain import Log

    entries = Log(folder).entries()
    if not entries:
        raise InputError("constellation.no_node", file=folder)
    lines = [
        f"{e.number:5d}  {e.when}  {e.event}  "
        + " ".join(f"{k}={v}" for k, v in e.values.items() if k != "question")
        for e in entries
    ]
    lines.append(say("nodes.log_whole", telling.lang, entries=len(entries)))
    telling.result("\n".join(lines), [e.__dict__ for e in entries])
    return 0


def found(folder: Path, host: str, renew: bool, telling: Telling) -> int:
    """Make a coordinator, or give it new keys."""
    from kachisuji.constellation import certificates, coordinator

    if renew:
        until = str(coordinator.renew(folder, host).until.date())
        text = say("nodes.coordinator_renewed", telling.lang, until=until)
    else:
        coordinator.found(folder, host or "127.0.0.1")
        until = str(certificates.own(folder).until.date())
        text = say("nodes.founded", telling.lang, folder=folder)
    told = {"folder": str(folder), "host": certificates.host_of(folder), "until": until}
    telling.result(text, told)
    return 0


def _coordinator(folder: Path) -> closing[Coordinator]:
    from kachisuji.constellation.coordinator import Coordinator

    return closing(Coordinator(folder))


def invite(
    folder: Path, request: Path, out: Path, where: tuple[str, str], days: int, telling: Telling
) -> int:
    """Sign a request and write the invitation."""
    from kachisuji.constellation import certificates
    from kachisuji.ledger import write_atomic

    if not 1 <= days <= 3650:
        raise InputError("desk.bad_option", option="--days", got=days, want="1 – 3650")
    try:
        content = request.read_bytes()
    except OSError as error:
        raise InputError("nodes.no_request", file=request) from error
    with _coordinator(folder) as coordinator:
        invitation = coordinator.invite(content, *where, days=days)
    write_atomic(out, invitation)
    signed = certificates.identity(json.loads(invitation)["certificate"].encode())
    telling.result(say("nodes.invitation_at", telling.lang, file=out), {
        "invitation": str(out), "name": signed.name, "role": signed.role, "serial": signed.serial,
        "until": str(signed.until.date())})  # fmt: skip
    return 0


def revoke(folder: Path, name: str, serial: str, telling: Telling) -> int:
    """End a participant or one of its certificates."""
    with _coordinator(folder) as coordinator:
        coordinator.revoke(name, serial)
    telling.result(say("nodes.revoked", telling.lang, name=name), {"revoked": name})
    return 0


def participants(folder: Path, telling: Telling) -> int:
    """List who takes part."""
    with _coordinator(folder) as coordinator:
        found = coordinator.participants()
    lines = [f"{p['name']}  {p['role']}  {p['serial']}  {p['state']}" for p in found]
    lines.append(say("nodes.count", telling.lang, count=len(found)))
    telling.result("\n".join(lines), found)
    return 0


def serve(folder: Path, host: str, port: int, telling: Telling) -> int:
    """Serve the coordinator until interrupted."""
    from kachisuji.constellation.running import coordinate

    _need_port(port)
    telling.say(say("nodes.serving", telling.lang, url=f"https://{host}:{port}"))
    coordinate(folder, host, port)
    return 0


def _need_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise InputError("desk.bad_option", option="--port", got=port, want="1 – 65535")


def sit(folder: Path, telling: Telling) -> int:
    """Serve a member of the committee until interrupted."""
    from kachisuji.constellation import running

    telling.say(say("nodes.sitting", telling.lang, folder=folder))
    running.sit(folder, threading.Event())
    return 0


def read_question(file: Path) -> Any:
    """Read a question from a TOML file."""
    from kachisuji.constellation import ask as made

    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("constellation.no_file", file=file) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("constellation.not_toml", file=file, why=str(error)) from error
    try:
        return made(**given)
    except InputError as error:
        raise InputError(error.key, file=file, column=error.column, **error.values) from error


def ask(
    file: Path, identity: Path, url: str, ident: str, patience: float, out: Path | None,
    telling: Telling,
) -> int:  # fmt: skip
    """Ask a question and print its answer; under an ``ident`` asked before, fetch what is there."""
    from kachisuji.constellation import warnings
    from kachisuji.constellation.asking import Asker
    from kachisuji.constellation.node import read_place
    from kachisuji.ledger import write_atomic

    question = read_question(file)
    for warning in warnings(question, telling.lang):
        telling.say(warning)
    need_patience(patience)
    with closing(Asker(identity, url or read_place(identity).url, patience)) as asker:
        ident = asker.put(question, ident)
        telling.say(say("nodes.asked", telling.lang, got=ident))
        answer = asker.wait(ident, question)
    if out is not None:
        write_atomic(out, answer.table.to_csv(index=False))
    told = answer.table.round(4).to_string(index=False)
    tail = say("nodes.answered", telling.lang, nodes=answer.nodes, left_out=answer.left_out)
    telling.result(f"{told}\n{tail}", as_json(answer))
    return 0


def need_patience(seconds: float) -> None:
    """Refuse a time in which nobody could answer, or a longer one than the coordinator keeps."""
    if not 1.0 <= seconds <= 86400.0:
        raise InputError("desk.bad_option", option="--patience", got=seconds, want="1 – 86400")


def as_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain values, missing as null."""
    table = answer.table.astype(object).where(answer.table.notna(), None)
    return {
        "id": answer.ident, "nodes": answer.nodes, "left_out": answer.left_out,
        "question": answer.question.model_dump(mode="json"),
        "table": [{str(k): _plain(v) for k, v in r.items()} for r in table.to_dict("records")],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
