"""Tables to take away hold no formula that a spreadsheet would run."""

import csv
import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.desk.web.exporting import as_csv, harmless

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)


@given(st.sampled_from("=+-@\t|%") | st.just(""), TEXT)
def test_no_cell_begins_a_formula(first, rest):
    cell = str(harmless(first + rest))
    try:
        float(cell)
    except ValueError:
        assert cell.lstrip()[:1] not in tuple("=+-@|%") or not cell.lstrip()


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_what_is_plain_comes_through_unchanged(values):
    table = pd.DataFrame({"a": values, "=b": range(len(values))})
    text = as_csv(table).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["a", "'=b"]
    assert [r[0] for r in rows[1:]] == [str(harmless(v)) for v in values]


def test_numbers_stay_numbers():
    assert harmless("-1.5e3") == "-1.5e3"
    assert harmless("-1+2") == "'-1+2"
    assert harmless(-2.5) == -2.5
