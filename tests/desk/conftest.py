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


# changes to the template under which lines are chosen: strong grants, cheap money, many people
GENEROUS = (
    ("case.toml", "weight = 0.5", "weight = 0.0"),
    ("globals.csv", "public_funds,0.05,0.1,0.3", "public_funds,0,0.01,0.02"),
    ("instruments.csv", "0.1,0.3,0.5", "0.0,0.01,0.02"),
    ("effects.csv", "quality,0.005,0.02,0.05", "quality,0.1,0.2,0.3"),
    ("limits.csv", "1500,2500,4000", "15000,25000,40000"),
    ("limits.csv", "1350,2250,3600", "13500,22500,36000"),
    ("limits.csv", "2000,3500,6000", "20000,35000,60000"),
    ("limits.csv", "1800,3150,5400", "18000,31500,54000"),
    ("lines.toml", "credit_amounts = [50.0, 100.0]", "credit_amounts = [1.0]"),
)


@pytest.fixture(scope="session")
def rich_run(tmp_path_factory) -> Path:
    """Return the run folder of a case made generous, whose portfolio holds a line."""
    case = Path(shutil.copytree(resolve("template"), tmp_path_factory.mktemp("cases") / "rich"))
    for file, old, new in GENEROUS:
        text = (case / file).read_text(encoding="utf-8")
        assert old in text
        (case / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    before = pipeline.RESAMPLES
    pipeline.RESAMPLES = 3
    try:
        options = pipeline.Options(futures=FUTURES, seed=0, workers=1)
        return pipeline.run_case(str(case), case.parent / "run", options, Silent(), "ja").folder
    finally:
        pipeline.RESAMPLES = before
