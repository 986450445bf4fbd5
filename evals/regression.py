"""Logistic regression for the fits: soft targets, cross-validated calibration, thresholds.

Rows and targets are plain numbers. scikit-learn is imported when the first regression is fitted.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from papercards.baseline.parameters import Linear

from .metrics import Counts, total

FOLDS = 6
"""Parts of the cross-validation; paper `n` belongs to part `n % FOLDS`."""
THRESHOLDS = tuple(step / 100 for step in range(10, 71, 2))
"""Probabilities that are tried as thresholds."""


def platt(logits: Sequence[float], shares: Sequence[float]) -> Linear:
    """Platt's scaling (1999): corrects log odds of held-out items so that they are calibrated."""
    return logistic([(logit,) for logit in logits], shares, 100.0)


def logistic(rows: Sequence[tuple[float, ...]], shares: Sequence[float], regularity: float) -> Linear:
    """A logistic regression whose weights are all 0 or more, on features as they are.

    A target of 0.3 is a yes of weight 0.3 and a no of weight 0.7. Every feature here speaks for its label; a
    negative weight would be chance, so the feature with the most negative one is left out until none is.
    """
    import numpy as np

    table = np.asarray(rows, dtype=float)
    middle, scale = table.mean(axis=0), table.std(axis=0)
    scale[scale < 1e-9] = 1.0
    table = (table - middle) / scale
    kept = list(range(table.shape[1]))
    while True:
        found, bias = regression(table[:, kept], certain(shares), regularity)
        if len(kept) == 1 or found[0].min() >= 0:
            break
        del kept[int(found[0].argmin())]
    raw = np.zeros(table.shape[1])
    raw[kept] = found[0] / scale[kept]
    return Linear(float(bias[0] - (raw * middle).sum()), tuple(float(w) for w in raw))


def certain(shares: Iterable[float], weights: Sequence[float] | None = None) -> list[tuple[int, int, float]]:
    """Targets for `regression` from shares: row number, class, weight (times that of the row)."""
    return [
        (number, answer, weight * (weights[number] if weights is not None else 1.0))
        for number, share in enumerate(shares)
        for answer, weight in ((1, share), (0, 1 - share))
        if weight > 0
    ]


def regression(table: Any, targets: Sequence[tuple[int, int, float]], regularity: float) -> tuple[Any, Any]:
    """Arrays of coefficients and intercepts for targets, each a row number, a class and a weight."""
    from sklearn.linear_model import LogisticRegression  # a second to import

    numbers = [number for number, _, _ in targets]
    model = LogisticRegression(C=regularity, max_iter=10_000, tol=1e-7)
    model.fit(table[numbers], [c for _, c, _ in targets], sample_weight=[w for _, _, w in targets])
    return model.coef_, model.intercept_


def micro_f1(counts: Iterable[Counts]) -> float:
    """The micro-averaged F1, 0 where it is not defined."""
    return total(counts).f1 or 0.0


def best_threshold(f1: Callable[[float], float]) -> float:
    """The threshold around which F1 is best.

    Each is judged together with its two neighbours, so that no lucky peak wins.
    """
    values = [f1(threshold) for threshold in THRESHOLDS]
    around = [values[max(0, n - 1) : n + 2] for n in range(len(values))]
    smooth = [sum(part) / len(part) for part in around]
    return THRESHOLDS[max(range(len(values)), key=lambda n: (smooth[n], -n))]
