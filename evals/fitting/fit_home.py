"""Fits how alike a paper is to the labelled ones, and what accuracy to expect at which likeness.

    python -m papercards.evals.fitting.fit_home vectors.npz agent/data

`vectors.npz` is what `fit_encoder` kept. Writes `agent/data/home.json`. The likeness of a training paper is
that to groups that were made without it, and so are the taggers' answers.

Needs the `eval` extra (scikit-learn) and the texts of the arXiv papers, see `fit`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from papercards.model.catalogue import BASELINE, ENCODER, LOCAL
from papercards.paper import Paper
from papercards.reading.baseline import Baseline, Scores
from papercards.reading.baseline.features import weigh
from papercards.reading.baseline.parameters import FieldFit, Parameters, fitted
from papercards.reading.baseline.tags import choose, count
from papercards.reading.encoder.tagger import definitions
from papercards.reading.home import ADAPTER, HOME, Expectation, HomeFit
from papercards.taxonomy import Taxonomy

from ..label_file import Labelled, seed_taxonomy
from .fit import HeldOut, Training, fit, training_papers
from .fit_encoder import fit_encoder, load, open_encoder
from .regression import FOLDS

GROUPS = 100
FAR = 0.1
"""Share of the labelled papers that count as far."""
LEAST_WEIGHT = 20
"""Thousandths of a mean's length below which a term is left out."""


def fit_home(training: Training, answers: dict[str, Sequence[bool]]) -> HomeFit:
    """The groups of some papers, and for each model the expectation by whether its main tasks are right."""
    import numpy as np

    rarity = fitted().rarity
    table = _table([paper for _, paper in training.pairs], rarity)
    fold = np.arange(table.shape[0]) % FOLDS
    alike = np.zeros(table.shape[0])
    for part in range(FOLDS):
        means = _means(table[fold != part])
        alike[fold == part] = (table[fold == part] @ means.T).max(axis=1)
    terms: dict[str, list[tuple[int, int]]] = {}
    names = list(rarity)
    means = _means(table)
    for group, column in zip(*np.nonzero(means), strict=True):
        weight = round(1000 * float(means[group, column]))
        terms.setdefault(names[column], []).append((int(group), weight))
    return HomeFit(
        fitted_on=training.version,
        far=round(float(np.quantile(alike, FAR)), 4),
        groups=means.shape[0],
        terms={term: tuple(terms[term]) for term in sorted(terms)},
        expected={name: _expectation(alike, right) for name, right in answers.items()},
    )


def _table(papers: Sequence[Paper], rarity: Any) -> Any:
    from scipy.sparse import csr_matrix

    unknown = max(rarity.values())
    numbers = {term: number for number, term in enumerate(rarity)}
    cells = [
        (row, numbers[term], value)
        for row, paper in enumerate(papers)
        for term, value in weigh(count(paper.title, paper.abstract), rarity, unknown).items()
        if term in numbers
    ]
    rows, columns, values = zip(*cells, strict=True)
    return csr_matrix((values, (rows, columns)), shape=(len(papers), len(rarity)))


def _means(table: Any) -> Any:
    """The groups' means, of length 1, without terms that hardly count."""
    import numpy as np
    from sklearn.cluster import KMeans

    found = KMeans(min(GROUPS, table.shape[0] // 5), n_init=1, max_iter=30, random_state=0).fit(table)
    means = found.cluster_centers_
    means = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    means[means * 1000 < LEAST_WEIGHT] = 0.0
    return means


def _expectation(alike: Any, right: Sequence[bool]) -> Expectation:
    """A logistic regression without penalty, with the inverse of Fisher's information as covariance."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    answers = np.array(right)
    model = LogisticRegression(C=1e6, tol=1e-8, max_iter=10_000).fit(alike[:, None], answers)
    bias, weight = float(model.intercept_[0]), float(model.coef_[0, 0])
    chance = 1 / (1 + np.exp(-(bias + weight * alike)))
    rows = np.stack([np.ones_like(alike), alike], axis=1)
    covariance = np.linalg.inv((rows * (chance * (1 - chance))[:, None]).T @ rows)
    return Expectation(
        round(bias, 4),
        round(weight, 4),
        tuple(round(float(covariance[place]), 6) for place in ((0, 0), (0, 1), (1, 1))),  # type: ignore[arg-type]
    )


def right_tasks(
    labelled: Sequence[Labelled], scores: Sequence[Scores], fit: FieldFit, taxonomy: Taxonomy
) -> list[bool]:
    """Of each paper whether the main task that follows from the scores is that of some reading."""
    known, size = frozenset(taxonomy.labels["tasks"]), taxonomy.sizes["tasks"]
    found = []
    for item, one in zip(labelled, scores, strict=True):
        chosen = choose(one.labels["tasks"], fit, known, size, one.mains["tasks"])
        found.append(bool(chosen) and chosen[0] in {reading.tasks[0] for reading in item.readings})
    return found


def answers_of(
    training: Training, taxonomy: Taxonomy, parameters: Parameters, held_out: HeldOut, vectors: Path
) -> dict[str, Sequence[bool]]:
    """By model, which main tasks of the training papers are right, judged by fits that had not seen them."""
    model = LOCAL[ENCODER]
    labelled = [item for item, _ in training.pairs]
    encoder = open_encoder(model)
    parts, encoded = fit_encoder(
        training,
        load(vectors),
        definitions(encoder, taxonomy),
        taxonomy,
        held_out,
        Baseline(taxonomy, parameters).version,
    )
    return {
        name: right_tasks(labelled, unseen.scores, fields["tasks"], taxonomy)
        for name, unseen, fields in (
            (BASELINE.name, held_out, parameters.fields),
            (model.name, encoded, parts.fit.fields),
        )
    }


def main(vectors: Path, folder: Path) -> None:
    """Fit on the `train` splits and write the file to `folder`."""
    taxonomy = seed_taxonomy()
    training = training_papers(taxonomy)
    parameters, held_out = fit(training, taxonomy)
    made = fit_home(training, answers_of(training, taxonomy, parameters, held_out, vectors))
    (folder / HOME.name).write_bytes(ADAPTER.dump_json(made) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
