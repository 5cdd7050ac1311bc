"""The table inside the package: WIOD 2011 added up to 17 regions, all 35 sectors.

The file is one line of JSON (labels, source, licence, checksum) and then the whole-number cells
``[Z | Y | published output]`` row by row as little-endian int32, split into four planes of bytes
and deflated. ``scripts/derive_reference.py`` makes it from the publisher's table.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from importlib import resources

import numpy as np

from kachisuji.accounts.economy import Economy
from kachisuji.words import InputError

FILE = "wiod2011_17x35.table"


def pack(economy: Economy) -> bytes:
    """Return the file of a table with published output whose cells are whole numbers."""
    if economy.published_output is None:
        raise ValueError("the table has no published output")
    cells = np.hstack([economy.Z, economy.Y, economy.published_output[:, None]])
    whole = cells.astype("<i4")
    if not np.array_equal(whole, cells):
        raise ValueError("the cells are not whole numbers below 2**31")
    head = {
        "title": economy.title,
        "citation": economy.citation,
        "licence": economy.licence,
        "publisher": economy.publisher,
        "year": economy.year,
        "unit": economy.unit,
        "currency": economy.currency,
        "regions": economy.regions,
        "sectors": economy.sectors,
        "categories": economy.categories,
        "stock_changes": economy.stock_changes,
        "checksum": economy.checksum,
    }
    planes = whole.reshape(-1, 1).view(np.uint8).T
    body = zlib.compress(np.ascontiguousarray(planes).tobytes(), 9)
    return json.dumps(head, ensure_ascii=False).encode() + b"\n" + body


def unpack(content: bytes, source: str) -> Economy:
    """Return the table of a file made by :func:`pack`.

    Raises
    ------
    InputError
        When the file is damaged or its checksum is not the one it states.
    """
    try:
        line, body = content.split(b"\n", 1)
        head = json.loads(line)
        checksum = head.pop("checksum")
        n = len(head["regions"]) * len(head["sectors"])
        planes = np.frombuffer(zlib.decompress(body), dtype=np.uint8).reshape(4, n, -1)
        cells = np.empty((*planes.shape[1:], 4), dtype=np.uint8)
        for k in range(4):
            cells[..., k] = planes[k]
        whole = cells.view("<i4")[..., 0]
    except (ValueError, KeyError, zlib.error) as error:
        raise InputError(
            "accounts.unreadable", file=source, form="table", why=str(error)
        ) from error
    for labels in ("regions", "sectors", "categories", "stock_changes"):
        head[labels] = tuple(head[labels])
    economy = Economy(
        Z=whole[:, :n].astype(float),
        Y=whole[:, n:-1].astype(float),
        published_output=whole[:, -1].astype(float),
        source=source,
        copy=False,
        **head,
    )
    if economy.checksum != checksum:
        raise InputError("accounts.checksum", file=source, got=economy.checksum, want=checksum)
    return economy


@cache
def reference() -> Economy:
    """Return the embedded world table of 2011: 17 regions, 35 sectors, million US dollars.

    JPN, CHN, KOR, TWN, USA, CAN, IND, IDN, AUS, DEU, FRA, GBR, the rest of the EU of 27 (REU),
    RUS, BRA, MEX and the rest of the world (ROW, with Turkey). Every total equals the source's.

    Source: WIOD, release of November 2013, CC BY 4.0; Timmer et al. (2015), Review of
    International Economics 23, 575-605.
    """
    file = resources.files("kachisuji.accounts") / "data" / FILE
    return unpack(file.read_bytes(), FILE)
