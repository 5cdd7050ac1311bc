"""The command line: help in both languages, every bad input with place and remedy, exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kachisuji.desk import cli, pipeline
from kachisuji.desk.helping import every_command
from kachisuji.words import EXIT_INTERRUPTED, EXIT_USER_ERROR, InfeasibleError

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def call(capsys, *arguments):
    """Exit code, what was printed, what was printed as an error."""
    with pytest.raises(SystemExit) as left:
        cli.main([str(a) for a in arguments])
    out = capsys.readouterr()
    return left.value.code, out.out, out.err


COMMANDS = [[], *(list(path) for path, _ in every_command(cli.build("en")))]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_speaks_both_languages(capsys, monkeypatch, command):
    for name in ("LANG", "LC_ALL", "LC_MESSAGES", "KACHISUJI_LANG"):
        monkeypatch.delenv(name, raising=False)
    code, english, _ = call(capsys, *command, "--help")
    assert code == 0
    assert "Usage: kachisuji" in english
    assert not JAPANESE.search(english)
    code, japanese, _ = call(capsys, "--lang", "ja", *command, "--help")
    assert code == 0
    assert "使い方: kachisuji" in japanese
    for word in ("Usage", "default:", "required", "one of", "Commands", "Options", "Show"):
        assert word not in japanese


def test_no_command_shows_help_and_version_says_it(capsys):
    assert call(capsys)[:2][0] == 0
    code, out, _ = call(capsys, "version")
    assert code == 0
    assert "numpy" in out


def test_help_loads_nothing_heavy():
    heavy = {"numba", "pandas", "scipy", "pyarrow", "highspy", "pydantic", "jinja2"}
    asked = (
        "import sys\nfrom kachisuji.desk import cli\n"
        "try:\n cli.main(['run', '--help'])\nexcept SystemExit:\n pass\n"
        f"print('HEAVY', sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "CASE"),
        (["rum"], "rum"),
        (["run", "template", "--bogus", "1"], "--bogus"),
        (["run", "template", "more"], "more"),
        (["run", "template", "--futures", "many"], "--futures"),
        (["run", "template", "--futures", "100"], "64 / 128"),
        (["run", "template", "--futures", "4"], "--futures"),
        (["run", "template", "--seed", "-1"], "--seed"),
        (["run", "template", "--workers", "0"], "--workers"),
        (["run", "template", "--design", "dice"], "--design"),
        (["run", "nowhere"], "nowhere"),
        (["run", "template", "--cluster", "over there"], "--cluster"),
        (["run", "template", "--limit", "0"], "--limit"),
        (["resume", "nowhere", "--limit", "inf"], "--limit"),
        (["resume", "nowhere"], "nowhere"),
        (["verify", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
        (["explain", "nowhere", "--line", "x"], "--line"),
        (["--lang", "fr"], "fr"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_wrong_command_line(capsys, tmp_path, monkeypatch, arguments, said, lang):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KACHISUJI_LANG", lang)
    code, out, err = call(capsys, *arguments)
    assert code == EXIT_USER_ERROR
    assert said in err
    assert ("直し方" if lang == "ja" and "fr" not in arguments else "How to mend it") in err
    assert "Traceback" not in out + err
    assert list(tmp_path.iterdir()) == []


def edit(case, file, old, new):
    path = case / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def first_row(case, file):
    return (case / file).read_text(encoding="utf-8").splitlines()[1]


def swap(file, column, value):
    """Put ``value`` into one column of the first row of a table."""

    def change(case):
        lines = (case / file).read_text(encoding="utf-8").splitlines()
        place = lines[0].split(",").index(column)
        cells = lines[1].split(",")
        cells[place] = value
        lines[1] = ",".join(cells)
        (case / file).write_text("\n".join(lines) + "\n", encoding="utf-8")

    return change


BAD = {
    "missing file": (lambda c: (c / "markets.csv").unlink(), "markets.csv", None),
    "empty file": (lambda c: (c / "markets.csv").write_text(""), "markets.csv", None),
    "wrong column": (lambda c: edit(c, "markets.csv", "mode", "modal"), "markets.csv", "mod"),
    "text for a number": (swap("markets.csv", "mode", "large"), "markets.csv", "mode"),
    "negative market": (swap("markets.csv", "low", "-5"), "markets.csv", "low"),
    "recipe off one": (swap("recipes.csv", "share", "0.99"), "recipes.csv", "share"),
    "unknown region": (swap("markets.csv", "region", "ATLANTIS"), "markets.csv", "region"),
    "shares over one": (swap("shares.csv", "HOME", "0.95"), "shares.csv", None),
    "empty case": (lambda c: (shutil.rmtree(c), c.mkdir()), "case.toml", None),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", [["run"], ["case", "check"]], ids=" ".join)
def test_a_bad_case_names_file_place_and_remedy(capsys, case_copy, tmp_path, name, command):
    change, file, column = BAD[name]
    change(case_copy)
    out = ["--out", tmp_path / "run"] if command == ["run"] else []
    code, printed, err = call(capsys, *command, case_copy, *out)
    assert code == EXIT_USER_ERROR
    assert file in err
    assert column is None or column in err
    assert "How to mend it" in err
    assert "Traceback" not in printed + err
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


def test_a_case_that_is_a_file(capsys, tmp_path):
    (tmp_path / "case").write_text("")
    code, _, err = call(capsys, "run", tmp_path / "case", "--out", tmp_path / "run")
    assert code == EXIT_USER_ERROR
    assert "case" in err


def test_a_budget_too_small_for_any_line_says_what_binds(capsys, case_copy, tmp_path):
    table = (case_copy / "limits.csv").read_text(encoding="utf-8").splitlines()
    table = [re.sub(r"^(money,all,\d+),[^,]+,[^,]+,[^,]+,", r"\1,0,0.001,0.002,", r) for r in table]
    (case_copy / "limits.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    edit(case_copy, "lines.toml", "credit_amounts = [50.0, 100.0]", "credit_amounts = [50.0]")
    code, _, err = call(
        capsys, "run", case_copy, "--futures", "16", "--out", tmp_path / "run", "--workers", "1"
    )
    assert code == EXIT_USER_ERROR
    assert "money" in err
    assert "20" in err  # a year
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize("damage", ["empty", "truncated", "missing"])
@pytest.mark.parametrize("file", ["summary.parquet", "paths.parquet", "choice.json"])
def test_a_damaged_run_is_told_not_shown(capsys, run_copy, damage, file):
    path = run_copy / file
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            b"" if damage == "empty" else path.read_bytes()[: path.stat().st_size // 2]
        )
    code, out, err = call(capsys, "report", run_copy)
    assert code == EXIT_USER_ERROR
    assert file in err
    assert "Traceback" not in out + err
    assert [p.name for p in run_copy.parent.iterdir()] == ["run"]


def test_a_run_prints_findings_and_leaves_a_whole_folder(capsys, tmp_path, few_resamples):
    arguments = ["run", "template", "--futures", "16", "--workers", "1", "--design", "lhs"]
    code, out, _ = call(capsys, *arguments, "--out", tmp_path / "run", "--lang", "ja")
    assert code == 0
    assert "主な発見" in out
    assert str(tmp_path / "run" / "report.html") in out.replace("\n", "")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert {"report.html", "choice.json", "lines.parquet"} <= set(manifest["files"])
    assert manifest["options"] == {"design": "lhs", "futures": 16, "lang": "ja"}
    code, _, err = call(capsys, *arguments, "--out", tmp_path / "run")
    assert code == EXIT_USER_ERROR
    assert "never writes over" in err


def test_the_report_is_written_beside_its_run(capsys, run_copy):
    code, out, _ = call(capsys, "report", run_copy, "--lang", "en")
    assert code == 0
    written = run_copy.parent / "run-report.html"
    assert str(written) in out.replace("\n", "")
    assert written.read_text(encoding="utf-8").startswith('<!DOCTYPE html>\n<html lang="en">')


def test_lines_and_check(capsys):
    code, out, _ = call(capsys, "lines", "template")
    assert code == 0
    assert "nothing" in out.splitlines()
    code, out, _ = call(capsys, "case", "check", "template", "--lang", "ja")
    assert code == 0
    assert "誤りはありません" in out


@pytest.fixture
def tiny_disk(tmp_path):
    """Mount a disk of 300 kB, where the machine allows it."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)], capture_output=True
    )
    if made.returncode:
        pytest.skip("this machine does not let tests mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount on this machine")
