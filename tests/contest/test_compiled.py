"""The cache of compiled kernels knows every file that decides what they do."""

from pathlib import Path

from kachisuji.contest import compiled


def test_every_compiled_module_is_in_the_name_of_the_cache():
    room = Path(compiled.__file__).parent
    using = {p.stem for p in room.glob("*.py") if "@compiled" in p.read_text(encoding="utf-8")}
    assert using <= set(compiled.KERNELS)
    assert all((room / f"{name}.py").exists() for name in compiled.KERNELS)
