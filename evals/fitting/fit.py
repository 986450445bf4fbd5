"""Fits the baseline on the `train` splits and writes `agent/data/baseline.json`.

`python -m papercards.evals.fitting.fit` reads the labels of the seed corpus and of arXiv papers, the texts of
both and the taxonomy, and looks at no other split. The texts of arXiv papers are not in the package:
`papercards eval labels fetch arxiv-train` downloads them once. A label that only some readings gave counts by
their share. Everything is rounded and nothing is random: the same labels give the same file. With `--offers`,
only what is said of code, data and weights is fitted again.

Needs the `eval` extra (scikit-learn).
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from papercards.errors import BadInput, MissingExtra
from papercards.paper import Paper
from papercards.reading.baseline import Chances, Scores
from papercards.reading.baseline.features import inverse_frequencies, runs, sigmoid, tokens
from papercards.reading.baseline.parameters import ADAPTER, DATA, FITTED, Parameters, keywords, version
from papercards.reading.baseline.tags import LONGEST_KEYWORD, Tagger, count, phrase
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from ..label_file import (
    ARXIV_TRAIN,
    SEED_LABELS,
    Labelled,
    join,
    labels_version,
    read_labels,
    seed_papers,
    seed_taxonomy,
)
from ..labelling.label_texts import with_texts
from .fit_claims import fit_claims
from .fit_labels import Unseen, all_shares, fit_field
from .fit_offers import fit_offers
from .fit_words import fit_words

Pair = tuple[Labelled, Paper]

LEAST_PAPERS = 4
"""A term must occur in so many papers, else it says nothing of any other."""
SEED_WEIGHT = 3.0
"""How many arXiv papers a paper of the seed corpus counts for: of twenty papers, one is of it."""


@dataclass(frozen=True, slots=True)
class Training:
    """Labelled papers to fit on."""

    pairs: Sequence[Pair]
    weights: Sequence[float]
    """Weight of each paper."""
    version: str
    """Version of the labels."""

    def part(self, numbers: Sequence[int]) -> "Training":
        """Some of the papers."""
        return Training([self.pairs[n] for n in numbers], [self.weights[n] for n in numbers], self.version)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a baseline says of each training paper that was fitted without it."""

    labels: dict[str, Unseen]
    """Scores by label field."""
    sentences: Sequence[Sequence[Chances]]


def fit(training: Training, taxonomy: Taxonomy) -> tuple[Parameters, HeldOut]:
    """The parameters for some labelled papers, and what such parameters say of papers they have not seen."""
    labelled = [item for item, _ in training.pairs]
    texts = [paper for _, paper in training.pairs]
    counts = [count(paper.title, paper.abstract) for paper in texts]
    seen = Counter(term for found in counts for term in found)
    least = min(LEAST_PAPERS, 1 + len(texts) // 50)
    rarity = {
        term: round(value, 4)
        for term, value in sorted(inverse_frequencies(counts).items())
        if seen[term] >= least
    }
    said = [runs([*tokens(paper.title), ".", *tokens(paper.abstract)], LONGEST_KEYWORD) for paper in texts]
    words = sorted({phrase(k) for field in keywords().values() for ks in field.values() for k in ks})
    having = Counter(word for one in said for word in one)
    keyword_rarity = {word: round(math.log((1 + len(said)) / (1 + having[word])), 4) for word in words}

    tagger = Tagger(taxonomy, rarity=rarity, keyword_rarity=keyword_rarity, keywords=keywords())
    vectors = [tagger.vector(paper.title, paper.abstract) for paper in texts]
    shares = [all_shares(item) for item in labelled]
    word_fit, logits = fit_words(vectors, rarity, shares, training.weights)
    tagger = Tagger(
        taxonomy, rarity=rarity, keyword_rarity=keyword_rarity, keywords=keywords(), words=word_fit
    )
    rows = [
        tagger.features(paper.title, paper.abstract, said_by_words)
        for paper, said_by_words in zip(texts, logits, strict=True)
    ]
    fields, unseen = {}, {}
    for field in LABEL_FIELDS:
        fields[field], unseen[field] = fit_field(
            field,
            labelled,
            [one[field] for one in rows],
            taxonomy.sizes[field],
            tagger.known(field),
        )
    claims, sentences = fit_claims(training.pairs, taxonomy.claim_kinds, training.weights)
    parameters = Parameters(
        fitted_on=training.version,
        rarity=rarity,
        keyword_rarity=keyword_rarity,
        words=word_fit,
        fields=fields,
        claims=claims,
        offers=fit_offers(training.pairs, training.weights),
    )
    return parameters, HeldOut(unseen, sentences)


def unseen_scores(held_out: HeldOut) -> list[Scores]:
    """What the baseline says of each training paper, by one that was fitted without it; offers aside."""
    return [
        Scores(
            labels={
                field: {label: sigmoid(value) for label, value in unseen.trained[number].items()}
                for field, unseen in held_out.labels.items()
            },
            mains={field: unseen.main[number] for field, unseen in held_out.labels.items()},
            sentences=tuple(sentences),
            offers={},
        )
        for number, sentences in enumerate(held_out.sentences)
    ]


def training_papers(taxonomy: Taxonomy) -> Training:
    """The `train` splits of both label sets. Raises BadInput where the texts of arXiv's are not here."""
    arxiv = with_texts(ARXIV_TRAIN)
    if arxiv is None:
        raise BadInput(
            "the texts of the arXiv papers are missing",
            where=str(ARXIV_TRAIN),
            next_step="Run: papercards eval labels fetch arxiv-train",
        )
    seed = read_labels(SEED_LABELS, split="train", taxonomy=taxonomy)
    pairs = [*join(arxiv, ()), *join(seed, seed_papers())]
    weights = [1.0] * len(arxiv) + [SEED_WEIGHT] * len(seed)
    version = f"{labels_version(SEED_LABELS, seed)} {labels_version(ARXIV_TRAIN, arxiv)}"
    return Training(pairs, weights, version)


def _rename(baseline: str) -> None:
    """Tell the encoders' fits, which hold for the labels and claims of the same baseline, its new version."""
    for path in DATA.glob("encoder-*.json"):
        encoder = json.loads(path.read_bytes())
        path.write_text(json.dumps(encoder | {"baseline": baseline}, indent=1) + "\n", encoding="utf-8")


def to_json(parameters: Parameters) -> bytes:
    """The content of the file."""
    return ADAPTER.dump_json(parameters) + b"\n"


def main(target: Path = FITTED, *, offers_alone: bool = False) -> None:
    """Fit on the `train` splits and write the file.

    `offers_alone` fits what is said of code, data and weights, on which nothing else depends, and keeps the
    rest of the file.
    """
    try:
        import sklearn  # noqa: F401  (asked for here, so that its absence is one clear line)
    except ImportError as error:
        raise MissingExtra("fitting the baseline", "eval") from error
    taxonomy = seed_taxonomy()
    training = training_papers(taxonomy)
    if offers_alone:
        kept = json.loads(target.read_bytes())
        kept["offers"] = asdict(fit_offers(training.pairs, training.weights))
        parameters = ADAPTER.validate_json(json.dumps(kept))
        _rename(version(parameters))
    else:
        parameters, _ = fit(training, taxonomy)
    target.write_bytes(to_json(parameters))


if __name__ == "__main__":
    given = sys.argv[1:]
    alone = "--offers" in given
    main(next((Path(one) for one in given if one != "--offers"), FITTED), offers_alone=alone)
