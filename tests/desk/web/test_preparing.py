"""What a run needs before it can answer: made in the background, once, and said."""

import threading
import time

import pytest

from kachisuji.desk.web import place, replay
from kachisuji.desk.web.place import Desk, Preparing, Shown
from kachisuji.words import RunError
from tests.desk.web.conftest import visit


@pytest.fixture
def held(monkeypatch):
    """Preparing waits until this is set; it notes the runs that were begun."""
    gate, begun = threading.Event(), []
    own = replay.prepare

    def slow(shown):
        begun.append(shown.name)
        assert gate.wait(60)
        own(shown)

    monkeypatch.setattr(replay, "prepare", slow)
    gate.begun = begun
    yield gate
    gate.set()


def test_a_page_says_that_it_is_preparing_and_then_answers(small_run, tmp_path, held):
    desk = Desk(tmp_path / "desk", [small_run], "template")
    visitor = visit(desk, lang="en")
    desk.patience = 0.0
    for lang, said in (("en", "being made ready"), ("ja", "準備")):
        page = visitor.get(f"/r/small/what-if?lang={lang}")
        assert page.status_code == 200
        assert said in page.text
        assert 'data-poll="#preparing"' in page.text
        assert '<noscript><meta http-equiv="refresh"' in page.text
        assert "limit.money" not in page.text
    assert held.begun == ["small"]  # once, however often it is asked
    held.set()
    desk.patience = 60.0
    assert 'name="limit.money"' in visitor.get("/r/small/what-if").text
    assert replay.Question().__repr__() in desk.show("small").answers


def test_while_it_is_prepared_other_pages_come(small_run, tmp_path, held):
    desk = Desk(tmp_path / "desk", [small_run], "template", eager=True)
    visitor = visit(desk, lang="en")
    for page in ("", "/fields", "/narrative"):
        assert visitor.get(f"/r/small{page}").status_code == 200
    held.set()
    assert desk.is_ready(desk.show("small"), 60)  # or it would begin in the next test


def test_every_run_that_is_opened_is_prepared(small_run, rich_run, tmp_path, held, monkeypatch):
    monkeypatch.setattr(place, "FIRST_PAGE", 0.0)
    with visit(Desk(tmp_path / "lazy", [small_run], "template"), lang="en").client as client:
        client.get("/r/small")
    desk = Desk(tmp_path / "eager", [small_run, rich_run], "template", eager=True)
    held.set()
    desk.warm()
    assert held.begun == []  # the server comes first
    first = desk.default_run()
    with visit(desk, lang="en").client:
        assert held_until(held.begun, [first])
    assert desk.is_ready(desk.show(first), 60)
    assert held.begun == [first]
    visitor = visit(desk, lang="en")
    other = next(n for n in desk.runs() if n != first)
    assert visitor.get(f"/r/{other}/fields").status_code == 200
    assert desk.is_ready(desk.show(other), 60)
    assert held.begun == [first, other]


def held_until(found, wanted):
    end = time.monotonic() + 120
    while found != wanted and time.monotonic() < end:
        time.sleep(0.01)
    return found == wanted


def test_nobody_waits_for_the_first_page_who_asks_for_the_answer():
    preparing, made = Preparing(), threading.Event()
    preparing.begin(made.set, after=3600.0)
    assert not made.is_set()
    assert preparing.wait(30)
    assert made.is_set()


def test_what_cannot_be_prepared_is_told_by_the_page(run_copy, tmp_path):
    for file in (run_copy / "outcomes").iterdir():
        file.write_bytes(b"")
    visitor = visit(Desk(tmp_path / "desk", [run_copy], "template"), lang="en")
    answer = visitor.get("/r/run/what-if")
    assert answer.status_code in (422, 500)
    assert "damaged" in answer.text or "outcomes" in answer.text


def test_a_mistake_ends_the_waiting():
    preparing = Preparing()

    def wrong():
        raise RunError("web.no_run", name="x")

    preparing.begin(wrong)
    assert preparing.wait(30)


def test_who_wants_something_else_does_not_wait(stored):
    shown = Shown("small", stored, None)
    gate, inside = threading.Event(), threading.Event()

    def slow():
        inside.set()
        gate.wait(60)
        return 1

    thread = threading.Thread(target=lambda: shown.once("slow", slow))
    thread.start()
    inside.wait(60)
    begun = time.monotonic()
    assert shown.once("quick", lambda: 2) == 2
    assert time.monotonic() - begun < 30
    gate.set()
    thread.join(60)
    assert shown.once("slow", lambda: 3) == 1


def test_the_oldest_is_forgotten_but_what_every_question_needs(stored):
    shown = Shown("small", stored, None)
    shown.once("replay", lambda: "kept")
    for k in range(10):
        shown.once(f"page {k}", lambda k=k: k, most=4)
    assert shown.once("replay", lambda: "made again") == "kept"
    assert shown.once("page 0", lambda: "again", most=4) == "again"
    assert len(shown.cache) == 4
