"""Jobs: a process each, which outlives the server and leaves nothing half-made."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from kachisuji.constellation.local import hold_port
from kachisuji.desk.web import working
from kachisuji.desk.web.jobs import Jobs, hold
from kachisuji.words import RunError


def waited(until, seconds=300.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = until()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it has not come about")


@pytest.fixture
def idle(monkeypatch, tmp_path):
    """Return jobs whose processes are not started."""
    monkeypatch.setattr(Jobs, "_spawn", lambda self, job: None)
    return Jobs(tmp_path)


def test_a_job_is_there_with_what_was_asked(idle):
    made = idle.start("run", {"name": "x"})
    assert (made.status, made.kind, made.asked) == ("waiting", "run", {"name": "x"})
    assert [j.name for j in Jobs(idle.folder).all()] == [made.name]
    idle.stop(made.name)
    assert idle.get(made.name).status == "stopped"
    idle.forget(made.name)
    assert idle.all() == []


@pytest.mark.parametrize("name", ["", "..", "../x", "run-1", "run-20260101-000000-ABCDEF", "a/b"])
def test_no_other_folder_is_a_job(idle, name):
    with pytest.raises(RunError) as caught:
        idle.get(name)
    assert caught.value.key == "web.no_job"


def test_there_is_an_end_to_waiting(idle):
    for _ in range(22):
        idle.start("solve", {})
    with pytest.raises(RunError) as caught:
        idle.start("solve", {})
    assert caught.value.key == "web.too_many_jobs"


def test_a_process_without_a_pulse_is_lost(idle):
    made = idle.start("run", {})
    pulse = made.folder / "pulse"
    pulse.touch()
    assert idle.get(made.name).status == "working"
    os.utime(pulse, (0, 0))
    assert idle.get(made.name).status == "lost"


def test_a_lost_job_is_set_going_again_but_not_for_ever(idle, monkeypatch):
    started = []

    def spawn(self, job):
        started.append(job.name)
        (job.folder / "pulse").touch()
        os.utime(job.folder / "pulse", (0, 0))  # killed at once
        with (job.folder / "starts").open("ab") as count:
            count.write(b".")

    monkeypatch.setattr(Jobs, "_spawn", spawn)
    made = idle.start("solve", {})
    for _ in range(6):
        idle.tend()
    assert started == [made.name] * 3
    assert idle.get(made.name).status == "lost"
    idle.go_on(made.name)  # by hand it gets its starts anew
    assert len(started) == 4


def test_what_was_written_down_once_is_not_by_itself_written_again(idle):
    made = idle.start("watch", {"record": True})
    (made.folder / "pulse").touch()
    os.utime(made.folder / "pulse", (0, 0))
    lost = idle.get(made.name)
    assert (lost.status, lost.goes_on, lost.can_go_on) == ("lost", False, True)


def test_the_lock_tells_whether_a_process_lives(idle):
    made = idle.start("run", {"name": "x"})
    (made.folder / "pulse").touch()
    held = hold(made.folder)
    os.utime(made.folder / "pulse", (0, 0))  # a machine that slept: no pulse for hours, yet alive
    assert idle.get(made.name).status == "working"
    assert hold(made.folder) is None
    held.close()
    (made.folder / "pulse").touch()  # killed a moment ago
    assert idle.get(made.name).status == "lost"


def test_only_what_left_something_goes_on(idle):
    made = idle.start("run", {"name": "x"})
    with pytest.raises(RunError) as caught:
        idle.go_on(made.name)
    assert caught.value.key == "web.job_whole"
    idle.stop(made.name)
    with pytest.raises(RunError):
        idle.go_on(made.name)
    (made.folder / "x.unfinished").mkdir()
    idle.go_on(made.name)
    assert idle.get(made.name).status == "waiting"


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_chunks(tmp_path, monkeypatch):
    """Kill -9 in the middle of playing: the next process reads the finished parts, not new ones."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(Jobs, "tend", lambda self: None)
    asked = {"case": "template", "name": "t", "futures": 16, "seed": 3,
             "runs": str(tmp_path / "runs")}  # fmt: skip
    made = Jobs(tmp_path / "jobs").start("run", asked)
    parts = made.folder / "t.unfinished" / "run" / "outcomes"
    dies = """
import os, signal
from kachisuji.desk.web import working
from kachisuji.ensembles import chunks
real = chunks.write_table
def once(table, path, plain=()):
    real(table, path, plain)
    if path.parent.name == "outcomes":
        os.kill(os.getpid(), signal.SIGKILL)
chunks.write_table = once
working.main()
"""
    ended = subprocess.run([sys.executable, "-c", dies, str(made.folder)], timeout=600, check=False)
    assert ended.returncode == -signal.SIGKILL
    kept = {p.name: p.stat().st_mtime_ns for p in parts.glob("part-*.parquet")}
    assert kept
    again = subprocess.run([sys.executable, "-m", "kachisuji.desk.web.working", str(made.folder)],
                           timeout=600, check=False)  # fmt: skip
    assert again.returncode == 0
    whole = tmp_path / "runs" / "t"
    assert Jobs(tmp_path / "jobs").get(made.name).result == {"run": "t"}
    for name, when in kept.items():
        assert (whole / "outcomes" / name).stat().st_mtime_ns == when
    # killed after the last step of all: the run is there, and is not made again
    (made.folder / "state.json").unlink()
    assert working.work(made.folder) == 0
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["t"]


