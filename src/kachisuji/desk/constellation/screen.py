"""The owner's screen: budget, questions to approve, log, what others would learn.

Served on the node's own loopback address only, behind the same gate as the desk: host names,
origins and tokens against forged forms are checked, and nothing is loaded from anywhere else.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from kachisuji.constellation import ask, schema, warnings
from kachisuji.constellation.node import Node
from kachisuji.constellation.serving import pending
from kachisuji.desk.constellation.training import gain_lines, own_models
from kachisuji.desk.web.safety import LOOPBACK, Gate, Guard, RefusedError, Scope, unforged
from kachisuji.words import KachisujiError, Lang, number, say

SHOWN = 200
"""Lines of the log that the screen shows; ``kachisuji node log`` prints all."""


def _pages() -> Environment:
    return Environment(
        loader=PackageLoader("kachisuji.desk.constellation", "templates"),
        autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def screen(node: Node, lang: Lang) -> Gate:
    """Return the screen of a node as an application."""
    guard = Guard(secrets.token_bytes(32))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None,
                  dependencies=[Depends(unforged)])  # fmt: skip
    app.state.guard = guard
    pages = _pages()

    def page(request: Request, error: KachisujiError | None = None) -> HTMLResponse:
        asked = request.query_params.get("lang", "")
        spoken: Lang = "ja" if asked == "ja" else "en" if asked == "en" else lang
        try:
            values = _values(node, spoken)
        except KachisujiError as wrong:
            values, error = _nothing(node), wrong
        values |= {
            "lang": spoken, "t": lambda key, **v: say(f"nodes.{key}", spoken, **v),
            "csrf": guard.token(request.state.session),
            "error": error.in_lang(spoken) if error else "",
        }  # fmt: skip
        text = pages.get_template("screen.html.j2").render(values)
        return HTMLResponse(text, 200 if error is None else 400)

    @app.get("/")
    def first(request: Request) -> HTMLResponse:
        return page(request)

    @app.get("/screen.css")
    def style() -> Response:
        file = Path(__file__).parent / "templates" / "screen.css"
        return Response(file.read_text(encoding="utf-8"), media_type="text/css")

    @app.post("/decide")
    def decide(
        request: Request, ident: str = Form(""), how: str = Form(""), spoken: str = Form("")
    ) -> Response:
        try:
            item = next((i for i in pending(node) if str(i["id"]) == ident), None)
        except KachisujiError as wrong:  # a damaged file of the folder
            return page(request, wrong)
        if item is None or how not in ("once", "always", "never"):
            from kachisuji.words import InputError

            return page(request, InputError("nodes.not_waiting", got=ident[:64]))
        node.approvals.decide(ident, ask(**item["question"]), str(item["asker"]), how)
        node.log.append("decided", id=ident, how=how)
        return back(spoken)

    @app.post("/withdraw")
    def withdraw(request: Request, ident: str = Form(""), spoken: str = Form("")) -> Response:
        try:
            node.withdraw(ident)
        except KachisujiError as wrong:  # withdrawn meanwhile, or a damaged file of the folder
            return page(request, wrong)
        return back(spoken)

    def back(spoken: str) -> Response:
        return RedirectResponse(f"/?lang={'ja' if spoken == 'ja' else 'en'}", 303)

    def told(scope: Scope, refusal: RefusedError) -> Any:
        del scope
        return Response(refusal.in_lang(lang), refusal.status, media_type="text/plain")

    @app.exception_handler(RefusedError)
    async def refused(_: Request, refusal: RefusedError) -> Response:
        return Response(refusal.in_lang(lang), refusal.status, media_type="text/plain")

    return Gate(app, guard, told)


def _nothing(node: Node) -> dict[str, Any]:
    return {"name": node.folder.name, "budget": [], "waiting": [], "standing": [], "entries": [],
            "tables": [], "models": [], "rules": None, "whole": False}  # fmt: skip


def _values(node: Node, lang: Lang) -> dict[str, Any]:
    """Collect what the page shows."""
    policy, entries = node.policy, node.log.entries()
    budget = [
        {"asker": a, "all": number(e, lang), "left": number(node.left(a), lang),
         "part": max(0, min(100, round(100 * node.left(a) / e)))}
        for a, e in policy.budget.items()
    ]  # fmt: skip
    waiting = []
    for item in pending(node):
        question = ask(**item["question"])
        waiting.append({
            "id": item["id"], "asker": item["asker"], "explain": question.explain(lang),
            "warnings": warnings(question, lang), "epsilon": number(question.epsilon, lang),
            "refusal": _reason(policy.refusal(question, str(item["asker"])), lang),
            "shown": question.model_dump_json(exclude_defaults=True),
        })  # fmt: skip
    standing = [
        {"id": s.ident, "asker": s.asker, "epsilon": number(s.epsilon, lang),
         "since": _when(s.since),
         "explain": s.question.explain(lang) if s.question else say("nodes.not_kept", lang),
         "shown": s.question.model_dump_json(exclude_defaults=True) if s.question else ""}
        for s in node.approvals.standing()
    ]  # fmt: skip
    tables = [
        {"name": t, "rows": len(node.table(t)),
         "columns": [(a.name, a.unit, a.meaning_ja if lang == "ja" else a.meaning_en)
                     for a in schema(t)]}
        for t in node.held()
    ]  # fmt: skip
    shown = [
        {"number": e.number, "when": _when(e.when),
         "event": say(f"nodes.event_{e.event}", lang), "told": _told(e.values, lang)}
        for e in reversed(entries[-SHOWN:])
    ]  # fmt: skip
    models = [[line.strip() for line in gain_lines(m, lang)] for m in own_models(node)]
    return {"name": node.folder.name, "budget": budget, "waiting": waiting, "standing": standing,
            "entries": shown, "tables": tables, "models": models, "rules": policy,
            "whole": True}  # fmt: skip


def _when(stamp: str) -> str:
    return stamp.replace("T", " ").removesuffix("+00:00")


def _reason(key: str | None, lang: Lang) -> str:
    return say(f"constellation.{key}", lang) if key else ""


_TOLD = ("name", "role", "url", "table", "rows", "asker", "epsilon", "key", "state", "id", "how")


def _told(values: dict[str, Any], lang: Lang) -> str:
    """Say a line of the log: what a debit's question revealed, else the values as they are."""
    if "question" in values:
        asker, epsilon = values["asker"], number(values["epsilon"], lang)
        return f"{asker}, ε {epsilon}: {ask(**values['question']).explain(lang)}"
    if "reason" in values:
        return f"{values.get('asker', '')}: {_reason(values['reason'], lang)}"
    return ", ".join(say(f"nodes.log_{k}", lang, value=v) for k, v in values.items() if k in _TOLD)


def show(node: Node, port: int, lang: Lang) -> None:
    """Serve the screen on this machine until interrupted.

    Raises
    ------
    InputError, RunError
        If the port cannot be.
    """
    import uvicorn

    from kachisuji.desk.web.serving import _listen
    from kachisuji.words import InputError

    if not 1 <= port <= 65535:
        raise InputError("desk.bad_option", option="--port", got=port, want="1 – 65535")
    listening = _listen(LOOPBACK[1], port)
    print(say("nodes.screen_at", lang, url=f"http://{LOOPBACK[1]}:{port}/"), flush=True)
    config = uvicorn.Config(screen(node, lang), log_level="warning", server_header=False,
                            timeout_graceful_shutdown=2)  # fmt: skip
    with listening:
        uvicorn.Server(config).run(sockets=[listening])
