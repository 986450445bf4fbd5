"""The fitted parameters are what the fit makes of the `train` split, and of nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from papercards.baseline.parameters import FITTED, fitted
from papercards.evals.labels import SEED_LABELS, join, read_labels, seed_papers

pytest.importorskip("sklearn")


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two JSON values differ; numbers may by the last digit kept."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [d for key in one for d in differences(one[key], other[key], f"{place}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        found = zip(one, other, strict=True)
        return [d for n, (a, b) in enumerate(found) for d in differences(a, b, f"{place}[{n}]")]
    if isinstance(one, float) and isinstance(other, float) and abs(one - other) <= 0.0021:
        return []
    return [] if one == other else [f"{place}: {one!r} is not {other!r}"]


@pytest.mark.slow
def test_fitting_again_gives_the_shipped_parameters(tmp_path: Path) -> None:
    from papercards.evals.fit import main

    main(tmp_path / "one.json")
    main(tmp_path / "two.json")

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    made, shipped = json.loads((tmp_path / "one.json").read_text()), json.loads(FITTED.read_text())
    assert differences(made, shipped) == []


def test_the_fit_has_seen_the_train_split_alone() -> None:
    train = join(read_labels(SEED_LABELS, split="train"), seed_papers())
    others = [item for item in read_labels(SEED_LABELS) if item.split != "train"]
    labels = [paper.labels for paper in fitted().papers]

    assert len(labels) == len(train) == 60
    for found, (item, _) in zip(labels, train, strict=True):
        assert set(found["tasks"]) == {task for reading in item.readings for task in reading.tasks}
    assert len(others) == 105


@pytest.mark.slow
def test_the_threshold_of_cross_validation_is_not_fooled_by_papers_that_are_their_own_neighbours() -> None:
    """On papers it was not fitted on, the tagger gives about as many labels as there are."""
    from papercards.baseline import Baseline
    from papercards.evals.fit import fit
    from papercards.evals.labels import seed_taxonomy
    from papercards.evals.metrics import total
    from papercards.evals.score import score_labels

    taxonomy = seed_taxonomy()
    pairs = join(read_labels(SEED_LABELS, split="train"), seed_papers())
    unseen = pairs[1::2]
    tagger = Baseline(taxonomy, fit(pairs[::2], taxonomy, "labels.jsonl@test"))

    counts = total(
        score_labels([one.label for one in tagger.tag(paper).tasks], [r.tasks for r in item.readings]).counts
        for item, paper in unseen
    )

    assert (counts.f1 or 0) > 0.5
    assert 0.6 < (counts.hits + counts.wrong) / counts.support < 1.6