def test_a_full_disk_keeps_what_is_finished(capsys, tiny_disk, tmp_path, few_resamples):
    asked = ("run", "template", "--futures", "64", "--workers", "1", "--out")
    code, out, err = call(capsys, *asked, tiny_disk / "run")
    assert code == EXIT_USER_ERROR
    assert "Traceback" not in out + err
    assert f"kachisuji resume {tiny_disk / 'run.unfinished'}" in err
    assert [p.name for p in tiny_disk.iterdir()] == ["run.unfinished"]
    # once there is room the run goes on, and ends as one that was never interrupted
    subprocess.run(["mount", "-o", "remount,size=30m", str(tiny_disk)], check=True)
    code, _, _ = call(capsys, "resume", tiny_disk / "run.unfinished", "--workers", "1")
    assert code == 0
    assert [p.name for p in tiny_disk.iterdir()] == ["run"]
    call(capsys, *asked, tmp_path / "whole")
    assert checksums(tiny_disk / "run") == checksums(tmp_path / "whole")


def checksums(run):
    """Checksum of every stored file by name; the report tells the hour it was made."""
    files = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["files"]
    return {name: file["sha256"] for name, file in files.items() if name != "report.html"}


def test_no_permission_is_told(capsys, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / "run"))

    monkeypatch.setattr("kachisuji.ledger.folder.Path.mkdir", refuse)
    code, _, err = call(capsys, "run", "template", "--out", tmp_path / "run")
    assert code == EXIT_USER_ERROR
    assert "permission" in err.lower()


