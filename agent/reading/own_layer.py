"""A layer of somebody's own labels over a tagger's scores, fitted by `papercards tune`.

For each label field that gained by it: a regression of each label's own on the paper's features, stacked with
what the tagger says, and the threshold for the outcome. A field that did not gain has none, and is judged as
without the layer.

Knows scores and the layer's file. Knows no labels files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ..errors import BadInput, readable
from ..paper import Paper
from ..text.spans import digest
from .baseline import Baseline, Chances, HasThreshold, Scores, summarized
from .baseline.features import log_odds, sigmoid
from .baseline.parameters import FieldFit, Linear, WordFit
from .baseline.tags import MAIN, Logits, Row, beside_tops, mains, probabilities, word_log_odds
from .confidence import require_fitted
from .draft import Draft


@dataclass(frozen=True, slots=True)
class OwnClaims:
    """How the probability that a sentence is a claim is corrected."""

    scaling: Linear
    threshold: float


@dataclass(frozen=True, slots=True)
class OwnLayer:
    """What was fitted on own labels."""

    tagger: str
    """The tagger that it was fitted over, as cards name it: `baseline@1a2b3c4d`."""
    model: str
    """Name of that tagger's model."""
    taxonomy: str
    """Version of the taxonomy."""
    labels: str
    """Version of the labels."""
    papers: int
    """How many papers it was fitted on."""
    features: tuple[str, ...]
    """Names of the features, in the order of the rows of `words.weights`."""
    words: WordFit
    fields: Mapping[str, FieldFit]
    """The label fields that gained."""
    claims: OwnClaims | None
    """None if claim sentences did not gain."""

    @property
    def version(self) -> str:
        """`tuned@` and eight hex digits: the same layer gives the same."""
        return f"tuned@{digest(ADAPTER.dump_json(self).decode())[:8]}"


ADAPTER: TypeAdapter[OwnLayer] = TypeAdapter(OwnLayer)
"""JSON to `OwnLayer` and back."""


def read_layer(path: Path) -> OwnLayer:
    """A layer from its file. Raises UsageError if it cannot be read, BadInput if it is none."""
    with readable(path, "the layer"):
        content = path.read_bytes()
    try:
        layer = ADAPTER.validate_json(content)
        size = len(layer.words.labels)
        sizes = {len(layer.words.scales), len(layer.words.biases)}
        if sizes != {size} or len(layer.words.weights) != size * len(layer.features):
            raise ValueError("its weights do not fit its labels")
    except (ValidationError, ValueError) as error:
        raise BadInput(
            "not a file of papercards tune", where=str(path), next_step="Run papercards tune again"
        ) from error
    return layer


def check_layer(layer: OwnLayer, tagger: str, taxonomy: str) -> None:
    """Raises UsageError if a layer was fitted over another tagger or for another taxonomy."""
    require_fitted(("tagger", layer.tagger, tagger), ("taxonomy", layer.taxonomy, taxonomy))


class TunedTagger:
    """A tagger with a layer on top. May be used from any thread."""

    def __init__(self, tagger: Baseline, layer: OwnLayer) -> None:
        self._tagger = tagger
        self._layer = layer
        self._rows = {name: number for number, name in enumerate(layer.features)}
        cuts = tagger.cuts
        self._cuts = _Cuts({**cuts.fields, **layer.fields}, layer.claims or cuts.claims)

    def scores(self, paper: Paper) -> Scores:
        """Every probability for a paper."""
        scores, vector = self._tagger.read(paper)
        own = word_log_odds(self._layer.words, self._rows, vector)
        labels, first = dict(scores.labels), dict(scores.mains)
        for field, fit in self._layer.fields.items():
            rows = own_rows(scores, field, own)
            labels[field] = probabilities(fit, rows, frozenset(rows))
            first[field] = mains(fit, rows, frozenset(rows))
        claims = self._layer.claims
        sentences = scores.sentences if claims is None else corrected(scores.sentences, claims.scaling)
        return replace(scores, labels=labels, mains=first, sentences=sentences)

    def tag(self, paper: Paper) -> Draft:
        """The draft of a card, its summary a sentence of the abstract."""
        return summarized(self._tagger.draft(self.scores(paper), self._cuts), paper)


@dataclass(frozen=True, slots=True)
class _Cuts:
    fields: Mapping[str, FieldFit]
    claims: HasThreshold


def corrected(sentences: Sequence[Chances], scaling: Linear) -> tuple[Chances, ...]:
    """Sentences with another probability of being a claim."""
    return tuple(one.rescaled(sigmoid(scaling.log_odds((log_odds(one.claim),)))) for one in sentences)


def own_rows(scores: Scores, field: str, own: Logits) -> dict[str, Row]:
    """The features of every label of a field: what the tagger says, then the label's own regression."""
    said = {label: log_odds(chance) for label, chance in scores.labels[field].items()}
    return beside_tops([said, scores.mains[field], own.get(field, {}), own.get(field + MAIN, {})], said)
