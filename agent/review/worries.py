"""Possible faults ("worries") of a card that a person should review, with weights.

The weight is the probability that something is wrong: one minus the confidence, a half if two taggers
disagree or a flag is set, one if a check fails. The sum over a card is its expected number of faults; cards
with the highest sum come first, and cards that somebody may have tried to manipulate come before all others.

Knows cards, papers and the baseline's scores. Knows no files and no web.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ..card import NOT_ASKED, Card
from ..paper import Paper
from ..reading.baseline import Scores
from ..reading.draft import Draft
from ..reading.evidence import check
from ..taxonomy import LABEL_FIELDS, Taxonomy
from ..text.wording import label_words
from .edits import ARTIFACTS, OWN, Place

SURE = 0.7
"""Confidences from this value up are no worry."""
BASELINE_SURE = 0.8
"""The baseline's answer counts if its probability is at least this."""

ALARMS = frozenset({"instructions-in-text", "hidden-text"})
"""Flags for possible attempts to manipulate the card."""
_ALARM = 100.0
"""Weight of an alarm: more than all other worries of a card together, since a manipulated card may look
confident.
"""

REASONS = {
    "unsure": "Low confidence",
    "baseline": "Baseline differs",
    "other": "Other run differs",
    "flag": "Flags",
    "check": "Failed checks",
}
"""Kinds of worries with their titles."""


@dataclass(frozen=True, slots=True)
class Worry:
    """One possible fault."""

    kind: str
    """The kind, one of `REASONS`."""
    place: Place
    """The place in the card; the field `paper` for the card as a whole."""
    about: str
    """The place as text for display; empty for the card as a whole."""
    text: str
    """The possible fault as text for display."""
    weight: float
    """Probability of a fault, 0 to 1; far higher for alarms."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline's answer for a paper."""

    draft: Draft
    scores: Scores


def worries(
    card: Card,
    paper: Paper | None,
    taxonomy: Taxonomy,
    baseline: Baseline | None = None,
    other: Card | None = None,
) -> list[Worry]:
    """All worries about a card, highest weight first.

    Without `paper` nothing is checked. Quotes from sections that were not read are not checked either.
    `baseline` must number the sentences as the card does, see `evidence.numbered_as`.
    """
    found = [*_unsure(card), *_flags(card), *_unknown(card, taxonomy)]
    if paper is not None:
        found += [
            Worry("check", Place("paper"), "", fault, 1.0) for fault in check(card, paper, unread=False)
        ]
    if baseline is not None and not card.provenance.model.startswith("baseline"):
        found += _against_baseline(card, baseline)
    if other is not None:
        found += _against_card(card, other)
    return sorted(found, key=lambda one: -one.weight)


def _unsure(card: Card) -> Iterator[Worry]:
    def low(place: Place, name: str, confidence: float | None) -> Iterator[Worry]:
        if confidence is not None and confidence < SURE:
            yield Worry("unsure", place, name, f"{confidence:.0%} confident", 1 - confidence)

    for field in LABEL_FIELDS:
        for label in getattr(card, field):
            yield from low(Place(field, label.label), label_words(label.label), label.confidence)
        if maybe := card.unsure_of(field):
            names = ", ".join(
                label_words(one.label) + (f" {one.confidence:.0%}" if one.confidence else "") for one in maybe
            )
            yield Worry("unsure", Place(field), field, f"uncertain: perhaps {names}", 0.9)
    for claim in card.claims:
        number = claim.evidence.sentence
        yield from low(
            Place("claims", str(number)), f"sentence {number}, {label_words(claim.kind)}", claim.confidence
        )
    for name in ARTIFACTS:
        artifact = getattr(card.reproducibility, name)
        yield from low(Place(name), f"{name} {label_words(artifact.status)}", artifact.confidence)
    for name, value in card.fields.items():
        if value.value is not None:
            yield from low(Place(OWN, name), name.replace("_", " "), value.confidence)


