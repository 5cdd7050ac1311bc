"""Use from Python: a run's portfolio and reasons, in both languages, every number from the run."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import kachisuji as ks
from kachisuji.cases import load
from kachisuji.desk.report.names import Names
from kachisuji.words import InputError, RunError


@pytest.fixture(scope="module")
def opened(rich_run):
    return ks.open(rich_run, "en")


def test_importing_the_package_loads_nothing_heavy():
    asked = (
        "import sys, time\nbegun = time.process_time()\nimport kachisuji\n"  # however busy it is
        "print(time.process_time() - begun < 0.05, 'pandas' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
    assert {"run", "open", "load", "Run"} <= set(dir(ks))
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_it'"):
        _ = ks.nothing_like_it


def test_a_run_is_made_and_opened_again(tmp_path, few_resamples):
    made = ks.run("template", futures=16, workers=1, design="lhs", out=tmp_path / "run", lang="ja")
    again = ks.open(tmp_path / "run")
    assert list(made.portfolio.index) == list(again.portfolio.index)
    assert made.verify(recompute=False) == []
    assert made.outcomes("welfare").shape == (len(made.lines), 16)
    assert (made.outcomes().loc["nothing"] == 0).all()


@pytest.mark.parametrize(
    "wrong", [{"futures": 100}, {"futures": 2}, {"seed": -1}, {"workers": 0}], ids=str
)
def test_a_wrong_option_is_told(wrong, tmp_path):
    with pytest.raises(InputError) as caught:
        ks.run("template", out=tmp_path / "run", **wrong)
    assert caught.value.key == "desk.bad_option"
    assert not (tmp_path / "run").exists()
    with pytest.raises(RunError):
        ks.open(tmp_path)


def test_the_portfolio_is_the_choice_of_the_run(opened):
    table = opened.portfolio
    assert sorted(table.index) == sorted(opened.stored.choice["names"])
    assert table["welfare"].is_monotonic_decreasing
    own = opened.stored.portfolio["welfare"].to_numpy()
    assert np.isclose(table["welfare"].sum(), own.sum())
    assert "name" in table


def test_why_answers_by_id_number_and_name_in_both_languages(opened):
    names = Names(opened.case)
    answers = [
        opened.why(w) for w in ("parts", "Machine parts", "machine-parts", "機械部品", "機械部")
    ]
    assert len({a.en for a in answers}) == 1
    assert len({a.ja for a in answers}) == 1
    assert names.segments["parts"].en in answers[0].en
    assert names.segments["parts"].ja in answers[0].ja
    assert [r.segment for r in opened.why(1).reasons] == ["parts"]
    assert opened.why("ソフトウェア").reasons[0].segment == "design"
    assert opened.why("credit").reasons[0].segment == "credit"


def test_why_cites_evidence_that_is_there_and_numbers_of_the_run(opened):
    register = set(opened.case.tables["evidence"]["id"])
    chosen = set(opened.portfolio["segment"])
    for segment in opened.case.tables["segments"]["segment"]:
        answer = opened.why(segment)
        reason = answer.reasons[0]
        assert set(answer.evidence.index) <= register
        assert (reason.state == "in") == (segment in chosen)
        key = "welfare" if reason.state == "in" else "mean"
        assert np.isfinite(answer.numbers.loc[segment, key])
        for lang in ("en", "ja"):
            told = answer.as_dict(lang)
            assert {e["id"] for e in told["evidence"]} == set(answer.evidence.index)
            for key in reason.evidence:
                assert key in answer.text(lang)


def test_what_is_chosen_and_what_is_left_out_read_whole(opened):
    states = {opened.why(s).reasons[0].state for s in ("parts", "design", "credit")}
    assert {"in", "out"} <= states
    for word in ("parts", "design", "credit"):
        text = opened.why(word).ja
        assert "{" not in text
        assert "nan" not in text


@pytest.mark.parametrize("wrong", ["ships", "", "99", "{}", "<script>"])
def test_an_unknown_subject_names_those_there_are(opened, wrong):
    with pytest.raises(InputError) as caught:
        opened.why(wrong)
    assert caught.value.key == "api.unknown_subject"
    assert "parts" in caught.value.in_lang("ja")


def test_a_part_of_a_name_that_fits_several_is_asked_back(opened):
    with pytest.raises(InputError) as caught:
        opened.why("a")
    assert caught.value.key == "api.ambiguous_subject"


def test_evidence_is_found_by_id(opened):
    assert opened.evidence("E00-001").loc["E00-001", "grade"] == "assumed"
    assert len(opened.evidence()) == len(opened.case.tables["evidence"])
    with pytest.raises(InputError) as caught:
        opened.evidence("E99-001")
    assert caught.value.key == "api.unknown_evidence"


def test_a_notebook_shows_run_and_reason_in_the_language(rich_run):
    for lang, word in (("en", "What to play"), ("ja", "何に賭けるか")):
        run = ks.open(rich_run, lang)
        page = run._repr_html_()
        assert page.startswith("<h3>")
        assert word in page
        assert "<table" in page
        assert "<li>" in run.why("parts")._repr_html_()
        assert str(run.why("parts")) == run.why("parts").text(lang) == repr(run.why("parts"))
        assert repr(run).count("\n") == 4


@pytest.mark.parametrize(("lang", "words"), [("en", "figures on"), ("ja", "根拠")])
def test_a_case_and_a_finding_tell_themselves_in_the_language(rich_run, monkeypatch, lang, words):
    monkeypatch.setenv("KACHISUJI_LANG", lang)
    case = ks.load("template")
    told, page = repr(case), case._repr_html_()
    assert told.startswith("Case template: ")
    assert words in told
    assert f"{case.figures()['number'].sum():,}" in told
    assert f"{case.settings.first_year}" in told
    assert "DataFrame" not in told
    fields = case.tables["fields"][f"name_{lang}"]
    assert all(f"<td>{name}</td>" in page for name in fields)
    run = ks.open(rich_run)
    for finding in run.findings:
        assert repr(finding) == finding.in_lang(lang)
        assert f"<strong>{finding.title.of(lang)}</strong>" in finding._repr_html_()
    assert len(repr(run.stored)) < 200 + len(str(rich_run))


def test_names_of_a_case_are_no_markup_in_a_notebook():
    case = ks.load("template")
    fields = case.tables["fields"].assign(name_en="<b>x</b>", name_ja="<b>x</b>")
    evil = replace(case, tables={**case.tables, "fields": fields})
    assert "<b>x" not in evil._repr_html_()


def test_load_is_the_case():
    assert ks.load("template").settings.id == load("template").settings.id


def test_the_report_is_written_where_asked(opened, tmp_path):
    path = opened.report(tmp_path / "r.html")
    assert path.read_text(encoding="utf-8").startswith('<!DOCTYPE html>\n<html lang="en">')


def test_nothing_chosen_is_said(small_run):
    run = ks.open(small_run, "ja")
    assert run.portfolio.empty
    assert "何もしない" in run._repr_html_()
