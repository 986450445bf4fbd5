"""What the templates of the Browse room are filled with.

Knows the index and the state. Knows no requests and no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..card import Card, Label
from ..paper import Paper, page_of
from .facets import FIELDS, Tag
from .index import Found, Index
from .marks import Part, Passage, parts, passages
from .state import PAGE_SIZE, State

TITLES = {
    "task": "Task",
    "modality": "Modality",
    "contribution": "Contribution",
    "code": "Code",
    "data": "Data",
    "weights": "Weights",
    "claim": "Kind of claim",
}
SORT_TITLES = {
    "relevance": "Relevance",
    "file": "As in the file",
    "newest": "Newest",
    "title": "Title",
    "confidence": "Confidence",
}
SHOWN_VALUES = 8
"""Of a facet, before the rest is folded away."""


@dataclass(frozen=True, slots=True)
class News:
    """How far the card file is read: a page that was shown before something changed asks for itself again."""

    changes: int
    """Since the server began."""
    cards: int
    reading: bool
    fault: str
    """Why nothing more can be read; empty: nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet."""

    tag: Tag
    count: int
    chosen: bool
    query: str
    """The state when it is clicked."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One field with its values."""

    field: str
    title: str
    shown: Sequence[Choice]
    folded: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a selection and all around it."""

    state: State
    count: int
    total: int
    cards: Sequence[Card]
    facets: Sequence[Facet]
    last_page: int


@dataclass(frozen=True, slots=True)
class Beside:
    """One card beside its paper."""

    card: Card
    parts: Sequence[Part]
    """None where no source has the paper."""
    passages: Sequence[Passage]
    url: str | None
    """Where the paper is at home."""

    @property
    def quotes(self) -> Sequence[Passage]:
        """What stands where the text is not known."""
        return [one for one in self.passages if one.placed is None]

    @property
    def labels(self) -> Sequence[tuple[str, str, Sequence[Label]]]:
        """Field, its title and its labels."""
        card = self.card
        return (
            ("task", "Tasks", card.tasks),
            ("modality", "Modalities", card.modalities),
            ("contribution", "Contributions", card.contributions),
        )


def listing(index: Index, state: State) -> Listing:
    """The page of the list that a state means; beyond the last page, the last."""
    found = index.find(state.words, state.tags)
    last_page = max(1, -(-found.count // PAGE_SIZE))
    state = state.at(min(state.page, last_page))
    cards = list(index.page(found, state.order, state.skip, PAGE_SIZE))
    return Listing(state, found.count, index.size, cards, facets(index, found, state), last_page)


def facets(index: Index, found: Found, state: State) -> Sequence[Facet]:
    """What a selection can be narrowed to."""
    made = []
    for field in FIELDS:
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
    """A card beside its paper."""
    marked = passages(card, paper)
    return Beside(
        card,
        parts(card, paper, marked) if paper else (),
        marked,
        page_of(card.id, paper.url if paper else None),
    )
