"""Fields and segments: where each stands, what it brings, and what that rests on."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from kachisuji.desk.report.bilingual import Both, percent, plain, t
from kachisuji.desk.report.sections import fields as cards
from kachisuji.desk.web import pages, segments
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.words import RunError

router = APIRouter()


def every_card(shown: Shown) -> list[dict[str, Any]]:
    """Return the report's cards of the fields, made once a run."""
    if "cards" not in shown.cache:
        shown.cache["cards"] = cards.cards(shown.run, shown.names)
    found: Any = shown.cache["cards"]
    return list(found)


@router.get("/r/{run}/fields", name="fields")
def fields(request: Request, run: str) -> Response:
    """Show every field with its segments."""
    shown = request.app.state.desk.show(run)
    return pages.render(
        request, "fields.html.j2", shown=shown, fields=every_card(shown), base=run_address(run)
    )


@router.get("/r/{run}/field/{number}", name="field")
def field(request: Request, run: str, number: int) -> Response:
    """Show one field: its segments side by side."""
    shown = request.app.state.desk.show(run)
    known = {int(f["number"]): f for f in every_card(shown)}
    if number not in known:
        raise RunError("web.no_such", what=number)
    order = sorted(known)
    place = order.index(number)
    return pages.render(
        request,
        "field_page.html.j2",
        shown=shown,
        f=known[number],
        base=run_address(run),
        before=known[order[place - 1]] if place else None,
        after=known[order[place + 1]] if place + 1 < len(order) else None,
    )


@router.get("/r/{run}/segment/{segment}", name="segment")
def segment(request: Request, run: str, segment: str) -> Response:
    """Show everything that is known of one segment."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    for f in every_card(shown):
        for s in f["segments"]:
            if s["id"] == segment:
                return pages.render(
                    request,
                    "segment.html.j2",
                    shown=shown,
                    f=f,
                    s=s,
                    base=run_address(run),
                    threshold=verdict_of(desk, shown, segment),
                    **_details(shown, segment),
                )
    raise RunError("web.no_such", what=segment[:80])


def _details(shown: Shown, segment: str) -> dict[str, Any]:
    stored, names = shown.run, shown.names
    table = stored.case.tables["segments"]
    row = table[table["segment"] == segment].iloc[0]
    found = segments.evidence(stored, segment)
    return {
        "chain": segments.chain(
            stored.case.economy, stored.case.settings.home, str(row["table_sector"])
        ),
        "niche": names.niches[segment],
        "tiles": segments.tiles(stored, names, segment),
        "share_path": segments.path_picture(stored, segment, "share", "cap-share"),
        "sales_path": segments.path_picture(stored, segment, "sales", "cap-sales"),
        "instruments": segments.instruments(stored, names, segment),
        "partners": segments.compared(stored, names, segment, "partner"),
        "scopes": segments.compared(stored, names, segment, "scope"),
        "starts": segments.compared(stored, names, segment, "start"),
        "last_start": segments.last_start(stored, segment),
        "by_market": segments.by_market(stored, names, segment),
        "evidence": found,
        "grades": segments.grade_bar(found),
    }


def verdict_of(desk: Desk, shown: Shown, segment: str) -> dict[str, Any] | None:
    """Tell the win threshold of a segment, where it has been worked out for this run."""
    path = desk.derived(shown.name) / "thresholds.json"
    if not path.is_file():
        return None
    row = json.loads(path.read_text(encoding="utf-8")).get(segment)
    if row is None:
        return None
    names = shown.names

    def money(key: str) -> Both | None:
        value = row.get(key)
        return None if value is None else names.money(value)

    return {
        "verdict": t(f"web.verdict_{row['verdict']}"),
        "kind": row["verdict"],
        "goal": percent(row["goal"], 1) if row.get("goal") is not None else None,
        "yearly": money("yearly"),
        "cost": money("public_cost"),
        "reached": percent(row["reached"]) if row.get("reached") is not None else None,
        "unaided": percent(row["unaided"]) if row.get("unaided") is not None else None,
        "latest": plain(int(row["latest_start"])) if row.get("latest_start") is not None else None,
    }


@router.post("/r/{run}/thresholds", name="start_thresholds")
def start_thresholds(request: Request, run: str) -> Response:
    """Work out the win thresholds of a run's segments in the background."""
    desk: Desk = request.app.state.desk
    desk.show(run)
    asked = {"name": run, "run": str(desk.runs()[run]), "out": str(desk.derived(run))}
    made = desk.jobs.start("thresholds", asked)
    return RedirectResponse(f"/jobs/{made.name}", 303)
