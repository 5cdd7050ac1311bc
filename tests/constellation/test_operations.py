"""What goes wrong in operation: no wrong answer, nothing spent twice, no paid answer lost."""

import asyncio
import base64
import gc
import os
import pickle
import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kachisuji.constellation import ask, certificates
from kachisuji.constellation.asking import TooFewError
from kachisuji.constellation.client import HEADER, Client
from kachisuji.constellation.coordinator import ALIVE, Coordinator
from kachisuji.constellation.coordinator import renew as renew_coordinator
from kachisuji.constellation.local import Local, hold_port
from kachisuji.constellation.member import CommitteeMember, Refused
from kachisuji.constellation.node import Node, Submission, accept, make_folder, renew
from kachisuji.constellation.policy import Policy, write_policy
from kachisuji.constellation.questions import PROTOCOL
from kachisuji.constellation.serving import Worker, recover
from kachisuji.constellation.transport import LARGEST, application, listen
from kachisuji.words import InputError, RunError
from tests.constellation.conftest import load, purchases

pytestmark = pytest.mark.slow

QUESTION = ask(kind="count", table="purchases", epsilon=0.5, minimum_nodes=3)
EXACT = ask(kind="count", table="purchases", epsilon=1.0, minimum_nodes=3, protection="sums",
            smallest=0)  # fmt: skip
