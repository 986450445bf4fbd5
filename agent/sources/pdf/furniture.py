"""What stands on pages beside their text: page numbers and running heads.

A page number is a number alone in the outermost rows of a page; a running head is a line there that another
page has at the same height, digits aside.

Knows lines and their places.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from .page import Line, Page

_ROWS = 2
"""Rows at the top and at the foot that may be furniture."""
_SAME = 6.0
"""Points between two heights that count as one."""
_NUMBER = re.compile(
    r"(?:page\s*)?[-\u2013\u2014\s]*(?:\d{1,4}|[ivxlc]{1,6})[-\u2013\u2014\s]*(?:(?:of|/)\s*\d{1,4})?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")


def drop_furniture(pages: Sequence[Page]) -> None:
    """Take page numbers and running heads out of the pages of one document."""
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
    """Whether nothing stands beside it: the 2 of a formula does not."""
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
