"""The constellation's figures: time, memory, error beside its bound, attacks. Loopback only.

``python benchmarks/constellation.py`` writes ``benchmarks/results/constellation.md``.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kachisuji.constellation import ask, joint
from kachisuji.constellation.contributions import contribution
from kachisuji.constellation.evidence import LOGS
from kachisuji.constellation.local import Local
from kachisuji.constellation.node import Node
from kachisuji.constellation.noise import bound, draw, likely_success, scales
from kachisuji.constellation.policy import Policy
from kachisuji.constellation.questions import parts
from kachisuji.constellation.still import Still
from kachisuji.constellation.synthetic import firms
from kachisuji.desk.constellation import joining

RESULTS = Path(__file__).parent / "results" / "constellation.md"
PRODUCTS = tuple(f"P{k:04d}" for k in range(1000))
ORIGINS = ("JPN", "CHN", "USA", "KOR", "TWN", "DEU", "FRA", "IND", "IDN", "ROW")
WIDE = {"product": PRODUCTS, "origin": ORIGINS}


def firm(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Purchases spread over ten thousand cells."""
    return pd.DataFrame(
        {
            "period": "2026-04",
            "product": rng.choice(PRODUCTS, rows),
            "origin": rng.choice(ORIGINS, rows),
            "supplier": [f"S{k:05d}" for k in range(rows)],
            "value_million_yen": rng.uniform(0, 10, rows).round(3),
            "stock_days": 30.0,
            "spare_million_yen": 1.0,
        }
    )


def live(nodes: int, questions: int, rounds: int) -> dict[str, Any]:
    """Twelve nodes and three members as processes: questions of 10,000 cells, joint rounds."""
    curves = firms(nodes, {"M": {"CHN": 1.0}}, {"WELD": 0.3}, {"N": {"c1": 1.0}}, seed=1)
    policy = Policy(minimum_nodes=5, sums_only=True, ask_me=False, epsilon_most=2.0,
                    budget={"ministry": 900.0})  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        names = [f"n{k}" for k in range(nodes)]
        with Local(Path(place) / "all", names, policy) as local:
            for k, name in enumerate(names):
                frames = {"purchases": firm(np.random.default_rng(k), 5000),
                          "production": curves[k]["production"]}  # fmt: skip
                for table, frame in frames.items():
                    file = Path(place) / f"{name}.csv"
                    frame.to_csv(file, index=False)
                    Node(local.folder / name).add(file, table)
            local.start(processes=True, seconds=180)
            asker = local.asker(patience=60)
            wide = ask(kind="count", table="purchases", epsilon=0.5, groups=WIDE, smallest=0)
            seconds = []
            for _ in range(questions):
                begun = time.perf_counter()
                assert asker.ask(wide).nodes == nodes
                seconds.append(time.perf_counter() - begun)
            memory = local.memory()

            def total(shared: joint.Shared) -> np.ndarray:
                q = ask(kind="pooling", unit="node", protection="sums", epsilon=1.0,
                        groups={"process": ("WELD",)}, prior=shared.as_prior(), **LOGS)  # fmt: skip
                return asker.ask(q).values

            begun = time.perf_counter()
            joint.rounds(total, rounds)
            joined = time.perf_counter() - begun
            own = [c["production"] for c in curves]
            gains = [joining.joined(asker, "WELD", own, m)
                     for m in (joining.COST, joining.YIELD, joining.PROTECTED)]  # fmt: skip
            asker.close()
    return {"gains": gains, "first": seconds[0], "median": float(np.median(seconds[1:] or seconds)),
            "slowest": max(seconds), "memory": memory / 1e9, "rounds": joined}  # fmt: skip


