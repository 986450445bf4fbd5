"""A second look at what was found in a paper: what its parts say of each other.

All labels of a field share their weights, so that a label of one's own can be judged; those with training
papers get a scale and an offset of their own here. What a paper adds shows in what it claims and gives away,
so its contributions hang on the kinds of claims in it and on code, data and weights. And whether "X does
better than Y" is the performance of the authors' method or a finding about other people's shows in what the
paper adds, so sentences are judged once more with its contributions at hand.

Knows scores. Knows no texts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .availability import ARTIFACTS
from .features import log_odds, sigmoid
from .parameters import Context, Linear
from .scores import Scores
from .statements import Chances

CONTRIBUTIONS = "contributions"
_FAINT = 1e-4
"""Added to shares before their logarithm is taken."""


def in_context(
    context: Context, scores: Scores, abstract: int, known: Mapping[str, frozenset[str]]
) -> Scores:
    """The scores after a second look.

    `abstract` is how many sentences the abstract has, of which the evidence is taken; `known` are the labels
    of each field of which more than the definition is known. What is not of the taxonomy that the context
    was fitted for stays as it is.
    """
    if not context.kinds or any(set(one.kinds) != set(context.kinds) for one in scores.sentences):
        return scores
    seen = evidence(scores, context.kinds, abstract)

    def corrected(field: str, fits: Mapping[str, Linear], odds: Mapping[str, float]) -> dict[str, float]:
        return {
            label: fits[label].log_odds((value, *seen)[: len(fits[label].weights)])
            if label in fits and label in known[field]
            else value
            for label, value in odds.items()
        }

    labels = {}
    for field, chances in scores.labels.items():
        odds = {label: log_odds(chance) for label, chance in chances.items()}
        odds = corrected(field, context.labels.get(field, {}), odds)
        labels[field] = {label: sigmoid(value) for label, value in odds.items()}
    mains = {
        field: corrected(field, context.mains.get(field, {}), odds) for field, odds in scores.mains.items()
    }
    found = replace(scores, labels=labels, mains=mains)
    return replace(found, sentences=_sentences(context, found))


def evidence(scores: Scores, kinds: Sequence[str], abstract: int) -> tuple[float, ...]:
    """How many claims of each kind are expected in the abstract, and how probably each artifact is stated."""
    claims = scores.sentences[:abstract]
    return (
        *(sum(one.kinds[kind] for one in claims) for kind in kinds),
        *(scores.stated or (scores.offers[artifact].chance for artifact in ARTIFACTS)),
    )


def _sentences(context: Context, scores: Scores) -> tuple[Chances, ...]:
    added = scores.labels[CONTRIBUTIONS]
    if not context.claims or set(added) != set(context.contributions):
        return scores.sentences
    known = [log_odds(added[label]) for label in context.contributions]
    return tuple(_again(context, one, known) for one in scores.sentences)


def sentence_row(chances: Chances, kinds: Sequence[str], contributions: Sequence[float]) -> tuple[float, ...]:
    """The features of a sentence: log odds of a claim, logarithms of its kinds' shares, contributions."""
    whole = chances.claim or 1.0
    return (
        log_odds(chances.claim),
        *(math.log(chances.kinds[kind] / whole + _FAINT) for kind in kinds),
        *contributions,
    )


def _again(context: Context, chances: Chances, contributions: Sequence[float]) -> Chances:
    row = sentence_row(chances, context.kinds, contributions)
    scores = [one.log_odds(row) for one in context.claims]
    top = max(scores)
    *kinds, none = (math.exp(score - top) for score in scores)
    whole = sum(kinds) + none
    return Chances(
        sum(kinds) / whole, {kind: value / whole for kind, value in zip(context.kinds, kinds, strict=True)}
    )
