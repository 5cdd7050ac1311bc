"""What all tests share: where the full data are, and how hypothesis runs."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a shell that starts pytest in the background lets it and its children ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)

_QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
# the same examples each time: what is found by chance is for who looks for it, not for a landing
settings.register_profile("kachisuji", derandomize=True, **_QUIET)
# who looks says: pytest --hypothesis-profile explore
settings.register_profile("explore", **_QUIET)
settings.load_profile("kachisuji")


# rooms whose tests start servers, processes or whole runs: make quick leaves them to make test
_LONG = {Path(__file__).parent / room for room in ("constellation", "desk")}
# tests of the contest that need no compiled kernel: compiling takes two minutes after each change
_PLAIN = {"expected", "hindcast", "hindcast_record", "layer_flows", "layers"}
# of two workers one compiles while the other waits for servers; what is short fills up the end
_FIRST = ("contest/test_model.py", "constellation/", "desk/", "contest/", "ensembles/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long as a whole, and let it begin first."""
    tests = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        name = item.path.relative_to(tests).as_posix()
        return next((k for k, room in enumerate(_FIRST) if name.startswith(room)), len(_FIRST))

    items.sort(key=turn)
    for item in items:
        kernel = item.path.parent.name == "contest"
        kernel = kernel and item.path.stem.removeprefix("test_") not in _PLAIN
        if kernel or not _LONG.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.slow)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: a zip holds the time it was made; two workers must agree."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def full_data() -> Path:
    """Return the folder of the full data sets, or skip where there is none."""
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("KACHISUJI_DATA", here))
    if not folder.is_dir():
        pytest.skip(f"the full data are not at {folder}; set KACHISUJI_DATA to their folder")
    return folder
