"""What all libraries have in common: entries at a line, edits to a text, and a kind of file.

Knows no format.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from ..text import digest
from .charset import fitted
from .tags import Tags

if TYPE_CHECKING:
    from ..card import Card
    from ..paper import Paper

ARXIV = re.compile(
    r"(?:\barXiv:\s*|\barXiv\s(?:preprint\s)?|arxiv\.org/(?:abs|pdf|html)/|\babs/)"
    r"(\d{4}\.\d{4,5}(?!\d)|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?!\d))",
    re.IGNORECASE,
)
"""An arXiv id where a sentence, an address or DBLP's `abs/2401.03955` mentions it."""

_LINE_END = re.compile(r"\r\n?|\n")
_UNFIT = re.compile(r"[^A-Za-z0-9.:/_+-]+")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text[start:end]` becomes `new`. Offsets are code points of the text."""

    start: int
    end: int
    new: str


class Entry(Protocol):
    """One paper's place in a library."""

    @property
    def place(self) -> str:
        """Where it begins: `12` for the first entry in line 12, `12:40` for another one further on in it."""

    @property
    def key(self) -> str:
        """Its name in the library; may be empty."""

    def record(self) -> Mapping[str, object] | str:
        """Its fields by name, to be read as a paper; text instead: why it cannot be read."""

    def edits(self, tags: Tags) -> Sequence[Edit]:
        """What brings the tags into the text; nothing where they are there already or it is not whole."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One format of a library file."""

    name: str
    """For messages: "BibTeX"."""
    extensions: tuple[str, ...]
    looks_like: Callable[[bytes], bool]
    """Whether the first bytes are of this format; the byte order mark is already off."""
    entries: Callable[[str], Iterator[Entry]]
    """All entries in the order of the text, those that are not whole included."""
    new: "Callable[[Card, Paper | None, str], str]"
    """An entry for a paper that the library has not, under that key, ending in a line feed."""
    joined: Callable[[Sequence[str], Iterable[str]], Iterator[str]]
    """Libraries and new entries as one library, piece by piece; a single library alone stays as it is."""
    extra: str | None = None
    """The extra of this distribution that it needs; None: nothing more."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text after its edits, which do not overlap."""
    pieces, at = [], 0
    for edit in sorted(edits):
        pieces += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join([*pieces, text[at:]])


def new_key(id: str, taken: Container[str]) -> str:  # noqa: A002
    """A paper's id as a key that every format bears and that is not among those taken, in lower case."""
    key = _UNFIT.sub("-", id)[:100]
    return key if key == id and key.casefold() not in taken else f"{key}-{digest(id)[:8]}"


def fitted_tags(marks: Tags, library: str) -> Tags:
    """The tags as they stand, or would stand, in that library's encoding."""
    return Tags(tuple(fitted(word, library) for word in marks.keywords), fitted(marks.note, library))


class Places:
    """The places of a text's offsets, asked for in ascending order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line, self._begin, self._asked = 1, 0, 0
        self._named = 0
        """The last line that was given as a place."""

    def place(self, at: int) -> str:
        """The place of an entry that begins there."""
        for end in _LINE_END.finditer(self._text, self._asked, at):
            self._line += 1
            self._begin = end.end()
        self._asked = at
        place = f"{self._line}:{at - self._begin + 1}" if self._line == self._named else str(self._line)
        self._named = self._line
        return place


def line_end(text: str) -> str:
    """How the text ends its lines: as it ends the first."""
    at = text.find("\n")
    if at < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[at - 1 : at] == "\r" else "\n"


def in_sequence(libraries: Sequence[str], new_entries: Iterable[str]) -> Iterator[str]:
    """Libraries and new entries one after the other, a blank line between them.

    New entries end their lines as the first library does, and are in its encoding.
    """
    first = libraries[0] if libraries else ""
    end = line_end(first)
    last = ""
    for one in chain(libraries, (fitted(new.replace("\n", end), first) for new in new_entries)):
        if last:
            yield end if last.endswith(("\n", "\r")) else end * 2
        yield one
        last = one or last
