"""What each command does, between the command line and the rooms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.words import InputError, Lang, say

if TYPE_CHECKING:
    from rich.console import Console

# smallest ensemble that can be split in two halves and still give a ninetieth percentile
LEAST_FUTURES = 16


def _consoles() -> tuple[Console, Console]:
    from rich.console import Console

    return Console(highlight=False), Console(stderr=True, highlight=False)


def run(case: str, out: Path | None, options: dict[str, Any], workers: int, lang: Lang) -> int:
    """Run a case, showing a bar for each stage, and print its findings and where its report is."""
    check_options(options, workers)
    printed, shown = _consoles()
    from kachisuji.desk.findings import findings
    from kachisuji.desk.pipeline import Options, run_case
    from kachisuji.desk.progress import Bars
    from kachisuji.desk.report.names import Names

    with Bars(shown, lang) as bars:
        stored = run_case(case, out, Options(**options, workers=workers), bars, lang)
    printed.print(f"\n[bold]{say('desk.findings_head', lang)}[/bold]")
    for place, finding in enumerate(findings(stored, Names(stored.case)), 1):
        printed.print(f" {place}. {finding.in_lang(lang)}", markup=False)
    printed.print()
    for key, path in (
        ("desk.run_at", stored.folder),
        ("desk.report_at", stored.folder / "report.html"),
    ):
        printed.print(f"{say(key, lang)}: {path}", markup=False, soft_wrap=True)
    return 0


def check_options(options: dict[str, Any], workers: int) -> None:
    """Refuse options of a run that cannot be, before anything is read."""
    futures, design = int(options["futures"]), options["design"]
    if futures < LEAST_FUTURES or futures > 2**20:
        want = f"{LEAST_FUTURES} – {2**20}"
        raise InputError("desk.bad_option", option="--futures", got=futures, want=want)
    if design == "sobol" and futures & (futures - 1):
        below = 2 ** (futures.bit_length() - 1)
        want = f"{below} / {2 * below} (--design lhs: {LEAST_FUTURES} – {2**20})"
        raise InputError("desk.bad_option", option="--futures", got=futures, want=want)
    if int(options["seed"]) < 0:
        raise InputError("desk.bad_option", option="--seed", got=options["seed"], want="0, 1, 2 …")
    if workers < 1:
        raise InputError("desk.bad_option", option="--workers", got=workers, want="1, 2, 3 …")


def verify(folder: Path, quick: bool, lang: Lang) -> bool:
    """Verify a run; returns whether it differs from its record."""
    printed, shown = _consoles()
    from kachisuji.desk.progress import Bars
    from kachisuji.desk.verifying import GAP, RELATIVE, verify_run
    from kachisuji.ledger import read_manifest

    manifest = read_manifest(folder)
    with Bars(shown, lang) as bars:
        differences = verify_run(folder, bars, lang, recompute=not quick)
    if differences:
        printed.print(say("desk.differs", lang, count=len(differences)), markup=False)
        for difference in differences:
            printed.print(f"  {difference.in_lang(lang)}", markup=False, soft_wrap=True)
        return True
    files = len(manifest.files) + len(manifest.inputs)
    if quick:
        printed.print(say("desk.verified_files", lang, files=files), markup=False)
        return False
    printed.print(say("desk.verified", lang, files=files), markup=False)
    told = say("desk.tolerance", lang, relative=f"{RELATIVE:g}", gap=f"{GAP:g}")
    printed.print(told, markup=False)
    return False


def report(folder: Path, out: Path | None, lang: Lang) -> int:
    """Write the report of a finished run again, beside the run unless told otherwise."""
    printed, _ = _consoles()
    from kachisuji.desk.report.page import build_report
    from kachisuji.desk.stored import StoredRun
    from kachisuji.ledger import write_atomic

    stored = StoredRun.open(folder)
    path = out or folder.parent / f"{folder.name}-report.html"
    write_atomic(path, build_report(stored, lang))
    printed.print(f"{say('desk.report_at', lang)}: {path}", markup=False, soft_wrap=True)
    return 0


def check(case: str, lang: Lang) -> int:
    """Check a case and say how large it is."""
    printed, _ = _consoles()
    from kachisuji.cases import load

    found = load(case)
    title = found.settings.title_en if lang == "en" else found.settings.title_ja
    printed.print(
        say(
            "desk.case_sound",
            lang,
            title=title,
            segments=len(found.tables["segments"]),
            fields=len(found.tables["fields"]),
            figures=f"{int(found.figures()['number'].sum()):,}",
            evidence=len(found.tables["evidence"]),
        ),
        markup=False,
    )
    return 0


def lines(case: str, lang: Lang) -> int:
    """List the candidate lines of a case."""
    printed, _ = _consoles()
    from kachisuji.cases import load
    from kachisuji.contest import enumerate_lines

    table = enumerate_lines(load(case))
    for name in table["line"]:
        printed.print(name, markup=False, soft_wrap=True)
    printed.print(say("desk.lines_count", lang, count=f"{len(table):,}"), markup=False)
    return 0


def version(lang: Lang) -> int:
    """Say which versions are installed, and where."""
    printed, _ = _consoles()
    from kachisuji import __file__ as place
    from kachisuji import __version__
    from kachisuji.ledger import surroundings

    found = surroundings("")
    printed.print(f"kachisuji {__version__} ({Path(place).parent})", markup=False, soft_wrap=True)
    printed.print(f"Python {found['python']} · {found['platform']}", markup=False, soft_wrap=True)
    for name, number in found["packages"].items():
        printed.print(f"  {name} {number}", markup=False)
    del lang
    return 0
