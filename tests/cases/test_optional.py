"""Tables that a case may do without: absent is fine, present is checked like any other."""

import csv
import shutil

import pytest

from kachisuji import cases


@pytest.fixture
def layered(tiny_case):
    """Return the tiny case with the AI layers of the case of Japan, on one evidence row."""
    known = tiny_case.rows("evidence")[1][0]
    place = cases.resolve("japan17") / "layers.csv"
    with place.open(encoding="utf-8", newline="") as f:
        head, *rows = csv.reader(f)
    tiny_case.write("layers", [head, *([*row[:-1], known] for row in rows)])
    return tiny_case


def test_without_it_the_case_is_what_it_was(tiny_case):
    case = cases.load(tiny_case.path)
    assert "layers" not in case.tables
    assert "layers.csv" not in case.checksums
    assert "layers" in cases.optional_tables()


def test_with_it_the_table_is_typed_counted_and_part_of_the_checksums(layered):
    case = cases.load(layered.path)
    assert set(case.tables["layers"]["symbol"]) == {s.symbol for s in cases.layer_symbols()}
    assert "layers.csv" in case.checksums
    figures = case.figures().query("table == 'layers'")
    assert figures["number"].sum() == len(cases.layer_symbols())
    assert set(figures["field"]) == {0}


def mistakes(folder):
    return [(p.key, p.file.rsplit("/", 1)[-1], p.row, p.column) for p in folder.problems()]


def test_mistakes_in_it_are_named(layered):
    name, low, mode, high, known = layered.rows("layers")[1]
    row = [name, low, mode, high, known]

    def put(cells):
        rows = layered.rows("layers")
        rows[1] = cells
        layered.write("layers", rows)

    put(["deficits", *row[1:]])
    assert mistakes(layered) == [
        ("cases.unknown_name", "layers.csv", 2, "symbol"),
        ("cases.layers_missing", "layers.csv", None, "symbol"),
    ]
    put([name, "-1", mode, high, known])
    assert mistakes(layered) == [("cases.below", "layers.csv", 2, "low")]
    put([name, low, mode, high, "E99-999"])
    assert mistakes(layered) == [("cases.unknown_name", "layers.csv", 2, "evidence")]
    put([name, "7000", mode, high, known])
    assert mistakes(layered) == [("cases.not_ordered", "layers.csv", 2, "low, mode, high")]


def test_a_missing_symbol_is_told_in_both_languages(layered):
    layered.drop("layers", 2)
    (problem,) = layered.problems()
    assert problem.key == "cases.layers_missing"
    for lang in ("en", "ja"):
        assert "deficit" in problem.in_lang(lang)
        assert "layer_symbols.csv" in problem.in_lang(lang)


def test_fragments_may_hold_it(tmp_path):
    part = tmp_path / "part"
    part.mkdir()
    source = cases.resolve("japan17")
    for name in ("layers.csv", "evidence.csv"):
        shutil.copy(source / name, part / name)
    assert cases.check_fragments(part) == ()
