"""The shipped cases give what they gave when their golden results were written."""

import pandas as pd
import pytest

from kachisuji import cases
from kachisuji.contest.expected import expected_results


@pytest.mark.slow
@pytest.mark.parametrize("name", ["japan17", "machines_de", "template"])
def test_golden_results(name):
    """Another machine may differ in the last bits, not in the sixth digit."""
    case = cases.load(name)
    want = pd.read_csv(case.path / "expected" / "segments.csv", keep_default_na=True)
    got = expected_results(case)
    got["best_line"] = got["best_line"].replace("", float("nan"))
    pd.testing.assert_frame_equal(got, want, rtol=1e-6, check_dtype=False)
