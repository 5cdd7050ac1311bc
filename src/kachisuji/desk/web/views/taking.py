"""A run to take along: its report as HTML or PDF, its tables as a workbook."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from kachisuji.desk.web import exporting, pages
from kachisuji.desk.web.place import Desk
from kachisuji.desk.web.views.narrative import KINDS as STORIES

router = APIRouter()
KINDS = {
    "html": STORIES["html"],
    "pdf": STORIES["pdf"],
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/r/{run}/report.{form}", name="report_file", include_in_schema=False)
async def take(request: Request, run: str, form: Literal["html", "pdf", "xlsx"]) -> Response:
    """Give the report or the workbook of tables as a file."""
    desk: Desk = request.app.state.desk
    shown = await run_in_threadpool(desk.show, run)
    body = await desk.press.made(shown, "report", form, pages.language_of(request))
    name = "tables" if form == "xlsx" else "report"
    return exporting.download(body, KINDS[form], f"{shown.name}-{name}.{form}")


def files(base: str) -> list[dict[str, Any]]:
    """Everything of a run that can be taken along: catalogue key, form, address."""
    offered = [("report", f, f"{base}/report.{f}") for f in ("html", "pdf")]
    offered.append(("tables", "xlsx", f"{base}/report.xlsx"))
    offered += [("story", f, f"{base}/narrative.{f}") for f in STORIES if f in ("docx", "pptx")]
    offered += [("futures", f, f"{base}/futures.{f}") for f in ("csv", "parquet")]
    return [{"what": what, "form": form.upper(), "to": to} for what, form, to in offered]
