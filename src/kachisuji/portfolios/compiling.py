"""Compiling kernels: once and kept, or anew where nothing may be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile ``function`` without the GIL; the result is kept if there is a place for it."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return cast(F, numba.njit(nogil=True)(function))


def compiled_sums(function: F) -> F:
    """Compile a loop of sums, whose order the compiler may choose (the same on one machine)."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True, fastmath=True)(function))
    except RuntimeError:
        return cast(F, numba.njit(nogil=True, fastmath=True)(function))
