"""Measures that are read when asked for: the same numbers, and no more memory than allowed."""

import numpy as np
import pytest

from kachisuji import ensembles
from kachisuji.desk.measures import Measures, Part

LINES, FUTURES = 12, 8
SIZE = 8 * LINES * FUTURES


def toy(draws, lines):
    x = draws[None, :, 0] * (1 + lines[:, None])
    return {"gain": x, "cost": x**2, "power": -x}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    draws = np.random.default_rng(0).random((FUTURES, 2))
    return ensembles.run(toy, draws, np.arange(LINES), folder=tmp_path_factory.mktemp("run"))


def reads(outcome, monkeypatch):
    """Names read from the disk, in order."""
    told = []
    real = type(outcome).measure

    def measure(self, name):
        told.append(name)
        return real(self, name)

    monkeypatch.setattr(type(outcome), "measure", measure)
    return told


def test_they_are_what_lies_in_the_folder(outcome):
    measures = Measures(outcome)
    assert list(measures) == list(outcome.measures) == ["gain", "cost", "power"]
    assert len(measures) == 3
    for name, values in measures.items():
        np.testing.assert_array_equal(values, outcome.measure(name))
    with pytest.raises(KeyError):
        measures["glory"]
    with pytest.raises(ValueError, match="read-only"):
        measures["gain"][0, 0] = 1.0


@pytest.mark.parametrize(
    ("kept", "want"),
    [(3 * SIZE, ["gain", "cost", "power"]), (2 * SIZE, ["gain", "cost", "power", "cost"]),
     (0, ["gain", "cost", "gain", "power", "gain", "cost"])],
)  # fmt: skip
def test_what_was_used_last_is_kept_within_the_limit(outcome, monkeypatch, kept, want):
    told = reads(outcome, monkeypatch)
    measures = Measures(outcome, kept)
    for name in ("gain", "cost", "gain", "power", "gain", "cost"):
        measures[name]
    assert told == want


def test_a_part_reads_only_what_is_asked_for(outcome, monkeypatch):
    told = reads(outcome, monkeypatch)
    half = Part(Measures(outcome), np.s_[:, np.array([1, 5, 2])])
    assert told == []
    np.testing.assert_array_equal(half["cost"], outcome.measure("cost")[:, [1, 5, 2]])
    assert told == ["cost", "cost"]
    assert list(half) == ["gain", "cost", "power"]
    assert len(half) == 3
