"""Nothing is hard-wired to the first case: another country's case runs from end to end, and the
texts that every report shares name no country, currency or number of fields of a case."""

import re

import pytest

from kachisuji.desk import pipeline
from kachisuji.desk.progress import Silent
from kachisuji.desk.report.page import build_report
from kachisuji.desk.stored import StoredRun
from kachisuji.words import catalogue

FIRST_CASE = re.compile(
    r"\bJapan\b|\bJPN\b|\byen\b|¥|\bTokyo\b|seventeen|\b17 fields|日本(?!語)|円|17分野"
)
"""Words of the case japan17; 日本語 names a language."""

SHARED = ("desk", "instruments", "ahead", "contest", "cases", "portfolios")


@pytest.mark.slow
def test_another_country_s_case_runs_and_its_report_says_nothing_of_the_first(
    tmp_path, few_resamples
):
    options = pipeline.Options(futures=16, seed=0, workers=1)
    folder = pipeline.run_case("machines_de", tmp_path / "run", options, Silent(), "en").folder
    stored = StoredRun.open(folder)
    page = re.sub(r"<(script|style).*?</\1>", "", build_report(stored, "en"), flags=re.S)
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))  # both languages are on the page
    found = [shown[max(0, m.start() - 50) : m.end() + 30] for m in FIRST_CASE.finditer(shown)]
    assert not found, found[:5]
    assert "Germany" in shown
    assert "ドイツ" in shown
    assert "EUR" in shown or "€" in shown
    # nothing is taken, and the reason told is what it is weighed by, not that nothing pays
    assert stored.choice["lines"] == []
    assert (stored.left_out["mean"] > 0).any()
    assert "as the case counts risk" in shown
    assert "ケースの定めるリスクの重みで評価すると" in shown


@pytest.mark.parametrize("room", SHARED)
def test_shared_texts_name_no_country_currency_or_number_of_fields(room):
    texts = {k: v for k, v in catalogue.entries().items() if k.startswith(f"{room}.")}
    for key, entry in texts.items():
        for lang, text in entry.items():
            found = FIRST_CASE.search(str(text))
            assert found is None, (key, lang, text)
