"""The constellation at the desk: commands, demonstration, and runs with protected answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kachisuji.words import InputError, say

if TYPE_CHECKING:
    from kachisuji.desk.telling import Telling


@contextmanager
def answered_case(
    case: str, url: str, identity: Path | None, patience: float, telling: Telling
) -> Iterator[str]:
    """Give the case to run: as it is, or a copy with the answers of a constellation's nodes.

    Raises
    ------
    InputError, RunError
        When the constellation cannot be asked, or nothing it answers is clear of noise.
    """
    if not url:
        yield case
        return
    if identity is None:
        raise InputError("nodes.no_identity")
    from kachisuji.cases import load
    from kachisuji.constellation.asking import Asker
    from kachisuji.desk.constellation.acting import need_patience
    from kachisuji.desk.constellation.protected import derive

    need_patience(patience)

    loaded = load(case)
    telling.say(say("nodes.asking", telling.lang, url=url))
    with tempfile.TemporaryDirectory(prefix="kachisuji-answered-") as place:
        asker = Asker(identity, url, patience)
        try:
            yield str(derive(loaded, Path(place) / loaded.settings.id, asker))
        finally:
            asker.close()
