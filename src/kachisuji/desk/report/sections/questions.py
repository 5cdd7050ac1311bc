"""The panel's twelve questions: answered with number, interval and survival, or why not yet."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kachisuji.contest.doctrine import STANCES
from kachisuji.desk.comparing import best_lines, latest_start
from kachisuji.desk.findings import chosen
from kachisuji.desk.report.bilingual import (
    Both,
    between,
    fixed,
    listed,
    people,
    percent,
    plain,
    points,
    t,
)
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import SKILLS, path_of
from kachisuji.desk.report.sections.layers import layers
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun
from kachisuji.desk.surviving import KEPT_OUT

HALF = 0.5  # a goal counts as met where at least this part of the futures meets it
ROWS = 12  # rows of a table of answers; the whole lies in the run folder


def answers(run: StoredRun, names: Names) -> list[dict[str, Any]]:
    """All twelve, in the panel's order."""
    view = _Answers(run, names)
    return [
        {"number": k, "title": t(f"desk.q{k}_title"), **getattr(view, f"q{k}")()}
        for k in range(1, 13)
    ]


def _answer(
    status: str, text: list[Both], *tables: dict[str, Any] | None, why: Both | None = None
) -> dict[str, Any]:
    return {
        "status": status,
        "badge": t(f"desk.status_{status}"),
        "text": text,
        "tables": [table for table in tables if table],
        "why": why,
    }


def _table(caption: Both, head: list[Both], rows: list[list[Both]]) -> dict[str, Any] | None:
    return {"caption": caption, "head": head, "rows": rows} if rows else None


