"""Commands of nodes and constellation: every mistake a sentence, nothing half-written."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from kachisuji.constellation import certificates
from kachisuji.constellation.serving import PENDING
from kachisuji.desk.cli import main
from kachisuji.words import EXIT_INTERRUPTED


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    got = capsys.readouterr()
    return left.value.code, got.out, got.err


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture
def hub(made, tmp_path, capsys):
    """A coordinator's folder and an invited node, nothing running; made once, copied."""
    if not (made / "hub").exists():
        assert told(capsys, "constellation", "init", made / "hub")[0] == 0
        for k in range(3):
            invite(capsys, made, f"member-{k}", "member", "--at", f"127.0.0.1:{9001 + k}")
        invite(capsys, made, "acme", "node")
    return shutil.copytree(made, tmp_path / "copy")


def invite(capsys, place, name, role, *more):
    folder, out = place / name, place / f"{name}.invitation"
    if not folder.exists():
        assert told(capsys, "node", "init", folder, "--name", name, "--role", role)[0] == 0
    code, *_ = told(capsys, "constellation", "invite", place / "hub", folder / "request.pem",
                    "--out", out, "--url", "https://127.0.0.1:9", *more)  # fmt: skip
    assert code == 0
    return told(capsys, "node", "init", folder, "--invitation", out)


def test_a_node_is_made_invited_loaded_and_checked(hub, capsys):
    table = hub / "skills.csv"
    table.write_text("craft,age,people,apprentices\nWELD,30s,12,3\n")
    assert told(capsys, "node", "add", hub / "acme", table, "--table", "skills")[0] == 0
    code, out, _ = told(capsys, "node", "check", hub / "acme", "--json")
    assert code == 0
    assert json.loads(out)["tables"] == {"skills": 1}
    code, out, _ = told(capsys, "node", "log", hub / "acme", "--lang", "ja")
    assert (code, "改変はない" in out) == (0, True)
    code, out, _ = told(capsys, "constellation", "list", hub / "hub", "--json")
    assert {p["name"] for p in json.loads(out)} == {"member-0", "member-1", "member-2", "acme"}
    assert told(capsys, "node", "approve", hub / "acme")[0] == 0


def test_an_invitation_shows_the_committees_fingerprints_and_holds_no_secret(hub, capsys):
    assert told(capsys, "node", "init", hub / "acme", "--renew")[0] == 0
    code, out, _ = invite(capsys, hub, "acme", "node")
    assert code == 0
    assert len(re.findall(r"member-\d: [0-9a-f]{64}", out)) == 3
    assert "PRIVATE" not in (hub / "acme.invitation").read_text()
    for key in (*hub.glob("*/key.pem"), *hub.glob("*/seal.pem"), hub / "hub/authority.key.pem"):
        assert key.stat().st_mode & 0o077 == 0


def test_every_step_gives_its_result_as_json(hub, capsys):
    def value(*arguments):
        code, out, _ = told(capsys, *arguments, "--json")
        assert code == 0
        return json.loads(out)

    made = value("node", "init", hub / "new", "--name", "new")
    signed = value("constellation", "invite", hub / "hub", made["request"], "--out", hub / "new.i",
                   "--url", "https://127.0.0.1:9")  # fmt: skip
    assert (signed["name"], signed["role"]) == ("new", "node")
    taken = value("node", "init", hub / "new", "--invitation", hub / "new.i")
    assert set(taken["committee"]) == {"member-0", "member-1", "member-2"}
    assert taken["until"] == signed["until"]
    (hub / "skills.csv").write_text("craft,age,people,apprentices\nWELD,30s,12,3\n")
    added = value("node", "add", hub / "new", hub / "skills.csv", "--table", "skills")
    assert added == {"rows": 1, "table": "skills"}
    question = {"kind": "count", "table": "skills", "epsilon": 5.0}
    item = {"id": "q1", "attempt": 1, "asker": "ministry", "question": question}
    (hub / "new" / PENDING).write_text(json.dumps([item]))
    (waiting,) = value("node", "approve", hub / "new")
    assert (waiting["id"], waiting["epsilon"], len(waiting["warnings"])) == ("q1", 5.0, 1)
    assert value("node", "approve", hub / "new", "q1") == {"id": "q1", "decided": "once"}
    assert value("node", "approve", hub / "new") == []
    (hub / "new" / PENDING).write_text(json.dumps([item | {"id": "q2"}]))
    assert value("node", "approve", hub / "new", "q2", "--always")["decided"] == "always"
    (stands,) = value("node", "withdraw", hub / "new")
    assert (stands["asker"], stands["epsilon"]) == ("ministry", 5.0)
    assert value("node", "check", hub / "new")["standing"] == [stands["id"]]
    assert value("node", "withdraw", hub / "new", stands["id"])["withdrawn"]
    assert value("node", "withdraw", hub / "new") == []
    assert value("constellation", "revoke", hub / "hub", "new") == {"revoked": "new"}
    assert value("constellation", "init", hub / "other")["host"] == "127.0.0.1"
    assert {t["name"] for t in value("node", "tables")["skills"] if t["key"]} == {"craft", "age"}


