"""Verdicts and instruments in a run: stored, verified, shown with their figures."""

import re

import numpy as np
import pytest

from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.instruments import by_field, instruments
from kachisuji.desk.report.sections.verdicts import latest_sure, sure, verdicts


def test_a_run_holds_a_verdict_of_every_segment(stored):
    table = stored.verdicts
    assert list(table["segment"]) == list(stored.case.tables["segments"]["segment"])
    known = {"win", "unaided", "niche", "do_not_enter", "unranked"}
    assert set(table["verdict"]) <= known
    won = table[table["verdict"].isin(["win", "niche"])]
    assert (won["reached"] >= 0.5).all()
    assert np.isfinite(won["yearly"]).all()


def test_verdicts_are_shown_with_figures_in_both_languages(stored):
    shown = verdicts(stored, Names(stored.case))
    assert len(shown["rows"]) == (stored.verdicts["verdict"] != "unranked").sum()
    for row in shown["rows"]:
        for key in ("verdict", "money", "goal", "reached", "tipping"):
            assert row[key].en
            assert row[key].ja
    assert str(len(stored.spread)) in shown["text"].en


def test_how_sure_a_threshold_is(stored):
    """The interval holds the figure's own, is told in both languages, and old runs have none."""
    table, names = stored.verdicts, Names(stored.case)
    told = table[table["verdict"] != "unranked"]
    free = told["limit"] != "labour"
    assert told.loc[free, "wins_again"].between(0, 1).all()
    assert table.loc[table["verdict"] == "unranked", "wins_again"].isna().all()
    low, high = told["latest_low"], told["latest_high"]
    assert not (low > high).any()
    shown = verdicts(stored, names)["rows"]
    assert all("resamples" in row["sure"].en and "再標本" in row["sure"].ja for row in shown)
    row = {"wins_again": 0.75, "yearly_low": 1.0, "yearly_high": np.nan,
           "latest_low": np.nan, "latest_high": 2034.0}  # fmt: skip
    assert sure(row, names.money).en.endswith("or more, or not at all; wins in 75% of resamples")
    assert latest_sure(row).en == "none to 2034"
    assert (sure({}, names.money).en, latest_sure({}).ja) == ("", "")


def test_the_shortlist_holds_the_packages_that_gain_most(stored):
    """What wins in the shortlist is a line of the case, alone or with a partner it has."""
    lines = stored.lines
    won = stored.verdicts[stored.verdicts["verdict"].isin(["win", "niche"])]
    for row in won.to_dict("records"):
        mine = (lines["segment"] == row["segment"]) & (lines["package"] == row["package"])
        assert row["partner"] in set(lines.loc[mine, "partner"])


def test_instruments_by_field_add_up(stored):
    own = stored.marginal.query("measure == 'welfare'")
    own = own.assign(field=[Names(stored.case).field_of[s] for s in own["segment"]])
    table = by_field(own)
    assert table["total"].sum() == pytest.approx(own["total"].sum())
    assert table["holds"].between(0, 1).all()
    shown = instruments(stored, Names(stored.case))
    assert sum(len(p["rows"]) for p in shown["parts"]) == own["instrument"].nunique()


def test_the_report_has_both_sections(stored):
    from kachisuji.desk.report.page import build_report

    text = build_report(stored, "ja")
    assert re.search(r'<section id="verdicts">.*?<caption>', text, re.S)
    assert re.search(r'<section id="instruments">.*?class="heat"', text, re.S)


def test_the_doctrine_is_shown_with_its_checks(stored):
    from kachisuji.desk.report.page import build_report
    from kachisuji.desk.report.sections.doctrine import doctrine

    shown = doctrine(stored, Names(stored.case))
    assert len(shown["rows"]) == len(stored.stances)
    assert len(shown["checks"]) >= 3
    for text in (shown["text"], shown["rule"], *shown["checks"]):
        assert text.en
        assert text.ja
    assert '<section id="doctrine">' in build_report(stored, "en")
