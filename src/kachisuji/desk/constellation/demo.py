"""``make constellation``: twelve firms on this machine, asked, and compared with the truth."""

from __future__ import annotations

import math
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kachisuji.desk.constellation import joining
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, number, percent, say

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.constellation import Answer
    from kachisuji.constellation.asking import Asker
    from kachisuji.constellation.local import Local

PRODUCTS = ("ndfeb_magnets", "rare_earths_refined", "dram", "photoresist", "ev_battery_cells")
PROCESSES = ("permanent_magnets", "power_chips", "merchant_ships")
NEW = "permanent_magnets"
FEWEST, MOST = 5, 60
ASKERS = ("ministry", "analyst")
"""Who has a budget: the demonstration spends the first's, the second's is for runs of a case."""


@dataclass(frozen=True)
class World:
    """What the firms are made from."""

    origins: tuple[str, ...]
    products: Mapping[str, Mapping[str, float]]
    processes: Mapping[str, float]
    recipes: Mapping[str, Mapping[str, float]]


def world(case: Case) -> World:
    """Take origins from published shares and the world table, slopes and recipes from the case."""
    from kachisuji.constellation.synthetic import import_shares

    origins = {str(r["region"]): tuple(r["table_regions"])
               for r in case.tables["regions"].to_dict("records")
               if r["competitor"] and r["table_regions"]}  # fmt: skip
    published = {r["product"]: r for r in case.tables["product_shares"].to_dict("records")}
    sector = case.tables["products"].set_index("product")["table_sector"]
    products = {}
    for p in PRODUCTS:
        table = import_shares(case.economy, case.settings.home, sector[p], origins)
        # half published shares of world supply, half what home's industries buy of the sector
        products[p] = {o: 0.5 * float(published[p][o]) + 0.5 * table[o] for o in origins}
    rates = {r["segment"]: float(r["mode"]) for r in case.tables["parameters"].to_dict("records")
             if r["symbol"] == "learning_rate"}  # fmt: skip
    processes = {p: -math.log2(1.0 - rates[p]) for p in PROCESSES}
    rows = case.tables["recipes"].query("segment == @NEW")
    recipe = {str(r["sector"]): float(r["share"]) for _, r in rows.iterrows()}
    total = sum(recipe.values())
    return World(
        tuple(origins), products, processes, {NEW: {k: v / total for k, v in recipe.items()}}
    )


def build(
    folder: Path, nodes: int, seed: int
) -> tuple[Local, list[dict[str, pd.DataFrame]], World]:
    """Make the folders of a whole constellation and load the firms' tables."""
    from kachisuji.cases import load
    from kachisuji.constellation.local import Local
    from kachisuji.constellation.node import Node
    from kachisuji.constellation.policy import Policy
    from kachisuji.constellation.synthetic import firms

    made = world(load("japan17"))
    tables = firms(nodes, made.products, made.processes, made.recipes, seed)
    policy = Policy(minimum_nodes=FEWEST, epsilon_most=2.0, sums_only=True, ask_me=False,
                    budget=dict.fromkeys(ASKERS, 12.0))  # fmt: skip
    names = [f"firm-{k + 1:02d}" for k in range(nodes)]
    local = Local(folder, names, policy, ASKERS)
    for name, firm in zip(names, tables, strict=True):
        for table, frame in firm.items():
            file = folder / f"{name}-{table}.csv"
            frame.to_csv(file, index=False)
            Node(folder / name).add(file, table)
    return local, tables, made


def demo(
    nodes: int, out: Path | None, keep: bool, stay: bool, seed: int, telling: Telling
) -> int:  # fmt: skip
    """Start everything, ask, compare, and end everything, whatever happens.

    With ``stay`` it goes on running after that, for runs of a case, until interrupted.
    """
    if not FEWEST <= nodes <= MOST:
        raise InputError("desk.bad_option", option="--nodes", got=nodes, want=f"{FEWEST} – {MOST}")
    if out is not None and out.exists():
        raise InputError("constellation.folder_used", file=out)
    folder = out or Path(tempfile.mkdtemp(prefix="kachisuji-constellation-"))
    lang = telling.lang
    try:
        telling.say(say("nodes.demo_making", lang, nodes=nodes))
        local, tables, made = build(folder / "all", nodes, seed)
        with local:
            local.start(processes=True, seconds=120.0)
            telling.say(say("nodes.demo_running", lang, url=local.url))
            asker = local.asker(patience=60.0)
            try:
                found = _asked(asker, made, tables, lang, telling)
                found["memory"] = local.memory()
            finally:
                asker.close()
            _summary(found, telling)
            if stay:
                _stay(local, telling)
        telling.say(say("nodes.demo_stopped", lang))
    finally:
        if not (keep or out):
            shutil.rmtree(folder, ignore_errors=True)
    if keep or out:
        telling.say(say("nodes.demo_kept", lang, folder=folder))
    return 0


