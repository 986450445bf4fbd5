"""The cards that an agent can look at: those of a file, and those made in this session.

Knows the index of the pages. Knows no protocol.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..card import Card
from ..pages.index.database import Index
from ..pages.index.facets import Tag
from ..pages.index.follow import Follower
from ..pages.lookup import Lookup

MOST_CARDS = 20
"""Maximum cards of one answer."""

_MADE, _NOTHING = 2, 3


class Shelf(Lookup):
    """Cards in an index; a follower adds those of a file while it grows."""

    find_hint = "Look for it with find_cards"
    values_hint = "Use corpus_stats to see the values"

    def __init__(self, index: Index, follower: Follower | None) -> None:
        super().__init__(index, follower)
        # Made in an earlier session; the cache still has them.
        index.adopt(_NOTHING, _MADE, ("made", ""))

    def add(self, card: Card) -> None:
        """Add a card that was just made, unless the file has one of that paper."""
        if self._index.card(card.id) is None:
            self._index.add([card], _MADE)

    def find(self, words: str, where: Mapping[str, str], skip: int, limit: int) -> dict[str, Any]:
        """A page of matching cards. Raises Refusal for an unknown field or value."""
        sort = "relevance" if words.strip() else "newest"
        return self.rows(words, _tags(where), sort, skip, min(limit, MOST_CARDS))

    def counts(self, by: str, words: str, where: Mapping[str, str]) -> dict[str, Any]:
        """Number and share of matching cards for each value of a field. Raises Refusal as `find` does."""
        return self.groups(by, words, _tags(where))


def _tags(where: Mapping[str, str]) -> Sequence[Tag]:
    return [Tag(field, value) for field, value in where.items()]
