"""Each participant as a process of its own: ``python -m kachisuji.constellation.running``."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

from kachisuji.words import EXIT_USER_ERROR, KachisujiError


def coordinate(folder: Path, host: str, port: int) -> None:
    """Serve a coordinator until stopped."""
    from kachisuji.constellation.transport import serve

    serve(folder, host, port)


def sit(folder: Path, stop: threading.Event, patience: float = 20.0) -> None:
    """Serve a member of the committee until stopped."""
    from kachisuji.constellation.client import Client
    from kachisuji.constellation.member import CommitteeMember
    from kachisuji.constellation.node import read_place
    from kachisuji.constellation.serving import repeat

    member = CommitteeMember(folder, patience)
    client = Client(folder, read_place(folder).url)
    repeat(lambda: member.work(client), stop, "kachisuji.constellation.member")


def answer(folder: Path, stop: threading.Event) -> None:
    """Serve a node until stopped, without its screen."""
    from kachisuji.constellation.aggregation import engine
    from kachisuji.constellation.node import Node
    from kachisuji.constellation.serving import Worker

    node = Node(folder)
    engine()  # the first question need not wait for this, nor for the reader of tables
    for table in node.held():
        node.table(table)
    Worker(node).run(stop)


def main(arguments: list[str]) -> int:
    """Run one participant: ``coordinator FOLDER HOST PORT``, ``member FOLDER [PATIENCE]``, or
    ``node FOLDER``.
    """  # noqa: D205
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    if arguments[0] != "coordinator":  # uvicorn has its own
        signal.signal(signal.SIGTERM, lambda *_: _leave(stop))
    try:
        folder = Path(arguments[1])
        if arguments[0] == "coordinator":
            coordinate(folder, arguments[2], int(arguments[3]))
        elif arguments[0] == "member":
            sit(folder, stop, *map(float, arguments[2:]))
        else:
            answer(folder, stop)
    except KachisujiError as error:
        print(error.in_lang("en"), file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        pass
    return 0


def _leave(stop: threading.Event) -> None:
    stop.set()
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
