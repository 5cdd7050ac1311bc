"""What if: change an assumption, and see the portfolio move."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from kachisuji.beliefs import triangular_ppf
from kachisuji.contest.quantities import Quantity
from kachisuji.desk.report.bilingual import Both, listed, percent, plain, t, whole
from kachisuji.desk.report.drawing import pc, spanning, strip
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.choice import path_of
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.web import pages
from kachisuji.desk.web.events import NEVER, has_come, left_out_by, years_asked
from kachisuji.desk.web.jobs import Job
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.desk.web.replay import STEPS, Question, Replay, answer_of, replay_of
from kachisuji.desk.web.units import MEASURES, measured, valued
from kachisuji.desk.web.views.closing import closable
from kachisuji.words import KachisujiError, Lang

router = APIRouter()

FIRST = 8  # quantities with a slider from the start: those that move the result most
GAP = 1e-4  # of an exact solution


def question_of(request: Request, replay: Replay) -> Question:
    """Read the question in an address."""
    return Question.from_query(parse_qsl(request.url.query, keep_blank_values=True), replay)


@router.get("/r/{run}/what-if", name="what_if")
def what_if(request: Request, run: str) -> Response:
    """Show sliders and forms for what is uncertain, and the answer."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    if not desk.is_ready(shown):
        return pages.render(request, "preparing.html.j2", shown=shown)
    replay = replay_of(shown)
    question = question_of(request, replay)
    owner = request.query_params.get("of", "")
    answer: dict[str, Any] | None = None
    trouble: KachisujiError | None = None
    try:
        answer = answer_of(shown, question)
    except KachisujiError as error:  # nothing fits the limits: the form stays, and says so
        trouble = error
    lang = pages.language_of(request)
    return pages.render(
        request,
        "what_if.html.j2",
        shown=shown,
        base=run_address(run),
        sliders=sliders(shown, replay, question, owner, lang),
        owners=owners(shown, replay),
        owner=owner,
        form=form_of(shown, replay, question),
        changed=question.changed,
        answer=told(shown, answer, question.changed) if answer else None,
        trouble=trouble.in_lang(lang) if trouble else None,
        query=request.url.query,
        closable=[(m, shown.names.region(m)) for m in closable(shown)],
    )


@router.get("/api/r/{run}/what-if", name="what_if_json")
def what_if_json(request: Request, run: str) -> dict[str, Any]:
    """Answer the question in the address as figures; its parts are those of the page's form."""
    shown = request.app.state.desk.show(run)
    return answer_of(shown, question_of(request, replay_of(shown)))


@router.post("/r/{run}/what-if/solve", name="solve")
def solve(request: Request, run: str, question: str = Form("", max_length=6000)) -> Response:
    """Solve a question exactly, in the background."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    pairs = parse_qsl(question, keep_blank_values=True)
    Question.from_query(pairs, replay_of(shown))
    asked = {"name": run, "run": str(desk.runs()[run]), "question": pairs, "gap": GAP}
    return RedirectResponse(f"/jobs/{desk.jobs.start('solve', asked).name}", 303)


def solved_view(desk: Desk, job: Job) -> dict[str, Any] | None:
    """Tell what an exact solution found; None where its run is gone."""
    if job.asked["name"] not in desk.runs():
        return None
    shown = desk.show(job.asked["name"])
    assert job.result is not None
    query = "&".join(f"{k}={v}" for k, v in job.asked["question"])
    return {
        "answer": told(shown, job.result["answer"], bool(job.asked["question"])),
        "back": run_address(shown.name, "/what-if") + (f"?{query}" if query else ""),
        "base": run_address(shown.name),
    }


# ---- the form ------------------------------------------------------------------------------------


def owner_of(quantity: Quantity, names: Names) -> str:
    """Return whose quantity it is: a segment, an instrument, a region, a product, or nobody's."""
    first = quantity.name.split(".")[0]
    return first if "." in quantity.name and first in _known(names) else ""


def _known(names: Names) -> dict[str, Both]:
    return names.segments | names.instruments | names.regions | names.products


