"""Fits the label fields of the baseline: one regression over all pairs of paper and label.

A paper's own labels are left out when its features are computed, and its probabilities, for calibration and
threshold, come from models that have not seen it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from papercards.reading.baseline.features import sigmoid
from papercards.reading.baseline.parameters import Cut, FieldFit, Linear
from papercards.reading.baseline.tags import DEFINED, MAIN, Row, choose
from papercards.taxonomy import LABEL_FIELDS, Size

from ..label_file import Labelled
from ..scoring.score import score_labels
from .regression import FOLDS, best_threshold, logistic, micro_f1, platt

NEAR = -3.0
"""Log odds from which a label counts for calibration: a probability of 1 in 20."""
REGULARITY = 0.1
"""Inverse strength of the L2 penalty, scikit-learn's `C`."""


def label_shares(item: Labelled, field: str) -> dict[str, float]:
    """Each label that some reading gave, with the share of the readings that did."""
    given = Counter(label for reading in item.readings for label in reading.labels(field))
    return {label: times / len(item.readings) for label, times in sorted(given.items())}


@dataclass(frozen=True, slots=True)
class Unseen:
    """For each training paper the log odds of each label, by a model that has not seen it."""

    trained: Sequence[Mapping[str, float]]
    defined: Sequence[Mapping[str, float]]
    main: Sequence[Mapping[str, float]]
    """Scores for being the main task."""

    def part(self, numbers: Sequence[int]) -> "Unseen":
        """Of some of the papers."""
        return Unseen(
            [self.trained[n] for n in numbers],
            [self.defined[n] for n in numbers],
            [self.main[n] for n in numbers],
        )


def all_shares(item: Labelled) -> dict[str, dict[str, float]]:
    """`label_shares` of every field, and under its name with `MAIN` behind it, of the first labels."""
    found = {field: label_shares(item, field) for field in LABEL_FIELDS}
    for field in LABEL_FIELDS:
        first = Counter(reading.labels(field)[0] for reading in item.readings if reading.labels(field))
        found[field + MAIN] = {label: times / len(item.readings) for label, times in first.items()}
    return found


def fit_field(
    field: str,
    labelled: Sequence[Labelled],
    rows: Sequence[Mapping[str, Row]],
    size: Size,
    known: frozenset[str],
    by_definition: Sequence[Mapping[str, Row]] | None = None,
) -> tuple[FieldFit, Unseen]:
    """The fit for one field; `known` are the labels of which more than the definition is known.

    `by_definition` are the rows for labels of which no more is known (default: the first `DEFINED` features
    of `rows`).

    All papers count the same: the keywords were written with the seed corpus in view and look better there
    than they are.
    """
    readings = [[reading.labels(field) for reading in item.readings] for item in labelled]
    every = [all_shares(item) for item in labelled]
    shares = [one[field] for one in every]
    alone = _alone([one for paper in readings for one in paper])
    width = len(next(iter(rows[0].values())))
    cuts, unseen = [], []
    for source, most in ((rows, width), (by_definition or rows, DEFINED)):
        cropped = [{label: row[:most] for label, row in paper.items()} for paper in source]
        model, held_out = calibrated(cropped, shares)
        chances = [{label: sigmoid(v) for label, v in paper.items()} for paper in held_out]
        cuts.append(Cut(model, threshold_of(chances, readings, size, known, alone)))
        unseen.append(held_out)
    main, main_unseen = calibrated(rows, [one[field + MAIN] for one in every])
    return FieldFit(cuts[0], cuts[1], alone, main), Unseen(unseen[0], unseen[1], main_unseen)


def threshold_of(
    chances: Sequence[Mapping[str, float]],
    readings: Sequence[Sequence[Sequence[str]]],
    size: Size,
    known: frozenset[str],
    alone: tuple[str, ...],
) -> float:
    """The threshold with the best F1 over the readings of all papers."""

    def f1(threshold: float) -> float:
        trial = Cut(Linear(0.0, ()), threshold)
        fits = FieldFit(trial, trial, alone, trial.model)
        return micro_f1(
            score_labels(choose(chance, fits, known, size), given).counts
            for chance, given in zip(chances, readings, strict=True)
        )

    return best_threshold(f1)


def _alone(readings: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Labels that were given at least 20 times and hardly ever, in one of fifty, with another."""
    given = Counter(label for reading in readings for label in reading)
    beside = Counter(label for reading in readings if len(reading) > 1 for label in reading)
    return tuple(sorted(label for label, n in given.items() if n >= 20 and 50 * beside[label] <= n))


def calibrated(
    rows: Sequence[Mapping[str, Row]], shares: Sequence[Mapping[str, float]]
) -> tuple[Linear, list[dict[str, float]]]:
    """The model of all papers, and the log odds for each paper by a model that has not seen it.

    Both are corrected by Platt's scaling (1999), fitted on those held-out log odds that come near an answer:
    the far more numerous others would decide the slope.
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
        if logit > NEAR
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
