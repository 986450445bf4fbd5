"""Suggests papers to label next, and estimates the benefit.

A paper is worth labelling when two taggers differ on it (query by committee; Seung, Opper and Sompolinsky
1992), when the tagger is not sure (uncertainty sampling; Lewis and Gale 1994), and when its main task is rare
among the labels. Each counts from 0 to 1; the score is their mean, over those that are known.

Papers chosen this way are harder than others, so figures measured on them do not hold for the corpus. To
measure, label papers drawn at random (`at_random`); to train or to find faults, label those with the highest
score.

Knows cards and labels; knows no models and no files.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from papercards.card import Card
from papercards.taxonomy import LABEL_FIELDS

from ..label_file import ARTIFACTS, Labelled, fold, shuffled
from ..scoring.metrics import mean


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One paper to label."""

    id: str
    title: str
    score: float
    """Value of labelling the paper, 0 to 1."""
    disagreement: float | None
    """Disagreement of the two cards, 0 to 1; None without a second card."""
    doubt: float | None
    """1 minus the mean confidence; None if the card has no confidences."""
    rarity: float
    """1 / (1 + papers labelled or suggested before with the same main task)."""
    reasons: tuple[str, ...]
    """Reasons as text, most important first."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The effect of more labels on an interval, whose width is proportional to 1 / sqrt(papers)."""

    papers: int
    more: int

    @property
    def width(self) -> float | None:
        """Expected width relative to the present one: 0.86 is 14 % narrower; None without labels."""
        return math.sqrt(self.papers / (self.papers + self.more)) if self.papers else None


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    title: str
    stratum: str
    disagreement: float | None
    differs: tuple[str, ...]
    doubt: float | None


def suggest(
    cards: Iterable[Card],
    labelled: Sequence[Labelled],
    n: int,
    *,
    other: Iterable[Card] = (),
    seed: int = 0,
    at_random: bool = False,
) -> tuple[Suggestion, ...]:
    """The `n` papers of `cards` to label next, best first; fewer if fewer are unlabelled.

    `other` are another tagger's cards of the same papers, such as the baseline's. One paper of a rare task
    makes the next of that task less rare. Equal scores are ordered by a hash of the seed; `at_random` orders
    all by it alone.
    """
    ids = {item.id for item in labelled}
    titles = {fold(item.title) for item in labelled}
    strata = Counter(reading.tasks[0] for item in labelled for reading in item.readings[:1] if reading.tasks)
    second = {card.id: _answers(card) for card in other}
    rows = {
        card.id: _row(card, second.get(card.id))
        for card in cards
        if card.id not in ids and fold(card.title) not in titles
    }
    order = sorted(rows.values(), key=lambda row: shuffled(seed, row.id))
    chosen: list[Suggestion] = []
    while order and len(chosen) < n:
        # max takes the first of equals, so that the hash breaks the ties.
        best = order[0] if at_random else max(order, key=lambda row: _score(row, strata))
        order.remove(best)
        chosen.append(_suggestion(best, strata, at_random))
        strata[best.stratum] += 1
    return tuple(chosen)


def narrowing(labelled: Sequence[Labelled], more: int, split: str | None = None) -> Narrowing:
    """The effect of labelling `more` papers on the intervals of a split, or of all labelled papers."""
    return Narrowing(sum(split in (None, item.split) for item in labelled), more)


def _answers(card: Card) -> dict[str, Set[str]]:
    found = card.reproducibility
    return {
        **{field: {tag.label for tag in card.labels(field)} for field in LABEL_FIELDS},
        "claims": {f"{claim.evidence.sentence} {claim.kind}" for claim in card.claims},
        **{name: {found.artifact(name).status} for name in ARTIFACTS},
    }


def _row(card: Card, second: dict[str, Set[str]] | None) -> _Row:
    distances: dict[str, float] = {}
    if second is not None:
        for field, mine in _answers(card).items():
            every = mine | second[field]
            distances[field] = 1 - len(mine & second[field]) / len(every) if every else 0.0
    found = card.reproducibility
    confidences = [tags[0].confidence for tags in (card.tasks, card.modalities, card.contributions) if tags]
    confidences += [found.code.confidence, found.data.confidence, found.weights.confidence]
    sure = mean(confidences)
    return _Row(
        card.id,
        card.title,
        card.tasks[0].label if card.tasks else "",
        mean(distances.values()),
        tuple(field for field, distance in sorted(distances.items(), key=lambda d: -d[1]) if distance),
        None if sure is None else 1 - sure,
    )


def _score(row: _Row, strata: Counter[str]) -> float:
    # The mean is over at least one value, so it is never None.
    return mean((row.disagreement, row.doubt, 1 / (1 + strata[row.stratum]))) or 0.0


def _suggestion(row: _Row, strata: Counter[str], at_random: bool) -> Suggestion:
    known = strata[row.stratum]
    rarity = 1 / (1 + known)
    said: list[tuple[float, str]] = []
    if row.disagreement:
        said.append((row.disagreement, f"the taggers disagree on {', '.join(row.differs)}"))
    if row.doubt is not None:
        said.append((row.doubt, f"mean confidence {1 - row.doubt:.2f}"))
    task = row.stratum or "no task"
    said.append((rarity, f"{task}: {known} labelled or suggested already"))
    reasons = (
        ("drawn at random",) if at_random else tuple(text for _, text in sorted(said, key=lambda s: -s[0]))
    )
    score = 0.0 if at_random else _score(row, strata)
    return Suggestion(row.id, row.title, score, row.disagreement, row.doubt, rarity, reasons)
