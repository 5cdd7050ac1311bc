"""Kachisuji (勝ち筋): an open workbench for industrial strategy.

>>> import kachisuji as ks
>>> run = ks.run("japan17")  # doctest: +SKIP
>>> run.portfolio  # doctest: +SKIP
>>> run.why("shipbuilding")  # doctest: +SKIP

Importing the package loads nothing heavy: each name below is fetched when it is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kachisuji.desk.api import Run, Why, load, open, run

__version__ = "0.1.0"
__all__ = ["Run", "Why", "__version__", "load", "open", "run"]


def __getattr__(name: str) -> Any:
    """Fetch what Python use needs from the desk."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kachisuji.desk import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted(__all__)