def _flags(card: Card) -> Iterator[Worry]:
    for flag in card.flags:
        if flag == "reviewed" or flag.startswith(NOT_ASKED):
            continue
        about_summary = flag in ("summary-too-long", "number-not-in-source", "summary-not-prose")
        weight = _ALARM if flag in ALARMS else 0.5
        yield Worry(
            "flag", Place("tldr" if about_summary else "paper"), "", f"flag: {label_words(flag)}", weight
        )


def _unknown(card: Card, taxonomy: Taxonomy) -> Iterator[Worry]:
    for field in LABEL_FIELDS:
        for label in getattr(card, field):
            if label.label not in taxonomy.labels[field]:
                yield Worry("check", Place(field, label.label), label.label, "not in the taxonomy", 1.0)
    for claim in card.claims:
        if claim.kind not in taxonomy.labels["claim_kinds"]:
            place = Place("claims", str(claim.evidence.sentence))
            yield Worry("check", place, claim.kind, "not in the taxonomy", 1.0)


def _against_baseline(card: Card, said: Baseline) -> Iterator[Worry]:
    draft, scores = said.draft, said.scores
    for field in LABEL_FIELDS:
        mine = [one.label for one in getattr(card, field)]
        theirs = [one.label for one in getattr(draft, field)]
        chances = scores.labels[field]
        for label in mine:
            against = 1 - chances.get(label, 1.0)
            if label not in theirs and against >= BASELINE_SURE:
                text = f"baseline: {1 - against:.0%}"
                yield Worry("baseline", Place(field, label), label_words(label), text, 0.5 * against)
        for label in theirs:
            chance = chances[label]
            if label not in mine and chance >= BASELINE_SURE:
                text = f"baseline: {label_words(label)} {chance:.0%}"
                yield Worry("baseline", Place(field), field, text, 0.5 * chance)
    kinds = {claim.evidence.sentence: claim.kind for claim in card.claims}
    for number, sentence in enumerate(scores.sentences, start=1):
        place, about = Place("claims", str(number)), f"sentence {number}"
        if number in kinds and sentence.none >= BASELINE_SURE:
            text = f"baseline: not a claim {sentence.none:.0%}"
            yield Worry("baseline", place, about, text, 0.5 * sentence.none)
        elif number not in kinds and sentence.claim >= BASELINE_SURE:
            text = f"baseline: claim {sentence.claim:.0%} ({label_words(sentence.kind)})"
            yield Worry("baseline", place, about, text, 0.5 * sentence.claim)
    for name in ARTIFACTS:
        answer = getattr(draft, name)
        sure = answer.confidence or 0.0
        if answer.status != getattr(card.reproducibility, name).status and sure >= BASELINE_SURE:
            text = f"baseline: {label_words(answer.status)} {sure:.0%}"
            yield Worry("baseline", Place(name), name, text, 0.5 * sure)


def _against_card(card: Card, other: Card) -> Iterator[Worry]:
    def differs(place: Place, about: str, text: str) -> Worry:
        return Worry("other", place, about, text, 0.5)

    for field in LABEL_FIELDS:
        mine = [one.label for one in getattr(card, field)]
        theirs = [one.label for one in getattr(other, field)]
        for label in mine:
            if label not in theirs:
                yield differs(Place(field, label), label_words(label), "not in the other run")
        for label in theirs:
            if label not in mine:
                yield differs(Place(field), field, f"other run: {label_words(label)}")
        if set(mine) == set(theirs) and mine[:1] != theirs[:1]:
            text = f"other run: main label is {label_words(theirs[0])}"
            yield differs(Place(field, mine[0]), label_words(mine[0]), text)
    kinds = {claim.evidence.sentence: claim.kind for claim in card.claims}
    again = {claim.evidence.sentence: claim.kind for claim in other.claims}
    for number in sorted({*kinds, *again}):
        if kinds.get(number) != again.get(number):
            text = f"other run: {label_words(again.get(number, 'not a claim'))}"
            yield differs(Place("claims", str(number)), f"sentence {number}", text)
    for name in ARTIFACTS:
        status = getattr(other.reproducibility, name).status
        if status != getattr(card.reproducibility, name).status:
            yield differs(Place(name), name, f"other run: {label_words(status)}")