def errors(nodes: int, repetitions: int) -> list[dict[str, float | str]]:
    """Error of each kind against the truth beside the bound, without the network."""
    made = [firm(np.random.default_rng(k), 300).assign(product=np.random.default_rng(k).choice(
        PRODUCTS[:4], 300)) for k in range(nodes)]  # fmt: skip
    groups = {"product": PRODUCTS[:4], "origin": ORIGINS}
    kinds = {
        "count": {"table": "purchases"},
        "sum": {"table": "purchases", "value": "value_million_yen", "high": 10.0},
        "mean": {"table": "purchases", "value": "value_million_yen", "high": 10.0},
        "shares": {"high": 10.0},
        "quantiles": {"table": "purchases", "value": "value_million_yen", "high": 10.0},
        "linear": {"table": "purchases", "value": "value_million_yen", "high": 10.0,
                   "x": "spare_million_yen", "x_high": 2.0},
    }  # fmt: skip
    out: list[dict[str, float | str]] = []
    for kind, given in kinds.items():
        q = ask(kind=kind, epsilon=1.0, groups=groups, **given)
        truth = np.sum([contribution(q, t) for t in made], axis=0)
        scale = np.concatenate(
            [np.full(p.size, b) for p, b in zip(parts(q), scales(q), strict=True)]
        )
        ratios = []
        for _ in range(repetitions):
            opened = truth + sum(draw(q) for _ in range(3))
            ratios.append((opened - truth) / scale)
        r = np.abs(np.array(ratios))
        out.append({"kind": kind, "cells": float(truth.size), "sd": float(np.array(ratios).std()),
                    "beyond": float((r > bound(0.95) + 0.5 / scale).mean()),
                    "worst": float(r.max() / bound(1 - 0.05 / r.size))})  # fmt: skip
    return out


def attacks(tries: int) -> list[dict[str, float | str]]:
    """Differencing and reconstruction attacks beside their bound."""
    out: list[dict[str, float | str]] = []
    rng = np.random.default_rng(4)
    table = firm(rng, 40).assign(origin="CHN", value_million_yen=10.0)
    for epsilon in (0.5, 1.0, 2.0):
        q = ask(kind="sum", table="purchases", value="value_million_yen", high=10.0,
                epsilon=epsilon, groups={"origin": ("CHN",)}, smallest=0)  # fmt: skip
        known = [contribution(q, t) for t in (table.iloc[:-1], table)]
        right = 0
        for _ in range(tries):
            there = int(rng.integers(0, 2))
            seen = known[there] + sum(draw(q) for _ in range(3))
            away = [np.abs((seen - k) / np.array(scales(q))).sum() for k in known]
            right += int(np.argmin(away) == there)
        out.append({"attack": f"differencing, ε {epsilon:g}", "right": right / tries,
                    "bound": likely_success(epsilon)})  # fmt: skip
    names = tuple(f"S{k:05d}" for k in range(tries))
    for times in (1, 10):
        q = ask(kind="count", table="purchases", epsilon=1.0 / times, smallest=0,
                groups={"supplier": names})  # fmt: skip
        secret = rng.integers(0, 2, tries)
        base = firm(rng, tries)[secret.astype(bool)]
        truth = contribution(q, base)
        mean = np.mean([truth + sum(draw(q) for _ in range(3)) for _ in range(times)], axis=0)
        out.append({"attack": f"reconstruction, {times} questions, ε 1 in all",
                    "right": float(((mean > 0.5) == secret).mean()),
                    "bound": likely_success(1.0)})  # fmt: skip
    return out


def hundred() -> dict[str, float]:
    """One hundred nodes, 10,000 cells: shares made, committee's opening, by three processes."""
    import multiprocessing as mp

    from kachisuji.constellation.aggregation import split
    from kachisuji.constellation.local import hold_port

    begun = time.perf_counter()
    q = ask(kind="count", table="purchases", epsilon=0.5, groups=WIDE, smallest=0)
    vectors = [contribution(q, firm(np.random.default_rng(k), 1000)) for k in range(100)]
    shares = [split(v) for v in vectors]
    made = time.perf_counter() - begun
    ports, keepers = zip(*(hold_port() for _ in range(3)), strict=True)
    context = mp.get_context("spawn")
    queue = context.Queue()
    begun = time.perf_counter()
    sent = [[s[i] for s in shares] for i in range(3)]
    jobs = [context.Process(target=_member, args=(i, ports, sent[i], queue)) for i in range(3)]
    for job in jobs:
        job.start()
    got = [queue.get(timeout=300) for _ in jobs]
    for job in jobs:
        job.join()
    for keeper in keepers:
        keeper.close()
    seconds = time.perf_counter() - begun
    truth = np.sum(vectors, axis=0)
    assert all((np.array(total, dtype=np.int64) == truth).all() for total in got)
    return {"split": made / 100, "opening": seconds}


