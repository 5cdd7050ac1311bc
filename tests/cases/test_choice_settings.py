"""``[choice]`` of case.toml: what it may ask, and every mistake in it with its place."""

import pytest

from kachisuji import cases


def with_choice(folder, text):
    file = folder.file("case.toml")
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    return file.read_text(encoding="utf-8").splitlines()


def test_what_is_asked_is_read(tiny_case):
    text = """
[choice]
carry_over = true
max_lines_per_partner = 2
partner_limits = { RIVAL = 0 }
[[choice.rules]]
kind = "needs"
segments = ["design"]
beside = ["parts"]
[[choice.balance]]
segments = ["parts"]
share = 0.3
"""
    with_choice(tiny_case, text)
    asked = cases.load(tiny_case.path).settings.choice
    assert (asked.carry_over, asked.max_lines_per_partner) == (True, 2)
    assert dict(asked.partner_limits) == {"RIVAL": 0}
    assert asked.rules[0].beside == ("parts",)
    assert asked.balance[0].share == 0.3


EXCLUDES = '\n[[choice.rules]]\nkind = "excludes"\n'
GOALS = '\n[choice]\nobjective = "goals"\n'
GOAL = '\n[[choice.goals]]\nmeasure = "{}"\n'
TOGETHER = '\n[[choice.together]]\nsegments = ["{}", "{}"]\nvalue = -2.5\nevidence = "{}"\n'
NEEDS = '\n[[choice.rules]]\nkind = "needs"\n'


@pytest.mark.parametrize(
    ("text", "key", "marked"),
    [
        (EXCLUDES + 'segments = ["parts", "desing"]', "cases.unknown_name", "desing"),
        (NEEDS + 'segments = ["parts"]\nbeside = ["desing"]', "cases.unknown_name", "desing"),
        (NEEDS + 'segments = ["parts"]', "cases.rule_needs", "segments"),
        (NEEDS + 'segments = ["parts"]\nbeside = ["parts"]', "cases.rule_needs", "segments"),
        (EXCLUDES + 'segments = ["parts"]', "cases.rule_excludes", "segments"),
        ("\n[choice]\npartner_limits = { RIVL = 1 }", "cases.unknown_name", "RIVL"),
        ("\n[choice]\npartner_limits = { HOME = 1 }", "cases.unknown_name", "partner_limits"),
        ("\n[choice]\nmax_lines_per_partner = -1", "cases.setting_bound", "max_lines"),
        ("\n[choice]\ncarry_ovr = true", "cases.setting_unknown", "carry_ovr"),
        (
            '\n[[choice.rules]]\nkind = "wants"\nsegments = ["parts"]',
            "cases.setting_choice",
            "kind",
        ),
        ('\n[choice]\nobjective = "goals"', "cases.goals_few", "goals"),
        (GOALS + GOAL.format("growth"), "cases.goals_few", "goals"),
        (GOALS + GOAL.format("growth") * 2, "cases.listed_twice", "growth"),
        (GOALS + GOAL.format("growht") + GOAL.format("cost"), "cases.setting_choice", "growht"),
        (GOAL.format("growth") + GOAL.format("cost"), "cases.goals_unused", "goals"),
        (TOGETHER.format("parts", "parts", "E00-001"), "cases.together_same", "parts"),
        (
            GOALS
            + GOAL.format("growth")
            + GOAL.format("cost")
            + TOGETHER.format("parts", "design", "E00-001"),
            "cases.together_unseen",
            "segments",
        ),
        (TOGETHER.format("parts", "desing", "E00-001"), "cases.unknown_name", "desing"),
        (TOGETHER.format("parts", "design", "E-no"), "cases.unknown_name", "E-no"),
        ('\n[[choice.balance]]\nsegments = ["parts"]\nshare = 3', "cases.setting_bound", "share"),
    ],
)
def test_a_mistake_is_named_with_its_place(tiny_case, text, key, marked):
    lines = with_choice(tiny_case, text)
    (problem,) = tiny_case.problems()
    assert problem.key == key
    assert marked in lines[problem.row - 1]
    assert all("{" not in problem.in_lang(lang).split("{ ")[0] for lang in ("en", "ja"))
