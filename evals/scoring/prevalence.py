"""Estimates how many papers of a corpus have each label, corrected for the tagger's errors.

Counting the cards' labels is biased by the tagger's errors. Prediction-powered inference measures that bias
on labelled papers and subtracts it (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023,
"Prediction-powered inference", Science 382: estimation of a mean). With f for the card's answer (0 or 1), y
for the labels, n labelled and N other papers:

    theta = lambda * mean of f over the N + mean of (y - lambda * f) over the n
    variance = lambda^2 * var(f) / N + var(y - lambda * f) / n

and theta +- z * sqrt(variance). lambda = 1 is the original; by default it is tuned to the least variance, so
that a bad tagger does not make it worse (Angelopoulos, Duchi and Zrnic 2023, "PPI++: efficient
prediction-powered inference"):

    lambda = cov(y, f) / ((1 + n / N) * var(f)), clipped to [0, 1]

With few labels the tagger's errors are rare events, and none in 50 papers does not mean none in the corpus.
So the interval counts two papers more, one where the tagger missed the label and one where it was wrong to
give it, as Bonett and Price (2012, "Adjusted Wald confidence interval for a difference of binomial
proportions based on paired data") do for paired proportions; the point estimate does not.

The labelled papers must be drawn at random from the corpus and unknown to the tagger: not `train`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from statistics import NormalDist

from papercards.card import Card
from papercards.errors import BadInput, UsageError
from papercards.taxonomy import LABEL_FIELDS

from ..label_file import ARTIFACTS, Labelled, Reading, fold

Key = tuple[str, str]
"""Field of `score.FIELDS` and value: a label, a claim's kind, or a status."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of papers; multiply by the size of the corpus for a number of papers."""

    naive: float
    """Share according to the cards, without the labelled papers."""
    corrected: float
    """Corrected share, within [0, 1]."""
    low: float
    high: float
    power: float
    """Weight lambda of the cards; at 0 only the labels count."""


@dataclass(frozen=True, slots=True)
class Prevalence:
    """One label in the corpus."""

    field: str
    label: str
    estimate: Estimate
    support: float
    """Number of labelled papers with the label; a paper counts half if one of two readings has it."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All labels of the corpus."""

    papers: int
    """Number of counted cards, including those of labelled papers."""
    labelled: int
    """Number of labelled papers with a card, n."""
    rows: tuple[Prevalence, ...]
    """Estimates by field, most frequent label first."""


def prevalence(
    cards: Iterable[Card],
    labelled: Sequence[Labelled],
    *,
    split: str = "dev",
    labelled_cards: Iterable[Card] = (),
    level: float = 0.95,
    tune: bool = True,
) -> Corpus:
    """The share of papers with each label, claim kind and status, with an interval.

    `cards` is read once and not kept. `labelled_cards` are cards of labelled papers that are not in the
    corpus, by the same tagger. Papers and cards are matched by id, else by title. Labelled papers of other
    splits are left out entirely: the tagger may have been fitted on them. A label that one of two readings
    has counts half. Raises BadInput if fewer than 2 labelled papers have a card, or no other paper has;
    UsageError for a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise UsageError(
            f"{level} is not a confidence level", next_step="Use a number between 0 and 1, such as 0.95"
        )
    known: dict[str, Labelled] = {}
    for item in labelled:
        known[item.id] = known[fold(item.title)] = item
    answers: dict[str, Set[Key]] = {}
    counts: Counter[Key] = Counter()
    others = 0
    for card in cards:
        found = known.get(card.id) or known.get(fold(card.title))
        if found is None:
            others += 1
            counts.update(_said(card))
        elif found.split == split:
            answers[found.id] = _said(card)
    for card in labelled_cards:
        found = known.get(card.id) or known.get(fold(card.title))
        if found is not None and found.split == split:
            answers.setdefault(found.id, _said(card))
    truths = {item.id: _truth(item) for item in labelled if item.id in answers}
    size = len(truths)
    if size < 2 or not others:
        raise BadInput(
            f"too few cards: {size} of labelled papers in the split {split}, {others} of other papers",
            next_step="Make cards of labelled and other papers with the same model",
        )
    every = set(counts).union(*answers.values(), *truths.values())
    rows = []
    for field, label in every:
        key = (field, label)
        pairs = [(truth.get(key, 0.0), float(key in answers[name])) for name, truth in truths.items()]
        result = estimate(pairs, counts[key], others, level=level, tune=tune)
        rows.append(Prevalence(field, label, result, sum(y for y, _ in pairs)))
    place = {field: number for number, field in enumerate((*LABEL_FIELDS, "claims", *ARTIFACTS))}
    rows.sort(key=lambda row: (place[row.field], -row.estimate.corrected, row.label))
    return Corpus(others + size, size, tuple(rows))


def estimate(
    pairs: Sequence[tuple[float, float]],
    positives: int,
    others: int,
    *,
    level: float = 0.95,
    tune: bool = True,
) -> Estimate:
    """The estimate and its interval by the formulas above.

    `pairs` are (y, f) of the labelled papers, at least two; `positives` of the `others` have f = 1.
    """
    rate = positives / others
    size = len(pairs)
    power = _power(pairs, positives, others) if tune else 1.0
    rests = [y - power * f for y, f in pairs]
    point = power * rate + sum(rests) / size
    # One paper that the tagger missed (y = 1, f = 0) and one where it is wrong (y = 0, f = 1).
    rests += [1.0, -power]
    middle = sum(rests) / len(rests)
    spread = sum((rest - middle) ** 2 for rest in rests) / (len(rests) - 1)
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(
        power**2 * rate * (1 - rate) / others + spread / len(rests)
    )
    centre = power * rate + middle
    corrected = _clip(point)
    # The centre of the interval lies a little nearer to the middle than the estimate.
    low, high = min(_clip(centre - half), corrected), max(_clip(centre + half), corrected)
    return Estimate(rate, corrected, low, high, power)


def _power(pairs: Sequence[tuple[float, float]], positives: int, others: int) -> float:
    size = len(pairs)
    mean_y = sum(y for y, _ in pairs) / size
    mean_f = sum(f for _, f in pairs) / size
    covariance = sum((y - mean_y) * (f - mean_f) for y, f in pairs) / (size - 1)
    pooled = (positives + mean_f * size) / (others + size)
    variance = pooled * (1 - pooled)
    return _clip(covariance / ((1 + size / others) * variance)) if variance else 0.0


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))


def _said(card: Card) -> Set[Key]:
    found = card.reproducibility
    return (
        {("tasks", tag.label) for tag in card.tasks}
        | {("modalities", tag.label) for tag in card.modalities}
        | {("contributions", tag.label) for tag in card.contributions}
        | {("claims", claim.kind) for claim in card.claims}
        | {("code", found.code.status), ("data", found.data.status), ("weights", found.weights.status)}
    )


def _truth(item: Labelled) -> dict[Key, float]:
    shares: dict[Key, float] = defaultdict(float)
    for reading in item.readings:
        for key in _read(reading):
            shares[key] += 1 / len(item.readings)
    return dict(shares)


def _read(reading: Reading) -> Set[Key]:
    return (
        {(field, label) for field in LABEL_FIELDS for label in reading.labels(field)}
        | {("claims", claim.kind) for claim in reading.claims}
        | {(name, reading.status(name)) for name in ARTIFACTS}
    )
