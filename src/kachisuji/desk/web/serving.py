"""The command ``kachisuji serve``."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from kachisuji.words import InputError, Lang, RunError, say


def add_serve(app: App, lang: Lang, told: Callable[[str], Parameter]) -> None:
    """Add ``kachisuji serve`` to the commands."""

    @app.command(name="serve", help=say("web.help_serve", lang), usage=say("web.usage_serve", lang))
    def serve(
        case: Annotated[str, told("web.arg_case")] = "japan17",
        /,
        *,
        run: Annotated[Path | None, told("web.opt_run")] = None,
        host: Annotated[str, told("web.opt_host")] = "127.0.0.1",
        port: Annotated[int, told("web.opt_port")] = 8765,
        token: Annotated[str, told("web.opt_token")] = "",
        data: Annotated[Path | None, told("web.opt_data")] = None,
        lang: Annotated[Literal["en", "ja"], told("desk.opt_lang")] = lang,
    ) -> int:
        return start(case, run, (host, port), token, data, lang)


def start(
    case: str, run: Path | None, address: tuple[str, int], token: str, data: Path | None, lang: Lang
) -> int:
    """Open the desk and answer until interrupted.

    Raises
    ------
    InputError
        If the case or run is not there, or an open address has no token.
    RunError
        If the port is taken.
    """
    import uvicorn

    from kachisuji.cases import resolve
    from kachisuji.desk.web.app import make_app
    from kachisuji.desk.web.place import Desk, default_folder
    from kachisuji.desk.web.safety import Guard, is_loopback
    from kachisuji.ledger import read_manifest

    host, port = address
    _give_back_memory()
    resolve(case)
    if run is not None:
        read_manifest(run)
    if not is_loopback(host) and len(token) < 16:
        raise InputError("web.needs_token", host=host)
    if not 1 <= port <= 65535:
        raise InputError("desk.bad_option", option="--port", got=port, want="1 – 65535")
    listening = _listen(host, port)
    runs = [run] if run is not None else []
    desk = Desk(data or default_folder(), [*runs, Path("runs")], case, eager=True)
    guard = Guard(desk.secret, host, token)
    desk.warm()
    shown = f"[{host}]" if ":" in host else host
    print(say("web.serving", lang, address=f"http://{shown}:{port}/"))
    if not is_loopback(host):
        print(say("web.serving_open", lang))
    print(say("web.serving_data", lang, folder=desk.folder), flush=True)
    config = uvicorn.Config(
        make_app(desk, guard, lang),
        log_level="warning",
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=3,
        limit_concurrency=400,
    )
    with listening:
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:  # how one closes it, once it is open: no interruption
            print(say("web.closed", lang, folder=desk.folder), flush=True)
    return 0


def _give_back_memory() -> None:
    """Have freed arrays go back to the system, where it is Linux with glibc.

    By default each thread that answers keeps what it has freed for itself (up to eight heaps a
    processor, and arrays up to 32 MB in them), and a large run would hold its memory several times.
    """
    import ctypes
    import platform

    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 2**20)  # M_MMAP_THRESHOLD: larger blocks lie apart, and go when freed
        libc.mallopt(-8, 2)  # M_ARENA_MAX


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError("web.cannot_listen", host=host, port=port, why=why) from error
