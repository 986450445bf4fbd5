"""Puts the lines of a page into reading order.

A page has two columns if a strip near its middle is free of text beside most lines, with lines on both sides.
A line across the strip, such as a title, ends the columns above it. Each side is examined again, so that
three columns and columns of different widths are found too.

Knows lines and their places. Knows nothing of their content.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from ..outline import kind_of
from .page import Line
from .prose import MARKS, raised

_LEAST = 4
"""Minimum lines of a column."""
_CROSSING = 0.4
"""Maximum share of the lines of a page that may cross a strip between columns."""
_NEAR = 3.0
"""Points by which lines of one column may begin before its heading."""
_NARROW = 0.6
"""Maximum width of a box beside the abstract, as a share of the abstract's width."""
_WORD = 0.6
"""Gap between two words, as a share of the font's size."""
_ABSTRACT = re.compile(r"a\s?b\s?s\s?t\s?r\s?a\s?c\s?t\b(?:$|\s*[:.\u2014\u2013-])", re.IGNORECASE)
_LEVELS = 12
_DEPTH = 3


def columns(lines: Sequence[Line], usual: float | None = None, depth: int = _DEPTH) -> list[list[Line]]:
    """Runs of full lines below each other, in reading order.

    `usual` is the strip of the previous page, since the last page may have too few lines to find one.
    """
    lines = _unbroken(lines) if depth == _DEPTH else lines
    if depth and (parts := beside_abstract(lines)) is not None:
        return [run for part in parts for run in columns(part, usual, depth - 1)]
    strip = find_strip(lines) if depth else None
    if strip is None and usual is not None and _keeps_to(lines, usual):
        strip = usual
    if strip is None:
        return [_rows(lines)] if lines else []
    ordered: list[list[Line]] = []
    for across, band in _bands(lines, strip):
        if across:
            # It may have columns of its own, as a box with keywords beside the abstract.
            ordered += columns(band, depth=depth - 1) if len(band) < len(lines) else [_rows(band)]
        else:
            ordered += columns([one for one in band if _middle(one) < strip], depth=depth - 1)
            ordered += columns([one for one in band if _middle(one) >= strip], depth=depth - 1)
    return ordered


def beside_abstract(lines: Sequence[Line]) -> list[list[Line]] | None:
    """The lines above a box beside the abstract, of the box, of the abstract, and below; None without a box.

    Boxes have dates, keywords or citation hints. They are narrow and short, so they do not show as a strip of
    the page.
    """
    head = next((line for line in lines if _ABSTRACT.match(line.text)), None)
    if head is None:
        return None
    edge = head.x0 - _NEAR
    below = sorted((line for line in lines if line.y >= head.y - 1), key=lambda line: line.y)
    end = next((line.y for line in below if line.x0 < edge and _ends_box(line, edge)), None)
    column = [line for line in below if line.x0 >= edge and (end is None or line.y < end)]
    box = [
        line
        for line in lines
        if line.x1 < edge and head.y - 3 * head.size <= line.y and (end is None or line.y < end)
    ]
    if len(box) < 2 or len(column) < 3:
        return None
    # Two columns of text are no box and its abstract, even where the abstract begins the second.
    width = max(line.x1 for line in column) - edge
    if max(line.x1 for line in box) - min(line.x0 for line in box) > _NARROW * width:
        return None
    taken = {id(line) for line in (*box, *column)}
    above = [line for line in lines if id(line) not in taken and line.y < head.y]
    rest = [line for line in lines if id(line) not in taken and line.y >= head.y]
    return [above, box, column, rest]


def _ends_box(line: Line, edge: float) -> bool:
    return line.x1 > edge + 2 * _NEAR or kind_of(line.text) == "introduction"


def _unbroken(lines: Sequence[Line]) -> list[Line]:
    """The lines, with parts joined that are one word space apart, since raised characters break lines."""
    joined: list[Line] = []
    for row in _by_base_line(lines):
        if len(row) == 1:
            joined += row
            continue
        row.sort(key=lambda line: line.x0)
        run = row[:1]
        for line in row[1:]:
            if _on_one_line(run[-1], line) and -1 < line.x0 - run[-1].x1 < _WORD * line.size:
                run.append(line)
            else:
                joined.append(_joined(run))
                run = [line]
        joined.append(_joined(run))
    return joined


def _middle(line: Line) -> float:
    return (line.x0 + line.x1) / 2


def _keeps_to(lines: Sequence[Line], strip: float) -> bool:
    left = any(line.x1 <= strip for line in lines)
    crossing = sum(line.x0 < strip < line.x1 for line in lines)
    return left and any(line.x0 >= strip for line in lines) and crossing <= _CROSSING * len(lines)


