"""The open Japanese font that documents and charts carry (IPAex, shipped by matplotlib-fontja)."""

from __future__ import annotations

from functools import cache
from importlib import util
from pathlib import Path

from kachisuji.words import RunError

FAMILY = "IPAexGothic"


@cache
def font_folder() -> Path:
    """Return the folder of the font file; the package that ships it is not imported.

    Raises
    ------
    RunError
        If the font is not installed.
    """
    found = util.find_spec("matplotlib_fontja")
    folder = Path(found.origin).parent / "fonts" if found and found.origin else None
    if folder is None or not (folder / "ipaexg.ttf").is_file():
        raise RunError("documents.no_font")
    return folder
