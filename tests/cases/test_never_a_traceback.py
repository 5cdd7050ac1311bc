"""Whatever is in the files: a case, or an error of the house; never a bare traceback."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kachisuji import cases
from kachisuji.words import InputError

NAMES = [*(f"{t}.csv" for t in cases.tables()), "case.toml", "lines.toml"]
odd = st.sampled_from(
    ["", "0", "-1", "1e400", "１２", "nan", '"', ";", "a;b", "true", "2030", "\t"]
)
cells = st.one_of(odd, st.text(max_size=8))


def load(folder):
    """Load; tell any error in both languages."""
    try:
        cases.load(folder)
    except InputError as error:
        told = [error.in_lang("en"), error.in_lang("ja")]
    else:
        told = ["fine"]
    assert all(told)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(cases.resolve("template"), tmp_path / "case")
    return tmp_path / "case"


quick = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@quick
@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_cell_of_anything(folder, name, data):
    file = folder / name
    before = file.read_bytes()
    lines = before.decode("utf-8").split("\n")
    row = data.draw(st.integers(0, len(lines) - 1))
    mark = "," if name.endswith(".csv") else "="
    parts = lines[row].split(mark)
    parts[data.draw(st.integers(0, len(parts) - 1))] = data.draw(cells)
    lines[row] = mark.join(parts)
    try:
        file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        load(folder)
    finally:
        file.write_bytes(before)


@quick
@given(name=st.sampled_from(NAMES), cut=st.floats(0, 1), tail=st.binary(max_size=6))
def test_a_file_cut_anywhere(folder, name, cut, tail):
    file = folder / name
    before = file.read_bytes()
    try:
        file.write_bytes(before[: int(cut * len(before))] + tail)
        load(folder)
    finally:
        file.write_bytes(before)


@quick
@given(content=st.binary(max_size=200), name=st.sampled_from(NAMES))
def test_a_file_of_any_bytes(folder, content, name):
    file = folder / name
    before = file.read_bytes()
    try:
        file.write_bytes(content)
        load(folder)
    finally:
        file.write_bytes(before)
