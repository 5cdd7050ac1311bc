"""The pathways map as a picture: one line a portfolio, stations where one may change over."""

from __future__ import annotations

from typing import Any
from unicodedata import east_asian_width

from markupsafe import Markup, escape

from kachisuji.words import Lang, say

LEFT, RIGHT, ROW, TOP = 330, 40, 58, 46
WIDTH = 1080
SMALL = 12  # letters of what a portfolio holds
# one colour a line, told apart by people who see red and green alike (Okabe and Ito 2008)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777")


def metro_map(found: dict[str, Any], lang: Lang) -> Markup:
    """Draw what ``pathways`` found.

    A portfolio is a line from the year it begins to its sell-by year (a bar across its end) or to
    the horizon; from the plan's line an alternative is reached in the year of changing over (a
    broken line where a trigger may call for it) and at the plan's sell-by year (a whole line).
    """
    years, when = found["years"], found["when"]
    rows = found["portfolios"]
    height = TOP + ROW * len(rows) + 44

    def x(year: float) -> float:
        part = (year - years[0]) / max(1, years[-1] + 1 - years[0])
        return float(LEFT + part * (WIDTH - LEFT - RIGHT))

    def y(row: int) -> float:
        return TOP + ROW * row + ROW / 2

    title = escape(say("ahead.map_title", lang))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' lang="{lang}" aria-label="{title}" font-family="sans-serif" font-size="14">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *_axis(years, x, TOP + ROW * len(rows), lang),
    ]
    ends = [r["sell_by"] or years[-1] + 1 for r in rows]
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(rows))]
    for row in range(len(rows) - 1, 0, -1):  # the longest first: lines and stations lie on top
        parts.append(_change(x(when), y(0), y(row), colours[row], broken=True))
        if ends[0] <= years[-1] and ends[row] > ends[0]:
            parts.append(_change(x(ends[0]), y(0), y(row), colours[row], broken=False))
    for row, one in enumerate(rows):
        begin = years[0] if row == 0 else when
        end, colour = max(begin, ends[row]), colours[row]
        parts.append(_label(called(one["key"], lang), _what(one, lang), y(row)))
        if end > begin:
            parts.append(
                f'<line x1="{x(begin):.1f}" y1="{y(row)}" x2="{x(end):.1f}" y2="{y(row)}"'
                f' stroke="{colour}" stroke-width="7" stroke-linecap="round"/>'
            )
        if one["sell_by"]:
            told = escape(say("ahead.map_sell_by", lang, year=one["sell_by"]))
            parts.append(
                f'<line x1="{x(end):.1f}" y1="{y(row) - 13}" x2="{x(end):.1f}" y2="{y(row) + 13}"'
                f' stroke="{colour}" stroke-width="5"/>'
                f'<text x="{x(end) + 14:.1f}" y="{y(row) - 8}" fill="#222">{told}</text>'
            )
        parts.append(_station(x(begin), y(row), colour))
    return Markup("\n".join([*parts, "</svg>"]))


def called(key: str, lang: Lang) -> str:
    """Name of a portfolio of the map."""
    if key in ("plan", "nothing"):
        return say(f"ahead.key_{key}", lang)
    return say("ahead.key_other", lang, name=key)


def _axis(years: list[int], x: Any, bottom: float, lang: Lang) -> list[str]:
    out = []
    for year in years[:: 2 if len(years) > 10 else 1]:
        told = escape(say("ahead.year", lang, year=year))
        out.append(
            f'<line x1="{x(year):.1f}" y1="{TOP - 12}" x2="{x(year):.1f}" y2="{bottom}"'
            f' stroke="#ddd"/><text x="{x(year):.1f}" y="{TOP - 20}" text-anchor="middle"'
            f' fill="#444">{told}</text>'
        )
    told = escape(say("ahead.map_legend", lang))
    out.append(f'<text x="12" y="{bottom + 28}" fill="#444">{told}</text>')
    return out


def _label(name: str, what: str, y: float) -> str:
    return (
        f'<text x="12" y="{y - 3}" fill="#111" font-weight="bold">{escape(name)}</text>'
        f'<text x="12" y="{y + 15}" fill="#444" font-size="{SMALL}">{escape(what)}</text>'
    )


def _what(one: dict[str, Any], lang: Lang) -> str:
    """Name the first lines of a portfolio and how many more: no wider than there is room."""
    names = [str(line[f"name_{lang}"]) for line in one["lines"]]
    if not names:
        return say("ahead.map_empty", lang)
    shown = say("desk.list_separator", lang).join(names[:2])
    rest = len(names) - 2
    more = say("ahead.map_more", lang, shown="", rest=rest) if rest > 0 else ""
    return _fitted(shown, (LEFT - 12 - 20) / SMALL - _wide(more)) + more


def _wide(text: str) -> float:
    """Width of a text in letters as wide as they are high; Latin ones take a little over half."""
    return sum(1.0 if east_asian_width(c) in "WFA" else 0.58 for c in text)


def _fitted(text: str, room: float) -> str:
    if _wide(text) <= room:
        return text
    while text and _wide(text) + 1.0 > room:
        text = text[:-1]
    return text.rstrip(" ,、") + "…"


def _station(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y}" r="8" fill="#fff" stroke="{colour}" stroke-width="4"/>'


def _change(x: float, above: float, below: float, colour: str, *, broken: bool) -> str:
    dash = ' stroke-dasharray="5 5"' if broken else ""
    return (
        f'<line x1="{x:.1f}" y1="{above}" x2="{x:.1f}" y2="{below}" stroke="{colour}"'
        f' stroke-width="3"{dash}/>'
    )


def page(found: dict[str, Any], told: dict[Lang, list[str]], title: dict[Lang, str]) -> str:
    """Return one HTML page with the map and its words in both languages; nothing from a network."""
    parts = []
    for lang in ("ja", "en"):
        lines = "\n".join(f"<p>{escape(t)}</p>" for t in told[lang])
        parts.append(
            f'<section lang="{lang}"><h1>{escape(title[lang])}</h1>\n'
            f"{metro_map(found, lang)}\n{lines}</section>"
        )
    body = "\n<hr>\n".join(parts)
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title['ja'])} / {escape(title['en'])}</title>"
        "<style>body{font-family:sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;"
        "line-height:1.6;color:#111;background:#fff}svg{width:100%;height:auto}</style>"
        f"</head><body>\n{body}\n</body></html>\n"
    )
