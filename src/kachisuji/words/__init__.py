"""The two-language catalogue, number and unit formats, and the family of errors."""

from kachisuji.words.catalogue import LANGUAGES, Lang, entries, say
from kachisuji.words.errors import (
    EXIT_INTERRUPTED,
    EXIT_USER_ERROR,
    InfeasibleError,
    InputError,
    KachisujiError,
    KindError,
    RunError,
    column_told,
    nearest,
)
from kachisuji.words.formats import estimate, money, number, percent, ratio, unbroken

__all__ = [
    "EXIT_INTERRUPTED",
    "EXIT_USER_ERROR",
    "LANGUAGES",
    "InfeasibleError",
    "InputError",
    "KachisujiError",
    "KindError",
    "Lang",
    "RunError",
    "column_told",
    "entries",
    "estimate",
    "money",
    "nearest",
    "number",
    "percent",
    "ratio",
    "say",
    "unbroken",
]
