"""The command ``kachisuji``: what it understands, and how it ends.

Heavy modules are imported inside the commands, so that help answers at once. Exit codes: 0 done,
1 a run that does not verify, 2 a mistake that a person can mend, 130 interrupted.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from kachisuji import __version__
from kachisuji.desk.ahead.commands import add_ahead
from kachisuji.desk.data import add_data
from kachisuji.desk.helping import HelpLayout
from kachisuji.desk.language import language
from kachisuji.words import EXIT_INTERRUPTED, EXIT_USER_ERROR, InputError, KachisujiError, Lang, say

EXIT_DIFFERS = 1


def build(lang: Lang) -> App:
    """Make the commands with their help in ``lang``."""
    app = App(
        name="kachisuji",
        help=say("desk.about", lang),
        usage=say("desk.usage_app", lang),
        help_epilogue=say("desk.epilogue", lang),
        help_format="plaintext",
        help_formatter=HelpLayout(lang),
        group_commands=Group(say("desk.group_commands", lang)),
        group_arguments=Group(say("desk.group_arguments", lang)),
        group_parameters=Group(say("desk.group_options", lang)),
        version=__version__,
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    app["--help"].help = say("desk.help_help", lang)
    app["--version"].help = say("desk.help_version", lang)
    _add_run(app, lang)
    _add_look(app, lang)
    _add_case(app, lang)
    add_data(app, lang, lambda key: Parameter(help=say(key, lang)))
    add_ahead(app, lang, lambda key: Parameter(help=say(key, lang)))
    return app


def _lang_option(lang: Lang) -> Parameter:
    return Parameter(help=say("desk.opt_lang", lang))


def _add_run(app: App, lang: Lang) -> None:
    from kachisuji.desk import commands

    def told(key: str) -> Parameter:
        return Parameter(help=say(key, lang))

    Asked = Annotated[Literal["en", "ja"], _lang_option(lang)]

    @app.command(name="run", help=say("desk.help_run", lang), usage=say("desk.usage_run", lang))
    def run(
        case: Annotated[str, told("desk.arg_case")],
        /,
        *,
        out: Annotated[Path | None, told("desk.opt_out")] = None,
        futures: Annotated[int, told("desk.opt_futures")] = 512,
        seed: Annotated[int, told("desk.opt_seed")] = 0,
        workers: Annotated[int | None, told("desk.opt_workers")] = None,
        design: Annotated[Literal["sobol", "lhs"], told("desk.opt_design")] = "sobol",
        lang: Asked = lang,
    ) -> int:
        options = {"futures": futures, "seed": seed, "design": design}
        count = (os.cpu_count() or 1) if workers is None else workers
        return commands.run(case, out, options, count, lang)

    @app.command(
        name="verify", help=say("desk.help_verify", lang), usage=say("desk.usage_verify", lang)
    )
    def verify(
        run: Annotated[Path, told("desk.arg_run")],
        /,
        *,
        quick: Annotated[bool, told("desk.opt_quick"), Parameter(negative="")] = False,
        lang: Asked = lang,
    ) -> int:
        return EXIT_DIFFERS if commands.verify(run, quick, lang) else 0

    @app.command(
        name="report", help=say("desk.help_report", lang), usage=say("desk.usage_report", lang)
    )
    def report(
        run: Annotated[Path, told("desk.arg_run")],
        /,
        *,
        out: Annotated[Path | None, told("desk.opt_report_out")] = None,
        lang: Asked = lang,
    ) -> int:
        return commands.report(run, out, lang)


def _add_look(app: App, lang: Lang) -> None:
    from kachisuji.desk import commands

    Asked = Annotated[Literal["en", "ja"], _lang_option(lang)]
    case_help = Parameter(help=say("desk.arg_case", lang))

    @app.command(
        name="lines", help=say("desk.help_lines", lang), usage=say("desk.usage_lines", lang)
    )
    def lines(case: Annotated[str, case_help], /, *, lang: Asked = lang) -> int:
        return commands.lines(case, lang)

    @app.command(
        name="version", help=say("desk.help_version", lang), usage=say("desk.usage_version", lang)
    )
    def version(*, lang: Asked = lang) -> int:
        return commands.version(lang)


def _add_case(app: App, lang: Lang) -> None:
    from kachisuji.desk import commands

    Asked = Annotated[Literal["en", "ja"], _lang_option(lang)]
    case_help = Parameter(help=say("desk.arg_case", lang))
    group = App(name="case", help=say("desk.help_case", lang), usage=say("desk.usage_case", lang))
    app.command(group)

    @group.command(
        name="check", help=say("desk.help_check", lang), usage=say("desk.usage_check", lang)
    )
    def check(case: Annotated[str, case_help], /, *, lang: Asked = lang) -> int:
        return commands.check(case, lang)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGTERM, _stop)
    lang: Lang = "en"
    try:
        lang = language(given, os.environ)
        if not given:
            given = ["--help"]
        code = build(lang)(_without_lang_before_command(given))
    except KachisujiError as error:
        code = _failed(error.in_lang(lang), lang, error.exit_code)
    except CycloptsError as error:
        code = _failed(_usage_error(error, given).in_lang(lang), lang, EXIT_USER_ERROR)
    except KeyboardInterrupt:
        print(f"\n{say('desk.interrupted', lang)}", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except MemoryError:
        code = _failed(InputError("desk.no_memory").in_lang(lang), lang, EXIT_USER_ERROR)
    except BrokenPipeError:  # the reader of our output has gone: nothing is wrong
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _without_lang_before_command(given: list[str]) -> list[str]:
    """Let ``--lang ja`` stand before the command as well as after it."""
    if given[:1] == ["--lang"] and len(given) >= 2:
        rest, option = given[2:], given[:2]
    elif given[0].startswith("--lang="):
        rest, option = given[1:], given[:1]
    else:
        return given
    if not rest or rest[0].startswith("-"):
        return rest or ["--help"]
    if rest[0] in ("case", "data"):
        return [*rest, *option] if len(rest) > 2 else rest
    return [*rest, *option]


def _failed(text: str, lang: Lang, code: int) -> int:
    print(f"{say('desk.failed', lang)}: {text}", file=sys.stderr)
    return code


def _usage_error(error: CycloptsError, given: list[str]) -> InputError:
    """Turn what cyclopts says into an error of the house."""
    import cyclopts

    words = [w for w in given if not w.startswith("-")]
    known = ("run", "verify", "report", "lines", "version", "backcast")
    command = f"kachisuji {words[0]}" if words and words[0] in known else "kachisuji"
    if isinstance(error, cyclopts.MissingArgumentError):
        name = error.argument.name if error.argument else "?"
        return InputError("desk.missing_argument", option=name.lstrip("-"), command=command)
    if isinstance(error, cyclopts.CoercionError):
        token, argument = error.token, error.argument
        option = (token.keyword if token else None) or (argument.name if argument else "?")
        got = repr(token.value if token else "")
        if error.target_type is int:
            return InputError("desk.bad_number", option=option, got=got)
        want = " / ".join(map(str, getattr(error.target_type, "__args__", ()))) or "?"
        return InputError("desk.bad_option", option=option, got=got, want=want)
    if isinstance(error, cyclopts.UnknownOptionError):
        return InputError("desk.unknown_option", got=error.token.keyword, command=command)
    if isinstance(error, cyclopts.UnknownCommandError):
        return InputError("desk.unknown_command", got=(words or given)[0], command=command)
    if isinstance(error, cyclopts.UnusedCliTokensError):
        got = " ".join(error.unused_tokens or ())
        return InputError("desk.extra_argument", got=got, command=command)
    return InputError("desk.usage_error", why=str(error), command=command)
