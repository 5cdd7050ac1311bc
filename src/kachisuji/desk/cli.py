"""The command ``kachisuji``: what it understands, and how it ends.

Heavy modules are imported inside the commands, so that help answers at once. Exit codes: 0 done,
1 a run that does not verify, 2 a mistake that a person can mend, 130 interrupted.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from kachisuji import __version__
from kachisuji.desk.ahead.commands import add_ahead
from kachisuji.desk.ahead.trading import add_trading
from kachisuji.desk.completing import add_completion
from kachisuji.desk.constellation.commands import add_constellation
from kachisuji.desk.data import add_data
from kachisuji.desk.doctor import add_doctor
from kachisuji.desk.helping import (
    ALONE,
    HelpLayout,
    Told,
    called,
    every_command,
    speaking,
    with_examples,
)
from kachisuji.desk.instruments.commands import add_instruments
from kachisuji.desk.instruments.past import add_history
from kachisuji.desk.mcp.commands import add_mcp
from kachisuji.desk.narrative.commands import add_narrative
from kachisuji.desk.new import add_new
from kachisuji.desk.telling import Telling
from kachisuji.desk.web.serving import add_serve
from kachisuji.words import EXIT_INTERRUPTED, InputError, KachisujiError, Lang, say
from kachisuji.words.language import language

EXIT_DIFFERS = 1


def build(lang: Lang) -> App:
    """Make the commands with their help in ``lang``."""
    app = App(
        name="kachisuji",
        help=say("desk.about", lang),
        usage=say("desk.usage_app", lang),
        help_epilogue=say("commands.epilogue", lang),
        help_format="plaintext",
        help_formatter=HelpLayout(lang),
        group_commands=Group(say("desk.group_commands", lang), sort_key=1),
        group_arguments=Group(say("desk.group_arguments", lang), sort_key=2),
        group_parameters=Group(say("desk.group_options", lang), sort_key=3),
        version=__version__,
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    app["--help"].help = say("desk.help_help", lang)
    app["--version"].help = say("desk.help_version", lang)

    def told(key: str) -> Parameter:
        return Parameter(help=say(key, lang))

    for add in (_add_run, _add_resume, _add_verify, _add_report):
        add(app, lang, told)
    _add_look(app, lang, told)
    add_data(app, lang, told)
    add_ahead(app, lang, told)
    add_trading(app, lang, told)
    add_instruments(app, lang, told)
    add_mcp(app, lang, told)
    add_narrative(app, lang, told)
    add_history(app, lang, told)
    add_new(app, lang, told)
    add_doctor(app, lang, told)
    add_completion(app, lang, told)
    add_serve(app, lang, told)
    add_constellation(app, lang, told)
    with_examples(app, lang)
    return app


def _add_run(app: App, lang: Lang, told: Told) -> None:
    from kachisuji.desk import commands

    @app.command(name="run", help=say("desk.help_run", lang), usage=say("desk.usage_run", lang))
    @speaking(lang, told)
    def run(
        case: Annotated[str, told("desk.arg_case")],
        /,
        *,
        out: Annotated[Path | None, told("desk.opt_out")] = None,
        futures: Annotated[int, told("desk.opt_futures")] = 512,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        workers: Annotated[int | None, told("desk.opt_workers")] = None,
        design: Annotated[Literal["sobol", "lhs", "halton"], told("desk.opt_design")] = "sobol",
        cluster: Annotated[str, told("desk.opt_cluster")] = "",
        limit: Annotated[float | None, told("desk.opt_limit")] = None,
        pdf: Annotated[bool, told("documents.opt_pdf"), ALONE] = False,
        constellation: Annotated[str, told("nodes.opt_run_url")] = "",
        identity: Annotated[Path | None, told("nodes.opt_run_identity")] = None,
        patience: Annotated[float, told("nodes.opt_patience")] = 30.0,
        telling: Telling,
    ) -> int:
        options = {"futures": futures, "seed": seed, "design": design}
        who = (_count(workers), cluster, limit)
        asked = (constellation, identity, patience)
        return commands.run(case, out, options, who, telling, pdf=pdf, asked=asked)


def _add_verify(app: App, lang: Lang, told: Told) -> None:
    from kachisuji.desk import commands

    @app.command(
        name="verify", help=say("desk.help_verify", lang), usage=say("desk.usage_verify", lang)
    )
    @speaking(lang, told)
    def verify(
        run: Annotated[Path, told("desk.arg_run")],
        /,
        *,
        quick: Annotated[bool, told("desk.opt_quick"), ALONE] = False,
        telling: Telling,
    ) -> int:
        differs = commands.verify(run, quick, telling)
        return EXIT_DIFFERS if differs else 0


def _add_report(app: App, lang: Lang, told: Told) -> None:
    from kachisuji.desk import commands

    @app.command(
        name="report", help=say("desk.help_report", lang), usage=say("desk.usage_report", lang)
    )
    @speaking(lang, told)
    def report(
        run: Annotated[Path, told("desk.arg_run")],
        /,
        *,
        out: Annotated[Path | None, told("desk.opt_report_out")] = None,
        pdf: Annotated[bool, told("documents.opt_report_pdf"), ALONE] = False,
        xlsx: Annotated[bool, told("workbook.opt_xlsx"), ALONE] = False,
        telling: Telling,
    ) -> int:
        asked = [form for form, wanted in (("pdf", pdf), ("xlsx", xlsx)) if wanted]
        return commands.report(run, out, asked, telling)


def _add_resume(app: App, lang: Lang, told: Told) -> None:
    from kachisuji.desk import commands

    @app.command(
        name="resume", help=say("desk.help_resume", lang), usage=say("desk.usage_resume", lang)
    )
    @speaking(lang, told)
    def resume(
        run: Annotated[Path, told("desk.arg_unfinished")],
        /,
        *,
        workers: Annotated[int | None, told("desk.opt_workers")] = None,
        cluster: Annotated[str, told("desk.opt_cluster")] = "",
        limit: Annotated[float | None, told("desk.opt_limit")] = None,
        telling: Telling,
    ) -> int:
        who = (_count(workers), cluster, limit)
        return commands.resume(run, who, telling)


def _count(workers: int | None) -> int:
    return (os.cpu_count() or 1) if workers is None else workers


def _add_look(app: App, lang: Lang, told: Told) -> None:
    from kachisuji.desk import commands

    Case = Annotated[str, told("desk.arg_case")]

    @app.command(
        name="lines", help=say("desk.help_lines", lang), usage=say("desk.usage_lines", lang)
    )
    @speaking(lang, told)
    def lines(case: Case, /, *, telling: Telling) -> int:
        return commands.lines(case, telling)

    @app.command(
        name="version", help=say("desk.help_version", lang), usage=say("desk.usage_version", lang)
    )
    @speaking(lang, told)
    def version(*, telling: Telling) -> int:
        return commands.version(telling)

    group = App(name="case", help=say("desk.help_case", lang), usage=say("desk.usage_case", lang))
    app.command(group)

    @group.command(
        name="check", help=say("desk.help_check", lang), usage=say("desk.usage_check", lang)
    )
    @speaking(lang, told)
    def check(case: Case, /, *, telling: Telling) -> int:
        return commands.check(case, telling)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGTERM, _stop)
    lang: Lang = "en"
    app = None
    try:
        lang = language(given, os.environ)
        app = build(lang)
        code = app(_without_lang_before_command(app, given or ["--help"]))
    except KachisujiError as error:
        code = _failed(error, lang, given)
        _tell_kept(error, lang)
    except CycloptsError as error:
        code = _failed(_usage_error(error, given, called(app, given)), lang, given)
    except KeyboardInterrupt as error:
        print(f"\n{say('desk.interrupted', lang)}", file=sys.stderr)
        _tell_kept(error, lang)
        code = EXIT_INTERRUPTED
        exec("")  # CPython, run by -m, forgets only so an interruption of exec(), as in imports
    except MemoryError:
        code = _failed(InputError("desk.no_memory"), lang, given)
    except BrokenPipeError:  # the reader of our output has gone: nothing is wrong
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _tell_kept(error: BaseException, lang: Lang) -> None:
    """Say where the finished part of a run waits (the note of an error that keeps one)."""
    for place in getattr(error, "__notes__", ()):
        print(say("desk.kept", lang, place=place), file=sys.stderr)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _without_lang_before_command(app: App, given: list[str]) -> list[str]:
    """Let ``--lang ja`` stand before the command as well as after it."""
    if given[0] == "--lang" and len(given) >= 2:
        rest, option = given[2:], given[:2]
    elif given[0].startswith("--lang="):
        rest, option = given[1:], given[:1]
    else:
        return given
    if not rest or rest[0].startswith("-"):
        return rest or ["--help"]
    path = called(app, rest)
    known = dict(every_command(app))
    if path in known and not any(other[:-1] == path for other in known):
        return [*rest, *option]
    return rest  # a group of commands shows its help and takes no options


def _failed(error: KachisujiError, lang: Lang, given: Sequence[str]) -> int:
    """Say what went wrong: in words, or as JSON where JSON was asked for."""
    if "--json" in given:
        told = {k: getattr(error, k) for k in ("key", "file", "row", "column")}
        told |= {"message": error.in_lang(lang)}
        print(json.dumps({"error": told}, ensure_ascii=False, default=str), file=sys.stderr)
    else:
        print(f"{say('desk.failed', lang)}: {error.in_lang(lang)}", file=sys.stderr)
    return error.exit_code


def _usage_error(error: CycloptsError, given: list[str], path: Sequence[str]) -> InputError:
    """Turn what cyclopts says into an error of the house."""
    import cyclopts

    words = [w for w in given if not w.startswith("-")]
    command = " ".join(("kachisuji", *path))
    if isinstance(error, cyclopts.MissingArgumentError):
        name = error.argument.name if error.argument else "?"
        return InputError("desk.missing_argument", option=name, command=command)
    if isinstance(error, cyclopts.CoercionError):
        token, argument = error.token, error.argument
        option = (token.keyword if token else None) or (argument.name if argument else "?")
        got = repr(token.value if token else "")
        if error.target_type is float:
            return InputError("desk.bad_fraction", option=option, got=got)
        if error.target_type is int:
            return InputError("desk.bad_number", option=option, got=got)
        want = " / ".join(map(str, getattr(error.target_type, "__args__", ()))) or "?"
        return InputError("desk.bad_option", option=option, got=got, want=want)
    if isinstance(error, cyclopts.UnknownOptionError):
        got = error.token.keyword or error.token.value  # a list keeps no keyword
        return InputError("desk.unknown_option", got=got, command=command)
    if isinstance(error, cyclopts.UnknownCommandError):
        return InputError(
            "desk.unknown_command", got=(words[len(path) :] or given)[0], command=command
        )
    if isinstance(error, cyclopts.UnusedCliTokensError):
        got = " ".join(error.unused_tokens or ())
        return InputError("desk.extra_argument", got=got, command=command)
    return InputError("desk.usage_error", why=str(error), command=command)
