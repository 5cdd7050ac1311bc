"""The pages in both languages, without a browser."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from kachisuji.desk.report.names import Names
from kachisuji.desk.web.place import Shown
from kachisuji.desk.web.portfolios import as_if
from kachisuji.desk.web.segments import tiles
from kachisuji.desk.web.units import MEASURES
from kachisuji.desk.web.views.fields import verdict_of
from kachisuji.desk.web.views.futures import weakness
from kachisuji.words import entries, say
from kachisuji.words.formats import unbroken

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


def pages_of(stored):
    segments = stored.case.tables["segments"]
    return [
        "",
        "/fields",
        f"/field/{segments['field'].iloc[0]}",
        f"/segment/{segments['segment'].iloc[0]}",
        f"/segment/{segments['segment'].iloc[-1]}",
        "/what-if",
        "/what-if?limit.money=60&of=*",
        "/futures",
        "/futures?measure=value_added&part=best",
        "/back-casting",
        "/pathways",
        "/watch",
        "/narrative",
    ]


def test_every_page_of_a_run_in_both_languages(reader, stored):
    for page in pages_of(stored):
        join = "&" if "?" in page else "?"
        for lang in ("en", "ja"):
            answer = reader.get(f"/r/small{page}{join}lang={lang}")
            assert answer.status_code == 200, (page, answer.text[:2000])
            body = re.sub(r'<(title|text)[^>]* lang="[^<]*</', "", answer.text)
            body = body.replace("日本語", "").replace("English", "")
            assert bool(JAPANESE.search(body)) == (lang == "ja"), (page, lang)
            assert "web." not in re.sub(r"href=\"[^\"]*\"", "", body), page
    reader.get("/jobs?lang=en")


def test_what_is_not_there_is_told(reader):
    for page in ("/field/99", "/segment/none", "/futures?part=x", "/what-if?q.none=3"):
        assert reader.get(f"/r/small{page}").status_code in (404, 422), page


def test_a_what_if_as_figures(reader):
    plain = reader.get("/api/r/small/what-if").json()
    less = reader.get("/api/r/small/what-if?limit.money=30").json()
    assert plain["bound"] >= plain["objective"]
    assert less["objective"] <= plain["objective"] + 1e-6


def test_futures_can_be_taken_away(reader):
    import io

    import pandas as pd

    csv = pd.read_csv(io.BytesIO(reader.get("/r/small/futures.csv").content))
    parquet = pd.read_parquet(io.BytesIO(reader.get("/r/small/futures.parquet").content))
    pd.testing.assert_frame_equal(csv, parquet)
    assert len(csv) == 32


def test_errors_are_pages_with_a_remedy_in_both_languages(reader):
    answer = reader.get("/r/none?lang=ja")
    assert answer.status_code == 404
    assert JAPANESE.search(answer.text)
    assert "実行結果の一覧から選ぶ" in answer.text
    answer = reader.get("/r/none?lang=en")
    assert "Choose one of the list of runs" in answer.text


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
    assert {k for k in used - known if not k.endswith("_")} == set()
    assert {k for k in known - used if not k.startswith(families or ("-",))} == set()


def _sources():
    from pathlib import Path

    import kachisuji

    root = Path(kachisuji.__file__).parent
    files = [*(root / "desk").rglob("*.py"), *(root / "desk" / "web").rglob("*.j2")]
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


SOURCES = _sources()


def test_instruments_by_fields_are_told_in_the_readers_language(reader):
    for lang, word in (("en", "of the futures"), ("ja", "将来像は")):
        page = reader.get(f"/r/small/fields?lang={lang}").text
        titles = re.findall(r'<td class="[^"]*" title="([^"]+)"', page)
        assert titles
        assert all(word in t for t in titles)
    reader.get("/jobs?lang=en")


def test_why_a_segment_not_to_be_entered_is_in_the_portfolio(stored):
    """The sentence holds the run's own figures, and stands only where both are so."""
    line = int(stored.lines.index[stored.lines["kind"] == "line"][0])
    segment = stored.lines["segment"].iloc[line]
    held = as_if(stored, [line])
    shown = Shown("small", doubted(held, "do_not_enter"), Names(stored.case))
    told = verdict_of(shown, segment)["beside"]
    worth = stored.of_line("welfare")["mean"].loc[line]
    assert shown.names.money(worth).en in told.en
    assert shown.names.money(worth).ja in told.ja
    others = [s for s in stored.verdicts["segment"] if s != segment]
    assert all(verdict_of(shown, s)["beside"] is None for s in others)
    won = Shown("small", doubted(held, "win"), Names(stored.case))
    assert verdict_of(won, segment)["beside"] is None


def doubted(run, verdict):
    """Return a run whose segments were all judged so."""
    return replace(run, verdicts=run.verdicts.assign(verdict=verdict))


def test_a_region_that_only_sells_says_where_it_buys(stored):
    segment = stored.case.tables["segments"]["segment"].iloc[0]
    found = {t["code"]: t for t in tiles(stored, Names(stored.case), segment)}
    assert found["RIVAL"]["market"] is None
    assert found["ABROAD"]["name"].en in found["RIVAL"]["inside"].en
    own = stored.case.tables["shares"].query("segment == @segment").set_index("market")["RIVAL"]
    assert min(own) <= float(found["RIVAL"]["sold"].en.split()[1][:-1]) / 100 <= max(own)
    assert found["HOME"]["inside"] is found["ABROAD"]["inside"] is None


