"""What the templates of the Review room are filled with: a card as a list of things to judge.

Knows cards, papers and the things to judge. Knows no requests and no HTML.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..card import Card, Evidence
from ..paper import Paper
from ..review.corrected import quotes
from ..review.edits import ARTIFACTS, MAIN, Edit, Place
from ..review.worries import Worry
from ..taxonomy import LABEL_FIELDS
from ..text import digest
from .marks import heading, style
from .review_items import Choice, Item, Judging

FIELD_TITLES = {"tasks": "Tasks", "modalities": "Modalities", "contributions": "Contributions"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, which may be a claim."""

    number: int
    """As the card counts."""
    text: str
    place: str
    """Where it stands, if its text is not known; empty: where it is shown."""
    item: Item
    says: Sequence[str]
    """`code`, `data`, `weights`, where it is their evidence."""
    style: str
    """A class of the style sheet."""


@dataclass(frozen=True, slots=True)
class Part:
    """The abstract, a section, or what is quoted of texts that are not known."""

    heading: str
    sentences: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class LabelField:
    """A field with its labels."""

    field: str
    title: str
    items: Sequence[Item]
    count: int
    """Labels that hold."""
    least: int
    most: int
    choices: Sequence[Choice]
    """To add."""
    worries: Sequence[Worry]
    """About what is missing."""
    main_seen: str
    """The edit that says which is the main one."""


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A card to judge."""

    card: Card
    version: str
    fields: Sequence[LabelField]
    artifacts: Sequence[Item]
    summary: Item
    parts: Sequence[Part]
    whole: bool
    """Whether the abstract is known."""
    unread: bool
    """Whether the abstract is known, and a section that the card quotes is not."""
    done: Edit | None
    """Who said that the paper is done."""
    worries: Sequence[Worry]
    """About the card as a whole."""
    token: str
    """Changes with every edit of the card."""

    @property
    def open(self) -> list[Item]:
        """Everything that holds and that nobody has judged."""
        every = [one for field in self.fields for one in field.items] + [*self.artifacts, self.summary]
        every += [one.item for part in self.parts for one in part.sentences if one.item.now is not None]
        return [one for one in every if one.state == "open"]


def token_of(edits: Mapping[Place, Edit]) -> str:
    """A word that changes with every edit."""
    return digest(*sorted(edit.edit for edit in edits.values()))[:16]


def review_page(version: str, paper: Paper | None, judging: Judging) -> ReviewPage:
    """The page for a card as its edits have it; the paper must number its sentences as the card does."""
    artifacts = [judging.artifact(name) for name in ARTIFACTS]
    parts = list(_parts(paper, judging, artifacts))
    done = judging.edits.get(Place("paper"))
    return ReviewPage(
        card=judging.card,
        version=version,
        fields=[_field(name, judging) for name in LABEL_FIELDS],
        artifacts=artifacts,
        summary=judging.summary(),
        parts=parts,
        whole=paper is not None,
        unread=paper is not None and any(one.place for part in parts for one in part.sentences),
        done=done if done is not None and done.value == "reviewed" else None,
        worries=judging.about(Place("paper")),
        token=token_of(judging.edits),
    )


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
    """The abstract, then what the card, its edits and its worries name of the sections, then mere quotes."""
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
        yield Part("What the card quotes", [sentence(number, one.text, one.place) for number, one in rest])


def _claimed(judging: Judging) -> Iterable[int]:
    """The sentences of which edits or worries say something."""
    places = [*judging.edits, *(one.place for one in judging.worries)]
    return (int(one.item) for one in places if one.field == "claims" and one.item.isdecimal())
