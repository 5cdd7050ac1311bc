"""The type: identities, what it refuses and where it says the fault is, labels, aggregation."""

import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.accounts import Concordance, Extension, region_name, sector_name
from kachisuji.words import InputError
from tests.accounts.conftest import random_economy


def test_identities(economy):
    np.testing.assert_array_equal(economy.x, economy.Z.sum(1) + economy.Y.sum(1))
    np.testing.assert_array_equal(economy.value_added, economy.x - economy.Z.sum(0))
    assert economy.gdp.sum() == economy.Y.sum()  # income equals spending, to the last unit
    np.testing.assert_array_equal(economy.output_gap, 0)


def test_published_output_stands_beside_the_row_sums(economy):
    other = random_economy(published_output=economy.x + 3)
    np.testing.assert_array_equal(other.x, economy.x)
    np.testing.assert_array_equal(other.output_gap, 3)


def test_nothing_can_be_changed(economy):
    with pytest.raises(dataclasses.FrozenInstanceError):
        economy.year = 1999
    for values in (economy.Z, economy.Y, economy.x, economy.value_added, economy.v):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1


def test_it_crosses_processes_whole_and_frozen(economy):
    again = pickle.loads(pickle.dumps(economy))
    assert again.checksum == economy.checksum
    with pytest.raises(ValueError, match="read-only"):
        again.Z[0, 0] = 1


def test_stock_changes():
    table = random_economy(stock_changes=("f1",))
    np.testing.assert_array_equal(table.stock_change, table.Y[:, 1::2].sum(1))
    with pytest.raises(InputError, match="no category 'f9'"):
        random_economy(stock_changes=("f9",))


def test_the_callers_array_stays_the_callers(economy):
    mine = np.array(economy.Z)
    other = random_economy(Z=mine)
    mine[0, 0] += 1
    assert other.Z[0, 0] == mine[0, 0] - 1
    assert mine.flags.writeable


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"Z": np.zeros((5, 6))}, "accounts.shape", "(5, 6)"),
        ({"Y": np.zeros((6, 5))}, "accounts.shape", "(6, 6)"),
        ({"published_output": np.zeros(4)}, "accounts.shape", "published_output"),
        ({"Z": np.array([["1,234"] * 6] * 6)}, "accounts.not_numbers", "str"),
        ({"Z": np.array([[None] * 6] * 6)}, "accounts.not_numbers", "object"),
        ({"regions": ("A", "A", "B")}, "accounts.label_twice", "'A'"),
        ({"regions": ()}, "accounts.no_labels", "regions"),
        ({"sectors": "c1"}, "accounts.labels_text", "sectors are one text, 'c1'"),
        ({"year": "2008"}, "accounts.year_kind", "'2008'"),
        ({"sectors": ("a", " ")}, "accounts.label_empty", "sectors"),
        ({"sectors": ("a", 3)}, "accounts.label_empty", "3"),
    ],
)
def test_what_it_refuses(changes, key, said):
    with pytest.raises(InputError) as caught:
        random_economy(**changes)
    assert caught.value.key == key
    assert said in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_named_by_cell(economy, bad):
    Z, Y = np.array(economy.Z), np.array(economy.Y)
    Z[3, 4] = bad
    with pytest.raises(InputError) as caught:
        random_economy(Z=Z)
    assert caught.value.key == "accounts.not_finite"
    assert (caught.value.row, caught.value.column) == ("R1 s1", "R2 s0")
    Y[5, 1] = bad
    with pytest.raises(InputError) as caught:
        random_economy(Y=Y, source="made.csv")
    assert (caught.value.row, caught.value.column) == ("R2 s1", "R0 f1")
    assert "made.csv" in str(caught.value)
    with pytest.raises(InputError) as caught:
        random_economy(published_output=np.full(6, bad))
    assert caught.value.row == "R0 s0"


def test_labels(economy):
    flows = economy.flows
    assert flows.loc[("R1", "s0"), ("R2", "s1")] == economy.Z[2, 5]
    assert economy.final_demand.loc[("R1", "s0"), ("R2", "f1")] == economy.Y[2, 5]
    assert economy.row("R1", "s1") == 3
    assert economy.label(3) == ("R1", "s1")
    with pytest.raises(InputError, match="no region 'R9'"):
        economy.rows("R9")
    with pytest.raises(InputError, match="no sector 's9'"):
        economy.row("R0", "s9")