def _member(i: int, ports: tuple[int, ...], shares: list[object], queue: object) -> None:
    import asyncio

    from kachisuji.constellation.aggregation import Seat, open_sum

    seats = [Seat(f"m{k}", "127.0.0.1", p) for k, p in enumerate(ports)]
    nothing = np.zeros(len(shares[0]), dtype=np.int64)  # type: ignore[arg-type]
    opened = asyncio.run(open_sum(i, seats, shares, nothing, 10_000, 5))  # type: ignore[arg-type]
    queue.put([int(v) for v in opened.total])  # type: ignore[attr-defined, union-attr]


def through_nodes(nodes: int, repetitions: int) -> dict[str, float]:
    """Ask many nodes again and again by their real code: folders, store, policy, ledger, seals.

    In every repetition one row of the first node is there or not, by a coin: the asker, who knows
    all the rest, guesses from the answer (differencing). Then its suppliers are asked one by one
    until a budget of ε 1 is spent (reconstruction).
    """
    rng, epsilon = np.random.default_rng(8), 0.5
    policy = Policy(minimum_nodes=5, epsilon_most=5, ask_me=False,
                    budget={"ministry": epsilon * repetitions + 1e-6, "other": 1.0})  # fmt: skip
    groups = {"product": PRODUCTS[:3], "origin": ORIGINS[:4]}
    tables = [firm(np.random.default_rng(k), 60).assign(
        product=np.random.default_rng(k).choice(PRODUCTS[:3], 60),
        origin=np.random.default_rng(k).choice(ORIGINS[:4], 60)) for k in range(nodes)]  # fmt: skip
    tables[0].loc[0, "value_million_yen"] = 10.0
    q = ask(kind="sum", table="purchases", value="value_million_yen", high=10.0, epsilon=epsilon,
            groups=groups, smallest=0)  # fmt: skip
    steps = np.concatenate([np.full(p.size, p.step) for p in parts(q)])
    scale = np.concatenate([np.full(p.size, b) for p, b in zip(parts(q), scales(q), strict=True)])
    with tempfile.TemporaryDirectory() as place:
        local = Local(Path(place) / "all", [f"n{k:03d}" for k in range(nodes)], policy,
                      ("ministry", "other"))  # fmt: skip
        files = [Path(place) / "without.csv", Path(place) / "with.csv"]
        for name, table in zip(local.nodes, tables, strict=True):
            table.to_csv(files[1], index=False)
            Node(local.folder / name).add(files[1], "purchases")
        tables[0].to_csv(files[1], index=False)
        tables[0].iloc[1:].to_csv(files[0], index=False)
        still = Still(local)
        rest = np.sum([contribution(q, t) for t in tables[1:]], axis=0)
        truth = [rest + contribution(q, t) for t in (tables[0].iloc[1:], tables[0])]
        ratios, right, begun = [], 0, time.perf_counter()
        for _ in range(repetitions):
            there = int(rng.integers(0, 2))
            still.nodes[0].add(files[there], "purchases")
            seen = still.ask(q).values / steps
            ratios.append((seen - truth[there]) / scale)
            away = [np.nansum(np.abs((seen - t) / scale)) for t in truth]
            right += int(np.argmin(away) == there)
        seconds = time.perf_counter() - begun
        names = tuple(f"T{k:05d}" for k in range(repetitions))
        secret = rng.integers(0, 2, repetitions).astype(bool)
        hidden = firm(rng, repetitions).assign(supplier=names)[secret]
        hidden.to_csv(files[0], index=False)
        still.nodes[0].add(files[0], "purchases")
        one = ask(kind="count", table="purchases", epsilon=0.1, smallest=0,
                  groups={"supplier": names})  # fmt: skip
        mean = np.mean([still.ask(one, "other").values for _ in range(10)], axis=0)
        left = max(n.left("other") for n in still.nodes)
    r = np.array(ratios)
    scale, entries = np.broadcast_to(scale, r.shape)[np.isfinite(r)], r.shape[1]
    r = np.abs(r[np.isfinite(r)])  # a cell whose noisy count is negative is left out by all
    return {"nodes": nodes, "entries": entries, "sd": float(np.sqrt((r**2).mean())),
            "beyond": float((r > bound(0.95) + 0.5 / scale).mean()),
            "worst": float(r.max() / bound(1 - 0.05 / r.size)), "seconds": seconds / repetitions,
            "differencing": right / repetitions, "differencing_bound": likely_success(epsilon),
            "reconstruction": float(((mean > 0.5) == secret).mean()), "left": left,
            "reconstruction_bound": likely_success(1.0)}  # fmt: skip


