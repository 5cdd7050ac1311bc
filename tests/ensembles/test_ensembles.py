"""Designs and the runner: laws of the designs, same bits, errors named."""

from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji import ensembles
from kachisuji.ensembles.outcomes import statistics
from kachisuji.words import InputError, RunError


class Plain:
    """Outcomes of a model in plain numpy: a scalar and a path."""

    def __call__(self, draws, lines):
        value = lines[:, None] * draws[None, :, 0] + draws[None, :, 1]
        path = value[:, :, None] * np.arange(1, 4)

        scalars = {"value": value, "square": value**2}
        return SimpleNamespace(scalars=scalars, paths={"money": path})


@given(st.integers(1, 64), st.integers(1, 6), st.integers(0, 5))
def test_latin_hypercube_has_one_point_in_every_slice(n, d, seed):
    cube = ensembles.latin_hypercube(n, d, seed)
    for column in cube.T:
        assert sorted((column * n).astype(int)) == list(range(n))


@pytest.mark.parametrize("seed", [0, 1])
def test_sobol_is_balanced_and_repeats(seed):
    cube = ensembles.sobol(64, 5, seed)
    np.testing.assert_array_equal(cube, ensembles.sobol(64, 5, seed))
    for column in cube.T:
        assert sorted((column * 64).astype(int)) == list(range(64))


def test_seeds_differ_and_zero_is_one_of_them():
    assert (ensembles.sobol(8, 2, 0) != ensembles.sobol(8, 2, 1)).any()
    assert (ensembles.latin_hypercube(8, 2, 0) != ensembles.latin_hypercube(8, 2, 1)).any()


@pytest.mark.parametrize("n", [3, 100, 0])
def test_sobol_wants_powers_of_two(n):
    with pytest.raises(InputError):
        ensembles.sobol(n, 2, 0)


@pytest.mark.parametrize(
    ("workers", "chunk", "executor"),
    [(1, None, "threads"), (2, 3, "threads"), (4, 1, "threads"), (2, 4, "processes")],
)
def test_same_bits_whatever_the_workers(tmp_path, workers, chunk, executor):
    draws, lines = ensembles.sobol(16, 2, 0), np.arange(10)
    seen = []
    table = ensembles.run(
        Plain(), draws, lines, folder=tmp_path / "a", workers=workers, chunk=chunk,
        executor=executor, progress=seen.append,
    )  # fmt: skip
    want = (lines[:, None] * draws[None, :, 0] + draws[None, :, 1]).astype(np.float32)
    np.testing.assert_array_equal(table.measure("value"), want)
    assert table.measures == ("value", "square")
    assert sum(seen) == 10
    paths = pq.read_table(tmp_path / "a" / "paths.parquet").to_pandas()
    assert len(paths) == 10 * 3
    line4 = paths.query("line == 4 and year == 2")["mean"].item()
    exact = (4 * draws[:, 0] + draws[:, 1]) * 3
    assert line4 == pytest.approx(exact.mean(), rel=1e-12)


def test_statistics_are_those_of_the_sorted_values():
    values = np.random.default_rng(0).normal(size=(3, 101, 2))
    found = statistics(values)
    ordered = np.sort(values, axis=1)
    np.testing.assert_array_equal(found["p10"], ordered[:, 10])
    np.testing.assert_array_equal(found["p50"], np.median(values, axis=1))
    np.testing.assert_allclose(found["sd"], values.std(axis=1))


def bad(kind):
    def model(draws, lines):
        value = np.ones((lines.size, draws.shape[0]))
        if kind == "raises" and 5 in lines:
            raise ValueError("no such thing")
        if kind == "nan" and 5 in lines:
            value[list(lines).index(5), 3] = np.nan
        return {"value": value[:, :-1] if kind == "shape" else value}

    return model


@pytest.mark.parametrize(
    ("kind", "word"),
    [("raises", "no such thing"), ("nan", "line 5 in future 3"), ("shape", "shape")],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_model_does_wrong_is_named(tmp_path, kind, word, workers):
    draws = ensembles.sobol(8, 1, 0)
    with pytest.raises(RunError, match=word):
        ensembles.run(bad(kind), draws, np.arange(8), folder=tmp_path, workers=workers, chunk=2)
    assert not (tmp_path / "paths.parquet").exists()


def test_an_interruption_leaves_whole_parts_only(tmp_path):
    def model(draws, lines):
        if 4 in lines:
            raise KeyboardInterrupt
        return {"value": np.ones((lines.size, draws.shape[0]))}

    with pytest.raises(KeyboardInterrupt):
        ensembles.run(
            model, ensembles.sobol(4, 1, 0), np.arange(8), folder=tmp_path, workers=2, chunk=2
        )
    for part in (tmp_path / "outcomes").iterdir():
        assert part.name.startswith("part-")
        pq.read_table(part)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "a"
    file.write_text("not a folder")
    with pytest.raises(RunError, match="cannot be written"):
        ensembles.run(bad(""), ensembles.sobol(4, 1, 0), np.arange(2), folder=file)
