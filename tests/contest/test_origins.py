"""Origins of home's use: they take the place of world shares in what home is exposed to."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from worlds import make_lines, make_world, outcomes

from kachisuji import cases
from kachisuji.contest import power, quantities
from kachisuji.contest.build import contest_economy, origins, supply
from kachisuji.contest.value import power as kernel
from kachisuji.words import InputError

THREE = np.array([[0.3, 0.3], [0.4, 0.4], [0.3, 0.3]])


def with_origins(world, d):
    """The world with given parts ``d`` (F, R) of home's use; home is region 0."""
    made = d[:, 0]
    bought = d / (1.0 - made)[:, None]
    bought[:, 0] = 0.0
    return world._replace(origin=np.array([0]), bought=bought[None], made=made[None])


def by_hand(world, d, f, hat):
    """The operator for home as the dependent, word by word: d, q, z, loss, odds."""
    before = world.world_share0[0, 0]
    now = min(0.999, before * hat)
    others = (1.0 - now) / (1.0 - before)
    own = min(1.0, d[f, 0] * now / before)
    out = 0.0
    for r in range(1, d.shape[1]):
        use = d[f, r] / (1.0 - d[f, 0]) * others * (1.0 - own)
        q = min(1.0, world.cushion[0, f] / use) if use > 0 else 1.0
        out += world.withhold[f, r] * world.loss[0, 0] * use * (1.0 - q)
    return out


@pytest.mark.parametrize("hat", [0.5, 1.0, 1.7])
def test_the_kernel_reads_the_origins_of_each_future(hat):
    rng = np.random.default_rng(2)
    world = make_world(THREE, futures=4)
    d = rng.dirichlet([2.0, 5.0, 1.0], 4)
    given = with_origins(world, d)
    for f in range(4):
        needed, exposed, money = kernel(given, 0, f, hat)
        assert exposed == pytest.approx(by_hand(given, d, f, hat), rel=1e-12)
        plain = kernel(world, 0, f, hat)
        assert (needed, money) == (plain[0], plain[2])  # what others depend on is another matter


def test_origins_that_say_what_the_model_says_change_nothing():
    world = make_world(THREE, futures=3)
    same = world._replace(
        origin=np.array([0]), bought=np.tile(world.world_share0, (1, 3, 1)),
        made=np.tile(world.cover[:, :1], (1, 3)),
    )  # fmt: skip
    a, b = (outcomes(w, make_lines())[0]["exposure"] for w in (world, same))
    np.testing.assert_array_equal(a, b)
    uses = [power.home_uses(w._asdict(), 0, 0) for w in (world, same)]
    np.testing.assert_array_equal(*uses)


def test_more_from_one_holder_exposes_more_and_own_make_less():
    world = make_world(THREE, futures=1)

    def exposed(*d):
        return kernel(with_origins(world, np.array([d])), 0, 0, 1.0)[1]

    assert exposed(0.1, 0.8, 0.1) > exposed(0.1, 0.6, 0.3) > exposed(0.5, 0.3, 0.2)
    assert exposed(0.96, 0.02, 0.02) == 0.0  # all within the cushion


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The template with origins of its product, one of them in a range."""
    folder = tmp_path_factory.mktemp("origins") / "template"
    shutil.copytree(cases.resolve("template"), folder)
    case = cases.load(folder)
    product, known = case.tables["products"].iloc[0]["product"], next(iter(case.evidence))
    home, *others = case.competitors
    rows = [(home, 0.2, 0.2, 0.2), (others[0], 0.6, 0.7, 0.8), (others[1], 0.1, 0.1, 0.1)]
    text = "product,region,low,mode,high,evidence\n"
    text += "".join(f"{product},{r},{a},{m},{b},{known}\n" for r, a, m, b in rows)
    (folder / "origins.csv").write_text(text)
    return folder, product, home, others


def test_a_case_says_where_its_use_comes_from_and_its_range_is_drawn(answered):
    folder, product, home, others = answered
    case = cases.load(folder)
    named = {q.name: q for q in quantities.collect(case)}
    assert f"{product}.origin.{others[0]}" in named
    assert f"{product}.origin.{home}" not in named  # no range
    many = quantities.collect(case)
    cube = np.random.default_rng(0).uniform(size=(64, len(many)))
    economy = contest_economy(case, case.economy)
    known = supply(case, economy, list(case.competitors))
    row, bought, made = origins(case, quantities.Draws(many, cube), known.items)
    j = [i.name for i in known.items].index(product)
    assert row[j] == 0
    assert (np.delete(row, j) == -1).all()
    place = list(case.competitors).index(others[0])
    d = bought[0] * (1.0 - made[0])[:, None]
    np.testing.assert_allclose(d.sum(axis=1) + made[0], 1.0)
    assert 0.66 < d[:, place].min() < 0.7 < d[:, place].max() < 0.74
    assert np.ptp(made[0]) > 0


@pytest.mark.parametrize(
    ("old", "new", "key", "column"),
    [
        ("0.7,0.8", "0.6,0.8", "sum", "mode"),
        ("0.6,0.7,0.8", "0.8,0.7,0.8", "not_ordered", "low, mode, high"),
        ("0.6,0.7,0.8", "0.6,0.7,1.8", "above", "high"),
        ("RIVAL,", "MARS,", "unknown_name", "region"),
    ],
)
def test_mistakes_in_origins_are_named(answered, tmp_path, old, new, key, column):
    folder = tmp_path / "case"
    shutil.copytree(answered[0], folder)
    text = (folder / "origins.csv").read_text()
    assert old in text
    (folder / "origins.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as wrong:
        cases.load(folder)
    assert (wrong.value.key, wrong.value.column) == (f"cases.{key}", column)
    assert wrong.value.file.endswith("origins.csv")
