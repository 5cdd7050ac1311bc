"""The futures: which of them go well or badly, what decides, and what is worth finding out."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from numpy.typing import NDArray

from kachisuji.beliefs import triangular_ppf
from kachisuji.contest.quantities import Quantity
from kachisuji.desk.report.bilingual import Both, both, listed, number, percent, points, t
from kachisuji.desk.report.drawing import meter
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.web import exporting, pages
from kachisuji.desk.web.navigation import run_address
from kachisuji.desk.web.place import Shown
from kachisuji.desk.web.portfolios import fronts
from kachisuji.desk.web.replay import Replay, replay_of
from kachisuji.desk.web.units import POINTS, valued
from kachisuji.words import KachisujiError, say

router = APIRouter()
F8 = NDArray[np.float64]
B1 = NDArray[np.bool_]

Measure = Literal["welfare", "value_added", "indispensability", "exposure", "public_cost"]
Part = Literal["worst", "best", "below"]
AXES = 7
SEARCHED = 14  # quantities that boxes are looked for in: those that move the result
BOXES = 3
CONDITIONS = 3
CHANCE = 0.05  # odds above which a condition may be chance
DENSE, COVERED = 0.5, 0.25  # density and coverage below which a box is called weak
FIFTH = 0.2
ALTERNATIVES = 30


def total_of(shown: Shown, replay: Replay, measure: str) -> F8:
    """(F,) what the chosen lines bring in every future, as played alone and added up."""
    lines = np.array(shown.run.choice["lines"], dtype=np.int64)
    return replay.together(measure, lines)


def of_interest(values: F8, part: str) -> B1:
    """(F,) the futures that are asked about."""
    if part == "below":
        return np.asarray(values < 0)
    if part == "best":
        return np.asarray(values >= np.quantile(values, 1 - FIFTH))
    return np.asarray(values <= np.quantile(values, FIFTH))


def deciding(shown: Shown, replay: Replay, count: int) -> list[int]:
    """Places of the quantities that move the portfolio, strongest first."""
    table = shown.run.influence
    names = table.loc[table["scope"] == "portfolio", "quantity"].head(count)
    return [replay.place[str(n)] for n in names if str(n) in replay.place]


@router.get("/r/{run}/futures", name="futures")
def futures(
    request: Request,
    run: str,
    measure: Annotated[Measure, Query()] = "welfare",
    part: Annotated[Part, Query()] = "worst",
) -> Response:
    """Show the futures of the chosen portfolio."""
    shown = request.app.state.desk.show(run)
    return pages.render(
        request,
        "futures.html.j2",
        shown=shown,
        base=run_address(run),
        measure=measure,
        part=part,
        measures=[(m, t(f"desk.measure_{m}")) for m in get_args(Measure)],
        parts=[(p, t(f"web.part_{p}")) for p in get_args(Part)],
        **shown.once(f"futures {measure} {part}", lambda: found_of(shown, measure, part)),
    )


def found_of(shown: Shown, measure: str, part: str) -> dict[str, Any]:
    """Return what the futures say of one measure."""
    replay = replay_of(shown)
    values = total_of(shown, replay, measure)
    asked = of_interest(values, part)
    show = in_points if measure in POINTS else shown.names.money
    limit = None
    if asked.any() and part != "below":
        limit = show(float(values[asked].max() if part == "worst" else values[asked].min()))
    return {
        "count": int(asked.sum()),
        "total": values.size,
        "limit": limit,
        "parallel": parallel(shown, replay, values, asked, t(f"desk.measure_{measure}"), show),
        "boxes": boxes(shown, replay, asked),
        "bars": bars(shown),
        "information": shown.once("information", lambda: information(shown, replay)),
    }


@router.get("/r/{run}/futures.{form}", name="futures_table", include_in_schema=False)
def futures_table(request: Request, run: str, form: Literal["csv", "parquet"]) -> Response:
    """Send every future: the draws that matter and what the chosen portfolio brings."""
    shown = request.app.state.desk.show(run)
    replay = replay_of(shown)
    places = deciding(shown, replay, SEARCHED)
    table = pd.DataFrame({"future": np.arange(replay.draws.shape[0])})
    for j in places:
        table[replay.quantities[j].name] = replay.draws[:, j]
    for measure in get_args(Measure):
        table[measure] = total_of(shown, replay, measure)
    return exporting.table_as(table, form, f"{run}-futures")


def in_points(value: float) -> Both:
    """Write points of indispensability or exposure, with their name."""
    return t("desk.points", value=points(value))


def parallel(
    shown: Shown, replay: Replay, values: F8, asked: B1, name: Both, show: Any
) -> dict[str, Any]:
    """Draw a line a future across the quantities that decide, and the result last."""
    places = deciding(shown, replay, AXES)
    spread = np.ptp(values) or 1.0
    height = (values - values.min()) / spread
    columns = np.column_stack([replay.draws[:, places], height]) if places else height[:, None]
    step = 1000 / max(1, columns.shape[1] - 1)
    parts = []
    for f in np.argsort(asked, kind="stable"):  # those asked about lie on top
        dots = " ".join(f"{k * step:.0f},{400 * (1 - v):.1f}" for k, v in enumerate(columns[f]))
        data = ",".join(f"{v:.3f}" for v in columns[f])
        parts.append(
            f'<polyline points="{dots}" class="{"in" if asked[f] else "off"}" data-v="{data}"/>'
        )
    places_across = [f"{k * step:.0f}" for k in range(columns.shape[1])]
    parts += [f'<line x1="{x}" x2="{x}" y1="0" y2="400" class="axis"/>' for x in places_across]
    axes = [
        {
            "name": shown.names.quantity(replay.quantities[j].name),
            "low": told(replay.quantities[j], 0.0, shown.names),
            "high": told(replay.quantities[j], 1.0, shown.names),
        }
        for j in places
    ]
    axes.append(
        {
            "name": name,
            "low": show(float(values.min())),
            "high": show(float(values.max())),
        }
    )
    return {"svg": Markup("".join(parts)), "axes": axes, "count": columns.shape[1]}


def told(quantity: Quantity, u: float, names: Names) -> Both:
    """Tell the value of a quantity at a quantile."""
    value = u
    if quantity.unit != "quantile":
        value = float(triangular_ppf(u, quantity.low, quantity.mode, quantity.high))
    return valued(value, quantity, names.money)


def boxes(shown: Shown, replay: Replay, asked: B1) -> list[dict[str, Any]]:
    """Boxes of the futures asked about, one after another, each in a sentence."""
    from kachisuji import ensembles

    places = deciding(shown, replay, SEARCHED)
    out: list[dict[str, Any]] = []
    if not places or not asked.any() or asked.all():
        return out
    names = [replay.quantities[j].name for j in places]
    found: list[ensembles.Box] = []
    for _ in range(BOXES):
        try:
            run = ensembles.prim(
                replay.draws[:, places], asked.astype(np.float64), names, mass=0.08, without=found
            )
        except KachisujiError:
            break
        box = firmest(run)
        if not box.restricted or box.density <= asked.mean():
            break
        found.append(box)
        out.append(
            {
                "sentence": sentence(box, replay, shown.names),
                "coverage": percent(box.coverage),
                "density": percent(box.density),
                "mass": percent(box.mass),
                "bar": meter(box.density),
                "weak": weakness(box),
            }
        )
    return out


def weakness(box: Any) -> Both | None:
    """Say why a box is no firm ground: chance, mostly other futures in it, or most of them out.

    Coverage and density as in Bryant and Lempert (2010), the odds of chance by their quasi-p-value.
    """
    reasons = []
    chance = float(np.nanmax(box.quasi_p))
    if chance > CHANCE:
        reasons.append(t("web.weak_chance", chance=number(chance, 2)))
    if box.density < DENSE:
        reasons.append(t("web.weak_density"))
    if box.coverage < COVERED:
        reasons.append(t("web.weak_coverage"))
    return t("web.box_weak", reasons=listed(reasons)) if reasons else None


def firmest(run: Any) -> Any:
    """Return the box with the most conditions none of which may be chance, else the plainest."""
    for conditions in range(CONDITIONS, 1, -1):
        box = run.within(conditions)
        if box.restricted and np.nanmax(box.quasi_p) <= CHANCE:
            return box
    return run.within(1)


def sentence(box: Any, replay: Replay, names: Names) -> Both:
    """Tell the conditions of a box in words and in the quantities' own units."""
    parts: list[Both] = []
    for name, (low, high), (least, most) in zip(box.names, box.limits, box.whole, strict=True):
        quantity = replay.quantities[replay.place[name]]
        label = names.quantity(name)
        above, below = bool(low > least), bool(high < most)
        if not above and not below:
            continue
        kind = "between" if above and below else "above" if above else "below"
        parts.append(
            t(
                f"ensembles.box_{kind}",
                name=label,
                low=told(quantity, float(low), names),
                high=told(quantity, float(high), names),
            )
        )
    return both(lambda lang: say("ensembles.box_and", lang).join(p.of(lang) for p in parts))


