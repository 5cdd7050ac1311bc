"""Past programmes: cases of what was known before, and what published evaluations found."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from kachisuji.cases.case import CASE_FILE, Case, load
from kachisuji.cases.problems import nearest, raise_all
from kachisuji.cases.settings import Frozen, Text, Year, line_of, read_toml
from kachisuji.cases.sheets import decode, read_bytes
from kachisuji.words import InputError

PROGRAMME_FILE = "programme.toml"


class Finding(Frozen):
    """What a published evaluation, or the record, says; ``kind`` says how it is judged.

    ``share``: home's share in ``year`` lay in ``low`` to ``high``. ``gain``: the programme raised
    the share by ``low`` to ``high``. ``goal``: a share of ``low`` was aimed at and missed.
    ``return`` and ``knowledge``: the sign of net benefit, of knowledge gained (0: ambiguous).
    """

    kind: Literal["share", "gain", "goal", "return", "knowledge"]
    year: Year | None = None
    low: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    high: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    sign: Literal[-1, 0, 1] = 0
    statement_en: Text
    statement_ja: Text
    evidence: Text


class Programme(Frozen):
    """``programme.toml`` of a past programme."""

    success: Literal["success", "mixed", "failure"]
    findings: Annotated[tuple[Finding, ...], Field(min_length=1)]


def past_programmes() -> tuple[str, ...]:
    """Names of the past programmes inside the package."""
    place = Path(str(resources.files("kachisuji.cases"))) / "history"
    return tuple(sorted(p.parent.name for p in place.glob(f"*/{CASE_FILE}")))


def load_programme(name_or_path: str | Path) -> tuple[Case, Programme]:
    """Read a past programme: its case, and what was found.

    Parameters
    ----------
    name_or_path
        A shipped one by name (:func:`past_programmes`), or a case folder with ``programme.toml``.

    Raises
    ------
    InputError
        When there is none, or a mistake in it (file, row, column, remedy).
    """
    name = str(name_or_path)
    path = Path(str(resources.files("kachisuji.cases"))) / "history" / name
    if name not in past_programmes():
        path = Path(name_or_path).expanduser()
        if not path.is_dir():
            known = nearest(name, past_programmes())
            raise InputError("cases.no_case", file=path, known=known)
    case = load(path)
    file = path / PROGRAMME_FILE
    found = read_toml(file, read_bytes(file), Programme)
    if not isinstance(found, Programme):
        raise_all(path, found)
        raise AssertionError("a file that is not read has problems")
    raise_all(path, _problems(case, found, file, decode(read_bytes(file), file)))
    return case, found


def _problems(case: Case, programme: Programme, file: Path, text: str) -> list[InputError]:
    """Return evidence that is not there, years outside or missing, and ranges turned round."""
    out = []
    settings = case.settings
    for place, finding in enumerate(programme.findings):

        def wrong(key: str, column: str, place: int = place, **values: object) -> None:
            beside = "kind" if key == "cases.setting_missing" else column  # what is not there
            row = line_of(text, ("findings", place, beside))
            out.append(
                InputError(key, file=file, row=row, column=f"findings.{place}.{column}", **values)
            )

        if finding.evidence not in case.evidence:
            known = nearest(finding.evidence, case.evidence)
            wrong(
                "cases.unknown_name", "evidence", got=finding.evidence, where="evidence.csv",
                known=known,
            )  # fmt: skip
        if finding.kind not in ("share", "gain", "goal"):
            continue
        if finding.year is None:
            wrong("cases.setting_missing", "year")
        elif finding.year not in settings.years:
            first, last = settings.first_year, settings.last_year
            wrong("cases.year_outside", "year", got=finding.year, first=first, last=last)
        if finding.low > finding.high:
            wrong("cases.range_turned", "low", low=f"{finding.low:g}", high=f"{finding.high:g}")
    return out
