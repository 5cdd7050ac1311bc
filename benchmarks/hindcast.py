"""The hindcast of share dynamics on the world input-output tables 1995-2011, with its scores.

    python benchmarks/hindcast.py [--data FOLDER] [--start 2003] [--draws 400]

Estimates on the years to the start, runs to the last, holds out countries and sectors, and writes
benchmarks/results/hindcast.md and the figures that the report shows (contest/data/hindcast.csv).
Needs the WIOD 2013 tables and scikit-learn (development group).
"""

import argparse
import csv
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from kachisuji.accounts import read
from kachisuji.contest import hindcast as hc
from kachisuji.contest import hindcast_terms as terms
from kachisuji.contest.hindcast_fit import history, sample

HERE = Path(__file__).parent
SECTORS = [f"c{i}" for i in range(3, 17)]
MARKETS = ["USA", "DEU", "JPN", "CHN", "GBR", "RoW"]
REST = "RoW"


class Trees:
    """Gradient-boosted trees on what the contest's terms see, one year at a time.

    Settings were fixed beforehand, not tuned: shallow, slow, with large leaves. No country or
    sector labels, so that what is held out can be forecast at all.
    """

    name = "gradient-boosted trees"
    features = (
        terms.Level(), terms.Trend(1.0), terms.Trend(0.35), terms.Fading(), terms.HomeGrowth(),
        terms.HomeSize(), terms.GdpGrowth(),
    )  # fmt: skip

    def fit(self, past, outlook, train, rng):
        data = sample(past, train)
        seen = np.stack([history(t, past, outlook) for t in self.features], axis=-1)
        here = np.broadcast_to(train, data.change.shape)
        trees = HistGradientBoostingRegressor(
            learning_rate=0.05, max_iter=80, max_leaf_nodes=8, min_samples_leaf=60,
            l2_regularization=1.0, early_stopping=False, random_state=int(rng.integers(2**31)),
        )  # fmt: skip
        trees.fit(seen[here], data.change[here], sample_weight=data.weight[here])
        guess = trees.predict(seen.reshape(-1, seen.shape[-1])).reshape(data.change.shape)
        residual = np.where(train, data.change - data.within(guess), np.nan)
        return Grown(self.features, trees, residual)


class Grown:
    def __init__(self, features, trees, residual):
        self.features, self.trees, self.residual = features, trees, residual

    def begin(self, past, outlook, draws, rng):  # noqa: ARG002 (asked as every model is)
        trackers = [t.track(outlook) for t in self.features]
        for i, share in enumerate(past.share[:-1]):
            for see in trackers:
                see(share[None], i)

        def step(share, i):
            seen = np.stack([see(share, i) for see in trackers], axis=-1)
            return self.trees.predict(seen.reshape(-1, seen.shape[-1])).reshape(share.shape)

        return step


def rows_of(scores, china):
    yield "| model | CRPS 2011, points | CRPS all years | CRPS log share | in 50 / 80 / 90 % band |"
    yield "|---|--:|--:|--:|--:|"
    for name, s in scores.items():
        s = s if china is None else s.leaving([china])
        cover = " / ".join(f"{100 * c:.0f}" for c in s.coverage())
        yield (
            f"| {name} | {np.nanmean(s.final):.4f} | {np.nanmean(s.mean):.4f} "
            f"| {np.nanmean(s.log):.4f} | {cover} |"
        )


def differences(scores, ours, china, seed=0):
    yield f"| {ours} less … | CRPS 2011, points | CRPS all years | CRPS log share |"
    yield "|---|--:|--:|--:|"
    base = scores[ours]
    for name, s in scores.items():
        if name == ours:
            continue
        cells = []
        for what in ("final", "mean", "log"):
            a, b = getattr(base, what).copy(), getattr(s, what)
            if china is not None:
                a[china] = np.nan
            mid, low, high = hc.difference(a, b, np.random.default_rng(seed))
            mark = " *" if low > 0 or high < 0 else ""
            cells.append(f"{mid:+.4f} ({low:+.4f} to {high:+.4f}){mark}")
        yield f"| {name} | " + " | ".join(cells) + " |"


