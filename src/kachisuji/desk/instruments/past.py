"""``kachisuji history``: past programmes, what the model would have said, what was found."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App

from kachisuji.desk.helping import Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, number, percent, say

if TYPE_CHECKING:
    import pandas as pd


def add_history(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji history [NAME ...]``."""

    @app.command(name="history", help=say("history.help", lang), usage=say("history.usage", lang))
    @speaking(lang, told)
    def history(
        *names: Annotated[str, told("history.arg_name")],
        futures: Annotated[int, told("instruments.opt_futures")] = 256,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        telling: Telling,
    ) -> int:
        return show_history(names, futures, seed, telling)


def show_history(names: tuple[str, ...], futures: int, seed: int, telling: Telling) -> int:
    """Play the programmes and tell each finding beside what the model says."""
    if not 16 <= futures <= 4096:
        raise InputError("desk.bad_option", option="--futures", got=futures, want="16 – 4096")
    if seed < 0:
        raise InputError("desk.bad_option", option="--seed", got=seed, want="0, 1, 2 …")
    from kachisuji import contest
    from kachisuji.desk.rows import records

    table = contest.history(names or None, futures=futures, seed=seed)
    values = [
        {**row, "year": None if math.isnan(row["year"] or math.nan) else int(row["year"])}
        for row in records(table)
    ]
    telling.result("\n".join(lines(table, telling.lang)), values)
    return 0


def lines(table: "pd.DataFrame", lang: Lang) -> Iterator[str]:
    """Tell hits and misses, programme by programme, and the score beside the naive one."""
    from kachisuji.desk.rows import records

    for _, part in table.groupby("programme", sort=False):
        first = records(part)[0]
        yield say(
            f"history.head_{first['per']}", lang, title=first[f"title_{lang}"],
            outcome=say(f"history.outcome_{first['outcome']}", lang),
            per=f"{first['per_money']:.2f}".replace("-", "−"),
        )  # fmt: skip
        for row in records(part):
            mark = say("history.hit" if row["hit"] else "history.miss", lang)
            yield say(
                "history.finding", lang, mark=mark, statement=row[f"statement_{lang}"],
                said=_said(row, lang), evidence=row["evidence"],
                source=row["source"],
            )  # fmt: skip
    yield say(
        "history.score", lang, hits=int(table["hit"].sum()), all=len(table),
        naive=int(table["naive"].sum()),
    )  # fmt: skip


def _said(row: dict[str, Any], lang: Lang) -> str:
    told = {"return": "odds", "knowledge": "odds_knowledge", "goal": "goal_odds"}.get(row["kind"])
    if told is not None:
        return say(f"history.{told}", lang, odds=percent(row["odds"], lang, 2))
    if row["kind"] == "gain":  # points of the share, not percent of it
        low, middle, high = (_points(row[k], lang) for k in ("p10", "p50", "p90"))
        return say("history.gain", lang, low=low, middle=middle, high=high)
    low, middle, high = (percent(row[k], lang, 2) for k in ("p10", "p50", "p90"))
    return say("history.range", lang, low=low, middle=middle, high=high)


def _points(gain: float, lang: Lang) -> str:
    told = number(100.0 * gain, lang, 2)
    return f"+{told}" if gain > 0.0 else told
