"""The hindcast of share dynamics: nothing leaks, terms do as stated, scores agree by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from kachisuji.accounts import Economy, read
from kachisuji.contest import hindcast as hc
from kachisuji.contest import tipping_number
from kachisuji.contest.hindcast_fit import averaged, sample
from kachisuji.contest.hindcast_panel import extend
from kachisuji.contest.hindcast_scores import Scores
from kachisuji.contest.hindcast_terms import Fading, HomeSize, Learning, Level, Reinvestment, Trend
from kachisuji.words import InputError

pytestmark = pytest.mark.slow


def panel_of(share, first=1995, home=None, gdp=None):
    t, r, g = share.shape
    home = share if home is None else home
    return hc.Panel(
        years=tuple(range(first, first + t)),
        regions=tuple(f"r{i:02}" for i in range(r)),
        groups=tuple(f"s{i}" for i in range(g)),
        sectors=tuple(f"s{i}" for i in range(g)),
        share=share,
        total=np.ones((t, g)),
        home=home,
        home_part=np.full((t, r, g), 0.5),
        gdp=home.mean(axis=2) if gdp is None else gdp,
    )


def walk(rng, years=17, regions=20, groups=8, spread=0.05, momentum=0.0):
    """Shares whose logs follow a random walk with momentum, from unequal beginnings."""
    level = rng.normal(0, 1, (regions, groups))
    change = np.zeros((regions, groups))
    shares = []
    for _ in range(years):
        part = np.exp(level)
        shares.append(part / part.sum(axis=0))
        change = momentum * change + rng.normal(0, spread, (regions, groups))
        level = level + change
    return np.stack(shares)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(3)
    return panel_of(walk(rng, spread=0.1), home=walk(rng, spread=0.05))


# ---- shares out of tables -----------------------------------------------------------------


def little(year, factor=1.0):
    """Two regions, two sectors: sales that can be added up by hand."""
    Z = np.array([[1, 2, 3, 0], [0, 1, 0, 1], [2, 0, 4, 1], [1, 1, 0, 2]], dtype=float)
    Y = np.array([[10, 4], [5, 3 * factor], [6, 13], [0, 6]], dtype=float)
    return Economy(("A", "B"), ("s", "t"), ("f",), Z, Y, year)


def test_shares_by_hand():
    tables = [little(2000), little(2001, 2.0)]
    output = hc.panel_from(tables, ["s", "t"])
    # A sells s: 1 + 2 + 3 + 0 + 10 + 4 = 20; B sells s: 2 + 0 + 4 + 1 + 6 + 13 = 26
    assert output.share[0, :, 0] == pytest.approx([20 / 46, 26 / 46])
    # A uses s: home 1 + 2 + 10 = 13 and 2 + 0 + 6 = 8 from B
    assert output.home[0, 0, 0] == pytest.approx(21 / 46)
    assert output.home_part[0, 0, 0] == pytest.approx(13 / 20)
    # t of A abroad: 0 + 1 + 3 of B's use in 2000, 0 + 1 + 6 in 2001; of B: 1 + 1 + 0
    exports = hc.panel_from(tables, ["t"], of="exports")
    assert exports.share[:, 0, 0] == pytest.approx([4 / 6, 7 / 9])
    into_b = hc.panel_from(tables, ["s", "t"], of="exports", markets=["B"])
    assert into_b.groups == ("s>B", "t>B")
    assert into_b.share[0, 0] == pytest.approx([1.0, 1.0])  # nobody else sells there


def test_tables_of_years_with_a_hole_are_refused():
    with pytest.raises(InputError, match="2002 follows that of 2000"):
        hc.panel_from([little(2000), little(2002)], ["s"])
    with pytest.raises(InputError):
        hc.panel_from([little(2000)], ["nothing of the kind"])
    with pytest.raises(InputError):
        hc.panel_from([], ["s"])


# ---- nothing leaks ------------------------------------------------------------------------


def test_what_comes_after_the_start_changes_no_forecast(drawn):
    start = 2003
    cut = drawn.number(start) + 1
    rng = np.random.default_rng(9)
    other = dataclasses.replace(
        drawn,
        **{
            name: np.concatenate([old[:cut], rng.permuted(old[cut:], axis=1) ** 2])
            for name in ("share", "total", "home", "home_part", "gdp")
            for old in [getattr(drawn, name)]
        },
    )
    models = [hc.CONTEST, hc.Shrunk(hc.CONTEST, draws=20), *hc.BASELINES]
    for held_out in hc.HELD_OUT:
        run = {"start": start, "held_out": held_out, "parts": 3, "draws": 30}
        one, two = hc.hindcast(drawn, models, **run), hc.hindcast(other, models, **run)
        for name in one:
            assert np.array_equal(one[name].chance, two[name].chance), name
            assert np.array_equal(one[name].gain, two[name].gain), name
            assert not np.array_equal(one[name].final, two[name].final), name


def test_a_sector_held_out_is_not_estimated_on(drawn):
    past = drawn.until(2003)
    train = past.alive
    train[:, 2] = False
    share, home = past.share.copy(), past.home.copy()
    share[:, :, 2] = np.random.default_rng(0).dirichlet(np.ones(20), len(past.years))
    home[:, :, 2] = share[:, :, 2]
    other = dataclasses.replace(past, share=share, home=home)
    for model in (hc.CONTEST, *hc.BASELINES[1:4]):
        _, one = hc.forecast(past, model, train, 2, 4)
        _, two = hc.forecast(other, model, train, 2, 4)
        assert one.terms == two.terms
        assert np.array_equal(one.coef, two.coef)


def test_a_country_held_out_is_not_estimated_on(drawn):
    past = drawn.until(2003)
    train = past.alive
    train[4] = False
    home, gdp = past.home.copy(), past.gdp.copy()
    home[:, 4] *= np.linspace(1, 3, len(past.years))[:, None]
    gdp[:, 4] *= np.linspace(1, 3, len(past.years))
    other = dataclasses.replace(past, home=home, gdp=gdp)
    for model in (hc.CONTEST, *hc.BASELINES[1:4]):
        _, one = hc.forecast(past, model, train, 2, 4)
        _, two = hc.forecast(other, model, train, 2, 4)
        assert np.array_equal(one.coef, two.coef)
        assert extend(past, train, 3).damping == extend(other, train, 3).damping


@pytest.mark.parametrize("held_out", ["countries", "sectors"])
def test_folds_score_each_cell_once_and_never_where_trained(drawn, held_out):
    parts = hc.folds(drawn.until(2003), held_out, 4)
    tested = sum(f.test.astype(int) for f in parts)
    assert np.array_equal(tested, drawn.until(2003).alive)
    for fold in parts:
        assert not (fold.train & fold.test).any()
        axis = 1 if held_out == "countries" else 0
        assert not (fold.train.any(axis=axis) & fold.test.any(axis=axis)).any()


# ---- the terms ----------------------------------------------------------------------------


def pairs(years, lead):
    share = np.full((1, 2, 1), 0.5)
    ahead = extend(panel_of(np.repeat(share, 3, axis=0)), np.ones((2, 1), bool), years)
    burst = np.array([np.exp(lead), 1.0])[None, :, None]
    return share, burst / burst.sum(), ahead


def played(term, coef, years, lead=0.01):
    """Log lead by year of one of two identical rivals after one burst."""
    base, share, ahead = pairs(years, lead)
    see = term.track(ahead)
    see(base, 0)
    leads = []
    for i in range(1, years):
        leads.append(float(np.log(share[0, 0, 0] / share[0, 1, 0])))
        share = share * np.exp(coef * see(share, i))
        share = share / share.sum(axis=1, keepdims=True)
    return np.array(leads)


@pytest.mark.parametrize("speed", [0.3, 1.0])
def test_a_burst_ends_at_its_multiple_below_the_tipping_number(speed):
    # a lasting advantage x ends at x / (1 − R): the installed base, and capital that follows it
    leads = played(Reinvestment(speed), 0.6, 200)
    assert leads[-1] == pytest.approx(0.01 / (1 - 0.6), rel=2e-2)
    above = played(Reinvestment(speed), 1.3, 200)
    assert above[-1] > 5.0  # one winner


def test_learning_is_wrights_law_and_leaks():
    share, burst, ahead = pairs(5, 0.5)
    closed, leaky, shared = (Learning(k, experience=4.0).track(ahead) for k in (0.0, 0.3, 1.0))
    for see in (closed, leaky, shared):
        assert np.array_equal(see(share, 0), np.zeros((1, 2, 1)))
    own = closed(burst, 1)[0, :, 0]
    assert own == pytest.approx(np.log((4 * 0.5 + burst[0, :, 0]) / (4 * 0.5)))
    part = leaky(burst, 1)[0, :, 0]
    everyone = shared(burst, 1)[0, :, 0]
    assert everyone[0] == pytest.approx(everyone[1])
    assert 0 < part[0] - part[1] < own[0] - own[1]


def test_fading_and_trend_by_hand():
    share = np.array([[0.2, 0.8], [0.4, 0.6], [0.5, 0.5]])[:, None, :, None]
    ahead = extend(panel_of(share[:, 0]), np.ones((2, 1), bool), 1)
    fade, trend, pull = Fading().track(ahead), Trend(0.25).track(ahead), HomeSize().track(ahead)
    seen = [(fade(s, i), trend(s, i), pull(s, i)) for i, s in enumerate(share)]
    logs = np.log([0.2, 0.4, 0.5])
    assert seen[2][0][0, 0, 0] == pytest.approx(logs[2] - logs.mean())
    first, second = np.diff(logs)
    assert seen[2][1][0, 0, 0] == pytest.approx(0.75 * first + 0.25 * second)
    assert seen[2][2] == pytest.approx(np.zeros((1, 2, 1)))  # home market as large as the share


def test_growth_known_at_the_start_dies_out(drawn):
    past = drawn.until(2003)
    ahead = extend(past, past.alive, 8)
    assert 0 <= ahead.damping <= 1
    known = ahead.home_growth[len(past.years) - 1]
    for k in range(8):
        later = ahead.home_growth[len(past.years) + k]
        assert later == pytest.approx(known * ahead.damping ** (k + 1))


# ---- estimating ---------------------------------------------------------------------------


def test_momentum_is_found_again():
    rng = np.random.default_rng(11)
    panel = panel_of(walk(rng, years=30, regions=30, groups=10, momentum=0.5))
    _, fit = hc.forecast(panel, hc.Linear("trend", ((Trend(1.0),),)), panel.alive, 1, 2)
    assert fit.coef[0] == pytest.approx(0.5, abs=0.03)
    low, high = np.quantile(fit.coefs[:, 0], [0.005, 0.995])
    assert low < 0.5 < high
    _, none = hc.forecast(panel, hc.Linear("level", ((Level(),),)), panel.alive, 1, 2)
    assert none.coef[0] == pytest.approx(0.0, abs=0.01)


def test_form_with_the_least_squares_is_kept_and_bounds_hold():
    rng = np.random.default_rng(12)
    panel = panel_of(walk(rng, years=30, regions=30, groups=10, momentum=-0.5))
    trends = hc.Linear("trend", ((Trend(0.2), Trend(1.0)),))
    _, fit = hc.forecast(panel, trends, panel.alive, 1, 2)
    assert 0.0 <= fit.coef[0] < 1e-6  # what turns round is not called a trend
    free = dataclasses.replace(panel, share=walk(rng, 30, 30, 10, momentum=0.6))
    _, fit = hc.forecast(free, trends, free.alive, 1, 2)
    assert fit.terms == (Trend(1.0),)


@settings(max_examples=10)
@given(st.permutations(range(12)))
def test_relabelling_countries_changes_no_estimate(order):
    rng = np.random.default_rng(5)
    panel = panel_of(walk(rng, years=9, regions=12, groups=5), home=walk(rng, 9, 12, 5))
    order = list(order)
    other = dataclasses.replace(
        panel, share=panel.share[:, order], home=panel.home[:, order], gdp=panel.gdp[:, order]
    )
    _, one = hc.forecast(panel, hc.CONTEST, panel.alive, 1, 2)
    _, two = hc.forecast(other, hc.CONTEST, other.alive, 1, 2)
    assert one.terms == two.terms
    assert one.coef == pytest.approx(two.coef, abs=1e-6)


def test_mean_changes_over_a_span():
    rng = np.random.default_rng(2)
    panel = panel_of(walk(rng, years=8))
    yearly = sample(panel, panel.alive)
    three = averaged(yearly, 3)
    assert three.change.shape[0] == 4
    log = np.log(panel.share)
    raw = (log[4] - log[1]) / 3
    assert three.change[0] == pytest.approx(dataclasses.replace(three).within(raw[None])[0])
    assert averaged(yearly, 1).change == pytest.approx(yearly.change)
    assert averaged(yearly, 99).change.shape[0] == 1  # as long as there are years


def test_tipping_number_is_the_contests(drawn):
    past = drawn.until(2003)
    _, fit = hc.forecast(past, hc.CONTEST, past.alive, 1, 2)
    learning, capital = fit.terms[0], fit.terms[1]
    assert isinstance(learning, Learning)
    assert isinstance(capital, Reinvestment)
    share = past.share[-1]
    for g in range(share.shape[1]):
        rivals = round(1 / (share[:, g] ** 2).sum())
        # learning rate of one half: b = 1, so that ε stands for ε b
        want = tipping_number(fit.coef[0], 0.5, learning.kappa, 0.0, 1.0, fit.coef[1], rivals)
        assert fit.tipping(share)[0, g] == pytest.approx(float(want))


# ---- running ahead ------------------------------------------------------------------------


def test_simulated_shares_add_to_one_and_same_seed_same_bits(drawn):
    past = drawn.until(2003)
    for model in (hc.CONTEST, *hc.BASELINES):
        paths, _ = hc.forecast(past, model, past.alive, 5, 20, seed=0)
        again, _ = hc.forecast(past, model, past.alive, 5, 20, seed=0)
        assert paths.shape == (20, 5, 20, 8)
        assert paths.sum(axis=2) == pytest.approx(np.ones((20, 5, 8)))
        assert np.array_equal(paths, again)
        other, _ = hc.forecast(past, model, past.alive, 5, 20, seed=1)
        assert not np.array_equal(paths, other)


def test_a_country_without_a_sector_stays_without_it(drawn):
    share = drawn.share.copy()
    share[:, 3, 1] = 0.0
    share /= share.sum(axis=1, keepdims=True)
    past = dataclasses.replace(drawn, share=share).until(2003)
    for model in (hc.CONTEST, *hc.BASELINES):
        paths, _ = hc.forecast(past, model, past.alive, 4, 10)
        assert (paths[:, :, 3, 1] == 0.0).all()


@pytest.mark.parametrize("held_out", ["nothing", "countries", "sectors"])
def test_bands_hold_what_they_say_where_the_model_is_true(held_out):
    rng = np.random.default_rng(21)
    inside = []
    for seed in range(12):
        panel = panel_of(walk(rng, regions=30, groups=10, spread=0.1))
        run = {"start": 2003, "held_out": held_out, "draws": 200, "seed": seed, "parts": 3}
        scores = hc.hindcast(panel, [hc.BASELINES[0]], **run)
        inside.append(scores["no change"].coverage())
    # the spread between panels is 0.04 for the narrowest band
    assert np.mean(inside, axis=0) == pytest.approx(hc.BANDS, abs=0.035)


def test_where_momentum_is_true_the_trend_beats_no_change():
    rng = np.random.default_rng(22)
    panel = panel_of(walk(rng, regions=40, groups=20, spread=0.05, momentum=0.7))
    models = [hc.BASELINES[0], hc.BASELINES[2]]
    scores = hc.hindcast(panel, models, start=2003, held_out="countries", draws=200)
    gap = hc.difference(scores["damped trend"].log, scores["no change"].log, rng)
    assert gap[2] < 0


def test_shrunk_to_nothing_is_no_change_and_to_one_the_model():
    rng = np.random.default_rng(23)
    panel = panel_of(walk(rng, years=9, regions=30, groups=10, spread=0.1))
    wild = hc.Linear("wild", ((Fading(),),))
    for factor, same in ((0.0, hc.BASELINES[0]), (1.0, wild)):
        shrunk = hc.Shrunk(wild, factors=(factor,), draws=10)
        paths, _ = hc.forecast(panel, shrunk, panel.alive, 3, 20)
        want, _ = hc.forecast(panel, same, panel.alive, 3, 20)
        if factor == 0.0:  # the model's own resamples are drawn from another place of the stream
            assert paths == pytest.approx(want)
        else:
            assert np.median(paths, axis=0) == pytest.approx(np.median(want, axis=0), rel=0.05)


def test_shrinking_keeps_what_helps_inside_the_training_years():
    rng = np.random.default_rng(24)
    panel = panel_of(walk(rng, years=20, regions=40, groups=20, momentum=0.8))
    trend = hc.Linear("trend", ((Trend(1.0),),))
    _, kept = hc.forecast(panel, hc.Shrunk(trend, factors=(0.0, 1.0)), panel.alive, 1, 4)
    assert kept.coef[0] == pytest.approx(0.8, abs=0.05)


def test_country_effects_are_shrunk_and_unknown_where_held_out():
    rng = np.random.default_rng(25)
    truth = np.linspace(-0.05, 0.05, 30)
    # sizes that have nothing to do with growth: else the slope on size takes the effects
    log = rng.normal(0, 3, (30, 10)) + np.cumsum(
        rng.normal(truth[:, None], 0.05, (17, 30, 10)), axis=0
    )
    share = np.exp(log) / np.exp(log).sum(axis=1, keepdims=True)
    panel = panel_of(share)
    train = panel.alive
    train[[0, 29]] = False
    _, fit = hc.forecast(panel, hc.Effects(), train, 1, 2)
    assert fit.effect[[0, 29]].tolist() == [0.0, 0.0]
    assert fit.spread[0] > 3 * fit.spread[1] > 0
    known = slice(1, 29)
    assert np.corrcoef(fit.effect[known], truth[known])[0, 1] > 0.95
    # without shrinking the spread of the estimates is the truth's and the noise's together
    few = panel.until(1999)
    _, short = hc.forecast(few, hc.Effects(), few.alive, 1, 2)
    noisy = dataclasses.replace(few, share=walk(rng, 5, 30, 10, spread=0.1))
    _, nothing = hc.forecast(noisy, hc.Effects(), noisy.alive, 1, 2)
    assert nothing.effect.std() < 0.3 * short.effect.std()


# ---- scores -------------------------------------------------------------------------------


def test_crps_of_two_draws_by_hand_and_of_the_normal():
    # mean distance to 1 of {0, 3} is 1.5; the two draws differ by 3, half of it is 1.5
    assert hc.crps(np.array([[0.0], [3.0]]), np.array([1.0])) == pytest.approx([0.0])
    draws = norm.ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    for y in (-1.5, 0.0, 0.7):
        want = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
        assert hc.crps(draws, np.array([y]))[0] == pytest.approx(want, abs=2e-3)


def test_gainers_and_bands_by_hand():
    base = np.array([[0.10, 0.20, 0.30, 0.40]]).T
    observed = np.array([[0.12, 0.20, 0.315, 0.365]]).T[None]
    draws = np.empty((4, 1, 4, 1))
    draws[:, 0, 0, 0] = [0.10, 0.12, 0.13, 0.14]  # three of four gain a point: called, rightly
    draws[:, 0, 1, 0] = [0.22, 0.22, 0.23, 0.20]  # called, wrongly
    draws[:, 0, 2, 0] = [0.30, 0.30, 0.32, 0.30]  # one of four: missed
    draws[:, 0, 3, 0] = 0.4
    scores = Scores((4, 1))
    scores.add(draws, base, observed, np.ones((4, 1), bool))
    assert scores.detection() == (2, 2, 1)
    assert scores.brier() == pytest.approx((0.25**2 + 0.75**2 + 0.75**2 + 0.0) / 4)
    # ranked ¾ (with one that did not gain), then ¼: precision 1/2 and 2/3
    assert scores.average_precision() == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores.inside[:, 3, 0].tolist() == [0, 0, 0]
    assert scores.inside[:, 0, 0].tolist() == [1, 1, 1]
    assert scores.leaving([0]).detection() == (1, 1, 0)
    assert int(scores.leaving([0]).cells.sum()) == 3


def test_intervals_take_countries_whole():
    rng = np.random.default_rng(0)
    theirs = np.zeros((40, 14))
    ours = np.zeros((40, 14))
    ours[0] = -1.0  # one country in all its sectors
    mid, low, high = hc.difference(ours, theirs, rng)
    assert mid == pytest.approx(-1 / 40)
    assert low < mid < 0
    assert high == 0.0  # more than one resample in three has no such country
    ours[:] = -1.0
    assert hc.difference(ours, theirs, rng) == (-1.0, -1.0, -1.0)


# ---- mistakes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kwargs", "key"),
    [
        ({"start": 1990}, "contest.hindcast_year"),
        ({"start": 2011}, "contest.hindcast_year"),
        ({"start": 1996}, "contest.hindcast_years"),
        ({"start": 2003, "held_out": "planets"}, "contest.hindcast_held_out"),
        ({"start": 2003, "held_out": "sectors", "parts": 99}, "contest.hindcast_parts"),
        ({"start": 2003, "held_out": "sectors", "parts": 1}, "contest.hindcast_parts"),
    ],
)
def test_mistakes_are_named(drawn, kwargs, key):
    with pytest.raises(InputError) as caught:
        hc.hindcast(drawn, [hc.BASELINES[0]], **kwargs)
    assert caught.value.key == key
    assert caught.value.in_lang("ja") != caught.value.in_lang("en")


# ---- the tables ---------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.slow
def test_world_tables_give_the_shares_their_files_hold(full_data):
    import pandas as pd

    folder = full_data / "wiod13"
    years = range(1998, 2004)
    sectors = ["c14", "c15"]
    panel = hc.panel_from((read("wiod13", folder, year=y) for y in years), sectors)
    assert panel.share.sum(axis=1) == pytest.approx(np.ones((6, 2)))
    file = pd.read_parquet(folder / "wiot_2003.parquet", columns=["region", "sector", "output"])
    output = file[file.sector == "c14"].set_index("region").output
    # cells of the file are cut to whole millions, its output column is not: 1 part in 1000
    for region in ("CHN", "JPN", "USA", "DEU"):
        got = panel.share[-1, panel.regions.index(region), 0]
        assert got == pytest.approx(output[region] / output.sum(), rel=1e-3)
    scores = hc.hindcast(panel, [hc.CONTEST, *hc.BASELINES], start=2001, draws=50)
    for name, s in scores.items():
        assert s.cells.sum() > 70, name
        assert 0 < np.nanmean(s.final) < 1.0, name  # points of world output
