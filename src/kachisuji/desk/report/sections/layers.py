"""Where AI value goes: the four layers by course, the outlooks, what the industry OS needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from kachisuji.desk.report.bilingual import Both, between, fixed, listed, percent, plain, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun

MONEY = 100.0  # money units a year on the industry OS, the course compared with the others
SHOWN = (2024, 2030, 2035, 2040)
PAIR = ("as_is", "domestic")  # the two courses set side by side

Table = dict[str, Any]


def tenth(share: float) -> Both:
    """Write a share as percent with one decimal."""
    return percent(share, 1)


def layers(run: StoredRun) -> tuple[list[Both], list[Table]]:
    """Text and tables of the AI layers of a case that has them (its own small model)."""
    view = _Layers(run)
    tables = [view.courses(), view.years(), view.value(), view.rents()]
    if view.aims:
        tables += [view.outlooks(), view.needs()]
    tables += [view.conditions(), view.together()]
    moved = _Moved(run.choice.get("layers"), view.money)
    return [*moved.text(), *view.text(), view.condition()], [*moved.tables(), *tables]


class _Moved:
    """The layers with the portfolio beside doing nothing; empty for a run from before it."""

    def __init__(self, found: dict[str, Any] | None, money: Callable[[float], Both]) -> None:
        self.found, self.money = found, money

    def text(self) -> list[Both]:
        """Tell the balance with and without the portfolio, and what moved it."""
        if not self.found:
            return []
        found, money = self.found, self.money
        other = t("desk.q8_other", other=money(found["other"])) if found["other"] else None
        if not found["lines"]:
            told = t("desk.q8_unmoved", balance=money(self._at("nothing")), year=found["year"])
            return [told, *([other] if other else [])]
        at = found["years"].index(found["year"])
        gain, medians = found["difference"], found["medians"]
        told = t(
            "desk.q8_moved", year=found["year"], lines=found["lines"],
            without=money(self._at("nothing")), balance=money(self._at("portfolio")),
            gain=money(gain["p50"][at]),
            span=between(money(gain["p10"][at]), money(gain["p90"][at])),
            share=percent(medians["nothing"]["home_share"], 1),
            more=percent(medians["portfolio"]["home_share"], 1),
            free=percent(medians["nothing"]["switching"]),
            freer=percent(medians["portfolio"]["switching"]),
        )  # fmt: skip
        return [told, *([other] if other else [])]

    def _at(self, course: str, year: int | None = None, q: str = "p50") -> float:
        assert self.found is not None
        at = self.found["years"].index(self.found["year"] if year is None else year)
        return float(self.found["balance"][course][q][at])

    def tables(self) -> list[Table]:
        """Balance by year, and value by layer and region, with and without."""
        if not self.found or not self.found["lines"]:
            return []
        found, money = self.found, self.money
        gain = found["difference"]
        rows = []
        for year in SHOWN[1:]:
            at = found["years"].index(year)
            rows.append(
                [
                    plain(str(year)),
                    money(self._at("nothing", year)),
                    money(self._at("portfolio", year)),
                    money(gain["p50"][at]),
                    between(money(gain["p10"][at]), money(gain["p90"][at])),
                    percent(gain["positive"][at]),
                ]
            )
        heads = [t("desk.q8_year"), t("desk.q8_nothing"), t("desk.q8_portfolio"),
                 t("desk.q8_gain"), t("desk.head_interval"), t("desk.head_positive")]  # fmt: skip
        value = {(r["course"], r["layer"], r["region"]): r["value"] for r in found["value"]}
        layers = list(dict.fromkeys(r["layer"] for r in found["value"]))
        regions = list(dict.fromkeys(r["region"] for r in found["value"]))
        cells = [(c, r) for c in ("nothing", "portfolio") for r in regions]
        kept = [
            [t(f"contest.layer_{k}"), *(money(value[c, k, r]) for c, r in cells)] for k in layers
        ]
        sums = [t("desk.q8_sum"), *(money(sum(value[c, k, r] for k in layers)) for c, r in cells)]
        pairs = [
            t("desk.q8_pair", course=t(f"desk.q8_{c}"), region=t(f"contest.layer_region_{r}"))
            for c, r in cells
        ]
        return [
            {"caption": t("desk.q8_with"), "head": heads, "rows": rows},
            {
                "caption": t("desk.q8_with_value", year=found["year"]),
                "head": [t("desk.head_layer"), *pairs],
                "rows": [*kept, sums],
            },
        ]


class _Layers:
    def __init__(self, run: StoredRun) -> None:
        from kachisuji.contest import layer_conditions, layer_flows, layers

        self.model, self.flows, self.needed = layers, layer_flows, layer_conditions
        futures, seed = run.manifest.options["futures"], run.manifest.seed
        self.p = layers.figures(run.case, layers.layer_draws(run.case, int(futures), int(seed)))
        self.money = Names(run.case).money
        self.paths = layers.courses(self.p, MONEY)
        self.balance: Any = layers.balances(self.p, MONEY).set_index(["course", "year"])
        self.compared: Any = layers.compare(self.p, MONEY)
        outlooks = [float(self.p[k][0]) for k in ("outlook", "outlook_pessimistic")]
        self.aims = [-aim for aim in outlooks] if all(outlooks) else []
        self.met: list[Any] = [layer_flows.meets(self.p, aim) for aim in self.aims]

    def at(self, course: str, year: int, column: str = "median") -> Both:
        """Digital balance of a course in one year."""
        return self.money(float(self.balance.loc[(course, year), column]))

    def text(self) -> list[Both]:
        ripe, compared = self.model.RIPE_YEAR, self.compared
        courses = t(
            "desk.q8_layers",
            year=ripe,
            none=self.at("no_domestic", ripe),
            as_is=self.at("as_is", ripe),
            domestic=self.at("domestic", ripe),
            kept=percent(compared.loc["as_is", "kept"]),
            more=percent(compared.loc["domestic", "kept"]),
        )
        if not self.aims:
            return [courses]
        growth = [percent(met.loc["growth", "value"], 1) for met in self.met]
        alone = [
            listed(
                [
                    t(f"desk.driver_{name}")
                    for name in met.index[met["value"].notna()]
                    if name != "growth"
                ]
                or [t("desk.none")]
            )
            for met in self.met
        ]
        return [
            courses,
            t(
                "desk.q8_outlooks",
                start=self.money(-float(self.p["deficit"][0]), 3),
                year=ripe,
                base=self.money(self.aims[0]),
                worse=self.money(self.aims[1]),
                slow=growth[0],
                fast=growth[1],
                alone=alone[0],
                worse_alone=alone[1],
            ),
        ]

    def courses(self) -> Table:
        ripe = self.model.RIPE_YEAR
        rows = [
            [
                t(f"contest.course_{course}"),
                self.at(course, ripe),
                between(self.at(course, ripe, "low"), self.at(course, ripe, "high")),
                self.money(self.compared.loc[course, "application_home"]),
                self.money(self.compared.loc[course, "productivity"]),
            ]
            for course in self.compared.index
        ]
        head = ["course", "balance", "interval", "application_home", "users_gain"]
        caption = t("desk.q8_courses", year=ripe, money=self.money(MONEY))
        return {"caption": caption, "head": [t(f"desk.head_{h}") for h in head], "rows": rows}

    def years(self) -> Table:
        rows = [
            [t(f"contest.course_{c}"), *(self.at(c, year) for year in SHOWN)]
            for c in self.model.COURSES
        ]
        head = [t("desk.head_course"), *(plain(str(year)) for year in SHOWN)]
        return {"caption": t("desk.q8_years"), "head": head, "rows": rows}

    def value(self) -> Table:
        """Value added by layer and region in the ripe year, two courses side by side."""
        kept: Any = self.model.value_kept(self.p, MONEY).set_index(["course", "layer", "region"])
        names = (*self.model.LAYERS, "other_inputs")
        cells = [(c, r) for c in PAIR for r in self.model.REGIONS]
        rows = [
            [
                t(f"contest.layer_{layer}"),
                *(self.money(float(kept.loc[(c, layer, r), "value"])) for c, r in cells),
            ]
            for layer in names
        ]
        return {"caption": t("desk.q8_value", year=self.model.RIPE_YEAR), "head": self._pairs(),
                "rows": rows}  # fmt: skip

    def _pairs(self) -> list[Both]:
        heads = [
            t(
                "desk.q8_pair",
                course=t(f"contest.course_{c}"),
                region=t(f"contest.layer_region_{r}"),
            )
            for c in PAIR
            for r in self.model.REGIONS
        ]
        return [t("desk.head_layer"), *heads]

    def rents(self) -> Table:
        """Rent inside what a layer keeps, two courses side by side."""
        found: list[Any] = [self.flows.rents(self.p, self.paths[c]) for c in PAIR]
        rows = [
            [
                t(f"contest.layer_{layer}"),
                *(
                    self.money(float(table.loc[(layer, r), "rent"]))
                    for table in found
                    for r in self.model.REGIONS
                ),
            ]
            for layer in ("compute", "base_model", "application")
        ]
        return {"caption": t("desk.q8_rents", year=self.model.RIPE_YEAR), "head": self._pairs(),
                "rows": rows}  # fmt: skip

    def _or_none(self, value: float, written: Callable[[float], Both]) -> Both:
        return t("desk.q8_no_value") if math.isnan(value) else written(float(value))

    def outlooks(self) -> Table:
        """Which value of one figure alone leads to each published outlook."""
        base, worse = self.met

        rows = [
            [
                t(f"desk.driver_{name}"),
                between(percent(base.loc[name, "low"], 1), percent(base.loc[name, "high"], 1)),
                percent(base.loc[name, "median"], 1),
                self._or_none(base.loc[name, "value"], tenth),
                self._or_none(worse.loc[name, "value"], tenth),
            ]
            for name in base.index
        ]
        head = [t("desk.q8_driver"), t("desk.q8_range"), t("desk.q8_middle"),
                self.money(self.aims[0]), self.money(self.aims[1])]  # fmt: skip
        return {"caption": t("desk.q8_meets"), "head": head, "rows": rows}

    def condition(self) -> Both:
        """Tell what home applications need to keep more than a stated part, on the OS path."""
        found: Any = self.needed.conditions(self.p, yearly=MONEY)
        return t(
            "desk.q8_condition", keep=percent(self.needed.KEEP), year=self.model.RIPE_YEAR,
            money=self.money(MONEY), met=percent(found.loc["os_reuse", "met"]),
            reuse=self._least(found.loc["os_reuse", "median"], percent),
            drawn_reuse=percent(found.loc["os_reuse", "drawn"]),
            fields=self._least(found.loc["fields", "median"], lambda v: fixed(v, 0)),
            entered=fixed(found.loc["fields", "drawn"], 0),
            closed=self._least(found.loc["closed_gain", "median"], percent),
            drawn_closed=percent(found.loc["closed_gain", "drawn"]),
        )  # fmt: skip

    def _least(self, value: float, written: Callable[[float], Both]) -> Both:
        return t("desk.q8_no_value") if math.isinf(value) else written(float(value))

    def conditions(self) -> Table:
        """Each condition alone: the least that is enough, over the futures."""
        found: list[Any] = records(self.needed.conditions(self.p, yearly=MONEY).reset_index())
        rows = []
        for row in found:
            fields = row["condition"] == "fields"
            write: Callable[[float], Both] = (lambda v: fixed(v, 0)) if fields else percent
            rows.append(
                [
                    t(f"desk.q8_need_{row['condition']}"),
                    write(row["drawn"]),
                    *(self._least(row[q], write) for q in ("low", "median", "high")),
                    percent(row["never"]),
                ]
            )
        head = [t(f"desk.q8_{h}") for h in ("need", "drawn", "need_low", "need_mid", "need_high",
                                            "never")]  # fmt: skip
        caption = t("desk.q8_conditions", keep=percent(self.needed.KEEP),
                    year=self.model.RIPE_YEAR, money=self.money(MONEY))  # fmt: skip
        return {"caption": caption, "head": head, "rows": rows}

    def together(self) -> Table:
        """Tell the conditions together: by rate of reuse the fields and the closed data needed."""
        found: list[Any] = records(self.needed.together(self.p, yearly=MONEY))
        rows = [
            [
                percent(row["reuse"]),
                fixed(row["fields"], 0),
                percent(row["odds"]),
                *(self._least(row[q], percent) for q in ("low", "median", "high")),
                percent(row["never"]),
            ]
            for row in found
        ]
        head = [t(f"desk.q8_{h}") for h in ("reuse", "fields", "odds", "need_low", "need_mid",
                                            "need_high", "never")]  # fmt: skip
        return {"caption": t("desk.q8_together", keep=percent(self.needed.KEEP)), "head": head,
                "rows": rows}  # fmt: skip

    def needs(self) -> Table:
        """Needs of the industry OS for the balance of the published base outlook."""
        found: list[Any] = records(self.model.industry_os_needs(self.p, self.aims[0], yearly=MONEY))
        rows = [
            [
                percent(row["reuse"]),
                fixed(row["fields"], 0),
                self.money(row["balance"]),
                self._or_none(row["least"], self.money),
                self._or_none(row["reach"], percent),
            ]
            for row in found
        ]
        caption = t("desk.q8_needs", aim=self.money(self.aims[0]), money=self.money(MONEY),
                    year=self.model.RIPE_YEAR)  # fmt: skip
        head = [t(f"desk.q8_{h}") for h in ("reuse", "fields", "gives", "least", "reach")]
        return {"caption": caption, "head": head, "rows": rows}
