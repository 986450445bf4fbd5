"""The tagger that reads with the encoder: the baseline's scores stacked with those of states.

For each label the rows of its features begin with what a definition alone gives: what the baseline says and
how alike text and definition are. Behind these come the log odds of regressions on the states, one for each
layer, of labels that were in training.

Knows papers and fitted weights. Knows no files but those that ship.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from ...errors import UsageError
from ...model.catalogue import Model
from ...paper import Paper
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ...text.spans import digest
from .. import kept_arrays
from ..baseline import Baseline, Scores, sentences_of
from ..baseline.features import Vector, log_odds
from ..baseline.parameters import DATA, Context, FieldFit
from ..baseline.pooling import ClaimStack
from ..baseline.tags import MAIN, Row, beside_tops, judged

if TYPE_CHECKING:
    from .embedding import Array, Embedding, Encoder


@dataclass(frozen=True, slots=True)
class EncoderFit:
    """What was fitted beside the weights for states, as `data/encoder-MODEL.json` has it."""

    fitted_on: str
    """Versions of the labels."""
    baseline: str
    """Version of the baseline that it is stacked with."""
    labels: tuple[tuple[str, str], ...]
    """Field and label of each row of the weights, as in `WordFit`."""
    fields: Mapping[str, FieldFit]
    claims: ClaimStack
    context: Context


@dataclass(frozen=True, slots=True)
class Probes:
    """Weights for states, the bias last, as `data/encoder-MODEL.npz` has them."""

    labels: "Array"
    """Layer by label by dimension."""
    claim: "Array"
    kind: "Array"
    """A row for each kind."""
    usual: "Array"
    """The mean of the training papers' vectors, last layer."""
    version: str
    """Eight hex digits of both files."""


class EncodedTagger(Baseline):
    """The tagger for one taxonomy. May be used from any thread."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        encoder: "Encoder",
        fit: EncoderFit,
        probes: Probes,
        definitions: "Definitions",
    ) -> None:
        super().__init__(taxonomy)
        self._encoder = encoder
        self._encoded = fit
        self._probes = probes
        self._definitions = definitions
        self._cuts = fit
        self._context = fit.context

    def first_look(self, paper: Paper) -> Scores:
        """The scores before what one says of the other is weighed."""
        return self._scored(paper, self._encoder.embed(paper.title, sentences_of(paper)))

    def read(self, paper: Paper) -> tuple[Scores, Vector]:
        """The scores of a paper; its features are words and the last layer's mean state."""
        embedding = self._encoder.embed(paper.title, sentences_of(paper))
        state = unit(embedding.whole[-1] - self._probes.usual)
        words = self._tagger.words(paper.title, paper.abstract)
        features = {**words, **{f"state {place}": float(value) for place, value in enumerate(state)}}
        return self.second_look(paper, self._scored(paper, embedding)), features

    def _scored(self, paper: Paper, embedding: "Embedding") -> Scores:
        base = super().first_look(paper)
        rows = label_rows(base, embedding.whole, self._probes, self._encoded.labels, self._definitions)
        labels, mains = judged(self._encoded.fields, rows, self.known)
        return replace(
            base,
            labels=labels,
            mains=mains,
            sentences=tuple(
                self._encoded.claims.combine(chances, odds, said)
                for chances, (odds, *said) in zip(
                    base.sentences, sentence_rows(embedding.sentences, self._probes), strict=True
                )
            ),
        )


Definitions = Mapping[str, "Array"]
"""Label field to a vector of length 1 for each label's definition, the mean of all taken off."""


def connect(model: Model, file: Path, taxonomy: Taxonomy, store: Path) -> EncodedTagger:
    """The tagger of a model whose weights are `file`. What definitions look like is kept in `store`."""
    from .bert import Bert
    from .embedding import Encoder

    assert model.file is not None
    fit, probes = load_fit(model.model_id)
    encoder = Encoder(Bert(file))
    path = store / f"definitions-{digest(model.file.sha256, taxonomy.version)[:16]}.npz"
    means = kept_arrays.kept(path, LABEL_FIELDS)
    if means is None:
        means = definitions(encoder, taxonomy)
        kept_arrays.keep(path, means)
    return EncodedTagger(taxonomy, encoder, fit, probes, means)


