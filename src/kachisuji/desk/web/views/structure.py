"""The structure explorer: any country's sector of any table at hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from kachisuji.accounts import Economy
from kachisuji.desk.report.drawing import meter
from kachisuji.desk.web import exporting, pages, structures
from kachisuji.desk.web.library import REFERENCE, Series
from kachisuji.desk.web.place import Desk
from kachisuji.words import Lang, RunError, say

router = APIRouter()
Word = Annotated[str, Query(max_length=60)]
COMPARED = 8  # countries in a picture
FIRST = ("JPN", "CHN", "USA", "KOR", "DEU")
PATIENCE = 1.0  # seconds that a page waits for the years; what is missing then comes by itself


class Asked:
    """What an address of the explorer asks for, checked against the table."""

    def __init__(
        self, request: Request, table: str, region: str, sector: str, measure: str
    ) -> None:
        desk: Desk = request.app.state.desk
        self.library = desk.library
        self.name = table or REFERENCE
        self.economy: Economy = self.library.table(self.name)
        self.region = region or (
            "JPN" if "JPN" in self.economy.regions else self.economy.regions[0]
        )
        self.sector = sector or (
            "c15" if "c15" in self.economy.sectors else self.economy.sectors[0]
        )
        self.measure = measure or "upstreamness"
        for what, known in (
            (self.region, self.economy.regions),
            (self.sector, self.economy.sectors),
            (self.measure, structures.MEASURES),
        ):
            if what not in known:
                raise RunError("web.no_such", what=what[:60])
        asked = request.query_params.getlist("with")[:COMPARED]
        if set(asked) - set(self.economy.regions):
            raise RunError("web.no_such", what=", ".join(asked)[:80])
        own = [r for r in FIRST if r in self.economy.regions] or list(self.economy.regions[:5])
        self.regions = list(dict.fromkeys([self.region, *(asked or own)]))[:COMPARED]
        self.years = request.query_params.get("years") == "1"

    def series(self, seconds: float | None = None) -> Series:
        """Figures by year: of this table alone, or of every year of its series."""
        if self.years:
            return self.library.series(self.name, seconds)
        return Series({self.economy.year: self.library.figures(self.name)}, 0, {})

    def query(self, **more: str) -> str:
        """Return the same question as a query."""
        from urllib.parse import urlencode

        parts = {"table": self.name, "region": self.region, "sector": self.sector,
                 "measure": self.measure, "years": "1" if self.years else "", **more}  # fmt: skip
        pairs = [(k, v) for k, v in parts.items() if v]
        return urlencode([*pairs, *(("with", r) for r in self.regions)])


@router.get("/structure", name="structure")
def structure(
    request: Request, table: Word = "", region: Word = "", sector: Word = "", measure: Word = ""
) -> Response:
    """Show one country's sector, beside others."""
    asked = Asked(request, table, region, sector, measure)
    lang = pages.language_of(request)
    economy, frame = asked.economy, asked.library.figures(asked.name)
    row = frame[(frame["region"] == asked.region) & (frame["sector"] == asked.sector)].iloc[0]
    sectors = structures.sectors_of(economy)
    found = (
        structures.flows(economy, asked.region, asked.sector, lang) if row["output"] > 0 else None
    )
    return pages.render(
        request,
        "structure.html.j2",
        asked=asked,
        tables=[(n, _title(n, lang)) for n in asked.library.known()],
        regions=structures.regions_of(economy),
        sectors=sectors,
        measures=structures.measures(),
        figures=[
            (
                name,
                structures.shown(m, float(row[m]), lang, economy),
                _rank(frame, asked.sector, m, row[m]),
            )
            for m, name in structures.measures()
        ],
        count=economy.n_regions,
        origin=_origin(economy, asked),
        flows={k: _bars(v) for k, v in found.items()} if found else None,
        compared=_compared(asked, lang),
        series=asked.series(PATIENCE),
        others=len(asked.library.siblings(asked.name)) - 1,
        own=asked.name == REFERENCE,
        query=asked.query(),
    )


def _title(name: str, lang: Lang) -> str:
    if name == REFERENCE:
        return say("web.table_reference", lang)
    if name.startswith("commons-"):
        return name.removeprefix("commons-").replace("@", ": ")
    return name.replace("wiod13-", "WIOD 2013: ")


