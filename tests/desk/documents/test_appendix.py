"""What a committee reads stays short: long tables are cut, and stand whole behind the body."""

from hypothesis import given
from hypothesis import strategies as st

from kachisuji.desk.documents.appendix import with_appendix
from kachisuji.desk.documents.blocks import Document, Heading, Paragraph, Table
from kachisuji.desk.documents.page import write_html
from kachisuji.desk.documents.report import report_document
from kachisuji.desk.stored import StoredRun
from kachisuji.words import say


def table(rows, top):
    return Table(f"{rows} rows", ("a", "b"), tuple((str(k), "x") for k in range(rows)), top=top)


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=8))
def test_every_row_stands_somewhere_and_every_lead_arrives(sizes):
    given_ = [table(rows, top) for rows, top in sizes]
    blocks = [Heading("one"), *given_, Heading("two")]
    made = with_appendix(blocks, "en")
    cut = [t for t in given_ if t.top is not None and len(t.rows) > t.top]
    whole = [b for b in made if isinstance(b, Table) and b.number]
    assert [b.rows for b in whole] == [t.rows for t in cut]
    leads = [b.to for b in made if isinstance(b, Paragraph) and b.to]
    assert leads == [b.number for b in whole] == [f"A{k}" for k in range(1, len(cut) + 1)]
    where = [i for i, b in enumerate(made) if isinstance(b, Heading) and b.apart]
    assert len(where) == bool(cut)
    kept = [b.rows for b in made if isinstance(b, Table) and not b.number]
    shown = [t.rows[: t.top] if t in cut else t.rows for t in given_]
    assert kept == [r for r, t in zip(shown, given_, strict=True) if r or t not in cut]
    if not cut:
        assert made == blocks


def test_a_lead_is_a_link_in_a_page():
    blocks = with_appendix([Heading("one"), table(5, 2)], "en")
    page = write_html(Document("t", "s", "en", (), "2026-01-02", "c", tuple(blocks)))
    assert 'href="#tab-A1"' in page
    assert 'id="tab-A1"' in page


def test_the_body_of_a_report_holds_answers_assumptions_and_limits(rich_run):
    for lang in ("en", "ja"):
        blocks = report_document(StoredRun.open(rich_run), lang).blocks
        at = next(i for i, b in enumerate(blocks) if isinstance(b, Heading) and b.apart)
        told = [b.text for b in blocks[:at] if isinstance(b, Heading)]
        for key in ("h_questions", "h_assumptions", "h_hindcast", "h_is_not"):
            assert say(f"desk.{key}", lang) in told
        numbers = [t.split(".")[0] for t in told if t.split(".")[0].isdigit()]
        assert numbers == [str(k) for k in range(1, 13)]
        behind = [b.text for b in blocks[at:] if isinstance(b, Heading)]
        for key in ("desk.h_fields", "documents.h_bibliography"):
            assert say(key, lang) in behind
