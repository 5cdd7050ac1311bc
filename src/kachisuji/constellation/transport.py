"""The transport: the coordinator's HTTPS endpoints.

Mutual TLS 1.3 everywhere; only the coordinator listens, nodes and members call it. Every answer
carries the protocol's version and the coordinator's clock.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from kachisuji.constellation import certificates
from kachisuji.constellation.client import HEADER, LONGEST_WAIT
from kachisuji.constellation.coordinator import Coordinator
from kachisuji.constellation.node import Submission, line_number
from kachisuji.constellation.questions import PROTOCOL, ask
from kachisuji.words import KachisujiError, RunError

LARGEST = 16 * 2**20
"""Bytes of a message to the coordinator; three shares of the longest vector are half of it."""
_TICK = 0.25


def protocol_class() -> Any:
    """Return uvicorn's HTTP protocol that tells the application which certificate was shown."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Shown(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            secured = transport.get_extra_info("ssl_object")
            shown = secured.getpeercert(True) if secured else None
            self.app_state = {**self.app_state, "certificate": shown}
            super().connection_made(transport)

    return Shown


class RefusedError(Exception):
    """A request is refused; told to the caller by a key of the catalogue."""

    def __init__(self, status: int, key: str, **values: Any) -> None:
        super().__init__(key)
        self.status, self.key, self.values = status, key, values


