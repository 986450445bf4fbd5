from pathlib import Path

import pytest

from papercards.evals.label_file import SEED_LABELS, LabelledClaim, read_labels, seed_papers
from papercards.evals.labelling.agreement import agree, ceiling, sentence_classes, set_alpha
from papercards.paper import Paper

from .records import reading, record, write


def test_the_shipped_labels_agree_as_their_readme_says() -> None:
    rows = {row.field: row for row in agree(read_labels(SEED_LABELS), seed_papers())}

    # The README is about 214 papers, of which 165 are shipped.
    assert rows["tasks"].f1 == pytest.approx(0.925, abs=0.02)
    assert rows["tasks"].same_main == pytest.approx(0.939, abs=0.02)
    assert rows["modalities"].f1 == pytest.approx(0.949, abs=0.02)
    assert rows["contributions"].f1 == pytest.approx(0.973, abs=0.02)
    assert rows["claims"].f1 == pytest.approx(0.975, abs=0.01)
    assert rows["claims"].same_kind == pytest.approx(0.969, abs=0.01)
    assert rows["claims"].kappa == pytest.approx(0.948, abs=0.01)
    assert rows["code"].kappa == pytest.approx(0.989, abs=0.01)
    assert rows["data"].kappa == pytest.approx(0.972, abs=0.01)
    assert rows["weights"].kappa == 1


def test_alpha_weighs_a_near_miss_less_than_a_miss() -> None:
    same = {str(n): [frozenset({f"t{n % 3}"})] * 2 for n in range(9)}
    near = same | {"x": [frozenset({"t0"}), frozenset({"t0", "t1"})]}
    far = same | {"x": [frozenset({"t0"}), frozenset({"t1"})]}

    assert set_alpha(same) == 1
    assert 1 > (set_alpha(near) or 0) > (set_alpha(far) or 0)


def test_alpha_equals_a_hand_computation() -> None:
    a, b, ab = frozenset("a"), frozenset("b"), frozenset("ab")
    items = {"1": [a, a], "2": [a, ab], "3": [b, b]}

    # Values: a 3 times, ab once, b twice; MASI(a, ab) = MASI(b, ab) = 1 - 1/2 * 2/3 = 2/3, MASI(a, b) = 1.
    observed = 2 * (2 / 3) / 6
    expected = 2 * (3 * 1 * 2 / 3 + 2 * 1 * 2 / 3 + 3 * 2 * 1) / (6 * 5)
    assert set_alpha(items) == pytest.approx(1 - observed / expected)


def test_empty_sets_agree_with_each_other() -> None:
    assert set_alpha({"1": [frozenset(), frozenset()], "2": [frozenset("a"), frozenset("a")]}) == 1


def test_a_sentence_has_the_class_of_the_claim_on_half_of_it() -> None:
    paper = Paper("x", "X", "We count. It is better than guessing. Code is here.")
    claims = [LabelledClaim(10, 38, "performance"), LabelledClaim(49, 50, "resource")]

    assert sentence_classes(paper, claims) == ("none", "performance", "resource")


def test_the_ceiling_is_one_pass_against_the_other(tmp_path: Path) -> None:
    lines = [
        record("a", reading(tasks=["regression", "clustering"]), reading(annotator="b")),
        record("b", reading(code="released"), reading(code="promised")),
        record("c", reading(tasks=["clustering"])),
    ]
    labelled = read_labels(write(tmp_path / "labels.jsonl", lines))

    table = ceiling(labelled, ())

    # Two labels in common over 3 + 2: 2 * 2 / 5; the paper with one pass does not count.
    assert table["tasks"]["f1"] == pytest.approx(4 / 5)
    assert table["tasks"]["main_accuracy"] == 1
    assert table["code"]["f1"] == 1
    assert table["code"]["accuracy"] == 0.5


def test_one_pass_has_no_ceiling_and_no_agreement(tmp_path: Path) -> None:
    labelled = read_labels(write(tmp_path / "labels.jsonl", [record("a", reading())]))

    assert set(ceiling(labelled)["tasks"].values()) == {None}
    assert [(row.papers, row.f1, row.alpha, row.kappa) for row in agree(labelled, ())] == [
        (0, None, None, None)
    ] * 7
