"""Bad input by hand, each through the real command: a sentence with a remedy, exit 2."""

import http.server
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from kachisuji.constellation import certificates
from kachisuji.constellation.local import Local
from kachisuji.constellation.node import Node, make_folder
from kachisuji.constellation.policy import Policy
from kachisuji.desk.cli import main
from kachisuji.words import RunError

GOOD = "craft,age,people,apprentices\nWELD,30s,12,3\nWELD,60plus,9,1\n"


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    got = capsys.readouterr()
    return left.value.code, got.out, got.err


def sentence(capsys, lang, *arguments):
    """Run a command that must fail with a sentence and a remedy; return the sentence."""
    code, _, err = told(capsys, *arguments, "--lang", lang)
    assert code == 2
    assert ("直し方" if lang == "ja" else "How to mend it") in err
    assert "Traceback" not in err
    return err


@pytest.fixture
def acme(tmp_path):
    make_folder(tmp_path / "acme", "acme")
    (tmp_path / "good.csv").write_text(GOOD)
    Node(tmp_path / "acme").add(tmp_path / "good.csv", "skills")
    return tmp_path / "acme"


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("people,", "colour,", None),  # another schema
        ("people,", "people_thousand,", None),  # another unit
        ("WELD,60plus", "WELD,30s", 3),  # twice
        ("WELD,30s", "山田太郎,30s", 2),  # a person
        ("WELD,30s", "Taro Yamada,30s", 2),
        ("12,3", "-12,3", 2),
        ("12,3", "12,3,4", 2),
    ],
    ids=["schema", "unit", "twice", "person-ja", "person-en", "negative", "cells"],
)
def test_a_bad_table_is_told_by_its_row_and_nothing_is_taken(
    acme, tmp_path, capsys, old, new, row, lang
):
    (tmp_path / "bad.csv").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    before = Node(acme).log.head()
    err = sentence(capsys, lang, "node", "add", acme, tmp_path / "bad.csv", "--table", "skills")
    assert "bad.csv" in err
    if row is not None:
        assert (f"row {row}" if lang == "en" else f"{row}行") in err
    assert Node(acme).log.head() == before
    assert len(Node(acme).table("skills")) == 2


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("supplier", ["Yamada", "ACME", "T.Yamada", "yamada-taro"])
def test_a_supplier_without_a_digit_is_taken_for_a_name(acme, tmp_path, capsys, supplier, lang):
    head = "period,product,origin,supplier,value_million_yen,stock_days,spare_million_yen"
    (tmp_path / "p.csv").write_text(f"{head}\n2026-04,CHIP,CHN,{supplier},1,30,0\n")
    err = sentence(capsys, lang, "node", "add", acme, tmp_path / "p.csv", "--table", "purchases")
    assert supplier in err


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("name", ["approvals.json", "pending.json"])
def test_a_damaged_file_of_a_node_is_named(acme, capsys, name, lang):
    asked = {"kind": "count", "table": "skills", "epsilon": 1}
    waiting = [{"id": "x", "asker": "ministry", "question": asked}]
    (acme / "pending.json").write_text(json.dumps(waiting))
    (acme / name).write_text("{")
    for command in ("approve", "check"):
        assert name in sentence(capsys, lang, "node", command, acme)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    "text",
    [
        'kind = "everything"\ntable = "skills"\nepsilon = 1.0\n',
        'kind = "count"\ntable = "skills"\nepsilon = 0.0\n',
        'kind = "count"\ntable = "skills"\nepsilon = -1.0\n',
        'kind = "count"\ntable = "skills"\nepsilon = 1e6\n',
        'kind = "count"\ntable = "skills"\nepsilon = nan\n',
        'kind = "count"\ntable = "secrets"\nepsilon = 1.0\n',
        'kind = "sum"\ntable = "skills"\nvalue = "name"\nepsilon = 1.0\n',
        'kind = "count"\ntable = "skills"\nepsilon = 1.0\ncode = "import os"\n',
        "kind = count\n",
    ],
    ids=["kind", "zero", "negative", "absurd", "nan", "table", "column", "code", "toml"],
)
def test_a_question_that_cannot_be_is_told_before_anyone_is_asked(
    acme, tmp_path, capsys, text, lang
):
    (tmp_path / "q.toml").write_text(text)
    err = sentence(capsys, lang, "constellation", "ask", tmp_path / "q.toml", "--identity", acme)
    assert "q.toml" in err


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("budget", ["0.0", "-3.0", "nan", '"much"'])
def test_a_budget_of_nothing_or_less_is_told(acme, capsys, budget, lang):
    file = acme / "policy.toml"
    text = file.read_text()
    assert "[budget]" in text
    file.write_text(text.replace("[budget]", f"[budget]\nministry = {budget}", 1))
    assert "policy.toml" in sentence(capsys, lang, "node", "check", acme)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A running coordinator with its committee's folders and no node; and a foreign one, still."""
    place = tmp_path_factory.mktemp("hub")
    local, foreign = (Local(place / n, (), Policy()) for n in ("ours", "theirs"))
    with local:
        local.start_one("coordinator", "coordinator", "127.0.0.1", str(local.port))
        asker = local.asker()
        for _ in range(1500):  # until it answers: its committee is not there
            try:
                asker.client.call("GET", "/state")
                break
            except RunError:
                time.sleep(0.2)
        asker.close()
        yield local, foreign
    foreign.stop()


