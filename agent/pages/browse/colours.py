"""The colours of the map: which papers of a selection have which of the largest values of a field.

A paper with several of these values has the colour of the rarest. Whole bitmaps are worked on at once, so
that 100,000 papers take a few milliseconds.

Knows the index. Knows no requests and no HTML.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ..index.database import Found, Index
from ..index.facets import Tag

DEFAULT = "task"
"""Field that the map is coloured by, if none is chosen."""
MOST = 8
"""Number of values with a colour of their own."""
NOT_CHOSEN, OTHER, GONE = 0, MOST + 1, 255
"""Classes of papers outside the selection, of those without one of the values, and of rows without a card."""


@dataclass(frozen=True, slots=True)
class Group:
    """One colour of the map."""

    number: int
    """Its class, from 1; `OTHER` for papers without one of the values."""
    tag: Tag | None


def groups(index: Index, found: Found, by: str) -> Sequence[Group]:
    """The colours that a selection has, the most frequent value first; of years, the latest."""
    painted = _painted(index, found, by)
    return [Group(number, tag) for number, tag, rows in painted if rows]


def classes(index: Index, found: Found, by: str) -> bytes:
    """The class of every row of the index, one byte each."""
    alive = index.facets.alive
    size = max(alive.bit_length(), found.rows.bit_length())
    total = _bytes(~alive & (1 << size) - 1, size, GONE)
    for number, _, rows in _painted(index, found, by):
        total |= _bytes(rows, size, number)
    return total.to_bytes(size, "little")


def packed(xs: Sequence[int], ys: Sequence[int]) -> bytes:
    """The places of rows: two bytes for each `x`, then two for each `y`, the lower first."""
    from sys import byteorder

    size = min(len(xs), len(ys))  # another thread may be between the two
    both = array("H", xs[:size]) + array("H", ys[:size])
    if byteorder == "big":
        both.byteswap()
    return both.tobytes()


def _painted(index: Index, found: Found, by: str) -> Sequence[tuple[int, Tag | None, int]]:
    field = by or DEFAULT
    tags = [Tag(field, value) for value, _ in index.counts(field, found)[:MOST]]
    rest = found.rows
    painted: list[tuple[int, Tag | None, int]] = []
    for number, tag in reversed(list(enumerate(tags, start=1))):
        rows = rest & index.facets.bitmap(tag)
        rest &= ~rows
        painted.append((number, tag, rows))
    return [*reversed(painted), (OTHER, None, rest)]


def _bytes(rows: int, size: int, value: int) -> int:
    """A number with that value in the byte of every row."""
    bits = format(rows, "b").encode().rjust(size, b"0")
    return int.from_bytes(bits.translate(bytes.maketrans(b"01", bytes((0, value)))), "big")
