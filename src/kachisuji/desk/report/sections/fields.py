"""A card for each field: place in the chain, life cycle, rivals, tipping number, what decides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kachisuji.desk.comparing import best_lines
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import Both, fixed, percent, plain, t
from kachisuji.desk.report.drawing import Scale, pc, stack, strip, whisker
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun

STAGES = ("unborn", "emergence", "growth", "shakeout", "maturity")


def cards(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """One card a field, in the order of the fields table."""
    segments = run.case.tables["segments"]
    view = _View(run, names)
    out = []
    for field in records(run.case.tables["fields"]):
        own = records(segments[segments["field"] == field["field"]])
        inner = [view.segment(row) for row in own]
        states = {s["state"] for s in inner}
        state = next((s for s in ("in", "out", "thin") if s in states), "none")
        out.append(
            {
                "number": field["field"],
                "name": names.fields[field["field"]],
                "state": state,
                "badge": t(f"desk.state_{state}"),
                "segments": inner,
            }
        )
    return out


class _View:
    """What the cards draw on, looked up once."""

    def __init__(self, run: StoredRun, names: Names) -> None:
        self.run, self.names = run, names
        self.best = best_lines(run.lines, run.of_line("welfare")["mean"].to_numpy())
        self.picked = {run.lines.loc[i, "segment"]: i for i in chosen(run)}
        self.tipping = run.tipping.set_index("segment")
        self.place = run.place.set_index("segment")
        self.measures = {m: run.of_line(m) for m in ("welfare", "spillover", "value_added")}
        self.shares = run.case.tables["shares"]
        self.markets = run.case.tables["markets"]
        top = float(run.tipping["p90"].max()) if len(run.tipping) else 1.0
        self.tip_scale = Scale(0.0, max(2.0, math.ceil(top)))

    def segment(self, row: dict[str, Any]) -> dict[str, Any]:
        """Everything a card says of one segment."""
        name = str(row["segment"])
        ranked = row["status"] == "ranked"
        state = "in" if name in self.picked else "out" if ranked else "thin"
        line = self.picked.get(name, self.best.get(name))
        shown: dict[str, Any] = {
            "id": name,
            "name": self.names.segments[name],
            "state": state,
            "badge": t(f"desk.state_{state}"),
            "use": t(f"desk.use_{row['use']}"),
            "stage": t(f"desk.stage_{row['stage']}"),
            "curve": _curve(str(row["stage"])),
            "rivals": self._rivals(name),
            "chain": self._chain(name),
            "tipping": self._tipping(name),
            "deciding": self._deciding(name),
            "goals": self._goals(name),
            "reason": None if ranked else Both(str(row["reason_en"]), str(row["reason_ja"])),
            "line": None,
        }
        if line is not None:
            shown["line"] = self._line(int(line))
        return shown

    def _line(self, line: int) -> dict[str, Any]:
        money, row = self.names.money, row_of(self.run.lines, line)
        welfare = row_of(self.measures["welfare"], line)
        spill = row_of(self.measures["spillover"], line)
        added = row_of(self.measures["value_added"], line)
        return {
            "text": self.names.line(row),
            "package": self.names.packages[row["package"]],
            "start": row["start"],
            "welfare": money(welfare["mean"]),
            "low": money(welfare["p10"]),
            "high": money(welfare["p90"]),
            "positive": percent(welfare["positive"]),
            "spillover": money(spill["mean"]),
            "spillover_low": money(spill["p10"]),
            "spillover_high": money(spill["p90"]),
            "spillover_part": percent(spill["mean"] / added["mean"])
            if added["mean"]
            else plain("–"),
        }

    def _rivals(self, segment: str) -> dict[str, Any] | None:
        """World shares of the base year: market shares weighted by market size."""
        shares = world_shares(self.shares, self.markets, segment, self.run.case)
        if shares is None:
            return None
        home = self.run.case.settings.home
        order = [home, *sorted((r for r in shares.index if r != home), key=lambda r: -shares[r])]
        fixed_order = [home, *(r for r in self.run.case.competitors if r != home)]
        colour = {r: f"s{k % 8}" for k, r in enumerate(fixed_order)}
        return {
            "bar": stack([(float(shares[r]), colour[r]) for r in order]),
            "legend": [
                (colour[r], self.names.region(r), percent(float(shares[r])))
                for r in order
                if shares[r] >= 0.005
            ],
            "home": percent(float(shares[home])),
        }

    def _chain(self, segment: str) -> dict[str, Both] | None:
        if segment not in self.place.index:
            return None
        row = row_of(self.place, segment)
        return {
            "sector": self.names.region(str(row["sector"]))
            if row["sector"] in self.names.regions
            else t(f"accounts.sector_{row['sector']}"),
            "upstreamness": fixed(row["upstreamness"], 2),
            "multiplier": fixed(row["multiplier"], 2),
            "value_added": fixed(row["value_added"], 2),
            "forward": fixed(row["forward"], 2),
            "backward": fixed(row["backward"], 2),
        }

    def _tipping(self, segment: str) -> dict[str, Any] | None:
        if segment not in self.tipping.index:
            return None
        row = row_of(self.tipping, segment)
        return {
            "whisker": whisker(self.tip_scale, row["p10"], row["p50"], row["p90"], mark=1.0),
            "middle": fixed(row["p50"], 2),
            "low": fixed(row["p10"], 2),
            "high": fixed(row["p90"], 2),
            "above": percent(row["above"]),
            "verdict": t(
                "desk.tips"
                if row["above"] > 0.8
                else "desk.spreads"
                if row["above"] < 0.2
                else "desk.undecided"
            ),
        }

    def _deciding(self, segment: str) -> list[dict[str, Any]]:
        table = self.run.influence
        own = table[table["scope"] == segment].head(4)
        return [
            {
                "name": self.names.quantity(str(row["quantity"]), segment),
                "share": percent(row["share"]),
                "up": row["correlation"] > 0,
                "grade": t(f"desk.grade_{row['grade']}"),
                "grade_id": row["grade"],
            }
            for row in records(own)
        ]

    def _goals(self, segment: str) -> list[dict[str, Any]]:
        goals = self.run.case.tables["goals"]
        return [
            {
                "text": Both(str(g["statement_en"]), str(g["statement_ja"])),
                "year": g["year"],
                "evidence": g["evidence"],
            }
            for g in records(goals[goals["segment"] == segment])
        ]


def world_shares(
    shares: pd.DataFrame, markets: pd.DataFrame, segment: str, case: Any
) -> pd.Series | None:
    """World share of every competitor in the base year: market shares weighted by market size."""
    own = shares[shares["segment"] == segment].set_index("market")
    if not len(own):
        return None
    sizes = markets[markets["segment"] == segment]
    first = sizes[sizes["year"] == sizes["year"].min()].set_index("region")["mode"]
    weight = first.reindex(own.index).fillna(0.0).to_numpy(float)
    if weight.sum() <= 0:
        weight = np.ones(len(own))
    table = own[list(case.competitors)].astype(float)
    return pd.Series(weight @ table.to_numpy() / weight.sum(), index=table.columns)


def _curve(stage: str) -> Any:
    """Draw a life-cycle curve with a dot where the market stands; the stage is written beside."""
    place = {"unborn": 0.03, "emergence": 0.2, "growth": 0.45, "shakeout": 0.66, "maturity": 0.9}
    height = 34
    xs = np.linspace(0.0, 1.0, 25)
    ys = 1 / (1 + np.exp(-9 * (xs - 0.45)))
    parts = [
        f'<line x1="{pc(a)}" y1="{height - 3 - 26 * b:.1f}" x2="{pc(c)}" '
        f'y2="{height - 3 - 26 * d:.1f}" class="curve"/>'
        for a, b, c, d in zip(xs[:-1], ys[:-1], xs[1:], ys[1:], strict=True)
    ]
    x = place[stage]
    y = height - 3 - 26 / (1 + math.exp(-9 * (x - 0.45)))
    parts.append(f'<circle cx="{pc(x)}" cy="{y:.1f}" r="5" class="dot picked"/>')
    return strip(parts, height)