def test_block_and_exports(economy):
    block = economy.block("R1")
    mine = slice(2, 4)
    np.testing.assert_allclose(block.A * block.x, economy.Z[mine, mine])
    np.testing.assert_allclose(block.imports[2] * block.x, economy.Z[4:6, mine])
    np.testing.assert_array_equal(block.imports[1], 0)
    # what a unit of output is made of adds up to one
    np.testing.assert_allclose(block.A.sum(0) + block.imports.sum((0, 1)) + block.v, 1)
    exports = economy.exports
    want = economy.Z[2:4, 4:6].sum(1) + economy.Y[2:4, 4:6].sum(1)
    np.testing.assert_allclose(exports[2:4, 2], want)
    np.testing.assert_array_equal(exports[2:4, 1], 0)


def test_no_output_no_division(economy):
    Z, Y = np.array(economy.Z), np.array(economy.Y)
    Z[2], Z[:, 2], Y[2] = 0, 0, 0
    empty = random_economy(Z=Z, Y=Y)
    assert empty.v[2] == 0
    np.testing.assert_array_equal(empty.block("R1").A[:, 0], 0)


def test_checksum_follows_content(economy):
    assert economy.checksum == random_economy().checksum
    assert len(economy.checksum) == 64
    Z = np.array(economy.Z)
    Z[0, 0] += 1
    assert random_economy(Z=Z).checksum != economy.checksum
    assert random_economy(currency="EUR").checksum != economy.checksum


def test_extensions_are_checked_and_added_up(economy):
    jobs = Extension("jobs", ("men", "women"), np.arange(12.0).reshape(2, 6), "persons")
    both = economy.with_extension(jobs).aggregate(regions="total")
    np.testing.assert_array_equal(both.extensions["jobs"].values, [[6, 9], [24, 27]])
    with pytest.raises(InputError) as caught:
        economy.with_extension(Extension("jobs", ("men",), np.full((1, 6), np.nan), "persons"))
    assert (caught.value.row, caught.value.column) == ("men", "R0 s0")


LABELS = st.lists(st.sampled_from("abc"), min_size=4, max_size=4)


@given(seed=st.integers(0, 10**6), regions=LABELS, sectors=LABELS)
def test_aggregation_keeps_every_total(seed, regions, sectors):
    table = random_economy(seed, R=4, S=4, published_output=np.arange(16.0))
    by_region = dict(zip(table.regions, regions, strict=True))
    by_sector = dict(zip(table.sectors, sectors, strict=True))
    small = table.aggregate(regions=by_region, sectors=by_sector)
    assert small.Z.sum() == table.Z.sum()
    assert small.Y.sum() == table.Y.sum()
    assert small.published_output.sum() == table.published_output.sum()
    # and every row and column total, by its labels
    for new, values in zip(small.regions, small.gdp, strict=True):
        members = [by_region[r] == new for r in table.regions]
        assert values == table.gdp[members].sum()
    want: dict = {}
    for (r, s), value in table.series(table.x).items():
        key = (by_region[r], by_sector[s])
        want[key] = want.get(key, 0) + value
    assert {k: v for k, v in small.series(small.x).items() if v or k in want} == want


@given(seed=st.integers(0, 10**6), share=st.floats(0, 1))
def test_a_concordance_with_weights_keeps_totals(seed, share):
    table = random_economy(seed)
    split = Concordance({"s0": {"a": share, "b": 1 - share}, "s1": {"b": 1.0}})
    new = table.aggregate(sectors=split)
    for name in ("Z", "Y", "x", "value_added"):
        assert getattr(new, name).sum() == pytest.approx(getattr(table, name).sum(), rel=1e-12)
    np.testing.assert_allclose(new.gdp, table.gdp)
    assert new.x[new.row("R0", "a")] == pytest.approx(share * table.x[0])


def test_aggregation_refuses_what_would_lose_flows(economy):
    with pytest.raises(InputError, match="says nothing about 's1'"):
        economy.aggregate(sectors={"s0": "a"})
    with pytest.raises(InputError, match="no sector 's7'"):
        economy.aggregate(sectors={"s0": "a", "s1": "a", "s7": "a"})
    with pytest.raises(InputError, match="cannot be list"):
        economy.aggregate(sectors=["a", "b"])
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        Concordance({"s0": {"a": 0.9}})
    with pytest.raises(InputError, match="the share is -1"):
        Concordance({"s0": {"a": -1.0, "b": 2.0}})
    weights = Concordance.from_pairs([("s0", "a", 1), ("s0", "b", 3), ("s1", "a", 2)])
    assert weights.shares == {"s0": {"a": 0.25, "b": 0.75}, "s1": {"a": 1.0}}


