"""Each guard of the desk has a test here or in test_safety that fails when the guard is removed."""

import ast
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import anyio
import pytest

import kachisuji
from kachisuji.constellation.local import hold_port
from kachisuji.desk.cli import main
from kachisuji.desk.web import packing, working
from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.casebook import Casebook
from kachisuji.desk.web.jobs import Jobs
from kachisuji.desk.web.safety import Guard
from kachisuji.words import InputError, RunError
from tests.desk.web.conftest import ADDRESS, visit


@pytest.fixture
def listening(monkeypatch):
    """Return the addresses that a server would have answered on; none is started."""
    import uvicorn

    found = []

    def run(self, sockets):
        found.extend(s.getsockname()[0] for s in sockets)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return found


def test_it_listens_on_this_machine_only(listening, tmp_path, free_port):
    with pytest.raises(SystemExit) as ended:
        main(["serve", "template", "--port", free_port, "--data", str(tmp_path)])
    assert ended.value.code == 0
    assert listening == ["127.0.0.1"]


def test_closing_the_workbench_is_no_interruption(monkeypatch, capsys, tmp_path, free_port):
    import uvicorn

    def closed(self, sockets):
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", closed)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "template", "--port", free_port, "--data", str(tmp_path), "--lang", "en"])
    assert ended.value.code == 0
    told = capsys.readouterr()
    assert f"What was saved lies in {tmp_path}" in told.out
    assert "Interrupted" not in told.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
@pytest.mark.parametrize("token", [[], ["--token", "x" * 15]])
def test_nothing_is_opened_to_others_without_a_long_token(
    listening, capsys, tmp_path, free_port, host, token
):
    asked = ["serve", "template", "--host", host, "--port", free_port, "--data", str(tmp_path)]
    with pytest.raises(SystemExit):
        main([*asked, *token])
    assert listening == []
    assert "--token" in capsys.readouterr().err


@pytest.fixture
def free_port():
    port, keeper = hold_port()
    yield str(port)
    keeper.close()


POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
    "img-src": "'self' data:", "font-src": "'self'", "connect-src": "'self'",
    "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
}  # fmt: skip
HELD = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/jobs", 200), ("/", 303), ("/none", 404), ("/r/small/futures.csv", 200),
     ("/api/r/small/what-if", 200), ("/structure?region=X", 404)],
)  # fmt: skip
def test_every_kind_of_answer_has_every_header(reader, path, status):
    answer = reader.client.get(path, follow_redirects=False)
    assert answer.status_code == status
    given = dict(
        p.strip().split(" ", 1) for p in answer.headers["content-security-policy"].split(";")
    )
    assert given == POLICY
    assert {k: answer.headers.get(k) for k in HELD} == HELD
    assert "camera=()" in answer.headers["permissions-policy"]


def test_refusals_have_the_headers_too(reader):
    answer = reader.client.get("/jobs", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_cookie_of_the_session_is_for_the_desk_alone(desk):
    client = visit(desk).client
    client.cookies.clear()
    cookie = client.get("/jobs").headers["set-cookie"]
    assert "desk_session=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=\"/static/)|javascript:", re.I)


def test_no_page_holds_script_or_style_of_its_own(reader, stored):
    segment = stored.case.tables["segments"]["segment"].iloc[0]
    for page in ("", "/fields", f"/segment/{segment}", "/what-if", "/futures", "/back-casting",
                 "/pathways", "/watch", "/narrative"):  # fmt: skip
        found = INLINE.search(reader.get(f"/r/small{page}").text)
        assert found is None, (page, found)
    for page in ("/structure", "/cases", "/runs", "/jobs", "/none"):
        assert INLINE.search(reader.get(page).text) is None, page


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_what_stands_in_a_case_is_text_on_every_page(visitor):
    visitor.post("/cases/create", {"name": "mine", "source": "template"})
    edit = "/cases/mine/edit/segments.csv"
    visitor.post(edit, {"action": "save", "c.0.name_en": EVIL, "c.0.stage": EVIL, "note": EVIL})
    pages = [edit, "/cases/mine", "/cases", "/cases/compare?a=template&b=mine",
             "/cases/mine/edit/fields.csv", f"/cases/{EVIL}", f"/r/{EVIL}"]  # fmt: skip
    for page in pages:
        text = visitor.get(page).text
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
    assert "&lt;script&gt;" in visitor.get(edit).text


def test_every_change_without_the_token_is_refused_for_that(visitor):
    """Each answer is 403 and for the token; a form that is wrong besides would be 422."""
    described = visitor.client.get("/openapi.json").json()["paths"]
    changing = [(m, p) for p, methods in described.items() for m in methods if m != "get"]
    assert len(changing) > 10
    for method, path in changing:
        for token in ("", "x.y", visitor.token[:-1] + "!"):
            headers = {"origin": ADDRESS, "x-csrf-token": token}
            answer = visitor.client.request(method, path, headers=headers)
            assert answer.status_code == 403, (method, path, token)
        headers["x-csrf-token"] = visitor.token
        answer = visitor.client.request(method, path, headers=headers)
        assert answer.status_code != 403, (method, path)


