"""The instruments of a case as plain values, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kachisuji.desk.rows import records
from kachisuji.words import Lang, say

if TYPE_CHECKING:
    from kachisuji.cases import Case

Row = dict[str, Any]

CHANGES = {
    "kappa": 1.0, "barrier": 1.0, "duty": 1.0, "private_investment": 1.0, "quality": 1.0,
    "foreign_stake": 1.0, "cost": -1.0, "labour_saving": -1.0, "consolidation": -1.0,
    "access": -1.0,
}  # fmt: skip
"""Levers told as a change with its sign (what saves, as a fall); others are told as parts."""
COUNTED = ("procurement", "birth")
"""Levers told as a number, in the unit that their text names."""


def _figure(row: Row, stem: str = "") -> list[float]:
    return [float(row[f"{stem}{k}"]) for k in ("low", "mode", "high")]


def described(case: Case) -> list[Row]:
    """Every instrument with its effects, interactions and fit, in file order."""
    tables = case.tables

    def of(table: str, instrument: str, *keys: str) -> list[Row]:
        rows = records(tables[table]) if table in tables else []
        return [
            {k: r[k] for k in keys}
            | {"range": _figure(r), "evidence": r["evidence"]}
            | {"grade": case.evidence[r["evidence"]].grade}
            for r in rows
            if r["instrument"] == instrument
        ]

    out = []
    for row in records(tables["instruments"]):
        name = str(row["instrument"])
        held = case.evidence[row["evidence"]]
        out.append(
            {
                "instrument": name,
                "name_en": row["name_en"], "name_ja": row["name_ja"],
                "delay": int(row["delay"]), "duration": int(row["duration"]),
                "money_share": float(row["money_share"]), "firm_cost": float(row["firm_cost"]),
                **{k: _figure(row, f"{k}_") for k in ("windfall", "leverage", "retaliation")},
                "side_en": row["side_en"], "side_ja": row["side_ja"],
                "evidence": row["evidence"], "grade": held.grade, "source": held.source,
                "statement_en": held.statement_en, "statement_ja": held.statement_ja,
                "effects": of("effects", name, "lever"),
                "interactions": of("interactions", name, "with", "lever"),
                "finance_fit": of("finance_fit", name, "business"),
            }
        )  # fmt: skip
    return out


def told(rows: list[Row], lang: Lang) -> Iterator[str]:
    """Tell the instruments in words: what each moves, when, what it costs, on what evidence."""
    names = {r["instrument"]: r[f"name_{lang}"] for r in rows}
    yield say("instruments.how_to_read", lang)
    for r in rows:
        yield ""
        yield f"{r[f'name_{lang}']}  [{r['instrument']}]"
        yield from ("    " + line for line in _one(r, names, lang))


def _one(r: Row, names: dict[str, str], lang: Lang) -> Iterator[str]:
    """Tell one instrument: time and money, effects, company, side effects, evidence."""
    yield say(
        "instruments.timing", lang, delay=_years(r["delay"], lang),
        duration=_years(r["duration"], lang), share=_percent(r["money_share"]),
        firms=_percent(r["firm_cost"]),
    )  # fmt: skip
    if r["money_share"] > 0.0:
        yield say(
            "instruments.money", lang, windfall=_range(r["windfall"], lang, _percent),
            leverage=_range(r["leverage"], lang),
        )  # fmt: skip
    yield say("instruments.answer", lang, retaliation=_range(r["retaliation"], lang, _percent))
    for e in r["effects"]:
        grade = say(f"desk.grade_{e['grade']}", lang)
        effect = effect_told(e["lever"], e["range"], lang)
        yield say("instruments.effect", lang, effect=effect, id=e["evidence"], grade=grade)
    for e in r["interactions"]:
        yield say(
            "instruments.beside", lang, other=names[e["with"]], lever=_lever(e["lever"], lang),
            factor=_range(e["range"], lang),
        )  # fmt: skip
    if r["finance_fit"]:
        yield say("instruments.fits", lang, factors=_fits(r["finance_fit"], lang))
    if r[f"side_{lang}"]:
        yield say("instruments.side", lang, side=r[f"side_{lang}"])
    grade, statement = say(f"desk.grade_{r['grade']}", lang), r[f"statement_{lang}"]
    yield say("instruments.evidence", lang, id=r["evidence"], grade=grade, statement=statement)
    if r["source"]:
        yield say("instruments.source", lang, source=r["source"])


def effect_told(lever: str, values: list[float], lang: Lang) -> str:
    """Tell what a lever does in the unit it is read in: percent, points, years, times.

    ``values`` are low, mode and high as the case gives them (``effects.csv``).
    """
    if lever in CHANGES:
        signed = [CHANGES[lever] * v for v in values]
        told = _range(signed if CHANGES[lever] > 0 else signed[::-1], lang, _signed_percent)
    elif lever == "learning_rate":
        told = _range([100.0 * v for v in values], lang, _signed)
    else:
        told = _range(values, lang, _given if lever in COUNTED else _percent)
    return say(f"instruments.effect_{lever}", lang, value=told)


def _fits(fits: list[Row], lang: Lang) -> str:
    """Tell the factors by business type in one line."""
    return say("instruments.fit_and", lang).join(
        say(
            "instruments.fit", lang, factor=_range(e["range"], lang),
            business=say(f"instruments.business_{e['business']}", lang),
        )
        for e in fits
    )  # fmt: skip


def _years(n: int, lang: Lang) -> str:
    return say("instruments.year" if n == 1 else "instruments.years", lang, n=n)


def _given(value: float) -> str:
    """Write a figure of the case as it was given, without zeros that nobody wrote."""
    return f"{value + 0.0:.4g}".replace("-", "−")  # −0 is told as 0


def _percent(share: float) -> str:
    return f"{_given(100.0 * share)}%"


def _signed(value: float) -> str:
    return f"+{_given(value)}" if value > 0 else _given(value)


def _signed_percent(share: float) -> str:
    return f"{_signed(100.0 * share)}%"


def _lever(lever: str, lang: Lang) -> str:
    return say("instruments.lever_money" if lever == "money" else f"desk.lever_{lever}", lang)


def _range(values: list[float], lang: Lang, told: Callable[[float], str] = _given) -> str:
    low, mode, high = (told(v) for v in values)
    if low == high:
        return mode
    return say("instruments.range", lang, low=low, mode=mode, high=high)
