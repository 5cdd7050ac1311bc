"""The optional extra, imported late, with a sentence where it is missing."""

from __future__ import annotations

import importlib
from typing import Any

from kachisuji.words import InputError


def need(module: str) -> Any:
    """Import ``module`` of the extra ``constellation``.

    Raises
    ------
    InputError
        When it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise InputError("constellation.missing_extra", package=package) from error
