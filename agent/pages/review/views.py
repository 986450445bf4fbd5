"""The data for the templates of the Review room: a card as a list of items to review.

Knows cards, papers and the items to review. Knows no requests and no HTML.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...card import Card, Evidence
from ...paper import Paper
from ...review.corrected import quotes
from ...review.edits import ARTIFACTS, MAIN, Edit, Place
from ...review.worries import Worry
from ...taxonomy import LABEL_FIELDS
from ...text.spans import digest
from ..browse.marks import heading, style
from .items import Choice, Item, Judging

FIELD_TITLES = {field: field.capitalize() for field in LABEL_FIELDS}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, which may be a claim."""

    number: int
    """Number of the sentence in the card."""
    text: str
    place: str
    """Section and page, if the text is not available; else empty."""
    item: Item
    says: Sequence[str]
    """Which of `code`, `data`, `weights` it is the evidence for."""
    style: str
    """CSS class."""


@dataclass(frozen=True, slots=True)
class Part:
    """The abstract, a section, or the quotes from texts that are not available."""

    heading: str
    sentences: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class LabelField:
    """A label field with its labels."""

    field: str
    title: str
    items: Sequence[Item]
    count: int
    """Number of current labels."""
    least: int
    most: int
    choices: Sequence[Choice]
    """Labels to add."""
    worries: Sequence[Worry]
    """Worries about missing labels."""
    main_seen: str
    """Id of the edit that set the main label."""


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A card to review."""

    card: Card
    version: str
    fields: Sequence[LabelField]
    artifacts: Sequence[Item]
    summary: Item
    own: Sequence[Item]
    """The own fields."""
    parts: Sequence[Part]
    whole: bool
    """Whether the abstract is available."""
    unread: bool
    """Whether the abstract is available but a section quoted by the card is not."""
    done: Edit | None
    """The edit that marked the paper as done."""
    worries: Sequence[tuple[str, Worry]]
    """Worries about what nobody has reviewed, the heaviest first, each with the key of its item."""
    two: bool
    """Whether the baseline's answer is known, and another than the card's."""
    token: str
    """Token that changes with every edit of the card."""

    @property
    def open(self) -> list[Item]:
        """All current items that nobody has reviewed."""
        return [one for one in self._every() if one.state == "open" and one.now is not None]

    @property
    def settled(self) -> int:
        """Number of items that somebody has reviewed."""
        return sum(one.state != "open" for one in self._every())

    def _every(self) -> Iterable[Item]:
        yield from (one for field in self.fields for one in field.items)
        yield from (*self.artifacts, self.summary, *self.own)
        yield from (one.item for part in self.parts for one in part.sentences)


def token_of(edits: Mapping[Place, Edit]) -> str:
    """A token that changes with every edit."""
    return digest(*sorted(edit.edit for edit in edits.values()))[:16]


def review_page(version: str, paper: Paper | None, judging: Judging) -> ReviewPage:
    """The page of a card with its edits applied; the paper must number its sentences as the card does."""
    artifacts = [judging.artifact(name) for name in ARTIFACTS]
    parts = list(_parts(paper, judging, artifacts))
    done = judging.edits.get(Place("paper"))
    done = done if done is not None and done.value == "reviewed" else None
    return ReviewPage(
        card=judging.card,
        version=version,
        fields=[_field(name, judging) for name in LABEL_FIELDS],
        artifacts=artifacts,
        summary=judging.summary(),
        own=judging.own(),
        parts=parts,
        whole=paper is not None,
        unread=paper is not None and any(one.place for part in parts for one in part.sentences),
        done=done,
        worries=[] if done else [*_worries(judging)],
        two=judging.two,
        token=token_of(judging.edits),
    )


def _worries(judging: Judging) -> Iterable[tuple[str, Worry]]:
    for one in judging.worries:
        if one.place not in judging.edits:
            add = one.place.field in LABEL_FIELDS and not one.place.item
            yield f"{'add' if add else one.place.field}:{one.place.field if add else one.place.item}", one


def _field(field: str, judging: Judging) -> LabelField:
    made, choices = judging.labels(field)
    size = judging.taxonomy.sizes[field]
    main = judging.edits.get(Place(field, MAIN))
    return LabelField(
        field,
        FIELD_TITLES[field],
        made,
        len({one.now for one in made if one.now is not None}),
        size.least,
        size.most,
        choices,
        judging.about(Place(field)),
        main.edit if main else "",
    )


def _parts(paper: Paper | None, judging: Judging, artifacts: Sequence[Item]) -> Iterable[Part]:
    """The abstract, then the sections used by the card, its edits and worries, then bare quotes."""
    quoted = quotes(judging.card, judging.edits)
    named = {*quoted, *_claimed(judging)}

    def sentence(number: int, text: str, place: str = "") -> Sentence:
        item = judging.claim(number)
        says = [one.place.field for one in artifacts if one.sentence == number]
        return Sentence(number, text, place, item, says, style(item.now) if item.now else "")

    first = 1
    for section, spans in paper.parts if paper is not None else ():
        assert paper is not None
        numbers = range(first, first + len(spans))
        first += len(spans)
        if section is None or not named.isdisjoint(numbers):
            title = "Abstract" if section is None else heading(section)
            yield Part(title, [sentence(number, paper.sentence_text(number)) for number in numbers])
    rest: list[tuple[int, Evidence]] = sorted((n, one) for n, one in quoted.items() if n >= first)
    if rest or paper is None:
        yield Part("Quotes from the paper", [sentence(number, one.text, one.place) for number, one in rest])


def _claimed(judging: Judging) -> Iterable[int]:
    """The sentences that edits or worries refer to."""
    places = [*judging.edits, *(one.place for one in judging.worries)]
    return (int(one.item) for one in places if one.field == "claims" and one.item.isdecimal())
