"""The data for the templates of the Browse room.

Knows the index and the state. Knows no requests and no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...card import Card, FieldValue, Label
from ...paper import Paper, page_of
from ...review.corrected import REVIEWED
from ...sinks.escaping import named
from ...statistics.layout import capital
from ...text.wording import label_words
from ..index.database import Found, Index
from ..index.facets import FIELDS, NAMES, OWN, Tag, confidence_of, tags_of
from ..index.query import parts
from ..rendering import opened, percent
from .marks import Part, Passage, passages
from .marks import parts as texts
from .selection import COLUMNS, DEFAULT_COLUMNS, PAGE_SIZE, Selection


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
        "confidence": "Confidence",
        "tldr": "Summary",
        "id": "Id",
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

FEWEST_BARS, MOST_BARS = 4, 60
"""Numbers of years between which there is a histogram."""
MOST_WAYS = 6
"""Maximum number of conditions that are tried without, if nothing matches."""


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
    search: str
    """The end of the address that clicking it leads to."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One year of the histogram."""

    choice: Choice
    height: int
    """Height in percent of the highest; 0 for a year without papers."""


@dataclass(frozen=True, slots=True)
class Way:
    """One condition of a selection that matches nothing, and the selection without it."""

    name: str
    """The condition for display, such as `“forecast”` or `Year 2024`."""
    alone: int
    """Number of papers that meet this condition."""
    count: int
    """Number of papers without this condition."""
    search: str


@dataclass(frozen=True, slots=True)
class Facet:
    """One field with its values."""

    field: str
    title: str
    bars: Sequence[Bar]
    """The histogram of years, the earliest first; empty for other fields and for few years."""
    shown: Sequence[Choice]
    folded: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a selection with its facets and counts."""

    state: Selection
    count: int
    total: int
    cards: Sequence[tuple[Card, Sequence[str] | None]]
    """Each card with what people corrected in it, see `changed`."""
    facets: Sequence[Facet]
    last_page: int
    ways: Sequence[Way] = ()
    """If nothing matches, what each condition is to blame for."""


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
    def ways(self) -> Sequence[tuple[str, str]]:
        """Titles and addresses of the paper's page, its PDF, and its code, data and weights."""
        about, held = self.card.about, self.card.reproducibility
        arxiv = about.arxiv_id and self.url and "arxiv.org" in self.url
        found = [("arXiv" if arxiv else "Paper", self.url), ("PDF", about.pdf_url)]
        found += [(name.capitalize(), held.link(name)) for name in ("code", "data", "weights")]
        return [(title, url) for title, url in found if url and opened(url)]

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


def changed(index: Index, card: Card) -> Sequence[str] | None:
    """What people corrected in a card, such as `tasks`; empty if nothing, None if nobody reviewed it."""
    if REVIEWED not in card.flags:
        return None
    original = index.card(card.id) or card
    names = {"tldr": "summary"} | {name: name for name in ("tasks", "modalities", "contributions", "claims")}
    found = [title for name, title in names.items() if getattr(card, name) != getattr(original, name)]
    held, before = card.reproducibility, original.reproducibility
    found += [name for name in ("code", "data", "weights") if held.artifact(name) != before.artifact(name)]
    return found + [named(name) for name, value in card.fields.items() if value != original.fields.get(name)]


