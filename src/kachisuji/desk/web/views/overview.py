"""The first page: the portfolio, its findings, the front, money and labour, what is left out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from kachisuji.desk.findings import findings
from kachisuji.desk.report.page import facts
from kachisuji.desk.report.sections import balance
from kachisuji.desk.report.sections.choice import insufficient
from kachisuji.desk.web import pages, portfolios
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.desk.web.views.taking import files

router = APIRouter()


@router.get("/", name="home", include_in_schema=False)
def home(request: Request) -> Response:
    """Go to the newest run, or offer to make the first one."""
    desk: Desk = request.app.state.desk
    run = desk.default_run()
    if run is not None:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(run_address(run) + query, 303)
    working = [j for j in desk.jobs.all() if j.kind == "run" and not j.ended]
    return pages.render(request, "first.html.j2", case=desk.case, working=working)


@router.get("/r/{run}", name="overview")
def overview(
    request: Request, run: str, pick: Annotated[int | None, Query(ge=0, le=10_000)] = None
) -> Response:
    """Show a run; ``pick`` puts another known portfolio into the tables."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    stored, names = shown.run, shown.names
    known = shown.once("fronts", lambda: portfolios.fronts(stored))
    own = next(r["number"] for r in known if r["chosen"])
    picked = own if pick is None or pick >= len(known) else pick

    def link(number: int) -> str:
        return pages.here(request, pick=str(number) if number != own else "", lang="", theme="")

    return pages.render(
        request,
        "overview.html.j2",
        shown=shown,
        names=names,
        front=portfolios.front_picture(stored, names, picked, link),
        front_rows=portfolios.front_rows(stored, names, picked),
        link=link,
        own=own,
        picked=picked,
        base=run_address(run),
        files=files(run_address(run)),
        **shown.once("said", lambda: said(shown)),
        **shown.once(f"portfolio {picked}", lambda: tables(shown, known[picked], picked == own)),
    )


def said(shown: Shown) -> dict[str, Any]:
    """Return what a run says whatever is picked."""
    stored, names = shown.run, shown.names
    return {
        "facts": facts(stored)[:5],  # seed and version stand in the report
        "findings": findings(stored, names),
        "insufficient": insufficient(stored, names),
    }


def tables(shown: Shown, point: dict[str, Any], chosen: bool) -> dict[str, Any]:
    """Return what a portfolio puts into the tables."""
    stored, names, lines = shown.run, shown.names, point["lines"]
    view = portfolios.narrowed(stored, lines) if chosen else portfolios.as_if(stored, lines)
    return {
        "table": portfolios.table_of(view, names),
        "money": balance.money_by_year(view, names),
        "labour": balance.labour_by_year(view),
        "left_out": portfolios.not_in(view, names, lines, stored),
    }
