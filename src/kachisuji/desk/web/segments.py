"""What is known of one segment: its chain, rivals, life, partners, instruments and evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kachisuji.accounts import Economy, sector_name
from kachisuji.beliefs import GRADES, grades_in
from kachisuji.contest.ties import market_of
from kachisuji.desk.comparing import latest_start
from kachisuji.desk.report.bilingual import Both, both, fixed, number, percent, plain, t, tidy
from kachisuji.desk.report.drawing import (
    Plot,
    Scale,
    meter,
    pc,
    spanning,
    stack,
    strip,
    whisker,
)
from kachisuji.desk.report.names import Names
from kachisuji.desk.report.sections.evidence import address_of, text_of
from kachisuji.desk.rows import records
from kachisuji.desk.rows import row as row_of
from kachisuji.desk.stored import StoredRun

SHOWN = 6  # suppliers and users that are named, the rest together
# places of the regions that cases use, as on a map; others stand in a row below
TILES = ("EUR", "CHN", "KOR", "JPN", "USA", "IND", "TWN", "ASI", "ROW")


def sector(code: str) -> Both:
    """Name of a table's sector."""
    return both(lambda lang: sector_name(code, lang))


def chain(economy: Economy, home: str, code: str) -> dict[str, Any] | None:
    """Who supplies the table sector that stands for a segment, and who uses it, as shares."""
    if home not in economy.regions or code not in economy.sectors:
        return None
    place = economy.row(home, code)
    inputs = economy.Z[:, place].reshape(economy.n_regions, economy.n_sectors)
    here = economy.regions.index(home)
    made = float(economy.x[place])
    if made <= 0:
        return None
    own = inputs[here]
    abroad = float(inputs.sum() - own.sum())
    value_added = made - float(inputs.sum())
    sold = economy.Z[place].reshape(economy.n_regions, economy.n_sectors)
    final_home = float(economy.final_by_region[place, here])
    exported = made - float(sold[here].sum()) - final_home
    left = [(sector(economy.sectors[k]), float(own[k])) for k in np.argsort(-own)[:SHOWN]]
    rest = float(own.sum()) - sum(v for _, v in left)
    right = [(sector(economy.sectors[k]), float(sold[here][k]))
             for k in np.argsort(-sold[here])[:SHOWN]]  # fmt: skip
    rest_out = float(sold[here].sum()) - sum(v for _, v in right)
    before = [*left, (t("web.chain_other"), rest), (t("web.chain_imports"), abroad),
              (t("web.chain_value_added"), value_added)]  # fmt: skip
    after = [*right, (t("web.chain_other"), rest_out), (t("web.chain_final"), final_home),
             (t("web.chain_exports"), exported)]  # fmt: skip
    return {
        "sector": sector(code),
        "before": _shares(before, made),
        "after": _shares(after, made),
    }


def _shares(parts: list[tuple[Both, float]], whole: float) -> list[dict[str, Any]]:
    most = max((v for _, v in parts), default=1.0) / whole
    return [
        {"name": n, "share": percent(v / whole, 1), "meter": meter(v / whole / most)}
        for n, v in parts
        if v / whole > 0.0005
    ]


def tiles(run: StoredRun, names: Names, segment: str) -> list[dict[str, Any]]:
    """One tile a region: its market, home's share there, the strongest rival, whether a partner."""
    case, home = run.case, run.case.settings.home
    regions = case.tables["regions"]
    shares = case.tables["shares"]
    own = shares[shares["segment"] == segment].set_index("market")
    markets = case.tables["markets"]
    sizes = markets[markets["segment"] == segment]
    year = sizes["year"].min() if len(sizes) else None
    size = sizes[sizes["year"] == year].set_index("region")["mode"] if len(sizes) else pd.Series()
    partners = case.tables["partners"]
    possible = set(partners[partners["segment"] == segment]["partner"])
    gains = run.compared[
        (run.compared["segment"] == segment) & (run.compared["dimension"] == "partner")
    ].set_index("value")
    out = []
    for region in records(regions):
        code = str(region["region"])
        tile: dict[str, Any] = {
            "code": code,
            "name": names.region(code),
            "at": f"at-{code}" if code in TILES else "",
            "home": code == home,
            "market": names.money(float(size[code])) if code in size else None,
            "share": None,
            "level": 0,
            "rival": None,
            "partner": code in possible,
            "gain": None,
            "inside": None,
            "sold": None,
        }
        market = market_of(case, code) if code in case.competitors else code
        if code not in size and market != code:  # it sells, but buys as part of a larger market
            tile["inside"] = t("web.tile_inside", name=names.region(market))
            tile["sold"] = _sold(own, size, code)
        if code in own.index:
            found = row_of(own, code)[list(case.competitors)].astype(float)
            tile["share"] = percent(found[home], 1 if found[home] < 0.095 else 0)
            tile["level"] = int(np.searchsorted([0.02, 0.08, 0.2, 0.4], found[home]))
            others = found.drop(home)
            best = str(others.idxmax())
            tile["rival"] = t(
                "web.tile_rival", name=names.region(best), share=percent(float(others[best]))
            )
        if code in gains.index:
            tile["gain"] = names.money(float(row_of(gains, code)["gain"]))
        out.append(tile)
    return out


