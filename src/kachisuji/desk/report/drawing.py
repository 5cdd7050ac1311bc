"""Small charts as SVG that keep their letters the same size on a phone and on a projector.

Horizontal positions are in percent of the width and vertical ones in pixels, so a chart fills any
width without scaling its text. Colours are classes of the style sheet: light, dark and print come
from there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from kachisuji.desk.report.bilingual import Both, markup


@dataclass(frozen=True)
class Scale:
    """A scale from ``low`` to ``high`` onto 0 to 1: linear, or by square roots.

    Square roots keep their sign; they spread what crowds around zero and still show zero.
    """

    low: float
    high: float
    root: bool = False

    def __call__(self, value: float) -> float:
        """Place a value; what is outside is put on the edge."""
        low, high, at = (_rooted(v) if self.root else v for v in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside the scale."""
        if self.root:
            ends = (_rooted(self.low), _rooted(self.high))
            even = (ends[0] + (ends[1] - ends[0]) * k / about for k in range(about + 1))
            near = (_round_off(math.copysign(v * v, v)) for v in even)
            found = sorted({0.0, *near}) if self.low <= 0 <= self.high else sorted(set(near))
            kept: list[float] = []
            for value in sorted(found, key=abs):  # zero first, the rest where there is room
                inside = self.low <= value <= self.high
                if inside and all(abs(self(value) - self(k)) > 0.09 for k in kept):
                    kept.append(value)
            return sorted(kept)
        step = nice_step((self.high - self.low) / about)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def _rooted(value: float) -> float:
    return math.copysign(math.sqrt(abs(value)), value)


def _round_off(value: float) -> float:
    """Round to one significant digit."""
    return float(f"{value:.1g}")


def nice_step(rough: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))


def spanning(
    values: Sequence[float], *, zero: bool = True, room: float = 0.05, root: bool = False
) -> Scale:
    """Return a scale that holds every finite value, and zero when asked, with some room."""
    finite = [float(v) for v in values if math.isfinite(v)]
    if zero or not finite:
        finite.append(0.0)
    low, high = min(finite), max(finite)
    if high - low <= 0:
        high = low + (abs(low) or 1.0)
    margin = room * (high - low)
    return Scale(low - margin if low < 0 or not zero else low, high + margin, root)


def pc(share: float) -> str:
    """Write a share of the width as an SVG percentage."""
    return f"{100 * share:.2f}%"


