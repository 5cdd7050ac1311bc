"""Pages in one language: which one, the frame around them, and errors as pages."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from kachisuji import __version__
from kachisuji.desk.report.bilingual import Both, t
from kachisuji.desk.web.safety import cookie
from kachisuji.words import LANGUAGES, KachisujiError, Lang, say, unbroken

LANG, THEME = "desk_lang", "desk_theme"
THEMES = ("light", "dark")
# what a page may load: our own files, the report's style, and Vega out of vl-convert
FILES = {
    "report.css": ("kachisuji.desk.report", "templates/report.css", "text/css"),
    "workbench.css": ("kachisuji.desk.web", "static/workbench.css", "text/css"),
    "workbench.js": ("kachisuji.desk.web", "static/workbench.js", "text/javascript"),
    "icon.svg": ("kachisuji.desk.web", "static/icon.svg", "image/svg+xml"),
}


def language_of(request: Request) -> Lang:
    """Return what was asked for, what was chosen before, what the browser prefers, or ours."""
    asked = request.query_params.get("lang") or request.cookies.get(LANG, "")
    for lang in LANGUAGES:
        if asked == lang:
            return lang
    wanted = request.headers.get("accept-language", "").lower()
    for part in wanted.split(","):
        for lang in LANGUAGES:
            if part.strip().startswith(lang):
                return lang
    own: Lang = request.app.state.lang
    return own


def theme_of(request: Request) -> str:
    """Return ``light``, ``dark`` or nothing: then the browser's own setting holds."""
    asked = request.query_params.get("theme") or request.cookies.get(THEME, "")
    return asked if asked in THEMES else ""


def here(request: Request, **changed: str) -> str:
    """Return the address of this page with parts of its query changed."""
    query = dict(parse_qsl(request.url.query)) | changed
    rest = urlencode({k: v for k, v in query.items() if v != ""})
    return request.url.path + (f"?{rest}" if rest else "")


@cache
def content(name: str) -> bytes:
    """Return one of our files."""
    package, path, _ = FILES[name]
    return resources.files(package).joinpath(path).read_bytes()


@cache
def bundle() -> bytes:
    """Return Vega, Vega-Lite and Vega-Embed as vl-convert carries them."""
    import vl_convert

    makes: Any = vl_convert.javascript_bundle  # its annotation asks for what is optional
    return str(makes()).encode()


@cache
def asset(name: str) -> str:
    """Return the address of a file; it holds a checksum, so that it may be kept for ever."""
    if name == "vega.js":
        from importlib.metadata import version

        return f"/static/{version('vl-convert-python')}/vega.js"
    return f"/static/{hashlib.sha256(content(name)).hexdigest()[:12]}/{name}"


@cache
def environment(lang: Lang) -> Environment:
    """Return the templates of one language: texts in both come out in it."""

    def chosen(value: Any) -> Any:
        return unbroken(value.of(lang)) if isinstance(value, Both) else value

    pages = Environment(
        loader=PackageLoader("kachisuji.desk.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=chosen,
    )
    pages.filters["unbroken"] = unbroken
    pages.globals |= {"t": t, "asset": asset, "lang": lang, "version": __version__}
    return pages


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page, in the language and the theme of whoever asks."""
    lang, theme = language_of(request), theme_of(request)
    from kachisuji.desk.web.navigation import navigation

    frame = {
        "theme": theme,
        "nav": navigation(request),
        "path": request.url.path,
        "desk": request.app.state.desk,
        "csrf": request.app.state.guard.token(request.state.session),
        "to_lang": {other: here(request, lang=other, theme="") for other in LANGUAGES},
        "to_theme": {other: here(request, theme=other, lang="") for other in THEMES},
        "here": lambda **changed: here(request, **changed),
    }
    page = environment(lang).get_template(template).render(**frame, **values)
    answer = HTMLResponse(page, status)
    keep(request, answer)
    return answer


def keep(request: Request, answer: Response) -> None:
    """Remember a language or theme that was chosen by the address."""
    for name, known, asked in ((LANG, LANGUAGES, "lang"), (THEME, THEMES, "theme")):
        value = request.query_params.get(asked, "")
        if value in known:
            answer.headers.append("set-cookie", cookie(name, value))
    answer.headers["vary"] = "Cookie, Accept-Language"


def wants_json(request: Request) -> bool:
    """Whether the asker is a script."""
    return request.url.path.startswith("/api/")


def told(request: Request, error: KachisujiError, status: int) -> Response:
    """Return an error of the house as a page, or as JSON to a script."""
    from fastapi.responses import JSONResponse

    lang = language_of(request)
    text = say(error.key, lang, **error.values)
    remedy = say(error.key, lang, part="remedy", **error.values)
    if wants_json(request):
        place = error.place(lang)
        return JSONResponse({"detail": text, "remedy": remedy, "place": place}, status)
    many = [
        {
            "place": p.place(lang),
            "text": say(p.key, lang, **p.values),
            "remedy": say(p.key, lang, part="remedy", **p.values),
        }
        for p in getattr(error, "problems", ())[:20]
    ]
    return render(
        request,
        "error.html.j2",
        status,
        code=status,
        place=error.place(lang),
        text=text,
        remedy=remedy,
        many=many,
    )