def _sold(shares: pd.DataFrame, size: pd.Series[float], code: str) -> Both | None:
    """Share of a region's firms in all markets of a segment together."""
    held = [m for m in shares.index if m in size.index]
    whole = float(size[held].sum())
    if whole <= 0:
        return None
    sold = sum(float(shares[code][m]) * float(size[m]) for m in held) / whole
    return t("web.tile_sold", share=percent(sold, 1 if sold < 0.095 else 0))


def path_picture(run: StoredRun, segment: str, measure: str, label: str) -> Any:
    """Draw home's share or sales without policy, with its spread over the futures."""
    table = run.baseline
    own = table[(table["segment"] == segment) & (table["measure"] == measure)].sort_values("year")
    if not len(own):
        return None
    years = [float(y) for y in own["year"]]
    y = spanning([*own["p10"], *own["p90"]], zero=True, room=0.08)
    plot = Plot(Scale(years[0] - 0.5, years[-1] + 0.5), y, height=170)
    money = Names(run.case).money
    told = (lambda v: percent(v, 1 if y.high < 0.1 else 0)) if measure == "share" else money
    plot.axes(
        [(v, plain(int(v))) for v in (years[0], years[len(years) // 2], years[-1])],
        [(v, tidy(told(v))) for v in y.ticks(3)],
    )
    for year, low, high in zip(years, own["p10"], own["p90"], strict=True):
        plot.bar(year - 0.5, year + 0.5, low, high, "band")
    plot.path(years, list(own["p50"]), "front")
    return plot.svg(label)


def instruments(run: StoredRun, names: Names, segment: str) -> list[dict[str, Any]]:
    """Return what each package brings in this segment for a unit of public money, best first."""
    own = run.compared[
        (run.compared["segment"] == segment) & (run.compared["dimension"] == "package")
    ]
    cost, added = run.of_line("public_cost")["mean"], run.of_line("value_added")["mean"]
    welfare, power = run.of_line("welfare"), run.of_line("indispensability")["mean"]
    rows: list[dict[str, Any]] = []
    for row in records(own):
        line = int(row["line"])
        paid = max(float(cost[line]), 1e-9)
        rows.append(
            {
                "package": names.packages.get(row["value"], plain(row["value"])),
                "means": names.means(row["value"]),
                "cost": names.money(paid),
                "ratio": float(added[line]) / paid,
                "growth": fixed(float(added[line]) / paid),
                "worth": fixed(float(welfare["mean"][line]) / paid),
                "power": number(1000 * float(power[line]) / paid, 2),
                "low": float(welfare["p10"][line]) / paid,
                "mid": float(welfare["mean"][line]) / paid,
                "high": float(welfare["p90"][line]) / paid,
            }
        )
    span = spanning([v for r in rows for v in (r["low"], r["high"])])
    for shown in rows:
        shown["whisker"] = whisker(span, shown["low"], shown["mid"], shown["high"])
        shown["span"] = t("desk.between", low=fixed(shown["low"]), high=fixed(shown["high"]))
    return sorted(rows, key=lambda r: -r["mid"])


def alone(run: StoredRun, names: Names, segment: str) -> list[dict[str, Any]]:
    """Return what each instrument buys by itself in this segment, for a unit of public money."""
    own = run.marginal[(run.marginal["segment"] == segment) & (run.marginal["per"] == "public")]
    worth = own[own["measure"] == "welfare"]
    growth = {r["instrument"]: r for r in records(own[own["measure"] == "value_added"])}
    rows: list[dict[str, Any]] = []
    for row in records(worth[worth["cost"] > 0]):
        more = growth.get(row["instrument"])
        rows.append(
            {
                "name": names.instruments[str(row["instrument"])],
                "value": row["total"] / row["cost"],
                "growth": fixed(more["total"] / more["cost"]) if more else plain("–"),
                "positive": percent(row["positive"]),
            }
        )
    span = spanning([r["value"] for r in rows])
    for shown in rows:
        zero, at = span(0.0), span(shown["value"])
        cls = "bar good" if shown["value"] > 0 else "bar bad"
        shown["worth"] = fixed(shown["value"])
        shown["bar"] = strip(
            [
                f'<rect x="{pc(min(zero, at))}" y="4" width="{pc(abs(at - zero))}" height="9" '
                f'class="{cls}"/><line x1="{pc(zero)}" x2="{pc(zero)}" y1="0" y2="17" '
                f'class="mark"/>'
            ]
        )
    return sorted(rows, key=lambda r: -r["value"])


def compared(run: StoredRun, names: Names, segment: str, dimension: str) -> list[dict[str, Any]]:
    """Return what each value of a line's dimension is worth against the reference."""
    table = run.compared
    own = table[(table["segment"] == segment) & (table["dimension"] == dimension)]
    span = spanning([*own["p10"], *own["p90"]])
    return [
        {
            "name": names.value(dimension, segment, str(r["value"])),
            "welfare": names.money(r["mean"]),
            "whisker": whisker(span, r["p10"], r["mean"], r["p90"]),
            "span": t("desk.between", low=names.money(r["p10"]), high=names.money(r["p90"])),
            "gain": None if r["reference"] else names.money(r["gain"]),
            "better": None if r["reference"] else percent(r["better"]),
        }
        for r in records(own.sort_values("mean", ascending=False))
    ]


def last_start(run: StoredRun, segment: str) -> Both | None:
    """Latest year in which a line of the segment still beats doing nothing."""
    table = latest_start(run.compared)
    own = table[table["segment"] == segment]
    if not len(own):
        return None
    start = str(own["start"].iloc[0])
    return plain(start) if start else t("web.never")


def evidence(run: StoredRun, segment: str) -> list[dict[str, Any]]:
    """Statements behind the segment's figures, weakest grade last, with their sources."""
    figures = run.case.figures()
    used = figures[figures["segment"] == segment]
    count = used.groupby("evidence")["number"].sum().to_dict()
    tables = used.groupby("evidence")["table"].agg(lambda s: ", ".join(dict.fromkeys(s))).to_dict()
    register = run.case.tables["evidence"]
    order = {g: k for k, g in enumerate(GRADES)}
    rows = [
        {
            "id": r["id"],
            "grade": t(f"desk.grade_{r['grade']}"),
            "grade_id": r["grade"],
            "statement": Both(str(r["statement_en"]), str(r["statement_ja"])),
            "source": text_of(r["source"]),
            "date": text_of(r["date"]),
            "address": address_of(r["address"]),
            "count": int(count[r["id"]]),
            "tables": tables[r["id"]],
        }
        for r in records(register[register["id"].isin(list(count))])
    ]
    return sorted(rows, key=lambda r: (order[r["grade_id"]], r["id"]))


def grade_bar(rows: list[dict[str, Any]]) -> Any:
    """Draw how many figures of a segment rest on evidence of each grade."""
    total = sum(r["count"] for r in rows) or 1
    grades = grades_in({r["grade_id"]: 1.0 for r in rows})
    return {
        "bar": stack(
            [(sum(r["count"] for r in rows if r["grade_id"] == g) / total, f"g-{g}")
             for g in grades]
        ),
        "legend": [
            (f"g-{g}", t(f"desk.grade_{g}"),
             sum(r["count"] for r in rows if r["grade_id"] == g))
            for g in grades
        ],
    }  # fmt: skip


def by_market(run: StoredRun, names: Names, segment: str) -> list[dict[str, Any]]:
    """Return base shares market by market, as stacked bars."""
    case, home = run.case, run.case.settings.home
    shares = case.tables["shares"]
    order = [home, *(r for r in case.competitors if r != home)]
    return [
        {
            "market": names.region(str(r["market"])),
            "bar": stack([(float(r[c]), f"s{k % 8}") for k, c in enumerate(order)]),
            "shares": [
                (f"s{k % 8}", names.region(c), percent(float(r[c])))
                for k, c in enumerate(order)
                if float(r[c]) >= 0.005
            ],
        }
        for r in records(shares[shares["segment"] == segment])
    ]