def scope(*header):
    return {
        "type": "http", "method": "POST", "path": "/jobs/run", "raw_path": b"/jobs/run",
        "query_string": b"", "http_version": "1.1", "scheme": "http", "root_path": "",
        "server": ("127.0.0.1", 8765), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1:8765"), (b"origin", b"http://127.0.0.1:8765"), header],
    }  # fmt: skip


def test_a_request_that_says_it_is_too_large_is_refused_unread(desk):
    app, sent = make_app(desk), []

    async def receive():
        raise AssertionError("its body was read")

    async def send(message):
        sent.append(message)

    asked = scope(b"content-length", str(9 * 2**20).encode())
    anyio.run(app, asked, receive, send)
    assert sent[0]["status"] == 413


def test_a_request_that_does_not_end_is_ended(desk):
    """An upload that stops half-way holds nothing for ever."""
    app, sent = make_app(desk, Guard(desk.secret, slowest=0.2)), []
    parts = [{"type": "http.request", "body": b"csrf=", "more_body": True}]

    async def receive():
        if parts:
            return parts.pop()
        await anyio.sleep(300)

    async def send(message):
        sent.append(message)

    async def ask():
        with anyio.fail_after(100):
            await app(scope(b"content-type", b"application/x-www-form-urlencoded"), receive, send)

    anyio.run(ask)
    assert sent[0]["status"] == 408
    assert b"content-security-policy" in dict(sent[0]["headers"])


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/jobs/run", {"case": "x" * 301}),
        ("/jobs/run", {"case": "template", "futures": "8192"}),
        ("/cases/create", {"name": "x" * 61, "source": "template"}),
        ("/r/small/what-if/solve", {"question": "x" * 6001}),
        ("/r/small/back-casting", {"goal": "x" * 301}),
    ],
)
def test_what_is_longer_than_any_use_of_it_is_refused(visitor, path, data):
    assert visitor.post(path, data).status_code == 422
    assert not visitor.client.app.state.desk.jobs.all()


