"""Futures of a case that says which quantities move together."""

import csv
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import kstest, spearmanr

from kachisuji import cases, contest, ensembles
from kachisuji.desk.futures import DESIGNS, draw
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections import evidence
from kachisuji.words import InputError


@pytest.fixture
def stated(tmp_path):
    """Return the template with two correlations, and where their quantities stand."""
    folder = tmp_path / "case"
    shutil.copytree(cases.resolve("template"), folder)
    quantities = contest.collect(cases.load(folder))
    names = [q.name for q in quantities]
    evidence = quantities[0].evidence[0]
    rows = [(names[0], names[3], 0.6), (names[3], names[5], -0.4)]
    with (folder / "correlations.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerow(["quantity_a", "quantity_b", "rank_correlation", "evidence"])
        csv.writer(f).writerows([*row, evidence] for row in rows)
    return folder, {(0, 3): 0.6, (3, 5): -0.4}


@pytest.mark.parametrize("design", DESIGNS)
def test_futures_have_the_stated_correlations_and_each_quantity_its_distribution(stated, design):
    case = cases.load(stated[0])
    quantities = contest.collect(case)
    u = draw(design, 2048, case, quantities, 3)
    for (i, j), rho in stated[1].items():
        assert spearmanr(u[:, i], u[:, j]).statistic == pytest.approx(rho, abs=0.04)
    for j in (0, 3, 5):
        assert kstest(u[:, j], "uniform").pvalue > 1e-3
    plain = draw(design, 2048, cases.load("template"), quantities, 3)
    others = [j for j in range(len(quantities)) if j not in (0, 3, 5)]
    assert np.array_equal(u[:, others], plain[:, others])


def test_without_the_table_the_draws_are_those_of_the_design():
    case = cases.load("template")
    quantities = contest.collect(case)
    makers = (ensembles.sobol, ensembles.latin_hypercube, ensembles.halton)
    for design, make in zip(DESIGNS, makers, strict=True):
        got = draw(design, 64, case, quantities, 7)
        assert got.tobytes() == make(64, len(quantities), 7).tobytes()


def test_a_design_that_is_not_known_is_refused():
    with pytest.raises(InputError, match="halton"):
        draw("sobel", 64, cases.load("template"), contest.collect(cases.load("template")), 0)


def test_the_report_tells_them_in_both_languages(stated):
    case = cases.load(stated[0])
    rows = evidence.correlated(SimpleNamespace(case=case), Names(case))
    assert [r["rank"] for r in rows] == ["+0.60", "−0.40"]
    assert rows[0]["other"] == rows[1]["one"]
    assert all(r[side].en and r[side].ja for r in rows for side in ("one", "other"))
    template = cases.load("template")
    assert evidence.correlated(SimpleNamespace(case=template), Names(template)) == []