def does(monkeypatch, folder, work, limit=60.0):
    monkeypatch.setitem(working.DOES, "solve", work)
    made = Jobs(folder).start("solve", {"x": 1})
    code = working.work(made.folder, limit)
    return code, Jobs(folder).get(made.name)


def test_how_a_job_ends(monkeypatch, idle):
    def fails(folder, asked, telling):
        raise RunError("web.no_run", name="gone")

    def breaks(folder, asked, telling):
        raise ZeroDivisionError

    def late(folder, asked, telling):
        time.sleep(30)

    def told(folder, asked, telling):
        with telling.stage("web.stage_solve", 3) as advance:
            advance(2)
        return {"answer": 1}

    code, job = does(monkeypatch, idle.folder, told)
    assert (code, job.status, job.result, job.stages) == (
        0, "done", {"answer": 1}, ("web.stage_solve",)
    )  # fmt: skip
    code, job = does(monkeypatch, idle.folder, fails)
    assert (code, job.status, job.error["values"]) == (2, "failed", {"name": "gone"})
    code, job = does(monkeypatch, idle.folder, breaks)
    assert (code, job.status, job.error["key"]) == (1, "failed", "web.broken")
    code, job = does(monkeypatch, idle.folder, late, limit=0.2)
    assert (code, job.status, job.error["key"]) == (130, "failed", "web.job_late")


def test_a_job_stops_when_asked(monkeypatch, idle):
    def slow(folder, asked, telling):
        (folder / ".x.partial-1").mkdir()
        (folder / "stop").touch()
        time.sleep(30)

    code, job = does(monkeypatch, idle.folder, slow)
    assert (code, job.status) == (130, "stopped")
    assert not list(job.folder.glob(".*.partial-*"))


SERVE = """
import sys
from pathlib import Path
import uvicorn
from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.place import Desk
desk = Desk(Path(sys.argv[1]), [Path(sys.argv[2])], "template")
uvicorn.run(make_app(desk, lang="en"), port=int(sys.argv[3]), log_level="error")
"""


def served(folder, run, port):
    import httpx

    process = subprocess.Popen([sys.executable, "-c", SERVE, str(folder), str(run), str(port)])
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=300)

    def there():
        try:
            return client.get("/jobs").status_code == 200
        except httpx.TransportError:
            return False

    waited(there)
    return process, client


