"""Who may ask what: hosts, origins, tokens against forgery, sizes, and the headers of answers."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
from fastapi import Request

from kachisuji.words import InputError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SESSION, KEY = "desk_session", "desk_key"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LARGEST_BODY = 8 * 2**20
SLOWEST = 120.0
YEAR = 365 * 24 * 3600

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # with no-referrer browsers send "Origin: null" with our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Guard:
    """What the desk lets in.

    Attributes
    ----------
    secret
        Key of the tokens against forged forms; kept on disk, so that forms outlive a restart.
    host
        Address that is listened on.
    key
        Token that every visitor must show; empty on loopback.
    largest
        Bytes a request may hold.
    slowest
        Seconds in which it has to be here.
    """

    secret: bytes
    host: str = "127.0.0.1"
    key: str = ""
    largest: int = LARGEST_BODY
    slowest: float = SLOWEST
    names: frozenset[str] = field(default_factory=frozenset)

    def knows(self, host: str) -> bool:
        """Whether a Host header names this desk; other names are another site's trick.

        A desk on loopback answers to the names of loopback; one that listens elsewhere, and
        therefore asks for a token, to its own name and to any address written in digits.
        """
        name = _hostname(host)
        if name in LOOPBACK or name in self.names:
            return True
        if is_loopback(self.host):
            return name == self.host
        if name in (self.host, socket.gethostname().lower()):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def token(self, session: str) -> str:
        """Return a token for the forms of a session; another one each time, all of them good."""
        salt = secrets.token_hex(8)
        return f"{salt}.{self._sign(session, salt)}"

    def _sign(self, session: str, salt: str) -> str:
        return hmac.new(self.secret, f"{session}.{salt}".encode(), hashlib.sha256).hexdigest()

    def good(self, session: str, token: str) -> bool:
        """Whether a form's token was made for this session."""
        salt, _, signed = token.partition(".")
        return bool(session) and hmac.compare_digest(
            signed.encode(), self._sign(session, salt).encode()
        )

    def opened(self, key: str) -> bool:
        """Whether a visitor's key is the desk's, or the seal that was given for it."""
        given = key.encode()
        return hmac.compare_digest(given, self.key.encode()) or hmac.compare_digest(
            given, self.seal().encode()
        )

    def seal(self) -> str:
        """Return what a visitor's cookie holds in place of the key."""
        return self._sign(self.key, "key")


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def same_origin(headers: dict[str, str]) -> bool:
    """Whether a request that changes something comes from a page of the host that it goes to."""
    host = headers.get("host", "").lower()
    origin = headers.get("origin") or headers.get("referer", "")
    if origin:
        try:
            return urlsplit(origin).netloc.lower() == host
        except ValueError:
            return False
    return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


class RefusedError(InputError):
    """A request that is not let in; ``status`` is HTTP's."""

    def __init__(self, key: str, status: int, **values: Any) -> None:
        self.status = status
        super().__init__(key, **values)