class Gate:
    """Who calls, and waking those who wait when something has changed."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator, self.ending = coordinator, False
        self._changed = asyncio.Event()

    def caller(self, request: Request, *roles: str) -> str:
        """Return the caller's name, heard just now; refuse whom :meth:`allowed` refuses."""
        identity = self.allowed(request, *roles)
        self.coordinator.saw(identity)
        return identity.name

    def allowed(self, request: Request, *roles: str) -> certificates.Identity:
        """Return who calls; refuse foreign versions, roles and certificates.

        After a wait this is asked again, without keeping that the caller was heard: it was heard
        when it called, and may have fallen silent since.
        """
        if request.headers.get(HEADER) != str(PROTOCOL):
            got = request.headers.get(HEADER) or "?"
            raise RefusedError(426, "constellation.version", got=got, want=PROTOCOL)
        shown = getattr(request.state, "certificate", None)
        if not shown:
            raise RefusedError(403, "constellation.not_admitted", got="?")
        identity = certificates.identity(shown)
        if identity.role not in roles or not self.coordinator.admits(identity):
            raise RefusedError(403, "constellation.not_admitted", got=identity.name)
        return identity

    def wake(self) -> None:
        """Let everyone who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(
        self, ready: Callable[[], Any], seconds: float, request: Request | None = None
    ) -> Any:
        """Return ``ready()`` when it is something, after ``seconds``, or when the caller is gone.

        Whether it is gone is looked at only with its ``request``. A server that ends lets nobody
        wait: those who do would be cut off, and it would take its grace to end.
        """
        end = time.monotonic() + min(seconds, LONGEST_WAIT)
        while not (found := ready()) and (left := end - time.monotonic()) > 0 and not self.ending:
            if request is not None and await request.is_disconnected():
                return found
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return ready()
        return found


def application(coordinator: Coordinator) -> FastAPI:
    """Return the coordinator's application."""
    gate = Gate(coordinator)

    async def tick() -> None:
        while True:
            await asyncio.sleep(_TICK)
            coordinator.step()
            gate.wake()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        coordinator.resume()
        task = asyncio.create_task(tick())
        yield
        task.cancel()

    app = FastAPI(lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.gate = gate

    def told(status: int, content: Any) -> JSONResponse:
        return JSONResponse(content, status, headers={HEADER: str(PROTOCOL)})

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return told(error.status, {"key": error.key, "values": error.values})

    @app.exception_handler(KachisujiError)
    async def wrong(_: Request, error: KachisujiError) -> JSONResponse:
        return told(400, {"key": error.key, "values": error.values})

    async def body(request: Request) -> dict[str, Any]:
        try:
            content = bytearray()
            async for part in request.stream():  # counted as it comes, whatever its head says
                content += part
                if len(content) > LARGEST:
                    raise ValueError("too large")
            given = json.loads(content)
            if not isinstance(given, dict):
                raise ValueError("no object")
            if b"\\ud" in content.lower():  # halves of a letter can be neither kept nor sent on
                json.dumps(given, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, "constellation.garbage", why=str(error)[:80]) from error
        return given

    _asker_endpoints(app, gate, told, body)
    _node_endpoints(app, gate, told, body)
    _member_endpoints(app, gate, told, body)
    return app


def _asker_endpoints(app: FastAPI, gate: Gate, told: Any, body: Any) -> None:
    coordinator = gate.coordinator

    @app.get("/state")
    async def state(request: Request) -> Any:
        gate.caller(request, *certificates.ROLES)
        ready, awake = coordinator.committee_is_there(), coordinator.awake()
        return told(200, {"now": time.time(), "nodes": len(coordinator.nodes()),
                          "committee": [m.__dict__ for m in coordinator.committee()],
                          "awake": awake, "ready": ready})  # fmt: skip

    @app.post("/questions")
    async def put(request: Request) -> Any:
        asker, given = gate.caller(request, "asker"), await body(request)
        try:
            ident, patience = str(given["id"]), float(given["patience"])
            question = ask(**given["question"])
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(400, "constellation.garbage", why=str(error)[:80]) from error
        if not ident.isalnum() or len(ident) > 64 or not 0.1 <= patience <= 86400:
            raise RefusedError(400, "constellation.garbage", why="id")
        asked = coordinator.put(ident, asker, question, patience)
        gate.wake()
        return told(200, {"id": asked.id, "state": asked.state})

    @app.get("/questions/{ident}")
    async def get(request: Request, ident: str, wait: float = 0.0) -> Any:
        asker = gate.caller(request, "asker")
        if coordinator.get(ident).asker != asker:
            raise RefusedError(403, "constellation.not_admitted", got=asker)

        def ended() -> Any:
            found = coordinator.get(ident)
            return found if found.state not in ("collecting", "opening") else None

        found = await gate.until(ended, wait) or coordinator.get(ident)
        return told(200, {"id": ident, "state": found.state, "why": found.why,
                          "attempt": found.attempt, "nodes": len(found.nodes or ()),
                          "refusals": coordinator.refusals(found),
                          "answer": found.answer, "proof": coordinator.proof(found)})  # fmt: skip


def _node_endpoints(app: FastAPI, gate: Gate, told: Any, body: Any) -> None:
    coordinator = gate.coordinator

    @app.get("/open")
    async def waiting(request: Request, wait: float = 0.0, known: str = "") -> Any:
        node = gate.caller(request, "node")
        seen = set(known.split(","))

        def fresh() -> Any:
            return [q for q in coordinator.open_for(node) if q.key not in seen]

        found = await gate.until(fresh, wait)
        gate.allowed(request, "node")
        return told(200, {
            "now": time.time(), "head": list(coordinator.head(node)),
            "committee": [m.identity.fingerprint for m in coordinator.committee()],
            "questions": [{"id": q.id, "attempt": q.attempt, "asker": q.asker,
                           "question": q.question.model_dump(mode="json")} for q in found or ()],
        })  # fmt: skip

    @app.post("/submissions/{ident}/{attempt}")
    async def submit(request: Request, ident: str, attempt: int) -> Any:
        node, given = gate.caller(request, "node"), await body(request)
        try:
            sent = Submission.of(given)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RefusedError(400, "constellation.garbage", why=str(error)[:80]) from error
        if sent.key != f"{ident}.{attempt}" or len(sent.sealed) != 3:
            raise RefusedError(400, "constellation.garbage", why="key")
        state = coordinator.submit(node, ident, attempt, sent)
        gate.wake()
        return told(200, {"state": state})

    @app.post("/refusals/{ident}/{attempt}")
    async def refuse(request: Request, ident: str, attempt: int) -> Any:
        node, given = gate.caller(request, "node"), await body(request)
        coordinator.refuse(node, ident, attempt, str(given.get("reason", ""))[:40])
        gate.wake()
        return told(200, {})

    @app.get("/spent")
    async def spent(request: Request) -> Any:
        return told(200, coordinator.spent(gate.caller(request, "node")))

    @app.post("/recovered")
    async def recovered(request: Request) -> Any:
        node, given = gate.caller(request, "node"), await body(request)
        try:
            number, last = given["head"]
            head = line_number(number), str(last)[:64]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RefusedError(400, "constellation.garbage", why="head") from error
        coordinator.recovered(node, head)
        return told(200, {})


def _member_endpoints(app: FastAPI, gate: Gate, told: Any, body: Any) -> None:
    coordinator = gate.coordinator

    @app.get("/jobs")
    async def openings(request: Request, wait: float = 0.0) -> Any:
        member, since = gate.caller(request, "member"), time.monotonic()
        gate.wake()  # a node may have waited for this member to be heard
        jobs: list[Any] = []

        def due() -> bool:
            jobs[:] = coordinator.jobs_for(member)
            return bool(jobs) or coordinator.calls(member)

        await gate.until(due, wait, request)
        if await request.is_disconnected():  # its process ended: no opening is begun without it
            coordinator.hung_up(member, since)
            return told(200, {})
        gate.allowed(request, "member")
        return told(200, {"now": time.time(), "jobs": jobs})

    @app.post("/results/{ident}/{attempt}")
    async def result(request: Request, ident: str, attempt: int) -> Any:
        member, given = gate.caller(request, "member"), await body(request)
        failed = str(given.get("failed", ""))[:80]
        signature = str(given.get("signature", ""))[:200]
        coordinator.report(member, ident, attempt, given.get("body"), failed, signature)
        gate.wake()
        return told(200, {})


def serve(folder: Path, host: str, port: int) -> None:
    """Serve the coordinator until it is told to stop.

    Raises
    ------
    InputError
        When the folder is no coordinator's, or its certificate has expired.
    RunError
        When the address is taken.
    """
    coordinator = Coordinator(folder)
    try:
        listen(application(coordinator), host, port, folder)
    finally:
        coordinator.close()


def listen(app: FastAPI, host: str, port: int, folder: Path | None = None) -> None:
    """Run an application with uvicorn: over mutual TLS with ``folder``, plain without."""
    import socket

    import uvicorn

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = error.strerror or str(error)
            raise RunError("constellation.address_taken", at=f"{host}:{port}", why=why) from error
    config = uvicorn.Config(
        app, host=host, port=port, http=protocol_class(), log_level="warning", access_log=False,
        timeout_graceful_shutdown=2, server_header=False,
        ssl_context_factory=None if folder is None else _secured(folder),
    )  # fmt: skip
    gate = getattr(app.state, "gate", None)

    class Ending(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if gate is not None:
                gate.ending = True  # those who wait see it at the next tick
            super().handle_exit(sig, frame)

    Ending(config).run()


def _secured(folder: Path) -> Callable[[Any, Any], ssl.SSLContext]:
    context = certificates.server_context(folder)
    return lambda _config, _default: context
