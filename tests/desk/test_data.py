"""``kachisuji data``: the commons from the command line, in a store of its own."""

import json

import pytest

from kachisuji.desk.cli import main


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("KACHISUJI_STORE", str(tmp_path / "store"))


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    got = capsys.readouterr()
    return left.value.code, got.out, got.err


@pytest.mark.parametrize(("lang", "word"), [("en", "Store:"), ("ja", "収蔵庫")])
def test_the_catalogue_is_listed_in_both_languages(capsys, lang, word):
    code, out, _ = told(capsys, "data", "list", "--lang", lang)
    assert code == 0
    assert word in out
    assert "CC BY" in out


def test_a_file_is_taken_told_and_checked(capsys, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("a,b\n1,2\n")
    code, out, _ = told(capsys, "data", "add", str(file), "mine", "--licence", "CC0")
    assert code == 0
    assert "mine.csv" in out
    code, out, _ = told(capsys, "data", "check", "--json")
    assert (code, json.loads(out)["files"]) == (0, {"mine": "ok"})
    code, out, _ = told(capsys, "data", "info", "mine", "--json")
    assert json.loads(out)["licence"] == "CC0"
    code, out, _ = told(capsys, "data", "check")
    assert (code, "as it was" in out) == (0, True)
    kept = next(p for p in (tmp_path / "store" / "objects").rglob("*") if p.is_file())
    kept.chmod(0o644)
    kept.write_text("changed")
    code, out, _ = told(capsys, "data", "check", "--lang", "ja")
    assert (code, "内容が変化" in out) == (1, True)
    code, out, _ = told(capsys, "data", "list", "--json")
    assert json.loads(out)["held"] == ["mine"]


def test_an_entry_that_is_not_here_is_told_from_the_catalogue(capsys):
    code, out, _ = told(capsys, "data", "info", "wiod13")
    assert (code, "download by hand" in out, "Timmer" in out) == (0, True, True)
    code, out, _ = told(capsys, "data", "info", "wiod13", "--json")
    assert json.loads(out)["held"] is False


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "/nowhere.zip", "mine"),
        ("info", "mine"),
        ("fetch", "no-such-table"),
    ],
)
def test_mistakes_are_sentences(capsys, arguments):
    code, _, err = told(capsys, "data", *arguments)
    assert code == 2
    assert "How to mend it" in err
    assert "Traceback" not in err


def test_a_file_without_a_licence_is_refused(capsys, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("a\n")
    code, _, err = told(capsys, "data", "add", str(file), "mine")
    assert code == 2
    assert "licen" in err
