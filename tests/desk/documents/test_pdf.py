"""PDF: every font embedded, Japanese text comes out right, tagged, and data are never markup."""

import builtins
import io
import json
import re
import sys
from dataclasses import replace
from itertools import pairwise

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kachisuji.desk.documents import charts, fonts, rendering
from kachisuji.desk.documents.blocks import (
    LETTERS,
    Bullets,
    Card,
    Document,
    Figure,
    Heading,
    Paragraph,
    Source,
    Table,
)
from kachisuji.desk.documents.pdf import as_data, write_pdf
from kachisuji.desk.documents.report import report_document, with_figures
from kachisuji.desk.report.bilingual import t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.page import SECTIONS
from kachisuji.desk.stored import StoredRun
from kachisuji.words import EXIT_USER_ERROR, RunError, entries
from tests.desk.test_cli import call

BAR = {
    "data": {"values": [{"a": "甲", "b": 1}]},
    "mark": "bar",
    "encoding": {"x": {"field": "b", "type": "quantitative"}, "y": {"field": "a"}},
}


def small(*blocks, title="試験", lang="ja"):
    return Document(title, "副題", lang, (("版", "1"),), "2026-01-02", "目次", blocks)


def read(made):
    return pypdf.PdfReader(io.BytesIO(made))


def text_of(made):
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in read(made).pages))


def fonts_of(reader):
    """Every font dictionary of a document, descendants of composite fonts included."""
    for number in range(1, int(reader.trailer["/Size"])):
        try:
            found = reader.get_object(number)
        except pypdf.errors.PdfReadError:
            continue
        if isinstance(found, pypdf.generic.DictionaryObject) and found.get("/Type") == "/Font":
            yield found


@pytest.fixture(scope="module")
def rich(rich_run):
    return StoredRun.open(rich_run)


@pytest.fixture(scope="module", params=["ja", "en"])
def made(request, rich):
    return request.param, write_pdf(report_document(rich, request.param))


def test_every_font_is_embedded(made):
    found = list(fonts_of(read(made[1])))
    descriptors = [f["/FontDescriptor"] for f in found if "/FontDescriptor" in f]
    assert descriptors
    for descriptor in descriptors:
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.get_object())
    simple = [f for f in found if "/FontDescriptor" not in f]
    assert all(f["/Subtype"] == "/Type0" for f in simple)
    assert any("IPAex" in str(f["/BaseFont"]) for f in found)


def test_text_comes_out_as_it_was_put_in(made, rich):
    lang, pdf = made
    text = text_of(pdf)
    names = Names(rich.case)
    for segment in rich.case.tables["segments"]["segment"]:
        assert names.segments[segment].of(lang).replace(" ", "") in text
    for key in ("h_glance", "h_priorities", "h_survival", "h_questions", "h_about"):
        assert t(f"desk.{key}").of(lang).replace(" ", "") in text
    joint = names.money(rich.choice["joint"]["welfare"]["mean"]).of(lang)
    assert joint.replace(" ", "") in text
    assert "\ufffd" not in text


def test_a_pdf_is_tagged_titled_and_numbered(made, rich):
    lang, pdf = made
    reader = read(pdf)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith(lang)
    assert reader.metadata.title == Names(rich.case).title.of(lang)
    assert "pdfuaid" in root["/Metadata"].get_data().decode()
    kinds = set(re.findall(r"/S /(\w+)", str(structure(root["/StructTreeRoot"]))))
    assert {"H1", "H2", "Table", "TH", "TD", "Figure", "TOC"} <= kinds
    assert len(reader.outline) >= 10
    assert f"3/{len(reader.pages)}" in text_of(pdf)


def structure(node):
    """Names of structure elements, walked down the tree."""
    out, todo = [], [node]
    while todo:
        found = todo.pop()
        found = found.get_object() if hasattr(found, "get_object") else found
        if isinstance(found, dict):
            if "/S" in found:
                out.append(f"/S {found['/S']}")
            todo.append(found.get("/K"))
        elif isinstance(found, list):
            todo += found
    return out


def test_the_pdf_has_every_section_of_the_page(rich):
    for lang in ("ja", "en"):
        document = report_document(rich, lang)
        assert document.glance  # the first page, under a heading of its own
        headings = [t("desk.h_glance").of(lang)]
        headings += [b.text for b in document.blocks if isinstance(b, Heading)]
        for anchor, key in SECTIONS:
            asked_nodes = anchor != "protected"  # only where a run asked nodes
            assert (t(key).of(lang) in headings) == asked_nodes, key


