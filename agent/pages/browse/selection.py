"""The state of the Browse page as stored in its address: sharing the address shares the view.

Knows query strings. Knows no cards.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from ..index.facets import FIELDS, OWN, SINGLE, Tag
from ..index.query import parts
from ..index.searching import SORTS

PAGE_SIZE = 25

_OWN = re.compile(re.escape(OWN) + r"[a-z][a-z0-9_]{0,39}")

VIEWS = {"": "List", "compact": "Compact", "table": "Table"}
"""Ways to show papers, with their titles."""

COLUMNS = (*FIELDS, "confidence", "tldr", "id")
"""Columns that the table can have beside the title, and own fields."""
DEFAULT_COLUMNS = ("author", "year", "venue", "task", "contribution", "code")
MOST_COLUMNS = 20

MOST_TAGS = 30
"""Maximum number of tags in an address; the rest is ignored, since each tag recomputes all choices."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of cards, a sort order and a page."""

    words: str = ""
    tags: tuple[Tag, ...] = ()
    """Tags that a card must all have."""
    sort: str = ""
    """Sort order, one of `SORTS`; empty for the default: by relevance in a search, else as in the file."""
    page: int = 1
    view: str = ""
    """How papers are shown, one of `VIEWS`."""
    columns: tuple[str, ...] = ()
    """Columns of the table, any of `COLUMNS` and own fields; empty for `DEFAULT_COLUMNS`."""
    by: str = ""
    """Field that the map is coloured by; empty for the default."""

    @property
    def order(self) -> str:
        """The effective sort order."""
        if self.sort and not (self.sort == "relevance" and not self.words.strip()):
            return self.sort
        return "relevance" if self.words.strip() else "file"

    @property
    def skip(self) -> int:
        """Number of cards on earlier pages."""
        return (self.page - 1) * PAGE_SIZE

    def but(self, **changes: Any) -> "Selection":
        """The same selection with other attributes: its first page, unless that is given."""
        return replace(self, **{"page": 1, **changes})

    def without_word(self, part: str) -> "Selection":
        """The same selection without one of the words or phrases, as `parts` gives them."""
        return self.but(words=" ".join(one for one in parts(self.words) if one != part))

    def toggled(self, tag: Tag) -> "Selection":
        """The selection with the tag added, or removed if it was chosen."""
        if tag in self.tags:
            left = tuple(one for one in self.tags if one != tag)
        else:
            left = tuple(one for one in self.tags if one.field != tag.field or tag.field not in SINGLE)
            left = (*left, tag)
        return self.but(tags=left)

    def narrowed(self, tags: Iterable[Tag]) -> "Selection":
        """The selection with these tags, too."""
        one = self
        for tag in tags:
            one = one if tag in one.tags else one.toggled(tag)
        return one

    @property
    def query(self) -> str:
        """The query string without the question mark; empty for the default state."""
        pairs: list[tuple[str, str]] = [("q", self.words)] if self.words else []
        order = {field: place for place, field in enumerate(FIELDS)}
        pairs += sorted(self.tags, key=lambda tag: (order.get(tag[0], len(order)), tag[0]))
        if self.sort:
            pairs.append(("sort", self.sort))
        pairs += [("view", self.view)] * bool(self.view)
        pairs += [("column", column) for column in self.columns]
        pairs += [("by", self.by)] * bool(self.by)
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return urlencode(pairs)

    @property
    def search(self) -> str:
        """The query string as an address has it: empty, or behind a question mark."""
        return f"?{self.query}" if self.query else ""


def read(pairs: Iterable[tuple[str, str]]) -> Selection:
    """Parse a query string; unknown parts are ignored."""
    words, sort, page, view, by = "", "", 1, "", ""
    tags: dict[Tag, None] = {}
    columns: dict[str, None] = {}
    for name, value in pairs:
        if name == "q":
            words = value[:1000]
        elif (name in FIELDS or _OWN.fullmatch(name)) and value and len(tags) < MOST_TAGS:
            tags[Tag(name, value)] = None
        elif name == "sort" and value in SORTS:
            sort = value
        elif name == "view" and value in VIEWS:
            view = value
        elif name == "column" and (value in COLUMNS or _OWN.fullmatch(value)) and len(columns) < MOST_COLUMNS:
            columns[value] = None
        elif name == "by" and (value in FIELDS or _OWN.fullmatch(value)):
            by = value
        elif name == "page" and value.isascii() and value.isdecimal() and len(value) < 8:
            page = max(1, int(value))
    return Selection(words, tuple(tags), sort, page, view, tuple(columns), by)
