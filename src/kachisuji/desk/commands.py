"""What each command does, between the command line and the rooms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, say

if TYPE_CHECKING:
    from kachisuji.desk.stored import StoredRun

# smallest ensemble that can be split in two halves and still give a ninetieth percentile
LEAST_FUTURES = 16


def run(
    case: str,
    out: Path | None,
    options: dict[str, Any],
    who: tuple[int, str, float | None],
    telling: Telling,
    *,
    pdf: bool = False,
    asked: tuple[str, Path | None, float] = ("", None, 30.0),
) -> int:
    """Run a case, showing a bar for each stage, and print its findings and where its report is.

    ``who`` plays it: the number of workers, a cluster or an empty text, and seconds after which the
    model is taken to hang; ``asked`` is the constellation whose answers are used, the asker's
    folder, and the seconds that each question stays open.
    """
    check_options(options, who[0])
    _check_players(*who)
    from kachisuji.desk.constellation import answered_case
    from kachisuji.desk.pipeline import Options, run_case

    with answered_case(case, *asked, telling) as answered, telling.stages() as bars:
        how = Options(**options, workers=who[0], cluster=who[1], limit=who[2])
        stored = run_case(answered, out, how, bars, telling.lang)
    return _finished(stored, telling, pdf=pdf)


def resume(place: Path, who: tuple[int, str, float | None], telling: Telling) -> int:
    """Go on with an interrupted run, and tell what ``run`` would have told."""
    _check_players(*who)
    from kachisuji.desk.pipeline import resume_run

    with telling.stages() as bars:
        stored = resume_run(place, who[0], who[1], bars, who[2])
    return _finished(stored, telling)


def _finished(stored: StoredRun, telling: Telling, *, pdf: bool = False) -> int:
    from kachisuji.desk.findings import findings
    from kachisuji.desk.report.names import Names

    lang = telling.lang
    found = findings(stored, Names(stored.case))
    telling.say()
    telling.say(say("desk.findings_head", lang), strong=True)
    for place, finding in enumerate(found, 1):
        telling.say(f" {place}. {finding.in_lang(lang)}")
    telling.say()
    report_at = stored.folder / "report.html"
    telling.say(f"{say('desk.report_at', lang)}: {report_at}")
    pdf_at = write_report(stored, "pdf", None, lang) if pdf else None
    if pdf_at:
        telling.say(f"{say('documents.pdf_at', lang)}: {pdf_at}")
    value = {
        "run": str(stored.folder),
        "report": str(report_at),
        **({"pdf": str(pdf_at)} if pdf_at else {}),
        "portfolio": stored.choice["names"],
        "net_benefit": stored.choice["joint"]["welfare"],
        "findings": [
            {k: getattr(f, k).of(lang) for k in ("title", "figure", "text")} for f in found
        ],
    }
    telling.result(f"{say('desk.run_at', lang)}: {stored.folder}", value)
    return 0


def check_options(options: dict[str, Any], workers: int) -> None:
    """Refuse options of a run that cannot be, before anything is read."""
    from kachisuji.desk.futures import DESIGNS

    futures, design = int(options["futures"]), options["design"]
    if design not in DESIGNS:
        raise InputError("desk.bad_option", option="--design", got=design, want=" / ".join(DESIGNS))
    if futures < LEAST_FUTURES or futures > 2**20:
        want = f"{LEAST_FUTURES} – {2**20}"
        raise InputError("desk.bad_option", option="--futures", got=futures, want=want)
    if design == "sobol" and futures & (futures - 1):
        below = 2 ** (futures.bit_length() - 1)
        want = f"{below} / {2 * below} (--design lhs, halton: {LEAST_FUTURES} – {2**20})"
        raise InputError("desk.bad_option", option="--futures", got=futures, want=want)
    if int(options["seed"]) < 0:
        raise InputError("desk.bad_option", option="--seed", got=options["seed"], want="0, 1, 2 …")
    _check_workers(workers)


def _check_workers(workers: int) -> None:
    if workers < 1:
        raise InputError("desk.bad_option", option="--workers", got=workers, want="1, 2, 3 …")


def _check_players(workers: int, cluster: str, limit: float | None) -> None:
    _check_workers(workers)
    if limit is not None and not 0 < limit < float("inf"):
        raise InputError("desk.bad_option", option="--limit", got=limit, want="> 0")
    if cluster and cluster != "local" and not re.fullmatch(r"(tcp|tls|ws)://[^/\s]+:\d+", cluster):
        want = "local / tcp://HOST:PORT"
        raise InputError("desk.bad_option", option="--cluster", got=cluster, want=want)


def verify(folder: Path, quick: bool, telling: Telling) -> bool:
    """Verify a run; returns whether it differs from its record."""
    from kachisuji.desk.verifying import GAP, RELATIVE, verify_run
    from kachisuji.ledger import read_manifest

    lang = telling.lang
    manifest = read_manifest(folder)
    with telling.stages() as bars:
        differences = verify_run(folder, bars, lang, recompute=not quick)
    told = [difference.in_lang(lang) for difference in differences]
    files = len(manifest.files) + len(manifest.inputs)
    value = {"same": not told, "files": files, "recomputed": not quick, "differences": told}
    if differences:
        head = say("desk.differs", lang, count=len(differences))
        telling.result("\n".join([head, *(f"  {t}" for t in told)]), value)
        return True
    key = "desk.verified_files" if quick else "desk.verified"
    telling.result(say(key, lang, files=files), value)
    if not quick:
        telling.say(say("desk.tolerance", lang, relative=f"{RELATIVE:g}", gap=f"{GAP:g}"))
    return False


# what ``report`` writes: the name beside the run, and the text that says where it is
_FORMS = {
    "html": ("report.html", "desk.report_at"),
    "pdf": ("report.pdf", "documents.pdf_at"),
    "xlsx": ("tables.xlsx", "workbook.at"),
}


def form_of(out: Path | None) -> str:
    """Return the form that the ending of a file asks for: html where there is none.

    Raises
    ------
    InputError
        If a file with that ending is not written.
    """
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if ending not in ("", "htm", *_FORMS):
        want = " / ".join(f"*.{form}" for form in _FORMS)
        raise InputError("desk.bad_option", option="--out", got=out, want=want)
    return ending if ending in _FORMS else "html"


def write_report(stored: StoredRun, form: str, out: Path | None, lang: Lang) -> Path:
    """Write the report or the tables, beside the run unless told otherwise; return where."""
    from kachisuji.ledger import write_atomic

    path = out or stored.folder.parent / f"{stored.folder.name}-{_FORMS[form][0]}"
    body: str | bytes
    if form == "pdf":
        from kachisuji.desk.documents.pdf import write_pdf
        from kachisuji.desk.documents.report import report_document

        body = write_pdf(report_document(stored, lang))
    elif form == "xlsx":
        from kachisuji.desk.documents.workbook import write_xlsx

        body = write_xlsx(stored, lang)
    else:
        from kachisuji.desk.report.page import build_report

        body = build_report(stored, lang)
    write_atomic(path, body)
    return path


def report(folder: Path, out: Path | None, asked: list[str], telling: Telling) -> int:
    """Write the report of a finished run again, or its tables, in the forms that are asked for.

    ``asked`` holds ``pdf`` and ``xlsx``; where it is empty, the ending of ``out`` says which form.
    """
    from kachisuji.desk.stored import StoredRun

    form = form_of(out)
    forms = asked or [form]
    if out and asked and asked != [form]:
        want = " / ".join(f"*.{form}" for form in forms)
        raise InputError("desk.bad_option", option="--out", got=out, want=want)
    stored = StoredRun.open(folder)
    places = {form: write_report(stored, form, out, telling.lang) for form in forms}
    told = "\n".join(f"{say(_FORMS[form][1], telling.lang)}: {p}" for form, p in places.items())
    value = {"report" if form == "html" else form: str(p) for form, p in places.items()}
    telling.result(told, value)
    return 0


def check(case: str, telling: Telling) -> int:
    """Check a case and say how large it is."""
    from kachisuji.cases import load
    from kachisuji.contest import check_correlated

    found = load(case)
    check_correlated(found)
    lang = telling.lang
    value = {
        "title": found.settings.title_en if lang == "en" else found.settings.title_ja,
        "segments": len(found.tables["segments"]),
        "fields": len(found.tables["fields"]),
        "figures": int(found.figures()["number"].sum()),
        "evidence": len(found.tables["evidence"]),
    }
    shown: dict[str, Any] = value | {"figures": f"{value['figures']:,}"}
    telling.result(say("desk.case_sound", lang, **shown), {"sound": True, "case": case, **value})
    return 0


def lines(case: str, telling: Telling) -> int:
    """List the candidate lines of a case."""
    from kachisuji.cases import load
    from kachisuji.contest import enumerate_lines
    from kachisuji.desk.rows import records

    table = enumerate_lines(load(case))
    telling.result("\n".join(table["line"]), records(table))
    telling.say(say("desk.lines_count", telling.lang, count=f"{len(table):,}"))
    return 0


def version(telling: Telling) -> int:
    """Say which versions are installed, and where."""
    from kachisuji import __file__ as place
    from kachisuji import __version__
    from kachisuji.ledger import surroundings

    found = surroundings("")
    value = {
        "kachisuji": __version__,
        "place": str(Path(place).parent),
        "python": found["python"],
        "platform": found["platform"],
        "packages": found["packages"],
    }
    told = [
        f"kachisuji {__version__} ({value['place']})",
        f"Python {found['python']} · {found['platform']}",
        *(f"  {name} {number}" for name, number in found["packages"].items()),
    ]
    telling.result("\n".join(told), value)
    return 0