def test_an_interruption_exits_130_and_is_resumed(capsys, tmp_path, monkeypatch, few_resamples):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    run = tmp_path / "run"
    asked = ("run", "template", "--futures", "16", "--workers", "1", "--out")
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "decide", interrupted)
        code, _, err = call(capsys, *asked, run)
    assert code == EXIT_INTERRUPTED
    assert "Interrupted" in err
    assert "kachisuji resume" in err
    assert [p.name for p in tmp_path.iterdir()] == ["run.unfinished"]
    # another run of that name is refused; the first is not resumed by mistake
    code, _, err = call(capsys, *asked, run)
    assert code == EXIT_USER_ERROR
    assert "resume" in err
    code, _, err = call(capsys, "resume", run)  # by the name of the run it was to become
    assert code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    code, _, err = call(capsys, "resume", run)
    assert code == EXIT_USER_ERROR
    assert "nothing to resume" in err


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda w: (w / "plan.json").write_text("{"), "plan"),
        (lambda w: (w / "plan.json").unlink(), "plan"),
        (
            lambda w: edit(w, "plan.json", '"version": "', '"version": "9.'),
            "version",
        ),
        (lambda w: edit(w, "plan.json", '"seed": 0', '"seed": 1'), "changed"),
        (lambda w: edit(w / "run" / "case", "case.toml", "discount = ", "discount = 0"), "changed"),
    ],
    ids=["torn", "missing", "version", "seed", "case"],
)
def test_a_spoilt_plan_is_never_resumed(capsys, tmp_path, monkeypatch, spoil, said):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    asked = ("run", "template", "--futures", "16", "--workers", "1", "--out")
    with monkeypatch.context() as patched:
        patched.setattr("kachisuji.ensembles.running.merge_paths", full)
        call(capsys, *asked, tmp_path / "run")
    spoil(tmp_path / "run.unfinished")
    code, _, err = call(capsys, "resume", tmp_path / "run")
    assert code == EXIT_USER_ERROR
    assert said in err
    assert "Traceback" not in err