def gainers(scores, china):
    yield "| model | gained | called | both | precision | recall | average precision | Brier |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, s in scores.items():
        s = s if china is None else s.leaving([china])
        happened, called, both = s.detection()
        precision = f"{both / called:.2f}" if called else "–"
        recall = f"{both / happened:.2f}" if happened else "–"
        yield (
            f"| {name} | {happened} | {called} | {both} | {precision} | {recall} "
            f"| {s.average_precision():.3f} | {s.brier():.4f} |"
        )


def section(title, scores, ours, china, start):
    yield f"## {title}\n"
    some = next(iter(scores.values()))
    yield f"{int(some.cells.sum())} cells.\n"
    yield from rows_of(scores, None)
    yield "\nDifferences, 95 % interval by resampling countries (negative: contest better).\n"
    yield from differences(scores, ours, None)
    yield f"\nGain of one point or more from {start} on (called: chance of one half or more).\n"
    yield from gainers(scores, None)
    yield "\n### Without China\n"
    yield from rows_of(scores, china)
    yield ""
    yield from differences(scores, ours, china)
    yield ""
    yield from gainers(scores, china)
    yield ""


def estimates(panel, model, start, seed):
    past = panel.until(start)
    _, fit = hc.forecast(past, model, past.alive, 1, 2, seed)
    yield f"## Estimates: {model.name}, years to {start}\n"
    yield "| term | form | coefficient | 90 % interval (countries resampled) |"
    yield "|---|---|--:|--:|"
    low, high = np.quantile(fit.coefs, [0.05, 0.95], axis=0)
    for k, t in enumerate(fit.terms):
        yield f"| {t.slot} | {t} | {fit.coef[k]:.3f} | {low[k]:.3f} to {high[k]:.3f} |"
    number = fit.tipping(past.share[-1])
    yield "\n| sector | tipping number R | 90 % interval |"
    yield "|---|--:|--:|"
    for g, sector in enumerate(past.groups):
        low, high = np.quantile(number[1:, g], [0.05, 0.95])
        yield f"| {sector} | {number[0, g]:.2f} | {low:.2f} to {high:.2f} |"
    yield ""


def restarts(panel, end):
    """Which span to estimate over: decided where the years after the start are not used."""
    yield f"## Restarts inside the years to {end}: CRPS in points of {end} by span of estimation\n"
    spans = (1, 2, 3)
    yield "| model | start | " + " | ".join(f"span {k}" for k in spans) + " |"
    yield "|---|--:|" + "--:|" * len(spans)
    known = panel.until(end)
    bare = hc.CONTEST.without("fading")
    for model in (hc.CONTEST, bare, *hc.BASELINES[:4]):
        for start in range(end - 4, end - 1):
            forms = [hc.Linear(str(k), model.slots, k) for k in spans]
            scores = hc.hindcast(known, forms, start=start, draws=200)
            got = " | ".join(f"{np.nanmean(scores[str(k)].final):.4f}" for k in spans)
            yield f"| {model.name} | {start} | {got} |"
    yield ""


def deciding(scores, ours, regions):
    """Which countries a difference comes from, in points summed over their sectors."""
    yield f"Largest contributions to {ours} less …, CRPS 2011, points summed over sectors:\n"
    base = scores[ours]
    for name, s in scores.items():
        if name != ours:
            gap = np.nansum(base.final - s.final, axis=1)
            order = np.argsort(-np.abs(gap))[:4]
            each = ", ".join(f"{regions[r]} {gap[r]:+.1f}" for r in order)
            yield f"* {name}: {each}; all countries {gap.sum():+.1f}"
    yield ""


def gained(scores, regions):
    """Where the gainers of one point or more are."""
    some = next(iter(scores.values()))
    count = np.nansum(some.gained >= 1.0, axis=1)
    order = np.argsort(-count, kind="stable")
    yield "Gainers by country: " + ", ".join(f"{regions[r]} {count[r]}" for r in order if count[r])
    yield ""


RECORD = ("held_out", "model", "crps", "crps_log", "in50", "in80", "in90", "gained", "called",
          "right", "average_precision")  # fmt: skip