def test_a_weak_box_is_called_weak():
    firm = SimpleNamespace(quasi_p=np.array([0.01, np.nan]), density=0.8, coverage=0.6)
    assert weakness(firm) is None
    for bad in ({"quasi_p": np.array([0.2])}, {"density": 0.4}, {"coverage": 0.1}):
        told = weakness(SimpleNamespace(**{**vars(firm), **bad}))
        assert told.en.startswith("Weak: ")
        assert told.ja.startswith("弱い手がかり：")


def backcast_page(visitor, desk, goal, monkeypatch):
    from kachisuji.desk.web import working
    from kachisuji.desk.web.jobs import Jobs

    monkeypatch.setattr(Jobs, "_spawn", lambda self, job: None)
    run = desk.show("small").run
    own = {"name": "small", "case": str(run.folder / "case"), "seed": 0}
    asked = {**own, "title": goal, "goal": goal}
    assert working.work(desk.jobs.start("backcast", asked).folder) == 0
    return visitor.get("/r/small/back-casting").text


def test_a_goal_that_is_missed_is_shown_as_missed(visitor, desk, monkeypatch):
    page = backcast_page(visitor, desk, "parts.share >= 90% by 2035", monkeypatch)
    assert "By how much the goal is missed" in page
    assert "When each step must be taken" not in page
    svg = re.search(r'<svg class="chart".*?</svg>', page, re.S)[0]
    told = re.search(r'<text[^>]*lang="en">(Goal for 2035: 90%, missed by [\d.]+ points)<', svg)
    assert told, svg
    assert unbroken(f"falls short by {told[1].split('by ')[1]}") in page  # the words say the same
    short = re.search(r'x="([\d.]+)%"[^>]*width="([\d.]+)%"[^>]*class="short"', svg)
    goal = re.search(r'x1="([\d.]+)%"[^>]*class="limit"', svg)
    assert float(short[1]) + float(short[2]) == pytest.approx(float(goal[1]), abs=0.02)
    assert float(short[2]) > 20  # most of the way is missing


def test_a_goal_that_is_reached_shows_its_dates(visitor, desk, monkeypatch):
    page = backcast_page(visitor, desk, "parts.sales >= 1 JPY", monkeypatch)
    assert "By how much the goal is missed" not in page


def test_the_what_if_says_what_a_joint_play_may_drop(reader, stored):
    from kachisuji.desk.web.views import what_if

    for lang in ("en", "ja"):
        assert say("web.alone", lang) in reader.get(f"/r/small/what-if?lang={lang}").text
    reader.get("/jobs?lang=en")
    shown = SimpleNamespace(run=stored, names=Names(stored.case))
    kept = set(map(int, stored.choice["lines"]))
    segments = {str(stored.lines["segment"].iloc[i]) for i in kept}
    real = (stored.lines["kind"] == "line") & ~stored.lines["segment"].isin(segments)
    more = int(stored.lines.index[real][0])
    spread = {"mean": 1.0, "p10": 0.0, "p50": 1.0, "p90": 2.0, "positive": 1.0}
    some = dict.fromkeys(MEASURES, spread)
    answer = {"lines": [*kept, more], "best": some, "kept": some, "worth": [16, 16],
              "half": [16, 16], "few": False, "kept_fits": True, "objective": 1.0, "bound": 1.0,
              "gap": 0.0}  # fmt: skip
    name = shown.names.segments[str(stored.lines["segment"].iloc[more])]
    assert what_if.told(shown, answer, False)["left_out"] == name
    assert what_if.told(shown, answer, True)["left_out"] is None


@pytest.mark.parametrize(("form", "begins"), [("html", b"<!DOCTYPE"), ("xlsx", b"PK")])
def test_a_run_is_taken_along(reader, form, begins):
    page = reader.get("/r/small").text
    assert f'href="/r/small/report.{form}"' in page
    answer = reader.get(f"/r/small/report.{form}")
    assert answer.status_code == 200
    assert answer.content[:9].upper().startswith(begins.upper())
    assert f".{form}" in answer.headers["content-disposition"]
    assert reader.get(f"/r/small/report.{form}").content == answer.content


def test_everything_offered_to_take_along_is_there(reader):
    page = reader.get("/r/small").text
    offered = re.findall(r'href="([^"]+)" download', page)
    assert {a.rsplit(".", 1)[1] for a in offered} == {
        "html", "pdf", "xlsx", "docx", "pptx", "csv", "parquet"
    }  # fmt: skip
    for address in offered:
        assert reader.client.get(address).status_code == 200, address
    assert reader.get("/r/small/report.exe").status_code == 422


@pytest.mark.parametrize(
    ("page", "form", "told"),
    [
        ("pathways", {"hold": "nonsense"}, "not understood"),
        ("pathways", {"hold": "parts.sales >= 1e9 JPY by 2040"}, "cannot be held by year"),
        ("pathways", {"odds": "200"}, "within: 5 – 95"),
        ("pathways", {"when": "1999"}, "within: 20"),
        ("watch", {"observable0": "parts.share", "year0": "2028", "value0": "abc",
                   "error0": "1"}, "abc"),
        ("watch", {"observable0": "parts.fame", "year0": "2028", "value0": "1",
                   "error0": "1"}, "parts.fame"),
        ("watch", {"observable0": "parts.share", "value0": "0.1"}, "lacks: year, error"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_ahead_is_told_at_once(visitor, page, form, told):
    before = visitor.get("/jobs").text.count("/jobs/" + page)
    answer = visitor.post(f"/r/small/{page}?lang=en", form)
    assert answer.status_code == 422
    assert told in answer.text
    assert visitor.get("/jobs").text.count("/jobs/" + page) == before  # no job was begun
