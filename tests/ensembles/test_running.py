"""The runner: the same bits for anyone, whole files or none, clear words when a model fails."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kachisuji.ensembles import OutcomeTable, chunk_lines, latin_hypercube, run
from kachisuji.words import InputError, RunError

from . import models

LINES = np.array([7, 3, 11, 0, 5, 21, 8, 2, 13, 1, 34])
DRAWS = latin_hypercube(9, 3, 0)


def prints(folder):
    """Checksum of every file, by name."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_outcomes_come_back_as_the_model_gave_them(tmp_path):
    table = run(models.smooth, DRAWS, LINES, folder=tmp_path / "r", chunk=4)
    want = models.smooth(DRAWS, LINES)
    for again in (table, OutcomeTable.open(tmp_path / "r")):
        assert again.measures == ("growth", "power")
        assert again.futures == 9
        assert (again.lines == LINES).all()
        for name in again.measures:
            assert (again.measure(name) == want[name]).all()
    assert [p.name for p in table.parts] == [f"part-0000{k}.parquet" for k in range(3)]
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["outcomes", "paths.parquet"]


def test_path_summaries_are_those_of_pandas(tmp_path):
    table = run(models.Labelled(), DRAWS, LINES, folder=tmp_path, chunk=3, years=range(2026, 2031))
    paths = table.paths()
    assert list(paths) == ["line", "measure", "year", "mean", "p10", "p50", "p90", "sd"]
    money = models.smooth(DRAWS, LINES)["money"].astype(float)
    assert set(paths["year"]) == set(range(2026, 2031))
    for k, line in enumerate(LINES):
        own = paths[paths["line"] == line].sort_values("year")
        frame = pd.DataFrame(money[k])
        np.testing.assert_allclose(own["mean"], frame.mean(), atol=1e-12)
        np.testing.assert_allclose(own["sd"], frame.std(ddof=0), atol=1e-12)
        for name, q in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
            np.testing.assert_allclose(own[name], frame.quantile(q), atol=1e-12)
    plain = run(models.smooth, DRAWS, LINES, folder=tmp_path / "plain").paths()
    assert set(plain["year"]) == set(range(5))
    assert (table.path("money", "p90") == paths["p90"].to_numpy().reshape(len(LINES), -1)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("executor", "workers"), [("threads", 2), ("threads", 5), ("processes", 2)]
)
def test_the_same_bits_for_any_executor_and_number_of_workers(tmp_path, executor, workers):
    run(models.smooth, DRAWS, LINES, folder=tmp_path / "one", chunk=2)
    run(models.smooth, DRAWS, LINES, folder=tmp_path / "many", chunk=2, executor=executor,
        workers=workers)  # fmt: skip
    assert prints(tmp_path / "one") == prints(tmp_path / "many")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_same_bits_on_a_cluster(tmp_path):
    pytest.importorskip("distributed")
    run(models.smooth, DRAWS, LINES, folder=tmp_path / "one", chunk=2)
    run(models.smooth, DRAWS, LINES, folder=tmp_path / "many", chunk=2, executor="dask", workers=2)
    assert prints(tmp_path / "one") == prints(tmp_path / "many")
    bad = models.Bad("nan", 21, DRAWS[4, 0])
    with pytest.raises(RunError) as caught:
        run(bad, DRAWS, LINES, folder=tmp_path / "bad", chunk=3, workers=1, executor="dask")
    assert caught.value.key == "ensembles.not_finite"
    assert list((tmp_path / "bad").iterdir()) == []


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_said(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(RunError) as caught:
        run(models.smooth, DRAWS, LINES, folder=tmp_path, executor="dask",
            cluster="tcp://127.0.0.1:9")  # fmt: skip
    assert caught.value.key == "ensembles.no_cluster"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_workers_that_die_again_and_again_are_said(tmp_path, executor):
    pytest.importorskip("distributed")
    with pytest.raises(RunError) as caught:
        run(models.AlwaysDies(8), DRAWS, LINES, folder=tmp_path, chunk=4, workers=2,
            executor=executor)  # fmt: skip
    # a nanny of Dask's may give its worker up before the scheduler gives the chunk up
    gone = {"ensembles.workers_gone"} if executor == "dask" else set()
    assert caught.value.key in {"ensembles.workers_died", *gone}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_model_that_hangs_is_stopped(tmp_path, executor):
    with pytest.raises(RunError) as caught:
        run(models.Hangs(8), DRAWS, LINES, folder=tmp_path, chunk=2, workers=2,
            executor=executor, limit=8.0)  # fmt: skip
    assert caught.value.key == "ensembles.hangs"
    assert list(tmp_path.iterdir()) == []


def test_the_chunk_changes_the_parts_only(tmp_path):
    one = run(models.smooth, DRAWS, LINES, folder=tmp_path / "one", chunk=1)
    other = run(models.smooth, DRAWS, LINES, folder=tmp_path / "two", chunk=5)
    assert (one.measure("power") == other.measure("power")).all()
    assert one.paths().equals(other.paths())


def test_progress_counts_every_line_once(tmp_path):
    told = []
    run(models.smooth, DRAWS, LINES, folder=tmp_path, chunk=4, workers=2,
        progress=told.append)  # fmt: skip
    assert sorted(told) == [3, 4, 4]


def test_chunks_depend_on_the_task_and_are_bounded():
    assert chunk_lines(2000, 512) == 125
    assert chunk_lines(20_000, 512) == 128
    assert chunk_lines(3, 10**6) == 1


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ("raise", "ensembles.model_raised"),
        ("nan", "ensembles.not_finite"),
        ("inf", "ensembles.not_finite"),
        ("shape", "ensembles.wrong_shape"),
        ("name", "ensembles.measures_differ"),
    ],
)
@pytest.mark.parametrize(
    ("executor", "workers"),
    [("threads", 1), ("threads", 2), pytest.param("processes", 2, marks=pytest.mark.slow)],
)
def test_a_model_that_fails_is_named_and_nothing_is_left(tmp_path, how, key, executor, workers):
    model = models.Bad(how, line=21, mark=DRAWS[4, 0])
    with pytest.raises(RunError) as caught:
        run(model, DRAWS, LINES, folder=tmp_path / "r", chunk=3, workers=workers,
            executor=executor)  # fmt: skip
    assert caught.value.key == key
    if key in ("ensembles.model_raised", "ensembles.not_finite"):
        assert (caught.value.values["line"], caught.value.values["future"]) == (21, 4)
    assert list((tmp_path / "r").iterdir()) == []
    assert caught.value.in_lang("ja")


