"""Compiling kernels once: a cache that knows when any of them has changed.

numba keeps a compiled function for as long as its own file is unchanged, and would go on using it
after a function it calls, in another file, was mended. The cache folder is therefore named by the
contents of all kernels.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])
# files without a kernel that decide what the kernels do
_SHARED = ("compiled.py", "symbols.py", "world.py")


@cache
def cache_folder() -> str:
    """Folder of the compiled kernels for the present sources, under the user's cache."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        content = file.read_bytes()
        if b"\nfrom kachisuji.contest.compiled import" in content or file.name in _SHARED:
            digest.update(content)
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "kachisuji" / "kernels" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:  # no home, or one that cannot be written
        folder = Path(tempfile.gettempdir()) / "kachisuji-kernels" / folder.name
    return str(folder)


def _jit(function: F, **options: Any) -> F:
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = cache_folder()
    try:
        jit = numba.njit(cache=True, nogil=True, error_model="numpy", **options)
        return cast(F, jit(function))
    finally:
        config.CACHE_DIR = before


def compiled(function: F) -> F:
    """Compile ``function`` with numba: without the GIL, divisions as numpy does them, cached."""
    return _jit(function)


def borrowed(function: F) -> F:
    """Compile as ``compiled`` does, for a function that neither makes nor returns an array.

    It borrows those it is given without counting who refers to them; counting took half the time
    of a simulated year.
    """
    return _jit(function, _nrt=False)


def inlined(function: F) -> F:
    """Compile as ``borrowed`` does, and put the code where it is called, whatever its size.

    For what is called every year: an array is handed over as seven or more numbers, a whole world
    as hundreds, and handing them over took longer than the work.
    """
    return _jit(function, _nrt=False, forceinline=True)


def renamed(function: F, name: str) -> F:
    """Return the same function under another name, to compile it in a second way.

    The cache knows functions by name and would take one for the other.
    """
    assert isinstance(function, FunctionType)
    other = FunctionType(function.__code__, function.__globals__, name)
    other.__qualname__, other.__module__ = name, function.__module__
    return cast(F, other)


def summed(function: F) -> F:
    """Compile as ``inlined`` does, and let sums be taken in any order.

    The order is settled when it is compiled: the same bits for every worker.
    """
    return _jit(function, _nrt=False, forceinline=True, fastmath={"reassoc", "contract"})
