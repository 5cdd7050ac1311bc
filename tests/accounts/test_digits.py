"""Numbers from text: as Python rounds them, and the same table by the fast and the careful way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.accounts import digits, files
from kachisuji.words import InputError


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_as_python_writes_and_rounds(value):
    for text in (repr(value), f"{value:.6f}", f"{value:.12e}", f"{value:.3g}"):
        got = digits.parse(text)
        assert got is None or got == float(text)
    if value == 0 or 1e-40 < abs(value) < 1e40:
        short = digits.parse(repr(value))
        assert short is not None
        assert math.copysign(1, short) == math.copysign(1, value)


@given(st.integers(0, 10**19 - 1), st.integers(-60, 40))
def test_halfway_cases_and_long_significands(significand, power):
    text = f"{significand}e{power}"
    assert digits.parse(text) == float(text)


@given(st.integers(2**52, 2**53 - 1), st.integers(-40, 30))
def test_exactly_between_two_doubles(significand, shift):
    value = (2 * significand + 1) * 2**shift if shift >= 0 else None
    if value is not None and len(str(value)) <= 19:
        assert digits.parse(str(value)) == float(value)


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "e5", "1e", "1e+", "--1", "1.2.3", "1,2", "nan", "inf", "1_000", " 1", "0x1"],
)
def test_what_is_no_number_is_handed_back(text):
    assert digits.parse(text) is None


def test_what_is_too_long_is_handed_back():
    assert digits.parse("1" * 20) is None
    assert digits.parse("1e200") is None
    assert digits.parse("0.0000000000000000000001") == 1e-22


def text_of(cells, ending="\n", last=True):
    lines = ["r,s,a,b,c"] + [
        f"R{i},s{i}," + ",".join(map(repr, row)) for i, row in enumerate(cells)
    ]
    return (ending.join(lines) + (ending if last else "")).encode()


@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 9),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_fast_and_careful_agree(seed, rows, ending, last):
    rng = np.random.default_rng(seed)
    cells = (rng.normal(size=(rows, 3)) * 10.0 ** rng.integers(-8, 9, (rows, 3))).tolist()
    text = text_of(cells, ending, last)
    fast = digits.table(text, text.index(b"\n") + 1, 5, 2, ",", False)
    assert fast is not None
    np.testing.assert_array_equal(fast[1], cells)
    assert fast[0] == [[f"R{i}", f"s{i}"] for i in range(rows)]
    careful = files._careful(text, [["r", "s", "a", "b", "c"]], 2, ",", False, "t", "T")
    np.testing.assert_array_equal(careful.values, fast[1])
    assert careful.labels == fast[0]


SHAPES = ("{:.0f}", "{:.0f}.", "{:.1f}", "{:.4f}", "{:.7f}", "{:.8f}", "{:.9f}", "{!r}",
          "{:.3e}", "{:+.2f}")  # fmt: skip


# neither more digits nor other exponents than the fast reader takes: those it hands back
AMOUNTS = st.integers(-(10**18), 10**18).map(lambda billionths: billionths / 1e9)


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(SHAPES)), min_size=1, max_size=60))
def test_every_shape_of_a_number_in_a_long_table(cells):
    body = [form.format(value) for value, form in cells]
    body += [".5", "-.25", "-0", "0", "7.", "1234567", "12345678", "-1.123456789012345"]
    # the end of a file is read number by number, what lies far before it by words
    text = ("r," + ",".join(body) + "\n").encode() * 3
    got = digits.table(text, 0, len(body) + 1, 1, ",", False)
    assert got is not None
    want = np.array([[float(cell) for cell in body]] * 3)
    assert got[1].tobytes() == want.tobytes()


@pytest.mark.parametrize("wrong", ["", "-", ".", "1.2.3", "1x", "--1", "nan", "1 ", " 1", "1;2"])
def test_what_is_no_number_is_seen_far_before_the_end(wrong):
    text = f"r,1,{wrong},3\n".encode() + b"r,1,2,3\n" * 20
    assert digits.table(text, 0, 4, 1, ",", False) is None


def test_many_parts_make_one_table(monkeypatch):
    monkeypatch.setattr(digits, "_PART", 10)
    text = "".join(f"r{i},{i},{i}.5\n" for i in range(200)).encode()
    names, values = digits.table(text, 0, 3, 1, ",", False)
    assert [row[0] for row in names] == [f"r{i}" for i in range(200)]
    np.testing.assert_array_equal(values, [[i, i + 0.5] for i in range(200)])


@pytest.mark.parametrize(
    "body",
    [
        b"R,s,1,2\n",
        b"R,s,1,2,3,4\n",
        b'"R",s,1,2,3\n',
        b"R,s,1,x,3\n",
        b"R,s,1,,3\n",
        b"R,s,1,nan,3\n",
        b"R,s,1,2,3\nR,s\n",
        b"R\xff,s,1,2,3\n",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(body):
    text = b"r,s,a,b,c\n" + body
    assert digits.table(text, 10, 5, 2, ",", False) is None


def test_empty_cells_may_be_nil():
    text = b"r,s,a,b,c\nR,s,1,,\nR,t,,2,3"
    got = digits.table(text, 10, 5, 2, ",", True)
    np.testing.assert_array_equal(got[1], [[1, 0, 0], [0, 2, 3]])


def test_a_large_file_goes_the_fast_way_and_its_faults_are_still_named(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LARGE", 10)
    file = tmp_path / "t.csv"
    file.write_bytes(text_of([[1.0, 2.0, 3.0]] * 50))
    sheet = files.delimited(file, form="T", label_columns=2)
    assert sheet.values.shape == (50, 3)
    file.write_bytes(text_of([[1.0, 2.0, 3.0]] * 50).replace(b"R30,s30,1.0", b"R30,s30,1..0"))
    with pytest.raises(InputError) as caught:
        files.delimited(file, form="T", label_columns=2)
    assert (caught.value.row, caught.value.column) == (32, "a")
