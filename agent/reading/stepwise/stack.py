"""What the baseline and the model say, put together by small regressions fitted on the `train` split.

A label's log odds are a weighted sum of the baseline's log odds and of the two readings of the model's
state, with weights shared by all labels of a field, so that labels of one's own need no fitting. Sentences
are put together as `pooling` does it.

Knows numbers, and what the baseline scores. Knows no models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from ...errors import UsageError
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ..baseline import Scores
from ..baseline.features import log_odds, sigmoid
from ..baseline.pooling import ClaimStack
from .readout import DATA, Readout


@dataclass(frozen=True, slots=True)
class FieldStack:
    """One label field."""

    bias: float
    weights: tuple[float, float, float]
    """For the baseline's log odds, and the log probabilities by name and by definition."""
    threshold: float


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
            self.claims.combine(chances, row[0], row[1:])
            for chances, row in zip(scores.sentences, readout.sentences, strict=False)
        ]
        return replace(scores, labels=labels, sentences=(*read, *scores.sentences[len(read) :]))


ADAPTER: TypeAdapter[Stack] = TypeAdapter(Stack)


def stack_path(model_id: str) -> Path:
    """Where the fit of a model is."""
    return DATA / f"stepwise-{model_id}.json"


@lru_cache(maxsize=4)
def load_stack(model_id: str) -> Stack:
    """The fit that ships for a model. Raises UsageError where there is none."""
    path = stack_path(model_id)
    if not path.exists():
        raise UsageError(f"no fitted weights for {model_id}")
    return ADAPTER.validate_json(path.read_bytes())
