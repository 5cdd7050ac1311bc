"""Pathways as a map, and the watch: what has been seen, which triggers fire, whether to change."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from kachisuji.desk.ahead.mapping import SEEN, condition_of
from kachisuji.desk.ahead.metro import metro_map
from kachisuji.desk.ahead.observing import checked, history_of
from kachisuji.desk.ahead.words import history_lines, pathway_lines, seen_name, watch_lines
from kachisuji.desk.web import pages
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.desk.web.views.editing import sent
from kachisuji.words import InputError, Lang

router = APIRouter()
ROWS = 5  # observations that the form takes at once
COLUMNS = ("observable", "year", "value", "unit", "error")


def jobs_of(desk: Desk, kind: str, run: str) -> dict[str, Any]:
    """Return the jobs of a kind for a run, by how they stand."""
    own = [j for j in desk.jobs.all() if j.kind == kind and j.asked["name"] == run]
    return {
        "working": [j for j in own if not j.ended],
        "failed": [j for j in own if j.status == "failed"][:2],
        "done": [j for j in own if j.status == "done" and j.result],
    }


def _names(shown: Shown, lang: Lang) -> dict[str, str]:
    return {s: n.of(lang) for s, n in shown.names.segments.items()}


@router.get("/r/{run}/pathways", name="pathways")
def pathways(request: Request, run: str) -> Response:
    """Show the map of pathways."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    lang = pages.language_of(request)
    jobs = jobs_of(desk, "pathways", run)
    settings = shown.run.case.settings
    maps = []
    for job in jobs["done"][:3]:
        assert job.result is not None
        found = job.result["found"]
        lines = pathway_lines(found, settings, _names(shown, lang), lang)
        maps.append(
            {"name": job.name, "map": metro_map(found, lang), "head": lines[0], "lines": lines[1:],
             "made": job.made[:16].replace("T", " ")}
        )  # fmt: skip
    return pages.render(
        request,
        "pathways.html.j2",
        shown=shown,
        base=run_address(run),
        years=list(settings.years),
        maps=maps,
        **jobs,
    )


@router.post("/r/{run}/pathways", name="start_pathways")
def start_pathways(
    request: Request,
    run: str,
    hold: Annotated[str, Form(max_length=300)] = "",
    odds: Annotated[int, Form(ge=5, le=95)] = 50,
    when: Annotated[int, Form(ge=0, le=2300)] = 0,
) -> Response:
    """Map the pathways of a run in the background."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    years = shown.run.case.settings.years
    if when and when not in years:
        raise InputError("web.bad_value_of", names="when", want=f"{years[0]} – {years[-1]}")
    if hold.strip():
        condition_of(hold.strip(), shown.run.case)
    asked = {
        "name": run,
        "run": str(shown.run.folder),
        "hold": hold.strip() or None,
        "odds": odds / 100,
        "when": when or None,
    }
    return RedirectResponse(f"/jobs/{desk.jobs.start('pathways', asked).name}", 303)


@router.get("/r/{run}/watch", name="watch")
def watch(request: Request, run: str) -> Response:
    """Show what has been watched, and take new observations."""
    from kachisuji.portfolios import History

    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    lang = pages.language_of(request)
    jobs = jobs_of(desk, "watch", run)
    settings, names = shown.run.case.settings, _names(shown, lang)
    watched = []
    for job in jobs["done"][:4]:
        assert job.result is not None
        found = job.result["found"]
        lines = watch_lines(found, settings, names, lang)
        watched.append(
            {"name": job.name, "lines": lines, "advice": found["advice"],
             "made": job.made[:16].replace("T", " ")}
        )  # fmt: skip
    return pages.render(
        request,
        "watch.html.j2",
        shown=shown,
        base=run_address(run),
        observables=[
            (seen, seen_name(seen, names, lang))
            for seen in (f"{s}.{m}" for s in _held(shown) for m in SEEN)
        ],
        rows=range(ROWS),
        watched=watched,
        signs=_signs(desk, shown, lang),
        history=history_lines(
            History.open(history_of(shown.run.folder)).steps,
            shown.run.case.settings,
            names,
            lang,
        ),
        **jobs,
    )


def _held(shown: Shown) -> list[str]:
    """Segments of the chosen lines."""
    lines = shown.run.lines["segment"]
    return [s for s in dict.fromkeys(str(lines.iloc[int(i)]) for i in shown.run.choice["lines"])
            if s]  # fmt: skip


def _signs(desk: Desk, shown: Shown, lang: Lang) -> list[str]:
    """Triggers of the newest map of pathways."""
    from kachisuji.desk.ahead.words import signpost_line

    done = jobs_of(desk, "pathways", shown.name)["done"]
    if not done or done[0].result is None:
        return []
    settings, names = shown.run.case.settings, _names(shown, lang)
    posts = done[0].result["found"]["signposts"]
    return [signpost_line(post, settings, names, lang) for post in posts]


@router.post("/r/{run}/watch", name="start_watch")
def start_watch(request: Request, run: str, form: Annotated[FormData, Depends(sent)]) -> Response:
    """Weigh a run by observations in the background."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    rows = _typed(form)
    pasted = form.get("table", "")
    if isinstance(pasted, str) and pasted.strip():
        rows += list(csv.DictReader(io.StringIO(pasted[:100_000])))
    if not rows:
        raise InputError("web.nothing_observed")
    plain = [{k: str(v)[:200] for k, v in row.items() if k in COLUMNS} for row in rows[:200]]
    held = _held(shown)
    for k, row in enumerate(plain, 1):
        missing = [c for c in ("observable", "year", "value", "error") if not row.get(c)]
        if missing:
            raise InputError("web.nothing_in", row=k, names=", ".join(missing))
        checked({**row, "row": k}, shown.run.case, held)
    asked = {
        "name": run,
        "run": str(shown.run.folder),
        "rows": [dict.fromkeys(COLUMNS, "") | r for r in plain],
        "record": form.get("record") == "1",
    }
    return RedirectResponse(f"/jobs/{desk.jobs.start('watch', asked).name}", 303)


def _typed(form: FormData) -> list[dict[str, Any]]:
    rows = []
    for k in range(ROWS):
        row = {c: str(form.get(f"{c}{k}", "")).strip() for c in COLUMNS}
        if row["observable"] and row["value"]:
            rows.append(row)
    return rows
