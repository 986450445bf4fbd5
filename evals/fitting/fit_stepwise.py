"""Fits what reads the embedded model's states, and how it is put together with the encoder, on `train`.

    python -m papercards.evals.fitting.fit_stepwise states.npz vectors.npz agent/data

The first run reads the 60 papers of the seed corpus and `ARXIV_PAPERS` of arXiv with the model (five seconds
each on two cores) and keeps the states in the file; a further run fits from it alone. `vectors.npz` is what
`fit_encoder` kept. Writes `agent/data/stepwise-MODEL.npz` and `.json`. The scores of a training paper that
the states are stacked with come from an encoder and a baseline that have not seen it; with those of the
shipped ones, which have, the stack would trust them more than it should.
"""

import asyncio
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from papercards.errors import UsageError
from papercards.local.engine import Engine
from papercards.local.server import LocalServer
from papercards.local.store import find
from papercards.model.catalogue import DEFAULT_LOCAL, ENCODER, LOCAL, Model
from papercards.paper import Paper
from papercards.reading.baseline import Baseline, Scores
from papercards.reading.baseline.tags import MAIN
from papercards.reading.encoder.tagger import definitions
from papercards.reading.stepwise.reader import FOR_SUMMARY
from papercards.reading.stepwise.readout import Probe, Readout, probe_path, sentence_features
from papercards.reading.stepwise.stack import ADAPTER, Stack, rows_of, stack_path
from papercards.reading.stepwise.transcript import Typesetter, load_script
from papercards.reading.stepwise.vocabulary import Directions
from papercards.reading.stepwise.vocabulary import directions as directions_of
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from ..label_file import Labelled, seed_taxonomy
from .fit import SEED_WEIGHT, HeldOut, Training, fit, training_papers
from .fit_context import fit_context
from .fit_encoder import fit_encoder, open_encoder, stacked
from .fit_encoder import load as load_vectors
from .fit_labels import all_shares, fit_field
from .fit_sentences import SentenceProbes, fit_claim_stack
from .fit_words import carried, fit_columns

ARXIV_PAPERS = 981
"""How many of the arXiv training papers are read: what ninety minutes allow."""
PROBE_REGULARITY = 30.0
"""Inverse strength of the L2 penalty on 4,608 standardised features that are scaled to unit length."""
LABEL_REGULARITY = 5.0
"""The same for 1,536 features."""

Pairs = Sequence[tuple[Labelled, Paper]]


@dataclass(frozen=True, slots=True)
class States:
    """What was kept of the states of one paper."""

    sentences: Any
    """Sentence by feature, see `readout.sentence_features`."""
    fields: Any
    """Label field by dimension."""


def chosen(training: Training, arxiv: int = ARXIV_PAPERS) -> list[int]:
    """The numbers of the papers that are read: all of the seed corpus, and of arXiv's an even choice."""
    seed = [n for n, weight in enumerate(training.weights) if weight == SEED_WEIGHT]
    others = sorted(set(range(len(training.pairs))) - set(seed), key=lambda n: _order(training.pairs[n][0]))
    return sorted([*seed, *others[:arxiv]])


def _order(item: Labelled) -> str:
    return hashlib.sha256(str(item.id).encode()).hexdigest()


async def gather(model: Model, file: Path, papers: Sequence[Paper]) -> list[States]:
    """Read every paper once and keep what is needed of its states."""
    import numpy as np

    kept = []
    with LocalServer(file, context_tokens=model.context or 2048, hidden_states=True) as server:
        engine = Engine(server, timeout_s=900)
        try:
            typesetter = Typesetter(engine.tokens, load_script(), model.context or 2048)
            for number, paper in enumerate(papers, start=1):
                laid_out = await typesetter.transcript(paper, FOR_SUMMARY)
                states = await engine.hidden_states(laid_out.tokens)
                kept.append(
                    States(
                        np.stack([sentence_features(states, place) for place in laid_out.sentences]),
                        np.stack([states[laid_out.fields[field]] for field in LABEL_FIELDS]),
                    )
                )
                sys.stderr.write(f"\r{number}/{len(papers)}")
        finally:
            await engine.close()
    return kept


def save_states(path: Path, states: Sequence[States]) -> None:
    """Keep states in a file."""
    import numpy as np

    arrays = {f"s{n}": one.sentences.astype(np.float16) for n, one in enumerate(states)}
    arrays |= {f"f{n}": one.fields.astype(np.float16) for n, one in enumerate(states)}
    np.savez_compressed(path, **arrays)


def load_states(path: Path) -> list[States]:
    """States from a file."""
    import numpy as np

    with np.load(path, allow_pickle=False) as kept:
        size = sum(name.startswith("s") for name in kept.files)
        return [
            States(kept[f"s{n}"].astype(np.float32), kept[f"f{n}"].astype(np.float32)) for n in range(size)
        ]


