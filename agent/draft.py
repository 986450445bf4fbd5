"""What a tagger says about a paper, before code has put the evidence to it.

Every tagger, with a model or without, ends in a `Draft`: labels by id and sentences by number. `evidence.py`
turns it into a card. Knows no models and no offsets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .card import Status

MAX_WORDS = 30
"""Of a summary."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A label id with its probability; None where there is nothing to compute one from."""

    label: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A claim by sentence number."""

    sentence: int
    """From 1, as in `Paper.sentence_text`."""
    kind: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DraftArtifact:
    """The status of code, data or weights and the sentence that says so."""

    status: Status
    sentence: int | None = None
    """From 1; None where the status is `not-stated`."""
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
    """By label field, where labels that a paper should have are not likely enough to be given: the likeliest
    of them."""
    flags: tuple[str, ...] = ()