def test_revoking_and_a_fourth_member(hub, capsys):
    assert told(capsys, "constellation", "revoke", hub / "hub", "acme")[0] == 0
    code, out, _ = told(capsys, "constellation", "list", hub / "hub")
    assert "revoked" in out
    told(capsys, "node", "init", hub / "m4", "--name", "m4", "--role", "member")
    asked = ("--out", hub / "x", "--url", "https://a", "--at", "127.0.0.1:1")
    request = hub / "m4" / "request.pem"
    code, _, err = told(capsys, "constellation", "invite", hub / "hub", request, *asked)
    assert code == 2
    assert "three members" in err
    assert not (hub / "x").exists()


@pytest.mark.parametrize("url", ["u", "http://a", "https://", "https://:1", "https://a:99999"])
def test_an_address_that_cannot_be_is_not_signed_for(hub, capsys, url):
    assert told(capsys, "node", "init", hub / "acme", "--renew")[0] == 0
    code, _, err = told(capsys, "constellation", "invite", hub / "hub", hub / "acme/request.pem",
                        "--out", hub / "x", "--url", url)  # fmt: skip
    assert (code, "https://HOST:PORT" in err, (hub / "x").exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "has expired"), (10, "expires within"), (100, None)]
)
def test_a_certificate_that_ends_is_told_by_check(hub, capsys, monkeypatch, days, said):
    until = datetime.now(UTC) + timedelta(days=days, hours=1)
    monkeypatch.setattr(certificates, "own", lambda folder: SimpleNamespace(until=until))
    code, out, _ = told(capsys, "node", "check", hub / "acme")
    assert code == 0
    assert [w for w in ("has expired", "expires within") if w in out] == ([said] if said else [])


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("node", "init", "{}/new"),
        ("node", "init", "{}/new", "--name", "山田太郎"),
        ("node", "init", "{}/acme", "--name", "again"),
        ("node", "init", "{}/acme", "--invitation", "{}/nowhere"),
        ("node", "init", "{}/acme", "--invitation", "{}/acme/policy.toml"),
        ("node", "init", "{}/member-0", "--invitation", "{}/acme.invitation"),
        ("node", "add", "{}/acme", "{}/nowhere.csv", "--table", "skills"),
        ("node", "add", "{}/acme", "{}/acme.invitation", "--table", "secrets"),
        ("node", "check", "{}/nowhere"),
        ("node", "check", "{}/acme", "--recover"),
        ("node", "log", "{}/nowhere"),
        ("node", "approve", "{}/acme", "no-such-question"),
        ("node", "approve", "{}/acme", "x", "--always", "--refuse"),
        ("node", "withdraw", "{}/acme", "no-such-approval"),
        ("node", "serve", "{}/acme", "--port", "0"),
        ("constellation", "init", "{}/hub"),
        ("constellation", "invite", "{}/acme", "{}/acme.invitation", "--out", "{}/x", "--url", "u"),
        ("constellation", "invite", "{}/hub", "{}/acme.invitation", "--out", "{}/x", "--url", "u"),
        ("constellation", "invite", "{}/hub", "{}/x", "--out", "{}/y", "--url", "u"),
        ("constellation", "revoke", "{}/hub", "nobody"),
        ("constellation", "list", "{}/nowhere"),
        ("constellation", "serve", "{}/hub", "--port", "99999999"),
        ("constellation", "member", "{}/acme"),
        ("constellation", "ask", "{}/nowhere.toml", "--identity", "{}/acme"),
        ("constellation", "ask", "{}/acme.invitation", "--identity", "{}/acme"),
        ("constellation", "demo", "--nodes", "2"),
    ],
    ids=lambda a: " ".join(a)[:60],
)
def test_mistakes_are_sentences(hub, capsys, arguments, lang):
    before = {p for p in hub.rglob("*") if p.suffix != ".sqlite-wal"}
    code, _, err = told(capsys, *(a.format(hub) for a in arguments), "--lang", lang)
    assert code == 2
    assert ("直し方" if lang == "ja" else "How to mend it") in err
    assert "Traceback" not in err
    left = {p.name for p in hub.rglob("*")} - {p.name for p in before}
    assert left <= {".lock", "coordinator.sqlite-wal", "coordinator.sqlite-shm", "results"}


