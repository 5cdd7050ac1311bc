"""Accounts beside the flows: attached by label, or through a concordance of codes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kachisuji.accounts.aggregating import Concordance
from kachisuji.accounts.arguments import checked
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.words import InputError

if TYPE_CHECKING:
    import pandas as pd

# direct totals of 3EID: item to (column, unit)
_3EID = {
    "energy": ("直接エネルギー消費量 [GJ]", "GJ"),
    "GHG": ("直接GHG排出量 [t-CO2eq]", "t-CO2eq"),
}


@checked
def extension_from(
    economy: Economy,
    values: pd.DataFrame,
    name: str,
    unit: str,
    *,
    key: Mapping[str, str] | Concordance | None = None,
    region: str | None = None,
    source: str = "",
    licence: str = "",
) -> Extension:
    """Return an extension for a table from totals by sector.

    Parameters
    ----------
    values
        Totals for the year: rows are sectors in some classification (or (region, sector)), columns
        the items.
    key
        From the rows' codes to the table's sectors: a dict, or a :class:`Concordance` with weights.
        None means that they are the table's own.
    region
        Which region the rows are of, where they are not labelled (region, sector); other regions
        then have nil.

    Raises
    ------
    InputError
        When a row has no place in the table: no total is lost.
    """
    items = tuple(str(c) for c in values.columns)
    result = np.zeros((len(items), economy.n))
    for label, row in zip(values.index, values.to_numpy(float), strict=True):
        here, code = label if isinstance(label, tuple) else (region, label)
        if here is None:
            raise InputError("accounts.region_needed", known=", ".join(economy.regions))
        for sector, share in _targets(str(code), key).items():
            result[:, economy.row(str(here), sector)] += share * row
    return Extension(name, items, result, unit, source, licence)


def _targets(code: str, key: Mapping[str, str] | Concordance | None) -> Mapping[str, float]:
    if key is None:
        return {code: 1.0}
    shares: Mapping[str, Any] = key.shares if isinstance(key, Concordance) else key
    if code not in shares:
        raise InputError("accounts.mapping_lacks", what="code", label=code)
    found = shares[code]
    return found if isinstance(found, Mapping) else {found: 1.0}


def read_3eid(path: Path, item: str = "GHG") -> tuple[pd.DataFrame, str]:
    """Read direct totals of 3EID (NIES, Nansai 2019) by basic sector: the frame and its unit.

    Parameters
    ----------
    path
        ``3eid_2015_intensities.parquet``.
    item
        ``GHG`` or ``energy``.
    """
    import pandas as pd

    if item not in _3EID:
        raise InputError("accounts.unknown_option", option="item", got=item, known=", ".join(_3EID))
    column, unit = _3EID[item]
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise InputError("accounts.unreadable", file=path, form="Parquet", why=why) from error
    if "code" not in frame or column not in frame:
        got = ", ".join(map(str, frame.columns[:5]))
        raise InputError("accounts.layout", file=path, form="3EID", want=column, got=got)
    # sums and final demand stand below the sectors, with codes from 700000 on
    codes = frame["code"].astype(str)
    named = frame[codes.str.fullmatch(r"\d{6,7}") & (codes.str[:6] < "700000")]
    return named.set_index("code")[[column]].rename(columns={column: item}), unit
