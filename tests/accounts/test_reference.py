"""The embedded table, and the publisher's table that it is derived from."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kachisuji.accounts import read, reference, region_name, sector_name
from kachisuji.accounts.reference import FILE, pack, unpack
from kachisuji.words import InputError

ROOT = Path(__file__).parents[2]
CONTENT = (ROOT / "src" / "kachisuji" / "accounts" / "data" / FILE).read_bytes()


def test_what_it_holds():
    table = reference()
    assert table.n_regions == 17
    assert table.sectors == tuple(f"c{k}" for k in range(1, 36))
    assert "Timmer" in table.citation
    assert table.licence == "CC BY 4.0"
    assert len(CONTENT) < 400_000
    assert b"Timmer" in CONTENT.split(b"\n")[0]
    assert all(region_name(r, "ja") != r for r in table.regions)
    assert all(sector_name(s, "ja") != s for s in table.sectors)


@pytest.mark.data
def test_totals_equal_the_sources_to_the_unit(full_data):
    script = runpy.run_path(str(ROOT / "scripts" / "derive_reference.py"))
    world, table = read("wiod13", full_data / "wiod13", year=2011), reference()
    mapping = script["region_mapping"](world.regions)
    assert table.Z.sum() == world.Z.sum()
    assert table.Y.sum() == world.Y.sum()
    assert table.published_output.sum() == world.published_output.sum()
    gdp = world.series(world.value_added).unstack().rename(index=mapping).groupby(level=0).sum()
    mine = table.series(table.value_added).unstack()
    for region in table.regions:
        assert (mine.loc[region] == gdp.loc[region]).all()
    assert script["derive"](full_data / "wiod13").checksum == table.checksum


def test_a_damaged_file_is_found():
    with pytest.raises(InputError) as caught:
        unpack(CONTENT[:-2000], FILE)
    assert caught.value.key == "accounts.unreadable"
    with pytest.raises(InputError) as caught:
        unpack(b"", FILE)
    assert caught.value.key == "accounts.unreadable"
    renamed = CONTENT.replace(b'"JPN"', b'"JPX"', 1)
    with pytest.raises(InputError) as caught:
        unpack(renamed, FILE)
    assert caught.value.key == "accounts.checksum"


def test_only_whole_numbers_are_packed(economy):
    printed = replace(economy, published_output=economy.x + 1)
    assert unpack(pack(printed), "made").checksum == printed.checksum
    with pytest.raises(ValueError, match="no published output"):
        pack(economy)
    with pytest.raises(ValueError, match="whole numbers"):
        pack(replace(printed, Z=np.full((6, 6), 0.5)))
