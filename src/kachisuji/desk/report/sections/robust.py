"""Where the portfolio fails, what knowing more is worth, and whether other halves choose alike."""

from __future__ import annotations

from typing import Any

from kachisuji.desk.report.bilingual import Both, listed, percent, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.stored import StoredRun


def robust(run: StoredRun, names: Names) -> dict[str, Any] | None:
    """Sentences and rows of the section; None for a run of an older version."""
    found = run.choice.get("robust")
    if not found:
        return None
    fails, halves, gap = found["fails"], found["halves"], found["gap"]
    knowing = found["knowing"]
    return {
        "fails": t(f"robust.fails_{fails['kind']}", share=percent(fails["share"])),
        "boxes": [_box(box, fails, names) for box in fails["boxes"]],
        "all": t("robust.knowing_all", all=names.money(knowing["all"])),
        "knowing": [
            {
                "name": names.quantity(row["quantity"]),
                "value": names.money(row["value"]),
                "grade": t(f"desk.grade_{row['grade']}"),
                "grade_id": row["grade"],
            }
            for row in knowing["rows"][:8]
        ],
        "halves": t(
            "robust.halves",
            count=halves["count"],
            common=percent(halves["common"]),
            least=percent(halves["least"]),
        ),
        "gap": t(
            "robust.gap",
            mean=names.money(gap["mean"]),
            upper=names.money(gap["upper"]),
            odds=percent(gap["odds"]),
            batches=gap["batches"],
        ),
        "room": _room(found.get("room"), names),
    }


def _room(room: dict[str, Any] | None, names: Names) -> Both | None:
    """How much freedom there is, in a sentence; None for a run of an older version."""
    if room is None:
        return None
    within = percent(room["within"])
    if not room["count"]:
        return t("robust.room_none", within=within)
    steps = [
        t(f"robust.room_{way}", segments=listed([names.segments[s] for s in room[way]]))
        for way in ("out", "into", "other")
        if room[way]
    ]
    saves = "saves" if room["saving"] > 0 else "costs"
    core = [names.segments[s] for s in room["core"]]
    return t(
        "robust.room",
        count=room["count"],
        within=within,
        core=listed(core) if core else t("robust.room_no_core"),
        cheapest=t(f"robust.room_{saves}", amount=names.money(abs(room["saving"]))),
        steps=listed(steps),
        shared=room["shared"],
        lines=room["lines"],
    )


def _box(box: dict[str, Any], fails: dict[str, Any], names: Names) -> Both:
    """One box as a plain sentence."""
    told = []
    for c in box["conditions"]:
        name = names.quantity(c["quantity"])
        if c["low"] <= 0:
            told.append(t("robust.lowest", name=name, width=percent(c["high"])))
        elif c["high"] >= 1:
            told.append(t("robust.highest", name=name, width=percent(1 - c["low"])))
        else:
            told.append(
                t("robust.middle", name=name, low=percent(c["low"]), high=percent(c["high"]))
            )
    parts = {name: percent(box[name]) for name in ("coverage", "density", "mass")}
    base = percent(fails["share"])
    text = t(f"robust.box_{fails['kind']}", when=listed(told), base=base, **parts)
    return text + t("robust.box_wide") if box["mass"] > 0.5 else text
