"""A tagger's answer for a paper, before the evidence is added.

Every tagger, with a model or without, ends in a `Draft`: labels by id and sentences by number. `evidence.py`
turns it into a card. Knows no models and no offsets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..card import DOES_NOT_APPLY, NOT_STATED, Status
from ..fields.spec import ARTIFACTS, Field
from ..fields.values import Value
from ..taxonomy import LABEL_FIELDS

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


def settled(fields: Sequence[Field], parts: Mapping[str, Any]) -> dict[str, Value]:
    """The values of own fields, null where their condition does not hold."""
    by_name = {one.name: one for one in fields}

    def applies(one: Field, depth: int = 0) -> bool:
        if one.when is None or depth > len(fields):
            return True
        name, wanted = one.when
        if name not in parts:
            return True
        if name in by_name and not applies(by_name[name], depth + 1):
            return False
        return _is_any(parts.get(name), wanted)

    return {
        one.name: parts[one.name] if applies(one) else Value(missing=DOES_NOT_APPLY)
        for one in fields
        if one.name in parts
    }


def _is_any(value: object, wanted: Sequence[str]) -> bool:
    """Whether a value is one of those that a condition names."""
    if isinstance(value, Value):
        value = value.value if value.value is not None else NOT_STATED
    elif isinstance(value, DraftArtifact):
        value = value.status
    if isinstance(value, bool):
        value = "yes" if value else "no"
    items = value if isinstance(value, tuple) else (value,)
    return any(str(getattr(item, "label", getattr(item, "kind", item))) in wanted for item in items)


Rate = Callable[[str, Scored | DraftClaim | DraftArtifact], float | None]
"""From a field of the card and a label, claim or status in it to its confidence."""


def rated(draft: Draft, rate: Rate) -> Draft:
    """The draft with other confidences; candidates keep theirs."""

    def changed(name: str) -> Any:
        found = getattr(draft, name)
        if isinstance(found, tuple):
            return tuple(replace(one, confidence=rate(name, one)) for one in found)
        return replace(found, confidence=rate(name, found))

    return replace(draft, **{name: changed(name) for name in (*LABEL_FIELDS, "claims", *ARTIFACTS)})