def fit_all(
    pairs: Pairs,
    held_out: HeldOut,
    states: Sequence[States],
    labels: Mapping[str, Directions],
    taxonomy: Taxonomy,
    model: Model,
    fitted_on: str,
    folder: Path,
) -> None:
    """Fit everything and write both files; `held_out` is of an encoder that has not seen the papers."""
    import numpy as np

    probes = SentenceProbes(pairs, [one.sentences for one in states], taxonomy.claim_kinds, PROBE_REGULARITY)
    claim, claim_bias, kind, kind_bias = probes.fit(np.arange(len(probes.rows)))
    usual = {
        field: np.mean([one.fields[place] for one in states], axis=0).astype(np.float32)
        for place, field in enumerate(LABEL_FIELDS)
    }
    arrays: dict[str, Any] = {
        "kinds": np.array(probes.kinds),
        "claim": probes.unfolded(claim, claim_bias).astype(np.float32),
        "kind": probes.unfolded(kind, kind_bias).astype(np.float32),
        **{f"usual-{field}": value for field, value in usual.items()},
    }
    labelled = [item for item, _ in pairs]
    columns, weights, odds = fit_probes(labelled, states)
    arrays |= {"columns": np.array(columns), "labels": weights.astype(np.float16)}
    np.savez(folder / probe_path(model.model_id).name, **arrays)
    readouts = _readouts(states, arrays, usual, odds, columns, labels)
    trained = _rows(held_out.scores, readouts, taxonomy)
    defined = _rows(held_out.by_definition(), readouts, taxonomy)
    fields, unseen = {}, {}
    for field in LABEL_FIELDS:
        fields[field], unseen[field] = fit_field(
            field,
            labelled,
            [one[field] for one in trained],
            taxonomy.sizes[field],
            frozenset(taxonomy.labels[field]),
            [one[field] for one in defined],
        )
    claims, chances = fit_claim_stack(probes, held_out.scores)
    below = stacked(held_out.scores, unseen, chances)
    context, cuts, _ = fit_context(pairs, below, fields, taxonomy, whole=False)
    stack = Stack(
        fitted_on=fitted_on,
        script=load_script().version,
        fields=cuts.fields,
        claims=replace(claims, threshold=cuts.claims),
        context=context,
    )
    (folder / stack_path(model.model_id).name).write_bytes(ADAPTER.dump_json(stack) + b"\n")


def fit_probes(
    labelled: Sequence[Labelled], states: Sequence[States]
) -> tuple[list[tuple[str, str]], Any, list[dict[tuple[str, str], float]]]:
    """For each label its weights for the state of its field; for each paper the log odds without it."""
    import numpy as np

    shares = [all_shares(item) for item in labelled]
    columns: list[tuple[str, str]] = []
    weights = []
    odds: list[dict[tuple[str, str], float]] = [{} for _ in labelled]
    for place, field in enumerate(LABEL_FIELDS):
        table = np.stack([one.fields[place] for one in states])
        middle, scale = table.mean(axis=0), (table.std(axis=0) + 1e-6) * np.sqrt(table.shape[1])
        own = [column for column in carried(shares) if column[0] in (field, field + MAIN)]
        found, bias, unseen = fit_columns(
            (table - middle) / scale, own, shares, [1.0] * len(labelled), LABEL_REGULARITY
        )
        raw = found / scale
        weights.append(np.concatenate([raw, (bias - raw @ middle)[:, None]], axis=1))
        columns += own
        for paper, row in zip(odds, unseen, strict=True):
            paper.update(zip(own, map(float, row), strict=True))
    return columns, np.concatenate(weights), odds


def _readouts(
    states: Sequence[States],
    arrays: Mapping[str, Any],
    usual: Mapping[str, Any],
    odds: Sequence[Mapping[tuple[str, str], float]],
    columns: Sequence[tuple[str, str]],
    labels: Mapping[str, Directions],
) -> list[Readout]:
    """What probes say of each paper that have not seen it; sentences aside."""
    import numpy as np

    found = []
    for one, said in zip(states, odds, strict=True):
        # The state does not matter to weights of 0: the bias is the log odds without the paper.
        fixed = np.zeros((len(columns), one.fields.shape[1] + 1), dtype=np.float32)
        fixed[:, -1] = [said[column] for column in columns]
        probe = Probe((), arrays["claim"], arrays["kind"], usual, tuple(columns), fixed, "fitting")
        leanings = {
            field: probe.leanings(field, one.fields[place], labels[field])
            for place, field in enumerate(LABEL_FIELDS)
        }
        found.append(Readout((), leanings))
    return found


def _rows(scores: Sequence[Scores], readouts: Sequence[Readout], taxonomy: Taxonomy) -> list[Any]:
    return [rows_of(one, readout, taxonomy) for one, readout in zip(scores, readouts, strict=True)]


def main(kept: Path, vectors: Path, folder: Path, model: Model = LOCAL[DEFAULT_LOCAL]) -> None:
    """Read the chosen papers unless `kept` has their states, fit, and write both files to `folder`.

    `vectors` are what `fit_encoder` kept.
    """
    assert model.file is not None
    store_directory = platformdirs.user_cache_path("papercards") / "models"
    file = find(model.file, store_directory)
    if file is None:
        raise UsageError(f"{model.name} is not downloaded", next_step=f"papercards models pull {model.name}")
    taxonomy = seed_taxonomy()
    training = training_papers(taxonomy)
    numbers = chosen(training)
    part = training.part(numbers)
    if not kept.exists():
        save_states(kept, asyncio.run(gather(model, file, [paper for _, paper in part.pairs])))
    parameters, held_out = fit(training, taxonomy)
    encoder = open_encoder(LOCAL[ENCODER])
    _, encoded = fit_encoder(
        training,
        load_vectors(vectors),
        definitions(encoder, taxonomy),
        taxonomy,
        held_out,
        Baseline(taxonomy, parameters).version,
    )
    labels = directions_of(file, model.file.sha256, taxonomy, store_directory)
    fit_all(
        part.pairs,
        encoded.part(numbers),
        load_states(kept),
        labels,
        taxonomy,
        model,
        training.version,
        folder,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