def test_a_url_that_is_no_coordinator(hub, capsys, tmp_path):
    invite(capsys, hub, "ministry", "asker")
    question = tmp_path / "q.toml"
    question.write_text('kind = "count"\ntable = "skills"\nepsilon = 5.0\n')
    for url in ("http://127.0.0.1:9", "https://127.0.0.1:9", "nonsense"):
        code, _, err = told(capsys, "constellation", "ask", question, "--identity",
                            hub / "ministry", "--url", url)  # fmt: skip
        assert code == 2
        assert "How to mend it" in err


def test_a_missing_extra_is_a_sentence(hub, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    code, _, err = told(capsys, "node", "init", hub / "other", "--name", "other")
    assert code == 2
    assert "kachisuji[constellation]" in err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux's /proc")
def test_an_interrupted_demonstration_leaves_no_process(tmp_path):
    command = [sys.executable, "-m", "kachisuji", "constellation", "demo", "--nodes", "5"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "demo")], stdout=-1, stderr=-2, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "KACHISUJI_LANG": "en"},
    ) as demo:  # fmt: skip
        for line in demo.stdout:
            if "Running" in line:
                break
        assert len(serving(tmp_path)) == 9  # coordinator, three members, five nodes
        demo.send_signal(signal.SIGINT)
        assert "Interrupted" in demo.stdout.read()
    assert demo.returncode == EXIT_INTERRUPTED
    assert serving(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux's /proc")
def test_the_demonstration_stays_for_runs_of_a_case_and_ends_in_order(tmp_path, capsys):
    """As a newcomer would: it prints the command that comes next, and its asker has a budget."""
    command = [sys.executable, "-m", "kachisuji", "constellation", "demo", "--nodes", "6", "--stay"]
    question = tmp_path / "q.toml"
    question.write_text('kind = "count"\ntable = "purchases"\nepsilon = 1.0\n')
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "demo")], stdout=-1, stderr=-2, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "KACHISUJI_LANG": "en"},
    ) as demo:  # fmt: skip
        try:
            words = next(line for line in demo.stdout if "kachisuji run japan17" in line).split()
            url, identity = (words[words.index(w) + 1] for w in ("--constellation", "--identity"))
            code, out, err = told(capsys, "constellation", "ask", question, "--url", url,
                                  "--identity", identity, "--json")  # fmt: skip
        finally:
            demo.send_signal(signal.SIGINT)
            rest = demo.stdout.read()
    assert code == 0, out + err
    assert json.loads(out)["nodes"] == 6
    assert (demo.returncode, "Everything is stopped" in rest) == (0, True)
    assert serving(tmp_path) == []


def serving(folder):
    """Processes of a constellation in a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = file.read_bytes().decode(errors="replace")
            if "constellation.running" in line and str(folder) in line:
                found.append(file.parent.name)
    return found
