"""Fits what reads the sentence encoder's states, stacked with the baseline, on the `train` splits.

    python -m papercards.evals.fitting.fit_encoder vectors.npz agent/data

The first run reads the training papers with the encoder (some minutes on two cores) and keeps their vectors
in the file; a further run fits from it alone. Writes `agent/data/encoder-MODEL.npz` and `.json`. The
baseline's word on a training paper is that of one that has not seen it, and so is the regressions' on its
states.

Needs the `eval` extra (scikit-learn) and the texts of the arXiv papers, see `fit`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from papercards.errors import UsageError
from papercards.local.store import find
from papercards.model.catalogue import LOCAL, Model
from papercards.paper import Paper
from papercards.reading.baseline import Baseline, Chances, Scores, sentences_of
from papercards.reading.encoder.bert import Bert
from papercards.reading.encoder.embedding import Embedding, Encoder
from papercards.reading.encoder.tagger import (
    ADAPTER,
    Definitions,
    EncoderFit,
    by_field,
    definitions,
    fit_paths,
    rows_of,
    unit,
)
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from ..label_file import seed_taxonomy
from .fit import HeldOut, Training, fit, labels_of, training_papers
from .fit_context import fit_context
from .fit_labels import Unseen, all_shares, fit_field
from .fit_sentences import SentenceProbes, fit_claim_stack
from .fit_words import carried, fit_columns

REGULARITY = 5.0
"""Inverse strength of the L2 penalty on standardised states that are scaled to unit length."""
SENTENCE_REGULARITY = 10.0


@dataclass(frozen=True, slots=True)
class EncoderParts:
    """Both files of a fit."""

    fit: EncoderFit
    arrays: dict[str, Any]


def fit_encoder(
    training: Training,
    embeddings: Sequence[Embedding],
    means: Definitions,
    taxonomy: Taxonomy,
    held_out: HeldOut,
    baseline: str,
) -> tuple[EncoderParts, HeldOut]:
    """The fit for labelled papers with their vectors and what a baseline that has not seen them says.

    Beside it, what such a fit says of papers that it has not seen.
    """
    import numpy as np

    labelled = [item for item, _ in training.pairs]
    shares = [all_shares(item) for item in labelled]
    columns = carried(shares)
    whole = np.stack([one.whole for one in embeddings])
    layers, odds = [], []
    for layer in range(whole.shape[1]):
        table = whole[:, layer]
        middle, scale = table.mean(axis=0), (table.std(axis=0) + 1e-6) * np.sqrt(table.shape[1])
        found, bias, unseen = fit_columns(
            (table - middle) / scale, columns, shares, training.weights, REGULARITY
        )
        raw = found / scale
        layers.append(np.concatenate([raw, (bias - raw @ middle)[:, None]], axis=1))
        odds.append(unseen)
    usual = whole[:, -1].mean(axis=0)
    centred = unit(whole[:, -1] - usual)
    trained = held_out.first

    def rows(scores: Sequence[Scores]) -> list[Any]:
        return [
            rows_of(one, centred[number], by_field(columns, [layer[number] for layer in odds]), means)
            for number, one in enumerate(scores)
        ]

    known_rows, defined_rows = rows(trained), rows(held_out.by_definition())
    fields, unseen_labels = {}, {}
    for field in LABEL_FIELDS:
        fields[field], unseen_labels[field] = fit_field(
            field,
            labelled,
            [one[field] for one in known_rows],
            taxonomy.sizes[field],
            frozenset(taxonomy.labels[field]),
            [one[field] for one in defined_rows],
        )
    probes = SentenceProbes(
        training.pairs, [one.sentences for one in embeddings], taxonomy.claim_kinds, SENTENCE_REGULARITY
    )
    claims, chances = fit_claim_stack(probes, trained)
    claim, claim_bias, kind, kind_bias = probes.fit(np.arange(len(probes.rows)))
    first = stacked(trained, unseen_labels, chances)
    context, cuts, scores = fit_context(training.pairs, first, fields, taxonomy)
    parts = EncoderParts(
        EncoderFit(
            fitted_on=training.version,
            baseline=baseline,
            labels=tuple(columns),
            fields=cuts.fields,
            claims=replace(claims, threshold=cuts.claims),
            context=context,
        ),
        {
            "labels": np.stack(layers).astype(np.float16),
            "claim": probes.unfolded(claim, claim_bias).astype(np.float32),
            "kind": probes.unfolded(kind, kind_bias).astype(np.float32),
            "usual": usual.astype(np.float32),
        },
    )
    return parts, HeldOut(first, scores, {field: one.defined for field, one in unseen_labels.items()})


def stacked(
    scores: Sequence[Scores], unseen: Mapping[str, Unseen], chances: Sequence[Sequence[Chances]]
) -> list[Scores]:
    """The scores of the tagger below with labels and sentences of the one on top."""
    found = []
    for number, one in enumerate(scores):
        labels, mains = labels_of(unseen, number)
        sentences = (*chances[number], *one.sentences[len(chances[number]) :])
        found.append(replace(one, labels=labels, mains=mains, sentences=sentences))
    return found


def embed_all(encoder: Encoder, papers: Sequence[Paper]) -> list[Embedding]:
    """The vectors of all papers."""
    found = []
    for number, paper in enumerate(papers, start=1):
        found.append(encoder.embed(paper.title, sentences_of(paper)))
        sys.stderr.write(f"\r{number}/{len(papers)}")
    return found


def save(path: Path, embeddings: Sequence[Embedding]) -> None:
    """Keep vectors in a file."""
    import numpy as np

    np.savez(
        path,
        whole=np.stack([one.whole for one in embeddings]),
        sentences=np.concatenate([one.sentences for one in embeddings]),
        sizes=np.array([len(one.sentences) for one in embeddings]),
    )


def load(path: Path) -> list[Embedding]:
    """Vectors from a file."""
    import numpy as np

    with np.load(path, allow_pickle=False) as kept:
        ends = np.cumsum(kept["sizes"])[:-1]
        return [
            Embedding(whole, sentences)
            for whole, sentences in zip(kept["whole"], np.split(kept["sentences"], ends), strict=True)
        ]


def open_encoder(model: Model) -> Encoder:
    """The encoder from the store. Raises UsageError where its file is not there."""
    assert model.file is not None
    file = find(model.file, platformdirs.user_cache_path("papercards") / "models")
    if file is None:
        raise UsageError(f"{model.name} is missing", next_step=f"papercards models pull {model.name}")
    return Encoder(Bert(file))


def main(kept: Path, folder: Path, model: Model = LOCAL["local/minilm"]) -> None:
    """Read the training papers unless `kept` has their vectors, fit, and write both files to `folder`."""
    import numpy as np

    taxonomy = seed_taxonomy()
    training = training_papers(taxonomy)
    encoder = open_encoder(model)
    if not kept.exists():
        save(kept, embed_all(encoder, [paper for _, paper in training.pairs]))
    parameters, held_out = fit(training, taxonomy)
    baseline = Baseline(taxonomy, parameters).version
    parts, _ = fit_encoder(training, load(kept), definitions(encoder, taxonomy), taxonomy, held_out, baseline)
    text, arrays = fit_paths(model.model_id)
    (folder / text.name).write_bytes(ADAPTER.dump_json(parts.fit) + b"\n")
    np.savez(folder / arrays.name, **parts.arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
