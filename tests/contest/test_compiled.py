"""The cache of compiled kernels is named by what decides what they do."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

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


def test_borrowing_neither_leaks_nor_frees_too_much():
    """Kernels that do not count references leave as many arrays allocated as they found."""
    from numba.core.runtime import _nrt_python as nrt
    from worlds import make_lines, make_world, outcomes

    def left():
        return nrt.memsys_get_stats_mi_alloc() - nrt.memsys_get_stats_mi_free()

    world = make_world([[0.5, 0.2], [0.3, 0.3], [0.2, 0.5]], rules=(3.0, 0.3, 0.0, 0.0))
    outcomes(world, make_lines(partner=1))
    nrt.memsys_enable_stats()
    try:
        outcomes(world, make_lines(partner=1))
        first = left()
        for _ in range(5):
            outcomes(world, make_lines(partner=1))
        assert left() == first
    finally:
        nrt.memsys_disable_stats()
