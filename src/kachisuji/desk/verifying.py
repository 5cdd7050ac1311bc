"""Verifying a run: every stored file by checksum, then everything computed again and compared."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kachisuji.desk.constellation.replaying import compare_answers
from kachisuji.desk.pipeline import Options, make_run
from kachisuji.desk.progress import Teller
from kachisuji.desk.stored import TABLES, StoredRun, read_choice, read_table
from kachisuji.ledger import Difference, Manifest, compare_files, copy_into, read_manifest
from kachisuji.words import Lang, RunError

# Another machine may sum in another order: outcomes may differ by this part of the largest value
# of their column, the choice by this part of its objective.
RELATIVE = 1e-6
GAP = 1e-4
# what follows from the choice; compared only when the same lines were chosen
OF_THE_CHOICE = ("influence", "portfolio", "use", "spread", "left_out", "front")


def verify_run(
    folder: Path, teller: Teller, lang: Lang = "en", *, recompute: bool = True
) -> list[Difference]:
    """Compare a run with its record and, unless told otherwise, with itself computed again.

    The stored copy of the case is run again in a temporary folder with the stored options and
    seed. So a changed input is found even if someone has mended the checksums: the outcomes, the
    choice or the report no longer follow from it. Answers of a constellation are checked by their
    signatures, and the case is derived from them again.

    Returns
    -------
    list of Difference
        Empty when nothing differs.

    Raises
    ------
    RunError, InputError
        If the run cannot be read.
    """
    manifest = read_manifest(folder)
    found = compare_files(folder, manifest)
    if not recompute or any(d.key == "ledger.missing" for d in found):
        return found
    found += compare_answers(folder / "case")
    with tempfile.TemporaryDirectory(prefix="kachisuji-verify-") as place:
        again = Path(place) / "run"
        copy_into(folder / "case", again / "case")
        make_run(
            again,
            _options(folder, manifest),
            teller,
            when=str(manifest.made.get("when", "")),
            lang=manifest.options.get("lang", lang),
        )
        found += _compare(folder, again, manifest)
    return found


def _options(folder: Path, manifest: Manifest) -> Options:
    kept = manifest.options
    try:
        return Options(int(kept["futures"]), int(manifest.seed), str(kept["design"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RunError("ledger.bad_manifest", file=folder, why=str(error)) from error


def _compare(stored: Path, again: Path, manifest: Manifest) -> list[Difference]:
    out = []
    here, there = (
        sorted(p.name for p in (f / "outcomes").glob("*.parquet")) for f in (stored, again)
    )
    names = [f"outcomes/{n}" for n in sorted({*here, *there})] + ["paths.parquet"]
    same_choice, differs = _same_choice(stored, again)
    out += differs
    names += [f"{n}.parquet" for n in TABLES if same_choice or n not in OF_THE_CHOICE]
    for name in names:
        if (stored / name).is_file() and (again / name).is_file():
            out += compare_tables(name, read_table(stored / name), read_table(again / name))
        else:
            out.append(Difference(name, "ledger.missing", {}))
    if same_choice and not out:
        out += _compare_report(stored, manifest)
    return out


def _same_choice(stored: Path, again: Path) -> tuple[bool, list[Difference]]:
    """Whether the same lines were chosen, and where the choices differ beyond their gap."""
    mine, new = read_choice(stored), read_choice(again)
    name = "choice.json"
    if mine.get("lines") == new.get("lines"):
        return True, _compare_values(name, mine, new)
    try:
        got, want = float(mine["objective"]), float(new["objective"])
        allowed = GAP + max(float(mine["gap"]), float(new["gap"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RunError("desk.bad_table", file=stored / name, why=str(error)) from error
    if abs(got - want) <= allowed * max(abs(got), abs(want), 1e-12):
        return False, []
    return False, [Difference(name, "desk.diff_choice", {"got": f"{got:g}", "want": f"{want:g}"})]


def compare_tables(name: str, stored: pd.DataFrame, again: pd.DataFrame) -> list[Difference]:
    """Differences of two tables, numbers within ``RELATIVE`` of the column's largest value."""
    if stored.shape != again.shape or list(stored.columns) != list(again.columns):
        values: dict[str, Any] = {"got": stored.shape, "want": again.shape}
        return [Difference(name, "desk.diff_shape", values)]
    out = []
    for column in stored.columns:
        got, want = stored[column].to_numpy(), again[column].to_numpy()
        if not (_is_number(got) and _is_number(want)):
            unlike = int((got.astype(str) != want.astype(str)).sum())
            if unlike:
                told = {"column": column, "got": f"{unlike} ≠", "want": "="}
                out.append(Difference(name, "desk.diff_value", told))
            continue
        x, y = got.astype(float), want.astype(float)
        unlike_gaps = (np.isnan(x) != np.isnan(y)).any()
        size = float(np.nanmax(np.abs(y), initial=0.0))
        far = float(np.nanmax(np.abs(x - y), initial=0.0))
        if unlike_gaps or far > RELATIVE * size:
            told = {"column": column, "got": f"{far:.3g}", "want": f"{RELATIVE * size:.3g}"}
            out.append(Difference(name, "desk.diff_value", told))
    return out


def _is_number(values: np.ndarray[Any, Any]) -> bool:
    return values.dtype.kind in "biuf"


def _compare_values(name: str, got: Any, want: Any, place: str = "") -> list[Difference]:
    """Differences of two trees of values, numbers within ``GAP``."""
    if isinstance(got, dict) and isinstance(want, dict):
        keys = sorted({*got, *want}, key=str)
        return [d for k in keys for d in _compare_values(
            name, got.get(k), want.get(k), f"{place}.{k}" if place else str(k))]  # fmt: skip
    if isinstance(got, list) and isinstance(want, list) and len(got) == len(want):
        pairs = enumerate(zip(got, want, strict=True))
        return [d for i, (a, b) in pairs for d in _compare_values(name, a, b, f"{place}[{i}]")]
    numbers = (int, float)
    if isinstance(got, numbers) and isinstance(want, numbers):
        if abs(got - want) <= GAP * max(abs(got), abs(want), 1e-9):
            return []
    elif got == want:
        return []
    told = {"column": place, "got": str(got)[:60], "want": str(want)[:60]}
    return [Difference(name, "desk.diff_value", told)]


def _compare_report(stored: Path, manifest: Manifest) -> list[Difference]:
    """Make the report again from the stored run: the same version gives the same bytes."""
    from kachisuji import __version__
    from kachisuji.desk.report.page import build_report

    if manifest.version != __version__:
        return []
    lang: Lang = "ja" if manifest.options.get("lang") == "ja" else "en"
    again = build_report(StoredRun.open(stored), lang)
    if again == (stored / "report.html").read_text(encoding="utf-8"):
        return []
    return [Difference("report.html", "desk.diff_text", {})]
