"""Linear functions of the states that the embedded model goes through while it reads a paper.

Of a sentence: whether it is a claim and of which kind, from the state at its mark, the mean over its
tokens and the state at its last one. Of a label: how much the state at the end of `Task:` leans towards
the words of its name and of its definition, compared with the other labels; what the state is like for any
paper is taken off first (batch calibration: Zhou et al. 2023, after the contextual calibration of Zhao et
al. 2021).

Knows states, places and fitted weights. Knows no models and no baseline.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UsageError
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ...text.spans import digest
from .transcript import Place, Transcript
from .vocabulary import Directions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    States = NDArray[np.float32]
    """One row a token."""

DATA = Path(__file__).parent.parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Readout:
    """What the states of one paper say. The cache keeps this, so that a new stack costs no call."""

    sentences: tuple[tuple[float, ...], ...]
    """For each sentence that was read: log odds of being a claim, then log probability of each kind."""
    labels: Mapping[str, tuple[tuple[float, float], ...]]
    """For each label of a field, in the order of the taxonomy: log probability by name, and by definition."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The fitted weights for one model."""

    kinds: tuple[str, ...]
    """Kinds of claims."""
    claim: "NDArray[np.float32]"
    """Weights for mark, mean and last of a sentence, end to end, then the bias."""
    kind: "NDArray[np.float32]"
    """The same, a row for each kind."""
    usual: Mapping[str, "NDArray[np.float32]"]
    """The mean state over papers where the labels of each field are read."""
    version: str
    """Eight hex digits of the weights."""

    def read(self, states: "States", transcript: Transcript, labels: Mapping[str, Directions]) -> Readout:
        """Everything of one paper."""
        import numpy as np

        sentences = []
        for place in transcript.sentences:
            row = np.append(sentence_features(states, place), np.float32(1.0))
            kinds = _log_softmax(self.kind @ row)
            sentences.append((_short(self.claim @ row), *map(_short, kinds)))
        found = {}
        for field in LABEL_FIELDS:
            leaning = states[transcript.fields[field]] - self.usual[field]
            named = _log_softmax(labels[field].names @ leaning)
            defined = _log_softmax(labels[field].definitions @ leaning)
            found[field] = tuple(zip(map(_short, named), map(_short, defined), strict=True))
        return Readout(tuple(sentences), found)


def sentence_features(states: "States", place: Place) -> "NDArray[np.float32]":
    """Mark, mean and last state of a sentence, end to end."""
    import numpy as np

    within = states[place.start : max(place.end, place.start + 1)]
    features: NDArray[np.float32] = np.concatenate([states[place.mark], within.mean(axis=0), within[-1]])
    return features


def _log_softmax(logits: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    shifted = logits - logits.max()
    result: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum())
    return result


def _short(value: Any) -> float:
    return round(float(value), 4)


def probe_path(model_id: str) -> Path:
    """Where the weights of a model are."""
    return DATA / f"stepwise-{model_id}.npz"


@lru_cache(maxsize=4)
def load_probe(model_id: str) -> Probe:
    """The weights that ship for a model. Raises UsageError where there are none."""
    import numpy as np

    path = probe_path(model_id)
    if not path.exists():
        raise UsageError(f"no fitted weights for the states of {model_id}")
    with np.load(path, allow_pickle=False) as kept:
        return Probe(
            kinds=tuple(str(kind) for kind in kept["kinds"]),
            claim=kept["claim"],
            kind=kept["kind"],
            usual={field: kept[f"usual-{field}"] for field in LABEL_FIELDS},
            version=digest(path.read_bytes().hex())[:8],
        )


def to_json(readout: Readout, tldr: str, tries: int) -> str:
    """A readout and the summary beside it, as the cache keeps them."""
    body = {"sentences": readout.sentences, "labels": readout.labels, "tldr": tldr, "tries": tries}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str, taxonomy: Taxonomy) -> tuple[Readout, str]:
    """The other way round. Raises ValueError for anything that does not fit the taxonomy."""
    try:
        body = json.loads(text)
        labels = {
            field: tuple((float(one), float(other)) for one, other in body["labels"][field])
            for field in LABEL_FIELDS
        }
        sentences = tuple(tuple(float(value) for value in row) for row in body["sentences"])
        tldr = str(body["tldr"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a readout") from error
    if any(len(labels[field]) != len(taxonomy.labels[field]) for field in LABEL_FIELDS):
        raise ValueError("a readout of other labels")
    return Readout(sentences, labels), tldr
