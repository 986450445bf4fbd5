"""Draws charts of a selection, as SVG for a page or a file of its own.

Colours are attributes, so that a saved file has them; a page's style sheet overrides them by class, for dark
screens. Every word is escaped.

Knows counts. Knows no cards and no requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain

from ...text.wording import counted, label_words
from ..index.database import Found, Index
from ..index.facets import Tag

NAMES = ("tasks", "together", "code")
"""Names of all charts, as used in addresses and file names."""

MOST_TASKS = 12
MOST_TOGETHER = 9

_WIDTH = 440
_NAMES_WIDTH = 184
_ROW = 24
_LONGEST = 24
"""Maximum characters of a name beside a bar; the tooltip shows the full name."""
_FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
_INK, _SOFT, _GROUND = "#1f2328", "#59636e", "#ffffff"
_ACCENT, _PALE, _BASE = "#0f6f68", "#7cc4b8", "#e3e6e8"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the figures in it."""

    name: str
    title: str
    svg: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def charts(index: Index, found: Found) -> tuple[Chart, ...]:
    """All charts of a selection; empty if the selection is empty."""
    tasks = [(task, n) for task, n in index.counts("task", found)]
    if not tasks:
        return ()
    return (
        _shares(tasks[:MOST_TASKS], found.count),
        _together(index, found, [task for task, _ in tasks[:MOST_TOGETHER]]),
        _code(index, found, tasks[:MOST_TASKS]),
    )


def _shares(tasks: Sequence[tuple[str, int]], total: int) -> Chart:
    title = "Tasks by share of the papers"
    room = _WIDTH - _NAMES_WIDTH - 56
    most = tasks[0][1]
    marks = []
    for place, (task, count) in enumerate(tasks):
        y = place * _ROW
        width = max(1.0, room * count / most)
        marks += [
            _name(task, y),
            _bar(_NAMES_WIDTH, y, width, "accent", _ACCENT),
            _text(_NAMES_WIDTH + width + 6, y + 16, _share(count, total), "soft", _SOFT),
        ]
    rows = [(_plain(task), f"{count:,}", _share(count, total)) for task, count in tasks]
    return Chart(
        "tasks",
        title,
        _svg(title, f"Most frequent tasks of {counted(total, 'paper')}", marks, len(tasks) * _ROW),
        ("Task", "Papers", "Share"),
        rows,
    )


def _together(index: Index, found: Found, tasks: Sequence[str]) -> Chart:
    title = "Tasks that occur together"
    bitmaps = [found.rows & index.facets.bitmap(Tag("task", task)) for task in tasks]
    counts = [[(a & b).bit_count() for b in bitmaps] for a in bitmaps]
    most = max(chain.from_iterable(row[:place] for place, row in enumerate(counts)), default=0) or 1
    side = (_WIDTH - _NAMES_WIDTH) / max(1, len(tasks))
    head = 20
    marks = [
        _text(_NAMES_WIDTH + (place + 0.5) * side, 12, str(place + 1), "soft", _SOFT, "middle")
        for place in range(len(tasks) - 1)
    ]
    for row, task in enumerate(tasks):
        y = head + row * _ROW
        marks.append(_name(task, y, room=22))
        marks.append(_text(_NAMES_WIDTH - 8, y + 16, str(row + 1), "soft", _SOFT, "end"))
        for column in range(row):
            count = counts[row][column]
            share = count / most
            x = _NAMES_WIDTH + column * side
            label = f"{_plain(task)} and {_plain(tasks[column])}: {count:,}"
            marks.append(
                f'<g><title>{escape(label)}</title><rect class="base" x="{x + 1:.1f}" y="{y + 1}" '
                f'width="{side - 2:.1f}" height="{_ROW - 2}" rx="2" fill="{_BASE}"/>'
                f'<rect class="accent" x="{x + 1:.1f}" y="{y + 1}" width="{side - 2:.1f}" '
                f'height="{_ROW - 2}" rx="2" fill="{_ACCENT}" fill-opacity="{share:.2f}"/>'
            )
            ink, colour = ("on-accent", _GROUND) if share > 0.55 else ("ink", _INK)
            if count:
                marks.append(_text(x + side / 2, y + 16, _short(count), ink, colour, "middle"))
            marks.append("</g>")
    rows = [
        (_plain(tasks[a]), _plain(tasks[b]), f"{counts[a][b]:,}")
        for a in range(len(tasks))
        for b in range(a)
        if counts[a][b]
    ]
    rows.sort(key=lambda one: -int(one[2].replace(",", "")))
    height = head + len(tasks) * _ROW
    return Chart(
        "together",
        title,
        _svg(title, "Number of papers that have both tasks", marks, height),
        ("Task", "and", "Papers"),
        rows,
    )


