"""Our own files and Vega, each under an address that changes with its content."""

from __future__ import annotations

from fastapi import APIRouter, Response

from kachisuji.desk.web.pages import FILES, asset, bundle, content
from kachisuji.words import InputError

router = APIRouter()


@router.get("/static/{stamp}/{name}", name="static", include_in_schema=False)
def static(stamp: str, name: str) -> Response:
    """Send one file; it may be kept for ever."""
    if name == "vega.js" and asset(name).split("/")[2] == stamp:
        body, kind = bundle(), "text/javascript"
    elif name in FILES and asset(name).split("/")[2] == stamp:
        body, kind = content(name), FILES[name][2]
    else:
        raise InputError("web.no_page")
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(body, media_type=kind, headers=kept)


@router.get("/favicon.ico", include_in_schema=False)
def icon() -> Response:
    """Send the icon where old browsers look for it."""
    return Response(content("icon.svg"), media_type="image/svg+xml")
