"""Fit and interactions act in the model, and only where they say they do."""

import csv
import shutil

import numpy as np
import pytest

from kachisuji import cases, contest
from kachisuji.contest import symbols as sym
from kachisuji.contest.instruments import businesses, instrument_arrays, package_code
from kachisuji.contest.quantities import Draws, collect

QUALITY = sym.LEVERS.index("quality")


def with_table(tmp_path, name, head, *rows):
    """Load the template with one more table."""
    folder = tmp_path / "case"
    shutil.copytree(cases.resolve("template"), folder)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([head, *rows])
    return cases.load(folder)


def arrays_of(case, packages):
    quantities = collect(case)
    draws = Draws(quantities, np.random.default_rng(0).random((8, len(quantities))))
    return instrument_arrays(case, draws, packages)


HEAD = ["instrument", "with", "lever", "low", "mode", "high", "evidence"]
FIT = ["instrument", "business", "low", "mode", "high", "evidence"]


def test_an_interaction_acts_in_company_only(tmp_path):
    rows = [["rd_grant", "procurement", "quality", "2", "2", "2", "E00-001"],
            ["rd_grant", "procurement", "money", "0.5", "0.5", "0.5", "E00-001"]]  # fmt: skip
    case = with_table(tmp_path, "interactions", HEAD, *rows)
    out = arrays_of(case, [("rd_grant",), ("rd_grant", "procurement"), ("procurement",)])
    alone, beside, other = (out["packages"][package_code(p, 0)] for p in range(3))
    np.testing.assert_allclose(
        out["effect"][beside[0], :, QUALITY], 2 * out["effect"][alone[0], :, QUALITY]
    )
    np.testing.assert_allclose(
        1 - out["money"][beside[0], :, 0], 0.5 * (1 - out["money"][alone[0], :, 0])
    )
    assert beside[1] == other[0]  # the other is the same row in either company


def test_fit_acts_on_its_business_only(tmp_path):
    case = with_table(
        tmp_path, "finance_fit", FIT, ["rd_grant", "venture", "3", "3", "3", "E00-001"]
    )
    out = arrays_of(case, [("rd_grant",)])
    row = {b: out["packages"][package_code(0, k), 0] for k, b in enumerate(businesses())}
    np.testing.assert_allclose(
        out["effect"][row["venture"], :, QUALITY], 3 * out["effect"][row["craft"], :, QUALITY]
    )
    assert len({row[b] for b in businesses() if b != "venture"}) == 1
    assert (out["money"][row["venture"], :, 0] >= 0).all()  # additionality is at most one


def test_a_fit_or_factor_of_one_changes_no_outcome(tmp_path):
    plain = cases.load("template")
    fitted = with_table(
        tmp_path, "finance_fit", FIT,
        *(["rd_grant", b, "1", "1", "1", "E00-001"] for b in businesses()),
    )  # fmt: skip
    for one, other in zip(_play(plain), _play(fitted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def _play(case):
    model = contest.build(case, case.economy)
    draws = np.random.default_rng(1).random((4, len(model.quantities)))
    out = model(draws, np.arange(len(model.lines)))
    return [out.scalars[k] for k in ("welfare", "value_added", "public_cost")]


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_worse_fit_means_a_smaller_share(tmp_path, factor):
    """The grant of the template in its ventures: sales move with the fit."""
    businesses_of = cases.load("template").tables["segments"].set_index("segment")["business"]
    rows = [["rd_grant", b, *[str(factor)] * 3, "E00-001"] for b in set(businesses_of)]
    fitted = with_table(tmp_path, "finance_fit", FIT, *rows)
    gained = []
    for case in (cases.load("template"), fitted):
        model = contest.build(case, case.economy)
        draws = np.random.default_rng(1).random((4, len(model.quantities)))
        own = np.flatnonzero((model.lines["package"] == "research").to_numpy())
        gained.append(model(draws, own).scalars["sales_last"])
    assert ((gained[1] > gained[0]) == (factor > 1)).all()