SAME = 1e-6  # parts of a measure below which two differ only by rounding


def _rank(frame: pd.DataFrame, sector: str, measure: str, value: float) -> int | None:
    """Return the rank of a country among those with the sector; None where all are equal."""
    own = frame.loc[frame["sector"] == sector, measure].dropna()
    slack = SAME * max(1e-12, float(own.abs().max())) if len(own) else 0.0
    if len(own) > 1 and float(own.max() - own.min()) <= slack:
        return None
    return int((own > value + slack).sum()) + 1


def _origin(economy: Economy, asked: Asked) -> list[dict[str, Any]]:
    """Whose value added is in a unit of the sector's final output."""
    from kachisuji.structure import origin_of_value_added

    parts = origin_of_value_added(economy)[economy.row(asked.region, asked.sector)]
    names = structures.regions_of(economy)
    order = sorted(range(economy.n_regions), key=lambda k: -parts[k])[:8]
    most = max(float(parts.max()), 1e-12)
    return [
        {
            "name": names[economy.regions[k]],
            "share": f"{100 * parts[k]:.1f}%",
            "bar": meter(float(parts[k]) / most),
        }
        for k in order
    ]


def _bars(parts: list[tuple[str, float]]) -> list[dict[str, Any]]:
    most = max((v for _, v in parts), default=1.0)
    return [{"name": n, "share": f"{100 * v:.1f}%", "bar": meter(v / most)} for n, v in parts]


def _compared(asked: Asked, lang: Any) -> list[dict[str, Any]]:
    names = structures.regions_of(asked.economy)
    frame = asked.library.figures(asked.name)
    own = frame[frame["sector"] == asked.sector].set_index("region")
    rows = []
    for region in asked.regions:
        row: Any = own.loc[region]
        values = [
            structures.shown(m, float(row[m]), lang, asked.economy) for m in structures.MEASURES
        ]
        rows.append({"code": region, "name": names[region], "values": values})
    return rows


def chart_of(asked: Asked, kind: str, lang: Any, seconds: float | None = None) -> dict[str, Any]:
    """Return a picture of the explorer as Vega."""
    if kind == "sankey":
        return structures.sankey(asked.economy, asked.region, asked.sector, lang)
    return structures.comparison(
        asked.series(seconds).by_year,
        asked.regions,
        asked.sector,
        asked.measure,
        lang,
        asked.economy,
    )


Kind = Literal["sankey", "compare"]


@router.get("/structure/chart.json", name="structure_chart", include_in_schema=False)
def chart(
    request: Request, kind: Kind = "compare", table: Word = "", region: Word = "",
    sector: Word = "", measure: Word = "",
) -> Response:  # fmt: skip
    """Send a picture as Vega, to be drawn in the browser."""
    asked = Asked(request, table, region, sector, measure)
    return JSONResponse(chart_of(asked, kind, pages.language_of(request), PATIENCE))


@router.get("/structure/chart.{form}", name="structure_picture", include_in_schema=False)
def picture(
    request: Request, form: Literal["png", "svg"], kind: Kind = "compare", table: Word = "",
    region: Word = "", sector: Word = "", measure: Word = "",
) -> Response:  # fmt: skip
    """Send a picture to save, drawn here."""
    asked = Asked(request, table, region, sector, measure)
    spec = chart_of(asked, kind, pages.language_of(request))
    body = structures.picture(spec, form)
    types = {"png": "image/png", "svg": "image/svg+xml"}
    return exporting.download(body, types[form], f"{asked.sector}-{kind}.{form}")


@router.get("/structure/table.{form}", name="structure_table", include_in_schema=False)
def table(
    request: Request, form: Literal["csv", "parquet"], table: Word = "", region: Word = "",
    sector: Word = "", measure: Word = "",
) -> Response:  # fmt: skip
    """Send every measure of every country's sectors of a table."""
    asked = Asked(request, table, region, sector, measure)
    frames = [f.assign(year=year) for year, f in asked.series().by_year.items()]
    return exporting.table_as(pd.concat(frames, ignore_index=True), form, f"structure-{asked.name}")
