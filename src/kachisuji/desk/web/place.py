"""The desk's folder on the disk, and what is open from it."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kachisuji.desk.report.names import Names
from kachisuji.desk.stored import StoredRun
from kachisuji.ledger import MANIFEST, disk_error
from kachisuji.words import KachisujiError, RunError

if TYPE_CHECKING:
    from kachisuji.desk.web.casebook import Casebook
    from kachisuji.desk.web.jobs import Jobs
    from kachisuji.desk.web.library import Library
    from kachisuji.desk.web.press import Press

T = TypeVar("T")
OPEN_AT_ONCE = 2  # runs kept in memory
STAYS = ("replay",)  # what every question needs is not forgotten for a page
PATIENCE = 0.4  # seconds that a page waits for what is being prepared before it says so
FIRST_PAGE = 0.5  # seconds that a run's first page has to itself before preparing begins


def default_folder() -> Path:
    """Return the desk's folder: ``KACHISUJI_DESK``, else one in the user's data folder."""
    given = os.environ.get("KACHISUJI_DESK")
    if given:
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "kachisuji" / "desk"


class Preparing:
    """What is made ready beside the pages of a run, in a thread of its own, once."""

    def __init__(self) -> None:
        self._begun = threading.Lock()
        self._asked, self._over = threading.Event(), threading.Event()

    def begin(self, make: Callable[[], object], after: float = 0.0) -> None:
        """Set ``make`` going unless it has been; ``after`` seconds, or as soon as someone waits."""
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._work, args=(make, after), daemon=True).start()

    def _work(self, make: Callable[[], object], after: float) -> None:
        try:
            self._asked.wait(after)
            make()
        except KachisujiError:
            pass  # the page that needs it meets the same mistake, and tells it
        finally:
            self._over.set()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; return whether it is ready."""
        self._asked.set()
        return self._over.wait(seconds)


@dataclass(frozen=True)
class Shown:
    """A run with the names of everything in it."""

    name: str
    run: StoredRun
    names: Names
    cache: dict[str, object] = field(default_factory=dict)
    answers: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)
    files: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    preparing: Preparing = field(default_factory=Preparing)
    _making: dict[str, threading.RLock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, key: str, make: Callable[[], T], most: int = 64) -> T:
        """Return what ``make`` gives, made once a run; the oldest is forgotten above ``most``.

        Who asks for something else does not wait for what takes long.
        """
        with self._lock:
            making = self._making.setdefault(key, threading.RLock())
        with making:
            if key in self.cache:
                return cast("T", self.cache[key])
            made = make()
            with self._lock:
                self.cache[key] = made
                if len(self.cache) > most:
                    self.cache.pop(next(k for k in self.cache if k not in STAYS))
            return made


def slim(run: StoredRun) -> StoredRun:
    """Return a run whose long tables hold names as codes: a tenth of the memory, quicker to search.

    A path has a row for every line, measure and year: a million in a large case.
    """
    return replace(
        run,
        paths=run.paths.astype({"measure": "category"}),
        summary=run.summary.astype({"measure": "category"}),
    )


class Desk:
    """Everything the workbench keeps: cases, runs, jobs.

    Parameters
    ----------
    folder
        Holds ``cases``, ``runs``, ``jobs`` and the secret of the forms; made when it is missing.
    runs
        More folders: a run, or a folder of runs.
    case
        Name or folder of the case that a first run would be of.
    eager
        Prepare the what-if of every run as soon as any page of it is opened.

    Raises
    ------
    RunError
        If the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: Path,
        runs: list[Path] | None = None,
        case: str = "japan17",
        *,
        eager: bool = False,
    ) -> None:
        from kachisuji.desk.web.casebook import Casebook
        from kachisuji.desk.web.jobs import Jobs
        from kachisuji.desk.web.library import Library
        from kachisuji.desk.web.press import Press

        self.folder, self.case, self.eager = folder.resolve(), case, eager
        self.patience = PATIENCE
        self.extra = [r.resolve() for r in runs or []]
        try:
            for part in ("cases", "runs", "jobs"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            self.secret = self._secret()
        except OSError as error:
            raise disk_error(error, self.folder) from error
        self.cases: Casebook = Casebook(self.folder / "cases")
        self.jobs: Jobs = Jobs(self.folder / "jobs")
        self.library: Library = Library(self.folder / "tables")
        self.press: Press = Press()
        self._open: dict[Path, tuple[int, Shown]] = {}
        self._lock = threading.Lock()

    def _secret(self) -> bytes:
        path = self.folder / "secret"
        if not path.is_file():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(secrets.token_bytes(32))
        return path.read_bytes()

    def runs(self) -> dict[str, Path]:
        """Finished runs by name, newest first; a name that two folders share is told apart."""
        found: list[Path] = []
        for place in (*self.extra, self.folder / "runs"):
            if (place / MANIFEST).is_file():
                found.append(place)
            elif place.is_dir():
                found += [p.parent for p in place.glob(f"[!.]*/{MANIFEST}")]
        found.sort(key=lambda p: (p not in self.extra, -(p / MANIFEST).stat().st_mtime))
        named: dict[str, Path] = {}
        for path in dict.fromkeys(found):
            name, count = path.name, 2
            while name in named:
                name, count = f"{path.name}-{count}", count + 1
            named[name] = path
        return named

    def default_run(self) -> str | None:
        """Name of the run that is shown first."""
        return next(iter(self.runs()), None)

    def show(self, name: str) -> Shown:
        """Open a run by its name; the last few stay open, and are prepared where the desk is eager.

        Raises
        ------
        RunError
            If there is no run of this name, or it is damaged.
        """
        shown = self._opened(name)
        if self.eager:
            self._prepare(shown, FIRST_PAGE)
        return shown

    def _opened(self, name: str) -> Shown:
        path = self.runs().get(name)
        if path is None:
            raise RunError("web.no_run", name=name)
        stamp = (path / MANIFEST).stat().st_mtime_ns
        with self._lock:
            known = self._open.pop(path, None)
            if known is None or known[0] != stamp:
                run = slim(StoredRun.open(path))
                known = (stamp, Shown(name, run, Names(run.case)))
            self._open[path] = known
            while len(self._open) > OPEN_AT_ONCE:
                self._open.pop(next(iter(self._open)))
            return known[1]

    def _prepare(self, shown: Shown, after: float = 0.0) -> None:
        def ready() -> None:
            from kachisuji.desk.web.replay import prepare

            prepare(shown)

        shown.preparing.begin(ready, after)

    def is_ready(self, shown: Shown, seconds: float | None = None) -> bool:
        """Whether the what-if of a run can answer, after waiting a moment at most."""
        self._prepare(shown)
        return shown.preparing.wait(self.patience if seconds is None else seconds)

    def warm(self) -> None:
        """Open the first run beforehand, so that its first page comes at once."""
        self._first(self._opened)

    def begin(self) -> None:
        """Begin to prepare the first run: the server answers now."""
        if self.eager:
            self._first(self.show)

    def _first(self, work: Callable[[str], object]) -> None:
        name = self.default_run()
        if name is not None:
            with contextlib.suppress(KachisujiError):  # its page will say what is wrong
                work(name)
