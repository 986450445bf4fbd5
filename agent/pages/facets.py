"""Which cards carry which tag: one bitmap for each tag, so that counting 100,000 cards takes a millisecond.

Bit `n` stands for row `n` of the index. A Python integer is the bitmap: `&` selects and `bit_count` counts.
One thread adds while others read; a row is seen once it is `alive`, which is said last.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..card import UNCERTAIN, Card

FIELDS = ("task", "modality", "contribution", "code", "data", "weights", "claim")
"""What cards can be chosen by, in the order in which it is shown."""

SINGLE = ("code", "data", "weights")
"""The fields of which a card has one value: a second choice takes the place of the first."""


class Tag(NamedTuple):
    """One thing that a card says."""

    field: str
    """One of `FIELDS`."""
    value: str
    """A label, a kind of claim, or a status."""


def tags_of(card: Card) -> Iterator[Tag]:
    """Everything that a card can be chosen by, each once."""
    held = card.reproducibility
    said: dict[str, list[str]] = {
        "task": [one.label for one in card.tasks] or [UNCERTAIN] * bool(card.unsure_of("tasks")),
        "modality": [one.label for one in card.modalities],
        "contribution": [one.label for one in card.contributions],
        "code": [held.code.status],
        "data": [held.data.status],
        "weights": [held.weights.status],
        "claim": [one.kind for one in card.claims],
    }
    for field, values in said.items():
        for value in dict.fromkeys(values):
            yield Tag(field, value)


def confidence_of(card: Card) -> float | None:
    """The mean of all the confidences that a card states; None where it states none."""
    held = card.reproducibility
    labels = (*card.tasks, *card.modalities, *card.contributions)
    every = [
        *(label.confidence for label in labels),
        *(claim.confidence for claim in card.claims),
        *(artifact.confidence for artifact in (held.code, held.data, held.weights)),
    ]
    stated = [one for one in every if one is not None]
    return sum(stated) / len(stated) if stated else None


_ARXIV = re.compile(r"arxiv:(?:[a-z.-]+/)?(\d\d)(\d\d)\.?(\d+)", re.IGNORECASE)


def dated(card: Card) -> str:
    """A text that sorts by when the paper came out, as its arXiv id tells; else when its card was made."""
    if match := _ARXIV.match(card.id):
        year, month, number = match.groups()
        return f"{'19' if year > '90' else '20'}{year}-{month} {number:0>5}"
    return card.provenance.created


class Facets:
    """The bitmaps of all tags."""

    def __init__(self) -> None:
        self._bits: dict[Tag, bytearray] = {}
        self._alive = bytearray()

    def add(self, row: int, tags: Iterable[Tag]) -> None:
        """Say what a row carries; it is not seen yet."""
        for tag in tags:
            _set(self._bits.setdefault(tag, bytearray()), row)

    def show(self, rows: Iterable[int]) -> None:
        """Let rows be seen."""
        for row in rows:
            _set(self._alive, row)

    def drop(self, rows: Iterable[int]) -> None:
        """Let rows be seen no more."""
        for row in rows:
            self._alive[row >> 3] &= ~(1 << (row & 7))

    @property
    def alive(self) -> int:
        """All rows that are seen."""
        return int.from_bytes(self._alive, "little")

    def bitmap(self, tag: Tag) -> int:
        """The rows with a tag, those that are not seen among them."""
        return int.from_bytes(self._bits.get(tag, b""), "little")

    def counts(self, field: str, selected: int) -> list[tuple[str, int]]:
        """How many of the selected rows have each value of a field, the most frequent first; no zeros."""
        found = []
        for tag in list(self._bits):  # a copy: another thread may add one
            if tag.field == field and (count := (selected & self.bitmap(tag)).bit_count()):
                found.append((tag.value, count))
        return sorted(found, key=lambda one: (-one[1], one[0]))


def rows_of(bitmap: int, order: Iterable[int], skip: int = 0, most: int | None = None) -> Iterator[int]:
    """The rows of a bitmap as they come in an order, after the first `skip`, at most `most`."""
    bits = bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "little")
    size = len(bits)
    left = most if most is not None else bitmap.bit_count()
    for row in order:
        if left <= 0:
            return
        if row >> 3 < size and bits[row >> 3] >> (row & 7) & 1:
            if skip > 0:
                skip -= 1
                continue
            left -= 1
            yield row


def bitmap_of(rows: Iterable[int]) -> int:
    """The bitmap of some rows."""
    rows = list(rows)
    bits = bytearray((max(rows, default=0) >> 3) + 1)
    for row in rows:
        bits[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(bits, "little")


def _set(bits: bytearray, row: int) -> None:
    place = row >> 3
    if place >= len(bits):
        bits.extend(bytes(max(place + 1 - len(bits), len(bits) >> 3)))
    bits[place] |= 1 << (row & 7)