def test_figures_have_words_for_who_cannot_see_them(rich):
    for lang in ("ja", "en"):
        figures = [b for b in report_document(rich, lang).blocks if isinstance(b, Figure)]
        assert len(figures) >= 5
        assert all(len(f.alt) > 5 for f in figures)


def test_headings_never_skip_a_level(rich):
    levels = [b.level for b in report_document(rich, "en").blocks if isinstance(b, Heading)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_citations_lead_to_the_bibliography(rich):
    document = report_document(rich, "en")
    cited = {i for b in document.blocks if isinstance(b, Paragraph) for i in b.cites}
    assert cited
    assert cited <= document.cited()


def test_the_same_run_gives_the_same_bytes(rich, made):
    lang, pdf = made
    assert write_pdf(report_document(rich, lang)) == pdf


def test_an_empty_portfolio_is_set_too(stored):
    assert "何もしない" in text_of(write_pdf(report_document(stored, "ja")))


NASTY = [
    "#panic()", "$x$", "*b*", "= not a heading", "\\", '"', "<ev-1>", "@ev-1", "]", "[", "`", "{}",
    "#import \"/etc/passwd\"", "// gone", "/* gone */", "a\nb", "&amp;<b>", "~", "---", "勝 〜筋",
]  # fmt: skip


def test_what_stands_in_a_case_is_never_markup():
    for word in NASTY:
        chart = {**BAR, "title": word}
        made = write_pdf(
            small(
                Heading(word), Paragraph(word, ("E1", "E9")), Bullets((word,)),
                Card(word, word, word), Table(word, (word, word), ((word, word),), (1,)),
                Figure(word, word, chart), Source("E1", word, word, word, word, ""),
                title=word,
            )
        )  # fmt: skip
        assert text_of(made).count(re.sub(r"\s+", "", word)) >= 10, word


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_any_text_can_be_set(word):
    assert read(write_pdf(small(Heading("x"), Paragraph(word), Bullets((word,))))).pages


def test_only_web_addresses_become_links(rich):
    for row in as_data(report_document(rich, "en"))["blocks"]:
        if row["kind"] == "source":
            assert row["address"] == "" or row["address"].startswith("http")


def test_a_chart_is_drawn_with_the_font_and_no_network():
    drawn = rendering.svg(BAR)
    assert "甲" in drawn
    assert fonts.FAMILY in drawn
    assert "http" not in drawn.replace("http://www.w3.org/", "")
    assert rendering.png(BAR, scale=1.0).startswith(b"\x89PNG")
    with pytest.raises(ValueError):
        rendering.svg({**BAR, "data": {"url": "https://example.invalid/x.json"}})


def test_json_of_a_document_is_whole(rich):
    data = as_data(report_document(rich, "ja"))
    assert json.loads(json.dumps(data, ensure_ascii=False))["blocks"]
    assert {b["kind"] for b in data["blocks"]} >= {"heading", "table", "figure", "card", "source"}


@pytest.mark.parametrize("package", ["typst", "vl_convert"])
def test_without_an_engine_the_command_says_what_to_install(
    package, capsys, rich_run, tmp_path, monkeypatch
):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    rendering._engine.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, package, raising=False)
    code, _, err = call(capsys, "report", rich_run, "--pdf", "--out", tmp_path / "r.pdf")
    assert code == EXIT_USER_ERROR
    assert "pip install" in err
    assert list(tmp_path.iterdir()) == []


def test_without_the_font_too(monkeypatch):
    fonts.font_folder.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RunError) as caught:
        fonts.font_folder()
    assert caught.value.key == "documents.no_font"
    fonts.font_folder.cache_clear()


def test_report_and_run_write_pdf(capsys, rich_run, tmp_path, few_resamples):
    code, out, _ = call(capsys, "report", rich_run, "--out", tmp_path / "r.pdf", "--lang", "en")
    assert code == 0
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    code, _, err = call(capsys, "report", rich_run, "--pdf", "--out", tmp_path / "r.html")
    assert code == 2
    assert "*.pdf" in err
    assert not (tmp_path / "r.html").exists()
    made = ["run", "template", "--futures", "16", "--workers", "1", "--pdf", "--json", "--quiet"]
    code, out, _ = call(capsys, *made, "--out", tmp_path / "run")
    assert json.loads(out)["pdf"] == str(tmp_path / "run-report.pdf")
    assert (tmp_path / "run-report.pdf").is_file()
    assert call(capsys, "verify", tmp_path / "run", "--quick")[0] == 0


