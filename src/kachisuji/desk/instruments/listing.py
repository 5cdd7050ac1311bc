"""The instruments of a case as plain values, and in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kachisuji.desk.rows import records
from kachisuji.words import Lang, number, percent, say

if TYPE_CHECKING:
    from kachisuji.cases import Case

Row = dict[str, Any]


def _figure(row: Row, stem: str = "") -> list[float]:
    return [float(row[f"{stem}{k}"]) for k in ("low", "mode", "high")]


def described(case: Case) -> list[Row]:
    """Every instrument with its effects, interactions and fit, in file order."""
    tables = case.tables

    def of(table: str, instrument: str, *keys: str) -> list[Row]:
        rows = records(tables[table]) if table in tables else []
        return [
            {k: r[k] for k in keys} | {"range": _figure(r), "evidence": r["evidence"]}
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
                "effects": of("effects", name, "lever"),
                "interactions": of("interactions", name, "with", "lever"),
                "finance_fit": of("finance_fit", name, "business"),
            }
        )  # fmt: skip
    return out


def told(rows: list[Row], lang: Lang) -> Iterator[str]:
    """Tell the instruments in words: what each moves, when, what it costs, on what evidence."""
    names = {r["instrument"]: r[f"name_{lang}"] for r in rows}
    for r in rows:
        yield f"{r[f'name_{lang}']}  [{r['instrument']}]"
        yield "    " + say(
            "instruments.timing", lang, delay=r["delay"], duration=r["duration"],
            share=percent(r["money_share"], lang), firms=percent(r["firm_cost"], lang),
        )  # fmt: skip
        yield "    " + say(
            "instruments.money", lang, windfall=_range(r["windfall"], lang),
            leverage=_range(r["leverage"], lang), retaliation=_range(r["retaliation"], lang),
        )  # fmt: skip
        for e in r["effects"]:
            lever = say(f"desk.lever_{e['lever']}", lang)
            effect = _range(e["range"], lang)
            yield "    " + say("instruments.moves", lang, lever=lever, effect=effect)
        for e in r["interactions"]:
            yield "    " + say(
                "instruments.beside", lang, other=names[e["with"]], lever=_lever(e["lever"], lang),
                factor=_range(e["range"], lang),
            )  # fmt: skip
        for e in r["finance_fit"]:
            kind = say(f"instruments.business_{e['business']}", lang)
            factor = _range(e["range"], lang)
            yield "    " + say("instruments.fits", lang, business=kind, factor=factor)
        if r[f"side_{lang}"]:
            yield "    " + say("instruments.side", lang, side=r[f"side_{lang}"])
        grade = say(f"desk.grade_{r['grade']}", lang)
        source = f" {r['source']}" if r["source"] else ""
        yield "    " + say(
            "instruments.evidence", lang, id=r["evidence"], grade=grade, source=source
        )


def _lever(lever: str, lang: Lang) -> str:
    return say("instruments.lever_money" if lever == "money" else f"desk.lever_{lever}", lang)


def _range(values: list[float], lang: Lang) -> str:
    low, mode, high = (number(v, lang, 2) for v in values)
    return mode if low == high else f"{mode} ({say('desk.between', lang, low=low, high=high)})"
