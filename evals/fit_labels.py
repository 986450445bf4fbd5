"""Fits the label fields of the baseline: one regression over all pairs of paper and label.

A paper's own labels are left out when its features are computed, and its probabilities, for calibration and
threshold, come from models that have not seen it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from papercards.baseline.features import sigmoid
from papercards.baseline.parameters import Cut, FieldFit, Linear
from papercards.baseline.tags import DEFINED, Row, choose
from papercards.taxonomy import Size

from .labels import Labelled
from .regression import FOLDS, best_threshold, logistic, micro_f1, platt
from .score import score_labels

REGULARITY = 0.1
"""Inverse strength of the L2 penalty, scikit-learn's `C`."""


def label_shares(item: Labelled, field: str) -> dict[str, float]:
    """Each label that some reading gave, with the share of the readings that did."""
    given = Counter(label for reading in item.readings for label in reading.labels(field))
    return {label: times / len(item.readings) for label, times in sorted(given.items())}


def fit_field(
    field: str,
    labelled: Sequence[Labelled],
    rows: Sequence[Mapping[str, Row]],
    size: Size,
    known: frozenset[str],
) -> FieldFit:
    """The fit for one field; `known` are the labels of which more than the definition is known."""
    readings = [[reading.labels(field) for reading in item.readings] for item in labelled]
    shares = [label_shares(item, field) for item in labelled]
    alone = _alone([one for paper in readings for one in paper])

    def cut(width: int, trained: bool) -> Cut:
        cropped = [{label: row[:width] for label, row in paper.items()} for paper in rows]
        model, held_out = _calibrated(cropped, shares)
        chances = [{label: sigmoid(v) for label, v in paper.items()} for paper in held_out]

        def f1(threshold: float) -> float:
            trial = Cut(model, threshold)
            fits = FieldFit(trial, trial, alone if trained else ())
            return micro_f1(
                score_labels(choose(chance, fits, known, size), given).counts
                for chance, given in zip(chances, readings, strict=True)
            )

        return Cut(model, best_threshold(f1))

    return FieldFit(
        trained=cut(len(next(iter(rows[0].values()))), True), defined=cut(DEFINED, False), alone=alone
    )


def _alone(readings: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Labels that were given at least 20 times and never with another."""
    given = Counter(label for reading in readings for label in reading)
    accompanied = {label for reading in readings if len(reading) > 1 for label in reading}
    return tuple(sorted(label for label, n in given.items() if n >= 20 and label not in accompanied))


def _calibrated(
    rows: Sequence[Mapping[str, Row]], shares: Sequence[Mapping[str, float]]
) -> tuple[Linear, list[dict[str, float]]]:
    """The model of all papers, and the log odds for each paper by a model that has not seen it.

    Both are corrected by Platt's scaling (1999), fitted on the held-out log odds.
    """

    def train(numbers: Iterable[int]) -> Linear:
        table = [
            (row, shares[number].get(label, 0.0)) for number in numbers for label, row in rows[number].items()
        ]
        return logistic([row for row, _ in table], [share for _, share in table], REGULARITY)

    held_out: list[dict[str, float]] = [{} for _ in rows]
    for fold in range(FOLDS):
        model = train(n for n in range(len(rows)) if n % FOLDS != fold)
        for number in range(fold, len(rows), FOLDS):
            held_out[number] = {label: model.log_odds(row) for label, row in rows[number].items()}
    table = [
        (logit, shares[number].get(label, 0.0))
        for number, paper in enumerate(held_out)
        for label, logit in paper.items()
    ]
    scaling = platt([logit for logit, _ in table], [share for _, share in table])
    model = train(range(len(rows)))
    (slope,) = scaling.weights
    scaled = Linear(
        round(scaling.bias + slope * model.bias, 4),
        tuple(round(slope * weight, 4) for weight in model.weights),
    )
    return scaled, [
        {label: scaling.log_odds((logit,)) for label, logit in paper.items()} for paper in held_out
    ]
