"""A document as one HTML page that needs no network and no script."""

from __future__ import annotations

import base64
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kachisuji.desk.documents.blocks import Document
from kachisuji.desk.documents.rendering import svg
from kachisuji.words import say


def write_html(document: Document) -> str:
    """Write a document as HTML.

    Raises
    ------
    RunError
        If the drawing engine is not installed.
    """
    loader = PackageLoader("kachisuji.desk.documents", "templates")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    folder = resources.files("kachisuji.desk.documents") / "templates"
    return pages.get_template("document.html.j2").render(
        doc=document,
        known=document.cited(),
        css=Markup((folder / "document.css").read_text(encoding="utf-8")),
        words={
            "figure": say("documents.figure", document.lang),
            "table": say("documents.table", document.lang),
            "h_glance": say("desk.h_glance", document.lang),
        },
        picture=_picture,
    )


def _picture(chart: dict[str, object]) -> str:
    """Return a chart as a picture inside the page; its letters cannot become markup."""
    drawn = base64.b64encode(svg(chart).encode()).decode()
    return f"data:image/svg+xml;base64,{drawn}"