def owners(shown: Shown, replay: Replay) -> list[tuple[Both, list[tuple[str, Both]]]]:
    """Return whose numbers can be changed, by kind."""
    return shown.once("owners", lambda: _owners(shown.names, replay))


def _owners(names: Names, replay: Replay) -> list[tuple[Both, list[tuple[str, Both]]]]:
    held = {owner_of(q, names) for q in replay.quantities}
    kinds = (
        ("web.owner_segments", names.segments),
        ("web.owner_instruments", names.instruments),
        ("web.owner_regions", names.regions),
        ("web.owner_products", names.products),
    )
    found: list[tuple[Both, list[tuple[str, Both]]]] = [
        (t("web.owner_all"), [("*", t("desk.cross_cutting"))])
    ]
    for key, table in kinds:
        found.append((t(key), [(i, n) for i, n in table.items() if i and i in held]))
    return [f for f in found if f[1]]


def sliders(
    shown: Shown, replay: Replay, question: Question, owner: str, lang: Lang
) -> list[dict[str, Any]]:
    """Return the sliders of a page: what moves the result, what was changed, what was asked for."""
    table = shown.run.influence
    top = [str(q) for q in table.loc[table["scope"] == "portfolio", "quantity"].head(FIRST)]
    wanted = dict.fromkeys(q for q in (*top, *question.beliefs) if q in replay.place)
    if owner:
        asked = "" if owner == "*" else owner
        wanted |= dict.fromkeys(
            q.name for q in replay.quantities if owner_of(q, shown.names) == asked
        )
    return [
        slider(shown, replay.quantities[replay.place[name]], question, lang, name in top)
        for name in wanted
    ]


