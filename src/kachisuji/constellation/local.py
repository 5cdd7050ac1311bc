"""A whole constellation on one machine: coordinator, committee and nodes on the loopback address.

For the demonstration, the tests and the benchmarks; the same folders and the same processes as
between organisations, only all in one place.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from kachisuji.constellation.aggregation import engine
from kachisuji.constellation.asking import Asker
from kachisuji.constellation.coordinator import Coordinator, found
from kachisuji.constellation.node import Node, accept, make_folder
from kachisuji.constellation.policy import Policy, write_policy
from kachisuji.constellation.serving import Worker
from kachisuji.words import RunError

HOST = "127.0.0.1"
_GRACE = 5.0


def hold_port() -> tuple[int, socket.socket]:
    """Return a free port of the loopback address, and what keeps it from others until closed.

    On Linux a server that sets ``SO_REUSEADDR``, as all of ours do, listens on a port that is
    bound and not listened on, and the system gives it to nobody else meanwhile. Elsewhere the
    port is free at this moment, which is all that can be had.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((HOST, 0))
    port = int(keeper.getsockname()[1])
    if sys.platform != "linux":
        keeper.close()
    return port, keeper


def _give_back(keepers: list[socket.socket]) -> None:
    for keeper in keepers:
        keeper.close()
    keepers.clear()


class Local:
    """A constellation in a folder, started and stopped as one.

    Parameters
    ----------
    folder
        Empty or new.
    nodes
        Names of the nodes.
    policy
        Of every node.
    askers
        Names of those who may ask.
    patience
        Seconds an opening may take.
    """

    def __init__(
        self,
        folder: Path,
        nodes: Iterable[str],
        policy: Policy,
        askers: Iterable[str] = ("ministry",),
        patience: float = 20.0,
    ) -> None:
        self.folder, self.patience = folder, patience
        self._ports: list[socket.socket] = []
        # one that is dropped before it ran gives its ports back too
        weakref.finalize(self, _give_back, self._ports)
        self.port = self._port()
        self.url = f"https://{HOST}:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._logs: list[IO[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir()
        found(folder / "coordinator", HOST)
        self.members = ("member-a", "member-b", "member-c")
        self.nodes = tuple(nodes)
        for name in self.members:
            self.join(name, "member", f"{HOST}:{self._port()}")
        for name in askers:
            self.join(name, "asker")
        for name in self.nodes:
            self.join(name, "node")
            write_policy(folder / name, policy)

    def _port(self) -> int:
        port, keeper = hold_port()
        self._ports.append(keeper)
        return port

    def join(self, name: str, role: str, at: str = "") -> None:
        """Make a participant's folder, have it invited, install the invitation."""
        request = make_folder(self.folder / name, name, role)
        coordinator = Coordinator(self.folder / "coordinator")
        invitation = self.folder / f"{name}.invitation"
        invitation.write_text(coordinator.invite(request.read_bytes(), self.url, at))
        coordinator.close()
        accept(self.folder / name, invitation)

    def start(self, *, processes: bool = False, seconds: float = 60.0) -> None:
        """Start everything; nodes as threads of this process unless told otherwise.

        Raises
        ------
        RunError
            When it is not ready in time.
        """
        engine()  # filters of warnings belong to the main thread: imported before threads begin
        self.start_one("coordinator", "coordinator", HOST, str(self.port))
        for name in self.members:
            self.start_one(name, "member", str(self.patience))
        for name in self.nodes:
            if processes:
                self.start_one(name, "node")
            else:
                self._thread(name)
        asker = self.asker()
        ready = asker.ready(seconds, len(self.nodes))
        asker.close()
        if not ready:
            self.stop()
            raise RunError("constellation.unreachable", got=self.url, why="-")

    def start_one(self, name: str, role: str, *arguments: str) -> None:
        """Start one participant as a process; what it says goes to ``logs/``."""
        log = (self.folder / "logs" / f"{name}.log").open("ab")
        self._logs.append(log)
        command = [sys.executable, "-m", "kachisuji.constellation.running", role,
                   str(self.folder / name), *arguments]  # fmt: skip
        # a session of its own: Ctrl-C in a terminal reaches us first, and we end the others
        self.processes[name] = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                              "MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip

    def _thread(self, name: str) -> None:
        worker = Worker(Node(self.folder / name))
        thread = threading.Thread(target=worker.run, args=(self._stop, 1.0), daemon=True)
        thread.start()
        self._threads.append(thread)

    def end_one(self, name: str) -> None:
        """Kill one participant at once, as a machine that loses its power."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def asker(self, name: str = "ministry", patience: float = 20.0) -> Asker:
        """Return an asker."""
        return Asker(self.folder / name, self.url, patience)

    def memory(self) -> int:
        """Bytes that all processes together hold (resident), this one among them; 0 if unknown."""
        total = 0
        for pid in [os.getpid(), *(p.pid for p in self.processes.values())]:
            with suppress(OSError, ValueError, IndexError):
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                line = next(x for x in status.splitlines() if x.startswith("VmRSS"))
                total += int(line.split()[1]) * 1024
        return total

    def stop(self) -> None:
        """End every process and thread that was started here."""
        self._stop.set()
        for process in self.processes.values():
            process.terminate()
        end = time.monotonic() + _GRACE
        for process in self.processes.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        for thread in self._threads:
            thread.join(2.0)
        for log in self._logs:
            log.close()
        self._logs.clear()
        _give_back(self._ports)

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