@pytest.mark.parametrize("answer", [None, [1.0], {}, {"money": np.zeros((2, 9, 4))}])
def test_an_answer_that_is_no_outcome_is_refused(tmp_path, answer):
    with pytest.raises(RunError):
        run(lambda draws, lines: answer, DRAWS, [0, 1], folder=tmp_path)


@pytest.mark.parametrize("name", ["line", "future"])
def test_a_measure_may_not_be_called_like_a_key(tmp_path, name):
    with pytest.raises(RunError) as caught:
        run(lambda draws, lines: {name: np.ones((2, len(draws)))}, DRAWS, [0, 1], folder=tmp_path)
    assert (caught.value.key, caught.value.column) == ("ensembles.kept_name", name)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_and_doubles_nothing(tmp_path):
    model = models.Dies(5, str(tmp_path / "flag"))
    run(models.smooth, DRAWS, LINES, folder=tmp_path / "one", chunk=2)
    run(model, DRAWS, LINES, folder=tmp_path / "two", chunk=2, workers=2, executor="processes")
    assert (tmp_path / "flag").exists()
    assert prints(tmp_path / "one") == prints(tmp_path / "two")


def test_a_worker_killed_while_it_writes_leaves_no_torn_file(tmp_path):
    def model(draws, lines):  # what a killed worker leaves behind
        (tmp_path / "r" / "outcomes" / ".part-00001.parquet.77.tmp").touch()
        return models.smooth(draws, lines)

    run(models.smooth, DRAWS, LINES, folder=tmp_path / "one", chunk=2)
    run(model, DRAWS, LINES, folder=tmp_path / "r", chunk=2)
    assert prints(tmp_path / "one") == prints(tmp_path / "r")


def test_a_run_that_is_interrupted_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(models.Stops(8), DRAWS, LINES, folder=tmp_path / "r", chunk=2)
    assert list((tmp_path / "r").iterdir()) == []


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    run(models.smooth, DRAWS, LINES, folder=tmp_path / "whole", chunk=2)
    kept = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        run(models.Stops(8), DRAWS, LINES, folder=kept, chunk=2, resume=True, stamp="m")
    assert len(list((kept / "outcomes").iterdir())) == 3
    # one part is damaged meanwhile: it is played again
    (kept / "outcomes" / "part-00001.parquet").write_bytes(b"PAR1")
    played = []

    def model(draws, lines):
        played.extend(lines)
        return models.smooth(draws, lines)

    told = []
    run(model, DRAWS, LINES, folder=kept, chunk=2, resume=True, stamp="m",
        progress=told.append)  # fmt: skip
    assert sorted(played) == sorted([*LINES[2:4], *LINES[6:]])
    assert told[0] == 4
    assert prints(tmp_path / "whole") == prints(kept)
    # a finished run is not played again
    played.clear()
    run(model, DRAWS, LINES, folder=kept, chunk=2, resume=True, stamp="m")
    assert played == []


