"""Fits how a hosted model's probabilities are corrected on somebody's own labels, for `papercards tune`.

Platt's scaling (1999) for each field: for a chat model over what it answered, for a decision model over all
that it could have answered, with the threshold that has the best F1. A field with too few answers of either
kind is left out: its confidences stay empty (chat) or as the endpoint gives them (decisions).

Needs the `eval` extra (scikit-learn).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from papercards.card import Card
from papercards.paper import Paper
from papercards.reading.baseline import Scores
from papercards.reading.baseline.availability import Artifact
from papercards.reading.baseline.features import log_odds, sigmoid
from papercards.reading.baseline.parameters import Linear
from papercards.reading.confidence import FieldConfidence
from papercards.reading.own_layer import corrected
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from ..label_file import FIELDS, Labelled
from ..scoring.calibration import Forecast, forecasts, reliability
from .fit_claims import claim_threshold, sentence_shares
from .fit_labels import NEAR, label_shares, threshold_of
from .regression import FOLDS, platt

LEAST = 5
"""Right and wrong answers, of each so many at least, from which a scaling is fitted."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What cross-validation says of one field."""

    field: str
    answers: int
    before: float | None
    """Calibration error of the probabilities as they came."""
    after: float | None
    """The same with scalings that had not seen the answer."""
    kept: bool


Rows = Sequence[Sequence[tuple[float, float]]]
"""For each paper the log odds and the share of readings that say yes, of each answer."""


def fit_answers(
    judged: Sequence[tuple[Card | None, Labelled]],
) -> tuple[dict[str, FieldConfidence], list[Calibrated]]:
    """For a chat model: the scalings of the fields of cards whose confidences are raw probabilities."""
    papers = [forecasts([pair]) for pair in judged]
    fields: dict[str, FieldConfidence] = {}
    told = []
    for field in FIELDS:
        rows = [[(log_odds(c), float(right)) for c, right in paper[field]] for paper in papers]
        scaling, gain = _scaled(field, rows)
        told.append(gain)
        if scaling is not None:
            fields[field] = FieldConfidence(scaling)
    return fields, told


def fit_decisions(
    pairs: Sequence[tuple[Labelled, Paper]], scores: Sequence[Scores], taxonomy: Taxonomy
) -> tuple[dict[str, FieldConfidence], list[Calibrated]]:
    """For a decision model: the scalings and thresholds of its scores."""
    labelled = [item for item, _ in pairs]
    fields: dict[str, FieldConfidence] = {}
    told = []

    def keep(field: str, rows: Rows, threshold: Callable[[Linear], float | None]) -> None:
        scaling, gain = _scaled(field, rows)
        told.append(gain)
        if scaling is not None:
            fields[field] = FieldConfidence(scaling, threshold(scaling))

    for field in LABEL_FIELDS:
        if not all(field in item.fields for item in labelled):
            continue
        shares = [label_shares(item, field) for item in labelled]
        rows = [
            [(log_odds(chance), share.get(label, 0.0)) for label, chance in one.labels[field].items()]
            for one, share in zip(scores, shares, strict=True)
        ]
        readings = [[reading.labels(field) for reading in item.readings] for item in labelled]

        def best(
            scaling: Linear, field: str = field, readings: list[list[tuple[str, ...]]] = readings
        ) -> float:
            chances = [
                {label: sigmoid(scaling.log_odds((log_odds(p),))) for label, p in one.labels[field].items()}
                for one in scores
            ]
            every = frozenset(taxonomy.labels[field])
            return threshold_of(chances, readings, taxonomy.sizes[field], every, ())

        keep(field, [_near(paper) for paper in rows], best)
    if all("claims" in item.fields for item in labelled):
        sentences = [
            one.sentences[: len(paper.sentences)] for one, (_, paper) in zip(scores, pairs, strict=True)
        ]
        rows = [
            [
                (log_odds(one.claim), sum(share.values()))
                for one, share in zip(found, sentence_shares(item, paper), strict=False)
            ]
            for found, (item, paper) in zip(sentences, pairs, strict=True)
        ]
        keep(
            "claims", rows, lambda scaling: claim_threshold(pairs, [corrected(s, scaling) for s in sentences])
        )
    names: tuple[Artifact, ...] = ("code", "data", "weights")
    for name in names:
        if all(name in item.fields for item in labelled):
            stated = [
                sum(reading.status(name) != "not-stated" for reading in item.readings) / len(item.readings)
                for item in labelled
            ]
            keep(
                name,
                [
                    [(log_odds(one.offers[name].chance), share)]
                    for one, share in zip(scores, stated, strict=True)
                ],
                lambda scaling: None,
            )
    return fields, told


def _near(rows: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that come near an answer, and the labels: the far more numerous others would decide the slope."""
    return [(logit, share) for logit, share in rows if logit > NEAR or share]


def _scaled(field: str, rows: Rows) -> tuple[Linear | None, Calibrated]:
    """The scaling of all papers, and what ones that had not seen a paper say of it."""
    flat = [one for paper in rows for one in paper]
    yes = sum(share for _, share in flat)
    before = _error(field, [(sigmoid(logit), share) for logit, share in flat])
    if min(yes, len(flat) - yes) < LEAST:
        return None, Calibrated(field, len(flat), before, None, False)
    unseen = []
    for fold in range(FOLDS):
        inside = [one for n, paper in enumerate(rows) if n % FOLDS != fold for one in paper]
        shares = [share for _, share in inside]
        if not 0 < sum(shares) < len(shares):
            return None, Calibrated(field, len(flat), before, None, False)
        scaling = platt([logit for logit, _ in inside], shares)
        outside = [one for n, paper in enumerate(rows) if n % FOLDS == fold for one in paper]
        unseen += [(sigmoid(scaling.log_odds((logit,))), share) for logit, share in outside]
    scaling = platt([logit for logit, _ in flat], [share for _, share in flat])
    return scaling, Calibrated(field, len(flat), before, _error(field, unseen), True)


def _error(field: str, answers: Sequence[tuple[float, float]]) -> float | None:
    """The calibration error; an answer on which readings differ counts as the majority has it."""
    judged: list[Forecast] = [(chance, share > 0.5) for chance, share in answers]
    return reliability(field, judged).ece
