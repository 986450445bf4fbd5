"""What the templates of the Review room are filled with: a card as a list of things to judge.

Knows cards, edits, worries and taxonomies. Knows no requests and no HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..card import Card
from ..paper import Paper
from ..review.corrected import items, labels
from ..review.edits import ARTIFACTS, MAIN, ArtifactValue, ClaimValue, Edit, Place, Value, original
from ..review.worries import Baseline, Worry
from ..taxonomy import LABEL_FIELDS, STATUSES, Taxonomy
from ..text import digest
from .marks import style

FIELD_TITLES = {"tasks": "Tasks", "modalities": "Modalities", "contributions": "Contributions"}
CHOICES = 9
"""Digits on a keyboard."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a digit does."""

    digit: int
    value: str
    chance: float | None
    """Of the baseline."""
    means: str
    """The taxonomy's definition."""
    held: bool = False
    """Whether it is what holds now."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to judge."""

    place: Place
    now: str | None
    """What holds, in an id; None: nothing."""
    before: str | None
    """What the card itself has, if that is something else."""
    confidence: float | None
    """Of the card; None too where something else holds."""
    state: str
    """`open`, `accepted`, `changed`, `rejected` or `added`."""
    edit: Edit | None
    worries: Sequence[Worry]
    choices: Sequence[Choice]
    main: bool = False
    sentence: int | None = None
    """That says it, for code, data and weights."""
    guess: int | None = None
    """The sentence to take where a status needs one and has none."""

    @property
    def key(self) -> str:
        """Names it within the page."""
        return f"{self.place.field}:{self.place.item}"

    @property
    def seen(self) -> str:
        """The edit that holds; empty: the card."""
        return self.edit.edit if self.edit else ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the abstract, which may be a claim."""

    number: int
    text: str
    item: Item
    says: Sequence[str]
    """`code`, `data`, `weights`, where it is their evidence."""
    style: str
    """A class of the style sheet."""


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
    sentences: Sequence[Sentence]
    whole: bool
    """Whether the abstract is known."""
    done: Edit | None
    """Who said that the paper is done."""
    worries: Sequence[Worry]
    """About the card as a whole."""
    token: str
    """Changes with every edit of the card."""
    left: int
    """Things that nobody has judged."""


def token_of(edits: Mapping[Place, Edit]) -> str:
    """A word that changes with every edit."""
    return digest(*sorted(edit.edit for edit in edits.values()))[:16]


def review_page(
    card: Card,
    version: str,
    paper: Paper | None,
    edits: Mapping[Place, Edit],
    taxonomy: Taxonomy,
    said: Sequence[Worry],
    baseline: Baseline | None,
    other: Card | None,
) -> ReviewPage:
    """The page for a card as its edits have it."""

    def about(place: Place) -> list[Worry]:
        return [one for one in said if one.place == place]

    fields = [_field(card, name, edits, taxonomy, said, baseline, other) for name in LABEL_FIELDS]
    artifacts = [_artifact(card, name, edits, about(Place(name)), taxonomy, baseline) for name in ARTIFACTS]
    sentences = _sentences(card, paper, edits, taxonomy, said, baseline, artifacts)
    summary_place = Place("tldr")
    summary = _item(summary_place, original(card, summary_place), edits.get(summary_place), None)
    summary = _with(summary, about(summary_place), ())
    judged = [one for field in fields for one in field.items] + [*artifacts, summary]
    judged += [one.item for one in sentences if one.item.now is not None or one.item.state != "open"]
    done = edits.get(Place("paper"))
    return ReviewPage(
        card=card,
        version=version,
        fields=fields,
        artifacts=artifacts,
        summary=summary,
        sentences=sentences,
        whole=paper is not None,
        done=done if done is not None and done.value == "reviewed" else None,
        worries=about(Place("paper")),
        token=token_of(edits),
        left=sum(one.state == "open" for one in judged),
    )


def places(page: ReviewPage) -> list[Item]:
    """Everything that holds and that nobody has judged."""
    every = [one for field in page.fields for one in field.items] + [*page.artifacts, page.summary]
    every += [one.item for one in page.sentences if one.item.now is not None]
    return [one for one in every if one.state == "open"]


def _field(
    card: Card,
    field: str,
    edits: Mapping[Place, Edit],
    taxonomy: Taxonomy,
    said: Sequence[Worry],
    baseline: Baseline | None,
    other: Card | None,
) -> LabelField:
    hold = [one.label for one in labels(card, field, edits)]
    choices = _label_choices(field, hold, taxonomy, baseline, other)
    made = []
    for name, before in items(card, field, edits):
        place = Place(field, name)
        item = _item(place, original(card, place), edits.get(place), before.confidence if before else None)
        item = _with(item, [one for one in said if one.place == place], choices)
        made.append(_main(item, hold))
    size = taxonomy.sizes[field]
    main = edits.get(Place(field, MAIN))
    return LabelField(
        field,
        FIELD_TITLES[field],
        # The main one first, as the card would have it; what is gone stays where it was.
        sorted(made, key=lambda one: not one.main),
        len(hold),
        size.least,
        size.most,
        choices,
        [one for one in said if one.place == Place(field)],
        main.edit if main else "",
    )


def _label_choices(
    field: str, hold: Sequence[str], taxonomy: Taxonomy, baseline: Baseline | None, other: Card | None
) -> list[Choice]:
    chances = baseline.scores.labels[field] if baseline is not None else {}
    theirs = [one.label for one in getattr(other, field)] if other is not None else []
    likely = sorted(taxonomy.labels[field], key=lambda label: -chances.get(label, 0.0))
    ordered = [label for label in dict.fromkeys([*theirs, *likely]) if label not in hold]
    return [
        Choice(digit, label, chances.get(label), taxonomy.labels[field].get(label, ""))
        for digit, label in enumerate(ordered[:CHOICES], start=1)
    ]


def _artifact(
    card: Card,
    name: str,
    edits: Mapping[Place, Edit],
    said: Sequence[Worry],
    taxonomy: Taxonomy,
    baseline: Baseline | None,
) -> Item:
    place = Place(name)
    edit = edits.get(place)
    confidence = getattr(card.reproducibility, name).confidence
    item = _item(place, original(card, place), edit, confidence)
    chances: Mapping[str, float] = {}
    guess = None
    if baseline is not None:
        chances = {str(k): v for k, v in baseline.scores.statuses[name].items()}  # type: ignore[index]
        guess = getattr(baseline.draft, name).sentence
    means = taxonomy.labels["artifact_status"]
    choices = [
        Choice(digit, status, chances.get(status), means.get(status, ""), status == item.now)
        for digit, status in enumerate(STATUSES, start=1)
    ]
    return _with(item, said, choices, guess=item.sentence or guess)


def _sentences(
    card: Card,
    paper: Paper | None,
    edits: Mapping[Place, Edit],
    taxonomy: Taxonomy,
    said: Sequence[Worry],
    baseline: Baseline | None,
    artifacts: Sequence[Item],
) -> list[Sentence]:
    if paper is not None:
        texts = {n: paper.sentence_text(n) for n in range(1, len(paper.sentences) + 1)}
    else:
        texts = {one.evidence.sentence: one.evidence.text for one in card.claims}
        for edit in edits.values():
            if isinstance(edit.value, ClaimValue):
                texts[edit.value.evidence.sentence] = edit.value.evidence.text
    sure = {str(one.evidence.sentence): one.confidence for one in card.claims}
    made = []
    for number, text in sorted(texts.items()):
        place = Place("claims", str(number))
        chances: Mapping[str, float] = {}
        if baseline is not None and number <= len(baseline.scores.sentences):
            chances = baseline.scores.sentences[number - 1].kinds
        item = _item(place, original(card, place), edits.get(place), sure.get(place.item))
        choices = [
            Choice(digit, kind, chances.get(kind), means, kind == item.now)
            for digit, (kind, means) in enumerate(taxonomy.labels["claim_kinds"].items(), start=1)
        ]
        item = _with(item, [one for one in said if one.place == place], choices[:CHOICES])
        says = [one.place.field for one in artifacts if one.sentence == number]
        made.append(Sentence(number, text, item, says, style(item.now) if item.now else ""))
    return made


def _item(place: Place, own: Value, edit: Edit | None, confidence: float | None) -> Item:
    value = own if edit is None else edit.value
    now, before = _words(value), _words(own)
    if edit is None:
        state = "open"
    elif value is None:
        state = "rejected"
    elif value == own:
        state = "accepted"
    else:
        state = "added" if own is None else "changed"
    return Item(
        place=place,
        now=now,
        before=before if value != own else None,
        confidence=confidence if value == own else None,
        state=state,
        edit=edit,
        worries=(),
        choices=(),
        sentence=value.evidence.sentence if isinstance(value, ArtifactValue) and value.evidence else None,
    )


def _with(item: Item, said: Sequence[Worry], choices: Sequence[Choice], guess: int | None = None) -> Item:
    return replace(item, worries=tuple(said), choices=tuple(choices), guess=guess)


def _main(item: Item, hold: Sequence[str]) -> Item:
    return replace(item, main=bool(hold) and item.now == hold[0])


def _words(value: Value) -> str | None:
    if isinstance(value, ClaimValue):
        return value.kind
    return value.status if isinstance(value, ArtifactValue) else value
