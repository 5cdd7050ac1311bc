"""The shipped record of the hindcast is the one the documentation reports, whatever it says."""

import re
from pathlib import Path

import pytest

from kachisuji.contest.hindcast_record import record

DOCS = Path(__file__).parents[2] / "docs" / "hindcast.md"


def test_the_record_is_what_the_page_says():
    """Each model's row of the page's first table: three CRPS and the log share."""
    found = record()
    page = DOCS.read_text(encoding="utf-8")
    seen = 0
    for model in found.loc["nothing"].index:
        row = re.search(
            rf"^\| {re.escape(model)} \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", page, re.M
        )
        if row is None:
            continue  # the page leaves one model to the full tables
        shown = [float(x.strip(" *")) for x in row.groups()]
        want = [found.loc[(h, model), "crps"] for h in ("nothing", "countries", "sectors")]
        want.append(found.loc[("nothing", model), "crps_log"])
        assert shown == pytest.approx(want, abs=5.01e-4), model  # rounded once
        seen += 1
    assert seen >= 7


def test_six_baselines_and_three_ways_of_holding_out():
    found = record()
    assert set(found.index.get_level_values("held_out")) == {"nothing", "countries", "sectors"}
    assert {
        "no change", "logit AR(1)", "damped trend", "GDP growth only",
        "country and sector effects", "gradient-boosted trees",
    } <= set(found.loc["nothing"].index)  # fmt: skip
    assert found[["in50", "in80", "in90"]].apply(lambda r: r.is_monotonic_increasing, axis=1).all()
    assert (found["right"] <= found["called"]).all()
