"""The cache of compiled kernels is named by what decides what they do."""

import shutil
from pathlib import Path

from kachisuji.contest import compiled


def name_of(folder, monkeypatch):
    monkeypatch.setattr(compiled, "__file__", str(folder / "compiled.py"))
    compiled.cache_folder.cache_clear()
    name = Path(compiled.cache_folder()).name
    compiled.cache_folder.cache_clear()
    return name


def test_a_changed_kernel_gets_a_new_cache_and_another_module_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    room = tmp_path / "room"
    shutil.copytree(Path(compiled.__file__).parent, room)
    first = name_of(room, monkeypatch)
    (room / "lines.py").write_text("# no kernel here\n")
    assert name_of(room, monkeypatch) == first
    for name in ("value.py", "symbols.py"):
        with (room / name).open("a") as file:
            file.write("# changed\n")
        changed = name_of(room, monkeypatch)
        assert changed != first
        first = changed
