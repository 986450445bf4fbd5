"""A tagger's answer for a paper, before the evidence is added.

Every tagger, with a model or without, ends in a `Draft`: labels by id and sentences by number. `evidence.py`
turns it into a card. Knows no models and no offsets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..card import Status
from ..fields.values import Value

MAX_WORDS = 30
"""Maximum words of a summary."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A label id with its probability; None if there is nothing to compute it from."""

    label: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A claim by sentence number."""

    sentence: int
    """Number of the sentence, from 1, as in `Paper.sentence_text`."""
    kind: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DraftArtifact:
    """The status of code, data or weights and the sentence that states it."""

    status: Status
    sentence: int | None = None
    """Number of the sentence, from 1; None if the status is `not-stated`."""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A card's content by ids and sentence numbers; lists have the main or the first one first."""

    tldr: str
    tasks: tuple[Scored, ...]
    modalities: tuple[Scored, ...]
    contributions: tuple[Scored, ...]
    claims: tuple[DraftClaim, ...]
    code: DraftArtifact
    data: DraftArtifact
    weights: DraftArtifact
    candidates: Mapping[str, tuple[Scored, ...]] = field(default_factory=dict)
    """The most likely labels by field, if those that a paper should have are too unlikely to be given."""
    own: Mapping[str, Value] = field(default_factory=dict)
    """Values of own fields, by name."""
    flags: tuple[str, ...] = ()
