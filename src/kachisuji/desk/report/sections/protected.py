"""What protected answers changed in the case, and what their noise costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kachisuji.accounts import sector_name
from kachisuji.desk.constellation.protected import read
from kachisuji.desk.report.bilingual import Both, both, fixed, listed, percent, plain, t
from kachisuji.desk.report.names import Names
from kachisuji.desk.rows import records
from kachisuji.desk.stored import StoredRun


def protected(run: StoredRun, names: Names) -> dict[str, Any] | None:
    """Return the section's rows, None where the run used no constellation."""
    kept = read(run.folder / "case")
    if kept is None:
        return None
    shares: dict[str, float] = {}
    for row in records(run.influence[run.influence["scope"] == "portfolio"]):
        for ident in str(row["evidence"]).split(";"):
            shares[ident] = max(shares.get(ident, 0.0), float(row["share"]))
    noisy = hanging = 0.0
    seen = set()
    for change in kept["changes"]:
        share = 0.0 if change["evidence"] in seen else shares.get(change["evidence"], 0.0)
        seen.add(change["evidence"])
        hanging += share
        noisy += share * _noise_part(change)
    for known in kept["origins"]:  # all of their range is the noise of protection
        share = shares.get(known["evidence"], 0.0)
        hanging += share
        noisy += share
    for recipe in kept["recipes"]:
        share = shares.get(recipe["evidence"], 0.0)
        hanging += share
        noisy += share * (recipe["own_noise"] / max(recipe["own_deviation"], 1e-12)) ** 2
    answers, found = kept["answers"], kept["exposure"]
    refused = dict.fromkeys(r.partition(":")[0] for r in kept["refused"])
    return {
        "text": t(
            "nodes.report_text", url=kept["url"], when=kept["when"],
            count=sum(len(kept[k]) for k in ("changes", "recipes", "origins")),
            nodes=min(a["nodes"] for a in answers),
            epsilon=fixed(sum(a["question"]["epsilon"] for a in answers), 1),
        ),
        "cost": t("nodes.report_cost", hanging=percent(hanging, 2), noisy=percent(noisy, 2)),
        "changes": [_change(c, names) for c in kept["changes"]],
        "exposure": [_exposure(e, run, names) for e in found["rows"]] if found else [],
        "yearly": t("nodes.report_yearly", before=_parts(found["yearly_before"]),
                    after=_parts(found["yearly"]), noise=percent(found["yearly_noise"]))
        if found else None,
        "recipes": [_recipe(r, names) for r in kept["recipes"]],
        "refused": t("nodes.report_refused", kinds=listed([t(f"nodes.asked_{r}") for r in refused]))
        if refused else None,
    }  # fmt: skip


def _noise_part(change: dict[str, Any]) -> float:
    """Part of a figure's variance that is the noise of protection."""
    noise, sampling = change["noise"] ** 2, change["sampling"] ** 2
    return float(noise / (noise + sampling)) if noise + sampling > 0 else 0.0


def _change(change: dict[str, Any], names: Names) -> dict[str, Any]:
    key = change["key"][0]
    name = names.segments.get(key) or names.products.get(key) or plain(key)
    return {
        "name": name,
        "quantity": t(f"nodes.quantity_{change['quantity']}"),
        "before": _range(change["before"]),
        "after": _range(change["after"]),
        "noise": percent(_noise_part(change)),
    }


def _range(values: list[float]) -> Both:
    low, mode, high = (fixed(v, 3) for v in values)
    return mode + plain(" [") + low + plain(", ") + high + plain("]")


def _exposure(row: dict[str, Any], run: StoredRun, names: Names) -> dict[str, Any]:
    table = {r["region"]: r for r in records(run.case.tables["regions"])}
    holder = table[row["holder"]]
    return {
        "name": names.products.get(row["product"]) or plain(row["product"]),
        "holder": Both(str(holder["name_en"]), str(holder["name_ja"])),
        "share": _moved_range(row["share_before"], row["share"], _range),
        "shortage": _moved_range(row["shortage_before"], row["shortage"], _range),
        "loss": _moved_range(row["loss_before"], row["loss"], _parts),
        "noise": percent(row["noise"]),
    }


def _moved_range(
    before: list[float], after: list[float], told: Callable[[list[float]], Both]
) -> Both:
    return told(before) + plain(" → ") + told(after)


def _parts(values: list[float]) -> Both:
    """Tell percentages of GDP: the middle and the range."""
    low, mode, high = (percent(v, 4) for v in values)
    return mode + plain(" [") + low + plain(", ") + high + plain("]")


def _recipe(row: dict[str, Any], names: Names) -> dict[str, Any]:
    moved = str(row["moved"])
    sector = both(lambda lang: sector_name(moved, lang))
    own, given = row["own"], row["input"]
    return {
        "name": names.segments[row["segment"]],
        "weight": percent(row["weight"]),
        "own": _moved(own),
        "deviation": fixed(row["own_deviation"], 3)
        + plain(" (") + fixed(row["own_noise"], 3) + plain(")"),
        "input": sector + plain(" ") + _moved(given),
    }  # fmt: skip


def _moved(values: list[float]) -> Both:
    before, after = (percent(v, 1) for v in values)
    return before + plain(" → ") + after
