"""Futures of a case that says which quantities move together."""

import csv
import shutil

import numpy as np
import pytest
from scipy.stats import kstest, spearmanr

from kachisuji import cases, contest, ensembles
from kachisuji.desk.ahead.reopen import reopen
from kachisuji.desk.documents.report import report_document
from kachisuji.desk.futures import draw
from kachisuji.desk.pipeline import Options, run_case
from kachisuji.desk.progress import Silent
from kachisuji.desk.verifying import verify_run


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


@pytest.mark.parametrize("design", ["sobol", "latin_hypercube"])
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
    for design, make in (("sobol", ensembles.sobol), ("lhs", ensembles.latin_hypercube)):
        got = draw(design, 64, case, quantities, 7)
        assert got.tobytes() == make(64, len(quantities), 7).tobytes()


def test_a_run_keeps_tells_and_verifies_them(stated, tmp_path):
    run = run_case(str(stated[0]), tmp_path / "run", Options(futures=16), Silent())
    assert (run.folder / "case" / "correlations.csv").is_file()
    again = reopen(run)
    assert again.draws.tobytes() == draw("sobol", 16, run.case, again.model.quantities, 0).tobytes()
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "+0.60" in page
    assert "−0.40" in page
    for lang in ("en", "ja"):
        assert "+0.60" in str(report_document(run, lang))
    # the case is played again with its correlations: without them the outcomes would differ
    assert verify_run(run.folder, Silent()) == []
    file = run.folder / "case" / "correlations.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("0.6", "0.5"), encoding="utf-8")
    (changed,) = verify_run(run.folder, Silent(), recompute=False)
    assert changed.file.endswith("correlations.csv")
