"""Makes a unified diff from known edits, without comparing files."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ..bibliography.charset import encoded
from ..bibliography.entry import Edit

_CONTEXT = 3

_Change = tuple[int, int, list[bytes]]
"""First line, line after the last one, and the replacement lines."""


def unified(name: str, data: bytes, edits: Sequence[Edit]) -> Iterator[bytes]:
    """The lines of the diff, in the format of `patch`. The edits must be in order, with offsets in bytes."""
    lines = _lines(data)
    changes = [change for change in _changes(data, lines, edits) if change[0] < change[1] or change[2]]
    if _applied(lines, changes) == lines:
        return  # edits in two places may cancel each other
    yield f"--- {name}\n+++ {name}\n".encode("utf-8", "surrogateescape")
    grown = at = 0
    while at < len(changes):
        stop = at + 1
        while stop < len(changes) and changes[stop][0] - changes[stop - 1][1] <= 2 * _CONTEXT:
            stop += 1
        first = max(changes[at][0] - _CONTEXT, 0)
        last = min(changes[stop - 1][1] + _CONTEXT, len(lines))
        more = sum(len(new) - (end - start) for start, end, new in changes[at:stop])
        yield f"@@ -{_span(first, last - first)} +{_span(first + grown, last - first + more)} @@\n".encode()
        here = first
        for start, end, new in changes[at:stop]:
            yield from (_signed(b" ", line) for line in lines[here:start])
            yield from (_signed(b"-", line) for line in lines[start:end])
            yield from (_signed(b"+", line) for line in new)
            here = end
        yield from (_signed(b" ", line) for line in lines[here:last])
        grown += more
        at = stop


def _applied(lines: Sequence[bytes], changes: Sequence[_Change]) -> list[bytes]:
    made: list[bytes] = []
    here = 0
    for start, end, new in changes:
        made += [*lines[here:start], *new]
        here = end
    return made + list(lines[here:])


def _changes(data: bytes, lines: Sequence[bytes], edits: Sequence[Edit]) -> Iterator[_Change]:
    starts = list(accumulate(map(len, lines), initial=0))
    at = 0
    while at < len(edits):
        first = min(bisect_right(starts, edits[at].start) - 1, len(lines))
        stop = first
        pieces: list[bytes] = []
        here = starts[first]
        while at < len(edits) and (stop == first or edits[at].start < starts[stop]):
            edit = edits[at]
            stop = max(stop, min(bisect_right(starts, max(edit.start, edit.end - 1)), len(lines)))
            pieces += [data[here : edit.start], encoded(edit.new)]
            here = edit.end
            at += 1
        new = _lines(b"".join([*pieces, data[here : starts[stop]]]))
        # Text put in before or behind a line leaves that line as it was.
        while first < stop and new and lines[first] == new[0]:
            first, new = first + 1, new[1:]
        while first < stop and new and lines[stop - 1] == new[-1]:
            stop, new = stop - 1, new[:-1]
        yield first, stop, new


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _span(first: int, count: int) -> str:
    return f"{first + (count > 0)},{count}"


def _signed(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"