def listing(index: Index, state: Selection) -> Listing:
    """The page of the list for a state; the last page if the number is too high."""
    found = index.find(state.words, state.tags)
    last_page = max(1, -(-found.count // PAGE_SIZE))
    state = state.but(page=min(state.page, last_page))
    cards = [(card, changed(index, card)) for card in index.page(found, state.order, state.skip, PAGE_SIZE)]
    ways = () if found.count else _ways_back(index, state)
    return Listing(state, found.count, index.size, cards, facets(index, found, state), last_page, ways)


COLUMN_SORTS = {"title": "title", "author": "author", "venue": "venue", "year": "newest"}
COLUMN_SORTS |= {"confidence": "confidence"}
"""Orders of the list by the column that they sort by."""
_MOST_IN_CELL = 3


def columns(index: Index, state: Selection) -> Sequence[tuple[str, str, bool]]:
    """Name and title of every possible column, and whether the table has it; the chosen ones first."""
    every = (*COLUMNS, *index.facets.own)
    chosen = [one for one in state.columns if one in every] or default_columns(index)
    return [(one, TITLES[one], True) for one in chosen] + [
        (one, TITLES[one], False) for one in every if one not in chosen
    ]


def default_columns(index: Index) -> Sequence[str]:
    """The columns that are shown if none are chosen: those that some card has a value for."""
    return [one for one in DEFAULT_COLUMNS if index.facets.used(one)]


def cells(card: Card, names: Sequence[str]) -> Sequence[str]:
    """The cells of a card in these columns of the table, as words."""
    tags: dict[str, list[str]] = {}
    for tag in tags_of(card):
        labels = tags.setdefault(tag.field, [])
        labels.append(tag.shown if labels or tag.field in NAMES else capital(tag.shown))
    for name, value in card.fields.items():
        texts = map(label_words, value.texts) if value.type in ("label", "labels") else value.texts
        tags[OWN + name] = [*texts] or [value.missing or "none"]
    sure = confidence_of(card)
    tags |= {"id": [card.id], "tldr": [card.tldr], "confidence": [percent(sure)]}
    return [_joined(tags.get(name, ())) for name in names]


def _joined(values: Sequence[str]) -> str:
    more = len(values) - _MOST_IN_CELL
    return "; ".join(values[:_MOST_IN_CELL]) + (f" +{more}" if more > 0 else "")


def _ways_back(index: Index, state: Selection) -> Sequence[Way]:
    words = [
        (f"“{part.strip(chr(34))}”", index.find(part).count, state.without_word(part))
        for part in dict.fromkeys(parts(state.words))
    ]
    tags = [
        (f"{TITLES[tag.field]} {tag.shown}", index.find(tags=[tag]).count, state.toggled(tag))
        for tag in state.tags
    ]
    return [
        Way(name, alone, index.find(rest.words, rest.tags).count, rest.search)
        for name, alone, rest in (words + tags)[:MOST_WAYS]
    ]


def facets(index: Index, found: Found, state: Selection) -> Sequence[Facet]:
    """The filters for a selection."""
    made = []
    for field in (*FIELDS, *index.facets.own):
        counts = dict(index.counts(field, found))
        mine = [tag for tag in state.tags if tag.field == field]
        values = [tag.value for tag in mine] + [value for value in counts if Tag(field, value) not in mine]
        choices = [
            Choice(tag, counts.get(tag.value, 0), tag in mine, state.toggled(tag).search)
            for tag in (Tag(field, value) for value in values)
        ]
        if choices:
            # One that is folded away alone would save no room.
            cut = SHOWN_VALUES if len(choices) > SHOWN_VALUES + 1 else len(choices)
            bars = _histogram(choices, state) if field == "year" and not mine else ()
            if bars:
                cut = 0
            made.append(Facet(field, TITLES[field], bars, choices[:cut], choices[cut:]))
    return made


def _histogram(choices: Sequence[Choice], state: Selection) -> Sequence[Bar]:
    """The years as bars, with gaps where there are no papers."""
    years = {int(choice.tag.value): choice for choice in choices}
    if len(years) < FEWEST_BARS or max(years) - min(years) >= MOST_BARS:
        return ()
    most = max(choice.count for choice in choices)
    none = Choice(Tag("year", ""), 0, False, state.search)
    every = (years.get(year, none) for year in range(min(years), max(years) + 1))
    return [Bar(one, max(6, round(100 * one.count / most)) if one.count else 0) for one in every]


def beside(card: Card, paper: Paper | None) -> Beside:
    """A card with its paper."""
    marked = passages(card, paper)
    return Beside(
        card,
        texts(card, paper, marked) if paper else (),
        marked,
        page_of(card.id, card.publication.url or (paper.url if paper else None)),
    )
