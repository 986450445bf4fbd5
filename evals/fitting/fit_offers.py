"""Fits the classifier of sentences that say whether code, data and weights are to be had.

Labels speak of papers, not of sentences. So of a paper that states something, the sentence that says it most
clearly counts: at first by the rules, then by the classifier itself (multiple-instance learning as in
Andrews, Tsochantaridis and Hofmann 2002).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from papercards.paper import Paper
from papercards.reading.baseline.availability import ARTIFACTS, Artifact, Rule
from papercards.reading.baseline.features import log_odds as log_odds_of
from papercards.reading.baseline.features import sigmoid
from papercards.reading.baseline.offers import Offer, log_odds, offer_of, signals
from papercards.reading.baseline.parameters import OfferFit

from ..label_file import Labelled
from ..scoring.metrics import Counts, total
from .regression import FOLDS, THRESHOLDS, platt, regression

REGULARITY = 0.3
SURE = 3.0
"""Calibrated log odds from which papers are counted for how sure an answer may be."""
LEANING = 0.5
"""The beta of F-beta for the threshold: a false "released" is worse than a miss."""
LEAST_SENTENCES = 4
"""A feature must occur in so many sentences."""
LEAST_WEIGHT = 0.02
"""Weaker words are left out: there are thousands, and together they say nothing."""
ROUNDS = 3
_RANK: dict[Rule, float] = {"said": 4, "linked": 3, "promised": 2, "named": 1, "silent": 0}
_SILENT = -6.0
"""Log odds of a paper without any sentence that might speak of it."""


@dataclass(frozen=True, slots=True)
class _Row:
    paper: int
    artifact: Artifact
    rule: Rule
    features: dict[str, float]


def fit_offers(
    pairs: Sequence[tuple[Labelled, Paper]], weights: Sequence[float]
) -> tuple[OfferFit, list[dict[Artifact, Offer]]]:
    """The classifier; its log odds are calibrated and its threshold chosen on papers it has not seen.

    Beside it, for each paper what a classifier that has not seen it says, without the sentence.
    """
    rows = []
    for number, (_, paper) in enumerate(pairs):
        texts = [" ".join(paper.sentence_text(n + 1).split()) for n in range(len(paper.sentences))]
        for place, text in enumerate(texts, start=1):
            for artifact, (rule, features) in signals(text, place, len(texts)).items():
                rows.append(_Row(number, artifact, rule, features))
    stated = {
        (number, artifact): [reading.status(artifact) != "not-stated" for reading in item.readings]
        for number, (item, _) in enumerate(pairs)
        for artifact in ARTIFACTS
    }
    held_out: dict[tuple[int, Artifact], float] = {}
    for fold in range(FOLDS):
        model = _model([row for row in rows if row.paper % FOLDS != fold], stated, weights)
        for row in rows:
            if row.paper % FOLDS == fold:
                key = (row.paper, row.artifact)
                held_out[key] = max(held_out.get(key, _SILENT), log_odds(model, row.rule, row.features))
    keys = sorted(held_out)
    scaling = platt([held_out[key] for key in keys], [sum(stated[key]) / len(stated[key]) for key in keys])
    (slope,) = scaling.weights
    chances = {key: sigmoid(scaling.log_odds((held_out[key],))) for key in keys}

    def precise(threshold: float) -> float:
        scores = []
        for artifact in ARTIFACTS:
            counts = []
            for number in range(len(pairs)):
                given = stated[number, artifact]
                said = chances.get((number, artifact), 0.0) >= threshold
                counts.append(
                    Counts(
                        int(said and all(given)), int(said and not any(given)), int(not said and all(given))
                    )
                )
            scores.append(_leaning(total(counts)))
        return sum(scores)

    best = max(
        (*THRESHOLDS, 0.74, 0.78, 0.82, 0.86, 0.9),
        key=lambda threshold: (round(precise(threshold), 6), -abs(threshold - 0.5)),
    )
    model = _model(rows, stated, weights)
    fit = OfferFit(
        weights={
            name: round(slope * value, 3)
            for name, value in model.weights.items()
            if abs(value) >= LEAST_WEIGHT
        },
        bias=round(slope * model.bias + scaling.bias, 3),
        threshold=best,
        promised=_promised(rows, pairs),
        bounds={
            artifact: _bounds(
                [log_odds_of(chances.get((n, artifact), 0.0)) for n in range(len(pairs))],
                [sum(stated[n, artifact]) / len(stated[n, artifact]) for n in range(len(pairs))],
            )
            for artifact in ARTIFACTS
        },
    )
    return fit, [
        {
            artifact: offer_of(fit, artifact, log_odds_of(chances.get((number, artifact), 0.0)))
            for artifact in ARTIFACTS
        }
        for number in range(len(pairs))
    ]


def _leaning(counts: Counts) -> float:
    """F-beta, with a beta of `LEANING`."""
    square = LEANING * LEANING
    whole = (1 + square) * counts.hits + square * counts.missed + counts.wrong
    return (1 + square) * counts.hits / whole if whole else 0.0


def _bounds(odds: Sequence[float], shares: Sequence[float]) -> tuple[float, float]:
    """The log odds of those papers that are surest, on either side, with half a paper more (Jeffreys' prior).

    With some thousand papers nobody can be surer, and silence of a text that a rule misses is no certainty.
    """
    low = [share for odd, share in zip(odds, shares, strict=True) if odd <= -SURE]
    high = [share for odd, share in zip(odds, shares, strict=True) if odd >= SURE]
    least = (sum(low) + 0.5) / (len(low) + 1)
    most = (sum(high) + 0.5) / (len(high) + 1)
    return round(log_odds_of(least), 3), round(max(log_odds_of(most), SURE), 3)


def _model(
    rows: Sequence[_Row], stated: dict[tuple[int, Artifact], list[bool]], weights: Sequence[float]
) -> OfferFit:
    from scipy.sparse import csr_matrix

    seen = Counter(name for row in rows for name in row.features)
    names = sorted(name for name, times in seen.items() if times >= LEAST_SENTENCES)
    columns = {name: number for number, name in enumerate(names)}
    cells: list[tuple[int, int, float]] = []
    groups: dict[tuple[int, Artifact], list[int]] = {}
    for number, row in enumerate(rows):
        spoken = sum(name.startswith("w:") for name in row.features if name in columns)
        for name, value in sorted(row.features.items()):
            if name in columns:
                cells.append(
                    (number, columns[name], value / math.sqrt(spoken) if name.startswith("w:") else value)
                )
        groups.setdefault((row.paper, row.artifact), []).append(number)
    table = csr_matrix(
        ([v for _, _, v in cells], ([r for r, _, _ in cells], [c for _, c, _ in cells])),
        shape=(len(rows), len(names)),
    )
    clear = [_RANK[row.rule] + row.features["place"] / 10 for row in rows]
    coefficients: Any = None
    bias: Any = None
    for _ in range(ROUNDS):
        targets = []
        for key, numbers in groups.items():
            if all(stated[key]):
                best = max(numbers, key=lambda number: clear[number])
                targets.append((best, 1, weights[key[0]]))
            elif not any(stated[key]):
                targets += [(number, 0, weights[key[0]]) for number in numbers]
        coefficients, bias = regression(table, targets, REGULARITY)
        clear = list(table @ coefficients[0])
    return OfferFit(
        weights=dict(zip(names, map(float, coefficients[0]), strict=True)),
        bias=float(bias[0]),
        threshold=0.5,
        promised={},
        bounds={},
    )


def _promised(rows: Sequence[_Row], pairs: Sequence[tuple[Labelled, Paper]]) -> dict[str, float]:
    """How often what is stated is a promise, by the clearest rule; leans by two papers on the rule's word."""
    clearest: dict[tuple[int, Artifact], Rule] = {}
    for row in rows:
        before = clearest.get((row.paper, row.artifact), "silent")
        clearest[row.paper, row.artifact] = max(before, row.rule, key=lambda rule: _RANK[rule])
    found: dict[str, float] = {}
    for rule in _RANK:
        promised = 2.0 * (rule == "promised")
        size = 2.0
        for (number, artifact), fired in clearest.items():
            for reading in pairs[number][0].readings if fired == rule else ():
                if (status := reading.status(artifact)) != "not-stated":
                    size += 1
                    promised += status == "promised"
        found[rule] = round(promised / size, 4)
    return found
