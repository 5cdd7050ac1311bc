"""Both languages at once: texts, numbers, drawings, and that no key is missing."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from kachisuji.desk.report.bilingual import (
    Both,
    Money,
    between,
    fixed,
    listed,
    markup,
    number,
    people,
    percent,
    plain,
    points,
    t,
    tidy,
    whole,
)
from kachisuji.desk.report.drawing import Plot, Scale, nice_step, spanning, stack, whisker
from kachisuji.words import InputError, entries
from kachisuji.words.language import language

DESK = Path(__file__).parents[2] / "src" / "kachisuji" / "desk"
TEXT = "\n".join(p.read_text(encoding="utf-8") for p in sorted(DESK.rglob("*.*[py2]")))


def test_both_languages_are_shown_and_escaped():
    text = Both("a < b", "a は b より小さい")
    assert str(markup(text)) == (
        '<span lang="en">a &lt; b</span><span lang="ja">a は b より小さい</span>'
    )
    assert str(escape(plain("<b>"))) == "&lt;b&gt;"
    with pytest.raises(TypeError):
        str(text)


def test_numbers_as_each_language_writes_them():
    yen = Money("JPY", 1e9)
    assert yen(1250) == Both("¥1.2 trillion", "1.2兆円")
    assert yen(-3.4) == Both("−¥3.4 billion", "−34億円")
    assert people(12345) == Both("12,300 people", "1.23万人")
    assert people(800) == Both("800 people", "800人")
    assert percent(0.123) == plain("12%")
    assert fixed(-0.0001, 2) == plain("0.00")
    assert points(0.0001).en == "below 0.0005"
    assert points(0.1234) == plain("0.12")
    assert whole(-1234.6) == plain("−1,235")
    assert number(float("nan")).ja == "数値なし"
    assert tidy(Both("10.0 people", "5.00万人")) == Both("10 people", "5万人")
    assert tidy(plain("1.50")) == plain("1.5")
    assert between(plain(1), plain(2)) == Both("1 to 2", "1～2")
    assert listed([plain("a"), plain("b")]) == Both("a, b", "a、b")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.booleans())
def test_scales_rise_and_their_ticks_lie_inside(low, width, root):
    scale = Scale(low, low + width, root)
    assert 0 == scale(low) <= scale(low + width / 3) <= scale(low + width) == 1
    for tick in scale.ticks():
        assert low - 1e-6 * width <= tick <= low + width * (1 + 1e-6)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_a_spanning_scale_holds_its_values(values):
    scale = spanning(values)
    assert all(scale.low <= v <= scale.high for v in [0.0, *values])


@given(st.floats(1e-9, 1e9))
def test_nice_steps_are_one_two_or_five(rough):
    step = nice_step(rough)
    assert step >= rough * (1 - 1e-6)
    assert f"{step:.0e}"[0] in "125"


def test_drawings_place_marks_in_percent_and_hide_what_the_table_says():
    plot = Plot(Scale(0, 10), Scale(0, 1), height=100)
    plot.dot(5, 0.25, "dot")
    plot.text(0, 0, Both("a&b", "ア"), "note")
    drawn = plot.svg("caption")
    assert 'cx="50.00%" cy="75.0"' in drawn
    assert 'aria-labelledby="caption"' in drawn
    assert "a&amp;b" in drawn
    assert 'lang="ja">ア</text>' in drawn
    assert 'aria-hidden="true"' in whisker(Scale(0, 1), 0.1, 0.2, 0.3)
    assert stack([(0.25, "a"), (0.75, "b")]).count("<rect") == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "want"),
    [
        ([], {}, "en"),
        (["run", "--lang", "ja"], {}, "ja"),
        (["--lang=ja"], {"KACHISUJI_LANG": "en"}, "ja"),
        ([], {"KACHISUJI_LANG": "ja", "LANG": "en_GB.UTF-8"}, "ja"),
        ([], {"LANG": "ja_JP.UTF-8"}, "ja"),
        ([], {"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
    ],
)
def test_the_language_asked_for(arguments, environment, want):
    assert language(arguments, environment) == want


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(["--lang", "fr"], {}), (["--lang"], {}), ([], {"KACHISUJI_LANG": "日本語"})],
)
def test_a_language_there_is_not(arguments, environment):
    with pytest.raises(InputError) as caught:
        language(arguments, environment)
    assert caught.value.key == "desk.bad_option"


def keys_in_code():
    return set(re.findall(r'"(desk\.[a-z0-9_]+)"', TEXT)) | set(
        re.findall(r"'(desk\.[a-z0-9_]+)'", TEXT)
    )


def test_every_text_of_the_desk_is_in_the_catalogue():
    assert keys_in_code() - set(entries()) == set()


def test_every_family_of_keys_has_members_and_no_text_is_unused():
    families = set(re.findall(r'f"(desk\.[a-z0-9_]+_|desk\.q)\{', TEXT))
    desk = {k for k in entries() if k.startswith("desk.")}
    for family in families:
        assert any(k.startswith(family) for k in desk), family
    used = keys_in_code() | {k for k in desk if any(k.startswith(f) for f in families)}
    assert desk - used == set()


def test_texts_take_values_in_their_own_language():
    assert t("desk.of", owner=Both("Ships", "船"), what=plain(1)) == Both("Ships: 1", "船：1")
