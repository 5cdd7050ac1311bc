"""The strategy told as a story, from the run's own numbers; edited by hand, never lost.

* :func:`narrative` gives the sections as they stand, edits applied;
* :func:`save_edit` keeps an edit beside the run, with every earlier state;
* :func:`narrative_document` puts them together for PDF, Word, slides and HTML.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kachisuji.desk.narrative.document import narrative_document
    from kachisuji.desk.narrative.edits import edits_file, read_edits, save_edit, state
    from kachisuji.desk.narrative.figures import Figure
    from kachisuji.desk.narrative.sections import SECTIONS, Section, narrative

_HOMES = {
    "narrative_document": "document",
    **dict.fromkeys(("edits_file", "read_edits", "save_edit", "state"), "edits"),
    **dict.fromkeys(("Figure",), "figures"),
    **dict.fromkeys(("SECTIONS", "Section", "narrative"), "sections"),
}

__all__ = [
    "SECTIONS", "Figure", "Section", "edits_file", "narrative", "narrative_document",
    "read_edits", "save_edit", "state",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Fetch a name when it is first used, so that the help of the commands answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
