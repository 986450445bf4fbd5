"""What the baseline and the model say, put together by small regressions fitted on the `train` split.

A label's log odds are a weighted sum of the baseline's log odds and of the two readings of the model's
state, with weights shared by all labels of a field; whether a sentence is a claim likewise. The kind of a
claim is a weighted geometric mean of both distributions (a logarithmic opinion pool: Genest and Zidek
1986). With weights shared, labels of one's own need no fitting.

Knows numbers, and what the baseline scores. Knows no models.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from ..baseline import Chances, Scores
from ..baseline.features import log_odds, sigmoid
from ..errors import UsageError
from ..taxonomy import LABEL_FIELDS, Taxonomy
from .readout import DATA, Readout

_SUREST = 1e-6


@dataclass(frozen=True, slots=True)
class FieldStack:
    """One label field."""

    bias: float
    weights: tuple[float, float, float]
    """For the baseline's log odds, and the log probabilities by name and by definition."""
    threshold: float


@dataclass(frozen=True, slots=True)
class ClaimStack:
    """Sentences."""

    bias: float
    weights: tuple[float, float]
    """For the log odds of the baseline and of the model."""
    threshold: float
    kind_weights: tuple[float, float]
    kinds: tuple[str, ...]
    """That the model's part knows."""


@dataclass(frozen=True, slots=True)
class Stack:
    """All that was fitted, as `data/stepwise-MODEL.json` has it."""

    labels: str
    """Version of the labels it was fitted on."""
    script: str
    """Version of the words that the model read."""
    fields: Mapping[str, FieldStack]
    claims: ClaimStack

    def combine(self, scores: Scores, readout: Readout, taxonomy: Taxonomy) -> Scores:
        """The baseline's scores with what the model adds; sentences that it did not read stay."""
        labels = {}
        for field in LABEL_FIELDS:
            fit = self.fields[field]
            labels[field] = {
                label: sigmoid(
                    fit.bias
                    + fit.weights[0] * log_odds(scores.labels[field][label])
                    + fit.weights[1] * named
                    + fit.weights[2] * defined
                )
                for label, (named, defined) in zip(taxonomy.labels[field], readout.labels[field], strict=True)
            }
        read = [
            self._sentence(chances, row)
            for chances, row in zip(scores.sentences, readout.sentences, strict=False)
        ]
        return replace(scores, labels=labels, sentences=(*read, *scores.sentences[len(read) :]))

    def _sentence(self, chances: Chances, row: Sequence[float]) -> Chances:
        fit = self.claims
        claim = sigmoid(fit.bias + fit.weights[0] * log_odds(chances.claim) + fit.weights[1] * row[0])
        shares = kind_shares(chances)
        if set(shares) == set(fit.kinds):
            said = dict(zip(fit.kinds, row[1:], strict=True))
            shares = pool(shares, said, fit.kind_weights)
        return Chances(claim, {kind: claim * share for kind, share in shares.items()})


def kind_shares(chances: Chances) -> dict[str, float]:
    """How probable each kind is, if the sentence is a claim at all."""
    whole = sum(chances.kinds.values()) or 1.0
    return {kind: value / whole for kind, value in chances.kinds.items()}


def pool(
    shares: Mapping[str, float], said: Mapping[str, float], weights: tuple[float, float]
) -> dict[str, float]:
    """The weighted geometric mean of probabilities and log probabilities."""
    mixed = {
        kind: weights[0] * math.log(max(share, _SUREST)) + weights[1] * said[kind]
        for kind, share in shares.items()
    }
    top = max(mixed.values())
    raised = {kind: math.exp(value - top) for kind, value in mixed.items()}
    whole = sum(raised.values())
    return {kind: value / whole for kind, value in raised.items()}


ADAPTER: TypeAdapter[Stack] = TypeAdapter(Stack)


def stack_path(model_id: str) -> Path:
    """Where the fit of a model is."""
    return DATA / f"stepwise-{model_id}.json"


@lru_cache(maxsize=4)
def load_stack(model_id: str) -> Stack:
    """The fit that ships for a model. Raises UsageError where there is none."""
    path = stack_path(model_id)
    if not path.exists():
        raise UsageError(f"nothing was fitted for {model_id}")
    return ADAPTER.validate_json(path.read_bytes())
