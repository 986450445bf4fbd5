"""The things of a card that a person judges one by one: labels, statuses, the summary, claims.

Knows cards, edits, worries and taxonomies. Knows no pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..card import Card
from ..review.corrected import items, labels
from ..review.edits import ArtifactValue, ClaimValue, Edit, Place, Value, original
from ..review.worries import Baseline, Worry
from ..taxonomy import STATUSES, Taxonomy

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
class Judging:
    """What a card is judged by."""

    card: Card
    edits: Mapping[Place, Edit]
    taxonomy: Taxonomy
    worries: Sequence[Worry]
    baseline: Baseline | None
    """Of the card's paper; None: the paper is not known."""
    other: Card | None
    """The card of another run."""

    def about(self, place: Place) -> list[Worry]:
        """The worries about one thing."""
        return [one for one in self.worries if one.place == place]

    def labels(self, field: str) -> tuple[list[Item], list[Choice]]:
        """The labels of a field, the main one first, and those that are likeliest beside them."""
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
        """The status of code, data or weights."""
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
        """The summary."""
        return self._item(Place("tldr"), None)

    def claim(self, number: int) -> Item:
        """What a sentence claims, if anything."""
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