def bars(shown: Shown) -> list[dict[str, Any]]:
    """Tell what moves the portfolio's net benefit, by its share of the variance."""
    table = shown.run.influence
    top = table[table["scope"] == "portfolio"].head(SEARCHED)
    most = float(top["share"].max()) if len(top) else 1.0
    return [
        {
            "name": shown.names.quantity(str(r["quantity"])),
            "share": percent(r["share"], 1),
            "bar": meter(float(r["share"]) / most, f"g-{r['grade']}"),
            "up": r["correlation"] > 0,
            "grade": t(f"desk.grade_{r['grade']}"),
            "grade_id": r["grade"],
        }
        for r in records(top)
    ]


def information(shown: Shown, replay: Replay) -> dict[str, Any]:
    """Tell what knowing a quantity before choosing would be worth, among the portfolios known."""
    from kachisuji import ensembles

    places = deciding(shown, replay, SEARCHED)
    sets = [f["lines"] for f in fronts(shown.run)][:ALTERNATIVES]
    totals = np.stack(
        [replay.together("welfare", np.array(s, dtype=np.int64)) for s in [*sets, []]]
    )
    names = [replay.quantities[j].name for j in places]
    rows: list[dict[str, Any]] = []
    whole = 0.0
    if names and sets:
        table = ensembles.value_of_information(totals, replay.draws[:, places], names)
        whole = float(table.attrs["all"])
        most = float(table["value"].max())
        rows = [
            {
                "name": shown.names.quantity(str(r["name"])),
                "value": shown.names.money(r["value"]),
                "share": percent(r["share"]),
                "bar": meter(float(r["value"]) / most),
            }
            for r in records(table.head(8))
            if r["value"] > 0
        ]
    return {"rows": rows, "all": shown.names.money(whole), "alternatives": len(sets) + 1}
