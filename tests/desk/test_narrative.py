"""The narrative: from the run's own numbers, traceable, editable, and no edit is ever lost."""

import json
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.desk.narrative import (
    SECTIONS,
    edits_file,
    narrative,
    narrative_document,
    read_edits,
    save_edit,
    state,
)
from kachisuji.desk.narrative.edits import as_toml, history_folder
from kachisuji.desk.narrative.figures import figures
from kachisuji.desk.report.names import Names
from kachisuji.desk.stored import StoredRun
from kachisuji.words import EXIT_USER_ERROR, InputError, entries
from tests.desk.test_cli import JAPANESE, call


@pytest.fixture
def run(rich_run, tmp_path):
    """Return the rich run, as if it lay in a folder of its own."""
    (tmp_path / "run").symlink_to(rich_run)
    return StoredRun.open(tmp_path / "run")


OF_THE_CASE = ("vision", "partners", "watch")  # name statements and shares of the case itself


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_number_stands_in_the_run(run, lang):
    """Numbers in a section are figures of the run, or words of the catalogue (80%)."""
    known = figures(run, Names(run.case))
    catalogue = "".join(v[lang] for k, v in entries().items() if k.startswith("narrative."))
    for section in narrative(run, lang):
        assert section.text
        assert "{" not in section.text
        assert set(section.figures) <= set(known)
        if section.id not in OF_THE_CASE:
            bare = re.sub(r"\{\w+\}", "", section.template)
            assert set(re.findall(r"\d+", bare)) <= set(re.findall(r"\d+", catalogue))


def test_figures_say_where_they_come_from(run):
    for name, figure in figures(run, Names(run.case)).items():
        assert re.match(r"(choice|manifest)\.json|\w+\.parquet|case(\.toml|/)", figure.source), name
        file = figure.source.split(":")[0].split(",")[0].split(" ")[0]
        assert (run.folder / file).exists() or (run.folder / "case" / file).exists(), name
        assert figure.text.en
        assert figure.text.ja


def test_sections_speak_their_language_and_cite_what_is_there(run):
    register = set(run.case.tables["evidence"]["id"])
    for lang in ("en", "ja"):
        sections = narrative(run, lang)
        assert [s.id for s in sections] == list(SECTIONS)
        for section in sections:
            assert bool(JAPANESE.search(section.text)) == (lang == "ja")
            assert set(section.cites) <= register
            assert not section.edited


def test_nothing_chosen_has_a_story_too(stored):
    for lang in ("en", "ja"):
        sections = {s.id: s for s in narrative(stored, lang)}
        assert sections["vision"].text
        assert not sections["vision"].figures or "candidates" in sections["vision"].figures
        assert narrative_document(stored, lang).blocks
        # nothing is told of money, people or lines that there are not
        for name in ("inside", "outside", "people", "sure"):
            assert not re.search(r"\b0 |0[件円人]|¥0", sections[name].text), sections[name].text


TOLD = "純便益は{net_benefit}。\n\n以上。"


def test_an_edit_is_kept_beside_the_run_and_taken_back(run):
    before = state(run.folder)
    save_edit(
        run.folder, "ja", "vision", {"title": "志", "text": "純便益は{net_benefit}。\n\n以上。"}
    )
    section = narrative(run, "ja")[0]
    money = figures(run, Names(run.case))["net_benefit"].text.ja
    assert (section.title, section.text) == ("志", f"純便益は{money}。\n\n以上。")
    assert section.edited
    assert not narrative(run, "en")[0].edited
    assert "志" in [b.text for b in narrative_document(run, "ja").blocks if b.kind == "heading"]
    assert state(run.folder) != before
    save_edit(run.folder, "ja", "vision", None)
    assert not narrative(run, "ja")[0].edited
    kept = [tomllib.loads(p.read_text(encoding="utf-8")) for p in
            sorted(history_folder(run.folder).iterdir())]  # fmt: skip
    assert kept[0]["ja"]["vision"]["title"] == "志"


def test_sections_can_be_hidden_and_added(run):
    save_edit(run.folder, "en", "sure", {"hide": True})
    save_edit(run.folder, "en", "own_thanks", {"title": "Thanks", "text": "To {home}."})
    titles = [b.text for b in narrative_document(run, "en").blocks if b.kind == "heading"]
    assert "How sure this is" not in titles
    assert "Thanks" in titles


