"""The catalogue is whole in both languages; formats and errors read as people write them."""

import ast
import pickle
import re
import string
from pathlib import Path

import pytest

from kachisuji.words import InputError, entries, estimate, money, number, percent, say, unbroken

SRC = Path(__file__).parents[2] / "src" / "kachisuji"


def fields(text: str) -> set[str]:
    return {f.split(".")[0].split("[")[0] for _, f, _, _ in string.Formatter().parse(text) if f}


@pytest.mark.parametrize("key", sorted(entries()))
def test_every_entry_speaks_both_languages(key):
    entry = entries()[key]
    assert entry["en"].strip() or entry["en"] == ""
    assert fields(entry["en"]) == fields(entry["ja"])
    assert ("remedy_en" in entry) == ("remedy_ja" in entry)
    if "remedy_en" in entry:
        assert entry["remedy_en"].strip()
        assert entry["remedy_ja"].strip()
        assert fields(entry["remedy_en"]) == fields(entry["remedy_ja"])


@pytest.mark.parametrize("room", ["desk", "documents", "narrative", "ahead", "robust"])
def test_japanese_of_what_is_handed_over_is_punctuated_one_way(room):
    letter = "[ぁ-んァ-ヶ一-龥々ー）」}]"
    for key, entry in entries().items():
        if not key.startswith(f"{room}.") or "remedy_ja" in entry:
            continue  # an error quotes what a program said
        name, text = key.partition(".")[2], entry["ja"]
        assert "％" not in text, key
        if name.endswith("caption") or (name.startswith("picture_") and name[-4:] != "_alt"):
            assert text.count("。") != 1 or not text.endswith("。"), key
        if room in ("documents", "narrative", "robust"):
            assert not re.search(f"{letter}: ?[^\\s]", text), key


def literal_keys():
    rooms = {k.split(".")[0] for k in entries()}
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                key = first.value if isinstance(first, ast.Constant) else None
                speaks = name == "say" or name.endswith("Error")
                if speaks and isinstance(key, str) and key.split(".")[0] in rooms:
                    yield path.name, node.lineno, name, key


def test_every_key_used_in_the_code_is_in_the_catalogue():
    known = entries()
    for file, line, name, key in literal_keys():
        assert key in known, f"{file}:{line} says {key}, which the catalogue lacks"
        if name.endswith("Error"):
            assert "remedy_en" in known[key], f"{file}:{line}: {key} has no remedy"


@pytest.mark.parametrize(
    ("value", "en", "ja"),
    [
        (1.25e12, "¥1.25 trillion", "1.25兆円"),
        (6.85e12, "¥6.85 trillion", "6.85兆円"),
        (12.3e9, "¥12.3 billion", "123億円"),
        (-4.5e8, "−¥450 million", "−4.50億円"),
        (0, "¥0", "0円"),
        (999.9e9, "¥1.00 trillion", "1.00兆円"),
    ],
)
def test_money(value, en, ja):
    assert money(value, "JPY", "en") == en
    assert money(value, "JPY", "ja") == ja


def test_numbers():
    assert number(1234567, digits=3) == "1,234,567"
    assert number(0.01234) == "0.0123"
    assert percent(0.018) == "1.8%"
    assert number(float("nan"), "ja") == "数値なし"


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(123456.789, 3, "123,000"), (1234.5, 2, "1,230"), (123.4, 2, "123"), (-999_999.0, 3,
     "−1,000,000"), (0.01234, 3, "0.0123"), (12.345, 3, "12.3"), (0.0, 3, "0")],
)  # fmt: skip
def test_estimates_show_no_digits_that_nobody_knows(value, digits, said):
    assert estimate(value, digits=digits) == said
    assert estimate(float("nan"), "ja") == "数値なし"


def test_error_says_where_and_how_and_crosses_processes():
    error = InputError("words.example_error", file="a.csv", row=3, column="share", got=1.2)
    again = pickle.loads(pickle.dumps(error))
    for e in (error, again):
        assert "a.csv, row 3, column share" in e.in_lang("en")
        assert "a.csv、3行、share列" in e.in_lang("ja")
        assert e.exit_code == 2


def test_say_refuses_unknown_keys():
    with pytest.raises(KeyError):
        say("words.there_is_no_such_key")


# one word for one thing: what is on the left has a term of its own in the glossary
FORBIDDEN = {
    "決着の指標": "転換数",
    "ティッピング": "転換数",
    "シナリオ群": "将来像",
    "インストルメント": "政策手段",
    "不可欠度": "不可欠性",
}


@pytest.mark.parametrize("wrong", sorted(FORBIDDEN))
def test_terms_are_those_of_the_glossary(wrong):
    found = [k for k, e in entries().items() if any(wrong in str(v) for v in e.values())]
    assert not found, f"say {FORBIDDEN[wrong]}, not {wrong}: {found}"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("−¥1.0 trillion to ¥5.4 trillion", "−\u2060¥1.0\u00a0trillion to ¥5.4\u00a0trillion"),
        ("−2.4兆円、9,500億ドル", "−2.4\u2060兆\u2060円、9,500\u2060億\u2060ド\u2060ル"),
        ("1.70万人が0.14ポイント", "1.70\u2060万\u2060人が0.14\u2060ポ\u2060イ\u2060ン\u2060ト"),
        ("in 2040 lines of 7 fields, 13%", "in 2040 lines of 7 fields, 13%"),
    ],
)
def test_amounts_stay_whole_where_a_line_breaks(text, whole):
    assert unbroken(text) == whole
    seen = unbroken(text).replace("\u2060", "").replace("\u00a0", " ")
    assert seen == text  # nothing that is read has changed


def test_an_error_speaks_the_language_of_the_environment(monkeypatch):
    error = InputError("cases.unreadable", file="a.csv", why="x")
    for name, lang in (("ja", "ja"), ("en", "en"), ("xx", "en")):
        monkeypatch.setenv("KACHISUJI_LANG", name)
        assert str(error) == error.in_lang(lang)
        assert str(pickle.loads(pickle.dumps(error))) == error.in_lang(lang)
