"""The report: whole, in both languages, self-contained, readable by machines that read aloud."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from kachisuji.desk.documents.blocks import Heading
from kachisuji.desk.documents.report import report_document
from kachisuji.desk.findings import findings, told_power
from kachisuji.desk.report.bilingual import t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.page import SECTIONS, build_report
from kachisuji.desk.stored import StoredRun

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
VOID = {"meta", "link", "br", "img", "input", "hr", "line", "rect", "circle", "path"}


class Page(HTMLParser):
    """Collects what the tests look at, and holds that tags are balanced."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.named, self.open = [], [], [], []
        self.headings, self.loaded, self.captions, self.tables, self.lang = [], [], 0, 0, []
        self.words = {"en": [], "ja": []}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and found.get("href", "").startswith("#"):
            self.links.append(found["href"][1:])
        self.loaded += [v for k, v in found.items() if k in ("src", "data", "poster", "action")]
        if tag in ("link", "script", "iframe", "img", "object") and found.get("href"):
            self.loaded.append(found["href"])
        if "aria-labelledby" in found:
            self.named += found["aria-labelledby"].split()
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag not in VOID:
            self.open.append((tag, found.get("lang")))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        langs = [lang for _, lang in self.open[1:] if lang]
        if langs and data.strip():
            self.words[langs[-1]].append(data)


@pytest.fixture(scope="session")
def text(stored):
    return build_report(stored, "ja")


@pytest.fixture(scope="session")
def page(text):
    return Page(text)


def test_the_page_is_whole_and_needs_nothing_from_outside(page, text):
    assert page.open == []
    assert page.loaded == []
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|<link", text)
    assert "nan" not in re.findall(r">([^<]*)<", text)
    assert not re.search(r">\s*(nan|None|inf|-inf)\s*<", text)


def test_every_mark_has_one_place_and_every_link_leads_somewhere(page):
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= set(page.ids)
    assert set(page.named) <= set(page.ids)
    assert {anchor for anchor, _ in SECTIONS} - {"protected"} <= set(page.ids)


def test_headings_go_down_one_step_at_a_time(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))


def test_both_languages_say_as_much(page):
    assert not [w for w in page.words["en"] if JAPANESE.search(w)]
    assert sum(bool(JAPANESE.search(w)) for w in page.words["ja"]) > 200
    assert len(page.words["en"]) == pytest.approx(len(page.words["ja"]), rel=0.02)


def test_the_twelve_questions_and_every_field_are_there(page, stored):
    assert {f"q{k}" for k in range(1, 13)} <= set(page.ids)
    fields = stored.case.tables["fields"]["field"]
    assert {f"field-{f}" for f in fields} <= set(page.ids)
    segments = stored.case.tables["segments"]["segment"]
    assert {f"seg-{s}" for s in segments} <= set(page.ids)


def test_sources_are_given_with_their_grade(text, stored):
    for evidence in stored.case.tables["evidence"]["id"]:
        if evidence in set(stored.case.figures()["evidence"]):
            assert f'id="ev-{evidence}"' in text
    assert stored.case.economy.licence in text


def test_the_same_run_gives_the_same_bytes_and_the_first_language_is_a_choice(stored, text):
    assert build_report(stored, "ja") == text
    english = build_report(stored, "en")
    assert english.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert len(english) == pytest.approx(len(text), rel=0.01)


def test_what_a_case_says_cannot_become_markup(stored):
    segments = stored.case.tables["segments"].copy()
    segments["name_en"] = '<script>alert("x")</script>'
    tables = {**stored.case.tables, "segments": segments}
    evil = dataclasses.replace(stored, case=dataclasses.replace(stored.case, tables=tables))
    text = build_report(evil, "en")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_only_web_addresses_become_links(stored):
    evidence = stored.case.tables["evidence"].copy()
    evidence["address"] = "javascript:alert(1)"
    tables = {**stored.case.tables, "evidence": evidence}
    evil = dataclasses.replace(stored, case=dataclasses.replace(stored.case, tables=tables))
    assert "javascript:alert" not in build_report(evil, "en")


