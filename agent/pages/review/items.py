"""The items of a card that a person reviews one by one: labels, statuses, the summary, claims.

Knows cards, edits, worries and taxonomies. Knows no pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...card import Card, FieldValue
from ...review.corrected import items, labels
from ...review.edits import OWN, ArtifactValue, ClaimValue, Edit, Place, Value, original
from ...review.own_values import SEPARATOR, parts
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
    """Whether this is the current value, or a part of it."""
    model: float | None = None
    """The probability of this choice that the card has, of the model that made it."""
    name: str = ""
    """What is shown, if that is not the value: a part of a list. The value is then the list without it, or
    with it if it is not held."""


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
    chance: float | None = None
    """The baseline's probability of the current value."""
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
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The values that cards have in own fields of labels."""

    @property
    def two(self) -> bool:
        """Whether the baseline's answer is a second one: it is known, and the card is not the baseline's."""
        return self.baseline is not None and not self.card.provenance.model.startswith("baseline")

    def about(self, place: Place) -> list[Worry]:
        """The worries about one item."""
        return [one for one in self.worries if one.place == place]

    def labels(self, field: str) -> tuple[list[Item], list[Choice]]:
        """The labels of a field, the main one first, and the most likely further labels."""
        hold = [one.label for one in labels(self.card, field, self.edits)]
        chances = self._chances(field)
        choices = self._label_choices(field, hold, chances)
        made = []
        for name, before in items(self.card, field, self.edits):
            item = self._item(Place(field, name), before.confidence if before else None)
            main = bool(hold) and item.now == hold[0]
            chance = self._second(chances, item.now or name)
            made.append(replace(item, choices=tuple(choices), main=main, chance=chance))
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
            self._choice(digit, status, chances, means, held=status == item.now)
            for digit, status in enumerate(STATUSES, start=1)
        ]
        chance = self._second(chances, item.now)
        return replace(item, choices=tuple(choices), guess=item.sentence or guess, chance=chance)

    def summary(self) -> Item:
        """The item for the summary."""
        return self._item(Place("tldr"), None)

    def own(self) -> list[Item]:
        """The items for own fields."""
        found = []
        for name, value in self.card.fields.items():
            item = self._item(Place(OWN, name), value.confidence)
            found.append(
                replace(item, choices=tuple(own_choices(value, item.now, self.options.get(name, ()))))
            )
        return found

    def claim(self, number: int) -> Item:
        """The item for a sentence, which may be a claim."""
        sure = next((one.confidence for one in self.card.claims if one.evidence.sentence == number), None)
        item = self._item(Place("claims", str(number)), sure)
        chances: Mapping[str, float] = {}
        if self.baseline is not None and number <= len(self.baseline.scores.sentences):
            chances = self.baseline.scores.sentences[number - 1].kinds
        kinds = self.taxonomy.labels["claim_kinds"]
        choices = [
            self._choice(digit, kind, chances, kinds, held=kind == item.now)
            for digit, kind in enumerate(kinds, start=1)
        ]
        return replace(item, choices=tuple(choices[:CHOICES]), chance=self._second(chances, item.now))

    def _second(self, chances: Mapping[str, float], value: str | None) -> float | None:
        return chances.get(value or "") if self.two else None

    def _chances(self, field: str) -> Mapping[str, float]:
        return self.baseline.scores.labels[field] if self.baseline is not None else {}

    def _label_choices(self, field: str, hold: Sequence[str], chances: Mapping[str, float]) -> list[Choice]:
        """What the model itself was not sure of, then what another run says, then what the baseline finds."""
        mine = {one.label: one.confidence for one in self.card.unsure_of(field)}
        theirs = [one.label for one in getattr(self.other, field)] if self.other is not None else []
        known = self.taxonomy.labels[field]
        likely = sorted(known, key=lambda label: -chances.get(label, 0.0))
        ordered = [label for label in dict.fromkeys([*mine, *theirs, *likely]) if label not in hold]
        return [
            self._choice(digit, label, chances, known, mine.get(label))
            for digit, label in enumerate(ordered[:CHOICES], start=1)
        ]

    def _choice(
        self,
        digit: int,
        value: str,
        chances: Mapping[str, float],
        means: Mapping[str, str],
        model: float | None = None,
        *,
        held: bool = False,
    ) -> Choice:
        chance = chances.get(value)
        if not self.two:  # the baseline is the model
            model, chance = chance if model is None else model, None
        return Choice(digit, value, chance, means.get(value, ""), held, model)

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


def own_choices(value: FieldValue, now: str | None, options: Sequence[str]) -> Iterator[Choice]:
    """The options of an own field; of a list of labels or records each part, to take out or put in."""
    if value.type == "boolean":
        options = ("yes", "no")
    if value.type in ("boolean", "label"):
        for digit, option in enumerate(options[:CHOICES], start=1):
            yield Choice(digit, option, None, "", option == now)
    elif value.type in ("labels", "list"):
        held = parts(value, now)
        every = list(dict.fromkeys([*value.texts, *held, *options]))
        for digit, part in enumerate(every[:CHOICES], start=1):
            rest = [one for one in every if (one in held) != (one == part)]
            yield Choice(digit, SEPARATOR.join(rest), None, "", part in held, name=part)


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