def _gain(g: dict[str, Any]) -> str:
    guard = f"noise, ε {g['epsilon']:g}" if g["epsilon"] else "secure sums"
    return (f"| {g['model']} | {guard} | {g['rounds']} | {g['seconds']:.1f} "
            f"| {g['together'] / g['alone']:.2f} | {g['vague'] / g['alone']:.2f} "
            f"| {g['helped']} of {g['nodes']} |")  # fmt: skip


def main() -> None:
    """Run everything and write the results."""
    ran = live(12, 4, 50)
    many = hundred()
    through = through_nodes(100, 200)
    lines = [
        "# The constellation",
        "",
        "`python benchmarks/constellation.py`; two cores; coordinator, three members, twelve nodes",
        "as sixteen processes on the loopback address, mutual TLS.",
        "",
        "| figure | measured | wanted |",
        "|---|---|---|",
        f"| one question of 10,000 cells, 12 nodes, median | {ran['median']:.1f} s | 5 s |",
        f"| the first, and the slowest | {ran['first']:.1f} s, {ran['slowest']:.1f} s | |",
        f"| memory of all processes (resident) | {ran['memory']:.2f} GB | 4 GB |",
        f"| 50 rounds of the joint model | {ran['rounds']:.0f} s | 180 s |",
        f"| 100 nodes, 10,000 cells: a node's vector and shares | {many['split']:.2f} s | |",
        f"| a question through 100 nodes' own code, one process | {through['seconds']:.1f} s | |",
        f"| 100 nodes: opening by three fresh processes, exact | {many['opening']:.1f} s | |",
        "",
        "Held-out error of the joint models, 12 nodes, as part of each node's own least squares:",
        "",
        "| model | protection | rounds | seconds | joined | vague prior alone | nodes that gain |",
        "|---|---|---|---|---|---|---|",
        *(_gain(g) for g in ran["gains"]),
        "",
        "Error over 200 repetitions, in scales of one member's noise (three add theirs: standard",
        "deviation √6 = 2.449); worst of all entries and repetitions over its 95 % bound:",
        "",
        "| question | entries | standard deviation | beyond the 95 % bound | worst ÷ bound |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {e['kind']} | {e['cells']:.0f} | {e['sd']:.3f} | {100 * float(e['beyond']):.1f} % "
        f"| {e['worst']:.2f} |"
        for e in errors(12, 200)
    ]
    lines.append(
        f"| sum, through {through['nodes']:.0f} nodes' own code | {through['entries']:.0f} "
        f"| {through['sd']:.3f} | {100 * through['beyond']:.1f} % | {through['worst']:.2f} |"
    )
    lines += ["", "200 attacks of each kind; guesses right, and the most that ε allows:", "",
              "| attack | right | bound |", "|---|---|---|"]  # fmt: skip
    lines += [f"| {a['attack']} | {a['right']:.3f} | {a['bound']:.3f} |" for a in attacks(200)]
    lines += [
        f"| {kind}, through 100 nodes | {through[kind]:.3f} | {through[kind + '_bound']:.3f} |"
        for kind in ("differencing", "reconstruction")
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
