"""``kachisuji backcast``, ``pathways`` and ``watch`` on the command line."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from kachisuji.words import InputError, Lang, say


def add_ahead(app: App, lang: Lang, told: Callable[[str], Parameter]) -> None:
    """Add the commands that look ahead."""
    Asked = Annotated[Literal["en", "ja"], told("desk.opt_lang")]
    Json = Annotated[bool, told("desk.opt_json"), Parameter(negative="")]

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
        return back(case, goal, futures, seed, json, lang)


def check_futures(futures: int, seed: int) -> None:
    """Refuse numbers of futures that cannot be halved, and seeds below zero."""
    if not 32 <= futures <= 2**16 or futures & (futures - 1):
        raise InputError("ahead.bad_futures", got=futures)
    if seed < 0:
        raise InputError("desk.bad_option", option="--seed", got=seed, want="0, 1, 2 …")


def show(found: Any, as_json: bool, lines: Callable[[], Sequence[str]]) -> int:
    """Print plain values as JSON, or as lines of text."""
    from rich.console import Console

    printed = Console(highlight=False)
    if as_json:
        text = [json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)]
    else:
        text = list(lines())
    for line in text:
        printed.print(line, markup=False, soft_wrap=True)
    return 0


def back(case: str, goal: str, futures: int, seed: int, as_json: bool, lang: Lang) -> int:
    """Reckon back from a goal and tell what was found."""
    check_futures(futures, seed)
    from rich.console import Console

    from kachisuji.cases import load
    from kachisuji.desk.ahead.reckoning import back_from
    from kachisuji.desk.ahead.telling import backcast_lines
    from kachisuji.desk.progress import Bars
    from kachisuji.desk.report.names import Names

    loaded = load(case)
    with Bars(Console(stderr=True, highlight=False), lang) as bars:
        found = back_from(loaded, goal, futures=futures, seed=seed, teller=bars)
    names = {s: both.of(lang) for s, both in Names(loaded).segments.items()}
    return show(found, as_json, lambda: backcast_lines(found, loaded.settings, names, lang))
