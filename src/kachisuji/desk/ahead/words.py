"""What is found ahead, told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kachisuji.desk.ahead.metro import called
from kachisuji.words import Lang, estimate, money, number, percent, say

if TYPE_CHECKING:
    from kachisuji.cases import Settings
    from kachisuji.desk.report.names import Names


FEW = 10.0  # evenly weighted futures below which the weights rest on too little
FAR = 3.0  # measurement errors beyond which no future is near what was seen


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
    out += ["  " + _back_line(row, found["reached"], cost, lang) for row in found["lines"]]
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


def _back_line(row: dict[str, Any], reached: bool, cost: Any, lang: Lang) -> str:
    """Tell one line of a back-cast: its start, its means, its cost, and how late it may begin."""
    return say(
        "ahead.back_line",
        lang,
        start=row["start"],
        line=row[f"name_{lang}"],
        means=row[f"package_{lang}"],
        cost=cost(row["cost"]),
        moment=_moment(row["last_moment"], reached, lang),
    )


def _moment(year: int | None, reached: bool, lang: Lang) -> str:
    if not reached:
        return "–"
    return say("ahead.year", lang, year=year) if year else say("ahead.back_moment_none", lang)


def _verdict(found: dict[str, Any], at: Any, cost: Any, lang: Lang) -> list[str]:
    if found["reached"]:
        key = "back_reached" if found["proven"] else "back_reached_unproven"
        told = {"cost": cost(found["cost"]), "bound": cost(found["cost_bound"] or 0.0)}
        return [say(f"ahead.{key}", lang, count=len(found["lines"]), **told)]
    key = "back_none" if found["proven"] else "back_none_unproven"
    told = {"odds": percent(found["best_odds"], lang), "short": shortfall(found, at, lang)}
    out = [say(f"ahead.{key}", lang, **told)]
    if found["lines"]:
        out.append(say("ahead.back_nearest", lang))
    return out


def shortfall(found: dict[str, Any], at: Any, lang: Lang) -> str:
    """Write by how much a goal is missed; a difference of shares is told in points."""
    if found["goal"]["kind"] == "share":
        return say("ahead.points", lang, value=number(100 * found["short"], lang, 2))
    return str(at(found["short"]))


def seen_name(observable: str, names: dict[str, str], lang: Lang) -> str:
    """Name an observable: home sales of a segment, its share, its market."""
    segment, _, measure = observable.rpartition(".")
    return say(f"ahead.seen_{measure}", lang, segment=names[segment])


def pathway_lines(
    found: dict[str, Any], settings: Settings, names: dict[str, str], lang: Lang
) -> list[str]:
    """Tell what ``pathways`` found (see ``backcast_lines`` for the parameters)."""

    def cost(value: float) -> str:
        return level(value, "money", settings, lang)

    condition = found["condition"]
    told = {"odds": percent(condition["odds"], lang), "kept": percent(condition["promise"], lang)}
    key = "condition_own" if condition["text"] is None else "condition_given"
    out = [say(f"ahead.{key}", lang, goal=condition["text"] or "", **told)]
    between = say("ahead.between", lang)  # names of lines hold commas themselves
    for one in found["portfolios"]:
        held = between.join(r[f"name_{lang}"] for r in one["lines"])
        sell = one["sell_by"]
        told = {
            "name": called(one["key"], lang),
            "worth": cost(one["worth"]),
            "sell": say("ahead.sell_by", lang, year=sell) if sell else say("ahead.holds", lang),
        }
        out.append("  " + say("ahead.path_portfolio", lang, **told))
        out.append("    " + (held or say("ahead.map_empty", lang)))
        if one["key"] != "plan":
            told = {
                "when": str(found["when"]),
                "after": cost(one["after_switch"]),
                "left": cost(0.0 - one["transfer"]),  # zero keeps no minus
                "better": percent(one["better"], lang),
                "lead": str(one["lead"]),
            }
            out.append("    " + say("ahead.path_change", lang, **told))
    for route in found["routes"]:
        steps = zip(route["portfolios"], route["years"], strict=True)
        way = " → ".join(
            say("ahead.route_step", lang, name=called(k, lang), year=y) for k, y in steps
        )
        out.append(say("ahead.route", lang, way=way, until=route["until"]))
    out.append(say("ahead.signpost_head", lang))
    out += ["  " + signpost_line(post, settings, names, lang) for post in found["signposts"]]
    return [*out, *_options(found, cost, lang)]


def signpost_line(
    post: dict[str, Any], settings: Settings, names: dict[str, str], lang: Lang
) -> str:
    """Tell one signpost: what to look at, when, and what it would call for."""
    kind = "share" if post["observable"].endswith(".share") else "money"
    told = {
        "seen": seen_name(post["observable"], names, lang),
        "year": str(post["year"]),
        "level": level(post["level"], kind, settings, lang),
        "alternative": called(post["alternative"], lang),
        "fired": percent(post["fired"], lang),
        "value": level(post["value"], "money", settings, lang),
    }
    heed = say("ahead.heed" if post["heed"] else "ahead.heed_not", lang)
    return say(f"ahead.signpost_{post['side']}", lang, heed=heed, **told)


def _options(found: dict[str, Any], cost: Any, lang: Lang) -> list[str]:
    wait, free = found["waiting"], found["flexibility"]
    later = range(1, len(wait["mean"]))
    best = max(later, key=lambda i: wait["mean"][i], default=0)
    told = {
        "now": cost(wait["now"]),
        "delay": str(wait["delays"][best]),
        "best": cost(wait["mean"][best]),
        "waiting": cost(wait["waiting"]),
    }
    other = {k: cost(free[k]) for k in ("worth", "price", "net")}
    return [
        say(
            "ahead.waiting_later" if wait["mean"][best] > wait["now"] else "ahead.waiting_now",
            lang,
            **told,
        ),
        say("ahead.flexibility", lang, odds=percent(free["odds"], lang), **other),
        *_unpriced(free, lang),
    ]


def _unpriced(free: dict[str, Any], lang: Lang) -> list[str]:
    """Say why announcing triggers costs nothing, where that is no finding about the plan."""
    if free["odds"] <= 0:
        return [say("ahead.price_none_fires", lang)]
    return [] if free["priced"] else [say("ahead.price_not_stated", lang)]


def watch_lines(
    found: dict[str, Any], settings: Settings, names: dict[str, str], lang: Lang
) -> list[str]:
    """Tell what ``watch_run`` found (see ``backcast_lines`` for the parameters)."""
    odds = {k: percent(v, lang) for k, v in found["odds"].items()}
    told = {"count": str(len(found["observed"])), "futures": str(found["futures"])}
    out = [say("ahead.watched", lang, worth=number(found["worth"], lang, 2), **told)]
    if found["worth"] < FEW:
        out.append(say("ahead.few_speak", lang))
    for name, far in found["surprise"].items():
        if far > FAR:
            observable, _, year = name.rpartition(" ")
            seen = seen_name(observable, names, lang)
            out.append(
                say("ahead.surprise", lang, seen=seen, year=year, far=estimate(far, lang, 2))
            )
    out.append(say("ahead.odds_moved", lang, **odds))
    for fired in found["fired"]:
        name, _, key = fired["trigger"].rpartition("→")
        observable, _, year = name.rpartition(" ")
        seen = seen_name(observable, names, lang)
        heed = say("ahead.heed" if fired["heed"] else "ahead.heed_not", lang)
        out.append(
            say("ahead.fired", lang, seen=seen, year=year, heed=heed, name=called(key, lang))
        )
    if not found["fired"]:
        out.append(say("ahead.none_fired", lang))
    for one in found["portfolios"]:
        before, after = (level(one[k], "money", settings, lang) for k in ("before", "after"))
        name = called(one["key"], lang)
        out.append("  " + say("ahead.worth_moved", lang, name=name, before=before, after=after))
    if found["advice"] == "plan":
        out.append(say("ahead.stay", lang))
    else:
        out.append(
            say("ahead.switch", lang, name=called(found["advice"], lang), when=found["when"])
        )
    return out


def _observed(
    name: str, value: float, error: float, settings: Settings, names: dict[str, str], lang: Lang
) -> str:
    """Tell what was observed, in the words and units of a signpost."""
    observable, _, year = name.rpartition(" ")
    kind = "share" if observable.endswith(".share") else "money"
    told = {
        "value": level(value, kind, settings, lang),
        "error": level(error, kind, settings, lang),
    }
    return say(
        "ahead.history_seen", lang, seen=seen_name(observable, names, lang), year=year, **told
    )


def history_lines(
    steps: list[dict[str, Any]], settings: Settings, names: dict[str, str], lang: Lang
) -> list[str]:
    """Tell the recorded steps of a watch (see ``backcast_lines`` for the parameters)."""
    if not steps:
        return [say("ahead.history_empty", lang)]
    out = []
    for place, step in enumerate(steps, 1):
        seen = say("ahead.between", lang).join(
            _observed(name, value, error, settings, names, lang)
            for name, value, error in step["observed"]
        )
        note = step.get("note", {})
        odds = {k: percent(v, lang) for k, v in note.get("odds", {}).items()}
        advice = called(str(note.get("advice", "plan")), lang)
        out.append(
            say("ahead.history_step", lang, place=place, when=step["when"], seen=seen, name=advice,
                before=odds.get("before", "–"), after=odds.get("after", "–"))
        )  # fmt: skip
    return out


def front_lines(found: dict[str, Any], settings: Settings, names: Names, lang: Lang) -> list[str]:
    """Tell the front as a table: objectives, then the segments of each portfolio."""
    from kachisuji.desk.objectives import OBJECTIVES

    asked = found["objectives"]
    comma, bar = say("desk.list_separator", lang), " | "

    def row(first: str, one: dict[str, Any]) -> str:
        cells = [level(one["values"][o], OBJECTIVES[o][2], settings, lang) for o in asked]
        held = comma.join(names.segments[s].of(lang) for s in one["segments"])
        return bar.join([first, *cells, held or say("ahead.map_empty", lang)])

    count = {"count": len(found["points"]), "considered": found["considered"]}
    end = "complete" if found["complete"] else found["method"]
    end = "stopped" if end == "exact" else end
    if end == "complete" and found["step"] > 0:
        end = "within"
    step, seconds = percent(found["step"], lang, 1), number(found["seconds"], lang, 3)
    out = [
        say("ahead.front_head", lang, lines=found["lines"], **count),
        say(f"ahead.front_{end}", lang, seconds=seconds, step=step),
        bar.join(["#", *(say(f"ahead.objective_{o}", lang) for o in asked),
                  say("ahead.front_segments", lang)]),
    ]  # fmt: skip
    out += [row(str(place), one) for place, one in enumerate(found["points"], 1)]
    out.append(row(say("ahead.front_plan", lang), found["plan"]))
    better = found["plan"]["better"]
    if better is not None:
        out.append(say("ahead.front_better", lang, place=better + 1))
    return out


def _otherwise(row: dict[str, Any], levels: Callable[[dict[str, float]], str], lang: Lang) -> str:
    """Tell whether a line is chosen by odds or goals, and what would be reached otherwise."""
    kind = "in" if row["chosen_so"] else "out"
    if row["reached_otherwise"] is None:
        return say("ahead.explained_so_cannot", lang)
    return say(f"ahead.explained_so_{kind}", lang, levels=levels(row["reached_otherwise"]))


def reason_lines(found: dict[str, Any], settings: Settings, lang: Lang) -> list[str]:
    """Tell why lines are in or out, and what more of a limit that binds would be worth."""
    from kachisuji.desk.objectives import OBJECTIVES

    def money(value: float) -> str:
        return level(value, "money", settings, lang)

    def item(name: str) -> str:
        return say("ahead.item_money" if name == "money" else f"desk.skill_{name[7:]}", lang)

    def amount(name: str, value: float) -> str:
        if name == "money":
            return money(value)
        return say("ahead.people", lang, value=estimate(value, lang, 3))

    comma = say("desk.list_separator", lang)
    out = [say("ahead.explained", lang, objective=money(found["objective"]),
               bound=money(found["bound"]))]  # fmt: skip

    def levels(reached: dict[str, float]) -> str:
        if found["by"] == "satisficing":
            odds = percent(reached["odds"], lang, 1)
            return say("ahead.explained_odds", lang, odds=odds, least=money(threshold))
        parts = [f"{say(f'ahead.objective_{o}', lang)} {level(v, OBJECTIVES[o][2], settings, lang)}"
                 for o, v in reached.items()]  # fmt: skip
        return comma.join(parts)

    threshold = settings.choice.threshold
    if found["by"]:
        out.append(say("ahead.explained_so", lang, levels=levels(found["reached"])))
    for row in found["lines"]:
        name = {"line": row[f"name_{lang}"], "means": row[f"package_{lang}"], "start": row["start"]}
        out.append(say("ahead.explained_line", lang, **name))
        kind = "in" if row["chosen"] else "out"
        if row["loss"] is None:
            kind = "cannot" if row["efficient"] else "small"
        loss = money(row["loss"] or 0.0)
        out.append("  " + say(f"ahead.explained_{kind}", lang, loss=loss))
        if found["by"]:
            out.append("  " + _otherwise(row, levels, lang))
        if row["chosen"] != row["in_plan"]:
            kind = "dropped" if row["chosen"] else "joined"
            out.append("  " + say(f"ahead.explained_{kind}", lang))
        for what, year, short in row["short"][:3]:
            told = {"item": item(what), "year": year, "short": amount(what, short)}
            out.append("  " + say("ahead.explained_short", lang, **told))
        if row["charge"]:
            parts = comma.join(f"{item(what)} {money(value)}" for what, value in row["charge"])
            out.append("  " + say("ahead.explained_charge", lang, parts=parts))
    for limit in found["limits"]:
        what = limit["item"]
        told = {"item": item(what), "year": limit["year"], "more": amount(what, limit["more"]),
                "gain": money(limit["gain"]),
                "margin": money(limit["price"] * limit["more"])}  # fmt: skip
        out.append(say("ahead.explained_limit", lang, **told))
    return out if found["limits"] else [*out, say("ahead.explained_no_limit", lang)]


def divided_lines(found: dict[str, Any], settings: Settings, names: Names, lang: Lang) -> list[str]:
    """Tell a division as a table: what each player has alone, by Shapley, by the nucleolus."""

    def money(value: float) -> str:
        return level(value, "money", settings, lang)

    def called(player: str) -> str:
        if found["by"] == "field":
            return names.fields[int(player)].of(lang)
        if found["by"] == "segment":
            return names.segments["" if player == "–" else player].of(lang)
        known = found["by"] == "partner" and player != "–"
        return names.region(player).of(lang) if known else player

    heads = ("player", "alone", "shapley", "nucleolus")
    out = [say("ahead.divided", lang, together=money(found["together"])),
           " | ".join(say(f"ahead.divided_{h}", lang) for h in heads)]  # fmt: skip
    for k, player in enumerate(found["players"]):
        cells = [money(found[h][k]) for h in ("alone", "shapley", "nucleolus")]
        out.append(" | ".join([called(player), *cells]))
    core = "core" if found["core"] else "no_core"
    return [*out, say(f"ahead.divided_{core}", lang, excess=money(found["excess"]))]
