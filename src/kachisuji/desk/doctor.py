"""``kachisuji doctor``: what is installed, what is wrong, and how to mend it."""

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal

from cyclopts import App

from kachisuji.desk.helping import Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import KachisujiError, Lang, say

EXIT_WRONG = 1
LEAST_MEMORY, LEAST_SPACE = 2e9, 1e9  # bytes
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Check:
    """One thing looked at: what it is, whether it is well, and how to mend it."""

    name: str
    state: Literal["ok", "note", "bad"]
    found: str
    remedy: str = ""


def add_doctor(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji doctor`` to the commands."""

    @app.command(name="doctor", help=say("commands.help_doctor", lang))
    @speaking(lang, told)
    def doctor(
        *,
        telling: Telling,
    ) -> int:
        return tell(telling)


def tell(telling: Telling) -> int:
    """Print every check; 1 if something is wrong."""
    lang = telling.lang
    checks = list(examine(lang))
    wrong = sum(c.state == "bad" for c in checks)
    lines = []
    for check in checks:
        lines.append(f"[{say(f'commands.state_{check.state}', lang)}] {check.name}: {check.found}")
        if check.remedy:
            lines.append(f"    {say('words.remedy', lang)}: {check.remedy}")
    last = say("commands.doctor_wrong", lang, count=wrong) if wrong else ""
    lines.append(last or say("commands.doctor_well", lang))
    value = {"well": not wrong, "checks": [asdict(c) for c in checks]}
    telling.result("\n".join(lines), value)
    return EXIT_WRONG if wrong else 0


def examine(lang: Lang) -> Iterator[Check]:
    """Look at everything a run, a document or the commons needs on this machine."""
    from kachisuji import __file__, __version__

    here = f"{__version__} ({Path(__file__).parent})"
    version = f"{platform.python_version()} ({sys.executable})"
    yield Check(say("commands.doctor_python", lang), "ok", version)
    yield Check(say("commands.doctor_package", lang), "ok", here)
    yield from _packages(lang)
    yield _font(lang)
    yield _store(lang)
    yield _runs(lang)
    yield _cache(lang)
    yield _machine(lang)
    yield _threads(lang)
    yield _screen(lang)


def requirements() -> dict[str, list[str]]:
    """Names of required packages by extra; ``""`` holds those that are always needed."""
    out: dict[str, list[str]] = {}
    for line in metadata.requires("kachisuji") or []:
        name = re.split(r"[ ;<>=!\[(]", line, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        out.setdefault(extra[1] if extra else "", []).append(name)
    return out


def _lacking(names: list[str]) -> list[str]:
    out = []
    for name in names:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            out.append(name)
    return out


def _packages(lang: Lang) -> Iterator[Check]:
    needed = requirements()
    name, always = say("commands.doctor_needed", lang), needed.pop("", [])
    if lacking := _lacking(always):
        told = say("commands.doctor_missing", lang, names=", ".join(lacking))
        yield Check(name, "bad", told, say("commands.doctor_missing_remedy", lang))
    else:
        yield Check(name, "ok", say("commands.doctor_all", lang, count=len(always)))
    for extra, names in needed.items():
        what = say(f"commands.extra_{extra}", lang)
        label = say("commands.doctor_extra", lang, name=extra, what=what)
        if lacking := _lacking(names):
            told = say("commands.doctor_absent", lang, names=", ".join(lacking))
            yield Check(label, "note", told, say("commands.doctor_extra_remedy", lang, name=extra))
        else:
            told = ", ".join(f"{n} {metadata.version(n)}" for n in names)
            yield Check(label, "ok", told)


def _font(lang: Lang) -> Check:
    name = say("commands.doctor_font", lang)
    found = util.find_spec("matplotlib_fontja")
    place = Path(found.origin).parent / "fonts" / "ipaexg.ttf" if found and found.origin else None
    if place and place.is_file():
        return Check(name, "ok", str(place))
    told = say("commands.doctor_nothing", lang)
    return Check(name, "bad", told, say("commands.doctor_font_remedy", lang))


def writable(folder: Path) -> bool:
    """Whether a file can be made in ``folder``, or in the nearest folder above that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _store(lang: Lang) -> Check:
    from kachisuji.accounts.commons import Commons

    name = say("commands.doctor_store", lang)
    commons = Commons()
    try:
        held = commons.holdings()
    except KachisujiError as error:
        return Check(name, "bad", error.place(lang), error.in_lang(lang))
    if not writable(commons.folder):
        told = say("commands.doctor_unwritable", lang, folder=commons.folder)
        remedy = say("commands.doctor_store_remedy", lang, folder=commons.folder)
        return Check(name, "bad", told, remedy)
    told = say("commands.doctor_store_holds", lang, folder=commons.folder, count=len(held))
    return Check(name, "ok", told)


def _runs(lang: Lang) -> Check:
    name, place = say("commands.doctor_here", lang), Path.cwd() / "runs"
    if not writable(place):
        told = say("commands.doctor_unwritable", lang, folder=place)
        return Check(name, "bad", told, say("commands.doctor_here_remedy", lang))
    free = shutil.disk_usage(Path.cwd()).free
    told = say("commands.doctor_writable", lang, folder=place, free=f"{free / 1e9:,.1f}")
    if free < LEAST_SPACE:
        return Check(name, "bad", told, say("commands.doctor_space_remedy", lang))
    return Check(name, "ok", told)


def _cache(lang: Lang) -> Check:
    name = say("commands.doctor_cache", lang)
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kachisuji"
    if writable(root):
        return Check(name, "ok", str(root))
    told = say("commands.doctor_unwritable", lang, folder=root)
    return Check(name, "note", told, say("commands.doctor_cache_remedy", lang))


def memory() -> float | None:
    """Bytes of memory of this machine, where the system says so."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None


def _machine(lang: Lang) -> Check:
    name, size = say("commands.doctor_machine", lang), memory()
    shown = "?" if size is None else f"{size / 1e9:,.1f}"
    told = say("commands.doctor_machine_is", lang, cores=os.cpu_count() or "?", memory=shown)
    if size is not None and size < LEAST_MEMORY:
        return Check(name, "note", told, say("commands.doctor_memory_remedy", lang))
    return Check(name, "ok", told)


def _threads(lang: Lang) -> Check:
    import numpy as np

    name, cores = say("commands.doctor_threads", lang), os.cpu_count() or 1
    built = np.show_config(mode="dicts")
    library = (built or {}).get("Build Dependencies", {}).get("blas", {}).get("name", "BLAS")
    given = {v: os.environ[v] for v in THREADS if os.environ.get(v)}
    asked = ", ".join(f"{k}={v}" for k, v in given.items())
    threads = asked or say("commands.doctor_threads_free", lang)
    told = say("commands.doctor_threads_are", lang, library=library, threads=threads)
    for variable, value in given.items():
        if value.isdigit() and int(value) > cores:
            remedy = say("commands.doctor_threads_remedy", lang, variable=variable, cores=cores)
            return Check(name, "note", told, remedy)
    return Check(name, "ok", told)


def _screen(lang: Lang) -> Check:
    name, encoding = say("commands.doctor_screen", lang), sys.stdout.encoding or "ascii"
    try:
        "勝ち筋".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Check(name, "note", encoding, say("commands.doctor_screen_remedy", lang))
    return Check(name, "ok", encoding)
