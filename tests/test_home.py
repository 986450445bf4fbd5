"""How far papers are from the labelled ones, and what accuracy that lets one expect."""

import json
import math
from pathlib import Path

import pytest

from papercards.evals.label_file import seed_papers
from papercards.model.catalogue import BASELINE, ENCODER, LOCAL
from papercards.reading.baseline.parameters import fitted
from papercards.reading.home import HOME, LEAST_PAPERS, Expectation, Survey, expected, home, likeness, told
from papercards.runs.record import read_record
from tests.conftest import Run

NEAR = (
    "Graph neural networks for node classification",
    "We propose a graph neural network that learns node representations by message passing over the graph. "
    "Experiments on node classification and link prediction benchmarks show that it outperforms baselines.",
)
STRANGE = (
    "Sourdough from rye in mountain villages",
    "The bakers of four valleys keep a starter of rye and snow water for decades. We describe ovens, crusts "
    "and songs, and how dough rises in thin air at dawn.",
)


def survey(*papers: tuple[str, str], taxonomy: bool = True) -> Survey:
    found = Survey(BASELINE.name, shipped_taxonomy=taxonomy)
    for title, abstract in papers:
        found.see(title, abstract)
    return found


def test_papers_of_other_subjects_are_far_and_expected_to_be_read_worse() -> None:
    assert likeness(home(), *NEAR) > 2 * likeness(home(), *STRANGE)
    near = survey(*[NEAR] * 20).distance()
    strange = survey(*[STRANGE] * 20).distance()
    assert near is not None and near.main_task is not None
    assert strange is not None and strange.main_task is not None
    assert near.far == 0 and strange.far == 1
    assert strange.main_task < near.main_task


def test_about_a_tenth_of_the_seed_corpus_is_far() -> None:
    found = survey(*[(paper.title, paper.abstract) for paper in seed_papers()]).distance()

    assert found is not None and 0.02 < found.far < 0.25
    assert found.low is not None and found.high is not None and found.main_task is not None
    assert 0.5 < found.low < found.main_task < found.high < 0.8


def test_more_papers_make_the_interval_narrower_down_to_the_error_of_the_fit() -> None:
    fit = Expectation(0.0, 0.0, (0.01, 0.0, 0.0))
    widths = [high - low for _, low, high in (expected(fit, {10: size}) for size in (10.0, 1e3, 1e9))]

    assert widths[0] > widths[1] > widths[2]
    assert widths[2] == pytest.approx(2 * 1.96 * 0.25 * math.sqrt(0.01), rel=0.01)


def test_of_many_papers_a_sample_is_measured_and_no_paper_kept() -> None:
    found = survey(*[NEAR, STRANGE] * 2_000)

    assert found._measured < 1_300
    distance = found.distance()
    assert distance is not None and distance.papers == 4_000
    assert len(found._steps) <= 2


def test_few_papers_say_nothing() -> None:
    assert survey(*[NEAR] * (LEAST_PAPERS - 1)).distance() is None


def test_a_taxonomy_of_your_own_has_no_expectation() -> None:
    found = survey(*[NEAR] * 20, taxonomy=False).distance()

    assert found is not None and found.main_task is None
    assert "expected quality: unknown" in told(found) and "main tasks right" not in told(found)


def test_the_fit_is_small_and_of_the_same_labels_as_the_baseline() -> None:
    assert HOME.stat().st_size < 500_000
    assert home().fitted_on == fitted().fitted_on
    assert set(home().expected) == {BASELINE.name, LOCAL[ENCODER].name}


def test_a_run_says_how_far_its_papers_are_and_records_it(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "papers.jsonl"
    rows = [
        {"id": str(n), "title": STRANGE[0] + f" {n}", "abstract": STRANGE[1]} for n in range(LEAST_PAPERS)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    done = run("enrich", source, "-m", "baseline", "-o", tmp_path / "cards.jsonl")

    assert "100% of 10 papers are unlike the labelled ones" in done.stderr
    record = read_record(tmp_path / "cards.run.json")
    assert record.distance is not None and record.distance.far == 1 and record.distance.papers == 10