def record(outputs, path):
    """Write what the report shows beside every forecast: contest/data/hindcast.csv."""
    part = path.with_suffix(".tmp")
    with part.open("w", encoding="utf-8", newline="") as file:
        to = csv.writer(file, lineterminator="\n")  # names have commas: let it quote
        to.writerow(RECORD)
        for held, scores in outputs.items():
            for name, s in scores.items():
                cover = [f"{c:.4f}" for c in s.coverage()]
                own = [f"{np.nanmean(s.final):.5f}", f"{np.nanmean(s.log):.5f}"]
                found = [*s.detection(), f"{s.average_precision():.4f}"]
                to.writerow([held, name, *own, *cover, *found])
    part.replace(path)


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--data", default=os.environ.get("KACHISUJI_DATA", HERE / "../../shared/data"))
    ask.add_argument("--start", type=int, default=2003)
    ask.add_argument("--draws", type=int, default=400)
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--out", default=HERE / "results" / "hindcast.md")
    ask.add_argument("--record", default=HERE.parent / "src/kachisuji/contest/data/hindcast.csv")
    given = ask.parse_args()
    began = time.perf_counter()
    folder = Path(given.data) / "wiod13"

    tables = [read("wiod13", folder, year=year) for year in range(1995, 2012)]
    panel = hc.panel_from(tables, SECTORS)
    china = panel.regions.index("CHN")
    countries = [r for r in panel.regions if r != REST]
    run = {"start": given.start, "draws": given.draws, "seed": given.seed, "scored": countries}
    shrunk = hc.Shrunk(hc.CONTEST)
    models = [hc.CONTEST, shrunk, *hc.BASELINES, Trees()]
    ours = hc.CONTEST.name
    lines = [
        "# Hindcast of share dynamics: full tables\n",
        f"WIOD 2013 release, sectors c3 to c16, {len(countries)} countries (the rest of the world",
        f"competes, is not scored). Estimated on 1995-{given.start}, run to 2011, {given.draws}",
        f"draws, seed {given.seed}. A star marks a 95 % interval that leaves out zero.",
        "What it means: docs/hindcast.md.\n",
        *estimates(panel, hc.CONTEST, given.start, given.seed),
        *estimates(panel, hc.CONTEST.without("fading"), given.start, given.seed),
        *restarts(panel, given.start),
    ]
    outputs = {}
    for held, title in zip(
        hc.HELD_OUT, ("Nothing held out", "Countries held out", "Sectors held out"), strict=True
    ):
        scores = outputs[held] = hc.hindcast(panel, models, held_out=held, **run)
        lines += section(f"{title}: shares of world output", scores, ours, china, given.start)
        lines += gained(scores, panel.regions)
        lines += deciding(scores, ours, panel.regions)
        print(f"{title}: {time.perf_counter() - began:.0f} s", flush=True)
    record(outputs, Path(given.record))
    for held in ("nothing", "countries"):
        scores = hc.hindcast(panel, [hc.CONTEST, *hc.ablations()], held_out=held, **run)
        lines += section(f"Terms left out ({held} held out)", scores, ours, china, given.start)
        lines += [f"### After the fact: without fading, beside the baselines ({held} held out)\n"]
        lines += differences(outputs[held] | scores, "without fading", None)
        lines += ["\nThe same without China\n"]
        lines += differences(outputs[held] | scores, "without fading", china)
        lines += [""]
    print(f"ablations: {time.perf_counter() - began:.0f} s", flush=True)
    flows = [("world exports", "exports", ())]
    flows += [("imports of " + ", ".join(MARKETS) + ", by origin", "exports", MARKETS)]
    for what, of, markets in flows:
        exports = hc.panel_from(tables, SECTORS, of=of, markets=markets)
        fewer = dict(run, draws=min(given.draws, 100)) if markets else run
        scores = hc.hindcast(exports, models, held_out="nothing", **fewer)
        lines += section(f"Nothing held out: shares of {what}", scores, ours, china, given.start)
        print(f"{what}: {time.perf_counter() - began:.0f} s", flush=True)
    out = Path(given.out)
    out.with_suffix(".tmp").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    out.with_suffix(".tmp").replace(out)


if __name__ == "__main__":
    main()
