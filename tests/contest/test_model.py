"""A whole case through the model: a second route, same bits, refusals."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plain import plain_path
from worlds import make_world

from kachisuji import cases, contest
from kachisuji.contest import symbols as sym
from kachisuji.contest.kernel import look, play, play_line, scratch, set_levers
from kachisuji.contest.symbols import PATHS, SCALARS
from kachisuji.structure import capped_output, leontief
from kachisuji.words import InputError


@pytest.fixture(scope="module")
def model():
    case = cases.load("template")
    return contest.build(case, case.economy)


@pytest.fixture(scope="module")
def draws(model):
    return np.random.default_rng(0).random((16, len(model.quantities)))


def test_quantities_are_named_once_and_have_evidence(model):
    names = [q.name for q in model.quantities]
    assert len(set(names)) == len(names)
    for q in model.quantities:
        assert q.low < q.high
        assert q.evidence
        assert all(model.case.evidence[e] for e in q.evidence)


def test_every_line_every_measure_is_finite(model, draws):
    out = model(draws, np.arange(len(model.lines)))
    assert set(out.scalars) == set(SCALARS)
    assert set(out.paths) == set(PATHS)
    for name, values in out.scalars.items():
        assert values.shape == (len(model.lines), 16)
        assert np.isfinite(values).all(), name
    for name, values in out.paths.items():
        assert values.shape == (len(model.lines), 16, len(model.years))
        assert np.isfinite(values).all(), name


def test_nothing_comes_first_and_is_nothing(model, draws):
    assert list(model.lines["kind"][:2]) == ["nothing", "credit"]
    out = model(draws, np.array([0]))
    assert all((v == 0).all() for v in out.scalars.values())


def test_same_bits_in_one_thread_and_in_four(model, draws):
    rows = np.arange(len(model.lines))
    one = model(draws, rows)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda part: model(draws, part), np.array_split(rows, 9)))
    for name, values in one.scalars.items():
        np.testing.assert_array_equal(values, np.concatenate([p.scalars[name] for p in parts]))


def test_partners_played_together_or_each_by_itself_give_the_same_bits(model, draws):
    rows = np.flatnonzero(model.coded.partner >= 0)
    side_by_side = model(draws, rows)
    for order in (rows[::-1], np.roll(rows, 5)):
        other = model(draws, order)
        back = np.array([np.flatnonzero(order == r)[0] for r in rows])
        for name, values in side_by_side.scalars.items():
            np.testing.assert_array_equal(values, other.scalars[name][back])
    for k in range(min(6, rows.size)):
        alone = model(draws, rows[k : k + 1])
        for name, values in side_by_side.paths.items():
            np.testing.assert_array_equal(values[k], alone.paths[name][0])


def test_the_plain_route_agrees_on_every_line(model, draws):
    """Home sales and induced spending of every line, kernel against plain Python."""
    world, coded = model.prepare(draws), model.coded
    alone, joined = scratch(world), scratch(world)
    for n in np.flatnonzero(coded.kind == 1):
        for f in (0, 7):
            taken = play_line(world, coded, n, f, alone, joined)
            w = joined if taken else alone
            arena = int(2 * coded.segment[n] + coded.niche[n])
            hit = None
            if world.luck[coded.segment[n], f] < w.terms[3]:
                abroad = [m for m in range(world.size.shape[2]) if m != world.home_market]
                sold = world.share0[arena, f, world.home] * world.size[arena, f, :, 0]
                hit = max(abroad, key=lambda m, sold=sold: sold[m])
            partner = int(coded.partner[n]) if coded.partner[n] >= 0 else None
            world_n = world._replace(target=world.target[[coded.group[n]]])
            args = (int(coded.package[n]), int(coded.start[n]), float(coded.intensity[n]))
            want = plain_path(world_n, arena, f, *args, partner if taken else None, hit)
            np.testing.assert_allclose(w.sales.T, want[0], rtol=1e-9)
            np.testing.assert_allclose(w.price, want[1], rtol=1e-7, atol=1e-12)
            np.testing.assert_allclose(w.induced, want[2], rtol=1e-9)


def test_the_plain_route_agrees_with_every_lever_on():
    effect = {
        sym.LEVER_LEARNING_RATE: 0.02, sym.LEVER_KAPPA: -0.2, sym.LEVER_HANDOVER: 0.5,
        sym.LEVER_POOLING: 0.8, sym.LEVER_BARRIER: 0.05, sym.LEVER_ACCESS: 0.04,
        sym.LEVER_STANDARDS: 0.3, sym.LEVER_PROCUREMENT: 0.4, sym.LEVER_PRIVATE_INVESTMENT: 0.1,
        sym.LEVER_BIRTH: 2.0, sym.LEVER_LABOUR_SAVING: 0.1, sym.LEVER_QUALITY: 0.02,
        sym.LEVER_DUTY: 0.07,
    }  # fmt: skip
    world = make_world(
        [[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]], effect=effect, windfall=0.3, leverage=0.4,
        reaction=0.2, growth=[0.01, 0.04, -0.01], boost=(0.2, 0.15), market_growth=0.05, unborn=1,
        symbols={sym.NU: 0.3, sym.LAG: 2.4, sym.BIRTH: 2033.0, sym.CRAFT: 0.4},
        cross={sym.EXCHANGE: 1.15, sym.SATURATION_ADOPTION_EPSILON: 0.4,
               sym.SATURATION_ADOPTION_KAPPA: 0.3},
    )  # fmt: skip
    w = scratch(world)
    set_levers(world, 0, 0, 0, 2, 1.5, w)
    w.gain[:] = world.boost[0, 0]
    w.deal[:] = world.deal[0, 0]
    play(look(world, 0, 0, 0), w, 1, 1, 2)
    want = plain_path(world, 0, 0, 0, 2, 1.5, 1, 1)
    np.testing.assert_allclose(w.sales.T, want[0], rtol=1e-9)
    np.testing.assert_allclose(w.price, want[1], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(w.induced, want[2], rtol=1e-9)
    np.testing.assert_allclose(w.earned[1], want[3], rtol=1e-9)


EVERY_TERM = {
    sym.INNOVATION: 0.02, sym.ENTRY_SPEED: 0.4, sym.EXIT_SPEED: 0.2, sym.MARGIN_EROSION: 0.3,
    sym.REINVESTMENT: 0.8, sym.TRAINERS: 900.0, sym.FIXED_PART: 0.5, sym.NICHE_LEAK: 0.6,
    sym.NICHE_LEARNING: 0.8, sym.NICHE_CLOSENESS: 1.4, sym.NICHE_FIXED: 0.6, sym.NICHE_MARGIN: 1.5,
    sym.SCALE: 6.0, sym.CRAFT: 0.4, sym.NU: 0.3, sym.LAG: 1.6,
}  # fmt: skip
EVERY_LEVER = {
    sym.LEVER_HANDOVER: 0.9, sym.LEVER_POOLING: 0.8, sym.LEVER_STANDARDS: 0.3,
    sym.LEVER_COST: 0.03, sym.LEVER_CONSOLIDATION: 0.4, sym.LEVER_TRAINERS: 0.1,
    sym.LEVER_SITE: 0.7, sym.LEVER_COMMITMENT: 0.9, sym.LEVER_FOREIGN_STAKE: 0.1,
    sym.LEVER_OUTWARD: 0.2, sym.LEVER_ACCESS: 0.02,
}  # fmt: skip
TERMS = {
    sym.LEAK: 0.3, sym.TRUST: 0.4, sym.SITE_PART: 0.3, sym.SITE_SAVING: 0.4,
    sym.SITE_QUALITY: 0.1, sym.SITE_MAINTENANCE: 0.1, sym.CONTRACT_SHARE: 0.3,
}  # fmt: skip


@pytest.mark.parametrize("niche", [0, 1])
@pytest.mark.parametrize("partner", [None, 1])
def test_the_plain_route_agrees_with_every_new_term_on(niche, partner):
    world = make_world(
        [[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]], effect=EVERY_LEVER, windfall=0.2, leverage=0.4,
        reaction=0.2, boost=(0.2, 0.15), market_growth=0.05, symbols=EVERY_TERM, terms=TERMS,
        rules=(1.0, 0.0, 0.0, 1.0), gone=9,
        cross={sym.CAPTURE: 0.1, sym.VISION: 0.1, sym.VISION_TALENT: 0.02, sym.WITHDRAWAL: 0.4,
               sym.SATURATION_MARGIN: 0.4, sym.SATURATION_ADOPTION_KAPPA: 0.2},
    )  # fmt: skip
    world.closed[0, 0, 1], world.tax[0, 0, 1] = 6, 0.2
    world.pool[2] = 20.0
    w = scratch(world)
    set_levers(world, niche, 0, 0, 2, 1.2, w)
    if partner is not None:
        w.gain[:], w.deal[:], w.gone[0] = world.boost[0, 0], world.deal[0, 0], world.gone[0, 0]
    play(look(world, niche, 0, 0), w, -1 if partner is None else partner, -1, 2)
    want = plain_path(world, niche, 0, 0, 2, 1.2, partner)
    np.testing.assert_allclose(w.sales.T, want[0], rtol=1e-9)
    np.testing.assert_allclose(w.price, want[1], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(w.induced, want[2], rtol=1e-9)


def test_baseline_starts_at_the_observed_shares(model, draws):
    base = model.baseline(draws)
    for name in ("share", "sales", "market"):
        assert base[name].shape == (len(model.segments), 16, len(model.years) + 1)
    np.testing.assert_allclose(base["sales"], base["share"] * base["market"], rtol=1e-12)


def test_a_line_played_jointly_pays_for_the_labour_it_takes(model, draws):
    """Even one line moves wages and currency a little: never more sales, and not far fewer."""
    row = np.flatnonzero(model.lines["kind"] == "line")[:1]
    alone, joint = model(draws, row), model.joint(draws, row)
    lost = alone.scalars["sales_last"] - joint.scalars["sales_last"]
    whole = model.baseline(draws)["sales"][int(model.coded.segment[row[0]]), :, -1]
    assert (lost > 0).all()
    assert (lost < 0.2 * whole).all()
    np.testing.assert_allclose(joint.paths["money"], alone.paths["money"], rtol=1e-6)


def test_an_empty_portfolio_is_a_portfolio(model, draws):
    out = model.joint(draws, np.array([], dtype=np.int64))
    assert out.scalars["welfare"].sum() == 0


def test_draws_of_another_width_are_refused(model):
    with pytest.raises(InputError, match="uncertain quantities"):
        model(np.zeros((4, 3)), np.array([0]))


def test_losses_are_those_of_the_capped_table(model):
    """The slope in closed form against the fixed point of structure, at three depths."""
    economy = model.economy
    A = leontief(economy).A
    f = economy.x - A @ economy.x
    assert any(item.proxy for item in model.supply.items)
    for j, item in enumerate(model.supply.items):
        for r, region in enumerate(economy.regions):
            rows, own = [economy.row(region, s) for s in item.users], economy.rows(region)
            for z in (0.1, 0.5, 1.0):
                cap = economy.x.copy()
                cap[rows] *= 1.0 - item.essentiality * item.user_share * z
                left = capped_output(A, f, economy.x, cap, substitution=1.0)
                lost = left.lost_value_added(economy.v)[own].sum() / economy.value_added[own].sum()
                assert model.supply.loss[j, r] * z == pytest.approx(lost, rel=1e-7)
