"""Corrections as records, and the result of a sequence of them.

A card is a set of *places*: a label of a list, the main label of a list, the sentence of a claim, a status,
the summary, and the paper as a whole. An edit says what a place held, what it holds from now on, and which
edit of that place its author had seen; undoing is another edit. Edits belong to one version of a card: a new
card of the same paper starts without edits.

Knows no files and no web.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from ..card import Card, Evidence, Record, Status
from ..taxonomy import LABEL_FIELDS
from .own_values import written

ARTIFACTS = ("code", "data", "weights")
OWN = "own"
"""The field of all own fields; the item is the name of one."""
MAIN = "#main"
"""The item of a label field that says which label is the main one; no label can have this name."""

FIELDS = (*LABEL_FIELDS, "claims", *ARTIFACTS, "tldr", OWN, "paper")
"""The fields that can be edited."""


class ClaimValue(Record):
    """The claim in a sentence."""

    kind: str
    evidence: Evidence


class ArtifactValue(Record):
    """A status with the sentence that states it."""

    status: Status
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _evidence_fits(self) -> Self:
        if (self.status == "not-stated") != (self.evidence is None):
            raise ValueError(f"the status {self.status} does not go with this sentence number")
        return self


Value = str | ClaimValue | ArtifactValue | None
"""The value of a place: a label's id, `reviewed` for the paper, or None for nothing."""


class Place(NamedTuple):
    """The place that an edit is about."""

    field: str
    """The field, one of `FIELDS`; `paper` marks that the paper was fully reviewed."""
    item: str = ""
    """A label of the card or an added one, `MAIN`, the number of a sentence, an own field, or empty."""


class Edit(Record):
    """One line of a review file."""

    edit: str = Field(min_length=1)
    """Random id of the edit."""
    at: str
    """Time of the edit: UTC, ISO 8601."""
    by: str = Field(min_length=1)
    """Name of the author."""
    card: str
    """Id of the paper."""
    version: str
    """Version of the card that it was made against, see `version_of`."""
    field: str
    item: str = ""
    was: Value = None
    value: Value = None
    after: str = ""
    """Id of the edit of the same place that its author had seen; empty for the card itself."""
    undoes: str = ""
    """Id of the edit that this one undoes; empty for none."""

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        if self.field not in FIELDS:
            raise ValueError(f"{self.field} is not a field of a card")
        for value in (self.was, self.value):
            if not fits(self.place, value):
                raise ValueError(f"{self.field} cannot have this value")
        return self

    @property
    def place(self) -> Place:
        """The place that the edit is about."""
        return Place(self.field, self.item)

    @property
    def accepts(self) -> bool:
        """Whether it accepts the value as it was."""
        return self.was == self.value


def fits(place: Place, value: Value) -> bool:
    """Whether a value is allowed at a place."""
    if place.field in LABEL_FIELDS:
        return value is None or (isinstance(value, str) and bool(value))
    if place.field == "claims":
        return value is None or (isinstance(value, ClaimValue) and str(value.evidence.sentence) == place.item)
    if place.field in ARTIFACTS:
        return isinstance(value, ArtifactValue)
    if place.field == OWN:
        return value is None or (isinstance(value, str) and bool(value.strip()))
    if place.field == "tldr":
        return isinstance(value, str) and bool(value.strip())
    return value in (None, "reviewed")


def version_of(card: Card) -> str:
    """A hash of a card's content and provenance, in 16 hex digits."""
    return hashlib.sha256(card.to_json().encode()).hexdigest()[:16]


def original(card: Card, place: Place) -> Value:
    """The card's own value at a place."""
    field, item = place
    if field in LABEL_FIELDS:
        labels = [one.label for one in getattr(card, field)]
        if item == MAIN:
            return labels[0] if labels else None
        return item if item in labels else None
    if field == "claims":
        for claim in card.claims:
            if str(claim.evidence.sentence) == item:
                return ClaimValue(kind=claim.kind, evidence=claim.evidence)
        return None
    if field in ARTIFACTS:
        artifact = getattr(card.reproducibility, field)
        # A card that contradicts itself is shown as one that says nothing.
        if artifact.status == "not-stated" or artifact.evidence is None:
            return ArtifactValue(status="not-stated")
        return ArtifactValue(status=artifact.status, evidence=artifact.evidence)
    if field == OWN:
        return written(card.fields.get(item))
    return card.tldr if field == "tldr" else None


class Key(NamedTuple):
    """One version of a card."""

    card: str
    version: str


class Overlay:
    """The result of edits applied one after the other. Any sequence is valid."""

    def __init__(self) -> None:
        self._stacks: dict[Key, dict[Place, list[Edit]]] = {}

    def take(self, edit: Edit) -> None:
        """Apply the next edit. An undo of anything but the last edit of its place has no effect."""
        key = Key(edit.card, edit.version)
        places = self._stacks.setdefault(key, {})
        stack = places.setdefault(edit.place, [])
        if not edit.undoes:
            stack.append(edit)
        elif stack and stack[-1].edit == edit.undoes:
            stack.pop()
        if not stack:
            del places[edit.place]
        if not places:
            del self._stacks[key]

    def last(self, key: Key, place: Place) -> Edit | None:
        """The current edit of a place; None if the card itself holds."""
        stack = self._stacks.get(key, {}).get(place)
        return stack[-1] if stack else None

    def of(self, key: Key) -> Mapping[Place, Edit]:
        """The current edits of a card, in the order in which their places were first edited."""
        return {place: stack[-1] for place, stack in self._stacks.get(key, {}).items()}

    def carried(self, card: Card, version: str) -> dict[Place, Edit]:
        """The edits of other versions of a card that still hold: it says there what it said when they began.

        So corrections outlive a card that is made again, as for a further field. That the paper as a whole
        was reviewed does not.
        """
        found: dict[Place, Edit] = {}
        for key, places in self._stacks.items():
            if key.card == card.id and key.version != version:
                for place, stack in places.items():
                    if place.field != "paper" and stack[0].was == original(card, place):
                        found[place] = stack[-1]
        return found

    def cards(self) -> Iterator[Key]:
        """The cards that have edits."""
        yield from list(self._stacks)

    def reviewed(self, key: Key) -> bool:
        """Whether somebody marked the paper as done."""
        edit = self.last(key, Place("paper"))
        return edit is not None and edit.value == "reviewed"
