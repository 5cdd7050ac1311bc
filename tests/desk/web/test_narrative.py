"""The page of the narrative: shown, edited, taken along; nothing typed is lost."""

import shutil
from pathlib import Path

import pytest

from kachisuji.desk.narrative import SECTIONS, edits_file, read_edits, state
from kachisuji.desk.web.place import Desk
from tests.desk.web.conftest import visit


@pytest.fixture
def place(rich_run, tmp_path):
    return Path(shutil.copytree(rich_run, tmp_path / "runs" / "rich"))


@pytest.fixture
def guest(place, tmp_path):
    return visit(Desk(tmp_path / "desk", [place], "template"), lang="en")


def test_the_story_is_shown_in_both_languages(guest):
    english = guest.get("/r/rich/narrative?lang=en").text
    assert all(f'id="{s}"' in english for s in SECTIONS)
    assert "The vision" in english
    assert "{net_benefit}" in english
    assert "目指す姿" in guest.get("/r/rich/narrative?lang=ja").text
    assert 'href="/r/rich/narrative"' in guest.get("/r/rich?lang=en").text


def test_a_section_is_edited_and_taken_back(guest, place):
    guest.get("/r/rich/narrative?lang=en")
    typed = {"title": "Why", "text": "For {net_benefit}.\r\n\r\n<b>x</b>", "since": state(place)}
    answer = guest.post("/r/rich/narrative/vision", typed, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/r/rich/narrative#vision"
    page = guest.get("/r/rich/narrative").text
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page
    assert read_edits(place)["en"]["vision"]["text"] == "For {net_benefit}.\n\n<b>x</b>"
    back = {"act": "back", "since": state(place)}
    guest.post("/r/rich/narrative/vision", back)
    assert "vision" not in read_edits(place).get("en", {})


def test_a_conflict_keeps_what_was_typed(guest, place):
    guest.get("/r/rich/narrative?lang=en")
    guest.post("/r/rich/narrative/sure", {"title": "a", "text": "first", "since": ""})
    late = guest.post("/r/rich/narrative/sure", {"title": "b", "text": "second", "since": ""})
    assert late.status_code == 409
    assert "second" in late.text
    assert "How to mend it" in late.text
    assert read_edits(place)["en"]["sure"]["text"] == "first"


@pytest.mark.parametrize(
    ("section", "text"), [("vision", "{nothing}"), ("vision", "{"), ("nowhere", "x")]
)
def test_what_cannot_be_saved_is_told_and_kept(guest, place, section, text):
    guest.get("/r/rich/narrative?lang=ja")
    answer = guest.post(f"/r/rich/narrative/{section}", {"title": "t", "text": text, "since": ""})
    assert answer.status_code == 422
    assert "直し方" in answer.text
    assert not edits_file(place).exists()


def test_saving_needs_the_token_of_a_page(guest, place):
    guest.token = "forged"
    answer = guest.post("/r/rich/narrative/vision", {"title": "t", "text": "x", "since": ""})
    assert answer.status_code == 403
    assert not edits_file(place).exists()


@pytest.mark.parametrize("suffix", ["html", "pdf", "docx", "pptx"])
def test_it_is_taken_along(guest, suffix):
    answer = guest.get(f"/r/rich/narrative.{suffix}?lang=ja")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert len(answer.content) > 5000


def test_other_formats_are_refused(guest):
    assert guest.get("/r/rich/narrative.exe").status_code in (404, 422)
    assert guest.get("/r/nowhere/narrative").status_code == 404