FIRMS = tuple(f"firm-{k}" for k in range(4))
# what must come takes a second of the machine's and costs nothing to wait for; what does not
# come is waited for in full
SHORT, MEMBERS_WAIT = 6.0, 6.0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Four nodes that the tests move by hand, a running coordinator and committee."""
    policy = Policy(minimum_nodes=3, epsilon_most=5, sums_only=True, ask_me=False,
                    budget={"ministry": 100.0})  # fmt: skip
    folder = tmp_path_factory.mktemp("operations") / "all"
    local = Local(folder, FIRMS, policy, patience=MEMBERS_WAIT)
    for seed, name in enumerate(FIRMS):
        load(local.folder / name, purchases(seed), "purchases")
    with local:
        local.start_one("coordinator", "coordinator", "127.0.0.1", str(local.port))
        for name in local.members:
            local.start_one(name, "member", str(MEMBERS_WAIT))
        asker = local.asker()
        assert asker.ready(60)
        asker.close()
        yield local


def worker(place, name, **more):
    return Worker(Node(place.folder / name), **more)


def spent(place, name):
    return Node(place.folder / name).log.spent("ministry")


def answer_with(place, names, question=QUESTION, patience=30.0, ident=""):
    """Ask, let ``names`` answer, wait; who is sure to be waited for in vain needs less patience."""
    asker = place.asker(patience=patience)
    try:
        ident = asker.put(question, ident)
        for name in names:
            work_once(place, name, patience)
        return asker.wait(ident, question)
    finally:
        asker.close()


def work_once(place, name, wait=30.0):
    """Let a node answer what waits for it, or comes within ``wait`` seconds."""
    one = worker(place, name)
    try:
        return one.work(wait)
    finally:
        one.client.close()


def until_asked(place):
    """Wait until nodes are asked: every member has said that it is there for this question."""
    with Client(place.folder / "firm-0", place.url) as client:
        until = time.monotonic() + 60.0
        while not client.call("GET", "/open", wait=5.0)["questions"]:
            assert time.monotonic() < until


@contextmanager
def answering(place):
    """Let every firm work while the block lasts."""
    stop = threading.Event()
    threads = [threading.Thread(target=worker(place, n).run, args=(stop, 1.0)) for n in FIRMS]
    for t in threads:
        t.start()
    try:
        yield
    finally:
        stop.set()
        for t in threads:
            t.join()


def test_a_node_that_drops_out_is_left_out_and_comes_back(place):
    assert answer_with(place, FIRMS[:3], EXACT, SHORT).nodes == 3
    answer = answer_with(place, FIRMS, EXACT)
    assert answer.nodes == 4
    assert answer.table["estimate"].iloc[0] == 4 * 60


def test_too_few_that_answer_open_nothing(place):
    with pytest.raises(InputError, match="fewer than 3"):
        answer_with(place, FIRMS[:2], patience=SHORT)


def test_the_asker_is_told_why_too_few_answered(place):
    dear = QUESTION.model_copy(update={"epsilon": 9.0})
    with pytest.raises(TooFewError) as wrong:
        answer_with(place, FIRMS, dear)
    assert wrong.value.refusals == {"refused_epsilon": len(FIRMS)}
    assert f"{len(FIRMS)} × ε is above" in wrong.value.in_lang("en")
    assert f"{len(FIRMS)}件：1回の問いのε上限を超える" in wrong.value.in_lang("ja")
    assert pickle.loads(pickle.dumps(wrong.value)).in_lang("en") == wrong.value.in_lang("en")
    assert not TooFewError(3, {"a node's own words": 1}).refusals  # what nodes write is not printed


def test_garbage_is_refused_at_the_door_or_left_out_by_the_committee(place):
    asker = place.asker(patience=30.0)
    ident = asker.put(EXACT)
    with Client(place.folder / "firm-3", place.url) as client:
        path = f"/submissions/{ident}/1"
        for rubbish in (
            {},
            {"key": f"{ident}.1", "sealed": ["?"], "signature": "", "head": [0, ""]},
        ):
            with pytest.raises(InputError, match="cannot be read"):
                client.call("POST", path, rubbish)
        boxes = [base64.b64encode(os.urandom(80)).decode()] * 3
        sent = {"key": f"{ident}.1", "sealed": boxes, "signature": boxes[0], "head": [1, "x"]}
        assert client.call("POST", path, sent) == {"state": "kept"}
    for name in FIRMS[:3]:
        work_once(place, name)
    answer = asker.wait(ident, EXACT)
    asker.close()
    assert (answer.nodes, answer.left_out) == (3, 1)
    assert answer.table["estimate"].iloc[0] == 3 * 60
    with Client(place.folder / "firm-3", place.url) as client:  # its head was rubbish too
        client.call("POST", "/recovered", {"head": list(Node(place.folder / "firm-3").log.head())})


@pytest.mark.parametrize("lie", [2**61, -(2**61)])
def test_a_lie_out_of_range_is_left_out(place, monkeypatch, lie):
    from kachisuji.constellation import aggregation

    true = aggregation.split
    told = []

    def lying(vector):
        told.append(1)
        return true(np.array([lie]) if len(told) == 1 else vector)

    monkeypatch.setattr(aggregation, "split", lying)
    answer = answer_with(place, FIRMS, EXACT)
    assert (answer.nodes, answer.left_out) == (3, 1)
    assert answer.table["estimate"].iloc[0] == 3 * 60


def test_a_lie_in_range_moves_the_sum_no_more_than_its_bound(place, monkeypatch):
    from kachisuji.constellation import contributions

    true = contributions.contribution
    told = []

    def lying(question, table):
        told.append(1)
        return true(question, table) if len(told) > 1 else np.array([question.rows_most])

    monkeypatch.setattr(contributions, "contribution", lying)
    narrow = EXACT.model_copy(update={"rows_most": 100})
    answer = answer_with(place, FIRMS, narrow)
    assert answer.nodes == 4
    assert answer.table["estimate"].iloc[0] == 3 * 60 + 100


def test_a_wrong_clock_is_told_and_nothing_is_charged(place):
    before = spent(place, "firm-0")
    asker = place.asker(patience=SHORT)
    ident = asker.put(QUESTION)
    wrong = worker(place, "firm-0", clock=lambda: time.time() + 3600)
    assert wrong.work(SHORT) == 0
    wrong.client.close()
    with pytest.raises(InputError):
        asker.wait(ident, QUESTION)
    asker.close()
    assert spent(place, "firm-0") == before
    refused = Node(place.folder / "firm-0").log.entries()[-1]
    assert (refused.event, refused.values["reason"]) == ("refused", "refused_clock")


def test_another_version_is_told(place):
    with (
        Client(place.folder / "firm-0", place.url, version=0) as client,
        pytest.raises(InputError, match="version 0"),
    ):
        client.call("GET", "/open")


def test_a_lost_disk_answers_nothing_until_its_spending_is_carried_over(place):
    answer_with(place, FIRMS)
    before = spent(place, "firm-1")
    log = place.folder / "firm-1" / "log.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    one = worker(place, "firm-1")
    with pytest.raises(InputError):
        answer_with(place, ("firm-1",), patience=SHORT)
    assert Node(place.folder / "firm-1").log.entries()[-1].values["reason"] == "refused_log"
    carried = recover(one.node, one.client)
    assert carried["ministry"] == pytest.approx(before)
    assert spent(place, "firm-1") == pytest.approx(before)
    with pytest.raises(RunError, match="nothing to recover"):
        recover(one.node, one.client)
    one.client.close()
    assert answer_with(place, FIRMS).nodes == 4


def test_the_coordinator_is_killed_and_goes_on(place):
    """It is away for longer than the question was to stay open, and nothing paid for is lost."""
    before = {n: spent(place, n) for n in FIRMS}
    asker = place.asker(patience=12.0)
    ident = asker.put(QUESTION)
    for name in FIRMS[:2]:
        assert work_once(place, name) == 1
    place.end_one("coordinator")
    found = []
    waiting = threading.Thread(target=lambda: found.append(asker.wait(ident, QUESTION, 150.0)))
    waiting.start()
    with pytest.raises(RunError):
        worker(place, FIRMS[2]).work(1.0)
    time.sleep(12.0)
    place.start_one("coordinator", "coordinator", "127.0.0.1", str(place.port))
    again = place.asker()
    assert again.ready(60)
    again.close()
    for name in FIRMS:  # the first two have answered: nothing waits for them
        assert work_once(place, name, 0.5 if name in FIRMS[:2] else 30.0) == (name in FIRMS[2:])
    waiting.join(150)
    asker.close()
    assert found[0].nodes == 4
    assert {n: spent(place, n) - before[n] for n in FIRMS} == pytest.approx(
        dict.fromkeys(FIRMS, 0.5)
    )
    # what was answered is still there after another end
    place.end_one("coordinator")
    place.start_one("coordinator", "coordinator", "127.0.0.1", str(place.port))
    later = place.asker()
    assert later.ready(60)
    np.testing.assert_array_equal(later.wait(ident, QUESTION).values, found[0].values)
    later.close()


def test_a_lost_member_aborts_and_the_whole_is_asked_again_at_its_price(place):
    before = {n: spent(place, n) for n in FIRMS}
    lost = place.processes["member-b"]
    asker = place.asker(patience=30.0)
    ident = asker.put(QUESTION)
    until_asked(place)
    os.kill(lost.pid, signal.SIGSTOP)
    with answering(place):
        try:
            until = time.monotonic() + 60.0  # the others give the first opening up
            while asker.client.call("GET", f"/questions/{ident}")["attempt"] == 1:
                assert time.monotonic() < until
                time.sleep(0.05)
        finally:
            os.kill(lost.pid, signal.SIGCONT)
        answer = asker.wait(ident, QUESTION)
        said = asker.client.call("GET", f"/questions/{ident}")
    asker.close()
    assert answer.nodes == 4
    assert said["attempt"] in (2, 3)  # the second, unless the lost one still held the first
    assert {n: spent(place, n) - before[n] for n in FIRMS} == pytest.approx(
        dict.fromkeys(FIRMS, 0.5 * said["attempt"])
    )


def test_without_a_committee_nobody_is_charged(place):
    before = [spent(place, n) for n in FIRMS]
    coordinator = Coordinator(place.folder / "coordinator")
    coordinator.put("lonely", "ministry", QUESTION, 1.0)
    assert coordinator.open_for("firm-0") == []  # it has heard no member
    coordinator._db.execute("delete from questions where id='lonely'")
    coordinator.close()
    assert [spent(place, n) for n in FIRMS] == before


def test_a_member_opens_a_question_for_one_set_of_nodes_only(place):
    member = CommitteeMember(place.folder / "member-a")
    member.log.append("begun", key="q.1", digest=QUESTION.digest(), nodes=["a", "b", "c"])
    for key, names, question in (
        ("q.2", ["a", "b"], QUESTION),
        ("q.2", ["a", "b", "c"], EXACT),
        ("q.1", ["a", "b", "c"], QUESTION),
        ("r.1", ["a", "a"], QUESTION),
        ("q.4", ["a", "b", "c"], QUESTION),
        ("q.0", ["a", "b", "c"], QUESTION),
    ):
        with pytest.raises(Refused):
            member._allow(key[0], key, question, names)
    member._allow("q", "q.2", QUESTION, ["a", "b", "c"])


def test_a_share_is_bound_to_question_attempt_node_and_member(place):
    node = Node(place.folder / "firm-0")
    sent = node.answer("bound.1", EXACT, "ministry")
    member = CommitteeMember(place.folder / "member-a")
    authority = (member.folder / certificates.AUTHORITY).read_bytes()
    import hashlib

    one = {
        "node": "firm-0",
        "certificate": (node.folder / certificates.CERTIFICATE).read_text(),
        "hashes": [hashlib.sha256(b).hexdigest() for b in sent.sealed],
        "sealed": base64.b64encode(sent.sealed[0]).decode(),
        "signature": base64.b64encode(sent.signature).decode(),
    }
    digest = EXACT.digest()
    assert member._one(one, "bound.1", digest, 0, authority) is not None
    assert member._one(one, "bound.2", digest, 0, authority) is None
    assert member._one(one, "bound.1", QUESTION.digest(), 0, authority) is None
    assert member._one(one | {"node": "firm-1"}, "bound.1", digest, 0, authority) is None
    other = base64.b64encode(sent.sealed[1]).decode()
    assert member._one(one | {"sealed": other}, "bound.1", digest, 0, authority) is None
    assert Submission.of(sent.as_json()) == sent


def test_certificates_expire_are_revoked_rotated_and_must_be_ours(place, tmp_path):
    from datetime import UTC, datetime, timedelta

    coordinator = Coordinator(place.folder / "coordinator")
    request = make_folder(tmp_path / "late", "late")
    old = datetime.now(UTC) - timedelta(days=400)
    signed = certificates.sign_request(coordinator.folder, request.read_bytes(), days=30, at=old)
    (tmp_path / "late" / certificates.AUTHORITY).write_bytes(
        (coordinator.folder / certificates.AUTHORITY).read_bytes()
    )
    certificates.install(tmp_path / "late", signed)
    with pytest.raises(InputError, match="expired"):
        Client(tmp_path / "late", place.url)

    foreign = Local(tmp_path / "foreign", ("stranger",), Policy())
    client = Client(tmp_path / "foreign" / "stranger", place.url)
    with pytest.raises(InputError, match="another authority"):
        client.call("GET", "/open")
    client.close()
    foreign.stop()

    def invited(name):
        file = tmp_path / f"{name}.invitation"
        file.write_text(
            coordinator.invite((tmp_path / name / "request.pem").read_bytes(), place.url)
        )
        return accept(tmp_path / name, file)[0]

    make_folder(tmp_path / "temp", "temp")
    first = invited("temp")
    with Client(tmp_path / "temp", place.url) as client:
        client.call("GET", "/open")
    renew(tmp_path / "temp")
    with Client(tmp_path / "temp", place.url) as client:
        client.call("GET", "/open")  # the old keys serve until the new are signed
    second = invited("temp")
    assert second.serial != first.serial
    coordinator.revoke("temp", first.serial)
    with Client(tmp_path / "temp", place.url) as client:
        client.call("GET", "/open")
        coordinator.revoke("temp")
        with pytest.raises(InputError, match="revoked"):
            client.call("GET", "/open")
    with Client(place.folder / "ministry", place.url) as client, pytest.raises(InputError):
        client.call("GET", "/open")  # an asker is no node
    coordinator.close()


def test_the_coordinator_renews_its_own_certificate_and_nobody_is_invited_again(place):
    folder = place.folder / "coordinator"
    before = certificates.own(folder)
    place.end_one("coordinator")
    after = renew_coordinator(folder)
    place.start_one("coordinator", "coordinator", "127.0.0.1", str(place.port))
    asker = place.asker()
    assert asker.ready(60)
    asker.close()
    assert after.serial != before.serial
    assert certificates.host_of(folder) == "127.0.0.1"
    assert answer_with(place, FIRMS, EXACT).nodes == 4


def test_a_name_from_outside_names_no_file(place, monkeypatch):
    one = worker(place, "firm-0")
    true = one.client.call

    def elsewhere(method, path, content=None, **query):
        said = true(method, path, content, **query)
        if path == "/open":
            question = QUESTION.model_dump(mode="json")
            said["questions"] = [{"id": "../../out", "attempt": 1, "asker": "ministry",
                                  "question": question}]  # fmt: skip
        return said

    monkeypatch.setattr(one.client, "call", elsewhere)
    before = sorted(place.folder.rglob("*.json")), spent(place, "firm-0")
    assert one.work(0.0) == 0
    assert (sorted(place.folder.rglob("*.json")), spent(place, "firm-0")) == before
    one.client.close()


def test_sealed_shares_of_a_question_that_failed_are_thrown_away(place):
    with pytest.raises(InputError):
        answer_with(place, FIRMS[:2], patience=SHORT, ident="toofew")
    file = place.folder / "coordinator" / "coordinator.sqlite"
    with closing(sqlite3.connect(file)) as base:
        rows = base.execute("select content from submissions where id='toofew'").fetchall()
    assert [r[0] for r in rows] == ["{}", "{}"]


def test_a_message_is_measured_as_it_comes_and_nonsense_refused(place):
    with Client(place.folder / "firm-0", place.url) as client:
        for head in ([], {"a": 1}, ["x", "y"], None, [10**23, "x"], [-1, "x"]):
            with pytest.raises(InputError, match="cannot be read"):
                client.call("POST", "/recovered", {"head": head})

        def endless():  # no length in its head
            for _ in range(LARGEST // 2**20 + 2):
                yield b" " * 2**20

        headers = {HEADER: str(PROTOCOL)}
        half = b'{"reason": "\\ud800"}'  # of a letter
        sent = (
            b'{"key": "a.1", "sealed": ["AA==", "AA==", "AA=="], "signature": "AA==", "head": %s}'
        )
        for path, content in (
            ("/recovered", endless()), ("/recovered", b'{"head": [1e999, "x"]}'),
            ("/submissions/a/1", sent % b'[1e999, ""]'), ("/refusals/a/1", half),
        ):  # fmt: skip
            got = client._client.post(place.url + path, content=content, headers=headers)
            assert (got.status_code, got.json()["key"]) == (400, "constellation.garbage"), path


def test_a_coordinator_that_ends_lets_nobody_wait(monkeypatch):
    """Its log was full of tracebacks of those who were cut off."""
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda own: own.handle_exit(signal.SIGINT, None))
    app = application(None)
    port, keeper = hold_port()
    with keeper:
        listen(app, "127.0.0.1", port)
    begun = time.monotonic()
    assert asyncio.run(app.state.gate.until(lambda: None, 20.0)) is None
    assert time.monotonic() - begun < 10.0


def test_no_secret_in_a_log_or_on_a_command_line(place):
    secrets = []
    for key in (*place.folder.glob("*/key.pem"), *place.folder.glob("*/seal.pem")):
        secrets += [line for line in key.read_text().splitlines() if "-----" not in line]
    said = [p.read_text() for p in place.folder.glob("logs/*.log")]
    said += [p.read_text() for p in place.folder.glob("*/log.jsonl")]
    said += [Path(f"/proc/{p.pid}/cmdline").read_text() for p in place.processes.values()]
    assert secrets
    assert not [s for s in secrets for text in said if s in text]


def test_a_policy_with_more_caution_is_held_by_the_committee(place):
    policy = Policy(minimum_nodes=5, epsilon_most=5, sums_only=True, ask_me=False,
                    budget={"ministry": 100.0})  # fmt: skip
    cautious = place.folder / "firm-3"
    kept = (cautious / "policy.toml").read_text()
    write_policy(cautious, policy)
    try:
        with pytest.raises(InputError, match="cautious minimum"):
            answer_with(place, FIRMS)
    finally:
        (cautious / "policy.toml").write_text(kept)


def invited_anew(place, names):
    """Sign requests twice, for the first invitation knows only who came before; install."""
    coordinator = Coordinator(place.folder / "coordinator")
    for _ in range(2):
        for name in names:
            request = (place.folder / name / "request.pem").read_bytes()
            port = {m.name: m.port for m in coordinator.committee()}.get(name, 1)
            file = place.folder / f"{name}.invitation"
            file.write_text(coordinator.invite(request, place.url, f"127.0.0.1:{port}"))
    coordinator.close()
    for name in names:
        accept(place.folder / name, place.folder / f"{name}.invitation")


def test_a_node_killed_between_debit_and_sending_pays_once_and_is_in_the_answer(place):
    before = spent(place, "firm-0")
    asker = place.asker(patience=30.0)
    ident = asker.put(EXACT)
    sent = Node(place.folder / "firm-0").answer(f"{ident}.1", QUESTION, "ministry")  # killed here
    assert spent(place, "firm-0") == pytest.approx(before + QUESTION.epsilon)
    again = Node(place.folder / "firm-0").answer(f"{ident}.1", QUESTION, "ministry")
    assert again == sent  # the same bytes, and nothing charged
    assert spent(place, "firm-0") == pytest.approx(before + QUESTION.epsilon)
    for name in FIRMS:
        work_once(place, name)
    assert asker.wait(ident, EXACT).nodes == 4
    asker.close()


def test_the_coordinator_is_killed_while_the_committee_opens(place):
    before = {n: spent(place, n) for n in FIRMS}
    lost = place.processes["member-b"]
    asker = place.asker(patience=30.0)
    ident = asker.put(QUESTION)
    until_asked(place)
    os.kill(lost.pid, signal.SIGSTOP)
    with answering(place):
        try:
            while asker.client.call("GET", f"/questions/{ident}")["state"] == "collecting":
                time.sleep(0.05)
            place.end_one("coordinator")
        finally:
            os.kill(lost.pid, signal.SIGCONT)
        place.start_one("coordinator", "coordinator", "127.0.0.1", str(place.port))
        answer = asker.wait(ident, QUESTION, 120.0)
        attempts = asker.client.call("GET", f"/questions/{ident}")["attempt"]
    asker.close()
    assert answer.nodes == 4
    assert {n: spent(place, n) - before[n] for n in FIRMS} == pytest.approx(
        dict.fromkeys(FIRMS, 0.5 * attempts)
    )


def test_a_node_whose_whole_folder_is_lost_comes_back_with_its_spending(place):
    answer_with(place, FIRMS)
    before = spent(place, "firm-2")
    rules = (place.folder / "firm-2" / "policy.toml").read_text()
    shutil.rmtree(place.folder / "firm-2")
    make_folder(place.folder / "firm-2", "firm-2")
    invited_anew(place, ["firm-2"])
    (place.folder / "firm-2" / "policy.toml").write_text(rules)
    load(place.folder / "firm-2", purchases(2), "purchases")
    with pytest.raises(InputError):
        answer_with(place, ("firm-2",), patience=SHORT)
    one = worker(place, "firm-2")
    assert recover(one.node, one.client)["ministry"] == pytest.approx(before)
    one.client.close()
    assert spent(place, "firm-2") == pytest.approx(before)
    assert answer_with(place, FIRMS).nodes == 4


def committee_is_there(place, wanted, seconds):
    """Whether the coordinator comes to see the committee as ``wanted`` within ``seconds``."""
    asker = place.asker()
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if asker.client.call("GET", "/state")["ready"] is wanted:
                return True
            time.sleep(0.1)
        return False
    finally:
        asker.close()


def test_a_member_whose_process_ends_is_away_at_once_and_nobody_is_charged(place):
    assert committee_is_there(place, True, 60)
    before = {n: spent(place, n) for n in FIRMS}
    place.end_one("member-b")
    try:
        assert committee_is_there(place, False, ALIVE / 2)  # by silence alone it takes two thirds
        with pytest.raises(RunError, match="did not come together"):
            answer_with(place, FIRMS, patience=1.0)
    finally:
        place.start_one("member-b", "member", str(MEMBERS_WAIT))
    assert {n: spent(place, n) for n in FIRMS} == before
    assert committee_is_there(place, True, 60)
    assert answer_with(place, FIRMS, EXACT).nodes == 4


def test_a_member_that_falls_silent_costs_nobody_anything(place):
    """Its machine stands still, no connection breaks: it answers no call, so nobody is asked."""
    assert committee_is_there(place, True, 60)
    before = {n: spent(place, n) for n in FIRMS}
    silent = place.processes["member-b"]
    os.kill(silent.pid, signal.SIGSTOP)
    try:
        time.sleep(1.0)  # what it said before has come
        with pytest.raises(RunError, match="did not come together"):
            answer_with(place, FIRMS, patience=2.0)
    finally:
        os.kill(silent.pid, signal.SIGCONT)
    assert {n: spent(place, n) for n in FIRMS} == before
    assert answer_with(place, FIRMS, EXACT).nodes == 4


def test_everybody_rotates_keys_and_nobody_is_charged_for_the_old_ones(place):
    old = {n: certificates.own(place.folder / n).serial for n in (*place.members, *FIRMS)}
    for name in place.members:
        renew(place.folder / name)
    before = {n: spent(place, n) for n in FIRMS}
    invited_anew(place, place.members)
    assert committee_is_there(place, True, 60)  # with the new certificates, and without a restart
    with pytest.raises(InputError, match="committee's keys"):  # the asker has not compared them
        answer_with(place, FIRMS)
    renew(place.folder / "ministry")
    invited_anew(place, ["ministry"])
    with pytest.raises(InputError, match="fewer than 3"):
        answer_with(place, FIRMS)
    for name in FIRMS:
        node = Node(place.folder / name)
        assert node.log.entries()[-1].values["reason"] == "refused_committee"
    assert {n: spent(place, n) for n in FIRMS} == before

    for name in FIRMS:
        renew(place.folder / name)
    invited_anew(place, FIRMS)
    coordinator = Coordinator(place.folder / "coordinator")
    for name, serial in old.items():
        assert certificates.own(place.folder / name).serial != serial
        coordinator.revoke(name, serial)  # nobody needs the old ones any more
    coordinator.close()
    answer = answer_with(place, FIRMS, EXACT)
    assert (answer.nodes, answer.table["estimate"].iloc[0]) == (4, 4 * 60)

    for name in place.members:  # and the same after all three were started again
        place.end_one(name)
    assert committee_is_there(place, False, ALIVE / 2)
    for name in place.members:
        place.start_one(name, "member", str(MEMBERS_WAIT))
    assert committee_is_there(place, True, 60)
    assert answer_with(place, FIRMS, EXACT).nodes == 4


def test_a_member_counts_as_there_only_with_the_certificate_that_the_committee_names(place):
    coordinator = Coordinator(place.folder / "coordinator")
    seen = [certificates.own(place.folder / n) for n in place.members]
    for identity in seen:
        coordinator.saw(identity)
    assert coordinator.committee_is_there()
    coordinator.saw(replace(seen[1], serial="0a1d"))
    assert not coordinator.committee_is_there()
    coordinator.saw(seen[1])
    assert coordinator.committee_is_there()
    coordinator.hung_up(seen[2].name, 0.0)  # a call of its process before: heard again since
    assert coordinator.committee_is_there()
    coordinator.hung_up(seen[2].name, time.monotonic())
    assert not coordinator.committee_is_there()
    coordinator.close()


def test_a_constellation_that_is_dropped_gives_its_ports_back(tmp_path):
    kept = Local(tmp_path / "all", ("firm",), Policy())
    keeper = kept._ports[0]
    del kept
    gc.collect()
    assert keeper.fileno() == -1
