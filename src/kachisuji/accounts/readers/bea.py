"""United States, Bureau of Economic Analysis: make and use tables, after redefinitions.

Files (first column ``code``; million dollars at producers' prices), as Parquet or CSV:
``summary_make_YYYY_afterredef*``, ``summary_use_YYYY_pro_afterredef*`` (71 industries, 73 products)
and the same with ``detail_`` (402 and 402). Rows of the use table after the products: intermediate
total, value added by component, totals; columns after the industries: total, final uses (imports,
``F050``, negative), totals. Scrap, used goods and imports without a home product are products that
industries make little or nothing of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kachisuji.accounts.economy import Economy
from kachisuji.accounts.files import delimited, need_file, need_folder, no_such_year
from kachisuji.accounts.sniffing import no_parquet
from kachisuji.accounts.supply_use import SupplyUse, split_imports
from kachisuji.words import InputError

FORM = "BEA make and use"
_LEVELS = ("summary", "detail")


def looks_like(path: Path) -> bool:
    """Whether the folder holds make and use tables of the BEA."""
    return path.is_dir() and any(path.glob("*_make_*_afterredef*"))


def read(
    path: Path,
    year: int | None = None,
    *,
    level: str = "summary",
    model: str = "D",
    imports: str = "competitive",
) -> Economy:
    """Read a year.

    Parameters
    ----------
    level
        ``summary`` or ``detail``.
    model
        ``D`` industry by industry, ``B`` product by product (see :class:`SupplyUse`).
    imports
        ``competitive`` leaves them as a negative category of final demand; ``split`` makes the rest
        of the world a region, imports spread over uses in proportion.
    """
    economy = supply_use(path, year, level=level).economy(model)
    if imports == "competitive":
        return economy
    if imports != "split":
        known = "competitive, split"
        raise InputError("accounts.unknown_option", option="imports", got=imports, known=known)
    return split_imports(economy, _code("F05", economy.categories))


def supply_use(path: Path, year: int | None = None, *, level: str = "summary") -> SupplyUse:
    """Read the make and use tables of a year."""
    if level not in _LEVELS:
        known = ", ".join(_LEVELS)
        raise InputError("accounts.unknown_option", option="level", got=level, known=known)
    need_folder(path, FORM)
    files = {f.name.split("_")[2]: f for f in sorted(path.glob(f"{level}_make_*_afterredef*"))}
    known = ", ".join(files)
    if not files:
        raise no_such_year(path, year, "", FORM, f"{level}_make_YYYY_afterredef*")
    if year is None and len(files) != 1:
        raise InputError("accounts.year_needed", file=path, known=known)
    key = str(year) if year is not None else next(iter(files))
    if key not in files:
        raise InputError("accounts.no_year", file=path, year=year, known=known)
    make_rows, make_columns, make, _ = _frame(files[key])
    use_file = files[key].with_name(files[key].name.replace(f"make_{key}", f"use_{key}_pro"))
    use_rows, use_columns, use, place = _frame(use_file)
    industries, products = tuple(make_rows[:-1]), tuple(make_columns[:-1])
    _expect(use_rows[: len(products)], products, place, "row")
    _expect(use_columns[: len(industries)], industries, place, "column")
    final = [k for k, c in enumerate(use_columns) if c.startswith("F")]
    added = [k for k, r in enumerate(use_rows) if r.startswith("V00")]
    p, i = len(products), len(industries)
    categories = tuple(use_columns[k] for k in final)
    return SupplyUse(
        products=products,
        industries=industries,
        categories=categories,
        make=make[:i, :p],
        use=use[:p, :i],
        final=use[:p][:, final],
        primary_items=tuple(use_rows[k] for k in added),
        primary=use[added][:, :i],
        region="USA",
        about={
            "year": int(key),
            "unit": "million",
            "currency": "USD",
            "publisher": "US Bureau of Economic Analysis",
            "licence": "public domain",
            "title": f"United States {key}, {level} level, after redefinitions",
            "citation": "US Bureau of Economic Analysis, Input-Output Accounts Data",
            "stock_changes": (_code("F03", categories),),
            "exports_categories": (_code("F04", categories),),
            "source": place,
        },
    )


def _code(start: str, categories: tuple[str, ...]) -> str:
    return next(c for c in categories if c.startswith(start))


def _expect(got: list[str], want: tuple[str, ...], place: str, what: str) -> None:
    for k, label in enumerate(want):
        if k >= len(got) or got[k] != label:
            found = got[k] if k < len(got) else "nothing"
            raise InputError(
                "accounts.layout",
                file=place,
                row=f"{what} {k + 1}",
                form=FORM,
                want=label,
                got=found,
            )


def _frame(file: Path) -> tuple[list[str], list[str], np.ndarray, str]:
    need_file(file)
    if file.suffix == ".csv":
        sheet = delimited(file, form=FORM)
        return [r[0] for r in sheet.labels], sheet.head[0][1:], sheet.values, sheet.file
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: Any = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise no_parquet(file, error) from error
    if not table.column_names or table.column_names[0] != "code":
        got = (table.column_names or ["nothing"])[0]
        raise InputError("accounts.layout", file=file, form=FORM, want="code", got=got)
    values = table.drop_columns(["code"]).to_pandas().to_numpy(float)
    return table.column("code").to_pylist(), table.column_names[1:], values, str(file)
