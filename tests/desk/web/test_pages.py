"""The pages in both languages, without a browser."""

import re

from kachisuji.words import entries

JAPANESE = re.compile(r"[ぁ-んァ-ン]")


def test_the_language_is_asked_for_kept_and_guessed(visitor):
    assert 'lang="en"' in visitor.get("/jobs").text
    assert 'lang="ja"' in visitor.get("/jobs", headers={"accept-language": "ja,en;q=0.5"}).text
    assert 'lang="ja"' in visitor.get("/jobs?lang=ja").text
    assert 'lang="ja"' in visitor.get("/jobs").text
    assert 'data-theme="dark"' in visitor.get("/jobs?theme=dark").text
    assert 'data-theme="dark"' in visitor.get("/").text


def test_switching_the_language_keeps_the_place(reader):
    page = reader.get("/r/small?pick=1").text
    assert 'href="/r/small?pick=1&amp;lang=ja"' in page


def test_overview_follows_the_portfolio_that_is_picked(reader, stored):
    page = reader.get("/r/small").text
    assert page.count('class="card finding"') == 3
    other = int(stored.front.index[~stored.front["chosen"]][0])
    picked = reader.get(f"/r/small?pick={other}").text
    assert f"Portfolio no. {other}" in picked
    assert reader.get("/r/small?pick=-1").status_code == 422
    assert reader.get("/r/small?pick=9999").text.count("<h3>The chosen portfolio</h3>") == 1


def test_errors_are_pages_with_a_remedy_in_both_languages(reader):
    answer = reader.get("/r/none?lang=ja")
    assert answer.status_code == 404
    assert JAPANESE.search(answer.text)
    assert "計算結果の一覧から選ぶ" in answer.text
    answer = reader.get("/r/none?lang=en")
    assert "choose one of the list of runs" in answer.text


def test_a_desk_without_a_run_offers_to_make_one(tmp_path):
    from kachisuji.desk.web.place import Desk
    from tests.desk.web.conftest import visit

    page = visit(Desk(tmp_path / "empty", [], "template"), lang="en").get("/").text
    assert "No run yet" in page
    assert 'action="/jobs/run"' in page


def test_texts_of_the_web_are_used():
    used = set(re.findall(r'"(web\.[a-z0-9_]+)"', SOURCES))
    families = tuple(re.findall(r'"(web\.[a-z0-9_]+_)["{]', SOURCES))
    known = {k for k in entries() if k.startswith("web.")}
    assert used - known == set()
    assert {k for k in known - used if not k.startswith(families or ("-",))} == set()


def _sources():
    from pathlib import Path

    import kachisuji

    root = Path(kachisuji.__file__).parent
    files = [*(root / "desk").rglob("*.py"), *(root / "desk" / "web").rglob("*.j2")]
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


SOURCES = _sources()
