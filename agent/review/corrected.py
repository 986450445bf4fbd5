"""Applies people's corrections to a card.

A changed or added value has no confidence, since it is not a model's probability. An accepted value keeps its
confidence. Provenance stays, since it says what made the card; the flag `reviewed` records that people
reviewed it.

Knows cards, papers and edits. Knows no files.
"""

from collections.abc import Mapping

from ..card import Artifact, Card, Claim, Evidence, FieldValue, Label
from ..paper import Paper
from ..reading.answers import summary_flags
from ..reading.evidence import cited, sections_unread
from ..taxonomy import LABEL_FIELDS
from .edits import ARTIFACTS, MAIN, OWN, ArtifactValue, ClaimValue, Edit, Place, original
from .own_values import corrected_value

REVIEWED = "reviewed"


def corrected(card: Card, edits: Mapping[Place, Edit], paper: Paper | None = None) -> Card:
    """The card with the edits applied; without edits, the same card.

    If the paper is given, with the sections that the card quotes, the flags of a changed summary are
    recomputed.
    """
    if not edits:
        return card
    held = card.reproducibility
    artifacts = {name: _artifact(getattr(held, name), edits.get(Place(name))) for name in ARTIFACTS}
    tldr, flags = card.tldr, [flag for flag in card.flags if flag != REVIEWED]
    summary = edits.get(Place("tldr"))
    if summary is not None and isinstance(summary.value, str) and summary.value != tldr:
        tldr = summary.value
        if paper is not None and not sections_unread(card, paper):
            source = f"{paper.title}\n{paper.text}"
            stale = ("summary-too-long", "number-not-in-source")
            flags = [flag for flag in flags if flag not in stale] + list(summary_flags(tldr, source))
    return card.model_copy(
        update={
            "tldr": tldr,
            **{field: labels(card, field, edits) for field in LABEL_FIELDS},
            "claims": claims(card, edits),
            "reproducibility": held.model_copy(update=artifacts),
            "fields": {name: _own(value, edits.get(Place(OWN, name))) for name, value in card.fields.items()},
            "flags": (*flags, REVIEWED),
        }
    )


def labels(card: Card, field: str, edits: Mapping[Place, Edit]) -> tuple[Label, ...]:
    """The labels of one of `LABEL_FIELDS`, the main one first, each once."""
    given: dict[str, Label] = {}
    for item, before in items(card, field, edits):
        edit = edits.get(Place(field, item))
        value = edit.value if edit is not None else item
        if isinstance(value, str) and value not in given:
            given[value] = before if before is not None and before.label == value else Label(label=value)
    main = edits.get(Place(field, MAIN))
    if main is not None and isinstance(main.value, str) and main.value in given:
        return (given.pop(main.value), *given.values())
    return tuple(given.values())


def items(card: Card, field: str, edits: Mapping[Place, Edit]) -> list[tuple[str, Label | None]]:
    """The items of a label field: the card's labels, then those added by people."""
    mine: dict[str, Label] = {one.label: one for one in getattr(card, field)}
    more = [
        place.item
        for place in edits
        if place.field == field and place.item not in mine and place.item != MAIN
    ]
    return [*mine.items(), *((item, None) for item in more)]


def claims(card: Card, edits: Mapping[Place, Edit]) -> tuple[Claim, ...]:
    """The claims in the order of the text; an edited sentence has at most one."""
    kept = []
    for claim in card.claims:
        edit = edits.get(Place("claims", str(claim.evidence.sentence)))
        if edit is None or edit.value == original(card, edit.place):
            kept.append(claim)
    for place, edit in edits.items():
        value = edit.value
        if place.field == "claims" and isinstance(value, ClaimValue) and value != original(card, place):
            kept.append(Claim(kind=value.kind, evidence=value.evidence))
    return tuple(sorted(kept, key=lambda claim: (claim.evidence.sentence, claim.evidence.start)))


def quotes(card: Card, edits: Mapping[Place, Edit]) -> dict[int, Evidence]:
    """The sentences that a card and its edits quote, by their numbers."""
    found: dict[int, Evidence] = {}
    for _, evidence in cited(card):
        found.setdefault(evidence.sentence, evidence)
    for edit in edits.values():
        for value in (edit.was, edit.value):
            if isinstance(value, ClaimValue | ArtifactValue) and value.evidence is not None:
                found.setdefault(value.evidence.sentence, value.evidence)
    return found


def _own(value: FieldValue, edit: Edit | None) -> FieldValue:
    if edit is None or not isinstance(edit.value, str | None):
        return value
    try:
        return corrected_value(value, edit.value)
    except ValueError:
        return value  # the field has another type since


def _artifact(artifact: Artifact, edit: Edit | None) -> Artifact:
    if edit is None or not isinstance(edit.value, ArtifactValue):
        return artifact
    value = edit.value
    if (value.status, value.evidence) == (artifact.status, artifact.evidence):
        return artifact
    return Artifact(status=value.status, evidence=value.evidence)
