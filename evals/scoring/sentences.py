"""Assigns a class to each sentence of an abstract: no claim, or a claim of a kind.

A sentence has the class of the claim that overlaps it by at least half of the shorter of the two. Two
annotators, or a card and an annotator, are then compared sentence by sentence with Cohen's kappa (Cohen 1960,
"A coefficient of agreement for nominal scales"), pooled over papers.

Knows papers, cards and labels; knows no models and no files.
"""

from collections.abc import Sequence

from papercards.card import Card
from papercards.paper import Paper

from ..label_file import Labelled, LabelledClaim
from .metrics import cohen_kappa
from .score import card_claims, closest

NO_CLAIM = "none"
"""The class of a sentence without a claim."""

Classes = tuple[str, ...]
"""One class for each sentence of an abstract, or for each reading of a sentence."""


def sentence_classes(paper: Paper, claims: Sequence[LabelledClaim]) -> Classes:
    """For each sentence of the abstract the kind of the claim on it, or `NO_CLAIM`; most overlap wins."""
    classes = []
    for span in paper.sentences:
        sentence = LabelledClaim(span.start, span.end, "")
        best = closest(claims, sentence)
        classes.append(best.kind if best else NO_CLAIM)
    return tuple(classes)


def graded(card: Card | None, labelled: Labelled) -> list[tuple[Classes, str]]:
    """For each sentence its class by every reading, and by the card.

    Needs the abstract in the record; none without it, and none where claims are not labelled.
    """
    if labelled.abstract is None or "claims" not in labelled.fields:
        return []
    paper = Paper(labelled.id, labelled.title, labelled.abstract)
    readings = [sentence_classes(paper, reading.claims) for reading in labelled.readings]
    said = sentence_classes(paper, card_claims(card))
    return list(zip(zip(*readings, strict=True), said, strict=True))


def class_pairs(card: Card | None, labelled: Labelled) -> list[tuple[str, str]]:
    """Each sentence once for every reading: its class by the reading, and by the card."""
    return [(given, said) for readings, said in graded(card, labelled) for given in readings]


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa over pairs of classes."""
    return cohen_kappa([first for first, _ in pairs], [second for _, second in pairs])
