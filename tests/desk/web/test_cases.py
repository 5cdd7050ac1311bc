"""Cases in the browser: versions, drafts, conflicts, zips."""

import io
import re
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kachisuji.cases import load, resolve
from kachisuji.desk.web import packing
from kachisuji.desk.web.casebook import Casebook, ConflictError
from kachisuji.desk.web.sheets import Grid, carried, compare, differences
from kachisuji.words import InputError
from tests.desk.web.conftest import visit

EDIT = "/cases/mine/edit/segments.csv"
DRAFT = "/api/cases/mine/draft/segments.csv"


@pytest.fixture
def owner(visitor):
    answer = visitor.post("/cases/create", {"name": "mine", "source": "template"})
    assert answer.status_code == 200, answer.text
    return visitor


def typed(visitor, field, value, base=1):
    return visitor.put(DRAFT, {"base": base, "changes": [{"field": field, "value": value}]})


def head(visitor):
    book = visitor.client.app.state.desk.cases
    return book.head("mine")


def test_a_case_is_made_edited_checked_and_saved(owner):
    wrong = typed(owner, "c.0.stage", "nope").json()
    assert [p["field"] for p in wrong["problems"]] == ["c.0.stage"]
    assert typed(owner, "c.0.stage", "shakeout").json() == {
        "problems": [],
        "stale": False,
        "changes": 1,
    }
    assert head(owner).number == 1
    page = owner.post(EDIT, {"action": "save", "note": "older"}).text
    assert "older" in page
    assert head(owner).number == 2
    assert load(head(owner).folder).tables["segments"]["stage"][0] == "shakeout"
    changes = owner.get("/cases/compare?a=mine@1&b=mine@2").text
    assert "shakeout" in changes
    newest = owner.get("/cases/compare?a=mine@1&b=mine").text  # the lists show what is compared
    assert "shakeout" in newest
    assert "<option selected>mine@2</option>" in newest
    owner.post("/cases/mine/restore", {"number": "1"})
    assert differences(head(owner).folder, resolve("template"), "segments.csv")["changed"] == []
    assert head(owner).number == 3


def test_a_draft_outlives_the_server_and_can_be_undone(owner, desk, small_run):
    typed(owner, "c.0.name_en", "Something else")
    typed(owner, "c.1.name_en", "And more")
    from kachisuji.desk.web.place import Desk

    again = visit(Desk(desk.folder, [small_run], "template"), lang="en")
    again.client.cookies = owner.client.cookies
    page = again.get(EDIT).text
    assert "Something else" in page
    assert "And more" in page
    page = again.post(EDIT, {"action": "undo"}).text
    assert "And more" not in page
    assert "Something else" in page
    assert "Something else" not in again.post(EDIT, {"action": "discard"}).text


def test_rows_come_and_go(owner):
    before = head(owner).folder.joinpath("segments.csv").read_text().count("\n")
    owner.post(EDIT, {"action": "copy:0"})
    owner.post(EDIT, {"action": "drop:0"})
    owner.post(EDIT, {"action": "add"})
    owner.post(EDIT, {"action": "undo"})
    owner.post(EDIT, {"action": "save"})
    after = head(owner).folder.joinpath("segments.csv").read_text()
    assert after.count("\n") == before
    assert load(head(owner).folder)


def test_a_page_without_script_is_taken_as_it_stands(owner):
    owner.post(EDIT, {"action": "check", "c.0.name_ja": "別の名"})
    assert "別の名" in owner.get(EDIT).text
    assert head(owner).number == 1


def test_two_people_get_a_conflict_that_shows_both(owner, desk, small_run):
    other = visit(desk, lang="en")
    typed(owner, "c.0.name_en", "Mine")
    typed(owner, "c.1.name_en", "Only mine")
    other.put(DRAFT, {"base": 1, "changes": [{"field": "c.0.name_en", "value": "Theirs"}]})
    assert other.post(EDIT, {"action": "save"}).status_code == 200
    assert typed(owner, "c.0.use", "civil").json()["stale"]
    answer = owner.post(EDIT, {"action": "save"})
    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert "Theirs" in answer.text
    assert head(owner).number == 2
    owner.post("/cases/mine/merge/segments.csv", {"head": "2"})
    owner.post(EDIT, {"action": "save"})
    names = load(head(owner).folder).tables["segments"]["name_en"]
    assert list(names)[:2] == ["Theirs", "Only mine"]


def test_one_who_insists_keeps_what_is_theirs(owner, desk):
    other = visit(desk, lang="en")
    typed(owner, "c.0.name_en", "Mine")
    other.put(DRAFT, {"base": 1, "changes": [{"field": "c.0.name_en", "value": "Theirs"}]})
    other.post(EDIT, {"action": "save"})
    assert owner.post(EDIT, {"action": "save"}).status_code == 409
    owner.post("/cases/mine/merge/segments.csv", {"head": "2", "mine": "0"})
    owner.post(EDIT, {"action": "save"})
    assert load(head(owner).folder).tables["segments"]["name_en"][0] == "Mine"