@pytest.fixture
def question(tmp_path):
    file = tmp_path / "q.toml"
    file.write_text('kind = "count"\ntable = "skills"\nepsilon = 5.0\n')
    return file


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_too_few_nodes_a_large_epsilon_and_foreign_or_expired_certificates(
    hub, question, tmp_path, capsys, lang
):
    local, foreign = hub
    ask = ("constellation", "ask", question, "--url", local.url, "--identity")
    few = sentence(capsys, lang, *ask, local.folder / "ministry")
    assert "5" in few
    assert "[budget]" in few  # owners who have not named the asker are the usual reason
    other = local.url.replace("127.0.0.1", "localhost")
    moved = sentence(capsys, lang, *ask[:3], "--url", other, "--identity",
                     local.folder / "ministry")  # fmt: skip
    assert "--renew --host" in moved
    code, out, err = told(capsys, *ask, local.folder / "ministry", "--lang", lang)
    assert code == 2
    assert ("is large" if lang == "en" else "大きい") in out + err  # warned, and asked
    assert sentence(capsys, lang, *ask, foreign.folder / "ministry")

    late = tmp_path / "late"
    request = make_folder(late, "late", "asker")
    old = datetime.now(UTC) - timedelta(days=400)
    hub_folder = local.folder / "coordinator"
    signed = certificates.sign_request(hub_folder, request.read_bytes(), days=30, at=old)
    (late / certificates.AUTHORITY).write_bytes((hub_folder / certificates.AUTHORITY).read_bytes())
    certificates.install(late, signed)
    expired = sentence(capsys, lang, *ask, late)
    assert ("expired" if lang == "en" else "期限") in expired


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("wrong", [("--patience", "0"), ("--patience", "nan"), ("--id", "../x")])
def test_a_time_or_an_id_that_cannot_be(hub, question, capsys, wrong, lang):
    local, _ = hub
    sentence(capsys, lang, "constellation", "ask", question, "--identity",
             local.folder / "ministry", *wrong)  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_coordinator_whose_certificate_expired_says_how_to_renew_it(tmp_path, capsys, lang):
    folder = tmp_path / "hub"
    assert told(capsys, "constellation", "init", folder, "--host", "127.0.0.1")[0] == 0
    certificates.make_request(folder, "coordinator", "coordinator")
    old = datetime.now(UTC) - timedelta(days=400)
    request = (folder / certificates.REQUEST).read_bytes()
    certificates.install(folder, certificates.sign_request(folder, request, days=30, at=old))
    err = sentence(capsys, lang, "constellation", "serve", folder, "--port", "9")
    assert "constellation init" in err
    code, out, _ = told(capsys, "constellation", "init", folder, "--renew", "--json")
    assert code == 0
    assert json.loads(out)["until"] > datetime.now(UTC).date().isoformat()
    sentence(capsys, lang, "constellation", "init", tmp_path / "nowhere", "--renew")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_an_address_that_is_no_coordinator(hub, question, capsys, lang):
    local, _ = hub
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"https://127.0.0.1:{server.server_port}"
        for other in (url, url.replace("https", "http"), "https://127.0.0.1:1", "nonsense"):
            sentence(capsys, lang, "constellation", "ask", question, "--identity",
                     local.folder / "ministry", "--url", other)  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
