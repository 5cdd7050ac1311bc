"""A small run made once, and copies of the template case to break."""

import shutil
from pathlib import Path

import pytest

from kachisuji.cases import resolve
from kachisuji.desk import pipeline
from kachisuji.desk.progress import Silent
from kachisuji.desk.stored import StoredRun

FUTURES = 32


@pytest.fixture(scope="session")
def small_run(tmp_path_factory) -> Path:
    """Return the run folder of the template case, made with few futures and resamples."""
    before = pipeline.RESAMPLES
    pipeline.RESAMPLES = 3
    try:
        out = tmp_path_factory.mktemp("runs") / "small"
        options = pipeline.Options(futures=FUTURES, seed=0, workers=1)
        return pipeline.run_case("template", out, options, Silent(), "ja").folder
    finally:
        pipeline.RESAMPLES = before


@pytest.fixture
def few_resamples(monkeypatch):
    """Make resampling as short as in ``small_run``."""
    monkeypatch.setattr(pipeline, "RESAMPLES", 3)


@pytest.fixture
def run_copy(small_run, tmp_path) -> Path:
    """Return a copy of the small run that a test may spoil."""
    return Path(shutil.copytree(small_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def stored(small_run) -> StoredRun:
    """Return the small run as the report reads it."""
    return StoredRun.open(small_run)


@pytest.fixture
def case_copy(tmp_path) -> Path:
    """Return a copy of the template case that a test may spoil."""
    return Path(shutil.copytree(resolve("template"), tmp_path / "case"))