def test_text_files_are_edited_and_conflict_too(owner, desk):
    path = "/cases/mine/edit/case.toml"
    text = head(owner).folder.joinpath("case.toml").read_text()
    other = visit(desk, lang="en")
    owner.post(path, {"action": "check", "text": text.replace("max_fields", "max_fieldz")})
    assert "max_fieldz" in owner.get(path).text
    other.post(path, {"action": "save", "text": text + "\n# theirs\n"})
    answer = owner.post(path, {"action": "save"})
    assert answer.status_code == 409
    assert "# theirs" in answer.text
    owner.post("/cases/mine/merge/case.toml", {"head": "2", "mine": ""})
    assert "# theirs" in owner.get(path).text


def test_saving_upon_an_old_version_is_refused(tmp_path):
    book = Casebook(tmp_path)
    book.from_shipped("a", "template", "x", "")
    book.save("a", 1, {"goals.csv": b"x"}, "x", "")
    with pytest.raises(ConflictError):
        book.save("a", 1, {"goals.csv": b"y"}, "x", "")
    assert book.head("a").folder.joinpath("goals.csv").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "-a", "a" * 41, "template", "ü", "a.b"])
def test_names_that_cases_cannot_have(owner, name):
    answer = owner.post("/cases/create", {"name": name, "source": "template"})
    assert answer.status_code == 422
    assert owner.get("/cases").text.count("<strong>") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/cases/mine/edit/evil.csv", "/cases/mine/edit/SOURCES.md", "/cases/none/edit/goals.csv",
        "/cases/mine/edit/..%2f..%2fsecret", "/cases/%2e%2e/export.zip", "/cases/none",
        "/cases/compare?a=none&b=mine", "/cases/compare?a=mine@99&b=mine",
        "/cases/compare?a=mine@x&b=mine",
    ],
)  # fmt: skip
def test_what_is_not_there(owner, path):
    assert owner.get(path).status_code == 404


def test_out_as_a_zip_and_in_again(owner):
    data = owner.client.get("/cases/mine/export.zip").content
    assert data == owner.client.get("/cases/mine/export.zip").content
    files = {"archive": ("mine.zip", data, "application/zip")}
    assert owner.post("/cases/import", {"name": "back"}, files=files).status_code == 200
    book = owner.client.app.state.desk.cases
    for file in ("segments.csv", "evidence.csv", "case.toml"):
        one, two = (book.head(n).folder.joinpath(file).read_bytes() for n in ("mine", "back"))
        assert one == two


def archive(entries) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for entry, data in entries:
            made.writestr(entry, data)
    return out.getvalue()


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"no zip", "web.bad_zip"),
        (archive([("case.toml", "x")])[:-30], "web.bad_zip"),
        (archive([("../case.toml", "x")]), "web.zip_stray"),
        (archive([("/etc/passwd", "x"), ("case.toml", "x")]), "web.zip_stray"),
        (archive([("a\\..\\case.toml", "x")]), "web.zip_stray"),
        (archive([("case.toml", "x"), ("evil.py", "x")]), "web.zip_stray"),
        (archive([(link("case.toml"), "/etc/passwd")]), "web.zip_stray"),
        (archive([("goals.csv", "x")]), "web.zip_no_case"),
        (archive([("case.toml", b"\0" * (9 * 2**20))]), "web.zip_large"),
        (archive([(f"{k}.csv", "x") for k in range(90)]), "web.zip_large"),
    ],
)
def test_zips_that_are_refused(data, key):
    with pytest.raises(InputError) as caught:
        packing.unpack(data)
    assert caught.value.key == key


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_zip_or_an_error_of_the_house(data):
    with pytest.raises(InputError):
        packing.unpack(data)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=6))
def test_a_zip_brings_every_cell_back(rows):
    data = packing.written([["id", "grade"], *rows])
    packed = archive([("case.toml", "x"), ("evidence.csv", data)])
    out = packing.unpack(packed)["evidence.csv"]
    from kachisuji.desk.web.exporting import harmless

    again = packing._each_cell(packing._each_cell(out, lambda c: str(harmless(c))),
                               packing._restored)  # fmt: skip
    assert again == out


def grid(*rows):
    return Grid(["segment", "name_en"], {str(k): list(r) for k, r in enumerate(rows)})


def test_changes_find_their_rows_again_by_key():
    base = grid(["a", "1"], ["b", "2"], ["c", "3"])
    now = grid(["c", "3"], ["b", "9"], ["d", "4"])
    changes = [
        {"kind": "cell", "row": "2", "column": "name_en", "value": "three"},
        {"kind": "cell", "row": "1", "column": "name_en", "value": "two"},
        {"kind": "cell", "row": "0", "column": "name_en", "value": "one"},
    ]
    found = compare("segments", base, now, changes)
    assert [c.clashes for c in found] == [False, True, True]
    merged = Grid(now.header, {k: list(v) for k, v in now.rows.items()})
    merged.put(carried(found, set()))
    assert list(merged.rows.values()) == [["c", "three"], ["b", "9"], ["d", "4"]]
    merged.put(carried(found, {1, 2}))
    assert list(merged.rows.values()) == [["c", "three"], ["b", "two"], ["d", "4"]]


