"""Editing a case in the browser: kept as one types, checked as one types, saved as a version."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from kachisuji.desk.report.bilingual import Both, t
from kachisuji.desk.web import pages, sheets
from kachisuji.desk.web.casebook import TOML, case_files, mistakes
from kachisuji.desk.web.place import Desk
from kachisuji.desk.web.sheets import Change, Grid
from kachisuji.desk.web.views.cases import editor_of, told
from kachisuji.words import InputError, RunError

router = APIRouter()
PAGE = 40  # rows a page shows


class Typed(BaseModel):
    """One cell that was typed into: ``c.ROW.COLUMN``, or ``text`` for a whole file."""

    field: str = Field(max_length=200)
    value: str = Field(max_length=400_000)


class Typing(BaseModel):
    """What was typed since the last time, and the version it was typed upon."""

    base: int = Field(ge=1, le=10**9)
    changes: list[Typed] = Field(max_length=2000)


class Draft:
    """Unsaved changes of one editor to one file.

    Parameters
    ----------
    desk, name, file, editor
        Whose and of what.
    shown
        Version that the page shows which changes come from; None for what the desk shows now.
        Rows are known by their place in it, and what others saved since is no change of mine.

    Raises
    ------
    InputError
        If changes are kept already that were made upon another version than the page shows.
    """

    def __init__(
        self, desk: Desk, name: str, file: str, editor: str, shown: int | None = None
    ) -> None:
        if file not in case_files() or file.endswith(".md"):
            raise RunError("web.no_such", what=file[:80])
        self.book, self.name, self.file, self.editor = desk.cases, name, file, editor
        kept = self.book.draft(name, editor, file)
        self.base: int = kept["base"]
        self.changes: list[Change] = kept["changes"]
        self.head = self.book.head(name)
        if shown is not None and shown != self.base:
            if self.changes:
                raise InputError("web.page_old", name=name, shown=shown, base=self.base)
            self.base = self.book.version(name, shown).number

    @property
    def stale(self) -> bool:
        """Whether somebody has saved a version since these changes were begun."""
        return bool(self.changes) and self.base != self.head.number

    @property
    def base_folder(self) -> Any:
        """Folder of the version that the changes are put on."""
        return self.book.version(self.name, self.base).folder

    def grid(self) -> Grid:
        """Return the table with the changes."""
        return sheets.grid_of(self.base_folder, self.file).put(self.changes)

    def text(self) -> str:
        """Return a TOML file with the changes."""
        texts = [c["value"] for c in self.changes if c["kind"] == "text"]
        if texts:
            return str(texts[-1])
        path = self.base_folder / self.file
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def data(self) -> bytes:
        """Return the file as it would be saved."""
        return self.text().encode() if self.file in TOML else self.grid().data()

    def type(self, field: str, value: str) -> None:
        """Put what was typed on, where it changes something."""
        if self.file in TOML:
            if field == "text" and value.replace("\r\n", "\n") != self.text():
                self._add({"kind": "text", "value": value.replace("\r\n", "\n"), "row": "",
                           "column": ""})  # fmt: skip
            return
        parts = field.split(".", 2)
        if len(parts) != 3 or parts[0] != "c":
            raise InputError("web.bad_value", names=field[:80])
        was = self.grid().cell(parts[1], parts[2])
        value = value.replace("\r\n", "\n")
        if was is None:
            raise InputError("web.bad_value", names=field[:80])
        if was != value:
            self._add({"kind": "cell", "row": parts[1], "column": parts[2], "value": value})

    def _add(self, change: Change) -> None:
        sheets.add_change(self.changes, change)

    def add_row(self, like: str = "") -> None:
        """Add an empty row at the end, or one with the cells of another."""
        grid = self.grid()
        count = sum(c["kind"] == "add" for c in self.changes) + 1
        taken = [int(r[1:]) for r in grid.rows if r.startswith("n")]
        row = f"n{max([count, *(k + 1 for k in taken)])}"
        self._add({"kind": "add", "row": row, "column": ""})
        for column in grid.header if like in grid.rows else ():
            value = grid.cell(like, column) or ""
            self._add({"kind": "cell", "row": row, "column": column, "value": value})

    def drop_row(self, row: str) -> None:
        """Take a row out."""
        if row not in self.grid().rows:
            raise InputError("web.bad_value", names="drop")
        self._add({"kind": "drop", "row": row, "column": ""})

    def keep(self) -> None:
        """Keep the changes on the disk."""
        if self.changes:
            kept = {"base": self.base, "changes": self.changes}
            self.book.keep_draft(self.name, self.editor, self.file, kept)
        else:
            self.book.drop_draft(self.name, self.editor, self.file)

    def problems(self) -> list[InputError]:
        """Every mistake of the case with the changes."""
        return mistakes(self.base_folder, {self.file: self.data()})

    def told(self, lang: Any) -> list[dict[str, Any]]:
        """Tell the mistakes, those of this file first and each with its field of the form."""
        found = self.problems()
        shown = told(found, lang)
        rows = {} if self.file in TOML else self.grid().lines()
        for p, s in zip(found, shown, strict=True):
            s["field"] = ""
            if s["file"] == self.file and isinstance(p.row, int) and p.row in rows and p.column:
                s["field"] = f"c.{rows[p.row]}.{p.column.split(', ')[0]}"
        return sorted(shown, key=lambda s: s["file"] != self.file)[:60]


@router.get("/cases/{name}/edit/{file}", name="edit")
def edit(
    request: Request,
    name: str,
    file: str,
    q: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show a file of a case to be edited."""
    desk: Desk = request.app.state.desk
    draft = Draft(desk, name, file, editor_of(request))
    lang = pages.language_of(request)
    problems = draft.told(lang)
    values: dict[str, Any] = {
        "name": name,
        "file": file,
        "draft": draft,
        "problems": problems,
        "first": json.dumps(problems, ensure_ascii=False),
        "q": q,
        "marked": {p["field"] for p in problems},
    }
    if file in TOML:
        return pages.render(request, "edit_text.html.j2", text=draft.text(), **values)
    table, grid = file.removesuffix(".csv"), draft.grid()
    wanted = q.casefold()
    rows = [(i, c) for i, c in grid.rows.items()
            if not wanted or any(wanted in x.casefold() for x in c)]  # fmt: skip
    last = max(1, -(-len(rows) // PAGE))
    page = min(page, last)
    touched = {(c["row"], c["column"]) for c in draft.changes if c["kind"] == "cell"}
    return pages.render(
        request,
        "edit.html.j2",
        columns=[_column(n, a) for n, a in sheets.columns(table, grid)],
        rows=rows[(page - 1) * PAGE : page * PAGE],
        touched=touched,
        total=len(rows),
        page=page,
        last=last,
        **values,
    )


def _column(name: str, attribute: Any) -> dict[str, Any]:
    if attribute is None:
        return {
            "name": name,
            "type": "text",
            "choices": (),
            "meaning": None,
            "unit": "",
            "wide": 14,
        }
    kind = attribute.type
    choices = ("true", "false") if kind == "boolean" else attribute.choices
    wide = 8 if kind in ("number", "integer", "boolean") else 14
    if name.startswith(("statement", "meaning", "reason", "side", "source", "address", "niche")):
        wide = 36
    return {
        "name": name,
        "type": kind,
        "choices": choices,
        "meaning": Both(attribute.meaning_en, attribute.meaning_ja),
        "unit": attribute.unit,
        "wide": wide,
    }


@router.put("/api/cases/{name}/draft/{file}", name="type")
def type_(request: Request, name: str, file: str, typing: Typing) -> dict[str, Any]:
    """Keep what was typed, and tell every mistake that the case has with it."""
    desk: Desk = request.app.state.desk
    with desk.cases.drafting:
        draft = Draft(desk, name, file, editor_of(request), typing.base)
        for change in typing.changes:
            draft.type(change.field, change.value)
        draft.keep()
    found = draft.told(pages.language_of(request))
    return {"problems": found, "stale": draft.stale, "changes": len(draft.changes)}


async def sent(request: Request) -> FormData:
    """Return the whole form (a dependency: forms are read before the work begins)."""
    return await request.form()


@router.post("/cases/{name}/edit/{file}", name="send_edit")
def send(
    request: Request, name: str, file: str, form: Annotated[FormData, Depends(sent)]
) -> Response:
    """Take a page of the form as it is: keep it, and do what its button says."""
    desk: Desk = request.app.state.desk
    action = str(form.get("action", "check"))
    with desk.cases.drafting:
        shown = None if action == "discard" else _shown(form)
        draft = Draft(desk, name, file, editor_of(request), shown)
        kind = _act(draft, form, action)
        draft.keep()
    if kind == "save":
        return _save(request, draft, str(form.get("note", "")))
    ends = {"add": "last", "copy": "last"}.get(kind)
    query = f"?q={_quoted(str(form.get('q', '')))}&page={_page(form, draft, ends)}"
    return RedirectResponse(f"/cases/{name}/edit/{file}{query}", 303)


def _shown(form: FormData) -> int | None:
    """Return the version that the page of a form shows; None for a form that does not say."""
    text = str(form.get("base", ""))
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 8 else None


def _act(draft: Draft, form: FormData, action: str) -> str:
    """Put what was typed on, and do what a button says; return what kind of button it was."""
    if action != "discard":
        for field, value in form.multi_items():
            if isinstance(value, str) and (field.startswith("c.") or field == "text"):
                draft.type(field, value)
    kind, _, row = action.partition(":")
    if kind == "undo" and draft.changes:
        draft.changes.pop()
    elif kind == "discard":
        draft.changes.clear()
    elif kind == "add":
        draft.add_row()
    elif kind == "copy":
        draft.add_row(row)
    elif kind == "drop":
        draft.drop_row(row)
    return kind


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text[:100], safe="")


def _page(form: FormData, draft: Draft, ends: str | None) -> int:
    if ends == "last" and draft.file not in TOML:
        return max(1, -(-len(draft.grid().rows) // PAGE))
    text = str(form.get("page", "1"))
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 5 else 1


def _save(request: Request, draft: Draft, note: str) -> Response:
    if draft.stale:
        return conflict_page(request, draft)
    if draft.changes:
        told_note = note.strip() or t("web.edited", file=draft.file).of(pages.language_of(request))
        draft.book.save(
            draft.name, draft.base, {draft.file: draft.data()}, draft.editor[:6], told_note
        )
        draft.book.drop_draft(draft.name, draft.editor, draft.file)
    return RedirectResponse(f"/cases/{draft.name}", 303)


def conflict_page(request: Request, draft: Draft) -> Response:
    """Show both: what I changed, and what somebody else saved meanwhile."""
    base = draft.book.version(draft.name, draft.base)
    values: dict[str, Any] = {"name": draft.name, "file": draft.file, "draft": draft}
    if draft.file in TOML:
        before, theirs = (
            (v.folder / draft.file).read_text(encoding="utf-8", errors="replace")
            for v in (base, draft.head)
        )
        values |= {"text": (theirs, draft.text()), "clash": theirs not in (before, draft.text())}
        return pages.render(request, "conflict.html.j2", 409, found=[], **values)
    found = sheets.compare(
        draft.file.removesuffix(".csv"),
        sheets.grid_of(base.folder, draft.file),
        sheets.grid_of(draft.head.folder, draft.file),
        draft.changes,
    )
    values["clash"] = any(c.clashes or not c.row for c in found)
    return pages.render(request, "conflict.html.j2", 409, text=None, found=found, **values)


@router.post("/cases/{name}/merge/{file}", name="merge")
def merge(
    request: Request, name: str, file: str, form: Annotated[FormData, Depends(sent)]
) -> Response:
    """Carry my changes over to the newest version, as chosen change by change."""
    desk: Desk = request.app.state.desk
    with desk.cases.drafting:
        return _merge(request, Draft(desk, name, file, editor_of(request)), form)


def _merge(request: Request, draft: Draft, form: FormData) -> Response:
    name, file = draft.name, draft.file
    if not draft.stale:
        return RedirectResponse(f"/cases/{name}/edit/{file}", 303)
    undecided = file in TOML and "mine" not in form
    if str(form.get("head", "")) != str(draft.head.number) or undecided:
        return conflict_page(request, draft)  # saved once more meanwhile, or nothing was chosen
    mine = {int(v) for v in form.getlist("mine") if isinstance(v, str) and v.isdigit()}
    if file in TOML:
        draft.changes = draft.changes[-1:] if mine else []
    else:
        base = draft.book.version(name, draft.base)
        found = sheets.compare(
            file.removesuffix(".csv"),
            sheets.grid_of(base.folder, file),
            sheets.grid_of(draft.head.folder, file),
            draft.changes,
        )
        draft.changes = sheets.carried(found, mine)
    draft.base = draft.head.number
    draft.keep()
    return RedirectResponse(f"/cases/{name}/edit/{file}", 303)
