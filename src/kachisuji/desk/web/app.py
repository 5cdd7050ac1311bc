"""The application: every page, behind one gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from kachisuji.desk.web import pages
from kachisuji.desk.web.casebook import ConflictError
from kachisuji.desk.web.place import Desk
from kachisuji.desk.web.safety import Gate, Guard, RefusedError, Scope, unforged
from kachisuji.words import InputError, KachisujiError, Lang, RunError

# a module here holds ``router``; one that is not there yet is simply not offered
VIEWS = ("assets", "overview", "fields", "what_if", "futures", "ahead", "structure", "cases",
         "editing", "jobs", "narrative", "paths", "closing", "taking")  # fmt: skip
AT_ONCE = 6
NOT_FOUND = ("web.no_run", "web.no_job", "web.no_case", "web.no_page", "web.no_such")
BUSY = ("web.too_many_jobs", "web.too_many_files", "web.job_works", "web.job_whole", "web.page_old")
_STATUS = {404: "web.no_page", 405: "web.no_method"}


def make_app(desk: Desk, guard: Guard | None = None, lang: Lang = "ja") -> FastAPI:
    """Return the application over a desk.

    Parameters
    ----------
    desk
        Cases, runs and jobs.
    guard
        Who may ask what; by default this machine.
    lang
        Language for those who have not said which.
    """
    app = FastAPI(
        title="Kachisuji",
        lifespan=_opened,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(unforged)],
    )
    app.state.desk, app.state.lang = desk, lang
    app.state.guard = guard or Guard(desk.secret)
    for name in VIEWS:
        place = f"kachisuji.desk.web.views.{name}"
        try:
            app.include_router(import_module(place).router)
        except ModuleNotFoundError as error:
            if error.name != place:
                raise
    app.state.offered = {getattr(r, "name", "") for r in _routes(app)}
    _tell_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=800, compresslevel=5)

    def told(scope: Scope, refusal: RefusedError) -> Response:
        # what is refused at the gate gets a bare answer: no page of ours, no cookie of theirs
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [lang])[0]
        text = refusal.in_lang("ja" if asked == "ja" else "en")
        return Response(text + "\n", refusal.status, media_type="text/plain; charset=utf-8")

    app.add_middleware(Gate, guard=app.state.guard, told=told)
    return app


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[None]:
    """Go on with jobs that were killed; answer a few requests at a time, more would only wait.

    The what-if of the first run is prepared from now on, and what makes files ends with the server.
    """
    current_default_thread_limiter().total_tokens = AT_ONCE
    app.state.desk.jobs.tend()
    app.state.desk.begin()
    yield
    app.state.desk.press.close()


def _routes(app: FastAPI) -> list[Any]:
    out: list[Any] = []
    pending = list(app.router.routes)
    while pending:
        route = pending.pop()
        out.append(route)
        inner = getattr(route, "original_router", None)
        pending += list(getattr(inner, "routes", ()))
    return out


def status_of(error: KachisujiError) -> int:
    """Return the HTTP status of an error of the house."""
    if isinstance(error, RefusedError):
        return error.status
    if isinstance(error, ConflictError) or error.key in BUSY:
        return 409
    if error.key in NOT_FOUND:
        return 404
    return 500 if isinstance(error, RunError) else 422


def _bounds_of(request: Request, name: str) -> str:
    """Say between which numbers a value of a form may lie; empty where it has no two bounds."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return ""
    for field in (*route.dependant.body_params, *route.dependant.query_params):
        if field.alias == name:
            bounds = {type(b).__name__: b for b in field.field_info.metadata}
            if {"Ge", "Le"} <= set(bounds):
                return f"{bounds['Ge'].ge:,} – {bounds['Le'].le:,}"
    return ""


def _tell_errors(app: FastAPI) -> None:
    @app.exception_handler(KachisujiError)
    def house(request: Request, error: KachisujiError) -> Response:
        return pages.told(request, error, status_of(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        known = InputError(_STATUS.get(error.status_code, "web.bad_request"))
        answer = pages.told(request, known, error.status_code)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        places = list(
            dict.fromkeys(".".join(map(str, e["loc"][1:])) or "?" for e in error.errors())
        )
        names = ", ".join(places)[:200]
        want = _bounds_of(request, places[0]) if len(places) == 1 else ""
        if want:
            wrong = InputError("web.bad_value_of", names=names, want=want)
        else:
            wrong = InputError("web.bad_value", names=names)
        return pages.told(request, wrong, 422)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        # the trace goes to the terminal of whoever runs the desk (uvicorn prints it), not to a page
        return pages.told(request, RunError("web.broken", what=type(error).__name__), 500)
