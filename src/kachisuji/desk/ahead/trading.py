"""``kachisuji front``, ``explain``, ``divide``: what is given up for what, why, and who gets it."""

from typing import Annotated

from cyclopts import App

from kachisuji.desk.helping import Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import Lang, say


def add_trading(app: App, lang: Lang, told: Told) -> None:
    """Add the commands that show trade-offs between objectives and between decision-makers."""

    @app.command(
        name="front", help=say("ahead.help_front", lang), usage=say("ahead.usage_front", lang)
    )
    @speaking(lang, told)
    def front(
        run: Annotated[str, told("ahead.arg_run")],
        /,
        *,
        objectives: Annotated[str, told("ahead.opt_objectives")] = "growth,indispensability,cost",
        points: Annotated[int | None, told("ahead.opt_points")] = None,
        step: Annotated[float, told("ahead.opt_step")] = 0.01,
        seconds: Annotated[float, told("ahead.opt_seconds")] = 60.0,
        telling: Telling,
    ) -> int:
        names = [name.strip() for name in objectives.split(",") if name.strip()]
        return draw_front(run, names, points, (step, seconds), telling)

    @app.command(
        name="explain",
        help=say("ahead.help_explain", lang),
        usage=say("ahead.usage_explain", lang),
    )
    @speaking(lang, told)
    def explain(
        run: Annotated[str, told("ahead.arg_run")],
        /,
        *lines: Annotated[str, told("ahead.arg_lines")],
        telling: Telling,
    ) -> int:
        return give_reasons(run, lines, telling)

    @app.command(
        name="divide", help=say("ahead.help_divide", lang), usage=say("ahead.usage_divide", lang)
    )
    @speaking(lang, told)
    def divide(
        run: Annotated[str, told("ahead.arg_run")],
        /,
        *,
        by: Annotated[str, told("ahead.opt_by")] = "field",
        telling: Telling,
    ) -> int:
        return share(run, by, telling)


def draw_front(
    place: str,
    objectives: list[str],
    points: int | None,
    how: tuple[float, float],
    telling: Telling,
) -> int:
    """Find and tell the front of a run."""
    from kachisuji.desk.ahead.commands import find_run
    from kachisuji.desk.ahead.fronting import check, front
    from kachisuji.desk.ahead.words import front_lines
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun

    step, seconds = how
    check(objectives, points, step, seconds)
    stored = StoredRun.open(find_run(place))
    with telling.stages() as bars, bars.stage("ahead.stage_front"):
        found = front(stored, objectives, levels=points, step=step, seconds=seconds)
    lines = front_lines(found, stored.case.settings, Names(stored.case), telling.lang)
    telling.result("\n".join(lines), found)
    return 0


def give_reasons(place: str, lines: tuple[str, ...], telling: Telling) -> int:
    """Explain lines of a run, and tell it."""
    from kachisuji.desk.ahead.commands import find_run
    from kachisuji.desk.ahead.reasons import reasons
    from kachisuji.desk.ahead.words import reason_lines
    from kachisuji.desk.stored import StoredRun

    stored = StoredRun.open(find_run(place))
    with telling.stages() as bars, bars.stage("ahead.stage_explain"):
        found = reasons(stored, lines)
    told = reason_lines(found, stored.case.settings, telling.lang)
    telling.result("\n".join(told), found)
    return 0


def share(place: str, by: str, telling: Telling) -> int:
    """Divide the worth of a run's plan and tell it."""
    from kachisuji.desk.ahead.commands import find_run
    from kachisuji.desk.ahead.dividing import divide
    from kachisuji.desk.ahead.words import divided_lines
    from kachisuji.desk.report.names import Names
    from kachisuji.desk.stored import StoredRun

    stored = StoredRun.open(find_run(place))
    with telling.stages() as bars, bars.stage("ahead.stage_divide"):
        found = divide(stored, by)
    lines = divided_lines(found, stored.case.settings, Names(stored.case), telling.lang)
    telling.result("\n".join(lines), found)
    return 0
