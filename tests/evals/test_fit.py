"""The fitted parameters are what the fit makes of the `train` split, and of nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from papercards.evals.label_file import (
    ARXIV_DEV,
    ARXIV_TRAIN,
    SEED_LABELS,
    join,
    labels_version,
    read_labels,
    seed_papers,
)
from papercards.evals.labelling.label_texts import with_texts
from papercards.reading.baseline.parameters import FITTED, fitted

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


def without_weights(parameters: dict[str, Any]) -> dict[str, Any]:
    """Their rounding to a byte makes a step of a last digit."""
    return parameters | {"words": parameters["words"] | {"weights": ""}}


needs_texts = pytest.mark.skipif(
    with_texts(ARXIV_TRAIN) is None,
    reason="the texts of the arXiv labels are not here: papercards eval labels fetch arxiv-train",
)


@needs_texts
@pytest.mark.slow
def test_fitting_again_gives_the_shipped_parameters(tmp_path: Path) -> None:
    from papercards.evals.fitting.fit import main

    main(tmp_path / "one.json")
    main(tmp_path / "two.json")

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    made, shipped = json.loads((tmp_path / "one.json").read_text()), json.loads(FITTED.read_text())
    assert differences(without_weights(made), without_weights(shipped)) == []


def test_the_fit_has_seen_the_train_splits_alone() -> None:
    seed = read_labels(SEED_LABELS, split="train")
    arxiv = read_labels(ARXIV_TRAIN, split="train")

    assert fitted().fitted_on == f"{labels_version(SEED_LABELS, seed)} {labels_version(ARXIV_TRAIN, arxiv)}"
    others = {
        item.id for item in (*read_labels(SEED_LABELS), *read_labels(ARXIV_DEV)) if item.split != "train"
    }
    assert not others & {item.id for item in (*seed, *arxiv)}
    assert len(seed) == 60 and len(arxiv) == 1171 and len(others) == 205


def test_the_parameters_are_small_and_quick_to_load() -> None:
    assert FITTED.stat().st_size < 6_000_000
    code = (
        "import time; import papercards.reading.baseline.parameters as p; "
        "s = time.process_time(); p.fitted(); print(time.process_time() - s)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert float(done.stdout) < 0.15


@pytest.mark.slow
def test_papers_that_were_not_fitted_on_get_about_as_many_labels_as_there_are() -> None:
    from papercards.evals.fitting.fit import Training, fit
    from papercards.evals.label_file import seed_taxonomy
    from papercards.evals.scoring.metrics import total
    from papercards.evals.scoring.score import score_labels
    from papercards.reading.baseline import Baseline

    taxonomy = seed_taxonomy()
    pairs = join(read_labels(SEED_LABELS, split="train"), seed_papers())
    unseen = pairs[1::2]
    parameters, held_out = fit(Training(pairs[::2], [1.0] * 30, "labels.jsonl@test"), taxonomy)
    tagger = Baseline(taxonomy, parameters)

    counts = total(
        score_labels([one.label for one in tagger.tag(paper).tasks], [r.tasks for r in item.readings]).counts
        for item, paper in unseen
    )

    assert (counts.f1 or 0) > 0.45
    assert 0.5 < (counts.hits + counts.wrong) / counts.support < 1.6
    assert len(held_out.scores) == 30 and len(held_out.defined["tasks"]) == 30
