"""The plain layout: one CSV, with a TOML of the same name beside it for what the figures are.

    region,sector,JPN:c1,JPN:c2,...,JPN:final,USA:final,output
    JPN,c1,...

* UTF-8, a point for decimals, no thousands separators, no empty cells.
* The header names each column ``REGION:CODE``. A code that is a sector of the rows is intermediate
  use, any other is a category of final demand; ``output`` (optional, last) is what was printed.
* Rows whose region is ``*`` are accounts beside the flows (the sector cell names the item; final
  demand columns hold 0).
* ``NAME.toml``: ``year`` (needed), ``unit``, ``currency``, ``publisher``, ``licence``,
  ``citation``, ``title``, ``stock_changes`` (list of categories), ``account_units`` (item to unit).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.assembling import assemble
from kachisuji.accounts.economy import Economy, Extension
from kachisuji.accounts.files import Sheet, delimited, find
from kachisuji.words import InputError

FORM = "kachisuji plain csv"
_TEXTS = ("unit", "currency", "publisher", "licence", "citation", "title")


def looks_like(path: Path) -> bool:
    """Whether ``path`` is a CSV whose header begins as this layout's does."""
    if not path.is_file() or path.suffix.lower() != ".csv":
        return False
    with path.open("rb") as stream:
        start = stream.read(64).removeprefix(b"\xef\xbb\xbf").replace(b'"', b"")
    return start.startswith(b"region,sector,")


def read(path: Path, year: int | None = None) -> Economy:
    """Read the table; ``year`` stands in for a missing TOML."""
    file = find(path, ["*.csv"], FORM)
    sheet = delimited(file, form=FORM, label_columns=2, starts=("region", "sector"))
    head = sheet.head[0]
    names = head[2:]
    has_output = bool(names) and names[-1] == "output"
    columns = [_split(name, file) for name in names[: len(names) - has_output]]
    flow = np.array([row[0].strip() != "*" for row in sheet.labels])
    rows = [(r.strip(), s.strip()) for (r, s), keep in zip(sheet.labels, flow, strict=True) if keep]
    sectors = {s for _, s in rows}
    categories = list(dict.fromkeys(code for _, code in columns if code not in sectors))
    about = _about(file, year)
    units = about.pop("account_units", {})
    economy = assemble(
        sheet.values[flow][:, : len(columns)],
        rows,
        columns,
        categories=categories,
        file=str(file),
        form=FORM,
        published_output=sheet.values[flow, -1] if has_output else None,
        **about,
    )
    if flow.all():
        return economy
    return _with_accounts(economy, sheet, flow, columns, units)


def _split(name: str, file: Path) -> tuple[str, str]:
    region, colon, code = name.partition(":")
    if not (colon and region and code):
        raise InputError(
            "accounts.layout",
            file=file,
            row=1,
            column=name,
            form=FORM,
            want="REGION:CODE",
            got=name,
        )
    return region, code


def _about(file: Path, year: int | None) -> dict[str, Any]:
    beside = file.with_suffix(".toml")
    if not beside.is_file():
        if year is None:
            raise InputError("accounts.no_about", file=beside)
        return {"year": year}
    try:
        given = tomllib.loads(beside.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("accounts.unreadable", file=beside, form="TOML", why=str(error)) from error
    known = {*_TEXTS, "year", "stock_changes", "account_units"}
    for key, value in given.items():
        if key not in known:
            raise InputError(
                "accounts.unknown_key", file=beside, row=key, known=", ".join(sorted(known))
            )
        if key in _TEXTS and not isinstance(value, str):
            raise InputError("accounts.cell_kind", file=beside, row=key, want="text", got=value)
    if not isinstance(given.get("year"), int) or isinstance(given.get("year"), bool):
        got = given.get("year", "nothing")
        raise InputError("accounts.cell_kind", file=beside, row="year", want="a year", got=got)
    if year is not None and year != given["year"]:
        raise InputError("accounts.no_year", file=beside, year=year, known=given["year"])
    given["stock_changes"] = tuple(given.get("stock_changes", ()))
    return given


def _with_accounts(
    economy: Economy,
    sheet: Sheet,
    flow: np.ndarray,
    columns: list[tuple[str, str]],
    units: dict[str, str],
) -> Economy:
    at = {label: k for k, label in enumerate(columns)}
    order = [at[economy.label(k)] for k in range(economy.n)]
    items = tuple(row[1] for row in sheet.labels if row[0].strip() == "*")
    values = sheet.values[~flow][:, order]
    unit = ", ".join(dict.fromkeys(units.get(item, "") for item in items))
    return economy.with_extension(Extension("accounts", items, values, unit, source=sheet.file))


def write(economy: Economy, path: Path) -> None:
    """Write a table in this layout, whole or not at all, with its TOML beside it."""
    import csv
    import json
    import os
    import tempfile

    columns = [f"{r}:{s}" for r in economy.regions for s in economy.sectors]
    columns += [f"{r}:{c}" for r in economy.regions for c in economy.categories]
    printed = economy.published_output
    about: dict[str, Any] = {"year": economy.year}
    about |= {key: getattr(economy, key) for key in _TEXTS}
    about["stock_changes"] = list(economy.stock_changes)
    texts = "\n".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in about.items()) + "\n"
    for target, kind in ((path, "csv"), (path.with_suffix(".toml"), "toml")):
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, delete=False, encoding="utf-8", newline=""
        ) as stream:
            if kind == "toml":
                stream.write(texts)
            else:
                out = csv.writer(stream, lineterminator="\n")
                out.writerow(["region", "sector", *columns, *(["output"] * (printed is not None))])
                for k in range(economy.n):
                    cells = [*economy.Z[k].tolist(), *economy.Y[k].tolist()]
                    if printed is not None:
                        cells.append(float(printed[k]))
                    out.writerow([*economy.label(k), *map(repr, cells)])
        os.replace(stream.name, target)