def test_a_run_that_recommends_nothing_is_reported_as_such(stored):
    empty = stored.portfolio.iloc[:0]
    nothing = dict.fromkeys(stored.choice["joint"], dict.fromkeys(
        ("mean", "p10", "p50", "p90", "positive"), 0.0))  # fmt: skip
    choice = stored.choice | {"joint": nothing, "separate": nothing, "choosing": nothing}
    influence = stored.influence[stored.influence["scope"] != "portfolio"]
    spread = stored.spread.assign(welfare=0.0, value_added=0.0, indispensability=0.0)
    run = dataclasses.replace(
        stored, portfolio=empty, choice=choice, influence=influence, spread=spread
    )
    page = Page(build_report(run, "en"))
    assert page.open == []
    told = findings(run, Names(run.case))[0]
    assert told.figure.en == "nothing"
    assert "Doing nothing" in told.in_lang("en")
    # where nothing can vary, no bar says that all of it is unexplained
    for lang in ("en", "ja"):
        blocks = report_document(run, lang).blocks
        place = blocks.index(Heading(t("desk.h_assumptions").of(lang)))
        assert blocks[place + 1].text == t("desk.assumptions_none").of(lang)
        assert isinstance(blocks[place + 2], Heading)
    assert str(escape(t("desk.assumptions_none").en)) in build_report(run, "en")
    assert 'class="hang"' not in build_report(run, "en")


def test_indispensability_that_nothing_adds_to_is_told_in_words(stored):
    run = dataclasses.replace(stored, spread=stored.spread.assign(indispensability=0.0))
    assert told_power(run).en == t("desk.glance_no_power").en
    some = dataclasses.replace(stored, spread=stored.spread.assign(indispensability=1.0))
    assert told_power(some).en.startswith("Indispensability")


def test_findings_quote_the_run(stored):
    first, _, sure = findings(stored, Names(stored.case))
    assert str(len(stored.portfolio)) in first.text.en or first.figure.en == "nothing"
    assert f"{round(100 * stored.choice['wins']['nothing'])}%" == sure.figure.en


def test_wins_and_grades_add_up(stored):
    assert sum(stored.choice["wins"].values()) == pytest.approx(1)
    assert sum(stored.choice["by_grade"].values()) == pytest.approx(1)


def test_the_portfolio_adds_up_to_its_joint_play(stored):
    if len(stored.portfolio):
        parts = stored.portfolio["welfare"].sum()
        assert parts == pytest.approx(stored.choice["joint"]["welfare"]["mean"], rel=1e-9)
    assert stored.spread["welfare"].mean() == pytest.approx(
        stored.choice["joint"]["welfare"]["mean"], rel=1e-9, abs=1e-9
    )


def test_summaries_follow_from_the_outcomes(stored):
    parts = sorted((stored.folder / "outcomes").glob("*.parquet"))
    outcomes = pd.concat([pd.read_parquet(p) for p in parts])
    futures = stored.manifest.figures["futures"]
    seen = outcomes[outcomes["future"] >= futures // 2]
    want = seen.groupby("line")["welfare"].mean()
    got = stored.of_line("welfare")["mean"]
    scale = float(np.abs(want).max())
    assert np.allclose(got.loc[want.index], want, atol=1e-5 * scale)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_first_page_answers_what_is_asked_first(rich_run, small_run, lang):
    from kachisuji.desk.documents.report import report_document
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.report.sections.glance import glance
    from kachisuji.words import say

    run = StoredRun.open(rich_run)
    told = dict(report_document(run, lang).glance)
    keys = ("what", "when", "whom", "money", "people", "brings", "nothing", "given_up", "sure")
    assert list(told) == [say(f"desk.glance_{k}", lang) for k in keys]
    welfare = Names(run.case).money(run.choice["joint"]["welfare"]["mean"]).of(lang)
    assert welfare in told[say("desk.glance_brings", lang)]
    assert str(len(run.portfolio)) in told[say("desk.glance_what", lang)]
    empty = StoredRun.open(small_run)
    if not len(empty.portfolio):
        left = [k.of(lang) for k, _ in glance(empty, Names(empty.case))]
        assert left == [say(f"desk.glance_{k}", lang) for k in ("what", "nothing", "given_up")]


def test_a_run_from_before_a_grade_was_known_still_has_its_report(stored):
    from kachisuji.desk.documents.charts import grades

    shares = {g: v for g, v in stored.choice["by_grade"].items() if g != "carried"}
    old = dataclasses.replace(stored, choice={**stored.choice, "by_grade": shares})
    assert "<html" in build_report(old, "en")
    assert grades(old, "ja")["data"]["values"]
