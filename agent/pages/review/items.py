"""The items of a card that a person reviews one by one: labels, statuses, the summary, claims.

Knows cards, edits, worries and taxonomies. Knows no pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...card import Card
from ...review.corrected import items, labels
from ...review.edits import OWN, ArtifactValue, ClaimValue, Edit, Place, Value, original
from ...review.worries import Baseline, Worry
from ...taxonomy import STATUSES, Taxonomy

CHOICES = 9
"""Maximum number of choices, one per digit key."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice behind a digit key."""

    digit: int
    value: str
    chance: float | None
    """The baseline's probability of this choice."""
    means: str
    """Definition in the taxonomy."""
    held: bool = False
    """Whether this is the current value."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item to review."""

    place: Place
    now: str | None
    """Id of the current value; None if there is none."""
    before: str | None
    """The card's own value, if it differs from the current one."""
    confidence: float | None
    """The card's confidence; None if the value was changed."""
    state: str
    """State of the review: `open`, `accepted`, `changed`, `rejected` or `added`."""
    edit: Edit | None
    worries: Sequence[Worry]
    choices: Sequence[Choice]
    main: bool = False
    sentence: int | None = None
    """Number of the sentence that states it, for code, data and weights."""
    guess: int | None = None
    """Suggested sentence for a status that needs one and has none."""

    @property
    def key(self) -> str:
        """A key of the item, unique within the page."""
        return f"{self.place.field}:{self.place.item}"

    @property
    def seen(self) -> str:
        """Id of the current edit; empty if the card itself holds."""
        return self.edit.edit if self.edit else ""


@dataclass(frozen=True, slots=True)
class Judging:
    """The data that a card is reviewed with."""

    card: Card
    edits: Mapping[Place, Edit]
    taxonomy: Taxonomy
    worries: Sequence[Worry]
    baseline: Baseline | None
    """Baseline answer for the card's paper; None if the paper is not available."""
    other: Card | None
    """The card of another run, if there is one."""

    def about(self, place: Place) -> list[Worry]:
        """The worries about one item."""
        return [one for one in self.worries if one.place == place]

    def labels(self, field: str) -> tuple[list[Item], list[Choice]]:
        """The labels of a field, the main one first, and the most likely further labels."""
        hold = [one.label for one in labels(self.card, field, self.edits)]
        choices = self._label_choices(field, hold)
        made = []
        for name, before in items(self.card, field, self.edits):
            item = self._item(Place(field, name), before.confidence if before else None)
            main = bool(hold) and item.now == hold[0]
            made.append(replace(item, choices=tuple(choices), main=main))
        # As the card would have it; what is gone stays where it was.
        return sorted(made, key=lambda one: not one.main), choices

    def artifact(self, name: str) -> Item:
        """The item for the status of code, data or weights."""
        item = self._item(Place(name), getattr(self.card.reproducibility, name).confidence)
        chances: Mapping[str, float] = {}
        guess = None
        if self.baseline is not None:
            offer = self.baseline.scores.offers[name]  # type: ignore[index]
            chances = {str(status): chance for status, chance in offer.chances.items()}
            guess = getattr(self.baseline.draft, name).sentence
        means = self.taxonomy.labels["artifact_status"]
        choices = [
            Choice(digit, status, chances.get(status), means.get(status, ""), status == item.now)
            for digit, status in enumerate(STATUSES, start=1)
        ]
        return replace(item, choices=tuple(choices), guess=item.sentence or guess)

    def summary(self) -> Item:
        """The item for the summary."""
        return self._item(Place("tldr"), None)

    def own(self) -> list[Item]:
        """The items for own fields."""
        return [self._item(Place(OWN, name), value.confidence) for name, value in self.card.fields.items()]

    def claim(self, number: int) -> Item:
        """The item for a sentence, which may be a claim."""
        sure = next((one.confidence for one in self.card.claims if one.evidence.sentence == number), None)
        item = self._item(Place("claims", str(number)), sure)
        chances: Mapping[str, float] = {}
        if self.baseline is not None and number <= len(self.baseline.scores.sentences):
            chances = self.baseline.scores.sentences[number - 1].kinds
        kinds = self.taxonomy.labels["claim_kinds"]
        choices = [
            Choice(digit, kind, chances.get(kind), means, kind == item.now)
            for digit, (kind, means) in enumerate(kinds.items(), start=1)
        ]
        return replace(item, choices=tuple(choices[:CHOICES]))

    def _label_choices(self, field: str, hold: Sequence[str]) -> list[Choice]:
        chances = self.baseline.scores.labels[field] if self.baseline is not None else {}
        theirs = [one.label for one in getattr(self.other, field)] if self.other is not None else []
        known = self.taxonomy.labels[field]
        likely = sorted(known, key=lambda label: -chances.get(label, 0.0))
        ordered = [label for label in dict.fromkeys([*theirs, *likely]) if label not in hold]
        return [
            Choice(digit, label, chances.get(label), known.get(label, ""))
            for digit, label in enumerate(ordered[:CHOICES], start=1)
        ]

    def _item(self, place: Place, confidence: float | None) -> Item:
        own, edit = original(self.card, place), self.edits.get(place)
        value = own if edit is None else edit.value
        return Item(
            place=place,
            now=_words(value),
            before=_words(own) if value != own else None,
            confidence=confidence if value == own else None,
            state=_state(own, edit),
            edit=edit,
            worries=self.about(place),
            choices=(),
            sentence=value.evidence.sentence if isinstance(value, ArtifactValue) and value.evidence else None,
        )


def _state(own: Value, edit: Edit | None) -> str:
    if edit is None:
        return "open"
    if edit.value is None:
        return "rejected"
    if edit.value == own:
        return "accepted"
    return "added" if own is None else "changed"


def _words(value: Value) -> str | None:
    if isinstance(value, ClaimValue):
        return value.kind
    return value.status if isinstance(value, ArtifactValue) else value