FIELD = st.text(st.characters(codec="utf-8"), max_size=20)


NAMES = st.sampled_from(["c.0.stage", "c.0.", "c..x", "text", "c.n1.use"]) | FIELD
ACTIONS = st.sampled_from(
    ["save", "check", "undo", "discard", "add", "drop:0", "copy:9", "drop:", ""]
)


@settings(max_examples=30)
@given(st.lists(st.tuples(NAMES, FIELD), max_size=4), ACTIONS | FIELD)
def test_forms_of_any_kind_never_break_the_desk(shared_case, fields, action):
    data = {"action": action, **dict(fields)}
    answer = shared_case.post("/cases/mine/edit/segments.csv", data, follow_redirects=False)
    assert answer.status_code in (303, 400, 409, 422), answer.text[:500]


@pytest.fixture(scope="module")
def shared_case(small_run, tmp_path_factory):
    from kachisuji.desk.web.place import Desk

    visitor = visit(Desk(tmp_path_factory.mktemp("desk"), [small_run], "template"), lang="en")
    visitor.post("/cases/create", {"name": "mine", "source": "template"})
    return visitor


def test_a_page_of_an_old_version_overwrites_nothing(owner, desk):
    """Looked at before another saved, typed into afterwards: a conflict, and the right row."""
    other = visit(desk, lang="en")
    rows = Grid.read(head(owner).folder.joinpath("segments.csv").read_bytes()).rows
    other.post(EDIT, {"action": "copy:0", "base": "1"})  # one row more …
    other.post(EDIT, {"action": "drop:0", "base": "1"})  # … and the first one gone
    other.post(EDIT, {"action": "save", "base": "1", "c.1.use": "civil"})
    assert head(owner).number == 2
    assert typed(owner, "c.1.name_en", "Mine").json()["stale"]
    answer = owner.post(EDIT, {"action": "save", "base": "1"})
    assert answer.status_code == 409
    assert head(owner).number == 2
    owner.post("/cases/mine/merge/segments.csv", {"head": "2"})
    owner.post(EDIT, {"action": "save", "base": "2"})
    saved = load(head(owner).folder).tables["segments"].set_index("segment")
    assert saved.loc[rows["1"][0], "name_en"] == "Mine"
    assert saved.loc[rows["1"][0], "use"] == "civil"


def test_a_whole_page_of_an_old_version_takes_nothing_back(owner, desk):
    """Without script a page sends every cell: those that others changed since are not mine."""
    page = {f"c.0.{c}": v for c, v in zip(*_first(owner), strict=True)}
    other = visit(desk, lang="en")
    other.post(EDIT, {"action": "save", "base": "1", "c.0.name_ja": "相手"})
    answer = owner.post(EDIT, {"action": "save", "base": "1", **page, "c.0.name_en": "Mine"})
    assert answer.status_code == 409
    assert "none of your changes clash" in answer.text
    owner.post("/cases/mine/merge/segments.csv", {"head": "2"})
    owner.post(EDIT, {"action": "save", "base": "2"})
    saved = load(head(owner).folder).tables["segments"].iloc[0]
    assert (saved["name_en"], saved["name_ja"]) == ("Mine", "相手")


def _first(owner):
    found = Grid.read(head(owner).folder.joinpath("segments.csv").read_bytes())
    return found.header, found.rows["0"]


def test_a_second_window_on_an_old_version_is_told(owner, desk):
    typed(owner, "c.0.name_en", "One")
    owner.post(EDIT, {"action": "save", "base": "1"})
    typed(owner, "c.0.name_en", "Two", base=2)
    answer = typed(owner, "c.0.name_en", "Old window", base=1)
    assert answer.status_code == 409
    assert "version 1" in answer.json()["detail"]
    assert "Two" in owner.get(EDIT).text


def test_text_that_only_one_has_changed_is_not_thrown_away(owner, desk):
    path = "/cases/mine/edit/case.toml"
    text = head(owner).folder.joinpath("case.toml").read_text()
    owner.post(path, {"action": "check", "base": "1", "text": text + "\n# mine\n"})
    other = visit(desk, lang="en")
    other.post(EDIT, {"action": "save", "base": "1", "c.0.name_en": "Elsewhere"})
    page = owner.post(path, {"action": "save", "base": "1"}).text
    assert re.search(r'name="mine" value="0" required checked', page)
    undecided = owner.post("/cases/mine/merge/case.toml", {"head": "2"})
    assert undecided.status_code == 409
    owner.post("/cases/mine/merge/case.toml", {"head": "2", "mine": "0"})
    owner.post(path, {"action": "save", "base": "2"})
    assert "# mine" in head(owner).folder.joinpath("case.toml").read_text()


def test_two_windows_typing_at_once_lose_nothing(owner, desk):
    from concurrent.futures import ThreadPoolExecutor

    names = [c for c in _first(owner)[0] if c.startswith("name")]
    fields = [f"c.{r}.{c}" for r in (0, 1) for c in names]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda f: typed(owner, f, f"at once {f}").status_code, fields))
    assert answers == [200] * len(fields)
    page = owner.get(EDIT).text
    assert all(f"at once {f}" in page for f in fields)
