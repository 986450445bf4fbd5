"""The types shared by all library formats: entries, edits of a text, and kinds of files.

Knows no format.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from ..text.spans import digest
from .charset import fitted
from .tags import Tags

if TYPE_CHECKING:
    from ..card import Card
    from ..paper import Paper

_LINE_END = re.compile(r"\r\n?|\n")
_UNFIT = re.compile(r"[^A-Za-z0-9.:/_+-]+")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text[start:end]` becomes `new`. Offsets are code points of the text."""

    start: int
    end: int
    new: str


class Entry(Protocol):
    """The entry of one paper in a library."""

    @property
    def place(self) -> str:
        """Position: `12` for the first entry in line 12, `12:40` for a later one in that line."""

    @property
    def key(self) -> str:
        """Key of the entry in the library; may be empty."""

    def record(self) -> Mapping[str, object] | str:
        """The fields by name, to be read as a paper; or text that says why it cannot be read."""

    def edits(self, tags: Tags) -> Sequence[Edit]:
        """The edits that add the tags; empty if they are there already or the entry is broken."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One format of a library file."""

    name: str
    """Name for messages, such as "BibTeX"."""
    extensions: tuple[str, ...]
    looks_like: Callable[[bytes], bool]
    """Whether the first bytes, without byte order mark, are of this format."""
    entries: Callable[[str], Iterator[Entry]]
    """All entries in the order of the text, broken ones included."""
    new: "Callable[[Card, Paper | None, str], str]"
    """A new entry for a paper, under that key, ending in a line feed."""
    joined: Callable[[Sequence[str], Iterable[str]], Iterator[str]]
    """Join libraries and new entries into one library, piece by piece; a single library alone stays
    unchanged.
    """
    extra: str | None = None
    """The extra of papercards that it needs; None for no extra."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits applied; they must not overlap."""
    pieces, at = [], 0
    for edit in sorted(edits):
        pieces += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join([*pieces, text[at:]])


def new_key(card: "Card", taken: Container[str]) -> str:
    """A key that is valid in every format and not among the taken ones, which are in lower case.

    It is the card's citation key if it has one, else the paper's id.
    """
    wanted = card.publication.citation_key or card.id
    key = _UNFIT.sub("-", wanted)[:100]
    return key if key == wanted and key.casefold() not in taken else f"{key}-{digest(card.id)[:8]}"


def fitted_tags(marks: Tags, library: str) -> Tags:
    """The tags in the encoding of that library."""
    return Tags(tuple(fitted(word, library) for word in marks.keywords), fitted(marks.note, library))


class Places:
    """Converts offsets of a text to positions; offsets must be given in ascending order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line, self._begin, self._asked = 1, 0, 0
        self._named = 0
        """The last line that was returned as a position."""

    def place(self, at: int) -> str:
        """The position of an entry that starts at an offset."""
        for end in _LINE_END.finditer(self._text, self._asked, at):
            self._line += 1
            self._begin = end.end()
        self._asked = at
        place = f"{self._line}:{at - self._begin + 1}" if self._line == self._named else str(self._line)
        self._named = self._line
        return place


def line_end(text: str) -> str:
    """The line ending of the text, that of its first line."""
    at = text.find("\n")
    if at < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[at - 1 : at] == "\r" else "\n"


def in_sequence(libraries: Sequence[str], new_entries: Iterable[str]) -> Iterator[str]:
    """Concatenate libraries and new entries, separated by a blank line.

    New entries use the line ending and the encoding of the first library.
    """
    first = libraries[0] if libraries else ""
    end = line_end(first)
    last = ""
    for one in chain(libraries, (fitted(new.replace("\n", end), first) for new in new_entries)):
        if last:
            yield end if last.endswith(("\n", "\r")) else end * 2
        yield one
        last = one or last