def test_a_mistake_leaves_nothing_to_resume(capsys, tmp_path, monkeypatch):
    def infeasible(*_, **__):
        raise InfeasibleError("portfolios.none_efficient")

    monkeypatch.setattr(pipeline, "decide", infeasible)
    asked = ("run", "template", "--futures", "16", "--workers", "1", "--out")
    code, _, err = call(capsys, *asked, tmp_path / "run")
    assert code == EXIT_USER_ERROR
    assert "resume" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_a_run_that_is_killed_is_resumed_to_the_same_bits(capsys, tmp_path, few_resamples):
    run = tmp_path / "run"
    command = [
        sys.executable, "-m", "kachisuji", "run", "template", "--out", str(run), "--futures",
        "512", "--workers", "1",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(60_000):  # until some chunks are finished, not all
        done = list(tmp_path.glob("run.unfinished/run/outcomes/part-*.parquet"))
        if len(done) >= 2 or process.poll() is not None:
            break
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    code, _, err = call(capsys, "resume", run, "--workers", "2")
    assert code == 0, err
    whole = tmp_path / "whole"
    call(capsys, "run", "template", "--out", whole, "--futures", "512", "--workers", "1")
    assert checksums(run) == checksums(whole)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cluster_gives_the_same_bits_or_is_told_to_be_missing(capsys, tmp_path, few_resamples):
    pytest.importorskip("distributed")
    asked = ("run", "template", "--futures", "16", "--workers", "1", "--out")
    code, _, err = call(capsys, *asked, tmp_path / "gone", "--cluster", "tcp://127.0.0.1:9")
    assert code == EXIT_USER_ERROR
    assert "tcp://127.0.0.1:9" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert call(capsys, *asked, tmp_path / "local", "--cluster", "local")[0] == 0
    assert call(capsys, *asked, tmp_path / "here")[0] == 0
    assert checksums(tmp_path / "local") == checksums(tmp_path / "here")


@pytest.mark.slow
def test_a_limit_ends_what_hangs_and_changes_nothing_else(capsys, tmp_path, few_resamples):
    asked = ("run", "template", "--futures", "16", "--workers", "1", "--out")
    code, _, err = call(capsys, *asked, tmp_path / "hangs", "--limit", "0.01")
    assert code == EXIT_USER_ERROR
    assert "0.01 seconds" in err
    assert "--limit" in err
    assert list(tmp_path.iterdir()) == []
    assert call(capsys, *asked, tmp_path / "limited", "--limit", "300")[0] == 0
    assert call(capsys, *asked, tmp_path / "here")[0] == 0
    assert checksums(tmp_path / "limited") == checksums(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_control_c_leaves_nothing_half_written(tmp_path, sent):
    out = tmp_path / "runs"
    out.mkdir()
    command = [sys.executable, "-m", "kachisuji", "run", "template", "--out", str(out / "run")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LANG": "C"}
    )
    for _ in range(12_000):  # until the run has begun to write
        if any(Path(out).glob("run.unfinished/run/case/*.toml")) or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(sent)
    _, err = process.communicate(timeout=600)
    assert process.returncode == EXIT_INTERRUPTED
    assert b"Traceback" not in err
    assert {p.name for p in out.iterdir()} <= {"run.unfinished"}  # if a chunk was finished


def test_control_c_within_an_import_is_code_130_too(tmp_path):
    """CPython run by ``-m`` kills itself if ``exec`` of a text was interrupted, as in imports."""
    (tmp_path / "stopped.py").write_text(
        "from kachisuji.desk import cli\n"
        "cli.build = lambda lang: exec('raise KeyboardInterrupt')\n"
        "cli.main(['version'])\n"
    )
    told = subprocess.run(
        [sys.executable, "-m", "stopped"], cwd=tmp_path, capture_output=True, check=False
    )
    assert told.returncode == EXIT_INTERRUPTED
    assert b"Traceback" not in told.stderr
