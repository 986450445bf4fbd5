"""Fits the baseline on the `train` splits and writes `agent/data/baseline.json`.

`python -m papercards.evals.fitting.fit` reads the labels of the seed corpus and of arXiv papers, the texts of
both and the taxonomy, and looks at no other split. The texts of arXiv papers are not in the package:
`papercards eval labels fetch arxiv-train` downloads them once. A label that only some readings gave counts by
their share. Everything is rounded and nothing is random: the same labels give the same file.

Needs the `eval` extra (scikit-learn).
"""

import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from papercards.errors import BadInput, MissingExtra
from papercards.paper import Paper
from papercards.reading.baseline import Scores
from papercards.reading.baseline.features import inverse_frequencies, runs, sigmoid, tokens
from papercards.reading.baseline.parameters import ADAPTER, FITTED, Parameters, keywords
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
from .fit_context import fit_context
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
    """What a tagger says of each training paper that was fitted without it."""

    first: Sequence[Scores]
    """Before the second look."""
    scores: Sequence[Scores]
    defined: Mapping[str, Sequence[Mapping[str, float]]]
    """Label field to the log odds of each paper's labels, as if nothing but their definitions were known."""

    def part(self, numbers: Sequence[int]) -> "HeldOut":
        """Of some of the papers."""
        defined = {field: [papers[n] for n in numbers] for field, papers in self.defined.items()}
        return HeldOut([self.first[n] for n in numbers], [self.scores[n] for n in numbers], defined)

    def by_definition(self) -> list[Scores]:
        """The first scores with labels judged by their definitions alone."""
        return [
            replace(
                one,
                labels={
                    field: {label: sigmoid(value) for label, value in papers[number].items()}
                    for field, papers in self.defined.items()
                },
            )
            for number, one in enumerate(self.first)
        ]


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
    offers, offered = fit_offers(training.pairs, training.weights)
    first = [
        Scores(*labels_of(unseen, number), sentences=tuple(sentences[number]), offers=offered[number])
        for number in range(len(training.pairs))
    ]
    context, cuts, scores = fit_context(training.pairs, first, fields, taxonomy)
    parameters = Parameters(
        fitted_on=training.version,
        rarity=rarity,
        keyword_rarity=keyword_rarity,
        words=word_fit,
        fields=cuts.fields,
        claims=replace(claims, threshold=cuts.claims),
        offers=offers,
        context=context,
    )
    return parameters, HeldOut(first, scores, {field: one.defined for field, one in unseen.items()})


def labels_of(
    unseen: Mapping[str, Unseen], number: int
) -> tuple[dict[str, dict[str, float]], dict[str, Mapping[str, float]]]:
    """The labels of a training paper and the main ones, as `Scores` has them."""
    return (
        {
            field: {label: sigmoid(value) for label, value in one.trained[number].items()}
            for field, one in unseen.items()
        },
        {field: one.main[number] for field, one in unseen.items()},
    )


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


def to_json(parameters: Parameters) -> bytes:
    """The content of the file."""
    return ADAPTER.dump_json(parameters) + b"\n"


def main(target: Path = FITTED) -> None:
    """Fit on the `train` splits and write the file."""
    try:
        import sklearn  # noqa: F401  (asked for here, so that its absence is one clear line)
    except ImportError as error:
        raise MissingExtra("fitting the baseline", "eval") from error
    taxonomy = seed_taxonomy()
    parameters, _ = fit(training_papers(taxonomy), taxonomy)
    target.write_bytes(to_json(parameters))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
