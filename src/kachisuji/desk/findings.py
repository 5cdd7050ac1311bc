"""The three main findings of a run, in words: printed at its end, and at the head of its report."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from kachisuji.desk.report.bilingual import Both, between, listed, percent, plain, points, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun
from kachisuji.words import Lang
from kachisuji.words.language import language


@dataclass(frozen=True, repr=False)
class Finding:
    """One finding: a title, one figure that carries it, and a sentence or two.

    Attributes
    ----------
    title, figure, text
        Each in both languages.
    """

    title: Both
    figure: Both
    text: Both

    def in_lang(self, lang: Lang) -> str:
        """One paragraph in one language."""
        head = t("documents.aside", text=self.title, more=self.figure)
        return t("documents.point", name=head, text=self.text).of(lang)

    def as_html(self, lang: Lang) -> Markup:
        """Return the same as markup, its title strong."""
        title, figure, text = (x.of(lang) for x in (self.title, self.figure, self.text))
        return Markup("<strong>{}</strong> ({}) {}").format(title, figure, text)

    def __repr__(self) -> str:
        return self.in_lang(language((), os.environ))

    def _repr_html_(self) -> str:
        return Markup("<p>{}</p>").format(self.as_html(language((), os.environ)))


def findings(run: StoredRun, names: Names) -> list[Finding]:
    """Return the three main findings: what to play, growth against power, how sure it is."""
    return [_what_to_play(run, names), _growth_and_power(run, names), _how_sure(run, names)]


def chosen(run: StoredRun) -> list[int]:
    """Rows of the chosen lines, largest part of the welfare first."""
    return [int(i) for i in run.portfolio.sort_values("welfare", ascending=False)["line"]]


def _what_to_play(run: StoredRun, names: Names) -> Finding:
    rows = chosen(run)
    welfare = run.choice["joint"]["welfare"]
    if not rows:
        return Finding(
            t("desk.finding_play_title"), t("desk.finding_none"), t("desk.finding_play_none")
        )
    fields = list(dict.fromkeys(names.field_of[run.lines.loc[i, "segment"]] for i in rows))
    return Finding(
        t("desk.finding_play_title"),
        names.money(welfare["mean"]),
        t(
            "desk.finding_play_text",
            lines=len(rows),
            fields=len(fields),
            named=listed([names.segments[run.lines.loc[i, "segment"]] for i in rows[:5]]),
            low=names.money(welfare["p10"]),
            high=names.money(welfare["p90"]),
            cost=names.money(run.choice["joint"]["public_cost"]["mean"]),
        ),
    )


def strongest(run: StoredRun) -> dict[str, Any] | None:
    """Portfolio of the front with most indispensability; None where none beats the chosen one."""
    rows = records(run.front)
    own = next(r for r in rows if r["chosen"])
    top = max(rows, key=lambda r: (r["power"], r["growth"]))
    return top if top["power"] > own["power"] else None


def told_power(run: StoredRun, key: str = "desk.glance_power") -> Both:
    """Tell the indispensability of the portfolio; plainly where it is none in every future."""
    held = run.choice["joint"]["indispensability"]
    if not run.spread["indispensability"].any():
        return t("desk.glance_no_power")
    span = between(points(held["p10"]), points(held["p90"]))
    return t(key, value=points(held["mean"]), span=span)


def _growth_and_power(run: StoredRun, names: Names) -> Finding:
    joint = run.choice["joint"]["indispensability"]
    own_power = told_power(run, "desk.finding_power_own")
    strong = strongest(run)
    if strong is None:
        return Finding(
            t("desk.finding_power_title"),
            t("desk.points", value=points(joint["mean"])),
            t("desk.finding_power_none", own=own_power),
        )
    own = next(r for r in records(run.front) if r["chosen"])
    power = run.of_line("indispensability")["mean"].to_dict()
    lines = sorted((int(i) for i in strong["lines"].split(";") if i), key=lambda i: -power[i])
    led = [names.segments[run.lines["segment"].iloc[i]] for i in lines[:3]]
    return Finding(
        t("desk.finding_power_title"),
        t("desk.points", value=points(joint["mean"])),
        t(
            "desk.finding_power_text",
            own=own_power,
            most=points(strong["power"]),
            led=listed(led) if led else t("desk.none"),
            growth=names.money(strong["growth"]),
            own_growth=names.money(own["growth"]),
            welfare=names.money(strong["welfare"]),
            own_welfare=names.money(own["welfare"]),
        ),
    )


def _how_sure(run: StoredRun, names: Names) -> Finding:
    wins = run.choice["wins"]
    if not len(run.portfolio):
        told = {k: percent(wins[k]) for k in ("nothing", "credit")}
        return Finding(
            t("desk.finding_sure_title"), told["nothing"], t("desk.finding_sure_none", **told)
        )
    firm = int((run.portfolio["bootstrap"] >= 0.8).sum())
    top = run.influence[run.influence["scope"] == "portfolio"]
    first = names.quantity(str(top.iloc[0]["quantity"])) if len(top) else plain("–")
    return Finding(
        t("desk.finding_sure_title"),
        percent(wins["nothing"]),
        t(
            "desk.finding_sure_text",
            nothing=percent(wins["nothing"]),
            credit=percent(wins["credit"]),
            firm=firm,
            lines=len(run.portfolio),
            assumed=percent(run.grade_shares["assumed"]),
            carried=percent(run.grade_shares["carried"]),
            first=first,
        ),
    )