def test_two_editors_get_a_conflict_and_nothing_is_written_over(run):
    seen = state(run.folder)
    save_edit(run.folder, "en", "vision", {"text": "first"}, since=seen)
    with pytest.raises(InputError) as caught:
        save_edit(run.folder, "en", "vision", {"text": "second"}, since=seen)
    assert caught.value.key == "narrative.conflict"
    assert read_edits(run.folder)["en"]["vision"]["text"] == "first"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("{no_such_figure}", "narrative.unknown_figure"),
        ("{net_benefit.__class__}", "narrative.unknown_figure"),
        ("{0}", "narrative.unknown_figure"),
        ("{", "narrative.unknown_figure"),
        ("}", "narrative.unknown_figure"),
    ],
)
def test_a_name_that_is_no_figure_is_told(run, text, key):
    save_edit(run.folder, "en", "vision", {"text": text})
    with pytest.raises(InputError) as caught:
        narrative(run, "en")
    assert caught.value.key == key
    assert "net_benefit" in caught.value.in_lang("ja")


@pytest.mark.parametrize(
    ("section", "edit", "key"),
    [
        ("nowhere", {"text": "x"}, "narrative.unknown_section"),
        ("vision", {"text": "x" * 20_001}, "narrative.too_long"),
    ],
)
def test_what_cannot_be_saved(run, section, edit, key):
    with pytest.raises(InputError) as caught:
        save_edit(run.folder, "en", section, edit)
    assert caught.value.key == key
    assert not edits_file(run.folder).exists()


@pytest.mark.parametrize(
    "text", ["[en", "[fr.vision]\ntitle = 'x'", "[en.vision]\ntitle = 1", "en = 1", "\x00",
             "[en.vision]\nhide = 'x'", "[en.vision]\ncolour = 'x'"],
)  # fmt: skip
def test_a_broken_file_of_edits_is_told(run, text):
    edits_file(run.folder).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        narrative(run, "en")
    assert caught.value.key == "narrative.bad_edits"
    assert "history" in caught.value.in_lang("en")


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(TEXTS, TEXTS, st.booleans())
def test_any_edit_is_read_back_as_it_was_saved(title, text, hide):
    edit = {
        "ja": {"vision": {"title": title, "text": text, "hide": hide}, "own_勝ち": {"text": text}}
    }
    assert tomllib.loads(as_toml(edit, "ja")) == edit


@pytest.mark.parametrize("suffix", ["html", "pdf", "docx", "pptx"])
def test_the_command_writes_each_format(capsys, run, suffix):
    out = run.folder.parent / f"story.{suffix}"
    code, said, _ = call(capsys, "narrative", run.folder, "--out", out, "--lang", "ja")
    assert code == 0
    assert out.stat().st_size > 5000
    assert str(out) in said.replace("\n", "")


def test_the_command_refuses_other_formats_and_begins_editing(capsys, run):
    code, _, err = call(capsys, "narrative", run.folder, "--out", "x.odt", "--lang", "en")
    assert code == EXIT_USER_ERROR
    assert ".docx" in err
    code, said, _ = call(capsys, "narrative", run.folder, "--edit", "--lang", "ja", "--json")
    assert json.loads(said)["edits"] == str(edits_file(run.folder))
    before = [s.text for s in narrative(run, "en")]
    assert set(read_edits(run.folder)["ja"]) == set(SECTIONS)
    edited = narrative(run, "ja")
    assert all(s.edited for s in edited)
    assert [s.text for s in narrative(run, "en")] == before


def test_no_text_of_the_narrative_is_unused():
    from pathlib import Path

    from kachisuji.desk import narrative as package

    folder = Path(package.__file__).parents[1]
    code = "\n".join(
        p.read_text(encoding="utf-8") for end in ("py", "j2") for p in folder.rglob(f"*.{end}")
    )
    families = ("h_", "task_", "head_", "milestone_", "picture_", "opt_", "help", "usage")
    for key in entries():
        room, _, name = key.partition(".")
        if room == "narrative" and not name.startswith(families):
            told = (f'"{key}"', f"'{key}'", f'_fixed("{name}"', f'"{name}"')
            assert any(t in code for t in told), key