def definitions(encoder: "Encoder", taxonomy: Taxonomy) -> Definitions:
    """The vectors of a taxonomy's definitions."""
    import numpy as np

    found = {}
    for field in LABEL_FIELDS:
        texts = [f"{label.replace('-', ' ')}: {meaning}" for label, meaning in taxonomy.labels[field].items()]
        vectors = np.stack([encoder.text(text) for text in texts])
        found[field] = unit(vectors - vectors.mean(axis=0) if len(vectors) > 1 else vectors)
    return found


def unit(vectors: "Array") -> "Array":
    """Vectors of length 1."""
    import numpy as np

    found: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return found


def label_rows(
    base: Scores, whole: "Array", probes: Probes, labels: Sequence[tuple[str, str]], means: Definitions
) -> dict[str, dict[str, Row]]:
    """The features of every label of every field. `whole` is `Embedding.whole`."""
    import numpy as np

    odds = np.einsum("lcd,ld->lc", probes.labels[:, :, :-1], whole) + probes.labels[:, :, -1]
    return rows_of(base, unit(whole[-1] - probes.usual), by_field(labels, odds), means)


def by_field(labels: Sequence[tuple[str, str]], odds: Any) -> list[dict[str, dict[str, float]]]:
    """For each layer the log odds by field and label."""
    found: list[dict[str, dict[str, float]]] = []
    for layer in odds:
        table: dict[str, dict[str, float]] = {}
        for (field, label), value in zip(labels, layer, strict=True):
            table.setdefault(field, {})[label] = float(value)
        found.append(table)
    return found


def rows_of(
    base: Scores,
    centred: "Array",
    odds: Sequence[Mapping[str, Mapping[str, float]]],
    means: Definitions,
) -> dict[str, dict[str, Row]]:
    """The features from the likeness to the definitions and the log odds of each layer."""
    found = {}
    for field in LABEL_FIELDS:
        labels = list(base.labels[field])
        alike = [float(value) for value in means[field] @ centred]
        most = max(alike)
        tables = [layer.get(name, {}) for name in (field, field + MAIN) for layer in odds]
        beside = beside_tops(tables, labels)
        found[field] = {
            label: (
                log_odds(base.labels[field][label]),
                alike[place],
                alike[place] - most,
                base.mains[field][label],
                *beside[label],
            )
            for place, label in enumerate(labels)
        }
    return found


def sentence_rows(states: "Array", probes: Probes) -> list[list[float]]:
    """For each sentence the log odds of being a claim, then the log probability of each kind."""
    import numpy as np

    odds = states @ probes.claim[:-1] + probes.claim[-1]
    kinds = states @ probes.kind[:, :-1].T + probes.kind[:, -1]
    kinds = kinds - kinds.max(axis=1, keepdims=True)
    kinds = kinds - np.log(np.exp(kinds).sum(axis=1, keepdims=True))
    return [[float(odd), *map(float, row)] for odd, row in zip(odds, kinds, strict=True)]


ADAPTER: TypeAdapter[EncoderFit] = TypeAdapter(EncoderFit)


def fit_paths(model_id: str) -> tuple[Path, Path]:
    """Where the fit and the weights of an encoder are."""
    return DATA / f"encoder-{model_id}.json", DATA / f"encoder-{model_id}.npz"


@lru_cache(maxsize=2)
def load_fit(model_id: str) -> tuple[EncoderFit, Probes]:
    """What ships for an encoder. Raises UsageError where nothing was fitted."""
    import numpy as np

    text, arrays = fit_paths(model_id)
    if not text.exists():
        raise UsageError(f"no fitted weights for {model_id}")
    version = digest(text.read_text(encoding="utf-8"), arrays.read_bytes().hex())[:8]
    with np.load(arrays, allow_pickle=False) as kept:
        labels, claim, kind, usual = (
            kept[name].astype(np.float32) for name in ("labels", "claim", "kind", "usual")
        )
    probes = Probes(labels, claim, kind, usual, version)
    return ADAPTER.validate_json(text.read_bytes()), probes
