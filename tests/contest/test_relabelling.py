"""Names and the order of rows carry no meaning: a case shuffled and renamed gives the same."""

import csv
import shutil

import numpy as np

from kachisuji import cases
from kachisuji.contest.model import build

BY_SEGMENT = ("segments", "parameters", "markets", "shares", "rivals", "recipes", "partners")


def shuffled(folder, target, rng):
    """Copy a case with its segments renamed and every row in another place; the renaming."""
    shutil.copytree(folder, target)
    text = (folder / "segments.csv").read_text(encoding="utf-8")
    names = [r["segment"] for r in csv.DictReader(text.splitlines())]
    new = {n: f"s{i}" for n, i in zip(names, rng.permutation(len(names)), strict=True)}
    for table in (*BY_SEGMENT, "products", "goals"):
        path = target / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = list(csv.reader(file))
        j = head.index("segment")
        for row in rows:
            row[j] = new.get(row[j], row[j])
        order = rng.permutation(len(rows))
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *(rows[i] for i in order)])
    return new


def test_a_case_renamed_and_shuffled_gives_the_same_outcomes(tmp_path):
    rng = np.random.default_rng(0)
    first = cases.load("machines_de")
    new = shuffled(first.path, tmp_path / "case", rng)
    second = cases.load(tmp_path / "case")

    def renamed(name):
        head, dot, tail = name.partition(".")
        return new.get(head, head) + dot + tail

    a, b = build(first, first.economy), build(second, second.economy)
    draws = rng.random((8, len(a.quantities)))
    column = {renamed(q.name): draws[:, j] for j, q in enumerate(a.quantities)}
    other = np.column_stack([column[q.name] for q in b.quantities])

    def lines(model, rename):
        keys = ["segment", "scope", "package", "partner", "start", "intensity"]
        frame = model.lines.assign(segment=model.lines["segment"].map(rename))
        return ["/".join(map(str, row)) for row in frame[keys].itertuples(index=False)]

    ours = lines(a, lambda s: new.get(s, s))
    place = {key: i for i, key in enumerate(lines(b, lambda s: s))}
    assert set(ours) == set(place)
    got, want = b(other, np.arange(len(b.lines))), a(draws, np.arange(len(a.lines)))
    at = [place[key] for key in ours]
    for name, values in want.scalars.items():
        np.testing.assert_allclose(got.scalars[name][at], values, rtol=1e-9, atol=1e-9)
