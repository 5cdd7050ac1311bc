"""Tables of a node: schemas in both languages, every kind of bad input by its line."""

import pytest

from kachisuji.constellation import TABLES, read_table, schema, schema_markdown, tables
from kachisuji.constellation.node import Node
from kachisuji.words import InputError
from tests.constellation.conftest import production, purchases

SKILLS = "craft,age,people,apprentices\nWELD,30s,12,3\nWELD,60plus,9,1\n"
RECIPE = "product,input,share\nP1,c12,0.6\nP1,value_added,0.4\n"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_schema_is_documented(table, lang):
    text = schema_markdown(lang)
    for a in schema(table):
        assert f"`{a.name}`" in text
        assert (a.meaning_ja if lang == "ja" else a.meaning_en) in text
    assert any(a.key for a in schema(table))


def test_sound_tables_are_read_with_types(tmp_path):
    texts = {
        "purchases": purchases(0).to_csv(index=False),
        "production": production(0).to_csv(index=False),
        "skills": "\ufeff" + SKILLS,  # a byte-order mark is fine
        "recipe": RECIPE,
    }
    for table, text in texts.items():
        file = tmp_path / f"{table}.csv"
        file.write_text(text, encoding="utf-8")
        frame = read_table(file, table)
        assert list(frame) == [a.name for a in schema(table)]
    assert read_table(tmp_path / "skills.csv", "skills")["people"].tolist() == [12, 9]


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("skills", "WELD,30s", "山田太郎,30s", "looks like a name"),
        ("skills", "WELD,30s", "Taro Yamada,30s", "looks like a name"),
        ("skills", "WELD,60plus", "WELD,30s", "stands twice"),
        ("skills", "people,", "people_thousand,", "another unit"),
        ("skills", "people,", "colour,", "no such column"),
        ("skills", ",apprentices", "", "missing"),
        ("skills", "12", "twelve", "no number"),
        ("skills", "12", "12.5", "no number"),
        ("skills", "12", "", "empty"),
        ("skills", "12", "99999999", "outside"),
        ("skills", "30s", "thirties", "choices"),
        ("skills", "WELD,30s,12,3", "WELD,30s,12", "cells"),
        ("skills", "WELD,30s,12,3\nWELD,60plus,9,1\n", "", "no rows"),
        ("recipe", "0.6", "0.7", "not to 1"),
        ("recipe", "P1,c12", "P 1,c12", "no code"),
    ],
)
def test_mistakes_are_sentences_with_their_place(tmp_path, table, old, new, said):
    text = {"skills": SKILLS, "recipe": RECIPE}[table]
    assert old in text
    file = tmp_path / "t.csv"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as wrong:
        read_table(file, table)
    assert said in wrong.value.in_lang("en")
    assert "t.csv" in wrong.value.in_lang("ja")
    assert "直し方" in wrong.value.in_lang("ja")


def test_a_table_has_a_public_number_of_rows_at_most(tmp_path, monkeypatch):
    """No question then leaves rows out, which would let one row move the answer twice."""
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    (tmp_path / "t.csv").write_text(SKILLS)
    with pytest.raises(InputError, match="more than 1"):
        read_table(tmp_path / "t.csv", "skills")


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError):
        read_table(tmp_path / "nowhere.csv", "skills")
    (tmp_path / "sjis.csv").write_bytes("工程".encode("cp932"))
    with pytest.raises(InputError, match="UTF-8"):
        read_table(tmp_path / "sjis.csv", "skills")
    with pytest.raises(InputError, match="no table"):
        read_table(tmp_path / "sjis.csv", "secrets")


def test_a_bad_table_leaves_the_store_as_it_was(folders, tmp_path):
    node = Node(folders.folder / "firm-0")
    before = node.table("purchases")
    (tmp_path / "bad.csv").write_text("period,product\n2026-04,X\n")
    with pytest.raises(InputError):
        node.add(tmp_path / "bad.csv", "purchases")
    assert node.table("purchases").equals(before)
