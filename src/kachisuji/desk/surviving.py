"""How often the choice survives, what is left out and why, and which assumptions decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kachisuji.desk.comparing import best_lines, interval
from kachisuji.desk.influence import influences

if TYPE_CHECKING:
    from kachisuji.desk.choosing import Chosen
    from kachisuji.desk.joint import Together
    from kachisuji.desk.pipeline import Work
    from kachisuji.portfolios import Survival

F8 = NDArray[np.float64]

# quantities of these groups belong to one segment (the first part of their key)
OF_SEGMENT = (
    "parameters",
    "markets",
    "rivals_spending",
    "rivals_reaction",
    "rivals_growth",
    "home_spending",
    "home_growth",
    "luck",
    "entry",
)
KEPT_OUT = ("small", "limits", "risk", "crowded")
"""What can keep out a line that pays on average (``Chosen.kept_out_by``)."""

OF_INSTRUMENT = ("windfall", "leverage", "retaliation", "effects")


def portfolio_table(work: Work, together: Together, survival: Survival) -> pd.DataFrame:
    """Return the chosen lines with their part of the joint play and both survival numbers."""
    rows = []
    for place, line in enumerate(map(int, together.lines)):
        welfare = interval(together.by_line["welfare"][place])
        theirs = interval(together.by_line["partner_gain"][place])
        alone = work.measures["welfare"][line, work.halves.report]
        rows.append(
            {
                "line": line,
                "welfare": welfare["mean"],
                "welfare_p10": welfare["p10"],
                "welfare_p90": welfare["p90"],
                "partner_gain": theirs["mean"],
                "partner_gain_p10": theirs["p10"],
                "partner_gain_p90": theirs["p90"],
                "alone": float(alone.mean()),
                "value_added": float(together.by_line["value_added"][place].mean()),
                "indispensability": float(together.by_line["indispensability"][place].mean()),
                "bootstrap": float(survival.chosen[line]),
                "segment_bootstrap": float(survival.segment_chosen[line]),
                "beats": float((alone > 0).mean()),
            }
        )
    columns = [
        "line", "welfare", "welfare_p10", "welfare_p90", "partner_gain", "partner_gain_p10",
        "partner_gain_p90", "alone", "value_added", "indispensability", "bootstrap",
        "segment_bootstrap", "beats",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def left_out_table(work: Work, chosen: Chosen, together: Together) -> pd.DataFrame:
    """Segments without a line in the portfolio: their best line, its worth, and the reason.

    ``loses``: even the best line is below zero on average where it was chosen. ``together``: it was
    chosen as lines are worth alone, and did not pay in the joint play. Of the others it
    pays on average, and the best portfolio that holds the segment is worth ``loss`` less as the
    case counts risk: ``small``, ``limits``, ``risk`` or ``crowded`` (``Chosen.kept_out_by``).
    ``evidence``: too thin to rank.
    """
    score = work.measures["welfare"][:, work.halves.choose].mean(axis=1)
    taken = {str(work.lines.loc[i, "segment"]) for i in together.lines}
    alone = {str(work.lines["segment"].iloc[i]) for i in chosen.choice.lines}
    rows: list[dict[str, object]] = []
    for segment, line in best_lines(work.lines, score).items():
        if segment in taken:
            continue
        told = interval(work.measures["welfare"][line, work.halves.report])
        if score[line] <= 0:
            reason = "loses"
        elif segment in alone:
            reason = "together"
        else:
            reason = chosen.kept_out_by(line)
        rows.append(
            {
                "segment": segment,
                "line": int(line),
                "reason": reason,
                **told,
                "loss": float("nan"),
            }
        )
    forced = {str(r["segment"]): int(chosen.problem.segment[int(str(r["line"]))])
              for r in rows if r["reason"] in KEPT_OUT}  # fmt: skip
    losses = chosen.losses_of_forcing(list(forced.values()))
    for row in rows:
        if row["segment"] in forced:
            row["loss"] = losses[forced[str(row["segment"])]]
    table = work.case.tables["segments"]
    nothing = {"line": -1, "mean": np.nan, "p10": np.nan, "p50": np.nan, "p90": np.nan,
               "positive": np.nan, "loss": np.nan}  # fmt: skip
    thin = table.loc[table["status"] != "ranked", "segment"]
    rows += [{"segment": s, "reason": "evidence", **nothing} for s in thin]
    columns = ["segment", "line", "reason", "mean", "p10", "p50", "p90", "positive", "loss"]
    return pd.DataFrame(rows, columns=columns)


def _touches(work: Work, line: int) -> list[bool]:
    """Return which uncertain quantities can move the net benefit of a line."""
    row = work.lines.loc[line]
    packages = {p.id: set(p.instruments) for p in work.case.lines.packages}
    mine = packages.get(str(row["package"]), set())

    def touched(group: str, key: tuple[str, ...]) -> bool:
        if group == "globals":
            return row["kind"] == "credit" or not key[0].startswith("credit")
        if group in OF_INSTRUMENT:
            return key[0] in mine
        if group == "partners":
            return key == (row["segment"], row["partner"])
        if group == "parameters" and key[1].startswith("niche") and row["scope"] != "niche":
            return False
        return group in OF_SEGMENT and key[0] == row["segment"]

    return [touched(q.group, q.key) for q in work.model.quantities]


def influence_table(work: Work, together: Together) -> pd.DataFrame:
    """Return what moves the portfolio's net benefit, and that of every segment's best line.

    All futures are used: nothing is chosen here.
    """
    quantities = work.model.quantities
    names = [q.name for q in quantities]
    evidence = [q.evidence for q in quantities]
    register = work.case.tables["evidence"]
    grades = dict(zip(register["id"], register["grade"], strict=True))
    welfare = work.measures["welfare"]

    def table(scope: str, lines: list[int]) -> pd.DataFrame:
        touches = np.zeros((len(lines), len(names)), dtype=bool)
        for place, line in enumerate(lines):
            touches[place] = _touches(work, line)
        parts = welfare[np.asarray(lines, dtype=np.int64)]
        found = influences(work.draws, parts, touches, names, evidence, grades)
        return found.assign(scope=scope)

    out = [table("portfolio", [int(i) for i in together.lines])]
    picked = {str(work.lines.loc[i, "segment"]): int(i) for i in together.lines}
    for segment, line in best_lines(work.lines, welfare.mean(axis=1)).items():
        out.append(table(str(segment), [picked.get(str(segment), int(line))]))
    return pd.concat(out, ignore_index=True)
