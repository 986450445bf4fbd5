"""The cards of each tag as a bitmap, so that counting 100,000 cards takes a millisecond.

Bit `n` stands for row `n` of the index. A Python integer is the bitmap: `&` selects and `bit_count` counts.
One thread adds while others read; a row becomes visible when it is marked `alive`, which happens last.
"""

import heapq
import re
from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...card import UNCERTAIN, Card
from ...text.wording import label_words

FIELDS = ("task", "modality", "contribution", "code", "data", "weights", "claim", "year", "venue", "author")
"""Fields that cards can be filtered by, in the order of the page."""

OWN = "own."
"""What stands before the name of an own field."""

STATED = "stated"
"""The value of an own number, date or text: that there is one."""

NAMES = ("venue", "author")
"""Fields with names in place of labels: about as many values as cards, each of a few cards."""

MOST_NAMES = 1000
"""Number of names that are counted, those with the most cards; the others are found by searching."""

_MOST_AUTHORS = 100
"""Number of authors of one card that are counted."""

SINGLE = ("code", "data", "weights", "year", "venue")
"""Fields with one value per card: choosing a second value replaces the first."""


class Tag(NamedTuple):
    """One field and value of a card."""

    field: str
    """The field, one of `FIELDS`, or `own.` and the name of an own field."""
    value: str
    """The value: a label, a kind of claim, a status, a year or a name."""

    @property
    def shown(self) -> str:
        """The value for display: a label as words, a name as it is."""
        return self.value if self.field in NAMES else label_words(self.value)


REPEATED = Tag("same_as", "yes")
"""On cards of further records of a paper, which are papers in a list but not in a count."""


def tags_of(card: Card) -> Iterator[Tag]:
    """All tags of a card, each once."""
    held, about, unasked = card.reproducibility, card.about, card.unasked
    said: dict[str, list[str]] = {
        "task": [one.label for one in card.tasks] or [UNCERTAIN] * bool(card.unsure_of("tasks")),
        "modality": [one.label for one in card.modalities],
        "contribution": [one.label for one in card.contributions],
        "code": [held.code.status] * ("code" not in unasked),
        "data": [held.data.status] * ("data" not in unasked),
        "weights": [held.weights.status] * ("weights" not in unasked),
        "claim": [one.kind for one in card.claims],
        "year": [str(about.year)] if about.year else [],
        "venue": [about.venue] if about.venue else [],
        "author": [one.inverted for one in about.authors[:_MOST_AUTHORS]],
    }
    for name, own in card.fields.items():
        stated = own.texts if own.type in ("label", "labels", "boolean") else (STATED,) * bool(own.texts)
        said[OWN + name] = [*stated] or [own.missing or "none"]
    for field, values in said.items():
        for value in dict.fromkeys(values):
            yield Tag(field, value)


def confidence_of(card: Card) -> float | None:
    """The mean of all confidences in a card; None if it has none."""
    held = card.reproducibility
    labels = (*card.tasks, *card.modalities, *card.contributions)
    every = [
        *(label.confidence for label in labels),
        *(claim.confidence for claim in card.claims),
        *(artifact.confidence for artifact in (held.code, held.data, held.weights)),
    ]
    stated = [one for one in every if one is not None]
    return sum(stated) / len(stated) if stated else None


_ARXIV = re.compile(r"arxiv:(?:[a-z.-]+/)?\d{4}\.?(\d+)", re.IGNORECASE)


def dated(card: Card) -> str:
    """A sort key: the date of publication, with the number of an arXiv id; else when the card was made."""
    number = f" {found[1]:0>5}" if (found := _ARXIV.match(card.id)) else ""
    date = card.about.date
    return date + number if date else card.provenance.created


def first_author(card: Card) -> str:
    """The first author with the family name first; empty if unknown."""
    return card.publication.authors[0].inverted if card.publication.authors else ""


class Facets:
    """The bitmaps of all tags."""

    def __init__(self) -> None:
        self._bits: dict[Tag, bytearray] = {}
        self._few: dict[str, dict[str, array[int]]] = {field: {} for field in NAMES}
        self._alive = bytearray()

    def add(self, row: int, tags: Iterable[Tag]) -> None:
        """Add the tags of a row; the row is not visible yet."""
        for tag in tags:
            if tag.field in NAMES:
                self._few[tag.field].setdefault(tag.value, array("I")).append(row)
            else:
                _set(self._bits.setdefault(tag, bytearray()), row)

    def show(self, rows: Iterable[int]) -> None:
        """Make rows visible."""
        for row in rows:
            _set(self._alive, row)

    def drop(self, rows: Iterable[int]) -> None:
        """Hide rows."""
        for row in rows:
            self._alive[row >> 3] &= ~(1 << (row & 7))

    def retag(self, row: int, gone: Iterable[Tag], new: Iterable[Tag]) -> None:
        """Change the tags of a row, other than names."""
        for tag in gone:
            bits = self._bits.get(tag, bytearray())
            if row >> 3 < len(bits):
                bits[row >> 3] &= ~(1 << (row & 7))
        for tag in new:
            _set(self._bits.setdefault(tag, bytearray()), row)

    def used(self, field: str) -> bool:
        """Whether some card has a value of a field."""
        return bool(self._few.get(field)) or any(tag.field == field for tag in list(self._bits))

    @property
    def own(self) -> list[str]:
        """The own fields of the cards, each with `own.` before its name, in the order of the alphabet."""
        return sorted({tag.field for tag in list(self._bits) if tag.field.startswith(OWN)})

    @property
    def alive(self) -> int:
        """Bitmap of all visible rows."""
        return int.from_bytes(self._alive, "little")

    def bitmap(self, tag: Tag) -> int:
        """Bitmap of the rows with a tag, hidden rows included."""
        if tag.field in NAMES:
            return bitmap_of(self._few[tag.field].get(tag.value, ()))
        return int.from_bytes(self._bits.get(tag, b""), "little")

    def named(self, field: str) -> int:
        """Bitmap of the rows with a name of that field, counted or not, hidden rows included."""
        every = list(self._few.get(field, {}).values())  # a copy: another thread may add one
        return bitmap_of(row for rows in every for row in rows)

    def counts(self, field: str, selected: int) -> list[tuple[str, int]]:
        """Number of selected rows for each value of a field; zeros are left out.

        The most frequent value comes first; of years, the latest. Of names, only `MOST_NAMES` are counted.
        """
        if field in NAMES:
            return sorted(self._counted_names(field, selected), key=lambda one: (-one[1], one[0]))
        found = []
        for tag in list(self._bits):  # a copy: another thread may add one
            if tag.field == field and (count := (selected & self.bitmap(tag)).bit_count()):
                found.append((tag.value, count))
        if field == "year":
            return sorted(found, reverse=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def _counted_names(self, field: str, selected: int) -> Iterator[tuple[str, int]]:
        bits = selected.to_bytes((selected.bit_length() + 7) // 8, "little")
        size = len(bits)
        every = list(self._few[field].items())  # a copy: another thread may add one
        for name, rows in heapq.nlargest(MOST_NAMES, every, key=lambda one: len(one[1])):
            count = sum(1 for row in rows if row >> 3 < size and bits[row >> 3] >> (row & 7) & 1)
            if count:
                yield name, count


def rows_of(bitmap: int, order: Iterable[int], skip: int = 0, most: int | None = None) -> Iterator[int]:
    """The rows of a bitmap in the given order, skipping the first `skip`, at most `most`."""
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