class Gate:
    """The outermost layer: refuses what is not ours to answer, and sets every answer's headers."""

    def __init__(self, app: App, guard: Guard, told: Callable[[Scope, RefusedError], Any]) -> None:
        self.app, self.guard, self.told = app, guard, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":  # none are offered
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookies = _cookies(scope)
        session = cookies.get(SESSION, "")
        fresh = "" if len(session) >= 32 else secrets.token_urlsafe(32)
        scope.setdefault("state", {})["session"] = fresh or session
        out = _Answer(send, fresh)
        try:
            await self._let_in(scope, cookies, receive, out)
        except RefusedError as refusal:
            if out.begun:
                return
            await self.told(scope, refusal)(scope, receive, out)

    async def _let_in(
        self, scope: Scope, cookies: dict[str, str], receive: Receive, out: _Answer
    ) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        if not self.guard.knows(headers.get("host", "")):
            raise RefusedError("web.bad_host", 421, got=headers.get("host", "")[:80])
        if self.guard.key:
            given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")
            if given and self.guard.opened(given):
                await out.open(scope, self.guard.seal())
                return
            bearer = headers.get("authorization", "").removeprefix("Bearer ")
            if not self.guard.opened(cookies.get(KEY) or bearer):
                raise RefusedError("web.no_key", 401)
        if scope["method"] not in SAFE_METHODS and not same_origin(headers):
            raise RefusedError("web.bad_origin", 403)
        limit = self.guard.largest
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > limit:
            raise RefusedError("web.too_large", 413, limit=limit // 2**20)
        seen, whole = 0, False
        end = anyio.current_time() + self.guard.slowest

        async def counted() -> Message:
            nonlocal seen, whole
            if whole:  # nothing more comes but the news that the visitor has gone
                return await receive()
            try:
                with anyio.fail_after(max(0.0, end - anyio.current_time())):
                    message = await receive()
            except TimeoutError:
                raise await refused(
                    "web.too_slow", 408, seconds=round(self.guard.slowest)
                ) from None
            whole = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > limit:
                raise await refused("web.too_large", 413, limit=limit // 2**20)
            return message

        async def refused(key: str, status: int, **values: Any) -> RefusedError:
            refusal = RefusedError(key, status, **values)
            if not out.begun:  # whoever reads the form would make another error of it
                await self.told(scope, refusal)(scope, receive, out)
                out.closed = True
            return refusal

        await self.app(scope, counted, out)


class _Answer:
    """Sends what the app answers, with the headers of safety and the cookie of a new session."""

    def __init__(self, send: Send, session: str) -> None:
        self.send, self.session, self.begun, self.closed = send, session, False, False

    async def __call__(self, message: Message) -> None:
        if self.closed:
            return
        if message["type"] == "http.response.start":
            self.begun = True
            headers = list(message.get("headers", ()))
            held = {k.lower() for k, _ in headers}
            for name, value in {**HEADERS, "cache-control": "no-cache"}.items():
                if name.encode() not in held:
                    headers.append((name.encode(), value.encode()))
            if self.session:
                headers.append((b"set-cookie", cookie(SESSION, self.session).encode()))
            message = {**message, "headers": headers}
        await self.send(message)

    async def open(self, scope: Scope, key: str) -> None:
        """Keep the seal of a good key in a cookie, and send the visitor on without the key."""
        rest = [
            (k, v) for k, v in parse_qsl(scope["query_string"].decode("latin-1")) if k != "token"
        ]
        where = local(scope["path"]) + (f"?{urlencode(rest)}" if rest else "")
        headers = [
            (b"location", where.encode("ascii", "ignore")),
            (b"set-cookie", cookie(KEY, key).encode("latin-1", "ignore")),
            (b"content-length", b"0"),
        ]
        await self({"type": "http.response.start", "status": 303, "headers": headers})
        await self.send({"type": "http.response.body", "body": b""})


def cookie(name: str, value: str, *, script: bool = False) -> str:
    """Write a cookie for this desk only; ``script`` lets pages read it."""
    parts = [f"{name}={value}", "Path=/", f"Max-Age={YEAR}", "SameSite=Strict"]
    return "; ".join(parts if script else [*parts, "HttpOnly"])


def local(path: str) -> str:
    """Return a path of this desk; whatever could lead elsewhere becomes the first page."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or "\\" in path:
        return "/"
    if any(ord(c) < 33 for c in path):
        return "/"
    return path


def _cookies(scope: Scope) -> dict[str, str]:
    raw = b"; ".join(v for k, v in scope["headers"] if k.lower() == b"cookie").decode("latin-1")
    try:
        return {k: m.value for k, m in SimpleCookie(raw).items()}
    except CookieError:
        return {}


async def unforged(request: Request) -> None:
    """Refuse a change without the token of a page of this session: a dependency of every route."""
    if request.method in SAFE_METHODS:
        return
    token = request.headers.get("x-csrf-token", "")
    kind = request.headers.get("content-type", "")
    if not token and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        given = (await request.form()).get("csrf", "")
        token = given if isinstance(given, str) else ""
    guard: Guard = request.app.state.guard
    if not guard.good(request.state.session, token):
        raise RefusedError("web.forged", 403)
