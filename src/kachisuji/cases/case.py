"""Reading a whole case: every file, every check, one frozen value or every mistake at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kachisuji.accounts import Economy, read, reference
from kachisuji.beliefs import Evidence, Register
from kachisuji.cases.check_correlations import check_correlations
from kachisuji.cases.check_settings import check_choice, check_lines, check_settings
from kachisuji.cases.checks import World, check_tables
from kachisuji.cases.problems import nearest, raise_all
from kachisuji.cases.schema import EVERY_COMPETITOR, optional_tables, schema, tables
from kachisuji.cases.settings import LineSpace, Settings, read_toml
from kachisuji.cases.sheets import Sheet, read_bytes, read_sheet
from kachisuji.words import InputError, Lang, say
from kachisuji.words.language import language

if TYPE_CHECKING:
    import pandas as pd

CASE_FILE, LINES_FILE = "case.toml", "lines.toml"


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """One case, read and checked.

    Attributes
    ----------
    path
        Its folder.
    settings, lines
        ``case.toml`` and ``lines.toml``.
    tables
        Table name -> DataFrame with typed columns (lists are tuples); rows in file order. An
        optional table is there only when the folder holds it.
    rows
        Table name -> line number in the file of each row, for messages.
    evidence
        The register of ``evidence.csv``.
    checksums
        File name -> SHA-256 of the bytes that were read.
    economy
        The input-output table that the case is told in.
    """

    path: Path
    settings: Settings
    lines: LineSpace
    tables: Mapping[str, pd.DataFrame]
    rows: Mapping[str, tuple[int, ...]]
    evidence: Register
    checksums: Mapping[str, str]
    economy: Economy

    def _regions(self, role: str) -> tuple[str, ...]:
        table = self.tables["regions"]
        return tuple(table.loc[table[role], "region"])

    @property
    def competitors(self) -> tuple[str, ...]:
        """Regions that sell, in file order."""
        return self._regions("competitor")

    @property
    def markets(self) -> tuple[str, ...]:
        """Regions that buy, in file order."""
        return self._regions("market")

    def figures(self) -> pd.DataFrame:
        """Return every row that holds figures: table, row, segment, field, evidence, grade, number.

        ``field`` is 0 for what is cross-cutting; ``number`` says how many figures the row holds
        (a low/mode/high counts once).
        """
        import pandas as pd

        segments = self.tables["segments"]
        field_of = dict(zip(segments["segment"], segments["field"], strict=True))
        out = []
        for name, table in self.tables.items():
            number = schema(name).figures(len(self.competitors))
            if number == 0 or "evidence" not in table:
                continue
            owner = table["segment"] if "segment" in table else _owners(self, name)
            for row, segment, key in zip(self.rows[name], owner, table["evidence"], strict=True):
                grade = self.evidence[key].grade
                out.append((name, row, segment, field_of.get(segment, 0), key, grade, number))
        columns = ["table", "row", "segment", "field", "evidence", "grade", "number"]
        return pd.DataFrame(out, columns=columns)

    def grades(self) -> pd.DataFrame:
        """Return how many figures each field has by grade (index field, a column each grade)."""
        import pandas as pd

        f = self.figures()
        counts = self.evidence.counts(zip(f["evidence"], f["field"], f["number"], strict=True))
        return pd.DataFrame.from_dict(counts, orient="index").rename_axis("field")

    def describe(self, lang: Lang) -> str:
        """Say in a few lines what the case is: title, extent, years, home, currency, folder."""
        settings, regions = self.settings, self.tables["regions"].set_index("region")
        told = say(
            "cases.described",
            lang,
            title=getattr(settings, f"title_{lang}"),
            fields=len(self.tables["fields"]),
            segments=len(self.tables["segments"]),
            figures=f"{int(self.figures()['number'].sum()):,}",
            evidence=len(self.tables["evidence"]),
            home=regions.loc[settings.home, f"name_{lang}"],
            first=settings.first_year,
            last=settings.last_year,
            currency=settings.currency,
            folder=self.path,
        )
        return f"{type(self).__name__} {settings.id}: {told}"

    def __repr__(self) -> str:
        return self.describe(language((), os.environ))

    def _repr_html_(self) -> str:
        """Show a notebook what the case is, and how well each field is known."""
        lang = language((), os.environ)
        head = "".join(f"<p>{escape(line)}</p>" for line in self.describe(lang).split("\n"))
        names = self.tables["fields"].set_index("field")[f"name_{lang}"].to_dict()
        grades = self.grades()
        grades.index = grades.index.map(
            lambda field: names.get(field, say("cases.cross_cutting", lang))
        )
        grades.columns = grades.columns.map(lambda grade: say(f"desk.grade_{grade}", lang))
        grades = grades.rename_axis(say("desk.head_field", lang)).reset_index()
        return head + f"<p>{escape(say('cases.by_grade', lang))}</p>" + grades.to_html(index=False)


def _owners(case: Case, table: str) -> list[str]:
    """Segments behind the rows of a table that has no column for them ("" where none)."""
    if table == "links":
        return list(case.tables[table]["from"])
    if table not in ("product_shares", "origins"):
        return [""] * len(case.tables[table])
    products = case.tables["products"]
    owner = dict(zip(products["product"], products["segment"], strict=True))
    return [owner[p] for p in case.tables[table]["product"]]


def _shipped() -> Path:
    return Path(str(resources.files("kachisuji.cases")))


def available() -> tuple[str, ...]:
    """Names of the cases inside the package."""
    return tuple(sorted(p.parent.name for p in _shipped().glob(f"*/{CASE_FILE}")))


def resolve(name_or_path: str | Path) -> Path:
    """Return the folder of a case: a shipped case by name, else a path.

    Raises
    ------
    InputError
        When there is no such case or folder, or the path is a file or the folder of a run.
    """
    name = str(name_or_path)
    if name in available():
        return _shipped() / name
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise InputError("cases.no_case", file=path, known=nearest(name, available()))
    if not path.is_dir():
        raise InputError("cases.not_a_folder", file=path)
    if not (path / "case.toml").exists() and (path / "case" / "case.toml").is_file():
        raise InputError("cases.run_folder", file=path, case=path / "case")
    return path


def load(name_or_path: str | Path) -> Case:
    """Read and check a case.

    Parameters
    ----------
    name_or_path
        Name of a shipped case (:func:`available`), or a folder.

    Raises
    ------
    InputError
        With file, row, column and remedy; :class:`CaseError` when there are several mistakes
        (all in ``problems``, the first twenty in the message).
    """
    folder = resolve(name_or_path)
    problems: list[InputError] = []
    held = (*tables(), *(t for t in optional_tables() if (folder / f"{t}.csv").exists()))
    contents = _contents(folder, (CASE_FILE, LINES_FILE, *(f"{t}.csv" for t in held)), problems)
    settings = _toml(folder / CASE_FILE, contents, Settings, problems)
    lines = _toml(folder / LINES_FILE, contents, LineSpace, problems)
    economy = _economy(folder, settings, problems) if settings is not None else reference()
    world = World(_sheets(folder, contents, problems), settings, economy.regions, economy.sectors)
    problems += check_tables(world)
    problems += check_correlations(world)
    if settings is not None:
        problems += check_settings(settings, folder / CASE_FILE)
        problems += check_choice(settings, folder / CASE_FILE, world)
    if lines is not None:
        problems += check_lines(lines, folder / LINES_FILE, world)
    raise_all(folder, problems)
    assert settings is not None  # an absent one is a problem, raised above
    assert lines is not None
    return Case(
        path=folder,
        settings=settings,
        lines=lines,
        tables=MappingProxyType({t: _frame(world.sheets[t]) for t in held}),
        rows=MappingProxyType({t: tuple(world.sheets[t].rows) for t in held}),
        evidence=Register(Evidence(**r) for r in world.sheets["evidence"].records),
        checksums=MappingProxyType(
            {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        ),
        economy=economy,
    )


def check_fragments(folder: str | Path, beside: str | Path = "japan17") -> tuple[InputError, ...]:
    """Return every mistake in a folder that holds some of the tables of a case.

    Parameters
    ----------
    folder
        Holds whichever tables there are; what they refer to is looked for in the same folder.
    beside
        The case whose cross-cutting tables (regions, fields, instruments) and settings are used
        where the folder has none.
    """
    place, other = resolve(folder), resolve(beside)
    problems: list[InputError] = []
    own = [f"{t}.csv" for t in (*tables(), *optional_tables()) if (place / f"{t}.csv").exists()]
    sheets: dict[str, Sheet] = {}
    borrowed: list[InputError] = []
    for t in ("regions", "fields", "instruments"):
        if f"{t}.csv" not in own and (other / f"{t}.csv").exists():
            contents = _contents(other, (f"{t}.csv",), borrowed)
            sheets |= _sheets(other, contents, borrowed)
    case = _contents(other, (CASE_FILE,), borrowed)
    settings = _toml(other / CASE_FILE, case, Settings, borrowed)
    raise_all(other, borrowed)
    competitors = [r["region"] for r in sheets["regions"].records if r["competitor"]]
    sheets_own = _sheets(place, _contents(place, own, problems), problems, tuple(competitors))
    table = reference()
    world = World(sheets | sheets_own, settings, table.regions, table.sectors)
    found = [*check_tables(world), *check_correlations(world)]
    return (*problems, *(p for p in found if Path(str(p.file)).parent == place))


def _contents(
    folder: Path, names: tuple[str, ...] | list[str], problems: list[InputError]
) -> dict[str, bytes]:
    out = {}
    for name in names:
        try:
            out[name] = read_bytes(folder / name)
        except InputError as error:
            problems.append(error)
    return out


def _toml(
    file: Path, contents: dict[str, bytes], model: type[Any], problems: list[InputError]
) -> Any:
    if file.name not in contents:
        return None
    got = read_toml(file, contents[file.name], model)
    if isinstance(got, list):
        problems += got
        return None
    return got


def _sheets(
    folder: Path,
    contents: dict[str, bytes],
    problems: list[InputError],
    competitors: tuple[str, ...] = (),
) -> dict[str, Sheet]:
    """Read the tables in order; regions come before the tables that have a column for each."""
    sheets: dict[str, Sheet] = {}
    for t in (*tables(), *optional_tables()):
        if f"{t}.csv" not in contents:
            continue
        if not competitors and any(a.name == EVERY_COMPETITOR for a in schema(t).attributes):
            continue  # regions.csv could not be read, and is itself among the problems
        try:
            sheet, found = read_sheet(
                folder / f"{t}.csv", contents[f"{t}.csv"], schema(t), competitors
            )
        except InputError as error:  # not text at all
            problems.append(error)
            continue
        problems += found
        if any(p.row == 1 for p in found):  # the header is wrong: its rows mean nothing
            continue
        sheets[t] = sheet
        if t == "regions":
            competitors = tuple(
                r["region"] for r in sheet.records if r["competitor"] and r["region"]
            )
    return sheets


def _economy(folder: Path, settings: Settings, problems: list[InputError]) -> Economy:
    if settings.table == "reference":
        return reference()
    try:
        return read(None, folder / settings.table)
    except InputError as error:
        problems.append(error)
        return reference()


def _frame(sheet: Sheet) -> pd.DataFrame:
    import pandas as pd

    types = {"number": "float64", "integer": "int64", "boolean": "bool"}
    columns = {}
    for name, a in sheet.columns.items():
        values = [r[name] for r in sheet.records]
        numeric = a.type == "choice" and all(isinstance(v, float) for v in values) and bool(values)
        dtype = "float64" if numeric else types.get(a.type, "object")
        columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)
