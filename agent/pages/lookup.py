"""Answers questions about the cards of an index as JSON data: for agents, and for programs over HTTP.

Knows the index. Knows no protocol.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

from ..card import Card
from .index.counting import stats_of
from .index.database import Found, Index
from .index.facets import FIELDS, Tag
from .index.follow import Follower

MOST_GROUPS = 30
"""Maximum groups of one count."""
MOST_ITEMS = 20
"""Maximum items of one list of a card, such as authors or claims."""
MOST_CHARACTERS = 2_000
"""Maximum characters of one text of a card."""

_MOST_NAMED = 20


class Refusal(Exception):
    """A question that cannot be answered: a status in one word, what is wrong, and what to do next."""

    def __init__(self, status: str, message: str, next_step: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.next_step = next_step

    @property
    def data(self) -> dict[str, Any]:
        """The error as JSON data."""
        return {"status": self.status, "message": self.message, "next_step": self.next_step}


class Lookup:
    """Finds and counts the cards of an index."""

    find_hint: ClassVar[str]
    """How to look for a card."""
    values_hint: ClassVar[str]
    """How to list the values of a field."""

    def __init__(self, index: Index, follower: Follower | None) -> None:
        self._index = index
        self._follower = follower

    @property
    def fields(self) -> Sequence[str]:
        """The fields that cards can be filtered and counted by, own ones last."""
        return (*FIELDS, *self._index.facets.own)

    def rows(self, words: str, tags: Sequence[Tag], sort: str, skip: int, limit: int) -> dict[str, Any]:
        """A page of matching cards as rows. Raises Refusal for an unknown field or value."""
        found = self._found(words, tags)
        cards = [row(card) for card in self._index.page(found, sort, skip, limit)]
        result: dict[str, Any] = {"total": found.count, "cards": cards}
        if skip + len(cards) < found.count and cards:
            result["next_skip"] = skip + len(cards)
        return result | self._still()

    def card(self, name: str) -> Card:
        """The card with that id. Raises Refusal if there is none."""
        card = self._index.shown(name)
        if card is None:
            raise Refusal("not_found", f"no card has the id {name[:200]}", self.find_hint)
        return card

    def groups(self, by: str, words: str, tags: Sequence[Tag]) -> dict[str, Any]:
        """Number and share of matching cards for each value of a field, most frequent first.

        The numbers are those of `papercards stats`: a share is of the cards whose value is known, and its
        interval knows nothing of the tagger's errors. Raises Refusal for an unknown field or value.
        """
        if by not in self.fields:
            raise self.unknown("field", by, self.fields)
        answer = stats_of(self._index, self._found(words, tags), by)
        groups = [
            {
                "value": row.feature.partition("=")[2],
                "cards": row.count,
                "share": round(row.share or 0.0, 4),
                "interval_95": [round(end or 0.0, 4) for end in (row.low, row.high)],
            }
            for row in answer.rows[:MOST_GROUPS]
        ]
        known = answer.rows[0].n if answer.rows else 0
        more = {"more_values": len(answer.rows) - MOST_GROUPS} if len(answer.rows) > MOST_GROUPS else {}
        return {"by": by, "total": answer.papers, "known": known, "groups": groups} | more | self._still()

    def unknown(self, what: str, word: str, known: Sequence[str]) -> Refusal:
        """The refusal of a word that is none of the known ones."""
        near = known if len(known) <= _MOST_NAMED else get_close_matches(word, known, _MOST_NAMED, 0.4)
        step = f"Use one of: {', '.join(near)}" if near else self.values_hint
        return Refusal("bad_request", f'no {what} "{word[:100]}"', step)

    def _found(self, words: str, tags: Iterable[Tag]) -> Found:
        checked = []
        for tag in tags:
            if tag.field not in self.fields:
                raise self.unknown("field", tag.field, self.fields)
            if not self._index.find(tags=[tag]).count:
                every = self._index.counts(tag.field, self._index.find())
                raise self.unknown(tag.field, tag.value, [name for name, _ in every])
            checked.append(tag)
        return self._index.find(words, checked)

    def _still(self) -> dict[str, Any]:
        if self._follower is None:
            return {}
        if self._follower.fault:
            return {"note": self._follower.fault}
        return {"note": "the file is still being read"} if self._follower.busy else {}


def row(card: Card) -> dict[str, Any]:
    """What a list shows of a card."""
    held, about = card.reproducibility, card.about
    found = {
        "id": card.id,
        "title": card.title,
        "authors": [person.name for person in about.authors[:3]],
        "year": about.year,
        "venue": about.venue,
        "main_task": card.main_task,
        "summary": card.tldr,
        "code": held.code.status,
        "code_url": held.link("code"),
    }
    return {name: bounded(value) for name, value in found.items() if value not in (None, [], "")}


def bounded(value: Any) -> Any:
    """JSON data with long lists and texts shortened; it says so where it was."""
    if isinstance(value, dict):
        return {name: bounded(one) for name, one in value.items()}
    if isinstance(value, list):
        more = len(value) - MOST_ITEMS
        return [bounded(one) for one in value[:MOST_ITEMS]] + ([f"... and {more} more"] if more > 0 else [])
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return f"{value[:MOST_CHARACTERS]}... ({len(value) - MOST_CHARACTERS} more characters)"
    return value
