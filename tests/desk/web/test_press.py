"""Files to take along: each in a process of its own, with a limit of time."""

import asyncio
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kachisuji.desk.web import press
from kachisuji.desk.web.press import Press
from kachisuji.words import RunError


@pytest.fixture
def shown(desk):
    return desk.show("small")


def made(shown, *asked, of=""):
    return asyncio.run(Press().made(shown, *asked, of=of))


def test_what_takes_too_long_is_ended_and_told(visitor, desk, monkeypatch):
    processes = []

    class Noted(subprocess.Popen):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            processes.append(self)

    monkeypatch.setattr(press.subprocess, "Popen", Noted)
    monkeypatch.setattr(press, "LONGEST", 0.05)
    answer = visitor.get("/r/small/narrative.pdf")
    assert answer.status_code == 500
    assert "kachisuji narrative" in answer.text  # the remedy
    assert len(processes) == 1
    assert processes[0].returncode != 0
    assert visitor.get("/r/small/narrative").status_code == 200


def test_a_process_that_dies_is_told_and_nothing_else(visitor, monkeypatch):
    own = subprocess.Popen

    def dying(command, **more):
        return own([command[0], "-c", "import os; os.kill(os.getpid(), 9)"], **more)

    monkeypatch.setattr(press.subprocess, "Popen", dying)
    assert visitor.get("/r/small/report.pdf").status_code == 500
    monkeypatch.undo()
    assert visitor.get("/r/small").status_code == 200


def test_a_mistake_that_the_process_finds_is_told_in_its_words(shown):
    with pytest.raises(RunError) as caught:
        made(shown, "report", "exe", "ja")
    assert caught.value.key == "web.file_failed"
    assert "直し方" in str(caught.value.values["why"])


def test_pages_are_answered_while_files_wait(visitor, desk, monkeypatch):
    """More downloads than there are threads for pages: all wait, and pages come."""
    gate = threading.Event()
    monkeypatch.setattr(Press, "_apart", lambda *_: gate.wait(60) and b"made")
    monkeypatch.setattr(press, "WAITING", 8)
    with ThreadPoolExecutor(20) as crowd, visitor.client:
        asked = [crowd.submit(visitor.client.get, f"/r/small/narrative.{form}?lang={lang}")
                 for form in ("pdf", "docx", "pptx", "html") for lang in ("en", "ja")]  # fmt: skip
        while desk.press._waiting < 8:
            pass
        assert visitor.client.get("/r/small/report.pdf").status_code == 409
        assert visitor.client.get("/r/small").status_code == 200
        gate.set()
        assert [a.result().content for a in asked] == [b"made"] * 8


def test_a_file_is_made_once_until_what_it_is_made_from_changes(shown, monkeypatch):
    calls = []
    monkeypatch.setattr(Press, "_apart", lambda *given: calls.append(given) or b"x")
    for of in ("a", "a", "b"):
        assert made(shown, "narrative", "pdf", "en", of=of) == b"x"
    assert len(calls) == 2
    for k in range(press.KEPT + 3):
        made(shown, "narrative", "pdf", "en", of=str(k))
    assert len(shown.files) == press.KEPT
