"""The cards that an agent can look at: those of a file, and those made in this session.

Knows the index of the pages. Knows no protocol.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..card import Card
from ..pages.index.database import Found, Index
from ..pages.index.facets import FIELDS, Tag
from ..pages.index.follow import Follower
from ..statistics.intervals import wilson
from .answers import MOST_CARDS, Refusal, row

MOST_GROUPS = 30
"""Maximum groups of one count."""

_MADE, _NOTHING = 2, 3


class Shelf:
    """Cards in an index; a follower adds those of a file while it grows."""

    def __init__(self, index: Index, follower: Follower | None) -> None:
        self._index = index
        self._follower = follower
        # Made in an earlier session; the cache still has them.
        index.adopt(_NOTHING, _MADE, ("made", ""))

    def add(self, card: Card) -> None:
        """Add a card that was just made, unless the file has one of that paper."""
        if self._index.card(card.id) is None:
            self._index.add([card], _MADE)

    def find(self, words: str, where: Mapping[str, str], skip: int, limit: int) -> dict[str, Any]:
        """A page of matching cards. Raises Refusal for an unknown field or value."""
        found = self._found(words, where)
        most = min(limit, MOST_CARDS)
        sort = "relevance" if words.strip() else "newest"
        cards = [row(card) for card in self._index.page(found, sort, skip, most)]
        result: dict[str, Any] = {"total": found.count, "cards": cards}
        if skip + len(cards) < found.count and cards:
            result["next_skip"] = skip + len(cards)
        return result | self._still()

    def card(self, name: str) -> Card:
        """The card with that id. Raises Refusal if there is none."""
        card = self._index.card(name)
        if card is None:
            raise Refusal("not_found", f"no card has the id {name[:200]}", "Look for it with find_cards")
        return card

    def counts(self, by: str, words: str, where: Mapping[str, str]) -> dict[str, Any]:
        """Number and share of matching cards for each value of a field, most frequent first.

        The intervals are Wilson's: they know nothing of the tagger's errors.
        """
        if by not in FIELDS:
            raise _unknown("field", by, FIELDS)
        found = self._found(words, where)
        every = self._index.counts(by, found)
        groups = [
            {
                "value": value,
                "cards": count,
                "share": round(count / found.count, 4),
                "interval_95": [round(end, 4) for end in wilson(count, found.count)],
            }
            for value, count in every[:MOST_GROUPS]
        ]
        more = {"more_values": len(every) - MOST_GROUPS} if len(every) > MOST_GROUPS else {}
        return {"by": by, "total": found.count, "groups": groups} | more | self._still()

    def _found(self, words: str, where: Mapping[str, str]) -> Found:
        tags = []
        for field, value in where.items():
            if field not in FIELDS:
                raise _unknown("field", field, FIELDS)
            tags.append(Tag(field, value))
            if not self._index.find(tags=tags[-1:]).count:
                every = self._index.counts(field, self._index.find())
                raise _unknown(field, value, [name for name, _ in every])
        return self._index.find(words, tags)

    def _still(self) -> dict[str, Any]:
        if self._follower is None:
            return {}
        if self._follower.fault:
            return {"note": self._follower.fault}
        return {"note": "the file is still being read"} if self._follower.busy else {}


def _unknown(what: str, word: str, known: Sequence[str]) -> Refusal:
    near = known if len(known) <= MOST_CARDS else get_close_matches(word, known, MOST_CARDS, 0.4)
    step = f"Use one of: {', '.join(near)}" if near else "Use corpus_stats to see the values"
    return Refusal("bad_request", f'no {what} "{word[:100]}"', step)
