"""Cases: make them from a template, take them in and out as a zip, compare, go back in history."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from kachisuji.cases import available, optional_tables, resolve, tables
from kachisuji.desk.report.bilingual import percent, plain, t
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.web import exporting, packing, pages, sheets
from kachisuji.desk.web.casebook import TOML, Version, case_files, mistakes
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.desk.web.units import MEASURES, measured
from kachisuji.words import InputError, Lang, RunError, column_told, say

router = APIRouter()
SHOWN = 400  # differences that a page lists for each table


def told(problems: list[InputError], lang: Lang) -> list[dict[str, Any]]:
    """Tell mistakes of a case."""
    out = []
    for p in problems:
        file = Path(p.file).name if p.file else ""
        place = [file] if file else []
        if p.row is not None:
            place.append(say("words.place_row", lang, row=p.row))
        if p.column is not None:
            place.append(column_told(p.column, lang))
        out.append(
            {
                "file": file,
                "place": say("words.place_separator", lang).join(place),
                "text": say(p.key, lang, **p.values),
                "remedy": say(p.key, lang, part="remedy", **p.values),
            }
        )
    return out


def editor_of(request: Request) -> str:
    """Return who edits: the session."""
    found: str = request.state.session
    return found


@router.get("/cases", name="cases")
def cases(request: Request) -> Response:
    """Show the cases: those in the package, and those of this desk."""
    desk: Desk = request.app.state.desk
    own = [{"name": n, "versions": desk.cases.versions(n)} for n in desk.cases.names()]
    return pages.render(request, "cases.html.j2", shipped=available(), own=own, ours=places(desk))


def places(desk: Desk) -> list[str]:
    """Return everything that can be compared."""
    return [*available(), *(f"{n}@{v.number}" for n in desk.cases.names()
                            for v in reversed(desk.cases.versions(n)))]  # fmt: skip


@router.post("/cases/create", name="create_case")
def create(
    request: Request,
    name: Annotated[str, Form(max_length=60)],
    source: Annotated[str, Form(max_length=100)],
) -> Response:
    """Make a case out of a shipped one or of another."""
    desk: Desk = request.app.state.desk
    note = t("web.made_of", source=source).of(pages.language_of(request))
    if source in available():
        desk.cases.from_shipped(name, source, _by(request), note)
    else:
        head = desk.cases.head(source)
        desk.cases.create(name, head.folder, _by(request), note)
    return RedirectResponse(f"/cases/{name}", 303)


@router.post("/cases/import", name="import_case")
def import_case(
    request: Request,
    name: Annotated[str, Form(max_length=60)],
    archive: Annotated[UploadFile, File()],
) -> Response:
    """Take in a zip; a case with mistakes is taken in too, and its page names them."""
    desk: Desk = request.app.state.desk
    files = packing.unpack(archive.file.read())
    with tempfile.TemporaryDirectory() as hold:
        for file, data in files.items():
            (Path(hold) / file).write_bytes(data)
        note = t("web.made_of", source=(archive.filename or "zip")[:80])
        desk.cases.create(name, Path(hold), _by(request), note.of(pages.language_of(request)))
    return RedirectResponse(f"/cases/{name}", 303)


def _by(request: Request) -> str:
    return editor_of(request)[:6]


@router.get("/cases/compare", name="compare_cases")
def compare(
    request: Request,
    a: Annotated[str, Query(max_length=100)] = "",
    b: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Show how two cases, or two versions of one, differ."""
    desk: Desk = request.app.state.desk
    found, texts = None, []
    a, b = _newest(desk, a), _newest(desk, b)
    if a and b:
        one, two = folder_of(desk, a), folder_of(desk, b)
        names = [f for f in case_files() if f.endswith(".csv")]
        found = [d for d in (sheets.differences(one, two, f) for f in names)
                 if d["gone"] or d["new"] or d["changed"]]  # fmt: skip
        for file in TOML:
            texts += _text_differences(one, two, file)
    return pages.render(
        request, "compare_cases.html.j2", a=a, b=b, known=places(desk), found=found, texts=texts,
        most=SHOWN,
    )  # fmt: skip


def _newest(desk: Desk, name: str) -> str:
    """Return a case of this desk with the number of its newest version, as the lists name it."""
    if name in desk.cases.names():
        return f"{name}@{desk.cases.head(name).number}"
    return name