@pytest.mark.parametrize("change", ["draws", "lines", "chunk", "stamp"])
def test_two_runs_are_never_mixed(tmp_path, change):
    with pytest.raises(KeyboardInterrupt):
        run(models.Stops(8), DRAWS, LINES, folder=tmp_path, chunk=2, resume=True, stamp="m")
    task = {"draws": DRAWS, "lines": LINES, "chunk": 2, "stamp": "m"}
    task[change] = {"draws": DRAWS[::-1], "lines": LINES[::-1], "chunk": 3, "stamp": "n"}[change]
    with pytest.raises(RunError) as caught:
        run(models.smooth, folder=tmp_path, resume=True, **task)
    assert caught.value.key == "ensembles.other_run"
    assert len(list((tmp_path / "outcomes").iterdir())) == 3


def test_outcomes_are_never_overwritten(tmp_path):
    run(models.smooth, DRAWS, LINES, folder=tmp_path)
    before = prints(tmp_path)
    with pytest.raises(RunError) as caught:
        run(models.smooth, DRAWS, LINES[:2], folder=tmp_path)
    assert caught.value.key == "ensembles.exists"
    assert prints(tmp_path) == before


PROGRAM = """
import sys
import numpy as np
sys.path.insert(0, {tests!r})
from ensembles import models
from kachisuji.ensembles import run
if __name__ == "__main__":
    def tell(done):
        print(done, flush=True)
    run(models.Slow(), np.full((4, 2), 0.5), np.arange(40_000), folder={folder!r}, chunk=1,
        workers=2, executor={executor!r}, progress=tell)
"""


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_ctrl_c_stops_the_workers_and_leaves_nothing(tmp_path, executor):
    script = tmp_path / "script.py"
    tests = str(Path(__file__).parents[1])
    script.write_text(
        textwrap.dedent(PROGRAM).format(tests=tests, folder=str(tmp_path / "r"), executor=executor)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip()  # at least one chunk is done
        os.killpg(process.pid, signal.SIGINT)  # what a terminal sends: to the workers too
        _, said = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode != 0
    assert said.strip().splitlines()[-1].startswith("KeyboardInterrupt")
    assert list((tmp_path / "r").iterdir()) == []
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("workers are still there")


def test_a_model_that_cannot_travel_says_so(tmp_path):
    with pytest.raises(RunError) as caught:
        run(lambda d, n: models.smooth(d, n), DRAWS, LINES, folder=tmp_path, workers=2,
            executor="processes")  # fmt: skip
    assert caught.value.key == "ensembles.not_picklable"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"draws": DRAWS[0]}, "ensembles.bad_draws"),
        ({"draws": DRAWS + 1}, "ensembles.bad_draws"),
        ({"draws": DRAWS * np.nan}, "ensembles.bad_draws"),
        ({"lines": []}, "ensembles.bad_lines"),
        ({"lines": [0.5]}, "ensembles.bad_lines"),
        ({"lines": [1, 2, 1]}, "ensembles.line_twice"),
        ({"chunk": 0}, "ensembles.bad_chunk"),
        ({"workers": 0}, "ensembles.bad_workers"),
        ({"executor": "wishes"}, "ensembles.bad_workers"),
        ({"limit": 3.0}, "ensembles.bad_limit"),
        ({"cluster": "tcp://127.0.0.1:8786"}, "ensembles.cluster_unused"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(tmp_path, change, key):
    with pytest.raises(InputError) as caught:
        run(models.smooth, **({"draws": DRAWS, "lines": LINES, "folder": tmp_path} | change))
    assert caught.value.key == key
    assert list(tmp_path.iterdir()) == []


def test_years_must_fit_the_paths(tmp_path):
    with pytest.raises(RunError) as caught:
        run(models.smooth, DRAWS, LINES, folder=tmp_path, years=[2026])
    assert caught.value.key == "ensembles.wrong_years"


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "r").write_text("x")
    with pytest.raises(RunError) as caught:
        run(models.smooth, DRAWS, LINES, folder=tmp_path / "r")
    assert caught.value.key == "ensembles.disk"


@pytest.mark.parametrize("damage", [b"", b"PAR1", None])
def test_a_damaged_part_is_named(tmp_path, damage):
    table = run(models.smooth, DRAWS, LINES, folder=tmp_path, chunk=4)
    part = table.parts[1]
    part.write_bytes(part.read_bytes()[:200] if damage is None else damage)
    with pytest.raises(RunError) as caught:
        table.measure("power")
    assert caught.value.key == "ensembles.bad_part"
    assert caught.value.file == str(part)
    table.parts[1].unlink()
    with pytest.raises(RunError) as caught:
        table.measure("power")
    assert caught.value.key == "ensembles.part_lost"


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(RunError) as caught:
        OutcomeTable.open(tmp_path)
    assert caught.value.key == "ensembles.no_outcomes"
    table = run(models.smooth, DRAWS, LINES, folder=tmp_path)
    for ask in (lambda: table.measure("x"), lambda: table.path("x"),
                lambda: table.path("money", "p1")):  # fmt: skip
        with pytest.raises(InputError) as bad:
            ask()
        assert bad.value.key == "ensembles.no_measure"
