"""A market closed for good, played anew: a case of its own, and a run of it in the background."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from kachisuji.contest.tables import records
from kachisuji.contest.ties import market_of
from kachisuji.desk.web import pages
from kachisuji.desk.web.casebook import Version
from kachisuji.desk.web.packing import written
from kachisuji.desk.web.place import Desk, Shown
from kachisuji.words import InputError, say

router = APIRouter()

TERMS = ("segment", "partner", "symbol", "low", "mode", "high", "evidence")
ODDS = 0.5  # a year: the largest that a case may give, so that half the futures lose it at once
EVIDENCE = "WHATIF-1"


@router.post("/r/{run}/what-if/close", name="close_market")
def close_market(
    request: Request,
    run: str,
    market: Annotated[str, Form(max_length=60)],
    cost: Annotated[int, Form(ge=5, le=300)] = 100,
    futures: Annotated[int, Form(ge=16, le=1024)] = 64,
) -> Response:
    """Make a case in which a market closes to home early, and run it."""
    desk: Desk = request.app.state.desk
    shown = desk.show(run)
    if market not in closable(shown) or futures & (futures - 1):
        raise InputError("web.bad_value", names="market")
    made = closed_case(desk, shown, market, cost / 100)
    asked = {
        "case": str(made[1].folder),
        "title": made[0],
        "name": f"{made[0]}-{futures}-0",
        "futures": futures,
        "seed": shown.run.manifest.seed,
        "runs": str(desk.folder / "runs"),
        "lang": pages.language_of(request),
    }
    return RedirectResponse(f"/jobs/{desk.jobs.start('run', asked).name}", 303)


def closable(shown: Shown) -> dict[str, str]:
    """Markets abroad -> the partner whose border event closes them (``contest.market_of``)."""
    case = shown.run.case
    found: dict[str, str] = {}
    for partner in case.competitors:
        market = market_of(case, partner)
        if market != case.settings.home and partner != case.settings.home:
            found.setdefault(market, partner)
            if partner == market:
                found[market] = partner
    return found


def closed_case(desk: Desk, shown: Shown, market: str, cost: float) -> tuple[str, Version]:
    """Keep a case like that of a run, but for the odds and the cost of a closed market."""
    case, partner = shown.run.case, closable(shown)[market]
    terms = [
        [str(r[c]) for c in TERMS]
        for r in (records(case, "partner_terms") if "partner_terms" in case.tables else [])
        if r["partner"] != partner or r["symbol"] not in ("closure_odds", "closure_cost")
    ]
    lines = shown.run.lines
    for segment in dict.fromkeys(lines.loc[lines["kind"] == "line", "segment"]):
        for symbol, value in (("closure_odds", ODDS), ("closure_cost", cost)):
            figure = [str(value)] * 3
            terms.append([str(segment), partner, symbol, *figure, EVIDENCE])
    told = [say("web.closed_evidence", lang, market=shown.names.region(market).of(lang))
            for lang in ("en", "ja")]  # fmt: skip
    evidence = (case.path / "evidence.csv").read_bytes().rstrip(b"\r\n") + b"\n"
    kept = [r["id"] for r in records(case, "evidence")]
    if EVIDENCE not in kept:
        evidence += written([[EVIDENCE, "assumed", *told, "", "", ""]])
    files = {"partner_terms.csv": written([list(TERMS), *terms]), "evidence.csv": evidence}
    name = _free(desk.cases.folder, f"{case.settings.id[:20]}-no-{market[:12]}")
    desk.cases.create(name, case.path, "desk", "")
    return name, desk.cases.save(name, 1, files, "desk", told[0])


def _free(folder: Path, name: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    tried, count = name, 2
    while (folder / tried).exists():
        tried, count = f"{name}-{count}", count + 1
    return tried
