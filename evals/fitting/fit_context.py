"""Fits the second look at a paper's scores, see `papercards.reading.baseline.context`.

Everything is fitted on scores of papers that the tagger has not seen, and thresholds on what a second look
that has not seen the paper makes of them. Scale and offset of a label lean on 1 and 0, as if they had been
seen in so many papers, so a rare label stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from papercards.paper import Paper
from papercards.reading.baseline import Scores
from papercards.reading.baseline.context import CONTRIBUTIONS, evidence, in_context, sentence_row
from papercards.reading.baseline.features import log_odds
from papercards.reading.baseline.parameters import Context, FieldFit, Linear
from papercards.reading.baseline.tags import MAIN
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from ..label_file import Labelled
from .fit_claims import claim_threshold, sentence_shares
from .fit_labels import all_shares, threshold_of
from .fit_words import carried
from .regression import FOLDS, regression

SCALE_PENALTY = 30.0
"""Strength of the L2 penalty on how far the scale of a label is from 1."""
OFFSET_PENALTY = 3.0
EVIDENCE_PENALTY = 30.0
"""The same for a standardised piece of evidence."""
SENTENCE_REGULARITY = 0.1
"""Inverse strength of the L2 penalty on standardised features of a sentence."""

AGAIN = ("tasks", CONTRIBUTIONS)
"""The label fields that are judged again; modalities gain nothing by it."""

Pairs = Sequence[tuple[Labelled, Paper]]


@dataclass(frozen=True, slots=True)
class Cuts:
    """Fields with their thresholds, and the threshold of claims."""

    fields: Mapping[str, FieldFit]
    claims: float


def fit_context(
    pairs: Pairs,
    scores: Sequence[Scores],
    fields: Mapping[str, FieldFit],
    taxonomy: Taxonomy,
    *,
    whole: bool = True,
) -> tuple[Context, Cuts, list[Scores]]:
    """The second look, the thresholds after it, and the scores of each paper by one that has not seen it.

    `scores` are of taggers that have not seen the paper. Without `whole` only contributions are judged again.
    """
    known = every_label(taxonomy)
    sizes = [len(paper.parts[0][1]) for _, paper in pairs]
    unseen: list[Scores] = list(scores)
    for fold in range(FOLDS):
        inside = [n for n in range(len(pairs)) if n % FOLDS != fold]
        context = _context([pairs[n] for n in inside], [scores[n] for n in inside], taxonomy, whole=whole)
        for n in range(fold, len(pairs), FOLDS):
            unseen[n] = in_context(context, scores[n], sizes[n], known)
    made = {}
    for field, fit in fields.items():
        threshold = threshold_of(
            [one.labels[field] for one in unseen],
            [[reading.labels(field) for reading in item.readings] for item, _ in pairs],
            taxonomy.sizes[field],
            known[field],
            fit.alone,
        )
        made[field] = replace(fit, trained=replace(fit.trained, threshold=threshold))
    cuts = Cuts(made, claim_threshold(pairs, [one.sentences for one in unseen]))
    return _context(pairs, scores, taxonomy, whole=whole), cuts, unseen


def every_label(taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """All labels of each field, as those that more is known of than the definition."""
    return {field: frozenset(taxonomy.labels[field]) for field in LABEL_FIELDS}


def _context(pairs: Pairs, scores: Sequence[Scores], taxonomy: Taxonomy, *, whole: bool) -> Context:
    import numpy as np

    kinds = tuple(taxonomy.claim_kinds)
    shares = [all_shares(item) for item, _ in pairs]
    seen = np.array(
        [evidence(one, kinds, len(paper.parts[0][1])) for one, (_, paper) in zip(scores, pairs, strict=True)]
    )
    nothing = seen[:, :0]
    columns = carried(shares)

    def fitted(field: str, key: str, odds: Sequence[Mapping[str, float]]) -> dict[str, Linear]:
        return {
            label: _leaning(
                np.array([one[label] for one in odds]),
                seen if field == CONTRIBUTIONS else nothing,
                np.array([paper[key].get(label, 0.0) for paper in shares]),
            )
            for at, label in columns
            if at == key
        }

    labels, mains = {}, {}
    for field in AGAIN if whole else (CONTRIBUTIONS,):
        odds = [{label: log_odds(p) for label, p in one.labels[field].items()} for one in scores]
        labels[field] = fitted(field, field, odds)
        mains[field] = fitted(field, field + MAIN, [one.mains[field] for one in scores])
    context = Context(kinds, tuple(taxonomy.labels[CONTRIBUTIONS]), labels, mains, ())
    if not whole:
        return context
    return replace(context, claims=_claims(pairs, scores, context, every_label(taxonomy)))


def _leaning(odds: Any, seen: Any, shares: Any) -> Linear:
    """A logistic regression on log odds and evidence that leans on leaving the log odds as they are."""
    import numpy as np

    middle, scale = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    table = np.column_stack([np.ones_like(odds), odds, (seen - middle) / scale])
    prior = np.array([0.0, 1.0, *[0.0] * seen.shape[1]])
    penalty = np.array([OFFSET_PENALTY, SCALE_PENALTY, *[EVIDENCE_PENALTY] * seen.shape[1]])
    weights = prior
    for _ in range(30):  # Newton's method
        chances = 1 / (1 + np.exp(-(table @ weights)))
        slope = table.T @ (chances - shares) + penalty * (weights - prior)
        curvature = (table * (chances * (1 - chances))[:, None]).T @ table + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    raw = weights[2:] / scale
    return _rounded(weights[0] - raw @ middle, [weights[1], *raw])


def _claims(
    pairs: Pairs, scores: Sequence[Scores], context: Context, known: Mapping[str, frozenset[str]]
) -> tuple[Linear, ...]:
    """For each kind, and for no claim, a linear function whose softmax is the probability."""
    import numpy as np

    rows: list[tuple[float, ...]] = []
    targets = []
    for (item, paper), one in zip(pairs, scores, strict=True):
        corrected = in_context(context, one, len(paper.parts[0][1]), known).labels[CONTRIBUTIONS]
        added = [log_odds(corrected[label]) for label in context.contributions]
        for chances, share in zip(one.sentences, sentence_shares(item, paper), strict=True):
            given = [share.get(kind, 0.0) for kind in context.kinds]
            targets += [
                (len(rows), place, weight)
                for place, weight in enumerate((*given, 1 - sum(given)))
                if weight > 0
            ]
            rows.append(sentence_row(chances, context.kinds, added))
    table = np.array(rows)
    middle, scale = table.mean(axis=0), table.std(axis=0) + 1e-6
    present = sorted({place for _, place, _ in targets})
    weights, biases = regression((table - middle) / scale, targets, SENTENCE_REGULARITY)
    raw = weights / scale
    found = {
        place: _rounded(bias - row @ middle, row)
        for place, bias, row in zip(present, biases, raw, strict=True)
    }
    never = Linear(-12.0, (0.0,) * table.shape[1])
    return tuple(found.get(place, never) for place in range(len(context.kinds) + 1))


def _rounded(bias: Any, weights: Sequence[Any]) -> Linear:
    return Linear(round(float(bias), 4), tuple(round(float(weight), 4) for weight in weights))
