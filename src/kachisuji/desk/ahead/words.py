"""What is found ahead, told in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kachisuji.words import Lang, money, number, percent, say

if TYPE_CHECKING:
    from kachisuji.cases import Settings


def level(value: float, kind: str, settings: Settings, lang: Lang) -> str:
    """Write a level as money, a share or points."""
    if kind == "share":
        return percent(value, lang)
    if kind == "points":
        return say("ahead.points", lang, value=number(value, lang, 2))
    return money(value * settings.money_unit, settings.currency, lang)


def backcast_lines(
    found: dict[str, Any], settings: Settings, names: dict[str, str], lang: Lang
) -> list[str]:
    """Tell what ``back_from`` found.

    Parameters
    ----------
    found
        Its answer.
    settings
        Of the case.
    names
        Segment -> name in ``lang``.
    """
    goal, kind = found["goal"], found["goal"]["kind"]

    def at(value: float) -> str:
        return level(value, kind, settings, lang)

    def cost(value: float) -> str:
        return level(value, "money", settings, lang)

    comma = say("desk.list_separator", lang)
    out = [say("ahead.goal_head", lang, goal=goal["text"])]
    if goal["segments"]:
        counted = comma.join(names[s] for s in goal["segments"])
        out.append(say("ahead.goal_counts", lang, segments=counted))
    else:
        out.append(say("ahead.goal_counts_all", lang))
    if goal["by_word"]:
        out.append(say("ahead.goal_by_word", lang))
    base = found["baseline"]
    if found["reached"] and not found["lines"]:
        return [*out, say("ahead.back_free", lang, odds=percent(base["odds"], lang))]
    told = {"odds": percent(base["odds"], lang), "level": at(base["level"])}
    out.append(say("ahead.back_baseline", lang, **told))
    out += _verdict(found, at, cost, lang)
    for row in found["lines"]:
        moment = _moment(row["last_moment"], found["reached"], lang)
        out.append(
            "  "
            + say(
                "ahead.back_line",
                lang,
                start=row["start"],
                line=row[f"name_{lang}"],
                means=row[f"package_{lang}"],
                cost=cost(row["cost"]),
                moment=moment,
            )
        )
    if found["lines"]:
        told = {k: percent(v, lang) for k, v in found["odds"].items()}
        out.append(say("ahead.back_odds", lang, level=at(found["level"]["reporting"]), **told))
    if found["reached"] and found["odds"]["reporting"] < goal["odds"]:
        out.append(say("ahead.back_fades", lang))
    if found["milestones"]:
        out.append(say("ahead.back_milestone_head", lang))
    for step in found["milestones"]:
        told = {"level": at(step["level"]), "odds": percent(step["odds"], lang)}
        out.append("  " + say("ahead.back_milestone", lang, year=step["year"], **told))
    return out


def _moment(year: int | None, reached: bool, lang: Lang) -> str:
    if not reached:
        return "–"
    return say("ahead.year", lang, year=year) if year else say("ahead.back_moment_none", lang)


def _verdict(found: dict[str, Any], at: Any, cost: Any, lang: Lang) -> list[str]:
    if found["reached"]:
        key = "back_reached" if found["proven"] else "back_reached_unproven"
        told = {"cost": cost(found["cost"]), "bound": cost(found["cost_bound"] or 0.0)}
        return [say(f"ahead.{key}", lang, count=len(found["lines"]), **told)]
    short = at(found["short"])
    if found["goal"]["kind"] == "share":  # a difference of shares is told in points
        short = say("ahead.points", lang, value=number(100 * found["short"], lang, 2))
    key = "back_none" if found["proven"] else "back_none_unproven"
    told = {"odds": percent(found["best_odds"], lang), "short": short}
    out = [say(f"ahead.{key}", lang, **told)]
    if found["lines"]:
        out.append(say("ahead.back_nearest", lang))
    return out
