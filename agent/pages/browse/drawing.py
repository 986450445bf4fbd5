"""Draws charts as SVG, for a page or a file of its own.

Colours are attributes, so that a saved file has them; a page's style sheet overrides them by class, for dark
screens. In a page every mark is a link, for those who point; for the keyboard and screen readers, which pass
over the drawing, the page has the same links in a table. Every word is escaped.

Knows numbers and names. Knows no cards.
"""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH = 440
_NAMES = 158
"""Width of the names beside bars."""
_LONGEST = 21
"""Characters of a line of a name."""
_ROW, _LINE = 24, 13
_NUMBERS = 44
"""Width of the numbers behind bars."""
_HEIGHT = 170
"""Height of the columns of years."""
_FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
_COLOURS = {
    "ink": "#1f2328",
    "soft": "#59636e",
    "ground": "#ffffff",
    "accent": "#0f6f68",
    "column": "#3f9d92",
    "base": "#e3e6e8",
    "on-accent": "#ffffff",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One group: how many of its papers have something."""

    name: str
    count: int
    n: int
    low: float | None
    """The ends of the interval of `count / n`; None if n is 0."""
    high: float | None
    small: bool
    """Whether there are so few papers that the count says more than the share."""
    numbered: bool
    """Whether n is that of this group alone, and belongs to its name."""
    href: str

    @property
    def share(self) -> float:
        """Share of the papers, 0 if there are none."""
        return self.count / self.n if self.n else 0.0

    @property
    def value(self) -> str:
        """The number to show: a share, or a count in a small group."""
        return f"{self.count} of {self.n}" if self.small else f"{self.share:.0%}"

    @property
    def words(self) -> str:
        """All figures in words."""
        between = "" if self.low is None or self.high is None else f", {self.low:.0%} to {self.high:.0%}"
        return f"{self.name}: {self.share:.0%}{between}, {self.count:,} of {self.n:,}"


def bars(title: str, about: str, points: Sequence[Point], linked: bool) -> str:
    """Shares as bars with intervals, from top to bottom, each as high as its name needs."""
    top = _top(points)
    room = _WIDTH - _NAMES - _NUMBERS
    names = [
        textwrap.wrap(
            f"{one.name} ({one.n:,})" if one.numbered else one.name, _LONGEST, max_lines=3, placeholder=" …"
        )
        for one in points
    ]
    heights = [_ROW + _LINE * (len(name) - 1) for name in names]
    height = 18 + sum(heights)
    marks = []
    for share in (0, top / 2, top):
        x = _NAMES + room * share / top
        marks += [_text(x, 10, f"{share:.0%}", "soft", "middle", 10), _stroke(x, 15, x, height, "base")]
    y = 18.0
    for point, name, tall in zip(points, names, heights, strict=True):
        middle = y + tall / 2
        inside = [
            _text(_NAMES - 8, middle + 4 + _LINE * (place - (len(name) - 1) / 2), line, "ink", "end")
            for place, line in enumerate(name)
        ]
        inside.append(_bar(_NAMES, middle - 8, room * point.share / top, 16, point.small))
        if point.low is not None and point.high is not None:
            low, high = (_NAMES + room * end / top for end in (point.low, point.high))
            inside += [_stroke(low, middle, high, middle, "ink"), *_caps(low, high, middle, upright=False)]
        inside.append(_text(_WIDTH, middle + 4, point.value, "soft", "end"))
        marks.append(_mark(point.words, point.href, inside, (0, y, _WIDTH, tall), linked))
        y += tall
    return _svg(title, about, marks, height, linked)


def years(title: str, about: str, points: Sequence[Point], linked: bool, *, counts: bool) -> str:
    """Shares with intervals as columns from left to right, or with `counts` the numbers of papers."""
    by_year = {int(one.name): one for one in points}
    every = range(min(by_year), max(by_year) + 1)
    left, room = 36, _WIDTH - 36
    top = float(max(one.count for one in points)) if counts else _top(points)
    step = room / len(every)
    marks = []
    for part in (0, 0.5, 1):
        y = 12 + _HEIGHT * (1 - part)
        number = f"{top * part:,.0f}" if counts else f"{top * part:.0%}"
        if not counts or float(top * part).is_integer():
            marks += [_text(left - 6, y + 4, number, "soft", "end", 10), _stroke(left, y, _WIDTH, y, "base")]
    often = math.ceil(32 / step)
    for place, year in enumerate(every):
        middle = left + step * (place + 0.5)
        if (max(every) - year) % often == 0:
            marks.append(_text(middle, _HEIGHT + 27, str(year), "soft", "middle", 10))
        if (point := by_year.get(year)) is None:
            continue
        share = point.count if counts else point.share
        tall = _HEIGHT * share / top
        wide = min(26.0, step * 0.72)
        inside = [_bar(middle - wide / 2, 12 + _HEIGHT - tall, wide, tall, point.small and not counts)]
        if not counts and point.low is not None and point.high is not None:
            low, high = (12 + _HEIGHT * (1 - end / top) for end in (point.low, point.high))
            inside += [_stroke(middle, low, middle, high, "ink"), *_caps(low, high, middle, upright=True)]
        if not counts and often == 1:
            n = f"{point.count}/{point.n}" if point.small else f"({point.n:,})"
            inside.append(_text(middle, _HEIGHT + 40, n, "soft", "middle", 10))
        words = f"{year}: {point.count:,}" if counts else point.words
        marks.append(_mark(words, point.href, inside, (middle - step / 2, 12, step, _HEIGHT), linked))
    return _svg(title, about, marks, _HEIGHT + 44, linked)


def grid(
    title: str,
    about: str,
    names: Sequence[tuple[str, str]],
    cells: Mapping[tuple[str, str], tuple[int, str]],
    linked: bool,
) -> str:
    """Counts of pairs as a triangle of cells: `names` by id, and for each pair its count and address."""
    most = max(
        (count for pair, (count, _) in cells.items() if {*pair} <= {one for one, _ in names}), default=1
    )
    side = min(48.0, (_WIDTH - _NAMES - 24) / max(1, len(names) - 1))
    head = 18
    tall = 34
    marks = [
        _text(_NAMES + 24 + (place + 0.5) * side, 12, str(place + 1), "soft", "middle")
        for place in range(len(names) - 1)
    ]
    for row, (task, name) in enumerate(names):
        middle = head + (row + 0.5) * tall
        lines = textwrap.wrap(name, _LONGEST, max_lines=2, placeholder=" …")
        marks += [
            _text(_NAMES - 8, middle + 4 + _LINE * (place - (len(lines) - 1) / 2), line, "ink", "end")
            for place, line in enumerate(lines)
        ]
        marks.append(_text(_NAMES + 10, middle + 4, str(row + 1), "soft", "middle"))
        for column, (other, its) in enumerate(names[:row]):
            count, href = cells.get((task, other), (0, ""))
            x, y = _NAMES + 24 + column * side, head + row * tall
            inside = [
                _rect(x + 1, y + 1, side - 2, tall - 2, "base"),
                _rect(x + 1, y + 1, side - 2, tall - 2, "accent", f' fill-opacity="{count / most:.2f}"'),
            ]
            if count:
                ink = "on-accent" if count / most > 0.55 else "ink"
                inside.append(_text(x + side / 2, middle + 4, _short(count), ink, "middle"))
            words = f"{name} and {its}: {count:,}"
            marks.append(_mark(words, href, inside, (x, y, side, tall), linked and bool(count)))
    return _svg(title, about, marks, head + len(names) * tall, linked)


def _top(points: Iterable[Point]) -> float:
    """The end of the axis: where the longest interval ends, in steps of a tenth."""
    return min(1.0, math.ceil(10 * max((one.high or 0.0 for one in points), default=1.0) + 1e-9) / 10) or 1.0


def _svg(title: str, about: str, marks: Iterable[str], height: float, linked: bool) -> str:
    # What is said below travels with the drawing; a page says it itself, and shows the part above it.
    said = textwrap.wrap(f"{title}. {about}", 84)
    whole = height + 12 + _LINE * len(said)
    below = "".join(
        _text(0, height + 14 + _LINE * at, words, "soft", "start", 10) for at, words in enumerate(said)
    )
    shown = height + 4 if linked else whole
    role = 'aria-hidden="true"' if linked else f'role="img" aria-label="{_safe(title)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {shown:.0f}" width="{_WIDTH}" '
        f'height="{shown:.0f}" data-whole="{whole:.0f}" {role} '
        f'font-family="{escape(_FONT)}" font-size="12" class="chart"><title>{_safe(title)}</title>'
        f"<desc>{_safe(about)}</desc>{_rect(0, 0, _WIDTH, whole, 'ground')}{''.join(marks)}"
        f"{below}</svg>"
    )


def _mark(
    words: str, href: str, inside: Iterable[str], hit: tuple[float, float, float, float], linked: bool
) -> str:
    if not linked:
        return f"<g><title>{_safe(words)}</title>{''.join(inside)}</g>"
    x, y, width, height = hit
    area = (
        f'<rect class="hit" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="none"/>'
    )
    return f'<a href="{escape(href)}" tabindex="-1"><title>{_safe(words)}</title>{area}{"".join(inside)}</a>'


def _bar(x: float, y: float, width: float, height: float, small: bool) -> str:
    if small:
        return _rect(x, y, max(1.0, width), height, "hollow", f' stroke="{_COLOURS["column"]}"')
    return _rect(x, y, max(float(width > 0), width), height, "column")


def _rect(x: float, y: float, width: float, height: float, style: str, more: str = "") -> str:
    fill = _COLOURS.get(style, "none")
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{fill}"{more}/>'
    )


def _stroke(x: float, y: float, to_x: float, to_y: float, style: str) -> str:
    return (
        f'<line class="{style}-line" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke="{_COLOURS[style]}"/>'
    )


def _caps(low: float, high: float, middle: float, *, upright: bool) -> Sequence[str]:
    if upright:
        return [_stroke(middle - 3, end, middle + 3, end, "ink") for end in (low, high)]
    return [_stroke(end, middle - 3, end, middle + 3, "ink") for end in (low, high)]


def _text(x: float, y: float, words: str, style: str, anchor: str, size: int = 12) -> str:
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{_COLOURS[style]}">{_safe(words)}</text>'
    )


def _safe(words: str) -> str:
    # Characters that XML has no way to write would spoil the whole drawing.
    return escape("".join(c if c.isprintable() else " " for c in words))


def _short(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else str(count)
