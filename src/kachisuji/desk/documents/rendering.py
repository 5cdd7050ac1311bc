"""Charts drawn from their specification: SVG for PDF and pages, PNG for Word and slides."""

from __future__ import annotations

from functools import cache
from typing import Any

from kachisuji.desk.documents.fonts import FAMILY, font_folder
from kachisuji.words import RunError

INK, SOFT, LINE = "#1b2330", "#55606f", "#dcd9d1"
THEME: dict[str, Any] = {
    "font": FAMILY,
    "background": "#ffffff",
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT,
        "titleColor": SOFT,
        "gridColor": LINE,
        "domainColor": SOFT,
        "tickColor": LINE,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "legend": {"labelFontSize": 11, "titleFontSize": 11, "labelColor": INK, "labelLimit": 260},
    "header": {"labelFontSize": 12, "labelColor": INK},
}


@cache
def _engine() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise RunError("documents.no_engine", package="vl-convert-python") from error
    vl_convert.register_font_directory(str(font_folder()))
    return vl_convert


def _whole(chart: dict[str, Any]) -> dict[str, Any]:
    schema = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}
    return schema | chart | {"config": THEME | chart.get("config", {})}


def svg(chart: dict[str, Any]) -> str:
    """Draw a Vega-Lite chart as SVG; letters stay letters, in the font of the documents.

    Raises
    ------
    RunError
        If the drawing engine or the font is not installed.
    """
    return str(_engine().vegalite_to_svg(_whole(chart), allowed_base_urls=[]))


def png(chart: dict[str, Any], scale: float = 2.0) -> bytes:
    """Draw a Vega-Lite chart as PNG.

    Raises
    ------
    RunError
        If the drawing engine or the font is not installed.
    """
    return bytes(_engine().vegalite_to_png(_whole(chart), scale=scale, allowed_base_urls=[]))
