"""``kachisuji mcp``: the tools and resources, over standard input and output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji import __version__
from kachisuji.desk.mcp.answers import Answers
from kachisuji.words import InputError, KachisujiError, Lang, say

if TYPE_CHECKING:
    from pydantic import ValidationError

KINDS = ("int", "float", "string", "list", "dict")  # of values, as pydantic names its errors


def serve(folder: Path, lang: Lang, *, allow_run: bool) -> None:
    """Serve until the client hangs up.

    Raises
    ------
    InputError
        If the package ``mcp`` is not installed, or ``folder`` is no folder.
    """
    if not folder.is_dir():
        raise InputError("mcp.no_folder", file=folder)
    build(Answers(folder, lang), allow_run=allow_run).run("stdio")


def build(answers: Answers, *, allow_run: bool) -> Any:
    """Make the server.

    Raises
    ------
    InputError
        If the package ``mcp`` is not installed.
    """
    try:
        from mcp.types import ToolAnnotations

        server_of = _checking()
    except ImportError as error:
        raise InputError("mcp.not_installed") from error
    lang = answers.lang
    server = server_of(
        answers,
        "kachisuji",
        version=__version__,
        instructions=say("mcp.instructions", lang),
        log_level="ERROR",
    )
    reading = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    for name, function in tools(answers).items():
        told = say(f"mcp.tool_{name}", lang)
        server.tool(name=name, description=told, annotations=reading)(function)
    if allow_run:
        writing = ToolAnnotations(
            read_only_hint=False, destructive_hint=False, idempotent_hint=False,
            open_world_hint=False,
        )  # fmt: skip
        told = say("mcp.tool_run", lang)
        server.tool(name="run", description=told, annotations=writing)(runner(answers))
    _resources(server, answers)
    return server


def _checking() -> Any:
    """Return a class of server that says in words which argument of a tool is wrong.

    The protocol's library drops arguments that a tool does not know, so that a misspelt change
    would be answered as if nothing had changed.
    """
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from pydantic import ValidationError

    class Checking(MCPServer):
        def __init__(self, answers: Answers, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.lang = answers.lang

        async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
            tool = self._tool_manager.get_tool(name)
            known = list(tool.parameters["properties"]) if tool else []
            if tool and (more := [a for a in arguments if a not in known]):
                told = {"tool": name, "got": ", ".join(more)[:80], "known": ", ".join(known) or "–"}
                error = InputError("mcp.unknown_argument", **told)
                raise ToolError(error.in_lang(self.lang))
            try:
                return await super().call_tool(name, arguments, context)
            except ToolError as wrong:
                if isinstance(wrong.__cause__, ValidationError):
                    raise ToolError(_misfit(name, wrong.__cause__, self.lang)) from wrong
                raise

    return Checking


def _misfit(tool: str, wrong: ValidationError, lang: Lang) -> str:
    """Say which argument has the wrong kind of value."""
    first = wrong.errors()[0]
    place = ".".join(map(str, first["loc"]))[:80]
    if first["type"] == "missing":
        return InputError("mcp.missing_argument", tool=tool, name=place).in_lang(lang)
    kind = first["type"].partition("_")[0]
    want = say(f"mcp.kind_{kind if kind in KINDS else 'other'}", lang)
    got = repr(first["input"])[:80]
    return InputError("mcp.bad_argument", tool=tool, name=place, got=got, want=want).in_lang(lang)


def _asked(answers: Answers, ask: Callable[[], Any]) -> str:
    """Return an answer as JSON; a mistake becomes what is wrong and how to mend it."""
    from mcp.server.mcpserver.exceptions import ToolError

    try:
        found = ask()
    except KachisujiError as error:
        raise ToolError(error.in_lang(answers.lang)) from error
    return json.dumps(found, ensure_ascii=False, default=str)


def tools(answers: Answers) -> dict[str, Callable[..., str]]:
    """Return the tools that only read, by name; their parameters are what a client sees."""

    def runs() -> str:
        return _asked(answers, answers.runs)

    def cases() -> str:
        return _asked(answers, answers.cases)

    def table(case: str, table: str, where: dict[str, str] | None = None, start: int = 0) -> str:
        return _asked(answers, lambda: answers.table(case, table, where, start))

    def portfolio(run: str) -> str:
        return _asked(answers, lambda: answers.portfolio(run))

    def why(run: str, subject: str) -> str:
        return _asked(answers, lambda: answers.why(run, subject))

    def quantities(run: str, containing: str = "") -> str:
        return _asked(answers, lambda: answers.quantities(run, containing))

    def what_if(
        run: str,
        beliefs: dict[str, float] | None = None,
        limits: dict[str, int] | None = None,
        fields: int | None = None,
        caution: int | None = None,
        power: float | None = None,
        exposure: float | None = None,
        without: list[str] | None = None,
        unsold: list[str] | None = None,
        events: dict[str, int | str] | None = None,
        banned: list[str] | None = None,
        held: list[str] | None = None,
    ) -> str:
        changes = {
            "beliefs": beliefs, "limits": limits, "fields": fields, "caution": caution,
            "power": power, "exposure": exposure, "without": without, "unsold": unsold,
            "events": events, "banned": banned, "held": held,
        }  # fmt: skip
        return _asked(answers, lambda: answers.what_if(run, changes))

    def evidence(case: str, ids: list[str]) -> str:
        return _asked(answers, lambda: answers.evidence(case, ids))

    def structure(case: str, region: str, sector: str) -> str:
        return _asked(answers, lambda: answers.structure(case, region, sector))

    def backcast(case: str, goal: str, futures: int = 64) -> str:
        return _asked(answers, lambda: answers.backcast(case, goal, futures))

    found = (
        runs, cases, table, portfolio, why, quantities, what_if, evidence, structure, backcast,
    )  # fmt: skip
    return {function.__name__: function for function in found}


def runner(answers: Answers) -> Callable[..., str]:
    """Return the tool that makes a run."""

    def run(case: str, name: str, futures: int = 64, seed: int = 0) -> str:
        return _asked(answers, lambda: answers.start(case, name, futures, seed))

    return run


def _resources(server: Any, answers: Answers) -> None:
    """Offer what a client may read: findings and portfolio of a run, the schema of cases."""
    from mcp.server.mcpserver.exceptions import ResourceNotFoundError

    from kachisuji.cases import schema_markdown

    def found(ask: Callable[[], str]) -> str:
        try:
            return ask()
        except KachisujiError as error:
            raise ResourceNotFoundError(error.in_lang(answers.lang)) from error

    def findings(run: str) -> str:
        return found(lambda: repr(answers.run_of(run)))

    def register(case: str) -> str:
        return found(lambda: str(answers.case_of(case).tables["evidence"].to_csv(index=False)))

    def schema() -> str:
        return schema_markdown(answers.lang)

    lang = answers.lang
    offered = (
        ("kachisuji://runs/{run}/findings", findings, "text/plain", "mcp.resource_findings"),
        ("kachisuji://cases/{case}/evidence", register, "text/csv", "mcp.resource_evidence"),
        ("kachisuji://schema", schema, "text/markdown", "mcp.resource_schema"),
    )
    for uri, function, kind, key in offered:
        server.resource(uri, description=say(key, lang), mime_type=kind)(function)
