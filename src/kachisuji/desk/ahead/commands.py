"""``kachisuji backcast``, ``pathways`` and ``watch`` on the command line."""

from typing import Annotated, Literal

from cyclopts import App

from kachisuji.desk.helping import ALONE, Told
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, say


def add_ahead(app: App, lang: Lang, told: Told) -> None:
    """Add the commands that look ahead."""
    Asked = Annotated[Literal["en", "ja"], told("desk.opt_lang")]
    Json = Annotated[bool, told("commands.opt_json"), ALONE]

    @app.command(
        name="backcast",
        help=say("ahead.help_backcast", lang),
        usage=say("ahead.usage_backcast", lang),
    )
    def backcast(
        case: Annotated[str, told("desk.arg_case")],
        /,
        *,
        goal: Annotated[str, told("ahead.opt_goal")],
        futures: Annotated[int, told("ahead.opt_futures")] = 128,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        json: Json = False,
        lang: Asked = lang,
    ) -> int:
        return back(case, goal, futures, seed, Telling(lang, json))


def check_futures(futures: int, seed: int) -> None:
    """Refuse numbers of futures that cannot be halved, and seeds below zero."""
    if not 32 <= futures <= 2**16 or futures & (futures - 1):
        raise InputError("ahead.bad_futures", got=futures)
    if seed < 0:
        raise InputError("desk.bad_option", option="--seed", got=seed, want="0, 1, 2 …")


def back(case: str, goal: str, futures: int, seed: int, telling: Telling) -> int:
    """Reckon back from a goal and tell what was found."""
    check_futures(futures, seed)
    from kachisuji.cases import load
    from kachisuji.desk.ahead.reckoning import back_from
    from kachisuji.desk.ahead.words import backcast_lines
    from kachisuji.desk.report.names import Names

    loaded = load(case)
    with telling.stages() as bars:
        found = back_from(loaded, goal, futures=futures, seed=seed, teller=bars)
    names = {s: both.of(telling.lang) for s, both in Names(loaded).segments.items()}
    lines = backcast_lines(found, loaded.settings, names, telling.lang)
    telling.result("\n".join(lines), found)
    return 0
