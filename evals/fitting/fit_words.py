"""Fits the words of the baseline: for each label a logistic regression over all terms of a paper.

Log odds of a training paper come from models that have not seen it, so that what weighs them against other
evidence learns how far they are to be trusted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from papercards.reading.baseline.features import Vector
from papercards.reading.baseline.parameters import WordFit
from papercards.reading.baseline.tags import UNSEEN, Logits

from .regression import FOLDS

REGULARITY = 30.0
"""Inverse strength of the L2 penalty, scikit-learn's `C`, on TF-IDF vectors of length 1."""
LEAST_PAPERS = 2
"""A label needs so many training papers to have weights of its own."""

Shares = Sequence[Mapping[str, Mapping[str, float]]]
"""For each paper, field to label to the share of readings that gave it, or under the name of the field with
`MAIN` behind it, that gave it first."""


def fit_words(
    vectors: Sequence[Vector],
    rarity: Mapping[str, float],
    shares: Shares,
    weights: Sequence[float],
    regularity: float = REGULARITY,
) -> tuple[WordFit, list[Logits]]:
    """The weights, and each training paper's log odds by weights that were fitted without it."""
    import numpy as np

    table = _table(vectors, rarity)
    columns = carried(shares)
    coefficients, biases, held_out = fit_columns(table, columns, shares, weights, regularity)
    scales = np.abs(coefficients).max(axis=1) / 127 + 1e-9
    levels = np.round(coefficients / scales[:, None]).astype(np.int8)
    fit = WordFit(
        labels=tuple(columns),
        scales=tuple(round(float(scale), 6) for scale in scales),
        biases=tuple(round(float(bias), 3) for bias in biases),
        weights=levels.T.tobytes(),
    )
    return fit, [_by_field(columns, row) for row in held_out]


def carried(shares: Shares) -> list[tuple[str, str]]:
    """Field and label of what at least `LEAST_PAPERS` papers carry, each of them in half of its readings."""
    found = []
    for field in shares[0]:
        labels = sorted({label for paper in shares for label in paper[field]})
        found += [
            (field, label)
            for label in labels
            if sum(paper[field].get(label, 0.0) >= 0.5 for paper in shares) >= LEAST_PAPERS
        ]
    return found


def fit_columns(
    table: Any,
    columns: Sequence[tuple[str, str]],
    shares: Shares,
    weights: Sequence[float],
    regularity: float,
) -> tuple[Any, Any, Any]:
    """For each column coefficients and bias, and for each row of the table its log odds without it."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    weight = np.asarray(weights)
    fold = np.arange(len(shares)) % FOLDS
    coefficients = np.zeros((len(columns), table.shape[1]))
    biases = np.zeros(len(columns))
    held_out = np.full((len(shares), len(columns)), UNSEEN)

    def fitted(numbers: Any, answers: Any) -> Any:
        model = LogisticRegression(C=regularity, solver="liblinear", tol=1e-4, random_state=0)
        return model.fit(table[numbers], answers[numbers], sample_weight=weight[numbers])

    for place, (field, label) in enumerate(columns):
        answers = np.array([paper[field].get(label, 0.0) >= 0.5 for paper in shares])
        if answers.all():
            biases[place] = -UNSEEN
        else:
            model = fitted(np.arange(len(shares)), answers)
            coefficients[place], biases[place] = model.coef_[0], model.intercept_[0]
        for part in range(FOLDS):
            inside, outside = np.where(fold != part)[0], np.where(fold == part)[0]
            if answers[inside].all():
                held_out[outside, place] = -UNSEEN
            elif answers[inside].any():
                held_out[outside, place] = fitted(inside, answers).decision_function(table[outside])
    return coefficients, biases, held_out


def _by_field(columns: Sequence[tuple[str, str]], row: Any) -> Logits:
    found: dict[str, dict[str, float]] = {}
    for (field, label), value in zip(columns, row, strict=True):
        found.setdefault(field, {})[label] = float(value)
    return found


def _table(vectors: Sequence[Vector], rarity: Mapping[str, float]) -> Any:
    from scipy.sparse import csr_matrix

    numbers = {term: number for number, term in enumerate(rarity)}
    cells = [(n, numbers[term], value) for n, vector in enumerate(vectors) for term, value in vector.items()]
    rows, columns, values = zip(*cells, strict=True)
    return csr_matrix((values, (rows, columns)), shape=(len(vectors), len(rarity)))
