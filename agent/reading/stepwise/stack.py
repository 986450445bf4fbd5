"""Puts the tagger's scores and the model's readout together.

A label gets one row of numbers: the tagger's log odds, how the model's state leans towards its name and
towards its definition; then the tagger's score for the main label and what regressions on the state say. A
logistic regression with weights shared by all labels of a field turns the row into a probability, so that
labels of one's own need no fitting. Sentences are put together as `pooling` does it.

Knows numbers, and what the tagger scores. Knows no models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from ...errors import UsageError
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ..baseline import Scores
from ..baseline.context import in_context
from ..baseline.features import log_odds
from ..baseline.parameters import Context, FieldFit
from ..baseline.pooling import ClaimStack
from ..baseline.tags import UNSEEN, Row, mains, probabilities
from .readout import DATA, Readout


@dataclass(frozen=True, slots=True)
class Stack:
    """All that was fitted, as `data/stepwise-MODEL.json` has it."""

    fitted_on: str
    """Versions of the labels."""
    script: str
    """Version of the words that the model read."""
    fields: Mapping[str, FieldFit]
    claims: ClaimStack
    context: Context

    def combine(
        self,
        scores: Scores,
        readout: Readout,
        taxonomy: Taxonomy,
        known: Mapping[str, frozenset[str]],
        abstract: int,
    ) -> Scores:
        """The tagger's scores with what the model adds; sentences that it did not read stay.

        `known` are the labels of each field of which the tagger knows more than the definition, `abstract` is
        how many sentences the abstract has.
        """
        rows = rows_of(scores, readout, taxonomy)
        read = [
            self.claims.combine(chances, row[0], row[1:])
            for chances, row in zip(scores.sentences, readout.sentences, strict=False)
        ]
        found = replace(
            scores,
            labels={f: probabilities(self.fields[f], rows[f], known[f]) for f in LABEL_FIELDS},
            mains={f: mains(self.fields[f], rows[f], known[f]) for f in LABEL_FIELDS},
            sentences=(*read, *scores.sentences[len(read) :]),
        )
        return in_context(self.context, found, abstract, known)


def rows_of(scores: Scores, readout: Readout, taxonomy: Taxonomy) -> dict[str, dict[str, Row]]:
    """The features of every label of every field; those that need no training papers come first."""
    found: dict[str, dict[str, Row]] = {}
    for field in LABEL_FIELDS:
        said = readout.labels[field]
        top, main_top = (max((row[place] for row in said), default=UNSEEN) for place in (2, 3))
        found[field] = {
            label: (
                log_odds(scores.labels[field][label]),
                named,
                defined,
                scores.mains[field][label],
                *(odds, odds - top),
                *(main, main - main_top),
            )
            for label, (named, defined, odds, main) in zip(taxonomy.labels[field], said, strict=True)
        }
    return found


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
