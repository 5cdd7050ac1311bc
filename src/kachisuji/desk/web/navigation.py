"""What the pages are called and where they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import Request

from kachisuji.desk.report.bilingual import t

# pages of a run, pages of the desk; a page is listed once a module offers its address
OF_RUN = (
    ("overview", "", "web.nav_overview"),
    ("fields", "/fields", "web.nav_fields"),
    ("what_if", "/what-if", "web.nav_what_if"),
    ("futures", "/futures", "web.nav_futures"),
    ("backcast", "/back-casting", "web.nav_backcast"),
    ("pathways", "/pathways", "web.nav_pathways"),
    ("watch", "/watch", "web.nav_watch"),
    ("narrative", "/narrative", "web.nav_narrative"),
)
OF_DESK = (
    ("structure", "/structure", "web.nav_structure"),
    ("cases", "/cases", "web.nav_cases"),
    ("runs", "/runs", "web.nav_runs"),
    ("jobs", "/jobs", "web.nav_jobs"),
)


def run_address(run: str, page: str = "") -> str:
    """Return the address of a page of a run."""
    return f"/r/{quote(run, safe='')}{page}"


def navigation(request: Request) -> list[dict[str, Any]]:
    """Return the groups of pages with the one that is shown marked."""
    desk, path = request.app.state.desk, request.url.path
    offered = request.app.state.offered
    run = request.path_params.get("run") or desk.default_run()
    groups: list[dict[str, Any]] = []
    if run is not None:
        base = run_address(run)
        links = [
            {
                "to": base + end,
                "text": t(key),
                "current": path == base + end
                or bool(end and path.startswith(base + end + "/"))
                or (name == "fields" and path.startswith((f"{base}/field/", f"{base}/segment/"))),
            }
            for name, end, key in OF_RUN
            if name in offered
        ]
        groups.append({"title": t("web.nav_group_run"), "links": links})
    links = [
        {"to": to, "text": t(key), "current": path == to or path.startswith(to + "/")}
        for name, to, key in OF_DESK
        if name in offered
    ]
    groups.append({"title": t("web.nav_group_desk"), "links": links})
    return groups
