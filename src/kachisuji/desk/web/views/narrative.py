"""The narrative of a run: read, edited section by section, taken along in four formats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from kachisuji.desk.narrative import narrative, save_edit, state
from kachisuji.desk.narrative.document import milestones
from kachisuji.desk.narrative.edits import MOST_LETTERS
from kachisuji.desk.narrative.figures import figures
from kachisuji.desk.web import exporting, pages
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.words import InputError

router = APIRouter()
KINDS = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
Words = Annotated[str, Form(max_length=MOST_LETTERS)]


@router.get("/r/{run}/narrative", name="narrative")
def story(request: Request, run: str) -> Response:
    """Show the sections with a form each."""
    return _page(request, run)


def _page(
    request: Request, run: str, typed: dict[str, Any] | None = None, error: InputError | None = None
) -> Response:
    """Show the page; after a refusal with what was typed, which is never lost."""
    shown = request.app.state.desk.show(run)
    lang = pages.language_of(request)
    known = figures(shown.run, shown.names)
    status = 200
    if error is not None:
        status = 409 if error.key == "narrative.conflict" else 422
    return pages.render(
        request,
        "narrative.html.j2",
        shown=shown,
        base=run_address(shown.name),
        sections=narrative(shown.run, lang, shown.names),
        milestones=milestones(shown.run, shown.names, lang),
        figures=[(name, figure.text) for name, figure in known.items()],
        since=state(shown.run.folder),
        formats=list(KINDS),
        typed=typed or {},
        refused=error.in_lang(lang) if error else "",
        status=status,
    )


@router.post("/r/{run}/narrative/{section}", name="narrative_save")
def save(
    request: Request,
    run: str,
    section: str,
    title: Annotated[str, Form(max_length=400)] = "",
    text: Words = "",
    since: Annotated[str, Form(max_length=64)] = "",
    act: Annotated[Literal["save", "back"], Form()] = "save",
    hide: Annotated[bool, Form()] = False,
) -> Response:
    """Keep one section as it was typed, or take the edit back."""
    shown = request.app.state.desk.show(run)
    lang = pages.language_of(request)
    told = text.replace("\r\n", "\n")
    edit: dict[str, Any] | None = {"title": title, "text": told}
    if hide and edit is not None:
        edit["hide"] = True
    try:
        from kachisuji.desk.narrative.sections import fill

        if act == "save":
            fill(told, figures(shown.run, shown.names), lang, section)
        save_edit(shown.run.folder, lang, section, edit if act == "save" else None, since=since)
    except InputError as error:
        return _page(request, run, {"section": section, "title": title, "text": told}, error)
    return RedirectResponse(f"{run_address(shown.name, '/narrative')}#{section}", 303)


@router.get("/r/{run}/narrative.{suffix}", name="narrative_file")
async def take(
    request: Request, run: str, suffix: Literal["html", "pdf", "docx", "pptx"]
) -> Response:
    """Give the narrative as a file."""
    desk: Desk = request.app.state.desk
    lang = pages.language_of(request)

    def checked() -> tuple[Shown, str]:
        shown = desk.show(run)
        of = state(shown.run.folder)
        narrative(shown.run, lang, shown.names)  # a mistake in the edits is told here
        return shown, of

    shown, of = await run_in_threadpool(checked)
    body = await desk.press.made(shown, "narrative", suffix, lang, of)
    return exporting.download(body, KINDS[suffix], f"{shown.name}-narrative.{suffix}")
