"""Fits the baseline on the `train` split and writes `agent/data/baseline.json`.

`python -m papercards.evals.fit` reads the labels, the listing with the abstracts and the taxonomy that come
with the package, and looks at no other split. A label that only some readings gave counts by their share.
Everything is rounded and nothing is random: the same labels give the same file.

Needs the `eval` extra (scikit-learn).
"""

import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from papercards.baseline.availability import ARTIFACTS, Rule, find
from papercards.baseline.features import inverse_frequencies, runs, tokens, weigh
from papercards.baseline.parameters import ADAPTER, FITTED, Parameters, TrainedPaper, keywords
from papercards.baseline.tags import LONGEST_KEYWORD, Tagger, count, phrase
from papercards.card import Status
from papercards.errors import MissingExtra
from papercards.paper import Paper
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from .fit_claims import fit_claims
from .fit_labels import fit_field, label_shares
from .labels import (
    SEED_LABELS,
    Labelled,
    join,
    labels_version,
    read_labels,
    seed_papers,
    seed_taxonomy,
)

Pair = tuple[Labelled, Paper]

_STATUSES: tuple[Status, ...] = ("released", "promised", "not-stated")
_ANSWERS: Mapping[Rule, Status] = {
    "said": "released",
    "linked": "released",
    "promised": "promised",
    "named": "not-stated",
    "silent": "not-stated",
}


def fit(pairs: Sequence[Pair], taxonomy: Taxonomy, fitted_on: str) -> Parameters:
    """The parameters for some labelled papers. `fitted_on` is the version of the labels."""
    labelled = [item for item, _ in pairs]
    texts = [paper for _, paper in pairs]
    counts = _shared([count(paper.title, paper.abstract) for paper in texts])
    rarity = {term: round(v, 4) for term, v in sorted(inverse_frequencies(counts).items())}
    unknown = max(rarity.values())
    papers = tuple(
        TrainedPaper(
            terms={t: round(v, 4) for t, v in sorted(weigh(found, rarity, unknown).items())},
            labels={field: label_shares(item, field) for field in LABEL_FIELDS},
        )
        for found, (item, _) in zip(counts, pairs, strict=True)
    )
    said = [runs([*tokens(paper.title), ".", *tokens(paper.abstract)], LONGEST_KEYWORD) for paper in texts]
    words = sorted({phrase(k) for field in keywords().values() for ks in field.values() for k in ks})
    keyword_rarity = {
        word: round(math.log((1 + len(said)) / (1 + sum(word in one for one in said))), 4) for word in words
    }
    tagger = Tagger(
        taxonomy, rarity=rarity, keyword_rarity=keyword_rarity, keywords=keywords(), papers=papers
    )
    rows = [
        tagger.features(paper.title, paper.abstract, leave_out=number) for number, paper in enumerate(texts)
    ]
    return Parameters(
        fitted_on=fitted_on,
        rarity=rarity,
        keyword_rarity=keyword_rarity,
        papers=papers,
        fields={
            field: fit_field(
                field, labelled, [one[field] for one in rows], taxonomy.sizes[field], tagger.known(field)
            )
            for field in LABEL_FIELDS
        },
        claims=fit_claims(pairs, taxonomy.claim_kinds),
        availability=_fit_availability(pairs),
    )


def _shared(counts: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Single stems, and pairs that some other paper has too: a pair of one paper finds no neighbour."""
    seen = Counter(term for found in counts for term in found)
    return [
        {term: value for term, value in found.items() if " " not in term or seen[term] > 1}
        for found in counts
    ]


def _fit_availability(pairs: Sequence[Pair]) -> dict[str, dict[str, dict[Status, float]]]:
    """How often each status was right when a rule fired, in papers.

    Each artifact's counts lean by the weight of three papers on those of all three artifacts, and these by
    six on every answer and the rule's own, so that few papers, or none, make no rule certain.
    """
    seen: dict[tuple[str, str], dict[Status, float]] = {
        (artifact, rule): dict.fromkeys(_STATUSES, 0.0) for artifact in ARTIFACTS for rule in _ANSWERS
    }
    for item, paper in pairs:
        findings = find([paper.sentence_text(n + 1) for n in range(len(paper.sentences))])
        for artifact in ARTIFACTS:
            for reading in item.readings:
                share = 1 / len(item.readings)
                seen[artifact, findings[artifact].rule][reading.status(artifact)] += share
    table: dict[str, dict[str, dict[Status, float]]] = {artifact: {} for artifact in ARTIFACTS}
    for rule, answer in _ANSWERS.items():
        pooled = {
            status: sum(seen[artifact, rule][status] for artifact in ARTIFACTS)
            + (4.0 if status == answer else 1.0)
            for status in _STATUSES
        }
        whole = sum(pooled.values())
        for artifact in ARTIFACTS:
            own = seen[artifact, rule]
            size = sum(own.values()) + 3
            table[artifact][rule] = {
                status: round((own[status] + 3 * pooled[status] / whole) / size, 4) for status in _STATUSES
            }
    return table


def to_json(parameters: Parameters) -> bytes:
    """The content of the file."""
    return ADAPTER.dump_json(parameters) + b"\n"


def main(target: Path = FITTED) -> None:
    """Fit on the seed corpus's `train` split and write the file."""
    try:
        import sklearn  # noqa: F401  (asked for here, so that its absence is one clear line)
    except ImportError as error:
        raise MissingExtra("fitting the baseline", "eval") from error
    taxonomy = seed_taxonomy()
    labelled = read_labels(SEED_LABELS, split="train", taxonomy=taxonomy)
    parameters = fit(join(labelled, seed_papers()), taxonomy, labels_version(SEED_LABELS, labelled))
    target.write_bytes(to_json(parameters))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FITTED)