def _code(index: Index, found: Found, tasks: Sequence[tuple[str, int]]) -> Chart:
    title = "Code released, by task"
    parts = (("released", "accent", _ACCENT), ("promised", "pale", _PALE), ("not-stated", "base", _BASE))
    bitmaps = [index.facets.bitmap(Tag("code", status)) for status, _, _ in parts]
    room = _WIDTH - _NAMES_WIDTH - 46
    marks: list[str] = []
    x = float(_NAMES_WIDTH)
    for status, style, colour in parts:
        marks.append(
            f'<rect class="{style}" x="{x:.1f}" y="3" width="10" height="10" rx="2" fill="{colour}"/>'
        )
        marks.append(_text(x + 15, 12, _plain(status), "soft", _SOFT))
        x += 84
    head = 24
    rows = []
    for place, (task, total) in enumerate(tasks):
        y = head + place * _ROW
        mine = found.rows & index.facets.bitmap(Tag("task", task))
        counts = [(mine & bitmap).bit_count() for bitmap in bitmaps]
        marks.append(_name(task, y))
        x = float(_NAMES_WIDTH)
        for count, (_, style, colour) in zip(counts, parts, strict=True):
            width = room * count / total
            if count:
                marks.append(_bar(x, y, width, style, colour))
            x += width
        marks.append(_text(_WIDTH, y + 16, _share(counts[0], total), "soft", _SOFT, "end"))
        rows.append((_plain(task), *(f"{count:,}" for count in counts), _share(counts[0], total)))
    height = head + len(tasks) * _ROW
    return Chart(
        "code",
        title,
        _svg(
            title, "Share of each task's papers whose code is released, promised or not stated", marks, height
        ),
        ("Task", "Released", "Promised", "Not stated", "Share released"),
        rows,
    )


def _svg(title: str, about: str, marks: Sequence[str], height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + 4}" width="{_WIDTH}" '
        f'height="{height + 4}" role="img" aria-label="{escape(title)}" font-family="{escape(_FONT)}" '
        f'font-size="12" class="chart"><title>{escape(title)}</title><desc>{escape(about)}</desc>'
        f'<rect class="ground" width="100%" height="100%" fill="{_GROUND}"/>{"".join(marks)}</svg>'
    )


def _name(label: str, y: float, room: int = 0) -> str:
    words = _plain(label)
    most = _LONGEST - room // 8
    short = words if len(words) <= most else words[: most - 1].rstrip() + "…"
    text = _text(_NAMES_WIDTH - 8 - room, y + 16, short, "ink", _INK, "end")
    return f"<g><title>{escape(words)}</title>{text}</g>"


def _bar(x: float, y: float, width: float, style: str, colour: str) -> str:
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{_ROW - 8}" '
        f'rx="2" fill="{colour}"/>'
    )


def _text(x: float, y: float, words: str, style: str, colour: str, anchor: str = "start") -> str:
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(words)}</text>"
    )


def _plain(label: str) -> str:
    # Characters that XML has no way to write would spoil the whole drawing.
    return "".join(c if c.isprintable() else " " for c in label_words(label))


def _share(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "n/a"


def _short(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else str(count)
