import random
from pathlib import Path

import pytest

from papercards.errors import BadInput
from papercards.evals.label_file import Labelled, read_labels
from papercards.evals.scoring.prevalence import Estimate, estimate, prevalence

from .records import card, reading, record, write

TRUE, SENSITIVITY, SPECIFICITY = 0.3, 0.7, 0.8
LABELLED, OTHERS = 100, 600


def simulate(draw: random.Random, tune: bool) -> Estimate:
    def paper() -> tuple[float, float]:
        y = draw.random() < TRUE
        f = draw.random() < (SENSITIVITY if y else 1 - SPECIFICITY)
        return float(y), float(f)

    pairs = [paper() for _ in range(LABELLED)]
    return estimate(pairs, sum(paper()[1] == 1 for _ in range(OTHERS)), OTHERS, tune=tune)


@pytest.mark.parametrize("tune", [False, True])
def test_the_interval_holds_the_truth_where_the_count_of_cards_is_biased(tune: bool) -> None:
    draw = random.Random(7)

    found = [simulate(draw, tune) for _ in range(500)]

    naive = sum(one.naive for one in found) / len(found)
    corrected = sum(one.corrected for one in found) / len(found)
    assert 0.92 <= sum(one.low <= TRUE <= one.high for one in found) / len(found) <= 0.98
    assert naive == pytest.approx(0.35, abs=0.01)
    assert corrected == pytest.approx(TRUE, abs=0.01)


def test_tuning_narrows_the_interval() -> None:
    width = {}
    for tune in (False, True):
        draw = random.Random(3)
        found = [simulate(draw, tune) for _ in range(100)]
        width[tune] = sum(one.high - one.low for one in found)

    assert width[True] < 0.9 * width[False]


def test_the_formula_by_hand() -> None:
    pairs = [(1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 0.0)]

    found = estimate(pairs, positives=30, others=100, tune=False)

    assert found.naive == 0.3
    assert found.corrected == pytest.approx(0.3 + 1 / 4)


def test_no_error_in_few_labels_does_not_make_the_tagger_perfect() -> None:
    found = estimate([(1.0, 1.0)] * 10 + [(0.0, 0.0)] * 40, 2000, 10_000)

    assert found.high - found.low > 0.05


def test_a_useless_tagger_leaves_it_to_the_labels() -> None:
    pairs = [(float(n % 2), float(n % 4 < 2)) for n in range(40)]

    found = estimate(pairs, 900, 1000)

    assert found.power == 0
    assert found.corrected == 0.5


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Labelled, ...]:
    lines = [
        record("a", reading(tasks=["clustering"]), reading(tasks=["clustering", "regression"])),
        record("b"),
        record("seen", split="train"),
    ]
    return read_labels(write(tmp_path / "labels.jsonl", lines))


def test_labelled_papers_are_found_by_id_or_title_and_those_of_other_splits_left_out(
    labelled: tuple[Labelled, ...],
) -> None:
    cards = [
        card("a", "clustering"),
        card("sha256:1", "regression", title="the paper B"),
        card("seen", "robotics"),
        card("x", "regression"),
        card("y", "clustering", code="released"),
    ]

    found = prevalence(iter(cards), labelled)

    rows = {(row.field, row.label): row for row in found.rows}
    assert (found.papers, found.labelled) == (4, 2)
    assert ("tasks", "robotics") not in rows
    assert rows["tasks", "regression"].support == 1.5
    assert rows["tasks", "regression"].estimate.naive == 0.5
    assert rows["code", "released"].estimate.naive == 0.5
    assert all(
        0 <= row.estimate.low <= row.estimate.corrected <= row.estimate.high <= 1 for row in found.rows
    )


def test_cards_of_labelled_papers_may_come_from_another_file(labelled: tuple[Labelled, ...]) -> None:
    found = prevalence(
        [card("x", "regression")],
        labelled,
        labelled_cards=[card("a", "clustering"), card("b", "regression")],
    )

    assert (found.papers, found.labelled) == (3, 2)


def test_too_few_labels_are_an_error(labelled: tuple[Labelled, ...]) -> None:
    with pytest.raises(BadInput, match="too few"):
        prevalence([card("a", "clustering"), card("x", "regression")], labelled)