@pytest.mark.slow
def test_killing_the_server_loses_nothing(small_run, tmp_path):
    import re

    port, keeper = hold_port()  # also while the server is down
    process, client = served(tmp_path, small_run, port)
    page = client.get("/cases").text
    token = re.search(r'name="csrf" content="([^"]+)"', page)[1]
    headers = {"x-csrf-token": token}
    client.post("/cases/create", data={"name": "mine", "source": "template"}, headers=headers)
    draft = "/api/cases/mine/draft/fields.csv"
    put = {"base": 1, "changes": [{"field": "c.0.name_en", "value": "Kept"}]}
    assert client.put(draft, json=put, headers=headers).status_code == 200
    edit = "/cases/mine/edit/segments.csv"
    client.post(edit, data={"action": "save", "c.0.name_en": "Saved"}, headers=headers)
    solve = client.post("/r/small/what-if/solve", data={"question": "limit.money=60"},
                        headers=headers)  # fmt: skip
    job = solve.url.path
    # in the middle of writing: requests are under way while the process is killed
    import threading

    def type_on():
        for k in range(40):
            put["changes"][0]["value"] = f"Kept {k}"
            try:
                client.put(draft, json=put, headers=headers)
            except Exception:
                return

    typist = threading.Thread(target=type_on)
    typist.start()
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    typist.join()

    again, fresh = served(tmp_path, small_run, port)
    fresh.cookies = client.cookies
    try:
        assert "Kept" in fresh.get("/cases/mine/edit/fields.csv").text
        assert "Saved" in fresh.get("/cases/mine/edit/segments.csv").text
        assert fresh.post(edit, data={"action": "check"}, headers=headers).status_code == 200
        waited(lambda: "done" in fresh.get(job + "?lang=en").text)
        state = json.loads((tmp_path / "jobs" / job.split("/")[-1] / "state.json").read_text())
        assert state["result"]["answer"]["gap"] <= 1e-3
    finally:
        again.kill()
        again.wait()
        keeper.close()
        fresh.close()
        client.close()


@pytest.mark.slow
def test_the_description_is_true_of_what_is_answered(small_run, tmp_path, monkeypatch):
    import schemathesis
    from hypothesis import HealthCheck, Phase, settings

    from kachisuji.desk.web.place import Desk
    from tests.desk.web.conftest import visit

    monkeypatch.setattr(Jobs, "_spawn", lambda self, job: None)

    visitor = visit(Desk(tmp_path / "desk", [small_run], "template"), lang="en")
    visitor.post("/cases/create", {"name": "mine", "source": "template"})
    described = schemathesis.openapi.from_dict(visitor.client.get("/openapi.json").json())
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    broken = []
    for found in described.get_all_operations():
        ask = _asking(found.ok(), visitor, broken)
        settings(max_examples=8, deadline=None, suppress_health_check=quiet, database=None,
                 phases=[Phase.generate])(ask)()  # fmt: skip
    assert not broken, broken[:3]


def _asking(operation, visitor, broken):
    """Return a test that asks one operation as its description allows."""
    from hypothesis import given

    from tests.desk.web.conftest import ADDRESS

    names = {"run": "small", "name": "mine", "file": "segments.csv"}

    @given(case=operation.as_strategy())
    def ask(case):
        path = operation.path
        for key, value in (case.path_parameters or {}).items():
            path = path.replace(f"{{{key}}}", str(names.get(key, value)).replace("/", "%2f"))
        if any(ord(c) < 33 for c in path) or path.startswith("/jobs/"):
            return
        body = case.body if isinstance(case.body, dict | list) else {}
        sent = {"json": body} if "json" in (case.media_type or "") else {"data": _flat(body)}
        answer = visitor.client.request(
            operation.method.upper(), path, params=_flat(case.query or {}),
            headers={"origin": ADDRESS, "x-csrf-token": visitor.token},
            follow_redirects=False, **(sent if operation.method != "get" else {}),
        )  # fmt: skip
        if answer.status_code >= 500:
            broken.append((operation.method, path, answer.status_code, case.query, body))

    return ask


def _flat(values):
    if not isinstance(values, dict):
        return {}
    return {
        str(k): str(v).encode("utf-8", "replace").decode() for k, v in values.items()
        if not isinstance(v, dict | list)
    }  # fmt: skip
