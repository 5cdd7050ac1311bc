"""Make the embedded table from WIOD 2011: python scripts/derive_reference.py FOLDER_OF_WIOD13.

The result is the same bytes on every machine with the same zlib; the test that derives it again
compares the tables cell by cell.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from kachisuji.accounts import Economy, read
from kachisuji.accounts.reference import FILE, pack

TARGET = Path(__file__).parents[1] / "src" / "kachisuji" / "accounts" / "data" / FILE
# fmt: off
OWN = [
    "JPN", "CHN", "KOR", "TWN", "USA", "CAN", "IND", "IDN", "AUS", "DEU", "FRA", "GBR", "REU",
    "RUS", "BRA", "MEX", "ROW",
]
REST_OF_EU = [
    "AUT", "BEL", "BGR", "CYP", "CZE", "DNK", "ESP", "EST", "FIN", "GRC", "HUN", "IRL", "ITA",
    "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROM", "SVK", "SVN", "SWE",
]
# fmt: on


def region_mapping(regions: tuple[str, ...]) -> dict[str, str]:
    """Old region to new, in the order of the new table."""
    new = dict.fromkeys(REST_OF_EU, "REU") | dict.fromkeys(("TUR", "RoW"), "ROW")
    pairs = [(old, new.get(old, old)) for old in regions]
    return dict(sorted(pairs, key=lambda pair: OWN.index(pair[1])))


def derive(folder: Path) -> Economy:
    """Read WIOD 2011 and add it up to 17 regions."""
    world = read("wiod13", folder, year=2011)
    small = world.aggregate(regions=region_mapping(world.regions))
    title = "World input-output table 2011, 17 regions and 35 sectors, derived from WIOD 2013"
    return replace(small, title=title, copy=False)


def main() -> None:
    """Write the file whole or not at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    content = pack(derive(parser.parse_args().folder))
    TARGET.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=TARGET.parent, delete=False) as handle:
        handle.write(content)
    os.replace(handle.name, TARGET)
    print(f"{TARGET}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