class _Answers:
    def __init__(self, run: StoredRun, names: Names) -> None:
        self.run, self.names, self.money = run, names, names.money
        self.welfare: Any = run.of_line("welfare")
        self.best = best_lines(run.lines, self.welfare["mean"].to_numpy())
        self.picked = chosen(run)
        self.partners_gain = run.of_line("partner_gain")

    def span(self, row: Any, prefix: str = "") -> Both:
        """Write an interval in money."""
        return between(self.money(row[f"{prefix}p10"]), self.money(row[f"{prefix}p90"]))

    def names_of(self, segments: list[Any]) -> Both:
        """Segments joined, or a word for none."""
        return listed([self.names.segments[s] for s in segments]) if segments else t("desk.none")

    def q1(self) -> dict[str, Any]:
        run, joint = self.run, self.run.choice["joint"]
        total = sum(sum(path_of(run, i, "money").values()) for i in self.picked)
        year, skilled = self._most_skilled()
        reasons = run.left_out["reason"].value_counts()
        told = [
            t(
                "desk.q1_what",
                named=self.names_of([row_of(run.lines, i)["segment"] for i in self.picked]),
                welfare=self.money(joint["welfare"]["mean"]),
                span=self.span(joint["welfare"]),
                positive=percent(joint["welfare"]["positive"]),
            ),
            t(
                "desk.q1_means",
                total=self.money(total),
                skilled=people(skilled),
                year=year,
                survive=percent(float(run.portfolio["bootstrap"].median()))
                if len(run.portfolio)
                else plain("–"),
            ),
        ]
        text = [
            *(told if self.picked else [t("desk.finding_play_none")]),
            t(
                "desk.q1_out",
                loses=int(reasons.get("loses", 0)),
                crowded=int(sum(reasons.get(k, 0) for k in (*KEPT_OUT, "together"))),
                evidence=int(reasons.get("evidence", 0)),
            ),
        ]
        return _answer("answered", text)

    def _most_skilled(self) -> tuple[int, float]:
        """Year in which the portfolio, played jointly, needs most people with special skills."""
        use = self.run.use[self.run.use["item"].isin([f"labour_{s}" for s in SKILLS[:3]])]
        by_year = use.groupby("year")["mean"].sum()
        if by_year.empty:
            return self.run.case.settings.first_year, 0.0
        return int(str(by_year.idxmax())), float(by_year.max())

    def q2(self) -> dict[str, Any]:
        by_field: dict[int, int] = {}
        for segment, line in self.best.items():
            field = int(self.names.field_of[segment])
            old = by_field.get(field)
            if old is None or self.welfare.loc[line, "mean"] > self.welfare.loc[old, "mean"]:
                by_field[field] = int(line)
        rows = []
        for field, line in sorted(by_field.items()):
            row, own = row_of(self.run.lines, line), row_of(self.welfare, line)
            rows.append(
                [
                    self.names.fields[field],
                    self.names.segments[row["segment"]],
                    plain(row["start"]),
                    self.names.region(row["partner"]),
                    self.names.markets(row["markets"]),
                    self.money(own["mean"]),
                    self.span(own),
                    percent(own["positive"]),
                ]
            )
        head = ["field", "segment", "start", "partner", "market", "welfare", "interval", "beats"]
        table = _table(t("desk.q2_caption"), [t(f"desk.head_{h}") for h in head], rows)
        fields = len(self.run.case.tables["fields"])
        pays = [f for f, i in sorted(by_field.items()) if self.welfare.loc[i, "mean"] > 0]
        named = listed([self.names.fields[f] for f in pays]) if pays else t("desk.none")
        text = t(
            "desk.q2_text", shown=len(rows), fields=fields, pays=len(pays), named=named,
            loses=len(rows) - len(pays),
        )  # fmt: skip
        return _answer("answered", [text], table)

    def q3(self) -> dict[str, Any]:
        bought = self.run.bought.sort_values("welfare", ascending=False)
        rows = [
            [
                self.names.packages[row["package"]],
                self.names.means(row["package"]),
                fixed(row["value_added"], 2),
                between(fixed(row["value_added_p10"], 2), fixed(row["value_added_p90"], 2)),
                fixed(row["welfare"], 2),
                between(fixed(row["welfare_p10"], 2), fixed(row["welfare_p90"], 2)),
                plain(int(row["segments"])),
            ]
            for row in records(bought)
        ]
        head = ["package", "means", "added_per", "interval", "welfare_per", "interval", "segments"]
        table = _table(t("desk.q3_caption"), [t(f"desk.head_{h}") for h in head], rows)
        goals = self.run.choice["goals"]
        alone = [g for g in goals if g["baseline_odds"] >= HALF]
        reached = [g for g in goals if g["cheapest"] is not None and g not in alone]
        text = [
            t(
                "desk.q3_text",
                alone=self._best_alone(),
                first=self.names.packages[bought.iloc[0]["package"]] if len(bought) else plain("–"),
                value=fixed(bought.iloc[0]["welfare"], 2) if len(bought) else plain("–"),
            )
        ]
        text += [self._goal(g) for g in reached[:4]]
        text.append(t("desk.q3_goals", tested=len(goals), alone=len(alone), reached=len(reached)))
        return _answer("partly", text, table, why=t("desk.q3_why"))

    def _best_alone(self) -> Both:
        """Tell the three instruments that pay alone in the largest part of the segments."""
        own = self.run.marginal.query("measure == 'welfare' and per == 'public'")
        least = own[own["intensity"] == own["intensity"].min()]
        pays = least.assign(pays=least["total"] > 0).groupby("instrument", sort=False)["pays"]
        table = pays.agg(["sum", "size"])
        top = (table["sum"] / table["size"]).nlargest(3)
        named = [
            t("desk.q3_count", name=self.names.instruments[str(i)],
              pays=int(table.loc[i, "sum"]), tried=int(table.loc[i, "size"]))
            for i in top[top > 0].index
        ]  # fmt: skip
        return t("desk.q3_alone", named=listed(named) if named else t("desk.none"))

    def _goal(self, goal: dict[str, Any]) -> Both:
        line = row_of(self.run.lines, goal["cheapest"])
        return t(
            "desk.q3_goal",
            goal=Both(goal["statement_en"], goal["statement_ja"]),
            line=self.names.line(line),
            package=self.names.packages[line["package"]],
            cost=self.money(goal["cost"]),
            odds=percent(goal["odds"]),
        )

    def q4(self) -> dict[str, Any]:
        spill: Any = self.run.of_line("spillover")
        power: Any = self.run.of_line("indispensability")
        added: Any = self.run.of_line("value_added")
        apart: Any = {m: self.run.of_line(m) for m in ("forward", "technology", "dual_use")}
        order = sorted(self.best.items(), key=lambda p: -spill.loc[p[1], "mean"])
        rows = [
            [
                self.names.segments[segment],
                self.money(spill.loc[line, "mean"]),
                self.span(spill.loc[line]),
                percent(spill.loc[line, "positive"]),
                *(self.money(apart[m].loc[line, "mean"]) for m in apart),
                self.money(added.loc[line, "mean"]),
                points(power.loc[line, "mean"]),
                between(points(power.loc[line, "p10"]), points(power.loc[line, "p90"])),
            ]
            for segment, line in order[:ROWS]
        ]
        growth_rank = {
            s: k
            for k, (s, _) in enumerate(
                sorted(self.best.items(), key=lambda p: -added.loc[p[1], "mean"])
            )
        }
        power_order = sorted(self.best.items(), key=lambda p: -power.loc[p[1], "mean"])
        half = len(growth_rank) / 2
        strong = [s for s, i in power_order[: max(1, len(power_order) // 3)]
                  if growth_rank[s] >= half and power.loc[i, "mean"] > 0]  # fmt: skip
        head = ["segment", "spillover", "interval", "positive", *apart, "value_added", "power",
                "interval"]  # fmt: skip
        table = _table(t("desk.q4_caption"), [t(f"desk.head_{h}") for h in head], rows)
        text = [
            t("desk.q4_spill", named=self.names_of([s for s, _ in order[:3]])),
            t("desk.q4_power", named=self.names_of(strong)),
        ]
        return _answer("answered", text, table)

    def q5(self) -> dict[str, Any]:
        table = self.run.compared.query("dimension == 'scope'")
        wide = table[table["value"] == "whole"].set_index("segment")
        narrow = table[table["value"] == "niche"].set_index("segment")
        whole: list[str] = []
        niche: list[str] = []
        neither: list[str] = []
        rows = []
        for segment in wide.index:
            a = row_of(wide, segment)
            b: Any = row_of(narrow, segment) if segment in narrow.index else None
            take_niche = b is not None and b["gain"] > 0
            top: Any = b if take_niche else a
            verdict = "neither" if top["mean"] <= 0 else "niche" if take_niche else "whole"
            {"whole": whole, "niche": niche, "neither": neither}[verdict].append(str(segment))
            rows.append(
                [
                    self.names.segments[segment],
                    percent(a["positive"]),
                    percent(b["positive"]) if b is not None else plain("–"),
                    self.money(b["gain"]) if b is not None else plain("–"),
                    between(self.money(b["gain_p10"]), self.money(b["gain_p90"]))
                    if b is not None
                    else plain("–"),
                    self.names.niches[segment] if verdict == "niche" else t(f"desk.win_{verdict}"),
                ]
            )
        head = ["segment", "wins_whole", "wins_niche", "gain_niche", "interval", "verdict"]
        shown = _table(t("desk.q5_caption"), [t(f"desk.head_{h}") for h in head], rows)
        text = [
            t(
                "desk.q5_text",
                whole=len(whole),
                niche=len(niche),
                neither=len(neither),
                narrow=self.names_of(niche),
            )
        ]
        return _answer("answered", text, shown)

    def q6(self) -> dict[str, Any]:
        latest: Any = latest_start(self.run.compared).set_index("segment")
        starts = self.run.compared.query("dimension == 'start' and not reference")
        last = starts.sort_values("value").groupby("segment", sort=False).tail(1)
        delay: Any = last.set_index("segment")
        costly = delay[delay["gain"] < 0]
        rows = [
            [
                self.names.segments[segment],
                plain(latest.loc[segment, "start"])
                if latest.loc[segment, "start"]
                else t("desk.never"),
                self.money(delay.loc[segment, "gain"]),
                self.span(delay.loc[segment], "gain_"),
                percent(1 - delay.loc[segment, "better"]),
            ]
            for segment in delay.sort_values("gain").index
        ][:ROWS]
        head = ["segment", "latest", "delay", "interval", "earlier_better"]
        shown = _table(t("desk.q6_caption"), [t(f"desk.head_{h}") for h in head], rows)
        goals = self.run.choice["goals"]
        out_of_reach = [g for g in goals if g["cheapest"] is None]
        by_itself = [g for g in goals if g["baseline_odds"] >= HALF]
        text = [
            t(
                "desk.q6_text",
                goals=len(goals),
                alone=len(by_itself),
                missed=len(out_of_reach),
                urgent=self.names_of([str(s) for s in costly.sort_values("gain").index[:3]]),
            )
        ]
        return _answer("partly", text, shown, self._goals(goals), why=t("desk.q6_why"))

    def _goals(self, goals: list[dict[str, Any]]) -> dict[str, Any] | None:
        head = ["goal", "year", "goal_alone", "goal_best"]
        rows = [
            [
                Both(g["statement_en"], g["statement_ja"]),
                plain(g["year"]),
                percent(g["baseline_odds"]),
                percent(g["best_odds"]),
            ]
            for g in goals
        ]
        return _table(t("desk.q6_goals_caption"), [t(f"desk.head_{h}") for h in head], rows)

    def q7(self) -> dict[str, Any]:
        segments: Any = self.run.case.tables["segments"].set_index("segment")
        tipping: Any = self.run.tipping.set_index("segment")
        craft = self._symbol("craft")
        order = ["unborn", "emergence", "growth", "shakeout", "maturity"]
        rows = [
            [
                self.names.segments[s],
                t(f"desk.stage_{segments.loc[s, 'stage']}"),
                fixed(tipping.loc[s, "p50"], 2),
                between(fixed(tipping.loc[s, "p10"], 2), fixed(tipping.loc[s, "p90"], 2)),
                percent(tipping.loc[s, "above"]),
                fixed(craft.get(s, float("nan")), 2),
            ]
            for s in sorted(
                (s for s in tipping.index if s in segments.index),
                key=lambda s: (order.index(segments.loc[s, "stage"]), -tipping.loc[s, "p50"]),
            )
        ]
        head = ["segment", "stage", "tipping", "interval", "above", "craft"]
        shown = _table(t("desk.q7_caption"), [t(f"desk.head_{h}") for h in head], rows)
        tips = [str(s) for s in tipping.index if tipping.loc[s, "above"] > 0.8]
        young = [
            str(s)
            for s in segments.index
            if segments.loc[s, "stage"] in ("unborn", "emergence")
            and craft.get(s, 0.0) >= craft.median()
        ]
        text = [t("desk.q7_tips", named=self.names_of(tips)),
                t("desk.q7_skill", named=self.names_of(young))]  # fmt: skip
        return _answer("answered", text, shown)

    def _symbol(self, symbol: str) -> pd.Series:
        table = self.run.case.tables["parameters"]
        own = table[table["symbol"] == symbol]
        return own.set_index("segment")["mode"].astype(float)

    def q8(self) -> dict[str, Any]:
        segments = self.run.case.tables["segments"]
        layered = segments[segments["layer"] != "none"]
        balance: Any = self.run.of_line("digital_balance")
        rows = [
            [
                self.names.segments[row["segment"]],
                t(f"desk.layer_{row['layer']}"),
                self.money(balance.loc[line, "mean"]),
                self.span(balance.loc[line]),
                percent(balance.loc[line, "positive"]),
            ]
            for row in records(layered)
            if (line := self.best.get(row["segment"])) is not None
        ]
        head = ["segment", "layer", "digital", "interval", "positive"]
        shown = _table(t("desk.q8_caption"), [t(f"desk.head_{h}") for h in head], rows)
        if "layers" not in self.run.case.tables:
            return _answer("cannot", [t("desk.q8_text")], shown, why=t("desk.q8_why"))
        text, tables = layers(self.run)
        return _answer(
            "partly", [*text, t("desk.q8_beside")], *tables, shown, why=t("desk.q8_apart")
        )

    def q9(self) -> dict[str, Any]:
        exposure = self.run.choice["dependence"]
        rows = [
            [
                self._thing(row["item"]),
                self.names.region(row["holder"]),
                points(row["loss"]),
                between(points(row["low"]), points(row["high"])),
                t(f"desk.basis_{row['basis']}"),
            ]
            for row in exposure["exposed"][:ROWS]
        ]
        head = ["item", "holder", "home_loss", "interval", "basis"]
        shown = _table(t("desk.q9_caption"), [t(f"desk.head_{h}") for h in head], rows)
        held = [self._thing(r["item"]) for r in exposure["held"][:3]]
        text = [
            t(
                "desk.q9_exposed",
                named=listed([self._thing(r["item"]) for r in exposure["exposed"][:3]]),
            ),
            t("desk.q9_held", named=listed(held) if held else t("desk.none")),
        ]
        return _answer("answered" if rows else "cannot", text, shown, why=t("desk.q9_why"))

    def _thing(self, item: str) -> Both:
        known = self.names.products | self.names.segments
        return known.get(item, plain(item))

    def q10(self) -> dict[str, Any]:
        table = self.run.compared.query("dimension == 'partner' and value != ''")
        top = table.sort_values("gain", ascending=False).groupby("segment", sort=False).head(1)
        rows = [
            [
                self.names.segments[row["segment"]],
                self.names.region(row["value"]),
                self.money(row["gain"]),
                self.span(row, "gain_"),
                percent(row["better"]),
                *self._theirs(row["line"]),
            ]
            for row in records(top)
        ][:ROWS]
        head = ["segment", "best_partner", "gain_partner", "interval", "better"]
        head += ["partners_gain", "interval"]
        shown = _table(t("desk.q10_caption"), [t(f"desk.head_{h}") for h in head], rows)
        pays = top[top["gain"] > 0]
        counts = pays["value"].value_counts()
        named = listed(
            [
                t("desk.q10_count", partner=self.names.region(str(p)), count=int(n))
                for p, n in counts.items()
            ]
        )
        text = [
            t(
                "desk.q10_text",
                pays=len(pays),
                tried=len(top),
                named=named if len(counts) else t("desk.none"),
            )
        ]
        return _answer("partly", text, shown, why=t("desk.q10_why"))

    def _theirs(self, line: int) -> tuple[Both, Both]:
        """Tell what the partner of a line gains, and the interval."""
        if line not in self.partners_gain.index:  # a run from before it was computed
            return plain("–"), plain("–")
        own = row_of(self.partners_gain, line)
        return self.money(own["mean"]), self.span(own)

    def q11(self) -> dict[str, Any]:
        effects = self.run.case.tables["effects"]
        trade = set(effects[effects["lever"].isin(["barrier", "duty", "access"])]["instrument"])
        packages = [p for p, own in self.names.with_instruments.items() if trade & set(own)]
        bought: Any = self.run.bought.set_index("package")
        rows = [
            [
                self.names.packages[p],
                self.names.means(p),
                fixed(bought.loc[p, "welfare"], 2),
                between(
                    fixed(bought.loc[p, "welfare_p10"], 2), fixed(bought.loc[p, "welfare_p90"], 2)
                ),
            ]
            for p in packages
            if p in bought.index
        ]
        head = ["package", "means", "welfare_per", "interval"]
        shown = _table(t("desk.q11_caption"), [t(f"desk.head_{h}") for h in head], rows)
        counts = self.run.stances["stance"].value_counts()
        summary = listed([t("doctrine.count", stance=t(f"doctrine.{s}"), count=int(counts[s]))
                          for s in STANCES if s in counts])  # fmt: skip
        text = t("desk.q11_text", count=len(rows), summary=summary)
        return _answer("partly", [text], shown, why=t("desk.q11_why"))

    def q12(self) -> dict[str, Any]:
        if not self.picked:
            return _answer("partly", [t("desk.q12_none")], why=t("desk.q12_why"))
        joint = self.run.choice["joint"]
        text = [
            t(
                "desk.q12_text",
                named=self.names_of(
                    [row_of(self.run.lines, i)["segment"] for i in self.picked[:3]]
                ),
                welfare=self.money(joint["welfare"]["mean"]),
                span=self.span(joint["welfare"]),
                power=points(joint["indispensability"]["mean"]),
            )
        ]
        return _answer("partly", text, why=t("desk.q12_why"))
