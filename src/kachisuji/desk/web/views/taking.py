"""A run to take along: its report as HTML or PDF, its tables as a workbook."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from kachisuji.desk.web import exporting, pages
from kachisuji.desk.web.place import Shown
from kachisuji.desk.web.views.narrative import KINDS as STORIES
from kachisuji.words import Lang, RunError

router = APIRouter()
KINDS = {
    "html": STORIES["html"],
    "pdf": STORIES["pdf"],
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LONGEST = 300  # seconds that a PDF may take
_ONE = threading.Lock()  # a report takes seconds and memory: one at a time, kept for the next


@router.get("/r/{run}/report.{form}", name="report_file", include_in_schema=False)
def take(request: Request, run: str, form: Literal["html", "pdf", "xlsx"]) -> Response:
    """Give the report or the workbook of tables as a file."""
    shown = request.app.state.desk.show(run)
    body = made(shown, form, pages.language_of(request))
    name = "tables" if form == "xlsx" else "report"
    return exporting.download(body, KINDS[form], f"{shown.name}-{name}.{form}")


def made(shown: Shown, form: str, lang: Lang) -> bytes:
    """Return a file of a run, made once."""
    key = f"file {form} {lang}"
    with _ONE:
        found = shown.cache.get(key)
        if not isinstance(found, bytes):
            found = _make(shown, form, lang)
            shown.cache[key] = found
        return found


def _make(shown: Shown, form: str, lang: Lang) -> bytes:
    if form == "xlsx":
        from kachisuji.desk.documents.workbook import write_xlsx

        return write_xlsx(shown.run, lang)
    if form == "pdf":
        return _apart(shown.run.folder, lang)
    from kachisuji.desk.report.page import build_report

    return build_report(shown.run, lang).encode()


def _apart(folder: Path, lang: Lang) -> bytes:
    """Set the PDF in a process of its own: its memory (200 MB for Japan) is not the server's.

    Raises
    ------
    RunError
        If it is not done in time, or the process fails.
    """
    with tempfile.TemporaryDirectory() as hold:
        path = Path(hold) / "report.pdf"
        command = [sys.executable, "-m", "kachisuji", "report", str(folder), "--out", str(path)]
        try:
            ended = subprocess.run(
                [*command, "--lang", lang],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise RunError("web.job_late", seconds=LONGEST) from error
        if ended.returncode or not path.is_file():
            why = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            raise RunError("web.broken", what=(why or ["?"])[0][:200])
        return path.read_bytes()


def files(base: str) -> list[dict[str, Any]]:
    """Everything of a run that can be taken along: catalogue key, form, address."""
    offered = [("report", f, f"{base}/report.{f}") for f in ("html", "pdf")]
    offered.append(("tables", "xlsx", f"{base}/report.xlsx"))
    offered += [("story", f, f"{base}/narrative.{f}") for f in STORIES if f in ("docx", "pptx")]
    offered += [("futures", f, f"{base}/futures.{f}") for f in ("csv", "parquet")]
    return [{"what": what, "form": form.upper(), "to": to} for what, form, to in offered]
