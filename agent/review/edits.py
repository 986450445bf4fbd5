"""Corrections as records, and what a sequence of them amounts to.

A card is a set of *places*: a label of a list, the main label of a list, the sentence of a claim, a status,
the summary, and the paper as a whole. An edit says what a place held, what it holds from now on, and which
edit of that place its author had seen; to undo one is another edit. Edits belong to a card as it was: the
same paper with another card begins without any.

Knows no files and no web.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from ..card import Card, Evidence, Record, Status
from ..taxonomy import LABEL_FIELDS

ARTIFACTS = ("code", "data", "weights")
MAIN = "#main"
"""The item of a label field that says which label is the main one; no label can be called that."""

FIELDS = (*LABEL_FIELDS, "claims", *ARTIFACTS, "tldr", "paper")
"""What can be edited."""


class ClaimValue(Record):
    """A claim of a sentence."""

    kind: str
    evidence: Evidence


class ArtifactValue(Record):
    """A status with the sentence that says it."""

    status: Status
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _evidence_fits(self) -> Self:
        if (self.status == "not-stated") != (self.evidence is None):
            raise ValueError(f"{self.status} and its sentence do not fit")
        return self


Value = str | ClaimValue | ArtifactValue | None
"""Of a label its id, of the paper `reviewed`; None: nothing is there."""


class Place(NamedTuple):
    """What an edit is about."""

    field: str
    """One of `FIELDS`; `paper` says that it was read as a whole and nothing is missing."""
    item: str = ""
    """A label as the card has it, or as it was added; `MAIN`; the number of a sentence; else empty."""


class Edit(Record):
    """One line of a review file."""

    edit: str = Field(min_length=1)
    """Its name, made at random."""
    at: str
    """UTC, ISO 8601."""
    by: str = Field(min_length=1)
    """Who."""
    card: str
    """The id of the paper."""
    version: str
    """Of the card that it was made against, see `version_of`."""
    field: str
    item: str = ""
    was: Value = None
    value: Value = None
    after: str = ""
    """The edit of the same place that its author had seen; empty: the card itself."""
    undoes: str = ""
    """The edit that it takes back; empty: none."""

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        if self.field not in FIELDS:
            raise ValueError(f"{self.field} is no field of a card")
        for value in (self.was, self.value):
            if not fits(self.place, value):
                raise ValueError(f"{self.field} cannot hold that")
        return self

    @property
    def place(self) -> Place:
        """What it is about."""
        return Place(self.field, self.item)

    @property
    def accepts(self) -> bool:
        """Whether it leaves all as it was."""
        return self.was == self.value

    def to_json(self) -> bytes:
        """Its line, without the end."""
        return self.model_dump_json().encode()


def read_edit(line: bytes) -> Edit | str:
    """The edit of a line, or what is wrong with it."""
    try:
        return Edit.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        return f"not an edit: {field + ': ' if field else ''}{fault['msg']}"


def fits(place: Place, value: Value) -> bool:
    """Whether such a thing can stand there."""
    if place.field in LABEL_FIELDS:
        return value is None or (isinstance(value, str) and bool(value))
    if place.field == "claims":
        return value is None or (isinstance(value, ClaimValue) and str(value.evidence.sentence) == place.item)
    if place.field in ARTIFACTS:
        return isinstance(value, ArtifactValue)
    if place.field == "tldr":
        return isinstance(value, str) and bool(value.strip())
    return value in (None, "reviewed")


def version_of(card: Card) -> str:
    """What a card says and what made it, in 16 hex digits."""
    return hashlib.sha256(card.to_json().encode()).hexdigest()[:16]


def original(card: Card, place: Place) -> Value:
    """What the card itself has there."""
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
    return card.tldr if field == "tldr" else None


class Key(NamedTuple):
    """A card as it was at some time."""

    card: str
    version: str


class Overlay:
    """What edits amount to, taken in one after the other. Any sequence means something."""

    def __init__(self) -> None:
        self._stacks: dict[Key, dict[Place, list[Edit]]] = {}

    def take(self, edit: Edit) -> None:
        """Take in the next edit. One that undoes what is not the last of its place says nothing."""
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
        """The edit that holds at a place; None: the card itself does."""
        stack = self._stacks.get(key, {}).get(place)
        return stack[-1] if stack else None

    def of(self, key: Key) -> Mapping[Place, Edit]:
        """The edits that hold for a card, in the order in which their places were first edited."""
        return {place: stack[-1] for place, stack in self._stacks.get(key, {}).items()}

    def cards(self) -> Iterator[Key]:
        """The cards that have edits."""
        yield from list(self._stacks)

    def reviewed(self, key: Key) -> bool:
        """Whether somebody said that the paper is done."""
        edit = self.last(key, Place("paper"))
        return edit is not None and edit.value == "reviewed"
