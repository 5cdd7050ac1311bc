"""Evidence: where a number comes from, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from kachisuji.words import InputError

Grade = Literal["measured", "protected", "published", "carried", "elicited", "assumed"]
GRADES: tuple[Grade, ...] = get_args(Grade)
"""From the firmest to the weakest: taken from data of our own reading, measured on nodes that keep
their data and answered under protection, published by a named source, carried over from a published
figure of another country, time or kind of business by a rule that the statement gives, given by
named experts under a protocol, assumed."""

SOURCED: frozenset[Grade] = frozenset({"measured", "protected", "published"})
"""Grades whose figure the source itself gives."""

READ: frozenset[Grade] = SOURCED | {"carried"}
"""Grades that need a source, a date and an address."""


def grades_in(counts: Mapping[Any, float]) -> tuple[Grade, ...]:
    """Grades that a table of counts has columns for: ``protected`` only where nodes were asked."""
    return tuple(g for g in GRADES if g != "protected" or counts.get(g, 0.0) > 0)


@dataclass(frozen=True)
class Evidence:
    """One row of the register: what is said, by whom, when, and where it can be read."""

    id: str
    grade: Grade
    statement_en: str
    statement_ja: str
    source: str = ""
    date: str = ""
    address: str = ""

    def missing(self) -> tuple[str, ...]:
        """Names of the attributes that this grade needs and the row lacks."""
        if self.grade in READ:
            needed: tuple[str, ...] = ("source", "date", "address")
        else:
            needed = ("source",) if self.grade == "elicited" else ()
        return tuple(
            a for a in ("statement_en", "statement_ja", *needed) if not getattr(self, a).strip()
        )


class Register(Mapping[str, Evidence]):
    """The evidence register of one case: every id once, in file order, unchangeable.

    Parameters
    ----------
    rows
        Evidence in order.

    Raises
    ------
    InputError
        When an id appears twice or a grade is unknown.
    """

    def __init__(self, rows: Iterable[Evidence]) -> None:
        found: dict[str, Evidence] = {}
        for row in rows:
            if row.id in found:
                raise InputError("beliefs.id_twice", row=row.id)
            if row.grade not in GRADES:
                raise InputError(
                    "beliefs.unknown_grade", row=row.id, got=row.grade, known=", ".join(GRADES)
                )
            found[row.id] = row
        self._rows = MappingProxyType(found)

    def __getitem__(self, key: str) -> Evidence:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def counts(self, figures: Iterable[tuple[str, int, int]]) -> dict[int, dict[Grade, int]]:
        """Count figures by field and grade.

        Parameters
        ----------
        figures
            ``(evidence id, field, how many figures)``; field 0 is cross-cutting.

        Returns
        -------
        dict
            Field (ascending) -> grade -> number of figures; every grade is there, also at zero.
        """
        table: dict[int, dict[Grade, int]] = {}
        for key, field, number in figures:
            row = table.setdefault(field, dict.fromkeys(GRADES, 0))
            row[self[key].grade] += number
        return {field: table[field] for field in sorted(table)}