def _stay(local: Local, telling: Telling) -> None:
    """Say how to run a case with these nodes, and leave them running until interrupted."""
    folder = local.folder / ASKERS[1]
    telling.say(say("nodes.demo_stays", telling.lang, url=local.url, folder=folder))
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _asked(
    asker: Asker, made: World, tables: list[dict[str, pd.DataFrame]], lang: Lang, telling: Telling
) -> dict[str, Any]:
    from kachisuji.constellation import ask
    from kachisuji.constellation import evidence as beliefs

    together = {t: pd.concat([f[t] for f in tables]) for t in tables[0]}
    ages = ("under30", "30s", "40s", "50s", "60plus")
    crafts = tuple(f"{p}-craft" for p in made.processes)
    inputs = tuple(made.recipes[NEW])
    asked = {
        "shares": beliefs.exposure_question(tuple(made.products), made.origins),
        **{p: beliefs.learning_question(p, epsilon=2.0) for p in made.processes},
        "sum": ask(kind="sum", table="skills", value="people", high=40.0, epsilon=1.0,
                   groups={"craft": crafts, "age": ages}, smallest=0),
        "recipe": ask(kind="recipe", epsilon=1.0, groups={"product": (NEW,), "input": inputs},
                      smallest=0),
        "quantiles": ask(kind="quantiles", table="production", value="yield_share", low=0.5,
                         high=1.0, bins=50, epsilon=0.5),
    }  # fmt: skip
    found: dict[str, Any] = {"answers": [], "seconds": {}}
    answers = {}
    for kind, question in asked.items():
        begun = time.perf_counter()
        answers[kind] = asker.ask(question)
        found["seconds"][kind] = time.perf_counter() - begun
        found["answers"].append(_compared(kind, answers[kind], together, found["seconds"][kind]))
        telling.say(_line(found["answers"][-1], lang))
    found["exposure"] = _exposure(answers["shares"], together["purchases"])
    found["learning"] = [
        {"process": f.key[0], "low": f.low, "mode": f.mode, "high": f.high,
         "truth": 1.0 - 2.0 ** -made.processes[f.key[0]], "widened": f.widened()}
        for p in made.processes
        for f in beliefs.learning_figures(answers[p])
    ]  # fmt: skip
    own = [t["production"].query("process == @PROCESSES[0]") for t in tables]
    found["joint"] = []
    for model in (joining.COST, joining.YIELD, joining.PROTECTED):
        found["joint"].append(joining.joined(asker, PROCESSES[0], own, model))
        telling.say(_gain_line(found["joint"][-1], lang))
    found["worth"] = joining.worth(PROCESSES[0], own, joining.COST)
    return found


def _truth(answer: Answer, together: Mapping[str, pd.DataFrame]) -> np.ndarray[Any, Any]:
    """Return what the protected vector would be without protection, by the same clamping."""
    from kachisuji.constellation.contributions import contribution
    from kachisuji.constellation.questions import parts

    q = answer.question
    steps = np.concatenate([np.full(p.size, p.step) for p in parts(q)])
    whole = q.model_copy(update={"rows_most": 10_000_000})
    return np.asarray(contribution(whole, together[q.table]) * steps)


def _compared(
    kind: str, answer: Answer, together: Mapping[str, pd.DataFrame], seconds: float
) -> dict[str, Any]:
    """Compare every opened number with the truth and with the bound of its noise."""
    from kachisuji.constellation.noise import bound

    row: dict[str, Any] = {"kind": kind, "epsilon": answer.question.epsilon, "nodes": answer.nodes,
                           "seconds": seconds}  # fmt: skip
    if answer.question.kind == "learning":  # each node's own fit: compared by its figures
        return row
    error = np.abs(answer.values - _truth(answer, together))
    seen = np.isfinite(error)
    scaled = error[seen] / answer.deviation[seen]
    limit = bound(0.95) / math.sqrt(6.0)
    row |= {"cells": int(seen.sum()), "suppressed": int((~seen).sum())}
    row |= {"rms": float(np.sqrt((scaled**2).mean())), "within": float((scaled <= limit).mean())}
    return row


