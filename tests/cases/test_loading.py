"""A good case: typed tables, row numbers, checksums, evidence; the template is neutral."""

import hashlib
import pickle

import numpy as np
import pytest

from kachisuji import cases
from kachisuji.words import InputError, say


def test_every_shipped_case_loads():
    assert "template" in cases.available()
    for name in cases.available():
        case = cases.load(name)
        assert case.settings.id == name
        assert set(cases.tables()) <= set(case.tables)
        assert set(case.tables) <= {*cases.tables(), *cases.optional_tables()}


def test_tables_are_typed_and_rows_keep_their_line_numbers(tiny_case):
    case = cases.load(tiny_case.path)
    markets = case.tables["markets"]
    assert markets["year"].dtype == np.int64
    assert markets[["low", "mode", "high"]].dtypes.eq(np.float64).all()
    assert case.tables["regions"]["competitor"].dtype == bool
    assert case.tables["products"]["users"][0] == ("c13", "c14", "c15")
    assert case.tables["products"]["essentiality"].tolist() == [1.0]
    assert case.competitors == ("HOME", "RIVAL", "REST")
    assert case.markets == ("HOME", "ABROAD")
    raw = tiny_case.rows("markets")
    for n, row in zip(case.rows["markets"], markets.itertuples(), strict=True):
        assert raw[n - 1][:2] == [row.segment, row.region]


def test_blank_lines_bom_and_quoted_newlines_do_not_move_line_numbers(tiny_case):
    rows = tiny_case.file("segments").read_text(encoding="utf-8").splitlines()
    rows[1] = rows[1].replace("Parts for clean rooms", '"Parts for\nclean rooms"')
    text = "\n\n".join(rows) + "\n"
    tiny_case.file("segments").write_text(text, encoding="utf-8-sig")
    case = cases.load(tiny_case.path)
    assert case.rows["segments"] == (3, 6)
    assert case.tables["segments"]["niche_en"][0] == "Parts for\nclean rooms"


def test_column_order_is_free(tiny_case):
    before = cases.load(tiny_case.path).tables["rivals"]
    tiny_case.write("rivals", [row[::-1] for row in tiny_case.rows("rivals")])
    assert cases.load(tiny_case.path).tables["rivals"].equals(before)


def test_checksums_are_of_the_bytes_read(tiny_case):
    case = cases.load(tiny_case.path)
    names = {f"{t}.csv" for t in cases.tables()} | {"case.toml", "lines.toml"}
    assert set(case.checksums) == names
    for name, known in case.checksums.items():
        assert hashlib.sha256((tiny_case.path / name).read_bytes()).hexdigest() == known


def test_figures_count_every_number_once(tiny_case):
    case = cases.load(tiny_case.path)
    figures = case.figures()
    expected = 0
    for name in cases.tables():
        columns = cases.schema(name).columns(case.competitors)
        if "evidence" not in columns:  # segments: what they are, not figures
            continue
        numbers = sum(a.type == "number" for a in columns.values())
        each = numbers - 2 * len(cases.schema(name).triples())
        expected += each * len(case.tables[name])
    assert figures["number"].sum() == expected
    grades = case.grades()
    assert grades.to_numpy().sum() == expected
    assert list(grades.index) == [0, 1, 2]
    assert grades["published"].sum() == 0  # the template claims no source


def test_supply_shares_belong_to_the_field_of_their_product(tiny_case):
    figures = cases.load(tiny_case.path).figures()
    assert figures.loc[figures["table"] == "product_shares", "field"].tolist() == [1]


def test_resolve_knows_names_and_folders(tiny_case):
    assert cases.resolve("template").name == "template"
    assert cases.resolve(tiny_case.path) == tiny_case.path
    with pytest.raises(InputError) as caught:
        cases.resolve("templat")
    assert caught.value.key == "cases.no_case"
    assert "template" in caught.value.in_lang("ja")


def test_a_table_of_ones_own_beside_the_case_is_read_from_there(tiny_case):
    tiny_case.swap("case.toml", 'table = "reference"', 'table = "no_such_table"')
    (problem, *_) = tiny_case.problems()
    assert "no_such_table" in str(problem.file)


def test_an_error_of_many_mistakes_crosses_a_process_border(tiny_case):
    tiny_case.put("markets", 2, "low", "-1")
    tiny_case.put("markets", 3, "low", "x")
    with pytest.raises(cases.CaseError) as caught:
        cases.load(tiny_case.path)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.in_lang("ja") == caught.value.in_lang("ja")
    assert len(again.problems) == 2


def test_the_message_lists_twenty_and_counts_the_rest(tiny_case):
    rows = tiny_case.rows("parameters")
    for row in rows[1:31]:
        row[2] = "x"
    tiny_case.write("parameters", rows)
    with pytest.raises(cases.CaseError) as caught:
        cases.load(tiny_case.path)
    assert len(caught.value.problems) == 30
    for lang in ("en", "ja"):
        text = caught.value.in_lang(lang)
        assert text.count("'x'") == 20
        assert say("cases.more", lang, count=10) in text


def test_fragments_are_checked_with_what_they_have(tiny_case, tmp_path):
    part = tmp_path / "part"
    part.mkdir()
    for table in ("segments", "recipes", "evidence"):
        tiny_case.file(table).rename(part / f"{table}.csv")
    assert cases.check_fragments(part, beside="template") == ()
    text = (part / "recipes.csv").read_text(encoding="utf-8")
    (part / "recipes.csv").write_text(
        text.replace("parts,c12,0.3", "parts,c99,0.4").replace("E02-001", "E09-001"),
        encoding="utf-8",
    )
    found = cases.check_fragments(part, beside="template")
    keys = [p.key for p in found]
    assert keys.count("cases.sum") == 1
    assert keys.count("cases.unknown_name") == 6  # the sector, and five rows without evidence


def test_schema_companions_are_well_formed():
    types = {"text", "identifier", "integer", "number", "boolean", "list", "choice", "symbol"}
    for table in (*cases.tables(), *cases.optional_tables()):
        schema = cases.schema(table)
        names = [a.name for a in schema.attributes]
        assert len(set(names)) == len(names)
        assert set(schema.key) <= set(names)
        for a in schema.attributes:
            assert a.type in types | {"evidence id"}
            assert a.meaning_en
            assert a.meaning_ja
            assert (a.type == "choice") == bool(a.choices)
        assert all(set(triple) <= set(names) for triple in schema.triples())
    for s in (
        *cases.symbols(),
        *cases.global_symbols(),
        *cases.layer_symbols(),
        *cases.partner_symbols(),
    ):
        assert s.minimum < s.maximum
        assert s.unit
        assert s.meaning_ja
    with pytest.raises(InputError):
        cases.schema("nonsense")


def test_sources_show_every_row_of_evidence_once(tiny_case):
    tiny_case.add("evidence", ["E02-009", "published", "a | b", "甲", "X", "2025", "https://x.org"])
    case = cases.load(tiny_case.path)
    for lang in ("en", "ja"):
        text = cases.sources_markdown(case, lang)
        for key in case.evidence:
            assert text.count(f"| {key} |") == 1
        assert say("cases.sources_background", lang) in text
    assert "a \\| b" in cases.sources_markdown(case)


@pytest.mark.parametrize("name", [n for n in cases.available() if n != "template"])
def test_the_page_of_sources_is_in_step_with_the_evidence(name):
    case = cases.load(name)
    page = (case.path / "SOURCES.md").read_text(encoding="utf-8")
    assert page == cases.sources_markdown(case), "run scripts/write_sources.py"