def _text_differences(one: Path, two: Path, file: str) -> list[dict[str, Any]]:
    import difflib

    parts = [(p / file).read_text(encoding="utf-8", errors="replace").splitlines()
             if (p / file).is_file() else [] for p in (one, two)]  # fmt: skip
    lines = [
        line
        for line in difflib.unified_diff(parts[0], parts[1], lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    return [{"file": file, "lines": lines[:SHOWN]}] if lines else []


def folder_of(desk: Desk, name: str) -> Path:
    """Return the folder of ``NAME`` or ``NAME@VERSION``."""
    if name in available():
        return resolve(name)
    own, _, number = name.partition("@")
    if number:
        if not number.isdigit():
            raise RunError("web.no_such", what=name[:80])
        return desk.cases.version(own, int(number[:7])).folder
    return desk.cases.head(own).folder


@router.get("/cases/{name}", name="case")
def case(request: Request, name: str) -> Response:
    """Show one case: its tables, its mistakes, its history."""
    desk: Desk = request.app.state.desk
    head = desk.cases.head(name)
    lang = pages.language_of(request)
    found = mistakes(head.folder)
    count: dict[str, int] = {}
    for p in found:
        file = Path(p.file).name if p.file else ""
        count[file] = count.get(file, 0) + 1
    return pages.render(
        request,
        "case.html.j2",
        name=name,
        head=head,
        versions=list(reversed(desk.cases.versions(name))),
        files=[
            {
                "file": f,
                "table": f.removesuffix(".csv"),
                "text": f in TOML,
                "rows": _rows(head, f),
                "mistakes": count.get(f, 0),
                "draft": f in desk.cases.drafts(name, editor_of(request)),
            }
            for f in (*TOML, *(f"{n}.csv" for n in (*tables(), *optional_tables())))
        ],
        problems=told(found, lang)[:40],
        count=len(found),
        case=name,
    )


def _rows(head: Version, file: str) -> int | None:
    path = head.folder / file
    if not path.is_file():
        return None
    return max(0, path.read_bytes().count(b"\n") - 1)


@router.get("/cases/{name}/export.zip", name="export_case", include_in_schema=False)
def export(request: Request, name: str) -> Response:
    """Send a case as a zip."""
    desk: Desk = request.app.state.desk
    head = desk.cases.head(name)
    return exporting.download(
        packing.pack(head.folder), "application/zip", f"{name}-v{head.number}.zip"
    )


@router.post("/cases/{name}/restore", name="restore_case")
def restore(request: Request, name: str, number: Annotated[int, Form(ge=1, le=10**6)]) -> Response:
    """Go back to an earlier version, by adding one like it."""
    desk: Desk = request.app.state.desk
    note = t("web.restored", number=number).of(pages.language_of(request))
    desk.cases.restore(name, number, _by(request), note)
    return RedirectResponse(f"/cases/{name}", 303)


# ---- runs side by side ---------------------------------------------------------------------------


@router.get("/runs", name="runs")
def runs(
    request: Request,
    a: Annotated[str, Query(max_length=200)] = "",
    b: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the runs, and two of them side by side."""
    from kachisuji.ledger import read_manifest

    desk: Desk = request.app.state.desk
    listed = []
    for name, path in desk.runs().items():
        manifest = read_manifest(path)
        listed.append(
            {
                "name": name,
                "to": run_address(name),
                "case": manifest.case,
                "futures": manifest.options.get("futures", "–"),
                "seed": manifest.seed,
                "when": str(manifest.made.get("when", ""))[:16].replace("T", " "),
            }
        )
    beside = side_by_side(desk.show(a), desk.show(b)) if a and b else None
    return pages.render(request, "runs.html.j2", runs=listed, a=a, b=b, beside=beside)


def side_by_side(one: Shown, two: Shown) -> dict[str, Any]:
    """Set what two runs found beside each other."""
    rows = []
    for measure in MEASURES:
        row: dict[str, Any] = {"name": t(f"desk.measure_{measure}")}
        for side, shown in (("a", one), ("b", two)):
            own = shown.run.choice["joint"][measure]
            row[side], row[f"{side}_span"] = measured(measure, own, shown.names.money)
        rows.append(row)
    wins = {"name": t("web.wins_nothing")}
    wins |= {s: percent(x.run.choice["wins"]["nothing"]) for s, x in (("a", one), ("b", two))}
    rows.append({**wins, "a_span": plain(""), "b_span": plain("")})
    held = [_chosen(one), _chosen(two)]
    names = {**one.names.segments, **two.names.segments}
    return {
        "rows": rows,
        "lines": [
            {"segment": names[s], "a": held[0].get(s), "b": held[1].get(s),
             "same": (s in held[0]) == (s in held[1])}
            for s in dict.fromkeys((*held[0], *held[1]))
        ],
        "a": one,
        "b": two,
    }  # fmt: skip


def _chosen(shown: Shown) -> dict[str, Any]:
    out = {}
    for line in shown.run.choice["lines"]:
        row = row_of(shown.run.lines, int(line))
        out[str(row["segment"])] = t(
            "web.line_beside",
            line=shown.names.line(row),
            means=shown.names.packages[row["package"]],
            start=row["start"],
        )
    return out
