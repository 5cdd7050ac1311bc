"""``kachisuji backcast``, ``pathways`` and ``watch`` on the command line."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from kachisuji.desk.helping import ALONE, Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import LANGUAGES, InputError, Lang, RunError, say


def add_ahead(app: App, lang: Lang, told: Told) -> None:
    """Add the commands that look ahead."""

    @app.command(
        name="backcast",
        help=say("ahead.help_backcast", lang),
        usage=say("ahead.usage_backcast", lang),
    )
    @speaking(lang, told)
    def backcast(
        case: Annotated[str, told("desk.arg_case")],
        /,
        *,
        goal: Annotated[str, told("ahead.opt_goal")],
        futures: Annotated[int, told("ahead.opt_futures")] = 128,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        telling: Telling,
    ) -> int:
        return back(case, goal, futures, seed, telling)

    _add_pathways(app, lang, told)
    _add_watch(app, lang, told)


def _add_pathways(app: App, lang: Lang, told: Told) -> None:

    @app.command(
        name="pathways",
        help=say("ahead.help_pathways", lang),
        usage=say("ahead.usage_pathways", lang),
    )
    @speaking(lang, told)
    def pathways(
        run: Annotated[str, told("ahead.arg_run")],
        /,
        *,
        hold: Annotated[str | None, told("ahead.opt_hold")] = None,
        odds: Annotated[float, told("ahead.opt_odds")] = 0.5,
        when: Annotated[int | None, told("ahead.opt_when")] = None,
        out: Annotated[Path | None, told("ahead.opt_map")] = None,
        telling: Telling,
    ) -> int:
        return paths(run, hold, odds, when, out, telling)


def _add_watch(app: App, lang: Lang, told: Told) -> None:

    @app.command(
        name="watch", help=say("ahead.help_watch", lang), usage=say("ahead.usage_watch", lang)
    )
    @speaking(lang, told)
    def watch(
        run: Annotated[str, told("ahead.arg_run")],
        /,
        *,
        observations: Annotated[Path | None, told("ahead.opt_observations")] = None,
        history: Annotated[bool, told("ahead.opt_history"), ALONE] = False,
        trial: Annotated[bool, told("ahead.opt_trial"), ALONE] = False,
        telling: Telling,
    ) -> int:
        if history:
            return steps(run, telling)
        if observations is None:
            raise InputError("ahead.nothing_observed")
        return observe(run, observations, not trial, telling)


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


def find_run(place: str) -> Path:
    """Return a run folder: by its path, or the newest run of a case under ``runs/``.

    Raises
    ------
    RunError
        If there is neither.
    """
    from kachisuji.ledger import MANIFEST, read_manifest

    path = Path(place)
    if (path / MANIFEST).exists():
        return path
    mine = []
    for manifest in Path("runs").glob(f"*/{MANIFEST}"):
        try:
            told = read_manifest(manifest.parent)
        except RunError:
            continue
        if told.case == path.name:
            mine.append((str(told.made.get("when", "")), manifest.parent))
    if not mine:
        raise RunError("ahead.no_run", file=path)
    return max(mine)[1]


def paths(
    place: str,
    hold: str | None,
    odds: float,
    when: int | None,
    out: Path | None,
    telling: Telling,
) -> int:
    """Map the pathways of a run: words, and a page with the picture beside the run."""
    if not 0.0 < odds < 1.0:
        raise InputError("desk.bad_option", option="--odds", got=odds, want="0.05 – 0.95")
    if out is not None and out.suffix not in (".html", ".svg"):
        raise InputError("desk.bad_option", option="--out", got=out, want=".html / .svg")
    run = find_run(place)
    from kachisuji.desk.ahead.mapping import pathways
    from kachisuji.desk.ahead.metro import metro_map, page
    from kachisuji.desk.ahead.words import pathway_lines
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun
    from kachisuji.ledger import write_atomic

    stored = StoredRun.open(run)
    with telling.stages() as bars, bars.stage("ahead.stage_paths"):
        found = pathways(stored, hold=hold, odds=odds, when=when)
    names, settings = Names(stored.case), stored.case.settings
    told = {
        lang: pathway_lines(
            found, settings, {s: b.of(lang) for s, b in names.segments.items()}, lang
        )
        for lang in LANGUAGES
    }
    title = {
        lang: say("ahead.map_title", lang) + f" – {names.title.of(lang)}" for lang in LANGUAGES
    }
    file = out or run.with_name(f"{run.name}-pathways.html")
    svg = file.suffix == ".svg"
    write_atomic(file, str(metro_map(found, telling.lang)) if svg else page(found, told, title))
    map_at = say("ahead.map_at", telling.lang, file=file)
    telling.result("\n".join([*told[telling.lang], map_at]), found | {"map": str(file)})
    return 0


def observe(place: str, observations: Path, record: bool, telling: Telling) -> int:
    """Weigh a run by observations and tell what follows."""
    run = find_run(place)
    from kachisuji.desk.ahead.observing import watch_run
    from kachisuji.desk.ahead.words import watch_lines
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun

    stored = StoredRun.open(run)
    with telling.stages() as bars, bars.stage("ahead.stage_watch"):
        found = watch_run(run, observations, record=record)
    names = {s: b.of(telling.lang) for s, b in Names(stored.case).segments.items()}
    lines = watch_lines(found, stored.case.settings, names, telling.lang)
    if record:
        lines.append(say("ahead.recorded", telling.lang, file=found["history"]))
    telling.result("\n".join(lines), found)
    return 0


def steps(place: str, telling: Telling) -> int:
    """Tell the history of a watch."""
    from kachisuji.desk.ahead.observing import history_of
    from kachisuji.desk.ahead.words import history_lines
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun
    from kachisuji.portfolios import History

    run = find_run(place)
    history, case = History.open(history_of(run)), StoredRun.open(run).case
    names = {s: b.of(telling.lang) for s, b in Names(case).segments.items()}
    lines = history_lines(history.steps, case.settings, names, telling.lang)
    telling.result("\n".join(lines), history.steps)
    return 0