def _line(row: Mapping[str, Any], lang: Lang) -> str:
    kind = "learning" if row["kind"] in PROCESSES else row["kind"]
    told = {"kind": say(f"nodes.kind_{kind}", lang), "epsilon": number(row["epsilon"], lang),
            "seconds": number(row["seconds"], lang, 2)}  # fmt: skip
    if "cells" not in row:
        return say("nodes.demo_answer_short", lang, **told)
    told |= {"cells": row["cells"], "within": percent(row["within"], lang),
             "rms": number(row["rms"], lang, 2)}  # fmt: skip
    return say("nodes.demo_answer", lang, **told)


def _exposure(answer: Answer, purchases: pd.DataFrame) -> list[dict[str, Any]]:
    """Greatest origin of each product: protected share, its range, and the true share."""
    values = purchases.assign(v=purchases["value_million_yen"].clip(upper=answer.question.high))
    by = values.groupby(["product", "origin"])["v"].sum().to_dict()
    whole = values.groupby("product")["v"].sum().to_dict()
    out = []
    records = answer.table.to_dict("records")
    for product in answer.question.groups["product"]:
        top = max((r for r in records if r["product"] == product), key=lambda r: r["estimate"])
        kept = {
            k: float(top[k])
            for k in ("low", "high", "deviation", "hhi", "stock_days", "stock_days_sd")
        }
        truth = by.get((product, top["origin"]), 0.0) / whole[product]
        out.append({"product": product, "origin": top["origin"], "share": float(top["estimate"]),
                    "truth": float(truth), **kept})  # fmt: skip
    return out


def _summary(found: Mapping[str, Any], telling: Telling) -> None:
    lang = telling.lang
    lines = ["", say("nodes.demo_exposure", lang)]
    lines += [f"  {_share_line(row, lang)}" for row in found["exposure"]]
    lines.append(say("nodes.demo_learning", lang))
    lines += [f"  {_rate_line(row, lang)}" for row in found["learning"]]
    lines.append(_worth_line(found["worth"], lang))
    lines.append(say("nodes.demo_memory", lang, gigabytes=number(found["memory"] / 1e9, lang)))
    telling.result("\n".join(lines), dict(found))


def _gain_line(row: Mapping[str, Any], lang: Lang) -> str:
    """Tell what a joint model gains on held-out months, beside what a vague prior alone gives."""
    told = {k: number(row[k], lang, 3) for k in ("alone", "together", "vague")}
    told |= {k: percent(1.0 - row[k] / row["alone"], lang) for k in ("together", "vague")} | {
        "error": told["together"]}  # fmt: skip
    counts = {k: row[k] for k in ("rounds", "helped", "nodes")}
    key = "nodes.demo_joint_noise" if row["epsilon"] else "nodes.demo_joint"
    return say(key, lang, model=say(f"nodes.model_{row['model']}", lang), **counts, **told,
               seconds=number(row["seconds"], lang, 2),
               epsilon=number(row["epsilon"], lang))  # fmt: skip


def _worth_line(row: Mapping[str, Any], lang: Lang) -> str:
    split = ", ".join(number(v, lang, 3) for v in row["shapley"])
    own = ", ".join(number(v, lang, 3) for v in row["stand_alone"])
    told = {k: number(row[k], lang, 3) for k in ("alone", "together", "surplus")}
    return say("nodes.demo_worth", lang, niches=row["niches"], split=split, own=own,
               pairs=row["pairs"], gaining=row["gaining"], **told)  # fmt: skip


def _share_line(row: Mapping[str, Any], lang: Lang) -> str:
    return say(
        "nodes.demo_share", lang, product=row["product"], origin=row["origin"],
        **{k: percent(row[k], lang) for k in ("share", "low", "high", "truth")},
        hhi=number(row["hhi"], lang), days=number(row["stock_days"], lang),
        days_sd=number(row["stock_days_sd"], lang),
    )  # fmt: skip


def _rate_line(row: Mapping[str, Any], lang: Lang) -> str:
    told = {k: percent(row[k], lang) for k in ("low", "mode", "high", "truth")}
    widened = number(row["widened"], lang)
    return say("nodes.demo_rate", lang, process=row["process"], widened=widened, **told)