def find_strip(lines: Sequence[Line]) -> float | None:
    """The x between two columns; None for a single column."""
    if len(lines) < 2 * _LEAST:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    begin, end = round(left + 0.15 * (right - left)), round(left + 0.85 * (right - left))
    if end - begin < 2:
        return None
    # How many lines cross each x, from where they begin and end.
    steps = [0] * (end - begin + 2)
    for line in lines:
        first, last = max(begin, round(line.x0 + 1)), min(end, round(line.x1 - 1))
        if first <= last:
            steps[first - begin] += 1
            steps[last - begin + 1] -= 1
    crossing, now = [], 0
    for step in steps[:-1]:
        now += step
        crossing.append(now)
    # The emptiest strip need not be the one: a ragged right margin is empty too.
    for level in sorted({count for count in crossing if count <= _CROSSING * len(lines)})[:_LEVELS]:
        for start, stop in sorted(_runs(crossing, level), key=lambda run: run[0] - run[1]):
            strip = begin + (start + stop - 1) / 2
            if _parts(lines, strip):
                return strip
    return None


def _runs(crossing: Sequence[int], level: int) -> Iterator[tuple[int, int]]:
    """Ranges (half-open) crossed by this number of lines, at a local minimum."""
    start = 0
    for at in range(len(crossing) + 1):
        if at == len(crossing) or crossing[at] != level:
            if at > start:
                yield start, at
            start = at + 1


def _parts(lines: Sequence[Line], strip: float) -> bool:
    """Whether there are lines side by side along a strip, which fill their columns."""
    left = [line for line in lines if line.x1 <= strip + 1]
    right = [line for line in lines if line.x0 >= strip - 1]
    if len(left) < _LEAST or len(right) < _LEAST:
        return False
    top, bottom = (
        max(min(o.y for o in left), min(o.y for o in right)),
        min(max(o.y for o in left), max(o.y for o in right)),
    )
    beside = sum(top <= one.y <= bottom for one in left), sum(top <= one.y <= bottom for one in right)
    if min(beside) < _LEAST:
        return False
    for side in (left, right):
        width = max(one.x1 for one in side) - min(one.x0 for one in side)
        if median(one.x1 - one.x0 for one in side) < 0.4 * width:
            return False
    return True


def _bands(lines: Sequence[Line], strip: float) -> list[tuple[bool, list[Line]]]:
    """Parts of a page from top to bottom: across the strip, or on both sides of it."""
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    margin = 0.06 * (right - left)
    bands: list[tuple[bool, list[Line]]] = []
    above: Line | None = None
    for line in sorted(lines, key=lambda line: line.y):
        across = line.x0 < strip - margin and line.x1 > strip + margin
        if not across and above is not None:
            # The short last line of a paragraph that lies across.
            across = (
                abs(line.x0 - above.x0) < 1
                and abs(line.size - above.size) < 0.3
                and line.y - above.y < 1.6 * line.size
            )
        above = line if across else None
        if bands and bands[-1][0] == across:
            bands[-1][1].append(line)
        else:
            bands.append((across, [line]))
    # Some lines between two that cross, on one side only, are no columns.
    joined: list[tuple[bool, list[Line]]] = []
    for n, (across, band) in enumerate(bands):
        sides = {_middle(one) < strip for one in band}
        between = not across and 0 < n < len(bands) - 1 and len(band) < _LEAST and len(sides) == 1
        if joined and (joined[-1][0] == across or (between and joined[-1][0])):
            joined[-1][1].extend(band)
        else:
            joined.append((across, list(band)))
    return joined


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Full lines from top to bottom: parts on one base line are one line."""
    return [_joined(sorted(row, key=lambda line: line.x0)) for row in _by_base_line(lines)]


def _by_base_line(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    largest: Line | None = None
    for line in sorted(lines, key=lambda line: line.y):
        if largest is not None and _on_one_line(largest, line):
            rows[-1].append(line)
            largest = max(largest, line, key=lambda one: one.size)
        else:
            rows.append([line])
            largest = line
    return rows


def _on_one_line(one: Line, other: Line) -> bool:
    small, large = (one.size, other.size) if one.size < other.size else (other.size, one.size)
    # What is much smaller may be raised or lowered.
    return abs(one.y - other.y) <= (0.5 if small < 0.8 * large else 0.3) * large


def _joined(row: list[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    main = max(row, key=lambda line: len(line.text))
    text, end = "", row[0].x0
    for line in row:
        mark = (
            line.size < 0.8 * main.size and line.y < main.y - 0.2 * main.size and MARKS.issuperset(line.text)
        )
        if mark:
            text += raised(text, line.text)
        else:
            if text and line.mark:
                text += raised(text, line.mark.rstrip()) + (" " if line.mark.endswith(" ") else "")
            elif text and line.x0 - end > 0.12 * main.size:
                text += " "
            text += line.text
        end = line.x1
    bold = all(line.bold for line in row)
    return replace(main, text=text, x0=row[0].x0, x1=max(line.x1 for line in row), bold=bold)
