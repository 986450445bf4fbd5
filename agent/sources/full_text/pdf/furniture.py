"""Removes page numbers, running heads, line numbers and rulers.

A page number is a number alone in the outermost rows of a page; a running head is a line there that another
page has at the same height, ignoring digits. Line numbers and rulers are numbers below each other that rise
by even steps, with hardly any text above or below them.

Knows lines and their places.
"""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from .page import Line, Page

_ROWS = 2
"""Number of rows at the top and bottom that are examined."""
_SAME = 6.0
"""Points between two heights that count as the same."""
_NUMBER = re.compile(
    r"(?:page)?[-\u2013\u2014\s]*+(?:\d{1,4}|[ivxlc]{1,6})[-\u2013\u2014\s]*+(?:(?:of|/)\s*\d{1,4})?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_COUNT = re.compile(r"\d{1,4}")
_LAST_NUMBER = re.compile(r"\s?\d{1,4}$")
_LEAST = 5
"""Minimum numbers of a column of line numbers."""
_ALIGNED = 2.5
"""Points by which the edges of line numbers may differ."""
_WIDER = 8.0
"""Additional points for a number with more digits on a later page."""
_EVEN = 0.8
"""Minimum share of equal steps between the numbers."""
_CROSSING = 0.1
"""Maximum share of the other lines of a page that reach over the numbers."""


class LineNumbers:
    """The positions of line numbers and rulers on the previous pages of a document."""

    def __init__(self) -> None:
        self._places: list[tuple[float, float]] = []

    def drop(self, page: Page) -> None:
        """Remove line numbers and rulers from the next page."""
        numbers = [line for line in page.lines if _COUNT.fullmatch(line.text)]
        if not numbers or not (self._places or len(numbers) >= _LEAST):
            return
        others = [line for line in page.lines if not _COUNT.fullmatch(line.text)]
        dropped = self._known(numbers)
        for edge in ("x1", "x0"):
            left = [line for line in numbers if id(line) not in dropped]
            for column in _aligned(left, edge):
                if _rises(column) and _stands_apart(column, others):
                    dropped.update(map(id, column))
                    place = min(line.x0 for line in column), max(line.x1 for line in column)
                    self._places.append((place[0] - _WIDER, place[1] + _WIDER))
        dropped |= self._known(numbers)  # those of fewer digits, which are aligned on the other side
        page.lines = [line for line in page.lines if id(line) not in dropped]
        for line in page.lines:
            # A line that is too long runs into the number.
            if any(a <= line.x1 <= b and line.x0 < a for a, b in self._places):
                line.text = _LAST_NUMBER.sub("", line.text)

    def _known(self, numbers: Sequence[Line]) -> set[int]:
        return {id(line) for line in numbers if any(a <= line.x0 and line.x1 <= b for a, b in self._places)}


def _aligned(numbers: Sequence[Line], edge: str) -> Iterator[list[Line]]:
    """Numbers with aligned left or right edges, from top to bottom."""
    column: list[Line] = []
    for line in sorted(numbers, key=lambda line: float(getattr(line, edge))):
        if column and getattr(line, edge) - getattr(column[-1], edge) > _ALIGNED:
            yield sorted(column, key=lambda one: one.y)
            column = []
        column.append(line)
    if column:
        yield sorted(column, key=lambda one: one.y)


def _rises(column: Sequence[Line]) -> bool:
    steps = Counter(int(b.text) - int(a.text) for a, b in itertools.pairwise(column))
    if len(column) < _LEAST:
        return False
    step, times = steps.most_common(1)[0]
    return step > 0 and times >= _EVEN * (len(column) - 1)


def _stands_apart(column: Sequence[Line], others: Sequence[Line]) -> bool:
    left, right = min(line.x0 for line in column), max(line.x1 for line in column)
    crossing = sum(line.x0 < right and line.x1 > left for line in others)
    return crossing <= _CROSSING * len(others)


def drop_furniture(pages: Sequence[Page]) -> None:
    """Remove page numbers and running heads from the pages of a document."""
    outer = [list(_outer(page.lines)) for page in pages]
    places: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for page, lines in zip(pages, outer, strict=True):
        for line in lines:
            places[_DIGITS.sub("#", line.text)].append((page.number, line.y))
    for page, lines in zip(pages, outer, strict=True):
        dropped = {
            id(line)
            for line in lines
            if (_NUMBER.fullmatch(line.text) and _alone(line, lines))
            or any(
                number != page.number and abs(y - line.y) < _SAME
                for number, y in places[_DIGITS.sub("#", line.text)]
            )
        }
        page.lines = [line for line in page.lines if id(line) not in dropped]


def _alone(line: Line, lines: Sequence[Line]) -> bool:
    """Whether nothing is beside a line, unlike the 2 of a formula."""
    return not any(other is not line and abs(other.y - line.y) < other.size / 2 for other in lines)


def _outer(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines in the first and the last rows."""
    rows: list[float] = []
    for y in sorted(line.y for line in lines):
        if not rows or y - rows[-1] > _SAME / 2:
            rows.append(y)
    if not rows:
        return
    top, foot = rows[min(_ROWS, len(rows)) - 1], rows[-min(_ROWS, len(rows))]
    for line in lines:
        if line.y <= top + _SAME / 2 or line.y >= foot - _SAME / 2:
            yield line
