"""The data for the templates of the Browse room.

Knows the index and the state. Knows no requests and no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...card import Card, FieldValue, Label
from ...paper import Paper, page_of
from ...sinks.escaping import named
from ..index.database import Found, Index
from ..index.facets import FIELDS, OWN, Tag
from .marks import Part, Passage, parts, passages
from .selection import PAGE_SIZE, Selection


class _Titles(dict[str, str]):
    """The titles of fields; an own field is called by its name."""

    def __missing__(self, field: str) -> str:
        return named(field.removeprefix(OWN))


TITLES = _Titles(
    {
        "task": "Task",
        "modality": "Modality",
        "contribution": "Contribution",
        "code": "Code",
        "data": "Data",
        "weights": "Weights",
        "claim": "Kind of claim",
        "year": "Year",
        "venue": "Venue",
        "author": "Author",
    }
)
SORT_TITLES = {
    "relevance": "Relevance",
    "file": "File order",
    "newest": "Newest",
    "title": "Title",
    "author": "Author",
    "venue": "Venue",
    "confidence": "Confidence",
}
SHOWN_VALUES = 8
"""Number of values of a facet that are shown before the rest is folded."""


@dataclass(frozen=True, slots=True)
class News:
    """The progress of reading the card file; a page that was loaded before a change reloads itself."""

    changes: int
    """Number of changes since the server started."""
    cards: int
    reading: bool
    fault: str
    """One line about what could not be read; empty if there is no problem."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet."""

    tag: Tag
    count: int
    chosen: bool
    query: str
    """The query string that clicking it leads to."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One field with its values."""

    field: str
    title: str
    shown: Sequence[Choice]
    folded: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a selection with its facets and counts."""

    state: Selection
    count: int
    total: int
    cards: Sequence[Card]
    facets: Sequence[Facet]
    last_page: int


@dataclass(frozen=True, slots=True)
class Beside:
    """A card with its paper."""

    card: Card
    parts: Sequence[Part]
    """Texts of the paper; empty if no source has it."""
    passages: Sequence[Passage]
    url: str | None
    """Web address of the paper."""

    @property
    def quotes(self) -> Sequence[Passage]:
        """Quotes from texts that are not available."""
        return [one for one in self.passages if one.placed is None]

    @property
    def labels(self) -> Sequence[tuple[str, str, Sequence[Label]]]:
        """Name, title and labels of each field."""
        card = self.card
        return (
            ("task", "Tasks", card.tasks),
            ("modality", "Modalities", card.modalities),
            ("contribution", "Contributions", card.contributions),
        )

    @property
    def own(self) -> Sequence[tuple[str, str, FieldValue, bool]]:
        """Name for addresses, title and value of each own field, and whether its texts are filters."""
        return [
            (OWN + name, named(name), value, value.type in ("label", "labels", "boolean"))
            for name, value in self.card.fields.items()
        ]


def listing(index: Index, state: Selection) -> Listing:
    """The page of the list for a state; the last page if the number is too high."""
    found = index.find(state.words, state.tags)
    last_page = max(1, -(-found.count // PAGE_SIZE))
    state = state.at(min(state.page, last_page))
    cards = list(index.page(found, state.order, state.skip, PAGE_SIZE))
    return Listing(state, found.count, index.size, cards, facets(index, found, state), last_page)


def facets(index: Index, found: Found, state: Selection) -> Sequence[Facet]:
    """The filters for a selection."""
    made = []
    for field in (*FIELDS, *index.facets.own):
        counts = dict(index.counts(field, found))
        mine = [tag for tag in state.tags if tag.field == field]
        values = [tag.value for tag in mine] + [value for value in counts if Tag(field, value) not in mine]
        choices = [
            Choice(tag, counts.get(tag.value, 0), tag in mine, state.toggled(tag).query)
            for tag in (Tag(field, value) for value in values)
        ]
        if choices:
            # One that is folded away alone would save no room.
            cut = SHOWN_VALUES if len(choices) > SHOWN_VALUES + 1 else len(choices)
            made.append(Facet(field, TITLES[field], choices[:cut], choices[cut:]))
    return made


def beside(card: Card, paper: Paper | None) -> Beside:
    """A card with its paper."""
    marked = passages(card, paper)
    return Beside(
        card,
        parts(card, paper, marked) if paper else (),
        marked,
        page_of(card.id, card.publication.url or (paper.url if paper else None)),
    )
