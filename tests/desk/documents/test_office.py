"""Word, slides and pages: readable by their own libraries, both scripts, words for pictures."""

import io
import re
import zipfile
from xml.etree import ElementTree

import docx
import pptx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kachisuji.desk.documents.blocks import Bullets, Card, Figure, Heading, Paragraph, Source, Table
from kachisuji.desk.documents.office import legal
from kachisuji.desk.documents.page import write_html
from kachisuji.desk.documents.slides import (
    LETTERS,
    claim,
    height_of,
    portions,
    shared_out,
    widths_of,
    write_pptx,
)
from kachisuji.desk.documents.word import write_docx
from kachisuji.desk.narrative import narrative_document
from kachisuji.desk.stored import StoredRun
from kachisuji.words import say
from tests.desk.documents.test_pdf import BAR, small


@pytest.fixture(scope="module", params=["ja", "en"])
def document(request, rich_run):
    return narrative_document(StoredRun.open(rich_run), request.param)


def test_word_has_headings_fonts_alternatives_and_language(document):
    made = docx.Document(io.BytesIO(write_docx(document)))
    levels = [p.text for p in made.paragraphs if p.style.name == "Heading 1"]
    glance = say("desk.h_glance", document.lang)
    assert levels == [glance, *(h.text for h, _ in document.sections())]
    assert made.core_properties.title == document.title
    assert len(made.inline_shapes) == sum(isinstance(b, Figure) for b in document.blocks)
    for shape in made.inline_shapes:
        assert shape._inline.docPr.get("descr")
    xml = made.styles.element.xml
    assert 'w:eastAsia="Yu Gothic"' in xml
    assert f'w:eastAsia="{"ja-JP" if document.lang == "ja" else "en-GB"}"' in xml
    # marked as Japanese, figures and Latin words would be broken inside
    assert f'w:lang w:val="{"en-US" if document.lang == "ja" else "en-GB"}"' in xml
    for table in made.tables:
        assert "w:tblHeader" in table._tbl.xml
    text = "\n".join(p.text for p in made.paragraphs)
    for block in document.blocks:
        if isinstance(block, Paragraph):
            assert block.text in text


def test_slides_have_titles_notes_pictures_and_stay_on_the_page(document):
    made = pptx.Presentation(io.BytesIO(write_pptx(document)))
    told = "\n".join(
        shape.text_frame.text for slide in made.slides for shape in slide.shapes
        if shape.has_text_frame
    )  # fmt: skip
    for heading, _ in document.sections():
        assert heading.text in told
    pictures = 0
    for slide in made.slides:
        assert slide.shapes.title.text_frame.text
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= made.slide_width + 10
            assert shape.top + shape.height <= made.slide_height
            if shape.shape_type == 13:
                pictures += 1
                assert shape._element.nvPicPr.cNvPr.get("descr")
    assert pictures == sum(isinstance(b, Figure) for b in document.blocks)
    notes = "\n".join(s.notes_slide.notes_text_frame.text for s in made.slides if s.has_notes_slide)
    for block in document.blocks:
        if isinstance(block, Paragraph):
            assert block.text in notes
        if isinstance(block, Source):
            assert block.id in notes
    xml = made.slides[1].shapes.title._element.xml
    assert '<a:ea typeface="Yu Gothic"/>' in xml


def test_a_page_is_whole_offline_and_cites(document):
    page = write_html(document)
    assert page.startswith("<!DOCTYPE html>")
    assert f'<html lang="{document.lang}">' in page
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!data:|#|https?://)', page)
    assert not re.search(r'src="http', page)
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page
    assert page.count("<img ") == page.count(' alt="')


NASTY = [
    "<script>alert(1)</script>",
    "&amp;",
    '"',
    "a\x00b\x0b",
    "]]>",
    "{{ 7*7 }}",
    "=1+1",
    "勝\n筋",
]


def nasty(word):
    chart = {**BAR, "title": legal(word)}
    return small(
        Heading(word), Paragraph(word, ("E1",)), Bullets((word,)), Card(word, word, word),
        Table(word, (word, word), ((word, word),)), Figure(word, word, chart),
        Source("E1", word, word, word, word, ""), title=word,
    )  # fmt: skip


@pytest.mark.parametrize("word", NASTY, ids=repr)
def test_what_stands_in_a_case_is_text_everywhere(word):
    document = nasty(word)
    page = write_html(document)
    assert "<script>alert" not in page
    assert "49" not in re.sub(r"data:[^\"]+", "", page.split("<body>")[1])
    for made in (write_docx(document), write_pptx(document)):
        with zipfile.ZipFile(io.BytesIO(made)) as package:
            for name in package.namelist():
                if name.endswith(".xml"):
                    ElementTree.fromstring(package.read(name))
    assert legal(word) in "\n".join(
        p.text for p in docx.Document(io.BytesIO(write_docx(document))).paragraphs
    )


def test_a_slide_claims_shows_and_names_its_source(document):
    made = pptx.Presentation(io.BytesIO(write_pptx(document)))
    grades = {b.id: b.grade for b in document.blocks if isinstance(b, Source)}
    slides = list(made.slides)
    for heading, blocks in document.sections():
        if any(isinstance(b, Source) for b in blocks):
            continue
        mine = [s for s in slides if any(
            shape.has_text_frame and shape.text_frame.text.startswith(heading.text)
            for shape in s.shapes
        )]  # fmt: skip
        words = [b for b in blocks if isinstance(b, Paragraph)]
        title, _ = claim([b.text for b in words])
        assert mine, heading.text
        for slide in mine:
            assert slide.shapes.title.text_frame.text == title
            told = "\n".join(s.text_frame.text for s in slide.shapes if s.has_text_frame)
            for ident in [i for b in words for i in b.cites][:3]:
                assert f"{ident} ({grades[ident]})" in told
            shown = any(s.shape_type == 13 or s.has_table for s in slide.shapes)
            assert shown == any(isinstance(b, Figure | Table) for b in blocks)


def test_a_claim_is_the_first_sentence():
    assert claim(["A is 1.2. B is not. C.", "D."]) == ("A is 1.2", ["B is not. C.", "D."])
    assert claim(["甲は勝つ。乙は退く。"]) == ("甲は勝つ", ["乙は退く。"])
    assert claim([]) == ("", [])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=900), max_size=6))
def test_portions_hold_every_word_and_fit(texts):
    parts = list(portions(texts, LETTERS["alone"]))
    joined = re.sub(r"\s", "", "".join(t for part in parts for t in part))
    assert joined.replace("\0", "") == re.sub(r"\s", "", "".join(texts)).replace("\0", "")
    assert all(part for part in parts)


@given(
    st.lists(st.lists(st.text("aあ ", max_size=150), min_size=3, max_size=3), max_size=30),
    st.floats(2.5, 4.7),
)
def test_no_slide_holds_more_of_a_table_than_it_has_room_for(rows, room):
    table = Table("", ("head", "of", "three"), tuple(map(tuple, rows)))
    shares = shared_out(table, room)
    assert [row for share in shares for row in share] == [tuple(row) for row in rows]
    widths = widths_of(table, 12.1)
    head = height_of(table.head, widths)
    for share in shares:
        assert len(share) <= 1 or head + sum(height_of(row, widths) for row in share) <= room + 1e-9
    assert all(shares) or shares == [[]]