def test_a_mapping_may_hold_shares_or_be_a_series(economy):
    parts = {"s0": {"a": 0.25, "b": 0.75}, "s1": "a"}
    same = Concordance({"s0": {"a": 0.25, "b": 0.75}, "s1": {"a": 1.0}})
    assert economy.aggregate(sectors=parts).checksum == economy.aggregate(sectors=same).checksum
    by_name = economy.aggregate(sectors=pd.Series({"s0": "a", "s1": "b"}))
    assert by_name.sectors == ("a", "b")
    with pytest.raises(InputError, match=r"'s1'.*None"):
        economy.aggregate(sectors={"s0": "a", "s1": None})
    with pytest.raises(InputError, match=r"add up to 0\.5"):
        economy.aggregate(sectors={"s0": {"a": 0.5}, "s1": "b"})


def test_an_unknown_label_is_told_its_nearest():
    many = random_economy(R=1, S=20)
    with pytest.raises(InputError) as caught:
        many.row("R0", "S17")
    assert caught.value.values["known"].startswith("s17, ")
    assert caught.value.values["known"].endswith(" …")


def test_inputs_of_a_sector_without_output_are_used_up_by_its_region(economy):
    Z, Y = np.array(economy.Z), np.array(economy.Y)
    Z[2], Y[2] = 0, 0
    table = random_economy(Z=Z, Y=Y)
    np.testing.assert_array_equal(table.without_output, [2])
    bought = table.Y.reshape(6, 3, 2).sum(2)
    bought[:, 1] += Z[:, 2]
    np.testing.assert_array_equal(table.final_by_region, bought)
    flows = Z.reshape(6, 3, 2).sum(2) + table.Y.reshape(6, 3, 2).sum(2)
    assert table.exports[0, 1] == flows[0, 1]  # counted once


def test_a_concordance_from_a_file(tmp_path):
    file = tmp_path / "key.csv"
    file.write_text("isic,wiod,share\n01,s0,0.25\n01,s1,0.75\n02,s1,2\n")
    key = Concordance.from_csv(file, "isic", "wiod", "share")
    assert key.shares == {"01": {"s0": 0.25, "s1": 0.75}, "02": {"s1": 1.0}}
    alike = Concordance.from_csv(file, "isic", "wiod")
    assert alike.shares["01"] == {"s0": 0.5, "s1": 0.5}
    for text, said in (
        ("isic,wiod\n01,s0\n", "expected share"),
        ("isic,wiod,share\n01,,1\n", "row 2, column wiod"),
        ("isic,wiod,share\n01,s0,x\n", "'x' is not a number"),
        ("isic,wiod,share\n01,s0,-1\n01,s1,2\n", "share is -1"),
        ("", "0 bytes"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            Concordance.from_csv(file, "isic", "wiod", "share")


def test_new_labels_come_in_the_order_of_the_mapping(economy):
    order = {"R2": "z", "R0": "a", "R1": "z"}
    assert economy.aggregate(regions=order).regions == ("z", "a")


def test_names_in_two_languages():
    assert sector_name("c15", "ja") == "輸送機械"
    assert region_name("JPN") == "Japan"
    assert region_name("XYZ", "ja") == "XYZ"


def test_a_frame_of_shares_is_a_concordance():
    table = random_economy(6)
    shares = {s: {"a": 1.0} for s in table.sectors} | {table.sectors[0]: {"a": 0.25, "b": 0.75}}
    want = table.aggregate(sectors=shares)
    frame = pd.DataFrame(shares).fillna(0.0)  # new labels as rows, as pymrio has it
    for mapping in (frame, frame.T):
        got = table.aggregate(sectors=mapping)
        assert got.sectors == ("a", "b")
        order = [want.row(*got.label(k)) for k in range(got.n)]
        np.testing.assert_allclose(got.Z, want.Z[np.ix_(order, order)])
    with pytest.raises(InputError, match="mapping of sector cannot be DataFrame"):
        table.aggregate(sectors=pd.DataFrame({"old": ["x"], "new": ["y"]}))
    with pytest.raises(InputError, match=r"add up to 0\.5"):
        table.aggregate(sectors=frame * 0.5)
