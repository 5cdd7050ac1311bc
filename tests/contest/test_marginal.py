"""What a unit of money buys: the same figures as the lines', ratios that divide, contrasts."""

import numpy as np
import pytest

from kachisuji import cases, contest
from kachisuji.contest.marginal import MEASURES, rules_among
from kachisuji.words import InputError


@pytest.fixture(scope="module")
def model():
    case = cases.load("template")
    return contest.build(case, case.economy)


@pytest.fixture(scope="module")
def draws(model):
    return np.random.default_rng(0).random((16, len(model.quantities)))


@pytest.fixture(scope="module")
def found(model, draws):
    return contest.marginal(model, draws)


def test_an_instrument_alone_is_the_line_with_a_package_of_one(model, draws, found):
    """Two routes: the package ``research`` of the template holds the grant alone."""
    lines = model.lines
    own = lines[(lines["package"] == "research") & (lines["scope"] == "whole")
                & (lines["start"] == 2026) & (lines["intensity"] == 1.0)]  # fmt: skip
    out = model(draws, own.index.to_numpy())
    table = found.table.query("instrument == 'rd_grant' and intensity == 1.0")
    for place, segment in enumerate(own["segment"]):
        for measure in MEASURES:
            row = table[(table["segment"] == segment) & (table["measure"] == measure)].iloc[0]
            values = out.scalars[measure][place]
            cost = out.scalars["public_cost"][place]
            assert row["total"] == pytest.approx(values.mean(), rel=1e-12)
            assert row["mean"] == pytest.approx(values.mean() / cost.mean(), rel=1e-12)
            assert row["p50"] == pytest.approx(np.median(values / cost), rel=1e-12)
            assert row["positive"] == (values > 0).mean()


def test_every_ranked_segment_has_every_instrument_once(model, found):
    table = found.table
    ranked = model.case.tables["segments"].query("status == 'ranked'")["segment"]
    assert not table.duplicated(["instrument", "segment", "intensity", "measure"]).any()
    assert set(table["segment"]) == set(ranked)
    assert set(table["instrument"]) == set(model.case.tables["instruments"]["instrument"])
    assert sorted(set(table["intensity"])) == [0.1, 1.0]
    assert np.isfinite(table[["mean", "p10", "p50", "p90", "total", "cost"]]).all().all()
    assert (table["p10"] <= table["p50"]).all()
    assert (table["p50"] <= table["p90"]).all()


def test_what_needs_a_partner_has_the_best_of_them(found):
    partners = found.table.query("instrument == 'joint_development'")["partner"]
    assert (partners != "").all()
    assert (found.table.query("instrument == 'rd_grant'")["partner"] == "").all()


def test_the_contrast_of_an_instrument_that_does_nothing_is_zero(tmp_path, model):
    """No money, no effect, no cost to firms: what it adds to another is nothing at all."""
    import csv
    import shutil

    folder = tmp_path / "case"
    shutil.copytree(cases.resolve("template"), folder)
    with (folder / "instruments.csv").open("a", encoding="utf-8", newline="") as f:
        idle = ["idle", "Idle", "空", 1, 8, 0, 0, *[0] * 9, "", "", "E00-001"]
        csv.writer(f, lineterminator="\n").writerow(idle)
    case = cases.load(folder)
    other = contest.build(case, case.economy)
    draws = np.random.default_rng(0).random((16, len(other.quantities)))
    names = ["rd_grant", "procurement", "idle"]
    pairs = contest.marginal(other, draws, instruments=names, paired=3).pairs
    idle = pairs[(pairs["instrument"] == "idle") | (pairs["with"] == "idle")]
    assert len(idle)
    np.testing.assert_allclose(idle["synergy"], 0.0, atol=1e-9)
    assert not idle["significant"].any()


def test_a_declared_synergy_is_found_by_play(tmp_path):
    import csv
    import shutil

    folder = tmp_path / "case"
    shutil.copytree(cases.resolve("template"), folder)
    head = ["instrument", "with", "lever", "low", "mode", "high", "evidence"]
    rows = [["rd_grant", "procurement", "quality", "2.5", "3", "3.5", "E00-001"]]
    with (folder / "interactions.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([head, *rows])
    synergy = {}
    for place in ("template", folder):
        case = cases.load(place)
        own = contest.build(case, case.economy)
        draws = np.random.default_rng(0).random((16, len(own.quantities)))
        pairs = contest.marginal(own, draws, instruments=["rd_grant", "procurement"]).pairs
        synergy[place] = pairs.set_index("segment")
    more = synergy[folder]["synergy"] - synergy["template"]["synergy"]
    assert (more > 0).all()
    assert synergy[folder]["declared"].all()


def test_pairs_are_summed_in_order_of_size(found):
    summed = contest.by_pair(found.pairs)
    assert summed["synergy"].sum() == pytest.approx(found.pairs["synergy"].sum())
    assert summed["synergy"].abs().is_monotonic_decreasing
    assert (summed["helps"] + summed["clashes"] <= summed["segments"]).all()


def test_rules_are_told_from_spending():
    case = cases.load("japan17")
    model = contest.build(case, case.economy)
    rules = rules_among(model)
    assert {"tariff", "levy_on_not_investing"} <= rules
    assert rules.isdisjoint({"advance_purchase", "rd_grant"})  # the first buys


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"instruments": ["bribes"]}, "marginal_name"),
        ({"segments": ["bread"]}, "marginal_name"),
        ({"intensities": [0.0]}, "marginal_intensity"),
        ({"intensities": []}, "marginal_intensity"),
        ({"start": 1999}, "marginal_start"),
    ],
)
def test_what_cannot_be_played_is_named(model, draws, asked, key):
    with pytest.raises(InputError) as caught:
        contest.marginal(model, draws, **asked)
    assert caught.value.key == f"contest.{key}"
    for lang in ("en", "ja"):
        assert caught.value.in_lang(lang)
