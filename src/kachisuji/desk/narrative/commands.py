"""``kachisuji narrative``: the strategy as a story, in four formats."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App

from kachisuji.desk.helping import ALONE, Told, speaking
from kachisuji.desk.telling import Telling
from kachisuji.words import InputError, Lang, say

if TYPE_CHECKING:
    from kachisuji.desk.documents.blocks import Document
    from kachisuji.desk.stored import StoredRun

FORMATS = (".html", ".pdf", ".docx", ".pptx")


def add_narrative(app: App, lang: Lang, told: Told) -> None:
    """Add ``kachisuji narrative`` to the commands."""

    @app.command(
        name="narrative", help=say("narrative.help", lang), usage=say("narrative.usage", lang)
    )
    @speaking(lang, told)
    def narrative(
        run: Annotated[Path, told("desk.arg_run")],
        /,
        *,
        out: Annotated[Path | None, told("narrative.opt_out")] = None,
        edit: Annotated[bool, told("narrative.opt_edit"), ALONE] = False,
        telling: Telling,
    ) -> int:
        return begin_editing(run, telling) if edit else tell(run, out, telling)


def tell(folder: Path, out: Path | None, telling: Telling) -> int:
    """Write the narrative and say where it is."""
    from kachisuji.desk.stored import StoredRun

    path = write(StoredRun.open(folder), out, telling.lang)
    label = say("narrative.written_at", telling.lang)
    telling.result(f"{label}: {path}", {"narrative": str(path)})
    return 0


def write(stored: "StoredRun", out: Path | None, lang: Lang) -> Path:
    """Write the narrative in the format that the name of the file asks for; return where.

    Raises
    ------
    InputError
        If the format is unknown, or the file of edits is broken.
    RunError
        If the file cannot be written.
    """
    path = out or stored.folder.parent / f"{stored.folder.name}-narrative.html"
    if path.suffix.lower() not in FORMATS:
        raise InputError("narrative.unknown_format", file=path, got=path.suffix or "–")
    from kachisuji.desk.narrative import narrative_document
    from kachisuji.ledger import write_atomic

    write_atomic(path, written(narrative_document(stored, lang), path.suffix.lower()))
    return path


def written(document: "Document", suffix: str) -> str | bytes:
    """Return a document in one of :data:`FORMATS`."""
    if suffix == ".html":
        from kachisuji.desk.documents.page import write_html

        return write_html(document)
    if suffix == ".pdf":
        from kachisuji.desk.documents.pdf import write_pdf

        return write_pdf(document)
    if suffix == ".docx":
        from kachisuji.desk.documents.word import write_docx

        return write_docx(document)
    from kachisuji.desk.documents.slides import write_pptx

    return write_pptx(document)


def begin_editing(folder: Path, telling: Telling) -> int:
    """Write every section as it stands into the file of edits, those edited already included."""
    from kachisuji.desk.narrative import edits_file, narrative, read_edits
    from kachisuji.desk.narrative.edits import write_edits
    from kachisuji.desk.stored import StoredRun

    stored, edits = StoredRun.open(folder), read_edits(folder)
    own = edits.setdefault(telling.lang, {})
    for section in narrative(stored, telling.lang):
        own.setdefault(section.id, {"title": section.title, "text": section.template})
    write_edits(folder, edits, telling.lang)
    path = edits_file(folder)
    label = say("narrative.edits_at", telling.lang)
    telling.result(f"{label}: {path}", {"edits": str(path)})
    return 0
