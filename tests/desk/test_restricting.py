"""What ``[choice]`` of a case asks is kept by the choice, the joint play and the report."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kachisuji.cases.settings import Choosing
from kachisuji.desk import pipeline
from kachisuji.desk.progress import Silent
from kachisuji.desk.restricting import keeps, under_settings
from kachisuji.desk.verifying import verify_run
from kachisuji.portfolios import Problem, choose

LINES = pd.DataFrame(
    {"segment": ["", "a", "b", "c"], "partner": ["", "X", "X", ""], "field": [0, 1, 2, 3]}
)


def problem(money=(1.0, 1.0, 1.0, 1.0), limit=(9.0, 9.0)):
    use = np.zeros((4, 1, 2))
    use[:, 0, 1] = money
    return Problem(
        value=np.array([[1.0], [4.0], [3.0], [2.0]]) * np.ones((4, 8)),
        segment=np.arange(4),
        field=LINES["field"].to_numpy(np.int64),
        use=use,
        sure=use,
        limits=np.array([limit]),
        items=("money",),
        years=(2026, 2027),
        max_fields=9,
        eligible=np.ones(4, dtype=bool),
        power=np.zeros(4),
    )


def chosen(asked, **how):
    return list(choose(under_settings(problem(**how), Choosing(**asked), LINES)).lines)


def test_nothing_asked_changes_nothing():
    plain = problem()
    same = under_settings(plain, Choosing(), LINES)
    assert same.rules == ()
    assert same.limits is plain.limits
    assert chosen({}) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "want"),
    [
        ({"max_lines_per_partner": 1}, [0, 1, 3]),
        ({"max_lines_per_partner": 2, "partner_limits": {"X": 0}}, [0, 3]),
        ({"rules": [{"kind": "excludes", "segments": ["a", "b", "c"]}]}, [0, 1]),
        (
            {
                "rules": [
                    {"kind": "needs", "segments": ["a", "b"], "beside": ["c"]},
                    {"kind": "excludes", "segments": ["b", "c"]},
                ]
            },
            [0, 1, 3],
        ),
        ({"balance": [{"segments": ["c"], "share": 0.4}]}, [0, 1, 3]),
    ],
)
def test_each_rule_binds(asked, want):
    assert chosen(asked) == want


def test_money_is_carried_over_only_when_asked():
    assert chosen({}, limit=(2.0, 2.0)) == [1, 2]
    assert chosen({"carry_over": True}, limit=(2.0, 2.0)) == [0, 1, 2, 3]


def test_a_portfolio_that_breaks_a_rule_is_told_apart():
    asked = Choosing(rules=[{"kind": "needs", "segments": ["a"], "beside": ["c"]}])
    held = under_settings(problem(), asked, LINES)
    assert keeps(held, np.array([1, 3]))
    assert not keeps(held, np.array([1, 2]))


@pytest.mark.slow
def test_a_run_keeps_and_tells_the_rules_and_verifies(rich_run, tmp_path, few_resamples):
    case = Path(shutil.copytree(rich_run / "case", tmp_path / "case"))
    text = (case / "case.toml").read_text(encoding="utf-8")
    asked = "\n[choice]\ncarry_over = true\nmax_lines_per_partner = 1\n"
    asked += '[[choice.rules]]\nkind = "excludes"\nsegments = ["parts", "design"]\n'
    (case / "case.toml").write_text(text + asked, encoding="utf-8")
    options = pipeline.Options(futures=32, seed=0, workers=1)
    run = pipeline.run_case(str(case), tmp_path / "run", options, Silent(), "en")
    held = [s for s in run.lines.loc[run.choice["lines"], "segment"] if s]
    assert len(held) <= 1
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert page.count("Asked by the case") == page.count("ケースの指定") == 3
    assert verify_run(run.folder, Silent()) == []