@dataclass
class Plot:
    """A drawing with a horizontal scale in percent and a vertical one in pixels."""

    x: Scale
    y: Scale
    height: int = 300
    parts: list[str] = field(default_factory=list)

    def at(self, value: float) -> str:
        """Horizontal place of a value."""
        return pc(self.x(value))

    def up(self, value: float) -> float:
        """Vertical place of a value."""
        return round(self.height * (1 - self.y(value)), 1)

    def line(self, x1: float, y1: float, x2: float, y2: float, cls: str) -> None:
        """Draw a straight line between two points of the scales."""
        self.parts.append(
            f'<line x1="{self.at(x1)}" y1="{self.up(y1)}" x2="{self.at(x2)}" y2="{self.up(y2)}" '
            f'class="{cls}"/>'
        )

    def path(self, xs: Sequence[float], ys: Sequence[float], cls: str) -> None:
        """Draw a broken line."""
        for k in range(len(xs) - 1):
            self.line(xs[k], ys[k], xs[k + 1], ys[k + 1], cls)

    def bar(self, x1: float, x2: float, y1: float, y2: float, cls: str) -> None:
        """Draw a rectangle between two corners of the scales."""
        left, right = sorted((self.x(x1), self.x(x2)))
        bottom, top = sorted((self.up(y1), self.up(y2)))
        self.parts.append(
            f'<rect x="{pc(left)}" y="{bottom}" width="{pc(right - left)}" '
            f'height="{round(top - bottom, 1)}" class="{cls}"/>'
        )

    def dot(self, x: float, y: float, cls: str, radius: float = 5) -> None:
        """Draw a dot."""
        self.parts.append(
            f'<circle cx="{self.at(x)}" cy="{self.up(y)}" r="{radius}" class="{cls}"/>'
        )

    def text(
        self, x: float, y: float, text: Both | str, cls: str = "", *, dx: float = 0, dy: float = 0
    ) -> None:
        """Write a text at a point, moved by ``dx``, ``dy`` pixels; both languages when given."""
        place = f'x="{self.at(x)}" y="{self.up(y)}" dx="{dx}" dy="{dy}"'
        self.parts.append(_text(place, text, cls))

    def free(self, x: float, y: float, taken: list[tuple[float, float]], apart: float) -> bool:
        """Whether a mark at a point keeps ``apart`` pixels from those taken, on a narrow page.

        A free place is added to those taken. The width is taken as 640 pixels.
        """
        here = (640 * self.x(x), self.up(y))
        if any(math.dist(here, there) < apart for there in taken):
            return False
        taken.append(here)
        return True

    def axes(
        self,
        x_ticks: Sequence[tuple[float, Both | str]],
        y_ticks: Sequence[tuple[float, Both | str]],
    ) -> None:
        """Draw faint lines with their labels below and on the left."""
        for value, label in y_ticks:
            self.line(self.x.low, value, self.x.high, value, "grid")
            self.text(self.x.low, value, label, "tick end", dx=-8, dy=4)
        for value, label in x_ticks:
            place = f'x="{self.at(value)}" y="{self.height}" dy="25"'
            self.parts.append(_text(place, label, "tick mid"))

    def svg(self, labelled_by: str) -> Markup:
        """Return the drawing, named by the element with the id ``labelled_by``."""
        return Markup(
            f'<svg class="chart" width="100%" height="{self.height}" role="img" '
            f'aria-labelledby="{labelled_by}">{"".join(self.parts)}</svg>'
        )


def _text(place: str, text: Both | str, cls: str) -> str:
    if isinstance(text, Both) and text.en != text.ja:
        return (
            f'<text {place} class="{cls}" lang="en">{escape(text.en)}</text>'
            f'<text {place} class="{cls}" lang="ja">{escape(text.ja)}</text>'
        )
    return f'<text {place} class="{cls}">{markup(text)}</text>'


def strip(parts: Sequence[str], height: int = 18) -> Markup:
    """Return a drawing in a table cell, hidden from screen readers: the figures are beside it."""
    return Markup(
        f'<svg class="strip" width="100%" height="{height}" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def whisker(
    scale: Scale, low: float, middle: float, high: float, *, mark: float | None = 0.0, cls: str = ""
) -> Markup:
    """Draw an interval with its middle, and a line where ``mark`` is."""
    parts = []
    if mark is not None:
        place = pc(scale(mark))
        parts.append(f'<line x1="{place}" x2="{place}" y1="0" y2="18" class="mark"/>')
    parts.append(
        f'<line x1="{pc(scale(low))}" x2="{pc(scale(high))}" y1="9" y2="9" class="whisker {cls}"/>'
    )
    parts.append(f'<circle cx="{pc(scale(middle))}" cy="9" r="4.5" class="dot {cls}"/>')
    return strip(parts)


def stack(shares: Sequence[tuple[float, str]], height: int = 14) -> Markup:
    """Draw shares of a whole as one bar; each share comes with its class."""
    parts, start = [], 0.0
    for share, cls in shares:
        if share > 0:
            parts.append(
                f'<rect x="{pc(start)}" y="0" width="{pc(share)}" height="{height}" class="{cls}"/>'
            )
        start += share
    return strip(parts, height)


def meter(share: float, cls: str = "", height: int = 10) -> Markup:
    """Draw a share of one as a filled bar."""
    return strip(
        [
            f'<rect x="0" y="0" width="100%" height="{height}" rx="2" class="empty"/>',
            f'<rect x="0" y="0" width="{pc(min(1.0, max(0.0, share)))}" height="{height}" rx="2" '
            f'class="full {cls}"/>',
        ],
        height,
    )