def slider(
    shown: Shown, quantity: Quantity, question: Question, lang: Lang, first: bool
) -> dict[str, Any]:
    """Return one slider: its name, its steps in words, where it stands."""
    steps = np.arange(STEPS + 1) / STEPS
    at = question.beliefs.get(quantity.name, STEPS // 2)
    if quantity.unit == "quantile":
        values = steps
    else:
        values = triangular_ppf(steps, quantity.low, quantity.mode, quantity.high)
    words = [valued(float(v), quantity, shown.names.money) for v in values]
    words[STEPS // 2] = t("web.as_in_case")
    return {
        "name": quantity.name,
        "label": shown.names.quantity(quantity.name),
        "at": at,
        "told": words[at],
        "words": "|".join(w.of(lang) for w in words),
        "low": words[0],
        "high": words[-1],
        "changed": at != STEPS // 2,
        "first": first,
        "evidence": list(quantity.evidence[:2]),
    }


def form_of(shown: Shown, replay: Replay, question: Question) -> dict[str, Any]:
    """Return the other parts of the form: limits, weights, partners, segments."""
    settings, names = shown.run.case.settings, shown.names
    labels = {"money": t("web.limit_money")} | {
        f"labour_{s}": t(f"desk.skill_{s}") for s in ("researcher", "digital", "craft", "general")
    }
    return {
        "limits": [
            {"item": i, "label": labels.get(i, plain(i)), "at": question.limits.get(i, 100)}
            for i in replay.base.items
        ],
        "fields": question.fields or settings.max_fields,
        "own_fields": settings.max_fields,
        "most_fields": len(shown.run.case.tables["fields"]),
        "caution": round(100 * settings.risk.weight)
        if question.caution is None
        else question.caution,
        "own_caution": round(100 * settings.risk.weight),
        "power": settings.weights.indispensability if question.power is None else question.power,
        "exposure": settings.weights.exposure if question.exposure is None else question.exposure,
        "own_power": settings.weights.indispensability,
        "own_exposure": settings.weights.exposure,
        "unit": names.money(1.0),
        "unsold": [(m, names.region(m), m in question.unsold) for m in left_out_by(shown.run.case)],
        "events": [event_form(shown, replay, question, e) for e in replay.events],
        "partners": [(p, names.region(p), p in question.without) for p in replay.partners],
        "segments": [
            (s, names.segments[s], s in question.banned, s in question.held)
            for s in replay.segments
        ],
    }


def event_form(shown: Shown, replay: Replay, question: Question, event: str) -> dict[str, Any]:
    """Return the choices for one border event, each with the futures in which it is so."""
    kind, region = event.split(".", 1)
    years, last = replay.events[event], shown.run.case.settings.last_year
    asked = question.events.get(event)
    options = []
    for by in [*sorted({*years_asked(shown.run.case), *([asked] if asked else [])}), NEVER]:
        count = int(has_come(years, by, last).sum())
        key = "web.event_never" if by == NEVER else "web.event_by"
        options.append((by or "never", t(key, year=by, count=whole(count)), by == asked, count))
    return {
        "name": event,
        "label": t(f"web.event_{kind}", region=shown.names.region(region)),
        "options": options,
    }


# ---- the answer ----------------------------------------------------------------------------------


def told(shown: Shown, answer: dict[str, Any], changed: bool) -> dict[str, Any]:
    """Return an answer in words; where nothing is ``changed``, also what the run left out."""
    names, run = shown.names, shown.run
    best, kept = answer["best"], answer["kept"]
    before = {int(i) for i in run.choice["lines"]}
    now = set(answer["lines"])
    span = spanning([v for part in (best, kept) for v in
                     (part["welfare"]["p10"], part["welfare"]["p90"])])  # fmt: skip
    measures = []
    for name in MEASURES:
        row: dict[str, Any] = {"name": t(f"desk.measure_{name}")}
        for key, part in (("best", best[name]), ("kept", kept[name])):
            row[key], row[f"{key}_span"] = measured(name, part, names.money)
        measures.append(row)
    worth = min(answer["worth"])
    order = sorted(before | now, key=lambda i: (i not in now, i in before, i))
    lines = [_line(shown, i, before, now) for i in order]
    come = [row["segment"] for row in lines if row["state"] == "comes" and not changed]
    return {
        "measures": measures,
        "lines": lines,
        "left_out": listed(come) if come else None,
        "count": len(now),
        "objective": names.money(answer["objective"]),
        "bound": names.money(answer["bound"]),
        "gap": percent(answer["gap"], 1),
        "proven": answer["gap"] <= GAP * 1.01,
        "worth": whole(worth),
        "half": whole(min(answer["half"])),
        "few": answer["few"],
        "kept_fits": answer["kept_fits"],
        "picture": _picture(span, best["welfare"], kept["welfare"]),
        "welfare": names.money(best["welfare"]["mean"]),
        "positive": percent(best["welfare"]["positive"]),
    }


def _line(shown: Shown, line: int, before: set[int], now: set[int]) -> dict[str, Any]:
    names, row = shown.names, row_of(shown.run.lines, line)
    state = "stays" if line in before and line in now else "comes" if line in now else "goes"
    segments = {str(shown.run.lines["segment"].iloc[i]) for i in before}
    if state == "comes" and str(row["segment"]) in segments:
        state = "other"
    return {
        "state": state,
        "told": t(f"web.line_{state}"),
        "id": row["segment"],
        "segment": names.segments[row["segment"]],
        "scope": names.scope(row["segment"], row["scope"]),
        "partner": names.region(row["partner"]),
        "package": names.packages[row["package"]],
        "start": row["start"],
        "money": names.money(sum(path_of(shown.run, line, "money").values())),
    }


def _picture(span: Any, best: dict[str, float], kept: dict[str, float]) -> Any:
    parts = [f'<line x1="{pc(span(0.0))}" x2="{pc(span(0.0))}" y1="0" y2="46" class="mark"/>']
    for y, part, cls in ((13, best, "picked"), (33, kept, "")):
        parts.append(
            f'<line x1="{pc(span(part["p10"]))}" x2="{pc(span(part["p90"]))}" y1="{y}" y2="{y}" '
            f'class="whisker {cls}"/><circle cx="{pc(span(part["mean"]))}" cy="{y}" r="6" '
            f'class="dot {cls}"/>'
        )
    return strip(parts, 46)