def packed(entries, method=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def test_a_zip_is_bounded_as_a_whole_too():
    """Five files of seven megabytes: none is too large, together they are."""
    names = ["case.toml", "lines.toml", "goals.csv", "fields.csv", "evidence.csv"]
    with pytest.raises(InputError) as caught:
        packing.unpack(packed([(n, b"\0" * (7 * 2**20)) for n in names]))
    assert caught.value.key == "web.zip_large"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_one_name_twice_is_refused():
    with pytest.raises(InputError) as caught:
        packing.unpack(packed([("case.toml", "a"), ("case.toml", "b")]))
    assert caught.value.key == "web.zip_stray"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_are_packed_as_every_tool_packs_them(method):
    with pytest.raises(InputError) as caught:
        packing.unpack(packed([("case.toml", "a")], method))
    assert caught.value.key == "web.zip_stray"


def test_an_exported_case_holds_no_formula(tmp_path):
    (tmp_path / "evidence.csv").write_text("id,statement_en\nE1,=cmd|' /C calc'!A0\nE2,-3.5\n")
    with zipfile.ZipFile(io.BytesIO(packing.pack(tmp_path))) as archive:
        text = archive.read("evidence.csv").decode()
    assert "E1,'=cmd" in text
    assert "E2,-3.5" in text


FORBIDDEN = ("pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle", "yaml")


def test_nothing_that_is_read_here_can_hold_code():
    """No file or request of the desk, a case or a run is unpickled, or read as YAML."""
    root = Path(kachisuji.__file__).parent
    rooms = ("desk", "cases", "ledger", "accounts", "beliefs", "words", "portfolios")
    for file in (p for room in rooms for p in (root / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [a.name.split(".")[0] for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [(node.module or "").split(".")[0]]
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert getattr(node.value, "value", None) is False, file
            elif isinstance(node, ast.Attribute):
                assert node.attr not in ("read_pickle", "to_pickle"), file
            assert not set(names) & set(FORBIDDEN), (file, names)


def test_a_draft_is_kept_whole_or_as_it_was(tmp_path, monkeypatch):
    """Killed at any moment of writing, what was kept before is there."""
    book = Casebook(tmp_path)
    book.from_shipped("a", "template", "x", "")
    kept = {"base": 1, "changes": [{"kind": "text", "value": "kept", "row": "", "column": ""}]}
    book.keep_draft("a", "me", "case.toml", kept)

    def killed(*args, **more):
        raise KeyboardInterrupt

    for step in ("replace", "fdopen"):
        with monkeypatch.context() as patched:
            patched.setattr(os, step, killed)
            with pytest.raises(KeyboardInterrupt):
                book.keep_draft("a", "me", "case.toml", {"base": 1, "changes": []})
        assert Casebook(tmp_path).draft("a", "me", "case.toml") == kept


@pytest.mark.parametrize("step", ["copy_into", "_sync", "write_atomic"])
def test_a_version_counts_when_it_is_whole(tmp_path, monkeypatch, step):
    """Killed while a version is made, the case is as before, and saving again works."""
    from kachisuji.desk.web import casebook

    book = Casebook(tmp_path)
    book.from_shipped("a", "template", "x", "")

    def killed(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(casebook, step, killed)
        with pytest.raises(KeyboardInterrupt):
            book.save("a", 1, {"goals.csv": b"half"}, "x", "")
    again = Casebook(tmp_path)
    assert again.head("a").number == 1
    assert again.head("a").folder.joinpath("goals.csv").read_bytes() != b"half"
    saved = again.save("a", 1, {"goals.csv": b"whole"}, "x", "")
    assert again.head("a") == saved
    assert saved.folder.joinpath("goals.csv").read_bytes() == b"whole"


DEAF = """
import sys, time
from kachisuji.desk.web import working
working.GRACE = 0.5
def deaf(folder, asked, telling):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except KeyboardInterrupt:
            pass
working.DOES["solve"] = deaf
working.SECONDS["solve"] = float(sys.argv[2])
working.main()
"""


@pytest.mark.parametrize(("limit", "status"), [(0.5, "failed"), (50.0, "stopped")])
def test_a_job_that_does_not_listen_is_ended(tmp_path, monkeypatch, limit, status):
    monkeypatch.setattr(Jobs, "_spawn", lambda self, job: None)
    made = Jobs(tmp_path).start("solve", {"x": 1})
    (made.folder / "pulse").touch()
    if status == "stopped":
        (made.folder / "stop").touch()
    asked = [sys.executable, "-c", DEAF, str(made.folder), str(limit)]
    ended = subprocess.run(asked, timeout=300, check=False)
    assert ended.returncode == 130
    assert json.loads((made.folder / "state.json").read_text())["status"] == status


def test_a_job_is_no_child_of_the_servers_terminal(tmp_path, monkeypatch):
    """Ctrl+C and the closing of a terminal reach the server's group; a job is in one of its own."""
    monkeypatch.setattr(Jobs, "_await", lambda self, process: process.wait())
    made = Jobs(tmp_path).start("solve", {"run": "none", "question": [], "gap": 1.0})
    end = time.monotonic() + 300
    while not (made.folder / "lock").is_file() and time.monotonic() < end:
        time.sleep(0.05)
    found = [
        int(p.name)
        for p in Path("/proc").glob("[0-9]*")
        if str(made.folder).encode() in _command(p)
    ]
    groups = {_group(p) for p in found} - {None}
    assert groups
    assert os.getpgrp() not in groups
    for p in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(p, signal.SIGKILL)


def _command(place: Path) -> bytes:
    try:
        return (place / "cmdline").read_bytes()
    except OSError:
        return b""


def _group(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return None


def test_the_secret_of_the_forms_is_the_owners_alone_and_stays(desk):
    path = desk.folder / "secret"
    assert path.stat().st_mode & 0o077 == 0
    from kachisuji.desk.web.place import Desk

    assert Desk(desk.folder, [], "template").secret == desk.secret


def test_jobs_have_limits_of_time_that_hold(tmp_path, monkeypatch):
    from kachisuji.desk.web.jobs import SECONDS

    assert set(SECONDS) == set(working.DOES)
    assert max(SECONDS.values()) <= 6 * 3600
    monkeypatch.setattr(Jobs, "_spawn", lambda self, job: None)
    made = Jobs(tmp_path).start("solve", {})
    monkeypatch.setitem(working.SECONDS, "solve", 0.2)
    monkeypatch.setitem(working.DOES, "solve", lambda *a: time.sleep(30))
    assert working.work(made.folder) == 130
    assert Jobs(tmp_path).get(made.name).error["key"] == "web.job_late"


def test_no_job_of_another_name_is_opened(tmp_path):
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "job.json").write_text("{}")
    (tmp_path / "jobs").mkdir()
    for name in ("../evil", "evil", "/etc"):
        with pytest.raises(RunError):
            Jobs(tmp_path / "jobs").get(name)


def test_no_folder_outside_is_a_case(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "evil" / "versions").mkdir(parents=True)
    for name in ("../evil", str(tmp_path / "evil")):
        with pytest.raises(RunError):
            Casebook(tmp_path / "cases").place(name)


@pytest.mark.parametrize(("editor", "file"), [("../x", "case.toml"), ("me", "../../x"), ("", "x")])
def test_no_draft_lies_outside_its_case(tmp_path, editor, file):
    book = Casebook(tmp_path)
    book.from_shipped("a", "template", "x", "")
    with pytest.raises(RunError):
        book.draft("a", editor, file)
    with pytest.raises(RunError):
        book.drop_draft("a", editor, file)
    with pytest.raises(RunError):
        book.keep_draft("a", editor, file, {"base": 1, "changes": []})
