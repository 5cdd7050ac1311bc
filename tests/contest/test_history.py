"""Past programmes: whole cases with sources, judged by rules that can fail."""

import shutil

import numpy as np
import pytest
from scipy.stats import spearmanr

from kachisuji import cases
from kachisuji.contest import ContestModel, build
from kachisuji.contest.history import Played, history, judged, naive, play_programme
from kachisuji.words import InputError


@pytest.fixture(scope="module")
def table():
    return history(futures=32)


def test_there_are_successes_and_failures(table):
    names = cases.past_programmes()
    assert len(names) >= 6
    assert set(table["programme"]) == set(names)
    assert {"success", "failure"} <= set(table["outcome"])
    assert np.isfinite(table[["p10", "p50", "p90", "odds"]]).all().all()


def test_every_finding_has_a_published_source(table):
    assert (table["source"] != "").all()
    assert table["address"].str.startswith("http").all()
    for name in cases.past_programmes():
        case, programme = cases.load_programme(name)
        for finding in programme.findings:
            assert case.evidence[finding.evidence].grade == "published"


def test_misses_are_told_and_hits_are_not_all(table):
    """A test that everything is right would be no test of history."""
    assert 0 < table["hit"].sum() < len(table)
    assert not table.query("programme == 'airbus' and kind == 'share'")["hit"].item()


def test_shares_are_those_of_the_line_and_of_none():
    case, _ = cases.load_programme("sematech")
    played = play_programme(case, futures=8)
    assert played.share.shape == played.base.shape == (8, len(case.settings.years))
    assert ((played.share > 0) & (played.share < 1)).all()
    assert (np.abs(played.share - played.base) < 0.01).all()


def test_draws_have_the_correlations_that_the_programme_states(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    shutil.copytree(cases.resolve("template").parent / "history" / "elpida", folder)
    case, _ = cases.load_programme(folder)
    model = build(case, case.economy)
    one, other = model.quantities[0], model.quantities[2]
    (folder / "correlations.csv").write_text(
        "quantity_a,quantity_b,rank_correlation,evidence\n"
        f"{one.name},{other.name},0.9,{one.evidence[0]}\n",
        encoding="utf-8",
    )
    seen = []
    prepare = ContestModel.prepare
    monkeypatch.setattr(
        ContestModel, "prepare", lambda self, draws: seen.append(draws) or prepare(self, draws)
    )
    play_programme(cases.load_programme(folder)[0], futures=64)
    assert spearmanr(seen[0][:, 0], seen[0][:, 2]).statistic > 0.7
    others = np.random.default_rng(0).random(seen[0].shape)[:, 1]
    np.testing.assert_array_equal(seen[0][:, 1], others)


def made(share, welfare):
    case, _ = cases.load_programme("elpida")
    years = len(case.settings.years)
    values = np.repeat(np.asarray(share, float)[:, None], years, axis=1)
    return Played(case, values, np.full_like(values, 0.1), np.asarray(welfare), *[np.ones(4)] * 3)


def finding(**given):
    said = {"statement_en": "x", "statement_ja": "x", "evidence": "E01-010"}
    return cases.Finding(**said, **given)


@pytest.mark.parametrize(
    ("given", "share", "welfare", "hit", "plain"),
    [
        ({"kind": "share", "year": 2011, "low": 0.3, "high": 0.4}, 0.35, 1, True, False),
        ({"kind": "share", "year": 2011, "low": 0.05, "high": 0.2}, 0.35, 1, False, True),
        ({"kind": "gain", "year": 2011, "low": 0.2, "high": 1.0}, 0.35, 1, True, False),
        ({"kind": "gain", "year": 2011, "low": -1.0, "high": 0.02}, 0.35, 1, False, True),
        ({"kind": "goal", "year": 2011, "low": 0.5, "high": 1.0}, 0.35, 1, True, True),
        ({"kind": "goal", "year": 2011, "low": 0.3, "high": 1.0}, 0.35, 1, False, True),
        ({"kind": "return", "sign": 1}, 0.35, 1, True, False),
        ({"kind": "return", "sign": -1}, 0.35, -1, True, True),
        ({"kind": "return", "sign": 0}, 0.35, 1, False, False),
    ],
)
def test_each_kind_is_judged_by_its_rule(given, share, welfare, hit, plain):
    played = made([share] * 4, [float(welfare)] * 4)
    assert judged(played, finding(**given))[-1] == hit
    assert naive(played, finding(**given)) == plain


def test_an_ambiguous_return_is_one_whose_sign_does_not_hold():
    played = made([0.1] * 4, [1.0, -1.0, 1.0, -1.0])
    assert judged(played, finding(kind="return", sign=0))[-1]


def test_mistakes_in_a_programme_are_named(tmp_path):
    source = cases.resolve("template").parent / "history" / "elpida"
    folder = tmp_path / "mine"
    shutil.copytree(source, folder)
    file = folder / "programme.toml"
    text = file.read_text(encoding="utf-8")
    for old, new, column in (
        ('evidence = "E01-010"', 'evidence = "E09-010"', "findings.0.evidence"),
        ("year = 2011", "year = 1911", "findings.0.year"),
        ('kind = "share"', 'kind = "shares"', "findings.0.kind"),
        ('success = "failure"', 'success = "flop"', "success"),
    ):
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(InputError) as caught:
            cases.load_programme(folder)
        assert caught.value.column.endswith(column)
        assert "programme.toml" in caught.value.in_lang("ja")
    file.unlink()
    with pytest.raises(InputError):
        cases.load_programme(folder)
    with pytest.raises(InputError, match="airbus"):
        cases.load_programme("nowhere")


def test_a_rule_is_divided_by_what_firms_spend_themselves():
    """The ban on computers costs the treasury next to nothing; the share of it says nothing."""
    ban = play_programme(cases.load_programme("brazil_informatics")[0], futures=16)
    aid = play_programme(cases.load_programme("elpida")[0], futures=16)
    assert ban.rule
    assert not aid.rule
    assert ban.per_money == pytest.approx(ban.welfare.mean() / ban.own_spending.mean())
    assert aid.per_money == pytest.approx(aid.welfare.mean() / aid.public_cost.mean())
    assert ban.own_spending.mean() > 10 * ban.public_cost.mean()
