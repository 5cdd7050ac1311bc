"""What must hold inside case.toml and lines.toml, and between them and the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kachisuji.cases.checks import World
from kachisuji.cases.problems import nearest
from kachisuji.cases.schema import schema
from kachisuji.cases.settings import LineSpace, Settings
from kachisuji.words import InputError


def check_settings(s: Settings, file: Path) -> Iterator[InputError]:
    """Years in order, the first simulated year right after the base year."""
    if s.first_year != s.base_year + 1:
        yield InputError(
            "cases.first_year",
            file=file,
            row=_row_of(file, str(s.first_year), "first_year"),
            column="first_year",
            got=s.first_year,
            want=s.base_year + 1,
        )
    if s.last_year <= s.first_year:
        yield InputError(
            "cases.last_year",
            file=file,
            row=_row_of(file, str(s.last_year), "last_year"),
            column="last_year",
            got=s.last_year,
            first=s.first_year,
        )


def check_choice(s: Settings, file: Path, w: World) -> Iterator[InputError]:
    """Check that the rules of ``[choice]`` speak of known segments and partners, and say enough."""
    segments = w.names("segments", "segment")
    for rule in s.choice.rules:
        yield from _named(rule.segments, segments, file, "choice.rules.segments", "segments.csv")
        yield from _named(rule.beside, segments, file, "choice.rules.beside", "segments.csv")
        both = sorted(set(rule.segments) & set(rule.beside))
        short = len(set(rule.segments)) < 2 if rule.kind == "excludes" else not rule.beside or both
        if short or (rule.kind == "excludes" and rule.beside):
            row = _row_of(file, rule.segments[0], "segments")
            yield InputError(
                f"cases.rule_{rule.kind}", file=file, row=row, column="choice.rules",
                got=", ".join(rule.segments),
            )  # fmt: skip
    for one in s.choice.balance:
        yield from _named(one.segments, segments, file, "choice.balance.segments", "segments.csv")
    yield from _goals(s, file)
    for pair in s.choice.together:
        yield from _named(pair.segments, segments, file, "choice.together.segments", "segments.csv")
        sources = w.names("evidence", "id")
        yield from _named(
            (pair.evidence,), sources, file, "choice.together.evidence", "evidence.csv"
        )
        if pair.segments[0] == pair.segments[1]:
            row = _row_of(file, pair.segments[0], "segments")
            yield InputError(
                "cases.together_same", file=file, row=row, column="choice.together",
                got=pair.segments[0],
            )  # fmt: skip
    if s.choice.together and s.choice.goals and all(g.measure != "welfare" for g in s.choice.goals):
        row = _row_of(file, s.choice.together[0].segments[0], "segments")
        yield InputError("cases.together_unseen", file=file, row=row, column="choice.together")
    instruments = w.names("instruments", "instrument")
    yield from _named(s.closed_data, instruments, file, "closed_data", "instruments.csv")
    partners = tuple(s.choice.partner_limits)
    known = [r for r in w.regions("competitor") or () if r != s.home]
    yield from _named(partners, known, file, "choice.partner_limits", "regions.csv")


def _goals(s: Settings, file: Path) -> Iterator[InputError]:
    """Two goals or more where goals are asked for, none twice, and none that nobody asks for."""
    goals, asked = s.choice.goals, s.choice.objective == "goals"
    names = [g.measure for g in goals]
    if asked != bool(goals) or len(goals) == 1:
        key = "cases.goals_few" if asked else "cases.goals_unused"
        row = _row_of(file, "goals", "objective" if asked else "goals")
        yield InputError(key, file=file, row=row, column="choice.goals", got=len(goals))
    for name in sorted({n for n in names if names.count(n) > 1}):
        row = _row_of(file, name, "measure")
        yield InputError("cases.listed_twice", file=file, row=row, column="choice.goals", got=name)


def _row_of(file: Path, name: str, key: str) -> int | None:
    """Return the line of a TOML file that holds a name beside its key, else the last that does."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    code = {row: line.split("#")[0] for row, line in enumerate(lines, 1)}
    hits = [row for row, line in code.items() if word.search(line)]
    return next((row for row in hits if key in code[row]), hits[-1] if hits else None)


def _named(
    names: tuple[str, ...],
    known: list[str] | tuple[str, ...] | None,
    file: Path,
    column: str,
    where: str,
) -> Iterator[InputError]:
    """Names that are not known, with the line of the file."""
    for name in names:
        if known is not None and name not in known:
            yield InputError(
                "cases.unknown_name",
                file=file,
                row=_row_of(file, name, column.split(".")[-1]),
                column=column,
                got=name,
                where=where,
                known=nearest(name, known),
            )


def check_lines(lines: LineSpace, file: Path, w: World) -> Iterator[InputError]:
    """Check that starts lie inside the horizon and packages are made of known names."""
    s = w.settings
    if s is not None:
        for start in lines.starts:
            if not s.first_year <= start <= s.last_year:
                yield InputError(
                    "cases.start_outside",
                    file=file,
                    row=_row_of(file, str(start), "starts"),
                    column="starts",
                    got=start,
                    first=s.first_year,
                    last=s.last_year,
                )
    for column, values in (
        ("starts", lines.starts),
        ("intensities", lines.intensities),
        ("scopes", lines.scopes),
        ("credit_amounts", lines.credit_amounts),
        ("packages", tuple(p.id for p in lines.packages)),
    ):
        twice = sorted({str(v) for v in values if values.count(v) > 1})
        if twice:
            row = _row_of(file, twice[0], "id" if column == "packages" else column)
            told = ", ".join(twice)
            yield InputError("cases.listed_twice", file=file, row=row, column=column, got=told)
    business = next(a for a in schema("segments").attributes if a.name == "business").choices
    for group, names in lines.market_groups.items():
        yield from _named(names, w.regions("market"), file, f"market_groups.{group}", "regions.csv")
    for p in lines.packages:
        place = f"packages.{p.id}"
        known = w.names("instruments", "instrument")
        yield from _named(p.instruments, known, file, f"{place}.instruments", "instruments.csv")
        yield from _named(p.business, business, file, f"{place}.business", "schema/segments.csv")
        groups = list(lines.market_groups)
        yield from _named((p.markets,), groups, file, f"{place}.markets", "market_groups")
