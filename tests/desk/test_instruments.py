"""``kachisuji instruments`` and ``marginal``: both languages, JSON, files whole or not at all."""

import json
import re

import pandas as pd
import pytest

from kachisuji.contest.symbols import LEVERS
from kachisuji.desk.cli import main
from kachisuji.desk.instruments.heatmap import tint
from kachisuji.desk.instruments.listing import effect_told

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    got = capsys.readouterr()
    return left.value.code, got.out, got.err


def test_the_list_is_told_in_both_languages_and_as_json(capsys):
    code, english, _ = told(capsys, "instruments", "--lang", "en")
    assert code == 0
    assert not JAPANESE.search(english)
    code, japanese, _ = told(capsys, "instruments", "--lang", "ja")
    assert "実験場" in japanese
    code, out, _ = told(capsys, "instruments", "japan17", "--json")
    rows = {r["instrument"]: r for r in json.loads(out)}
    assert len(rows) >= 25
    assert {e["business"] for e in rows["patient_capital"]["finance_fit"]} >= {"venture"}
    assert rows["merger_easing"]["interactions"]
    assert all(r["evidence"] and r["grade"] for r in rows.values())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marginal")
    html, csv = folder / "m.html", folder / "m.csv"
    with pytest.raises(SystemExit) as left:
        main(["marginal", "template", "--futures", "16", "--html", str(html), "--csv", str(csv)])
    assert left.value.code == 0
    return html, csv


def test_the_page_is_whole_speaks_both_languages_and_loads_nothing(files):
    text = files[0].read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert not re.search(r"@import|url\(|fetch\(|<link|src=", text)
    assert text.count("<table") == text.count("<caption") >= 4
    assert text.count("<th") > 20
    assert "政策手段は1単位で何をもたらすか" in text
    assert "What each unit of money in each instrument buys" in text
    assert not re.search(r">\s*(nan|None|inf)\s*<", text)


def test_the_tables_hold_all_of_it(files):
    table = pd.read_csv(files[1], keep_default_na=False)
    assert {"welfare", "value_added", "indispensability", "digital_balance"} == set(
        table["measure"]
    )
    pairs = pd.read_csv(files[1].with_name("m-pairs.csv"), keep_default_na=False)
    assert {"synergy", "significant", "declared"} <= set(pairs.columns)


def test_one_segment_as_json(capsys):
    code, out, _ = told(
        capsys, "marginal", "template", "--segment", "parts", "--futures", "16", "--json"
    )
    assert code == 0
    assert {r["segment"] for r in json.loads(out)["table"]} == {"parts"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["marginal"], "CASE"),
        (["marginal", "nowhere"], "nowhere"),
        (["marginal", "template", "--futures", "8"], "--futures"),
        (["marginal", "template", "--seed", "-1"], "--seed"),
        (["marginal", "template", "--measure", "joy"], "--measure"),
        (["marginal", "template", "--segment", "bread", "--futures", "16"], "bread"),
        (["instruments", "nowhere"], "nowhere"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_mistakes_are_sentences(capsys, tmp_path, monkeypatch, arguments, said, lang):
    monkeypatch.chdir(tmp_path)
    code, out, err = told(capsys, *arguments, "--lang", lang)
    assert code == 2
    assert said in err
    assert ("直し方" if lang == "ja" else "How to mend it") in err
    assert "Traceback" not in out + err


def test_a_file_that_cannot_be_written_leaves_nothing(capsys, tmp_path):
    where = tmp_path / "no" / "m.html"
    code, _, err = told(capsys, "marginal", "template", "--futures", "16", "--html", where)
    assert code == 2
    assert "m.html" in err
    assert list(tmp_path.iterdir()) == []


def test_tints_follow_sign_and_size():
    assert tint(0.0, 1.0) == tint(0.01, 1.0) == tint(0.5, 0.0) == ""
    assert [tint(v, 1.0) for v in (0.1, 0.3, 0.9)] == ["up1", "up2", "up3"]
    assert tint(-0.9, 1.0) == "down3"


@pytest.mark.parametrize(("lang", "word"), [("en", "MISS"), ("ja", "不一致")])
def test_history_tells_hits_and_misses(capsys, lang, word):
    code, out, _ = told(capsys, "history", "airbus", "--futures", "16", "--lang", lang)
    assert code == 0
    assert word in out
    assert bool(JAPANESE.search(out)) == (lang == "ja")
    code, out, _ = told(capsys, "history", "airbus", "--futures", "16", "--json")
    assert {r["kind"] for r in json.loads(out)} >= {"share", "return"}
    code, _, err = told(capsys, "history", "nowhere", "--lang", lang)
    assert code == 2
    assert "airbus" in err


def test_effects_are_told_in_their_unit():
    assert effect_told("cost", [-0.046, -0.01, 0.0], "en") == "Unit cost: +1% (0% to +4.6%)"
    assert effect_told("cost", [0.0, 0.008, 0.015], "ja") == "単位費用：−0.8%（−1.5%～0%）"
    assert "+1 (+0.3 to +2.5) points" in effect_told("learning_rate", [0.003, 0.01, 0.025], "en")
    assert "0.4 (0.1 to 1) years" in effect_told("birth", [0.1, 0.4, 1.0], "en")
    assert "40% (0% to 100%)" in effect_told("handover", [0.0, 0.4, 1.0], "en")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_lever_has_its_unit_in_words(lang):
    told_of = {lever: effect_told(lever, [0.1, 0.1, 0.1], lang) for lever in LEVERS}
    assert len(set(told_of.values())) == len(LEVERS)
    assert not any("{" in text for text in told_of.values())


def test_one_year_is_one_year_and_evidence_is_in_the_language_asked_for(capsys):
    _, out, _ = told(capsys, "instruments", "--lang", "en")
    assert "1 years" not in out
    _, out, _ = told(capsys, "instruments", "--lang", "ja")
    evidence = [line for line in out.splitlines() if line.strip().startswith("根拠")]
    assert len(evidence) >= 25
    assert all(JAPANESE.search(line) for line in evidence)


def test_a_gain_of_share_is_told_in_points(capsys):
    _, out, _ = told(capsys, "history", "korea_hci", "--futures", "16", "--lang", "en")
    assert re.search(r"\+0\.\d+ points of share", out)
    _, out, _ = told(capsys, "history", "korea_hci", "--futures", "16", "--json")
    assert [r["year"] for r in json.loads(out)] == [1990, None]


@pytest.mark.parametrize(("lang", "unit"), [("en", "trillion"), ("ja", "兆円")])
def test_power_is_told_for_each_sum_of_money_that_is_named(capsys, lang, unit):
    code, out, _ = told(
        capsys, "marginal", "template", "--segment", "parts", "--futures", "16", "--quiet",
        "--lang", lang, "--measure", "indispensability",
    )  # fmt: skip
    assert code == 0
    assert bool(JAPANESE.search(out)) == (lang == "ja")
    assert "1.00 units" not in out
    heads = [line for line in out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert heads
    assert all(("trillion" if lang == "en" else "兆円") in line or "×" in line for line in heads), (
        out
    )
