"""A run folder is whole or absent, and a manifest finds every change."""

import errno
import json
import os
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachisuji.ledger import (
    MANIFEST,
    compare_files,
    copy_into,
    describe,
    read_manifest,
    run_folder,
    write_atomic,
)
from kachisuji.words import RunError


def make_run(folder):
    with run_folder(folder) as inside:
        (inside / "case").mkdir()
        (inside / "case" / "case.toml").write_text("id = 1\n")
        (inside / "outcomes").mkdir()
        (inside / "outcomes" / "part-00000.parquet").write_bytes(b"abc")
        (inside / "choice.json").write_text("{}")
        manifest = describe(
            inside, case="x", seed=0, options={"futures": 8}, when="2026-01-01T00:00:00+00:00"
        )
        manifest.write(inside)
    return folder


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run")


def keys(folder):
    return {(d.file, d.key) for d in compare_files(folder, read_manifest(folder))}


def test_a_run_is_whole_and_verifies(run):
    manifest = read_manifest(run)
    assert compare_files(run, manifest) == []
    assert set(manifest.inputs) == {"case/case.toml"}
    assert set(manifest.files) == {"choice.json", "outcomes/part-00000.parquet"}
    assert manifest.files["outcomes/part-00000.parquet"]["bytes"] == 3
    assert manifest.seed == 0
    assert sorted(p.name for p in run.parent.iterdir()) == ["run"]


def test_a_change_a_loss_and_an_addition_are_each_found(run):
    (run / "choice.json").write_text("{ }")
    (run / "case" / "case.toml").unlink()
    (run / "case" / "more.csv").write_text("a\n")
    assert keys(run) == {
        ("choice.json", "ledger.changed"),
        ("case/case.toml", "ledger.missing"),
        ("case/more.csv", "ledger.added"),
    }


@given(position=st.integers(0, 2), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(tmp_path_factory, position, bit):
    run = make_run(tmp_path_factory.mktemp("flip") / "run")
    path = run / "outcomes" / "part-00000.parquet"
    data = bytearray(path.read_bytes())
    data[position] ^= 1 << bit
    path.write_bytes(bytes(data))
    assert keys(run) == {("outcomes/part-00000.parquet", "ledger.changed")}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_nothing_half_written_is_left(tmp_path, run, error):
    before = sorted(p.name for p in tmp_path.iterdir())

    def interrupted():
        with run_folder(tmp_path / "second") as inside:
            (inside / "half").write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert keys(run) == set()


def test_an_earlier_run_is_never_written_over(run):
    with pytest.raises(RunError) as caught, run_folder(run):
        pytest.fail("the block must not run")
    assert caught.value.key == "ledger.exists"
    assert keys(run) == set()


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.ENOSPC, "ledger.disk_full"),
        (errno.EACCES, "ledger.no_permission"),
        (errno.EROFS, "ledger.no_permission"),
        (errno.EIO, "ledger.disk"),
    ],
)
def test_what_the_disk_says_reaches_the_person(tmp_path, number, key):
    with pytest.raises(RunError) as caught, run_folder(tmp_path / "run") as inside:
        raise OSError(number, os.strerror(number), str(inside / "part"))
    assert caught.value.key == key
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this machine")
def test_a_truly_full_disk(tmp_path):
    with (
        pytest.raises(RunError) as caught,
        run_folder(tmp_path / "run"),
        open("/dev/full", "wb", buffering=0) as stream,
    ):
        stream.write(b"x")
    assert caught.value.key == "ledger.disk_full"


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError), run_folder(tmp_path / "file" / "run"):
        pytest.fail("the block must not run")


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(RunError) as caught, run_folder(tmp_path / "run"):
            pytest.fail("the block must not run")
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert caught.value.key == "ledger.no_permission"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"inputs": 1}', "null"])
def test_a_damaged_manifest(run, text):
    (run / MANIFEST).write_text(text)
    with pytest.raises(RunError) as caught:
        read_manifest(run)
    assert caught.value.key == "ledger.bad_manifest"


def test_a_manifest_of_a_later_format_and_one_with_odd_contents(run):
    found = json.loads((run / MANIFEST).read_text())
    (run / MANIFEST).write_text(json.dumps(found | {"format": 99}))
    with pytest.raises(RunError) as caught:
        read_manifest(run)
    assert caught.value.key == "ledger.format"
    (run / MANIFEST).write_text(json.dumps(found | {"inputs": {"case/case.toml": 1}}))
    with pytest.raises(RunError) as caught:
        read_manifest(run)
    assert caught.value.key == "ledger.bad_manifest"


def test_no_run_and_no_manifest(tmp_path):
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path / "none")
    assert caught.value.key == "ledger.no_run"
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path)
    assert caught.value.key == "ledger.no_manifest"


def test_a_file_is_replaced_whole_or_kept(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_atomic(path, "old")

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(RunError) as caught:
        write_atomic(path, "new")
    assert caught.value.key == "ledger.disk_full"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_inputs_are_copied_without_caches_and_hidden_files(tmp_path):
    source = tmp_path / "source"
    (source / "schema").mkdir(parents=True)
    (source / "__pycache__").mkdir()
    for name in ("a.csv", "schema/b.csv", ".hidden", "__pycache__/x.pyc"):
        (source / name).write_text(name)
    copy_into(source, tmp_path / "copy")
    copied = {p.relative_to(tmp_path / "copy").as_posix() for p in (tmp_path / "copy").rglob("*.*")}
    assert copied == {"a.csv", "schema/b.csv"}
