"""A run that is as it was verifies; whatever was changed is found, checksums mended or not."""

import json

import pandas as pd
import pytest

from kachisuji.desk import cli
from kachisuji.desk.progress import Silent
from kachisuji.desk.verifying import compare_tables, verify_run
from kachisuji.ledger import MANIFEST, describe, read_manifest

pytestmark = pytest.mark.slow


def mend(run):
    """Write the manifest anew, as someone would who hides a change."""
    old = read_manifest(run)
    made = describe(
        run,
        case=old.case,
        seed=old.seed,
        options=old.options,
        when=old.made["when"],
        figures=old.figures,
    )
    made.write(run)


def found(run):
    return {(d.file, d.key) for d in verify_run(run, Silent())}


def replace_in(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(autouse=True)
def _short(few_resamples):
    """Verification resamples as the small run did."""


def test_an_untouched_run_verifies(run_copy, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["verify", str(run_copy), "--lang", "en"])
    assert left.value.code == 0
    assert "as it was" in capsys.readouterr().out


def test_a_changed_file_is_found_by_its_checksum(run_copy, capsys):
    replace_in(run_copy / "report.html", "<h1>", "<h1 >")
    with pytest.raises(SystemExit) as left:
        cli.main(["verify", str(run_copy), "--quick"])
    assert left.value.code == cli.EXIT_DIFFERS
    assert "report.html" in capsys.readouterr().out


def test_a_changed_number_is_found_though_checksums_were_mended(run_copy):
    path = run_copy / "case" / "markets.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    place = lines[0].split(",").index("high")
    cells[place] = str(float(cells[place]) * 1.2)
    lines[1] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mend(run_copy)
    files = {file for file, _ in found(run_copy)}
    assert any(f.startswith("outcomes/") for f in files)


def test_changed_evidence_is_found_though_checksums_were_mended(run_copy):
    replace_in(run_copy / "case" / "evidence.csv", "Illustrative", "Certified")
    mend(run_copy)
    assert found(run_copy) == {("report.html", "desk.diff_text")}


def test_a_prettier_choice_is_found_though_checksums_were_mended(run_copy):
    path = run_copy / "choice.json"
    choice = json.loads(path.read_text(encoding="utf-8"))
    choice["joint"]["welfare"]["mean"] += 1e6
    path.write_text(json.dumps(choice), encoding="utf-8")
    mend(run_copy)
    assert ("choice.json", "desk.diff_value") in found(run_copy)


def test_another_choice_is_judged_by_its_objective(run_copy):
    path = run_copy / "choice.json"
    choice = json.loads(path.read_text(encoding="utf-8"))
    choice["lines"] = [1]
    choice["objective"] = choice["objective"] + 1e6
    path.write_text(json.dumps(choice), encoding="utf-8")
    mend(run_copy)
    assert ("choice.json", "desk.diff_choice") in found(run_copy)


def test_a_prettier_report_is_found_though_checksums_were_mended(run_copy):
    path = run_copy / "report.html"
    path.write_text(path.read_text(encoding="utf-8").replace("¥", "$", 1), encoding="utf-8")
    mend(run_copy)
    assert found(run_copy) == {("report.html", "desk.diff_text")}


def test_a_manifest_without_options_is_told(run_copy, capsys):
    path = run_copy / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["options"] = {}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        cli.main(["verify", str(run_copy)])
    assert left.value.code == 2
    assert "manifest" in capsys.readouterr().err


def test_tables_may_differ_in_the_last_bits_only():
    one = pd.DataFrame({"a": [1.0, 1000.0], "b": ["x", "y"]})
    assert compare_tables("t", one, one.assign(a=[1.0 + 1e-9, 1000.0])) == []
    assert [d.key for d in compare_tables("t", one, one.assign(a=[1.01, 1000.0]))] == [
        "desk.diff_value"
    ]
    assert compare_tables("t", one, one.assign(b=["x", "z"]))[0].values["column"] == "b"
    assert compare_tables("t", one, one.iloc[:1])[0].key == "desk.diff_shape"
    assert compare_tables("t", one, one.assign(a=[float("nan"), 1000.0])) != []
