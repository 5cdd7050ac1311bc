"""Back from a goal: the cheapest lines that reach it, and the latest date of each step."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from kachisuji.desk.ahead.goals import MEASURES, parse
from kachisuji.desk.ahead.words import backcast_lines, level, shortfall
from kachisuji.desk.report.bilingual import Both, both, plain, t
from kachisuji.desk.report.drawing import Plot, Scale, spanning
from kachisuji.desk.rows import records
from kachisuji.desk.web import pages
from kachisuji.desk.web.jobs import Job
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.words import InputError, Lang, percent

router = APIRouter()
ROW = 34  # pixels a line takes in the picture


@router.get("/r/{run}/back-casting", name="backcast")
def backcast(request: Request, run: str) -> Response:
    """Ask for a goal, and show what was found for goals asked before."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    jobs = [j for j in desk.jobs.all() if j.kind == "backcast" and j.asked["name"] == run]
    lang = pages.language_of(request)
    return pages.render(
        request,
        "backcast.html.j2",
        shown=shown,
        base=run_address(run),
        goals=announced(shown),
        measures=", ".join(MEASURES),
        example=example(shown),
        working=[j for j in jobs if not j.ended],
        failed=[j for j in jobs if j.status == "failed"][:3],
        found=[told(shown, j, lang) for j in jobs if j.status == "done" and j.result][:6],
    )


def announced(shown: Shown) -> list[dict[str, Any]]:
    """Announced goals of the case that the model can test."""
    out = []
    for goal in records(shown.run.case.tables["goals"]):
        try:
            parse(str(goal["goal"]), shown.run.case)
        except InputError:
            continue
        text = Both(str(goal["statement_en"]), str(goal["statement_ja"]))
        out.append({"id": goal["goal"], "text": text, "year": goal["year"]})
    return out


def example(shown: Shown) -> str:
    """Return a goal of the form that is understood, about the case's first ranked segment."""
    table = shown.run.case.tables["segments"]
    segment = table.loc[table["status"] == "ranked", "segment"].iloc[0]
    return f"{segment}.share >= 20% by {shown.run.case.settings.last_year} with p >= 0.5"


@router.post("/r/{run}/back-casting", name="start_backcast")
def start(
    request: Request,
    run: str,
    goal: Annotated[str, Form(max_length=300)] = "",
    announced: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Reckon back from a goal in the background."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    text = goal.strip() or announced.strip()
    parse(text, shown.run.case)
    asked = {
        "name": run,
        "title": text,
        "goal": text,
        "case": str(shown.run.folder / "case"),
        "seed": shown.run.manifest.seed,
    }
    return RedirectResponse(f"/jobs/{desk.jobs.start('backcast', asked).name}", 303)


def told(shown: Shown, job: Job, lang: Lang) -> dict[str, Any]:
    """Return what one backcast found, in words and as a picture of dates."""
    assert job.result is not None
    found: dict[str, Any] = job.result["found"]
    settings, names = shown.run.case.settings, shown.names
    segments = {s: n.of(lang) for s, n in names.segments.items()}
    # the milestones stand in a strip of their own
    lines = backcast_lines({**found, "milestones": []}, settings, segments, lang)
    return {
        "name": job.name,
        "made": job.made[:16].replace("T", " "),
        "head": lines[0],
        "lines": lines[1:],
        "reached": found["reached"],
        "picture": picture(shown, found, f"cap-{job.name}"),
        "steps": [
            {
                "year": step["year"],
                "level": level(step["level"], found["goal"]["kind"], settings, lang),
                "odds": percent(step["odds"], lang),
            }
            for step in found["milestones"]
        ],
    }


def picture(shown: Shown, found: dict[str, Any], label: str) -> Any:
    """Draw the dates of the lines that reach the goal, or by how much it is missed."""
    if not found["reached"]:
        return missed(shown, found, label)
    return dates(shown, found, label) if found["lines"] else None


def dates(shown: Shown, found: dict[str, Any], label: str) -> Any:
    """Draw the lines by year: from their start to the last moment at which starting is in time."""
    settings = shown.run.case.settings
    first, last = settings.first_year, max(settings.last_year, found["goal"]["year"])
    rows = len(found["lines"])
    plot = Plot(Scale(first - 0.5, last + 0.5), Scale(0, rows), height=ROW * rows)
    years = range(first, last + 1)
    plot.axes([(float(y), plain(y)) for y in years if (y - first) % 3 == 0], [])
    for k, row in enumerate(found["lines"]):
        top = rows - k - 0.25
        moment = row["last_moment"] or row["start"]
        plot.bar(row["start"] - 0.4, moment + 0.4, top - 0.18, top - 0.45, "bar good")
        plot.dot(row["start"], top - 0.315, "dot picked", 6)
        plot.text(first - 0.4, top, Both(row["name_en"], row["name_ja"]), "small")
    plot.line(found["goal"]["year"], 0, found["goal"]["year"], rows, "limit")
    return plot.svg(label)


def missed(shown: Shown, found: dict[str, Any], label: str) -> Any:
    """Draw the level without any line, the nearest that lines come, and what is missing."""
    goal, settings = found["goal"], shown.run.case.settings

    def at(value: float) -> Both:
        return both(lambda lang: level(value, goal["kind"], settings, lang))

    def short(lang: Lang) -> str:
        return shortfall(found, lambda v: level(v, goal["kind"], settings, lang), lang)

    without, best, target = found["baseline"]["level"], found["best_level"], goal["target"]
    plot = Plot(spanning([without, best, target], room=0.12), Scale(0, 3), height=3 * ROW)
    for row, (key, value) in enumerate((("without", without), ("nearest", best))):
        top = 2.75 - row
        plot.bar(0.0, value, top - 0.18, top - 0.45, "bar good")
        plot.text(plot.x.low, top, t(f"web.missed_{key}", level=at(value)), "small")
    plot.bar(best, target, 0.57, 0.3, "short")
    told = t("web.missed_short", level=at(target), year=goal["year"], short=both(short))
    plot.text(plot.x.low, 0.75, told, "small strong")
    plot.line(target, 0, target, 3, "limit")
    return plot.svg(label)
