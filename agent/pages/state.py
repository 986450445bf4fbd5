"""What the Browse room shows, as it stands in the address: whoever gets the address sees the same.

Knows query strings. Knows no cards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from .facets import FIELDS, SINGLE, Tag
from .searching import SORTS

PAGE_SIZE = 25

MOST_TAGS = 30
"""Of an address; what is beyond is passed over: each tag lays out the choices of all others anew."""


@dataclass(frozen=True, slots=True)
class State:
    """A selection of cards, an order and a page."""

    words: str = ""
    tags: tuple[Tag, ...] = ()
    """All of them must hold."""
    sort: str = ""
    """One of `SORTS`; empty: the most relevant first where words are looked for, else as in the file."""
    page: int = 1

    @property
    def order(self) -> str:
        """The sort in force."""
        if self.sort and not (self.sort == "relevance" and not self.words.strip()):
            return self.sort
        return "relevance" if self.words.strip() else "file"

    @property
    def skip(self) -> int:
        """How many cards stand on the pages before."""
        return (self.page - 1) * PAGE_SIZE

    def at(self, page: int) -> "State":
        """Another page of the same."""
        return replace(self, page=page)

    def sorted_by(self, sort: str) -> "State":
        """The same in another order."""
        return replace(self, sort=sort, page=1)

    def without_words(self) -> "State":
        """The same with nothing looked for."""
        return replace(self, words="", page=1)

    def toggled(self, tag: Tag) -> "State":
        """With the tag, or without it if it was there."""
        if tag in self.tags:
            left = tuple(one for one in self.tags if one != tag)
        else:
            left = tuple(one for one in self.tags if one.field != tag.field or tag.field not in SINGLE)
            left = (*left, tag)
        return replace(self, tags=left, page=1)

    @property
    def query(self) -> str:
        """As it stands in the address, without the question mark; empty for what is shown at first."""
        pairs = [("q", self.words)] if self.words else []
        pairs += [(field, value) for name in FIELDS for field, value in self.tags if field == name]
        if self.sort:
            pairs.append(("sort", self.sort))
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return urlencode(pairs)


def read(pairs: Iterable[tuple[str, str]]) -> State:
    """The state that a query string means; what means nothing is passed over."""
    words, sort, page = "", "", 1
    tags: dict[Tag, None] = {}
    for name, value in pairs:
        if name == "q":
            words = value[:1000]
        elif name in FIELDS and value and len(tags) < MOST_TAGS:
            tags[Tag(name, value)] = None
        elif name == "sort" and value in SORTS:
            sort = value
        elif name == "page" and value.isascii() and value.isdecimal() and len(value) < 8:
            page = max(1, int(value))
    return State(words, tuple(tags), sort, page)
