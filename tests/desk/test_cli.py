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
from kachisuji.words import EXIT_INTERRUPTED, EXIT_USER_ERROR

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
        (["verify", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
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
def test_a_full_disk_leaves_nothing(capsys, tiny_disk, few_resamples):
    code, out, err = call(
        capsys, "run", "template", "--futures", "64", "--out", tiny_disk / "run", "--workers", "1"
    )
    assert code == EXIT_USER_ERROR
    assert "Traceback" not in out + err
    assert list(tiny_disk.iterdir()) == []


def test_no_permission_is_told(capsys, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / "run"))

    monkeypatch.setattr("kachisuji.ledger.folder.tempfile.mkdtemp", refuse)
    code, _, err = call(capsys, "run", "template", "--out", tmp_path / "run")
    assert code == EXIT_USER_ERROR
    assert "permission" in err.lower()


def test_an_interruption_in_process_exits_130(capsys, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "decide", interrupted)
    code, _, err = call(
        capsys, "run", "template", "--futures", "16", "--out", tmp_path / "run", "--workers", "1"
    )
    assert code == EXIT_INTERRUPTED
    assert "Interrupted" in err
    assert list(tmp_path.iterdir()) == []


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
    for _ in range(1200):  # until the run has begun to write
        if any(Path(out).glob(".run.partial-*/case/case.toml")) or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(sent)
    _, err = process.communicate(timeout=120)
    assert process.returncode == EXIT_INTERRUPTED
    assert b"Traceback" not in err
    assert list(out.iterdir()) == []
