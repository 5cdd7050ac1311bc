"""Jobs in the background, and the list of runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from kachisuji.cases import available, resolve
from kachisuji.desk.report.bilingual import Both, both, plain, t
from kachisuji.desk.web import pages
from kachisuji.desk.web.jobs import Job
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk
from kachisuji.words import InputError, KachisujiError, say

router = APIRouter()
JobName = Annotated[str, Path(max_length=60)]


def told_error(error: dict[str, Any]) -> Both:
    """Tell a kept error in both languages."""
    parts = [
        KachisujiError(e["key"], file=e["file"], row=e["row"], column=e["column"], **e["values"])
        for e in (error, *error["problems"])
    ]
    return both(lambda lang: "\n".join(p.in_lang(lang) for p in parts))


def described(job: Job) -> dict[str, Any]:
    """Everything a page says of a job."""
    stage = t(job.stage, **(job.values or {})) if job.stage else plain("")
    title = t(f"web.job_{job.kind}", name=job.asked.get("title") or job.asked.get("name", "?"))
    return {
        "job": job,
        "title": title,
        "status": t(f"web.status_{job.status}"),
        "stage": stage,
        "stages": [t(k) for k in job.stages if not _has_values(k)],
        "share": job.done / max(1, job.total),
        "error": told_error(job.error) if job.error else None,
        "to": f"/jobs/{job.name}",
        "result_to": _result(job),
    }


def _result(job: Job) -> str | None:
    found = job.result or {}
    if "run" in found:
        return run_address(found["run"])
    return run_address(found["of"], found["page"]) if "of" in found else None


def _has_values(key: str) -> bool:
    return "{" in say(key, "en")


@router.get("/jobs", name="jobs")
def jobs(request: Request) -> Response:
    """Show every job."""
    desk: Desk = request.app.state.desk
    desk.jobs.tend()
    known = desk.jobs.all()
    return pages.render(
        request,
        "jobs.html.j2",
        jobs=[described(j) for j in known],
        working=any(not j.ended for j in known),
    )


@router.get("/jobs/{name}", name="job")
def job(request: Request, name: JobName) -> Response:
    """Show one job, how far it is and what it left."""
    desk: Desk = request.app.state.desk
    desk.jobs.tend()
    found = desk.jobs.get(name)
    solved = None
    if found.kind == "solve" and found.status == "done":
        from kachisuji.desk.web.views.what_if import solved_view

        solved = solved_view(desk, found)
    return pages.render(request, "job.html.j2", shown=described(found), solved=solved)


@router.post("/jobs/run", name="start_run")
def start_run(
    request: Request,
    case: Annotated[str, Form(max_length=300)],
    futures: Annotated[int, Form(ge=16, le=4096)] = 64,
    seed: Annotated[int, Form(ge=0, le=1_000_000)] = 0,
    version: Annotated[int, Form(ge=0, le=10**6)] = 0,
) -> Response:
    """Start a run of a case in the background."""
    if futures & (futures - 1):
        powers = ", ".join(str(2**k) for k in range(4, 13))
        raise InputError("web.bad_value_of", names="futures", want=powers)
    desk: Desk = request.app.state.desk
    if case in available() or case == desk.case:
        place, name = resolve(case), case.rstrip("/").rsplit("/", 1)[-1]
    else:
        found = desk.cases.version(case, version) if version else desk.cases.head(case)
        place, name = found.folder, f"{case}-v{found.number}"
    asked = {
        "case": str(place),
        "title": name,
        "name": f"{name}-{futures}-{seed}",
        "futures": futures,
        "seed": seed,
        "runs": str(desk.folder / "runs"),
        "lang": pages.language_of(request),
    }
    made = desk.jobs.start("run", asked)
    return RedirectResponse(f"/jobs/{made.name}", 303)


@router.post("/jobs/{name}/stop", name="stop_job")
def stop(request: Request, name: JobName) -> Response:
    """Ask a job to stop."""
    desk: Desk = request.app.state.desk
    desk.jobs.stop(name)
    return RedirectResponse(f"/jobs/{name}", 303)


@router.post("/jobs/{name}/go-on", name="go_on_job")
def go_on(request: Request, name: JobName) -> Response:
    """Set a job going again that was stopped or lost."""
    desk: Desk = request.app.state.desk
    desk.jobs.go_on(name)
    return RedirectResponse(f"/jobs/{name}", 303)


@router.post("/jobs/{name}/forget", name="forget_job")
def forget(request: Request, name: JobName) -> Response:
    """Take a job that has ended off the list."""
    desk: Desk = request.app.state.desk
    desk.jobs.forget(name)
    return RedirectResponse("/jobs", 303)