def test_widths_follow_what_columns_hold():
    table = Table("c", ("a", "b"), (("x", "a long text in a cell"),))
    narrow, wide = table.widths()
    assert narrow < wide
    assert replace(table, rows=()).widths()


def test_a_column_is_as_wide_as_its_longest_amount():
    long = "words " * 12
    rows = (("−1,256億円〜−360億円", *[long] * 4), ("−¥1.0 trillion to ¥5.4 trillion", *[long] * 4))
    widths = Table("c", tuple("abcde"), rows).widths()
    assert widths[0] >= len("−¥1.0 trillion")
    assert sum(widths) == pytest.approx(LETTERS)
    figures = ("−0.53",) * 17
    tight = Table("c", ("a", *"bcdefghijklmnopqr"), (("グローバルサウスとの人材育成", *figures),))
    assert tight.widths()[0] > 1.5 * tight.widths()[1]  # running text is not squeezed by figures
    crowded = Table("c", tuple("abcdefghij"), (("12,345,678.9 trillion",) * 10,))
    assert len(set(crowded.widths())) == 1  # no room for all: shared as before


def test_an_interval_goes_below_its_figure_where_amounts_would_be_broken():
    span = "80% interval"
    head = ("s", "a", span, "b", "c", "d", "e", "f", "g", span)
    amount, reach = "¥5.6 trillion", "¥3.4 trillion to ¥7.9 trillion"
    row = ("IT services", amount, reach, *[amount] * 6, reach)
    wide = Table("c", head, (row,))
    told = wide.narrowed(span)
    assert told.head == ("s", f"a\n{span}", *"bcdef", f"g\n{span}")
    assert told.rows == ((row[0], f"{amount}\n{reach}", *[amount] * 5, f"{amount}\n{reach}"),)
    text = read(write_pdf(small(Heading("x"), told, lang="en"))).pages[-1].extract_text()
    assert re.findall(r"¥[\d.]+", text) == re.findall(r"¥[\d.]+(?= trillion)", text)
    roomy = Table("c", ("s", "a", span), (row[:3],))
    assert roomy.narrowed(span) is roomy


def test_columns_of_figures_stand_to_the_right():
    rows = (("x", "¥1.0 trillion", "whole", "2026", "–", "none"),
            ("y", "−3.1億円～2円", "part", "none", "12%", "none"))  # fmt: skip
    assert with_figures(Table("c", tuple("abcdef"), rows)).numeric == (1, 3, 4)
    assert with_figures(Table("c", ("a", "b"), ())).numeric == ()


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_bold_of_which_the_text_speaks_is_set(rich, lang):
    tables = [b for b in as_data(report_document(rich, lang))["blocks"] if b["kind"] == "table"]
    grid = next(b for b in tables if b["strong"])
    own = rich.marginal[rich.marginal["measure"] == "welfare"]
    assert len(grid["rows"]) <= own["instrument"].nunique()
    assert all(re.match(r"−?\d", grid["rows"][r][c]) for r, c in grid["strong"])


@pytest.mark.parametrize(
    "draw", [charts.money_by_year, lambda r, n, lang: charts.labour_by_year(r, lang)]
)
def test_whiskers_of_which_the_text_speaks_are_drawn(rich, draw):
    drawn = draw(rich, Names(rich.case), "ja")
    layers = drawn.get("layer") or drawn["spec"]["layer"]
    rule = next(x for x in layers if x["mark"]["type"] == "rule")
    values = (rule.get("data") or drawn["data"])["values"]
    assert all(v["low"] <= v["high"] for v in values)
    assert any(v["low"] < v["high"] for v in values)


def test_units_of_an_axis_stand_in_the_brackets_of_the_language(rich):
    names = Names(rich.case)
    for lang, told in (("ja", "円）"), ("en", "illion)")):
        title = charts.histogram(rich, names, lang)["encoding"]["x"]["axis"]["title"]
        assert title.endswith(told)


def test_no_text_of_documents_is_unused():
    from pathlib import Path

    folder = Path(fonts.__file__).parents[1]
    code = "\n".join(p.read_text(encoding="utf-8") for p in folder.rglob("*.py"))
    for key in entries():
        room, _, name = key.partition(".")
        if room == "documents" and not name.startswith(("head_", "figure", "table", "page")):
            assert f'"{key}"' in code or f"'{key}'" in code, key


def test_letters_that_no_font_has_are_set_as_geta():
    text = text_of(write_pdf(small(Heading("x"), Paragraph("a\u0500b\U0001f600c"))))
    assert "a〓b〓c" in text
