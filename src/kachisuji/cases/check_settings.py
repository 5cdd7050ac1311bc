"""What must hold inside case.toml and lines.toml, and between them and the tables."""

from __future__ import annotations

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
            column="first_year",
            got=s.first_year,
            want=s.base_year + 1,
        )
    if s.last_year <= s.first_year:
        yield InputError(
            "cases.last_year", file=file, column="last_year", got=s.last_year, first=s.first_year
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
            yield InputError("cases.listed_twice", file=file, column=column, got=", ".join(twice))
    business = next(a for a in schema("segments").attributes if a.name == "business").choices
    for group, names in lines.market_groups.items():
        yield from _unknown(
            names, w.regions("market"), file, f"market_groups.{group}", "regions.csv"
        )
    for p in lines.packages:
        place = f"packages.{p.id}"
        known = w.names("instruments", "instrument")
        yield from _unknown(p.instruments, known, file, f"{place}.instruments", "instruments.csv")
        yield from _unknown(p.business, business, file, f"{place}.business", "schema/segments.csv")
        groups = list(lines.market_groups)
        yield from _unknown((p.markets,), groups, file, f"{place}.markets", "market_groups")


def _unknown(
    names: tuple[str, ...],
    known: list[str] | tuple[str, ...] | None,
    file: Path,
    column: str,
    where: str,
) -> Iterator[InputError]:
    for name in names:
        if known is not None and name not in known:
            yield InputError(
                "cases.unknown_name",
                file=file,
                column=column,
                got=name,
                where=where,
                known=nearest(name, known),
            )
