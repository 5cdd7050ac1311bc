"""Fields and segments: where each stands, what it brings, and what that rests on."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from kachisuji.contest.thresholds import OUT
from kachisuji.desk.report.bilingual import Both, fixed, percent, plain, t
from kachisuji.desk.report.sections import fields as cards
from kachisuji.desk.report.sections.instruments import instruments
from kachisuji.desk.report.sections.verdicts import latest_sure, sure
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.web import pages, segments
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Shown
from kachisuji.words import RunError

router = APIRouter()


def every_card(shown: Shown) -> list[dict[str, Any]]:
    """Return the report's cards of the fields, made once a run."""
    return shown.once("cards", lambda: cards.cards(shown.run, shown.names))


@router.get("/r/{run}/fields", name="fields")
def fields(request: Request, run: str) -> Response:
    """Show every field with its segments."""
    shown = request.app.state.desk.show(run)
    return pages.render(
        request,
        "fields.html.j2",
        shown=shown,
        fields=every_card(shown),
        heat=shown.once("heat", lambda: instruments(shown.run, shown.names)),
        base=run_address(run),
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
    shown = request.app.state.desk.show(run)
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
                    threshold=verdict_of(shown, segment),
                    **shown.once(f"segment {segment}", lambda: _details(shown, segment)),
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
        "alone": segments.alone(stored, names, segment),
        "partners": segments.compared(stored, names, segment, "partner"),
        "scopes": segments.compared(stored, names, segment, "scope"),
        "starts": segments.compared(stored, names, segment, "start"),
        "last_start": segments.last_start(stored, segment),
        "by_market": segments.by_market(stored, names, segment),
        "evidence": found,
        "grades": segments.grade_bar(found),
    }


def verdict_of(shown: Shown, segment: str) -> dict[str, Any] | None:
    """Tell what it takes to win a segment."""
    table = shown.run.verdicts
    own = records(table[table["segment"] == segment])
    if not own or own[0]["verdict"] == "unranked":
        return None
    row, names = own[0], shown.names

    def given(key: str, write: Any) -> Any:
        return write(row[key]) if row[key] == row[key] else None

    return {
        "verdict": t(f"web.verdict_{row['verdict']}"),
        "kind": row["verdict"],
        "goal": given("goal", lambda v: percent(v, 1)),
        "yearly": given("yearly", names.money) if row["verdict"] in ("win", "niche") else None,
        "reached": given("reached", percent),
        "unaided": given("unaided", percent),
        "latest": given("latest_start", lambda v: plain(int(v))),
        "sure": sure(row, names.money),
        "latest_sure": latest_sure(row),
        "beside": chosen_all_the_same(shown, segment, row),
    }


def chosen_all_the_same(shown: Shown, segment: str, row: dict[str, Any]) -> Both | None:
    """Say why a segment not to be entered for its share can hold a line of the portfolio."""
    run, names = shown.run, shown.names
    held = [int(i) for i in run.portfolio["line"] if run.lines["segment"].iloc[int(i)] == segment]
    if row["verdict"] != OUT or not held:
        return None
    own = row_of(run.portfolio.set_index("line"), held[0])
    return t(
        "web.verdict_beside",
        year=run.case.settings.last_year,
        base=percent(row["base_share"], 1),
        goal=percent(row["goal"], 1),
        reached=percent(row["reached"]),
        ceiling=fixed(row["ceiling"], 2),
        welfare=names.money(own["welfare"]),
        beats=percent(own["beats"]),
    )
