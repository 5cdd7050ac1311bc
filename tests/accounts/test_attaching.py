"""Accounts attached by label and through a concordance: no total is lost."""

import numpy as np
import pandas as pd
import pytest

from kachisuji.accounts import Concordance, extension_from, read, read_3eid
from kachisuji.structure import multipliers
from kachisuji.words import InputError
from tests.accounts.conftest import random_economy


def test_by_label_and_by_concordance():
    table = random_economy(1)
    jobs = pd.DataFrame({"men": [1.0, 2], "women": [3.0, 4]}, index=["s1", "s0"])
    one = extension_from(table, jobs, "jobs", "persons", region="R1")
    np.testing.assert_array_equal(one.values[0], [0, 0, 2, 1, 0, 0])
    codes = jobs.set_axis(["x", "y"])
    key = Concordance({"x": {"s0": 0.25, "s1": 0.75}, "y": {"s1": 1.0}})
    split = extension_from(table, codes, "jobs", "persons", key=key, region="R2")
    np.testing.assert_allclose(split.values[0], [0, 0, 0, 0, 0.25, 2.75])
    assert split.values.sum() == 10
    labelled = pd.DataFrame({"t": np.arange(6.0)}, index=table.index)
    np.testing.assert_array_equal(
        extension_from(table, labelled, "t", "t").values, [np.arange(6.0)]
    )


def test_nothing_is_lost_silently():
    table = random_economy(1)
    jobs = pd.DataFrame({"men": [1.0]}, index=["s7"])
    for options, said in (
        ({"region": "R1"}, "no sector 's7'"),
        ({}, "none was named"),
        ({"region": "R1", "key": {"other": "s0"}}, "nothing about 's7'"),
    ):
        with pytest.raises(InputError, match=said):
            extension_from(table, jobs, "jobs", "persons", **options)


@pytest.mark.data
def test_japans_emissions_on_its_table(full_data):
    folder = full_data / "japan_io"
    frame, unit = read_3eid(folder / "3eid_2015_intensities.parquet")
    assert len(frame) == 390
    classes = pd.read_csv(folder / "japan_2015_sector_classification.csv", dtype=str)
    by_107 = dict(zip(classes["code_107"], classes["code_13"], strict=True))
    by_107 |= {"573": "09", "681": "13"}  # own transport and office supplies: not in that list
    table = read("mic-japan", folder / "japan_2011_13sector.csv", year=2011)
    names = {label[:2]: label for label in table.sectors}
    key = {code: names[by_107[code[:3]]] for code in frame.index}
    extension = extension_from(table, frame, "3EID", unit, key=key, region="JPN")
    assert extension.values.sum() == pytest.approx(frame["GHG"].sum())
    both = table.with_extension(extension)
    embodied = multipliers(both)["GHG"] @ table.Y.sum(axis=1)
    assert embodied == pytest.approx(frame["GHG"].sum())
    with pytest.raises(InputError, match="item"):
        read_3eid(folder / "3eid_2015_intensities.parquet", "noise")
