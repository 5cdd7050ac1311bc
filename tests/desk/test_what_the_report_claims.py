"""Words of the report that a hostile reader would check against the stored figures."""

from dataclasses import replace

import pytest
from markupsafe import escape

from kachisuji.desk.documents.blocks import Paragraph
from kachisuji.desk.documents.report import report_document
from kachisuji.desk.findings import findings, strongest
from kachisuji.desk.report.bilingual import people, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.page import build_report
from kachisuji.desk.report.sections.glance import glance
from kachisuji.desk.report.sections.questions import answers
from kachisuji.desk.report.sections.verdicts import paying, verdicts
from kachisuji.desk.stored import StoredRun

SPECIAL = ["labour_researcher", "labour_digital", "labour_craft"]


@pytest.fixture(scope="module")
def rich(rich_run) -> StoredRun:
    return StoredRun.open(rich_run)


def told(run: StoredRun, number: int, lang: str = "en") -> str:
    found = answers(run, Names(run.case))[number - 1]
    return " ".join(text.of(lang) for text in found["text"])


def test_people_are_those_of_the_portfolio_in_its_greatest_year(rich):
    use = rich.use[rich.use["item"].isin(SPECIAL)]
    by_year = use.groupby("year")["mean"].sum()
    year, most = int(by_year.idxmax()), float(by_year.max())
    assert most > 0
    assert f"{people(most).of('en')} with special skills in any one year ({year})" in told(rich, 1)
    assert f"{year}年に{people(most).of('ja')}" in told(rich, 1, "ja")
    other = use.copy()  # peaks in different years are not added up
    other.loc[other["item"] == SPECIAL[0], "mean"] = [1000.0] + [0.0] * (by_year.size - 1)
    other.loc[other["item"] == SPECIAL[1], "mean"] = [0.0] * (by_year.size - 1) + [1500.0]
    other.loc[other["item"] == SPECIAL[2], "mean"] = 0.0
    assert people(1500.0).of("en") in told(replace(rich, use=other), 1)


def test_only_what_delay_costs_is_called_urgent(rich):
    compared = rich.compared.copy()
    starts = (compared["dimension"] == "start") & ~compared["reference"]
    assert starts.any()
    compared.loc[starts, "gain"] = 5.0  # to wait is better everywhere
    text = told(replace(rich, compared=compared), 6)
    assert text.endswith(f"on average, in: {t('desk.none').of('en')}.")
    compared.loc[starts, "gain"] = -5.0
    assert not told(replace(rich, compared=compared), 6).endswith(
        f"on average, in: {t('desk.none').of('en')}."
    )


def test_a_goal_no_line_reaches_in_half_of_the_futures_is_not_out_of_reach(rich):
    for lang, word in (("en", "out of reach"), ("ja", "届かない")):
        assert word not in told(rich, 6, lang)


def test_without_a_line_nothing_is_told_as_if_there_were_one(stored):
    assert not len(stored.portfolio)
    none = t("desk.finding_play_none")
    for lang in ("en", "ja"):
        assert told(stored, 1, lang).startswith(none.of(lang))
        assert told(stored, 12, lang) == t("desk.q12_none").of(lang)


def test_power_is_set_against_growth_only_where_a_portfolio_has_more_of_it(rich):
    names = Names(rich.case)
    flat = rich.front.assign(power=0.5)
    level = replace(rich, front=flat)
    assert strongest(level) is None
    assert "No other portfolio" in findings(level, names)[1].text.en
    assert not any("for indispensability would" in text.en for _, text in glance(level, names))
    more = flat.copy()
    more.loc[more.index[~more["chosen"]][0], "power"] = 2.0
    raised = replace(rich, front=more)
    assert strongest(raised)["power"] == 2.0
    assert "Built for power" in findings(raised, names)[1].text.en
    assert any("for indispensability would" in text.en for _, text in glance(raised, names))


def test_of_segments_that_can_be_won_those_that_pay_are_counted(rich):
    welfare = rich.of_line("welfare")["mean"]
    lines = rich.lines[rich.lines["kind"] == "line"]
    best = welfare.loc[lines.index].groupby(lines["segment"]).max()
    for segment, value in best.items():
        assert paying(rich, str(segment)) == (value > 0)
    every = rich.verdicts.copy()
    every["verdict"] = "win"
    every["yearly"], every["intensity"] = 1.0, 0.1
    text = verdicts(replace(rich, verdicts=every), Names(rich.case))["text"]
    assert f"of the {len(every)} won whole or in their niche, {int((best > 0).sum())} " in text.en
    assert f"{len(every)}のうち" in text.ja


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_markup_without_power_is_explained_where_it_stands(rich, lang):
    def run(mean: float) -> StoredRun:
        own = {"mean": mean, "p10": 0.0, "p50": mean, "p90": mean, "positive": float(mean > 0)}
        joint = rich.choice["joint"] | {"markup_bound": own}
        return replace(rich, choice=rich.choice | {"joint": joint})

    note = t("desk.apart_note").of(lang)
    with_it, without = (str(escape(note)) in build_report(run(m), "en") for m in (30.0, 0.0))
    assert (with_it, without) == (True, False)
    for mean, there in ((30.0, True), (0.0, False)):
        blocks = report_document(run(mean), lang).blocks
        assert (Paragraph(note) in blocks) == there
